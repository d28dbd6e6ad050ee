"""Squares of absolute values and of lengths, which are smooth where these have a kink: even powers, and products with themselves."""

from __future__ import annotations

from symbackprop.ir.node import Apply, Node, constant
from symbackprop.ops import primitives
from symbackprop.ops.arithmetic import add, div, integer_exponent, integer_power, mul
from symbackprop.ops.broadcasting import reduce_sum
from symbackprop.ops.contraction import einsum
from symbackprop.ops.declare import Primitive
from symbackprop.ops.lengths import length
from symbackprop.ops.powers import root
from symbackprop.ops.rounding import absolute
from symbackprop.simplify.applied import args_of, is_applied
from symbackprop.simplify.numbers import is_modest, is_number
from symbackprop.simplify.pattern import Context, Row
from symbackprop.simplify.places import Place, factors_of, with_factor

__all__ = ["ROWS"]

_LENGTHS = frozenset((primitives()["hypot"], length))
_KINKED = _LENGTHS | {absolute, root}


def _among(node: Node, ops: frozenset[Primitive]) -> bool:
    return isinstance(node, Apply) and node.op in ops


def _exponent(node: Node) -> int:
    return node.param("n") if isinstance(node, Apply) and node.op is integer_power else 0  # type: ignore[return-value]


def _square_of(kinked: Node) -> Node:
    """Return the square of an absolute value, a hypotenuse or a root, without the kink."""
    if is_applied(kinked, root):
        return args_of(kinked)[0]
    squares = [integer_power(side, n=2) for side in args_of(kinked)]
    return squares[0] if len(squares) == 1 else add(*squares)


# --- powers -----------------------------------------------------------------------------------------------------------


def _power_of_kinked(node: Apply, context: Context) -> Node | None:
    """abs(x)**2 is x**2 and hypot(x, y)**2 is x**2 + y**2, with second derivatives at 0; an adjoint has the length already."""
    (base,) = node.args
    n = _exponent(node)
    if n % 2 or not _among(base, _KINKED):
        return None
    if _among(base, _LENGTHS) and not (context.is_primal(node) or context.is_free(base)):
        return None
    if is_applied(base, absolute):
        return integer_power(args_of(base)[0], n=n)
    return integer_exponent(_square_of(base), n // 2)


def _power_of_multiple(node: Apply, context: Context) -> Node | None:
    """(a * hypot(x, y))**2 is (a*x)**2 + (a*y)**2, no sooner infinite, and (2 * root(x))**2 is 4 * root(x)**2."""
    (base,) = node.args
    n = _exponent(node)
    if n % 2 or not context.is_primal(node):
        return None
    for factor, place in factors_of(base):
        if place and _among(factor, _LENGTHS):
            squares = [integer_power(with_factor(base, place, side), n=2) for side in args_of(factor)]
            return integer_exponent(add(*squares), n // 2)
    return _power_of_multiple_of_root(base, n)


def _power_of_multiple_of_root(base: Node, n: int) -> Node | None:
    """Return what a power of a multiple of a root is, where the number that it is multiplied by is modest."""
    if not (is_applied(base, mul) or is_applied(base, div)):
        return None
    number, kinked = args_of(base) if is_applied(base, mul) else args_of(base)[::-1]
    if not is_applied(kinked, root) or not is_number(number) or not is_modest(number):
        return None
    scale, power = integer_power(number, n=n), integer_power(kinked, n=n)
    return mul(scale, power) if is_applied(base, mul) else div(power, scale)


# --- products ---------------------------------------------------------------------------------------------------------


def _product_of_lengths(node: Apply, context: Context) -> Node | None:
    """(hypot(x, y) * a) * (hypot(x, y) * b) is (x*a)*(x*b) + (y*a)*(y*b), as both are a*b*hypot(x, y)**2."""
    if not context.is_primal(node):
        return None
    found: dict[Node, Place] = {}
    for factor, place in factors_of(node):
        base = args_of(factor)[0] if _exponent(factor) % 2 else factor
        if not _among(base, _LENGTHS | {root}):
            continue
        if base in found:
            return _squared(node, base, (found[base], place))
        found[base] = place
    return None


def _squared(node: Node, kinked: Node, places: tuple[Place, Place]) -> Node:
    """Return a product in which a length is a factor in two places, as a sum of products."""
    first, second = places
    if is_applied(kinked, root):
        (total,) = args_of(kinked)
        return _exchanged(_exchanged(node, first, total), second, constant(1, kinked.shape, kinked.dtype))
    return add(*(_exchanged(_exchanged(node, first, side), second, side) for side in args_of(kinked)))


def _exchanged(node: Node, place: Place, factor: Node) -> Node:
    """Return a product with `factor` for a length in one place; an odd power leaves an even one of the length."""
    old = node
    for position in place:
        old = args_of(old)[position]
    if _exponent(old) % 2:
        factor = mul(factor, integer_exponent(args_of(old)[0], _exponent(old) - 1))
    return with_factor(node, place, factor)


def _contracted_with_itself(node: Apply, context: Context) -> Node | None:
    """abs(x) @ abs(x) is sum(x**2), and so for lengths: their squares have no kink."""
    operands: tuple[tuple[int, ...], ...] = node.param("operands")  # type: ignore[assignment]
    kept: tuple[int, ...] = node.param("output")  # type: ignore[assignment]
    first = node.args[0]
    if len(node.args) != 2 or first is not node.args[1] or operands[0] != operands[1] or not _among(first, _KINKED):
        return None
    if kept != tuple(index for index in operands[0] if index in kept):
        return None
    axes = tuple(axis for axis, index in enumerate(operands[0]) if index not in kept)
    return reduce_sum(_square_of(first), axes=axes)


ROWS = (
    Row("power of absolute value or length", (integer_power,), _power_of_kinked, of=tuple(_KINKED)),
    Row("power of multiple of length", (integer_power,), _power_of_multiple, about=tuple(_KINKED)),
    Row("product of lengths", (mul,), _product_of_lengths, about=tuple(_KINKED)),
    Row("contracted with itself", (einsum,), _contracted_with_itself, of=tuple(_KINKED)),
)
