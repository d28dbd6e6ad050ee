"""Arrays that a traced function finds in its module, its closure or elsewhere: constants of the formula."""

from __future__ import annotations

import keyword
from typing import TYPE_CHECKING, Any

import numpy as np

from symbackprop.ir.signature import ArgumentSpec
from symbackprop.read.from_numpy.arrays import TracedArray
from symbackprop.read.from_numpy.constants import literal_node, literal_text, usable
from symbackprop.read.from_numpy.expressions import ATOM, MODULES, POSTFIX, UNARY

if TYPE_CHECKING:
    from symbackprop.read.from_numpy.calls import Trace

__all__ = ["Found"]


class Found:
    """The constants of one trace; `constants` has the large ones, which become arguments."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._taken = {spec.name for spec in trace.specs}
        self._arrays: dict[int, tuple[Any, TracedArray]] = {}
        self.constants: dict[str, np.ndarray[Any, Any]] = {}

    def array_of(self, array: Any) -> TracedArray:
        """Return an array of numbers that came from somewhere else, as it is now, as a constant of the formula."""
        known = self._arrays.get(id(array))
        if known is None or known[0] is not array or not _is_same(known[1].concrete, array):
            with self._trace.locating():
                found = usable(array, "an array in the function")
            known = self._arrays[id(array)] = array, self._constant(found.copy(), None)
        return known[1]

    def seen(self, value: Any, title: str | None = None, *, is_foreign: bool = False) -> Any:
        """Return what depends on no input as the function sees it: arrays as traced ones whose entries are known.

        Parameters
        ----------
        value : object
            Arrays of numbers, also in tuples and lists, are replaced; a single number stays one.
        title : str, optional
            What the function calls it.
        is_foreign : bool
            Whether it belongs to the function's module or closure, so that it must not be written to.
        """
        if type(value) in (tuple, list):
            return type(value)(self.seen(item) for item in value)
        if type(value) is not np.ndarray or value.dtype.kind not in "biuf" or not value.ndim:
            return value
        with self._trace.locating():
            array = usable(value, "an array in the function")
        made = self._constant(array.copy() if is_foreign else array, title)
        made.is_found, made.is_foreign = True, is_foreign
        if array.dtype != value.dtype:  # NumPy computes with it as it is: integers of few bits wrap around
            made.concrete = value.copy() if is_foreign else value
        return made

    def _constant(self, array: np.ndarray[Any, Any], title: str | None) -> TracedArray:
        text = literal_text(array)
        if text is None:
            name = self._constant_name(title)
            self.constants[name] = array
            spec = ArgumentSpec(name, array.shape, array.dtype.name)
            self._trace.specs.append(spec)
            found = self._trace.input_of(spec, len(self._trace.specs) - 1)
            found.is_input = False
            found.concrete = array
            return found
        level = UNARY if text.startswith("-") else ATOM if array.ndim == 0 else POSTFIX
        node = literal_node(array)
        return TracedArray(
            self._trace, (node, self._trace.expression_of([text], level, title if array.ndim else None), array)
        )

    def _constant_name(self, title: str | None) -> str:
        stem = title if title is not None and title.isidentifier() and not title.startswith("_") else "constant"
        name, number = stem, 2
        while name in self._taken or name in MODULES or keyword.iskeyword(name):
            name, number = f"{stem}_{number}", number + 1
        self._taken.add(name)
        return name


def _is_same(copy: Any, array: Any) -> bool:
    """Tell whether an array still holds what it held when it was copied."""
    return copy.shape == array.shape and bool(np.array_equal(copy, array, equal_nan=array.dtype.kind == "f"))
