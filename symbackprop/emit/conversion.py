"""One argument of a call as an array or a number of the declared dtype; what cannot be one is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

from symbackprop.errors import ArgumentError
from symbackprop.ir.signature import ArgumentSpec

__all__ = ["array_of", "scalar_maker"]

Array = np.ndarray[Any, Any]

_WANTED = {"float64": "real numbers", "float32": "real numbers", "int64": "integers", "bool": "booleans"}
_DTYPES = {name: np.dtype(name) for name in _WANTED}
_MAKERS: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("math", "float64"): float,
    ("math", "float32"): float,
    ("numpy", "float64"): np.float64,
    ("numpy", "float32"): np.float32,
}


def scalar_maker(spec: ArgumentSpec, target: str) -> Callable[[object], Any]:
    """Return the function that converts an argument to a number: a Python one, or a NumPy scalar.

    Parameters
    ----------
    spec : ArgumentSpec
        The declared input, of shape () or of any shape.
    target : {"math", "numpy"}
        Which kind of number.
    """
    make = _MAKERS.get((target, spec.dtype))

    def scalar(value: object) -> Any:
        if make is not None and isinstance(value, (float, int)):
            try:
                return make(value)
            except OverflowError:
                raise ArgumentError(f"argument {spec.name!r} is a number that is too large for {spec.dtype}") from None
        array = array_of(spec, value)
        if array.shape != ():
            why = "" if spec.shape == () else " beside inputs of declared shapes; declare its shape instead of '...'"
            raise ArgumentError(f"argument {spec.name!r} has shape {array.shape}, expected a single number{why}")
        return array.item() if target == "math" else array[()]

    return scalar


def array_of(spec: ArgumentSpec, value: object) -> Array:
    """Return an argument as an array of the declared dtype; one that already is comes back itself.

    Raises
    ------
    ArgumentError
        On what is no array of numbers, on masked and sparse arrays, and where the dtype cannot hold the values.
    """
    wanted = _DTYPES[spec.dtype]
    if type(value) is np.ndarray and value.dtype == wanted:
        return value
    _refuse_special(spec, value)
    array = _as_array(spec, value)
    if array.dtype.kind not in "fiub":
        kind = type(value).__name__
        what = f"a {kind}" if array.ndim == 0 and array.dtype == object else f"a {kind} of dtype {array.dtype}"
        raise ArgumentError(f"argument {spec.name!r} is {what}, expected {_WANTED[spec.dtype]}")
    _check_values(spec, array)
    return array if array.dtype == wanted else array.astype(wanted)


def _refuse_special(spec: ArgumentSpec, value: object) -> None:
    if isinstance(value, np.ma.MaskedArray):
        raise ArgumentError(f"argument {spec.name!r} is a masked array; fill it first, with x.filled(...)")
    if hasattr(value, "tocsr"):
        raise ArgumentError(f"argument {spec.name!r} is a sparse array; make it dense first, with x.toarray()")


def _as_array(spec: ArgumentSpec, value: object) -> Array:
    try:
        array = np.asarray(value)
        if array.ndim == 0 and array.dtype == object and isinstance(value, (Real, Decimal)):
            return np.asarray(float(value))  # an exact or a long number
    except Exception as error:  # whatever an object's own conversion raises
        raise ArgumentError(f"argument {spec.name!r} is not an array of numbers: {error}") from None
    return array


def _check_values(spec: ArgumentSpec, array: Array) -> None:
    """Refuse values that the declared dtype would change."""
    kind = array.dtype.kind
    if spec.dtype == "int64" and kind in "fu":
        if kind == "f" and not np.all(array == np.floor(array)):
            raise ArgumentError(f"argument {spec.name!r} has fractional values, expected integers")
        if not np.all((array < 2**63) & (array >= -(2.0**63))):
            raise ArgumentError(f"argument {spec.name!r} has values that are too large for int64")
    if spec.dtype == "bool" and kind != "b" and (kind == "f" or not np.all((array == 0) | (array == 1))):
        raise ArgumentError(f"argument {spec.name!r} has numbers other than the integers 0 and 1, expected booleans")
