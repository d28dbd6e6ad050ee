"""The forward part of a graph as checkpointing sees it: what it computes in which order, and who reads what of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from symbackprop.ir.dtype import item_size
from symbackprop.ir.graph import Graph, children, topological
from symbackprop.ir.node import Apply, Node, Output
from symbackprop.ir.size import evaluate, names, product
from symbackprop.ops.declare import Primitive
from symbackprop.ops.opaque import opaque
from symbackprop.ops.states import comes_again
from symbackprop.transform.budget import TYPICAL

__all__ = ["ForwardPart"]


class ForwardPart:
    """The nodes of a formula in their order, and those of its gradient.

    Attributes
    ----------
    nodes : list of Node
        Those of the formula.
    backward : list of Node
        Those that the outputs need beside them.
    place : dict of Node to int
        Where each node of the formula is computed: several results where their source is.
    base : dict of Node to Node
        The array whose memory a node shows; the node itself where it has memory of its own.
    """

    def __init__(self, graph: Graph, sizes: Mapping[str, int] | None = None) -> None:
        self._sizes = sizes or {}
        self.nodes = graph.primal_nodes
        self.backward = topological(graph.outputs, known=self.nodes)
        self.place: dict[Node, int] = {}
        self.base: dict[Node, Node] = {}
        for place, node in enumerate(self.nodes):
            self.place[node] = self.place[node.source] if isinstance(node, Output) else place
            self.base[node] = self.base[node.args[0]] if _is_view(node) else node
        self._has_arrays = any(node.shape for node in self.nodes)
        self._bytes: dict[tuple[object, str], int] = {}

    def is_given(self, node: Node) -> bool:
        """Tell whether a value is there without being computed again.

        These are inputs, constants and scalars (which stand for arrays only where all are scalars), what functions of
        the user's gave, which run once, and the states of loops, of which few are stored.
        """
        if isinstance(node, Apply):
            return node.weak or (not node.shape and self._has_arrays and not _has_several(node))
        if isinstance(node, Output):
            return node.source.op is opaque or (not node.shape and self._has_arrays) or comes_again(node)
        return True

    @cached_property
    def read(self) -> set[Node]:
        """What of the forward part the backward part reads, without what is given."""
        found = {self.base[child] for node in self.backward for child in children(node) if child in self.base}
        return {node for node in found if not self.is_given(node)}

    @cached_property
    def last_use(self) -> dict[Node, int]:
        """At which place a value is used last in the forward part, if at all."""
        found: dict[Node, int] = {}
        for node in self.nodes:
            for child in children(node):
                found[self.base[child]] = max(found.get(self.base[child], 0), self.place[node])
        return found

    def bytes_of(self, node: Node) -> int:
        """Return the bytes that a value takes for the given sizes, or where all named sizes are alike."""
        key = node.shape, node.dtype
        if key not in self._bytes:
            count = product(node.shape)
            entries = evaluate(count, {name: self._sizes.get(name, TYPICAL) for name in names(count)})
            self._bytes[key] = max(entries, 1) * item_size(node.dtype)
        return self._bytes[key]


def _is_view(node: Node) -> bool:
    if not isinstance(node, Apply) or len(node.args) != 1:
        return False
    return isinstance(node.op, Primitive) and node.op.memory == "view" and node.op is not opaque


def _has_several(node: Apply) -> bool:
    return isinstance(node.op, Primitive) and bool(node.op.outputs)
