"""Products of powers, powers of sums of negated terms, common factors, and coefficients that shared factors bring.

SymPy spreads powers over products, ``(a*b)**2`` to ``a**2*b**2``, so that most models from it arrive in that form; put
together again they take fewer operations, and their derivative too.
"""

from __future__ import annotations

from fractions import Fraction

from symbackprop.ir.node import Apply, Const, Node, constant
from symbackprop.ops.arithmetic import add, integer_power, mul, neg
from symbackprop.ops.powers import pow_, power
from symbackprop.ops.rounding import absolute
from symbackprop.simplify.applied import args_of, is_applied
from symbackprop.simplify.numbers import exact, is_number, times
from symbackprop.simplify.pattern import Context, Row

__all__ = ["ROWS"]

_TERMS = 8  # of sums, and
_FACTORS = 8  # of products, in which a common factor is looked for


def _product_of_powers(node: Apply, context: Context) -> Node | None:
    """a**n * b**n is (a * b)**n, as accurate, and no sooner infinite or zero than the one with the powers is."""
    a, b = node.args
    if not (
        is_applied(a, integer_power) and is_applied(b, integer_power) and context.is_free(a) and context.is_free(b)
    ):
        return None
    n = a.param("n")  # type: ignore[attr-defined]
    if a is b or n != b.param("n"):  # type: ignore[attr-defined]
        return None
    return integer_power(mul(args_of(a)[0], args_of(b)[0]), n=n)


def _power_of_even_power(node: Apply, context: Context) -> Node | None:
    """(x**2)**1.5 is abs(x)**3, whose derivatives at 0 are finite where they exist, and which overflows no sooner."""
    x, y = node.args
    exponent = exact(y.value) if is_number(y) else None  # type: ignore[attr-defined]
    if exponent is None or not is_applied(x, integer_power) or x.param("n") % 2:  # type: ignore[attr-defined]
        return None
    return power(absolute(args_of(x)[0]), constant(times(exponent, x.param("n")), y.shape, y.dtype))  # type: ignore[attr-defined, arg-type]


def _integer_power_of_power(node: Apply, context: Context) -> Node | None:
    """(x**1.5)**2 is x**3 where x**1.5 is: both have no negative x."""
    (x,) = node.args
    if not is_applied(x, pow_) or not is_number(args_of(x)[1]) or not context.is_free(x):
        return None
    base, y = args_of(x)
    exponent = times(exact(y.value), node.param("n"))  # type: ignore[attr-defined, arg-type]
    if not isinstance(exponent, (int, Fraction)):
        return None
    if Fraction(exponent).denominator == 1 and not (isinstance(base, Apply) and base.op is absolute):
        return None  # an integer one would take negative numbers too
    return power(base, constant(exponent, y.shape, y.dtype))


def _power_of_negated_sum(node: Apply, context: Context) -> Node | None:
    """(-a - b)**2 is (a + b)**2, bit by bit; likewise for every even power."""
    (x,) = node.args
    if node.param("n") % 2 or not is_applied(x, add) or not context.is_free(x):  # type: ignore[operator]
        return None
    if not all(is_applied(term, neg) for term in args_of(x)):
        return None
    return integer_power(add(*(args_of(term)[0] for term in args_of(x))), n=node.param("n"))


def _coefficient_of_factor(node: Apply, context: Context) -> Node | None:
    """2 * ((a / 2) * b), where others need a / 2 too, is a * b.

    Coefficients that do not cancel stay where they are: gathered along a chain, as the 2 of each square in it, they would
    grow beyond all bounds while what they multiply underflows.
    """
    number, product = node.args
    if not is_number(number) or not is_applied(product, mul) or not context.is_free(product):
        return None
    for shared, other in (args_of(product), args_of(product)[::-1]):
        if is_applied(shared, mul) and is_number(args_of(shared)[0]):
            inner, rest = args_of(shared)
            assert isinstance(number, Const) and isinstance(inner, Const)
            if times(exact(number.value), exact(inner.value)) == 1:
                return mul(rest, other) if shared is args_of(product)[0] else mul(other, rest)
    return None


# --- common factors of adjoints ---------------------------------------------------------------------------------------


def _common_factor(node: Apply, context: Context) -> Node | None:
    """g*a + g*b*c is g*(a + b*c): one product saved for each term; a number is taken out where nothing else is."""
    if context.is_primal(node) or len(node.args) > _TERMS:
        return None
    terms = [_factors(term, context) for term in node.args]
    if any(len(factors) < 2 for _, factors in terms):
        return None
    for factor in sorted(terms[0][1], key=lambda factor: isinstance(factor, Const)):
        if all(any(factor is f for f in factors) for _, factors in terms):
            return mul(factor, add(*(_without(factors, factor, negative) for negative, factors in terms)))
    return None


def _factors(term: Node, context: Context) -> tuple[bool, list[Node]]:
    """Return the sign and the factors of a product that nothing else needs; no factors where there is none."""
    negative = is_applied(term, neg)
    inner = args_of(term)[0] if negative else term
    if not is_applied(inner, mul) or not context.is_free(term):
        return negative, []
    factors: list[Node] = []
    stack = [*reversed(args_of(inner))]
    while stack:
        part = stack.pop()
        if is_applied(part, mul) and not part.weak and context.is_free(part) and len(factors) + len(stack) < _FACTORS:
            stack += reversed(args_of(part))
        elif is_applied(part, integer_power) and part.param("n") == 2 and context.is_free(part):  # type: ignore[attr-defined]
            factors += [args_of(part)[0]] * 2
        else:
            factors.append(part)
    return negative, factors


def _without(factors: list[Node], factor: Node, negative: bool) -> Node:
    place = next(i for i, other in enumerate(factors) if other is factor)
    rest = factors[:place] + factors[place + 1 :]
    product = rest[0]
    for other in rest[1:]:
        product = mul(product, other)
    return neg(product) if negative else product


ROWS = (
    Row("product of powers", (mul,), _product_of_powers, of=(integer_power,)),
    Row("power of even power", (pow_,), _power_of_even_power, of=(integer_power,)),
    Row("integer power of power", (integer_power,), _integer_power_of_power, of=(pow_,)),
    Row("power of negated sum", (integer_power,), _power_of_negated_sum, of=(add,)),
    Row("coefficient of factor", (mul,), _coefficient_of_factor, of=(Const,)),
    Row("common factor", (add,), _common_factor, of=(mul, neg)),
)
