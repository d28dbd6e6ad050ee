"""NumPy's protocols: what functions and ufuncs of NumPy and SciPy make of traced arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from symbackprop.errors import UnknownNameError, UnsupportedError, nearest_names
from symbackprop.read.from_numpy.appearance import APPEARANCE
from symbackprop.read.from_numpy.arrays import TracedArray
from symbackprop.read.from_numpy.known import is_known, known_result
from symbackprop.read.from_numpy.operands import is_basic
from symbackprop.read.from_numpy.sharing import SHARING, called_with_sharing, copied_to
from symbackprop.read.from_numpy.sizes import TracedSize
from symbackprop.read.vocabulary import FUNCTIONS
from symbackprop.read.vocabulary.refused import REFUSED

if TYPE_CHECKING:
    from symbackprop.read.from_numpy.calls import Trace

__all__ = ["Protocols"]

_UFUNCS = {
    "add": "+", "subtract": "-", "multiply": "*", "divide": "/", "true_divide": "/", "floor_divide": "//",
    "power": "**", "matmul": "@",
}  # fmt: skip
_UFUNC_COMPARISONS = {
    "less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=", "equal": "==", "not_equal": "!=",
}  # fmt: skip
_REDUCED = {
    "add": "sum",
    "multiply": "prod",
    "maximum": "max",
    "minimum": "min",
    "logical_and": "all",
    "logical_or": "any",
}
_ACCUMULATED = {"add": "cumsum", "multiply": "cumprod", "maximum": "cummax"}


class Protocols:
    """Finds for a function of NumPy or SciPy the word of the vocabulary that it meets."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace

    def ufunc(self, ufunc: Any, method: str, inputs: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Return what a ufunc of NumPy or SciPy makes of traced arrays."""
        name = ufunc.__name__
        if method == "__call__":
            if len(inputs) > ufunc.nin:
                raise self._trace.located(
                    UnsupportedError(
                        f"np.{name}: an array to write the result into is not supported; bind it to a name"
                    )
                )
            if name == "reciprocal" and _is_integer(inputs[0]):
                raise self._trace.located(
                    UnsupportedError("np.reciprocal of integers rounds to 0 in NumPy; write 1.0 / x")
                )
            plain = not kwargs
            if plain and name in _UFUNCS:
                return self._trace.operator(_UFUNCS[name], *inputs)
            if plain and name in _UFUNC_COMPARISONS:
                return self._trace.compare(_UFUNC_COMPARISONS[name], *inputs)
            return self.named(_module_of(ufunc), name, inputs, kwargs, ufunc)
        if method == "at":
            return self.added_at(name, inputs)
        table = {"reduce": _REDUCED, "accumulate": _ACCUMULATED}.get(method, {})
        if method == "outer" and len(inputs) == 2 and not kwargs:
            return self._outer(name, ufunc, *inputs)
        if name in table:
            options = {"axis": 0, **kwargs} if len(inputs) == 1 else kwargs
            return self.named("np", table[name], inputs, options, getattr(ufunc, method))
        raise self._trace.located(UnsupportedError(f"np.{name}.{method} is not supported"))

    def _outer(self, name: str, ufunc: Any, x: Any, y: Any) -> Any:
        """Return a ufunc of every entry of `x` with every entry of `y`."""
        first = x if isinstance(x, TracedArray) else self._trace.constants.array_of(np.asarray(x))
        ranks = first.ndim, np.ndim(y) if not isinstance(y, TracedArray) else y.ndim
        return self.ufunc(ufunc, "__call__", (first[(..., *(None,) * ranks[1])], y), {})

    def added_at(self, name: str, inputs: Sequence[Any]) -> None:
        """Run ``np.add.at(x, index, value)``."""
        if name not in ("add", "subtract") or len(inputs) != 3 or not isinstance(inputs[0], TracedArray):
            raise self._trace.located(
                UnsupportedError(f"np.{name}.at is not supported here; np.add.at(x, index, value) of a traced array is")
            )
        x, index, value = inputs
        if is_basic(index):  # no entry is there twice
            x.write(self._trace.updated("+=" if name == "add" else "-=", x.writable(), index, value))
            return
        x.write(self._trace.added_at(x.writable(), index, value, name))

    def function(self, function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Return what a function of NumPy that is no ufunc makes of traced arrays."""
        module = _module_of(function)
        return self.named(module, function.__name__, args, kwargs, function)

    def named(self, module: str, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], real: Any) -> Any:
        """Return what the function ``module.name`` makes of arguments."""
        key = f"{module.removeprefix('np.')}.{name}" if module.endswith("linalg") else name
        word = FUNCTIONS.get(key)
        if name == "copyto":
            return copied_to(self._trace, args, kwargs)
        if name in APPEARANCE:
            return APPEARANCE[name](*map(self._array_like, args), **kwargs)
        if word is None:
            if all(is_known(value) for value in (*args, *kwargs.values())):
                known = known_result(real, args, kwargs)
                return (
                    self._trace.constants.array_of(known)
                    if isinstance(known, np.ndarray)
                    else self._trace.constants.seen(known)
                )
            instead = f"; {REFUSED[key]}" if key in REFUSED else f".{nearest_names(key, FUNCTIONS)}"
            raise self._trace.located(UnknownNameError(f"{module}.{name} is not supported{instead}"))
        named = dict(kwargs)
        if not args:
            first = next((key for key, value in named.items() if isinstance(value, TracedArray)), None)
            args = () if first is None or name not in SHARING else (named.pop(first),)
        return called_with_sharing(
            self._trace, name, args, named, lambda given: self._trace.call(f"{module}.{name}", word, given, named, real)
        )

    def _array_like(self, value: Any) -> Any:
        """Return an argument as something with a shape, if it holds what is traced."""
        if isinstance(value, TracedSize):
            return np.int64(1)
        return self.named("np", "array", (value,), {}, np.array) if type(value) in (list, tuple) else value


def _is_integer(value: Any) -> bool:
    return isinstance(value, TracedArray) and value.node.dtype == "int64"


def _module_of(function: Any) -> str:
    module = getattr(function, "__module__", None) or ""
    if module.startswith("scipy.linalg"):
        return "scipy.linalg"
    if module.startswith("scipy.special") or (isinstance(function, np.ufunc) and not hasattr(np, function.__name__)):
        return "special"
    return "np.linalg" if "linalg" in module else "np"
