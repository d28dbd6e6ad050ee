"""Copies of an array with some entries replaced, or with something added to them.

Parts are given by bounds, as in `indexing`, or by arrays of positions. Where a position stands twice among those that
are replaced, the last value stays, as in NumPy; `last_written` tells which ones those are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from symbackprop.errors import ShapeError
from symbackprop.ir.node import Apply, Const, Node, Shape, constant, make_apply, make_input
from symbackprop.ir.size import product, shape_text
from symbackprop.ops.broadcasting import broadcast
from symbackprop.ops.comparison import where
from symbackprop.ops.creation import arange
from symbackprop.ops.declare import COPIED, Primitive, Style, custom, linear
from symbackprop.ops.indexing import (
    Bounds,
    added_line,
    are_apart,
    bounds_text,
    gather,
    slice_,
    sliced_shape,
    zeros_text,
)
from symbackprop.ops.masking import masked, place_masked
from symbackprop.ops.positions import are_distinct

__all__ = [
    "add_at",
    "add_parts",
    "last_written",
    "place_counted",
    "read_part",
    "replace_at",
    "replace_parts",
    "with_added",
    "with_part",
]

_DEEPEST = 1000  # nodes that a read looks through for what was written
_PARTS = 128  # parts that are not single entries which it compares with
_MOST = 64  # parts that one node writes, so that a long chain of writes stays linear


def _matrix(index: int = 0) -> Node:
    return make_input(index, (3, 4), "float64")


def _positions(index: int, *shape: int) -> Node:
    return make_input(index, shape, "int64")


def _parts(node: Apply) -> tuple[Bounds, ...]:
    return node.param("bounds")  # type: ignore[return-value]


def _start(node: Apply, style: Style) -> str:
    """Return the text of a buffer with the entries of the first argument."""
    (x, *_) = node.args
    if isinstance(x, Const):
        if x.value == 0 and not isinstance(x.value, bool):
            return f"{{out}} = {zeros_text(node, style)}"
        dtype = "" if node.dtype == "float64" else f", dtype={style.dtype(node.dtype)}"
        return f"{{out}} = np.full({style.shape(x.shape)}, {style.number(x.value, x.dtype)}{dtype})"
    return COPIED


# --- parts given by bounds --------------------------------------------------------------------------------------------


def _infer_parts(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    x, *values = args
    for value, bounds in zip(values, params["bounds"], strict=True):  # type: ignore[call-overload]
        if sliced_shape(x.shape, bounds) != value.shape:
            raise ShapeError(f"shape {shape_text(value.shape)} does not fill its part of shape {shape_text(x.shape)}")
    return x.shape, x.dtype


def _lines(operator: str) -> Callable[[Apply, Style], list[str]]:
    def lines(node: Apply, style: Style) -> list[str]:
        parts = enumerate(_parts(node), start=1)
        return [
            _start(node, style),
            *(f"{{out}}{bounds_text(bounds, style)} {operator} {{{position}}}" for position, bounds in parts),
        ]

    return lines


def _replace_transpose(g: Node, out: Apply) -> Sequence[Node]:
    """Return for each value the cotangent of what later values have left of it, for the array that of the rest."""
    rest, found = g, []
    for value, bounds in reversed(list(zip(out.args[1:], _parts(out), strict=True))):
        found.append(read_part(rest, bounds))
        rest = with_part(rest, bounds, constant(0, value.shape, g.dtype))
    return [rest, *reversed(found)]


replace_parts: Primitive = linear(
    "replace_parts",
    arity=None,
    numpy="{0}",
    lines=_lines("="),
    assigns=True,
    infer=_infer_parts,
    transpose=_replace_transpose,
    samples=lambda: [
        replace_parts(_matrix(), make_input(1, (2, 4), "float64"), bounds=(((1, None, 1), None),)),
        replace_parts(_matrix(), make_input(1, (3, 2), "float64"), bounds=((None, (None, None, -2)),)),
        replace_parts(
            _matrix(),
            make_input(1, (4,), "float64"),
            make_input(2, (2, 4), "float64"),
            make_input(3, (), "float64"),
            bounds=((0, None), ((0, 2, 1), None), (-1, 2)),
        ),
    ],
    flops=0,
    public=False,
    derivative="the cotangent at the part, for what is written; the cotangent with the part set to 0, for the array",
    source="a choice of entries from several arrays",
)

add_parts: Primitive = linear(
    "add_parts",
    arity=None,
    numpy="{0}",
    lines=_lines("+="),
    assigns=True,
    infer=_infer_parts,
    transpose=lambda g, out: [g, *(slice_(g, bounds=bounds) for bounds in _parts(out))],
    samples=lambda: [
        add_parts(
            _matrix(),
            make_input(1, (2, 4), "float64"),
            make_input(2, (3,), "float64"),
            bounds=(((1, None, 1), None), (None, 1)),
        )
    ],
    flops=1,
    public=False,
    derivative="the cotangent, and its parts",
    source="linear: the array and the values among zeros, added up",
)


def with_part(x: Node, bounds: Bounds, value: Node) -> Node:
    """Return `x` with a part replaced; writes that follow each other become one node."""
    return _written(replace_parts, x, bounds, value)


def with_added(x: Node, bounds: Bounds, value: Node) -> Node:
    """Return `x` with something added to a part."""
    return _written(add_parts, x, bounds, value)


def _written(primitive: Primitive, x: Node, bounds: Bounds, value: Node) -> Node:
    if isinstance(x, Apply) and x.op is primitive and len(x.args) <= _MOST:
        return primitive(*x.args, value, bounds=(*_parts(x), bounds))
    return primitive(x, value, bounds=(bounds,))


@lru_cache(maxsize=4096)
def _are_points(parts: tuple[Bounds, ...]) -> bool:
    """Tell whether all parts are single entries, counted from the start."""
    return all([type(i) is int and i >= 0 for bounds in parts for i in bounds])


def read_part(x: Node, bounds: Bounds) -> Node:
    """Return a part of `x`: what was written there last, where that is sure."""
    is_point = _are_points((bounds,))
    looked_at = 0
    for _ in range(_DEEPEST):
        if not isinstance(x, Apply) or x.op is not replace_parts or looked_at > _PARTS:
            break
        if is_point and _are_points(_parts(x)) and bounds not in _parts(x):
            x = x.args[0]
            continue
        looked_at += len(x.args) - 1
        for value, written in zip(reversed(x.args[1:]), reversed(_parts(x)), strict=True):
            if written == bounds:
                return value
            if not are_apart(written, bounds):
                return slice_(x, bounds=bounds)
        x = x.args[0]
    return slice_(x, bounds=bounds)


# --- what a mask chooses ----------------------------------------------------------------------------------------------


def _counted_lines(node: Apply, style: Style) -> list[str]:
    """Write the values, of which there have to be as many as the mask chooses: one is not spread over several."""
    axis: int = node.param("axis")  # type: ignore[assignment]
    sizes = [style.size(size) for size in node.args[0].shape]
    sizes[axis] = "np.count_nonzero({1})"
    return [f"{{out}} = {zeros_text(node, style)}", f"{{out}}[{':, ' * axis}{{1}}] = {{0}}.reshape({', '.join(sizes)})"]


def _counted_transpose(g: Node, out: Apply) -> Sequence[Node | None]:
    axis: int = out.param("axis")  # type: ignore[assignment]
    return masked(g, out.args[1], axis=axis, count=out.args[0].shape[axis]), None


place_counted: Primitive = linear(
    "place_counted",
    arity=2,
    numpy="{0}",
    lines=_counted_lines,
    infer=place_masked.infer,
    transpose=_counted_transpose,
    jvp=lambda tangents, out: (
        None if tangents[0] is None else place_counted(tangents[0], out.args[1], **dict(out.params))
    ),
    samples=lambda: [
        place_counted(make_input(0, (2, 3), "float64"), make_input(1, (4,), "bool"), shape=(4, 3), axis=0),
        place_counted(make_input(0, (3, 2), "float64"), make_input(1, (4,), "bool"), shape=(3, 4), axis=1),
    ],
    flops=0,
    public=False,
    derivative="the entries of the cotangent that the mask chooses",
    source="the transpose of a choice of entries",
)


# --- positions --------------------------------------------------------------------------------------------------------


def _infer_at(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    x, *indices, value = args
    read = gather.infer((x, *indices), {"axis": params["axis"]})
    if read != (value.shape, value.dtype):
        raise ShapeError(f"shape {shape_text(value.shape)} where {shape_text(read[0])} is written")
    return x.shape, x.dtype


def _index_text(node: Apply) -> str:
    axis: int = node.param("axis")  # type: ignore[assignment]
    parts = [":"] * axis + [f"{{{place}}}" for place in range(1, len(node.args) - 1)]
    return ", ".join(parts)


def _replace_at_lines(node: Apply, style: Style) -> list[str]:
    return [_start(node, style), f"{{out}}[{_index_text(node)}] = {{{len(node.args) - 1}}}"]


def _add_at_lines(node: Apply, style: Style) -> list[str]:
    *places, value = range(1, len(node.args))
    return [_start(node, style), added_line(node, places, node.param("axis"), value)]  # type: ignore[arg-type]


def _replace_at_transpose(g: Node, out: Apply) -> Sequence[Node | None]:
    x, *indices, value = out.args
    axis: int = out.param("axis")  # type: ignore[assignment]
    read = gather(g, *indices, axis=axis)
    if not are_distinct(indices):
        stays = last_written(*indices, shape=x.shape[axis : axis + len(indices)])
        places = tuple(range(axis, axis + stays.rank))
        read = where(broadcast(stays, shape=read.shape, axes=places), read, 0)
    rest = replace_at(g, *indices, constant(0, value.shape, g.dtype), axis=axis)
    return [rest, *[None] * len(indices), read]


def _at_jvp(tangents: Sequence[Node | None], out: Apply) -> Node | None:
    x, *indices, value = out.args
    moved = [
        constant(0, arg.shape, arg.dtype) if tangent is None else tangent
        for tangent, arg in ((tangents[0], x), (tangents[-1], value))
    ]
    if tangents[0] is None and tangents[-1] is None:
        return None
    return make_apply(out.op, (moved[0], *indices, moved[1]), out.params, out.shape, out.dtype)


def _add_at_transpose(g: Node, out: Apply) -> Sequence[Node | None]:
    indices = out.args[1:-1]
    return [g, *[None] * len(indices), gather(g, *indices, axis=out.param("axis"))]


def _at_samples(primitive: Primitive) -> list[Node]:
    return [
        primitive(_matrix(), _positions(1, 3), make_input(2, (3, 4), "float64"), axis=0),
        primitive(_matrix(), _positions(1, 2, 2), make_input(2, (3, 2, 2), "float64"), axis=1),
        primitive(_matrix(), _positions(1, 5), _positions(2, 5), make_input(3, (5,), "float64"), axis=0),
        primitive(_matrix(), arange(size=2), make_input(1, (2, 4), "float64"), axis=0),
    ]


replace_at: Primitive = linear(
    "replace_at",
    arity=None,
    numpy="{0}",
    lines=_replace_at_lines,
    assigns=True,
    infer=_infer_at,
    transpose=_replace_at_transpose,
    jvp=_at_jvp,
    samples=lambda: _at_samples(replace_at),
    flops=0,
    public=False,
    derivative="the cotangent at the positions, where the value stayed; the cotangent with the positions set to 0",
    source="a choice of entries; of several values for one position the last one stays, as in NumPy",
)

add_at: Primitive = linear(
    "add_at",
    arity=None,
    numpy="{0}",
    lines=_add_at_lines,
    assigns=True,
    infer=_infer_at,
    transpose=_add_at_transpose,
    jvp=_at_jvp,
    samples=lambda: _at_samples(add_at),
    flops=1,
    public=False,
    derivative="the cotangent, and its entries at the positions",
    source="linear: repeated positions add up",
)


def _last_lines(node: Apply, style: Style) -> list[str]:
    (shape,) = (node.param("shape"),)
    count = f"np.arange({style.size(product(node.shape))})"
    order = count if node.rank == 1 else f"{count}.reshape{style.shape(node.shape)}"
    index = ", ".join(f"{{{place}}}" for place in range(len(node.args)))
    return [
        f"{{out}} = np.zeros({style.shape(shape)}, dtype=np.int64)",  # type: ignore[arg-type]
        f"{{out}}[{index}] = {order}",
        f"{{out}} = {{out}}[{index}] == {order}",
    ]


last_written: Primitive = custom(
    "last_written",
    arity=None,
    numpy="{0}",
    lines=_last_lines,
    infer=lambda args, params: (args[0].shape, "bool"),
    vjp=lambda g, out: [None] * len(out.args),
    jvp=lambda tangents, out: None,
    samples=lambda: [
        last_written(_positions(0, 5), shape=(3,)),
        last_written(_positions(0, 2, 2), _positions(1, 2, 2), shape=(3, 2)),
    ],
    public=False,
    analytic=False,
    source="no derivative: a mask",
)
