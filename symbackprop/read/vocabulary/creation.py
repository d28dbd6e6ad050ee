"""Making arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from symbackprop.errors import ArgumentError, UnsupportedError
from symbackprop.ir.dtype import default_float
from symbackprop.ir.node import Const, Node, constant
from symbackprop.ir.size import Size, SizeExpression, ceil_div, maximum
from symbackprop.ops import creation
from symbackprop.ops.broadcasting import broadcast, broadcast_to, cast, converted
from symbackprop.ops.comparison import equal, less_equal
from symbackprop.ops.powers import power
from symbackprop.read.vocabulary.arguments import node_of, shape_of, size_of, static_int

__all__ = ["FUNCTIONS", "METHODS"]

_ZERO, _ONE = constant(0), constant(1)
_DTYPES = ("float64", "float32", "int64", "bool")


def _dtype(dtype: object, otherwise: str) -> str:
    if dtype is None:
        return otherwise
    names = {"float": default_float(), "int": "int64", "bool_": "bool"}
    found = names.get(str(dtype), dtype)
    if found not in _DTYPES:
        raise UnsupportedError(f"dtype {dtype!r} is not supported; use {', '.join(_DTYPES)}")
    return str(found)


def _filled(value: int) -> Callable[..., Node]:
    def function(shape: object, dtype: object = None) -> Node:
        return constant(value, shape_of(shape), _dtype(dtype, default_float()))

    return function


def _filled_like(value: int) -> Callable[..., Node]:
    def function(a: object, dtype: object = None) -> Node:
        x = node_of(a)
        return constant(value, x.shape, _dtype(dtype, x.dtype))

    return function


def _full(shape: object, fill_value: object, dtype: object = None) -> Node:
    x = node_of(fill_value)
    return broadcast_to(converted(x, _dtype(dtype, x.dtype)), shape_of(shape))


def _full_like(a: object, fill_value: object, dtype: object = None) -> Node:
    x = node_of(a)
    return broadcast_to(converted(node_of(fill_value), _dtype(dtype, x.dtype)), x.shape)


def _array(object: object, dtype: object = None) -> Node:
    x = node_of(object)
    return converted(x, _dtype(dtype, x.dtype))


def _arange(start: object, stop: object = None, step: object = _ONE, dtype: object = None) -> Node:
    first, last = (_ZERO, start) if stop is None else (start, stop)
    a, b, s = node_of(first), node_of(last), node_of(step)
    if any(not isinstance(x, Const) for x in (a, b, s)):
        raise ArgumentError("arange: start, stop and step are fixed numbers or sizes")
    count, is_real = _count(a.value, b.value, s.value)  # type: ignore[attr-defined]
    values: Node = creation.arange(size=count)
    real = default_float() if is_real else "int64"
    values = converted(values, _dtype(dtype, real)) if is_real or dtype is not None else values
    if s.value != 1:  # type: ignore[attr-defined]
        values = s * values
    return values if a.value == 0 else a + values  # type: ignore[attr-defined]


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


def _linspace(start: object, stop: object, num: object = constant(50), endpoint: object = True) -> Node:
    count = size_of(num, "num")
    a, b = node_of(start), node_of(stop)
    if a.rank or b.rank:
        raise UnsupportedError("linspace: start and stop are numbers; broadcast arrays by hand")
    steps = count - 1 if endpoint else count
    positions = cast(creation.arange(size=count), dtype=default_float())
    if steps == 0:
        return a + positions * 0
    return a + positions * ((b - a) / constant(steps))


def _logspace(
    start: object, stop: object, num: object = constant(50), endpoint: object = True, base: object = constant(10)
) -> Node:
    return power(node_of(base), _linspace(start, stop, num, endpoint))


def _geomspace(start: object, stop: object, num: object = constant(50), endpoint: object = True) -> Node:
    a, b = node_of(start), node_of(stop)
    return a * power(b / a, _linspace(_ZERO, _ONE, num, endpoint))


def _eye(N: object, M: object = None, k: object = _ZERO, dtype: object = None) -> Node:
    rows, columns = size_of(N), size_of(N if M is None else M)
    i, j = _grid(rows, columns)
    return converted(cast(equal(i + static_int(k, "k"), j), dtype=default_float()), _dtype(dtype, default_float()))


def _tri(N: object, M: object = None, k: object = _ZERO, dtype: object = None) -> Node:
    rows, columns = size_of(N), size_of(N if M is None else M)
    i, j = _grid(rows, columns)
    return converted(cast(less_equal(j, i + static_int(k, "k")), dtype=default_float()), _dtype(dtype, default_float()))


def _grid(rows: Size, columns: Size) -> tuple[Node, Node]:
    shape = (rows, columns)
    return (
        broadcast(creation.arange(size=rows), shape=shape, axes=(0,)),
        broadcast(creation.arange(size=columns), shape=shape, axes=(1,)),
    )


def _astype(x: object, dtype: object) -> Node:
    node = node_of(x)
    return converted(node, _dtype(dtype, node.dtype))


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "array": _array,
    "asarray": _array,
    "zeros": _filled(0),
    "ones": _filled(1),
    "empty": _filled(0),
    "full": _full,
    "zeros_like": _filled_like(0),
    "ones_like": _filled_like(1),
    "empty_like": _filled_like(0),
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
