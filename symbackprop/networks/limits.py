"""What a call of a network checks beside the shapes of its arguments: least sizes, and whole numbers that number things.

The printed function does not: NumPy counts negative numbers from the end, and slices what is too long.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from symbackprop.emit.sizes import SizeBinder
from symbackprop.errors import ArgumentError
from symbackprop.ir.signature import ArgumentSpec
from symbackprop.ir.size import evaluate, names
from symbackprop.read.layers.builder import Builder
from symbackprop.read.layers.records import Bounds

__all__ = ["Limits"]

_Array = np.ndarray[Any, Any]


class Limits:
    """What the arguments of a network may be.

    Parameters
    ----------
    specs : sequence of ArgumentSpec
        The declared inputs, in the order of the call.
    written : Builder
        The network as its layers wrote it.
    """

    def __init__(self, specs: Sequence[ArgumentSpec], written: Builder) -> None:
        self._sizes = SizeBinder(specs, written.guards)
        self._bounds = written.bounds
        self._places = {spec.name: place for place, spec in enumerate(specs)}

    def check(self, arguments: Sequence[Any]) -> None:
        """Raise an error if a size is too small, or an input of whole numbers holds one that stands for nothing."""
        sizes = self._sizes.bind([np.shape(argument) for argument in arguments])
        for name, bounds in self._bounds.items():
            for each in bounds:
                if name in self._places and all(size in sizes for size in names(each.limit)):
                    self._check(name, each, sizes, arguments)

    def _check(self, name: str, bounds: Bounds, sizes: Mapping[str, int], arguments: Sequence[Any]) -> None:
        array: _Array = np.asarray(arguments[self._places[name]])
        limit = evaluate(bounds.limit, sizes)
        wrong = (array < 0) | (array >= limit)
        if bounds.besides is not None:
            wrong &= array != bounds.besides
        if bounds.barred is not None:
            wrong |= array == bounds.barred
        if bounds.lengths:
            lengths: _Array = np.asarray(arguments[self._places[bounds.lengths]])
            wrong &= np.arange(array.shape[-1]) < lengths[..., None]
        if np.any(wrong):
            besides = "" if bounds.besides is None else f", or {bounds.besides}"
            barred = "" if bounds.barred is None else f", without {bounds.barred}"
            raise ArgumentError(
                f"argument {name!r} holds {array[wrong].flat[0]}; {bounds.what} from 0 to {limit - 1}{besides}{barred}"
            )
