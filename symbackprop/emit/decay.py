"""Softplus functions of many entries and their slopes by one exponential.

``v = logaddexp(0, x)`` and its slope ``-expm1(-v)`` are few calls, which counts where arrays are small. NumPy's `exp` is
vectorised and these are not: for arrays of many entries, in buffers, ``e = exp(-abs(x))`` serves both in two thirds of
the time, as ``max(x, 0) + log1p(e)`` and as 1 or e over ``1 + e``.
"""

from __future__ import annotations

from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, Const, Node, Output, constant, make_output
from symbackprop.ops.arithmetic import neg
from symbackprop.ops.broadcasting import rebuilt
from symbackprop.ops.comparison import greater_equal, where
from symbackprop.ops.exponential import exp, expm1, log1p, logaddexp
from symbackprop.ops.extrema import relu
from symbackprop.ops.rounding import absolute

__all__ = ["with_shared_decay"]


def with_shared_decay(graph: Graph) -> Graph:
    """Return `graph` with an exponential for each softplus function whose slope it has too."""
    slopes = {node: softplus for node in graph.nodes() if (softplus := _softplus_of_slope(node)) is not None}
    if not slopes:
        return graph
    values = {*slopes.values()}
    new: dict[Node, Node] = {}
    for node in graph.nodes():
        if node in slopes:
            x = new[slopes[node].args[1]]
            new[node] = where(greater_equal(x, 0), constant(1, x.shape, x.dtype), _decay(x)) / (-1 - _decay(x))
        elif node in values:
            x = new[node.args[1]]
            new[node] = relu(x) + log1p(_decay(x))
        elif isinstance(node, Apply):
            new[node] = rebuilt(node, tuple([new[arg] for arg in node.args]))
        elif isinstance(node, Output):
            new[node] = make_output(new[node.source], node.index, node.shape, node.dtype)  # type: ignore[arg-type]
        else:
            new[node] = node
    return graph.mapped(new)


def _softplus_of_slope(node: Node) -> Apply | None:
    """Return ``logaddexp(0, x)`` of an array where `node` is its slope with the sign changed, ``expm1(-logaddexp(0, x))``."""
    if not isinstance(node, Apply) or node.op is not expm1 or not node.shape:
        return None
    (negative,) = node.args
    if not isinstance(negative, Apply) or negative.op is not neg:
        return None
    (value,) = negative.args
    if not isinstance(value, Apply) or value.op is not logaddexp:
        return None
    zero = value.args[0]
    return value if isinstance(zero, Const) and zero.value == 0 else None


def _decay(x: Node) -> Node:
    return exp(-absolute(x))
