"""Arguments that are structures: taken apart when a function is called, and in the first lines of printed code."""

from __future__ import annotations

import dataclasses
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import Any

from symbackprop.errors import ArgumentError, nearest_names
from symbackprop.ir.packing import Pack, Packed, Packing, accessor

__all__ = ["Packer", "arguments_of_leaves", "unpacking_lines"]


class Packer:
    """Takes the arguments of a call apart, and puts converted leaves together again."""

    def __init__(self, packing: Packing) -> None:
        self._arguments = packing.arguments
        self._names = [name for name, _ in packing.arguments]
        self._by_position = len(self._names) - len(packing.named_only)
        self._defaults = dict(packing.defaults)

    def leaves(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[list[Any], list[Any]]:
        """Return the arguments in order, and the leaves in them.

        Raises
        ------
        ArgumentError
            On arguments that are missing or superfluous, or of another structure.
        """
        given = self._ordered(args, kwargs)
        found: list[Any] = []
        for (name, packed), value in zip(self._arguments, given, strict=True):
            _take(packed, value, name, found)
        return given, found

    def packed(self, given: Sequence[Any], leaves: Sequence[Any]) -> list[Any]:
        """Return arguments like those `given` that hold other leaves."""
        rest = iter(leaves)
        return [_put(packed, value, rest) for (_, packed), value in zip(self._arguments, given, strict=True)]

    def call(self, function: Callable[..., Any], arguments: Sequence[Any], bound: Mapping[str, Any]) -> Any:
        """Call the printed function, whose last parameters may be given by name only."""
        count = self._by_position
        parameters = function.__code__.co_varnames[count : len(arguments)]  # which may be called otherwise in the text
        return function(*arguments[:count], **dict(zip(parameters, arguments[count:], strict=True)), **bound)

    def _ordered(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Any]:
        names = self._names
        shown = f"({', '.join(names)})"
        if len(args) > self._by_position:
            raise ArgumentError(
                f"{len(args)} arguments were given by position; the function takes {self._by_position}: {shown}"
            )
        given = {**self._defaults, **dict(zip(names, args, strict=False))}
        for name, value in kwargs.items():
            if name not in names:
                raise ArgumentError(
                    f"there is no argument {name!r}; the arguments are {shown}.{nearest_names(name, names)}"
                )
            if name in names[: len(args)]:
                raise ArgumentError(f"argument {name!r} is given twice, by position and by name")
            given[name] = value
        missing = [name for name in names if name not in given]
        if missing:
            listed = ", ".join(map(repr, missing))
            raise ArgumentError(f"missing argument{'s' * (len(missing) > 1)} {listed}; the arguments are {shown}")
        return [given[name] for name in names]


# Structures are as deep as a person writes them, so the following may recurse.


def _take(packed: Packed, value: Any, path: str, leaves: list[Any]) -> None:
    if packed is None:  # what has no gradient has no tangent
        return
    if not isinstance(packed, Pack):
        leaves.append(value)
        return
    held = _items(packed, value, path)
    for key, inner, item in zip(packed.keys, packed.items, held, strict=True):
        _take(inner, item, path + accessor(packed, key), leaves)


def _items(packed: Pack, value: Any, path: str) -> list[Any]:
    """Return what a structure holds, in the order in which it was declared."""
    what = f"argument {path}"
    if packed.kind in ("namedtuple", "dataclass"):
        missing = [key for key in packed.keys if not hasattr(value, key)]
        if missing:
            raise ArgumentError(f"{what} is a {type(value).__name__} without the field {missing[0]!r}")
        return [getattr(value, key) for key in packed.keys]
    if packed.kind == "dict":
        if not isinstance(value, Mapping):
            raise ArgumentError(f"{what} is a {type(value).__name__}; expected a dict with {_listed(packed)}")
        if set(value) != set(packed.keys):
            wrong = sorted(set(map(str, value)) ^ set(map(str, packed.keys)))
            raise ArgumentError(
                f"{what} has the keys {', '.join(map(str, value))}; expected {_listed(packed)} ({wrong[0]})"
            )
        return [value[key] for key in packed.keys]
    if not isinstance(value, (tuple, list)) or len(value) != len(packed.keys):
        count = f" of {len(value)} items" if isinstance(value, (tuple, list)) else ""
        raise ArgumentError(
            f"{what} is a {type(value).__name__}{count}; expected a {packed.kind} of {len(packed.keys)}"
        )
    return list(value)


def _listed(packed: Pack) -> str:
    return ", ".join(map(str, packed.keys))


def _put(packed: Packed, value: Any, leaves: Iterator[Any]) -> Any:
    if packed is None:
        return value
    if not isinstance(packed, Pack):
        return next(leaves)
    items = [_put(inner, item, leaves) for inner, item in zip(packed.items, _items(packed, value, ""), strict=True)]
    named = dict(zip(packed.keys, items, strict=True))
    if packed.kind == "dict":
        return named
    if packed.kind == "namedtuple":
        return value._replace(**named)
    if packed.kind == "dataclass":
        return dataclasses.replace(value, **named)
    return items if packed.kind == "list" else tuple(items)


def arguments_of_leaves(packing: Packing, leaves: Mapping[str, Any]) -> list[Any]:
    """Return arguments made of leaves by name, records replaced by named tuples of the same fields."""
    return [_built(packed, leaves) for _, packed in packing.arguments]


def _built(packed: Packed, leaves: Mapping[str, Any]) -> Any:
    if packed is None:
        return None
    if not isinstance(packed, Pack):
        return leaves[packed]
    items = [_built(item, leaves) for item in packed.items]
    if packed.kind == "dict":
        return dict(zip(packed.keys, items, strict=True))
    if packed.kind in ("namedtuple", "dataclass"):
        return namedtuple("Record", [str(key) for key in packed.keys])(*items)
    return items if packed.kind == "list" else tuple(items)


# --- printed code -----------------------------------------------------------------------------------------------------


def unpacking_lines(arguments: Sequence[tuple[str, Packed]], names: Mapping[str, str], used: Set[str]) -> list[str]:
    """Return the lines that give the leaves in structures their names, those that are in use."""
    lines: list[str] = []
    for _, packed in arguments:
        lines += _unpacked(packed, names, used)
    return lines


def _unpacked(packed: Packed, names: Mapping[str, str], used: Set[str]) -> list[str]:
    if not isinstance(packed, Pack):
        return []
    called = [names[item] if isinstance(item, str) else "" for item in packed.items]
    if packed.kind in ("tuple", "list", "namedtuple") and called and all(name and name in used for name in called):
        return [f"{', '.join(called)}{',' * (len(called) == 1)} = {packed.path}"]
    lines: list[str] = []
    for key, item, name in zip(packed.keys, packed.items, called, strict=True):
        if name and name in used:
            lines.append(f"{name} = {packed.path}{accessor(packed, key)}")
        lines += _unpacked(item, names, used)
    return lines
