"""`broadcast` and `sum`, each the transpose of the other, and `cast`.

Broadcasting is explicit in a graph and invisible in printed code. ``broadcast(x, shape, axes)`` maps axis ``i`` of `x`
to axis ``axes[i]`` of the result and repeats along all others; it never stretches an axis of size 1 (`align` drops
such axes first).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from symbackprop.errors import ShapeError, UnsupportedError
from symbackprop.ir.dtype import is_float
from symbackprop.ir.node import (
    Apply,
    Const,
    ConstantValue,
    NamedNumber,
    Node,
    Operand,
    Shape,
    constant,
    make_apply,
    make_input,
)
from symbackprop.ir.size import Size, SizeExpression, may_be_equal, minimum, shape_text
from symbackprop.ops.declare import Primitive, Style, as_node, linear

__all__ = [
    "agreed",
    "align_shapes",
    "assuming",
    "broadcast",
    "broadcast_shapes",
    "broadcast_to",
    "cast",
    "reduce_sum",
    "reduction_text",
    "reshape",
    "sum_axes",
    "unifying",
]


def _matrix() -> Node:
    return make_input(0, (3, 4), "float64")


def _infer_broadcast(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    shape: Shape = params["shape"]  # type: ignore[assignment]
    axes: tuple[int, ...] = params["axes"]  # type: ignore[assignment]
    (x,) = args
    if (
        len(axes) != x.rank
        or list(axes) != sorted(set(axes))
        or any(shape[a] != s for a, s in zip(axes, x.shape, strict=True))
    ):
        raise ShapeError(f"shape {shape_text(x.shape)} cannot be broadcast to {shape_text(shape)} along axes {axes}")
    return shape, x.dtype


def expand_index(axes: tuple[int, ...], rank: int) -> str:
    """Return the index that lines `axes` up for broadcasting against `rank` axes: "" where NumPy does so itself."""
    if not axes or axes == tuple(range(rank - len(axes), rank)):
        return ""
    first = axes[0]
    return "[" + ", ".join(":" if axis in axes else "None" for axis in range(first, rank)) + "]"


def _broadcast_text(node: Apply, style: Style) -> str:
    axes: tuple[int, ...] = node.param("axes")  # type: ignore[assignment]
    index = expand_index(axes, node.rank)
    added = [size for axis, size in enumerate(node.shape) if axis not in axes]
    if not axes and node.shape == (1,):
        return "np.array([{0}])"
    if all(size == 1 for size in added) and axes:
        return "{0}[" + ", ".join(":" if axis in axes else "None" for axis in range(node.rank)) + "]"
    return f"np.broadcast_to({{0}}{index}, {style.shape(node.shape)})"


def _transpose_broadcast(g: Node, out: Apply) -> Node:
    axes: tuple[int, ...] = out.param("axes")  # type: ignore[assignment]
    return sum_axes(g, tuple(axis for axis in range(out.rank) if axis not in axes))


broadcast: Primitive = linear(
    "broadcast",
    numpy=_broadcast_text,
    math="{0}",
    infer=_infer_broadcast,
    transpose=_transpose_broadcast,
    samples=lambda: [
        broadcast(_matrix(), shape=(3, 2, 4), axes=(0, 2)),
        broadcast(_matrix(), shape=(2, 3, 4), axes=(1, 2)),
        broadcast(make_input(0, (), "float64"), shape=(2, 3), axes=()),
    ],
    source="NumPy, broadcasting rules",
    memory="view",
    flops=0,
    public=False,
)


def _infer_sum(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    (x,) = args
    axes: tuple[int, ...] = params["axes"]  # type: ignore[assignment]
    dtype = "int64" if x.dtype == "bool" else x.dtype
    return tuple(size for axis, size in enumerate(x.shape) if axis not in axes), dtype


def axis_text(node: Apply, name: str = "axes") -> str:
    """Return ``, axis=...`` for the reduced axes of `node`, or nothing where all are."""
    axes: tuple[int, ...] = node.param(name)  # type: ignore[assignment]
    if len(axes) == node.args[0].rank:
        return ""
    return f", axis={axes[0]}" if len(axes) == 1 else f", axis={axes}"


def reduction_text(node: Apply, style: Style) -> str:
    """Return the call of the array's method: that of NumPy's function takes a small array thrice as long."""
    return f"{{0}}.{node.op.name}({axis_text(node).removeprefix(', ')})"


def _transpose_sum(g: Node, out: Apply) -> Node:
    axes: tuple[int, ...] = out.param("axes")  # type: ignore[assignment]
    (x,) = out.args
    return broadcast(g, shape=x.shape, axes=tuple(axis for axis in range(x.rank) if axis not in axes))


reduce_sum: Primitive = linear(
    "sum",
    numpy=reduction_text,
    infer=_infer_sum,
    transpose=_transpose_sum,
    samples=lambda: [reduce_sum(_matrix(), axes=(0,)), reduce_sum(_matrix(), axes=(0, 1))],
    source="linear; the transpose repeats the cotangent along the summed axes",
    public=False,
)


def sum_axes(x: Node, axes: tuple[int, ...]) -> Node:
    """Return the sum of `x` over `axes`; `x` itself where there are none."""
    return reduce_sum(x, axes=axes) if axes else x


def _infer_reshape(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    return params["shape"], args[0].dtype  # type: ignore[return-value]


def _reshape_text(node: Apply, style: Style) -> str:
    if not node.shape:  # the one entry: np.reshape would make an array of it
        return f"{{0}}[{', '.join('0' * node.args[0].rank)}]"
    return f"np.reshape({{0}}, {style.shape(node.shape)})"


reshape: Primitive = linear(
    "reshape",
    numpy=_reshape_text,
    infer=_infer_reshape,
    transpose=lambda g, out: reshape(g, shape=out.args[0].shape),
    samples=lambda: [reshape(_matrix(), shape=(2, 6)), reshape(_matrix(), shape=(12,))],
    source="a permutation of nothing: the transpose reshapes back",
    memory="view",
    flops=0,
    public=False,
)


def _infer_cast(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    return args[0].shape, str(params["dtype"])


def _transpose_cast(g: Node, out: Apply) -> Sequence[Node | None]:
    (x,) = out.args
    return (cast(g, dtype=x.dtype),) if is_float(x.dtype) and is_float(out.dtype) else (None,)


def _cast_text(node: Apply, style: Style) -> str:
    if node.rank == 0:
        return f"{style.dtype(node.dtype)}({{0}})"
    return f"{{0}}.astype({style.dtype(node.dtype)})"


cast: Primitive = linear(
    "cast",
    numpy=_cast_text,
    math=lambda node, style: "float({0})" if is_float(node.dtype) else f"{node.dtype.rstrip('64')}({{0}})",
    infer=_infer_cast,
    transpose=_transpose_cast,
    samples=lambda: [
        cast(make_input(0, (3,), "float32"), dtype="float64"),
        cast(make_input(0, (3,), "int64"), dtype="float64"),
    ],
    source="linear; the transpose casts back",
    flops=0,
    public=False,
)


def converted(x: Node, dtype: str) -> Node:
    """Return `x` with `dtype`; a constant is remade, for constants are weakly typed."""
    if x.dtype == dtype:
        return x
    if isinstance(x, Const):
        return constant(_value_as(x.value, dtype), x.shape, dtype)
    return cast(x, dtype=dtype)


def _value_as(value: ConstantValue, dtype: str) -> ConstantValue:
    """Return the number that NumPy would make of `value`: towards 0 for an integer, whether it is not 0 for a mask."""
    if isinstance(value, SizeExpression):
        return value
    if isinstance(value, NamedNumber):
        return value if is_float(dtype) else _value_as(getattr(math, value.name), dtype)
    if dtype == "bool":
        return bool(value)
    if isinstance(value, bool):
        return int(value)
    if dtype != "int64" or isinstance(value, int):
        return value
    if isinstance(value, float) and not math.isfinite(value):
        raise UnsupportedError(f"{value} is not an integer")
    return int(value)


# --- sizes that are equal if what is checked on every call holds -------------------------------------------------------

Assume = Callable[[Size, Size], None]
_assume: ContextVar[Assume | None] = ContextVar("assume", default=None)


@contextmanager
def assuming(assume: Assume) -> Iterator[None]:
    """Let sizes count as equal that may be so, and hand each pair to `assume`, which has it checked on every call."""
    token = _assume.set(assume)
    try:
        yield
    finally:
        _assume.reset(token)


Unify = Callable[[Size, Size], bool]
_unify: ContextVar[Unify | None] = ContextVar("unify", default=None)


@contextmanager
def unifying(unify: Unify) -> Iterator[None]:
    """Let sizes count as equal of which `unify` says so: those of examples, that have no fixed names yet."""
    token = _unify.set(unify)
    try:
        yield
    finally:
        _unify.reset(token)


def agreed(a: Size, b: Size) -> bool:
    """Tell whether two sizes are equal, or may be and are now assumed to be."""
    if a == b:
        return True
    unify = _unify.get()
    if unify is not None and unify(a, b):
        return True
    assume = _assume.get()
    if assume is None or not may_be_equal(a, b):
        return False
    assume(a, b)
    return True


def _infer_sized(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    shape: Shape = params["shape"]  # type: ignore[assignment]
    if len(shape) != args[0].rank:
        raise ShapeError(f"shape {shape_text(args[0].shape)} is not {shape_text(shape)}")
    return shape, args[0].dtype


sized: Primitive = linear(
    "sized",
    numpy="{0}",
    infer=_infer_sized,
    transpose=lambda g, out: sized(g, shape=out.args[0].shape),
    samples=lambda: [sized(_matrix(), shape=(3, 4))],
    memory="view",
    flops=0,
    public=False,
    derivative="the cotangent",
    source="the identity: a shape is written in other sizes, which are equal on every call",
)


def with_shape(x: Node, shape: Shape) -> Node:
    """Return `x` with sizes written as in `shape`, which are the same on every call."""
    if x.shape == shape:
        return x
    return constant(x.value, shape, x.dtype) if isinstance(x, Const) else sized(x, shape=shape)


def broadcast_shapes(shapes: Sequence[Shape]) -> Shape:
    """Return the shape that `shapes` broadcast to by NumPy's rules, or raise a `ShapeError` that shows them."""
    rank = max(map(len, shapes))
    result: list[Size] = [1] * rank
    for shape in shapes:
        for axis, size in enumerate(shape, rank - len(shape)):
            if size == 1 or size == result[axis] or is_one_of(size, result[axis]):
                continue
            if result[axis] != 1 and not is_one_of(result[axis], size):
                if agreed(result[axis], size):
                    result[axis] = min(result[axis], size, key=lambda s: len(str(s)))  # the plainer one
                    continue
                shown = " and ".join(shape_text(shape) for shape in shapes)
                raise ShapeError(
                    f"shapes {shown} do not broadcast: sizes {result[axis]} and {size} differ on axis {axis - rank}"
                )
            result[axis] = size
    return tuple(result)


def broadcast_to(x: Node, shape: Shape) -> Node:
    """Return `x` broadcast to `shape` by NumPy's rules."""
    if x.shape == shape:
        return x
    if isinstance(x, Const):
        return constant(x.value, shape, x.dtype)
    offset = len(shape) - x.rank
    if offset >= 0:
        x = _without_one_of(x, shape[offset:])
        own = shape[offset:]
        x = with_shape(
            x, tuple(b if a not in (1, b) and agreed(a, b) else a for a, b in zip(x.shape, own, strict=True))
        )
    kept = [axis for axis, size in enumerate(x.shape) if size == shape[axis + offset]]
    if offset < 0 or any(x.shape[axis] != 1 for axis in range(x.rank) if axis not in kept):
        raise ShapeError(f"shape {shape_text(x.shape)} cannot be broadcast to {shape_text(shape)}")
    if len(kept) < x.rank:
        x = reshape(x, shape=tuple(x.shape[axis] for axis in kept))
    return broadcast(x, shape=shape, axes=tuple(axis + offset for axis in kept)) if x.shape != shape else x


def is_one_of(size: Size, other: Size) -> bool:
    """Tell whether a size is ``min(other, 1)``, as of ``x[:1]``: 1, unless the other one is 0, which it then is too."""
    return size != other and not isinstance(other, int) and size == minimum(other, 1)


def _without_one_of(x: Node, shape: Shape) -> Node:
    """Return `x` with 1 for each size that is 1 or 0 as the one of `shape` allows.

    A sum over what is one entry is that entry; where there is none, nothing comes of the sum.
    """
    axes = tuple(axis for axis, (own, other) in enumerate(zip(x.shape, shape, strict=True)) if is_one_of(own, other))
    if not axes:
        return x
    rest = reduce_sum(x, axes=axes)
    return reshape(rest, shape=tuple(1 if axis in axes else size for axis, size in enumerate(x.shape)))


def align_shapes(operands: Sequence[Operand]) -> list[Node]:
    """Return the operands as nodes of one common shape."""
    nodes = [as_node(operand) for operand in operands]
    first = nodes[0].shape
    if all(node.shape == first for node in nodes):
        return nodes
    shape = broadcast_shapes([node.shape for node in nodes])
    return [broadcast_to(node, shape) for node in nodes]


def rebuilt(node: Apply, args: tuple[Node, ...]) -> Node:
    """Return `node` with other arguments of the same shapes and dtypes."""
    return node if args == node.args else make_apply(node.op, args, node.params, node.shape, node.dtype, node.segment)
