"""The engine of rewrites: rows, applied bottom-up until none fits.

A row looks at one node whose arguments are in normal form already and returns what to put in its place, or None. What
it returns is brought to normal form too, so a table of small rows reaches its fixed point in one walk, iteratively and
in time linear in the nodes visited.
"""

from __future__ import annotations

import functools
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from fractions import Fraction

from symbackprop.errors import BudgetError
from symbackprop.ir.dtype import is_float
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, Const, Node, Operation, Output, constant, make_apply, make_output
from symbackprop.ops.broadcasting import rebuilt
from symbackprop.stages import watched

__all__ = ["Context", "Rewrites", "Row", "rewrite", "with_new_arguments"]

_STEPS_PER_NODE = 200  # far above what any table needs; only a pair of rows that undo each other gets there
_FEW_NODES = 200  # at which a first look tells whether a walk is needed
_FEW = 4  # arguments in whose order rules are found; of more it does not matter
_EXACT = 2**53  # below it every integer is a double
_PARTS = 16  # of 1, which are written as fractions

Rewrites = Counter[str]
CIRCLE = "rows that undo each other"  # in the log of a graph where that happened; the tests allow none


class Context:
    """What a row may ask about the graph around a node."""

    def __init__(self, graph: Graph) -> None:
        self.nodes = graph.nodes()
        self._uses = dict(graph.uses)
        self._consumers: dict[Node, set[Operation | None]] | None = None
        self._unfollowed: list[tuple[Node, Node]] = []  # replacements since `_consumers` was asked for
        self._places: dict[Node, int] | None = None
        self._roots = graph.roots
        self._named = set(graph.names)
        self._primal = set(graph.primal_nodes)
        self._pairs: dict[tuple[object, ...], Node] = {}
        self._paired: set[tuple[Operation, Node]] = set()

    def is_free(self, node: Node) -> bool:
        """Tell whether `node` may be taken apart: it is used once and has no name."""
        return self._uses.get(node, 1) <= 1 and node not in self._named

    def uses(self, node: Node) -> int:
        """Return how often `node` is an argument, or a result."""
        return self._uses.get(node, 1)

    def place_of(self, node: Node) -> int | None:
        """Return how many nodes of the graph come before `node`; None for one that it did not have."""
        if self._places is None:  # most graphs never ask
            self._places = {each: place for place, each in enumerate(self.nodes)}
        return self._places.get(node)

    def has(self, node: Node) -> bool:
        """Tell whether the graph has `node`."""
        return node in self._uses

    def also_used(self, node: Node) -> Node:
        """Return `node`, of which one more use is made than before."""
        self._uses[node] = self._uses.get(node, 1) + 1
        return node

    def only_feeds(self, node: Node, ops: Set[Operation]) -> bool:
        """Tell whether all that is made of `node` are results of `ops` with no more axes, and it has no name."""
        if node in self._named:
            return False
        if self._consumers is None:  # most graphs never ask
            self._consumers = _consumers(self.nodes, self._roots)
        for old, new in self._unfollowed:
            self._consumers[new] = self._consumers.get(new, set()) | self._consumers.get(old, set())
        self._unfollowed.clear()
        return self._consumers.get(node, {None}) <= ops

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
        gone = old.args.count(new)  # uses that `old` made of it
        self._uses[new] = self._uses.get(new, gone) - gone + self._uses.get(old, 1)
        self._unfollowed.append((old, new))
        if old in self._named:
            self._named.add(new)
        if old in self._primal:
            self._primal.add(new)


@dataclass(frozen=True, eq=False)
class Row:
    """One rewrite: on which operations it looks, and the function that returns a replacement or None."""

    name: str
    ops: tuple[Operation, ...]
    apply: Callable[[Apply, Context], Node | None]
    exact: bool = True
    arrays: bool = False  # whether it can fit only nodes that have axes
    about: tuple[Operation, ...] = ()  # it can fit only where one of these is in the graph
    of: tuple[Kind, ...] = ()  # it can fit only where one of these is an argument

    def may_fit(self, node: Apply) -> bool:
        """Tell whether it can fit a node of one of its operations, by whether that has axes, and its arguments."""
        if self.arrays and not node.shape:
            return False
        return not self.of or any((arg.op or arg.__class__) in self.of for arg in node.args)


Kind = Operation | type[Node]  # of an argument: what computes it, or what it is
Rule = tuple[Callable[[Apply, Context], Node | None], str]  # of a row: the function and the name
Rules = dict[tuple[object, ...], list[Rule]]  # by what they look at: operation, whether it has axes, arguments


def rewrite(graph: Graph, rows: Sequence[Row], log: Rewrites, *, among: Set[Node] | None = None) -> Graph:
    """Return `graph` with `rows` applied wherever they fit, counting each application in `log`.

    Where nodes are given for rows to look `among`, the rest is in normal form already, but for what uses what they
    change.
    """
    if among is not None and len(among) <= _FEW_NODES and not _Walk(graph, rows, Rewrites()).finds(among):
        return graph
    walk = _Walk(graph, rows, log)
    walk.run(among)
    normal = walk.normal
    if all(normal[root] is root for root in graph.roots):
        return graph  # with all that is known of it already
    return graph.mapped(normal)


def with_new_arguments(node: Node, new: Mapping[Node, Node]) -> Node:
    """Return `node` as it is computed from what its arguments have become."""
    if isinstance(node, Apply):
        return rebuilt(node, tuple([new[arg] for arg in node.args]))
    if isinstance(node, Output):
        return make_output(new[node.source], node.index, node.shape, node.dtype)  # type: ignore[arg-type]
    return node


def _consumers(nodes: Sequence[Node], roots: Iterable[Node]) -> dict[Node, set[Operation | None]]:
    """Return which operations have each node as an argument; None stands for results, and operations that enlarge it."""
    found: defaultdict[Node, set[Operation | None]] = defaultdict(set)
    for node in nodes:
        op, rank = node.op, len(node.shape)
        for child in node.args:
            found[child].add(op if rank <= len(child.shape) else None)
    for root in roots:
        found[root].add(None)
    return dict(found)


def _one_form(node: Const) -> Const:
    """Return a real number that is written 1.0 or 0.5 as what rules write, so that what is made of both is one node."""
    value = node.value
    if not isinstance(value, float) or not is_float(node.dtype) or not -_EXACT <= value <= _EXACT:
        return node
    if value.is_integer():
        return node if value == 0.0 and math.copysign(1.0, value) < 0 else constant(int(value), node.shape, node.dtype)
    return constant(Fraction(value), node.shape, node.dtype) if (value * _PARTS).is_integer() else node


@functools.lru_cache(maxsize=64)  # a pass has the same rows every time
def _subjects(rows: tuple[Row, ...]) -> frozenset[Operation]:
    """Return the operations that some rows are about."""
    return frozenset(op for row in rows for op in row.about)


@functools.lru_cache(maxsize=256)
def _table(rows: tuple[Row, ...], present: frozenset[Operation]) -> tuple[dict[Operation, list[Row]], Rules]:
    """Return the rows that can fit where so many of their subjects are `present`, and the rules found for nodes so far."""
    by_operation: dict[Operation, list[Row]] = {}
    for row in rows:
        if not row.about or not present.isdisjoint(row.about):
            for op in row.ops:
                by_operation.setdefault(op, []).append(row)
    return by_operation, {}


class _Walk:
    """One walk over a graph that brings it to normal form."""

    def __init__(self, graph: Graph, rows: Sequence[Row], log: Rewrites) -> None:
        self.context = Context(graph)
        self.normal: dict[Node, Node] = {}
        self._log = log
        self._rows = tuple(rows)
        self._absent = set(_subjects(self._rows))  # operations that rows are about which the graph does not have
        self._absent -= graph.applied.keys()
        self._find_rules()
        self._becomes: dict[Node, Node] = {}
        self._kept: set[Node] = set()  # what is the same of new arguments, and found no row
        self._budget = _STEPS_PER_NODE * (len(self.context.nodes) + 100)

    def _find_rules(self) -> None:
        self._fitting, self._rules = _table(self._rows, _subjects(self._rows) - self._absent)

    def run(self, among: Set[Node] | None) -> None:
        """Fill `normal` with the normal form of every node; most nodes are in it and take one step."""
        normal, step = self.normal, self._step
        for node in watched(self.context.nodes):  # arguments first
            if node not in normal:
                if among is not None and node not in among and self._keeps(node):
                    continue
                target = step(node)
                if target is node:
                    normal[node] = node
                else:
                    self._replace(node, target)
                    if not self._settles_at_once(node, target):
                        self._settle([node, target])

    def finds(self, among: Set[Node]) -> bool:
        """Tell whether any row fits one of some nodes as they are."""
        self.normal.update((arg, arg) for node in among for arg in node.args)
        return any(self._step(node) is not node for node in among)

    def _keeps(self, node: Node) -> bool:
        """Tell whether no row has changed an argument of a node: then it is in normal form, as it was."""
        normal = self.normal
        is_same = True
        for arg in node.args:
            new = normal[arg]
            if new is not arg:
                is_same = False
                if new not in self._kept:
                    return False
        kept = node if is_same else with_new_arguments(node, normal)
        if kept is not node:
            if kept in normal:
                return False
            self._replace(node, kept)
            self._kept.add(kept)
            normal[kept] = kept
        normal[node] = kept
        if len(kept.args) == 2:
            self.context.remember(kept)  # type: ignore[arg-type]
        return True

    def _settles_at_once(self, node: Node, target: Node) -> bool:
        """Tell whether what is put in the place of `node` is in normal form, as most that has new arguments is."""
        normal = self.normal
        if target in normal or target.op in self._absent:
            return False
        for arg in target.args:
            if arg not in normal:
                return False
        further = self._step(target)
        if further is target:
            normal[node] = normal[target] = target
            if target.op is node.op and target.args == tuple([normal[arg] for arg in node.args]):
                self._kept.add(target)
            return True
        self._replace(target, further)
        self._settle([node, target, further])
        return True

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
            waiting = [arg for arg in node.args if arg not in normal]
            if waiting:
                stack.extend(reversed(waiting))
                continue
            if isinstance(node, Apply) and node.op in self._absent:  # a row has brought it in
                self._absent.remove(node.op)
                self._find_rules()
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
            return _one_form(node) if isinstance(node, Const) else with_new_arguments(node, normal)
        args = node.args
        for arg in args:
            if normal[arg] is not arg:
                return make_apply(
                    node.op, tuple([normal[arg] for arg in args]), node.params, node.shape, node.dtype, node.segment
                )
        key: tuple[object, ...]
        if len(args) == 1:
            (a,) = args
            key = node.op, node.shape == (), a.op or a.__class__
        elif len(args) == 2:
            a, b = args
            key = node.op, node.shape == (), a.op or a.__class__, b.op or b.__class__
        else:
            kinds = [arg.op or arg.__class__ for arg in args]
            key = (node.op, node.shape == (), *(kinds if len(kinds) <= _FEW else (frozenset(kinds),)))
        rules = self._rules.get(key)
        if rules is None:
            rows = self._fitting.get(node.op, ())
            rules = self._rules[key] = [(row.apply, row.name) for row in rows if row.may_fit(node)]
        for apply, name in rules:
            found = apply(node, self.context)
            if found is not None and found is not node:
                self._log[name] += 1
                return found
        return node
