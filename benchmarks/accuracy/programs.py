"""What computes values and gradients: one function a program, from a function and points to rows of floats.

Each runs in a process of its own; what is not installed raises ImportError there.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any

from benchmarks.accuracy.function import Function
from benchmarks.peers import OURS

__all__ = ["PROGRAMS", "Computed", "formula_text", "run"]

Computed = list[float]  # the value, and the derivative in each argument; nan where the program raises an error
_WORDS = [
    "exp",
    "log",
    "log1p",
    "expm1",
    "sqrt",
    "sin",
    "cos",
    "tan",
    "arcsin",
    "arccos",
    "arctan",
    "arctanh",
    "arctan2",
    "sinh",
    "cosh",
    "tanh",
    "hypot",
    "logaddexp",
    "abs",
]


def _namespace(module: Any, special: Any) -> SimpleNamespace:
    words = {name: getattr(module, name) for name in _WORDS if hasattr(module, name)}
    return SimpleNamespace(**words, erf=special.erf, erfc=getattr(special, "erfc", None), gammaln=special.gammaln)


def _guarded(compute: Callable[..., Any], point: Sequence[float]) -> Computed:
    try:
        value, gradient = compute(*point)
        return [float(value), *(float(slope) for slope in gradient)]
    except (ArithmeticError, ValueError):
        return [float("nan")] * (1 + len(point))


class _Text:
    """A formula as text: exact numbers in it stay exact."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text

    @classmethod
    def call(cls, word: str, *arguments: object) -> _Text:
        return cls(f"{word}({', '.join(map(str, arguments))})")

    def __neg__(self) -> _Text:
        return _Text(f"(-{self})")

    def __add__(self, other: object) -> _Text:
        return _Text(f"({self} + {other})")

    def __radd__(self, other: object) -> _Text:
        return _Text(f"({other} + {self})")

    def __sub__(self, other: object) -> _Text:
        return _Text(f"({self} - {other})")

    def __rsub__(self, other: object) -> _Text:
        return _Text(f"({other} - {self})")

    def __mul__(self, other: object) -> _Text:
        return _Text(f"({self} * {other})")

    def __rmul__(self, other: object) -> _Text:
        return _Text(f"({other} * {self})")

    def __truediv__(self, other: object) -> _Text:
        return _Text(f"({self} / {other})")

    def __rtruediv__(self, other: object) -> _Text:
        return _Text(f"({other} / {self})")

    def __pow__(self, other: object) -> _Text:
        return _Text(f"({self})**({other})")


def formula_text(function: Function) -> tuple[str, dict[str, str]]:
    """Return a function as text, and its arguments, which are numbers."""
    names = list(inspect.signature(function.written).parameters)[1:]
    words = {word: partial(_Text.call, word) for word in (*_WORDS, "erf", "erfc", "gammaln")}
    return str(function.written(SimpleNamespace(**words), *map(_Text, names))), dict.fromkeys(names, "")


def _symbackprop(function: Function, points: Sequence[tuple[float, ...]]) -> list[Computed]:
    import symbackprop as sb

    formula, inputs = formula_text(function)
    compiled = sb.compile_value_and_grad(formula, inputs=inputs)
    return [_guarded(compiled.function, point) for point in points]


def _sympy(function: Function, points: Sequence[tuple[float, ...]]) -> list[Computed]:
    import sympy

    words = SimpleNamespace(
        exp=sympy.exp, log=sympy.log, sqrt=sympy.sqrt, sin=sympy.sin, cos=sympy.cos, tan=sympy.tan, arcsin=sympy.asin,
        arccos=sympy.acos, arctan=sympy.atan, arctanh=sympy.atanh, arctan2=sympy.atan2, sinh=sympy.sinh,
        cosh=sympy.cosh, tanh=sympy.tanh, erf=sympy.erf, erfc=sympy.erfc, gammaln=sympy.loggamma, abs=sympy.Abs,
    )  # fmt: skip
    symbols = sympy.symbols(f"x:{len(points[0])}", real=True)
    value = function.written(words, *symbols)
    slopes = tuple(sympy.diff(value, symbol) for symbol in symbols)
    modules = ["math"] if not value.has(sympy.loggamma) else ["scipy"]
    compiled = sympy.lambdify(symbols, [value, slopes], modules, cse=True)
    return [_guarded(compiled, point) for point in points]


def _autograd(function: Function, points: Sequence[tuple[float, ...]]) -> list[Computed]:
    import autograd
    import autograd.numpy
    import autograd.scipy.special

    words = _namespace(autograd.numpy, autograd.scipy.special)
    written = function.written
    places = tuple(range(len(points[0])))
    computed = autograd.value_and_grad(lambda *arguments: written(words, *arguments), places)
    return [_guarded(computed, point) for point in points]


def _jax(function: Function, points: Sequence[tuple[float, ...]]) -> list[Computed]:
    import jax
    import jax.numpy
    import jax.scipy.special

    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_platforms", "cpu")
    words = _namespace(jax.numpy, jax.scipy.special)
    written = function.written
    places = tuple(range(len(points[0])))
    compiled = jax.jit(jax.value_and_grad(lambda *arguments: written(words, *arguments), places))
    return [_guarded(compiled, point) for point in points]


PROGRAMS: dict[str, Callable[[Function, Sequence[tuple[float, ...]]], list[Computed]]] = {
    OURS: _symbackprop,
    "sympy": _sympy,
    "autograd": _autograd,
    "jax": _jax,
}


def run(program: str, name: str, count: int) -> list[Computed]:
    """Return what a program computes of a function, by name, at its points."""
    from benchmarks.accuracy.functions import FUNCTIONS

    function = FUNCTIONS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return PROGRAMS[program](function, function.points(count))
