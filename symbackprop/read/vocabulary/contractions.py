"""Products of arrays: ``@``, dot, einsum and their relatives, with NumPy's shape rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from symbackprop.errors import ArgumentError, FormulaSyntaxError, ShapeError, UnsupportedError
from symbackprop.ir.node import Node, constant
from symbackprop.ir.size import product, shape_text
from symbackprop.ops.broadcasting import agreed, broadcast_shapes, broadcast_to, cast, reduce_sum, reshape
from symbackprop.ops.contraction import Indices, contract, permuted
from symbackprop.ops.indexing import slice_
from symbackprop.ops.layout import identity_mask
from symbackprop.ops.solves import inv
from symbackprop.read.vocabulary.arguments import as_dtype, axis_of, node_of, static_int
from symbackprop.read.vocabulary.joining import stack
from symbackprop.read.vocabulary.logic import are_masks
from symbackprop.read.vocabulary.padding import offset_diagonal

__all__ = ["FUNCTIONS", "METHODS", "matmul"]

_LAST = constant(-1)


def _contract(args: Sequence[Node], operands: Sequence[Indices], output: Indices) -> Node:
    """Return a contraction; of conditions NumPy's is `or`, Python's a count, so there is none here."""
    if are_masks(*args):
        raise UnsupportedError("a sum of products of conditions is `or` in NumPy; write 1*a to count")
    return contract(args, operands, output)


def _mismatch(what: str, a: Node, b: Node) -> ShapeError:
    return ShapeError(
        f"{what}: shapes {shape_text(a.shape)} and {shape_text(b.shape)} do not match: "
        f"the contracted sizes {a.shape[-1]} and {b.shape[-2] if b.rank > 1 else b.shape[0]} differ"
    )


def matmul(x1: object, x2: object) -> Node:
    """Return ``x1 @ x2``."""
    a, b = node_of(x1), node_of(x2)
    if not a.rank or not b.rank:
        raise ShapeError(
            f"@ multiplies arrays, not scalars: shapes {shape_text(a.shape)} and {shape_text(b.shape)}; write `*`"
        )
    if not agreed(a.shape[-1], b.shape[-2] if b.rank > 1 else b.shape[0]):
        raise _mismatch("@", a, b)
    if a.rank <= 2 and b.rank <= 2:
        left = (0, 1)[2 - a.rank :] if a.rank == 2 else (1,)
        right = (1, 2) if b.rank == 2 else (1,)
        return _contract([a, b], [left, right], tuple(i for i in (*left, *right) if i != 1))
    return _batched(a, b)


def _batched(a: Node, b: Node) -> Node:
    """Return the product of stacks of matrices, whose leading axes broadcast."""
    core_a, core_b = a.shape[-2:] if a.rank > 1 else a.shape, b.shape[-2:] if b.rank > 1 else b.shape
    lead_a, lead_b = a.shape[: a.rank - len(core_a)], b.shape[: b.rank - len(core_b)]
    lead = broadcast_shapes([lead_a, lead_b])
    a, b = broadcast_to(a, (*lead, *core_a)), broadcast_to(b, (*lead, *core_b))
    batch = tuple(range(3, 3 + len(lead)))
    left = (0, 1) if len(core_a) == 2 else (1,)
    right = (1, 2) if len(core_b) == 2 else (1,)
    output = (*batch, *(i for i in left if i != 1), *(i for i in right if i != 1))
    return _contract([a, b], [(*batch, *left), (*batch, *right)], output)


def _dot(a: object, b: object) -> Node:
    x, y = node_of(a), node_of(b)
    if not x.rank or not y.rank:
        return x * y
    if not agreed(x.shape[-1], y.shape[-2] if y.rank > 1 else y.shape[0]):
        raise _mismatch("dot", x, y)
    left = tuple(range(x.rank))
    right = list(range(x.rank, x.rank + y.rank))
    right[-2 if y.rank > 1 else 0] = left[-1]
    return _contract([x, y], [left, tuple(right)], tuple(i for i in (*left, *right) if i != left[-1]))


def _inner(a: object, b: object) -> Node:
    x, y = node_of(a), node_of(b)
    if not x.rank or not y.rank:
        return x * y
    left = tuple(range(x.rank))
    right = (*range(x.rank, x.rank + y.rank - 1), left[-1])
    return _contract([x, y], [left, right], (*left[:-1], *right[:-1]))


def _flat(x: Node) -> Node:
    return x if x.rank == 1 else reshape(x, shape=(product(x.shape),))


def _outer(a: object, b: object) -> Node:
    return _contract([_flat(node_of(a)), _flat(node_of(b))], [(0,), (1,)], (0, 1))


def _vdot(a: object, b: object) -> Node:
    x, y = node_of(a), node_of(b)
    if x.shape == y.shape:
        axes = tuple(range(x.rank))
        return _contract([x, y], [axes, axes], ())
    return _contract([_flat(x), _flat(y)], [(0,), (0,)], ())


def _tensordot(a: object, b: object, axes: object = constant(2)) -> Node:
    x, y = node_of(a), node_of(b)
    if isinstance(axes, tuple):
        if len(axes) != 2:
            raise ArgumentError("tensordot: axes is a number or a pair of axes")
        first, second = (
            [axis_of(axis, node.rank) for axis in (given if isinstance(given, tuple) else (given,))]
            for given, node in zip(axes, (x, y), strict=True)
        )
        if len(first) != len(second) or len(set(first)) < len(first) or len(set(second)) < len(second):
            raise ShapeError(f"tensordot: axes {first} and {second} are no pairs of axes, each named once")
    else:
        count = static_int(axes, "axes")
        if not 0 <= count <= min(x.rank, y.rank):
            raise ShapeError(f"tensordot: axes={count} is more than the arrays have")
        first, second = list(range(x.rank - count, x.rank)), list(range(count))
    left = tuple(range(x.rank))
    right = list(range(x.rank, x.rank + y.rank))
    for i, j in zip(first, second, strict=True):
        right[j] = left[i]
    output = tuple(i for i in left if i not in right) + tuple(i for i in right if i not in left)
    return _contract([x, y], [left, tuple(right)], output)


def _einsum(subscripts: object, *operands: object, optimize: object = False) -> Node:
    if not isinstance(subscripts, str):
        subscripts, operands = _lettered(subscripts, *operands)
    arrays = [node_of(operand) for operand in operands]
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(arrays):
        raise ArgumentError(f"einsum: {len(terms)} terms in {subscripts!r} for {len(arrays)} operands")
    if not all(c.isalpha() or c in ".," for c in left + right):
        raise FormulaSyntaxError(f"einsum: {subscripts!r} may hold letters, commas, '...' and '->'")
    width = max(
        (x.rank - len(t.replace("...", "")) for x, t in zip(arrays, terms, strict=True) if "..." in t), default=0
    )
    indices = [_subscript_indices(term, x, width) for term, x in zip(terms, arrays, strict=True)]
    ellipsis = tuple(range(-width, 0))
    if arrow:
        before, dots, after = right.partition("...")
        output = (*map(ord, before), *(ellipsis if dots else ()), *map(ord, after))
        if not dots and width:
            raise ShapeError("einsum: the output lacks the '...' of the operands")
    else:
        letters = sorted(c for c in set(left) if c.isalpha() and left.count(c) == 1)
        output = (*ellipsis, *map(ord, letters))
    known = {index for own in indices for index in own}
    if len(set(output)) < len(output) or not set(output) <= known:
        raise ShapeError(f"einsum: the output of {subscripts!r} names an index twice, or one that no operand has")
    return _contract(*_aligned(arrays, indices), output)


def _lettered(*given: object) -> tuple[str, tuple[object, ...]]:
    """Return the text and the operands of ``einsum(a, [0, 1], b, [1, 2], [0, 2])``."""
    terms = given[1::2] if len(given) % 2 == 0 else (*given[1:-1:2], given[-1])
    texts = []
    for term in terms:
        if not isinstance(term, tuple):
            raise ArgumentError("einsum takes text such as 'ij,jk->ik' first, or lists of indices behind the operands")
        texts.append("".join("..." if i is Ellipsis else _letter(i) for i in term))
    if len(given) % 2 == 0:
        return ",".join(texts), given[::2]
    return f"{','.join(texts[:-1])}->{texts[-1]}", given[:-1:2]


def _letter(index: object) -> str:
    number = static_int(index, "einsum: an index")
    if not 0 <= number < 52:
        raise ArgumentError("einsum: indices in lists are 0 to 51")
    return chr(ord("A" if number < 26 else "a") + number % 26)


def _subscript_indices(term: str, x: Node, width: int) -> tuple[int, ...]:
    """Return the indices of one operand: letters by their code, the axes of the ellipsis as negative numbers."""
    before, dots, after = term.partition("...")
    named = len(before) + len(after)
    if (not dots and named != x.rank) or named > x.rank:
        raise ShapeError(f"einsum: term {term!r} has {named} indices for an array of shape {shape_text(x.shape)}")
    return (*map(ord, before), *range(-(x.rank - named), 0), *map(ord, after)) if dots else tuple(map(ord, before))


def _aligned(arrays: list[Node], indices: list[tuple[int, ...]]) -> tuple[list[Node], list[tuple[int, ...]]]:
    """Drop axes of size 1 that broadcast against larger ones of the same ellipsis index."""
    sizes: dict[int, object] = {}
    for x, own in zip(arrays, indices, strict=True):
        for size, index in zip(x.shape, own, strict=True):
            if sizes.get(index, 1) == 1:
                sizes[index] = size
    out_arrays, out_indices = [], []
    for x, own in zip(arrays, indices, strict=True):
        kept = [
            i for i, (size, index) in enumerate(zip(x.shape, own, strict=True)) if size == sizes[index] or size != 1
        ]
        if len(kept) < x.rank:
            x = reshape(x, shape=tuple(x.shape[i] for i in kept))
            own = tuple(own[i] for i in kept)
        out_arrays.append(x)
        out_indices.append(own)
    return out_arrays, out_indices


def _kron(a: object, b: object) -> Node:
    x, y = node_of(a), node_of(b)
    rank = max(x.rank, y.rank)
    x = reshape(x, shape=(*[1] * (rank - x.rank), *x.shape))
    y = reshape(y, shape=(*[1] * (rank - y.rank), *y.shape))
    left, right = tuple(range(0, 2 * rank, 2)), tuple(range(1, 2 * rank, 2))
    spread = _contract([x, y], [left, right], tuple(range(2 * rank)))
    return reshape(spread, shape=tuple(s * t for s, t in zip(x.shape, y.shape, strict=True)))


def _cross(
    a: object,
    b: object,
    axisa: object = _LAST,
    axisb: object = _LAST,
    axisc: object = _LAST,
    axis: object = None,
) -> Node:
    if axis is not None:
        axisa = axisb = axisc = axis
    x, y = _with_last(node_of(a), axisa), _with_last(node_of(b), axisb)
    if x.shape[-1:] != (3,) or y.shape[-1:] != (3,):
        raise ShapeError(
            f"cross takes vectors of size 3, not shapes {shape_text(x.shape)} and {shape_text(y.shape)}; "
            "of vectors a, b in the plane write a[0]*b[1] - a[1]*b[0]"
        )

    def part(v: Node, i: int) -> Node:
        bounds = (*[None] * (v.rank - 1), (i, i + 1, 1))
        return reshape(slice_(v, bounds=bounds), shape=v.shape[:-1])

    parts = []
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        parts.append(part(x, j) * part(y, k) - part(x, k) * part(y, j))
    return stack(tuple(parts), axis=axisc)


def _with_last(x: Node, axis: object) -> Node:
    """Return `x` with an axis moved behind the others."""
    chosen = axis_of(axis, x.rank)
    return permuted(x, (*(i for i in range(x.rank) if i != chosen), chosen))


def _trace(
    a: object,
    offset: object = constant(0),
    axis1: object = constant(0),
    axis2: object = constant(1),
    dtype: object = None,
) -> Node:
    x = as_dtype(node_of(a), dtype)
    first, second = axis_of(axis1, x.rank, "axis1"), axis_of(axis2, x.rank, "axis2")
    others = tuple(axis for axis in range(x.rank) if axis not in (first, second))
    x = permuted(x, (*others, first, second))
    found = offset_diagonal(x, static_int(offset, "offset"))
    return reduce_sum(found, axes=(found.rank - 1,))


def _multi_dot(arrays: object) -> Node:
    if not isinstance(arrays, tuple) or len(arrays) < 2:
        raise ArgumentError("multi_dot takes a list of two or more arrays")
    nodes = [node_of(array) for array in arrays]
    if nodes[-1].rank == 1:  # from the right, so that every product is with a vector
        result = nodes[-1]
        for node in reversed(nodes[:-1]):
            result = matmul(node, result)
        return result
    result = nodes[0]
    for node in nodes[1:]:
        result = matmul(result, node)
    return result


def _matrix_power(a: object, n: object) -> Node:
    x, exponent = node_of(a), static_int(n, "n")
    if x.rank < 2 or x.shape[-1] != x.shape[-2]:
        raise ShapeError(f"matrix_power needs square matrices, not shape {shape_text(x.shape)}")
    if exponent < 0:
        x, exponent = inv(x), -exponent
    if exponent == 0:
        return broadcast_to(cast(identity_mask(x.shape[-1]), dtype=x.dtype), x.shape)
    result: Node | None = None
    while exponent:
        if exponent & 1:
            result = x if result is None else matmul(result, x)
        exponent >>= 1
        if exponent:
            x = matmul(x, x)
    assert result is not None
    return result


def _linalg_trace(x: object, *, offset: object = constant(0), dtype: object = None) -> Node:
    return _trace(x, offset, constant(-2), _LAST, dtype)


def _vecdot(x1: object, x2: object, *, axis: object = _LAST) -> Node:
    a, b = _with_last(node_of(x1), axis), _with_last(node_of(x2), axis)
    shape = broadcast_shapes([a.shape, b.shape])
    axes = tuple(range(len(shape)))
    return _contract([broadcast_to(a, shape), broadcast_to(b, shape)], [axes, axes], axes[:-1])


def _matvec(x1: object, x2: object) -> Node:
    a, v = node_of(x1), node_of(x2)
    column = matmul(a, reshape(v, shape=(*v.shape, 1)))
    return reshape(column, shape=column.shape[:-1])


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "matmul": matmul,
    "dot": _dot,
    "inner": _inner,
    "outer": _outer,
    "vdot": _vdot,
    "tensordot": _tensordot,
    "einsum": _einsum,
    "kron": _kron,
    "cross": _cross,
    "trace": _trace,
    "linalg.trace": _linalg_trace,
    "linalg.multi_dot": _multi_dot,
    "multi_dot": _multi_dot,
    "linalg.cross": lambda x1, x2, *, axis=_LAST: _cross(x1, x2, axis=axis),
    "linalg.matmul": matmul,
    "linalg.outer": _outer,
    "linalg.tensordot": _tensordot,
    "linalg.matrix_power": _matrix_power,
    "matrix_power": _matrix_power,
    "vecdot": _vecdot,
    "linalg.vecdot": _vecdot,
    "matvec": _matvec,
}

METHODS: Mapping[str, Callable[..., Any]] = {"dot": _dot, "trace": _trace}
