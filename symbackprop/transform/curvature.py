"""Products with matrices that stand for curvature, none of which is ever made: J^T G J v.

J is the Jacobian of values z with respect to inputs, and G, symmetric and for a convex function nonnegative, its Hessian
as a function of z alone:

residuals            |z|^2 / 2, so that G is the identity
a loss of named z    the loss
a distribution       its log-partition function, where z are natural parameters: then G is the Fisher information
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from symbackprop.diff.forward import push_forward
from symbackprop.diff.reverse import pull_back
from symbackprop.emit.header import Recipe
from symbackprop.errors import UnsupportedError
from symbackprop.ir.graph import Graph, topological
from symbackprop.ir.node import Input, Node, constant, make_input
from symbackprop.ir.signature import Label
from symbackprop.ops.arithmetic import add
from symbackprop.ops.bodies import substitute
from symbackprop.ops.broadcasting import reduce_sum
from symbackprop.ops.exponential import exp
from symbackprop.ops.logistic import softplus
from symbackprop.ops.normalisation import logsumexp
from symbackprop.transform.products import check_real
from symbackprop.transform.wanted import name_of, wanted_inputs, with_tangent_inputs

__all__ = ["DISTRIBUTIONS", "check_loss", "with_curvature_product"]


def _of_classes(z: Node) -> Node:
    if not z.rank:
        raise UnsupportedError(
            "the logits of a categorical distribution are along the last axis, and a value is a scalar; the logit of one of "
            "two classes is that of distribution='bernoulli'"
        )
    return logsumexp(z, axes=(z.rank - 1,))


_LOG_PARTITION: Mapping[str, Callable[[Node], Node]] = {
    "categorical": _of_classes,
    "bernoulli": softplus,
    "poisson": exp,
}
DISTRIBUTIONS = (*_LOG_PARTITION, "normal", "empirical")  # of the last two G is the identity


def with_curvature_product(graph: Graph, recipe: Recipe) -> Graph:
    """Return `graph` with the products ``J^T G J v``, given tangents v of inputs.

    A loss as a function of values comes as the first of several, with the inputs that stand for the others.
    """
    check_real(graph, "Jacobian")
    graph, names = _without_held(graph)
    held = [*names]
    values = graph.primals[1:] if held else graph.primals
    _check_apart(values, names)
    wanted = wanted_inputs(graph, recipe)
    wider, tangents = with_tangent_inputs(graph, wanted, recipe)
    pushed = push_forward(values, tangents)
    if held:
        curved = _curved(graph.primals[0], held, pushed, values)
    elif recipe.distribution in _LOG_PARTITION:
        held = [make_input(2 * len(graph.inputs) + i, z.shape, z.dtype) for i, z in enumerate(values)]
        totals = [_total(_LOG_PARTITION[recipe.distribution](z)) for z in held]
        curved = _curved(totals[0] if len(totals) == 1 else add(*totals), held, pushed, values)
    else:
        curved = pushed
    pairs = [(value, node) for value, node in zip(values, curved, strict=True) if node is not None]
    adjoints = pull_back([value for value, _ in pairs], [node for _, node in pairs], wanted)
    outputs = [adjoints.get(x, constant(0, x.shape, x.dtype)) for x in wanted]
    labels = [
        Label(0, name_of(graph, x), form="curvature", metric=recipe.distribution or "outputs" * bool(recipe.outputs))
        for x in wanted
    ]
    if len(graph.primals) > len(values):  # the loss, as a function of the inputs again
        loss = graph.primals[0]
        whole = substitute([loss], dict(zip(held, values, strict=True)))[loss]
        wider = replace(wider, primals=(whole,), structure=None)
    return wider.with_outputs(outputs, labels)


def check_loss(graph: Graph) -> None:
    """Refuse what is no loss: that which is a function of other values is one scalar."""
    if graph.structure is not None or graph.primals[0].shape:
        raise UnsupportedError("outputs= wants a loss, one scalar; without it a formula of residuals gives J^T J v")


def _check_apart(values: Sequence[Node], held: Mapping[Input, str]) -> None:
    """Refuse values of which one is computed from another: the loss is no function of each by itself."""
    read = [name for node in topological(values) if isinstance(node, Input) and (name := held.get(node))]
    if read:
        raise UnsupportedError(
            f"outputs= wants values that are not computed from each other, and {read[0]!r} is read by another of them; "
            "name one of the two"
        )


def _without_held(graph: Graph) -> tuple[Graph, dict[Input, str]]:
    """Return a graph without the inputs that stand for values, and these with the names of the values."""
    pairs = [*zip(graph.arguments, graph.inputs, strict=True)]
    own = [(spec, x) for spec, x in pairs if spec.role != "output"]
    rest = replace(graph, arguments=tuple(spec for spec, _ in own), inputs=tuple(x for _, x in own))
    return rest, {x: spec.name for spec, x in pairs if spec.role == "output"}


def _curved(
    convex: Node, held: Sequence[Input], tangents: Sequence[Node | None], values: Sequence[Node]
) -> list[Node | None]:
    """Return the Hessian of a function of `held`, where these are `values`, times tangents."""
    slopes = pull_back([convex], [constant(1, (), convex.dtype)], held)
    moving: dict[Node, Node] = {x: tangent for x, tangent in zip(held, tangents, strict=True) if tangent is not None}
    found = push_forward([slopes.get(x, constant(0, x.shape, x.dtype)) for x in held], moving)
    there = substitute([node for node in found if node is not None], dict(zip(held, values, strict=True)))
    return [None if node is None else there[node] for node in found]


def _total(x: Node) -> Node:
    return reduce_sum(x, axes=tuple(range(x.rank))) if x.rank else x
