"""Arrays that a function finds in its module or closure: small ones stand in the text, large ones become arguments."""

from __future__ import annotations

from typing import Any

import numpy as np

from symbackprop.errors import UnsupportedError
from symbackprop.ir.node import Node, constant
from symbackprop.read.vocabulary import FUNCTIONS
from symbackprop.read.vocabulary.arguments import Listed, Value

__all__ = ["LARGEST", "dtype_text", "literal_node", "literal_text", "number_text", "usable"]

LARGEST = 32  # entries that stand in the text
_KINDS = {"f": "float64", "i": "int64", "u": "int64", "b": "bool"}


def usable(array: Any, what: str) -> np.ndarray[Any, Any]:
    """Return an array of real numbers, integers or truth values in our dtypes.

    Raises
    ------
    UnsupportedError
        On complex numbers, objects and text.
    """
    if isinstance(array, (np.ma.MaskedArray, np.matrix)):
        raise UnsupportedError(
            f"{what} is a {type(array).__name__}, which means other things by its operators; use an array"
        )
    found = np.asarray(array)
    if found.dtype.kind == "u" and found.size and found.max() > np.iinfo(np.int64).max:
        raise UnsupportedError(f"{what} has integers beyond those of int64")
    dtype = _KINDS.get(found.dtype.kind)
    if dtype is None:
        hint = "real numbers only" if found.dtype.kind == "c" else "numbers, integers and truth values only"
        raise UnsupportedError(f"{what} has dtype {found.dtype}; {hint}")
    return found.astype(dtype, copy=False)


def number_text(value: float | int | bool) -> str:
    """Return a number as formula text."""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and value != value:
        return "np.nan"
    if value in (float("inf"), float("-inf")):
        return "np.inf" if value > 0 else "-np.inf"
    return repr(value)


def literal_text(array: np.ndarray[Any, Any]) -> str | None:
    """Return an array as formula text, None for one that is too large for that."""
    if array.ndim == 0:
        return number_text(array.item())
    if _is_uniform(array):
        shape = f"({array.shape[0]},)" if array.ndim == 1 else str(array.shape)
        return f"np.full({shape}, {number_text(array.flat[0].item())}{_dtype(array)})"
    if not array.size:
        return f"np.zeros({array.shape}{_dtype(array)})"
    if array.size > LARGEST:
        return None
    return f"np.array({_nested(array)})"


def _dtype(array: np.ndarray[Any, Any]) -> str:
    return "" if array.dtype.kind == "f" else f", dtype={dtype_text(array.dtype)}"


def dtype_text(dtype: Any) -> str:
    """Return the text of a dtype."""
    name = np.dtype(dtype).name
    return {"bool": "np.bool_"}.get(name, f"np.{name}")


def _nested(array: np.ndarray[Any, Any]) -> str:
    if array.ndim == 0:
        return number_text(array.item())
    return f"[{', '.join(_nested(part) for part in array)}]"


def literal_node(array: np.ndarray[Any, Any]) -> Node:
    """Return the node of an array that stands in the text."""

    def nested(part: np.ndarray[Any, Any]) -> Value:
        return constant(part.item()) if part.ndim == 0 else Listed(nested(entry) for entry in part)

    if array.ndim == 0:
        return constant(array.item())
    if not array.size or _is_uniform(array):
        value = array.flat[0].item() if array.size else 0
        return constant(value, array.shape, array.dtype.name)
    made: Node = FUNCTIONS["array"](nested(array))
    return made


def _is_uniform(array: np.ndarray[Any, Any]) -> bool:
    if array.size <= 2 or not bool((array == array.flat[0]).all()):
        return False
    return array.dtype.kind != "f" or len(set(np.signbit(array).flat)) == 1  # 0.0 and -0.0 are not the same
