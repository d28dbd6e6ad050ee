"""Nests of arrays: tuples, lists, named tuples, dicts and dataclasses, taken apart and put together again."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from symbackprop.errors import UnsupportedError

__all__ = ["Form", "alike", "flattened", "names_of", "unflattened"]

_DEEPEST = 32  # nests in nests, so that these functions may recurse

Form = Any  # a nest with the numbers of its leaves in their places


class _Leaf:
    """The place of a leaf in a form."""

    __slots__ = ("name",)

    def __init__(self, name: str | None) -> None:
        self.name = name


def flattened(tree: Any) -> tuple[list[Any], Form]:
    """Return the leaves of a nest, and its form; None has no leaves."""
    leaves: list[Any] = []

    def formed(item: Any, name: str | None, depth: int) -> Form:
        if depth > _DEEPEST:
            raise UnsupportedError(f"a nest of arrays is deeper than {_DEEPEST}")
        parts = _parts(item)
        if parts is None:
            leaves.append(item)
            return _Leaf(name)
        return _rebuilt(item, [formed(part, key, depth + 1) for key, part in parts])

    return leaves, formed(tree, None, 0)


def unflattened(form: Form, leaves: Sequence[Any]) -> Any:
    """Return `leaves` nested as in `form`."""
    rest = iter(leaves)

    def filled(item: Form) -> Any:
        if isinstance(item, _Leaf):
            return next(rest)
        parts = _parts(item)
        assert parts is not None
        return _rebuilt(item, [filled(part) for _, part in parts])

    return filled(form)


def alike(a: Form, b: Form) -> bool:
    """Tell whether two forms are nested alike, with the same keys."""
    return repr(_shown(a)) == repr(_shown(b))


def _shown(form: Form) -> Any:
    """Return a form as something that can be compared."""
    if isinstance(form, _Leaf):
        return 0
    parts = _parts(form)
    assert parts is not None
    return type(form).__name__, [(name, _shown(part)) for name, part in parts]


def names_of(form: Form) -> list[str | None]:
    """Return for every leaf the key or field under which it stands, None where that has no name."""
    found: list[str | None] = []

    def look(item: Form) -> None:
        if isinstance(item, _Leaf):
            found.append(item.name)
            return
        for _, part in _parts(item) or ():
            look(part)

    look(form)
    return found


def _parts(item: Any) -> list[tuple[str | None, Any]] | None:
    """Return the parts of a nest with their names; None for a leaf."""
    if item is None:
        return []
    if isinstance(item, dict):
        return [(key if isinstance(key, str) else None, part) for key, part in item.items()]
    if isinstance(item, tuple) and hasattr(item, "_fields"):
        return [*zip(item._fields, item, strict=True)]
    if isinstance(item, (tuple, list)):
        return [(None, part) for part in item]
    if dataclasses.is_dataclass(item) and not isinstance(item, type):
        return [(field.name, getattr(item, field.name)) for field in dataclasses.fields(item) if field.init]
    return None


def _rebuilt(item: Any, parts: list[Any]) -> Any:
    if item is None:
        return None
    if isinstance(item, dict):
        return dict(zip(item, parts, strict=True))
    if isinstance(item, tuple) and hasattr(item, "_make"):
        return item._make(parts)
    if isinstance(item, (tuple, list)):
        return type(item)(parts)
    names = [field.name for field in dataclasses.fields(item) if field.init]
    return dataclasses.replace(item, **dict(zip(names, parts, strict=True)))
