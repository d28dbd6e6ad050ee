"""Signs and absolute values: of multiples, and times what they are the sign of.

``sign(x) * x`` is ``abs(x)``, and ``sign(x) * abs(x)`` is x, at 0 too; a sign has no derivative there, and these have.
"""

from __future__ import annotations

from symbackprop.ir.node import Apply, Node, constant
from symbackprop.ops.arithmetic import add, div, integer_power, mul, neg
from symbackprop.ops.rounding import absolute, copysign, sign
from symbackprop.simplify.applied import args_of, is_applied
from symbackprop.simplify.numbers import exact, folded, is_number, minus
from symbackprop.simplify.pattern import Context, Row
from symbackprop.simplify.places import factors_of, with_factor

__all__ = ["ROWS"]


def _power(node: Node) -> int:
    return node.param("n") if is_applied(node, integer_power) else 0  # type: ignore[attr-defined]


def _absolute_of_multiple(node: Apply, context: Context) -> Node | None:
    """abs(-2 * x) is 2 * abs(x), bit by bit, and abs(x**2) is x**2."""
    (x,) = node.args
    if is_applied(x, absolute) or (_power(x) and _power(x) % 2 == 0):
        return x
    if is_applied(x, neg):
        return absolute(args_of(x)[0])
    if is_applied(x, mul) and is_number(args_of(x)[0]):
        return mul(_size(args_of(x)[0]), absolute(args_of(x)[1]))
    return (
        div(absolute(args_of(x)[0]), _size(args_of(x)[1])) if is_applied(x, div) and is_number(args_of(x)[1]) else None
    )


def _size(number: Node) -> Node:
    value = exact(number.value)  # type: ignore[attr-defined]
    size = folded(minus(value), number) if value < 0 else number  # type: ignore[operator]
    return number if size is None else size


def _sign_of_multiple(node: Apply, context: Context) -> Node | None:
    """sign(-x) is -sign(x), and sign(2 * x) is sign(x)."""
    (x,) = node.args
    if is_applied(x, neg):
        return neg(sign(args_of(x)[0]))
    if is_applied(x, mul) and is_number(args_of(x)[0]):
        number, rest = args_of(x)
        value = exact(number.value)  # type: ignore[attr-defined]
        if value and abs(value) >= 1:  # type: ignore[operator, arg-type]  # a smaller one may underflow
            return sign(rest) if value > 0 else neg(sign(rest))  # type: ignore[operator]
    return None


def _power_of_sign(node: Apply, context: Context) -> Node | None:
    """sign(x)**3 is sign(x), and sign(x)**4 is sign(x)**2."""
    (x,) = node.args
    if not is_applied(x, sign) or _power(node) == 2:
        return None
    return x if _power(node) % 2 else integer_power(x, n=2)


def _sign_times_argument(node: Apply, context: Context) -> Node | None:
    """sign(x) * x is abs(x) and sign(x) * abs(x) is x, bit by bit; so in longer products."""
    factors = factors_of(node)
    for factor, place in factors:
        even = _power(factor) == 2
        found = args_of(factor)[0] if even else factor
        if not is_applied(found, sign):
            continue
        (x,) = args_of(found)
        for other, elsewhere in factors:
            signed = None if elsewhere == place else _signed(other, x, even)
            if signed is not None:
                return with_factor(with_factor(node, place, constant(1, x.shape, x.dtype)), elsewhere, signed)
    return None


def _signed(factor: Node, x: Node, even: bool) -> Node | None:
    """Return a factor that is 0 where x is, times the sign of x, or the square of that."""
    base = args_of(factor)[0] if _power(factor) else factor
    if is_applied(base, absolute) and args_of(base)[0] is x:
        signed = x
    elif base is x:
        signed = absolute(x)
    elif _is_opposite(base, x):
        signed = neg(absolute(x))
    else:
        return None
    if even:
        return factor
    return mul(signed, integer_power(base, n=_power(factor) - 1)) if _power(factor) else signed


def _is_opposite(a: Node, b: Node) -> bool:
    """Tell whether a is -b: y - x and x - y."""
    if not is_applied(a, add) or not is_applied(b, add) or len(args_of(a)) != len(args_of(b)):
        return False
    return {neg(term) if not is_applied(term, neg) else args_of(term)[0] for term in args_of(a)} == set(args_of(b))


def _copied_sign(node: Apply, context: Context) -> Node | None:
    """copysign(abs(x), x) is x."""
    a, x = node.args
    return x if a is x or (is_applied(a, absolute) and args_of(a)[0] is x) else None


ROWS = (
    Row("absolute value of multiple", (absolute,), _absolute_of_multiple),
    Row("sign of multiple", (sign,), _sign_of_multiple),
    Row("power of sign", (integer_power,), _power_of_sign, of=(sign,)),
    Row("sign times argument", (mul,), _sign_times_argument, about=(sign,)),
    Row("copied sign", (copysign,), _copied_sign),
)
