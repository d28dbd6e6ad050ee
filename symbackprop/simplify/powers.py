"""Products of powers, powers of sums of negated terms, and coefficients that a shared factor brings along.

SymPy spreads powers over products, ``(a*b)**2`` to ``a**2*b**2``, so that most models from it arrive in that form; put
together again they take fewer operations, and their derivative too.
"""

from __future__ import annotations

from symbackprop.ir.node import Apply, Const, Node
from symbackprop.ops.arithmetic import add, integer_power, mul, neg
from symbackprop.simplify.numbers import exact, is_number, times
from symbackprop.simplify.pattern import Context, Row

__all__ = ["ROWS"]


def _is(node: Node, op: object) -> bool:
    return isinstance(node, Apply) and node.op is op


def _args(node: Node) -> tuple[Node, ...]:
    assert isinstance(node, Apply)
    return node.args


def _product_of_powers(node: Apply, context: Context) -> Node | None:
    """a**n * b**n is (a * b)**n, as accurate, and no sooner infinite or zero than the one with the powers is."""
    a, b = node.args
    if not (_is(a, integer_power) and _is(b, integer_power) and context.is_free(a) and context.is_free(b)):
        return None
    n = a.param("n")  # type: ignore[attr-defined]
    if a is b or n != b.param("n"):  # type: ignore[attr-defined]
        return None
    return integer_power(mul(_args(a)[0], _args(b)[0]), n=n)


def _power_of_negated_sum(node: Apply, context: Context) -> Node | None:
    """(-a - b)**2 is (a + b)**2, bit by bit; likewise for every even power."""
    (x,) = node.args
    if node.param("n") % 2 or not _is(x, add) or not context.is_free(x):  # type: ignore[operator]
        return None
    if not all(_is(term, neg) for term in _args(x)):
        return None
    return integer_power(add(*(_args(term)[0] for term in _args(x))), n=node.param("n"))


def _coefficient_of_factor(node: Apply, context: Context) -> Node | None:
    """2 * ((a / 2) * b), where others need a / 2 too, is a * b.

    Coefficients that do not cancel stay where they are: gathered along a chain, as the 2 of each square in it, they would
    grow beyond all bounds while what they multiply underflows.
    """
    number, product = node.args
    if not is_number(number) or not _is(product, mul) or not context.is_free(product):
        return None
    for shared, other in (_args(product), _args(product)[::-1]):
        if _is(shared, mul) and is_number(_args(shared)[0]):
            inner, rest = _args(shared)
            assert isinstance(number, Const) and isinstance(inner, Const)
            if times(exact(number.value), exact(inner.value)) == 1:
                return mul(rest, other) if shared is _args(product)[0] else mul(other, rest)
    return None


ROWS = (
    Row("product of powers", (mul,), _product_of_powers),
    Row("power of negated sum", (integer_power,), _power_of_negated_sum),
    Row("coefficient of factor", (mul,), _coefficient_of_factor),
)
