"""Medians of interleaved timings: the machine's drift falls on all competitors alike."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from itertools import permutations

__all__ = ["interleaved", "once"]


def once(work: Callable[[], object]) -> float:
    """Return the seconds that one call takes, with nothing left of calls before: the same source is not loaded twice."""
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def interleaved(works: dict[str, Callable[[], object]], rounds: int, calls: int = 1) -> dict[str, float]:
    """Return for each competitor the median seconds a call, timed in turn, `rounds` times `calls` calls each."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        work()
    orders = list(permutations(works))  # each follows each other one equally often: who comes first warms the cache
    for i in range(rounds):
        for name in orders[i % len(orders)]:
            work = works[name]
            start = time.perf_counter()
            for _ in range(calls):
                work()
            times[name].append((time.perf_counter() - start) / calls)
    return {name: statistics.median(values) for name, values in times.items()}
