"""Arrays that depend on nothing but their size, and numbers evenly spaced between two ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbackprop.ir.dtype import is_narrow
from symbackprop.ir.node import Apply, Const, Node, Shape, constant, make_input
from symbackprop.ir.size import Size
from symbackprop.ops.broadcasting import broadcast, reduce_sum
from symbackprop.ops.declare import Primitive, Style, linear

__all__ = ["arange", "eye", "linspace"]


def _infer_arange(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    return (params["size"],), "int64"  # type: ignore[return-value]


def _arange_text(node: Apply, style: Style) -> str:
    return f"np.arange({style.size(node.shape[0])})"


arange: Primitive = linear(
    "arange",
    arity=0,
    numpy=_arange_text,
    infer=_infer_arange,
    transpose=lambda g, out: (),
    samples=lambda: [arange(size=4)],
    flops=0,
    public=False,
    derivative="none",
    source="a constant",
)


def _infer_eye(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    return (params["rows"], params["columns"]), str(params["dtype"])  # type: ignore[return-value]


def _eye_text(node: Apply, style: Style) -> str:
    rows, columns = node.shape
    offset = node.param("k")
    options = [style.size(rows)]
    options += [style.size(columns)] if columns != rows else []
    options += [f"k={offset}"] if offset else []
    options += [f"dtype={style.dtype(node.dtype)}"] if node.dtype != "float64" else []
    return f"np.eye({', '.join(options)})"


eye: Primitive = linear(
    "eye",
    arity=0,
    numpy=_eye_text,
    infer=_infer_eye,
    transpose=lambda g, out: (),
    samples=lambda: [
        eye(rows=3, columns=3, k=0, dtype="float64"),
        eye(rows=2, columns=4, k=1, dtype="float32"),
        eye(rows=4, columns=2, k=-1, dtype="int64"),
    ],
    flops=0,
    public=False,
    derivative="none",
    source="a constant",
)


# --- evenly spaced numbers --------------------------------------------------------------------------------------------


def _infer_linspace(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    start, _ = args
    axis: int = params["axis"]  # type: ignore[assignment]
    num: Size = params["num"]  # type: ignore[assignment]
    return (*start.shape[:axis], num, *start.shape[axis:]), start.dtype


def _linspace_text(node: Apply, style: Style) -> str:
    axis: int = node.param("axis")  # type: ignore[assignment]
    options = [style.size(node.shape[axis])]
    if not node.param("endpoint"):
        options.append("endpoint=False")
    if is_narrow(node.dtype):
        options.append(f"dtype={style.dtype(node.dtype)}")
    if axis:
        options.append(f"axis={axis}")
    return f"np.linspace({{0}}, {{1}}, {', '.join(options)})"


def _linspace_transpose(g: Node, out: Apply) -> Sequence[Node | None]:
    """Return the sums of the cotangent over the way, weighted with the share that each end has."""
    axis: int = out.param("axis")  # type: ignore[assignment]
    zero, one = (constant(number, (), g.dtype) for number in (0, 1))
    shares = linspace(zero, one, num=out.shape[axis], endpoint=out.param("endpoint"), axis=0)
    to_stop = broadcast(shares, shape=g.shape, axes=(axis,))
    weights = (1 - to_stop, to_stop)
    return [
        None if isinstance(end, Const) else reduce_sum(g * weight, axes=(axis,))
        for end, weight in zip(out.args, weights, strict=True)
    ]


linspace: Primitive = linear(
    "linspace",
    arity=2,
    numpy=_linspace_text,
    infer=_infer_linspace,
    transpose=_linspace_transpose,
    samples=lambda: [
        linspace(make_input(0, (), "float64"), make_input(1, (), "float64"), num=4, endpoint=True, axis=0),
        linspace(make_input(0, (3,), "float64"), make_input(1, (3,), "float64"), num=4, endpoint=False, axis=1),
    ],
    public=False,
    flops=2,
    derivative="1 - i/(num - 1) for the first end, i/(num - 1) for the last",
    source="linear in both ends",
)
