"""Running sums and maxima along an axis, and entries at positions along one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbackprop.ir.node import Apply, Node, Shape, make_input
from symbackprop.ops.declare import Primitive, Style, custom, linear
from symbackprop.ops.indexing import slice_, zeros_text

__all__ = ["cummax", "cumsum", "put_along", "reversed_along", "sum_from_end", "take_along"]


def _axis(node: Apply) -> int:
    return node.param("axis")  # type: ignore[return-value]


def _infer(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    return args[0].shape, "int64" if args[0].dtype == "bool" else args[0].dtype


def _infer_positions(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    return args[0].shape, "int64"


def _samples(primitive: Primitive) -> list[Node]:
    x = make_input(0, (3, 4), "float64")
    return [primitive(x, axis=0), primitive(x, axis=1)]


def reversed_along(x: Node, axis: int) -> Node:
    """Return `x` with an axis in reverse order."""
    return slice_(x, bounds=tuple((None, None, -1) if i == axis else None for i in range(x.rank)))


def sum_from_end(x: Node, axis: int) -> Node:
    """Return the running sum along an axis from its end."""
    return reversed_along(cumsum(reversed_along(x, axis), axis=axis), axis)


cumsum: Primitive = linear(
    "cumsum",
    numpy=lambda node, style: f"np.cumsum({{0}}, axis={_axis(node)})",
    infer=_infer,
    transpose=lambda g, out: sum_from_end(g, _axis(out)),
    samples=lambda: _samples(cumsum),
    public=False,
    derivative="running sum from the end",
    source="the transpose of a lower triangle of ones is an upper one",
)


# --- entries at positions along an axis ---------------------------------------------------------------------------------


def _infer_along(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    return args[1].shape, args[0].dtype


def _along_jvp(tangents: Sequence[Node | None], out: Apply) -> Node | None:
    return None if tangents[0] is None else take_along(tangents[0], out.args[1], axis=_axis(out))


take_along: Primitive = linear(
    "take_along_axis",
    arity=2,
    numpy=lambda node, style: f"np.take_along_axis({{0}}, {{1}}, axis={_axis(node)})",
    infer=_infer_along,
    transpose=lambda g, out: (put_along(out.args[1], g, shape=out.args[0].shape, axis=_axis(out)), None),
    jvp=_along_jvp,
    samples=lambda: [
        take_along(make_input(0, (3, 4), "float64"), make_input(1, (3, 5), "int64"), axis=1),
        take_along(make_input(0, (3, 4), "float64"), make_input(1, (2, 4), "int64"), axis=0),
    ],
    public=False,
    derivative="the cotangent added up at the positions read",
    source="a choice of entries",
)


def _infer_put(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    return params["shape"], args[1].dtype  # type: ignore[return-value]


def _put_lines(node: Apply, style: Style) -> list[str]:
    rank, axis = node.rank, _axis(node)
    made = f"{{out}} = {zeros_text(node, style)}"
    if ("distinct", True) in node.params:
        return [made, f"np.put_along_axis({{out}}, {{0}}, {{1}}, axis={axis})"]
    grids = [
        "{0}"
        if i == axis
        else f"np.arange({{0}}.shape[{i}])[{', '.join(':' if j == i else 'None' for j in range(rank))}]"
        for i in range(rank)
    ]
    index = "{0}" if rank == 1 else f"({', '.join(grids)})"
    return [made, f"np.add.at({{out}}, {index}, {{1}})"]


put_along: Primitive = linear(
    "put_along_axis",
    arity=2,
    numpy="{0}",
    lines=_put_lines,
    infer=_infer_put,
    transpose=lambda g, out: (None, take_along(g, out.args[0], axis=_axis(out))),
    samples=lambda: [put_along(make_input(0, (3, 5), "int64"), make_input(1, (3, 5), "float64"), shape=(3, 4), axis=1)],
    jvp=lambda tangents, out: None if tangents[1] is None else put_along(out.args[0], tangents[1], **dict(out.params)),
    public=False,
    derivative="the entries of the cotangent at the positions written",
    source="the transpose of a choice of entries",
)


# --- running maxima ---------------------------------------------------------------------------------------------------


def _running_text(node: Apply, style: object) -> str:
    axis = _axis(node)
    index = ", ".join(":" if i == axis else "None" for i in range(node.rank))
    grid = f"np.arange({{0}}.shape[{axis}])" + (f"[{index}]" if node.rank > 1 else "")
    attained = f"{{0}} == np.maximum.accumulate({{0}}, axis={axis})"
    return f"np.maximum.accumulate(np.where({attained}, {grid}, 0), axis={axis})"


running_argmax: Primitive = custom(
    "running_argmax",
    numpy=_running_text,
    infer=_infer_positions,
    vjp=lambda g, out: [None],
    jvp=lambda tangents, out: None,
    samples=lambda: _samples(running_argmax),
    public=False,
    analytic=False,
    source="no derivative: positions",
)


def _cummax_vjp(g: Node, out: Apply) -> list[Node | None]:
    (x,) = out.args
    axis = _axis(out)
    return [put_along(running_argmax(x, axis=axis), g, shape=x.shape, axis=axis)]


def _cummax_jvp(tangents: Sequence[Node | None], out: Apply) -> Node | None:
    (t,) = tangents
    axis = _axis(out)
    return None if t is None else take_along(t, running_argmax(out.args[0], axis=axis), axis=axis)


cummax: Primitive = custom(
    "cummax",
    numpy=lambda node, style: f"np.maximum.accumulate({{0}}, axis={_axis(node)})",
    infer=lambda args, params: (args[0].shape, args[0].dtype),
    vjp=_cummax_vjp,
    jvp=_cummax_jvp,
    samples=lambda: _samples(cummax),
    public=False,
    analytic=False,
    derivative="the cotangent added up at the entries attained",
    kinks="of entries that tie for the maximum the last one counts",
    source="a choice of entries",
)
