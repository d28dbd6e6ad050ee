"""Arrays that depend on nothing but their size, and those whose entries are written out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from symbackprop.errors import ShapeError
from symbackprop.ir.node import Apply, Const, Node, Shape, constant
from symbackprop.ir.size import shape_text
from symbackprop.ops.declare import Primitive, Style, linear

__all__ = ["arange", "literal", "literal_of"]


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


def _infer_literal(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    shape: Shape = params["shape"]  # type: ignore[assignment]
    if prod(shape) != len(args):
        raise ShapeError(f"{len(args)} numbers for an array of shape {shape_text(shape)}")
    return shape, args[0].dtype


def _literal_text(node: Apply, style: Style) -> str:
    rows = [f"{{{i}}}" for i in range(len(node.args))]
    for size in reversed(node.shape):
        assert isinstance(size, int)
        rows = [f"[{', '.join(rows[i : i + size])}]" for i in range(0, len(rows), size)]
    dtype = f", dtype={style.dtype(node.dtype)}" if node.dtype == "float32" else ""
    return f"np.array({rows[0]}{dtype})"


literal: Primitive = linear(
    "literal",
    arity=None,
    numpy=_literal_text,
    infer=_infer_literal,
    transpose=lambda g, out: [None] * len(out.args),
    samples=lambda: [literal(constant(0.5), constant(2.0), shape=(2,))],
    flops=0,
    public=False,
    derivative="none",
    source="a constant",
)


def literal_of(nodes: Sequence[Node], dtype: str) -> Node | None:
    """Return numbers, or arrays of numbers that are written out, joined along a new first axis; None for others."""
    entries: list[Node] = []
    for node in nodes:
        if isinstance(node, Const) and not node.shape:
            entries.append(node)
        elif isinstance(node, Apply) and node.op is literal:
            entries.extend(node.args)
        else:
            return None
    typed = [constant(entry.value, (), dtype) for entry in entries]  # type: ignore[attr-defined]
    return literal(*typed, shape=(len(nodes), *nodes[0].shape))
