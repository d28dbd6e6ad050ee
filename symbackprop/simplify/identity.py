"""Identity matrices: in a contraction they rename an index, or take the diagonal of what they meet; what else is done to them.

Their sums are ones, their transpose they are themselves, and an equation for their columns is solved by the inverse.
"""

from __future__ import annotations

from symbackprop.ir.node import Apply, Node, constant
from symbackprop.ops.broadcasting import reduce_sum
from symbackprop.ops.contraction import Indices, contract, einsum
from symbackprop.ops.creation import eye
from symbackprop.ops.indexing import Bounds, slice_
from symbackprop.ops.layout import diagonal_matrix, transpose
from symbackprop.ops.solves import inv, solve
from symbackprop.simplify.pattern import Context, Row

__all__ = ["ROWS"]


def _is_identity(node: Node) -> bool:
    return isinstance(node, Apply) and node.op is eye and node.shape[0] == node.shape[1] and node.param("k") == 0


def _contract_identity(node: Apply, context: Context) -> Node | None:
    """The sum over j of I[i, j] * x[j] is x[i], and that over i and j of I[i, j] * A[i, j] is the trace."""
    operands: tuple[Indices, ...] = node.param("operands")  # type: ignore[assignment]
    output: Indices = node.param("output")  # type: ignore[assignment]
    for position, arg in enumerate(node.args):
        if not _is_identity(arg):
            continue
        kept, gone = operands[position]
        if gone in output:
            kept, gone = gone, kept
        if gone in output:  # both: a diagonal matrix
            continue
        rest = [other for i, other in enumerate(node.args) if i != position]
        renamed = [
            tuple(kept if index == gone else index for index in indices)
            for i, indices in enumerate(operands)
            if i != position
        ]
        return contract(rest, renamed, output)
    return None


def _sum_of_identity(node: Apply, context: Context) -> Node | None:
    """The rows and the columns of I add up to ones, all of it to n."""
    (x,) = node.args
    if not _is_identity(x):
        return None
    ones = constant(1, node.shape, node.dtype)
    return ones if node.rank else constant(x.shape[0], (), node.dtype)


def _transposed_identity(node: Apply, context: Context) -> Node | None:
    """The transpose of I, or of another diagonal matrix, is that itself, and that of rows and columns chosen of I are columns and rows chosen so."""
    (x,) = node.args
    if node.rank != 2:
        return None
    if _is_identity(x) or (isinstance(x, Apply) and x.op is diagonal_matrix):
        return x
    if not isinstance(x, Apply) or x.op is not slice_ or not _is_identity(x.args[0]):
        return None
    bounds: Bounds = x.param("bounds")  # type: ignore[assignment]
    return slice_(x.args[0], bounds=bounds[::-1])


def _solved_identity(node: Apply, context: Context) -> Node | None:
    """The solutions of A X = I are the inverse of A."""
    a, b = node.args
    return inv(a) if _is_identity(b) and a.rank == 2 else None


def _inverse_of_transpose(node: Apply, context: Context) -> Node | None:
    """The inverse of a transpose is the transpose of the inverse."""
    (x,) = node.args
    if node.rank != 2 or not isinstance(x, Apply) or x.op is not transpose:
        return None
    return transpose(inv(x.args[0]), axes=(1, 0))


ROWS = (
    Row("transpose of the identity", (transpose,), _transposed_identity, of=(eye, diagonal_matrix, slice_)),
    Row("equation for the identity", (solve,), _solved_identity, of=(eye,)),
    Row("inverse of a transpose", (inv,), _inverse_of_transpose, of=(transpose,)),
    Row("sum of the identity", (reduce_sum,), _sum_of_identity, of=(eye,)),
    Row("contraction with the identity", (einsum,), _contract_identity, of=(eye,)),
)
