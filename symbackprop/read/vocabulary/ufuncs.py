"""Methods of NumPy's ufuncs: ``np.add.reduce``, ``np.maximum.accumulate``, ``np.multiply.outer`` and their like."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from symbackprop.ir.node import Node, constant
from symbackprop.ops.layout import expanded
from symbackprop.read.vocabulary import cumulative, elementwise, reductions
from symbackprop.read.vocabulary.arguments import fold_negative, node_of

__all__ = ["FUNCTIONS"]

_FIRST = constant(0)
_REDUCED = {
    "add": "sum",
    "multiply": "prod",
    "maximum": "max",
    "minimum": "min",
    "logical_or": "any",
    "logical_and": "all",
}
_ACCUMULATED = {"add": "cumsum", "multiply": "cumprod", "maximum": "cummax"}
_OUTER = ("add", "subtract", "multiply", "divide", "true_divide", "power", "maximum", "minimum", "hypot", "arctan2")


def _reduced(name: str) -> Callable[..., Node]:
    word = reductions.FUNCTIONS[name]
    return lambda array, axis=_FIRST, dtype=None, **options: word(
        array, axis, **({} if dtype is None else {"dtype": dtype}), **options
    )


def _accumulated(name: str) -> Callable[..., Node]:
    word = cumulative.FUNCTIONS[name]
    return lambda array, axis=_FIRST, dtype=None: word(array, axis, dtype)


def _outer(name: str) -> Callable[..., Node]:
    word = elementwise.FUNCTIONS[name]

    def function(A: object, B: object) -> Any:
        x, y = node_of(A), node_of(B)
        return word(expanded(x, tuple(range(x.rank, x.rank + y.rank))), y)

    return function


def _running_minimum(array: object, axis: object = _FIRST, dtype: object = None) -> Node:
    word = cumulative.FUNCTIONS["cummax"]
    return fold_negative(node_of(word(fold_negative(node_of(array)), axis, dtype)))


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    **{f"{ufunc}.reduce": _reduced(name) for ufunc, name in _REDUCED.items()},
    **{f"{ufunc}.accumulate": _accumulated(name) for ufunc, name in _ACCUMULATED.items()},
    "minimum.accumulate": _running_minimum,
    **{f"{ufunc}.outer": _outer(ufunc) for ufunc in _OUTER},
}
