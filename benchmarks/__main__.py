"""``python -m benchmarks [--quick] [--only NAME]``: a table of figures; exit code 1 if a limit is missed."""

from __future__ import annotations

import sys

import click
from rich.console import Console
from rich.table import Table

from benchmarks.checkpoint import CHECKPOINT
from benchmarks.drop_in import DROP_IN
from benchmarks.functions import FUNCTIONS
from benchmarks.loops import LOOPS
from benchmarks.models import MODELS
from benchmarks.nested_sines import NESTED_SINES
from benchmarks.networks import NETWORKS
from benchmarks.recurrent import RECURRENT
from benchmarks.second_order import SECOND_ORDER
from benchmarks.workloads import WORKLOADS

ALL = {
    **NESTED_SINES,
    **WORKLOADS,
    **MODELS,
    **DROP_IN,
    **FUNCTIONS,
    **LOOPS,
    **NETWORKS,
    **RECURRENT,
    **CHECKPOINT,
    **SECOND_ORDER,
}


@click.command()
@click.option("--quick", is_flag=True, help="Fewer rounds and smaller sizes.")
@click.option("--only", multiple=True, type=click.Choice(list(ALL)), help="Only these workloads.")
def main(quick: bool, only: tuple[str, ...]) -> None:
    """Time the workloads side by side and print ratios of medians."""
    table = Table("workload", "figure", "at most", "holds")
    missed = False
    for name, workload in ALL.items():
        if only and name not in only:
            continue
        for row in workload(quick):
            table.add_row(row.workload, row.figure, row.limit, "" if not row.limit else "yes" if row.holds else "NO")
            missed |= not row.holds
    Console(width=110).print(table)
    sys.exit(1 if missed else 0)


main()
