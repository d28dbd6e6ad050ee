"""Loops over blocks of rows, small enough that all that is computed of a block stays in the processor's cache.

What works row by row (`rows`) and belongs together becomes one node, `in_blocks`, whose body computes a block: rows
that others need are stored, sums over all rows are sums of those of the blocks. A loop has to end before anything
reads such a sum; what needs it, row by row again, is in a loop of the next phase. Loops in which nothing is saved, as
every array is stored anyway, stay what they were.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, NoReturn

from symbackprop.emit.phases import Phases
from symbackprop.emit.rows import constant_rows, is_look, number_rows, numbers_among, of_rows
from symbackprop.ir.body import Body
from symbackprop.ir.graph import Graph, children
from symbackprop.ir.node import Apply, Const, Input, Node, Output, make_apply, make_input, make_output
from symbackprop.ir.size import Size, named
from symbackprop.ops.arithmetic import neg
from symbackprop.ops.broadcasting import rebuilt, reduce_sum
from symbackprop.ops.declare import Primitive
from symbackprop.ops.indexing import place
from symbackprop.ops.reduction import count_of, mean

__all__ = ["BlockLoop", "Moved", "in_blocks", "with_blocks"]

_FEWEST = 3  # arrays that a loop computes
_LEVEL = 1000  # of the inputs of bodies, above those of all others


def _refuse(*_: object) -> NoReturn:
    raise AssertionError("blocks are made when all derivatives are known")


in_blocks = Primitive(
    name="in_blocks", kind="custom", arity=None, infer=_refuse, texts={}, vjp=_refuse, jvp=_refuse,
    prepare=_refuse, source="a sum over rows is one over blocks of rows", has_bodies=True, public=False,
)  # fmt: skip


class Moved(NamedTuple):
    """Rows that are added to rows of a result further down."""

    output: int  # of the body, which they are
    distance: int
    is_subtracted: bool


class BlockLoop:
    """A node that `in_blocks` makes, with names for its parts."""

    def __init__(self, node: Apply) -> None:
        self.node = node
        self.body: Body = node.param("body")  # type: ignore[assignment]
        self.length: Size = node.param("length")  # type: ignore[assignment]
        self.number: int = node.param("number")  # type: ignore[assignment]
        self.sliced: tuple[bool, ...] = node.param("sliced")  # type: ignore[assignment]
        self.stored: int = node.param("stored")  # type: ignore[assignment]
        self.primal: frozenset[Node] = node.param("primal")  # type: ignore[assignment]
        self.moved: dict[int, tuple[Moved, ...]] = dict(node.param("moved"))  # type: ignore[call-overload]

    @property
    def rows(self) -> Size:
        """The rows of a block, of which the last may have fewer."""
        return named(f"#rows{self.number}")

    @property
    def own_rows(self) -> Size:
        """The rows of the block at work."""
        return named(f"#own{self.number}")


Key = tuple[Size, int]  # the number of rows, and the phase


@dataclass(eq=False)
class _Group:
    """What may become a loop."""

    number: int
    length: Size
    members: list[Apply] = field(default_factory=list)
    needed: list[Apply] = field(default_factory=list)  # members, and looks at their rows or at arguments
    stored: list[Apply] = field(default_factory=list)
    sums: list[Apply] = field(default_factory=list)
    images: dict[Node, Node] = field(default_factory=dict)

    @property
    def is_worth_it(self) -> bool:
        computed = len(self.members) - len(self.sums)
        return len(self.members) >= _FEWEST and computed > len(self.stored)


def with_blocks(graph: Graph) -> Graph:
    """Return `graph` with loops over blocks of rows."""
    blocks = _Blocks(graph)
    return blocks.graph() if blocks.groups else graph


class _Blocks:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._roots = (*graph.outputs, *graph.counts.values())
        needed = graph.needed(graph.counts)
        self._nodes = [node for node in graph.nodes() if node in needed]
        self._primal = set(graph.primal_nodes)
        self._numbers = numbers_among(self._nodes)
        self._looked: dict[Node, list[_Group]] = {}
        self._phases = Phases(self._nodes)
        self._group_of, found = self._grouped()
        postponed = self._phases.postponed({*self._primal, *self._roots}, self._find_stored())
        if postponed is not self._phases:
            self._phases = postponed
            self._group_of, found = self._grouped()
            self._find_stored()
        self.groups = [group for group in found if group.is_worth_it]
        if self.groups and len(self.groups) < len(found):
            kept = set(self.groups)
            self._group_of = {node: group for node, group in self._group_of.items() if group in kept}
            self._find_stored()
        self._new: dict[Node, Node] = {}

    # --- what belongs together ----------------------------------------------------------------------------------------

    def _grouped(self) -> tuple[dict[Node, _Group], list[_Group]]:
        """Return the groups of nodes, and all of them in their order."""
        found: dict[Key, _Group] = {}
        group_of: dict[Node, _Group] = {}
        for node, length in self._phases.lengths.items():
            if not is_look(node):
                key = (length, self._phases.phase(node))
                group = found.setdefault(key, _Group(len(found) + 1, length))
                group_of[node] = group
                group.members.append(node)  # type: ignore[arg-type]  # which has arguments
        return group_of, [*found.values()]

    def _find_stored(self) -> set[Node]:
        """Find out which rows others need than the loop that computes them; return all arrays of which all is needed."""
        whole: set[Node] = set(self._roots)
        self._looked = {}
        groups = list(dict.fromkeys(self._group_of.values()))
        for group in groups:
            group.needed, group.stored, group.sums = [], [], []
        for node in reversed(self._nodes):
            group_of = self._group_of.get(node)
            if group_of is not None:
                assert isinstance(node, Apply)
                group_of.needed.append(node)
                if node in self._phases.sums:
                    group_of.sums.append(node)
                elif node in whole:
                    group_of.stored.append(node)
                self._need(node, group_of, whole)
                continue
            for group in self._looked.get(node, ()):
                assert isinstance(node, Apply)
                group.needed.append(node)
                self._need(node, group, whole)
            if node in whole:
                whole.update(children(node))
        for group in groups:
            for nodes in (group.needed, group.stored, group.sums):
                nodes.reverse()
        return whole

    def _need(self, node: Apply, group: _Group, whole: set[Node]) -> None:
        """Note what `node` needs, computed in the loop of `group`."""
        for arg, own in zip(node.args, self._phases.flags[node], strict=True):
            if own and self._group_of.get(arg) is group and arg not in self._phases.sums:
                continue
            if own and arg in self._phases.of_rows and is_look(arg):  # which is looked at again there
                groups = self._looked.setdefault(arg, [])
                if group not in groups:
                    groups.append(group)
            elif not isinstance(arg, Const):
                whole.add(arg)

    # --- the graph ----------------------------------------------------------------------------------------------------

    def graph(self) -> Graph:
        """Return the graph with loops in the place of what they compute."""
        built: set[_Group] = set()
        for node in sorted(self._nodes, key=self._stage):
            group = self._group_of.get(node)
            if group is None:
                if all(child in self._new for child in children(node)):
                    self._new[node] = self._rebuilt(node)
            elif group not in built:
                built.add(group)
                self._build(group)
        return self._with_tables()

    def _stage(self, node: Node) -> int:
        """Return a number that is larger for what needs the end of a loop."""
        in_loop = node in self._phases.of_rows or node in self._phases.sums
        return 2 * self._phases.ready[node] - in_loop

    def _rebuilt(self, node: Node) -> Node:
        if isinstance(node, Apply):
            return rebuilt(node, tuple([self._new[arg] for arg in node.args]))
        if isinstance(node, Output):
            return make_output(self._new[node.source], node.index, node.shape, node.dtype)  # type: ignore[arg-type]
        return node

    def _build(self, group: _Group) -> None:
        """Make the node of a loop, and what it gives."""
        rows = named(f"#own{group.number}")
        images, inputs, args, sliced = group.images, list[Input](), list[Node](), list[bool]()

        def bound(arg: Node, own: bool) -> Node:
            if isinstance(arg, Const) and own:
                return constant_rows(arg, rows)
            if arg in self._numbers:  # which stand where they are used, or above the function
                return number_rows(arg, rows) if own else arg
            known = images.get(arg) if own else wholes.get(arg)
            if known is None:
                shape = (rows, *arg.shape[1:]) if own else arg.shape
                known = make_input(len(inputs), shape, arg.dtype, _LEVEL + group.number)
                inputs.append(known)
                args.append(self._new[arg])
                sliced.append(own)
                (images if own else wholes)[arg] = known
            return known

        wholes: dict[Node, Node] = {}
        for node in group.needed:
            operands = [bound(arg, own) for arg, own in zip(node.args, self._phases.flags[node], strict=True)]
            if node.op is place and node in self._phases.sums:
                continue  # which every block adds to
            images[node] = _summed(node, operands) if node in self._phases.sums else of_rows(node, operands, rows)
        results = [*group.stored, *group.sums]
        outputs, moved = self._outputs(results, images, lambda arg: bound(arg, True))
        params = (
            ("body", Body(tuple(inputs), tuple(outputs))),
            ("length", group.length),
            ("moved", moved),
            ("number", group.number),
            ("primal", frozenset(images[node] for node in images if node in self._primal)),
            ("sliced", tuple(sliced)),
            ("stored", len(group.stored)),
        )
        loop = make_apply(in_blocks, tuple(args), params, (), "float64")
        for position, node in enumerate(results):
            output: Node = make_output(loop, position, node.shape, node.dtype)
            if node.op is mean and node in self._phases.sums:
                output = output / count_of(node.args[0], node.param("axes"), node.dtype)  # type: ignore[arg-type]
            self._new[node] = output

    def _outputs(
        self, results: Sequence[Apply], images: Mapping[Node, Node], bound: Callable[[Node], Node]
    ) -> tuple[list[Node], tuple[tuple[int, tuple[Moved, ...]], ...]]:
        """Return the outputs of a body, one for each of `results` and then some more, and which are added further down."""
        outputs: list[Node] = []
        more: list[Node] = []
        moved = []
        for position, node in enumerate(results):
            if node.op is not place or node not in self._phases.sums:
                outputs.append(images[node])
                continue
            parts = []
            for arg, bounds in zip(node.args, node.param("bounds"), strict=True):  # type: ignore[call-overload]
                negative = isinstance(arg, Apply) and arg.op is neg and arg.args[0] in images
                rows = images[arg.args[0]] if negative else bound(arg)
                parts.append(Moved(len(results) + len(more), bounds[0][0] or 0, negative))
                more.append(rows)
            outputs.append(more[-1])
            moved.append((position, tuple(parts)))
        return [*outputs, *more], tuple(moved)

    def _with_tables(self) -> Graph:
        """Return the new graph, which knows the names and adjoints of old nodes where their places are now."""
        graph, new = self._graph, self._new
        every = [new, *(group.images for group in self.groups)]
        stored = {node for group in self.groups for node in group.stored}
        names: dict[Node, str] = {}
        adjoints: dict[Node, Node] = {}
        remarks: dict[Node, str] = {}
        for images in every:
            for node, image in images.items():
                if node in graph.names and (images is new or node not in stored):
                    names[image] = graph.names[node]
                if node in graph.remarks:
                    remarks[image] = graph.remarks[node]
                adjoint = graph.adjoints.get(node)
                if adjoint in images and (images is new or adjoint not in stored):
                    adjoints[image] = images[adjoint]
                elif adjoint in stored and node not in new:  # of what only a block knows
                    adjoints[image] = new[adjoint]
        return replace(
            graph,
            primals=tuple(new.get(node, node) for node in graph.primals),
            outputs=tuple(new[node] for node in graph.outputs),
            counts={name: new[node] for name, node in graph.counts.items()},
            forward=tuple(new.get(node, node) for node in graph.forward),
            names=names,
            adjoints=adjoints,
            remarks=remarks,
        )


def _summed(node: Apply, operands: Sequence[Node]) -> Node:
    """Return the sum over the rows of a block; that of a mean is divided when all are there."""
    if node.op is mean:
        return reduce_sum(operands[0], axes=node.param("axes"))
    return make_apply(node.op, tuple(operands), node.params, node.shape, node.dtype)
