"""Diagonal matrices: their sums along an axis are the diagonal, and, last of all, they are written by their name.

The diagonal of what is computed entry by entry is computed of diagonals.

Until the code is printed a vector on a diagonal is ``where(rows == columns, v, 0)``, which merges with other masks.
Where it is left at the end it prints as ``np.diag(v)``, and the sum of a diagonal as ``np.trace(A)``.
"""

from __future__ import annotations

from symbackprop.ir.dtype import is_float
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, Const, Node, constant, make_apply
from symbackprop.ir.size import Size
from symbackprop.ops.arithmetic import add, mul
from symbackprop.ops.broadcasting import broadcast, reduce_sum
from symbackprop.ops.comparison import equal, where
from symbackprop.ops.contraction import Indices, contract, einsum
from symbackprop.ops.creation import arange, eye
from symbackprop.ops.declare import Primitive
from symbackprop.ops.layout import diagonal, diagonal_matrix, identity_mask, trace, transpose
from symbackprop.simplify.pattern import Context, Rewrites, Row, rewrite

__all__ = ["ROWS", "written_out"]


def _is_mask(x: Node) -> bool:
    """Tell whether `x` is the mask of the diagonal of a square matrix."""
    if isinstance(x, Apply) and x.op is broadcast and x.shape == x.args[0].shape:
        x = x.args[0]
    return x.rank == 2 and isinstance(x, Apply) and x.op is equal and x is identity_mask(x.shape[0])


def _masked(x: Node) -> Node | None:
    """Return what is on the diagonal of a square matrix that is 0 elsewhere, as a matrix."""
    if not isinstance(x, Apply) or x.op is not where or x.rank != 2:
        return None
    mask, values, rest = x.args
    return values if _is_mask(mask) and isinstance(rest, Const) and rest.value == 0 else None


def _sum_of_diagonal_matrix(node: Apply, context: Context) -> Node | None:
    """The sum over rows, or columns, of a matrix with entries on its diagonal alone is its diagonal."""
    (x,) = node.args
    if len(node.param("axes")) != 1:  # type: ignore[arg-type]
        return None
    if isinstance(x, Apply) and x.op is diagonal_matrix:
        return x.args[0]
    values = _masked(x)
    if values is None:
        return None
    if isinstance(values, Apply) and values.op is broadcast:
        axes: tuple[int, ...] = values.param("axes")  # type: ignore[assignment]
        return values.args[0] if axes else broadcast(values.args[0], shape=node.shape, axes=())
    return constant(values.value, node.shape, node.dtype) if isinstance(values, Const) else diagonal(values)


def _contract_diagonal_matrix(node: Apply, context: Context) -> Node | None:
    """In diag(v) @ A, and in any contraction, a diagonal matrix is the vector on its diagonal."""
    operands: tuple[Indices, ...] = node.param("operands")  # type: ignore[assignment]
    output: Indices = node.param("output")  # type: ignore[assignment]
    for position, arg in enumerate(node.args):
        vector = None if context.is_named(arg) else _on_diagonal(arg)
        kept, gone = operands[position] if vector is not None else (0, 0)
        if vector is None or (kept in output and gone in output):
            continue
        if gone in output:
            kept, gone = gone, kept
        args = [vector if i == position else other for i, other in enumerate(node.args)]
        renamed = [tuple(kept if index == gone else index for index in own) for own in operands]
        return contract(args, [(kept,) if i == position else own for i, own in enumerate(renamed)], output)
    return None


def _on_diagonal(x: Node) -> Node | None:
    """Return the vector on the diagonal of a matrix that is 0 elsewhere."""
    if isinstance(x, Apply) and x.op is diagonal_matrix:
        return x.args[0]
    values = _masked(x)
    if not isinstance(values, Apply) or values.op is not broadcast or len(values.param("axes")) != 1:  # type: ignore
        return None
    return values.args[0]


def _diagonal(node: Apply, context: Context) -> Node | None:
    """The diagonal of a matrix whose entries are computed one by one needs only those on the diagonal."""
    (x,) = node.args
    if x.rank != 2 or not isinstance(x, Apply) or not is_float(x.dtype) or context.is_named(x):
        return None
    if x.op is diagonal_matrix:
        return x.args[0]
    if x.op is eye and x.param("k") == 0:
        return constant(1, node.shape, node.dtype)
    if x.op is transpose:
        return diagonal(x.args[0])
    if x.op is broadcast:
        (source,) = x.args
        return source if source.rank == 1 else broadcast(source, shape=node.shape, axes=()) if not source.rank else None
    values = _masked(x)
    if values is not None:
        return _of_diagonal(values)
    is_entrywise = x.op is add or (isinstance(x.op, Primitive) and x.op.kind == "elementwise")
    if not is_entrywise or any(arg.shape != x.shape or not is_float(arg.dtype) for arg in x.args):
        return None
    return make_apply(x.op, tuple(map(_of_diagonal, x.args)), x.params, node.shape, node.dtype)


def _of_diagonal(x: Node) -> Node:
    return constant(x.value, x.shape[:1], x.dtype) if isinstance(x, Const) else diagonal(x)


ROWS = (
    Row("sum of a diagonal matrix", (reduce_sum,), _sum_of_diagonal_matrix, arrays=True, of=(diagonal_matrix, where)),
    Row("contraction with a diagonal matrix", (einsum,), _contract_diagonal_matrix, of=(diagonal_matrix, where)),
    Row("diagonal of entries", (diagonal,), _diagonal),
)


# --- at the end -------------------------------------------------------------------------------------------------------


def _diagonal_matrix(node: Apply, context: Context) -> Node | None:
    values = _masked(node)
    if not is_float(node.dtype):
        return None
    if isinstance(values, Const):
        return _times_identity(constant(values.value, (), node.dtype), node.shape[0])
    if not isinstance(values, Apply) or values.op is not broadcast:
        return None
    return diagonal_matrix(values.args[0]) if len(values.param("axes")) == 1 else None  # type: ignore[arg-type]


def _multiple_of_identity(node: Apply, context: Context) -> Node | None:
    """One number all along the diagonal is that many times the identity."""
    (x,) = node.args
    if not is_float(node.dtype):
        return None
    if isinstance(x, Const):
        return _times_identity(constant(x.value, (), node.dtype), node.shape[0])
    if isinstance(x, Apply) and x.op is broadcast and not x.args[0].shape:
        return _times_identity(x.args[0], node.shape[0])
    return None


def _times_identity(number: Node, size: Size) -> Node:
    identity = eye(rows=size, columns=size, k=0, dtype=number.dtype)
    return identity if isinstance(number, Const) and number.value == 1 else mul(number, identity)


def _trace(node: Apply, context: Context) -> Node | None:
    (x,) = node.args
    if node.shape or not isinstance(x, Apply) or x.op is not diagonal or x.rank != 1 or context.is_named(x):
        return None
    return trace(x.args[0])


_LAST = (
    Row("diagonal matrix", (where,), _diagonal_matrix),
    Row("multiple of the identity", (diagonal_matrix,), _multiple_of_identity),
    Row("trace", (reduce_sum,), _trace),
)


def written_out(graph: Graph, log: Rewrites) -> Graph:
    """Return `graph` with diagonal matrices and traces as what they are called."""
    return rewrite(graph, _LAST, log) if graph.applies(arange, diagonal, diagonal_matrix) else graph
