"""Formulas compiled for solvers: with start and data as examples of inputs that are not declared."""

from __future__ import annotations

import inspect
import re
from collections.abc import Container, Iterable, Mapping, Sequence, Set
from typing import Any

from symbackprop.api import compile_value
from symbackprop.compiled import CompiledFunction
from symbackprop.errors import ArgumentError, UnknownNameError, UnsupportedError, nearest_names
from symbackprop.ir.signature import leaves_of
from symbackprop.optimize.structure import data_of, reals_of
from symbackprop.read.layers.network import Network
from symbackprop.read.layers.reading import as_network
from symbackprop.read.shapes import split_declarations

__all__ = ["checked_mapping", "title_of", "value_of", "without", "words_of"]


def value_of(
    formula: Any,
    start: Mapping[Any, Any],
    data: Mapping[Any, Any],
    inputs: Any,
    static: Sequence[str],
    elsewhere: Set[str] = frozenset(),
) -> CompiledFunction:
    """Compile the value, with start and data as examples of what is not declared; some have a use `elsewhere` alone."""
    network = as_network(formula)
    if network is not None:
        return _value_of_network(network, inputs, static)
    declared = inputs is not None or (isinstance(formula, str) and split_declarations(formula)[0] is not None)
    if declared:
        return compile_value(formula, inputs=inputs, static=static, target="numpy")
    examples = {key: reals_of(value, str(key)) for key, value in start.items()}
    examples |= {key: value if key in static else data_of(value, str(key)) for key, value in data.items()}
    try:
        function = compile_value(formula, inputs=examples, static=static, target="numpy")
    except (UnknownNameError, ArgumentError) as error:
        error.add_note("the inputs are what start and data give a value, by name")
        raise
    if not callable(formula):
        _refuse_unused(function, [key for key in examples if str(key) not in elsewhere])
    return function


def _value_of_network(network: Network, inputs: Any, static: Sequence[str]) -> CompiledFunction:
    """Compile the loss of a layer spec, or its value where it has none."""
    if network.written.states or len(network.written.heads) > 1:
        raise UnsupportedError(
            "solvers want one function of the parameters, and this network has states or several heads beside it"
        )
    if network.precision != "full":
        raise UnsupportedError(
            f"solvers compute in float64, and this network in {network.precision!r}; leave precision out"
        )
    return compile_value(network, inputs=inputs, static=static, target="numpy")


def words_of(formula: Any) -> set[str]:
    """Return the names that a formula may take as inputs: words of a text, symbols, or parameters."""
    network = as_network(formula)
    if network is not None:
        return {"params", *network.written.inputs}
    if isinstance(formula, str):
        return {*re.findall(r"\w+", formula)}
    parts = [*leaves_of(formula)]
    if all(hasattr(part, "free_symbols") for part in parts):
        return {str(symbol) for part in parts for symbol in part.free_symbols}
    try:
        return {*inspect.signature(formula).parameters}
    except (TypeError, ValueError):  # of what is no function, or says nothing of its parameters
        return set()


def without(given: Mapping[Any, Any], keys: Container[Any]) -> dict[Any, Any]:
    """Return what is given by other keys."""
    return {key: x for key, x in given.items() if key not in keys}


def title_of(formula: Any) -> str:
    """Return what messages call a formula."""
    return repr(formula) if isinstance(formula, str) else getattr(formula, "__name__", str(formula))


def _refuse_unused(function: CompiledFunction, keys: Iterable[Any]) -> None:
    """Refuse names that were declared here and are nowhere in the formula."""
    titles = {title: name for name, title in function.recipe.titles}
    words = {*re.findall(r"\w+", function.recipe.formula)}
    for key in keys:
        if titles.get(str(key), str(key)) not in words:
            raise UnknownNameError(
                f"the formula has no {str(key)!r}, which start or data gives a value.{nearest_names(str(key), words)}"
            )


def checked_mapping(given: Any, what: str) -> Mapping[Any, Any]:
    """Return what is given by name, or raise an error if it is no mapping."""
    if not isinstance(given, Mapping):
        raise ArgumentError(
            f"{what} is a {type(given).__name__}; give a mapping by the names of inputs, {{'w': ..., 'b': ...}}"
        )
    return given
