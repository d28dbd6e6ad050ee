"""What users give by name, in structures: values as arrays, and settings of some of the leaves."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from numbers import Number
from typing import Any

import numpy as np

from symbackprop.emit.conversion import array_of
from symbackprop.errors import ArgumentError, UnknownNameError, nearest_names
from symbackprop.ir.packing import Pack, Packed, accessor, quoted
from symbackprop.ir.signature import ArgumentSpec

__all__ = ["data_of", "real_array", "reals_of", "settings_of"]

Array = np.ndarray[Any, Any]


def real_array(value: object, path: str) -> Array:
    """Return a new array of float64 with the values given for `path`.

    Raises
    ------
    ArgumentError
        On what is no array of real numbers.
    """
    return np.array(array_of(ArgumentSpec(path, None, "float64"), value), order="C")


def _data_array(value: object, path: str) -> Array:
    """Return a new array: of integers or booleans where that is what `value` holds, else of float64."""
    if isinstance(value, (np.ndarray, np.generic, int, list, tuple)):
        array = np.array(value, order="C")
        if array.dtype.kind in "iub" and not isinstance(value, np.ma.MaskedArray):
            return array
    return real_array(value, path)


def reals_of(value: Any, path: str) -> Any:
    """Return a structure with its numbers and arrays as new arrays of float64; lists of numbers are arrays."""
    return _mapped(value, path, real_array)


def data_of(value: Any, path: str) -> Any:
    """Return a structure with its numbers and arrays as new arrays, integers and booleans among them."""
    return _mapped(value, path, _data_array)


# Structures are as deep as a person writes them, so the following may recurse.


def _mapped(value: Any, path: str, convert: Callable[[object, str], Array]) -> Any:
    if isinstance(value, Mapping):
        return {key: _mapped(item, f"{path}[{quoted(key)}]", convert) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        items = zip(value._fields, value, strict=True)
        return type(value)(*[_mapped(item, f"{path}.{name}", convert) for name, item in items])
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        mapped = {name: _mapped(getattr(value, name), f"{path}.{name}", convert) for name in names}
        return dataclasses.replace(value, **mapped)
    if isinstance(value, (list, tuple)) and not _is_numbers(value):
        return type(value)([_mapped(item, f"{path}[{position}]", convert) for position, item in enumerate(value)])
    return convert(value, path)


def _is_numbers(value: Any) -> bool:
    """Tell whether a value is a number, or lists of numbers and nothing else."""
    if isinstance(value, (list, tuple)):
        return all(map(_is_numbers, value))
    return isinstance(value, (Number, np.bool_))


def settings_of(
    packed: Packed, given: Any, path: str, what: str, *, whole: bool = False
) -> Iterator[tuple[str, str, Any]]:
    """Yield name, path and setting of the leaves that `given` says something of; it may leave some out.

    Parameters
    ----------
    packed : Packed
        The structure as it was declared.
    given : structure or setting
        Settings in the same structure.
    path, what : str
        What errors call the structure, and the settings.
    whole : bool
        Whether True or False in place of a structure is said of all leaves in it.

    Raises
    ------
    UnknownNameError, ArgumentError
        Where `given` has keys that the structure has not, or is another structure.
    """
    if not isinstance(packed, Pack):
        if packed is not None:
            yield packed, path, given
        return
    said_of_all = whole and isinstance(given, (bool, np.bool_))
    held = dict.fromkeys(packed.keys, given) if said_of_all else _held(packed, given, path, what)
    inner = dict(zip(packed.keys, packed.items, strict=True))
    for key, item in held.items():
        if key not in inner:
            known = [str(name) for name in inner]
            raise UnknownNameError(
                f"{what} names {key!r} in {path}, which has {', '.join(known)}.{nearest_names(str(key), known)}"
            )
        yield from settings_of(inner[key], item, path + accessor(packed, key), what, whole=whole)


def _held(packed: Pack, given: Any, path: str, what: str) -> dict[Any, Any]:
    """Return what a structure that is given holds, by the keys of the declared one; None says nothing."""
    if isinstance(given, Mapping):
        held = dict(given)
    elif isinstance(given, tuple) and hasattr(given, "_fields"):
        held = dict(zip(given._fields, given, strict=True))
    elif dataclasses.is_dataclass(given) and not isinstance(given, type):
        held = {field.name: getattr(given, field.name) for field in dataclasses.fields(given)}
    elif packed.kind in ("list", "tuple") and isinstance(given, (list, tuple)) and len(given) == len(packed.keys):
        held = dict(enumerate(given))
    else:
        raise ArgumentError(
            f"{what} of {path} is {given!r:.60}, and {path} is a {packed.kind} with "
            f"{', '.join(map(str, packed.keys))}; say it by these, {{{packed.keys[0]!r}: ...}}"
        )
    return {key: item for key, item in held.items() if item is not None}
