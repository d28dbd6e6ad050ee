"""Order: positions that sort, sorted entries, and single ones of them.

Where entries tie, each has an equal share of the derivative: the mean of those that the order would give them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbackprop.ir.node import Apply, Node, Shape, constant, make_input
from symbackprop.ir.size import Size
from symbackprop.ops.broadcasting import cast, reduce_sum
from symbackprop.ops.comparison import not_equal
from symbackprop.ops.cumulative import cumsum, put_along, take_along
from symbackprop.ops.declare import Primitive, Style, custom
from symbackprop.ops.indexing import Bounds, bounds_text, place, slice_
from symbackprop.ops.reduction import restored, tie_shares

__all__ = ["argpartition", "argsort", "order_statistic", "sort"]


def _axis(node: Apply) -> int:
    return node.param("axis")  # type: ignore[return-value]


def _matrix() -> Node:
    return make_input(0, (3, 4), "float64")


def _infer_positions(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    return args[0].shape, "int64"


# --- positions --------------------------------------------------------------------------------------------------------


argsort: Primitive = custom(
    "argsort",
    numpy=lambda node, style: f"np.argsort({{0}}, axis={_axis(node)}, kind='stable')",
    infer=_infer_positions,
    vjp=lambda g, out: [None],
    jvp=lambda tangents, out: None,
    samples=lambda: [argsort(_matrix(), axis=axis) for axis in (0, 1)],
    public=False,
    analytic=False,
    source="no derivative: positions",
)


argpartition: Primitive = custom(
    "argpartition",
    numpy=lambda node, style: f"np.argpartition({{0}}, {node.param('kth')}, axis={_axis(node)})",
    infer=_infer_positions,
    vjp=lambda g, out: [None],
    jvp=lambda tangents, out: None,
    samples=lambda: [argpartition(_matrix(), kth=1, axis=1)],
    public=False,
    analytic=False,
    source="no derivative: positions",
)


# --- all entries ------------------------------------------------------------------------------------------------------


def _shared(values: Node, ordered: Node, axis: int) -> Node:
    """Return `values` with those that belong to equal entries of `ordered` replaced by their mean."""
    later = slice_(ordered, bounds=_span(ordered, axis, 1, None))
    earlier = slice_(ordered, bounds=_span(ordered, axis, None, -1))
    rises = cast(not_equal(later, earlier), dtype="int64")
    group = cumsum(place(rises, shape=ordered.shape, bounds=(_span(ordered, axis, 1, None),)), axis=axis)
    totals = put_along(group, values, shape=values.shape, axis=axis)
    counts = put_along(group, constant(1, values.shape, values.dtype), shape=values.shape, axis=axis)
    return take_along(totals, group, axis=axis) / take_along(counts, group, axis=axis)


def _span(x: Node, axis: int, start: int | None, stop: int | None) -> Bounds:
    return tuple((start, stop, 1) if i == axis else None for i in range(x.rank))


def _sort_vjp(g: Node, out: Apply) -> list[Node | None]:
    (x,) = out.args
    order = argsort(x, axis=_axis(out))
    shared = _shared(g, out, _axis(out))
    return [put_along(order, shared, shape=x.shape, axis=_axis(out), distinct=True)]


def _sort_jvp(tangents: Sequence[Node | None], out: Apply) -> Node | None:
    (t,) = tangents
    if t is None:
        return None
    order = argsort(out.args[0], axis=_axis(out))
    return _shared(take_along(t, order, axis=_axis(out)), out, _axis(out))


sort: Primitive = custom(
    "sort",
    numpy=lambda node, style: f"np.sort({{0}}, axis={_axis(node)})" if node.rank > 1 else "np.sort({0})",
    infer=lambda args, params: (args[0].shape, args[0].dtype),
    vjp=_sort_vjp,
    jvp=_sort_jvp,
    samples=lambda: [sort(_matrix(), axis=axis) for axis in (0, 1)],
    public=False,
    analytic=False,
    flops=10,
    derivative="the cotangent at the places that the entries came from",
    kinks="ties share equally",
    source="a permutation of entries; policy at ties",
)


# --- one of them ------------------------------------------------------------------------------------------------------


def _bounds(node: Apply) -> Bounds:
    position: Size = node.param("position")  # type: ignore[assignment]
    return tuple(position if i == _axis(node) else None for i in range(node.args[0].rank))


def _statistic_text(node: Apply, style: Style) -> str:
    return f"np.sort({{0}}, axis={_axis(node)}){bounds_text(_bounds(node), style)}"


def _infer_statistic(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    (x,) = args
    return tuple(size for i, size in enumerate(x.shape) if i != params["axis"]), x.dtype


def _statistic_jvp(tangents: Sequence[Node | None], out: Apply) -> Node | None:
    (t,) = tangents
    axes = (_axis(out),)
    return None if t is None else reduce_sum(t * tie_shares(out.args[0], out, axes), axes=axes)


order_statistic: Primitive = custom(
    "order_statistic",
    numpy=_statistic_text,
    infer=_infer_statistic,
    vjp=lambda g, out: [restored(g, out.args[0], (_axis(out),)) * tie_shares(out.args[0], out, (_axis(out),))],
    jvp=_statistic_jvp,
    lower=lambda node: slice_(sort(node.args[0], axis=_axis(node)), bounds=_bounds(node)),
    samples=lambda: [
        order_statistic(_matrix(), axis=0, position=1),
        order_statistic(_matrix(), axis=1, position=-1),
    ],
    public=False,
    analytic=False,
    flops=10,
    derivative="1 for the entry chosen, 0 for the others",
    kinks="ties share equally",
    source="the derivative of the entry chosen; policy at ties",
)
