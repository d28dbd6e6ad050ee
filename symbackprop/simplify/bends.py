"""What is smooth although it is written through bends, written without them.

``abs(x)`` bends at 0 and ``maximum(x, y)`` where both are equal, and rules give derivatives at a bend by policy. A
function of bends may be smooth there all the same, as ``abs(x) * x * abs(x)`` is, and its derivatives are then no matter
of policy. So such functions are found before they are differentiated: a bend is a choice between two pieces, of u and -u
for ``abs(u)``, of a and b for ``maximum(a, b)``, whose ``minimum`` takes the other one. What is the same when the pieces
are exchanged, by the signs and the order of the arguments of all that is computed on the way, does not depend on the
choice, and is written with one of them: ``x**3``.

What has that symmetry by a theorem alone stays as it is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, Const, Node, constant
from symbackprop.ops import primitives
from symbackprop.ops.arithmetic import add, div, integer_power, mul, neg
from symbackprop.ops.broadcasting import rebuilt
from symbackprop.ops.contraction import einsum
from symbackprop.ops.declare import Primitive
from symbackprop.ops.extrema import maximum, minimum, relu
from symbackprop.ops.rounding import absolute
from symbackprop.simplify.pattern import Rewrites, with_new_arguments

__all__ = ["without_bends"]

_NAME = "smooth through bends"
_BENT = frozenset((absolute, maximum, minimum, relu))
_BENDS = 8  # that are followed in one expression, and
_NODES = 200  # as far from what is smooth again
_PARTS = 8  # of a sum or product of which the order does not matter


def _named(*names: str) -> frozenset[Primitive]:
    return frozenset(primitives()[name] for name in names)


_EVEN = _named("cos", "cosh", "sinc", "logcosh", "hypot")  # in each of their arguments
_ODD = _named("sin", "tan", "arcsin", "arctan", "sinh", "tanh", "arcsinh", "arctanh", "cbrt", "sign", "erf")
_COMMUTING = _named("hypot", "logaddexp")
_MULTILINEAR = frozenset((mul, div, einsum))


class _Forms:
    """Numbers for expressions: one for all that differ by the order of terms and factors; negated, that of -x."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[object, ...], int] = {}
        self._parts: dict[int, tuple[object, tuple[int, ...]]] = {}  # of sums and products

    def number(self, *structure: object) -> int:
        return self._numbers.setdefault(structure, len(self._numbers) + 1)

    def larger(self, *args: int) -> int:
        """Return the number of the maximum of two arguments."""
        return self.number(maximum, *sorted(args))

    def leaf(self, node: Node) -> int:
        if not isinstance(node, Const):
            return self.number(node)
        value = node.value
        if isinstance(value, bool) or not isinstance(value, (int, float, Fraction)):
            return self.number(Const, value, node.shape)
        number = self.number(Const, abs(value), node.shape) if value else 0
        return -number if value < 0 else number

    def applied(self, node: Apply, args: Sequence[int]) -> int:
        """Return the number of an operation of arguments with these numbers."""
        op = node.op
        if op is neg:
            return -args[0]
        if op is add:
            return self._sum(args)
        if op in _MULTILINEAR:
            return _sign(args) * self._product(node, [abs(arg) for arg in args])
        if op is absolute:
            return self.larger(args[0], -args[0])
        if op is maximum or op is relu:
            return self.larger(*args) if op is maximum else self.larger(args[0], 0)
        if op is minimum:
            return -self.larger(*(-arg for arg in args))
        sign = 1
        if op in _EVEN or (op is integer_power and node.param("n") % 2 == 0):  # type: ignore[operator]
            args = [abs(arg) for arg in args]
        elif op in _ODD or op is integer_power or (_is_linear(op) and len(args) == 1):
            sign, args = _sign(args), [abs(arg) for arg in args]
        args = sorted(args) if op in _COMMUTING else args
        return sign * self.number(op, node.params, node.shape, node.dtype, *args)

    def _sum(self, args: Iterable[int]) -> int:
        terms: list[int] = []
        for arg in args:
            kind, parts = self._parts.get(abs(arg), (None, ()))
            terms += [part if arg > 0 else -part for part in parts] if kind is add and len(parts) < _PARTS else [arg]
        plus, minus = tuple(sorted(terms)), tuple(sorted(-term for term in terms))
        return self._of_parts(add, plus) if plus >= minus else -self._of_parts(add, minus)

    def _product(self, node: Apply, args: Sequence[int]) -> int:
        if node.op is not mul:
            return self.number(node.op, node.params, node.shape, *args)
        factors: list[int] = []
        for arg in args:
            kind, parts = self._parts.get(arg, (None, ()))
            factors += parts if kind is mul and len(parts) < _PARTS else [arg]
        return self._of_parts(mul, tuple(sorted(factors)))

    def _of_parts(self, op: Primitive, parts: tuple[int, ...]) -> int:
        number = self.number(op, *parts)
        self._parts[number] = op, parts
        return number


def _sign(args: Iterable[int]) -> int:
    sign = 1
    for arg in args:
        sign *= (arg > 0) - (arg < 0)
    return sign


def _is_linear(op: object) -> bool:
    return isinstance(op, Primitive) and op.kind == "linear"


class _Symmetries:
    """The numbers of nodes, and of what they are with the pieces of one bend exchanged."""

    def __init__(self) -> None:
        self._forms = _Forms()
        self._number: dict[Node, int] = {}
        self._exchanged: dict[Node, dict[int, int]] = {}  # by bend, where that is another number
        self._untold: set[Node] = set()  # of which it is not known
        self._sizes: dict[Node, int] = {}  # of what moves, at most
        self._bend: dict[Node, int] = {}

    def enter(self, node: Node) -> int | None:
        """Take in a node after all its arguments; return a bend that is none in it."""
        if not isinstance(node, Apply):
            self._number[node] = self._forms.leaf(node)
            if not isinstance(node, Const) and hasattr(node, "source"):
                self._untold.add(node)
            return None
        own = self._number[node] = self._forms.applied(node, [self._number[arg] for arg in node.args])
        if any(arg in self._untold for arg in node.args):
            self._untold.add(node)
            return None
        moved = {bend for arg in node.args for bend in self._exchanged.get(arg, ())}
        found = {bend: self._forms.applied(node, [self._image(arg, bend) for arg in node.args]) for bend in moved}
        smooth = [bend for bend in sorted(moved) if found[bend] == own]
        exchanged = {bend: number for bend, number in found.items() if number != own}
        if node.op in _BENT:
            self._bend[node], exchanged = self._as_bend(node, exchanged)
        size = 1 + sum(self._sizes.get(arg, 0) for arg in node.args)
        if len(exchanged) > _BENDS or size > _NODES:
            self._untold.add(node)
        elif exchanged:
            self._exchanged[node], self._sizes[node] = exchanged, size
        return smooth[0] if smooth else None

    def _image(self, node: Node, bend: int) -> int:
        return self._exchanged.get(node, {}).get(bend, self._number[node])

    def _pieces(self, node: Apply) -> tuple[int, int]:
        numbers = [self._number[arg] for arg in node.args]
        if len(numbers) == 1:
            numbers.append(-numbers[0] if node.op is absolute else 0)
        return numbers[0], numbers[1]

    def _as_bend(self, node: Apply, exchanged: dict[int, int]) -> tuple[int, dict[int, int]]:
        """Return the bend that a node is, and what is known of it: a maximum becomes the minimum, and that the maximum."""
        a, b = self._pieces(node)
        larger, smaller = self._forms.larger(a, b), -self._forms.larger(-a, -b)
        bend = min(larger, -smaller)
        return bend, {**exchanged, bend: larger if node.op is minimum else smaller}

    def _piece(self, node: Apply) -> Node:
        """Return one of both pieces: of all that are the same bend, the same one."""
        a, b = self._pieces(node)
        first = a < b if node.op is minimum else a > b
        if first:
            return node.args[0]
        if node.op is absolute:
            return neg(node.args[0])
        return constant(0, node.shape, node.dtype) if node.op is relu else node.args[1]

    def straightened(self, node: Apply, bend: int) -> Node:
        """Return `node` with a piece in the place of a bend."""
        done: dict[Node, Node] = {}
        waiting: list[Node] = [node]
        while waiting:
            top = waiting[-1]
            if top is not node and bend not in self._exchanged.get(top, ()):
                done[top] = top
            elif self._bend.get(top) == bend:
                done[top] = self._piece(top)  # type: ignore[arg-type]
            if top in done:
                waiting.pop()
                continue
            assert isinstance(top, Apply)
            below = [arg for arg in top.args if arg not in done]
            waiting += below
            if not below:
                done[top] = rebuilt(top, tuple(done[arg] for arg in top.args))
        return done[node]


def without_bends(graph: Graph, log: Rewrites) -> Graph:
    """Return `graph` without the bends at which what is computed of them is smooth; one bend of each node at a time."""
    nodes = graph.nodes()
    if not any(isinstance(node, Apply) and node.op in _BENT for node in nodes):
        return graph
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
    return graph.mapped(lambda node: new.get(node, node))
