"""Graphs: outputs over bound inputs, with the tables that hold what is known of nodes in this formula."""

from __future__ import annotations

import operator
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from typing import Any

from symbackprop.ir.dtype import is_float
from symbackprop.ir.factored import Factored
from symbackprop.ir.node import Apply, Input, Node, Operation, Output
from symbackprop.ir.recomputation import Recomputation
from symbackprop.ir.show import graph_text
from symbackprop.ir.signature import ArgumentSpec, Label, Structure
from symbackprop.ir.size import Size, evaluate, names
from symbackprop.stages import check_nodes

__all__ = ["Graph", "Guard", "children", "count_uses", "dependents", "topological"]

_RELATIONS: Mapping[str, Callable[[int, int], bool]] = {"==": operator.eq, "<=": operator.le, "<": operator.lt}


@dataclass(frozen=True)
class Guard:
    """A relation of sizes that could not be decided when compiling and is checked on every call."""

    left: Size
    relation: str  # "==", "<=" or "<"
    right: Size
    message: str

    def holds(self, sizes: Mapping[str, int]) -> bool:
        """Tell whether the relation holds; one of a size that is computed on the way is not in question."""
        if any(name not in sizes for size in (self.left, self.right) for name in names(size)):
            return True
        return _RELATIONS[self.relation](evaluate(self.left, sizes), evaluate(self.right, sizes))

    def __str__(self) -> str:
        return f"{self.message}: {self.left} {self.relation} {self.right}"


@dataclass(frozen=True)
class Graph:
    """A static graph.

    Parameters
    ----------
    arguments : tuple of ArgumentSpec
        The declared inputs in the order of the call.
    inputs : tuple of Input
        The nodes that stand for them.
    primals : tuple of Node
        What the formula itself computes.
    outputs : tuple of Node
        What the compiled function returns: primals, adjoints or both.
    labels : tuple of Label
        What each output is: a value, or the derivative of one.
    structure : Nest or None
        How the values are nested in tuples and lists; None for a single value.
    names : mapping of Node to str
        The user's names of intermediates.
    places : mapping of Node to (int, int)
        Where in the user's text a node comes from.
    adjoints : mapping of Node to Node
        For a primal node the node that is the derivative of the value with respect to it.
    guards : tuple of Guard
        What is checked on call.
    counts : mapping of str to Node
        The integer nodes that define opaque sizes when they run, by the names of these.
    remarks : mapping of Node to str
        What comments say of a node before they quote its forward line.
    forward : tuple of Node
        What else belongs to the forward part: what loops keep for the way back.
    factored : mapping of Label to Factored
        How derivatives that are returned in factors are made of these.
    recomputation : Recomputation or None
        What the backward part computes again instead of finding it kept; None where all is kept.
    tables : mapping of str to array
        The last arguments, by their names, that are known when compiling: of integers, bound to the printed function.
    parts : tuple of int
        Of bodies that are treated as one graph, how many outputs each has: what a body reads the others may not bind.
    otherwise : Graph or None
        What computes the same of all arguments, where the graph rests on assumptions about these.
    """

    arguments: tuple[ArgumentSpec, ...]
    inputs: tuple[Input, ...]
    primals: tuple[Node, ...]
    outputs: tuple[Node, ...]
    labels: tuple[Label, ...]
    names: Mapping[Node, str] = field(default_factory=dict)
    places: Mapping[Node, tuple[int, int]] = field(default_factory=dict)
    adjoints: Mapping[Node, Node] = field(default_factory=dict)
    guards: tuple[Guard, ...] = ()
    counts: Mapping[str, Node] = field(default_factory=dict)
    structure: Structure = None
    forward: tuple[Node, ...] = ()
    remarks: Mapping[Node, str] = field(default_factory=dict)
    recomputation: Recomputation | None = None
    tables: Mapping[str, Any] = field(default_factory=dict)
    factored: Mapping[Label, Factored] = field(default_factory=dict)
    parts: tuple[int, ...] = ()
    otherwise: Graph | None = None

    def mapped(self, new: Mapping[Node, Node]) -> Graph:
        """Return the graph with `new` of every output and every table entry, which is itself where `new` has none.

        Of equal entries the first stays.
        """
        get = new.get
        names: dict[Node, str] = {}
        places: dict[Node, tuple[int, int]] = {}
        adjoints: dict[Node, Node] = {}
        for node, name in self.names.items():
            names.setdefault(get(node, node), name)
        for node, place in self.places.items():
            places.setdefault(get(node, node), place)
        for node, adjoint in self.adjoints.items():
            adjoints.setdefault(get(node, node), get(adjoint, adjoint))
        mapped = replace(
            self,
            primals=_all_mapped(self.primals, new),
            outputs=_all_mapped(self.outputs, new),
            names=names,
            places=places,
            adjoints=adjoints,
            counts={name: get(node, node) for name, node in self.counts.items()},
            forward=_all_mapped(self.forward, new),
            recomputation=None if self.recomputation is None else self.recomputation.mapped(new),
        )
        if mapped.primals == self.primals and mapped.forward == self.forward and mapped.counts == self.counts:
            mapped.__dict__["primal_nodes"] = self.primal_nodes  # as `cached_property` keeps it
        return mapped

    def with_outputs(
        self, outputs: Sequence[Node], labels: Sequence[Label], adjoints: Mapping[Node, Node] | None = None
    ) -> Graph:
        """Return a graph of the same formula that computes something else of it."""
        adjoints = self.adjoints if adjoints is None else adjoints
        return self._of_same_formula(outputs=tuple(outputs), labels=tuple(labels), adjoints=adjoints)

    def with_names(self, names: Mapping[Node, str]) -> Graph:
        """Return the graph with other names of its nodes."""
        return self._of_same_formula(names=names)

    def _of_same_formula(self, **changes: Any) -> Graph:
        other = replace(self, **changes)
        other.__dict__["primal_nodes"] = self.primal_nodes  # as `cached_property` keeps it
        return other

    @cached_property
    def primal_nodes(self) -> list[Node]:
        """The nodes of the formula itself, arguments before what uses them, and what defines sizes first."""
        return topological((*self.counts.values(), *self.primals, *self.forward))

    @cached_property
    def _nodes(self) -> list[Node]:
        primal = self.primal_nodes
        rest = [] if self.outputs == self.primals else topological(self.outputs, known=primal)
        if not rest:
            return primal
        check_nodes(len(primal) + len(rest))
        return primal + rest

    @cached_property
    def applied(self) -> Mapping[Operation, Sequence[Apply]]:
        """The nodes that apply each operation, in the order of all nodes."""
        found: defaultdict[Operation, list[Apply]] = defaultdict(list)
        for node in self._nodes:
            if node.op is not None:
                found[node.op].append(node)  # type: ignore[arg-type]
        return dict(found)

    def applies(self, *ops: Operation) -> bool:
        """Tell whether the graph has a node of one of these operations."""
        return not self.applied.keys().isdisjoint(ops)

    @cached_property
    def uses(self) -> Mapping[Node, int]:
        """How often each node is an argument or a root."""
        return count_uses(self._nodes, self.roots)

    @property
    def whole_labels(self) -> tuple[Label, ...]:
        """What is returned, where what is returned in factors counts once.

        That comes behind the values, but before what is auxiliary if there are no values.
        """
        plain = tuple(label for label in self.labels if label.part is None)
        if plain and plain[0].auxiliary:
            return (*self.factored, *plain)
        return (*plain, *self.factored)

    @property
    def roots(self) -> tuple[Node, ...]:
        """All that the graph holds on to: what defines sizes, primals, outputs."""
        return (*self.counts.values(), *self.primals, *self.forward, *self.outputs)

    def nodes(self) -> list[Node]:
        """Return the nodes that primals and outputs reach, arguments before what uses them."""
        return self._nodes

    def nodes_of(self, primal: Node) -> list[Node]:
        """Return the nodes that one of the primals reaches, arguments before what uses them."""
        alone = self.primals == (primal,) and not self.counts and not self.forward
        return self.primal_nodes if alone else topological((primal,))

    @property
    def derived(self) -> set[Node]:
        """The nodes that are no part of the formula itself."""
        return set(self._nodes[len(self.primal_nodes) :])

    def beyond(self, other: Graph) -> set[Node]:
        """Return the nodes that another graph does not have."""
        return set(self._nodes).difference(other._nodes)

    def needed(self, counts: Iterable[str] = ()) -> set[Node]:
        """Return the nodes that the outputs and the named `counts` reach."""
        found = {*self.outputs, *(self.counts[name] for name in counts)}
        for node in reversed(self.nodes()):
            if node in found:
                found.update(node.args)
        return found

    def __str__(self) -> str:
        return graph_text(self)


def _all_mapped(nodes: tuple[Node, ...], new: Mapping[Node, Node]) -> tuple[Node, ...]:
    return tuple([new.get(node, node) for node in nodes])


def children(node: Node) -> tuple[Node, ...]:
    """Return the nodes that `node` is computed from."""
    return node.args


def topological(roots: Iterable[Node], known: Iterable[Node] = ()) -> list[Node]:
    """Return every node reachable from `roots`, each after its arguments, in the order of a left-to-right walk.

    What is `known` is left out, with all that it is computed from. The order depends on structure alone, so equal
    graphs give equal code in every process.
    """
    order: list[Node] = []
    seen = set(known)
    for root in roots:
        if root in seen:
            continue
        seen.add(root)
        stack: list[tuple[Node, Iterator[Node]]] = [(root, iter(root.args))]
        while stack:
            node, rest = stack[-1]
            for child in rest:
                if child not in seen:
                    seen.add(child)
                    if child.args:
                        stack.append((child, iter(child.args)))
                        break
                    order.append(child)
            else:
                stack.pop()
                order.append(node)
    check_nodes(len(order))
    return order


def dependents(nodes: Iterable[Node], wrt: Iterable[Node]) -> set[Node]:
    """Return the real-valued ones of `nodes`, which come in topological order, that depend on `wrt`.

    What has several results has the dtype of the first; it is among them if any of its arguments is.
    """
    active = set(wrt)
    nodes = list(nodes)
    sources = {node.source for node in nodes if isinstance(node, Output)}
    for node in nodes:
        for child in node.args:
            if child in active and (is_float(node.dtype) or node in sources):
                active.add(node)
                break
    return active


def count_uses(nodes: Iterable[Node], roots: Iterable[Node]) -> dict[Node, int]:
    """Return how often each node is an argument or a root."""
    return Counter(chain(chain.from_iterable([node.args for node in nodes]), roots))
