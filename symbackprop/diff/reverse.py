"""Reverse accumulation: the adjoint of a node is the sum, over its children, of what their rules return.

    v_bar = sum over children c of v:  (dc/dv)^T c_bar

Every node is visited once, after all its children; each rule is called once. Zeros are never built.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.ir.graph import Graph, dependents, topological
from symbackprop.ir.node import Apply, Input, Node, Output, constant
from symbackprop.ir.signature import Label
from symbackprop.ir.size import shape_text
from symbackprop.ops.arithmetic import add
from symbackprop.ops.declare import Primitive, Refused, refuse, result_names
from symbackprop.stages import watched

__all__ = ["Accumulation", "gradient", "pull_back"]


def gradient(graph: Graph, wrt: Sequence[Input]) -> Graph:
    """Return `graph` with the gradients of its scalar values with respect to `wrt` as outputs, value by value.

    Raises
    ------
    ShapeError
        If a value is not a scalar.
    """
    outputs: list[Node] = []
    labels: list[Label] = []
    known: dict[Node, Node] = {}
    inner: dict[Node, Node] = {}
    for number, value in enumerate(graph.primals):
        if value.shape != ():
            raise ShapeError(
                f"the gradient is that of a scalar, but the formula has shape {shape_text(value.shape)}; "
                "reduce it, for example with sum(...) or mean(...)"
            )
        adjoints = _pulled_back(graph.nodes_of(value), (value,), (constant(1, (), value.dtype),), wrt, inner)
        outputs += [adjoints[x] if x in adjoints else constant(0, x.shape, x.dtype) for x in wrt]
        labels += [Label(number, graph.arguments[x.index].name) for x in wrt]
        known = {**adjoints, **known}  # names and comments go by the first value that a node reaches
    return graph.with_outputs(outputs, labels, {**inner, **known})


def pull_back(
    outputs: Sequence[Node],
    cotangents: Sequence[Node],
    wrt: Sequence[Node],
    inner: dict[Node, Node] | None = None,
) -> dict[Node, Node]:
    """Return the adjoint of every node between `wrt` and `outputs`, given the cotangents of the outputs.

    The adjoints that belong to nodes of body graphs are put into `inner`.
    """
    return _pulled_back(topological(outputs), outputs, cotangents, wrt, {} if inner is None else inner)


def _pulled_back(
    order: Sequence[Node],
    outputs: Sequence[Node],
    cotangents: Sequence[Node],
    wrt: Sequence[Node],
    inner: dict[Node, Node],
) -> dict[Node, Node]:
    """Return the adjoints of nodes that come in topological order, all that `outputs` need among them."""
    active = dependents(order, wrt)
    engine = Accumulation(active, inner)
    received: dict[Node, list[Node]] = {}
    for output, cotangent in zip(outputs, cotangents, strict=True):
        received.setdefault(output, []).append(cotangent)
    adjoints: dict[Node, Node] = {}
    several: dict[Apply, list[Node | None]] = {}
    for node in watched(order[::-1]):
        if node not in active:
            continue
        if isinstance(node, Apply) and node in several:
            contributions = _contributions(several.pop(node), node, engine)
        elif node in received:
            parts = received.pop(node)
            total = adjoints[node] = parts[0] if len(parts) == 1 else add(*parts)
            if isinstance(node, Output):
                if node.source not in several:
                    several[node.source] = [None] * len(result_names(node.source))
                several[node.source][node.index] = total
                continue
            if not isinstance(node, Apply):
                continue
            contributions = _contributions(total, node, engine)
        else:
            continue
        for arg, contribution in zip(node.args, _checked(node, contributions), strict=True):
            if contribution is not None and arg in active:
                if isinstance(contribution, Refused):
                    refuse(node.op, contribution)
                received.setdefault(arg, []).append(contribution)
    return adjoints


@dataclass(frozen=True)
class Accumulation:
    """The engine as rules of primitives with body graphs see it: `ops.declare.Engine`."""

    active: Set[Node]
    inner: dict[Node, Node] = field(default_factory=dict)

    def pull_back(
        self, outputs: Sequence[Node], cotangents: Sequence[Node], wrt: Sequence[Node]
    ) -> Mapping[Node, Node]:
        """Return the adjoints of all nodes between `wrt` and `outputs`, and note them by the nodes they belong to."""
        found = pull_back(outputs, cotangents, wrt, self.inner)
        for node, adjoint in found.items():
            self.inner.setdefault(node, adjoint)
        return found

    def note(self, node: Node, adjoint: Node) -> None:
        """Note the adjoint of a node of a body, in place of any other."""
        self.inner[node] = adjoint


def _contributions(g: object, node: Apply, engine: Accumulation) -> Sequence[Node | Refused | None]:
    """Return what the rule of `node` makes of its cotangents."""
    op = node.op
    assert isinstance(op, Primitive)
    return op.vjp(g, node, engine) if op.has_bodies else op.vjp(g, node)


def _checked(node: Apply, contributions: Sequence[Node | Refused | None]) -> Sequence[Node | Refused | None]:
    """Return what the rule of `node` gave, or raise an error that names the primitive."""
    op = node.op
    assert isinstance(op, Primitive)
    if len(contributions) != len(node.args):
        raise SymbackpropError(
            f"the vjp of primitive {op.name!r} returned {len(contributions)} cotangents for {len(node.args)} arguments"
        )
    for position, (arg, contribution) in enumerate(zip(node.args, contributions, strict=True)):
        if isinstance(contribution, Node) and contribution.shape != arg.shape:
            raise ShapeError(
                f"the vjp of primitive {op.name!r} returned shape {shape_text(contribution.shape)} "
                f"for argument {position} of shape {shape_text(arg.shape)}"
            )
    return contributions
