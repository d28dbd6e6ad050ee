"""Arrays whose entries are written out, one by one: ``np.array([[a, b], [c, d]])``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from math import prod

from symbackprop.errors import ShapeError
from symbackprop.ir.dtype import is_float, is_narrow
from symbackprop.ir.node import Apply, Const, Node, Shape, constant, make_input
from symbackprop.ir.size import shape_text
from symbackprop.ops.broadcasting import converted
from symbackprop.ops.declare import Primitive, Style, linear
from symbackprop.ops.indexing import slice_

__all__ = ["literal", "literal_of"]

_ON_ONE_LINE = 8  # entries
_INDENT = "\n        "


def _infer(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    shape: Shape = params["shape"]  # type: ignore[assignment]
    if prod(shape) != len(args) or any(arg.shape for arg in args):
        raise ShapeError(f"{len(args)} entries for an array of shape {shape_text(shape)}")
    return shape, args[0].dtype


def _text(node: Apply, style: Style) -> str:
    """Return the nested lists of the entries, a line for each row where there are many."""
    rows = [f"{{{i}}}" for i in range(len(node.args))]
    long = len(rows) > _ON_ONE_LINE and len(node.shape) > 1
    for axis in reversed(range(len(node.shape))):
        size = node.shape[axis]
        assert isinstance(size, int)
        between = f",{_INDENT}" if long and axis < len(node.shape) - 1 else ", "
        rows = [f"[{between.join(rows[i : i + size])}]" for i in range(0, len(rows), size)]
    dtype = f", dtype={style.dtype(node.dtype)}" if is_narrow(node.dtype) else ""
    return f"np.array({rows[0]}{dtype})"


def _entries(g: Node, out: Apply) -> list[Node | None]:
    """Return each entry of the cotangent; numbers take none."""
    positions = product(*(range(size) for size in out.shape))  # type: ignore[arg-type]
    return [
        None if isinstance(arg, Const) or not is_float(arg.dtype) else slice_(g, bounds=position)
        for arg, position in zip(out.args, positions, strict=True)
    ]


literal: Primitive = linear(
    "literal",
    arity=None,
    numpy=_text,
    math=_text,
    infer=_infer,
    transpose=_entries,
    samples=lambda: [
        literal(constant(0.5), constant(2.0), shape=(2,)),
        literal(*(make_input(i, (), "float64") for i in range(6)), shape=(2, 3)),
    ],
    flops=0,
    public=False,
    derivative="the entries of the cotangent",
    source="a choice of entries",
)


def literal_of(nodes: Sequence[Node], dtype: str) -> Node | None:
    """Return scalars, or arrays that are written out, joined along a new first axis; None for others."""
    entries: list[Node] = []
    for node in nodes:
        if not node.shape:
            entries.append(node)
        elif isinstance(node, Apply) and node.op is literal:
            entries.extend(node.args)
        elif isinstance(node, Const) and all(isinstance(size, int) for size in node.shape):
            count: int = prod(node.shape)  # type: ignore[arg-type]
            entries.extend([constant(node.value, (), node.dtype)] * count)
        else:
            return None
    if not entries:
        return None
    typed = [converted(entry, dtype) for entry in entries]
    return literal(*typed, shape=(len(nodes), *nodes[0].shape))
