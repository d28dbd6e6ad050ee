"""Loops over logarithms run on the numbers themselves, scaled in every step.

    alpha_j  <-  logsumexp_i(alpha_i + A_ij) + b_j        a_j  <-  sum_i a_i exp(A_ij) exp(b_j) / m

With m the largest entry of what it divides, alpha is log(a) plus the logarithms of all m: a product with a matrix in the
place of exponentials in every step, which is how the forward algorithm is run (L. R. Rabiner, A tutorial on hidden
Markov models, Proc. IEEE 77 (1989) 257-286, section V.A). The derivatives are the same at every m, which counts as a
constant therefore.

Numbers that vanish beside the largest one may have logarithms that matter later. None do while the smallest entry of
exp(A) times that of exp(b), each beside the largest, is far above the smallest number there is: then so is every a
behind the first step. That is `assuming`, and tested when the arguments are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from symbackprop.ir.body import Body, fresh_inputs
from symbackprop.ir.graph import Graph, topological
from symbackprop.ir.node import Apply, Node, Output, constant
from symbackprop.ir.size import Size
from symbackprop.ops.arithmetic import add, mul
from symbackprop.ops.assumptions import LEAST_OF, assuming
from symbackprop.ops.bodies import substitute
from symbackprop.ops.broadcasting import broadcast, rebuilt, reduce_sum
from symbackprop.ops.contraction import contract
from symbackprop.ops.declare import Primitive
from symbackprop.ops.exponential import exp, log
from symbackprop.ops.indexing import gather, slice_
from symbackprop.ops.layout import transpose
from symbackprop.ops.loops import Loop, looped, scan
from symbackprop.ops.normalisation import log_softmax, logsumexp, softmax
from symbackprop.ops.reduction import largest, smallest
from symbackprop.ops.surrogate import stop_gradient
from symbackprop.simplify.applied import args_of, is_applied
from symbackprop.simplify.loops.before import CARRIED, ROW, SHARED, dependence, repeated_rows, with_products_before
from symbackprop.simplify.pattern import Rewrites, with_new_arguments

__all__ = ["with_scaled_loops"]

_NAME = "scaled numbers for logarithms"
_CHOOSING = frozenset((gather, transpose, slice_))  # an exponential may be taken before these as well as behind them

Labels = tuple[int, ...]  # of axes: those of the array that logsumexp reduces, by their numbers


def with_scaled_loops(graph: Graph, rewrites: Rewrites) -> Graph:
    """Return `graph` with its loops over logarithms run on scaled numbers; itself, where it has none."""
    if not any(is_applied(node, scan) and _step_of(Loop(node)) for node in graph.nodes()):  # type: ignore[arg-type]
        return graph
    moved = with_products_before(graph)
    new: dict[Node, Node] = {}
    names = dict(moved.names)
    found = 0
    for node in moved.nodes():
        new[node] = with_new_arguments(node, new)
        if not isinstance(node, Output) or node.index or not is_applied(node.source, scan):
            continue
        loop = Loop(new[node].source)  # type: ignore[attr-defined]
        scaled = _scaled(loop)
        if scaled is not None:
            new[node], state = scaled
            found += 1
            if (name := names.get(loop.carry_inputs[0])) is not None:
                names[state] = f"scaled_{name}"
    if not found:
        return graph
    rewrites[_NAME] += found
    return replace(moved, names=names).mapped(new)


@dataclass(frozen=True)
class _Term:
    """What is added to the state in a step, and which axes it has."""

    node: Node
    labels: Labels


@dataclass(frozen=True)
class _Step:
    """A step that adds `inner` to the state, takes the logsumexp, and adds `outer`.

    Parameters
    ----------
    before, after
        The axes of the state and of what becomes of it; what both have in the same place belongs to several loops in one.
    """

    before: Labels
    after: Labels
    inner: tuple[_Term, ...]
    outer: tuple[_Term, ...]
    summed: Node  # what logsumexp is taken of

    @property
    def several(self) -> Labels:
        """The axes over which nothing is summed: those of loops beside each other."""
        return tuple(label for label in self.before if label in self.after)


def _step_of(loop: Loop) -> _Step | None:
    """Return the step of a loop whose only state is a logarithm that it hands on in this form."""
    if loop.carries != 1 or loop.values or loop.kept or loop.length == 0:
        return None
    (state,), (new,) = loop.carry_inputs, loop.new_carries
    kinds = dependence(loop)
    outer, reduced = _parted(new, kinds)
    if new.dtype not in LEAST_OF or not is_applied(reduced, logsumexp):
        return None
    (summed,) = args_of(reduced)
    inner, repeated = _parted(summed, kinds)
    before = _labels(repeated, range(summed.rank))
    if _unrepeated(repeated) is not state:
        return None
    axes: Labels = reduced.param("axes")  # type: ignore[attr-defined]
    after = tuple(label for label in range(summed.rank) if label not in axes)
    for at, label in enumerate(before):
        if label not in axes and after[at : at + 1] != (label,):
            return None
    if not any(label in axes for label in before):
        return None
    terms = [_Term(_unrepeated(node), _labels(node, range(summed.rank))) for node in inner]
    behind = [_Term(_unrepeated(node), _labels(node, after)) for node in outer]
    return _Step(before, after, tuple(terms), tuple(behind), summed)


def _parted(node: Node, kinds: Mapping[Node, int]) -> tuple[list[Node], Node]:
    """Return the terms of a sum in which the state has no part, and the one term in which it has; `node` in no sum."""
    others: list[Node] = []
    while is_applied(node, add):
        carried = [term for term in args_of(node) if kinds[term] == CARRIED]
        if len(carried) != 1:
            break
        others += [term for term in args_of(node) if kinds[term] != CARRIED]
        (node,) = carried
    return others, node


def _unrepeated(node: Node) -> Node:
    return args_of(node)[0] if is_applied(node, broadcast) else node


def _labels(node: Node, labels: Sequence[int]) -> Labels:
    """Return the axes of what a node repeats, in the labels of its own."""
    if is_applied(node, broadcast):
        return tuple(labels[axis] for axis in node.param("axes"))  # type: ignore[attr-defined]
    return tuple(labels)


# --- the loop ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Factor:
    """What a term of a step multiplies by, with the axes of that."""

    array: Node
    labels: Labels
    is_row: bool


def _scaled(loop: Loop) -> tuple[Node, Node] | None:
    """Return what the last step of a loop over logarithms leaves, and the state of the loop over scaled numbers."""
    step = _step_of(loop)
    if step is None:
        return None
    made = _Made(loop, step)
    if made.outside is None:
        return None
    inner, outer = made.factors(step.inner), made.factors(step.outer)
    factors = [*inner, *outer]
    if not factors:
        return None
    least = reduce(mul, [smallest(f.array, axes=tuple(range(f.array.rank)), empty=True) for f in factors])
    return made.looped(assuming(made.first(), least, steps=loop.length), inner, outer)


class _Made:
    """Makes the loop over scaled numbers, and the logarithms that have to be added to that of its result."""

    def __init__(self, loop: Loop, step: _Step) -> None:
        self._loop, self._step = loop, step
        self.outside = _outside(loop, [term.node for term in (*step.inner, *step.outer)])
        self._shifts: list[tuple[Node, Labels]] = []

    def first(self) -> Node:
        """Return the initial state, beside its largest entry."""
        (initial,) = self._loop.initial
        step = self._step
        array, shift = _beside_largest(
            initial, [at for at, label in enumerate(step.before) if label not in step.several]
        )
        self._shifts.append((shift, step.several))
        return array

    def factors(self, terms: Iterable[_Term]) -> list[_Factor]:
        """Return what terms multiply by; one that has no axes but those of several loops is a logarithm of its own."""
        found = []
        for term in terms:
            assert self.outside is not None
            array, is_row = self.outside[term.node]
            several = tuple(label for label in term.labels if label in self._step.several)
            axes = [at + is_row for at, label in enumerate(term.labels) if label not in several]
            if not axes:
                self._shifts.append((self._in_all_steps(array, is_row), several))
                continue
            chances = _softmax_of(array)
            if chances is None:
                chances, shift = _beside_largest(array, axes)
                self._shifts.append((self._in_all_steps(shift, is_row), several))
            found.append(_Factor(chances, term.labels, is_row))
        return found

    def _in_all_steps(self, x: Node, is_row: bool) -> Node:
        """Return the sum over the steps of what has a row for each, or is the same in each."""
        if is_row:
            return reduce_sum(x, axes=(0,))
        count = constant(self._loop.length, (), x.dtype)
        return mul(x, broadcast(count, shape=x.shape, axes=()) if x.rank else count)

    def looped(self, first: Node, inner: Sequence[_Factor], outer: Sequence[_Factor]) -> tuple[Node, Node]:
        """Return the logarithm of what the last step leaves, and the state."""
        loop, step = self._loop, self._step
        rows = [factor for factor in (*inner, *outer) if factor.is_row]
        shared = [factor for factor in (*inner, *outer) if not factor.is_row]
        like = [first, *(constant(0, f.array.shape[1:], f.array.dtype) for f in rows), *(f.array for f in shared)]
        state, *bound = fresh_inputs(like, loop.body.inputs)
        inputs = dict(zip([*rows, *shared], bound, strict=True))
        whole: Node = _product(
            step, state, [(inputs[f], f.labels) for f in inner], [(inputs[f], f.labels) for f in outer]
        )
        axes = [at for at, label in enumerate(step.after) if label not in step.several]
        scale = stop_gradient(largest(whole, axes=tuple(axes)))
        body = Body((state, *bound), (whole / self._spread(scale, step.several), scale))
        run = looped(
            body, [first], [f.array for f in rows], [f.array for f in shared], loop.length, reverse=loop.reverse
        )
        self._shifts.append((reduce_sum(log(run.stack(0)), axes=(0,)), step.several))
        return add(log(run.final(0)), *(self._spread(node, labels) for node, labels in self._shifts)), state

    def _spread(self, node: Node, labels: Labels) -> Node:
        """Return what several loops have each, for all entries of their states."""
        axes = tuple(self._step.after.index(label) for label in labels)
        return broadcast(node, shape=self._loop.carry_inputs[0].shape, axes=axes)


def _product(
    step: _Step, state: Node, inner: Sequence[tuple[Node, Labels]], outer: Sequence[tuple[Node, Labels]]
) -> Node:
    """Return the sum of the products of the state and the `inner` factors, times the `outer` ones."""
    behind = [pair for pair in inner if not {*pair[1]} - {*step.after}]  # no sum goes over their axes
    summed = [pair for pair in inner if pair not in behind]
    sizes = dict(enumerate(step.summed.shape))
    arrays, labels = [state, *(node for node, _ in summed)], [step.before, *(own for _, own in summed)]
    whole = contract(arrays, labels, step.after, sizes)
    for node, own in (*behind, *outer):
        axes = tuple(step.after.index(label) for label in own)
        whole = mul(whole, node if axes == tuple(range(whole.rank)) else broadcast(node, shape=whole.shape, axes=axes))
    return whole


def _beside_largest(x: Node, axes: Sequence[int]) -> tuple[Node, Node]:
    """Return exp(x - m) with m the largest entry along some axes, and m; it is a constant to derivatives."""
    shift = stop_gradient(largest(x, axes=tuple(axes)))
    kept = tuple(axis for axis in range(x.rank) if axis not in axes)
    return exp(x - broadcast(shift, shape=x.shape, axes=kept)), shift


def _softmax_of(x: Node) -> Node | None:
    """Return exp(x) where that is made of a softmax by choosing and moving entries."""
    path: list[Apply] = []
    while isinstance(x, Apply) and x.op in _CHOOSING:
        path.append(x)
        x = x.args[0]
    if not is_applied(x, log_softmax):
        return None
    found: Node = softmax(*args_of(x), **dict(x.params))  # type: ignore[attr-defined]
    for node in reversed(path):
        found = rebuilt(node, (found, *node.args[1:]))
    return found


def _outside(loop: Loop, wanted: Sequence[Node]) -> dict[Node, tuple[Node, bool]] | None:
    """Return some nodes of a step outside of the loop, and whether they have a row for every step there."""
    kinds = dependence(loop)
    shared: dict[Node, Node] = dict(zip(loop.constant_inputs, loop.constants, strict=True))
    rows: dict[Node, Node] = dict(zip(loop.row_inputs, loop.sequences, strict=True))
    alike = substitute([node for node in topological(wanted) if kinds[node] == SHARED], shared)
    for node in topological(wanted):
        if kinds[node] == ROW and node not in rows:
            if not isinstance(node, Apply):
                return None
            args = [rows[arg] if kinds[arg] == ROW else repeated_rows(alike[arg], loop.length) for arg in node.args]
            if (whole := _over_steps(node, args, loop.length)) is None:
                return None
            rows[node] = whole
    return {node: (rows[node], True) if kinds[node] == ROW else (alike[node], False) for node in wanted}


def _over_steps(node: Apply, args: Sequence[Node], length: Size) -> Node | None:
    """Return an operation of a step for all steps at once, where it takes entries one by one or sums them."""
    op = node.op
    if op is broadcast:
        axes = (0, *(axis + 1 for axis in node.param("axes")))  # type: ignore[attr-defined]
        return broadcast(args[0], shape=(length, *node.shape), axes=axes)
    if op is reduce_sum:
        return reduce_sum(args[0], axes=tuple(axis + 1 for axis in node.param("axes")))  # type: ignore[attr-defined]
    if op is add or (isinstance(op, Primitive) and op.kind == "elementwise"):
        return op(*args, **dict(node.params))
    return None
