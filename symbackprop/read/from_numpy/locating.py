"""Errors get their place in the user's function, wherever an operation raises them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symbackprop.errors import MissingAttributeError, SymbackpropError

if TYPE_CHECKING:
    from symbackprop.read.from_numpy.calls import Trace

__all__ = ["Locating"]


class Locating:
    """Gives errors their place in the user's function."""

    __slots__ = ("_trace",)

    def __init__(self, trace: Trace) -> None:
        self._trace = trace

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, SymbackpropError) and not isinstance(error, MissingAttributeError):
            self._trace.located(error)
