"""What works row by row: row `i` of the result needs row `i` of some arguments and the whole of others.

Rows lie along the first axis. Sums over all rows are sums of what each has. A product of matrices is neither: BLAS is
faster at the whole of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from symbackprop.ir.graph import children, topological
from symbackprop.ir.node import Apply, Const, Node, constant, make_apply
from symbackprop.ir.size import Size
from symbackprop.ops.arithmetic import add
from symbackprop.ops.broadcasting import broadcast, cast, reduce_sum, reshape
from symbackprop.ops.contraction import einsum
from symbackprop.ops.contraction_text import lies_transposed
from symbackprop.ops.declare import Primitive
from symbackprop.ops.indexing import Bounds, place, slice_
from symbackprop.ops.layout import concatenate, transpose
from symbackprop.ops.polynomials import powers_by_column
from symbackprop.ops.reduction import largest, mean, smallest

__all__ = [
    "constant_rows",
    "is_look",
    "number_rows",
    "numbers_among",
    "of_rows",
    "sliced_args",
    "summed_args",
    "turned_among",
]

Flags = tuple[bool, ...]  # for each argument whether it is needed row by row
_REDUCTIONS = (reduce_sum, largest, smallest, mean)


def sliced_args(node: Apply) -> Flags | None:
    """Return which arguments are needed row by row, and which as a whole; None if `node` does not work row by row."""
    op = node.op
    if not node.shape or not isinstance(op, Primitive):
        return None
    every = (True,) * len(node.args)
    if _is_entrywise(node) and op.lines is None:
        return every
    if op is broadcast:
        return (0 in node.param("axes"),)  # type: ignore[operator]
    if op in _REDUCTIONS:
        return None if 0 in node.param("axes") else every  # type: ignore[operator]
    if op is powers_by_column:
        return every
    if op is transpose:
        return every if node.param("axes")[0] == 0 else None  # type: ignore[index]
    if op is reshape:
        return every if node.args[0].shape[:1] == node.shape[:1] else None
    if op is slice_:
        return every if node.param("bounds")[0] is None else None  # type: ignore[index]
    if op is place:
        return every if all(bounds[0] is None for bounds in node.param("bounds")) else None  # type: ignore[attr-defined]
    if op is concatenate:
        return every if node.param("axis") else None
    return _contracted_in_rows(node) if op is einsum else None


def summed_args(node: Apply) -> Flags | None:
    """Return which arguments are needed row by row, where `node` is a sum over all rows; None where it is none.

    Rows that are added to others at some distance, as the derivatives of neighbours are, count as such a sum.
    """
    if node.op in (reduce_sum, mean):
        return (True,) if 0 in node.param("axes") else None  # type: ignore[operator]
    if node.op is place and all(_is_moved(bounds) for bounds in node.param("bounds")):  # type: ignore[attr-defined]
        lengths = {arg.shape[0] for arg in node.args}
        return (True,) * len(node.args) if len(lengths) == 1 else None
    if node.op is not einsum or node.rank > 1:  # a matrix of sums is a product of matrices
        return None
    operands: tuple[tuple[int, ...], ...] = node.param("operands")  # type: ignore[assignment]
    output: tuple[int, ...] = node.param("output")  # type: ignore[assignment]
    for index in operands[0]:
        if index not in output and all(index not in own or own[0] == index for own in operands):
            return tuple(index in own for own in operands)
    return None


def _is_moved(bounds: Bounds) -> bool:
    """Tell whether rows are written among other rows, all of them some places further down."""
    (first, *others) = bounds
    if not isinstance(first, tuple) or any(bound is not None for bound in others):
        return False
    start, _, step = first
    return step == 1 and (start is None or (isinstance(start, int) and start >= 0))


def _contracted_in_rows(node: Apply) -> Flags | None:
    operands: tuple[tuple[int, ...], ...] = node.param("operands")  # type: ignore[assignment]
    output: tuple[int, ...] = node.param("output")  # type: ignore[assignment]
    row = output[0]
    if any(row in own and own[0] != row for own in operands):
        return None
    flags = tuple(row in own for own in operands)
    contracted = {index for own in operands for index in own if index not in output}
    for own, sliced in zip(operands, flags, strict=True):
        if not sliced and not contracted.isdisjoint(own) and not set(output).isdisjoint(own):
            return None  # a product with a matrix
    return flags


def is_look(node: Node) -> bool:
    """Tell whether `node` computes nothing: it looks into its argument, or repeats it."""
    return isinstance(node, Apply) and isinstance(node.op, Primitive) and node.op.memory == "view"


def of_rows(node: Apply, args: Sequence[Node], rows: Size) -> Node:
    """Return `node` for so many of its rows, given those of its arguments."""
    params = tuple((name, (rows, *value[1:]) if name == "shape" else value) for name, value in node.params)  # type: ignore[index]
    return make_apply(node.op, tuple(args), params, (rows, *node.shape[1:]), node.dtype)


def constant_rows(node: Const, rows: Size) -> Const:
    """Return a constant array with so many rows."""
    return constant(node.value, (rows, *node.shape[1:]), node.dtype)


def number_rows(node: Node, rows: Size) -> Node:
    """Return what is computed of numbers alone, with so many rows."""
    new: dict[Node, Node] = {}
    for part in topological([node]):
        if not part.shape or not isinstance(part, (Apply, Const)):
            new[part] = part
        elif isinstance(part, Const):
            new[part] = constant_rows(part, rows)
        else:
            new[part] = of_rows(part, [new[arg] for arg in part.args], rows)
    return new[node]


def numbers_among(nodes: Iterable[Node]) -> set[Node]:
    """Return the constants, and what is computed of them entry by entry: all entries are one number."""
    found: set[Node] = set()
    for node in nodes:
        if isinstance(node, Const) or node.weak:
            found.add(node)
        else:
            is_copied = isinstance(node, Apply) and (_is_entrywise(node) or node.op is broadcast)
            if is_copied and children(node) and found.issuperset(children(node)):
                found.add(node)
    return found


def turned_among(nodes: Iterable[Node]) -> set[Node]:
    """Return the arrays that do not lie in memory row by row: what is transposed, and what is computed of it.

    NumPy lets what it computes lie as its arguments do. So has the code to: copies cost more than buffers save.
    """
    turned: set[Node] = set()
    for node in nodes:
        if isinstance(node, Apply) and (_turns(node) or (_is_entrywise(node) and not turned.isdisjoint(node.args))):
            turned.add(node)
    return turned


def _turns(node: Apply) -> bool:
    if node.op is einsum:
        return lies_transposed(node)
    return node.op is transpose


def _is_entrywise(node: Apply) -> bool:
    op = node.op
    return isinstance(op, Primitive) and (op is add or op is cast or op.kind == "elementwise")
