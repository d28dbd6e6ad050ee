"""A function of scalars called with arrays, entry by entry as a ufunc: arguments as they are, results filled up.

Arrays of floats keep their kind of float, as NumPy's own functions keep it; integers and booleans become float64.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from symbackprop.emit.conversion import array_of
from symbackprop.errors import ArgumentError
from symbackprop.ir.signature import ArgumentSpec

__all__ = ["FLOAT64", "common_shape", "filled", "mapped_arguments", "one_by_one"]

FLOAT64 = np.dtype(np.float64)
Array = np.ndarray[Any, Any]


def common_shape(values: Sequence[Any]) -> tuple[int, ...] | None:
    """Return the shape of arguments that are arrays of float64 of one shape, so that nothing is to be done with them."""
    shape: tuple[int, ...] | None = None
    for value in values:
        if type(value) is not np.ndarray or value.dtype is not FLOAT64:
            return None
        if shape is None:
            shape = value.shape
        elif value.shape != shape:
            return None
    return shape


def mapped_arguments(
    specs: Sequence[ArgumentSpec], values: Sequence[object]
) -> tuple[list[Any], tuple[int, ...], np.dtype[Any]]:
    """Return the arguments as arrays and numbers of one kind, their common shape, and that kind of float.

    Raises
    ------
    ArgumentError
        On arguments that are no real numbers, or do not broadcast.
    """
    arrays = [_array(spec, value) for spec, value in zip(specs, values, strict=True)]
    kinds = {a.dtype for a, v in zip(arrays, values, strict=True) if a.dtype.kind == "f" and not _is_python(v)}
    kind = np.result_type(*kinds) if kinds else FLOAT64
    converted = [a if a.ndim else kind.type(a) if a.dtype.kind == "f" else a[()] for a in arrays]
    shapes = {a.shape for a in arrays if a.ndim}
    if len(shapes) <= 1:
        return converted, shapes.pop() if shapes else (), kind
    try:
        return converted, np.broadcast_shapes(*shapes), kind
    except ValueError:
        listed = ", ".join(f"{spec.name} of shape {a.shape}" for spec, a in zip(specs, arrays, strict=True))
        raise ArgumentError(f"the arguments do not broadcast against each other: {listed}") from None


def _is_python(value: object) -> bool:
    """Tell whether a value is a number of Python's own, which takes on the kind of the arrays beside it."""
    return isinstance(value, (float, int)) and not isinstance(value, np.generic)


def _array(spec: ArgumentSpec, value: object) -> Array:
    if spec.dtype == "float64" and isinstance(value, (np.ndarray, np.floating)) and value.dtype.kind == "f":
        if type(value) is np.ndarray:
            return value
        if isinstance(value, np.floating):
            return np.asarray(value)
    return array_of(spec, value)


def filled(result: Any, arguments: Sequence[Any], shape: tuple[int, ...], kind: np.dtype[Any] | None = None) -> Any:
    """Return results, in nested lists and tuples, at the full shape, each in fresh memory of its own.

    Parameters
    ----------
    result : number, array, or nested lists and tuples of these
    arguments : sequence
        What results may not share memory with.
    shape : tuple of int
    kind : dtype, optional
        What single numbers become; by default what they are.
    """
    if not shape:
        return result
    return _full(result, {id(argument) for argument in arguments}, shape, kind)


def _full(value: Any, taken: set[int], shape: tuple[int, ...], kind: np.dtype[Any] | None) -> Any:
    if type(value) is np.ndarray and value.shape == shape and value.base is None and id(value) not in taken:
        taken.add(id(value))
        return value
    if isinstance(value, (tuple, list)):
        return type(value)([_full(item, taken, shape, kind) for item in value])
    if not isinstance(value, np.ndarray):
        value = np.asarray(value, dtype=None if isinstance(value, (bool, np.bool_)) else kind)
    return np.array(np.broadcast_to(value, shape))


def one_by_one(function: Callable[..., Any], arrays: Sequence[Array], shape: tuple[int, ...], *, plain: bool) -> Any:
    """Call a function that computes arrays once a point; its results are stacked behind the axes of the points.

    It is given `plain` numbers of Python's where these are what it computes with.
    """
    points = [np.broadcast_to(array, shape) for array in arrays]

    def at(index: tuple[int, ...]) -> Any:
        return function(*(point[index].item() if plain else point[index] for point in points))

    found = [at(index) for index in np.ndindex(shape)]
    empty = not found
    if empty:  # what comes back of no points has the axes of what comes back of one
        points = [np.ones((), array.dtype) for array in arrays]
        found = [at(())]

    def stacked(parts: list[Any]) -> Any:
        if isinstance(parts[0], (tuple, list)):
            return type(parts[0])(stacked([part[i] for part in parts]) for i in range(len(parts[0])))
        whole = np.stack([np.asarray(part) for part in parts])
        return (whole[:0] if empty else whole).reshape(shape + whole.shape[1:])

    return stacked(found)
