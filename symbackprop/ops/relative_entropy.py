"""Terms of the relative entropy of two densities, which are infinite where an argument is negative."""

from __future__ import annotations

from symbackprop.ir.node import Node
from symbackprop.ops.comparison import equal, where
from symbackprop.ops.declare import Primitive
from symbackprop.ops.elementwise import elementwise
from symbackprop.ops.exponential import log
from symbackprop.ops.scipy_text import called

__all__ = ["kl_div", "rel_entr"]

_POINTS = [(0.7, 1.9), (2.0, 0.3), (1.0, 1.5)]
_DOMAIN = "x, y > 0, or x = 0 and y >= 0"


def _ratio(x: Node, y: Node) -> Node:
    """Return x / y, and 0 where x is."""
    return x / where(equal(x, 0), 1, y)


rel_entr: Primitive = elementwise(
    "rel_entr",
    numpy=called("rel_entr"),
    math="math.inf if {0} < 0.0 else 0.0 if {0} == 0.0 and {1} >= 0.0 else {0} * math.log({0} / {1})",
    partials=(lambda x, y, out: log(x / y) + 1, lambda x, y, out: -_ratio(x, y)),
    derivative="log(x/y) + 1, -x/y",
    points=_POINTS,
    safe=(1.0, 1.0),
    domain=_DOMAIN,
    kinks="at x = 0 the derivative in x is that from the right, -inf",
    analytic=False,
    flops=20,
    source="rel_entr(x, y) = x*log(x/y), product rule",
)

kl_div: Primitive = elementwise(
    "kl_div",
    numpy=called("kl_div"),
    math="math.inf if {0} < 0.0 else {1} if {0} == 0.0 and {1} >= 0.0 else {0} * math.log({0} / {1}) - {0} + {1}",
    partials=(lambda x, y, out: log(x / y), lambda x, y, out: 1 - _ratio(x, y)),
    derivative="log(x/y), 1 - x/y",
    points=_POINTS,
    safe=(1.0, 1.0),
    domain=_DOMAIN,
    kinks="at x = 0 the derivative in x is that from the right, -inf",
    analytic=False,
    flops=20,
    source="kl_div(x, y) = x*log(x/y) - x + y, product rule",
)
