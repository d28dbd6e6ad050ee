"""Copies of the containers that a function finds around it: what it puts into them stays inside the trace."""

from __future__ import annotations

import copy
from array import array
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from types import MappingProxyType, SimpleNamespace
from typing import Any

__all__ = ["copied_container", "is_container"]

_KINDS = (
    tuple, list, dict, set, frozenset, deque, OrderedDict, defaultdict, Counter, SimpleNamespace, MappingProxyType,
    bytearray, array,
)  # fmt: skip

Seen = Callable[..., Any]


def is_container(value: Any, *, is_own: bool) -> bool:
    """Tell whether a value is a container of Python's; `is_own` tells that its class is the user's own."""
    return type(value) in _KINDS or _is_record(value) or (is_own and isinstance(value, (dict, list)))


def copied_container(value: Any, seen: Seen, note: Callable[[Any], None]) -> Any:
    """Return a copy of a container.

    Parameters
    ----------
    value : container
    seen : callable
        Gives what stands for an item, ``seen(item)`` or ``seen(item, name)``.
    note : callable
        Is told the copy before its items are looked at, for they may hold the container.
    """
    if isinstance(value, tuple):
        return _copied_tuple(value, seen)
    if isinstance(value, (set, frozenset)):
        return type(value)(map(seen, value))
    if isinstance(value, MappingProxyType):
        return MappingProxyType({key: seen(item, str(key)) for key, item in value.items()})
    copied = copy.copy(value)
    note(copied)
    if isinstance(value, SimpleNamespace):
        vars(copied).update((name, seen(item, name)) for name, item in vars(value).items())
    elif isinstance(value, dict):
        for key, item in value.items():
            dict.__setitem__(copied, key, seen(item, str(key)))
        if isinstance(value, defaultdict):
            copied.default_factory = seen(value.default_factory)
    elif isinstance(value, (list, deque)):
        copied.clear()
        copied.extend(map(seen, value))
    return copied


def _copied_tuple(value: tuple[Any, ...], seen: Seen) -> Any:
    """Return the tuple itself if all in it stands for itself."""
    kind: Any = seen(type(value)) if _is_record(value) else tuple
    items = [seen(item) for item in value]
    if kind is type(value) and all(a is b for a, b in zip(items, value, strict=True)):
        return value
    return kind._make(items) if _is_record(value) else tuple(items)


def _is_record(value: Any) -> bool:
    """Tell whether a value is a named tuple."""
    return isinstance(value, tuple) and hasattr(value, "_fields") and hasattr(value, "_make")
