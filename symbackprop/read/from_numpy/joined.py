"""What stands for ``np.r_`` and ``np.c_``: arrays, numbers and ranges in square brackets, joined."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from symbackprop.errors import UnsupportedError
from symbackprop.read.from_numpy.arrays import TracedArray

if TYPE_CHECKING:
    from symbackprop.read.from_numpy.calls import Trace

__all__ = ["JOINING", "Joined"]

JOINING = ("r_", "c_")


class Joined:
    """``np.r_``, which joins along the first axis, or ``np.c_``, along the last, where vectors are columns.

    Parameters
    ----------
    trace : Trace
    real : object
        NumPy's own, which reads what is known.
    name : {"r_", "c_"}
    """

    def __init__(self, trace: Trace, real: Any, name: str) -> None:
        self._trace = trace
        self._real = real
        self._name = name

    def __repr__(self) -> str:
        return f"<np.{self._name} for traced arrays>"

    def __getitem__(self, index: Any) -> Any:
        parts = index if isinstance(index, tuple) else (index,)
        if any(isinstance(part, str) for part in parts):
            raise self._trace.located(
                UnsupportedError(f"np.{self._name} with text is not supported; write np.concatenate or np.stack")
            )
        arrays = [self._array(part) for part in parts]
        axis = 0 if self._name == "r_" else -1
        return self._trace.protocols.named("np", "concatenate", (arrays,), {"axis": axis}, np.concatenate)

    def _array(self, part: Any) -> Any:
        """Return a part as an array of one axis or more; for ``np.c_``, of two or more."""
        made = self._of_slice(part) if isinstance(part, slice) else part
        array = self._trace.protocols.named("np", "atleast_1d", (made,), {}, np.atleast_1d)
        return array[:, None] if self._name == "c_" and array.ndim == 1 else array

    def _of_slice(self, part: slice) -> Any:
        bounds = (0 if part.start is None else part.start, part.stop, 1 if part.step is None else part.step)
        if isinstance(part.step, complex):
            return self._real[part]
        if any(isinstance(bound, TracedArray) for bound in bounds):
            raise self._trace.located(
                UnsupportedError(f"np.{self._name} with a range of traced numbers is not supported")
            )
        return self._trace.protocols.named("np", "arange", bounds, {}, np.arange)
