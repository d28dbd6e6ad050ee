"""Moving entries without arithmetic: transpose, concatenate, diagonal, triangles. `reshape` is in `broadcasting`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbackprop.errors import ShapeError
from symbackprop.ir.dtype import promote
from symbackprop.ir.node import Apply, Const, Node, Shape, constant, make_input
from symbackprop.ir.size import Size, shape_text
from symbackprop.ops.broadcasting import agreed, broadcast, converted, reshape, with_shape
from symbackprop.ops.comparison import equal, where
from symbackprop.ops.creation import arange
from symbackprop.ops.declare import Primitive, Style, linear
from symbackprop.ops.elementwise import common_dtype
from symbackprop.ops.indexing import slice_
from symbackprop.ops.literal import literal_of

__all__ = [
    "agreeing",
    "concatenate",
    "diagonal",
    "diagonal_matrix",
    "expanded",
    "identity_mask",
    "roll",
    "squeezed",
    "stacked",
    "trace",
    "transpose",
]


def _matrix() -> Node:
    return make_input(0, (3, 4), "float64")


# --- transpose --------------------------------------------------------------------------------------------------------


def _infer_transpose(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    (x,) = args
    axes: tuple[int, ...] = params["axes"]  # type: ignore[assignment]
    if sorted(axes) != list(range(x.rank)):
        raise ShapeError(f"axes {axes} are not a permutation of the axes of shape {shape_text(x.shape)}")
    return tuple(x.shape[axis] for axis in axes), x.dtype


def _transpose_text(node: Apply, style: Style) -> str:
    axes: tuple[int, ...] = node.param("axes")  # type: ignore[assignment]
    rank = len(axes)
    if axes == tuple(reversed(range(rank))):
        return "{0}.T"
    moved = [axis for axis in range(rank) if axes[axis] != axis]
    if len(moved) == 2:
        return f"np.swapaxes({{0}}, {moved[0] - rank}, {moved[1] - rank})"
    return f"np.transpose({{0}}, {axes})"


def inverse_permutation(axes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the permutation that undoes `axes`."""
    return tuple(sorted(range(len(axes)), key=axes.__getitem__))


transpose: Primitive = linear(
    "transpose",
    numpy=_transpose_text,
    infer=_infer_transpose,
    transpose=lambda g, out: transpose(g, axes=inverse_permutation(out.param("axes"))),  # type: ignore[arg-type]
    samples=lambda: [
        transpose(_matrix(), axes=(1, 0)),
        transpose(make_input(0, (2, 3, 4), "float64"), axes=(2, 0, 1)),
        transpose(make_input(0, (2, 3, 4), "float64"), axes=(0, 2, 1)),
    ],
    memory="view",
    flops=0,
    public=False,
    derivative="the inverse permutation",
    source="a permutation of entries",
)


# --- roll -------------------------------------------------------------------------------------------------------------


def _roll_text(node: Apply, style: Style) -> str:
    shifts: tuple[int, ...] = node.param("shifts")  # type: ignore[assignment]
    axes: tuple[int, ...] = node.param("axes")  # type: ignore[assignment]
    if len(axes) > 1:
        return f"np.roll({{0}}, {shifts}, axis={axes})"
    return f"np.roll({{0}}, {shifts[0]}{'' if node.rank == 1 else f', axis={axes[0]}'})"


def _roll_back(g: Node, out: Apply) -> Node:
    shifts: tuple[int, ...] = out.param("shifts")  # type: ignore[assignment]
    return roll(g, shifts=tuple(-shift for shift in shifts), axes=out.param("axes"))


roll: Primitive = linear(
    "roll",
    numpy=_roll_text,
    infer=lambda args, params: (args[0].shape, args[0].dtype),
    transpose=_roll_back,
    samples=lambda: [roll(_matrix(), shifts=(1,), axes=(1,)), roll(_matrix(), shifts=(-2, 5), axes=(0, 1))],
    flops=0,
    public=False,
    derivative="the cotangent rolled back",
    source="a permutation of entries",
)


# --- concatenate ------------------------------------------------------------------------------------------------------


def _infer_concatenate(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    axis: int = params["axis"]  # type: ignore[assignment]
    first = args[0].shape
    total: Size = 0
    for arg in args:
        if len(arg.shape) != len(first) or any(
            a != b for i, (a, b) in enumerate(zip(arg.shape, first, strict=True)) if i != axis
        ):
            raise ShapeError(
                f"shapes {shape_text(first)} and {shape_text(arg.shape)} cannot be joined along axis {axis}"
            )
        total = total + arg.shape[axis]
    return (*first[:axis], total, *first[axis + 1 :]), promote(arg.dtype for arg in args)


def _concatenate_text(node: Apply, style: Style) -> str:
    parts = ", ".join(f"{{{i}}}" for i in range(len(node.args)))
    axis = node.param("axis")
    return f"np.concatenate(({parts},){'' if axis == 0 else f', axis={axis}'})".replace(
        ",)", ")" if len(node.args) > 1 else ",)"
    )


def _split(g: Node, out: Apply) -> Sequence[Node]:
    axis: int = out.param("axis")  # type: ignore[assignment]
    parts: list[Node] = []
    start: Size = 0
    for arg in out.args:
        stop = start + arg.shape[axis]
        bounds = tuple((start, stop, 1) if i == axis else None for i in range(out.rank))
        parts.append(with_shape(slice_(g, bounds=bounds), arg.shape))  # sizes that have names may be written otherwise
        start = stop
    return parts


concatenate: Primitive = linear(
    "concatenate",
    arity=None,
    numpy=_concatenate_text,
    infer=_infer_concatenate,
    transpose=_split,
    samples=lambda: [
        concatenate(_matrix(), make_input(1, (2, 4), "float64"), axis=0),
        concatenate(_matrix(), make_input(1, (3, 2), "float64"), axis=1),
    ],
    flops=0,
    public=False,
    derivative="the parts of the cotangent",
    source="a permutation of entries",
)


# --- diagonal ---------------------------------------------------------------------------------------------------------


def _infer_diagonal(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    (x,) = args
    if x.rank < 2 or x.shape[-1] != x.shape[-2]:
        raise ShapeError(f"the diagonal is that of a square matrix, not of shape {shape_text(x.shape)}")
    return x.shape[:-1], x.dtype


def _diagonal_text(node: Apply, style: Style) -> str:
    return "np.diagonal({0})" if node.args[0].rank == 2 else "np.diagonal({0}, axis1=-2, axis2=-1)"


def identity_mask(size: Size) -> Node:
    """Return the boolean identity matrix of `size`."""
    rows = arange(size=size)
    shape = (size, size)
    return equal(broadcast(rows, shape=shape, axes=(0,)), broadcast(rows, shape=shape, axes=(1,)))


def _diagonal_transpose(g: Node, out: Apply) -> Node:
    """Return a matrix with `g` on its diagonal."""
    (x,) = out.args
    rank = x.rank
    spread = broadcast(g, shape=x.shape, axes=tuple(range(rank - 1)))
    mask = broadcast(identity_mask(x.shape[-1]), shape=x.shape, axes=(rank - 2, rank - 1))
    return where(mask, spread, 0)


diagonal: Primitive = linear(
    "diagonal",
    numpy=_diagonal_text,
    infer=_infer_diagonal,
    transpose=_diagonal_transpose,
    samples=lambda: [
        diagonal(make_input(0, (3, 3), "float64")),
        diagonal(make_input(0, (2, 3, 3), "float64")),
    ],
    memory="view",
    flops=0,
    public=False,
    derivative="the cotangent on a diagonal",
    source="a choice of entries",
)


diagonal_matrix: Primitive = linear(
    "diagonal_matrix",
    numpy="np.diag({0})",
    infer=lambda args, params: ((*args[0].shape, *args[0].shape), args[0].dtype),
    transpose=lambda g, out: diagonal(g),
    samples=lambda: [diagonal_matrix(make_input(0, (3,), "float64"))],
    flops=0,
    public=False,
    derivative="the diagonal of the cotangent",
    source="the transpose of a choice of entries",
)


def _trace_transpose(g: Node, out: Apply) -> Node:
    (x,) = out.args
    return where(identity_mask(x.shape[-1]), broadcast(g, shape=x.shape, axes=()), 0)


trace: Primitive = linear(
    "trace",
    numpy="np.trace({0})",
    infer=lambda args, params: (_infer_diagonal(args, params)[0][:-1], args[0].dtype),
    transpose=_trace_transpose,
    samples=lambda: [trace(make_input(0, (3, 3), "float64"))],
    public=False,
    count=lambda node: node.args[0].shape[0],
    derivative="the cotangent on the diagonal",
    source="a sum of entries",
)


def squeezed(x: Node, axes: tuple[int, ...]) -> Node:
    """Return `x` without `axes`, which have size 1."""
    return reshape(x, shape=tuple(size for axis, size in enumerate(x.shape) if axis not in axes)) if axes else x


def expanded(x: Node, axes: tuple[int, ...]) -> Node:
    """Return `x` with new axes of size 1 at positions `axes` of the result."""
    rank = x.rank + len(axes)
    kept = tuple(axis for axis in range(rank) if axis not in axes)
    shape: list[Size] = [1] * rank
    for axis, size in zip(kept, x.shape, strict=True):
        shape[axis] = size
    return broadcast(x, shape=tuple(shape), axes=kept) if axes else x


def agreeing(nodes: Sequence[Node], besides: int | None) -> Sequence[Node]:
    """Return nodes with the sizes of the first, where those may be equal, along all axes but one."""
    first = nodes[0].shape
    return [
        node
        if node.rank != len(first)
        else with_shape(
            node,
            tuple(
                a if i == besides or not agreed(a, b) else b
                for i, (a, b) in enumerate(zip(node.shape, first, strict=True))
            ),
        )
        for node in nodes
    ]


def stacked(nodes: Sequence[Node], axis: int) -> Node:
    """Return nodes of one shape joined along a new axis."""
    if not nodes:
        raise ShapeError("an empty list is not an array; write zeros(0)")
    nodes = agreeing(nodes, None)
    first = nodes[0]
    if any(node.shape != first.shape for node in nodes):
        raise ShapeError(f"stack needs arrays of one shape, not {', '.join(shape_text(node.shape) for node in nodes)}")
    dtype = common_dtype(nodes)
    parts = [converted(node, dtype) for node in nodes]
    if isinstance(first, Const) and all(node is parts[0] for node in parts):
        return constant(first.value, (*first.shape[:axis], len(nodes), *first.shape[axis:]), dtype)
    written_out = literal_of(nodes, dtype) if axis == 0 else None
    if written_out is not None:
        return written_out
    spread = [expanded(part, (axis,)) for part in parts]
    return spread[0] if len(spread) == 1 else concatenate(*spread, axis=axis)
