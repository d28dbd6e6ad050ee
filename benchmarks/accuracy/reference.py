"""Values and gradients that are right to fifty digits."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import mpmath
from mpmath import mpf

from benchmarks.accuracy.function import Function

__all__ = ["exact", "units"]

_WANTED = mpf(10) ** -50
_DIGITS = (350, 700, 1400, 4000, 8000)  # which are tried until two agree
_ALL_OF_A_DOUBLE = 1400  # digits in which 1 and the square of the least double have a sum: fewer may lose what is not 0

NAMES = SimpleNamespace(
    exp=mpmath.exp, log=mpmath.log, log1p=mpmath.log1p, expm1=mpmath.expm1, sqrt=mpmath.sqrt, sin=mpmath.sin,
    cos=mpmath.cos, tan=mpmath.tan, arcsin=mpmath.asin, arccos=mpmath.acos, arctan=mpmath.atan, arctanh=mpmath.atanh,
    arctan2=mpmath.atan2, sinh=mpmath.sinh, cosh=mpmath.cosh, tanh=mpmath.tanh, erf=mpmath.erf, erfc=mpmath.erfc,
    gammaln=mpmath.loggamma, logaddexp=lambda a, b: mpmath.log(mpmath.exp(a) + mpmath.exp(b)),
    hypot=lambda a, b: mpmath.sqrt(a * a + b * b), abs=abs,
)  # fmt: skip


def exact(function: Function, point: Sequence[float]) -> list[Any]:
    """Return the value and the derivative in each argument at a point."""
    found = _computed(function, point, _DIGITS[0])
    for digits in _DIGITS[1:]:
        more = _computed(function, point, digits)
        agree = all(abs(a - b) <= _WANTED * abs(b) for a, b in zip(found, more, strict=True))
        if agree and (digits >= _ALL_OF_A_DOUBLE or all(more)):
            return more
        found = more
    raise ArithmeticError(f"{function.name} at {point} takes more than {_DIGITS[-1]} digits")


def _computed(function: Function, point: Sequence[float], digits: int) -> list[Any]:
    """Return value and derivatives as digits // 4 digits of a difference quotient give them."""
    with mpmath.workdps(digits):
        at = [mpf(x) for x in point]
        results = [function.written(NAMES, *at)]
        for position, x in enumerate(at):
            step = (abs(x) or mpf(1)) * mpf(10) ** -(digits // 4)
            ahead, behind = ([*at[:position], x + sign * step, *at[position + 1 :]] for sign in (1, -1))
            results.append((function.written(NAMES, *ahead) - function.written(NAMES, *behind)) / (2 * step))
        return [+result.real for result in results]


def units(found: float, expected: Any) -> float | None:
    """Return the error of a double in units in the last place; None where what is right is no finite double."""
    if abs(expected) >= mpf(2) ** 1024 * (1 - mpf(2) ** -54):
        return None
    if found != found or found in (float("inf"), float("-inf")):
        return float("inf")
    exponent = max(mpmath.frexp(expected)[1] - 53, -1074) if expected else -1074
    return float(abs(mpf(found) - expected) / mpf(2) ** exponent)
