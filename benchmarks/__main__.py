"""``python -m benchmarks [--quick] [--only NAME]``: tables of figures; exit code 1 if a limit is missed.

First come figures of our own with their limits, then every workload under every peer that is installed (extra
``bench``), a process each, which take turns.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from benchmarks.accuracy import POINTS, accuracy_table, measured
from benchmarks.checkpoint import CHECKPOINT
from benchmarks.compile_time import COMPILE
from benchmarks.derivatives import DERIVATIVES
from benchmarks.drop_in import DROP_IN
from benchmarks.formulas import FORMULAS
from benchmarks.functions import FUNCTIONS
from benchmarks.loops import LOOPS
from benchmarks.models import MODELS
from benchmarks.nested_sines import NESTED_SINES
from benchmarks.networks import NETWORKS
from benchmarks.peers import PEERS
from benchmarks.peers.comparison import Case, Workers, compare
from benchmarks.peers.limits import limits
from benchmarks.peers.report import plot, save_json, table
from benchmarks.peers.traffic import traffic
from benchmarks.recurrent import RECURRENT
from benchmarks.row import Row
from benchmarks.second_order import SECOND_ORDER
from benchmarks.sparse import SPARSE
from benchmarks.taylor import TAYLOR
from benchmarks.workloads import SIZES, WORKLOADS

ALL = {
    **NESTED_SINES,
    **FORMULAS,
    **MODELS,
    **DROP_IN,
    **FUNCTIONS,
    **LOOPS,
    **NETWORKS,
    **RECURRENT,
    **CHECKPOINT,
    **SECOND_ORDER,
    **TAYLOR,
    **DERIVATIVES,
    **SPARSE,
    **COMPILE,
}


@click.command()
@click.option("--quick", is_flag=True, help="Fewer rounds and smaller sizes.")
@click.option(
    "--only", multiple=True, type=click.Choice([*ALL, "accuracy", "peers", *WORKLOADS]), help="Only these workloads."
)
@click.option("--peer", "peers", multiple=True, type=click.Choice(list(PEERS)), help="Only these peers.")
@click.option("--size", "sizes", multiple=True, type=click.Choice(SIZES), help="Only these sizes.")
@click.option(
    "--rounds", type=click.IntRange(min=2), help="Turns of each peer, if there is time.  [default: 15, quickly 5]"
)
@click.option("--threads", default=os.cpu_count(), show_default=True, help="Threads of each peer.")
@click.option("--plot", "picture", type=click.Path(path_type=Path), help="Draw the ratios into this file.")
@click.option("--json", "file", type=click.Path(path_type=Path), help="Keep the times for pyperf in this file.")
def main(
    quick: bool,
    only: tuple[str, ...],
    peers: tuple[str, ...],
    sizes: tuple[str, ...],
    rounds: int | None,
    threads: int,
    picture: Path | None,
    file: Path | None,
) -> None:
    """Time the workloads side by side and print ratios of medians."""
    console = Console(width=130)
    rows = [row for name, workload in ALL.items() if not only or name in only for row in workload(quick)]
    chosen = [name for name in WORKLOADS if not only or name in only or "peers" in only]
    if chosen:
        cases = []
        plan = [(name, [size for size in WORKLOADS[name].sizes if not sizes or size in sizes]) for name in chosen]
        if quick:
            plan = [(name, found[:1]) for name, found in plan]
        turns = {"rounds": rounds or (5 if quick else 15), "turn": 0.005 if quick else 0.03}
        for found in _compared(plan, peers or tuple(PEERS), threads, turns):
            console.print(table(found))
            cases += found
        rows += [*limits(cases), *traffic(cases)]
        if picture:
            plot(cases, picture)
        if file:
            save_json(cases, file)
    if "accuracy" in only or not only:
        accuracies = list(measured(count=5 if quick else POINTS))
        console.print(accuracy_table(accuracies))
        for accuracy in accuracies:
            if not accuracy.holds:
                console.print(accuracy.reason())
        rows += [found.row() for found in accuracies]
    console.print(_limits(rows))
    sys.exit(0 if all(row.holds for row in rows) else 1)


def _compared(
    plan: Sequence[tuple[str, Sequence[str]]], peers: Sequence[str], threads: int, turns: Mapping[str, Any]
) -> Iterator[list[Case]]:
    """Run workloads, each at some sizes, under the peers."""
    with Workers(peers, threads) as workers:
        for name, sizes in plan:
            if sizes:
                yield [compare(workers, name, size, **turns) for size in sizes]


def _limits(rows: Sequence[Row]) -> Table:
    found = Table("workload", "figure", "at most", "holds")
    for row in rows:
        found.add_row(row.workload, row.figure, row.limit, "" if not row.limit else "yes" if row.holds else "NO")
    return found


main()
