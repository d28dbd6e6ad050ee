"""Opaque functions of a formula: they run over floats alone, and stand for their linear approximation around these.

    f(x) = f(x0) + J (x - x0),   x0 the double nearest to x

J is found by difference quotients, extrapolated to no step, so that what is expected of a gradient is good to the
tolerance of the stage in floats, and not beyond. Registered rules are compared with the function by `check_rule`.
"""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np

from symbackprop.check.elements import Digits, Symbolic
from symbackprop.check.rule_check import slopes_of
from symbackprop.check.rules import OpaqueCall, note
from symbackprop.errors import UnsupportedError
from symbackprop.ops.opaque import registered_opaque
from symbackprop.read.from_numpy.rules import CustomRule

__all__ = ["opaque"]


def opaque(f: str, vjp: Any, jvp: Any, *args: Any, shape: Any = None, dtype: Any = None) -> Any:
    """Return what a registered function gives, over long numbers."""
    rule = registered_opaque(f, vjp, jvp)
    if any(isinstance(x, Symbolic) for arg in args for x in np.ravel(np.asarray(arg, dtype=object))):
        raise UnsupportedError(f"{f} is opaque")
    near = [_doubles(arg) for arg in args]
    assert isinstance(rule, CustomRule)
    note(OpaqueCall(rule, tuple(near), args))
    value = np.asarray(rule.function(*near))
    found = np.empty(value.shape, dtype=object)
    for index in np.ndindex(value.shape):
        found[index] = Digits(mpmath.mpf(float(value[index])))
    for position, (arg, double) in enumerate(zip(args, near, strict=True)):
        if isinstance(double, np.ndarray) and double.dtype.kind == "f":
            _add_slopes(found, rule, near, position, np.asarray(arg, dtype=object))
    return found if found.shape else found[()]


def _add_slopes(found: Any, rule: Any, near: list[Any], position: int, arg: Any) -> None:
    """Add to `found` what it changes by between an argument and the double that is nearest to it."""
    for place in np.ndindex(arg.shape):
        x = arg[place]
        away = x.value - mpmath.mpf(float(near[position][place])) if isinstance(x, Digits) else 0
        if not away:
            continue
        direction = np.zeros(arg.shape)
        direction[place] = max(abs(float(near[position][place])), 0.1)
        (slope,) = slopes_of(rule.function, near, position, [direction])
        for index in np.ndindex(found.shape):
            found[index] = found[index] + Digits(mpmath.mpf(float(slope[index])) * away / float(direction[place]))


def _doubles(arg: Any) -> Any:
    """Return an argument as doubles, integers as they are."""
    array = np.asarray(arg)
    if array.dtype != object:
        return arg
    return np.vectorize(lambda x: float(x.value) if isinstance(x, Digits) else float(x), otypes=[float])(array)
