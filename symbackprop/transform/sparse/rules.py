"""What an entry of a result depends on, for each primitive that is not elementwise: exactly where that can be told.

A rule takes a node and `known`, which tells the values that are known, and returns a relation for each argument, as
`dependence.Dependence.relations` does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from symbackprop.ir.dtype import is_float
from symbackprop.ir.node import Apply, Node, Operation
from symbackprop.lazily import scipy_sparse
from symbackprop.ops import primitives
from symbackprop.ops.broadcasting import broadcast, cast, reduce_sum, reshape, sized
from symbackprop.ops.contraction import einsum
from symbackprop.ops.cumulative import put_along, take_along
from symbackprop.ops.indexing import choose, gather, place, scatter_add, slice_
from symbackprop.ops.layout import concatenate, diagonal, diagonal_matrix, roll, trace, transpose
from symbackprop.ops.literal import literal
from symbackprop.ops.masking import masked
from symbackprop.ops.matrices import triangle
from symbackprop.ops.updates import add_at, add_parts, replace_at, replace_parts
from symbackprop.ops.windows import overlap_add, sliding_windows
from symbackprop.transform.sparse.contracted import contractions
from symbackprop.transform.sparse.known import Known
from symbackprop.transform.sparse.linear_algebra import MATRIX_RULES
from symbackprop.transform.sparse.products import PRODUCT_RULES
from symbackprop.transform.sparse.relations import EVERY, check_sparse, chosen, numbered, related, relation_of, sizes_of

__all__ = ["OPENING", "RULES", "Rule"]

Rule = Callable[[Apply, Known], Sequence[Any]]


def _param(node: Apply, name: str) -> Any:
    return node.param(name)


def _index(bounds: Any) -> Any:
    """Return bounds, as slices have them, as an index of NumPy's."""
    return tuple(
        slice(*bound) if isinstance(bound, tuple) else slice(None) if bound is None else bound for bound in bounds
    )


def _choosing(choice: Callable[[Apply, Any], Any]) -> Rule:
    """Return the rule of a choice of entries of one argument: what the operation does to their numbers."""
    return lambda node, known: [chosen(choice(node, numbered(sizes_of(node.args[0]))), prod(sizes_of(node.args[0])))]


def _adding(choice: Callable[[Apply, Any], Any]) -> Rule:
    """Return the rule of what adds entries up, by its transpose, which chooses those of the result for the argument."""

    def rule(node: Apply, known: Known) -> Sequence[Any]:
        return [chosen(choice(node, numbered(sizes_of(node))), prod(sizes_of(node))).T.tocsr()]

    return rule


def _same(node: Apply, known: Known) -> Sequence[Any]:
    """Each entry depends on that at its place, if it is real."""
    return [True if is_float(arg.dtype) else None for arg in node.args]


def _choice(node: Apply, known: Known) -> Sequence[Any]:
    """Each entry depends on that at its place in the argument that is chosen."""
    index = known(node.args[0])
    if index is None:
        return _same(node, known)
    return [None, *(np.ravel(index) == i for i in range(len(node.args) - 1))]


# --- axes -------------------------------------------------------------------------------------------------------------


def _broadcast_to(positions: Any, node: Node, axes: Sequence[int]) -> Any:
    shape = [1] * node.rank
    for axis, size in zip(axes, positions.shape, strict=True):
        shape[axis] = size
    return np.broadcast_to(positions.reshape(shape), sizes_of(node))


def _reduced(node: Apply, known: Known) -> Sequence[Any]:
    """Each entry depends on those along the axes that are gone."""
    (x,) = node.args
    kept = [axis for axis in range(x.rank) if axis not in _axes(node)]
    return [related(kept, range(x.rank), dict(enumerate(sizes_of(x))))]


def _axes(node: Apply) -> Sequence[int]:
    """Return the axes that an operation works on, given as one or as several."""
    params: dict[str, Any] = dict(node.params)
    return params["axes"] if "axes" in params else (params["axis"],)


def _along(node: Apply, known: Known) -> Sequence[Any]:
    """Each entry depends on those along the axes that the operation works on."""
    x, axes = node.args[0], _axes(node)
    sizes = dict(enumerate(sizes_of(x)))
    others = {axis: x.rank + axis if axis in axes else axis for axis in range(x.rank)}
    sizes |= dict(zip(others.values(), sizes_of(node), strict=True))
    return [related([*others.values()], range(x.rank), sizes), *[None] * (len(node.args) - 1)]


def _before(node: Apply, known: Known) -> Sequence[Any]:
    """Each entry depends on those up to it along an axis."""
    axis: int = _param(node, "axis")
    size = sizes_of(node)[axis]
    check_sparse(size * prod(sizes_of(node)))
    return _within_axis(node, axis, np.tri(size, dtype=bool))


# --- positions --------------------------------------------------------------------------------------------------------


def _gathered(node: Apply, known: Known) -> Sequence[Any]:
    x, *indices = node.args
    axis: int = _param(node, "axis")
    index = _known_index(indices, axis, known)
    if index is not None:
        return [chosen(numbered(sizes_of(x))[index], prod(sizes_of(x))), *[None] * len(indices)]
    return [_anywhere(node, x, axis, len(indices)), *[None] * len(indices)]


def _known_index(indices: Sequence[Node], axis: int, known: Known) -> Any:
    values = [known(index) for index in indices]
    if any(value is None for value in values):
        return None
    return (*[slice(None)] * axis, *(value.astype(np.intp) for value in values))


def _anywhere(part: Node, whole: Node, axis: int, width: int) -> Any:
    """Return the relation of a part to a whole, of which it is not known where it stands along some axes."""
    behind = whole.rank - axis - width
    names = [*range(axis), *(("there", i) for i in range(width)), *(("behind", i) for i in range(behind))]
    inside = part.rank - axis - behind
    own = [*range(axis), *(("here", i) for i in range(inside)), *(("behind", i) for i in range(behind))]
    return related(
        own, names, {**dict(zip(names, sizes_of(whole), strict=True)), **dict(zip(own, sizes_of(part), strict=True))}
    )


def _scattered(node: Apply, known: Known) -> Sequence[Any]:
    axis: int = _param(node, "axis")
    width: int = _param(node, "indices")
    found: list[Any] = []
    for start in range(0, len(node.args), width + 1):
        *indices, value = node.args[start : start + width + 1]
        index = _known_index(indices, axis, known)
        if index is None:
            relation = _anywhere(value, node, axis, width).T.tocsr()
        else:
            relation = chosen(numbered(sizes_of(node))[index], prod(sizes_of(node))).T.tocsr()
        found += [*[None] * width, relation]
    return found


def _added_at(node: Apply, known: Known) -> Sequence[Any]:
    x, *indices, value = node.args
    axis: int = _param(node, "axis")
    index = _known_index(indices, axis, known)
    size = prod(sizes_of(node))
    if index is None:
        written = _anywhere(value, node, axis, len(indices)).T.tocsr()
    else:
        written = chosen(numbered(sizes_of(node))[index], size).T.tocsr()
    return [chosen(numbered(sizes_of(x)), size), *[None] * len(indices), written]


def _replaced_at(node: Apply, known: Known) -> Sequence[Any]:
    x, *indices, value = node.args
    index = _known_index(indices, _param(node, "axis"), known)
    if index is None:
        return _added_at(node, known)  # what stays where is not known either
    places = [(index, value)]
    kept, written = _sources(x, places)
    return [kept, *[None] * len(indices), *written]


def _sources(x: Node, places: Sequence[tuple[Any, Node]]) -> tuple[Any, list[Any]]:
    """Return the relations to an array of which parts are replaced, and to what replaces them, the last of which stays."""
    buffer = numbered(sizes_of(x))
    starts = [buffer.size]
    for index, value in places:
        numbers = numbered(sizes_of(value), starts[-1])
        buffer[index] = numbers
        starts.append(starts[-1] + numbers.size)
    whole = chosen(buffer, starts[-1]).tocsc()
    ends = [0, *starts]
    parts = [whole[:, start:stop].tocsr() for start, stop in pairwise(ends)]
    return parts[0], parts[1:]


def _replaced(node: Apply, known: Known) -> Sequence[Any]:
    x, *values = node.args
    bounds: Any = _param(node, "bounds")
    kept, written = _sources(x, [(_index(own), value) for own, value in zip(bounds, values, strict=True)])
    return [kept, *written]


def _placed(node: Apply, known: Known) -> Sequence[Any]:
    bounds: Any = _param(node, "bounds")
    whole = numbered(sizes_of(node))
    own = node.args if node.op is place else node.args[1:]
    found = [chosen(whole[_index(b)], whole.size).T.tocsr() for b, _ in zip(bounds, own, strict=True)]
    return found if node.op is place else [chosen(whole, whole.size), *found]


def _joined(node: Apply, known: Known) -> Sequence[Any]:
    axis: int = _param(node, "axis")
    sizes = [prod(sizes_of(arg)) for arg in node.args]
    ends = np.cumsum([0, *sizes])
    parts = [numbered(sizes_of(arg), int(first)) for arg, first in zip(node.args, ends, strict=False)]
    whole = chosen(np.concatenate(parts, axis=axis), int(ends[-1])).tocsc()
    return [whole[:, start:stop].tocsr() for start, stop in pairwise(ends)]


def _written_out(node: Apply, known: Known) -> Sequence[Any]:
    size = prod(sizes_of(node))
    return [scipy_sparse().csr_array(([True], ([i], [0])), shape=(size, 1)) for i in range(size)]


def _masked(node: Apply, known: Known) -> Sequence[Any]:
    x, mask = node.args
    axis: int = _param(node, "axis")
    value = known(mask)
    if value is None:
        return [_anywhere(node, x, axis, mask.rank), None]
    return [chosen(numbered(sizes_of(x))[(*[slice(None)] * axis, value)], prod(sizes_of(x))), None]


def _taken_along(node: Apply, known: Known) -> Sequence[Any]:
    x, positions = node.args
    value = known(positions)
    if value is None:
        return _along(node, known)
    return [
        chosen(
            np.take_along_axis(numbered(sizes_of(x)), value.astype(np.intp), _param(node, "axis")), prod(sizes_of(x))
        ),
        None,
    ]


def _put_along(node: Apply, known: Known) -> Sequence[Any]:
    positions, x = node.args
    value, axis = known(positions), _param(node, "axis")
    if value is not None:
        places = np.take_along_axis(numbered(sizes_of(node)), value.astype(np.intp), axis)
        return [None, chosen(places, prod(sizes_of(node))).T.tocsr()]
    there = [x.rank if i == axis else i for i in range(x.rank)]
    return [None, related(there, range(x.rank), {**dict(enumerate(sizes_of(x))), x.rank: sizes_of(node)[axis]})]


def _windows(node: Apply, positions: Any) -> Any:
    """Return the windows of an array, as `sliding_windows` makes them."""
    params: dict[str, Any] = dict(node.params)
    axes, strides, dilations = (params[name] for name in ("axes", "strides", "dilations"))
    shape = params.get("sizes")
    sizes: Any = shape if shape is not None else sizes_of(node.args[0])[node.rank :]
    reach = tuple(d * (size - 1) + 1 for size, d in zip(sizes, dilations, strict=True))
    if any(size == 0 for size in sizes):
        return np.zeros(sizes_of(node) if shape is not None else sizes_of(node.args[0]), dtype=np.intp)
    windows = np.lib.stride_tricks.sliding_window_view(positions, reach, axis=axes)
    steps = [1] * positions.ndim + list(dilations)
    for axis, stride in zip(axes, strides, strict=True):
        steps[axis] = stride
    return windows[tuple(slice(None, None, step) for step in steps)]


def _triangular(node: Apply, positions: Any) -> Any:
    cut = np.tril if _param(node, "lower") else np.triu
    return cut(positions + 1, _param(node, "offset")) - 1


def _on_diagonal(positions: Any) -> Any:
    return np.where(np.eye(len(positions), dtype=bool), positions[:, None], -1)


def _differences(node: Apply, known: Known) -> Sequence[Any]:
    """Each entry depends on its neighbours along an axis, those at the ends on as many as their order says."""
    axis: int = _param(node, "axis")
    size = sizes_of(node)[axis]
    near = np.eye(size, k=1, dtype=bool) | np.eye(size, k=-1, dtype=bool)
    reach: int = _param(node, "edge_order")
    near[0, : reach + 1] = near[-1, -reach - 1 :] = True
    return _within_axis(node, axis, near)


def _convolved(node: Apply, known: Known) -> Sequence[Any]:
    """Each entry depends on those that a window of the size of the other argument covers, but for its zeros."""
    n, m = (sizes_of(arg)[0] for arg in node.args)
    if m > n and _param(node, "mode") != "full":
        return [EVERY, EVERY]
    first = {"full": 0, "same": (m - 1) // 2, "valid": m - 1}[_param(node, "mode")]
    found = []
    for own, size in enumerate((n, m)):
        flags = [np.logical_not(known.zeros(arg)) for arg in node.args]
        flags[own] = np.asarray(known.varies(node.args[own]))
        pairs = np.ix_(
            *(np.flatnonzero(np.broadcast_to(part, count)) for part, count in zip(flags, (n, m), strict=True))
        )
        check_sparse(pairs[0].size * pairs[1].size)
        behind = pairs[1] if node.op is primitives()["convolve"] else m - 1 - pairs[1]
        at = pairs[0] + behind - first
        inside = (at >= 0) & (at < sizes_of(node)[0])
        columns = np.broadcast_to(pairs[own], at.shape)
        found.append(relation_of(at[inside], columns[inside], (sizes_of(node)[0], size)))
    return found


def _polynomial(node: Apply, known: Known) -> Sequence[Any]:
    """Each entry depends on all coefficients, and on the argument at its place; at zero on the last coefficient alone."""
    sizes = prod(sizes_of(node)), sizes_of(node.args[0])[0]
    check_sparse(prod(sizes))
    read = np.ones(sizes, dtype=bool)
    read[np.broadcast_to(known.zeros(node.args[1]), sizes[0]), :-1] = False
    return [scipy_sparse().csr_array(read), True]


def _interpolated(node: Apply, known: Known) -> Sequence[Any]:
    """Each entry depends on where it is read, and on all knots."""
    return [True, *[EVERY] * (len(node.args) - 1)]


def _powers(node: Apply, positions: Any) -> Any:
    """Return which entry each power is one of; none for those to the power of zero, in the first or the last column."""
    columns = np.arange(sizes_of(node)[1])
    constant = 0 if _param(node, "increasing") else len(columns) - 1
    return np.where(columns != constant, positions[:, None], -1)


def _within_axis(node: Apply, axis: int, related_places: Any) -> list[Any]:
    """Return the relation of places along one axis, for every argument, at equal places along the others."""
    shape = sizes_of(node)
    own = [node.rank if i == axis else i for i in range(node.rank)]
    sizes = {**dict(enumerate(shape)), node.rank: shape[axis]}
    return [related(own, range(node.rank), sizes, ((node.rank, axis), related_places)) for _ in node.args]


_REDUCTIONS = ("mean", "max", "min", "logsumexp", "power_norm", "order_statistic")
_RUNNING = ("cumsum", "cummax")
_ALONG = ("softmax", "log_softmax", "divided_by_rms", "sort")

RULES: Mapping[Operation, Rule] = {
    **{primitives()[name]: _reduced for name in _REDUCTIONS},
    **{primitives()[name]: _before for name in _RUNNING},
    **{primitives()[name]: _along for name in _ALONG},
    **{primitives()[name]: rule for name, rule in {**MATRIX_RULES, **PRODUCT_RULES}.items()},
    add_at: _added_at,
    add_parts: _placed,
    broadcast: _choosing(lambda node, p: _broadcast_to(p, node, _param(node, "axes"))),
    cast: _same,
    choose: _choice,
    concatenate: _joined,
    primitives()["convolve"]: _convolved,
    primitives()["correlate"]: _convolved,
    diagonal: _choosing(lambda node, p: np.diagonal(p, axis1=-2, axis2=-1)),
    diagonal_matrix: _choosing(lambda node, p: _on_diagonal(p)),
    einsum: contractions,
    gather: _gathered,
    primitives()["gradient"]: _differences,
    literal: _written_out,
    primitives()["interp"]: _interpolated,
    masked: _masked,
    overlap_add: _adding(_windows),
    place: _placed,
    primitives()["polyval"]: _polynomial,
    put_along: _put_along,
    reduce_sum: _reduced,
    replace_at: _replaced_at,
    replace_parts: _replaced,
    reshape: _choosing(lambda node, p: p),
    roll: _choosing(lambda node, p: np.roll(p, _param(node, "shifts"), _param(node, "axes"))),
    scatter_add: _scattered,
    sized: _choosing(lambda node, p: p),
    slice_: _choosing(lambda node, p: p[_index(_param(node, "bounds"))]),
    sliding_windows: _choosing(_windows),
    take_along: _taken_along,
    trace: _adding(lambda node, p: np.where(np.eye(sizes_of(node.args[0])[0], dtype=bool), p, -1)),
    transpose: _choosing(lambda node, p: np.transpose(p, _param(node, "axes"))),
    triangle: _choosing(_triangular),
    primitives()["vander"]: _choosing(_powers),
}

# what has entries that do not vary where all those of its arguments do
OPENING = frozenset((diagonal_matrix, overlap_add, place, put_along, scatter_add, triangle))
