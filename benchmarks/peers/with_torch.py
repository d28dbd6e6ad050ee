"""PyTorch, eager, in double precision; `torch.compile` needs a C++ compiler and is not timed."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch

from benchmarks.peers.peer import Call, form, source_lines
from benchmarks.workloads import GRADIENT, HESSIAN, Workload

__all__ = ["lines", "prepare"]

torch.set_default_dtype(torch.float64)


def prepare(workload: Workload, arguments: dict[str, Any]) -> Call:
    value = partial(form(workload, "torch"), torch)
    given = {name: torch.as_tensor(argument) for name, argument in arguments.items()}
    if workload.derivative == HESSIAN:
        (name,) = workload.wrt
        of_one = lambda x: value(*(given | {name: x}).values())  # noqa: E731
        return partial(torch.func.hessian(of_one), given[name])
    leaves = [given[name].requires_grad_() for name in workload.wrt]
    run = _gradient if workload.derivative == GRADIENT else _rows
    return partial(run, partial(value, *given.values()), leaves)


def _gradient(value: Call, leaves: list[Any]) -> Any:
    found = value()
    return found.detach(), torch.autograd.grad(found, leaves)


def _rows(value: Call, leaves: list[Any]) -> Any:
    """Pull one cotangent a column back for all rows at once."""
    residuals = value()
    columns = [torch.autograd.grad(column.sum(), leaves, retain_graph=True) for column in residuals.unbind(1)]
    return residuals.detach(), tuple(torch.stack(blocks, dim=1) for blocks in zip(*columns, strict=True))


def lines(workload: Workload) -> int:
    return source_lines(form(workload, "torch"))
