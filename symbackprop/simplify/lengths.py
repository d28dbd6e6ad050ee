"""Roots of sums of squares, which are lengths: they neither overflow early nor have a gradient of nan at 0.

Lengths of lengths become one, as a kink inside of another length is none of the whole.
"""

from __future__ import annotations

from fractions import Fraction

from symbackprop.ir.node import Apply, Node, constant
from symbackprop.ops import primitives
from symbackprop.ops.arithmetic import add, div, integer_exponent, integer_power, mul, neg
from symbackprop.ops.broadcasting import reduce_sum
from symbackprop.ops.contraction import einsum
from symbackprop.ops.lengths import length
from symbackprop.ops.powers import pow_, root, sqrt
from symbackprop.ops.reduction import mean
from symbackprop.ops.rounding import absolute
from symbackprop.simplify.applied import args_of, is_applied
from symbackprop.simplify.differences import exact_root
from symbackprop.simplify.numbers import exact, is_number, is_value
from symbackprop.simplify.pattern import Context, Row
from symbackprop.simplify.places import terms_of

__all__ = ["ROWS"]

_hypot = primitives()["hypot"]
_SIDES = 16  # of one length


def _is_square(node: Node) -> bool:
    return isinstance(node, Apply) and node.op is integer_power and node.param("n") % 2 == 0  # type: ignore[operator]


def _side(square: Node) -> Node:
    return integer_exponent(args_of(square)[0], square.param("n") // 2)  # type: ignore[attr-defined]


def _of(sides: list[Node]) -> Node:
    return _hypot(*sides) if len(sides) == 2 else length(*sides)


def _hypotenuse(node: Apply, context: Context) -> Node | None:
    """sqrt(x**2 + y**2) is hypot(x, y); of more squares too it is a length, of arrays only where all else is slower."""
    (x,) = node.args
    terms = terms_of(x)
    if not 1 < len(terms) <= (_SIDES if not node.shape else 2):
        return None
    sides = [_side(term) if _is_square(term) else None if node.shape else exact_root(term) for term in terms]
    return None if None in sides else _of(sides)  # type: ignore[arg-type]


def _root_of_squares(node: Apply, context: Context) -> Node | None:
    """sqrt(x**2) is abs(x); sqrt(x @ x) and the like are lengths, whose gradient at 0 is 0 and not nan."""
    (x,) = node.args
    if _is_square(x):
        return absolute(_side(x))
    return root(x) if _is_sum_of_squares(x) else None


def _is_sum_of_squares(node: Node) -> bool:
    if is_applied(node, add):  # a term may be such a sum too, as hypot(x, y)**2 is
        return all(_is_square(part) for term in _unscaled_terms(node) for part in _unscaled_terms(term))
    if is_applied(node, reduce_sum) or is_applied(node, mean):
        return _is_square(args_of(node)[0])
    if is_applied(node, einsum) and len(args_of(node)) == 2:
        operands: tuple[object, ...] = node.param("operands")  # type: ignore[attr-defined]
        return args_of(node)[0] is args_of(node)[1] and operands[0] == operands[1]
    return False


def _unscaled_terms(node: Node) -> list[Node]:
    """Return the terms of a sum, or `node` where it is none, without their coefficients, where these are positive."""
    terms = args_of(node) if is_applied(node, add) else (node,)
    return [args_of(term)[1] if _is_scaled(term) else term for term in terms]


def _is_scaled(node: Node) -> bool:
    if not is_applied(node, mul):
        return False
    scale, _ = args_of(node)
    return is_number(scale) and exact(scale.value) > 0  # type: ignore[attr-defined, operator]


def _power_of_sum_of_squares(node: Apply, context: Context) -> Node | None:
    """(x**2 + y**2)**1.5 is hypot(x, y)**3, for the same reason."""
    x, y = node.args
    exponent = exact(y.value) if is_number(y) else None  # type: ignore[attr-defined]
    if not isinstance(exponent, Fraction) or exponent.denominator != 2 or exponent < 0 or not _is_sum_of_squares(x):
        return None
    return integer_power(sqrt(x), n=exponent.numerator)


# --- lengths of lengths -----------------------------------------------------------------------------------------------


def _length_of_lengths(node: Apply, context: Context) -> Node | None:
    """hypot(hypot(x, y), z) is the length of x, y and z, which has no kink at x = y = 0; so are those of multiples."""
    if not context.is_primal(node):
        return None
    sides = [part for side in node.args for part in _sides(side)]
    if len(sides) > _SIDES or tuple(sides) == node.args:
        return None
    return _of(sides)


def _sides(side: Node) -> tuple[Node, ...]:
    """Return what a side is the length of: of one that is no length, itself without its sign."""
    if is_applied(side, absolute) or is_applied(side, neg):
        return (args_of(side)[0],)
    if is_applied(side, _hypot) or is_applied(side, length):
        return args_of(side)
    if is_applied(side, mul):
        a, b = args_of(side)
        for factor, inner in ((a, b), (b, a)):
            if _has_kink(inner):
                return tuple(mul(factor, part) for part in args_of(inner))
    if is_applied(side, div) and _has_kink(args_of(side)[0]):
        return tuple(div(part, args_of(side)[1]) for part in args_of(args_of(side)[0]))
    return (side,)


def _has_kink(node: Node) -> bool:
    return is_applied(node, _hypot) or is_applied(node, length) or is_applied(node, absolute)


def _collinear_sides(node: Apply, context: Context) -> Node | None:
    """hypot(3 * x, 4 * x) is 5 * abs(x), and hypot(x, 0) is abs(x)."""
    sides: dict[Node, Fraction] = {}
    for side in [side for side in node.args if not is_value(side, 0)]:
        x = args_of(side)[0] if is_applied(side, neg) else side
        number, x = args_of(x) if is_applied(x, mul) and is_number(args_of(x)[0]) else (None, x)
        value = Fraction(1 if number is None else exact(number.value))  # type: ignore[attr-defined, arg-type]
        sides[x] = sides.get(x, Fraction(0)) + value * value
    if len(sides) == len(node.args) or not sides:
        return None
    scales = {x: constant(square, x.shape, x.dtype) for x, square in sides.items()}
    if len(scales) == 1:
        ((x, scale),) = scales.items()
        return absolute(x) if sides[x] == 1 else mul(sqrt(scale), absolute(x))
    return _of([x if sides[x] == 1 else mul(sqrt(scale), x) for x, scale in scales.items()])


def _length_with_root(node: Apply, context: Context) -> Node | None:
    """hypot(sqrt(x @ x), y) is sqrt(x @ x + y**2), for the same reason."""
    if not context.is_primal(node) or not any(is_applied(side, root) for side in node.args):
        return None
    return root(add(*(args_of(side)[0] if is_applied(side, root) else integer_power(side, n=2) for side in node.args)))


ROWS = (
    Row("hypot", (sqrt,), _hypotenuse),
    Row("root of squares", (sqrt,), _root_of_squares),
    Row("power of sum of squares", (pow_,), _power_of_sum_of_squares),
    Row("length of lengths", (_hypot, length), _length_of_lengths),
    Row("collinear sides", (_hypot, length), _collinear_sides),
    Row("length with a root", (_hypot, length), _length_with_root),
)
