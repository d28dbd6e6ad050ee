"""A clone of the user's function, whose globals, closure and builtins know of traced arrays.

The clone runs the same code. Names that it reads are looked up once: modules and functions of NumPy, SciPy and `math`
become stand-ins, functions of the user's own become clones in turn, everything else stays what it is. Nothing outside
the clone changes.
"""

from __future__ import annotations

import builtins
import functools
import random
from collections.abc import Callable, Iterator
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from symbackprop.errors import UnsupportedError
from symbackprop.read.from_numpy.arrays import TracedArray
from symbackprop.read.from_numpy.calls import Trace
from symbackprop.read.from_numpy.classes import (
    LIBRARIES,
    attributes_of,
    is_own_class,
    is_plain_class,
    members_of,
    subclass,
)
from symbackprop.read.from_numpy.containers import copied_container, is_container
from symbackprop.read.from_numpy.modules import Modules, RandomNumbers
from symbackprop.read.from_numpy.sizes import TracedSize
from symbackprop.read.vocabulary import FUNCTIONS

__all__ = ["Clones"]


class Clones:
    """Makes clones that belong to one trace."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._modules = Modules(trace)
        self._made: dict[int, tuple[Any, Any]] = {}
        self._scopes: dict[int, dict[str, Any]] = {}
        self._cells: dict[int, tuple[CellType, CellType]] = {}
        self._filled: set[int] = set()  # cells
        self._builtins = self._own_builtins()

    def of(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the clone of a function, of a bound method, a partial or an object that is called."""
        if isinstance(function, FunctionType) and not _is_library(function):
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
        """Return what a clone sees in place of `value`, which its function knows as `name`.

        Arrays, and containers with what is in them, are copies: what the function does to them stays inside.
        """
        known = self._made.get(id(value))
        if known is not None and known[0] is value:
            return known[1]
        made = self._stand_in(value, name)
        if made is not value:
            self._made[id(value)] = value, made
        return made

    def class_of(self, value: Any) -> type:
        """Return the class of an object that the clone made, as the function knows it."""
        kind = type(value)
        return next((original for original, clone in self._made.values() if clone is kind), kind)

    def _stand_in(self, value: Any, name: str | None) -> Any:
        if issubclass(type(value), np.ndarray):
            return self._array(value, name)
        if is_container(value, is_own=is_own_class(type(value))):
            return copied_container(value, self.seen, functools.partial(self._note, value))
        if isinstance(value, ModuleType):
            return self._modules.of(value, self.seen)
        if isinstance(value, (np.random.Generator, np.random.RandomState, random.Random)):
            return RandomNumbers(self._trace, name or "the generator")
        if isinstance(value, functools._lru_cache_wrapper):
            return self.seen(value.__wrapped__)
        if isinstance(value, type):
            return self._class(value) if is_plain_class(value) else value
        if isinstance(value, (BuiltinFunctionType, np.ufunc)) or _is_library(value):
            return self._modules.stand_in(value)
        cloned = getattr(type(value), "__cloned__", None)  # of a function with rules, all of which are traced
        if cloned is not None:
            return cloned(value, self.of)
        plain = getattr(type(value), "__untraced__", None)  # of a compiled function: its printed code is NumPy too
        if plain is not None:
            return self.of(plain(value))
        if isinstance(value, (FunctionType, MethodType, functools.partial)) and not _is_ours(value):
            return self.of(value)
        return self._object(value) if is_plain_class(type(value)) else value

    def _note(self, value: Any, copied: Any) -> None:
        self._made[id(value)] = value, copied

    def _array(self, value: Any, name: str | None) -> Any:
        """Return an array as a traced one whose entries are known, or, if it is no plain array of numbers, a copy of it."""
        plain = np.asarray(value) if isinstance(value, np.memmap) else value
        made = self._trace.constants.seen(plain, name, is_foreign=True)
        return value.copy() if made is value else made

    def _object(self, value: Any) -> Any:
        """Return a copy of an object of a class of the user's own, whose methods are clones."""
        kind = type(value)
        copied: Any = object.__new__(self._class(kind))
        self._note(value, copied)
        for name, item in attributes_of(value).items():
            object.__setattr__(copied, name, self.seen(item, name))
        return copied

    def _class(self, kind: type) -> type:
        """Return a subclass whose methods, its own and those it inherits, are clones."""
        known = self._made.get(id(kind))
        if known is not None:
            return known[1]  # type: ignore[no-any-return]
        members: dict[str, Any] = {}
        functions: list[FunctionType] = []
        for name, member in members_of(kind).items():
            members[name] = member
            if isinstance(member, FunctionType):
                members[name] = self._function(member)
                functions.append(members[name])
            elif isinstance(member, (staticmethod, classmethod)):
                inner = self.seen(member.__func__)
                members[name] = type(member)(inner)
                functions += [inner] if isinstance(inner, FunctionType) else []
            elif isinstance(member, property):
                parts = [None if f is None else self.seen(f) for f in (member.fget, member.fset, member.fdel)]
                members[name] = property(*parts)
                functions += [part for part in parts if isinstance(part, FunctionType)]
            elif not name.startswith("__"):
                members[name] = self.seen(member)
        bases = [self._class(base) for base in kind.__bases__ if is_plain_class(base)]
        made = subclass(kind, tuple(bases), members)
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
        scope = self._scope(function)
        cells = tuple(self._cell(cell) for cell in function.__closure__ or ())
        clone = FunctionType(function.__code__, scope, function.__name__, None, cells)
        self._made[id(function)] = function, clone  # before what it reads, which may be itself
        self._trace.places.add(function.__code__)
        clone.__defaults__ = tuple(map(self.seen, *_defaults(function))) or None
        clone.__kwdefaults__ = {n: self.seen(v, n) for n, v in (function.__kwdefaults__ or {}).items()}
        clone.__qualname__ = function.__qualname__
        vars(clone).update((n, self.seen(v, n)) for n, v in vars(function).items() if n != "__wrapped__")
        for name in _names(function.__code__):
            if name in function.__globals__ and name not in scope:
                scope[name] = None  # before it is looked at, for it may come back here
                scope[name] = self.seen(function.__globals__[name], name)
        for name, cell, original in zip(function.__code__.co_freevars, cells, function.__closure__ or (), strict=True):
            if name == "__class__" or id(original) in self._filled:
                continue  # a class is a clone too, which is not made yet
            self._filled.add(id(original))
            try:
                cell.cell_contents = self.seen(original.cell_contents, name)
            except ValueError:
                continue  # not bound yet: a function that is defined further down
        return clone

    def _scope(self, function: FunctionType) -> dict[str, Any]:
        """Return the globals of the clones of one module's functions."""
        known = self._scopes.get(id(function.__globals__))
        if known is None:
            module = function.__globals__.get("__name__")
            known = self._scopes[id(function.__globals__)] = {"__builtins__": self._builtins, "__name__": module}
        return known

    def _cell(self, original: CellType) -> CellType:
        """Return the cell of the clones of functions that share a variable of the function around them."""
        known = self._cells.get(id(original))
        if known is None:
            known = self._cells[id(original)] = original, CellType()
        return known[1]

    # --- builtins -----------------------------------------------------------------------------------------------------

    def _own_builtins(self) -> dict[str, Any]:
        trace = self._trace
        own = {
            "__import__": self._import,
            "isinstance": _isinstance,
            "type": _type_of,
            "len": lambda x: trace.length(x) if isinstance(x, TracedArray) else len(x),
            "max": self._extreme("max", "maximum"),
            "min": self._extreme("min", "minimum"),
            "print": self._print,
            "sum": self._sum,
        }
        return {**vars(builtins), **own}

    def _import(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Import a module inside the function, as it sees it."""
        return self.seen(builtins.__import__(name, *args, **kwargs))

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
            if options and _hold_traced(values):
                raise trace.located(
                    UnsupportedError(
                        f"{name}() with {', '.join(options)}= of traced numbers; use np.where, or np.{name}"
                    )
                )
            if len(values) == 1 and isinstance(values[0], TracedArray) and values[0].node.rank == 1:
                return trace.method(name, values[0].refreshed(), (), {})
            items = list(values[0]) if len(values) == 1 else list(values)
            if not any(isinstance(item, TracedArray) for item in items):
                return real(items, **options)
            result = items[0]
            for item in items[1:]:
                result = trace.call(f"np.{pairwise}", FUNCTIONS[pairwise], (result, item), {}, getattr(np, pairwise))
            return result

        return extreme


def _isinstance(value: Any, kinds: Any) -> bool:
    """Tell whether a value is of some type, of which `type` has a stand-in here."""
    return isinstance(value, type if kinds is _type_of else kinds)


def _type_of(value: Any, *rest: Any, **options: Any) -> Any:
    """Return the type that the real array would have; or make a class."""
    if rest:
        return type(value, *rest, **options)
    return value.__class__ if isinstance(value, (TracedArray, TracedSize)) else type(value)


def _hold_traced(values: Any) -> bool:
    if isinstance(values, (tuple, list)):
        return any(map(_hold_traced, values))
    return isinstance(values, (TracedArray, TracedSize))


def _defaults(function: FunctionType) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    """Return the defaults of a function, and the names of the parameters that have them."""
    code, defaults = function.__code__, function.__defaults__ or ()
    return defaults, code.co_varnames[code.co_argcount - len(defaults) : code.co_argcount]


def _names(code: CodeType) -> Iterator[str]:
    """Yield the names that a function reads, those of the functions defined in it among them."""
    waiting = [code]
    while waiting:
        inner = waiting.pop()
        yield from inner.co_names
        waiting.extend(constant for constant in inner.co_consts if isinstance(constant, CodeType))


def _is_ours(value: Any) -> bool:
    """Tell whether a function knows of traced arrays by itself."""
    module = getattr(value, "__module__", None)
    return isinstance(module, str) and module.split(".")[0] == "symbackprop"


def _is_library(value: Any) -> bool:
    module = getattr(value, "__module__", None)
    return callable(value) and isinstance(module, str) and module.split(".")[0] in LIBRARIES
