"""Single entries: of arrays that are written out, of products of arrays, and of what is 0 but for one of them.

Derivatives by entries of an array are made of these: a unit vector picks a column, and needs no product.
"""

from __future__ import annotations

from itertools import product

from symbackprop.ir.node import Apply, Const, Node
from symbackprop.ops.broadcasting import broadcast
from symbackprop.ops.contraction import Indices, contract, einsum
from symbackprop.ops.indexing import Bounds, place, slice_
from symbackprop.ops.layout import concatenate, transpose
from symbackprop.ops.literal import literal, literal_of
from symbackprop.simplify.pattern import Context, Row

__all__ = ["ROWS"]

_MOST = 64  # entries that are written out


def _entry_of_written(node: Apply, context: Context) -> Node | None:
    """An entry of ``[a, b]`` is a or b, a row of a matrix that is written out is written out."""
    (x,) = node.args
    bounds: Bounds = node.param("bounds")  # type: ignore[assignment]
    fixed = [bound for bound in bounds if bound is not None]
    if not isinstance(x, Apply) or x.op is not literal or not all(isinstance(bound, int) for bound in fixed):
        return None
    sizes: list[int] = [*x.shape]  # type: ignore[list-item]
    chosen = [
        arg
        for index, arg in zip(product(*map(range, sizes)), x.args, strict=True)
        if all(b is None or i == b % size for i, b, size in zip(index, bounds, sizes, strict=True))  # type: ignore[operator]
    ]
    return literal(*chosen, shape=node.shape) if node.shape else chosen[0]


def _transposed_written(node: Apply, context: Context) -> Node | None:
    """The transpose of a matrix that is written out is written out."""
    (x,) = node.args
    if not isinstance(x, Apply) or x.op is not literal or not context.is_free(x):
        return None
    axes: tuple[int, ...] = node.param("axes")  # type: ignore[assignment]
    sizes: list[int] = [*x.shape]  # type: ignore[list-item]
    known = dict(zip(product(*map(range, sizes)), x.args, strict=True))
    entries = []
    for index in product(*(range(sizes[axis]) for axis in axes)):
        source = [0] * len(axes)
        for place_, axis in zip(index, axes, strict=True):
            source[axis] = place_
        entries.append(known[tuple(source)])
    return literal(*entries, shape=node.shape)


def _rows_of_written(node: Apply, context: Context) -> Node | None:
    """Rows that are written out make a matrix that is."""
    if node.param("axis") != 0 or node.rank < 2:
        return None
    rows = [_row(arg, context) for arg in node.args]
    if any(row is None for row in rows) or len(rows) != node.shape[0]:
        return None
    found = literal_of([row for row in rows if row is not None], node.dtype)
    return found if isinstance(found, Apply) and len(found.args) <= _MOST else None


def _row(node: Node, context: Context) -> Node | None:
    """Return what a new first axis was added to, if that is written out."""
    if not isinstance(node, Apply) or node.op is not broadcast or not context.is_free(node):
        return None
    (x,) = node.args
    axes: tuple[int, ...] = node.param("axes")  # type: ignore[assignment]
    adds_one = axes == tuple(range(1, node.rank)) and node.shape[0] == 1
    is_written = isinstance(x, Const) or (isinstance(x, Apply) and x.op is literal and context.is_free(x))
    return x if adds_one and is_written else None


def _contract_placed(node: Apply, context: Context) -> Node | None:
    """A product with an array that is 0 but at one position of an axis, summed over the axis, reads at that position."""
    operands: tuple[Indices, ...] = node.param("operands")  # type: ignore[assignment]
    output: Indices = node.param("output")  # type: ignore[assignment]
    for number, arg in enumerate(node.args):
        if not isinstance(arg, Apply) or arg.op is not place or len(arg.args) != 1:
            continue
        parts: tuple[Bounds] = arg.param("bounds")  # type: ignore[assignment]
        (bounds,) = parts
        at = {i: b for i, b in zip(operands[number], bounds, strict=True) if isinstance(b, int) and i not in output}
        if not at or not all(bound is None or isinstance(bound, int) for bound in bounds):
            continue
        left = [(axis, bound) for axis, bound in enumerate(bounds) if operands[number][axis] not in at]
        inner = arg.args[0]
        if any(bound is not None for _, bound in left):
            shape = tuple(arg.shape[axis] for axis, _ in left)
            inner = place(inner, shape=shape, bounds=(tuple(bound for _, bound in left),))
        factors = [
            inner if i == number else _at(other, indices, at)
            for i, (other, indices) in enumerate(zip(node.args, operands, strict=True))
        ]
        kept = [tuple(index for index in indices if index not in at) for indices in operands]
        return contract(factors, kept, output)
    return None


def _entry_of_product(node: Apply, context: Context) -> Node | None:
    """An entry of a product of arrays, of which nothing else is needed, is a product of parts of them."""
    (x,) = node.args
    bounds: Bounds = node.param("bounds")  # type: ignore[assignment]
    if not isinstance(x, Apply) or x.op is not einsum or not context.is_free(x):
        return None
    output: Indices = x.param("output")  # type: ignore[assignment]
    operands: tuple[Indices, ...] = x.param("operands")  # type: ignore[assignment]
    at = {index: bound for index, bound in zip(output, bounds, strict=True) if isinstance(bound, int)}
    if not at or not all(bound is None or isinstance(bound, int) for bound in bounds):
        return None
    parts = [_at(arg, indices, at) for arg, indices in zip(x.args, operands, strict=True)]
    kept = [tuple(index for index in indices if index not in at) for indices in operands]
    return contract(parts, kept, tuple(index for index in output if index not in at))


def _at(node: Node, indices: Indices, at: dict[int, int]) -> Node:
    """Return the part of an operand at positions of some indices."""
    bounds = tuple(at.get(index) for index in indices)
    return node if all(bound is None for bound in bounds) else slice_(node, bounds=bounds)


ROWS = (
    Row("entry of written numbers", (slice_,), _entry_of_written, of=(literal,)),
    Row("transpose of written numbers", (transpose,), _transposed_written, of=(literal,)),
    Row("rows of written numbers", (concatenate,), _rows_of_written, of=(broadcast,)),
    Row("contraction with a unit vector", (einsum,), _contract_placed, of=(place,)),
    Row("entry of a contraction", (slice_,), _entry_of_product, of=(einsum,)),
)
