"""What a network consists of beside its statements: parameters, states, and what each of its layers wrote."""

from __future__ import annotations

from typing import Any, NamedTuple

from symbackprop.ir.size import Size
from symbackprop.read.layers.layer import Layer, Value

__all__ = ["Bounds", "Parameter", "Stage", "State"]


class Parameter(NamedTuple):
    """A parameter of a network: its shape, how it begins, and the fans of its initialiser where they are not its shape's."""

    name: str
    shape: tuple[int, ...]
    initialiser: Any
    fan: tuple[int, int] | None = None
    layer: str = ""
    is_weight: bool = True  # a bias or an offset is not: penalties leave it out


class Stage(NamedTuple):
    """What one layer of a network wrote, with all that is in it."""

    layer: Layer
    entering: Value | None
    value: Value
    names: tuple[str, ...]  # of the values that it computes
    parameters: tuple[str, ...]  # of its own
    statements: tuple[str, ...]


class Bounds(NamedTuple):
    """What the entries of an input of whole numbers may be: from 0 to below `limit`, and one other number."""

    limit: Size
    besides: int | None
    what: str  # they are, as the beginning of a sentence that their range ends
    barred: int | None = None  # the number among them that none may be
    lengths: str = ""  # the input that says how many entries of each example matter, where not all do


class State(NamedTuple):
    """What a call takes and returns changed: running statistics, and what recurrent layers carry on."""

    name: str
    shape: tuple[Size, ...]  # with the axis of the batch, where it has one
    initial: float
