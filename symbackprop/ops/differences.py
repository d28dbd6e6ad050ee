"""Derivatives of sampled functions by central differences, as ``np.gradient`` takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from symbackprop.ir.node import Apply, Node, Shape, make_input
from symbackprop.ops.broadcasting import broadcast
from symbackprop.ops.declare import Primitive, Style, linear
from symbackprop.ops.indexing import Bounds, place, slice_

__all__ = ["gradient", "gradient_along"]

_INNER, _BELOW, _ABOVE = (1, -1, 1), (None, -2, 1), (2, None, 1)
_HALF = Fraction(1, 2)
# positions and weights that the first entry is made of, by edge order; the last has them from the end, negated
_EDGE: Mapping[int, Sequence[tuple[int, Fraction]]] = {
    1: ((0, Fraction(-1)), (1, Fraction(1))),
    2: ((0, Fraction(-3, 2)), (1, Fraction(2)), (2, Fraction(-1, 2))),
}


def _at(x: Node, axis: int, part: object) -> Bounds:
    return tuple(part if i == axis else None for i in range(x.rank))  # type: ignore[misc]


def _part(x: Node, axis: int, part: object) -> Node:
    return slice_(x, bounds=_at(x, axis, part))


def _infer(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    return args[0].shape, args[0].dtype


def _text(node: Apply, style: Style) -> str:
    axis = "" if node.rank == 1 else f", axis={node.param('axis')}"
    return f"np.gradient({{0}}{axis}{', edge_order=2' if node.param('edge_order') == 2 else ''})"


def _transpose(g: Node, out: Apply) -> Node:
    """Return every entry of the cotangent, times its weights, where the entry came from."""
    axis: int = out.param("axis")  # type: ignore[assignment]
    edge = _EDGE[out.param("edge_order")]  # type: ignore[index]
    inner = _part(g, axis, _INNER) * _HALF
    parts, places = [inner, -inner], [_ABOVE, _BELOW]
    first, last = _part(g, axis, 0), _part(g, axis, -1)
    for position, weight in edge:
        parts += [weight * first, -weight * last]
        places += [position, -1 - position]  # type: ignore[list-item]
    return place(*parts, shape=out.shape, bounds=tuple(_at(g, axis, part) for part in places))


gradient: Primitive = linear(
    "gradient",
    numpy=_text,
    infer=_infer,
    transpose=_transpose,
    samples=lambda: (
        [gradient(make_input(0, (3, 4), "float64"), axis=axis, edge_order=order) for axis in (0, 1) for order in (1, 2)]
        + [gradient(make_input(0, (2,), "float64"), axis=0, edge_order=1)]
    ),
    flops=2,
    public=False,
    derivative="half the cotangent on either side of each entry",
    source="linear: (f[i + 1] - f[i - 1])/2 inside, one-sided differences at the ends",
)


def gradient_along(f: Node, x: Node, axis: int, edge_order: int) -> Node:
    """Return the differences of `f` along an axis whose coordinates are the vector `x`.

    Inside, and at the ends where the order is 2, the slope of the parabola through three points.
    """
    steps = _part(x, 0, (1, None, 1)) - _part(x, 0, (None, -1, 1))
    before, behind = (
        broadcast(_part(steps, 0, part), shape=_part(f, axis, _INNER).shape, axes=(axis,))
        for part in ((None, -1, 1), (1, None, 1))
    )
    rise = (_part(f, axis, _ABOVE) - _part(f, axis, _INNER)) / behind
    fall = (_part(f, axis, _INNER) - _part(f, axis, _BELOW)) / before
    inner = (before * rise + behind * fall) / (before + behind)
    ends = [_end(f, steps, axis, edge_order, from_end) for from_end in (False, True)]
    return place(inner, *ends, shape=f.shape, bounds=tuple(_at(f, axis, part) for part in (_INNER, 0, -1)))


def _end(f: Node, steps: Node, axis: int, edge_order: int, from_end: bool) -> Node:
    """Return the slope at one end of an axis."""
    edge, second, third = (-1, -2, -3) if from_end else (0, 1, 2)
    near = _part(steps, 0, -1 if from_end else 0)
    slope = (_part(f, axis, edge) - _part(f, axis, second)) / (near if from_end else -near)
    if edge_order == 1:
        return slope
    far = _part(steps, 0, -2 if from_end else 1)
    beside = (_part(f, axis, second) - _part(f, axis, third)) / (far if from_end else -far)
    return slope + near * (slope - beside) / (near + far)
