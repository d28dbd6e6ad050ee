"""Running emitted source, unchanged, over symbols, long numbers or floats.

Only source that our printer wrote is executed, with its imports bound to a vocabulary and few builtins.
"""

from __future__ import annotations

import builtins
import importlib
import math
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy import linalg, sparse, special

from symbackprop.check import written_out
from symbackprop.check.paths import EMITTED
from symbackprop.emit.packing import Packer, arguments_of_leaves
from symbackprop.emit.workspace import BLOCK, SMALL
from symbackprop.errors import UnsupportedError
from symbackprop.ir.packing import Packing
from symbackprop.ir.signature import ArgumentSpec, leaves_of
from symbackprop.ops.assumptions import LEAST
from symbackprop.ops.opaque import registered_functions

__all__ = ["run_emitted", "run_source"]

_BUILTINS = (
    "abs",
    "bool",
    "float",
    "int",
    "len",
    "max",
    "min",
    "range",
    "reversed",
    "round",
    "slice",
    "ArithmeticError",
    "ValueError",
)


_OF_COUNTS = ("comb", "isqrt")  # functions of `math` that no formula has, for the schedules of loops


_CHOOSING = {BLOCK: 12, SMALL: -1, LEAST: 1e-2}  # constants that choose between ways of doing the same


def run_source(source: str, name: str, words: Any | None = None) -> Callable[..., Any]:
    """Return the function `name` of `source`, with NumPy, math and SciPy replaced by `words` if given."""
    modules: dict[str, Any] = {
        "numpy": np,
        "numpy.lib.stride_tricks": np.lib.stride_tricks,
        "math": math,
        "scipy": types.SimpleNamespace(special=special, linalg=linalg, sparse=sparse),
    }
    allowed: dict[str, Any] = {name: getattr(builtins, name) for name in _BUILTINS}
    if words is not None:
        scipy = types.SimpleNamespace(special=words, linalg=words.linalg, sparse=written_out)
        modules = {"numpy": words, "numpy.lib.stride_tricks": words, "math": _Math(words), "scipy": scipy}
        allowed["float"] = lambda value: value if not isinstance(value, bool) else int(value)
    if words is not None:
        modules["ml_dtypes"] = words
    elif "ml_dtypes" in source:
        modules["ml_dtypes"] = importlib.import_module("ml_dtypes")
    modules["dataclasses"] = types.SimpleNamespace(replace=lambda record, **fields: record._replace(**fields))

    def importer(module: str, *args: Any) -> Any:
        if module.startswith("numpy._core"):  # which methods of arrays import when they run for the first time
            return importlib.import_module(module)
        if module not in modules:
            return _opaque_of(module, words)
        return modules[module]  # also for `from math import exp`

    scope: dict[str, Any] = {"__builtins__": {**allowed, "__import__": importer}, "__name__": "emitted"}
    exec(compile(source, EMITTED, "exec"), scope)
    if words is not None:  # arrays are small here: no few are handed over, and blocks are such that there are several
        scope.update({name: size for name, size in _CHOOSING.items() if name in scope})
    function: Callable[..., Any] = scope[name]
    return function


def _opaque_of(module: str, words: Any | None) -> Any:
    """Return the registered functions of a module of the user's; over other numbers than floats they do not run."""
    if words is not None:
        raise UnsupportedError(f"functions of {module} are opaque, and run over floats alone")
    return types.SimpleNamespace(**registered_functions(module))


def run_emitted(
    source: str,
    name: str,
    arguments: Sequence[ArgumentSpec],
    values: Mapping[str, Any],
    words: Any | None = None,
    packing: Packing | None = None,
) -> list[Any]:
    """Return the outputs of a function of `source` for values by name, flattened; sparse ones as dense arrays."""
    function = run_source(source, name, words)
    tables = [spec.name for spec in arguments if spec.role == "table"]
    parameters = function.__code__.co_varnames
    if packing is None:
        given = [values[spec.name] for spec in arguments if spec.role != "table"]
        bound = {parameter: values[name] for parameter, name in zip(parameters[len(given) :], tables, strict=False)}
        return [*map(_dense, leaves_of(function(*given, **bound)))]
    packed = arguments_of_leaves(packing, values)
    own = [name for name, _ in packing.constants]
    bound = {parameter: values[name] for parameter, name in zip(parameters[len(packed) :], own + tables, strict=False)}
    outputs = leaves_of(Packer(packing).call(function, packed, bound))
    return [_dense(output) for output in outputs if output is not None]  # None stands where there is no gradient


def _dense(output: Any) -> Any:
    return output.toarray() if isinstance(output, sparse.csr_array) else output


class _Math:
    """The `math` module in the words of the vocabulary."""

    def __init__(self, words: Any) -> None:
        self._words = words

    def __getattr__(self, name: str) -> Any:
        return getattr(math if name in _OF_COUNTS else self._words, name)
