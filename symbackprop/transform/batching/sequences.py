"""Rules of what NumPy has for one vector only, written out in what takes axes: convolution, interpolation, polynomials."""

from __future__ import annotations

from symbackprop.ir.node import Apply, Node, constant
from symbackprop.ir.size import product
from symbackprop.ops.broadcasting import broadcast, cast, reduce_sum, reshape
from symbackprop.ops.comparison import greater, greater_equal, isnan, less_equal, where
from symbackprop.ops.contraction import contract
from symbackprop.ops.convolution import convolve, correlate
from symbackprop.ops.cumulative import reversed_along
from symbackprop.ops.indexing import slice_
from symbackprop.ops.interpolation import digitize, interp, interpolated, searchsorted
from symbackprop.ops.layout import concatenate, expanded
from symbackprop.ops.literal import literal
from symbackprop.ops.polynomials import polyval, powers_by_column, vander
from symbackprop.ops.windows import sliding_windows
from symbackprop.transform.batching.call import Call, Rules
from symbackprop.transform.batching.linear_algebra import by_writing_out
from symbackprop.transform.batching.shifting import as_it_is

__all__ = ["RULES"]


# --- convolution ------------------------------------------------------------------------------------------------------


def _correlated(node: Apply) -> Node:
    """Return the products of windows with the second vector, of which convolution takes the reverse."""
    a, v = node.args
    (n,), (m,) = a.shape, v.shape
    if node.op is convolve:
        v = reversed_along(v, 0)
    if node.param("mode") != "valid":
        zeros = constant(0, (m - 1,), a.dtype)
        a = concatenate(zeros, a, zeros, axis=0)
    found = contract([sliding_windows(a, sizes=(m,), axes=(0,), strides=(1,), dilations=(1,)), v], [(0, 1), (1,)], (0,))
    if node.param("mode") != "same":
        return found
    first = (m - 1) // 2
    return slice_(found, bounds=((first, first + n, 1),))


# --- positions and interpolation --------------------------------------------------------------------------------------


def _searched(node: Apply) -> Node:
    """Return how many entries are not behind each number."""
    a, v = node.args
    (count,) = a.shape
    shape = (*v.shape, count)
    behind = greater if node.param("side") == "right" else greater_equal
    later = behind(broadcast(a, shape=shape, axes=(v.rank,)), broadcast(v, shape=shape, axes=tuple(range(v.rank))))
    return constant(count, v.shape, "int64") - reduce_sum(cast(later, dtype="int64"), axes=(v.rank,))


def _digitized(node: Apply) -> Node:
    """Return positions in bins that go up, or down."""
    x, bins = node.args
    side = "left" if node.param("right") else "right"
    up = less_equal(slice_(bins, bounds=(0,)), slice_(bins, bounds=(-1,)))
    down = constant(bins.shape[0], x.shape, "int64") - searchsorted(reversed_along(bins, 0), x, side=side)
    return where(broadcast(up, shape=x.shape, axes=()) if x.rank else up, searchsorted(bins, x, side=side), down)


def _interpolated(node: Apply) -> Node:
    x = node.args[0]
    return where(isnan(x), x, interpolated(node))


# --- polynomials ------------------------------------------------------------------------------------------------------


def _polynomial(node: Apply) -> Node:
    """Return the sum of coefficients times powers."""
    p, x = node.args
    flat = x if x.rank == 1 else reshape(x, shape=(product(x.shape),))
    found = contract([vander(flat, size=p.shape[0]), p], [(0, 1), (1,)], (0,))
    return found if x.rank == 1 else reshape(found, shape=x.shape)


def _vander(call: Call) -> Node:
    (x,) = call.args
    powers = vander(
        reshape(x, shape=(product(x.shape),)), size=call.node.shape[1], increasing=bool(call.node.param("increasing"))
    )
    return reshape(powers, shape=(call.size, *call.node.shape))


def _literal(node: Apply) -> Node:
    """Return entries that are no longer single numbers, joined."""
    row = concatenate(*(expanded(arg, (0,)) for arg in node.args), axis=0)
    return reshape(row, shape=node.shape) if node.rank != 1 else row


RULES: Rules = {
    convolve: by_writing_out(_correlated),
    correlate: by_writing_out(_correlated),
    searchsorted: lambda call: by_writing_out(_searched)(call) if call.moved[0] else as_it_is(call),
    digitize: lambda call: by_writing_out(_digitized)(call) if call.moved[1] else as_it_is(call),
    interp: lambda call: by_writing_out(_interpolated)(call) if any(call.moved[1:]) else as_it_is(call),
    polyval: lambda call: by_writing_out(_polynomial)(call) if call.moved[0] else as_it_is(call),
    powers_by_column: _vander,
    literal: by_writing_out(_literal),
}
