"""Dtypes and conditions over arrays of elements: what ``astype``, ``any`` and ``logical_and`` mean on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from symbackprop.check.elements import Element, lifted

__all__ = ["DTYPES", "LOGIC", "RealDtype", "as_dtype", "truth"]


class RealDtype:
    """``np.float32`` and its like: an array keeps its elements, a call gives back its argument."""

    dtype = np.dtype(object)

    def __call__(self, value: Any) -> Any:
        return value


DTYPES: Mapping[str, Any] = {
    "float64": RealDtype(),
    "float32": RealDtype(),
    "float16": RealDtype(),
    "bfloat16": RealDtype(),
    "float": RealDtype(),
    "int": np.int64,
    "bool": np.bool_,
}


def as_dtype(x: Any, dtype: Any, kind: type[Element]) -> Any:
    """Return `x` converted as ``astype`` does: to positions, to conditions, or to elements."""
    wanted = DTYPES.get(dtype, dtype) if isinstance(dtype, str) else dtype
    if wanted is None:
        return x
    array = np.asarray(x)
    if wanted in (np.bool_, "bool_"):
        return truth(array)
    if wanted in (np.int64, "int64"):
        return array.astype(np.int64)[()]
    result = np.empty(array.shape, dtype=object)
    for index in np.ndindex(array.shape):
        result[index] = lifted(array[index], kind)
    return result[()]


def truth(x: Any) -> Any:
    """Return where `x` is not zero."""
    return np.asarray(x).astype(bool)[()]


def _pairwise(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda a, b: function(truth(a), truth(b))


def _reduction(function: Callable[..., Any]) -> Callable[..., Any]:
    def word(x: Any, axis: Any = None, *, keepdims: bool = False, where: Any = None) -> Any:
        chosen = {} if where is None else {"where": where}
        return function(truth(x), axis=axis, keepdims=keepdims, **chosen)

    return word


LOGIC: Mapping[str, Callable[..., Any]] = {
    "logical_and": _pairwise(np.logical_and),
    "logical_or": _pairwise(np.logical_or),
    "logical_xor": _pairwise(np.logical_xor),
    "logical_not": lambda x: np.logical_not(truth(x)),
    "any": _reduction(np.any),
    "all": _reduction(np.all),
    "count_nonzero": lambda x, axis=None, keepdims=False: np.count_nonzero(truth(x), axis=axis, keepdims=keepdims),
}
