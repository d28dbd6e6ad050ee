"""Masks that depend on positions alone, seen for what they are: triangles and diagonals; writes into one buffer; sizes of opposites.

They run last, when nothing is differentiated or guarded any more: before that a triangle is a choice, whose branch
that is not taken must not poison, as of any other choice.
"""

from __future__ import annotations

from symbackprop.ir.node import Apply, Input, Node, constant
from symbackprop.ops.arithmetic import add, mul, neg
from symbackprop.ops.broadcasting import broadcast, reduce_sum
from symbackprop.ops.comparison import equal, greater_equal, less_equal, where
from symbackprop.ops.contraction import einsum
from symbackprop.ops.creation import arange, eye
from symbackprop.ops.indexing import scatter_add
from symbackprop.ops.layout import diagonal, identity_mask
from symbackprop.ops.matrices import triangle
from symbackprop.ops.rounding import absolute
from symbackprop.ops.updates import add_at
from symbackprop.simplify.applied import args_of, is_applied
from symbackprop.simplify.numbers import is_number, is_value
from symbackprop.simplify.partial_sums import is_stretched
from symbackprop.simplify.pattern import Context, Row

__all__ = ["ROWS", "takes_product_away"]

_PRODUCTS = frozenset((einsum,))


def _position(node: Node) -> tuple[int, int] | None:
    """Return the axis along which `node` counts 0, 1, 2, ... and what is added to that."""
    if not is_applied(node, broadcast) or len(node.param("axes")) != 1:  # type: ignore[attr-defined]
        return None
    (axis,) = node.param("axes")  # type: ignore[attr-defined]
    (counted,) = args_of(node)
    offset = 0
    if is_applied(counted, add) and len(args_of(counted)) == 2 and is_number(args_of(counted)[1]):
        offset = args_of(counted)[1].value  # type: ignore[attr-defined]
        counted = args_of(counted)[0]
    return (axis, offset) if is_applied(counted, arange) and isinstance(offset, int) else None


def _positions(node: Apply) -> tuple[int, int] | None:
    """Return for a comparison of the column with the row, plus a number, which is on the left, and the number."""
    found = [_position(arg) for arg in node.args]
    if node.rank != 2 or None in found:
        return None
    (left, below), (right, above) = found  # type: ignore[misc]
    return (left, above - below if left == 1 else below - above) if {left, right} == {0, 1} else None


# --- diagonals --------------------------------------------------------------------------------------------------------


def _chosen_diagonal(node: Apply, context: Context) -> Node | None:
    """sum(where(identity, x, 0), axis=1) and sum(identity * x, axis=1) are the diagonal of x."""
    (x,) = node.args
    chosen = _behind_identity(x) if context.is_free(x) else None
    if chosen is None:
        return None
    axes: tuple[int, ...] = node.param("axes")  # type: ignore[assignment]
    last = {x.rank - 2, x.rank - 1}
    if not last & set(axes):
        return None
    summed = tuple(axis for axis in axes if axis < x.rank - 2) + ((x.rank - 2,) if last <= set(axes) else ())
    return reduce_sum(diagonal(chosen), axes=summed) if summed else diagonal(chosen)


def _behind_identity(x: Node) -> Node | None:
    """Return what `x` is on the diagonal, if it is 0 elsewhere."""
    if is_applied(x, where):
        mask, chosen, rest = args_of(x)
        return chosen if is_value(rest, 0) and _is_identity(mask) else None
    if is_applied(x, mul):
        return next((other for one, other in (args_of(x), args_of(x)[::-1]) if _is_identity(one)), None)
    return None


def _is_identity(node: Node) -> bool:
    """Tell whether `node` is an identity matrix, or the mask of one, or such for each of several matrices."""
    if is_applied(node, broadcast) and node.param("axes") == (node.rank - 2, node.rank - 1):  # type: ignore[attr-defined]
        (node,) = args_of(node)
    if node.rank != 2 or node.shape[0] != node.shape[1]:
        return False
    if is_applied(node, eye):
        return node.param("k") == 0  # type: ignore[attr-defined, no-any-return]
    return is_applied(node, equal) and node is identity_mask(node.shape[0])


def _diagonal(node: Apply, context: Context) -> Node | None:
    """Signs and numbers go before a diagonal; that of a triangle which has it is that of the whole."""
    (x,) = node.args
    if is_applied(x, neg):
        return neg(diagonal(args_of(x)[0]))
    if is_applied(x, mul) and is_number(args_of(x)[0]):
        number, rest = args_of(x)
        return mul(constant(number.value, node.shape, number.dtype), diagonal(rest))  # type: ignore[attr-defined]
    if not is_applied(x, triangle):
        return None
    lower, offset = x.param("lower"), x.param("offset")  # type: ignore[attr-defined]
    if offset < 0 if lower else offset > 0:
        return None
    (whole,) = args_of(x)
    return diagonal(whole if context.is_free(x) else context.also_used(whole))


# --- triangles --------------------------------------------------------------------------------------------------------


def _triangle(node: Apply, context: Context) -> Node | None:
    """where(columns <= rows + k, x, 0) is tril(x, k), and so for triu."""
    mask, x, rest = node.args
    if is_applied(mask, broadcast) and mask.param("axes") == (x.rank - 2, x.rank - 1):  # type: ignore[attr-defined]
        (mask,) = args_of(mask)
    if not is_value(rest, 0) or not isinstance(mask, Apply) or mask.op not in (less_equal, greater_equal):
        return None
    found = _positions(mask)
    if found is None or mask.shape != x.shape[-2:]:
        return None
    left, offset = found
    return triangle(x, lower=(mask.op is less_equal) == (left == 1), offset=offset)


def _triangle_of_triangle(node: Apply, context: Context) -> Node | None:
    """tril(tril(x, 0), -1) is tril(x, -1); a sign goes before it."""
    (x,) = node.args
    lower, offset = node.param("lower"), node.param("offset")
    if is_applied(x, neg):
        return neg(triangle(args_of(x)[0], lower=lower, offset=offset))
    if is_applied(x, mul) and is_number(args_of(x)[0]):
        number, rest = args_of(x)
        return mul(number, triangle(rest, lower=lower, offset=offset))
    if not is_applied(x, triangle) or x.param("lower") != lower:  # type: ignore[attr-defined]
        return None
    inner: int = x.param("offset")  # type: ignore[attr-defined]
    both = min(inner, offset) if lower else max(inner, offset)  # type: ignore[call-overload]
    return triangle(args_of(x)[0], lower=lower, offset=both)


# --- writes ----------------------------------------------------------------------------------------------------------


def _added_at(node: Apply, context: Context) -> Node | None:
    """What is written at some positions among zeros, and then added to an array, is added there at once."""
    for at, term in enumerate(node.args):
        if not is_applied(term, scatter_add) or not context.is_free(term) or node.dtype != term.dtype:
            continue
        *indices, value = args_of(term)
        rest = [other for place, other in enumerate(node.args) if place != at]
        if len(indices) == term.param("indices") and not any(map(is_stretched, rest)):  # type: ignore[attr-defined]
            whole = rest[0] if len(rest) == 1 else add(*rest)
            return add_at(whole, *indices, value, axis=term.param("axis"))  # type: ignore[attr-defined]
    return None


# --- differences ------------------------------------------------------------------------------------------------------


def takes_product_away(node: Node) -> bool:
    """Tell whether `node` is X - W @ H of an input, for which NumPy needs a second array, as W @ H - X does not."""
    if not is_applied(node, add) or len(args_of(node)) != 2 or node.rank < 2:
        return False
    x, taken = args_of(node)
    return isinstance(x, Input) and is_applied(taken, neg) and is_applied(args_of(taken)[0], einsum)


def _turned_difference(node: Apply, context: Context) -> Node | None:
    """(X - W @ H) @ A is -((W @ H - X) @ A), bit by bit, where all that uses the difference is such a product."""
    arrays = list(node.args)
    for at, arg in enumerate(node.args):
        if takes_product_away(arg) and context.only_feeds(arg, _PRODUCTS):
            x, taken = args_of(arg)
            arrays[at] = add(args_of(taken)[0], neg(x))
    turned = sum(one is not other for one, other in zip(arrays, node.args, strict=True))
    if not turned:
        return None
    product = einsum(*arrays, **dict(node.params))
    return neg(product) if turned % 2 else product


def _size_of_opposite(node: Apply, context: Context) -> Node | None:
    """abs(-x) is abs(x), and abs(y - x) is abs(x - y), bit by bit, where the graph has that: sigmoids of x and of -x do."""
    (x,) = node.args
    if is_applied(x, neg):
        size = absolute(*args_of(x))
        return None if context.place_of(size) is None else size
    if not is_applied(x, add) or len(args_of(x)) != 2 or not any(is_applied(term, neg) for term in args_of(x)):
        return None
    a, b = (args_of(term)[0] if is_applied(term, neg) else neg(term) for term in args_of(x))
    own = context.place_of(node)
    for size in (absolute(add(a, b)), absolute(add(b, a))):
        place = context.place_of(size)
        if place is not None and (own is None or place < own):  # of two, the one that comes first stays
            return size
    return None


ROWS = (
    Row("size of the opposite", (absolute,), _size_of_opposite, of=(neg, add)),
    Row("turned difference", (einsum,), _turned_difference, of=(add,)),
    Row("added at positions", (add,), _added_at, arrays=True, of=(scatter_add,)),
    Row("chosen diagonal", (reduce_sum,), _chosen_diagonal, of=(where, mul)),
    Row("diagonal of multiple", (diagonal,), _diagonal),
    Row("triangle", (where,), _triangle, arrays=True, of=(less_equal, greater_equal, broadcast)),
    Row("triangle of triangle", (triangle,), _triangle_of_triangle, arrays=True, of=(neg, mul, triangle)),
)
