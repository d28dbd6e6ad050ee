"""Matrices that are their own transposes, as far as their operations tell: Gram matrices, kernels, and what is made of them.

The transpose of such a matrix is itself, the sums of its columns are those of its rows, and a product with its transpose
is one with itself. So what flows back to the points of a kernel matrix takes one product of matrices, where
``(G + G.T) @ X`` would be made of a sum that nobody needs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from symbackprop.ir.node import Apply, Const, Node, Operation, make_apply
from symbackprop.ops.arithmetic import add, div, integer_power, mul, neg
from symbackprop.ops.broadcasting import broadcast, cast, reduce_sum
from symbackprop.ops.comparison import equal, where
from symbackprop.ops.contraction import Indices, contract, einsum
from symbackprop.ops.creation import eye
from symbackprop.ops.declare import Primitive
from symbackprop.ops.hyperbolic import cosh, sinh, tanh
from symbackprop.ops.layout import diagonal_matrix, transpose
from symbackprop.ops.reduction import kept_axes, mean
from symbackprop.ops.rounding import absolute, sign
from symbackprop.ops.solves import cho_inverse, inv
from symbackprop.ops.trigonometric import arctan, cos, sin
from symbackprop.simplify.applied import args_of, is_applied
from symbackprop.simplify.pattern import Context, Row

__all__ = ["ROWS", "is_symmetric"]

_MOST = 64  # operations that are looked at
_TERMS = 16  # of a sum, each of which is compared with all of them


class Question(NamedTuple):
    """Whether `other` is `x`, or its negative, with two axes exchanged."""

    x: Node
    other: Node
    axes: tuple[int, int]
    negative: bool = False


def is_symmetric(node: Node, first: int, second: int, *, negative: bool = False) -> bool:
    """Tell whether `node` is itself, or its `negative`, with two axes exchanged; False where that is not known."""
    waiting = [Question(node, node, (first, second), negative)]
    for _ in range(_MOST):
        if not waiting:
            return True
        follows = _follows(waiting.pop())
        if follows is None:
            return False
        waiting += follows
    return False


def _follows(asked: Question) -> Sequence[Question] | None:
    """Return what it takes that the answer is yes, None where nothing does."""
    x, other, axes, negative = asked
    if x.shape[axes[0]] != x.shape[axes[1]]:
        return None
    if isinstance(x, Const) and x is other and not negative:
        return ()
    if not isinstance(x, Apply) or not isinstance(other, Apply) or x.op is not other.op or x.params != other.params:
        return None
    if x.op is add or x.op is mul or x.op is equal:
        return _of_terms(x, other, axes, negative)
    if x.op is where or x.op is cast or (isinstance(x.op, Primitive) and x.op.kind == "elementwise"):
        return _of_entries(x, other, axes, negative)
    if x.op is reduce_sum or x.op is mean:
        kept = kept_axes(x.args[0].rank, x.param("axes"))  # type: ignore[arg-type]
        return [Question(x.args[0], other.args[0], (kept[axes[0]], kept[axes[1]]), negative)]
    if x.op is broadcast:
        return _of_repeated(x, other, axes, negative)
    if x is not other:
        return None
    if x.op is einsum:
        return _of_contraction(x, axes, negative)
    if negative:
        return None
    if x.op is inv and axes == (x.rank - 2, x.rank - 1):
        return [Question(x.args[0], x.args[0], axes)]
    return () if _is_symmetric_by_itself(x, axes) else None


def _is_symmetric_by_itself(x: Apply, axes: tuple[int, int]) -> bool:
    """Tell whether an array is symmetric whatever it is made of."""
    is_of_matrices = x.op in (cho_inverse, diagonal_matrix) or (x.op is eye and x.param("k") == 0)
    return is_of_matrices and axes == (x.rank - 2, x.rank - 1)


def _of_contraction(x: Apply, axes: tuple[int, int], negative: bool) -> Sequence[Question] | None:
    """A contraction is symmetric if operands with one of two indices change places, and those with both are symmetric."""
    output: Indices = x.param("output")  # type: ignore[assignment]
    i, j = (output[axis] for axis in axes)
    apart: list[tuple[Node, Indices]] = []
    follows: list[Question] = []
    for arg, own in _operands(x):
        if not {i, j} <= {*own}:
            apart.append((arg, own))
            continue
        places = (own.index(i), own.index(j))
        changes = _changes_sign(arg, places)
        negative = negative is not changes
        follows += [] if changes else [Question(arg, arg, places)]
    return None if negative or _places(apart, output, axes) != _places(apart, output) else follows


def _operands(x: Apply) -> list[tuple[Node, Indices]]:
    """Return the operands of a contraction with their indices; weights along what is summed over are operands too."""
    found: list[tuple[Node, Indices]] = []
    operands: tuple[Indices, ...] = x.param("operands")  # type: ignore[assignment]
    for arg, own in zip(x.args, operands, strict=True):
        for factor in args_of(arg) if is_applied(arg, mul) else (arg,):
            if is_applied(factor, broadcast):
                found.append((args_of(factor)[0], tuple(own[axis] for axis in factor.param("axes"))))  # type: ignore[attr-defined]
            elif is_applied(factor, transpose):
                moved: tuple[int, ...] = factor.param("axes")  # type: ignore[attr-defined]
                found.append((args_of(factor)[0], tuple(own[moved.index(axis)] for axis in range(len(own)))))
            else:
                found.append((factor, () if isinstance(factor, Const) else own))
    return found


def _places(
    operands: Sequence[tuple[Node, Indices]], output: Indices, axes: tuple[int, int] = (0, 0)
) -> Counter[tuple[Node, Indices]]:
    """Return operands with the axes of the result that theirs are, two of them exchanged."""
    places = {index: place for place, index in enumerate(output)}
    places[output[axes[0]]], places[output[axes[1]]] = axes[1], axes[0]
    for _, own in operands:
        for index in own:
            places.setdefault(index, len(places))
    return Counter((arg, tuple(places[index] for index in own)) for arg, own in operands)


def _of_repeated(x: Apply, other: Apply, axes: tuple[int, int], negative: bool) -> Sequence[Question] | None:
    own: tuple[int, ...] = x.param("axes")  # type: ignore[assignment]
    inside = [own.index(axis) for axis in axes if axis in own]
    if len(inside) == 2:
        return [Question(x.args[0], other.args[0], (inside[0], inside[1]), negative)]
    return () if not inside and x is other and not negative else None


def _of_entries(x: Apply, other: Apply, axes: tuple[int, int], negative: bool) -> Sequence[Question] | None:
    """What is computed entry by entry is symmetric if its arguments are; an odd function keeps the sign, an even one not."""
    if negative:
        led = x.op in _ODD or (x.op is integer_power and x.param("n") % 2 == 1)  # type: ignore[operator]
        return (
            [
                Question(a, b, axes, position == 0)
                for position, (a, b) in enumerate(zip(x.args, other.args, strict=True))
            ]
            if led
            else None
        )
    is_even = x.op in _EVEN or (x.op is integer_power and x.param("n") % 2 == 0)  # type: ignore[operator]
    if is_even and x is other and _changes_sign(x.args[0], axes):
        return ()
    return [Question(a, b, axes) for a, b in zip(x.args, other.args, strict=True)]


def _of_terms(x: Apply, other: Apply, axes: tuple[int, int], negative: bool) -> Sequence[Question] | None:
    """Match what is added or multiplied, in any order: each is exchanged for one of the others, or is to be for itself."""
    if len(x.args) > _TERMS or len(x.args) != len(other.args):
        return None
    left = [*other.args]
    of_terms = negative and x.op is add
    follows: list[Question] = []
    for term in x.args:
        partner = next((found for found in left if _are_exchanged(term, found, axes, of_terms)), None)
        if partner is None and term in left:
            partner = term
            changes = x.op is mul and _changes_sign(term, axes)
            negative = negative is not changes
            follows += [] if changes else [Question(term, term, axes, of_terms)]
        if partner is None:
            return None
        left.remove(partner)
    return None if negative and not of_terms else follows


def _changes_sign(x: Node, axes: tuple[int, int]) -> bool:
    """Tell whether `x` is an odd function of a difference that is its negative with two axes exchanged, x[:, None] - x."""
    for _ in range(_MOST):
        if not isinstance(x, Apply) or x.op not in _ODD or any(map(_has_axes, x.args[1:])):
            break
        x = x.args[0]
    if not is_applied(x, add) or len(args_of(x)) != 2:
        return False
    a, b = args_of(x)
    return _are_exchanged(a, b, axes, negative=True)


def _has_axes(x: Node) -> bool:
    """Tell whether the entries of `x`, by which others are divided, may differ."""
    while is_applied(x, broadcast):
        (x,) = args_of(x)
    return bool(x.shape) and not isinstance(x, Const)


def _are_exchanged(x: Node, other: Node, axes: tuple[int, int], negative: bool = False) -> bool:
    """Tell whether `other` is a copy of what `x` is a copy of, with two axes exchanged, or its negative."""
    x, is_x_negative = _unsigned(x)
    other, is_other_negative = _unsigned(other)
    if negative is (is_x_negative is is_other_negative):
        return False
    while (
        is_applied(x, mul) and is_applied(other, mul) and args_of(x)[0] is args_of(other)[0] and _is_same(args_of(x)[0])
    ):
        x, other = args_of(x)[1], args_of(other)[1]
    if is_applied(x, einsum) and is_applied(other, einsum):
        assert isinstance(x, Apply) and isinstance(other, Apply)
        places = _places(_operands(x), x.param("output"), axes)  # type: ignore[arg-type]
        return places == _places(_operands(other), other.param("output"))  # type: ignore[arg-type]
    order = [*range(x.rank)]
    order[axes[0]], order[axes[1]] = axes[1], axes[0]
    if is_applied(x, broadcast) and is_applied(other, broadcast):
        moved = tuple(order[axis] for axis in x.param("axes"))  # type: ignore[attr-defined]
        is_same = args_of(x)[0] is args_of(other)[0] and moved == other.param("axes")  # type: ignore[attr-defined]
        return is_same and not {*axes} <= {*moved}
    return any(
        is_applied(one, transpose) and args_of(one)[0] is two and one.param("axes") == tuple(order)  # type: ignore[attr-defined]
        for one, two in ((x, other), (other, x))
    )


def _is_same(x: Node) -> bool:
    """Tell whether all entries of an array are one number."""
    return isinstance(x, Const) or (is_applied(x, broadcast) and not args_of(x)[0].rank)


def _unsigned(x: Node) -> tuple[Node, bool]:
    """Return `x` without a sign in front, or below a transpose, and whether there was one."""
    if is_applied(x, neg):
        return args_of(x)[0], True
    if is_applied(x, transpose) and is_applied(args_of(x)[0], neg):
        return transpose(args_of(args_of(x)[0])[0], **dict(x.params)), True  # type: ignore[attr-defined]
    return x, False


_EVEN: frozenset[Operation] = frozenset((absolute, cos, cosh))
_ODD: frozenset[Operation] = frozenset((neg, sign, sin, sinh, tanh, arctan, div))  # in their first argument


# --- rows -------------------------------------------------------------------------------------------------------------


def _transpose(node: Apply, context: Context) -> Node | None:
    """The transpose of a symmetric matrix is that matrix, and that of an antisymmetric one its negative."""
    (x,) = node.args
    axes: tuple[int, ...] = node.param("axes")  # type: ignore[assignment]
    moved = [axis for axis, source in enumerate(axes) if axis != source]
    return _signed(x, x, (moved[0], moved[1])) if len(moved) == 2 and node.shape == x.shape else None


def _signed(found: Node, x: Node, axes: tuple[int, int]) -> Node | None:
    """Return what was `found` where `x` is symmetric, its negative where it is antisymmetric."""
    if is_symmetric(x, *axes):
        return found
    return neg(found) if is_symmetric(x, *axes, negative=True) else None


def _column_sums(node: Apply, context: Context) -> Node | None:
    """The sums of the columns of a symmetric matrix are those of its rows, which lie in memory one behind the other."""
    (x,) = node.args
    axes: tuple[int, ...] = node.param("axes")  # type: ignore[assignment]
    if len(axes) != 1 or axes[0] + 1 >= x.rank or x.shape[axes[0]] != x.shape[axes[0] + 1]:
        return None
    pair = (axes[0], axes[0] + 1)
    return _signed(make_apply(node.op, (x,), (("axes", pair[1:]),), node.shape, node.dtype), x, pair)


def _product(node: Apply, context: Context) -> Node | None:
    """A product with the transpose of a symmetric matrix is one with itself."""
    operands: tuple[Indices, ...] = node.param("operands")  # type: ignore[assignment]
    output: Indices = node.param("output")  # type: ignore[assignment]
    if len(operands) != 2:
        return None
    for position, (arg, own) in enumerate(zip(node.args, operands, strict=True)):
        kept = [index for index in own if index in output]
        if arg.rank != 2 or len(kept) != 1 or arg.shape[0] != arg.shape[1]:
            continue
        is_right = len(output) > 1 and output[-1] == kept[0]  # in A @ S, of which the first index is summed over
        if (own[0] == kept[0]) is is_right and is_symmetric(arg, 0, 1):
            exchanged = [other[::-1] if i == position else other for i, other in enumerate(operands)]
            return contract(node.args, exchanged, output)
    return None


ROWS = (
    Row("transpose of a symmetric matrix", (transpose,), _transpose, arrays=True),
    Row("sums of the columns of a symmetric matrix", (reduce_sum, mean), _column_sums, arrays=True),
    Row("product with a symmetric matrix", (einsum,), _product, arrays=True),
)
