"""What is smooth although it is written through bends, written without them.

``abs(x)`` bends at 0 and ``maximum(x, y)`` where both are equal, and rules give derivatives at a bend by policy. A
function of bends may be smooth there all the same, as ``abs(x) * x * abs(x)`` is, and its derivatives are then no matter
of policy. So such functions are found before they are differentiated: a bend is a choice between two pieces, of u and -u
for ``abs(u)``, of a and b for ``maximum(a, b)``, whose ``minimum`` takes the other one. What is the same when the pieces
are exchanged, by the laws of sums, products and signs (see `forms`), does not depend on the choice, and is written with
one of them: ``x**3``. So is a product with ``sign(u)`` that is 0 where u is.

The entries of an array bend each for itself: what is the same only if all pieces are exchanged at once, as a product of
two sums of absolute values, does depend on the choice. So bends of arrays are followed as far as entries stay apart.

What has that symmetry by a theorem alone stays as it is written.
"""

from __future__ import annotations

from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, Const, Input, Node, constant
from symbackprop.ops.arithmetic import add, div, mul, neg
from symbackprop.ops.broadcasting import cast, rebuilt
from symbackprop.ops.declare import Primitive
from symbackprop.ops.extrema import minimum
from symbackprop.ops.rounding import absolute, sign
from symbackprop.simplify.forms import BENT, Forms, Multiple
from symbackprop.simplify.pattern import Rewrites, with_new_arguments

__all__ = ["without_bends"]

_NAME = "smooth through bends"
_BENDS = 8  # that are followed in one expression, and
_NODES = 200  # as far from what is smooth again


def without_bends(graph: Graph, log: Rewrites) -> Graph:
    """Return `graph` without the bends at which what is computed of them is smooth; one bend of each node at a time."""
    if not graph.applies(*BENT):
        return graph
    nodes = graph.nodes()
    symmetries = _Symmetries()
    straight: dict[Node, Node] = {}
    for node in nodes:
        bend = symmetries.enter(node)
        if bend is not None:
            assert isinstance(node, Apply)
            straight[node] = symmetries.straightened(node, bend)
    if not straight:
        return graph
    log[_NAME] += len(straight)
    new: dict[Node, Node] = {}
    for node in nodes:
        new[node] = straight[node] if node in straight else with_new_arguments(node, new)
    return graph.mapped(new)


def _is_entry_by_entry(node: Apply) -> bool:
    return node.op in (add, cast) or (isinstance(node.op, Primitive) and node.op.kind == "elementwise")


class _Symmetries:
    """What nodes are, and what they become when the pieces of one bend are exchanged.

    A bend is known by the form of u, all of whose absolute values and signs are turned together.
    """

    def __init__(self) -> None:
        self._forms = Forms()
        self._own: dict[Node, Multiple] = {}
        self._exchanged: dict[Node, dict[int, Multiple]] = {}  # by bend, where that is something else
        self._signed: dict[Node, set[int]] = {}  # the bends of which a node has the sign, not 1 or -1 at 0
        self._untold: set[Node] = set()  # of which it is not known what they become
        self._sizes: dict[Node, int] = {}  # how many nodes become something else, at most
        self._bend: dict[Node, int] = {}
        self._of_arrays: set[int] = set()  # the bends whose entries each have pieces of their own

    def enter(self, node: Node) -> int | None:
        """Take in a node after all its arguments; return a bend that it has not, though they have."""
        if not isinstance(node, Apply):
            self._own[node] = self._forms.leaf(node)
            if not isinstance(node, Input | Const):
                self._untold.add(node)
            return None
        args = [self._own[arg] for arg in node.args]
        own = self._own[node] = self._forms.applied(node, args)
        if any(arg in self._untold for arg in node.args):
            self._untold.add(node)
            return None
        moved = {bend for arg in node.args for bend in self._exchanged.get(arg, ())}
        if node.op in BENT or node.op is sign:
            _, bend = self._forms.difference(node, args)
            if not self._forms.is_one(bend):
                self._bend[node] = bend
                moved.add(bend)
                if node.shape:
                    self._of_arrays.add(bend)
        if not _is_entry_by_entry(node) and not moved.isdisjoint(self._of_arrays):
            self._untold.add(node)  # entries meet here, and the pieces of each are exchanged without those of others
            return None
        images = {bend: self._forms.applied(node, self._images(node, bend), bend) for bend in sorted(moved)}
        smooth = [bend for bend, image in images.items() if image == own]
        self._keep(node, {bend: image for bend, image in images.items() if image != own})
        for bend in smooth:
            if not self._has_sign(node, bend) or self._vanishes(node, bend):
                return bend
        if smooth:
            self._untold.add(node)  # at the bend it has another value than beside it
        return None

    def _images(self, node: Apply, bend: int) -> list[Multiple]:
        return [self._exchanged.get(arg, {}).get(bend, self._own[arg]) for arg in node.args]

    def _keep(self, node: Apply, exchanged: dict[int, Multiple]) -> None:
        size = 1 + sum(self._sizes.get(arg, 0) for arg in node.args)
        if len(exchanged) > _BENDS or size > _NODES:
            self._untold.add(node)
        elif exchanged:
            self._exchanged[node], self._sizes[node] = exchanged, size
            self._signed[node] = {bend for bend in exchanged if self._has_sign(node, bend)}

    def _has_sign(self, node: Apply, bend: int) -> bool:
        if node.op is sign and self._bend.get(node) == bend:
            return True
        return any(bend in self._signed.get(arg, ()) for arg in node.args)

    def _vanishes(self, node: Apply, bend: int) -> bool:
        """Tell whether a product has a factor that is turned around with the bend, so that it is 0 there."""
        factors = node.args if node.op is mul else node.args[:1] if node.op is div else ()
        for factor in factors:
            coefficient, form = self._own[factor]
            turned = self._exchanged.get(factor, {}).get(bend) == (-coefficient, form)
            if turned and bend not in self._signed[factor]:
                return True
        return False

    def _piece(self, node: Apply) -> Node:
        """Return what a bent node is where u is positive."""
        coefficient, _ = self._forms.difference(node, [self._own[arg] for arg in node.args])
        if node.op is sign:
            return constant(1 if coefficient > 0 else -1, node.shape, node.dtype)
        if (coefficient > 0) is (node.op is not minimum):
            return node.args[0]
        if node.op is absolute:
            return neg(node.args[0])
        return node.args[1] if len(node.args) == 2 else constant(0, node.shape, node.dtype)

    def straightened(self, node: Apply, bend: int) -> Node:
        """Return `node` with a piece in the place of a bend."""
        done: dict[Node, Node] = {}
        waiting: list[Node] = [node]
        while waiting:
            top = waiting[-1]
            if self._bend.get(top) == bend:
                done[top] = self._piece(top)  # type: ignore[arg-type]
            elif top is not node and bend not in self._exchanged.get(top, ()):
                done[top] = top
            if top in done:
                waiting.pop()
                continue
            assert isinstance(top, Apply)
            below = [arg for arg in top.args if arg not in done]
            waiting += below
            if not below:
                done[top] = rebuilt(top, tuple(done[arg] for arg in top.args))
        return done[node]
