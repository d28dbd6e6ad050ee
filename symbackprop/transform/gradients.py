"""Gradients of values, kept within bounds, and whether all of them are finite."""

from __future__ import annotations

from collections.abc import Sequence

from symbackprop.diff.reverse import gradient
from symbackprop.emit.header import Recipe
from symbackprop.errors import UnsupportedError
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Node
from symbackprop.ir.signature import Label
from symbackprop.transform.clipping import Clip, all_finite, clipped
from symbackprop.transform.wanted import wanted_inputs

__all__ = ["with_gradient"]


def with_gradient(graph: Graph, recipe: Recipe) -> Graph:
    """Return `graph` with what a recipe asks for as outputs: values first, then gradients, then what else there is."""
    if recipe.has_aux and graph.structure is not None:
        raise UnsupportedError(
            "has_aux=True differentiates the first result, which is several in itself: return (loss, aux)"
        )
    differentiated = gradient(graph, wanted_inputs(graph, recipe))
    outputs = [*zip(graph.primals, graph.labels, strict=True)] if recipe.with_value else []
    names = dict(graph.names)
    outputs += zip(_clipped(differentiated, recipe.clip, names), differentiated.labels, strict=True)
    if recipe.finite:
        told = all_finite(differentiated.outputs)
        names.setdefault(told, "finite")
        outputs.append((told, Label(tells="finite")))
    asked = differentiated.with_outputs([node for node, _ in outputs], [label for _, label in outputs])
    return asked.with_names(names)


def _clipped(differentiated: Graph, clip: Clip | None, names: dict[Node, str]) -> Sequence[Node]:
    """Return the gradients, those of each value clipped together."""
    if clip is None:
        return differentiated.outputs
    by_value: dict[int, dict[Label, Node]] = {}  # an input that is named twice counts once
    for label, node in zip(differentiated.labels, differentiated.outputs, strict=True):
        by_value.setdefault(label.value, {})[label] = node
    found = {label: g for own in by_value.values() for label, g in clipped(own, clip, names).items()}
    return [found[label] for label in differentiated.labels]
