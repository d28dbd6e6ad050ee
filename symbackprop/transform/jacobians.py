"""Derivatives written out in full: Jacobians of values, and Hessians, which are the Jacobians of gradients.

A Jacobian is made row by row or column by column, each the pull-back or the push-forward of a row of the identity: a
loop, which becomes array code where `simplify.loops.vectorised` has a rule for every step of it, and is printed as a
loop where it has not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from symbackprop.diff.forward import push_forward
from symbackprop.diff.reverse import gradient, pull_back
from symbackprop.emit.header import Recipe
from symbackprop.errors import UnsupportedError
from symbackprop.ir.body import Body
from symbackprop.ir.graph import Graph, children, topological
from symbackprop.ir.node import Apply, Const, Input, Node, constant, make_input
from symbackprop.ir.signature import Label
from symbackprop.ir.size import evaluate, names, product
from symbackprop.ops.bodies import loops_among, nodes_within, substitute
from symbackprop.ops.broadcasting import reshape
from symbackprop.ops.cost import count_operations
from symbackprop.ops.creation import eye
from symbackprop.ops.indexing import gather, slice_
from symbackprop.ops.layout import transpose
from symbackprop.ops.loops import looped
from symbackprop.transform.products import check_real
from symbackprop.transform.wanted import name_of, wanted_inputs, with_cotangent_inputs

__all__ = ["effort", "stacked", "with_hessian", "with_jacobian"]

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
    return min(candidates, key=effort)


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
    columns = _spread(x, values, lambda tangent: push_forward(values, {x: tangent}))
    if leading:
        return columns
    turned = []
    for value, column in zip(values, columns, strict=True):
        own = tuple(range(x.rank, x.rank + value.rank))
        axes = (*own, *range(x.rank))
        turned.append(column if axes == tuple(sorted(axes)) else transpose(column, axes=axes))
    return turned


def _reverse(value: Node, wanted: Sequence[Input]) -> list[Node]:
    """Return the derivatives of a value with respect to the inputs, whose axes come last."""

    def pulled(cotangent: Node) -> list[Node | None]:
        adjoints = pull_back([value], [cotangent], wanted)
        return [adjoints.get(x) for x in wanted]

    return _spread(value, wanted, pulled)


def _spread(basis: Node, results: Sequence[Node], linear: _Linear) -> list[Node]:
    """Return what `linear` makes of each unit vector in the space of `basis`: ``basis.shape + result.shape`` each."""
    if basis.shape == ():
        made = linear(constant(1, (), basis.dtype))
        return [constant(0, x.shape, x.dtype) if y is None else y for x, y in zip(results, made, strict=True)]
    size = product(basis.shape)
    level = 1 + max(
        (node.level for node in nodes_within(topological([basis, *results])) if isinstance(node, Input)), default=0
    )
    row = make_input(0, (size,), basis.dtype, level)
    made = linear(row if basis.rank == 1 else reshape(row, shape=basis.shape))
    rows = eye(rows=size, columns=size, k=0, dtype=basis.dtype)
    found: list[Node] = []
    for x, y in zip(results, made, strict=True):
        stack = None if y is None else stacked(y, row, rows)
        shape = (*basis.shape, *x.shape)
        if stack is None:
            found.append(constant(0, shape, x.dtype))
        else:
            found.append(stack if stack.shape == shape else reshape(stack, shape=shape))
    return found


def stacked(made: Node, row: Input, rows: Node) -> Node | None:
    """Return what `made` is for each of the `rows` that `row` stands for, stacked; None if it depends on none."""
    order = topological([made])
    inside: set[Node] = {row}
    for node in order:
        if any(child in inside for child in children(node)):
            inside.add(node)
    if made not in inside:
        return None
    captured: dict[Node, Input] = {}
    for node in order:
        for child in children(node) if node in inside else ():
            if child not in inside and not isinstance(child, Const) and not child.weak and child not in captured:
                captured[child] = make_input(1 + len(captured), child.shape, child.dtype, row.level)
    size = rows.shape[0]
    inner = substitute([made], captured)[made]
    if size == 1:
        only = substitute([made], {row: _first(rows)})[made]
        return reshape(only, shape=(1, *made.shape))
    return looped(Body((row, *captured.values()), (inner,)), [], [rows], [*captured], size).stack(0)


def _first(rows: Node) -> Node:
    """Return the only row of an identity of size 1, or of columns of one."""
    source = rows.args[0] if isinstance(rows, Apply) and rows.op is gather else rows
    if source.shape == (1, 1):
        return constant(1, rows.shape[1:], rows.dtype)
    return slice_(rows, bounds=(0, None))


def effort(graph: Graph) -> tuple[int, int]:
    """Return the loops of a graph, and its operations for sizes as they are typical."""
    nodes = graph.nodes()
    total = count_operations(nodes)
    return len(loops_among(nodes)), evaluate(total, dict.fromkeys(names(total), _TYPICAL_SIZE))
