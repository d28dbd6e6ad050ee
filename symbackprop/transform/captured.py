"""What the body of an inner derivative captures, computed in the body where that takes few operations.

``grad(sqrt(x**2 + y**2), x)`` captures ``y**2``. What the body then computes is ``sqrt(x**2 + c)``, in which nobody sees a
length; in the body ``y**2`` is seen, and once the derivative is written out it is computed once all the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from symbackprop.ir.body import Body, fresh_inputs
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, Const, Input, Node, Operation, make_apply
from symbackprop.ops.arithmetic import add
from symbackprop.ops.bodies import inlined, substitute
from symbackprop.ops.declare import Primitive
from symbackprop.ops.derivatives import jacobian, pullback, pushforward
from symbackprop.simplify.loops.bodies import replaced

__all__ = ["with_captured"]

_FEW = 8  # operations
_BODIES = frozenset[Operation]((jacobian, pullback, pushforward))


def with_captured(graph: Graph) -> Graph:
    """Return `graph` with derivatives whose bodies compute themselves what is captured and takes few operations."""
    return replaced(graph, lambda node, args: _widened(node, args) if node.op in _BODIES else None)


def _widened(node: Apply, args: Sequence[Node]) -> Node | None:
    body: Body = node.param("body")  # type: ignore[assignment]
    moved: int = 1 if node.op is jacobian else node.param("count")  # type: ignore[assignment]
    before = len(args) - len(body.inputs)
    captured = args[before + moved :]
    inside = [part for value in captured for part in _few_operations(value)]
    if not inside:
        return None
    computed = set(inside)
    read = [value for value in captured if value not in computed]
    read += [arg for part in inside for arg in part.args if arg not in computed and not isinstance(arg, Const)]
    leaves = list(dict.fromkeys(read))
    inputs = fresh_inputs(leaves, body.inputs)
    known: dict[Node, Node] = dict(zip(leaves, inputs, strict=True))
    values = substitute([value for value in captured if value in computed], known)
    bound = [values.get(value, value) for value in captured]
    outputs = inlined(body, [*body.inputs[:moved], *bound])
    wider = Body((*body.inputs[:moved], *inputs), tuple(outputs))
    return _with_body(node, (*args[: before + moved], *leaves), wider)


def _with_body(node: Apply, args: tuple[Node, ...], body: Body) -> Node:
    params = tuple((name, body if isinstance(value, Body) else value) for name, value in node.params)
    return make_apply(node.op, args, params, node.shape, node.dtype, node.segment)


def _few_operations(value: Node) -> Sequence[Apply]:
    """Return the elementwise operations that a value is made of, of inputs and other values; none where they are many."""
    found: dict[Apply, None] = {}
    waiting = [value]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Input | Const) or node in found:
            continue
        if (
            isinstance(node, Apply)
            and isinstance(node.op, Primitive)
            and (node.op.kind == "elementwise" or node.op is add)
        ):
            found[node] = None
            waiting += node.args
            if len(found) > _FEW:
                return ()
        elif node is value:
            return ()
    return tuple(found)
