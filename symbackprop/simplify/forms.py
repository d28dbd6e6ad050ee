"""Numbers for expressions, the same for all that are equal by the laws of sums, products and signs.

An expression is a coefficient, which is rational, times a form, which has a number: ``2*x - 4*y`` is 2 times the form of
``x - 2*y``, and ``-sin(x)`` is -1 times that of ``sin(x)``. A maximum is half of the sum of both arguments and of the
absolute value of their difference, so that all bends are absolute values, and what an expression is with the sign of one
of these turned around can be asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from symbackprop.ir.node import Apply, Const, Node
from symbackprop.ops import primitives
from symbackprop.ops.arithmetic import add, div, integer_power, mul, neg
from symbackprop.ops.contraction import einsum
from symbackprop.ops.declare import Primitive
from symbackprop.ops.extrema import maximum, minimum, relu
from symbackprop.ops.rounding import absolute, sign
from symbackprop.simplify.numbers import exact

__all__ = ["BENT", "Forms", "Multiple", "pieces"]

Multiple = tuple[int | Fraction, int]  # a coefficient, and the number of a form
BENT = frozenset((absolute, maximum, minimum, relu))

_ZERO: Multiple = (0, 0)
_HALF = Fraction(1, 2)
_PARTS = 8  # of a sum or product that is taken apart in a larger one
_BITS = 64  # of a coefficient
_EXPONENT = 8  # of a coefficient's power


def _named(*names: str) -> frozenset[Primitive]:
    return frozenset(primitives()[name] for name in names)


_EVEN = _named("cos", "cosh", "sinc", "logcosh", "hypot", "length")  # in each of their arguments
_ODD = _named("sin", "tan", "arcsin", "arctan", "sinh", "tanh", "arcsinh", "arctanh", "cbrt", "erf")
_COMMUTING = _named("hypot", "length", "logaddexp")


def pieces(node: Apply, args: Sequence[Multiple]) -> tuple[Multiple, Multiple]:
    """Return the two expressions of which a bent one is the larger, or the smaller."""
    if node.op is absolute:
        return args[0], (-args[0][0], args[0][1])
    return args[0], (_ZERO if node.op is relu else args[1])


class Forms:
    """The numbers that have been given to forms."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[object, ...], int] = {}
        self._parts: dict[int, tuple[Primitive, tuple[Multiple, ...]]] = {}  # of sums and products
        self._ones: set[int] = set()

    def _number(self, *structure: object) -> int:
        return self._numbers.setdefault(structure, len(self._numbers) + 1)

    def is_one(self, form: int) -> bool:
        """Tell whether a form is that of numbers."""
        return form in self._ones or form == 0

    def leaf(self, node: Node) -> Multiple:
        """Return what an input, a number or anything that is not looked into is."""
        value = exact(node.value) if isinstance(node, Const) else None
        if not isinstance(value, (int, Fraction)):
            return 1, self._number(node)
        one = self._number(1, node.shape)
        self._ones.add(one)
        return self._limited(value, one)

    def applied(self, node: Apply, args: Sequence[Multiple], turned: int = 0) -> Multiple:
        """Return what an operation is of `args`; with the absolute value of the form `turned` taken as its negative."""
        op = node.op
        if op is neg:
            return -args[0][0], args[0][1]
        if op is add:
            return self.sum(args)
        if op in BENT:
            return self._bent(node, args, turned)
        if op is sign:
            return self._sign(args[0], turned)
        if op is mul:
            return self._product(args)
        if op is div and args[1][0]:
            return self._quotient(args)
        if op is integer_power:
            n: int = node.param("n")  # type: ignore[assignment]
            (coefficient, form) = args[0]
            if abs(n) <= _EXPONENT and coefficient and not self.is_one(form):
                return self._limited(Fraction(coefficient) ** n, self._number(op, n, form))
        scale, args = self._parity(op, args)
        args = sorted(args) if op in _COMMUTING else args
        return self._limited(scale, self._number(op, node.params, node.shape, node.dtype, *args))

    def _parity(self, op: object, args: Sequence[Multiple]) -> tuple[int | Fraction, Sequence[Multiple]]:
        """Return what stands before an operation, and what its arguments then are."""
        if op in _EVEN:
            return 1, [(max(coefficient, -coefficient), form) for coefficient, form in args]
        if op in _ODD and args[0][0] < 0:
            return -1, [(-args[0][0], args[0][1])]
        if op is einsum or (isinstance(op, Primitive) and op.kind == "linear" and len(args) == 1):
            scale: int | Fraction = 1
            for coefficient, _ in args:
                scale *= coefficient
            return scale, [(1, form) for _, form in args]
        return 1, args

    def _limited(self, coefficient: int | Fraction, form: int) -> Multiple:
        """Return a multiple of a form; a coefficient that grows too long becomes part of another form."""
        if not coefficient:
            return _ZERO
        value = Fraction(coefficient)
        if max(value.numerator.bit_length(), value.denominator.bit_length()) <= _BITS:
            return value, form
        return (1 if value > 0 else -1), self._number("long", abs(value), form)

    def sum(self, args: Iterable[Multiple]) -> Multiple:
        """Return what the sum of some expressions is."""
        terms: dict[int, int | Fraction] = {}
        for coefficient, form in args:
            op, parts = self._parts.get(form, (add, ()))
            if op is not add or not 0 < len(parts) <= _PARTS:
                parts = ((1, form),)
            for factor, part in parts:
                terms[part] = terms.get(part, 0) + coefficient * factor
        found = sorted((form, coefficient) for form, coefficient in terms.items() if coefficient)
        if not found:
            return _ZERO
        scale = found[0][1]
        if len(found) == 1:
            return self._limited(scale, found[0][0])
        return self._limited(scale, self._of(add, [(Fraction(c) / scale, form) for form, c in found]))

    def _product(self, args: Iterable[Multiple]) -> Multiple:
        scale: int | Fraction = 1
        factors: list[int] = []
        one = 0
        for coefficient, form in args:
            scale *= coefficient
            op, parts = self._parts.get(form, (None, ()))
            if self.is_one(form):
                one = form
            else:
                factors += [part for _, part in parts] if op is mul and len(parts) <= _PARTS else [form]
        if len(factors) < 2:
            return self._limited(scale, factors[0] if factors else one)
        return self._limited(scale, self._of(mul, [(1, factor) for factor in sorted(factors)]))

    def _quotient(self, args: Sequence[Multiple]) -> Multiple:
        (above, form), (below, divisor) = args
        ratio = Fraction(above) / below
        return self._limited(ratio, form if self.is_one(divisor) else self._number(div, form, divisor))

    def _of(self, op: Primitive, parts: Sequence[Multiple]) -> int:
        number = self._number(op, *parts)
        self._parts[number] = op, tuple(parts)
        return number

    # --- bends --------------------------------------------------------------------------------------------------------

    def difference(self, node: Apply, args: Sequence[Multiple]) -> Multiple:
        """Return that of which a bent expression has the absolute value, or the sign."""
        if node.op is sign:
            return args[0]
        a, b = pieces(node, args)
        return self.sum([a, (-b[0], b[1])])

    def _bent(self, node: Apply, args: Sequence[Multiple], turned: int) -> Multiple:
        a, b = pieces(node, args)
        coefficient, form = self.difference(node, args)
        half = _HALF * max(coefficient, -coefficient)
        half = -half if (node.op is minimum) is not (form == turned) else half
        bend = form if self.is_one(form) else self._number(absolute, form)
        return self.sum([(_HALF * a[0], a[1]), (_HALF * b[0], b[1]), (half, bend)])

    def _sign(self, arg: Multiple, turned: int) -> Multiple:
        coefficient, form = arg
        if not coefficient:
            return _ZERO
        return (1 if (coefficient > 0) is (form != turned) else -1), self._number(sign, form)
