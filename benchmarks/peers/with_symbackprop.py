"""What symbackprop prints: the bare function, as a hot loop calls it."""

from __future__ import annotations

from functools import partial
from typing import Any

import symbackprop as sb
from benchmarks.peers.peer import Call, source_lines
from benchmarks.workloads import GRADIENT, HESSIAN, Workload

__all__ = ["compiled", "lines", "prepare"]


def compiled(workload: Workload, optimize: str = "readable") -> sb.CompiledFunction:
    """Compile the derivative that the workload asks for."""
    options = {"wrt": workload.wrt, "optimize": optimize, **workload.options}
    if workload.derivative == GRADIENT:
        return sb.compile_value_and_grad(workload.formula, **options)
    if workload.derivative == HESSIAN:
        return sb.compile_hessian(workload.formula, **options)
    return sb.compile_jacobian(workload.formula, **options)


def prepare(workload: Workload, arguments: dict[str, Any]) -> Call:
    found = compiled(workload)
    return partial(found.function, *(arguments[spec.name] for spec in found.signature))


def lines(workload: Workload) -> int:
    return source_lines(workload.formula)
