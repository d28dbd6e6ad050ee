"""Which classes are the user's own, so that clones have methods that know of traced arrays; and what their objects hold."""

from __future__ import annotations

import abc
import sys
import typing
from collections.abc import Mapping
from contextlib import suppress
from enum import Enum
from types import MemberDescriptorType
from typing import Any

__all__ = ["LIBRARIES", "attributes_of", "is_own_class", "is_plain_class", "members_of", "subclass"]

LIBRARIES = ("numpy", "scipy", "math", "builtins", "functools", "itertools", "operator", "typing", "collections")
_HEAP_TYPE = 1 << 9  # of classes that a `class` statement made
_NEUTRAL = (object, abc.ABC, typing.Generic, typing.Protocol)  # bases that say something, and do nothing
_METACLASSES = (type, abc.ABCMeta, type(typing.Protocol))
_MADE_ANEW = frozenset(
    ("__dict__", "__weakref__", "__abstractmethods__", "_abc_impl", "__orig_bases__", "__parameters__")
)


def is_plain_class(kind: type) -> bool:
    """Tell whether a class is the user's own, made by plain `class` statements all the way up, or a named tuple."""
    if kind in _NEUTRAL or issubclass(kind, (Enum, BaseException)):
        return False
    bases = [base for base in kind.__mro__ if base not in _NEUTRAL]
    return all(_is_plain(base) for base in bases if not (base is tuple and hasattr(kind, "_fields")))


def _is_plain(kind: type) -> bool:
    return type(kind) in _METACLASSES and "__init_subclass__" not in vars(kind) and is_own_class(kind)


def is_own_class(kind: type) -> bool:
    """Tell whether a `class` statement of the user's made a class."""
    module = kind.__module__.split(".")[0]
    return (
        bool(kind.__flags__ & _HEAP_TYPE)
        and (module not in sys.stdlib_module_names or module == "__main__")
        and module not in (*LIBRARIES, "symbackprop")
        and not _is_installed(kind.__module__)
    )


def _is_installed(module: str) -> bool:
    """Tell whether a module is of an installed package, whose objects are its own affair: data frames, estimators."""
    path = getattr(sys.modules.get(module), "__file__", None) or ""
    return "site-packages" in path or "dist-packages" in path


def members_of(kind: type) -> Mapping[str, Any]:
    """Return what a subclass of `kind` that is to stand for it has to have of its own; slots it inherits."""
    members = {
        name: member
        for name, member in vars(kind).items()
        if name not in _MADE_ANEW and not isinstance(member, MemberDescriptorType)
    }
    return {**members, "__slots__": ()} if "__slots__" in members else members


def subclass(kind: type, bases: tuple[type, ...], members: Mapping[str, Any]) -> type:
    """Return a class that stands for `kind`."""
    made = type(kind)(kind.__name__, (*bases, kind), dict(members))
    if hasattr(kind, "__parameters__"):  # of a generic class, as in ``Kind[int]``
        made.__parameters__ = kind.__parameters__  # type: ignore[attr-defined]
    return made


def attributes_of(value: Any) -> dict[str, Any]:
    """Return the attributes that an object holds, in slots and in its dict; no method of its own is asked."""
    held: dict[str, Any] = {}
    for kind in type(value).__mro__:
        for name, member in vars(kind).items():
            if isinstance(member, MemberDescriptorType):
                with suppress(AttributeError):  # nothing there yet
                    held[name] = member.__get__(value)
    with suppress(AttributeError):  # without a dict
        held |= object.__getattribute__(value, "__dict__")
    return held
