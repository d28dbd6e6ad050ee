"""Medians of interleaved timings: the machine's drift falls on all competitors alike."""

from __future__ import annotations

import gc
import importlib.util
import statistics
import time
from collections.abc import Callable
from itertools import count, permutations
from pathlib import Path
from typing import Any

__all__ = ["fresh_copy", "interleaved", "once"]

_copies = count()


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


def fresh_copy(path: str | Path, name: str) -> Callable[..., Any]:
    """Return function `name` of a Python file, from a module of its own that is loaded anew."""
    spec = importlib.util.spec_from_file_location(f"fresh_copy_{next(_copies)}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, name)  # type: ignore[no-any-return]
