"""Values whose derivative is chosen: held fixed, or that of something else.

Both are gone once the derivative is taken: the printed code has the value alone.
"""

from __future__ import annotations

from symbackprop.ir.node import constant
from symbackprop.ops.declare import Primitive
from symbackprop.ops.elementwise import elementwise

__all__ = ["stop_gradient", "straight_through"]

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
