"""How a mask is followed from the result of an operation to its arguments: which of their entries it leaves in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from symbackprop.ir.dtype import is_float
from symbackprop.ir.graph import children, topological
from symbackprop.ir.node import Apply, Input, Node, Output
from symbackprop.ir.size import Size
from symbackprop.ops import primitives
from symbackprop.ops.arithmetic import add
from symbackprop.ops.broadcasting import broadcast, reduce_sum, reshape
from symbackprop.ops.comparison import equal, isfinite, isinf, isnan, logical_and, logical_not, logical_or, not_equal
from symbackprop.ops.declare import Primitive
from symbackprop.ops.indexing import place, slice_
from symbackprop.ops.layout import concatenate, identity_mask, inverse_permutation, transpose
from symbackprop.ops.reduction import kept_axes, mean

__all__ = ["is_uniform", "mask_of_argument", "reads_every_entry", "same", "tested_inputs"]

Follow = Callable[[Node], Node]


def same(mask: Node) -> Node:
    """Return the mask itself: that of an argument of an elementwise operation."""
    return mask


def mask_of_argument(node: Node, position: int, uniform: bool) -> Follow | None:
    """Return how the mask of `node` becomes that of an argument, or None where it cannot be followed.

    Parameters
    ----------
    node, position
        The operation, and which of its arguments.
    uniform : bool
        Whether the mask is one truth value for all entries: it then passes every operation.
    """
    if isinstance(node, Output):
        return _number if uniform else None  # of several results one may be needed where another is not
    if not isinstance(node, Apply) or not isinstance(node.op, Primitive):
        return None
    if node.op.kind == "elementwise" or node.op is add:
        return same
    child = node.args[position]
    if uniform:
        return lambda mask: _repeated(_number(mask), child)
    return _layout_mask(node, position, child)


def _layout_mask(node: Apply, position: int, child: Node) -> Follow | None:
    if node.op is reshape:
        return lambda mask: reshape(mask, shape=child.shape)
    if node.op is reduce_sum or node.op is mean:
        kept = kept_axes(child.rank, node.param("axes"))  # type: ignore[arg-type]
        return lambda mask: broadcast(mask, shape=child.shape, axes=kept)
    if node.op is broadcast:
        gone = kept_axes(node.rank, node.param("axes"))  # type: ignore[arg-type]
        return lambda mask: primitives()["any"](mask, axes=gone)
    if node.op is transpose:
        back = inverse_permutation(node.param("axes"))  # type: ignore[arg-type]
        return lambda mask: transpose(mask, axes=back)
    if node.op is slice_:
        bounds = node.param("bounds")
        return lambda mask: place(mask, shape=child.shape, bounds=(bounds,))
    if node.op is concatenate:
        return lambda mask: slice_(mask, bounds=_part(node, position))
    return None


def reads_every_entry(node: Node, condition: Node) -> bool:
    """Tell whether a condition leaves in some copy of each entry that `node` repeats: the diagonal of repeated rows."""
    if not isinstance(node, Apply) or node.op is not broadcast or node.rank < 2:
        return False
    rows, columns = last = (node.rank - 2, node.rank - 1)
    gone = [axis for axis in last if axis not in node.param("axes")]  # type: ignore[operator]
    if len(gone) != 1 or node.shape[rows] != node.shape[columns]:
        return False
    diagonal = identity_mask(node.shape[rows])
    return condition is diagonal or condition is broadcast(diagonal, shape=node.shape, axes=last)


def _part(node: Apply, position: int) -> tuple[object, ...]:
    """Return the bounds of one argument within a concatenation."""
    axis: int = node.param("axis")  # type: ignore[assignment]
    start: Size = 0
    for arg in node.args[:position]:
        start = start + arg.shape[axis]
    stop = start + node.args[position].shape[axis]
    return tuple((start, stop, 1) if i == axis else None for i in range(node.rank))


# --- masks of one truth value -----------------------------------------------------------------------------------------


def is_uniform(conditions: Sequence[Node]) -> bool:
    """Tell whether each condition is one truth value, or such a one repeated."""
    return all(not condition.shape or _repeats_number(condition) for condition in conditions)


def _repeats_number(node: Node) -> bool:
    return isinstance(node, Apply) and node.op is broadcast and not node.args[0].shape


def _number(mask: Node) -> Node:
    """Return the one truth value of a mask that combines uniform conditions."""
    if not mask.shape or not isinstance(mask, Apply):
        return mask
    if mask.op is broadcast:
        return mask.args[0]
    if mask.op in (logical_and, logical_or, logical_not):
        return mask.op(*map(_number, mask.args))
    return primitives()["any"](mask, axes=tuple(range(mask.rank)))


def _repeated(number: Node, like: Node) -> Node:
    return broadcast(number, shape=like.shape, axes=()) if like.shape else number


# --- what may be nan or infinite itself -------------------------------------------------------------------------------


def tested_inputs(order: Sequence[Node]) -> set[Node]:
    """Return the inputs whose finiteness the formula tests, as in ``where(isnan(x), 0, x*y)``."""
    tests = (isnan, isfinite, isinf)
    tested: list[Node] = []
    for node in order:
        if isinstance(node, Apply) and (
            node.op in tests or (node.op in (equal, not_equal) and node.args[0] is node.args[1])
        ):
            tested.extend(children(node))
    return {node for node in topological(tested) if isinstance(node, Input) and is_float(node.dtype)}
