"""CasADi: an expression graph, run by its virtual machine; vectors are columns."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any

import casadi
import numpy as np

from benchmarks.peers.peer import Call, UnavailableError, form, source_lines
from benchmarks.workloads import GRADIENT, HESSIAN, Workload

__all__ = ["lines", "prepare"]

NAMESPACE = SimpleNamespace(**(vars(casadi) | {"sum": casadi.sum1}))


def prepare(workload: Workload, arguments: dict[str, Any]) -> Call:
    value = partial(form(workload, "casadi"), NAMESPACE)
    if any(np.ndim(argument) > 2 for argument in arguments.values()):
        raise UnavailableError("has matrices only")
    kind = casadi.SX if workload.kind == "scalar" else casadi.MX
    symbols = {name: kind.sym(name, *np.shape(argument)) for name, argument in arguments.items()}
    found = value(*symbols.values())
    if workload.derivative == GRADIENT:
        outputs = [found, *(casadi.gradient(found, symbols[name]) for name in workload.wrt)]
    elif workload.derivative == HESSIAN:
        (name,) = workload.wrt
        outputs = [casadi.hessian(found, symbols[name])[0]]
    else:
        raise UnavailableError("has no batches")
    function = casadi.Function("value_and_grad", list(symbols.values()), outputs)
    given = [casadi.DM(argument) for argument in arguments.values()]
    shapes = [np.shape(arguments[name]) for name in workload.wrt]
    return _Results(partial(function, *given), shapes, workload.derivative)


class _Results:
    """A call whose results are put into the shapes of the arguments when they are compared."""

    def __init__(self, call: Call, shapes: list[tuple[int, ...]], derivative: str) -> None:
        self.call, self.shapes, self.derivative = call, shapes, derivative

    def __call__(self) -> Any:
        return self.call()

    def comparable(self) -> Any:
        found = self.call()
        if self.derivative == HESSIAN:
            return found.full()
        value, *slopes = found
        return float(value), tuple(np.reshape(g.full(), shape) for g, shape in zip(slopes, self.shapes, strict=True))


def lines(workload: Workload) -> int:
    return source_lines(form(workload, "casadi"))
