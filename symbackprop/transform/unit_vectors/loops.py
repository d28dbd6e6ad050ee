"""Loops over unit vectors: made where there is no array code, and taken away where there is.

The rows of an identity matrix are unit vectors, so a loop over them, as the Jacobian of a residual is made by, is a linear
map of these.
"""

from __future__ import annotations

from collections.abc import Sequence

from symbackprop.errors import UnsupportedError
from symbackprop.ir.body import Body
from symbackprop.ir.graph import Graph, children, topological
from symbackprop.ir.node import Apply, Const, Input, Node, Output, make_input
from symbackprop.ir.size import product
from symbackprop.ops.arithmetic import add
from symbackprop.ops.bodies import substitute
from symbackprop.ops.broadcasting import reshape, sum_axes
from symbackprop.ops.contraction import contract, permuted
from symbackprop.ops.creation import eye
from symbackprop.ops.loops import Loop, looped, scan
from symbackprop.simplify.loops.bodies import in_bodies
from symbackprop.simplify.pattern import with_new_arguments
from symbackprop.transform.unit_vectors.spread import Spread, unit_vectors
from symbackprop.transform.unit_vectors.walk import of_unit_vectors

__all__ = ["for_all", "for_rows", "sums_for_all", "trace_for_all", "with_identities_spread"]


def for_all(outputs: Sequence[Node], unit: Input, *, leading: bool = True) -> list[Node | None]:
    """Return what `outputs` are for all unit vectors that an input stands for, None for those that do not depend on it.

    The axes of the unit vectors come before those of the outputs if they are `leading`, else last.
    """
    try:
        spreads = of_unit_vectors(outputs, unit, _unit_vectors(unit, leading=leading))
        return [None if x is None else x.whole() for x in spreads]
    except UnsupportedError:
        size = product(unit.shape)
        row = make_input(0, (size,), unit.dtype, unit.level)
        flat = substitute(outputs, {unit: row if unit.rank == 1 else reshape(row, shape=unit.shape)})
        rows = eye(rows=size, columns=size, k=0, dtype=unit.dtype)
        stacks = [_in_a_loop(flat[node], row, rows) for node in outputs]
    wholes = [None if x is None else reshape(x, shape=(*unit.shape, *x.shape[1:])) for x in stacks]
    return wholes if leading else [None if x is None else _with_first_last(x, unit.rank) for x in wholes]


def for_rows(outputs: Sequence[Node], row: Input, rows: Node) -> list[Node | None]:
    """Return what `outputs` are for all `rows` of a matrix that an input stands for, stacked along a first axis."""
    try:
        spreads = of_unit_vectors(outputs, row, Spread(rows.shape[:1], rows, (None,), leading=True))
        return [None if x is None else x.whole() for x in spreads]
    except UnsupportedError:
        return [_in_a_loop(node, row, rows) for node in outputs]


def sums_for_all(outputs: Sequence[Node], unit: Input) -> list[Node]:
    """Return the sums over all unit vectors of what outputs are that depend on these."""
    try:
        return [spread.total() for spread in of_unit_vectors(outputs, unit, _unit_vectors(unit)) if spread is not None]
    except UnsupportedError:
        count = unit.rank
        return [sum_axes(whole, tuple(range(count))) for whole in for_all(outputs, unit) if whole is not None]


def trace_for_all(output: Node, unit: Input) -> Node | None:
    """Return the sum over all unit vectors of that entry of an output of their shape where they are 1.

    That of a sum is a sum, of terms that mix entries and terms that do not. None if the output depends on none.
    """
    terms = list(output.args) if isinstance(output, Apply) and output.op is add else [output]
    try:
        traces = [spread.trace() for spread in of_unit_vectors(terms, unit, _unit_vectors(unit)) if spread is not None]
    except UnsupportedError:
        size = (product(unit.shape),)
        flat = [x if x.rank == 1 else reshape(x, shape=size) for x in (unit, output)]
        traces = sums_for_all([contract(flat, [(0,), (0,)], ())], unit)
    return add(*traces) if len(traces) > 1 else traces[0] if traces else None


def _unit_vectors(unit: Input, *, leading: bool = True) -> Spread:
    return unit_vectors(unit.shape, unit.dtype, leading=leading)


def _in_a_loop(made: Node, row: Input, rows: Node) -> Node | None:
    """Return what `made` is for each of the rows, in a loop over these; None if it depends on none."""
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
    inner = substitute([made], captured)[made]
    return looped(Body((row, *captured.values()), (inner,)), [], [rows], [*captured], rows.shape[0]).stack(0)


def _with_first_last(x: Node, count: int) -> Node:
    return permuted(x, (*range(count, x.rank), *range(count)))


def with_identities_spread(graph: Graph) -> Graph:
    """Return `graph` with loops over the rows of identity matrices as array code, where that can be."""
    graph = in_bodies(graph, with_identities_spread)
    if not graph.applies(scan):
        return graph
    found: dict[Node, list[Node]] = {}
    new: dict[Node, Node] = {}
    for node in graph.nodes():
        if isinstance(node, Output) and node.source in found:
            new[node] = found[node.source][node.index]
            continue
        new[node] = with_new_arguments(node, new)
        if isinstance(node, Apply) and node.op is scan:
            stacks = _stacks(Loop(new[node]))  # type: ignore[arg-type]
            if stacks is not None:
                found[node] = stacks
    return graph.mapped(new) if found else graph


def _stacks(loop: Loop) -> list[Node] | None:
    """Return the values of all steps, None unless all that is read of a step is one row of an identity."""
    if loop.carries or len(loop.sequences) != 1 or not _is_identity(loop.sequences[0]):
        return None
    (unit,) = loop.row_inputs
    outer: dict[Node, Node] = dict(zip(loop.constant_inputs, loop.constants, strict=True))
    new = substitute(loop.values, outer)
    values = [new[value] for value in loop.values]
    try:
        spreads = of_unit_vectors(values, unit, _unit_vectors(unit))
    except UnsupportedError:
        return None
    if any(spread is None for spread in spreads):
        return None
    return [spread.whole() for spread in spreads if spread is not None]


def _is_identity(node: Node) -> bool:
    return isinstance(node, Apply) and node.op is eye and node.param("k") == 0 and node.shape[0] == node.shape[1]
