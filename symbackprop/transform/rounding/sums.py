"""How sums and products of entries round: by the roundings that a term goes through, at most, and the moduli of the terms."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from symbackprop.ir.dtype import is_float
from symbackprop.ir.node import Apply, Node
from symbackprop.ir.size import product
from symbackprop.ops.broadcasting import broadcast, rebuilt
from symbackprop.ops.contraction import index_sizes
from symbackprop.ops.exponential import log2
from symbackprop.ops.extrema import maximum, minimum
from symbackprop.ops.logistic import xlogy
from symbackprop.ops.reduction import largest
from symbackprop.ops.rounding import absolute
from symbackprop.transform.rounding.measures import (
    COMPOSED,
    FUNCTION,
    Cotangents,
    Rule,
    modulus,
    number,
    own,
    times_count,
    total,
)

__all__ = ["SUM_RULES"]


def _added(node: Apply, cotangents: Cotangents) -> Node | None:
    """Return the error of a sum from left to right: what has been added is rounded with each term."""
    if len(node.args) == 2:
        return own(1)(node, cotangents)
    return _linear(len(node.args) - 1)(node, cotangents)


def _linear(roundings: Callable[[Apply], Node | int] | int) -> Rule:
    """Return the rule of sums of entries: that of the moduli of what is summed."""

    def rule(node: Apply, cotangents: Cotangents) -> Node | None:
        (g,) = cotangents
        if g is None:
            return None
        count = roundings if isinstance(roundings, int) else roundings(node)
        sums = rebuilt(node, tuple(modulus(arg) if is_float(arg.dtype) else arg for arg in node.args))
        return times_count(count, total(modulus(g) * sums))

    return rule


def _of_sum(node: Apply) -> Node | int:
    """Return the longest chain of additions in ``np.sum``: pairwise over all entries, in turn where axes are left.

    Blocks of 128 are added in eight parts (NumPy, `numpy/_core/src/umath/loops_utils.h.src`). Along some axes NumPy adds as
    the entries lie in memory.
    """
    x = node.args[0]
    axes: tuple[int, ...] = node.param("axes")  # type: ignore[assignment]
    count = number(product(x.shape[axis] for axis in axes), x.dtype)
    if x.rank != len(axes):
        return count
    return minimum(count, 11 + log2(maximum(count, 1)))


def _of_all(node: Apply) -> Node:
    """Return how many entries the largest argument has."""
    sizes = [number(product(arg.shape), node.dtype) for arg in node.args if is_float(arg.dtype)]
    total = sizes[0]
    for size in sizes[1:]:
        total = maximum(total, size)
    return total


def _of_horner(node: Apply) -> Node:
    """Return the products and additions that the first coefficient goes through."""
    return 2 * number(product(node.args[0].shape), node.dtype)


def _of_axis(node: Apply) -> Node:
    axis: int = node.param("axis")  # type: ignore[assignment]
    return number(node.args[0].shape[axis], node.dtype)


def _of_contraction(node: Apply) -> Node:
    """Return the products, and the additions in turn, of an entry of a contraction."""
    operands: tuple[tuple[int, ...], ...] = node.param("operands")  # type: ignore[assignment]
    output: tuple[int, ...] = node.param("output")  # type: ignore[assignment]
    sizes = index_sizes(node.args, operands)
    summed = product(size for index, size in sizes.items() if index not in output)
    return number(summed + len(operands) - 2, node.dtype)


def _of_product(node: Apply, cotangents: Cotangents) -> Node | None:
    (g,) = cotangents
    return None if g is None else _of_all(node) * total(modulus(g * node))


def _power_norm(node: Apply, cotangents: Cotangents) -> Node | None:
    """Return the error of a sum of powers, and of a root of it, whose exponent is rounded."""
    (g,) = cotangents
    if g is None:
        return None
    count = _of_all(node) + 2 * FUNCTION
    return count * total(modulus(g * node)) + total(modulus(g) * absolute(xlogy(node, node)))


def _powers(node: Apply, cotangents: Cotangents) -> Node | None:
    """Return the error of powers, each a product of the one before it."""
    (g,) = cotangents
    return None if g is None else number(node.shape[-1], node.dtype) * total(modulus(g * node))


def _recurrence(node: Apply, cotangents: Cotangents) -> Node | None:
    """Return the error of ``r[t] = b[t] + a[t] r[t - 1]``: a product and a sum, carried on as b[t] is."""
    (g,) = cotangents
    if g is None:
        return None
    carried = node.op.vjp(g, node)[1]  # type: ignore[attr-defined]
    return total(modulus(carried) * (2 * absolute(node) + absolute(node.args[1])))


def _differences(node: Apply, cotangents: Cotangents) -> Node | None:
    """Return the error of differences; at the ends, where the order is 2, of sums of three terms."""
    (g,) = cotangents
    if g is None or node.param("edge_order") == 1:
        return own(1)(node, cotangents)
    x = node.args[0]
    return total(modulus(g) * absolute(node)) + 12 * total(modulus(g)) * largest(absolute(x), axes=tuple(range(x.rank)))


def _between_ends(node: Apply, cotangents: Cotangents) -> Node | None:
    """Return the error of a start, and so many steps: a difference, a quotient and a product of it."""
    (g,) = cotangents
    if g is None:
        return None
    axis: int = node.param("axis")  # type: ignore[assignment]
    start, stop = node.args
    ends = modulus(start) + modulus(stop)
    axes = tuple(i for i in range(node.rank) if i != axis)
    return 4 * total(modulus(g) * broadcast(ends, shape=node.shape, axes=axes))


def _interpolated(node: Apply, cotangents: Cotangents) -> Node | None:
    """Return the error of a mean of two entries of a table: that of the largest of these."""
    (g,) = cotangents
    table = node.args[-1]
    highest = largest(absolute(table), axes=tuple(range(table.rank))) if table.rank else absolute(table)
    return None if g is None else COMPOSED * total(modulus(g)) * highest


SUM_RULES: Mapping[str, Rule] = {
    "add": _added,
    "sum": _linear(_of_sum),
    "mean": _linear(_of_sum),
    "trace": _linear(_of_all),
    "cumsum": _linear(_of_axis),
    "scatter_add": _linear(_of_all),
    "add_parts": _linear(lambda node: len(node.args)),
    "add_at": _linear(_of_all),
    "overlap_add": _linear(_of_all),
    "einsum": _linear(_of_contraction),
    "convolve": _linear(_of_all),
    "correlate": _linear(_of_all),
    "polyval": _linear(_of_horner),
    "prod": _of_product,
    "cumprod": _of_product,
    "prod_others": _of_product,
    "power_norm": _power_norm,
    "interp": _interpolated,
    "linspace": _between_ends,
    "vander": _powers,
    "linear_recurrence": _recurrence,
    "gradient": _differences,
}
