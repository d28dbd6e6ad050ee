"""Arrays that stand in stacks of products alone, with the axes of the stack first, as products of matrices want them.

``einsum("kij,nkj->nki", Q, X[:, None, :] - mu)`` is K products of matrices. Of ``X - mu[:, None, :]`` each of them reads
an array in one piece; of ``X[:, None, :] - mu`` it gathers rows that lie K apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbackprop.ir.graph import Graph, count_uses
from symbackprop.ir.node import Apply, Const, Node, constant
from symbackprop.ops.arithmetic import add, neg
from symbackprop.ops.broadcasting import broadcast
from symbackprop.ops.contraction import contract, einsum
from symbackprop.ops.declare import Primitive
from symbackprop.simplify.applied import is_applied
from symbackprop.simplify.pattern import Rewrites, with_new_arguments

__all__ = ["with_stacks_first"]

_NAME = "stacks first"
_LEAST = 3  # axes, with fewer there is no stack of matrices


def with_stacks_first(graph: Graph, log: Rewrites) -> Graph:
    """Return `graph` with the axes that products of matrices are stacked along first, where nobody else sees them."""
    readers = _readers(graph)
    orders = {x: order for x, nodes in readers.items() if (order := _order(x, nodes)) is not None}
    if not orders:
        return graph
    log[_NAME] += len(orders)
    new: dict[Node, Node] = {}
    for node in graph.nodes():
        if node in orders:
            new[node] = _moved(node, orders[node], new)
        elif isinstance(node, Apply) and node.op is einsum and not orders.keys().isdisjoint(node.args):
            new[node] = _contracted(node, orders, new)
        else:
            new[node] = with_new_arguments(node, new)
    return graph.mapped(new)


def _readers(graph: Graph) -> dict[Apply, list[Apply]]:
    """Return the contractions of each array that only these read, if it is spread over its axes as it is computed."""
    found: dict[Apply, list[Apply]] = {}
    for node in graph.applied.get(einsum, ()):
        if len(node.args) == 2 and node.args[0] is not node.args[1]:
            for arg in node.args:
                if arg.rank >= _LEAST and isinstance(arg, Apply) and arg not in graph.names and _is_spread(arg):
                    found.setdefault(arg, []).append(node)
    if not found:
        return found
    uses = count_uses(graph.nodes(), graph.roots)
    return {x: nodes for x, nodes in found.items() if uses[x] == len(nodes)}


def _is_spread(x: Apply) -> bool:
    """Tell whether `x` is computed entry by entry, of arrays with fewer axes."""
    is_entrywise = isinstance(x.op, Primitive) and (x.op is add or x.op.kind == "elementwise") and x.op.lines is None
    return is_entrywise and all(isinstance(arg, Const) or _repeated(arg) is not None for arg in x.args)


def _repeated(arg: Node) -> Apply | None:
    """Return the array that an operand repeats along axes which it does not have."""
    inner = arg.args[0] if is_applied(arg, neg) else arg
    return inner if isinstance(inner, Apply) and inner.op is broadcast and inner.args[0].rank < inner.rank else None


def _order(x: Apply, readers: Sequence[Apply]) -> tuple[int, ...] | None:
    """Return the axes of `x`, those first that all contractions are stacked along, unless these are first."""
    stacked = set(range(x.rank))
    for node in readers:
        operands: tuple[tuple[int, ...], ...] = node.param("operands")  # type: ignore[assignment]
        common = {*operands[0]} & {*operands[1]} & {*node.param("output")}  # type: ignore[misc]
        stacked &= {axis for axis, index in enumerate(operands[node.args.index(x)]) if index in common}
    order = (*sorted(stacked), *(axis for axis in range(x.rank) if axis not in stacked))
    if not stacked or x.rank - len(stacked) != 2 or order == tuple(range(x.rank)):
        return None
    places = [order.index(axis) for axis in range(x.rank)]
    repeated = [_repeated(arg) for arg in x.args]
    axes = [[places[axis] for axis in arg.param("axes")] for arg in repeated if arg is not None]  # type: ignore[attr-defined]
    return order if all(own == sorted(own) for own in axes) else None


def _moved(x: Apply, order: tuple[int, ...], new: Mapping[Node, Node]) -> Node:
    """Return `x` with its axes in another order."""
    shape = tuple(x.shape[axis] for axis in order)
    args: list[Node] = []
    for arg in x.args:
        repeated = _repeated(arg)
        if repeated is None:
            assert isinstance(arg, Const)
            args.append(constant(arg.value, shape if arg.rank else (), arg.dtype))
            continue
        axes = tuple(order.index(axis) for axis in repeated.param("axes"))  # type: ignore[attr-defined]
        spread = broadcast(new[repeated.args[0]], shape=shape, axes=axes)
        args.append(spread if repeated is arg else neg(spread))
    return x.op(*args, **dict(x.params))  # type: ignore[operator, no-any-return]


def _contracted(node: Apply, orders: Mapping[Apply, tuple[int, ...]], new: Mapping[Node, Node]) -> Node:
    """Return a contraction of arrays some of which have their axes in another order."""
    operands: tuple[tuple[int, ...], ...] = node.param("operands")  # type: ignore[assignment]
    own = [
        tuple(indices[axis] for axis in orders.get(arg, range(arg.rank)))  # type: ignore[call-overload]
        for arg, indices in zip(node.args, operands, strict=True)
    ]
    return contract([new[arg] for arg in node.args], own, node.param("output"))  # type: ignore[arg-type]
