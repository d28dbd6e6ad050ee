"""Reverse accumulation: the adjoint of a node is the sum, over its children, of what their rules return.

    v_bar = sum over children c of v:  (dc/dv)^T c_bar

Every node is visited once, after all its children; each rule is called once. Zeros are never built.
"""

from __future__ import annotations

from collections.abc import Sequence

from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.ir.dtype import is_float
from symbackprop.ir.graph import Graph, children, topological
from symbackprop.ir.node import Apply, Input, Node, Output, constant
from symbackprop.ir.signature import Label
from symbackprop.ir.size import shape_text
from symbackprop.ops.arithmetic import add
from symbackprop.ops.declare import Primitive, Refused, refuse

__all__ = ["gradient", "pull_back"]


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
    for number, value in enumerate(graph.primals):
        if value.shape != ():
            raise ShapeError(
                f"the gradient is that of a scalar, but the formula has shape {shape_text(value.shape)}; "
                "reduce it, for example with sum(...) or mean(...)"
            )
        adjoints = pull_back((value,), (constant(1, (), value.dtype),), wrt)
        outputs += [adjoints[x] if x in adjoints else constant(0, x.shape, x.dtype) for x in wrt]
        labels += [Label(number, graph.arguments[x.index].name) for x in wrt]
        known = {**adjoints, **known}  # names and comments go by the first value that a node reaches
    return graph.with_outputs(outputs, labels, known)


def pull_back(outputs: Sequence[Node], cotangents: Sequence[Node], wrt: Sequence[Node]) -> dict[Node, Node]:
    """Return the adjoint of every node between `wrt` and `outputs`, given the cotangents of the outputs."""
    order = topological(outputs)
    active = _dependents(order, wrt)
    received: dict[Node, list[Node]] = {}
    for output, cotangent in zip(outputs, cotangents, strict=True):
        received.setdefault(output, []).append(cotangent)
    adjoints: dict[Node, Node] = {}
    several: dict[Apply, list[Node | None]] = {}
    for node in reversed(order):
        if node not in active:
            continue
        if isinstance(node, Apply) and node in several:
            contributions = node.op.vjp(several.pop(node), node)  # type: ignore[attr-defined]
        elif node in received:
            parts = received.pop(node)
            total = adjoints[node] = parts[0] if len(parts) == 1 else add(*parts)
            if isinstance(node, Output):
                slots = several.setdefault(node.source, [None] * len(node.source.op.outputs))  # type: ignore[attr-defined]
                slots[node.index] = total
                continue
            if not isinstance(node, Apply):
                continue
            contributions = node.op.vjp(total, node)  # type: ignore[attr-defined]
        else:
            continue
        for arg, contribution in zip(node.args, _checked(node, contributions), strict=True):
            if contribution is not None and arg in active:
                if isinstance(contribution, Refused):
                    refuse(node.op, contribution)
                received.setdefault(arg, []).append(contribution)
    return adjoints


def _dependents(order: Sequence[Node], wrt: Sequence[Node]) -> set[Node]:
    """Return the real-valued nodes of `order` that depend on `wrt`."""
    active = set(wrt)
    for node in order:
        for child in children(node):
            if child in active and is_float(node.dtype):
                active.add(node)
                break
    return active


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
