"""Marks behind what rounds: the identity of its results, whose derivative in the unit roundoff is the error it makes.

Others, behind kinks, say how errors pass these (`kinks`). They stand in a graph, and in the bodies that it runs, only while that is differentiated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbackprop.ir.body import Body, fresh_inputs
from symbackprop.ir.dtype import is_float
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, Input, Node, Output, Shape, constant, make_apply, make_input, make_output
from symbackprop.ops.bodies import bodies_of
from symbackprop.ops.branches import cond
from symbackprop.ops.declare import result_names
from symbackprop.ops.implicit import root
from symbackprop.ops.loops import scan
from symbackprop.ops.whiles import while_loop
from symbackprop.simplify.loops.bodies import in_bodies
from symbackprop.simplify.pattern import with_new_arguments
from symbackprop.transform.rounding.identities import identity_mark
from symbackprop.transform.rounding.kinks import bent, is_bent, past_kink
from symbackprop.transform.rounding.rules import rounding_error, rounds

__all__ = ["marked", "unit_inputs", "without_marks"]

Units = Mapping[str, Node]  # what stands for the unit roundoff of each dtype

_RUN_BODIES = (scan, while_loop, cond, root)
_BESIDE = ("condition", "solver")  # bodies that choose or search; what they compute is no part of the value


def unit_inputs(dtypes: Sequence[str], beside: Sequence[Input]) -> list[Input]:
    """Return a scalar of each dtype that stands for its unit roundoff, none of which is one of those `beside` them."""
    first = max([node.index for node in beside], default=-1) + 1
    return [make_input(first + at, (), dtype) for at, dtype in enumerate(dtypes)]


# --- putting them in --------------------------------------------------------------------------------------------------


def marked(nodes: Sequence[Node], units: Units) -> dict[Node, Node]:
    """Return for each of `nodes`, which come in topological order, what it is with a mark behind all that rounds or bends."""
    used: dict[Node, list[Output]] = {}
    for node in nodes:
        if isinstance(node, Output) and is_float(node.dtype):
            used.setdefault(node.source, []).append(node)
    new: dict[Node, Node] = {}
    behind: dict[Node, Node] = {}  # marks of what has several results
    for node in nodes:
        if isinstance(node, Output) and node in behind:
            new[node] = behind[node]
            continue
        made = _with_marked_bodies(node, new, units) if node.op in _RUN_BODIES else with_new_arguments(node, new)
        new[node] = made
        if is_bent(node) and is_float(node.dtype):
            new[node] = past_kink(made)
        elif not rounds(node):
            continue
        elif node in used:
            outputs = used[node]
            now = [make_output(made, one.index, one.shape, one.dtype) for one in outputs]  # type: ignore[arg-type]
            behind.update(zip(outputs, _marks(now, units), strict=True))
        elif is_float(node.dtype):
            (new[node],) = _marks([made], units)
    return new


def _with_marked_bodies(node: Node, new: Mapping[Node, Node], units: Units) -> Apply:
    """Return what runs bodies with marks in these, which get the units beside what they share."""
    assert isinstance(node, Apply)
    bodies = bodies_of(node)
    fresh = fresh_inputs(units.values(), [bound for body in bodies for bound in body.inputs])
    inside = dict(zip(units, fresh, strict=True))

    def opened(name: str, body: Body) -> Body:
        within = {} if name in _BESIDE else marked(body.nodes(), inside)
        return Body((*body.inputs, *fresh), tuple(within.get(output, output) for output in body.outputs))

    params = tuple((key, opened(key, value) if isinstance(value, Body) else value) for key, value in node.params)
    args = (*(new[arg] for arg in node.args), *units.values())
    return make_apply(node.op, args, params, node.shape, node.dtype, node.segment)


def _marks(results: Sequence[Node], units: Units) -> list[Node]:
    mark = rounded(*results, *units.values(), results=len(results))
    assert isinstance(mark, Apply)
    return [make_output(mark, at, node.shape, node.dtype) for at, node in enumerate(results)]


# --- the mark ---------------------------------------------------------------------------------------------------------


def _infer_all(args: tuple[Node, ...], params: Mapping[str, object]) -> list[tuple[Shape, str]]:
    return [(node.shape, node.dtype) for node in args[: params["results"]]]  # type: ignore[index]


def _vjp(cotangents: Sequence[Node | None], out: Apply) -> list[Node | None]:
    """Return the cotangents, and for the unit roundoff of its dtype what the operation rounds off, times these."""
    count: int = out.param("results")  # type: ignore[assignment]
    results, units = out.args[:count], out.args[count:]
    error = rounding_error(*_operation(results, cotangents))
    return [*cotangents, *(error if error is not None and unit.dtype == error.dtype else None for unit in units)]


def _operation(results: Sequence[Node], cotangents: Sequence[Node | None]) -> tuple[Node, Sequence[Node | None]]:
    """Return what was marked, and the cotangents of all its results."""
    first = results[0]
    if not isinstance(first, Output):
        return first, cotangents
    given: list[Node | None] = [None] * len(result_names(first.source))
    for result, cotangent in zip(results, cotangents, strict=True):
        assert isinstance(result, Output)
        given[result.index] = cotangent
    return first.source, given


rounded = identity_mark(
    "rounded",
    infer=_infer_all,
    count=lambda node: int(node.param("results")),  # type: ignore[call-overload]
    vjp=_vjp,
    source="the first-order model of rounding errors",
)


_MARKS = (rounded, bent)


# --- taking them out --------------------------------------------------------------------------------------------------


def without_marks(graph: Graph) -> Graph:
    """Return `graph` with what was marked in the place of its marks; of the units nothing is left that is read."""
    bound = set(graph.inputs)
    new: dict[Node, Node] = {}
    for node in graph.nodes():
        if isinstance(node, Output) and node.source.op in _MARKS:
            new[node] = new[node.source.args[node.index]]
        elif node.op in _MARKS:
            new[node] = node  # which nothing reads any more
        elif isinstance(node, Input) and node not in bound:
            new[node] = constant(0, (), node.dtype)
        else:
            new[node] = with_new_arguments(node, new)
    return in_bodies(graph.mapped(new), without_marks)
