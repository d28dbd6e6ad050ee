"""NumPy's functions, methods, attributes and operators over nodes, with the argument forms that NumPy documents.

One file a section of NumPy's reference; each holds a table of names. Elementwise primitives need no entry: declaring
one in `ops` makes it a word here. Not in here: primitives (`ops`), parsing (`read.parser`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from symbackprop.ir.node import PI, E, Node, constant
from symbackprop.read.vocabulary import (
    contractions,
    creation,
    cumulative,
    elementwise,
    indexing,
    joining,
    layout,
    linear_algebra,
    logic,
    norms,
    operators,
    padding,
    reductions,
    scipy_linear_algebra,
    signal,
    special,
    surrogates,
)

__all__ = ["ATTRIBUTES", "CONSTANTS", "FUNCTIONS", "METHODS", "OPERATORS"]

_SECTIONS = (
    elementwise,
    special,
    logic,
    reductions,
    norms,
    cumulative,
    contractions,
    linear_algebra,
    scipy_linear_algebra,
    layout,
    joining,
    padding,
    indexing,
    creation,
    signal,
    surrogates,
)

CONSTANTS: Mapping[str, Any] = {
    "pi": constant(PI),
    "e": constant(E),
    "inf": constant(float("inf")),
    "nan": constant(float("nan")),
    "newaxis": None,
    "float64": "float64",
    "float32": "float32",
    "int64": "int64",
    "bool_": "bool",
}
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    name: function for section in _SECTIONS for name, function in section.FUNCTIONS.items()
}
METHODS: Mapping[str, Callable[..., Any]] = {
    name: function for section in _SECTIONS for name, function in getattr(section, "METHODS", {}).items()
}
ATTRIBUTES: Mapping[str, Callable[[Node], Any]] = {
    name: function for section in _SECTIONS for name, function in getattr(section, "ATTRIBUTES", {}).items()
}
OPERATORS: Mapping[str, Callable[..., Any]] = {**operators.OPERATORS, "@": contractions.matmul}
