"""Loops and branches of formulas over elements: Python's own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from symbackprop.check.opaque import opaque
from symbackprop.check.rules import custom_rule
from symbackprop.errors import UnsupportedError
from symbackprop.read.from_numpy.plain import plain_scan, plain_while_loop
from symbackprop.read.from_numpy.plain_odes import plain_odeint

__all__ = ["CONTROL"]

_STEPS = 2_000  # of a loop that may not end at a point that the user did not choose


def _stacked(values: Sequence[Any]) -> Any:
    """Return arrays of elements, or elements, as the rows of one array."""
    first = np.asarray(values[0])
    kind = first.dtype if first.dtype.kind in "biu" else object
    result = np.empty((len(values), *first.shape), dtype=kind)
    for position, value in enumerate(values):
        result[position] = value
    return result


def _scan(step: Any, init: Any, xs: Any = None, length: Any = None, reverse: Any = False) -> Any:
    return plain_scan(step, init, xs, length, bool(reverse), stack=_stacked)


def _cond(pred: Any, if_true: Any, if_false: Any, *operands: Any) -> Any:
    return (if_true if bool(pred) else if_false)(*operands)


def _switch(index: Any, branches: Any, *operands: Any) -> Any:
    return branches[min(max(int(index), 0), len(branches) - 1)](*operands)


def _while_loop(cond: Any, step: Any, init: Any, max_steps: Any = None) -> Any:
    steps = itertools.count()

    def ending(carry: Any) -> Any:
        if next(steps) > _STEPS:
            raise ArithmeticError(f"a while_loop has not ended after {_STEPS} steps at this point")
        return cond(carry)

    return plain_while_loop(ending, step, init, max_steps)


def _odeint(f: Any, y0: Any, t: Any, *args: Any, **options: Any) -> Any:
    if options.get("adjoint") == "continuous":
        raise UnsupportedError(
            "the continuous adjoint is the gradient of the differential equation, and not of the steps by which it is "
            'solved, so that the two differ by the error of the method; verify with adjoint="discrete"'
        )
    return plain_odeint(f, y0, t, *args, **options, stack=_stacked)


CONTROL: Mapping[str, Callable[..., Any]] = {
    "cond": _cond,
    "custom_rule": custom_rule,
    "odeint": _odeint,
    "opaque": opaque,
    "scan": _scan,
    "switch": _switch,
    "while_loop": _while_loop,
}
