"""Making arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from symbackprop.errors import ArgumentError
from symbackprop.ir.dtype import default_float
from symbackprop.ir.node import Const, Node, constant
from symbackprop.ir.size import Size, SizeExpression, ceil_div, maximum
from symbackprop.ops import creation
from symbackprop.ops.broadcasting import align_shapes, broadcast, broadcast_to, cast, converted
from symbackprop.ops.comparison import equal, less_equal
from symbackprop.ops.extrema import maximum as maximum_of
from symbackprop.ops.layout import expanded
from symbackprop.ops.powers import power
from symbackprop.ops.rounding import floor_divide
from symbackprop.read.vocabulary.arguments import (
    axis_of,
    counted,
    dtype_of,
    node_of,
    shape_of,
    size_of,
    static_flag,
    static_int,
)

__all__ = ["FUNCTIONS", "METHODS"]

_ZERO, _ONE = constant(0), constant(1)


def _filled(value: int) -> Callable[..., Node]:
    def function(shape: object, dtype: object = None) -> Node:
        return constant(value, shape_of(shape), dtype_of(dtype, default_float()))

    return function


def _like(value: int) -> Callable[..., Node]:
    def function(a: object, dtype: object = None, *, shape: object = None) -> Node:
        x = node_of(a)
        return constant(value, x.shape if shape is None else shape_of(shape), dtype_of(dtype, x.dtype))

    return function


def _full(shape: object, fill_value: object, dtype: object = None) -> Node:
    x = node_of(fill_value)
    return broadcast_to(converted(x, dtype_of(dtype, x.dtype)), shape_of(shape))


def _full_like(a: object, fill_value: object, dtype: object = None, *, shape: object = None) -> Node:
    x = node_of(a)
    wanted = x.shape if shape is None else shape_of(shape)
    return broadcast_to(converted(node_of(fill_value), dtype_of(dtype, x.dtype)), wanted)


def _array(object: object, dtype: object = None, *, copy: object = True, ndmin: object = _ZERO) -> Node:
    x = node_of(object)
    missing = static_int(ndmin, "ndmin") - x.rank
    return converted(expanded(x, tuple(range(max(missing, 0)))), dtype_of(dtype, x.dtype))


def _arange(start: object, stop: object = None, step: object = _ONE, dtype: object = None) -> Node:
    first, last = (_ZERO, start) if stop is None else (start, stop)
    a, b, s = node_of(first), node_of(last), node_of(step)
    if not isinstance(s, Const) or not all(isinstance(x, Const) or _is_count(x) for x in (a, b)):
        raise ArgumentError("arange: start and stop are integers or sizes, or fixed numbers; step is a fixed number")
    if not (isinstance(a, Const) and isinstance(b, Const)):
        return _computed_range(a, b, s, dtype)
    count, is_real = _count(a.value, b.value, s.value)
    values: Node = creation.arange(size=count)
    real = default_float() if is_real else "int64"
    values = converted(values, dtype_of(dtype, real)) if is_real or dtype is not None else values
    if s.value != 1:
        values = s * values
    return values if a.value == 0 else a + values


def _is_count(x: Node) -> bool:
    return x.dtype == "int64" and x.shape == ()


def _computed_range(start: Node, stop: Node, step: Const, dtype: object) -> Node:
    """Return a range whose length is known only while the function runs."""
    if not isinstance(step.value, int) or step.value == 0 or not (_is_count(start) and _is_count(stop)):
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


def _count(start: object, stop: object, step: object) -> tuple[Size, bool]:
    """Return how many numbers arange gives, and whether they are real."""
    if isinstance(step, int) and step != 0 and all(isinstance(v, (int, SizeExpression)) for v in (start, stop)):
        span: Size = stop - start  # type: ignore[operator]
        if isinstance(span, int):
            return len(range(0, span, step)), False
        if step > 0:
            return maximum(ceil_div(span, step), 0), False
    if isinstance(start, SizeExpression) or isinstance(stop, SizeExpression) or not step:
        raise ArgumentError("arange: a symbolic range has a step of at least 1")
    low, high, width = (Fraction(v) for v in (start, stop, step))  # type: ignore[call-overload]
    return max(-((low - high) // width), 0), True


def _linspace(
    start: object,
    stop: object,
    num: object = constant(50),
    endpoint: object = True,
    retstep: object = False,
    dtype: object = None,
    axis: object = _ZERO,
) -> Any:
    count = size_of(num, "num")
    a, b = align_shapes([node_of(start), node_of(stop)])
    steps = count - 1 if static_flag(endpoint, "endpoint") else count
    step = (b - a) / constant(steps) if steps != 0 else constant(float("nan"))
    at = axis_of(axis, a.rank + 1)
    shape = (*a.shape[:at], count, *a.shape[at:])
    positions = broadcast(cast(creation.arange(size=count), dtype=default_float()), shape=shape, axes=(at,))
    others = tuple(i for i in range(a.rank + 1) if i != at)
    first = broadcast(a, shape=shape, axes=others) if a.rank else a
    spread = broadcast(step, shape=shape, axes=others) if a.rank else step
    values = first + positions * (spread if steps != 0 else 0)
    values = converted(values, dtype_of(dtype, values.dtype))
    return (values, step) if static_flag(retstep, "retstep") else values


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
    rows, columns = size_of(N), size_of(N if M is None else M)
    i, j = _grid(rows, columns)
    return converted(cast(equal(i + static_int(k, "k"), j), dtype=default_float()), dtype_of(dtype, default_float()))


def _tri(N: object, M: object = None, k: object = _ZERO, dtype: object = None) -> Node:
    rows, columns = size_of(N), size_of(N if M is None else M)
    i, j = _grid(rows, columns)
    return converted(
        cast(less_equal(j, i + static_int(k, "k")), dtype=default_float()), dtype_of(dtype, default_float())
    )


def _grid(rows: Size, columns: Size) -> tuple[Node, Node]:
    shape = (rows, columns)
    return (
        broadcast(creation.arange(size=rows), shape=shape, axes=(0,)),
        broadcast(creation.arange(size=columns), shape=shape, axes=(1,)),
    )


def _astype(x: object, dtype: object, *, copy: object = True) -> Node:
    node = node_of(x)
    return converted(node, dtype_of(dtype, node.dtype))


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "array": _array,
    "asarray": lambda a, dtype=None: _array(a, dtype),
    "zeros": _filled(0),
    "ones": _filled(1),
    "empty": _filled(0),
    "full": _full,
    "zeros_like": _like(0),
    "ones_like": _like(1),
    "empty_like": lambda prototype, dtype=None, *, shape=None: _like(0)(prototype, dtype, shape=shape),
    "full_like": _full_like,
    "arange": _arange,
    "linspace": _linspace,
    "logspace": _logspace,
    "geomspace": _geomspace,
    "eye": _eye,
    "identity": lambda n, dtype=None: _eye(n, dtype=dtype),
    "tri": _tri,
    "astype": _astype,
    "copy": lambda a: node_of(a),
}

METHODS: Mapping[str, Callable[..., Any]] = {"astype": _astype, "copy": lambda a: node_of(a)}
