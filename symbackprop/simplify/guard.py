"""Masked branches cannot poison: partial functions under a mask get a safe argument where the mask is off.

``where(x > 0, log(x), 0)`` becomes ``where(x > 0, log(where(x > 0, x, 1)), 0)``: neither the value of the branch nor
its derivative is infinite or nan where it is not taken, so that its zero cotangent stays zero. Functions that overflow
count as partial: ``0*exp(1000)`` is nan too.

A node has at most two versions: as it is, for uses outside any mask, and guarded by the union of the masks of its
other uses. So the work is linear in the graph. Masks are followed as `followed.py` says; below any other operation
nodes stay as they are. Inputs whose finiteness the formula tests are safe under masks themselves. A condition that is itself under a mask is guarded by
that before it guards anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from symbackprop.ir.dtype import is_float
from symbackprop.ir.graph import Graph, children
from symbackprop.ir.node import Apply, Const, Node, Output, constant, make_output
from symbackprop.ops.broadcasting import rebuilt
from symbackprop.ops.comparison import where
from symbackprop.ops.declare import Primitive
from symbackprop.ops.partial import is_partial
from symbackprop.simplify.elsewhere import Elsewhere
from symbackprop.simplify.followed import is_uniform, mask_of_argument, reads_every_entry, same, tested_inputs
from symbackprop.simplify.loops.masked import has_partial_steps, under_mask
from symbackprop.simplify.masks import ALWAYS, NEVER, Conditions, Mask, mask_node, numbers_in
from symbackprop.simplify.pattern import Rewrites

__all__ = ["guard_branches"]

_NAME = "safe argument under a mask"

_Key = tuple[Node, bool] | int  # a node as it is or guarded; or the number of a condition


def guard_branches(graph: Graph, log: Rewrites) -> Graph:
    """Return `graph` with the partial functions of masked branches made safe."""
    if not graph.applies(where):
        return graph
    if len(graph.parts) > 1:
        return _each_guarded(graph, log)
    order = graph.primal_nodes
    steps = {node for node in graph.counts.values() if isinstance(node, Output)}  # of loops, which may be under masks
    roots = [root for root in graph.roots if root not in steps]
    uses = _Uses(order, roots)
    if not any(uses.is_guarded(node) for node in uses.masks):
        return graph
    versions = _Versions(uses, log)
    versions.make(roots)
    new = versions.all()
    for node in steps:
        new[node] = _with_arguments(node, [new.get(node.source, node.source)])
    return graph.mapped(new)


def _each_guarded(graph: Graph, log: Rewrites) -> Graph:
    """Return a graph of several bodies, each guarded by its own masks: those of another one it does not bind."""
    rest = iter(graph.outputs)
    outputs: list[Node] = []
    names: dict[Node, str] = {}
    for count in graph.parts:
        own = tuple(islice(rest, count))
        guarded = guard_branches(replace(graph, primals=own, outputs=own, labels=graph.labels[:count], parts=()), log)
        outputs += guarded.outputs
        for node, name in guarded.names.items():
            names.setdefault(node, name)
    if outputs == [*graph.outputs]:
        return graph
    new = dict(zip(graph.outputs, outputs, strict=True))
    primals = outputs if graph.primals == graph.outputs else [new[node] for node in graph.primals]
    return replace(graph, primals=tuple(primals), outputs=tuple(outputs), names=names)


# --- where nodes are used ---------------------------------------------------------------------------------------------


class _Uses:
    """The nodes used outside any mask, and for the others (and again for some) the union of their masks."""

    def __init__(self, order: Sequence[Node], roots: Sequence[Node]) -> None:
        self.conditions = Conditions()
        self.tested = tested_inputs(order)
        self.plain = set(roots)
        self.masks: dict[Node, Mask] = {}
        self._unfollowed: set[tuple[Node, int]] = set()  # arguments that nodes under masks read as they are
        for node in reversed(order):
            if self.masks.get(node) == ALWAYS:
                del self.masks[node]
                self.plain.add(node)
            if node in self.plain:
                for position, child in enumerate(children(node)):
                    self._join(child, self._branch_mask(node, position))
            if node in self.masks:
                self._pass_down(node, self.masks[node])

    def is_guarded(self, node: Node) -> bool:
        """Tell whether `node` needs more under a mask than guarded arguments."""
        return is_partial(node) or node in self.tested or self.is_masked_loop(node)

    def is_masked_loop(self, node: Node) -> bool:
        """Tell whether `node` is a loop, or branches, under one truth value, with partial functions in its steps."""
        if node not in self.masks or not has_partial_steps(node):
            return False
        return all(not self.conditions.condition(number).shape for number in numbers_in(self.masks[node]))

    def _pass_down(self, node: Node, mask: Mask) -> None:
        """Hand the mask of `node` to its arguments; below an operation that masks do not pass, uses are plain."""
        for position, child in enumerate(children(node)):
            inherited = self._mask_of_argument(node, position, mask)
            own = self._branch_mask(node, position)
            if inherited is None:
                self._unfollowed.add((node, position))
            self._join(child, inherited if own is None or inherited is None else self.conditions.both(inherited, own))

    def passes_down(self, node: Node, position: int) -> bool:
        """Tell whether what reads an argument of `node` under the mask of that may have it guarded."""
        return (node, position) not in self._unfollowed

    def _branch_mask(self, node: Node, position: int) -> Mask | None:
        """Return the mask under which a branch of a `where` is read."""
        if not isinstance(node, Apply) or node.op is not where or position == 0:
            return None
        return self.conditions.literal(node.args[0], holds=position == 1)

    def _mask_of_argument(self, node: Node, position: int, mask: Mask) -> Mask | None:
        """Return the mask of `node` in the shape of its argument, or None where it cannot be followed."""
        conditions = [self.conditions.condition(number) for number in numbers_in(mask)]
        alone = len(conditions) == 1 and mask == self.conditions.literal(conditions[0], holds=True)
        if alone and reads_every_entry(node, conditions[0]):
            return None
        follow = mask_of_argument(node, position, is_uniform(conditions))
        return mask if follow is same else None if follow is None else self.conditions.derived(mask, follow)

    def _join(self, child: Node, mask: Mask | None) -> None:
        if mask is None or not (isinstance(child, (Apply, Output)) or child in self.tested):
            self.plain.add(child)
        else:
            known = self.masks.get(child)
            self.masks[child] = mask if known is None else self.conditions.either(known, mask)


# --- versions of them -------------------------------------------------------------------------------------------------


class _Versions:
    """Each node as it is and guarded, and each condition, made once and after what it is made of."""

    def __init__(self, uses: _Uses, log: Rewrites) -> None:
        self._uses = uses
        self._log = log
        self._nodes: dict[tuple[Node, bool], Node] = {}
        self._conditions: dict[int, Node] = {}
        self._elsewhere = Elsewhere(uses.conditions)

    def all(self) -> dict[Node, Node]:
        """Return what each node of the old graph has become; what it is as it stands, if anything reads that."""
        guarded = {node: new for (node, is_guarded), new in self._nodes.items() if is_guarded}
        return guarded | {node: new for (node, is_guarded), new in self._nodes.items() if not is_guarded}

    def make(self, roots: Sequence[Node]) -> None:
        """Make the versions of all that `roots` reach.

        A condition may be needed for a node that it is computed from itself; it is then taken as it was, which is
        right and only less safe.
        """
        waiting: list[_Key] = [(root, False) for root in reversed(roots)]
        started: set[_Key] = set()
        while waiting:
            key = waiting[-1]
            if key in started:
                waiting.pop()
                if not self._is_made(key):
                    self._finish(key)
                continue
            started.add(key)
            waiting.extend(need for need in reversed(self._needs(key)) if need not in started)

    def _key(self, node: Node, guarded: bool) -> tuple[Node, bool]:
        """Return which version of a node is read where `guarded` says how its consumer stands."""
        return node, node in self._uses.masks and (guarded or node not in self._uses.plain)

    def _operands(self, node: Node, guarded: bool) -> list[tuple[Node, bool]]:
        branches = isinstance(node, Apply) and node.op is where
        return [
            self._key(child, self._uses.passes_down(node, i) if guarded else branches and i > 0)
            for i, child in enumerate(children(node))
        ]

    def _needs(self, key: _Key) -> Sequence[_Key]:
        if isinstance(key, int):
            origin = self._uses.conditions.origin(key)
            return [self._condition_key(key)] if origin is None else numbers_in(origin[0])
        node, guarded = key
        conditions = numbers_in(self._uses.masks[node]) if guarded and self._uses.is_guarded(node) else []
        return [*self._operands(node, guarded), *conditions]

    def _is_made(self, key: _Key) -> bool:
        return key in self._conditions if isinstance(key, int) else key in self._nodes

    def _finish(self, key: _Key) -> None:
        if isinstance(key, int):
            origin = self._uses.conditions.origin(key)
            if origin is None:
                self._conditions[key] = self._nodes.get(self._condition_key(key), self._condition(key))
            else:
                mask, make = origin
                self._conditions[key] = make(mask_node(mask, self._condition))
            return
        node, guarded = key
        args = [self._nodes.get(operand, operand[0]) for operand in self._operands(node, guarded)]
        if isinstance(node, Apply) and guarded and is_partial(node):
            args = self._guarded(node, args, self._uses.masks[node])
        made = _with_arguments(node, args)
        if isinstance(node, Apply) and guarded and self._uses.is_masked_loop(node):
            made = under_mask(node, args, mask_node(self._uses.masks[node], self._condition))
            self._log[_NAME] += 1
        if guarded and node in self._uses.tested:
            made = self._chosen(node, 0.0, self._uses.masks[node])
        self._nodes[key] = made
        self._elsewhere.follow(made)

    def _guarded(self, node: Apply, args: Sequence[Node], mask: Mask) -> list[Node]:
        """Return the arguments of a partial function, with a safe value where the mask is off and they may be none."""
        name = node.op.name
        chosen: list[Node] = []
        for position, (arg, value) in enumerate(zip(args, _safe(node), strict=True)):
            needs_none = value is None or isinstance(arg, Const) or not is_float(arg.dtype)
            if value is None or needs_none or self._elsewhere.is_safe(name, position, len(args), arg, mask):
                chosen.append(arg)
                continue
            chosen.append(self._chosen(arg, value, mask))
        return chosen

    def _chosen(self, node: Node, value: float, mask: Mask) -> Node:
        """Return `node` where the mask holds, the safe value elsewhere."""
        self._log[_NAME] += 1
        safe = constant(int(value) if value == int(value) else value, node.shape, node.dtype)
        new = safe if mask == NEVER else where(mask_node(mask, self._condition), node, safe)
        self._elsewhere.chosen(new, mask, value)
        return new

    def _condition_key(self, number: int) -> tuple[Node, bool]:
        return self._key(self._uses.conditions.condition(number), False)

    def _condition(self, number: int) -> Node:
        """Return a condition as it is guarded, or as it was where that is still being made."""
        return self._conditions.get(number, self._uses.conditions.condition(number))


def _with_arguments(node: Node, args: Sequence[Node]) -> Node:
    """Return `node` as it is computed from `args`."""
    if isinstance(node, Apply):
        return rebuilt(node, tuple(args))
    if isinstance(node, Output):
        return make_output(args[0], node.index, node.shape, node.dtype)  # type: ignore[arg-type]
    return node


def _safe(node: Apply) -> Sequence[float | None]:
    assert isinstance(node.op, Primitive)
    return node.op.safe or (1.0,)
