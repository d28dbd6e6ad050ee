"""Operations whose derivatives are convolutions of those of their arguments: Leibniz's rule, and what follows from it.

All are derivatives and no Taylor coefficients, so that weights are integers and results need no factorials:

    (u*v)_k = sum over i of C(k, i) u_i v_{k-i}
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from math import comb, factorial, prod

from symbackprop.ir.node import Apply, Const, Node, Operation, constant
from symbackprop.ops.arithmetic import add, div, integer_power, mul, neg
from symbackprop.ops.comparison import where
from symbackprop.ops.contraction import contract, einsum
from symbackprop.ops.convolution import convolve, correlate
from symbackprop.ops.declare import Primitive
from symbackprop.ops.powers import pow_

__all__ = ["RULES", "Series", "has_negative_exponent", "negative_power", "square", "times"]

Series = Sequence[Node | None]  # a value and its derivatives along the curve; None where one is zero
Rule = Callable[[Apply, Sequence[Series], Series, int], Node | None]
"""``(node, arguments, own, order) -> derivative``: of `own` all lower orders are known, of `arguments` this one too.

Of the node only the parameters count: values are those in the series.
"""


def times(weight: int | Fraction, *factors: Node | None) -> Node | None:
    """Return a product with a number in front; None if a factor is zero."""
    known = [factor for factor in factors if factor is not None]
    if weight == 0 or len(known) < len(factors):
        return None
    product = reduce(mul, [factor for factor in known if not _is_one(factor)] or known[:1])
    return product if weight == 1 else mul(constant(weight, product.shape, product.dtype), product)


def total(terms: Sequence[Node | None]) -> Node | None:
    """Return the sum of the terms that are not zero."""
    live = [term for term in terms if term is not None]
    return add(*live) if len(live) > 1 else live[0] if live else None


def _is_one(node: Node | None) -> bool:
    return isinstance(node, Const) and type(node.value) is int and node.value == 1


def _sum(node: Apply, arguments: Sequence[Series], own: Series, order: int) -> Node | None:
    return total([series[order] for series in arguments])


def _negative(node: Apply, arguments: Sequence[Series], own: Series, order: int) -> Node | None:
    x = arguments[0][order]
    return None if x is None else neg(x)


def _product(node: Apply, arguments: Sequence[Series], own: Series, order: int) -> Node | None:
    u, v = arguments
    if u is v:
        return square(u, order)
    return total([times(comb(order, i), u[i], v[order - i]) for i in range(order, -1, -1)])


def square(u: Series, order: int) -> Node | None:
    """Return a derivative of ``u**2``: each pair of unlike orders counts twice."""
    pairs = [times(2 * comb(order, i), u[i], u[order - i]) for i in range(order // 2 + order % 2)]
    if order % 2 == 0 and (middle := u[order // 2]) is not None:
        pairs.append(times(comb(order, order // 2), integer_power(middle, n=2)))
    return total(pairs)


def _quotient(node: Apply, arguments: Sequence[Series], own: Series, order: int) -> Node | None:
    """Solve the derivative of ``v * out = u`` for that of ``out``."""
    u, v = arguments
    denominator = v[0]
    assert denominator is not None
    products = total([times(comb(order, i), v[i], own[order - i]) for i in range(1, order + 1)])
    rest = u[order] if products is None else total([u[order], neg(products)])
    return None if rest is None else div(rest, denominator)


def has_negative_exponent(node: Apply) -> bool:
    """Tell whether a power is one with a fixed negative exponent."""
    exponent = node.args[1] if node.op is pow_ else None
    return isinstance(exponent, Const) and isinstance(exponent.value, (int, float, Fraction)) and exponent.value < 0


def negative_power(node: Apply, x: Series, own: Series, order: int) -> Node | None:
    """Solve the derivative of ``x * out' = c * x' * out`` for that of ``out = x**c``.

    Only for negative c, as it divides by x: higher powers are finite where x is 0.
    """
    base, exponent = x[0], node.args[1]
    assert base is not None and isinstance(exponent, Const)
    c = Fraction(exponent.value)  # type: ignore[arg-type]  # a double is a fraction too
    terms = []
    for i in range(1, order + 1):
        weight = c * comb(order - 1, i - 1) - comb(order - 1, i)
        terms.append(times(_plain(weight), x[i], own[order - i]))
    rest = total(terms)
    return None if rest is None else div(rest, base)


def _plain(weight: Fraction) -> int | Fraction:
    return weight.numerator if weight.denominator == 1 else weight


def _choice(node: Apply, arguments: Sequence[Series], own: Series, order: int) -> Node | None:
    """Choose among the derivatives of the branches."""
    mask, a, b = arguments[0][0], arguments[1][order], arguments[2][order]
    if mask is None or (a is None and b is None):
        return None
    zero = constant(0, node.shape, node.dtype)
    return where(mask, zero if a is None else a, zero if b is None else b)


def _contraction(node: Apply, arguments: Sequence[Series], own: Series, order: int) -> Node | None:
    operands, output = node.param("operands"), node.param("output")

    def contracted(factors: Sequence[Node]) -> Node:
        return contract(factors, operands, output)  # type: ignore[arg-type]

    return _multilinear(contracted, arguments, order)


def _of_two(node: Apply, arguments: Sequence[Series], own: Series, order: int) -> Node | None:
    op, params = node.op, dict(node.params)
    assert isinstance(op, Primitive)
    return _multilinear(lambda factors: op(*factors, **params), arguments, order)


def _multilinear(made: Callable[[Sequence[Node]], Node], arguments: Sequence[Series], order: int) -> Node | None:
    """Return what Leibniz's rule says of an operation that is linear in each argument."""
    terms: list[Node | None] = []
    for orders in _shares(order, len(arguments)):
        factors = [series[i] for series, i in zip(arguments, orders, strict=True)]
        if not any(factor is None for factor in factors):
            weight = factorial(order) // prod(map(factorial, orders))
            terms.append(times(weight, made(factors)))  # type: ignore[arg-type]
    return total(terms)


def _shares(order: int, count: int) -> Iterator[tuple[int, ...]]:
    """Yield all ways in which `count` factors share an order."""
    if count == 1:
        yield (order,)
        return
    for first in range(order, -1, -1):
        for rest in _shares(order - first, count - 1):
            yield (first, *rest)


RULES: Mapping[Operation, Rule] = {
    add: _sum,
    convolve: _of_two,
    correlate: _of_two,
    div: _quotient,
    einsum: _contraction,
    mul: _product,
    neg: _negative,
    where: _choice,
}
