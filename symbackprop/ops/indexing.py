"""Reading and writing parts: slices and their transpose, gathers by integer arrays and their transpose.

The adjoints of many reads of one array are written into one buffer: `place` and `scatter_add` are n-ary and print as
accumulation into an array of zeros.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbackprop.errors import ShapeError
from symbackprop.ir.node import Apply, Node, Shape, constant, make_input
from symbackprop.ir.size import Size, is_nonnegative, product, shape_text
from symbackprop.ir.slices import slice_length
from symbackprop.ops.arithmetic import is_subtracted
from symbackprop.ops.comparison import equal, where
from symbackprop.ops.declare import Primitive, Style, linear
from symbackprop.ops.positions import are_distinct

__all__ = [
    "Bounds", "added_line", "are_apart", "choose", "gather", "index_arrays", "place", "scatter_add", "slice_",
    "subtracts",
]  # fmt: skip

Span = tuple[Size | None, Size | None, int]  # start, stop, step
Bounds = tuple[Span | Size | None, ...]  # an axis each: a span, a position (which drops the axis), or None for all


def _matrix() -> Node:
    return make_input(0, (3, 4), "float64")


def _positions(*shape: int) -> Node:
    return make_input(1, shape, "int64")


def sliced_shape(shape: Shape, bounds: Bounds) -> Shape:
    """Return the shape of an array of `shape` after slicing."""
    return tuple(
        slice_length(size, *bound) if isinstance(bound, tuple) else size
        for size, bound in zip(shape, bounds, strict=True)
        if bound is None or isinstance(bound, tuple)
    )


def bounds_text(bounds: Bounds, style: Style) -> str:
    """Return an index such as ``[1:, ::2]``."""
    parts = []
    for bound in bounds:
        if bound is None:
            parts.append(":")
            continue
        if not isinstance(bound, tuple):
            parts.append(style.size(bound))
            continue
        start, stop, step = bound
        first = "" if start is None or (start == 0 and step > 0) else style.size(start)
        text = f"{first}:{'' if stop is None else style.size(stop)}"
        parts.append(text + (f":{step}" if step != 1 else ""))
    while len(parts) > 1 and parts[-1] == ":":
        parts.pop()
    return f"[{', '.join(parts)}]"


def _infer_slice(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    (x,) = args
    bounds: Bounds = params["bounds"]  # type: ignore[assignment]
    if len(bounds) != x.rank:
        raise ShapeError(f"{len(bounds)} slices for an array of shape {shape_text(x.shape)}")
    return sliced_shape(x.shape, bounds), x.dtype


slice_: Primitive = linear(
    "slice",
    numpy=lambda node, style: "{0}" + bounds_text(node.param("bounds"), style),  # type: ignore[arg-type]
    infer=_infer_slice,
    transpose=lambda g, out: place(g, shape=out.args[0].shape, bounds=(out.param("bounds"),)),
    samples=lambda: [
        slice_(_matrix(), bounds=((1, None, 1), None)),
        slice_(_matrix(), bounds=(None, (None, None, -1))),
        slice_(_matrix(), bounds=((0, 2, 1), (1, -1, 2))),
        slice_(_matrix(), bounds=(1, None)),
        slice_(_matrix(), bounds=(-1, 2)),
    ],
    memory="view",
    flops=0,
    public=False,
    derivative="the cotangent in its place among zeros",
    source="a choice of entries",
)


# --- the transpose of slicing -----------------------------------------------------------------------------------------


def _infer_place(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    shape: Shape = params["shape"]  # type: ignore[assignment]
    for arg, bounds in zip(args, params["bounds"], strict=True):  # type: ignore[call-overload]
        if sliced_shape(shape, bounds) != arg.shape:
            raise ShapeError(f"shape {shape_text(arg.shape)} does not fill its part of shape {shape_text(shape)}")
    return shape, args[0].dtype


def zeros_text(node: Apply, style: Style) -> str:
    """Return the text of an array of zeros like the result."""
    return _made_text("np.zeros", node, style)


def _made_text(function: str, node: Apply, style: Style) -> str:
    dtype = "" if node.dtype == "float64" else f", dtype={style.dtype(node.dtype)}"
    return f"{function}({style.shape(node.shape)}{dtype})"


def _place_lines(node: Apply, style: Style) -> list[str]:
    parts: tuple[Bounds, ...] = node.param("bounds")  # type: ignore[assignment]
    lines = [f"{{out}} = {_made_text('np.empty' if _cover(parts, node.shape) else 'np.zeros', node, style)}"]
    for position, bounds in enumerate(parts):
        part, value = f"{{out}}{bounds_text(bounds, style)}", f"{{{position}}}"
        if subtracts(node, position):
            value = f"{{-{position}}}"
            lines.append(f"{part} = -{value}" if _is_apart(parts, position) else f"{part} -= {value}")
        else:
            lines.append(f"{part} {'=' if _is_apart(parts, position) else '+='} {value}")
    return lines


def subtracts(node: Apply, position: int) -> bool:
    """Tell whether a statement that adds to a buffer has the sign of what it adds: a negative, or a negative number."""
    if not is_subtracted(node.args[position]):
        return False
    if node.op is place:
        return isinstance(node.args[position], Apply)
    groups = _groups(node) if node.op is scatter_add else [(tuple(range(1, len(node.args) - 1)), len(node.args) - 1)]
    return any(value == position and are_distinct([node.args[at] for at in places]) for places, value in groups)


def _is_apart(parts: Sequence[Bounds], position: int) -> bool:
    """Tell whether a part is sure to hold zeros still: each one before it has other positions on some axis."""
    return all(are_apart(before, parts[position]) for before in parts[:position])


def _cover(parts: Sequence[Bounds], shape: Shape) -> bool:
    """Tell whether parts are sure to fill an array of a shape, each entry once."""
    if not all(_is_apart(parts, position) for position in range(len(parts))):
        return False
    written: Size = sum((product(sliced_shape(shape, bounds)) for bounds in parts), start=0)
    return written == product(shape) or _are_end_to_end(parts, shape)


def _are_end_to_end(parts: Sequence[Bounds], shape: Shape) -> bool:
    """Tell whether parts are slices of one axis, each of which begins where another one ends, whatever these sizes are."""
    cut = {axis for bounds in parts for axis, bound in enumerate(bounds) if bound is not None}
    if len(cut) != 1:
        return False
    (axis,) = cut
    spans = [bounds[axis] for bounds in parts]
    ends = {span[0] or 0: span[1] for span in spans if isinstance(span, tuple) and span[2] == 1}
    reached: Size | None = 0
    for _ in spans:
        if reached not in ends:
            return False
        reached = ends[reached]
    return reached is None or reached == shape[axis]


def are_apart(a: Bounds, b: Bounds) -> bool:
    """Tell whether two parts are sure to have no entry in common, as they have none on one of the axes."""
    pairs = [*zip(a, b, strict=True)]
    if any(isinstance(i, int) and isinstance(j, int) and i < 0 and j < 0 and i != j for i, j in pairs):
        return True
    if any(_ends_before(i, j) or _ends_before(j, i) for i, j in pairs):
        return True
    spans = [(_span(i), _span(j)) for i, j in pairs]
    return any(i is not None and j is not None and (i[1] <= j[0] or j[1] <= i[0]) for i, j in spans)


def _ends_before(a: object, b: object) -> bool:
    """Tell whether one slice ends where another begins, or before it, at sizes that count from the start."""
    if not isinstance(a, tuple) or not isinstance(b, tuple) or a[2] < 1 or b[2] < 1 or a[1] is None or b[0] is None:
        return False
    return is_nonnegative(a[1]) and is_nonnegative(b[0] - a[1])


def _span(bound: object) -> tuple[float, float] | None:
    """Return between which positions from the start a part lies; None where that is not known, as from the end."""
    if isinstance(bound, int):
        return (bound, bound + 1) if bound >= 0 else None
    if isinstance(bound, tuple):
        start, stop, step = bound
        if step > 0 and isinstance(start, int) and start >= 0:
            return start, stop if isinstance(stop, int) and stop >= 0 else float("inf")
        if step > 0 and start is None and isinstance(stop, int) and stop >= 0:
            return 0, stop
    return None


def _place_transpose(g: Node, out: Apply) -> Sequence[Node]:
    return [slice_(g, bounds=bounds) for bounds in out.param("bounds")]  # type: ignore[attr-defined]


place: Primitive = linear(
    "place",
    arity=None,
    numpy="{0}",
    lines=_place_lines,
    assigns=True,
    infer=_infer_place,
    transpose=_place_transpose,
    samples=lambda: [
        place(_matrix(), shape=(5, 4), bounds=(((1, 4, 1), None),)),
        place(
            _matrix(),
            make_input(1, (3, 4), "float64"),
            shape=(4, 4),
            bounds=(((1, None, 1), None), ((None, -1, 1), (None, None, -1))),
        ),
    ],
    flops=1,
    public=False,
    derivative="the slices of the cotangent",
    source="the transpose of slicing",
)


# --- gathers ----------------------------------------------------------------------------------------------------------


def _infer_gather(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    x, *indices = args
    axis: int = params["axis"]  # type: ignore[assignment]
    for index in indices:
        if index.dtype != "int64":
            raise ShapeError(f"an index array holds integers, not {index.dtype}; declare it with ':int', idx[k]:int")
        if index.shape != indices[0].shape:
            raise ShapeError(f"index arrays of shapes {shape_text(indices[0].shape)} and {shape_text(index.shape)}")
    return (*x.shape[:axis], *indices[0].shape, *x.shape[axis + len(indices) :]), x.dtype


def _gather_text(node: Apply, style: Style) -> str:
    axis: int = node.param("axis")  # type: ignore[assignment]
    if style.has_large and axis == 0 and len(node.args) == 2 and node.args[0].rank > 1:
        return "np.take({0}, {1}, axis=0)"  # which copies rows as wholes
    return f"{{0}}[{', '.join([':'] * axis + [f'{{{i}}}' for i in range(1, len(node.args))])}]"


def _gather_jvp(tangents: Sequence[Node | None], out: Apply) -> Node | None:
    return None if tangents[0] is None else gather(tangents[0], *out.args[1:], axis=out.param("axis"))


def _gather_transpose(g: Node, out: Apply) -> Sequence[Node | None]:
    x, *indices = out.args
    back = scatter_add(*indices, g, shape=x.shape, axis=out.param("axis"), indices=len(indices))
    return (back, *[None] * len(indices))


gather: Primitive = linear(
    "gather",
    arity=None,
    jvp=_gather_jvp,
    numpy=_gather_text,
    infer=_infer_gather,
    transpose=_gather_transpose,
    samples=lambda: [
        gather(_matrix(), _positions(2), axis=0),
        gather(_matrix(), _positions(2, 2), axis=1),
        gather(_matrix(), _positions(5), make_input(2, (5,), "int64"), axis=0),
    ],
    flops=0,
    public=False,
    derivative="the cotangent added up at the positions read",
    source="a choice of entries, by one index array or by several for adjacent axes; repeated positions add up",
)


def _groups(node: Apply) -> list[tuple[tuple[int, ...], int]]:
    """Return the positions of the index arrays and of the values, for each write of a `scatter_add`."""
    width: int = node.param("indices")  # type: ignore[assignment]
    starts = range(0, len(node.args), width + 1)
    return [(tuple(range(start, start + width)), start + width) for start in starts]


def index_arrays(node: Apply, arg: Node) -> tuple[Node, ...]:
    """Return the index arrays that `arg` is one of, of a node that reads or writes at positions; nothing if of none."""
    groups: list[Sequence[int]] = [range(1, len(node.args) - (node.op is not gather))]
    if node.op is scatter_add:
        groups = [places for places, _ in _groups(node)]
    for places in groups:
        group = tuple(node.args[place] for place in places)
        if any(index is arg for index in group):
            return group
    return ()


def _infer_scatter(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    return params["shape"], args[params["indices"]].dtype  # type: ignore[return-value, call-overload]


def _scatter_lines(node: Apply, style: Style) -> list[str]:
    axis: int = node.param("axis")  # type: ignore[assignment]
    lines = [f"{{out}} = {zeros_text(node, style)}"]
    return [
        *lines,
        *(added_line(node, places, axis, value, value == node.param("indices")) for places, value in _groups(node)),
    ]


def added_line(node: Apply, places: Sequence[int], axis: int, value: int, is_first: bool = False) -> str:
    """Return the statement that adds values to a buffer at some positions, with `np.add.at` if these may repeat."""
    if not are_distinct([node.args[place] for place in places]):
        parts = ["slice(None)"] * axis + [f"{{{place}}}" for place in places]
        index = f"({', '.join(parts)})" if len(parts) > 1 else parts[0]
        return f"np.add.at({{out}}, {index}, {{{value}}})"
    part = f"{{out}}[{', '.join([':'] * axis + [f'{{{place}}}' for place in places])}]"
    if subtracts(node, value):
        return f"{part} = -{{-{value}}}" if is_first else f"{part} -= {{-{value}}}"
    return f"{part} {'=' if is_first else '+='} {{{value}}}"


def _scatter_transpose(g: Node, out: Apply) -> Sequence[Node | None]:
    contributions: list[Node | None] = [None] * len(out.args)
    for places, value in _groups(out):
        contributions[value] = gather(g, *(out.args[place] for place in places), axis=out.param("axis"))
    return contributions


def _scatter_jvp(tangents: Sequence[Node | None], out: Apply) -> Node | None:
    live: list[Node] = []
    for places, value in _groups(out):
        tangent = tangents[value]
        if tangent is not None:
            live.extend((*(out.args[place] for place in places), tangent))
    return scatter_add(*live, **dict(out.params)) if live else None


scatter_add: Primitive = linear(
    "scatter_add",
    jvp=_scatter_jvp,
    arity=None,
    numpy="{0}",
    lines=_scatter_lines,
    assigns=True,
    infer=_infer_scatter,
    transpose=_scatter_transpose,
    samples=lambda: [
        scatter_add(_positions(5), make_input(0, (5, 4), "float64"), shape=(3, 4), axis=0, indices=1),
        scatter_add(_positions(5), make_input(0, (3, 5), "float64"), shape=(3, 2), axis=1, indices=1),
        scatter_add(
            _positions(5),
            make_input(2, (5,), "int64"),
            make_input(0, (5,), "float64"),
            shape=(3, 4),
            axis=0,
            indices=2,
        ),
    ],
    flops=1,
    public=False,
    derivative="the entries of the cotangent at the positions written",
    source="the transpose of a gather",
)


# --- choices ----------------------------------------------------------------------------------------------------------


def _infer_choose(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    index, *choices = args
    if index.dtype != "int64" or any(choice.shape != index.shape for choice in choices):
        raise ShapeError("choose takes integers, and choices of their shape")
    if len(choices) > 32:
        raise ShapeError(f"choose takes at most 32 choices, as NumPy does; here are {len(choices)}")
    return index.shape, choices[0].dtype


def _choose_transpose(g: Node, out: Apply) -> Sequence[Node | None]:
    index, *choices = out.args
    return [None, *(where(equal(index, number), g, 0) for number in range(len(choices)))]


def _choose_jvp(tangents: Sequence[Node | None], out: Apply) -> Node | None:
    live = tangents[1:]
    if all(tangent is None for tangent in live):
        return None
    filled = [constant(0, out.shape, out.dtype) if tangent is None else tangent for tangent in live]
    return choose(out.args[0], *filled)


choose: Primitive = linear(
    "choose",
    arity=None,
    numpy=lambda node, style: f"np.choose({{0}}, ({', '.join(f'{{{i}}}' for i in range(1, len(node.args)))},))",
    infer=_infer_choose,
    transpose=_choose_transpose,
    jvp=_choose_jvp,
    samples=lambda: [choose(_positions(3), make_input(0, (3,), "float64"), make_input(2, (3,), "float64"))],
    public=False,
    derivative="the cotangent where the choice was made",
    source="a choice of entries; an index out of range is NumPy's error",
)
