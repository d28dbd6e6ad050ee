"""PyTensor: a graph, rewritten and compiled by its default linker."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytensor.tensor.linalg

from benchmarks.peers.peer import Call, UnavailableError, form, source_lines
from benchmarks.workloads import GRADIENT, HESSIAN, Workload

__all__ = ["lines", "prepare"]

NAMESPACE = SimpleNamespace(**vars(pt))


def prepare(workload: Workload, arguments: dict[str, Any]) -> Call:
    value = partial(form(workload, "pytensor"), NAMESPACE)
    symbols = {name: _symbol(name, argument) for name, argument in arguments.items()}
    found = value(*symbols.values())
    if workload.derivative == GRADIENT:
        outputs = [found, *pytensor.grad(found, [symbols[name] for name in workload.wrt])]
    elif workload.derivative == HESSIAN:
        outputs = pytensor.gradient.hessian(found, [symbols[name] for name in workload.wrt])
    else:
        raise UnavailableError("has no batches")
    function = pytensor.function(list(symbols.values()), outputs, on_unused_input="ignore")
    function.trust_input = True
    return partial(function, *(np.asarray(argument) for argument in arguments.values()))


def _symbol(name: str, argument: Any) -> Any:
    array = np.asarray(argument)
    return pt.tensor(name, dtype=str(array.dtype), shape=array.shape)


def lines(workload: Workload) -> int:
    return source_lines(form(workload, "pytensor"))
