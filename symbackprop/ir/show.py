"""Graphs as text, one node a line: ``%3: float64[n] = tanh(%2)``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from symbackprop.ir.node import Apply, Const, Input, Node, Output
from symbackprop.ir.signature import label_texts
from symbackprop.ir.size import SizeExpression

if TYPE_CHECKING:
    from symbackprop.ir.graph import Graph

__all__ = ["graph_text"]


def graph_text(graph: Graph) -> str:
    """Return `graph` as readable text: inputs, one numbered line a node with type and name, outputs.

    What a loop or a branch runs stands below it, indented, with inputs and outputs of its own.

    Parameters
    ----------
    graph : Graph

    Returns
    -------
    str
    """
    text = _Text(graph.names)
    labels: dict[Node, str] = {}
    for bound, spec in zip(graph.inputs, graph.arguments, strict=True):
        labels[bound] = spec.name
        text.add(0, f"input {spec.name}: {_type_text(bound)}")
    text.write(graph.nodes(), labels)
    for label, node in zip(label_texts(graph.labels), graph.outputs, strict=True):
        text.add(0, f"output {label} = {labels.get(node, node.describe())}")
    for guard in graph.guards:
        text.add(0, f"guard {guard.left} {guard.relation} {guard.right}  # {guard.message}")
    return "\n".join(text.lines)


@runtime_checkable
class _Body(Protocol):
    """A closed graph among the parameters of a node: `ir.body.Body`."""

    inputs: tuple[Input, ...]
    outputs: tuple[Node, ...]

    def nodes(self) -> list[Node]: ...


class _Text:
    """The lines of a graph and of the bodies that it runs, numbered throughout."""

    def __init__(self, names: Mapping[Node, str]) -> None:
        self.lines: list[str] = []
        self._names = names
        self._count = 0

    def add(self, depth: int, line: str) -> None:
        """Append a line of the graph or, deeper, of a body."""
        self.lines.append("    " * depth + line)

    def write(self, nodes: Sequence[Node], labels: dict[Node, str]) -> None:
        """Append the lines of nodes, and below each those of the bodies that it runs."""
        waiting: list[tuple[int, Iterator[Node], dict[Node, str], _Body | None]] = [(0, iter(nodes), labels, None)]
        while waiting:
            depth, rest, known, body = waiting[-1]
            node = next(rest, None)
            if node is None:
                waiting.pop()
                for output in () if body is None else body.outputs:
                    self.add(depth, f"returns {known.get(output, output.describe())}")
                continue
            self._write_node(node, known, depth)
            for inner in reversed(_bodies(node)):
                inside = [other for other in inner.nodes() if not isinstance(other, Input)]
                waiting.append((depth + 1, iter([*inner.inputs, *inside]), {}, inner))

    def _write_node(self, node: Node, labels: dict[Node, str], depth: int) -> None:
        if isinstance(node, Const):
            labels[node] = _constant_text(node)
            return
        if node in labels:
            return
        self._count += 1
        labels[node] = f"%{self._count}"
        name = f"  # {self._names[node]}" if node in self._names else ""
        if isinstance(node, (Apply, Output)):
            self.add(depth, f"{labels[node]}: {_type_text(node)} = {_operation_text(node, labels)}{name}")
        else:
            self.add(depth, f"takes {labels[node]}: {_type_text(node)}{name}")


def _bodies(node: Node) -> list[_Body]:
    return [value for _, value in node.params if isinstance(value, _Body)] if isinstance(node, Apply) else []


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
    again = f", again in segment {node.segment}" if node.segment else ""
    return f"{node.op.name}({', '.join(parts)}){again}"


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_plain, value)) + ("," if len(value) == 1 else "") + ")"
    return str(value)
