"""The numbers that verification computes with: SymPy expressions at a point, and mpmath's long floats.

Both kinds are decided at a point: a comparison gives plain True or False, so that branches, maxima and sorting take
the path that the code would take there. A `Symbolic` carries, beside its expression, its value at the point.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import sympy

from symbackprop.check.paths import decided
from symbackprop.check.trees import checked_size

__all__ = ["DIGITS", "Digits", "Element", "Symbolic", "lifted"]

DIGITS = 50
_NEAREST = 10**6  # a printed double counts as the fraction with a denominator up to this that rounds to it


@functools.lru_cache(maxsize=4096)  # the same few constants stand for themselves again and again
def as_fraction(number: float) -> Fraction:
    """Return the simple fraction that a double stands for, or the double itself as a fraction."""
    near = Fraction(number).limit_denominator(_NEAREST)
    return near if float(near) == number else Fraction(number)


class Element:
    """A real number of one of the two kinds."""

    __slots__ = ()
    value: Any

    def _from(self, other: Any) -> Any:
        raise TypeError(f"{type(self).__name__} cannot take in {other!r}")

    # comparisons are decided at the point
    def __lt__(self, other: Any) -> Any:
        return NotImplemented if isinstance(other, np.ndarray) else decided(bool(self.value < self._from(other).value))

    def __le__(self, other: Any) -> Any:
        return NotImplemented if isinstance(other, np.ndarray) else decided(bool(self.value <= self._from(other).value))

    def __gt__(self, other: Any) -> Any:
        return NotImplemented if isinstance(other, np.ndarray) else decided(bool(self.value > self._from(other).value))

    def __ge__(self, other: Any) -> Any:
        return NotImplemented if isinstance(other, np.ndarray) else decided(bool(self.value >= self._from(other).value))

    def __eq__(self, other: object) -> Any:
        return NotImplemented if isinstance(other, np.ndarray) else bool(self.value == self._from(other).value)

    def __ne__(self, other: object) -> Any:
        return NotImplemented if isinstance(other, np.ndarray) else bool(self.value != self._from(other).value)

    def __hash__(self) -> int:
        return hash(self.value)

    def __bool__(self) -> bool:
        return bool(self.value != 0)

    def __abs__(self) -> Any:
        return self if decided(bool(self.value >= 0)) else -self  # type: ignore[operator]

    def __round__(self, digits: int = 0) -> Any:
        scale = Fraction(10) ** digits
        return self._from(int(mpmath.nint(self.value * scale.numerator / scale.denominator)) / scale)

    def __floor__(self) -> int:
        return int(mpmath.floor(self.value))

    def __ceil__(self) -> int:
        return int(mpmath.ceil(self.value))

    def __trunc__(self) -> int:
        return int(self.value)

    __int__ = __trunc__

    def __float__(self) -> float:
        raise TypeError("verification does not round to float")

    def __mod__(self, other: Any) -> Any:
        other = self._from(other)
        return self - other * self._from(int(mpmath.floor(self.value / other.value)))

    def __rmod__(self, other: Any) -> Any:
        return self._from(other) % self

    def __floordiv__(self, other: Any) -> Any:
        return self._from(int(mpmath.floor(self.value / self._from(other).value)))

    def __rfloordiv__(self, other: Any) -> Any:
        return self._from(other) // self

    def __getitem__(self, index: Any) -> Any:
        """Index as a NumPy scalar would be: ``x[None]`` makes an array."""
        array = np.empty((), dtype=object)
        array[()] = self
        return array[index]

    def conjugate(self) -> Any:
        """Return the number itself: all are real."""
        return self

    @property
    def real(self) -> Any:
        """The number itself."""
        return self

    @property
    def imag(self) -> Any:
        """Zero."""
        return self._from(0)


class Symbolic(Element):
    """An expression and its value at the sample point."""

    __slots__ = ("expr", "value")

    def __init__(self, expr: Any, value: Any) -> None:
        self.expr, self.value = expr, value

    def _from(self, other: Any) -> Symbolic:
        return other if isinstance(other, Symbolic) else symbolic_number(other)

    def __neg__(self) -> Symbolic:
        return Symbolic(-self.expr, -self.value)

    def __pos__(self) -> Symbolic:
        return self

    def sqrt(self) -> Any:
        """Return the square root; NumPy calls this for arrays of objects."""
        return Symbolic(sympy.sqrt(self.expr), mpmath.sqrt(self.value))

    def __repr__(self) -> str:
        return f"{self.expr}"


class Digits(Element):
    """A number of `DIGITS` digits."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def _from(self, other: Any) -> Digits:
        return other if isinstance(other, Digits) else Digits(long_number(other))

    def __neg__(self) -> Digits:
        return Digits(-self.value)

    def __pos__(self) -> Digits:
        return self

    def sqrt(self) -> Any:
        """Return the square root; NumPy calls this for arrays of objects."""
        return Digits(mpmath.sqrt(self.value))

    def __repr__(self) -> str:
        return str(mpmath.nstr(self.value, 20))


def real_value(value: Any) -> Any:
    """Return a long number, and nan where it is not real: a branch that is not taken may hold one."""
    return mpmath.nan if isinstance(value, mpmath.mpc) else value


def _operator(symbolic: Callable[[Any, Any], Any], reflected: bool) -> dict[type, Callable[[Any, Any], Any]]:
    def on_symbolic(self: Symbolic, other: Any) -> Any:
        if isinstance(other, np.ndarray):
            return NotImplemented  # NumPy goes through the array entry by entry
        a, b = self, self._from(other)
        a, b = (b, a) if reflected else (a, b)
        return Symbolic(checked_size(symbolic(a.expr, b.expr)), real_value(_guarded(symbolic, a.value, b.value)))

    def on_digits(self: Digits, other: Any) -> Any:
        if type(other) is Digits:  # nearly always
            b = other.value
        elif isinstance(other, np.ndarray):
            return NotImplemented
        else:
            b = long_number(other)
        a = self.value
        return Digits(real_value(_guarded(symbolic, b, a) if reflected else _guarded(symbolic, a, b)))

    return {Symbolic: on_symbolic, Digits: on_digits}


def _guarded(operation: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    """Return the result of an operation on long numbers, nan where it divides by zero."""
    try:
        return operation(a, b)
    except ZeroDivisionError:
        return mpmath.nan


for _name, _function in {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
    "pow": operator.pow,
}.items():
    for _reflected in (False, True):
        for _kind, _method in _operator(_function, _reflected).items():
            setattr(_kind, f"__{'r' if _reflected else ''}{_name}__", _method)


def plain_number(number: Any) -> Any:
    """Return a number of Python's; None, NumPy's product of two empty arrays of objects, is 0."""
    if number is None:
        return 0
    return number.item() if hasattr(number, "item") else number


def symbolic_number(number: Any) -> Symbolic:
    """Return a plain number as an expression; a double stands for the simple fraction that rounds to it."""
    if isinstance(number, sympy.Expr):
        return Symbolic(number, mpmath.mpf(number.evalf(DIGITS + 10)))
    plain = plain_number(number)
    if isinstance(plain, float):
        if not math.isfinite(plain):
            infinite = sympy.nan if math.isnan(plain) else sympy.oo if plain > 0 else -sympy.oo
            return Symbolic(infinite, mpmath.mpf(plain))
        plain = as_fraction(plain)
    exact = Fraction(plain)
    return Symbolic(
        sympy.Rational(exact.numerator, exact.denominator), mpmath.mpf(exact.numerator) / mpmath.mpf(exact.denominator)
    )


def long_number(number: Any) -> Any:
    """Return a plain number with `DIGITS` digits; a double stands for the simple fraction that rounds to it."""
    plain = plain_number(number)
    if isinstance(plain, int):
        return mpmath.mpf(int(plain))
    if isinstance(plain, float) and math.isfinite(plain):
        plain = as_fraction(plain)
    if isinstance(plain, Fraction):
        return mpmath.mpf(plain.numerator) / mpmath.mpf(plain.denominator)
    return mpmath.mpf(plain)


def lifted(number: Any, kind: type[Element]) -> Element:
    """Return `number` as an element of `kind`."""
    if isinstance(number, kind):
        return number
    return symbolic_number(number) if kind is Symbolic else Digits(long_number(number))
