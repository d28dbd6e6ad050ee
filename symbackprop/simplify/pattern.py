"""The engine of rewrites: rows, applied bottom-up until none fits.

A row looks at one node whose arguments are in normal form already and returns what to put in its place, or None. What
it returns is brought to normal form too, so a table of small rows reaches its fixed point in one walk, iteratively and
in time linear in the nodes visited.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from symbackprop.errors import BudgetError
from symbackprop.ir.graph import Graph, children, count_uses
from symbackprop.ir.node import Apply, Node, Operation, Output, make_output
from symbackprop.ops.broadcasting import rebuilt

__all__ = ["Context", "Rewrites", "Row", "rewrite", "with_new_arguments"]

_STEPS_PER_NODE = 200  # far above what any table needs; only a pair of rows that undo each other gets there

Rewrites = Counter[str]
CIRCLE = "rows that undo each other"  # in the log of a graph where that happened; the tests allow none


class Context:
    """What a row may ask about the graph around a node."""

    def __init__(self, graph: Graph) -> None:
        self.nodes = nodes = graph.nodes()
        self._uses = count_uses(nodes, graph.roots)
        self._named = set(graph.names)
        self._primal = set(graph.primal_nodes)
        self._pairs: dict[tuple[object, ...], Node] = {}
        self._paired: set[tuple[Operation, Node]] = set()

    def is_free(self, node: Node) -> bool:
        """Tell whether `node` may be taken apart: it is used once and has no name."""
        return self._uses.get(node, 1) <= 1 and node not in self._named

    def is_named(self, node: Node) -> bool:
        """Tell whether the user named `node`."""
        return node in self._named

    def is_primal(self, node: Node) -> bool:
        """Tell whether `node` is part of the formula itself, whose parentheses are the user's."""
        return node in self._primal

    def remember(self, node: Apply) -> None:
        """Note a node of two arguments, so that the same with its arguments exchanged becomes this one."""
        a, b = node.args
        self._pairs[node.op, a, b, node.dtype] = node
        self._paired.add((node.op, a))
        self._paired.add((node.op, b))

    def pair(self, op: Operation, a: Node, b: Node, dtype: str) -> Node | None:
        """Return `op` of `a` and `b`, in this order, if the graph has it."""
        return self._pairs.get((op, a, b, dtype))

    def is_paired(self, op: Operation, node: Node) -> bool:
        """Tell whether the graph has `op` of `node` and anything."""
        return (op, node) in self._paired

    def replaced(self, old: Node, new: Node) -> None:
        """Take over what is known of `old` for `new`."""
        self._uses[new] = self._uses.get(new, 0) + self._uses.get(old, 1)
        if old in self._named:
            self._named.add(new)
        if old in self._primal:
            self._primal.add(new)


@dataclass(frozen=True)
class Row:
    """One rewrite: on which operations it looks, and the function that returns a replacement or None."""

    name: str
    ops: tuple[Operation, ...]
    apply: Callable[[Apply, Context], Node | None]
    exact: bool = True
    arrays: bool = False  # whether it can fit only nodes that have axes


Tables = dict[bool, dict[Operation, list[Row]]]  # for nodes with axes, and for scalars


def rewrite(graph: Graph, rows: Sequence[Row], log: Rewrites, settled: Iterable[Node] = ()) -> Graph:
    """Return `graph` with `rows` applied wherever they fit, counting each application in `log`.

    Nodes that are `settled` are in normal form already, with all that they are computed from, and stay as they are.
    """
    walk = _Walk(graph, rows, log)
    for node in settled:
        walk.normal[node] = node
        if isinstance(node, Apply) and len(node.args) == 2:
            walk.context.remember(node)
    walk.run()
    normal = walk.normal
    if all(normal[root] is root for root in graph.roots):
        return graph  # with all that is known of it already
    return graph.mapped(lambda node: normal.get(node, node))


def with_new_arguments(node: Node, new: Mapping[Node, Node]) -> Node:
    """Return `node` as it is computed from what its arguments have become."""
    if isinstance(node, Apply):
        return rebuilt(node, tuple([new[arg] for arg in node.args]))
    if isinstance(node, Output):
        return make_output(new[node.source], node.index, node.shape, node.dtype)  # type: ignore[arg-type]
    return node


def _by_operation(rows: Iterable[Row]) -> dict[Operation, list[Row]]:
    table: dict[Operation, list[Row]] = {}
    for row in rows:
        for op in row.ops:
            table.setdefault(op, []).append(row)
    return table


class _Walk:
    """One walk over a graph that brings it to normal form."""

    def __init__(self, graph: Graph, rows: Sequence[Row], log: Rewrites) -> None:
        self.context = Context(graph)
        self.normal: dict[Node, Node] = {}
        self._log = log
        self._table: Tables = {True: _by_operation(rows), False: _by_operation(row for row in rows if not row.arrays)}
        self._becomes: dict[Node, Node] = {}
        self._budget = _STEPS_PER_NODE * (len(self.context.nodes) + 100)

    def run(self) -> None:
        """Fill `normal` with the normal form of every node; most nodes are in it and take one step."""
        normal, step = self.normal, self._step
        for node in self.context.nodes:  # arguments first
            if node not in normal:
                target = step(node)
                if target is node:
                    normal[node] = node
                else:
                    self._replace(node, target)
                    self._settle([node, target])

    def _settle(self, stack: list[Node]) -> None:
        """Bring what is on `stack` to normal form, with all that rows put in its place."""
        normal, becomes = self.normal, self._becomes
        while stack:
            node = stack[-1]
            if node in normal:
                stack.pop()
                continue
            if node in becomes:
                if becomes[node] not in normal:  # two rows undo each other: either form is right, keep this one
                    self._log[CIRCLE] += 1
                    normal[node] = node
                else:
                    normal[node] = normal[becomes[node]]
                stack.pop()
                continue
            waiting = [child for child in children(node) if child not in normal]
            if waiting:
                stack.extend(reversed(waiting))
                continue
            target = self._step(node)
            if target is node:
                normal[node] = node
                stack.pop()
            else:
                self._replace(node, target)
                stack.append(target)

    def _replace(self, node: Node, target: Node) -> None:
        self._budget -= 1
        if self._budget < 0:
            raise BudgetError(f"rewriting does not end; the last rows were {', '.join(list(self._log)[-3:])}")
        self.context.replaced(node, target)
        self._becomes[node] = target

    def _step(self, node: Node) -> Node:
        """Return `node` with normal arguments, or what the first row that fits makes of it."""
        normal = self.normal
        if not isinstance(node, Apply):
            return with_new_arguments(node, normal)
        for arg in node.args:
            if normal[arg] is not arg:
                return rebuilt(node, tuple([normal[arg] for arg in node.args]))
        for row in self._table[bool(node.shape)].get(node.op, ()):
            found = row.apply(node, self.context)
            if found is not None and found is not node:
                self._log[row.name] += 1
                return found
        return node
