"""Derivatives of nodes along a curve, of any order: each is found from those of lower order, and found once.

Along a curve ``x(t)`` the derivative of ``v = f(u)`` is ``f'(u) u_1``: what the forward rule of the operation says, an
expression of its argument ``u``, its result ``v`` and the first derivative of ``u``. So

    v_k = (f'(u) u_1)_{k-1}

whose right side needs ``v`` itself only to order k - 1. Of tanh, whose rule is ``(1 - v**2) u_1``, that is the textbook's
recurrence; so are those of exp, log, tan, sine and cosine and all functions whose derivatives lead back to themselves. A
function that has a new function as its derivative at every order, as gamma has, takes k of these. Nothing is ever
differentiated twice: an operation takes O(k**2) statements at most, where nested forward passes take 2**k.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

from symbackprop.diff.forward import ENGINE
from symbackprop.errors import UnsupportedError
from symbackprop.ir.dtype import is_float
from symbackprop.ir.graph import children
from symbackprop.ir.node import Apply, Const, Node, Output, make_input, make_output
from symbackprop.ops.arithmetic import add, div, integer_power, mul
from symbackprop.ops.broadcasting import rebuilt
from symbackprop.ops.comparison import equal, where
from symbackprop.ops.declare import Primitive
from symbackprop.ops.exponential import log
from symbackprop.ops.powers import pow_, power
from symbackprop.simplify.pattern import with_new_arguments
from symbackprop.transform.taylor.bodies import BODIES
from symbackprop.transform.taylor.leibniz import RULES, Series, has_negative_exponent, negative_power, square, times

__all__ = ["Expansion"]

_Key = tuple[Node, int]
_Steps = Generator[_Key, None, Node | None]  # asks for what has to be known before, then returns


class Expansion:
    """The derivatives of nodes along a curve.

    Parameters
    ----------
    curve : mapping of Node to derivatives
        For the inputs that move their derivatives, from the first on; those that are not given are zero.
    order : int
        The highest order that will be asked for.
    """

    def __init__(self, curve: Mapping[Node, Sequence[Node | None]], order: int) -> None:
        self._order = order
        self._found: dict[Node, list[Node | None]] = {}
        self._shifted: dict[Node, Node] = {}  # a symbol for the first derivative of a node, and that node
        self._symbols: dict[Node, Node] = {}
        self._slopes: dict[Node, Sequence[Node | None]] = {}
        self._results: dict[_Key, Sequence[Mapping[int, Node]]] = {}  # of loops and branches: by order
        self._twins: dict[Node, Node] = {}  # results of loops, and the same of those that give derivatives too
        self._inner: set[Node] = set()  # the loops, branches and powers of derivatives
        self._open: set[_Key] = set()
        for x, slopes in curve.items():
            self._found[x] = [x, *slopes, *[None] * (order - len(slopes))]

    def series(self, node: Node, order: int) -> list[Node | None]:
        """Return a node and its derivatives up to an order; None where one is zero."""
        self._find(node, order)
        return self._found[node][: order + 1]

    def known(self, node: Node) -> Sequence[Node | None]:
        """Return a node and those of its derivatives that have been found on the way."""
        return self._found.get(node, ())

    def in_one_loop(self, roots: Iterable[Node]) -> dict[Node, Node]:
        """Return what nodes become once the loops that give derivatives give the values too."""
        new: dict[Node, Node] = {}
        waiting = [*roots] if self._twins else []
        while waiting:
            node = waiting[-1]
            twin = self._twins.get(node)
            below = [child for child in (children(node) if twin is None else (twin,)) if child not in new]
            waiting += below
            if not below:
                new[waiting.pop()] = with_new_arguments(node, new) if twin is None else new[twin]
        return new

    def _find(self, node: Node, order: int) -> None:
        waiting = [((node, order), self._steps(node, order))]
        while waiting:
            key, steps = waiting[-1]
            self._open.add(key)
            for needed in steps:
                if not self._has(*needed):
                    if needed in self._open:
                        raise UnsupportedError(f"derivatives of {needed[0].describe()} need higher ones of itself")
                    waiting.append((needed, self._steps(*needed)))
                    break
            else:
                self._open.discard(waiting.pop()[0])

    def _has(self, node: Node, order: int) -> bool:
        return len(self._found.get(node, ())) > order

    def _steps(self, node: Node, order: int) -> Generator[_Key, None, None]:
        """Find one derivative, all of whose lower ones come first."""
        if order:
            yield node, order - 1
        found = yield from self._value(node) if order == 0 else self._derivative(node, order)
        self._found.setdefault(node, []).append(found)

    def _value(self, node: Node) -> _Steps:
        """Return what a node is, once symbols have become the derivatives that they stand for."""
        if node in self._shifted:
            inner = self._shifted[node]
            yield inner, 1
            return self._found[inner][1]
        below = children(node)
        for child in below:
            yield child, 0
        if isinstance(node, Apply):
            args = tuple(self._found[arg][0] for arg in node.args)
            if node.op is mul and args != node.args:
                return times(1, *args)  # without factors 1, the derivative of what everything else is derived by
            return rebuilt(node, args)  # type: ignore[arg-type]
        if isinstance(node, Output):
            source = self._found[node.source][0]
            assert isinstance(source, Apply)
            return make_output(source, node.index, node.shape, node.dtype)
        return node

    def _derivative(self, node: Node, order: int) -> _Steps:
        if node in self._shifted:
            inner = self._shifted[node]
            yield inner, order + 1
            return self._found[inner][order + 1]
        applied = node.source if isinstance(node, Output) else node
        if not isinstance(applied, Apply) or not is_float(node.dtype):
            return None
        for arg in applied.args:
            yield arg, 1
        if all(self._found[arg][1] is None for arg in applied.args):
            return None
        if isinstance(node, Output) and applied.op in BODIES:
            return (yield from self._by_bodies(node, order))
        if isinstance(node, Output):
            return (yield from self._by_slope(node, order))
        assert isinstance(applied.op, Primitive)
        if applied.op in RULES or applied.op.kind == "linear":
            return (yield from self._by_rule(applied, order))
        if applied.op is integer_power and order > 1:
            return (yield from self._of_integer_power(applied, order))
        if has_negative_exponent(applied):
            yield applied.args[0], order
            return negative_power(applied, self._found[applied.args[0]], self._found[applied], order)
        if applied.op is pow_ and self._found[applied.args[1]][1] is not None:
            return (yield from self._of_power(applied, order))
        return (yield from self._by_slope(node, order))

    def _at(self, node: Apply) -> Apply:
        value = self._found[node][0]
        assert isinstance(value, Apply)
        return value

    def _by_rule(self, node: Apply, order: int) -> _Steps:
        for arg in node.args:
            yield arg, order
        arguments = [self._found[arg] for arg in node.args]
        rule = RULES.get(node.op)
        if rule is not None:
            return rule(node, arguments, self._found[node], order)
        assert isinstance(node.op, Primitive)
        tangents = [series[order] for series in arguments]
        return None if all(x is None for x in tangents) else node.op.jvp(tangents, self._at(node))

    def _by_bodies(self, node: Output, order: int) -> _Steps:
        """Find the derivatives of all orders at once, as a loop gives them, but no more than a derivative asks for."""
        source = node.source
        highest = order if source in self._inner else self._order
        if (source, highest) not in self._results:
            for arg in source.args:
                yield arg, highest
            given = [self._found[arg] for arg in source.args]
            self._results[source, highest] = BODIES[source.op](self._at(source), given, highest, _expanded)
        results = self._results[source, highest]
        if source not in self._inner and 0 in results[node.index]:
            self._twins[node] = results[node.index][0]
        return results[node.index].get(order)

    def _of_integer_power(self, node: Apply, order: int) -> _Steps:
        """Differentiate ``x**n`` as ``(x**(n/2))**2`` or ``x * x**(n-1)``, unless x is linear along the curve."""
        (x,), n = node.args, node.param("n")
        assert isinstance(n, int)
        yield x, 2
        if self._found[x][2] is None:
            return (yield from self._by_slope(node, order))
        if n == 2:
            yield x, order
            return square(self._found[x], order)
        halves = integer_power(x, n=n // 2) if n > 3 else x
        same = mul(x, integer_power(x, n=n - 1)) if n % 2 else integer_power(halves, n=2)
        yield same, order
        return self._found[same][order]

    def _of_power(self, node: Apply, order: int) -> _Steps:
        """Differentiate ``x**y`` where y moves: as its rule says once, and then as the formula says, to infinity at 0**0.

        The rule has derivatives 0 at x = y = 0, which is a policy for the first one: there are none above that.
        """
        x, y = node.args
        if order == 1 and node not in self._inner:
            return pow_.jvp([self._found[arg][1] for arg in node.args], self._at(node))
        if node not in self._slopes:
            partials = (y * power(x, y - 1), node * log(where(equal(x, 0), 1, x)))
            dots = map(self._symbol, node.args)
            slope = add(*(mul(dot, own) for dot, own in zip(dots, partials, strict=True) if dot is not None))
            self._slopes[node] = [slope]
            self._inner.update(new for new in self._new([slope]) if new.op is pow_)
        return (yield from self._by_slope(node, order))

    def _by_slope(self, node: Node, order: int) -> _Steps:
        """Differentiate the first derivative, as the forward rule has it, once less."""
        source, position = (node.source, node.index) if isinstance(node, Output) else (node, 0)
        assert isinstance(source, Apply)
        if source not in self._slopes:
            self._slopes[source] = self._slopes_of(source)
        slope = self._slopes[source][position]
        if slope is None:
            return None
        yield slope, order - 1
        return self._found[slope][order - 1]

    def _slopes_of(self, node: Apply) -> Sequence[Node | None]:
        """Return the first derivatives of the results of a node, in symbols for those of its arguments."""
        op = node.op
        assert isinstance(op, Primitive)
        symbols = [self._symbol(arg) for arg in node.args]
        found = op.jvp(symbols, node, ENGINE) if op.has_bodies else op.jvp(symbols, node)
        slopes: list[Node | None] = [*found] if op.outputs else [_over_denominators(found)]  # type: ignore[misc]
        self._inner.update(node for node in self._new(slopes) if node.op in BODIES)
        return slopes

    def _new(self, roots: Sequence[Node | None]) -> Iterator[Apply]:
        """Yield the operations of derivatives that are not in what is derived."""
        seen: set[Node] = set()
        waiting = [root for root in roots if root is not None]
        while waiting:
            node = waiting.pop()
            if node not in seen and node not in self._found:
                seen.add(node)
                waiting += children(node)
                if isinstance(node, Apply):
                    yield node

    def _symbol(self, node: Node) -> Node | None:
        """Return the symbol for the first derivative of a node; None if that is zero."""
        if self._found[node][1] is None:
            return None
        if node not in self._symbols:
            symbol = make_input(len(self._symbols), node.shape, node.dtype, level=-1)
            self._symbols[node], self._shifted[symbol] = symbol, node
        return self._symbols[node]


def _expanded(outputs: Sequence[Node], curve: Mapping[Node, Series], order: int) -> list[Series]:
    """Return the series of what a body computes."""
    inside = Expansion(curve, order)
    found = [inside.series(output, order) for output in outputs]
    new = inside.in_one_loop(node for series in found for node in series if node is not None)
    return [[None if node is None else new.get(node, node) for node in series] for series in found]


def _over_denominators(node: Node | None) -> Node | None:
    """Return ``t * (a / b)``, as a forward rule has it, as ``(t * a) / b``, the derivatives of which need only one quotient."""
    if not isinstance(node, Apply):
        return node
    if node.op is add:
        return add(*map(_over_denominators, node.args))  # type: ignore[arg-type]
    if node.op is not mul or not isinstance(node.args[1], Apply) or node.args[1].op is not div:
        return node
    tangent, (above, below) = node.args[0], node.args[1].args
    is_one = isinstance(above, Const) and above.value == 1
    return div(tangent if is_one else mul(tangent, above), below)
