"""Products of derivatives and vectors, which need no derivative written out.

jvp  value_dot = J x_dot            forward
vjp  x_bar = sum over values of J^T value_bar    reverse
hvp  H x_dot, the tangent of the gradient        forward over reverse
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from symbackprop.diff.forward import push_forward
from symbackprop.diff.reverse import gradient, pull_back
from symbackprop.emit.header import Recipe
from symbackprop.errors import UnsupportedError
from symbackprop.ir.dtype import is_float
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, Node, Output, constant
from symbackprop.ir.signature import Label
from symbackprop.transform.wanted import name_of, wanted_inputs, with_cotangent_inputs, with_tangent_inputs

__all__ = ["check_real", "with_cotangents", "with_hessian_product", "with_tangents"]


def with_tangents(graph: Graph, recipe: Recipe) -> Graph:
    """Return `graph` with the tangents of its values, given tangents of inputs; the values before, if asked."""
    check_real(graph, "tangent")
    wider, tangents = with_tangent_inputs(graph, wanted_inputs(graph, recipe), recipe)
    found: dict[Node, Node | None] = {}
    pushed = push_forward(graph.primals, tangents, found)
    outputs = [_or_zero(tangent, value) for tangent, value in zip(pushed, graph.primals, strict=True)]
    labels = [Label(number, form="tangent") for number in range(len(outputs))]
    named = replace(wider, names=_with_names_of_tangents(graph.names, found))
    before = (graph.primals, graph.labels) if recipe.with_value else ((), ())
    return named.with_outputs([*before[0], *outputs], [*before[1], *labels])


def with_cotangents(graph: Graph, recipe: Recipe) -> Graph:
    """Return `graph` with the cotangents of inputs, given cotangents of its values; the values before, if asked."""
    check_real(graph, "cotangent")
    wanted = wanted_inputs(graph, recipe)
    wider, cotangents = with_cotangent_inputs(graph, recipe)
    inner: dict[Node, Node] = {}
    adjoints = pull_back(graph.primals, cotangents, wanted, inner)
    outputs = [adjoints.get(x, constant(0, x.shape, x.dtype)) for x in wanted]
    labels = [Label(0, name_of(graph, x), form="cotangent") for x in wanted]
    before = (graph.primals, graph.labels) if recipe.with_value else ((), ())
    return wider.with_outputs([*before[0], *outputs], [*before[1], *labels], {**inner, **adjoints})


def with_hessian_product(graph: Graph, recipe: Recipe) -> Graph:
    """Return `graph` with the tangents of its gradients, given tangents of inputs; values and gradients before, if asked."""
    wanted = wanted_inputs(graph, recipe)
    differentiated = gradient(graph, wanted)
    wider, tangents = with_tangent_inputs(differentiated, wanted, recipe)
    pushed = push_forward(differentiated.outputs, tangents)
    products = [_or_zero(tangent, g) for tangent, g in zip(pushed, differentiated.outputs, strict=True)]
    labels = [label._replace(form="product") for label in differentiated.labels]
    if not recipe.with_value:
        return wider.with_outputs(products, labels)
    outputs = [*graph.primals, *differentiated.outputs, *products]
    return wider.with_outputs(outputs, [*graph.labels, *differentiated.labels, *labels])


def check_real(graph: Graph, what: str) -> None:
    """Raise an error if a value of the formula is not real: integers and truth values do not move.

    Raises
    ------
    UnsupportedError
        That names the value by its number, if there are several.
    """
    for number, value in enumerate(graph.primals):
        if not is_float(value.dtype):
            which = f"value {number + 1}" if len(graph.primals) > 1 else "the value"
            raise UnsupportedError(
                f"{which} of the formula is {value.dtype}, not real, so it has no {what}; leave it out"
            )


def _or_zero(derivative: Node | None, like: Node) -> Node:
    return constant(0, like.shape, like.dtype) if derivative is None else derivative


def _with_names_of_tangents(names: Mapping[Node, str], tangents: Mapping[Node, Node | None]) -> dict[Node, str]:
    """Return names, and with them ``z_dot`` for the tangent of each node that is called z."""
    found = dict(names)
    for node, name in names.items():
        tangent = tangents.get(node)
        if isinstance(tangent, (Apply, Output)):
            found.setdefault(tangent, f"{name}_dot")
    return found
