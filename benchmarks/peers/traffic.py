"""The memory traffic of elementwise functions, against the bandwidth of the machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks.peers import FAST, OURS
from benchmarks.peers.comparison import Case
from benchmarks.peers.with_symbackprop import compiled
from benchmarks.row import Row
from benchmarks.workloads import WORKLOADS

__all__ = ["traffic"]

_COPIED = 2**27  # bytes, more than any cache holds


def traffic(cases: Sequence[Case]) -> list[Row]:
    """Return rows that say how many bytes a second each form moves in large elementwise functions, and a copy does."""
    found = [case for case in cases if case.kind == "elementwise" and case.size == "large"]
    rows = [row for case in found for row in _rows(case)]
    return [*rows, Row("memory traffic: a copy of arrays", _rate(_copying()), "", True)] if rows else []


def _rows(case: Case) -> Iterator[Row]:
    workload = WORKLOADS[case.workload]
    arguments = workload.arguments(case.size)
    needed = sum(array.nbytes for array in arguments.values())
    needed += sum(arguments[name].nbytes for name in workload.wrt)
    for form, optimize in ((OURS, "readable"), (FAST, "fast")):
        if form in case.results:
            seconds = case.results[form].median
            operands = compiled(workload, optimize).cost().numbers(workload.sizes[case.size])[1].moved
            title = f"memory traffic: {case.workload}, {case.size}: {form}"
            yield Row(f"{title}, arguments and results alone", _rate(needed / seconds), "", True)
            yield Row(f"{title}, operands of all calls, from caches too", _rate(operands / seconds), "", True)


def _copying() -> float:
    """Return the bytes that a copy of a large array reads and writes in a second."""
    source, target = np.ones(_COPIED, dtype=np.uint8), np.empty(_COPIED, dtype=np.uint8)
    times = []
    for _ in range(7):
        start = time.perf_counter()
        np.copyto(target, source)
        times.append(time.perf_counter() - start)
    return 2 * _COPIED / statistics.median(times)


def _rate(bytes_a_second: float) -> str:
    return f"{bytes_a_second / 1e9:.3g} GB/s"
