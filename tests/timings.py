"""Times in tests: ratios within one run, never seconds, which `python -m benchmarks` prints.

A machine that is slow, or busy with other things, changes both sides of a ratio alike.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from functools import cache

from sympy.core.cache import clear_cache

__all__ = ["in_units", "least_seconds", "unit_seconds"]


def least_seconds(work: Callable[[], object], rounds: int = 3) -> float:
    """Return the least process time of some runs, with nothing left of those before: no caches, no loaded source."""
    return min(_seconds(work) for _ in range(rounds))


def in_units(work: Callable[[], object], rounds: int = 3) -> float:
    """Return the time that `work` takes as a multiple of that of a fixed piece of pure Python, which runs in turn."""
    times = [(_seconds(work), _seconds(_unit)) for _ in range(rounds)]
    return min(mine for mine, _ in times) / min(unit for _, unit in times)


@cache
def unit_seconds() -> float:
    """Return the time of that piece of Python, taken once: for bounds so wide that drift does not matter."""
    return least_seconds(_unit)


def _seconds(work: Callable[[], object]) -> float:
    clear_cache()
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start


def _unit() -> object:
    """Do what a compiler does most, some 10 ms long: make small objects and look them up."""
    table: dict[tuple[int, str, int], int] = {}
    for i in range(20_000):
        key = (i % 97, str(i % 1000), i * i % 1009)
        table[key] = table.get(key, 0) + len(key)
    return table
