"""Sums, products, quotients and powers: constants, identities, signs, like terms, squares.

Signs move outwards and rational coefficients to the front, so that ``2*r`` and ``-(x/y)`` have one form each. Only
sums that the reverse pass made are flattened: terms never cancel across parentheses that the user wrote.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from symbackprop.ir.node import Apply, Const, Node, constant
from symbackprop.ops.arithmetic import add, div, integer_exponent, integer_power, mul, neg
from symbackprop.ops.comparison import where
from symbackprop.ops.exponential import exp, log
from symbackprop.ops.powers import pow_, power, sqrt
from symbackprop.simplify.applied import args_of, is_applied
from symbackprop.simplify.numbers import (
    exact,
    folded,
    is_below_zero,
    is_dyadic,
    is_modest,
    is_number,
    is_value,
    minus,
    plus,
    quotient,
    times,
)
from symbackprop.simplify.pattern import Context, Row
from symbackprop.simplify.quotients import (
    cancel_constant,
    cancel_power,
    cancel_product,
    cancel_quotient,
    common_denominator,
    divide_constants,
    is_product_with_reused,
    power_of_reciprocal_root,
    reuse_reciprocal,
)

__all__ = ["ROWS", "has_coefficient"]


_SCALED = (mul, neg)  # what a term with a coefficient is


# --- sums -------------------------------------------------------------------------------------------------------------


def _flatten_left(node: Apply, context: Context) -> Node | None:
    """(a + b) + c is added up in the same order as a + b + c."""
    first = node.args[0]
    if is_applied(first, add) and context.is_free(first) and not context.is_primal(first):
        return add(*args_of(first), *node.args[1:])
    return None


def _coefficient(term: Node) -> tuple[object, Node]:
    """Split a term into a rational coefficient and the rest."""
    if isinstance(term, Apply):
        if term.op is neg:
            value, rest = _coefficient(term.args[0])
            return minus(value), rest  # type: ignore[arg-type]
        if term.op is mul and is_number(term.args[0]):
            assert isinstance(term.args[0], Const)
            return exact(term.args[0].value), term.args[1]
    return 1, term


def _collect(node: Apply, context: Context) -> Node | None:
    """Add up like terms and constants; drop zeros."""
    args = node.args
    if len(args) == 1:
        return args[0]
    if not any(isinstance(term, Const) or term.op in _SCALED for term in args) and len({*args}) == len(args):
        return None
    totals: dict[Node | None, object] = {}
    for term in args:
        if isinstance(term, Const) and exact(term.value) is not None:
            key, value = None, exact(term.value)
        else:
            value, key = _coefficient(term)  # type: ignore[assignment]
        known = totals.get(key)
        totals[key] = value if known is None else plus(known, value)  # type: ignore[arg-type]
        if totals[key] is None:
            return None
    if len(totals) == len(args) and totals.get(None) != 0:
        return None
    terms = [_term(value, key, node) for key, value in totals.items() if value != 0]
    if any(term is None for term in terms):
        return None
    if not terms:
        return constant(0, node.shape, node.dtype)
    return terms[0] if len(terms) == 1 else add(*terms)  # type: ignore[arg-type]


def _term(value: object, rest: Node | None, like: Node) -> Node | None:
    if rest is None:
        return folded(value, like)  # type: ignore[arg-type]
    if value == 1:
        return rest
    if value == -1:
        return neg(rest)
    if isinstance(value, (int, Fraction)) and value < 0:
        coefficient = folded(minus(value), like)
        return None if coefficient is None else neg(mul(coefficient, rest))
    coefficient = folded(value, like)  # type: ignore[arg-type]
    return None if coefficient is None else mul(coefficient, rest)


def _lead_with_positive(node: Apply, context: Context) -> Node | None:
    """-a + b prints as b - a."""
    if is_applied(node.args[0], neg) and not context.is_primal(node):
        for position, term in enumerate(node.args):
            if not is_applied(term, neg):
                return add(term, *node.args[:position], *node.args[position + 1 :])
        if all(is_applied(term, neg) for term in node.args):
            return neg(add(*(args_of(term)[0] for term in node.args)))
    return None


# --- products ---------------------------------------------------------------------------------------------------------


def _multiply_constants(node: Apply, context: Context) -> Node | None:
    a, b = node.args
    if (isinstance(b, Const) and not isinstance(a, Const)) or (b.weak and not a.weak):
        return mul(b, a)
    if isinstance(a, Const) and exact(a.value) in (0, 1):
        return b if exact(a.value) == 1 else constant(0, node.shape, node.dtype)
    if (
        a.weak
        and not b.weak
        and is_applied(b, mul)
        and args_of(b)[0].weak
        and not (isinstance(a, Const) and is_number(args_of(b)[0]))
    ):
        return mul(mul(a, args_of(b)[0]), args_of(b)[1])
    if not isinstance(a, Const):
        return None
    value = exact(a.value)
    if isinstance(b, Const):
        return folded(times(value, exact(b.value)), node)
    if value == 0:
        return constant(0, node.shape, node.dtype)
    if value == 1:
        return b
    if value is not None and is_below_zero(value):
        positive = folded(minus(value), a)
        return None if positive is None else neg(mul(positive, b))
    if is_applied(b, mul) and isinstance(args_of(b)[0], Const):
        inner, rest = args_of(b)
        product = folded(times(value, exact(inner.value)), node)  # type: ignore[attr-defined]
        return None if product is None else mul(product, rest)
    if is_applied(b, div) and (context.is_free(b) or isinstance(args_of(b)[0], Const)):
        return _scale_quotient(node, value, b)
    return None


def _scale_quotient(node: Apply, value: object, b: Node) -> Node | None:
    top, bottom = args_of(b)
    if isinstance(top, Const):
        product = folded(times(value, exact(top.value)), node)  # type: ignore[arg-type]
        return None if product is None else div(product, bottom)
    if is_applied(top, mul) and is_number(args_of(top)[0]) and times(value, exact(args_of(top)[0].value)) == 1:  # type: ignore
        return div(args_of(top)[1], bottom)
    if isinstance(bottom, Const):
        ratio = quotient(value, exact(bottom.value))  # type: ignore[arg-type]
        scale = folded(ratio, node) if is_dyadic(ratio) else None
        return None if scale is None else mul(scale, top)
    return None


def _lift_sign(node: Apply, context: Context) -> Node | None:
    """(-a) * b is -(a * b), and so for quotients."""
    a, b = node.args
    make: Callable[[Node, Node], Node] = node.op  # type: ignore[assignment]
    if is_applied(a, neg) and is_applied(b, neg):
        return make(args_of(a)[0], args_of(b)[0])
    if is_applied(a, neg):
        return neg(make(args_of(a)[0], b))
    return neg(make(a, args_of(b)[0])) if is_applied(b, neg) else None


def has_coefficient(node: Node) -> bool:
    """Tell whether an operand of a product has a number before it, which may go to the whole where nobody else needs it."""
    return any(is_applied(arg, mul) and args_of(arg)[0].weak for arg in args_of(node))


def _lift_coefficient(node: Apply, context: Context) -> Node | None:
    """A * (2 * b) is 2 * (a * b), where nobody else needs 2 * b."""
    a, b = node.args
    for left, right in ((a, b), (b, a)):
        if (
            is_applied(right, mul)
            and not right.weak
            and args_of(right)[0].weak
            and context.is_free(right)
            and not left.weak
        ):
            coefficient, rest = args_of(right)
            if is_modest(coefficient):
                return mul(coefficient, mul(rest, b) if right is a else mul(a, rest))
    return None


def _multiply_quotient(node: Apply, context: Context) -> Node | None:
    """A * (1 / b) is a / b."""
    a, b = node.args
    if is_product_with_reused(node, context):
        return None
    if a.weak and b.weak and is_applied(b, div) and is_value(args_of(b)[0], 1):
        return div(a, args_of(b)[1])
    if is_applied(b, div) and not b.weak and context.is_free(b) and is_number(args_of(b)[0]):
        top, bottom = args_of(b)
        return div(mul(top, a), bottom)
    if is_applied(a, div) and not a.weak and context.is_free(a) and is_number(args_of(a)[0]) and not is_number(b):
        top, bottom = args_of(a)
        return div(mul(top, b), bottom)
    return None


def _reuse_product(node: Apply, context: Context) -> Node | None:
    """(a * b) * c is a * (b * c), where the formula computes b * c anyway."""
    left, c = node.args
    if (
        not is_applied(left, mul)
        or not context.is_paired(mul, c)
        or not context.is_free(left)
        or context.is_primal(node)
    ):
        return None
    for a, b in (args_of(left), args_of(left)[::-1]):
        for pair in ((b, c), (c, b)):
            known = context.pair(mul, *pair, node.dtype)
            if known is not None and context.is_primal(known) and not (a.weak or b.weak or c.weak):
                return mul(a, known)
    return None


def _divide_by_number(node: Apply, context: Context) -> Node | None:
    """x / 2 is 0.5 * x and x / sqrt(2) is sqrt(0.5) * x, as accurate; in an adjoint 1 / c goes to other constants."""
    x, number = node.args
    if x.weak:
        return None
    if isinstance(number, Const):
        scale = _reciprocal(number)
        return None if scale is None else mul(scale, x)
    if is_applied(number, sqrt) and isinstance(args_of(number)[0], Const):
        inside = _reciprocal(args_of(number)[0])
        if inside is not None:
            return mul(sqrt(inside), x)
    if isinstance(number, Apply) and number.weak and not context.is_primal(node):
        return mul(div(1, number), x)
    return None


def _reciprocal(number: Node) -> Const | None:
    """Return the reciprocal of a constant, where a product with it is as accurate as the quotient."""
    assert isinstance(number, Const)
    value = quotient(1, exact(number.value))
    return folded(value, number) if is_dyadic(value) else None


def _square(node: Apply, context: Context) -> Node | None:
    a, b = node.args
    return integer_power(a, n=2) if a is b else None


def _commute(node: Apply, context: Context) -> Node | None:
    """x*y and y*x are one node, in the order met first."""
    a, b = node.args
    swapped = context.pair(node.op, b, a, node.dtype)
    if swapped is not None:
        return swapped
    context.remember(node)
    return None


def _commute_sum(node: Apply, context: Context) -> Node | None:
    if len(node.args) != 2:
        return None
    return _commute(node, context)


def _choose_factor(node: Apply, context: Context) -> Node | None:
    """where(c, 0, 1) * y is where(c, 0, y), and for scalars where(c, 0, x) * y is where(c, 0, x * y)."""
    for choice, factor in (node.args, node.args[::-1]):
        if not is_applied(choice, where) or isinstance(factor, Const):
            continue
        condition, a, b = args_of(choice)
        zeros = [is_value(branch, 0) for branch in (a, b)]
        ones = [is_value(branch, 1) for branch in (a, b)]
        plain = (zeros[0] or ones[0]) and (zeros[1] or ones[1])
        free = context.is_free(choice)
        if (plain and (free or not node.shape)) or (free and not node.shape and any(zeros)):
            return where(condition, mul(a, factor), mul(b, factor))
    return None


# --- signs, powers ---------------------------------------------------------------------------------------------------


def _negate(node: Apply, context: Context) -> Node | None:
    (x,) = node.args
    if isinstance(x, Const):
        return folded(minus(exact(x.value)), node)
    if is_applied(x, neg):
        return args_of(x)[0]
    if is_applied(x, add) and len(args_of(x)) == 2 and is_applied(args_of(x)[1], neg) and context.is_free(x):
        a, b = args_of(x)
        if not (is_number(a) and is_applied(args_of(b)[0], integer_power)):  # 1 - y**2 is known, as the slope of tanh
            return add(args_of(b)[0], neg(a))
    return None


def _integer_power(node: Apply, context: Context) -> Node | None:
    (x,) = node.args
    n: int = node.param("n")  # type: ignore[assignment]
    if n in (0, 1):
        return integer_exponent(x, n)
    if is_applied(x, integer_power):
        return integer_power(args_of(x)[0], n=n * x.param("n"))  # type: ignore[attr-defined]
    if is_applied(x, neg):
        even = integer_power(args_of(x)[0], n=n)
        return even if n % 2 == 0 else neg(even)
    if is_applied(x, sqrt) and n % 2 == 0:
        return integer_exponent(args_of(x)[0], n // 2)
    if isinstance(x, Const) and n <= 64:
        value, result = exact(x.value), exact(1)
        for _ in range(n):
            result = times(result, value)
        return folded(result, node)
    return None


def _power(node: Apply, context: Context) -> Node | None:
    x, y = node.args
    if isinstance(y, Const):
        value = exact(y.value)
        if isinstance(value, int):
            return power(x, constant(value, y.shape, y.dtype))
        if value is not None and value == quotient(1, 2):
            return sqrt(x)
        if value is not None and value == quotient(-1, 2):
            return div(1, sqrt(x))
    return None


def _inverse_pair(node: Apply, context: Context) -> Node | None:
    """log(exp(x)) is x; exp(log(x)) is x where log(x) is."""
    (x,) = node.args
    return args_of(x)[0] if is_applied(x, log if node.op is exp else exp) else None


ROWS = (
    Row("flatten sum", (add,), _flatten_left, of=(add,)),
    Row("collect terms", (add,), _collect),
    Row("lead with a positive term", (add,), _lead_with_positive, of=(neg,)),
    Row("commuted sum", (add,), _commute_sum),
    Row("multiply constants", (mul,), _multiply_constants),
    Row("lift sign", (mul, div), _lift_sign, of=(neg,)),
    Row("lift coefficient", (mul,), _lift_coefficient, of=(mul,)),
    Row("multiply by quotient", (mul,), _multiply_quotient, of=(div,)),
    Row("square", (mul,), _square),
    Row("reuse product", (mul,), _reuse_product, of=(mul,)),
    Row("divide by number", (div,), _divide_by_number),
    Row("choose factor", (mul,), _choose_factor, of=(where,)),
    Row("commuted product", (mul,), _commute),
    Row("divide constants", (div,), divide_constants),
    Row("cancel quotient", (div,), cancel_quotient, of=(div, mul, integer_power)),
    Row("cancel product", (mul,), cancel_product, of=(div,)),
    Row("cancel power", (mul,), cancel_power, about=(div,), of=(div, mul, neg, integer_power)),
    Row("cube of reciprocal root", (mul,), power_of_reciprocal_root, about=(sqrt,), of=(div, mul, neg, integer_power)),
    Row("cancel constant", (mul, div), cancel_constant, of=(div, mul)),
    Row("reuse reciprocal", (div,), reuse_reciprocal),
    Row("common denominator", (add,), common_denominator, of=(div, mul, neg)),
    Row("negate", (neg,), _negate, of=(Const, neg, add)),
    Row("integer power", (integer_power,), _integer_power),
    Row("power", (pow_,), _power, of=(Const,)),
    Row("inverse pair", (exp, log), _inverse_pair, of=(exp, log)),
)
