"""Masked branches cannot poison: partial functions under a mask get a safe argument where the mask is off.

``where(x > 0, log(x), 0)`` becomes ``where(x > 0, log(where(x > 0, x, 1)), 0)``: neither the value of the branch nor
its derivative is infinite or nan where it is not taken, so that its zero cotangent stays zero.

A node has at most two versions: as it is, for uses outside any mask, and guarded by the union of the masks of its
other uses. So the work is linear in the graph. Masks are followed through elementwise operations, sums, broadcasts
and reshapes; below any other operation nodes stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence

from symbackprop.ir.dtype import is_float
from symbackprop.ir.graph import Graph, children
from symbackprop.ir.node import Apply, Const, Node, constant
from symbackprop.ops import primitives
from symbackprop.ops.arithmetic import add
from symbackprop.ops.broadcasting import broadcast, rebuilt, reduce_sum, reshape
from symbackprop.ops.declare import Primitive
from symbackprop.simplify.pattern import Rewrites

__all__ = ["guard_branches"]

_NAME = "safe argument under a mask"


def guard_branches(graph: Graph, log: Rewrites) -> Graph:
    """Return `graph` with the partial functions of masked branches made safe."""
    where = primitives()["where"]
    order = graph.primal_nodes
    if not any(isinstance(node, Apply) and node.op is where for node in order):
        return graph
    plain, masks = _uses(order, graph.roots, where)
    if not any(_is_partial(node) for node in masks):
        return graph
    final: dict[Node, Node] = {}
    guarded: dict[Node, Node] = {}
    for node in order:
        if node in plain:
            final[node] = _plain_version(node, final, guarded, where)
        if node in masks:
            guarded[node] = _guarded_version(node, masks[node], final, guarded, where, log)
    return graph.mapped(lambda node: final[node] if node in final else guarded.get(node, node))


def _plain_version(node: Node, final: dict[Node, Node], guarded: dict[Node, Node], where: Primitive) -> Node:
    """Return `node` as it is, but for the branches of a `where`, which are read under its mask."""
    if not isinstance(node, Apply):
        return node
    if node.op is where:
        condition, a, b = node.args
        return rebuilt(node, (final[condition], guarded.get(a, a), guarded.get(b, b)))
    return rebuilt(node, tuple(final[arg] for arg in node.args))


def _guarded_version(
    node: Node, mask: Node, final: dict[Node, Node], guarded: dict[Node, Node], where: Primitive, log: Rewrites
) -> Node:
    """Return `node` with guarded arguments, and safe ones if it is a partial function."""
    if not isinstance(node, Apply):
        return node
    args = [guarded[arg] if arg in guarded else final.get(arg, arg) for arg in node.args]
    if _is_partial(node):
        safe: Sequence[float] = node.op.safe  # type: ignore[attr-defined]
        args = [
            arg if isinstance(arg, Const) or not is_float(arg.dtype) else _chosen(where, mask, arg, value)
            for arg, value in zip(args, safe, strict=True)
        ]
        log[_NAME] += 1
    return rebuilt(node, tuple(args))


def _uses(order: Sequence[Node], roots: Sequence[Node], where: Primitive) -> tuple[set[Node], dict[Node, Node]]:
    """Return the nodes used outside any mask, and for the others (and again for some) the union of their masks."""
    plain = set(roots)
    masks: dict[Node, Node] = {}
    for node in reversed(order):
        if node in plain:
            for position, child in enumerate(children(node)):
                mask = _branch_mask(node, position, where)
                if mask is None:
                    plain.add(child)
                else:
                    _join(masks, child, mask)
        if node in masks:
            _pass_down(node, masks, plain, where)
    return plain, masks


def _pass_down(node: Node, masks: dict[Node, Node], plain: set[Node], where: Primitive) -> None:
    """Hand the mask of `node` to its arguments; below an operation that masks do not pass, uses are plain."""
    for position, child in enumerate(children(node)):
        own = _branch_mask(node, position, where)
        inherited = _mask_of_argument(node, child, masks[node])
        if inherited is None:
            plain.add(child)
        elif own is None:
            _join(masks, child, inherited)
        else:
            _join(masks, child, primitives()["logical_and"](inherited, own))


def _branch_mask(node: Node, position: int, where: Primitive) -> Node | None:
    """Return the mask under which a branch of a `where` is read."""
    if not isinstance(node, Apply) or node.op is not where or position == 0:
        return None
    condition = node.args[0]
    return condition if position == 1 else primitives()["logical_not"](condition)


def _mask_of_argument(node: Node, child: Node, mask: Node) -> Node | None:
    """Return the mask of `node` in the shape of its argument, or None where it cannot be followed."""
    if not isinstance(node, Apply) or not isinstance(node.op, Primitive):
        return None
    if node.op.kind == "elementwise" or node.op is add:
        return mask
    if node.op is reshape:
        return reshape(mask, shape=child.shape)
    if node.op is reduce_sum:
        axes: tuple[int, ...] = node.param("axes")  # type: ignore[assignment]
        return broadcast(mask, shape=child.shape, axes=tuple(a for a in range(child.rank) if a not in axes))
    if node.op is broadcast and "any" in primitives():
        kept: tuple[int, ...] = node.param("axes")  # type: ignore[assignment]
        return primitives()["any"](mask, axes=tuple(a for a in range(node.rank) if a not in kept))
    return None


def _join(masks: dict[Node, Node], node: Node, mask: Node) -> None:
    if isinstance(node, (Apply, Const)):
        known = masks.get(node)
        masks[node] = mask if known is None or known is mask else primitives()["logical_or"](known, mask)


def _is_partial(node: Node) -> bool:
    return isinstance(node, Apply) and isinstance(node.op, Primitive) and bool(node.op.safe)


def _chosen(where: Primitive, mask: Node, arg: Node, value: float) -> Node:
    return where(mask, arg, constant(int(value) if value == int(value) else value, arg.shape, arg.dtype))
