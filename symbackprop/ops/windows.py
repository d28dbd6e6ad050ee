"""Sliding windows over some axes and their transpose, the overlap-add: what convolution and pooling are made of.

``sliding_windows`` gives a view with the axes of the windows behind all others, as NumPy's function of that name does,
with a stride between windows and a dilation within. ``overlap_add`` adds the entries of windows up where they come from
(``col2im`` to people of neural networks). Not in here: the words that are made of them (`read.vocabulary.windows`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbackprop.errors import ShapeError
from symbackprop.ir.node import Apply, Node, Shape, make_input
from symbackprop.ir.size import Size, shape_text
from symbackprop.ops.declare import Primitive, Style, linear
from symbackprop.ops.indexing import zeros_text
from symbackprop.ops.layout import transpose

__all__ = ["extent", "overlap_add", "sliding_windows", "untransposed", "window_count"]

Steps = tuple[int, ...]


def extent(size: Size, dilation: int) -> Size:
    """Return over how many entries a window of `size` entries reaches."""
    return dilation * (size - 1) + 1


def window_count(length: Size, size: Size, stride: int, dilation: int) -> Size:
    """Return how many windows fit into an axis of `length`."""
    return (length - extent(size, dilation)) // stride + 1


def _windowed_shape(shape: Shape, sizes: Shape, params: Mapping[str, object]) -> Shape:
    axes, strides, dilations = _geometry(params)
    counts = list(shape)
    for axis, size, stride, dilation in zip(axes, sizes, strides, dilations, strict=True):
        counts[axis] = window_count(shape[axis], size, stride, dilation)
        if isinstance(counts[axis], int) and counts[axis] < 0:  # type: ignore[operator]
            raise ShapeError(
                f"an axis of size {shape[axis]} is too short for windows of {extent(size, dilation)} entries"
            )
    return (*counts, *sizes)


def _geometry(params: Mapping[str, object]) -> tuple[Steps, Steps, Steps]:
    """Return the axes that windows slide over, and for each the stride and the dilation."""
    return params["axes"], params["strides"], params["dilations"]  # type: ignore[return-value]


# --- windows ----------------------------------------------------------------------------------------------------------


def _infer_windows(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    (x,) = args
    return _windowed_shape(x.shape, params["sizes"], params), x.dtype  # type: ignore[arg-type]


def _windows_text(node: Apply, style: Style) -> str:
    (x,) = node.args
    axes, strides, dilations = _geometry(dict(node.params))
    sizes: Shape = node.param("sizes")  # type: ignore[assignment]
    reach = style.shape(tuple(map(extent, sizes, dilations)))
    over = "" if axes == tuple(range(x.rank)) else f", axis={axes[0] if len(axes) == 1 else axes}"
    steps = [1] * x.rank + list(dilations)
    for axis, stride in zip(axes, strides, strict=True):
        steps[axis] = stride
    function = style.imported("numpy.lib.stride_tricks.sliding_window_view")
    return f"{function}({{0}}, {reach}{over}){_stepped(steps)}"


def _stepped(steps: Sequence[int]) -> str:
    """Return the index that takes every so many entries of each axis."""
    if all(step == 1 for step in steps):
        return ""
    last = max(axis for axis, step in enumerate(steps) if step != 1)
    return f"[{', '.join(':' if step == 1 else f'::{step}' for step in steps[: last + 1])}]"


def _windows_transpose(g: Node, out: Apply) -> Node:
    return overlap_add(g, shape=out.args[0].shape, **_placed(out))


def _placed(node: Apply) -> dict[str, object]:
    return {name: node.param(name) for name in ("axes", "strides", "dilations")}


def _image(*shape: int) -> Node:
    return make_input(0, shape, "float64")


sliding_windows: Primitive = linear(
    "sliding_windows",
    numpy=_windows_text,
    infer=_infer_windows,
    transpose=_windows_transpose,
    samples=lambda: [
        sliding_windows(_image(5), sizes=(3,), axes=(0,), strides=(1,), dilations=(1,)),
        sliding_windows(_image(2, 5, 4), sizes=(3, 2), axes=(1, 2), strides=(1, 1), dilations=(1, 1)),
        sliding_windows(_image(6, 7), sizes=(2, 3), axes=(0, 1), strides=(3, 2), dilations=(2, 1)),
        sliding_windows(_image(6, 2), sizes=(2,), axes=(0,), strides=(3,), dilations=(1,)),
    ],
    memory="view",
    flops=0,
    public=False,
    derivative="the entries of the cotangent added up where they come from",
    source="a choice of entries, each as often as it is in windows",
)


# --- the transpose ----------------------------------------------------------------------------------------------------


def _infer_overlap(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    (windows,) = args
    shape: Shape = params["shape"]  # type: ignore[assignment]
    if _windowed_shape(shape, windows.shape[len(shape) :], params) != windows.shape:
        raise ShapeError(f"windows of shape {shape_text(windows.shape)} are not those of shape {shape_text(shape)}")
    return shape, windows.dtype


def untransposed(node: Apply) -> tuple[Node, tuple[int, ...]]:
    """Return what an overlap-add reads and where its axes are, without a transposition that only moves window axes."""
    (windows,) = node.args
    places = tuple(range(windows.rank))
    if isinstance(windows, Apply) and windows.op is transpose:
        moved: tuple[int, ...] = windows.param("axes")  # type: ignore[assignment]
        kept = moved[: node.rank]
        if list(kept) == sorted(kept):
            return windows.args[0], moved
    return windows, places


def _overlap_lines(node: Apply, style: Style) -> list[str]:
    """Return a loop over the entries of a window: what all windows hold there is added up at once."""
    axes, strides, dilations = _geometry(dict(node.params))
    windows, places = untransposed(node)
    part, entry = [":"] * node.rank, [":"] * windows.rank
    lines = [f"{{out}} = {zeros_text(node, style)}"]
    for depth, (axis, stride, dilation) in enumerate(zip(axes, strides, dilations, strict=True)):
        index = f"{{loop{depth}}}"
        size, count = (node.args[0].shape[i] for i in (node.rank + depth, axis))
        lines.append(f"{'    ' * depth}for {index} in range({style.size(size)}):")
        first = index if dilation == 1 else f"{dilation} * {index}"
        part[axis] = f"{first}:{first} + {style.size(stride * count)}{'' if stride == 1 else f':{stride}'}"
        entry[places[node.rank + depth]] = index
    while entry[-1] == ":":
        entry.pop()
    while part[-1] == ":":
        part.pop()
    lines.append(f"{'    ' * len(axes)}{{out}}[{', '.join(part)}] += {{0}}[{', '.join(entry)}]")
    return lines


def _overlap_transpose(g: Node, out: Apply) -> Node:
    return sliding_windows(g, sizes=out.args[0].shape[out.rank :], **_placed(out))


overlap_add: Primitive = linear(
    "overlap_add",
    numpy="{0}",
    lines=_overlap_lines,
    infer=_infer_overlap,
    transpose=_overlap_transpose,
    samples=lambda: [
        overlap_add(_image(3, 3), shape=(5,), axes=(0,), strides=(1,), dilations=(1,)),
        overlap_add(_image(2, 3, 3, 3, 2), shape=(2, 5, 4), axes=(1, 2), strides=(1, 1), dilations=(1, 1)),
        overlap_add(_image(2, 3, 2, 3), shape=(6, 7), axes=(0, 1), strides=(3, 2), dilations=(2, 1)),
        overlap_add(transpose(_image(2, 2, 3), axes=(1, 2, 0)), shape=(2, 4), axes=(1,), strides=(1,), dilations=(1,)),
    ],
    flops=1,
    public=False,
    derivative="the windows of the cotangent",
    source="the transpose of the choice of windows",
)
