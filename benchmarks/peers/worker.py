"""The process of one peer: it prepares a workload when told to, and runs it as often as told."""

from __future__ import annotations

import gc
import importlib
import time
from collections.abc import Callable
from itertools import repeat
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import numpy as np

from benchmarks.peers import PEERS
from benchmarks.peers.peer import Call, NotInstalledError, UnavailableError
from benchmarks.workloads import WORKLOADS

__all__ = ["Prepared", "compare_results", "serve", "settle_allocator"]

_LARGEST_KEPT = 32 * 2**20 - 2**14  # bytes: glibc keeps smaller arrays from call to call once it has freed one like it


class Prepared(NamedTuple):
    """A workload that is ready to run: what it took until the first result, and the lines that a user writes."""

    first_call: float
    lines: int


def serve(connection: Connection, peer: str) -> None:
    """Answer ``("prepare", workload, size)`` and ``("run", calls)`` until the other end closes."""
    try:
        module = importlib.import_module(PEERS[peer])
    except ImportError as error:
        connection.send(NotInstalledError(f"not installed: {error}"))
        return
    connection.send(None)
    settle_allocator()
    call: Call = lambda: None  # noqa: E731
    while True:
        try:
            command, *operands = connection.recv()
        except EOFError:
            return
        if command == "run":
            connection.send(_seconds(call, *operands))
            continue
        del call  # its arrays, before the next ones are made
        gc.collect()
        call, answer = _prepared(module, *operands)
        connection.send(answer)


def settle_allocator() -> None:
    """Free a large array, as every program that works with arrays has done before long.

    Until then glibc hands freed memory back to the system at once (mallopt(3), M_MMAP_THRESHOLD and M_TRIM_THRESHOLD),
    and what is timed of functions of medium sizes is how the kernel clears pages. The array with its header,
    in whole pages, must stay below the largest threshold, 32 MiB.
    """
    for _ in range(2):
        np.ones(_LARGEST_KEPT, dtype=np.uint8)


def _prepared(module: Any, name: str, size: str) -> tuple[Call, Prepared | UnavailableError]:
    """Return the call and what is known of it, or why there is none."""
    workload = WORKLOADS[name]
    arguments = workload.arguments(size)
    try:
        start = time.perf_counter()
        call = module.prepare(workload, arguments)
        call()
        seconds = time.perf_counter() - start
        compare_results(getattr(call, "comparable", call)(), workload.by_hand(*arguments.values()))
        return call, Prepared(seconds, module.lines(workload))
    except UnavailableError as error:
        return lambda: None, error
    except Exception as error:  # a peer's failure is a line of the table
        text = str(error).strip().splitlines() or [""]
        return lambda: None, UnavailableError(f"{type(error).__name__}: {text[0][:80]}")


def compare_results(found: Any, expected: Any) -> None:
    """Demand that all numbers agree, relative to the largest of their array."""
    left, right = _arrays(found), _arrays(expected)
    if len(left) != len(right):
        raise ValueError(f"{len(left)} arrays, and {len(right)} by hand")
    for k, (one, other) in enumerate(zip(left, right, strict=True)):
        scale = max(float(np.max(np.abs(other), initial=0.0)), 1e-300)
        if one.shape != other.shape or not np.allclose(one / scale, other / scale, rtol=0.0, atol=1e-9):
            raise ValueError(f"result {k} is not at one with that by hand")


def _arrays(result: Any) -> list[Any]:
    """Return the arrays of a nest of tuples and lists."""
    if isinstance(result, tuple | list):
        return [array for part in result for array in _arrays(part)]
    return [np.asarray(result)]


def _seconds(call: Callable[[], Any], calls: int) -> float:
    """Return the seconds a call, after one that brings its data near."""
    call()
    gc.disable()
    start = time.perf_counter()
    for _ in repeat(None, calls):
        call()
    seconds = (time.perf_counter() - start) / calls
    gc.enable()
    return seconds
