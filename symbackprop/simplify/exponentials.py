"""Sums, differences and quotients of exponentials, which overflow or cancel as they are written.

Every row is equal over the reals where what it replaces is defined.
"""

from __future__ import annotations

from collections.abc import Sequence

from symbackprop.ir.node import Apply, Node, constant
from symbackprop.ops.arithmetic import add, div, integer_power, mul, neg
from symbackprop.ops.cancelling import log_one_minus_exp, reciprocal_expm1, reciprocal_expm1_slope
from symbackprop.ops.exponential import exp, expm1, log, log1p, logaddexp
from symbackprop.ops.hyperbolic import cosh, sinh, tanh
from symbackprop.ops.logistic import expit
from symbackprop.ops.powers import sqrt
from symbackprop.simplify.applied import args_of, is_applied
from symbackprop.simplify.non_negative import is_non_negative
from symbackprop.simplify.numbers import exact, is_modest, is_number, is_value
from symbackprop.simplify.pattern import Context, Row
from symbackprop.simplify.places import factors_of, rest_of_one_plus, terms_of, with_factor

__all__ = ["OF_ONE_SIGN", "OF_SIGNS", "ROWS"]

_TERMS = 8


def _logarithms(terms: Sequence[Node]) -> list[Node] | None:
    """Return the logarithms of exponentials and positive numbers; None where anything else is among them."""
    found: list[Node] = []
    for term in terms:
        if is_applied(term, exp):
            found.append(args_of(term)[0])
        elif is_value(term, 1):
            found.append(constant(0, term.shape, term.dtype))
        elif is_number(term) and exact(term.value) > 0:  # type: ignore[attr-defined, operator]
            found.append(log(term))
        else:
            return None
    return found


def _combined(logarithms: Sequence[Node]) -> Node:
    total = logarithms[0]
    for logarithm in logarithms[1:]:
        total = logaddexp(total, logarithm)
    return total


# --- logarithms -------------------------------------------------------------------------------------------------------


def _log_of_sum(node: Apply, context: Context) -> Node | None:
    """log(exp(x) + exp(y) + exp(z)) is logaddexp(logaddexp(x, y), z); so is log1p of all but a 1."""
    (x,) = node.args
    terms = terms_of(x)
    if not 1 < len(terms) <= _TERMS or not context.is_primal(node):
        return None
    logarithms = _logarithms(terms)
    if logarithms is None or not any(is_applied(term, exp) for term in terms):
        return None
    return _combined([constant(0, x.shape, x.dtype), *logarithms] if node.op is log1p else logarithms)


def _log_of_difference(node: Apply, context: Context) -> Node | None:
    """log(1 - exp(x)) is that of two numbers that do not cancel, and log(exp(x) - exp(y)) is x + log(1 - exp(y - x))."""
    (x,) = node.args
    if node.op is log1p:
        return (
            log_one_minus_exp(*args_of(args_of(x)[0]))
            if is_applied(x, neg) and is_applied(args_of(x)[0], exp)
            else None
        )
    if is_applied(x, neg) and is_applied(args_of(x)[0], expm1):
        return log_one_minus_exp(*args_of(args_of(x)[0]))
    if not is_applied(x, add) or len(args_of(x)) != 2:
        return None
    a, b = args_of(x) if is_applied(args_of(x)[1], neg) else args_of(x)[::-1]
    if is_applied(a, exp) and is_applied(b, neg) and is_applied(args_of(b)[0], exp):
        (larger,), (smaller,) = args_of(a), args_of(args_of(b)[0])
        return add(larger, log_one_minus_exp(smaller - larger))
    return None


def _log_of_multiple(node: Apply, context: Context) -> Node | None:
    """log(exp(x) / c) is x - log(c), with a modest positive number c; likewise for a sum of exponentials, as in their mean.

    The exponentials underflow or overflow where what they are of does not.
    """
    (x,) = node.args
    if not (is_applied(x, mul) or is_applied(x, div)) or not context.is_primal(node):
        return None
    a, b = args_of(x)
    if is_applied(x, mul) and _is_positive(a) and _is_of_exponentials(b, a, context):
        return add(log(b), log(a))
    if is_applied(x, div) and _is_positive(b) and _is_of_exponentials(a, b, context):
        return add(log(a), neg(log(b)))
    return None


def _is_of_exponentials(node: Node, c: Node, context: Context) -> bool:
    """Tell whether a node is an exponential, or a sum of some that nothing else needs, and `c` no more than their number.

    The logarithms of a sum and of c cancel where that of the quotient is near 0: rounding log(c) must not be what counts.
    """
    if is_applied(node, exp):
        return True
    terms = terms_of(node)
    if not 1 < len(terms) <= _TERMS or not context.is_free(node) or not is_number(c):
        return False
    number = exact(c.value)  # type: ignore[attr-defined]
    return all(is_applied(term, exp) for term in terms) and 1 <= number * _TERMS <= _TERMS**2  # type: ignore[operator]


def _log_of_exp_again(node: Apply, context: Context) -> Node | None:
    """log1p(expm1(x)) is x, which neither underflows nor overflows."""
    (x,) = node.args
    return args_of(x)[0] if is_applied(x, expm1) else None


def _exp_again(node: Apply, context: Context) -> Node | None:
    """1 + expm1(x) is exp(x), which does not cancel."""
    rest = rest_of_one_plus(node)
    return exp(*args_of(rest)) if rest is not None and is_applied(rest, expm1) else None


def _is_positive(number: Node) -> bool:
    """Tell whether a constant is a modest positive number, or the root of one."""
    if is_applied(number, sqrt):
        return number.weak
    return is_number(number) and exact(number.value) > 0 and is_modest(number)  # type: ignore[attr-defined, operator]


# --- quotients --------------------------------------------------------------------------------------------------------


def _share_of_exponentials(node: Apply, context: Context) -> Node | None:
    """exp(x) / (exp(x) + exp(y) + exp(z)) is expit(x - log(exp(y) + exp(z))), where nothing else needs the sum."""
    top, bottom = node.args
    if (
        not is_applied(top, exp)
        or not is_applied(bottom, add)
        or not context.is_primal(node)
        or not context.is_free(bottom)
    ):
        return None
    terms = terms_of(bottom)
    rest = [term for term in terms if term is not top]
    logarithms = _logarithms(rest)
    if not rest or len(rest) != len(terms) - 1 or logarithms is None or len(rest) > _TERMS:
        return None
    return expit(args_of(top)[0] - _combined(logarithms))


def _hyperbolic(node: Apply, context: Context) -> Node | None:
    """(exp(x) - exp(-x)) / (exp(x) + exp(-x)) is tanh(x); with any x and y it is tanh((x - y) / 2)."""
    top, bottom = node.args
    if is_applied(top, sinh) and is_applied(bottom, cosh) and args_of(top) == args_of(bottom):
        return tanh(*args_of(top))
    if is_applied(top, cosh) and is_applied(bottom, sinh) and args_of(top) == args_of(bottom):
        return div(1, tanh(*args_of(top)))
    difference, total = _exponents(top, -1), _exponents(bottom, 1)
    if difference is None or total is None or set(difference) != set(total) or not context.is_primal(node):
        return None
    x, y = difference
    return tanh(x if neg(x) is y or neg(y) is x else (x - y) / 2)


def _exponents(node: Node, sign: int) -> tuple[Node, Node] | None:
    """Return x and y of exp(x) + exp(y), or of exp(x) - exp(y)."""
    if not is_applied(node, add) or len(args_of(node)) != 2:
        return None
    a, b = args_of(node)
    if sign < 0:
        if is_applied(a, neg):
            a, b = b, a
        if not is_applied(b, neg):
            return None
        (b,) = args_of(b)
    return (args_of(a)[0], args_of(b)[0]) if is_applied(a, exp) and is_applied(b, exp) else None


def _half_of_exponentials(node: Apply, context: Context) -> Node | None:
    """(exp(x) - exp(-x)) / 2 is sinh(x), and (exp(x) + exp(-x)) / 2 is cosh(x)."""
    number, total = node.args
    if not is_number(number) or exact(number.value) * 2 != 1 or not context.is_primal(node):  # type: ignore[attr-defined, operator]
        return None
    for sign, function in ((-1, sinh), (1, cosh)):
        found = _exponents(total, sign)
        if found is not None and (neg(found[0]) is found[1] or neg(found[1]) is found[0]):
            return function(found[0])
    return None


def _over_expm1(node: Apply, context: Context) -> Node | None:
    """a / (exp(x) - 1) is a * (1 / expm1(x)), which is 0 where the exponential overflows; with c * (exp(x) - 1) likewise.

    1 / expm1(x) is divided by c before anything else: that leaves the range of doubles only where the product with c does.
    """
    top, bottom = node.args
    if not context.is_primal(node):
        return None
    if is_applied(bottom, expm1):
        share = reciprocal_expm1(*args_of(bottom))
        return share if is_value(top, 1) else mul(top, share)
    if not is_applied(bottom, mul) or not context.is_free(bottom):
        return None
    for root, c in (args_of(bottom), args_of(bottom)[::-1]):
        if is_applied(root, expm1):
            share = div(reciprocal_expm1(*args_of(root)), c)
            return share if is_value(top, 1) else mul(top, share)
    return None


def _over_square_of_expm1(node: Apply, context: Context) -> Node | None:
    """exp(x) / (exp(x) - 1)**2 is even, and what it is of -|x| does not overflow."""
    top, bottom = node.args
    if not is_applied(bottom, integer_power) or bottom.param("n") != 2 or not context.is_primal(node):  # type: ignore[attr-defined]
        return None
    (root,) = args_of(bottom)
    if not is_applied(root, expm1):
        return None
    (x,) = args_of(root)
    for factor, place in factors_of(top):
        if is_applied(factor, exp) and args_of(factor)[0] is x:
            return with_factor(top, place, reciprocal_expm1_slope(x))
    return None


def _over_expm1_of_one_sign(node: Apply, context: Context) -> Node | None:
    """1 / expm1(x) needs no choice where the sign of x is known: where it is positive, it is exp(-x) / -expm1(-x)."""
    (x,) = node.args
    if is_applied(x, neg):
        return div(1, expm1(x)) if is_non_negative(args_of(x)[0]) else None
    return neg(div(exp(neg(x)), expm1(neg(x)))) if is_non_negative(x) else None


ROWS = (
    Row("log of exponentials", (log, log1p), _log_of_sum),
    Row("log of a difference of exponentials", (log, log1p), _log_of_difference),
    Row("log of a multiple of an exponential", (log,), _log_of_multiple),
    Row("log of exp", (log1p,), _log_of_exp_again),
    Row("1 + expm1", (add,), _exp_again, about=(expm1,)),
    Row("share of exponentials", (div,), _share_of_exponentials),
    Row("tanh", (div,), _hyperbolic),
    Row("sinh or cosh", (mul,), _half_of_exponentials, about=(exp,), of=(add,)),
    Row("over expm1", (div,), _over_expm1),
    Row("over the square of expm1", (div,), _over_square_of_expm1),
)

# Once nothing is differentiated any more: before that a derivative is known of the whole.
OF_SIGNS = frozenset((reciprocal_expm1,))
OF_ONE_SIGN = (Row("over expm1 of one sign", (reciprocal_expm1,), _over_expm1_of_one_sign),)
