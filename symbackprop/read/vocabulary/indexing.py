"""Indexing and slicing."""

from __future__ import annotations

from symbackprop.errors import UnsupportedError
from symbackprop.ir.node import Node


class Slice:
    """``start:stop:step`` inside an index."""

    __slots__ = ("start", "step", "stop")

    def __init__(self, start: object, stop: object, step: object) -> None:
        self.start, self.stop, self.step = start, stop, step


def subscript(x: object, index: object) -> Node:
    """Return ``x[index]``."""
    raise UnsupportedError("indexing")
