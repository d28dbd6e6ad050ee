"""Checkpoints: what layers and loops take of time and memory where most is computed again, against all kept."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import symbackprop as sb
from benchmarks.row import Row
from benchmarks.timing import interleaved, once

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


def loop_of_thousand_steps(quick: bool) -> list[Row]:
    """Measure a scan of 1,000 steps with a state of 1,000 numbers, of which 32 states are stored."""
    steps, width, slots = 1000, 1000, 32
    formula = """
w[k] h0[k] x[n] ->
def step(h, s):
    return tanh(w*h + s), None
sum(scan(step, h0, x)[0])
"""
    rng = np.random.default_rng(0)
    arguments = rng.normal(size=width), rng.normal(size=width), rng.normal(size=steps)
    kept, again = (sb.compile_grad(formula, checkpoint=asked) for asked in (None, ("binomial", slots)))
    works = {"kept": partial(kept.function, *arguments), "again": partial(again.function, *arguments)}
    for one, other in zip(works["kept"](), works["again"](), strict=True):
        np.testing.assert_array_equal(one, other)
    memory = _peak(works["again"]) / _peak(works["kept"])
    times = interleaved(works, rounds=5 if quick else 20)
    sizes = {"n": steps, "k": width}
    passes = again.cost().again_at(sizes) / kept.cost().at(sizes)[0]
    time = times["again"] / times["kept"]
    return [
        Row(f"scan of {steps} steps: memory with {slots} slots / all stored", f"{memory:.3f}", "0.05", memory <= 0.05),
        Row("  forward passes computed again", f"{passes:.2f}", "3", passes <= 3),
        Row("  time with slots / all stored", f"{time:.2f}", "3", time <= 3),
    ]


def network_within_a_budget(quick: bool) -> list[Row]:
    """Compile 100 dense layers to a seventh of the memory, and measure it."""
    sizes = {"n": 512, "d": 64}
    lines = [f"a{k} = tanh({f'a{k - 1}' if k > 1 else 'x'} @ W{k})" for k in range(1, 101)]
    inputs = {"x": "n d", **{f"W{k}": "d d" for k in range(1, 101)}}
    formula, wrt = "\n".join([*lines, "sum(a100**2)"]), [*inputs][1:]
    rng = np.random.default_rng(0)
    arguments = [rng.normal(size=[sizes[size] for size in shape.split()]) / 8 for shape in inputs.values()]
    limit = 8_000_000
    compile_it = partial(sb.compile_grad, formula, inputs=inputs, wrt=wrt)
    plain, again = compile_it(), compile_it(checkpoint=(limit, sizes))
    peak = _peak(partial(again.function, *arguments))
    passes = again.cost().again_at(sizes) / plain.cost().at(sizes)[0]
    seconds = min(once(partial(compile_it, checkpoint=(limit, sizes))) for _ in range(1 if quick else 3))
    return [
        Row("100 layers in 8 MB: measured", f"{peak / 1e6:.1f} MB", "8.8 MB", peak <= 1.1 * limit),
        Row("  forward passes computed again", f"{passes:.2f}", "1", passes <= 1),
        Row("  compile", f"{seconds:.1f} s", "10 s", seconds < 10),
    ]


def _peak(work: Callable[[], object]) -> int:
    """Return how many bytes a call allocates at once at most."""
    tracemalloc.start()
    work()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


CHECKPOINT = {
    "checkpoint": chain_of_layers,
    "checkpoint-loop": loop_of_thousand_steps,
    "checkpoint-budget": network_within_a_budget,
}
