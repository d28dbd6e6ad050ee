"""Sparse matrices, as results: what `scipy.sparse` makes of entries and their places. Nothing is computed of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbackprop.errors import ShapeError
from symbackprop.ir.node import Apply, Input, Node, Shape
from symbackprop.ir.size import shape_text
from symbackprop.ops.declare import Primitive, Style, custom

__all__ = ["csr_array", "entries_array", "held_by", "parts_of"]


def _infer(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    entries, *places = args
    masks = len(places) - 2  # what is kept comes last
    dtypes = ["int64", "int64", *["bool"] * masks]
    if any(arg.rank != 1 for arg in args) or [place.dtype for place in places] != dtypes:
        shapes = ", ".join(shape_text(arg.shape) for arg in args)
        raise ShapeError(f"a sparse matrix is made of vectors of entries and of places, not of shapes {shapes}")
    return params["shape"], entries.dtype  # type: ignore[return-value]


def _no_tangent(tangents: Sequence[Node | None], out: Apply) -> Node | None:
    return None


def _no_cotangents(g: Node, out: Apply) -> Sequence[Node | None]:
    return [None] * len(out.args)


def _csr_text(node: Apply, style: Style) -> str:
    """Return a matrix that holds its parts as they are; of inputs, which stay the caller's, it holds copies."""
    parts = (f"{{{i}}}.copy()" if isinstance(part, Input) else f"{{{i}}}" for i, part in enumerate(node.args))
    return f"sparse.csr_array(({', '.join(parts)}), shape={style.shape(node.shape)})"


def _entries_text(node: Apply, style: Style) -> str:
    """Return a matrix of entries and their places, or of those that a mask keeps."""
    entries, rows, columns = (f"{{{i}}}{'[{3}]' if len(node.args) > 3 else ''}" for i in range(3))
    return f"sparse.coo_array(({entries}, ({rows}, {columns})), shape={style.shape(node.shape)}).tocsr()"


csr_array: Primitive = custom(
    "csr_array",
    arity=3,
    numpy=_csr_text,
    infer=_infer,
    vjp=_no_cotangents,
    jvp=_no_tangent,
    public=False,
    flops=0,
    source="compressed sparse rows: entries, their columns, and where each row begins",
)

entries_array: Primitive = custom(
    "entries_array",
    arity=None,
    numpy=_entries_text,
    infer=_infer,
    vjp=_no_cotangents,
    jvp=_no_tangent,
    public=False,
    flops=1,
    source="entries, their rows, their columns, and which are kept if not all; what has the same place is added up",
)


def held_by(result: Node) -> tuple[Node, ...]:
    """Return the arrays that a result holds: itself, and its entries and places if it is a matrix that does not copy them."""
    if not isinstance(result, Apply) or result.op is not csr_array:
        return (result,)
    return (result, *(part for part in result.args if not isinstance(part, Input)))


def parts_of(matrix: Node) -> dict[Node, str]:
    """Return what a sparse matrix is made of, by what it is called; without what is short to write."""
    assert isinstance(matrix, Apply)
    names = ("entries", "columns") if matrix.op is csr_array else ("entries", "rows", "columns", "kept")
    return {part: name for part, name in zip(matrix.args, names, strict=False) if isinstance(part, Apply) and part.args}
