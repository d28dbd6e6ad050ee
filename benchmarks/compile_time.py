"""What compiling takes a node of the printed graph, beside what Python's own compiler takes to load the code."""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Callable

import symbackprop as sb
from benchmarks import nested_sines
from benchmarks.formulas import LOGISTIC, PERCEPTRON
from benchmarks.peers.with_symbackprop import compiled
from benchmarks.row import Row
from benchmarks.workloads import WORKLOADS

__all__ = ["COMPILE"]

_MOST = 50e-6  # seconds a node


def compile_time(quick: bool) -> list[Row]:
    sines = 200 if quick else 1000
    works = {
        "LSTM, 50 steps unrolled": lambda: compiled(WORKLOADS["lstm-unrolled"]),
        f"nested sin, {sines:,} statements": lambda: sb.compile_value_and_grad(nested_sines.formula(sines)),
        "perceptron of three layers": lambda: sb.compile_value_and_grad(PERCEPTRON),
        "logistic regression": lambda: sb.compile_value_and_grad(LOGISTIC, wrt="w"),
    }
    rows = []
    for name, work in works.items():
        nodes, own, python = _measured(work, 3 if quick else 7)
        figure = f"{1e6 * own / nodes:.0f} us"
        limit = "50 us" if nodes > 1000 else ""
        rows.append(Row(f"{name}, {nodes:,} nodes: compile, each", figure, limit, not limit or own / nodes <= _MOST))
        rows.append(Row("  in all, and Python's own compiler", f"{1e3 * own:.1f} + {1e3 * python:.1f} ms", "", True))
        rows.append(Row("  found in a cache / compiled, both with Python's own", f"{_from_cache(work):.3f}", "", True))
    return rows


def _measured(work: Callable[[], sb.CompiledFunction], rounds: int) -> tuple[int, float, float]:
    """Return the nodes, and the least seconds of the processor for our stages and for loading the code."""
    found = []
    for _ in range(rounds):
        gc.collect()
        start = time.process_time()
        function = work()
        took = time.process_time() - start
        python = _loading(function.source)
        found.append((took - python, python))
        nodes = function.compile_report().nodes
        del function  # the same source is not loaded twice while it lives
    return nodes, min(own for own, _ in found), min(python for _, python in found)


def _from_cache(work: Callable[[], sb.CompiledFunction]) -> float:
    """Return the seconds of finding a function in a folder, in terms of those of compiling it."""
    took: dict[bool, list[float]] = {False: [], True: []}
    with tempfile.TemporaryDirectory() as folder:
        for k in range(4):
            gc.collect()
            start = time.process_time()
            with sb.compiling(cache=folder if k else False):
                function = work()
            seconds, was_found = time.process_time() - start, function.compile_report().from_cache
            if k != 1:  # which writes the entry
                took[was_found].append(seconds)
            del function
    return min(took[True]) / min(took[False])


def _loading(source: str) -> float:
    start = time.process_time()
    compile(source, "<source>", "exec")
    return time.process_time() - start


COMPILE = {"compile": compile_time}
