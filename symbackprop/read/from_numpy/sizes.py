"""A size of a traced array that is not a number: integer arithmetic on it is done, all else is refused by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from symbackprop.errors import UnsupportedError
from symbackprop.ir.size import Size, SizeExpression, is_nonnegative
from symbackprop.read.from_numpy.expressions import POWER, PRODUCT, SUM, UNARY, Expression

if TYPE_CHECKING:
    from symbackprop.read.from_numpy.calls import Trace

__all__ = ["TracedSize"]

_LEVELS = {"+": SUM, "-": SUM, "*": PRODUCT, "//": PRODUCT, "%": PRODUCT}


class TracedSize:
    """A size such as ``x.shape[0]``, known when the compiled function is called."""

    __slots__ = ("expression", "run", "size")
    __array_ufunc__ = None  # NumPy's scalars and arrays leave arithmetic with a size to it

    def __init__(self, trace: Trace, size: SizeExpression, expression: Expression) -> None:
        self.run = trace
        self.size = size
        self.expression = expression

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """The type that the real size would have."""
        return int

    def __repr__(self) -> str:
        return str(self._number("as text"))  # as in str(x.shape)

    def __hash__(self) -> int:
        return hash(self._number("as a key, in a dict or a set"))

    def __str__(self) -> str:
        return str(self._number("as text"))

    def __format__(self, spec: str) -> str:
        return format(self._number("as text"), spec)

    # --- arithmetic ---------------------------------------------------------------------------------------------------

    def __add__(self, other: Any) -> Any:
        return self._computed("+", self, other)

    def __radd__(self, other: Any) -> Any:
        return self._computed("+", other, self)

    def __sub__(self, other: Any) -> Any:
        return self._computed("-", self, other)

    def __rsub__(self, other: Any) -> Any:
        return self._computed("-", other, self)

    def __mul__(self, other: Any) -> Any:
        return self._computed("*", self, other)

    def __rmul__(self, other: Any) -> Any:
        return self._computed("*", other, self)

    def __floordiv__(self, other: Any) -> Any:
        return self._computed("//", self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return self._computed("//", other, self)

    def __mod__(self, other: Any) -> Any:
        return self._computed("%", self, other)

    def __rmod__(self, other: Any) -> Any:
        return self._computed("%", other, self)

    def __truediv__(self, other: Any) -> Any:
        return self.run.operator("/", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self.run.operator("/", other, self)

    def __pow__(self, other: Any) -> Any:
        if type(other) is int and 0 <= other <= 8:
            power: Any = 1
            for _ in range(other):
                power = power * self
            return power
        return self.run.operator("**", self, other)

    def __rpow__(self, other: Any) -> Any:
        return self.run.operator("**", other, self)

    def __neg__(self) -> Any:
        return self.run.size(-self.size, lambda: (["-", (self.expression, POWER)], UNARY))

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return self if self >= 0 else -self

    def _computed(self, symbol: str, left: Any, right: Any) -> Any:
        """Return the result of integer arithmetic; with anything but integers a size is a number like others."""
        for repeated, size in ((left, right), (right, left)):
            if symbol == "*" and isinstance(repeated, (list, tuple, str, bytes, bytearray)):
                return repeated * size.__index__()
        a, b = _size_of(left), _size_of(right)
        if a is None or b is None:
            return self.run.operator(symbol, left, right)
        if symbol in ("//", "%") and b == 0:
            raise ZeroDivisionError("integer division or modulo by zero")
        found = {
            "+": lambda: a + b,
            "-": lambda: a - b,
            "*": lambda: a * b,
            "//": lambda: a // b,
            "%": lambda: a % b,
        }[symbol]()
        level = _LEVELS[symbol]
        return self.run.size(
            found, lambda: ([self.run.part(left, level), f" {symbol} ", self.run.part(right, level + 1)], level)
        )

    # --- what has to be known -----------------------------------------------------------------------------------------

    def __eq__(self, other: object) -> Any:
        size = _size_of(other)
        if issubclass(type(other), (float, np.floating)):
            return bool(self._number("==") == other)
        if size is None:
            return NotImplemented
        difference = self.size - size
        if isinstance(difference, int):
            return difference == 0
        if self.run.flexible.unify(self.size, size):
            return True  # from now on they are equal, which does not take that they are numbers
        return self._number("==") == self._number("==", size)

    def __lt__(self, other: Any) -> Any:
        if issubclass(type(other), (float, np.floating)):
            return bool(self._number("<") < other)
        return self._less(self.size, _size_of(other), "<")

    def __gt__(self, other: Any) -> Any:
        if issubclass(type(other), (float, np.floating)):
            return bool(self._number(">") > other)
        return self._less(_size_of(other), self.size, ">")

    def __le__(self, other: Any) -> Any:
        greater = self.__gt__(other)
        return greater if greater is NotImplemented else not greater

    def __ge__(self, other: Any) -> Any:
        less = self.__lt__(other)
        return less if less is NotImplemented else not less

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self

    def __and__(self, other: Any) -> Any:
        return self._number("&") & other

    def __or__(self, other: Any) -> Any:
        return self._number("|") | other

    def __lshift__(self, other: Any) -> Any:
        return self._number("<<") << other

    def __rshift__(self, other: Any) -> Any:
        return self._number(">>") >> other

    def bit_length(self) -> int:
        """Return the number of bits, as of an integer."""
        return self._number("bit_length()").bit_length()

    def _less(self, a: Size | None, b: Size | None, symbol: str) -> Any:
        if a is None or b is None:
            return NotImplemented
        if isinstance(b - a, int):
            return b - a > 0  # type: ignore[operator]
        if is_nonnegative(a - b):
            return False
        if is_nonnegative(b - a - 1):
            return True
        return self._number(symbol, a) < self._number(symbol, b)

    def __bool__(self) -> bool:
        return bool(self != 0)

    def __index__(self) -> int:
        return self._number("as an index or in range()")

    def __int__(self) -> int:
        return self._number("int()")

    def __float__(self) -> float:
        return float(self._number("float()"))

    def _number(self, use: str, size: Size | None = None) -> int:
        """Return the number of a size in the examples, which fixes it."""
        size = self.size if size is None else size
        if isinstance(size, int):
            return size
        number = self.run.flexible.fix(size)
        if number is None:
            raise self.run.located(
                UnsupportedError(
                    f"size {size} is not known when compiling, and a number is needed ({use}). Declare it as a number, "
                    'inputs={..., "x": "3"}, or give an example array; for all entries at once use array operations'
                )
            )
        return number


def _size_of(value: object) -> Size | None:
    if isinstance(value, TracedSize):
        return value.size
    if issubclass(type(value), (int, np.integer)) and type(value) is not bool:
        return int(value)  # type: ignore[call-overload, no-any-return]
    return None
