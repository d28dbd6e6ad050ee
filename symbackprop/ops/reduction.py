"""Reductions over axes beside `sum`: means, products, extrema, logic, positions."""

from __future__ import annotations

from collections.abc import Mapping

from symbackprop.errors import ShapeError
from symbackprop.ir.dtype import default_float, is_float
from symbackprop.ir.node import Apply, Const, Node, Shape, constant, make_input
from symbackprop.ir.size import product
from symbackprop.ops.broadcasting import axis_text, broadcast, cast, reduce_sum, reduction_text, sum_axes
from symbackprop.ops.comparison import equal
from symbackprop.ops.declare import Primitive, Style, custom, linear

__all__ = ["count_of", "largest", "logical_reduction", "mean", "restored", "smallest", "tie_shares"]


def kept_axes(rank: int, axes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the axes that a reduction over `axes` leaves."""
    return tuple(axis for axis in range(rank) if axis not in axes)


def restored(reduced: Node, x: Node, axes: tuple[int, ...]) -> Node:
    """Return a reduction of `x` over `axes`, broadcast back to the shape of `x`."""
    return broadcast(reduced, shape=x.shape, axes=kept_axes(x.rank, axes))


def count_of(x: Node, axes: tuple[int, ...], dtype: str) -> Const:
    """Return the number of entries that a reduction over `axes` combines."""
    return constant(product(x.shape[axis] for axis in axes), (), dtype)


def _axes(node: Apply) -> tuple[int, ...]:
    return node.param("axes")  # type: ignore[return-value]


def _infer(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    (x,) = args
    axes: tuple[int, ...] = params["axes"]  # type: ignore[assignment]
    return tuple(x.shape[axis] for axis in kept_axes(x.rank, axes)), x.dtype


def _infer_real(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    shape, dtype = _infer(args, params)
    return shape, dtype if is_float(dtype) else default_float()


def _infer_nonempty(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    if params.get("empty"):
        return _infer(args, params)
    for axis in params["axes"]:  # type: ignore[attr-defined]
        if args[0].shape[axis] == 0:
            raise ShapeError("the extremum of an axis of size 0 does not exist; give initial=, or leave the axis out")
    return _infer(args, params)


def _sample(primitive: Primitive) -> list[Node]:
    x = make_input(0, (3, 4), "float64")
    return [primitive(x, axes=(0,)), primitive(x, axes=(0, 1))]


def _mean_transpose(g: Node, out: Apply) -> Node:
    (x,) = out.args
    return restored(g / count_of(x, _axes(out), g.dtype), x, _axes(out))


mean: Primitive = linear(
    "mean",
    numpy=lambda node, style: f"np.mean({{0}}{axis_text(node)})",
    infer=_infer_real,
    transpose=_mean_transpose,
    samples=lambda: _sample(mean),
    public=False,
    derivative="1 / count",
    source="linear; the transpose repeats the cotangent divided by the count",
)


# --- extrema ----------------------------------------------------------------------------------------------------------


def tie_shares(x: Node, out: Node, axes: tuple[int, ...]) -> Node:
    """Return the share that each entry has in `out`, one of them: 1 / number of ties for those that equal it."""
    attains = cast(equal(x, restored(out, x, axes)), dtype=x.dtype)
    return attains / restored(reduce_sum(attains, axes=axes), x, axes)


def _extremum_text(node: Apply, style: Style) -> str:
    text = reduction_text(node, style)
    if ("empty", True) not in node.params:
        return text
    sign = "-" if node.op.name == "max" else ""  # there may be no entries
    initial = f"initial={sign}{'np.inf' if is_float(node.dtype) else _LARGEST_INTEGER}"
    return f"{text[:-1]}{initial})" if text.endswith("()") else f"{text[:-1]}, {initial})"


_LARGEST_INTEGER = "9223372036854775807"


def _extremum(name: str) -> Primitive:
    def vjp(g: Node, out: Apply) -> list[Node | None]:
        x, axes = out.args[0], _axes(out)
        if ("empty", True) in out.params:  # then the number of ties may be 0
            return [restored(g, x, axes) * tie_shares(x, out, axes)]
        attains = cast(equal(x, restored(out, x, axes)), dtype=x.dtype)
        return [attains * restored(g / reduce_sum(attains, axes=axes), x, axes)]

    primitive: Primitive = custom(
        name,
        numpy=_extremum_text,
        infer=_infer_nonempty,
        vjp=vjp,
        jvp=lambda tangents, out: sum_axes(tangents[0] * tie_shares(out.args[0], out, _axes(out)), _axes(out)),
        samples=lambda: _sample(primitive),
        public=False,
        analytic=False,
        derivative="1 for the entry chosen, 0 for the others",
        kinks="ties share equally",
        source="the derivative of the entry chosen; policy at ties",
    )
    return primitive


largest: Primitive = _extremum("max")
smallest: Primitive = _extremum("min")


# --- without derivative -----------------------------------------------------------------------------------------------


def _no_vjp(g: Node, out: Apply) -> list[Node | None]:
    return [None]


def logical_reduction(name: str) -> Primitive:
    """Declare ``any`` or ``all``."""
    primitive: Primitive = custom(
        name,
        numpy=reduction_text,
        infer=lambda args, params: (_infer(args, params)[0], "bool"),
        vjp=_no_vjp,
        jvp=lambda tangents, out: None,
        samples=lambda: _sample(primitive),
        public=False,
        analytic=False,
        source="no derivative: a mask",
    )
    return primitive


any_: Primitive = logical_reduction("any")
all_: Primitive = logical_reduction("all")


def _position_text(node: Apply, style: Style) -> str:
    axis = node.param("axis")
    return f"{{0}}.{node.op.name}({'' if axis is None else f'axis={axis}'})"


def _infer_position(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    axis = params["axis"]
    shape = args[0].shape
    return (() if axis is None else shape[:axis] + shape[axis + 1 :]), "int64"  # type: ignore[operator, index]


def _position(name: str) -> Primitive:
    primitive: Primitive = custom(
        name,
        numpy=_position_text,
        infer=_infer_position,
        vjp=_no_vjp,
        jvp=lambda tangents, out: None,
        samples=lambda: [primitive(make_input(0, (3, 4), "float64"), axis=axis) for axis in (None, 1)],
        public=False,
        analytic=False,
        source="no derivative: a position",
    )
    return primitive


argmax: Primitive = _position("argmax")
argmin: Primitive = _position("argmin")
