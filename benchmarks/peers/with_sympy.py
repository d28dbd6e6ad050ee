"""SymPy's `diff` and `lambdify(..., cse=True)`, for formulas of scalars."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import sympy

from benchmarks.peers.peer import Call, UnavailableError, form, source_lines
from benchmarks.workloads import Workload

__all__ = ["lines", "prepare"]


def prepare(workload: Workload, arguments: dict[str, Any]) -> Call:
    value = form(workload, "sympy")
    if any(np.ndim(argument) for argument in arguments.values()):
        raise UnavailableError("scalars only")
    symbols = {name: sympy.Symbol(name, positive=bool(argument > 0)) for name, argument in arguments.items()}
    found = value(sympy, *symbols.values())
    slopes = tuple(sympy.diff(found, symbols[name]) for name in workload.wrt)
    function = sympy.lambdify(list(symbols.values()), [found, slopes], "math", cse=True)
    return partial(function, *arguments.values())


def lines(workload: Workload) -> int:
    return source_lines(form(workload, "sympy"))
