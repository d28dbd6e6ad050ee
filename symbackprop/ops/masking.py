"""Choosing entries by a mask, its transpose, and positions repeated by counts: results whose size a node defines.

The size is the parameter `count`, an opaque size; which node defines it is known to the graph (`Graph.counts`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbackprop.errors import ShapeError
from symbackprop.ir.node import Apply, Node, Shape, make_input
from symbackprop.ir.size import shape_text
from symbackprop.ops.declare import Primitive, Style, custom, linear
from symbackprop.ops.indexing import zeros_text

__all__ = ["masked", "place_masked", "repeated_positions"]


def _array(index: int, *shape: int) -> Node:
    return make_input(index, shape, "float64")


def _mask(*shape: int) -> Node:
    return make_input(1, shape, "bool")


def _axis(node: Apply) -> int:
    return node.param("axis")  # type: ignore[return-value]


def _check(whole: Shape, mask: Node, axis: int) -> None:
    if mask.dtype != "bool" or whole[axis : axis + mask.rank] != mask.shape:
        raise ShapeError(f"a {mask.dtype} mask of shape {shape_text(mask.shape)} for an array of {shape_text(whole)}")


def _chosen_shape(whole: Shape, mask: Node, axis: int, count: object) -> Shape:
    return (*whole[:axis], count, *whole[axis + mask.rank :])  # type: ignore[arg-type]


def _infer_masked(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    x, mask = args
    axis: int = params["axis"]  # type: ignore[assignment]
    _check(x.shape, mask, axis)
    return _chosen_shape(x.shape, mask, axis, params["count"]), x.dtype


def _masked_jvp(tangents: Sequence[Node | None], out: Apply) -> Node | None:
    return None if tangents[0] is None else masked(tangents[0], out.args[1], **dict(out.params))


masked: Primitive = linear(
    "masked",
    arity=2,
    numpy=lambda node, style: f"{{0}}[{':, ' * _axis(node)}{{1}}]",
    infer=_infer_masked,
    transpose=lambda g, out: (place_masked(g, out.args[1], shape=out.args[0].shape, axis=_axis(out)), None),
    jvp=_masked_jvp,
    samples=lambda: [
        masked(_array(0, 4, 3), _mask(4), axis=0, count=2),
        masked(_array(0, 3, 4), _mask(4), axis=1, count=2),
        masked(_array(0, 2, 3, 2), _mask(2, 3), axis=0, count=3),
    ],
    flops=0,
    public=False,
    derivative="the cotangent at the entries chosen, among zeros",
    source="a choice of entries",
)


def _infer_place(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    g, mask = args
    shape: Shape = params["shape"]  # type: ignore[assignment]
    axis: int = params["axis"]  # type: ignore[assignment]
    _check(shape, mask, axis)
    if g.rank != len(shape) - mask.rank + 1 or g.shape != _chosen_shape(shape, mask, axis, g.shape[axis]):
        raise ShapeError(f"shape {shape_text(g.shape)} does not fill its part of shape {shape_text(shape)}")
    return shape, g.dtype


def _place_lines(node: Apply, style: Style) -> list[str]:
    return [f"{{out}} = {zeros_text(node, style)}", f"{{out}}[{':, ' * _axis(node)}{{1}}] = {{0}}"]


def _place_transpose(g: Node, out: Apply) -> Sequence[Node | None]:
    axis = _axis(out)
    return masked(g, out.args[1], axis=axis, count=out.args[0].shape[axis]), None


place_masked: Primitive = linear(
    "place_masked",
    arity=2,
    numpy="{0}",
    lines=_place_lines,
    assigns=True,
    infer=_infer_place,
    transpose=_place_transpose,
    jvp=lambda tangents, out: (
        None if tangents[0] is None else place_masked(tangents[0], out.args[1], **dict(out.params))
    ),
    samples=lambda: [
        place_masked(_array(0, 2, 3), _mask(4), shape=(4, 3), axis=0),
        place_masked(_array(0, 3, 2), _mask(4), shape=(3, 4), axis=1),
    ],
    flops=0,
    public=False,
    derivative="the entries of the cotangent that the mask chooses",
    source="the transpose of a choice of entries",
)


repeated_positions: Primitive = custom(
    "repeated_positions",
    numpy="np.repeat(np.arange({0}.shape[0]), {0})",
    infer=lambda args, params: ((params["count"],), "int64"),  # type: ignore[arg-type, return-value]
    vjp=lambda g, out: [None],
    jvp=lambda tangents, out: None,
    samples=lambda: [repeated_positions(make_input(0, (3,), "int64"), count=1)],
    public=False,
    analytic=False,
    source="no derivative: positions",
)
