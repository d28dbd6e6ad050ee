"""What a recipe wants beside or in place of values: with respect to what, and of which of several values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from symbackprop.diff.reverse import gradient
from symbackprop.emit.header import Recipe
from symbackprop.errors import UnknownNameError, UnsupportedError, nearest_names
from symbackprop.ir.auxiliary import check_has_aux
from symbackprop.ir.dtype import is_float
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Input, Node
from symbackprop.ir.signature import Label
from symbackprop.transform.clipping import Clip, all_finite, clipped

__all__ = ["with_gradient"]


def with_gradient(graph: Graph, recipe: Recipe) -> Graph:
    """Return `graph` with what a recipe asks for as outputs: values first, then gradients, then what else there is."""
    if recipe.has_aux:
        check_has_aux(graph.structure, None if recipe.packing is None else recipe.packing.results)
    differentiated = gradient(graph, _wanted(graph, recipe), 1 if recipe.has_aux else None)
    values = list(zip(graph.primals, graph.labels, strict=True))
    before = values if recipe.with_value else []
    behind = values[1:] if recipe.has_aux and not recipe.with_value else []
    names = dict(graph.names)
    gradients = list(zip(_clipped(differentiated, recipe.clip, names), differentiated.labels, strict=True))
    if recipe.finite:
        told = all_finite(differentiated.outputs)
        names.setdefault(told, "finite")
        behind.append((told, Label(tells="finite")))
    outputs = [*before, *gradients, *behind]
    named = replace(differentiated, names=names)
    return named.with_outputs([node for node, _ in outputs], [label for _, label in outputs])


def _clipped(differentiated: Graph, clip: Clip | None, names: dict[Node, str]) -> Sequence[Node]:
    """Return the gradients, those of each value clipped together."""
    if clip is None:
        return differentiated.outputs
    by_value: dict[int, dict[Label, Node]] = {}  # an input that is named twice counts once
    for label, node in zip(differentiated.labels, differentiated.outputs, strict=True):
        by_value.setdefault(label.value, {})[label] = node
    found = {label: g for own in by_value.values() for label, g in clipped(own, clip, names).items()}
    return [found[label] for label in differentiated.labels]


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
