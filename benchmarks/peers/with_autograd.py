"""HIPS autograd: the same NumPy function, traced on every call."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any

import autograd
import autograd.numpy as anp
import autograd.scipy.linalg
import autograd.scipy.special

from benchmarks.peers.peer import Call, form, positions, source_lines
from benchmarks.workloads import GRADIENT, HESSIAN, Workload

__all__ = ["lines", "prepare"]


def scan(step: Any, init: Any, xs: Any) -> tuple[Any, None]:
    """Fold a step over the first axis; nothing is collected, as no workload asks for it."""
    for x in xs:
        init, _ = step(init, x)
    return init, None


NAMESPACE = SimpleNamespace(
    **vars(anp),
    special=autograd.scipy.special,
    erf=autograd.scipy.special.erf,
    solve_triangular=autograd.scipy.linalg.solve_triangular,
    scan=scan,
)


def prepare(workload: Workload, arguments: dict[str, Any]) -> Call:
    value = partial(form(workload, "autograd"), NAMESPACE)
    places = positions(workload, arguments)
    if workload.derivative == GRADIENT:
        return partial(autograd.value_and_grad(value, places), *arguments.values())
    if workload.derivative == HESSIAN:
        return partial(autograd.hessian(value, *places), *arguments.values())
    return partial(_rows, value, places, tuple(arguments.values()))


def _rows(value: Any, places: tuple[int, ...], arguments: tuple[Any, ...]) -> Any:
    """Pull one cotangent a column back for all rows at once."""
    pull, residuals = autograd.make_vjp(value, places)(*arguments)
    columns = [pull(seed) for seed in _seeds(residuals.shape)]
    return residuals, tuple(anp.stack(blocks, axis=1) for blocks in zip(*columns, strict=True))


def _seeds(shape: tuple[int, int]) -> list[Any]:
    seeds = []
    for k in range(shape[1]):
        seed = anp.zeros(shape)
        seed[:, k] = 1.0
        seeds.append(seed)
    return seeds


def lines(workload: Workload) -> int:
    return source_lines(form(workload, "autograd"))
