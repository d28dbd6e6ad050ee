"""Derivatives of higher order along directions: in Taylor mode along one, by nested forward passes along several."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace

from symbackprop.diff.forward import push_forward
from symbackprop.emit.header import Recipe
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, Node, constant
from symbackprop.ir.signature import Label
from symbackprop.transform.products import check_real
from symbackprop.transform.taylor import Expansion
from symbackprop.transform.wanted import name_of, wanted_inputs, with_tangent_inputs

__all__ = ["with_derivative", "with_taylor"]


def with_taylor(graph: Graph, recipe: Recipe) -> Graph:
    """Return `graph` with the derivatives of its values up to an order behind these."""
    check_real(graph, "derivative")
    wider, directions, label = _with_direction(graph, recipe)
    expansion = Expansion({x: (direction,) for x, direction in directions.items()}, recipe.order)
    every = [expansion.series(value, recipe.order) for value in graph.primals]
    outputs: list[Node] = []
    labels: list[Label] = []
    for order in range(1, recipe.order + 1):
        outputs += [_or_zero(series[order], value) for series, value in zip(every, graph.primals, strict=True)]
        labels += [label._replace(value=number, order=order) for number in range(len(every))]
    named = {node: (name, expansion.known(node)) for node, name in graph.names.items()}
    named.update((x, (name_of(graph, x), expansion.known(x))) for x in directions)  # type: ignore[arg-type]
    names = _names_of_derivatives(named.values(), {*graph.primal_nodes})
    names.update(graph.names)
    outputs = [*graph.primals, *outputs]
    new = expansion.in_one_loop(outputs)
    names.update((new[node], name) for node, name in [*names.items()] if node in new)
    wider = replace(wider, names=names)
    return wider.with_outputs([new.get(node, node) for node in outputs], [*graph.labels, *labels])


def with_derivative(graph: Graph, recipe: Recipe) -> Graph:
    """Return `graph` with the derivatives of its values of one order, and no others; of the values, if asked."""
    if recipe.mixed:
        return _with_mixed(graph, recipe)
    whole = with_taylor(graph, recipe)
    count = len(graph.primals)
    first = 0 if recipe.with_value else count
    outputs, labels = (
        [*whole.outputs[first:count], *whole.outputs[-count:]],
        [*whole.labels[first:count], *whole.labels[-count:]],
    )
    return whole.with_outputs(outputs, labels)


def _with_mixed(graph: Graph, recipe: Recipe) -> Graph:
    """Return `graph` with the derivatives along several directions, each of which is another forward pass."""
    check_real(graph, "derivative")
    wanted = wanted_inputs(graph, recipe)
    wider, values = graph, list(graph.primals)
    for _ in range(recipe.order):
        wider, tangents = with_tangent_inputs(wider, wanted, recipe)
        pushed = push_forward(values, tangents)
        values = [_or_zero(x, value) for x, value in zip(pushed, values, strict=True)]
    labels = [Label(number, form="derivative", order=recipe.order) for number in range(len(values))]
    before = (graph.primals, graph.labels) if recipe.with_value else ((), ())
    return wider.with_outputs([*before[0], *values], [*before[1], *labels])


def _with_direction(graph: Graph, recipe: Recipe) -> tuple[Graph, Mapping[Node, Node], Label]:
    """Return a graph that takes a direction, if there is more than one; the direction; and what derivatives are."""
    wanted = wanted_inputs(graph, recipe)
    if len(wanted) == 1 and graph.arguments[wanted[0].index].shape == ():
        (x,) = wanted
        return graph, {x: constant(1, (), x.dtype)}, Label(wrt=name_of(graph, x), form="derivative")
    wider, directions = with_tangent_inputs(graph, wanted, recipe)
    return wider, directions, Label(form="derivative")


def _names_of_derivatives(named: Iterable[tuple[str, Sequence[Node | None]]], primals: Set[Node]) -> dict[Node, str]:
    """Return ``z_dot``, ``z_ddot``, ``z_dddot``, ``z_d4`` and so on for the derivatives of each node that is called z."""
    found: dict[Node, str] = {}
    for name, series in named:
        for order, node in enumerate(series[1:], 1):
            if isinstance(node, Apply) and node not in primals:
                found.setdefault(node, f"{name}_{'d' * order}ot" if order < 4 else f"{name}_d{order}")
    return found


def _or_zero(derivative: Node | None, like: Node) -> Node:
    return constant(0, like.shape, like.dtype) if derivative is None else derivative
