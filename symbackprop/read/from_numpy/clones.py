"""A clone of the user's function, whose globals, closure and builtins know of traced arrays.

The clone runs the same code. Names that it reads are looked up once: modules and functions of NumPy, SciPy and `math`
become stand-ins, functions of the user's own become clones in turn, everything else stays what it is. Nothing outside
the clone changes.
"""

from __future__ import annotations

import builtins
import functools
import random
import sys
from collections.abc import Callable, Iterator
from enum import Enum
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from symbackprop.errors import UnsupportedError
from symbackprop.read.from_numpy.arrays import TracedArray
from symbackprop.read.from_numpy.calls import Trace
from symbackprop.read.from_numpy.modules import Modules, RandomNumbers
from symbackprop.read.from_numpy.sizes import TracedSize
from symbackprop.read.vocabulary import FUNCTIONS

__all__ = ["Clones"]

_HEAP_TYPE = 1 << 9  # of classes that a `class` statement made
_LIBRARIES = ("numpy", "scipy", "math", "builtins", "functools", "itertools", "operator", "typing", "collections")


class Clones:
    """Makes clones that belong to one trace."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._modules = Modules(trace)
        self._made: dict[int, tuple[Any, Any]] = {}
        self._builtins = self._own_builtins()

    def of(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the clone of a function, of a bound method, a partial or an object that is called."""
        if isinstance(function, FunctionType):
            return self._function(function)
        if isinstance(function, MethodType):
            owner = self.seen(function.__self__)
            if owner is not function.__self__:
                return getattr(owner, function.__name__)  # type: ignore[no-any-return]
            return MethodType(self.of(function.__func__), owner)
        if isinstance(function, functools.partial):
            keywords = {name: self.seen(value) for name, value in function.keywords.items()}
            return functools.partial(self.of(function.func), *map(self.seen, function.args), **keywords)
        return self.seen(function)  # type: ignore[no-any-return]

    def seen(self, value: Any, name: str | None = None) -> Any:
        """Return what a clone sees in place of `value`, which its function knows as `name`."""
        if isinstance(value, np.ndarray):
            if name is not None:
                self._trace.titles.setdefault(id(value), name)
            return value
        if isinstance(value, (ModuleType, type, BuiltinFunctionType, np.ufunc)) or _is_library(value):
            return self._modules.stand_in(value)
        if isinstance(value, (np.random.Generator, np.random.RandomState, random.Random)):
            return RandomNumbers(self._trace, name or "the generator")
        plain = getattr(value, "__untraced__", None)  # a compiled function: its printed code is NumPy like any other
        if plain is not None:
            return self.of(plain())
        if isinstance(value, (FunctionType, MethodType, functools.partial)) and not _is_ours(value):
            return self.of(value)
        return self._object(value) if _is_plain_object(value) else value

    def _object(self, value: Any) -> Any:
        """Return a copy of an object of a class of the user's own, whose methods are clones."""
        known = self._made.get(id(value))
        if known is not None:
            return known[1]
        kind = type(value)
        copied: Any = object.__new__(self._class(kind))
        self._made[id(value)] = value, copied
        vars(copied).update((name, self.seen(item, name)) for name, item in vars(value).items())
        return copied

    def _class(self, kind: type) -> type:
        """Return a subclass whose methods, its own and those it inherits, are clones."""
        known = self._made.get(id(kind))
        if known is not None:
            return known[1]  # type: ignore[no-any-return]
        members: dict[str, Any] = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
        functions: list[FunctionType] = []
        for name, member in vars(kind).items():
            if isinstance(member, FunctionType):
                members[name] = self._function(member)
                functions.append(members[name])
            elif isinstance(member, (staticmethod, classmethod)):
                members[name] = type(member)(self.seen(member.__func__))
            elif isinstance(member, property):
                parts = [None if f is None else self.seen(f) for f in (member.fget, member.fset, member.fdel)]
                members[name] = property(*parts)
                functions += [part for part in parts if isinstance(part, FunctionType)]
        bases = [self._class(base) for base in kind.__bases__ if _is_plain_class(base)]
        made = type(kind.__name__, (*bases, kind), members)
        self._made[id(kind)] = kind, made
        for function in functions:  # what `super()` looks at
            for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
                if name == "__class__":
                    cell.cell_contents = made
        return made

    def _function(self, function: FunctionType) -> FunctionType:
        known = self._made.get(id(function))
        if known is not None:
            return known[1]  # type: ignore[no-any-return]
        scope: dict[str, Any] = {"__builtins__": self._builtins, "__name__": function.__module__}
        cells = tuple(CellType() for _ in function.__closure__ or ())
        clone = FunctionType(function.__code__, scope, function.__name__, None, cells)
        self._made[id(function)] = function, clone  # before what it reads, which may be itself
        self._trace.places.add(function.__code__)
        clone.__defaults__ = None if function.__defaults__ is None else tuple(map(self.seen, function.__defaults__))
        clone.__kwdefaults__ = {n: self.seen(v, n) for n, v in (function.__kwdefaults__ or {}).items()}
        clone.__qualname__ = function.__qualname__
        for name in _names(function.__code__):
            if name in function.__globals__:
                scope[name] = self.seen(function.__globals__[name], name)
        for name, cell, original in zip(function.__code__.co_freevars, cells, function.__closure__ or (), strict=True):
            if name == "__class__":
                continue  # the class is a clone too, which is not made yet
            try:
                cell.cell_contents = self.seen(original.cell_contents, name)
            except ValueError:
                continue  # not bound yet: a function that is defined further down
        return clone

    # --- builtins -----------------------------------------------------------------------------------------------------

    def _own_builtins(self) -> dict[str, Any]:
        trace = self._trace
        own = {
            "__import__": self._import,
            "isinstance": _isinstance,
            "len": lambda x: trace.length(x) if isinstance(x, TracedArray) else len(x),
            "max": self._extreme("max", "maximum"),
            "min": self._extreme("min", "minimum"),
            "print": self._print,
            "sum": self._sum,
        }
        return {**vars(builtins), **own}

    def _import(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Import a module inside the function, as it sees it."""
        return self._modules.stand_in(builtins.__import__(name, *args, **kwargs))

    def _print(self, *values: Any, **options: Any) -> None:
        if any(isinstance(value, (TracedArray, TracedSize)) for value in values):
            raise self._trace.located(
                UnsupportedError(
                    "print() of a traced array: its value is not known before the compiled function is called, and the "
                    "function runs only once, when it is compiled. Print what the compiled function returns"
                )
            )
        print(*values, **options)

    def _sum(self, values: Any, start: Any = 0) -> Any:
        if isinstance(values, TracedArray) and values.node.shape and isinstance(start, int) and start == 0:
            return self._trace.call("np.sum", FUNCTIONS["sum"], (values,), {"axis": 0}, np.sum)
        return sum(values, start)

    def _extreme(self, name: str, pairwise: str) -> Callable[..., Any]:
        real = getattr(builtins, name)
        trace = self._trace

        def extreme(*values: Any, **options: Any) -> Any:
            if len(values) == 1 and isinstance(values[0], TracedArray) and values[0].node.rank == 1:
                return trace.method(name, values[0].refreshed(), (), {})
            items = list(values[0]) if len(values) == 1 else list(values)
            if options or not any(isinstance(item, TracedArray) for item in items):
                return real(items, **options)
            result = items[0]
            for item in items[1:]:
                result = trace.call(f"np.{pairwise}", FUNCTIONS[pairwise], (result, item), {}, getattr(np, pairwise))
            return result

        return extreme


def _isinstance(value: Any, kinds: Any) -> bool:
    """Tell whether a traced array is what the real one would be."""
    if isinstance(value, (TracedArray, TracedSize)):
        wanted = kinds if isinstance(kinds, tuple) else (kinds,)
        if isinstance(value, TracedSize):
            return any(kind in (int, object) for kind in wanted)
        if value.node.shape:
            return np.ndarray in wanted or object in wanted
        return any(isinstance(kind, type) and issubclass(np.float64, kind) for kind in wanted) or np.ndarray in wanted
    return isinstance(value, kinds)


def _names(code: CodeType) -> Iterator[str]:
    """Yield the names that a function reads, those of the functions defined in it among them."""
    waiting = [code]
    while waiting:
        inner = waiting.pop()
        yield from inner.co_names
        waiting.extend(constant for constant in inner.co_consts if isinstance(constant, CodeType))


def _is_plain_object(value: Any) -> bool:
    """Tell whether `value` is of a class of the user's own, with its attributes in a dict."""
    kind = type(value)
    return _is_plain_class(kind) and hasattr(value, "__dict__") and not isinstance(value, (Enum, BaseException))


def _is_plain_class(kind: type) -> bool:
    module = kind.__module__.split(".")[0]
    return (
        type(kind) is type
        and "__slots__" not in vars(kind)
        and kind.__base__ is not None
        and all(base.__flags__ & _HEAP_TYPE or base is object for base in kind.__mro__)
        and module not in sys.stdlib_module_names
        and module not in (*_LIBRARIES, "symbackprop")
    )


def _is_ours(value: Any) -> bool:
    """Tell whether a function knows of traced arrays by itself."""
    module = getattr(value, "__module__", None)
    return isinstance(module, str) and module.split(".")[0] == "symbackprop"


def _is_library(value: Any) -> bool:
    module = getattr(value, "__module__", None)
    return callable(value) and isinstance(module, str) and module.split(".")[0] in _LIBRARIES
