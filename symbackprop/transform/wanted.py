"""With respect to which inputs a recipe wants derivatives; and further inputs: tangents of these, cotangents of values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from symbackprop.emit.header import Recipe
from symbackprop.errors import UnknownNameError, UnsupportedError, nearest_names
from symbackprop.ir.dtype import is_float
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Input, Node, make_input
from symbackprop.ir.signature import ArgumentSpec
from symbackprop.ir.size import SizeExpression, has_opaque

__all__ = ["name_of", "wanted_inputs", "with_cotangent_inputs", "with_tangent_inputs"]


def wanted_inputs(graph: Graph, recipe: Recipe) -> list[Input]:
    """Return the inputs that a derivative is asked with respect to.

    Raises
    ------
    UnknownNameError, UnsupportedError
        On a name that is no input, or one that is not real-valued; and where no input is.
    """
    by_name = {spec.name: node for spec, node in zip(graph.arguments, graph.inputs, strict=True)}
    if recipe.wrt is None:
        wanted = [spec.name for spec in graph.arguments if is_float(spec.dtype)]
        if not wanted:
            raise UnsupportedError("the formula has no real-valued input, so there is nothing to differentiate")
    else:
        wanted = [recipe.wrt] if isinstance(recipe.wrt, str) else list(recipe.wrt)
    for name in wanted:
        if name not in by_name:
            several = [part for part in re.split(r"[\s,]+", name) if part in by_name]
            hint = f" Give several names as a tuple: wrt={tuple(several)!r}." if len(several) > 1 else ""
            raise UnknownNameError(
                f"wrt names {name!r}, which is not an input; the inputs are {', '.join(by_name) or 'none'}."
                f"{hint or nearest_names(name, by_name)}"
            )
        if not is_float(by_name[name].dtype):
            raise UnsupportedError(f"wrt names {name!r}, which is not real-valued; only real inputs have gradients")
    return [by_name[name] for name in wanted]


def name_of(graph: Graph, x: Input) -> str:
    """Return what an input of a formula is called, before its graph takes further ones."""
    return graph.arguments[x.index].name


def with_tangent_inputs(graph: Graph, wanted: Sequence[Input], recipe: Recipe) -> tuple[Graph, dict[Node, Node]]:
    """Return a graph that takes a tangent for each of the `wanted` inputs too, and these by what they are tangents of."""
    specs = [graph.arguments[x.index] for x in wanted]
    twice = next((spec.name for i, spec in enumerate(specs) if spec in specs[:i]), None)
    if twice is not None:
        raise UnsupportedError(f"wrt names {twice!r} twice, and an input has one tangent; name it once")
    added = [replace(spec, name=f"{spec.name}_dot", role="tangent", of=spec.name) for spec in specs]
    wider, inputs = _with_inputs(graph, added, recipe)
    return wider, dict(zip(wanted, inputs, strict=True))


def with_cotangent_inputs(graph: Graph, recipe: Recipe) -> tuple[Graph, list[Input]]:
    """Return a graph that takes a cotangent for each of its values too, and these."""
    several = len(graph.primals) > 1
    added = []
    for number, value in enumerate(graph.primals):
        if any(isinstance(size, SizeExpression) and has_opaque(size) for size in value.shape):
            raise UnsupportedError(
                "a value has a size that is computed, as x[mask] has, so the shape of its cotangent is not known before; "
                "use where(mask, x, 0), which keeps the size"
            )
        name = graph.names.get(value, "")
        default = f"value{number + 1}" if several else "value"
        added.append(ArgumentSpec(f"{name or default}_bar", value.shape, value.dtype, role="cotangent"))
    return _with_inputs(graph, added, recipe)


def _with_inputs(graph: Graph, added: Sequence[ArgumentSpec], recipe: Recipe) -> tuple[Graph, list[Input]]:
    """Return a graph with further inputs behind those of the formula, but before the arrays that are bound to it.

    A name that is taken gets the first number, from 2, with which it is not.
    """
    taken = {spec.name for spec in graph.arguments}
    if recipe.packing is not None:
        taken.update(name for name, _ in recipe.packing.arguments)
    specs = []
    for spec in added:
        name, number = spec.name, 2
        while name in taken:
            name, number = f"{spec.name}{number}", number + 1
        taken.add(name)
        specs.append(replace(spec, name=name))
    first = len(graph.inputs)
    inputs = [make_input(first + i, spec.shape or (), spec.dtype) for i, spec in enumerate(specs)]
    at = first - (0 if recipe.packing is None else len(recipe.packing.constants))
    wider = replace(
        graph,
        arguments=(*graph.arguments[:at], *specs, *graph.arguments[at:]),
        inputs=(*graph.inputs[:at], *inputs, *graph.inputs[at:]),
    )
    return wider, inputs
