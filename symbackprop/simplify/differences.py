"""Differences of numbers that are nearly equal, in forms that do not cancel.

Every row is equal over the reals where what it replaces is defined, and has at most an error of a few units where that
has none.
"""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction

from symbackprop.ir.node import Apply, Node, constant
from symbackprop.ops.arithmetic import add, div, integer_power, mul, neg
from symbackprop.ops.cancelling import (
    hypot_minus,
    log_erfc,
    reciprocal_root_minus_one,
    root_minus,
    sech_squared,
    square_difference,
)
from symbackprop.ops.error_functions import erf, erfc, log_ndtr
from symbackprop.ops.exponential import log
from symbackprop.ops.hyperbolic import arctanh, cosh, sinh, tanh
from symbackprop.ops.logistic import logit
from symbackprop.ops.powers import sqrt
from symbackprop.ops.reduction import mean, restored
from symbackprop.ops.trigonometric import hypot
from symbackprop.simplify.applied import args_of, is_applied
from symbackprop.simplify.means import halved_terms
from symbackprop.simplify.numbers import exact, is_number, is_value
from symbackprop.simplify.pattern import Context, Row

__all__ = ["ROWS", "exact_root"]


def exact_root(number: Node) -> Node | None:
    """Return the root of a positive number that is rational; None where there is none."""
    value = exact(number.value) if is_number(number) else None  # type: ignore[attr-defined]
    if not isinstance(value, (int, Fraction)) or value <= 0:
        return None
    value = Fraction(value)
    top, bottom = math.isqrt(value.numerator), math.isqrt(value.denominator)
    if top * top != value.numerator or bottom * bottom != value.denominator:
        return None
    return constant(Fraction(top, bottom), number.shape, number.dtype)


def _root_of(square: Node) -> Node | None:
    """Return x of x**2, and the root of a number that is a square."""
    if is_applied(square, integer_power) and square.param("n") == 2:  # type: ignore[attr-defined]
        return args_of(square)[0]
    return exact_root(square)


def _two(node: Node) -> tuple[Node, Node] | None:
    return args_of(node) if is_applied(node, add) and len(args_of(node)) == 2 else None  # type: ignore[return-value]


def _minus(node: Node) -> Node | None:
    """Return x of -x, and of a negative number its size."""
    if is_applied(node, neg):
        return args_of(node)[0]
    if is_number(node) and exact(node.value) < 0:  # type: ignore[attr-defined, operator]
        return constant(-exact(node.value), node.shape, node.dtype)  # type: ignore[attr-defined, operator]
    return None


# --- squares and roots ------------------------------------------------------------------------------------------------


def _difference_of_squares(node: Apply, context: Context) -> Node | None:
    """1 - x**2 is (1 - x)*(1 + x), where nothing else needs the square; a**2 - b**2 too, of numbers."""
    terms = _two(node)
    if terms is None or not context.is_primal(node):
        return None
    for a, b in (terms, terms[::-1]):
        taken = _minus(b)
        if taken is None or not all(is_number(square) or context.is_free(square) for square in (a, taken)):
            continue
        x, y = _root_of(a), _root_of(taken)
        if x is None or y is None or (is_number(x) and is_number(y)):
            continue
        if is_number(x) and is_applied(y, tanh):
            return sech_squared(*args_of(y)) if is_value(x, 1) and context.is_free(y) else None
        if node.shape and not (is_number(x) or is_number(y)):
            return None
        return square_difference(x, y)
    return None


def _root_minus(node: Apply, context: Context) -> Node | None:
    """sqrt(b**2 + w) - b is w / (sqrt(b**2 + w) + b) where b is positive; so sqrt(1 + x) - 1 and quadratic roots."""
    terms = _two(node)
    if terms is None or not context.is_primal(node):
        return None
    for first, b in (terms, terms[::-1]):
        negative = is_applied(first, neg)
        root = args_of(first)[0] if negative else first
        if not (is_applied(root, sqrt) or is_applied(root, hypot)) or not context.is_free(root):
            continue
        taken = b if negative else _minus(b)
        found = _rest_of_root(root, neg(b) if taken is None else taken)
        if found is not None:
            return neg(found) if negative else found
    return None


def _rest_of_root(root: Node, b: Node) -> Node | None:
    """Return root - b, where the root is that of b**2 and something."""
    size = b if not is_applied(b, neg) else args_of(b)[0]
    if is_number(b) and exact(b.value) <= 0:  # type: ignore[attr-defined, operator]
        return None
    if is_applied(root, hypot):
        for side, other in (args_of(root), args_of(root)[::-1]):
            if side is size:
                return hypot_minus(b, other)
        return None
    (inside,) = args_of(root)
    if is_applied(inside, square_difference) and args_of(inside)[0] is size:
        return root_minus(b, neg(integer_power(args_of(inside)[1], n=2)))
    if not is_applied(inside, add):
        return None
    for position, term in enumerate(args_of(inside)):
        if _root_of(term) is size:
            rest = args_of(inside)[:position] + args_of(inside)[position + 1 :]
            return root_minus(b, rest[0] if len(rest) == 1 else add(*rest))
    return None


def _reciprocal_root_minus_one(node: Apply, context: Context) -> Node | None:
    """1 / sqrt(1 + w) - 1 is (1 - sqrt(1 + w)) / sqrt(1 + w), with that difference as above."""
    terms = _two(node)
    if terms is None or not context.is_primal(node):
        return None
    for share, one in (terms, terms[::-1]):
        if not is_value(one, -1) or not is_applied(share, div) or not is_value(args_of(share)[0], 1):
            continue
        root = args_of(share)[1]
        found = _rest_of_root(root, args_of(share)[0]) if is_applied(root, sqrt) or is_applied(root, hypot) else None
        if found is not None:
            return reciprocal_root_minus_one(found.args[1]) if is_applied(found, root_minus) else neg(div(found, root))
    return None


def _variance(node: Apply, context: Context) -> Node | None:
    """mean(x**2) - mean(x)**2 is mean((x - mean(x))**2), in two passes; so of some numbers."""
    terms = _two(node)
    if terms is None or not context.is_primal(node):
        return None
    squares, taken = terms if is_applied(terms[1], neg) else terms[::-1]
    if not is_applied(taken, neg):
        return None
    (square,) = args_of(taken)
    if not isinstance(square, Apply) or square.op is not integer_power or square.param("n") != 2:
        return None
    (centre,) = square.args
    if is_applied(squares, mean) and is_applied(centre, mean):
        return _variance_of_array(squares, centre)
    total, count = _mean_of(squares)
    parts, other = _mean_of(centre)
    if not total or count != other or count != len(total) or len(total) != len(parts):
        return None
    if Counter(map(_root_of, total)) != Counter(parts):
        return None
    deviations = [integer_power(part - centre, n=2) for part in parts]
    return div(add(*deviations), constant(count, node.shape, node.dtype))


def _variance_of_array(squares: Node, centre: Node) -> Node | None:
    (x,), axes = args_of(centre), centre.param("axes")  # type: ignore[attr-defined]
    if squares.param("axes") != axes or _root_of(args_of(squares)[0]) is not x:  # type: ignore[attr-defined]
        return None
    return mean(integer_power(x - restored(centre, x, axes), n=2), axes=axes)


def _mean_of(node: Node) -> tuple[tuple[Node, ...], object]:
    """Return the terms of a sum over a number, and that number."""
    if is_applied(node, mul) and is_number(args_of(node)[0]) and is_applied(args_of(node)[1], add):
        return args_of(args_of(node)[1]), 1 / Fraction(exact(args_of(node)[0].value))  # type: ignore[attr-defined, arg-type]
    if is_applied(node, div) and is_number(args_of(node)[1]) and is_applied(args_of(node)[0], add):
        return args_of(args_of(node)[0]), exact(args_of(node)[1].value)  # type: ignore[attr-defined]
    halved = halved_terms(node)
    return (halved, 2) if halved else ((), None)


def _square_of_root_of_number(node: Apply, context: Context) -> Node | None:
    """(sqrt(2) * x)**2 is 2 * x**2: an exponential of it would magnify the error of the root."""
    (x,) = node.args
    if node.param("n") != 2 or not (is_applied(x, mul) or is_applied(x, div)):
        return None
    if is_applied(x, mul) and is_applied(args_of(x)[0], sqrt) and is_number(args_of(args_of(x)[0])[0]):
        return mul(args_of(args_of(x)[0])[0], integer_power(args_of(x)[1], n=2))
    return None


def _square_of_root(node: Apply, context: Context) -> Node | None:
    """(1 - sqrt(u)) * (1 + sqrt(u)) is 1 - u, in an adjoint: the root of what is near 1 has lost half of the difference."""
    if context.is_primal(node):
        return None
    below, above = map(_other_than_one, node.args)
    if below is None or above is None:
        return None
    if is_applied(above, neg):
        below, above = above, below
    (u,) = args_of(above) if is_applied(above, sqrt) else (None,)
    return None if u is None or _minus(below) is not above else 1 - u


# --- functions --------------------------------------------------------------------------------------------------------


def _cosh_minus_one(node: Apply, context: Context) -> Node | None:
    """cosh(x) - 1 is 2*sinh(x/2)**2."""
    terms = _two(node)
    if terms is None or not context.is_primal(node):
        return None
    for a, b in (terms, terms[::-1]):
        if is_applied(a, cosh) and is_value(b, -1):
            return 2 * integer_power(sinh(args_of(a)[0] / 2), n=2)
        if is_applied(a, neg) and is_applied(args_of(a)[0], cosh) and is_value(b, 1):
            return -2 * integer_power(sinh(args_of(args_of(a)[0])[0] / 2), n=2)
    return None


def _error_functions(node: Apply, context: Context) -> Node | None:
    """1 - erf(x) is erfc(x), 1 + erf(x) is erfc(-x), and 1 - erfc(x) is erf(x)."""
    terms = _two(node)
    if terms is None or not context.is_primal(node):
        return None
    for a, b in (terms, terms[::-1]):
        negative = is_applied(a, neg)
        function = args_of(a)[0] if negative else a
        if not (is_applied(function, erf) or is_applied(function, erfc)) or not (is_value(b, 1) or is_value(b, -1)):
            continue
        (x,) = args_of(function)
        one = is_value(b, 1)
        if is_applied(function, erfc):
            return None if negative is not one else erf(x) if one else neg(erf(x))
        tail = erfc(x) if negative is one else erfc(neg(x))
        return tail if one else neg(tail)
    return None


def _log_of_tail(node: Apply, context: Context) -> Node | None:
    """log(erfc(x)) and log(erfc(x) / 2) are finite where erfc(x) underflows."""
    (x,) = node.args
    if is_applied(x, erfc) and context.is_free(x):
        return log_erfc(*args_of(x))
    if is_applied(x, mul) and is_value(args_of(x)[0], Fraction(1, 2)) and is_applied(args_of(x)[1], erfc):
        (u,) = args_of(args_of(x)[1])
        return log_ndtr(neg(_times_root_of_two(u)))
    return None


def _times_root_of_two(u: Node) -> Node:
    """Return sqrt(2) * u: of sqrt(1/2) * x that is x."""
    if is_applied(u, neg):
        return neg(_times_root_of_two(args_of(u)[0]))
    if is_applied(u, mul) and is_applied(args_of(u)[0], sqrt) and is_number(args_of(args_of(u)[0])[0]):
        number = args_of(args_of(u)[0])[0]
        twice = constant(2 * Fraction(exact(number.value)), number.shape, number.dtype)  # type: ignore[attr-defined, arg-type]
        return args_of(u)[1] if is_value(twice, 1) else mul(sqrt(twice), args_of(u)[1])
    return mul(sqrt(constant(2, u.shape, u.dtype)), u)


def _log_of_ratio(node: Apply, context: Context) -> Node | None:
    """log(p / (1 - p)) is logit(p), and log((1 + x) / (1 - x)) is 2*arctanh(x)."""
    (x,) = node.args
    if not is_applied(x, div) or not context.is_primal(node):
        return None
    top, bottom = args_of(x)
    below = _other_than_one(bottom)
    if below is None or not is_applied(below, neg):
        return None
    (p,) = args_of(below)
    if top is p:
        return logit(p)
    return 2 * arctanh(p) if _other_than_one(top) is p else None


def _other_than_one(node: Node) -> Node | None:
    terms = _two(node)
    if terms is None:
        return None
    return next((other for one, other in (terms, terms[::-1]) if is_value(one, 1)), None)


ROWS = (
    Row("sqrt(b**2 + w) - b", (add,), _root_minus, about=(sqrt, hypot)),
    Row("1 / sqrt(1 + w) - 1", (add,), _reciprocal_root_minus_one, about=(sqrt, hypot)),
    Row("variance", (add,), _variance, about=(integer_power,)),
    Row("difference of squares", (add,), _difference_of_squares, about=(integer_power,)),
    Row("square of a root of a number", (integer_power,), _square_of_root_of_number),
    Row("square of a root", (mul,), _square_of_root, about=(sqrt,), of=(add,)),
    Row("cosh - 1", (add,), _cosh_minus_one, about=(cosh,)),
    Row("erf and erfc", (add,), _error_functions, about=(erf, erfc)),
    Row("log of erfc", (log,), _log_of_tail),
    Row("logit or arctanh", (log,), _log_of_ratio),
)
