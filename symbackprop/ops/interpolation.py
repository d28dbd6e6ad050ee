"""Linear interpolation, and the positions of numbers in sorted vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from symbackprop.errors import ShapeError
from symbackprop.ir.node import Apply, Node, Shape, constant, make_input
from symbackprop.ir.size import shape_text
from symbackprop.ops.broadcasting import sum_axes
from symbackprop.ops.comparison import greater, greater_equal, less, logical_and, where
from symbackprop.ops.declare import Primitive, Style, custom
from symbackprop.ops.extrema import maximum, minimum
from symbackprop.ops.indexing import gather, scatter_add, slice_
from symbackprop.ops.literal import literal
from symbackprop.ops.scipy_text import rounded

__all__ = ["digitize", "interp", "interpolated", "searchsorted"]


def _vector(index: int, size: int) -> Node:
    return make_input(index, (size,), "float64")


# --- positions --------------------------------------------------------------------------------------------------------


def _check_vector(x: Node, what: str) -> None:
    if x.rank != 1:
        raise ShapeError(f"{what} is a vector, not of shape {shape_text(x.shape)}")


def _infer_sorted(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    a, v = args
    _check_vector(a, "searchsorted: what is searched")
    return v.shape, "int64"


def _searchsorted_text(node: Apply, style: Style) -> str:
    return "np.searchsorted({0}, {1}" + (", side='right')" if node.param("side") == "right" else ")")


searchsorted: Primitive = custom(
    "searchsorted",
    arity=2,
    numpy=_searchsorted_text,
    infer=_infer_sorted,
    vjp=lambda g, out: [None, None],
    jvp=lambda tangents, out: None,
    samples=lambda: [
        searchsorted(_vector(0, 5), make_input(1, (2, 3), "float64"), side=side) for side in ("left", "right")
    ],
    public=False,
    analytic=False,
    source="no derivative: positions",
)


def _infer_digitize(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    x, bins = args
    _check_vector(bins, "digitize: bins")
    return x.shape, "int64"


digitize: Primitive = custom(
    "digitize",
    arity=2,
    numpy=lambda node, style: f"np.digitize({{0}}, {{1}}{', right=True' if node.param('right') else ''})",
    infer=_infer_digitize,
    vjp=lambda g, out: [None, None],
    jvp=lambda tangents, out: None,
    samples=lambda: [digitize(_vector(0, 3), constant(0.5, (1,), "float64"), right=False)],
    public=False,
    analytic=False,
    source="no derivative: positions",
)


# --- interpolation ----------------------------------------------------------------------------------------------------


def _infer_interp(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    x, xp, fp, *ends = args
    _check_vector(xp, "interp: xp")
    if fp.shape != xp.shape or any(end.rank for end in ends):
        raise ShapeError(f"interp: xp and fp have shapes {shape_text(xp.shape)} and {shape_text(fp.shape)}")
    return x.shape, fp.dtype


def _interp_text(node: Apply, style: Style) -> str:
    ends = "".join(f", {side}={{{3 + i}}}" for i, side in enumerate(_sides(node)))
    return rounded(f"np.interp({{0}}, {{1}}, {{2}}{ends})", node)


def _sides(node: Apply) -> tuple[str, ...]:
    """Return the ends beyond which the value is an argument of its own."""
    return node.param("sides")  # type: ignore[return-value]


class _Segment(NamedTuple):
    """Where each x lies: its knots, the share of the upper one, and the slope between them."""

    low: Node
    high: Node
    share: Node
    slope: Node


def _segment(out: Apply) -> _Segment:
    """Return the segments of x: that on the right of a knot, and the end knot alone beyond the ends."""
    x, xp, fp = out.args[:3]
    last = xp.shape[0] - 1
    low = minimum(maximum(searchsorted(xp, x, side="right") - 1, 0), constant(last))
    high = minimum(low + 1, constant(last))
    inside = logical_and(greater_equal(x, slice_(xp, bounds=(0,))), less(x, slice_(xp, bounds=(-1,))))
    x0, x1, f0, f1 = (gather(y, i, axis=0) for y in (xp, fp) for i in (low, high))
    width = where(inside, x1 - x0, 1)
    return _Segment(low, high, where(inside, (x - x0) / width, 0), where(inside, (f1 - f0) / width, 0))


def _beyond(out: Apply) -> list[Node]:
    """Return for each end with a value of its own the mask of what lies beyond it."""
    x, xp = out.args[:2]
    masks = {"left": lambda: less(x, slice_(xp, bounds=(0,))), "right": lambda: greater(x, slice_(xp, bounds=(-1,)))}
    return [masks[side]() for side in _sides(out)]


def interpolated(out: Apply) -> Node:
    """Return the value in terms of its segments, which takes knots of any number of axes once it is batched."""
    _, _, fp, *ends = out.args
    low, high, share, _ = _segment(out)
    lower = gather(fp, low, axis=0)
    value = lower + share * (gather(fp, high, axis=0) - lower)
    for mask, end in zip(_beyond(out), ends, strict=True):
        value = where(mask, end, value)
    return value


def _interp_vjp(g: Node, out: Apply) -> list[Node | None]:
    _, xp, fp = out.args[:3]
    beyond = _beyond(out)
    ends: list[Node | None] = [sum_axes(where(mask, g, 0), tuple(range(out.rank))) for mask in beyond]
    for mask in beyond:
        g = where(mask, 0, g)
    low, high, share, slope = _segment(out)
    upper, lower = g * share, g * (1 - share)
    f_bar = scatter_add(low, lower, high, upper, shape=fp.shape, axis=0, indices=1)
    x_bar = scatter_add(low, -(slope * lower), high, -(slope * upper), shape=xp.shape, axis=0, indices=1)
    return [g * slope, x_bar, f_bar, *ends]


def _interp_jvp(tangents: Sequence[Node | None], out: Apply) -> Node | None:
    t, t_knots, t_values, *t_ends = tangents
    low, high, share, slope = _segment(out)

    def between(y: Node) -> Node:
        return gather(y, low, axis=0) * (1 - share) + gather(y, high, axis=0) * share

    parts = [
        None if t is None else slope * t,
        None if t_knots is None else -(slope * between(t_knots)),
        None if t_values is None else between(t_values),
    ]
    total: Node = constant(0, out.shape, out.dtype)
    for part in parts:
        total = total if part is None else total + part
    for mask, end in zip(_beyond(out), t_ends, strict=True):
        total = where(mask, 0 if end is None else end, total)
    return None if all(tangent is None for tangent in tangents) else total


def _interp_samples() -> list[Node]:
    x, knots = make_input(0, (2, 3), "float64"), [0.1, 0.35, 0.6]
    from_knots = [_sample_vector(knots), _vector(1, 3)]
    ends = [make_input(2, (), "float64"), make_input(3, (), "float64")]
    return [
        interp(x, *from_knots, sides=()),
        interp(x, *from_knots, *ends, sides=("left", "right")),
        interp(x, *from_knots, ends[0], sides=("right",)),
    ]


def _sample_vector(numbers: list[float]) -> Node:
    return literal(*map(constant, numbers), shape=(len(numbers),))


interp: Primitive = custom(
    "interp",
    arity=None,
    numpy=_interp_text,
    infer=_infer_interp,
    vjp=_interp_vjp,
    jvp=_interp_jvp,
    samples=_interp_samples,
    analytic=False,
    flops=10,
    public=False,
    derivative="the slope of the segment in x; the shares of its ends in fp; minus slope times share in xp",
    kinks="at a knot the slope of the segment on the right; beyond the ends 0",
    source="f = (1 - t)*fp[i] + t*fp[i + 1] with t = (x - xp[i])/(xp[i + 1] - xp[i])",
)
