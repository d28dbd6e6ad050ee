"""Graphs as text, one node a line: ``%3: float64[n] = tanh(%2)``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symbackprop.ir.node import Apply, Const, Node, Output
from symbackprop.ir.signature import label_texts
from symbackprop.ir.size import SizeExpression

if TYPE_CHECKING:
    from symbackprop.ir.graph import Graph

__all__ = ["graph_text"]


def graph_text(graph: Graph) -> str:
    """Return `graph` as readable text: inputs, one numbered line a node with type and name, outputs.

    Parameters
    ----------
    graph : Graph

    Returns
    -------
    str
    """
    labels: dict[Node, str] = {}
    lines = []
    for bound, spec in zip(graph.inputs, graph.arguments, strict=True):
        labels[bound] = spec.name
        lines.append(f"input {spec.name}: {_type_text(bound)}")
    for node in graph.nodes():
        if isinstance(node, Const):
            labels[node] = _constant_text(node)
        elif isinstance(node, (Apply, Output)):
            labels[node] = f"%{len(lines) - len(graph.inputs) + 1}"
            name = f"  # {graph.names[node]}" if node in graph.names else ""
            lines.append(f"{labels[node]}: {_type_text(node)} = {_operation_text(node, labels)}{name}")
    for label, node in zip(label_texts(graph.labels), graph.outputs, strict=True):
        lines.append(f"output {label} = {labels.get(node, node.describe())}")
    lines += [f"guard {guard.left} {guard.relation} {guard.right}  # {guard.message}" for guard in graph.guards]
    return "\n".join(lines)


def _type_text(node: Node) -> str:
    return f"{node.dtype}[{', '.join(str(size) for size in node.shape)}]"


def _constant_text(node: Const) -> str:
    value = node.value
    text = str(value) if not isinstance(value, SizeExpression) else f"size({value})"
    if hasattr(value, "name"):
        text = value.name
    return f"{text}:[{', '.join(str(size) for size in node.shape)}]" if node.shape else text


def _operation_text(node: Apply | Output, labels: dict[Node, str]) -> str:
    if isinstance(node, Output):
        return f"{labels[node.source]}[{node.index}]"
    parts = [labels.get(arg, "?") for arg in node.args] + [f"{key}={_plain(value)}" for key, value in node.params]
    return f"{node.op.name}({', '.join(parts)})"


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_plain, value)) + ("," if len(value) == 1 else "") + ")"
    return str(value)
