"""Arrays that depend on nothing but their size."""

from __future__ import annotations

from collections.abc import Mapping

from symbackprop.ir.node import Apply, Node, Shape
from symbackprop.ops.declare import Primitive, Style, linear

__all__ = ["arange"]


def _infer_arange(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    return (params["size"],), "int64"  # type: ignore[return-value]


def _arange_text(node: Apply, style: Style) -> str:
    return f"np.arange({style.size(node.shape[0])})"


arange: Primitive = linear(
    "arange",
    arity=0,
    numpy=_arange_text,
    infer=_infer_arange,
    transpose=lambda g, out: (),
    samples=lambda: [arange(size=4)],
    flops=0,
    public=False,
    derivative="none",
    source="a constant",
)
