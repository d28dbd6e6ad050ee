"""Jacobians and Hessians in factors: block by block where a structure is found, and dense where none is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from symbackprop.diff.forward import push_forward
from symbackprop.diff.reverse import gradient, pull_back
from symbackprop.emit.header import Recipe
from symbackprop.errors import UnsupportedError
from symbackprop.ir.factored import Factored, Product
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Input, Node, constant, make_input
from symbackprop.ir.signature import ArgumentSpec, Label
from symbackprop.simplify.pattern import Rewrites
from symbackprop.simplify.pipeline import recognised
from symbackprop.transform.structured.factors import factored
from symbackprop.transform.structured.linear import terms_of
from symbackprop.transform.structured.terms import Indices, Space, Term
from symbackprop.transform.wanted import name_of, wanted_inputs, with_cotangent_inputs

__all__ = ["in_factors"]

_DENSE = {"jacobian": "J", "hessian": "H"}

T = TypeVar("T")
_Found = Mapping[Label, tuple[Factored, Sequence[Node]]]


def in_factors(graph: Graph, recipe: Recipe, log: Rewrites) -> Callable[[Graph], Graph]:
    """Return what puts factors in the place of the derivatives of `graph` that have a structure.

    The others are returned as their only factor. The structure is that of the tangents, which are the derivatives times
    an array, whatever the mode of the dense ones.
    """
    found = _found(graph, recipe, log)

    def replaced(derived: Graph) -> Graph:
        outputs: list[Node] = []
        labels: list[Label] = []
        forms: dict[Label, Factored] = {}
        for label, node in zip(derived.labels, derived.outputs, strict=True):
            if label.form != recipe.kind:
                outputs.append(node)
                labels.append(label)
                continue
            form, factors = found.get(label) or _dense(node, recipe)
            forms[label] = form
            outputs += factors
            labels += [label._replace(part=part) for part in range(len(factors))]
        return replace(derived.with_outputs(outputs, labels), factored=forms)

    return replaced


def _dense(node: Node, recipe: Recipe) -> tuple[Factored, Sequence[Node]]:
    axes = tuple(range(node.rank))
    return Factored((_DENSE[recipe.kind],), node.shape, (Product(axes, ((0, axes),)),)), [node]


@dataclass(frozen=True, slots=True)
class _Pushed:
    """Values, and what a tangent of an input makes of each; None where that is nothing."""

    x: Input
    tangent: Input
    labels: Sequence[Label]
    values: Sequence[Node]
    tangents: Sequence[Node | None]


def _found(graph: Graph, recipe: Recipe, log: Rewrites) -> _Found:
    """Return the factors of the derivatives that have a structure."""
    wider, pushed = _pushed(graph, recipe)
    live = [tangent for each in pushed for tangent in each.tangents if tangent is not None]
    added = tuple(ArgumentSpec(f"{each.x.index}", each.x.shape, each.x.dtype) for each in pushed)
    wider = replace(
        wider,
        arguments=(*wider.arguments, *added),
        inputs=(*wider.inputs, *(each.tangent for each in pushed)),
    )
    known = recognised(wider.with_outputs(live, [Label()] * len(live)), log)
    named = dict(known.names)
    named.update((node, spec.name) for spec, node in zip(graph.arguments, graph.inputs, strict=True))
    found: dict[Label, tuple[Factored, Sequence[Node]]] = {}
    rest = iter(known.outputs)
    for each in pushed:
        space = Space()
        tangents = [tangent if tangent is None else next(rest) for tangent in each.tangents]
        terms = iter(terms_of([tangent for tangent in tangents if tangent is not None], each.tangent, space))
        for label, value, tangent in zip(each.labels, each.values, tangents, strict=True):
            own = () if tangent is None else next(terms)
            shape = _ordered(value.shape, each.x.shape, recipe)
            if own is None or not shape:
                continue
            made = factored(own, lambda term: _axes(term, recipe), shape, value.dtype, space, named)
            if made is not None:
                found[label] = made
    return found


def _axes(term: Term, recipe: Recipe) -> Indices:
    return _ordered(term.own, term.argument, recipe)


def _ordered(own: tuple[T, ...], argument: tuple[T, ...], recipe: Recipe) -> tuple[T, ...]:
    """Return what belongs to the axes of a derivative: those of the gradient come last in a Hessian."""
    return (*argument, *own) if recipe.kind == "hessian" else (*own, *argument)


def _pushed(graph: Graph, recipe: Recipe) -> tuple[Graph, list[_Pushed]]:
    """Return the tangents of values, or of the gradients of these, one input after the other."""
    wanted = wanted_inputs(graph, recipe)
    names = [name_of(graph, x) for x in wanted]
    twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if twice is not None:
        raise UnsupportedError(f"wrt names {twice!r} twice, and its factors are the same ones; name it once")
    wider, groups = (graph, [graph.primals]) if recipe.kind == "jacobian" else _slopes(graph, wanted, recipe)
    found = []
    for position, (x, name) in enumerate(zip(wanted, names, strict=True)):
        tangent = make_input(len(wider.inputs) + position, x.shape, x.dtype)
        values = [value for group in groups for value in group]
        if recipe.kind == "jacobian":
            labels = [Label(number, name, form="jacobian") for number in range(len(values))]
        else:
            labels = [Label(n, name, form="hessian", second=y) for n in range(len(groups)) for y in names]
        try:
            tangents = push_forward(values, {x: tangent})
        except UnsupportedError:  # which the dense derivative may do without
            continue
        found.append(_Pushed(x, tangent, labels, values, tangents))
    return wider, found


def _slopes(graph: Graph, wanted: Sequence[Input], recipe: Recipe) -> tuple[Graph, list[Sequence[Node]]]:
    """Return the gradients of the values, or that of their weighted sum."""
    if recipe.weighted:
        wider, bars = with_cotangent_inputs(graph, recipe)
        adjoints = pull_back(graph.primals, bars, wanted)
        return wider, [[adjoints.get(x, constant(0, x.shape, x.dtype)) for x in wanted]]
    outputs = gradient(graph, wanted).outputs
    wide = len(wanted)
    return graph, [outputs[first : first + wide] for first in range(0, len(outputs), wide)]
