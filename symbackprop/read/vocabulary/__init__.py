"""NumPy's functions, methods, attributes and operators over nodes, with the argument forms that NumPy documents.

One file a section of NumPy's reference; each holds a table of names. Elementwise primitives need no entry: declaring
one in `ops` makes it a word here. Not in here: primitives (`ops`), parsing (`read.parser`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from symbackprop.errors import UnsupportedError
from symbackprop.ir.node import PI, E, Node, constant
from symbackprop.ops.declare import Primitive, on_declaration
from symbackprop.read.vocabulary import (
    branches,
    contractions,
    creation,
    cumulative,
    derivatives,
    elementwise,
    implicit,
    indexing,
    joining,
    layout,
    linear_algebra,
    logic,
    loops,
    norms,
    odes,
    operators,
    padding,
    pooling,
    reductions,
    rules,
    scipy_linear_algebra,
    signal,
    special,
    surrogates,
    ufuncs,
    windows,
)

__all__ = ["ATTRIBUTES", "CONSTANTS", "FUNCTIONS", "METHODS", "OPERATORS", "SECTIONS"]

SECTIONS: Mapping[str, ModuleType] = {
    "Elementwise functions": elementwise,
    "Special functions with orders or several results": special,
    "Choice": logic,
    "Reductions": reductions,
    "Norms": norms,
    "Running sums, differences, order, moments": cumulative,
    "Products of arrays": contractions,
    "Linear algebra": linear_algebra,
    "Linear algebra of SciPy": scipy_linear_algebra,
    "Layout": layout,
    "Joining, splitting, repeating": joining,
    "Padding, triangles, diagonals": padding,
    "Indexing": indexing,
    "Making arrays": creation,
    "Signals and polynomials": signal,
    "Windows and convolutions of images": windows,
    "Pooling": pooling,
    "Derivatives that are chosen": surrogates,
    "Methods of ufuncs": ufuncs,
    "Loops": loops,
    "Branches": branches,
    "Solutions of equations": implicit,
    "Derivatives by a rule": rules,
    "Derivatives of functions": derivatives,
    "Differential equations": odes,
}

CONSTANTS: Mapping[str, Any] = {
    "pi": constant(PI),
    "e": constant(E),
    "inf": constant(float("inf")),
    "nan": constant(float("nan")),
    "newaxis": None,
    "float64": "float64",
    "float32": "float32",
    "float16": "float16",
    "bfloat16": "bfloat16",
    "int64": "int64",
    "bool_": "bool",
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: function for section in SECTIONS.values() for name, function in section.FUNCTIONS.items()
}


def _learn(primitive: Primitive) -> None:
    """Take a primitive of the user's own, declared later, as a word."""
    words = elementwise.words_of(primitive)
    for name in words:
        if name in FUNCTIONS:
            raise UnsupportedError(f"{name!r} is a word of formulas already; choose another name")
    FUNCTIONS.update(words)


on_declaration(_learn)
METHODS: Mapping[str, Callable[..., Any]] = {
    name: function for section in SECTIONS.values() for name, function in getattr(section, "METHODS", {}).items()
}
ATTRIBUTES: Mapping[str, Callable[[Node], Any]] = {
    name: function for section in SECTIONS.values() for name, function in getattr(section, "ATTRIBUTES", {}).items()
}
OPERATORS: Mapping[str, Callable[..., Any]] = {**operators.OPERATORS, "@": contractions.matmul}
