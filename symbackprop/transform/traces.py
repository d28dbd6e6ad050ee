"""Sums of derivatives along unit vectors: Laplacians and divergences, of which no Hessian and no Jacobian is made.

laplacian  f  = sum over i of d^2 f / dx_i^2       Taylor mode of order 2 along each unit vector
divergence F  = sum over i of d F_i / dx_i         the part along itself of each column that is pushed forward
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import zip_longest

from symbackprop.diff.forward import push_forward
from symbackprop.emit.header import Recipe
from symbackprop.errors import ShapeError, UnsupportedError
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Input, Node, constant
from symbackprop.ir.signature import Label
from symbackprop.ir.size import shape_text
from symbackprop.ops.arithmetic import add
from symbackprop.transform.collapsed import summed, unit_vector
from symbackprop.transform.products import check_real
from symbackprop.transform.taylor import Expansion
from symbackprop.transform.unit_vectors import trace_for_all
from symbackprop.transform.wanted import name_of, wanted_inputs

__all__ = ["with_divergence", "with_laplacian"]


def with_laplacian(graph: Graph, recipe: Recipe) -> Graph:
    """Return `graph` with the Laplacian of each of its values, entry by entry, over all wanted inputs together."""
    check_real(graph, "Laplacian")
    wanted = wanted_inputs(graph, recipe)
    terms: list[list[Node]] = [[] for _ in graph.primals]
    for x in wanted:
        totals = summed(x, graph.primals, partial(_curvatures, graph.primals, x))
        for own, value in zip(terms, totals, strict=True):
            own += [] if value is None else [value]
    over = tuple(name_of(graph, x) for x in wanted)
    labels = [Label(number, form="laplacian", over=over) for number in range(len(terms))]
    sums = [_sum(own, like) for own, like in zip(terms, graph.primals, strict=True)]
    return _with(graph, recipe, sums, labels)


def with_divergence(graph: Graph, recipe: Recipe) -> Graph:
    """Return `graph` with the divergence of its values, each of which belongs to one of the wanted inputs, in order."""
    check_real(graph, "divergence")
    wanted = wanted_inputs(graph, recipe)
    _check_pairs(graph, wanted)
    terms: list[Node] = []
    for x, value in zip(wanted, graph.primals, strict=True):
        unit = unit_vector(x, [value])
        (moved,) = push_forward([value], {x: unit})
        if moved is not None and isinstance(unit, Input):
            moved = trace_for_all(moved, unit)
        terms += [] if moved is None else [moved]
    over = tuple(name_of(graph, x) for x in wanted)
    return _with(
        graph, recipe, [_sum(terms, constant(0, (), graph.primals[0].dtype))], [Label(0, form="divergence", over=over)]
    )


def _curvatures(values: Sequence[Node], x: Input, unit: Node) -> list[Node | None]:
    """Return the second derivatives of values along a unit vector."""
    expansion = Expansion({x: (unit,)}, 2)
    return [expansion.series(value, 2)[2] for value in values]


def _sum(terms: Sequence[Node], like: Node) -> Node:
    return add(*terms) if len(terms) > 1 else terms[0] if terms else constant(0, like.shape, like.dtype)


def _with(graph: Graph, recipe: Recipe, outputs: Sequence[Node], labels: Sequence[Label]) -> Graph:
    if not recipe.with_value:
        return graph.with_outputs(outputs, labels)
    return graph.with_outputs([*graph.primals, *outputs], [*graph.labels, *labels])


def _check_pairs(graph: Graph, wanted: Sequence[Input]) -> None:
    """Raise an error unless each value has the shape of the input that it belongs to.

    Raises
    ------
    UnsupportedError, ShapeError
    """
    for number, (x, value) in enumerate(zip_longest(wanted, graph.primals), 1):
        if x is None or value is None:
            raise UnsupportedError(
                f"a divergence is that of a value for each input in wrt, and the formula has {len(graph.primals)} "
                f"value{'s' * (len(graph.primals) != 1)} for {len(wanted)}; name in wrt the inputs that they belong to"
            )
        if x.shape != value.shape:
            raise ShapeError(
                f"a divergence is that of a value of the shape of its input: value {number} has shape "
                f"{shape_text(value.shape)}, and {name_of(graph, x)} has {shape_text(x.shape)}"
            )
