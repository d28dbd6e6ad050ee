"""Options of layers: what text, documents and arguments give, checked against the annotations of the fields."""

from __future__ import annotations

import dataclasses
import math
import types
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from symbackprop.errors import ArgumentError, nearest_names

if TYPE_CHECKING:
    from symbackprop.read.layers.layer import Layer

__all__ = ["checked_options"]


def checked_options(layer: Layer) -> dict[str, Any]:
    """Return the options of a layer, as the types that their fields are declared with.

    Raises
    ------
    ArgumentError
        That names the layer, the option, what was given and what may be.
    """
    found: dict[str, Any] = {}
    for name, hint in _hints(type(layer)).items():  # type: ignore[arg-type]  # classes can be hashed
        value = getattr(layer, name)
        try:
            found[name] = _converted(value, hint)
        except _UnfitError as unfit:
            raise ArgumentError(
                f"layer {layer.kind}: {name} is {value!r}; expected {_expected(hint)}{unfit.hint}"
            ) from None
    return found


class _UnfitError(Exception):
    """A value that is not of a type."""

    def __init__(self, hint: str = "") -> None:
        super().__init__(hint)
        self.hint = hint


@cache
def _hints(kind: type[Layer]) -> dict[str, Any]:
    """Return the types of the fields of a class."""
    hints = get_type_hints(kind)
    names = [f.name for f in dataclasses.fields(kind) if f.name != "place"]
    return {name: hints[name] for name in names if get_origin(hints[name]) is not ClassVar}


def _converted(value: Any, hint: Any) -> Any:
    """Return `value` as what `hint` says; types in types are as deep as a declaration, so this may recurse."""
    if hint is Any:
        return _hashable(value)
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _one_of(value, get_args(hint))
    if origin is Literal:
        if not isinstance(value, str) or value not in get_args(hint):
            raise _UnfitError(nearest_names(str(value), [a for a in get_args(hint) if isinstance(a, str)]))
        return value
    if origin is tuple:
        return _items(value, get_args(hint))
    if hint is bool:
        if not isinstance(value, (bool, np.bool_)):
            raise _UnfitError
        return bool(value)
    if hint is int:
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
            raise _UnfitError
        return int(value)
    if hint is float:
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
            raise _UnfitError
        if not math.isfinite(value):
            raise _UnfitError(", neither nan nor infinite")
        return float(value)
    if not isinstance(value, hint):
        raise _UnfitError
    return value


def _hashable(value: Any) -> Any:
    """Return arrays and lists as tuples, which compare and can be hashed."""
    if isinstance(value, np.ndarray):
        return _hashable(value.tolist())
    return tuple(map(_hashable, value)) if isinstance(value, list) else value


def _one_of(value: Any, hints: Sequence[Any]) -> Any:
    hint = ""
    for part in hints:
        try:
            return _converted(value, part)
        except _UnfitError as unfit:
            hint = hint or unfit.hint
    raise _UnfitError(hint)


def _items(value: Any, hints: Sequence[Any]) -> tuple[Any, ...]:
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, (Sequence, np.ndarray)):
        value = (value,)  # a name or number alone is a sequence of one
    if len(hints) == 2 and hints[1] is ...:
        return tuple(_converted(item, hints[0]) for item in value)
    if len(value) != len(hints):
        raise _UnfitError
    return tuple(_converted(item, hint) for item, hint in zip(value, hints, strict=True))


def _expected(hint: Any) -> str:
    """Return a type in words."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(_expected(part) for part in get_args(hint))
    if origin is Literal:
        return "one of " + ", ".join(map(str, get_args(hint)))
    if origin is tuple:
        parts = get_args(hint)
        if len(parts) == 2 and parts[1] is ...:
            return f"a sequence, each {_expected(parts[0])}"
        return f"{len(parts)} of these: {', '.join(map(_expected, parts))}"
    named = {int: "a whole number", float: "a number", bool: "true or false", str: "a word", type(None): "nothing"}
    return named.get(hint, getattr(hint, "__name__", str(hint)))
