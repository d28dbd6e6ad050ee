"""What is returned beside values that are differentiated: `has_aux`, the same for every derivative.

A derivative is made of the graph of the first result alone; the others join it when it is made.
"""

from __future__ import annotations

from dataclasses import replace

from symbackprop.emit.header import Recipe
from symbackprop.ir.auxiliary import Results, parted
from symbackprop.ir.graph import Graph
from symbackprop.ir.signature import Label

__all__ = ["with_auxiliary", "without_auxiliary"]


def without_auxiliary(graph: Graph, recipe: Recipe) -> Graph:
    """Return the graph of what is differentiated: of several results the first, if the recipe says so.

    Raises
    ------
    UnsupportedError
        If there are not several.
    """
    if not recipe.has_aux:
        return graph
    results = Results(graph.structure, None if recipe.packing is None else recipe.packing.results)
    first, _ = parted(results)
    primals = graph.primals[: first.count]
    labels = graph.labels[: first.count]
    return replace(graph, primals=primals, outputs=primals, labels=labels, structure=first.structure)


def with_auxiliary(derived: Graph, whole: Graph, recipe: Recipe) -> Graph:
    """Return a graph of derivatives with what the `whole` formula gives beside the values that these are of.

    It comes behind the values, if these are returned, and else behind the derivatives.
    """
    if not recipe.has_aux:
        return derived
    count = len(derived.primals)
    told = sum(1 for label in derived.labels if label.tells)
    at = count if recipe.with_value else len(derived.labels) - told
    rest = whole.primals[count:]
    labels = [Label(number, auxiliary=True) for number in range(count, len(whole.primals))]
    return replace(
        derived,
        primals=(*derived.primals, *rest),
        structure=whole.structure,
        outputs=(*derived.outputs[:at], *rest, *derived.outputs[at:]),
        labels=(*derived.labels[:at], *labels, *derived.labels[at:]),
        names={**whole.names, **derived.names},
        places={**whole.places, **derived.places},
        counts={**whole.counts, **derived.counts},
        guards=tuple(dict.fromkeys((*derived.guards, *whole.guards))),
    )
