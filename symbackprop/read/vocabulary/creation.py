"""Making arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from symbackprop.errors import ArgumentError, ShapeError
from symbackprop.ir.dtype import default_float, is_float
from symbackprop.ir.graph import children, topological
from symbackprop.ir.node import Apply, Const, NamedNumber, Node, constant
from symbackprop.ir.size import Size, SizeExpression, ceil_div, maximum, shape_text
from symbackprop.ops import creation
from symbackprop.ops.broadcasting import align_shapes, broadcast, broadcast_to, cast, converted
from symbackprop.ops.comparison import less_equal
from symbackprop.ops.elementwise import common_dtype
from symbackprop.ops.extrema import maximum as maximum_of
from symbackprop.ops.layout import expanded
from symbackprop.ops.powers import power
from symbackprop.ops.rounding import floor, floor_divide
from symbackprop.read.vocabulary.arguments import (
    axis_of,
    count_of_entries,
    counted,
    dtype_of,
    node_of,
    real,
    require,
    shape_of,
    static_flag,
    static_int,
)

__all__ = ["ATTRIBUTES", "FUNCTIONS", "METHODS"]

_ZERO, _ONE = constant(0), constant(1)


def _dtype_like(x: Node, dtype: object) -> str:
    """Return the dtype that ``dtype=`` names, else that of `x`; of a real number, the formula's own."""
    return dtype_of(dtype, default_float() if isinstance(x, Const) and is_float(x.dtype) else x.dtype)


def _by_layout(order: object) -> None:
    """Check ``order=``, which says how entries lie in memory and changes none of them."""
    if order not in ("C", "F", "A", "K", None):
        raise ArgumentError("order is 'C', 'F', 'A' or 'K'")


def _filled(value: int) -> Callable[..., Node]:
    def function(shape: object, dtype: object = None, order: object = "C") -> Node:
        _by_layout(order)
        return constant(value, shape_of(shape), dtype_of(dtype, default_float()))

    return function


def _like(value: int) -> Callable[..., Node]:
    def function(a: object, dtype: object = None, order: object = "K", *, shape: object = None) -> Node:
        _by_layout(order)
        x = node_of(a)
        return constant(value, x.shape if shape is None else shape_of(shape), _dtype_like(x, dtype))

    return function


def _full(shape: object, fill_value: object, dtype: object = None, order: object = "C") -> Node:
    _by_layout(order)
    x = node_of(fill_value)
    return broadcast_to(converted(x, _dtype_like(x, dtype)), shape_of(shape))


def _full_like(
    a: object, fill_value: object, dtype: object = None, order: object = "K", *, shape: object = None
) -> Node:
    _by_layout(order)
    x = node_of(a)
    wanted = x.shape if shape is None else shape_of(shape)
    return broadcast_to(converted(node_of(fill_value), dtype_of(dtype, x.dtype)), wanted)


def _array(
    object: object, dtype: object = None, *, copy: object = True, order: object = "K", ndmin: object = _ZERO
) -> Node:
    _by_layout(order)
    x = node_of(object)
    missing = static_int(ndmin, "ndmin") - x.rank
    return converted(expanded(x, tuple(range(max(missing, 0)))), dtype_of(dtype, x.dtype))


def _arange(start: object = None, stop: object = None, step: object = _ONE, dtype: object = None) -> Node:
    if start is None and stop is None:
        raise ArgumentError("arange needs an end, arange(5)")
    ends = [_ZERO, start if stop is None else stop] if stop is None or start is None else [start, stop]
    first, last, width = (node_of(x) for x in (*ends, step))
    if not (first.weak and last.weak and width.weak):
        return _computed_range(first, last, width, dtype)
    a, b, s = (_number(node) for node in (first, last, width))
    count, is_real = _count(a, b, s)
    kind = dtype_of(dtype, default_float() if is_real else "int64")
    values = converted(creation.arange(size=count), kind)
    if s != 1:
        values = constant(s) * values
    return converted(values if a == 0 else constant(a) + values, kind)


def _is_count(x: Node) -> bool:
    return x.dtype == "int64" and x.shape == ()


def _computed_range(start: Node, stop: Node, step: Node, dtype: object) -> Node:
    """Return a range whose length is known only while the function runs."""
    if (
        not isinstance(step, Const)
        or not isinstance(step.value, int)
        or step.value == 0
        or not (_is_count(start) and _is_count(stop))
    ):
        raise ArgumentError("arange: a range that depends on an input has integers as start, stop and step")
    forward = step.value > 0
    span = stop - start if forward else start - stop
    width = abs(step.value)
    steps = span if width == 1 else floor_divide(span + (width - 1), width)
    values: Node = creation.arange(size=counted(maximum_of(steps, constant(0))))
    values = values if step.value == 1 else step * values
    if not (isinstance(start, Const) and start.value == 0):
        values = start + values
    return converted(values, dtype_of(dtype, values.dtype))


_ARITHMETIC: Mapping[str, Callable[..., Any]] = {
    "add": lambda *terms: sum(terms),
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "negative": lambda a: -a,
    "integer_power": lambda a, n: a**n,
}


def _number(node: Node) -> Any:
    """Return a fixed number or size; one that is made of others, such as ``2*pi``, as a float."""
    if isinstance(node, Const) and not node.shape and not isinstance(node.value, bool):
        return getattr(math, node.value.name) if isinstance(node.value, NamedNumber) else node.value
    if not node.weak or node.shape:
        raise ArgumentError("arange: start, stop and step are fixed numbers or sizes")
    known: dict[Node, Any] = {}
    for part in topological([node]):
        if isinstance(part, Const):
            known[part] = _number(part)
            continue
        operation = _ARITHMETIC.get(part.op.name) if isinstance(part, Apply) else None
        if operation is None or any(isinstance(known[arg], SizeExpression) for arg in children(part)):
            raise ArgumentError("arange: start, stop and step are fixed numbers or sizes; write the number out")
        known[part] = operation(*(known[arg] for arg in children(part)), **dict(part.params))  # type: ignore[attr-defined]
    return float(known[node])


def _count(start: Any, stop: Any, step: Any) -> tuple[Size, bool]:
    """Return how many numbers arange gives, and whether they are real."""
    if not isinstance(step, SizeExpression) and step == 0:
        raise ArgumentError("arange: the step is not 0")
    if all(isinstance(v, (int, SizeExpression)) for v in (start, stop)) and isinstance(step, int):
        span: Size = stop - start if step > 0 else start - stop
        return maximum(ceil_div(span, abs(step)), 0), False
    if any(isinstance(v, SizeExpression) for v in (start, stop, step)):
        raise ArgumentError("arange: a range of sizes has whole numbers as ends and step")
    return max(math.ceil((float(stop) - float(start)) / float(step)), 0), True  # in floats, as NumPy counts


def _linspace(
    start: object,
    stop: object,
    num: object = constant(50),
    endpoint: object = True,
    retstep: object = False,
    dtype: object = None,
    axis: object = _ZERO,
) -> Any:
    count, closed = count_of_entries(num, "num"), static_flag(endpoint, "endpoint")
    a, b = align_shapes([real(node_of(start)), real(node_of(stop))])
    kind = common_dtype([a, b])
    a, b = converted(a, kind), converted(b, kind)
    values = creation.linspace(a, b, num=count, endpoint=closed, axis=axis_of(axis, a.rank + 1))
    wanted = dtype_of(dtype, values.dtype)
    values = converted(values if is_float(wanted) else floor(values), wanted)
    if not static_flag(retstep, "retstep"):
        return values
    steps = count - 1 if closed else count
    return values, (b - a) / constant(steps) if steps != 0 else constant(float("nan"))


def _logspace(
    start: object,
    stop: object,
    num: object = constant(50),
    endpoint: object = True,
    base: object = constant(10),
    dtype: object = None,
    axis: object = _ZERO,
) -> Node:
    values = power(node_of(base), _linspace(start, stop, num, endpoint, axis=axis))
    return converted(values, dtype_of(dtype, values.dtype))


def _geomspace(
    start: object,
    stop: object,
    num: object = constant(50),
    endpoint: object = True,
    dtype: object = None,
    axis: object = _ZERO,
) -> Node:
    a, b = align_shapes([node_of(start), node_of(stop)])
    shares = _linspace(constant(0, a.shape), constant(1, a.shape), num, endpoint, axis=axis)
    at = axis_of(axis, a.rank + 1)
    others = tuple(i for i in range(a.rank + 1) if i != at)
    first, ratio = (broadcast(x, shape=shares.shape, axes=others) for x in (a, b / a))
    values = first * power(ratio, shares)
    return converted(values, dtype_of(dtype, values.dtype))


def _eye(N: object, M: object = None, k: object = _ZERO, dtype: object = None) -> Node:
    rows, columns = count_of_entries(N), count_of_entries(N if M is None else M)
    offset = static_int(k, "k")
    return creation.eye(rows=rows, columns=columns, k=offset, dtype=dtype_of(dtype, default_float()))


def _tri(N: object, M: object = None, k: object = _ZERO, dtype: object = None) -> Node:
    rows, columns = count_of_entries(N), count_of_entries(N if M is None else M)
    i, j = _grid(rows, columns)
    return converted(
        cast(less_equal(j, i + static_int(k, "k")), dtype=default_float()), dtype_of(dtype, default_float())
    )


def _diag_indices(n: object, ndim: object = constant(2)) -> tuple[Node, ...]:
    return (creation.arange(size=count_of_entries(n)),) * static_int(ndim, "ndim")


def _diag_indices_from(arr: object) -> tuple[Node, ...]:
    x = node_of(arr)
    if x.rank < 2:
        raise ShapeError(f"diag_indices_from takes an array of two axes or more, not of shape {shape_text(x.shape)}")
    for size in x.shape[1:]:
        require(size, "==", x.shape[0], "diag_indices_from: all axes have one size")
    return (creation.arange(size=x.shape[0]),) * x.rank


def _grid(rows: Size, columns: Size) -> tuple[Node, Node]:
    shape = (rows, columns)
    return (
        broadcast(creation.arange(size=rows), shape=shape, axes=(0,)),
        broadcast(creation.arange(size=columns), shape=shape, axes=(1,)),
    )


def _copy(a: object, order: object = "K") -> Node:
    _by_layout(order)
    return node_of(a)


def _astype(x: object, dtype: object, order: object = "K", *, copy: object = True) -> Node:
    _by_layout(order)
    node = node_of(x)
    return converted(node, dtype_of(dtype, node.dtype))


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "array": _array,
    "asarray": lambda a, dtype=None, order="K", *, copy=None: _array(a, dtype, order=order),
    "zeros": _filled(0),
    "ones": _filled(1),
    "empty": _filled(0),
    "full": _full,
    "zeros_like": _like(0),
    "ones_like": _like(1),
    "empty_like": lambda prototype, dtype=None, order="K", *, shape=None: _like(0)(
        prototype, dtype, order, shape=shape
    ),
    "full_like": _full_like,
    "arange": _arange,
    "linspace": _linspace,
    "logspace": _logspace,
    "geomspace": _geomspace,
    "eye": _eye,
    "identity": lambda n, dtype=None: _eye(n, dtype=dtype),
    "diag_indices": _diag_indices,
    "diag_indices_from": _diag_indices_from,
    "tri": _tri,
    "astype": _astype,
    "copy": _copy,
}

METHODS: Mapping[str, Callable[..., Any]] = {"astype": _astype, "copy": _copy}

ATTRIBUTES: Mapping[str, Callable[[Node], Any]] = {"dtype": lambda x: x.dtype}
