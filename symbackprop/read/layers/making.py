"""What all forms of a spec share: words for layers, options by name, settings of the whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING
from typing import Any

from symbackprop.errors import ArgumentError, nearest_names
from symbackprop.read.layers.activations import ACTIVATIONS, Activation
from symbackprop.read.layers.kinds import kind_of
from symbackprop.read.layers.layer import Layer, option_fields

__all__ = ["SPELLINGS", "check_setting", "made", "spelled", "unspelled"]

SPELLINGS = {"inputs": "from"}  # options that specs call otherwise than Python may
_SETTINGS = ("batch", "precision")


def spelled(word: str) -> tuple[type[Layer], dict[str, Any]]:
    """Return the kind of layer that a word stands for, and what the word says of its options."""
    if word.split("(")[0] in ACTIVATIONS:
        return Activation, {"function": word}
    return kind_of(word), {}


def unspelled(layer: Layer) -> tuple[str, tuple[str, ...]]:
    """Return the word for a layer, and the options that the word says already."""
    if isinstance(layer, Activation):
        return layer.function, ("function",)
    return layer.kind, ()


def made(kind: type[Layer], given: Mapping[str, Any], place: tuple[int, int] | None = None) -> Layer:
    """Return a layer of a kind with options that are given by name.

    Raises
    ------
    ArgumentError
        On options that the kind does not have, and on those that it needs.
    """
    fields = {field.name: field for field in option_fields(kind)}
    for name in given:
        if name not in fields:
            known = [SPELLINGS.get(other, other) for other in fields]
            raise ArgumentError(
                f"layer {kind.kind} has no option {name!r}; it has {', '.join(known)}.{nearest_names(str(name), known)}"
            )
    missing = [
        name for name, f in fields.items()
        if name not in given and f.default is MISSING and f.default_factory is MISSING
    ]  # fmt: skip
    if missing:
        raise ArgumentError(f"layer {kind.kind} needs {' and '.join(missing)}")
    return kind(**given, place=place)


def check_setting(name: str) -> None:
    """Raise an error if networks have no setting of this name."""
    if name not in _SETTINGS:
        raise ArgumentError(
            f"there is no setting {name!r} of a network; there are {', '.join(_SETTINGS)}.{nearest_names(name, _SETTINGS)}"
        )
