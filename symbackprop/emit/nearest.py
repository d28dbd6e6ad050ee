"""The least of all squared distances, ``min(sum((X[:, None] - C)**2, axis=2), axis=1)``, found by a product of matrices.

``|c|**2 - 2*x @ c`` is the square of the distance of x and c but for what all c have in common, ``|x|**2``; it takes no
array of all differences, but it cancels. So it only says which c may be the nearest: all those that are not farther
than the nearest by more than rounding can account for. The distances of these pairs are then computed as the formula
has them, and with them whatever has an entry for every pair and vanishes where the distance is not the least, as the
derivative of the minimum does. Values, ties and derivatives are what they were.

The bound: with u the unit roundoff, a product of d terms is off by at most d*u/(1 - d*u) times the sum of their absolute
values in whatever order they are added (Higham, N. J. (2002), Accuracy and Stability of Numerical Algorithms, section
3.1), so that the product of matrices and the distances as they are written differ by less than 8*(d + 2)*u times
|x|**2 + max(|c|**2) in comparing any two c. Where this overflows or is not a number, no c is ruled out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import count as counting

from symbackprop.emit.of_pairs import OfPairs
from symbackprop.emit.one_nearest import OfNearest
from symbackprop.ir.graph import Graph, children
from symbackprop.ir.node import Apply, Const, Node, Output, make_output
from symbackprop.ir.size import opaque
from symbackprop.ops.arithmetic import add, div, mul, neg
from symbackprop.ops.broadcasting import broadcast, cast, reduce_sum
from symbackprop.ops.comparison import equal, where
from symbackprop.ops.contraction import einsum
from symbackprop.ops.declare import Primitive
from symbackprop.ops.powers import root, sqrt
from symbackprop.ops.reduction import smallest

__all__ = ["with_nearest"]

_SQUARES = ((0, 1, 2), (0, 1, 2))


def with_nearest(graph: Graph) -> Graph:
    """Return `graph` with the distances that may be the least in the place of all.

    That is the one to the nearest of each row, and where there is more than one, `otherwise` computes the same.
    """
    squares = [node for node in graph.nodes() if _squares(node) is not None]
    if not squares:
        return graph
    found = _with_pairs(graph, squares, OfPairs)  # type: ignore[arg-type]
    if found is graph or graph.otherwise is not None:
        return found
    return replace(_with_pairs(graph, squares, OfNearest), otherwise=found)  # type: ignore[arg-type]


def _with_pairs(graph: Graph, squares: Sequence[Apply], kind: type[OfPairs]) -> Graph:
    """Return `graph` with the pairs of rows that matter in the place of all."""
    numbers = counting(1)
    found = graph
    for node in squares:
        changed = _Pairs(found, node, next(numbers), kind).graph() if node in found.nodes() else None
        found = found if changed is None else changed
    return found


def _is(node: Node, op: object) -> bool:
    return isinstance(node, Apply) and node.op is op


def _squares(node: Node) -> tuple[Node, Node] | None:
    """Return two matrices whose rows have the squared distances `node`, those of the first along its first axis."""
    if not _is(node, einsum) or node.rank != 2 or node.dtype not in ("float64", "float32"):
        return None
    x, *others = node.args
    if others != [x] or node.param("operands") != _SQUARES or node.param("output") != (0, 1):  # type: ignore[attr-defined]
        return None
    if not _is(x, add) or len(x.args) != 2:
        return None
    found: dict[object, Node] = {}
    signs = [_is(term, neg) for term in x.args]
    for term, negative in zip(x.args, signs, strict=True):
        repeated = term.args[0] if negative else term
        if _is(repeated, broadcast):
            found[repeated.param("axes")] = repeated.args[0]  # type: ignore[attr-defined]
    return (found[0, 2], found[1, 2]) if len(found) == 2 and sum(signs) == 1 and {*found} == {(0, 2), (1, 2)} else None


class _Pairs:
    """The pairs of one array of squared distances, and the graph that has them in its place.

    Some nodes have an entry for every pair (`_dense`), as squares and differences have; all that is needed of these has
    to be the least along one axis, or a sum of what vanishes (`_vanishing`) where the distance is not the least.
    """

    def __init__(self, graph: Graph, squares: Apply, number: int, kind: type[OfPairs]) -> None:
        self._graph, self._squares, self._kind = graph, squares, kind
        self._count = opaque(f"pairs{number}")
        self._dense: dict[Node, None] = {squares.args[0]: None, squares: None}
        self._vanishing: set[Node] = set()
        self._axis: int | None = None  # along which the least is wanted
        self._new: dict[Node, Node] = {}

    def graph(self) -> Graph | None:
        """Return the graph with pairs, None where all distances are needed."""
        for node in self._graph.nodes():
            if (
                node not in self._dense
                and any(child in self._dense for child in children(node))
                and not self._fits(node)
            ):
                return None
        if self._axis is None or any(node in self._dense for node in self._graph.roots):
            return None
        pairs = self._kind(self._new, self._dense, self._squares.shape, 1 - self._axis, self._count)
        matrices = _squares(self._squares)
        assert matrices is not None
        for matrix in matrices:
            self._carry(matrix, pairs)
        pairs.choose((self._new[matrices[0]], self._new[matrices[1]]))
        for node in self._graph.nodes():
            if node not in self._new:
                self._new[node] = self._made(node, pairs)
        names = {node: name for node, name in self._graph.names.items() if node not in self._dense}
        return replace(self._graph, names=names).mapped(self._new)

    def _carry(self, node: Node, pairs: OfPairs) -> None:
        """Make what a matrix is computed of, which none of the distances is needed for."""
        waiting = [node]
        while waiting:
            current = waiting[-1]
            missing = [child for child in children(current) if child not in self._new]
            if missing:
                waiting += missing
                continue
            waiting.pop()
            if current not in self._new:
                self._new[current] = self._made(current, pairs)

    def _made(self, node: Node, pairs: OfPairs) -> Node:
        if isinstance(node, Apply):
            if node in self._dense:
                return pairs.made(node)
            if any(arg in self._dense for arg in node.args):
                return pairs.summed(node)
            return pairs.rebuilt(node)
        if isinstance(node, Const) or not node.args:
            return node
        assert isinstance(node, Output)
        return make_output(self._new[node.source], node.index, node.shape, node.dtype)  # type: ignore[arg-type]

    # --- what is needed of the distances ------------------------------------------------------------------------------

    def _fits(self, node: Node) -> bool:
        """Tell whether `node`, which needs entries for pairs, can do with those that may be the nearest."""
        if not isinstance(node, Apply) or not isinstance(node.op, Primitive) or node.segment:
            return False
        if node.op is smallest:
            return self._is_least(node)
        if node.op in (reduce_sum, einsum) and self._is_sum(node):
            return True
        if not self._is_entrywise(node):
            return False
        self._dense[node] = None
        if self._vanishes(node):
            self._vanishing.add(node)
        return True

    def _is_least(self, node: Apply) -> bool:
        """Tell whether `node` is the least distance along the one axis."""
        axes: tuple[int, ...] = node.param("axes")  # type: ignore[assignment]
        if (
            len(axes) != 1
            or not self._is_monotone(node.args[0])
            or self._axis not in (None, *axes)
            or len(node.params) > 1
        ):
            return False
        (self._axis,) = axes
        return True

    def _is_monotone(self, node: Node) -> bool:
        return node is self._squares or (
            isinstance(node, Apply) and node.op in (root, sqrt) and node.args[0] is self._squares
        )

    def _is_sum(self, node: Apply) -> bool:
        """Tell whether `node` is a sum over pairs, of what vanishes for all others."""
        wanted = [arg in self._vanishing for arg in node.args]
        if node.op is reduce_sum:
            axes: tuple[int, ...] = node.param("axes")  # type: ignore[assignment]
            return wanted[0] and not {0, 1}.isdisjoint(axes)
        own: tuple[tuple[int, ...], ...] = node.param("operands")  # type: ignore[assignment]
        output: tuple[int, ...] = node.param("output")  # type: ignore[assignment]
        pair = next(indices[:2] for arg, indices in zip(node.args, own, strict=True) if arg in self._dense)
        if not any(wanted) or {*pair} <= {*output} or any(index in output[1:] for index in pair):
            return False
        return all(self._are_axes(arg, indices, pair) for arg, indices in zip(node.args, own, strict=True))

    def _are_axes(self, arg: Node, indices: tuple[int, ...], pair: tuple[int, ...]) -> bool:
        """Tell whether an operand has its pairs first, or one of the two axes first, or none of these."""
        if arg in self._dense:
            return indices[:2] == pair
        return not {*pair} <= {*indices} and not any(index in pair for index in indices[1:])

    def _is_entrywise(self, node: Apply) -> bool:
        """Tell whether each pair of `node` needs this pair of its arguments alone."""
        if node.op is broadcast:
            return node.param("axes")[:2] == (0, 1)  # type: ignore[index, no-any-return]
        if node.op not in (add, cast) and node.op.kind != "elementwise":  # type: ignore[attr-defined]
            return False
        if node.op.lines is not None or node.shape[:2] != self._squares.shape:  # type: ignore[attr-defined]
            return False
        return all(
            arg in self._dense or isinstance(arg, Const) or _is_repeated(arg.args[0] if _is(arg, neg) else arg)
            for arg in node.args
        )

    def _vanishes(self, node: Apply) -> bool:
        """Tell whether an entry of `node` is 0, or false, wherever the distance is not the least."""
        gone = [arg in self._vanishing for arg in node.args]
        if node.op is equal:
            return any(self._compares(a, b) for a, b in (node.args, node.args[::-1]))
        if node.op is where:
            return gone[0] and isinstance(node.args[2], Const) and node.args[2].value == 0
        if node.op in (mul,):
            return any(gone)
        if node.op is div:
            return gone[0]
        return node.op in (add, neg, cast, broadcast) and all(gone)

    def _compares(self, distance: Node, least: Node) -> bool:
        (inner,) = least.args if _is(least, broadcast) else (least,)
        return self._is_monotone(distance) and _is(inner, smallest) and inner.args[0] is distance


def _is_repeated(x: Node) -> bool:
    """Tell whether `x` has no entry of its own for each pair."""
    return _is(x, broadcast) and not {0, 1} <= {*x.param("axes")}  # type: ignore[attr-defined]
