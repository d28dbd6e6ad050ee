"""The engine of rewrites: rows, applied bottom-up until none fits.

A row looks at one node whose arguments are in normal form already and returns what to put in its place, or None. What
it returns is brought to normal form too, so a table of small rows reaches its fixed point in one walk, iteratively and
in time linear in the nodes visited.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from symbackprop.errors import BudgetError
from symbackprop.ir.graph import Graph, children, count_uses
from symbackprop.ir.node import Apply, Node, Operation, make_output
from symbackprop.ops.broadcasting import rebuilt

__all__ = ["Context", "Rewrites", "Row", "rewrite"]

_STEPS_PER_NODE = 200  # far above what any table needs; only a pair of rows that undo each other gets there

Rewrites = Counter[str]
CIRCLE = "rows that undo each other"  # in the log of a graph where that happened; the tests allow none


class Context:
    """What a row may ask about the graph around a node."""

    def __init__(self, graph: Graph) -> None:
        nodes = graph.nodes()
        self.size = len(nodes)
        self._uses = count_uses(nodes, graph.roots)
        self._named = set(graph.names)
        self._primal = set(graph.primal_nodes)
        self.commuted: dict[tuple[object, ...], Node] = {}

    def is_free(self, node: Node) -> bool:
        """Tell whether `node` may be taken apart: it is used once and has no name."""
        return self._uses.get(node, 1) <= 1 and node not in self._named

    def is_primal(self, node: Node) -> bool:
        """Tell whether `node` is part of the formula itself, whose parentheses are the user's."""
        return node in self._primal

    def remember(self, node: Node) -> None:
        """Note a node of two arguments, so that the same with its arguments exchanged becomes this one."""
        if isinstance(node, Apply) and len(node.args) == 2:
            self.commuted[node.op, *node.args, node.dtype] = node

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
    table = {True: _by_operation(rows), False: _by_operation(row for row in rows if not row.arrays)}
    context = Context(graph)
    normal: dict[Node, Node] = {}
    for node in settled:
        normal[node] = node
        context.remember(node)
    _normalise(graph.roots, normal, table, context, log)
    return graph.mapped(lambda node: normal.get(node, node))


def _by_operation(rows: Iterable[Row]) -> dict[Operation, list[Row]]:
    table: dict[Operation, list[Row]] = {}
    for row in rows:
        for op in row.ops:
            table.setdefault(op, []).append(row)
    return table


def _normalise(
    roots: Sequence[Node],
    normal: dict[Node, Node],
    table: Tables,
    context: Context,
    log: Rewrites,
) -> None:
    """Fill `normal` with the normal form of all that `roots` reach."""
    becomes: dict[Node, Node] = {}
    budget = _STEPS_PER_NODE * (context.size + 100)
    stack = list(reversed(roots))
    while stack:  # the arguments of Apply are read in line: this loop is a third of the compile time
        node = stack[-1]
        if node in normal:
            stack.pop()
            continue
        if node in becomes:
            if becomes[node] not in normal:  # two rows undo each other: either form is right, keep this one
                log[CIRCLE] += 1
                normal[node] = node
                stack.pop()
                continue
            normal[node] = normal[becomes[node]]
            stack.pop()
            continue
        below = node.args if type(node) is Apply else children(node)
        waiting = [child for child in below if child not in normal]
        if waiting:
            stack.extend(reversed(waiting))
            continue
        if not isinstance(node, Apply):
            target = node
            if below:
                target = make_output(normal[below[0]], node.index, node.shape, node.dtype)  # type: ignore
        else:
            target = _step(node, normal, table, context, log)
        if target is node:
            normal[node] = node
            stack.pop()
            continue
        budget -= 1
        if budget < 0:
            raise BudgetError(f"rewriting does not end; the last rows were {', '.join(list(log)[-3:])}")
        context.replaced(node, target)
        becomes[node] = target
        stack.append(target)


def _step(node: Apply, normal: dict[Node, Node], table: Tables, context: Context, log: Rewrites) -> Node:
    """Return `node` with normal arguments, or what the first row that fits makes of it."""
    args = node.args
    fresh = tuple([normal[arg] for arg in args])
    if fresh != args:
        return rebuilt(node, fresh)
    for row in table[bool(node.shape)].get(node.op, ()):
        found = row.apply(node, context)
        if found is not None and found is not node:
            log[row.name] += 1
            return found
    return node
