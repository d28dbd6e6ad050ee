"""Functions that grow as squares do near 0 and as absolute values do far from it."""

from __future__ import annotations

from symbackprop.ir.node import Apply, Node
from symbackprop.ops.declare import Primitive
from symbackprop.ops.elementwise import elementwise
from symbackprop.ops.extrema import minimum, relu
from symbackprop.ops.rounding import absolute, sign

__all__ = ["huber"]


def _lower(node: Apply) -> Node:
    """Return c * (|r| - c/2) with c = min(|r|, delta), of which the derivative is made too."""
    delta, r = node.args
    c = minimum(absolute(r), delta)
    return c * (absolute(r) - c / 2)


huber: Primitive = elementwise(
    "huber",
    numpy="np.where(np.abs({1}) <= {0}, 0.5 * {1} * {1}, {0} * (np.abs({1}) - 0.5 * {0}))",
    math="0.5 * {1} * {1} if abs({1}) <= {0} else {0} * (abs({1}) - 0.5 * {0})",
    partials=(
        lambda delta, r, out: relu(absolute(r) - delta),
        lambda delta, r, out: sign(r) * minimum(absolute(r), delta),
    ),
    derivative="max(|r| - delta, 0), sign(r)*min(|r|, delta)",
    lower=_lower,
    points=[(1.0, 0.5), (0.5, 1.7), (0.5, -1.7), (2.0, -0.3)],
    domain="delta >= 0",
    analytic=False,
    flops=8,
    source="Huber (1964), Robust estimation of a location parameter",
)
