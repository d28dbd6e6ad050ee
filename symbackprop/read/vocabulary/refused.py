"""NumPy's names that formulas do not have, each with what to write instead."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["REFUSED", "REFUSED_METHODS"]

_BY_VALUES = "the size of its result depends on the values"
_IN_PLACE = "it changes the array in place"

REFUSED: Mapping[str, str] = {
    "flat": "write x.ravel() for the entries one after the other",
    "imag": "formulas are over real numbers, whose imaginary part is 0; write zeros_like(x)",
    "angle": "formulas are over real numbers; write where(x < 0, pi, 0)",
    "nonzero": f"{_BY_VALUES}; choose by a mask, x[mask], or write where(mask, x, 0)",
    "flatnonzero": f"{_BY_VALUES}; choose by a mask, x[mask], or write where(mask, x, 0)",
    "argwhere": f"{_BY_VALUES}; choose by a mask, x[mask], or write where(mask, x, 0)",
    "unique": f"{_BY_VALUES}; write sort(x)",
    "trim_zeros": f"{_BY_VALUES}; write a slice",
    "fill": f"{_IN_PLACE}; write full_like(x, value)",
    "put": f"{_IN_PLACE}; write x[index] = value as a statement of its own",
    "place": f"{_IN_PLACE}; write where(mask, value, x)",
    "putmask": f"{_IN_PLACE}; write where(mask, value, x)",
    "copyto": f"{_IN_PLACE}; write where(mask, value, x)",
    "put_along_axis": f"{_IN_PLACE}; write x[index] = value as a statement of its own",
    "resize": "write reshape, tile or a slice",
    "item": "write an index, x[0, 1]",
    "tolist": "results are arrays; call .tolist() on what the compiled function returns",
    "view": "write x.astype(dtype), or x itself",
    "vectorize": "formulas act on whole arrays already",
    "apply_along_axis": "write the function with axis=",
    "fft.fft": "formulas are over real numbers",
}
REFUSED_METHODS: Mapping[str, str] = {
    **REFUSED,
    "sort": f"{_IN_PLACE}; write sort(x)",
    "partition": f"{_IN_PLACE}; write partition(x, kth)",
}
