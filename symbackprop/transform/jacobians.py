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
from symbackprop.ir.size import Size, evaluate, names
from symbackprop.ops.bodies import loops_among, nodes_within
from symbackprop.ops.cost import count_operations
from symbackprop.transform.products import check_real
from symbackprop.transform.unit_vectors import for_all
from symbackprop.transform.wanted import name_of, wanted_inputs, with_cotangent_inputs

__all__ = ["at_typical_sizes", "effort", "with_hessian", "with_jacobian"]

_TYPICAL_SIZE = 100  # of every named size, where modes are compared

_Blocks = dict[tuple[int, int], Node]  # by the numbers of a value and an input
_Linear = Callable[[Node], Sequence[Node | None]]  # what a tangent, or a cotangent, becomes


def with_jacobian(graph: Graph, recipe: Recipe, finished: Callable[[Graph], Graph]) -> Graph:
    """Return `graph` with the Jacobians of its values, finished; in the cheapest way, if the recipe leaves it open.

    That is reverse, forward, or for each block of a value and an input the cheaper of both: the one with fewer loops over
    unit vectors, and of equally many the fewer operations.
    """
    check_real(graph, "Jacobian")
    wanted = wanted_inputs(graph, recipe)
    modes = [recipe.mode] if recipe.mode != "auto" else _open_modes(graph, wanted)
    refusals: list[UnsupportedError] = []
    ways = [_by_mode(mode, graph, wanted, refusals) for mode in modes]
    keys = [(number, place) for number in range(len(graph.primals)) for place in range(len(wanted))]
    if not all(any(key in way for way in ways) for key in keys):
        raise refusals[0]
    known = set(graph.primal_nodes)
    cheapest = {
        key: min((way[key] for way in ways if key in way), key=lambda block: _effort(topological([block], known=known)))
        for key in keys
    }
    candidates = [way for way in ways if len(way) == len(keys)]
    if cheapest not in candidates:
        candidates.append(cheapest)
    graphs = [finished(_with_blocks(graph, wanted, recipe, [way[key] for key in keys])) for way in candidates]
    return graphs[0] if len(graphs) == 1 else min(graphs, key=lambda made: _effort(made.nodes()))


def _open_modes(graph: Graph, wanted: Sequence[Input]) -> list[str]:
    """Return the modes that may be the cheapest one."""
    if all(value.shape == () for value in graph.primals):
        return ["reverse"]
    if all(x.shape == () for x in wanted):
        return ["forward"]
    return ["reverse", "forward"]


def _by_mode(mode: str, graph: Graph, wanted: Sequence[Input], refusals: list[UnsupportedError]) -> _Blocks:
    """Return the blocks that a mode makes, by the numbers of their value and input; what it cannot make is refused."""
    found: _Blocks = {}
    for number in range(len(wanted) if mode == "forward" else len(graph.primals)):
        try:
            if mode == "forward":
                columns = _forward(graph.primals, wanted[number])
                found |= {(value, number): block for value, block in enumerate(columns)}
            else:
                rows = _reverse(graph.primals[number], wanted)
                found |= {(number, place): block for place, block in enumerate(rows)}
        except UnsupportedError as refused:
            refusals.append(refused)
    return found


def _with_blocks(graph: Graph, wanted: Sequence[Input], recipe: Recipe, blocks: Sequence[Node]) -> Graph:
    called = [name_of(graph, x) for x in wanted]
    labels = [Label(number, name, form="jacobian") for number in range(len(graph.primals)) for name in called]
    if not recipe.with_value:
        return graph.with_outputs(blocks, labels)
    return graph.with_outputs([*graph.primals, *blocks], [*graph.labels, *labels])


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
    """Return the blocks of a Hessian, row by row, given the gradient: the derivatives of each slope."""
    columns = [_forward(slopes, x) for x in wanted]
    return [block for row in zip(*columns, strict=True) for block in row]


def _labels_of_blocks(graph: Graph, number: int, wanted: Sequence[Input]) -> list[Label]:
    names = [name_of(graph, x) for x in wanted]
    return [Label(number, x, form="hessian", second=y) for x in names for y in names]


def _forward(values: Sequence[Node], x: Input) -> list[Node]:
    """Return the derivatives of `values` with respect to `x`, whose axes come last."""
    return _in_full(x, values, lambda tangent: push_forward(values, {x: tangent}), leading=False)


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
        rest = iter(for_all([y for y in made if y is not None], unit, leading=leading))
        made = [None if y is None else next(rest) for y in made]
    shapes = [(*basis.shape, *x.shape) if leading else (*x.shape, *basis.shape) for x in results]
    return [constant(0, shape, x.dtype) if y is None else y for x, y, shape in zip(results, made, shapes, strict=True)]


def _unused_level(nodes: Sequence[Node]) -> int:
    inputs = [node for node in nodes_within(topological(nodes)) if isinstance(node, Input)]
    return 1 + max((node.level for node in inputs), default=0)


def effort(graph: Graph) -> tuple[int, int]:
    """Return the loops of a graph, and its operations for sizes as they are typical."""
    return _effort(graph.nodes())[:2]


def _effort(nodes: list[Node]) -> tuple[int, int, int]:
    """Return the loops among nodes, their operations for sizes as they are typical, and how many they are."""
    total = count_operations(nodes)
    return len(loops_among(nodes)), at_typical_sizes(total), len(nodes)


def at_typical_sizes(count: Size) -> int:
    """Return a count for sizes as they are typical."""
    return evaluate(count, dict.fromkeys(names(count), _TYPICAL_SIZE))
