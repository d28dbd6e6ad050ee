"""Re-checking a whole graph: shapes, dtypes, arities and bindings inferred again and compared.

In tests this runs after every pass, so that a pass that breaks a graph is caught where it does so.
"""

from __future__ import annotations

from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, Input, Node, Output
from symbackprop.ir.size import shape_text
from symbackprop.ops.bodies import bodies_of, loops_among
from symbackprop.ops.declare import Primitive, primitives, results

__all__ = ["verify_graph"]


def verify_graph(graph: Graph) -> Graph:
    """Return `graph` if every node is what its primitive infers from its arguments.

    Raises
    ------
    SymbackpropError
        If an input is not bound, an operation is unknown, or an arity, shape or dtype is not what it should be.
    """
    waiting: list[tuple[list[Node], tuple[Node, ...]]] = [(graph.nodes(), graph.inputs)]
    while waiting:
        nodes, inputs = waiting.pop()
        _verify_nodes(nodes, set(inputs))
        waiting.extend((body.nodes(), body.inputs) for node in loops_among(nodes) for body in bodies_of(node))
    if len(graph.labels) != len(graph.outputs):
        raise SymbackpropError(f"the graph has {len(graph.outputs)} outputs and {len(graph.labels)} labels")
    return graph


def _verify_nodes(nodes: list[Node], bound: set[Node]) -> None:
    for node in nodes:
        if isinstance(node, Input) and node not in bound:
            raise SymbackpropError(f"{node!r} is not bound by the graph")
        if isinstance(node, Apply):
            _verify_apply(node)
        elif isinstance(node, Output) and node is not results(node.source)[node.index]:
            raise ShapeError(f"{node!r} is not what its source gives")


def _verify_apply(node: Apply) -> None:
    op = node.op
    if not isinstance(op, Primitive) or primitives().get(op.name) is not op:
        raise SymbackpropError(f"operation {op.name!r} is not a registered primitive")
    if op.arity is not None and len(node.args) != op.arity:
        raise SymbackpropError(f"{op.name} takes {op.arity} arguments and has {len(node.args)}")
    shape, dtype = op.infer(node.args, dict(node.params))
    if shape != node.shape:
        raise ShapeError(f"{op.name} has shape {shape_text(node.shape)}, inferred {shape_text(shape)}")
    if dtype != node.dtype:
        raise SymbackpropError(f"{op.name} has dtype {node.dtype}, inferred {dtype}")
    if op.kind == "elementwise" and any(arg.shape != node.shape for arg in node.args):
        raise ShapeError(f"{op.name} has arguments of unlike shapes")
