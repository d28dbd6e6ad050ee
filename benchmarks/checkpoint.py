"""Checkpoints: what a chain of layers takes of time and memory where most of it is computed again, against all kept."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import symbackprop as sb
from benchmarks.row import Row
from benchmarks.timing import interleaved

__all__ = ["CHECKPOINT"]


def chain_of_layers(quick: bool) -> list[Row]:
    """Time 100 dense layers of tanh, width 64, batch 512."""
    layers, batch, width = (50 if quick else 100), 512, 64
    lines = [f"a{k} = tanh({f'a{k - 1}' if k > 1 else 'x'} @ W{k} + b{k})" for k in range(1, layers + 1)]
    inputs = {"x": "n d", "y": "n d"}
    for k in range(1, layers + 1):
        inputs |= {f"W{k}": "d d", f"b{k}": "d"}
    formula = "\n".join([*lines, f"sum((a{layers} - y)**2)"])
    wrt = [name for name in inputs if name not in ("x", "y")]
    rng = np.random.default_rng(0)
    sizes = {"n": batch, "d": width}
    arguments = [rng.normal(size=[sizes[size] for size in shape.split()]) / np.sqrt(width) for shape in inputs.values()]
    works: dict[str, Callable[[], Any]] = {
        str(checkpoint): partial(
            sb.compile_grad(formula, inputs=inputs, wrt=wrt, checkpoint=checkpoint).function, *arguments
        )
        for checkpoint in (None, "sqrt")
    }
    for kept, again in zip(*(work() for work in works.values()), strict=True):
        np.testing.assert_array_equal(kept, again)
    peaks = {name: _peak(work) for name, work in works.items()}
    times = interleaved(works, rounds=10 if quick else 40)
    memory, time = peaks["sqrt"] / peaks["None"], times["sqrt"] / times["None"]
    return [
        Row(f"{layers} layers of tanh: memory with checkpoints / without", f"{memory:.2f}", "0.3", memory <= 0.3),
        Row("  time with checkpoints / without", f"{time:.2f}", "1.5", time <= 1.5),
    ]


def _peak(work: Callable[[], object]) -> int:
    """Return how many bytes a call allocates at once at most."""
    tracemalloc.start()
    work()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


CHECKPOINT = {"checkpoint": chain_of_layers}
