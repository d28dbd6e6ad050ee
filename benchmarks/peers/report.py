"""The comparison as a table, as a plot, and as a file that `pyperf compare_to` reads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from benchmarks.peers import FAST, OURS, PEERS, REFERENCE
from benchmarks.peers.comparison import Case

__all__ = ["plot", "save_json", "table"]


def table(cases: Sequence[Case]) -> Table:
    """Return a section a workload and size, with a line a peer, from the fastest to the slowest."""
    columns = ("workload", "peer", "median", "spread", "/ best other", "/ by hand", "first call", "lines")
    found = Table(*columns[:2])
    for column in columns[2:]:
        found.add_column(column, justify="right")
    for case in cases:
        title = f"{case.workload}, {case.size}"
        for name in sorted(case.results, key=lambda name: case.results[name].median):
            found.add_row(title, name, *_figures(case, name))
            title = ""
        for name, reason in case.missing.items():
            found.add_row("", name, reason if reason == "not written for it" else f"[dim]{reason}[/dim]")
        found.add_section()
    return found


def _figures(case: Case, name: str) -> list[str]:
    result = case.results[name]
    ours = (OURS, FAST) if name in (OURS, FAST) else (name,)
    others = [other for other in case.results if other not in (*ours, REFERENCE)]
    best = min(others, key=lambda other: case.results[other].median, default="")
    return [
        _duration(result.median),
        f"{100 * result.spread:.0f} %",
        f"{case.ratio(name, best):.2f}" if best else "",
        f"{case.ratio(name, REFERENCE):.2f}" if REFERENCE in case.results else "",
        _duration(result.first_call),
        str(result.lines),
    ]


def _duration(seconds: float) -> str:
    """Return three digits and the unit that suits them."""
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def plot(cases: Sequence[Case], path: Path) -> None:
    """Draw the ratio of each peer to the gradient by hand, a row a workload and size."""
    from matplotlib.figure import Figure  # optional: pip install 'symbackprop[bench]'

    known = [case for case in cases if REFERENCE in case.results]
    figure = Figure(figsize=(9, 1.5 + 0.22 * len(known)), layout="constrained")
    axes = figure.subplots()
    for name in PEERS:
        rows = [i for i, case in enumerate(known) if name in case.results]
        if rows:
            axes.plot([known[i].ratio(name, REFERENCE) for i in rows], rows, "o", label=name, alpha=0.7)
    axes.set(xscale="log", xlabel="time / time by hand, medians", yticks=range(len(known)))
    axes.set_yticklabels([f"{case.workload}, {case.size}" for case in known])
    axes.invert_yaxis()
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    figure.savefig(path)


def save_json(cases: Sequence[Case], path: Path) -> None:
    """Write the times as `pyperf` does, for ``python -m pyperf compare_to BEFORE AFTER``."""
    import pyperf  # optional: pip install 'symbackprop[bench]'

    benchmarks = []
    for case in cases:
        for name, result in case.results.items():
            about = {"name": f"{case.workload}/{case.size}/{name}", "unit": "second"}
            times = [value for value in result.times if math.isfinite(value)]
            benchmarks.append(pyperf.Benchmark([pyperf.Run(times, metadata=about, collect_metadata=False)]))
    pyperf.BenchmarkSuite(benchmarks).dump(str(path), replace=True)
