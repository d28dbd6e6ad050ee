"""Products of a matrix with itself under weights, X.T @ (w[:, None] * X), as those of one matrix with its transpose.

BLAS computes one half of such a product, as NumPy asks it to where it sees that both are one array, and the result is
symmetric to the last bit. The weights are never negative, as those of a Hessian of a convex loss, and go to both sides
by their roots, whose rounding is that of one more product.
"""

from __future__ import annotations

from collections import Counter
from functools import reduce

from symbackprop.ir.node import Apply, Node
from symbackprop.ops.arithmetic import div, integer_power, mul
from symbackprop.ops.broadcasting import broadcast
from symbackprop.ops.contraction import einsum
from symbackprop.ops.powers import sqrt
from symbackprop.simplify.non_negative import factors_in, is_non_negative
from symbackprop.simplify.pattern import Context, Row

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
            root = mul(x, broadcast(_root(weights), shape=x.shape, axes=summed))
            return einsum(root, root, **dict(node.params))
    return None


def _weights(node: Node, x: Node, axes: tuple[int, ...]) -> Node | None:
    """Return w where `node` is x times w, repeated along all other axes."""
    if not isinstance(node, Apply) or node.op is not mul or not any(factor is x for factor in node.args):
        return None
    other = node.args[1] if node.args[0] is x else node.args[0]
    if not isinstance(other, Apply) or other.op is not broadcast or other.param("axes") != axes:
        return None
    return other.args[0]


def _root(weights: Node) -> Node:
    """Return a root of weights, of any sign: that of ``y*(e/(1 + e)**2)*y`` is ``y*(sqrt(e)/(1 + e))``."""
    if isinstance(weights, Apply) and weights.op is integer_power and weights.param("n") == 2:
        return weights.args[0]
    if isinstance(weights, Apply) and weights.op is div:
        above, below = weights.args
        if isinstance(below, Apply) and below.op is integer_power and below.param("n") == 2:
            return div(_root(above), below.args[0])
    if isinstance(weights, Apply) and weights.op is mul:
        counts = Counter(factors_in(weights))
        twice = [factor for factor, count in counts.items() for _ in range(count // 2)]
        once = [factor for factor, count in counts.items() if count % 2]
        if twice:
            return reduce(mul, [*twice, *([_root(reduce(mul, once))] if once else [])])
    return sqrt(weights)


ROWS = (Row("weighted Gram product", (einsum,), _weighted_gram, of=(mul,)),)
