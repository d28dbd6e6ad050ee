"""What a recipe wants beside or in place of values: with respect to what, and of which of several values."""

from __future__ import annotations

import re

from symbackprop.diff.reverse import gradient
from symbackprop.emit.header import Recipe
from symbackprop.errors import UnknownNameError, UnsupportedError, nearest_names
from symbackprop.ir.auxiliary import check_has_aux
from symbackprop.ir.dtype import is_float
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Input

__all__ = ["with_gradient"]


def with_gradient(graph: Graph, recipe: Recipe) -> Graph:
    """Return `graph` with what a recipe asks for as outputs: values first, then gradients, then what else there is."""
    if recipe.has_aux:
        check_has_aux(graph.structure, None if recipe.packing is None else recipe.packing.results)
    differentiated = gradient(graph, _wanted(graph, recipe), 1 if recipe.has_aux else None)
    values = list(zip(graph.primals, graph.labels, strict=True))
    before = values if recipe.with_value else []
    behind = values[1:] if recipe.has_aux and not recipe.with_value else []
    gradients = list(zip(differentiated.outputs, differentiated.labels, strict=True))
    outputs = [*before, *gradients, *behind]
    return differentiated.with_outputs([node for node, _ in outputs], [label for _, label in outputs])


def _wanted(graph: Graph, recipe: Recipe) -> list[Input]:
    """Return the inputs that a gradient is asked with respect to."""
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
