"""What stands in for `numpy`, `scipy` and `math` in the clone of a function: the same names, meeting traced arrays.

Functions that make arrays (``np.zeros``, ``np.array``), and those of `math`, never ask their arguments what to do, so
that NumPy's protocols do not reach them. Calls that concern no traced array go to the real function.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from functools import lru_cache
from types import ModuleType
from typing import Any, NoReturn

import numpy as np

from symbackprop.errors import MissingAttributeError, UnsupportedError, nearest_names
from symbackprop.read.from_numpy.arrays import TracedArray
from symbackprop.read.from_numpy.calls import Trace
from symbackprop.read.from_numpy.joined import JOINING, Joined
from symbackprop.read.from_numpy.sizes import TracedSize
from symbackprop.read.vocabulary import FUNCTIONS

__all__ = ["Modules", "RandomNumbers", "StandIn"]

_MAKERS = frozenset(
    ("array", "asarray", "zeros", "ones", "full", "empty", "eye", "identity", "tri", "arange", "linspace",
     "zeros_like", "ones_like", "full_like", "empty_like", "diag", "copy", "logspace", "geomspace", "asfarray",
     "ascontiguousarray", "asanyarray", "atleast_1d", "atleast_2d", "atleast_3d")
)  # fmt: skip
_MATH = {
    "pow": "power",
    "lgamma": "gammaln",
    "fabs": "abs",
    "remainder": "",
    "gamma": "gamma",
    "dist": "",
    "fmod": "fmod",
}


class StandIn:
    """A module, or a class of functions in it, as the clone of a function sees it."""

    def __init__(self, trace: Trace, module: Any, prefix: str) -> None:
        self._trace = trace
        self._module = module
        self._prefix = prefix
        self._known: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            return getattr(self._module, name)
        if name not in self._known:
            self._known[name] = self._attribute(name)
        return self._known[name]

    def __repr__(self) -> str:
        return f"<{self._prefix} for traced arrays>"

    def _attribute(self, name: str) -> Any:
        try:
            real = getattr(self._module, name)
        except AttributeError:
            hint = nearest_names(name, [known for known in dir(self._module) if known in FUNCTIONS])
            raise MissingAttributeError(f"{self._prefix} has no {name!r}.{hint}") from None
        return stand_in(self._trace, real, self._prefix, name)


def stand_in(trace: Trace, real: Any, prefix: str, name: str) -> Any:
    """Return what stands for the attribute `name` of a module."""
    if isinstance(real, ModuleType):
        if name == "random" and prefix == "np":
            return RandomNumbers(trace, "np.random")
        return StandIn(trace, real, {"linalg": f"{prefix}.linalg", "special": "special"}.get(name, f"{prefix}.{name}"))
    if name in ("pi", "e") and isinstance(real, float):
        return trace.named_number(name)
    if name in JOINING and prefix == "np":
        return Joined(trace, real, name)
    if isinstance(real, type) or not callable(real):
        return real
    return _Function(trace, real, prefix, name)


class _Function:
    """A function of a module, which meets traced arrays as a word of the vocabulary."""

    def __init__(self, trace: Trace, real: Any, prefix: str, name: str) -> None:
        self._trace = trace
        self._real = real
        self._prefix = prefix
        self._name = name
        self.__name__ = name
        self.__doc__ = real.__doc__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        makes = self._name in _MAKERS and self._prefix == "np"
        if not makes and not _holds_traced((args, kwargs)):
            return self._trace.constants.seen(self._real(*args, **kwargs))
        if self._prefix == "math":
            return self._of_numbers(args, kwargs)
        if isinstance(self._real, np.ufunc):
            return self._trace.protocols.ufunc(self._real, "__call__", args, kwargs)
        made = self._trace.protocols.named(self._prefix, self._name, args, kwargs, self._real)
        if makes and isinstance(made, TracedArray) and not made.node.shape:
            made.is_zero_d = True
        return made

    def _of_numbers(self, args: Any, kwargs: Any) -> Any:
        """Call a function of `math`, which takes numbers."""
        if any(isinstance(arg, TracedArray) and arg.node.shape for arg in args):
            raise self._trace.located(
                UnsupportedError(f"math.{self._name} takes numbers, and here is an array; use the function of NumPy")
            )
        name = _MATH.get(self._name, self._name)
        word = FUNCTIONS.get(name)
        if self._name == "prod" or self._name in ("fsum", "sumprod") or not name or word is None:
            raise self._trace.located(UnsupportedError(f"math.{self._name} of a traced number is not supported"))
        return self._trace.call(f"math.{name}" if hasattr(math, name) else name, word, args, kwargs, self._real)

    def __getattr__(self, name: str) -> Any:
        if name in ("at", "reduce", "accumulate", "outer", "reduceat") and isinstance(self._real, np.ufunc):
            return lambda *args, **kwargs: (
                self._trace.protocols.ufunc(self._real, name, args, kwargs)
                if _holds_traced((args, kwargs))
                else getattr(self._real, name)(*args, **kwargs)
            )
        return getattr(self._real, name)

    def __repr__(self) -> str:
        return f"<{self._prefix}.{self._name} for traced arrays>"


class RandomNumbers:
    """Refuses random numbers, which would be drawn once, when the function is compiled."""

    def __init__(self, trace: Trace, title: str) -> None:
        self._trace = trace
        self._title = title

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise self._trace.located(
            UnsupportedError(
                f"{self._title}.{name} draws random numbers, and would do so only once, when the function is compiled; "
                "draw them outside and pass them in as an input"
            )
        )

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise self._trace.located(
            UnsupportedError(
                f"{self._title} draws random numbers, and would do so only once, when the function is compiled; "
                "draw them outside and pass them in as an input"
            )
        )


def _holds_traced(value: Any) -> bool:
    if isinstance(value, (TracedArray, TracedSize)):
        return True
    if isinstance(value, dict):
        return any(map(_holds_traced, value.values()))
    if isinstance(value, (tuple, list)):
        return any(map(_holds_traced, value))
    return isinstance(value, slice) and any(map(_holds_traced, (value.start, value.stop, value.step)))


_STOOD_IN: tuple[tuple[str, str], ...] = (
    ("numpy", "np"),
    ("numpy.linalg", "np.linalg"),
    ("scipy.special", "special"),
    ("scipy.linalg", "scipy.linalg"),
    ("math", "math"),
)  # a function that several of them have is that of the first


@lru_cache(maxsize=16)
def _functions_of(name: str, prefix: str, what_it_holds: tuple[int, ...]) -> dict[int, tuple[str, str, Any]]:
    """Return the functions of a module by their identity: anew where the module has come to hold others."""
    return {
        id(value): (prefix, attribute, value)
        for attribute, value in vars(sys.modules[name]).items()
        if callable(value) and not isinstance(value, type) and not attribute.startswith("_")
    }


class Modules:
    """The stand-ins of one trace: one for each module, and one for each function."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._modules: dict[str, StandIn] = {}
        self._functions: dict[int, tuple[str, str, Any]] = {}
        for name, prefix in _STOOD_IN:
            module = sys.modules.get(name)
            if module is None:
                continue
            self._modules[name] = StandIn(trace, module, prefix)
            for key, found in _functions_of(name, prefix, tuple(map(id, vars(module).values()))).items():
                self._functions.setdefault(key, found)

    def stand_in(self, value: Any) -> Any:
        """Return what stands for a function of a module; anything else stands for itself."""
        found = self._functions.get(id(value))
        if found is None or found[2] is not value:
            return value
        prefix, name, real = found
        return stand_in(self._trace, real, prefix, name)

    def of(self, module: ModuleType, seen: Callable[..., Any]) -> Any:
        """Return what stands for a module: for one of the user's, of which `seen` tells what clones see."""
        name = module.__name__
        if name in ("numpy.random", "random"):
            return RandomNumbers(self._trace, "np.random" if name == "numpy.random" else name)
        if name == "scipy":
            return StandIn(self._trace, module, "scipy")
        if name in self._modules:
            return self._modules[name]
        top = name.split(".")[0]
        is_library = top in ("numpy", "scipy", "symbackprop") or (top in sys.stdlib_module_names and top != "__main__")
        return module if is_library else _OwnModule(module, seen)


class _OwnModule:
    """A module of the user's own: what is taken from it is what clones see."""

    def __init__(self, module: ModuleType, seen: Callable[..., Any]) -> None:
        self._module = module
        self._seen = seen

    def __getattr__(self, name: str) -> Any:
        return self._seen(getattr(self._module, name), name)

    def __repr__(self) -> str:
        return repr(self._module)
