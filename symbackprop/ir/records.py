"""Results that a function returns as named tuples: printed code, which knows no classes, returns them as tuples."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["Records", "importable", "recorded", "recorded_call", "records_in"]


class Records(NamedTuple):
    """What of a structure of results is a named tuple.

    Parameters
    ----------
    kind : type or None
        The class of the structure itself, None for dicts, tuples and lists.
    items : tuple of (Records or None)
        What is in it; None for a number or an array, or where nothing is a named tuple.
    """

    kind: Any
    items: tuple[Records | None, ...]


# Structures are as deep as a person writes them, so the following may recurse.


def records_in(results: Any, class_of: Callable[[Any], type]) -> Records | None:
    """Return what in results is a named tuple, of the class that `class_of` tells; None if nothing is."""
    if not isinstance(results, (tuple, list, dict)):
        return None
    kind = class_of(results) if isinstance(results, tuple) and hasattr(results, "_make") else None
    inside = results.values() if isinstance(results, dict) else results
    items = tuple(records_in(item, class_of) for item in inside)
    return Records(kind, items) if kind is not None or any(item is not None for item in items) else None


def recorded(results: Any, records: Records | None) -> Any:
    """Return results with named tuples for tuples."""
    if records is None:
        return results
    if isinstance(results, dict):
        items = zip(results.items(), records.items, strict=True)
        return {key: recorded(item, inner) for (key, item), inner in items}
    made = [recorded(item, inner) for item, inner in zip(results, records.items, strict=True)]
    return type(results)(made) if records.kind is None else records.kind._make(made)


def importable(records: Records | None) -> Records | None:
    """Return `records` if another process finds their classes by name, else nothing."""
    waiting = [records]
    while waiting:
        record = waiting.pop()
        if record is None:
            continue
        module = sys.modules.get(getattr(record.kind, "__module__", ""))
        if record.kind is not None and getattr(module, record.kind.__qualname__, None) is not record.kind:
            return None
        waiting.extend(record.items)
    return records


def recorded_call(function: Callable[..., Any], records: Records, *args: Any, **kwargs: Any) -> Any:
    """Return what a function returns, in named tuples where these are in `records`."""
    return recorded(function(*args, **kwargs), records)
