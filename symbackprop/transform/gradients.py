"""What a recipe wants beside or in place of values: with respect to what, and of which of several values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from symbackprop.diff.reverse import gradient
from symbackprop.emit.header import Recipe
from symbackprop.ir.auxiliary import check_has_aux
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Node
from symbackprop.ir.signature import Label
from symbackprop.transform.clipping import Clip, all_finite, clipped
from symbackprop.transform.wanted import wanted_inputs

__all__ = ["with_gradient"]


def with_gradient(graph: Graph, recipe: Recipe) -> Graph:
    """Return `graph` with what a recipe asks for as outputs: values first, then gradients, then what else there is."""
    if recipe.has_aux:
        check_has_aux(graph.structure, None if recipe.packing is None else recipe.packing.results)
    differentiated = gradient(graph, wanted_inputs(graph, recipe), 1 if recipe.has_aux else None)
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
