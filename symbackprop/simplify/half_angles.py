"""Products and squares of the sine and the cosine of half an angle, which derivatives of squares of such sines bring.

The whole angle is there already, so that its sine or cosine costs no more than what it replaces and rounds less.
"""

from __future__ import annotations

from fractions import Fraction

from symbackprop.ir.node import Apply, Node, constant
from symbackprop.ops.arithmetic import add, integer_power, mul, neg
from symbackprop.ops.trigonometric import cos, sin
from symbackprop.simplify.applied import args_of, is_applied
from symbackprop.simplify.numbers import is_value
from symbackprop.simplify.pattern import Context, Row
from symbackprop.simplify.places import Place, factors_of, is_own, nearby, with_factor

__all__ = ["ROWS"]

_HALF = Fraction(1, 2)


def _whole_angle(node: Node) -> Node | None:
    """Return x where `node` is x/2."""
    if not is_applied(node, mul):
        return None
    number, x = args_of(node)
    return x if is_value(number, _HALF) else None


def _is_of_half_an_angle(node: Node) -> bool:
    return isinstance(node, Apply) and node.op in (sin, cos) and _whole_angle(node.args[0]) is not None


def _sine_of_whole_angle(node: Apply, context: Context) -> Node | None:
    """sin(x/2) * cos(x/2) is sin(x)/2, which rounds once instead of three times, wherever in a product the two stand.

    In a formula that needs neither elsewhere: of sin(x/2)*cos(x/2)/sin(x/2) derivatives would no longer cancel.
    """
    enough = all if context.is_primal(node) else any
    if not any(_is_of_half_an_angle(factor) for factor in nearby(node)):
        return None
    found: dict[tuple[object, Node], tuple[Node, Place]] = {}
    for factor, place in factors_of(node):
        if not isinstance(factor, Apply) or factor.op not in (sin, cos) or not is_own(node, place, context):
            continue
        (angle,) = factor.args
        found[factor.op, angle] = factor, place
        x = _whole_angle(angle)
        other = found.get((cos if factor.op is sin else sin, angle))
        if x is None or other is None or not enough(map(context.is_free, (factor, other[0]))):
            continue
        halved = with_factor(node, other[1], constant(_HALF, node.shape, node.dtype))
        return with_factor(halved, place, sin(x))
    return None


def _cosine_of_whole_angle(node: Apply, context: Context) -> Node | None:
    """cos(x/2)**2 - sin(x/2)**2 is cos(x), which does not cancel; likewise with both signs changed."""
    if len(node.args) != 2 or not any(is_applied(term, neg) for term in node.args):
        return None
    found: dict[object, tuple[Node, bool]] = {}
    for term in node.args:
        negative = is_applied(term, neg)
        square = args_of(term)[0] if negative else term
        if not is_applied(square, integer_power) or square.param("n") != 2:  # type: ignore[attr-defined]
            return None
        (root,) = args_of(square)
        if isinstance(root, Apply):
            found[root.op] = root.args[0], negative
    if found.keys() != {cos, sin} or found[cos][0] is not found[sin][0] or found[cos][1] is found[sin][1]:
        return None
    angle, negative = found[cos]
    x = _whole_angle(angle)
    if x is None:
        return None
    return neg(cos(x)) if negative else cos(x)


ROWS = (
    Row("sine of a whole angle", (mul,), _sine_of_whole_angle, about=(cos,)),
    Row("cosine of a whole angle", (add,), _cosine_of_whole_angle, about=(cos,)),
)
