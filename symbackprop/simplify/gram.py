"""Products of a matrix with itself under weights, X.T @ (w[:, None] * X), as those of one matrix with its transpose.

BLAS computes one half of such a product, as NumPy asks it to where it sees that both are one array, and the result is
symmetric to the last bit. The weights are never negative, as those of a Hessian of a convex loss, and go to both sides
by their roots, whose rounding is that of one more product.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from functools import reduce

from symbackprop.ir.node import Apply, Node, constant
from symbackprop.ops.arithmetic import div, integer_power, mul, neg
from symbackprop.ops.broadcasting import broadcast
from symbackprop.ops.contraction import einsum
from symbackprop.ops.exponential import exp
from symbackprop.ops.hyperbolic import cosh
from symbackprop.ops.powers import sqrt
from symbackprop.ops.rounding import absolute
from symbackprop.simplify.applied import args_of, is_applied
from symbackprop.simplify.non_negative import factors_in, is_non_negative
from symbackprop.simplify.numbers import is_value
from symbackprop.simplify.pattern import Context, Row
from symbackprop.simplify.places import rest_of_one_plus

__all__ = ["ROWS", "multiplies_products"]


def multiplies_products(node: Node) -> bool:
    """Tell whether `node` is a product of two matrices, one of which is a product of entries."""
    if not isinstance(node, Apply) or node.op is not einsum or node.rank != 2 or len(node.args) != 2:
        return False
    return any(isinstance(arg, Apply) and arg.op is mul and arg.rank == 2 for arg in node.args)


def _weighted_gram(node: Apply, context: Context) -> Node | None:
    """X.T @ (w[:, None] * X) is Z.T @ Z with Z = sqrt(w)[:, None] * X."""
    if not multiplies_products(node):
        return None
    operands: tuple[tuple[int, ...], ...] = node.param("operands")  # type: ignore[assignment]
    for at in (0, 1):
        x, weighted, own = node.args[1 - at], node.args[at], operands[at]
        summed = tuple(axis for axis, index in enumerate(own) if index in operands[1 - at])
        if x.rank != 2 or weighted.rank != 2 or len(summed) != 1 or operands[1 - at].index(own[summed[0]]) != summed[0]:
            continue
        weights = _weights(weighted, x, summed)
        if weights is not None and context.is_free(weighted) and is_non_negative(weights):
            scale, root = _root(weights, context)
            rows = mul(x, broadcast(root, shape=x.shape, axes=summed))
            product = einsum(rows, rows, **dict(node.params))
            return product if scale == 1 else mul(constant(scale**2, node.shape, node.dtype), product)
    return None


def _weights(node: Node, x: Node, axes: tuple[int, ...]) -> Node | None:
    """Return w where `node` is x times w, repeated along all other axes."""
    if not isinstance(node, Apply) or node.op is not mul or not any(factor is x for factor in node.args):
        return None
    other = node.args[1] if node.args[0] is x else node.args[0]
    if not isinstance(other, Apply) or other.op is not broadcast or other.param("axes") != axes:
        return None
    return other.args[0]


def _root(weights: Node, context: Context) -> tuple[Fraction, Node]:
    """Return a number and an array whose product is a root of weights, of any sign.

    That of the slope of the logistic function is ``1/(2*cosh(x/2))``, whose overflow is harmless, and that of
    ``y*w*y`` is y times that of `w`.
    """
    logistic = _argument_of_slope(weights, context)
    if logistic is not None:
        return Fraction(1, 2), div(1, cosh(Fraction(1, 2) * logistic))
    if isinstance(weights, Apply) and weights.op is mul:
        counts = Counter(factors_in(weights))
        twice = [factor for factor, count in counts.items() for _ in range(count // 2)]
        once = [factor for factor, count in counts.items() if count % 2]
        if twice and not once:
            return Fraction(1), reduce(mul, twice)
        if twice:
            scale, root = _root(reduce(mul, once), context)
            outer = reduce(mul, twice)
            if isinstance(root, Apply) and root.op is div and is_value(root.args[0], 1):
                return scale, div(outer, root.args[1])
            return scale, mul(outer, root)
    return Fraction(1), sqrt(weights)


def _argument_of_slope(node: Node, context: Context) -> Node | None:
    """Return x where `node` is ``e/(1 + e)**2`` with ``e = exp(-abs(x))``, which nothing else needs."""
    if not isinstance(node, Apply) or node.op is not div:
        return None
    decay, square = node.args
    if not isinstance(square, Apply) or square.op is not integer_power or square.param("n") != 2:
        return None
    if not is_applied(decay, exp) or rest_of_one_plus(square.args[0]) is not decay or context.uses(decay) != 2:
        return None
    (exponent,) = args_of(decay)
    if not is_applied(exponent, neg) or not is_applied(args_of(exponent)[0], absolute):
        return None
    return args_of(args_of(exponent)[0])[0]


ROWS = (Row("weighted Gram product", (einsum,), _weighted_gram, of=(mul,)),)
