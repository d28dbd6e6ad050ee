"""Functions of NumPy that ask what an array looks like, not what is in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from symbackprop.read.from_numpy.arrays import TracedArray

__all__ = ["APPEARANCE"]


def _size(x: Any, axis: int | None = None) -> Any:
    """Return the number of entries, or of those along an axis."""
    return x.size if axis is None else x.shape[axis]


def _is_number(x: Any) -> bool:
    """Tell whether a traced array, or something else of NumPy's, is a number and no array without axes."""
    return not x.ndim and not (isinstance(x, TracedArray) and x.is_zero_d)


def _result_type(*values: Any) -> np.dtype[Any]:
    """Return the dtype of what is computed of several arrays, numbers and dtypes."""
    return np.result_type(*(x.dtype if isinstance(x, TracedArray) else x for x in values))


APPEARANCE: Mapping[str, Callable[..., Any]] = {
    "ndim": lambda x: x.ndim,
    "shape": lambda x: x.shape,
    "size": _size,
    "isscalar": _is_number,
    "iscomplexobj": lambda x: False,
    "isrealobj": lambda x: True,
    "result_type": _result_type,
}
