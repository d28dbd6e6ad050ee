"""Values whose derivative is chosen: held fixed, that of something else, or a multiple of its own.

All are gone once the derivative is taken: the printed code has the value alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from symbackprop.ir.node import Apply, Const, Node, constant
from symbackprop.ops.declare import Primitive, Style
from symbackprop.ops.elementwise import elementwise

__all__ = ["scale_cotangent", "scaled", "stop_gradient", "straight_through"]

stop_gradient: Primitive = elementwise(
    "stop_gradient",
    numpy="{0}",
    math="{0}",
    partials=(None,),
    derivative="0",
    dtypes="numeric",
    lower=lambda node: node.args[0],
    points=[(0.7,), (-1.3,)],
    analytic=False,
    public=False,
    flops=0,
    memory="view",
    source="a definition: the value counts as a constant",
)

straight_through: Primitive = elementwise(
    "straight_through",
    numpy="{0}",
    math="{0}",
    partials=(None, lambda hard, soft, out: constant(1, soft.shape, soft.dtype)),
    derivative="0, 1",
    lower=lambda node: node.args[0],
    points=[(1.0, 0.7), (0.0, -1.3)],
    analytic=False,
    public=False,
    flops=0,
    memory="view",
    source="a definition: Bengio, Leonard, Courville (2013), section 4, the straight-through estimator",
)


def _scaled_text(node: Apply, style: Style) -> str:
    """Return the product; one is left out, as the cotangent of what is differentiated is."""
    cotangent, scale = node.args
    is_one = isinstance(cotangent, Const) and cotangent.value == 1
    return "{1}" if is_one and not node.shape and not isinstance(scale, Const) else "{1} * {0}"


scaled: Primitive = elementwise(
    "scaled",
    numpy=_scaled_text,
    math=_scaled_text,
    partials=(lambda g, scale, out: scale, lambda g, scale, out: g),
    derivative="s, g",
    dtypes="numeric",
    points=[(0.7, 2.0), (-1.3, 0.5)],
    public=False,
    source="a product that no rewrite moves: what is too small for a short dtype is made larger where this stands",
)


def _scale_cotangent_vjp(g: Node, out: Apply) -> Sequence[Node | None]:
    return scaled(g, out.args[1]), None


scale_cotangent: Primitive = elementwise(
    "scale_cotangent",
    numpy="{0}",
    math="{0}",
    partials=(lambda x, scale, out: scale, None),
    vjp=_scale_cotangent_vjp,
    derivative="s, 0",
    dtypes="numeric",
    lower=lambda node: node.args[0],
    points=[(0.7, 2.0), (-1.3, 0.5)],
    analytic=False,
    public=False,
    flops=0,
    memory="view",
    source="a definition: Micikevicius et al. (2018), section 3.2, loss scaling",
)
