"""Derivatives written out in full: Jacobians of values, and Hessians, which are the Jacobians of gradients.

A Jacobian is what the pull-back, or the push-forward, makes of all unit vectors: array code by `transform.unit_vectors`,
and a loop over unit vectors only where some step takes one vector at a time, as a function of the user's own does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from symbackprop.diff.forward import push_forward
from symbackprop.diff.reverse import gradient, pull_back
from symbackprop.emit.header import Recipe
from symbackprop.errors import UnsupportedError
from symbackprop.ir.graph import Graph, topological
from symbackprop.ir.node import Input, Node, constant, make_input
from symbackprop.ir.signature import Label
from symbackprop.ir.size import evaluate, names
from symbackprop.ops.bodies import loops_among, nodes_within
from symbackprop.ops.contraction import permuted
from symbackprop.ops.cost import count_operations
from symbackprop.transform.products import check_real
from symbackprop.transform.unit_vectors import of_unit_vectors, one_by_one
from symbackprop.transform.wanted import name_of, wanted_inputs, with_cotangent_inputs

__all__ = ["with_hessian", "with_jacobian"]

_TYPICAL_SIZE = 100  # of every named size, where modes are compared

_Linear = Callable[[Node], Sequence[Node | None]]  # what a tangent, or a cotangent, becomes


def with_jacobian(graph: Graph, recipe: Recipe, finished: Callable[[Graph], Graph]) -> Graph:
    """Return `graph` with the Jacobians of its values, finished; in the cheaper mode, if the recipe leaves it open.

    The cheaper one has fewer loops that stay loops, and of equally many the fewer operations.
    """
    check_real(graph, "Jacobian")
    wanted = wanted_inputs(graph, recipe)
    if recipe.mode != "auto":
        return finished(_with_mode(graph, wanted, recipe, recipe.mode))
    if all(value.shape == () for value in graph.primals):
        return finished(_with_mode(graph, wanted, recipe, "reverse"))
    if all(x.shape == () for x in wanted):
        return finished(_with_mode(graph, wanted, recipe, "forward"))
    candidates: list[Graph] = []
    refusals: list[UnsupportedError] = []
    for mode in ("reverse", "forward"):
        try:
            candidates.append(finished(_with_mode(graph, wanted, recipe, mode)))
        except UnsupportedError as refused:
            refusals.append(refused)
    if not candidates:
        raise refusals[0]
    return min(candidates, key=_effort)


def with_hessian(graph: Graph, recipe: Recipe) -> Graph:
    """Return `graph` with the Hessians of its values, block by block: forward over reverse."""
    wanted = wanted_inputs(graph, recipe)
    if recipe.weighted:
        return _with_weighted_hessian(graph, wanted, recipe)
    differentiated = gradient(graph, wanted)
    outputs: list[Node] = []
    labels: list[Label] = []
    wide = len(wanted)
    for number in range(len(graph.primals)):
        slopes = differentiated.outputs[number * wide : (number + 1) * wide]
        outputs += _blocks(slopes, wanted)
        labels += _labels_of_blocks(graph, number, wanted)
    if not recipe.with_value:
        return differentiated.with_outputs(outputs, labels)
    both = [*graph.primals, *differentiated.outputs, *outputs]
    return differentiated.with_outputs(both, [*graph.labels, *differentiated.labels, *labels])


def _with_weighted_hessian(graph: Graph, wanted: Sequence[Input], recipe: Recipe) -> Graph:
    """Return `graph` with the Hessian of the sum of ``<value_bar, value>``: the derivatives of cotangents of inputs."""
    check_real(graph, "Hessian")
    wider, bars = with_cotangent_inputs(graph, recipe)
    adjoints = pull_back(graph.primals, bars, wanted)
    slopes = [adjoints.get(x, constant(0, x.shape, x.dtype)) for x in wanted]
    return wider.with_outputs(_blocks(slopes, wanted), _labels_of_blocks(graph, 0, wanted))


def _blocks(slopes: Sequence[Node], wanted: Sequence[Input]) -> list[Node]:
    """Return the blocks of a Hessian, row by row, given the gradient."""
    return [block for x in wanted for block in _forward(slopes, x, leading=True)]


def _labels_of_blocks(graph: Graph, number: int, wanted: Sequence[Input]) -> list[Label]:
    names = [name_of(graph, x) for x in wanted]
    return [Label(number, x, form="hessian", second=y) for x in names for y in names]


def _with_mode(graph: Graph, wanted: Sequence[Input], recipe: Recipe, mode: str) -> Graph:
    found: dict[tuple[int, int], Node] = {}
    if mode == "forward":
        for place, x in enumerate(wanted):
            for number, columns in enumerate(_forward(graph.primals, x)):
                found[number, place] = columns
    else:
        for number, value in enumerate(graph.primals):
            for place, rows in enumerate(_reverse(value, wanted)):
                found[number, place] = rows
    order = sorted(found)
    labels = [Label(number, name_of(graph, wanted[place]), form="jacobian") for number, place in order]
    outputs = [found[key] for key in order]
    if not recipe.with_value:
        return graph.with_outputs(outputs, labels)
    return graph.with_outputs([*graph.primals, *outputs], [*graph.labels, *labels])


def _forward(values: Sequence[Node], x: Input, *, leading: bool = False) -> list[Node]:
    """Return the derivatives of `values` with respect to `x`, whose axes come last, or first if they are `leading`."""
    return _in_full(x, values, lambda tangent: push_forward(values, {x: tangent}), leading=leading)


def _reverse(value: Node, wanted: Sequence[Input]) -> list[Node]:
    """Return the derivatives of a value with respect to the inputs, whose axes come last."""

    def pulled(cotangent: Node) -> list[Node | None]:
        adjoints = pull_back([value], [cotangent], wanted)
        return [adjoints.get(x) for x in wanted]

    return _in_full(value, wanted, pulled, leading=True)


def _in_full(basis: Node, results: Sequence[Node], linear: _Linear, *, leading: bool) -> list[Node]:
    """Return what `linear` makes of each unit vector in the space of `basis`, whose axes come first, or last."""
    unit = make_input(0, basis.shape, basis.dtype, _unused_level([basis, *results]))
    made = linear(unit if basis.shape else constant(1, (), basis.dtype))
    if basis.shape:
        made = _of_all(made, unit, leading=leading)
    shapes = [(*basis.shape, *x.shape) if leading else (*x.shape, *basis.shape) for x in results]
    return [constant(0, shape, x.dtype) if y is None else y for x, y, shape in zip(results, made, shapes, strict=True)]


def _of_all(made: Sequence[Node | None], unit: Input, *, leading: bool) -> list[Node | None]:
    """Return what `made` is for all unit vectors: array code, or a loop over them; None for what does not depend on them."""
    given = [y for y in made if y is not None]
    found: dict[Node, Node | None]
    try:
        spreads = of_unit_vectors(given, unit)
        found = {y: None if x is None else x.whole(leading=leading) for y, x in zip(given, spreads, strict=True)}
    except UnsupportedError:
        found = {y: one_by_one(y, unit) for y in given}
        if not leading:
            found = {y: None if x is None else _turned(x, unit.rank) for y, x in found.items()}
    return [None if y is None else found[y] for y in made]


def _turned(x: Node, count: int) -> Node:
    """Return `x` with its first axes last."""
    return permuted(x, (*range(count, x.rank), *range(count)))


def _unused_level(nodes: Sequence[Node]) -> int:
    inputs = [node for node in nodes_within(topological(nodes)) if isinstance(node, Input)]
    return 1 + max((node.level for node in inputs), default=0)


def _effort(graph: Graph) -> tuple[int, int, int]:
    """Return the loops of a graph, its operations for sizes as they are typical, and its length."""
    nodes = graph.nodes()
    total = count_operations(nodes)
    return len(loops_among(nodes)), evaluate(total, dict.fromkeys(names(total), _TYPICAL_SIZE)), len(nodes)
