"""Which tables run when.

`prepare` brings a formula to one form, sees composites whole and makes masked branches safe, before it is
differentiated; `finish` does the same for value and gradient together, then lowers composites, cleans up and shares
partial sums.
"""

from __future__ import annotations

from collections.abc import Set

from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, Node, Operation
from symbackprop.ops import primitives
from symbackprop.ops.arithmetic import add, mul, neg
from symbackprop.ops.broadcasting import reduce_sum
from symbackprop.ops.contraction import einsum
from symbackprop.ops.reduction import mean
from symbackprop.simplify import (
    algebra,
    arrays,
    choices,
    common_operands,
    diagonals,
    differences,
    entries,
    exponentials,
    gram,
    half_angles,
    identity,
    lengths,
    lower,
    means,
    normalised,
    outer_products,
    powers,
    rotations,
    scalars,
    scaled_sums,
    shares,
    shifts,
    sigmoids,
    signs,
    squares,
    stable,
    structure,
    sums_of_products,
    symmetry,
)
from symbackprop.simplify.bends import without_bends
from symbackprop.simplify.common_products import share_products
from symbackprop.simplify.contractions import with_ordered_contractions
from symbackprop.simplify.cosines import with_cosines_apart
from symbackprop.simplify.diagonals import written_out
from symbackprop.simplify.equal_terms import with_equal_terms_added
from symbackprop.simplify.factors import factor_sums
from symbackprop.simplify.guard import guard_branches
from symbackprop.simplify.logistic import may_overflow, with_few_calls_to_sigmoids
from symbackprop.simplify.loops.ahead import with_factors_ahead
from symbackprop.simplify.loops.before import with_products_before
from symbackprop.simplify.loops.behind import with_sums_behind
from symbackprop.simplify.loops.bodies import has_loops, in_bodies
from symbackprop.simplify.loops.neighbours import with_neighbours_together
from symbackprop.simplify.loops.products import with_products_behind
from symbackprop.simplify.loops.running import with_running_products_behind
from symbackprop.simplify.loops.stored import as_one, with_stored
from symbackprop.simplify.loops.twins import with_twins
from symbackprop.simplify.loops.unneeded import without_unneeded
from symbackprop.simplify.partial_sums import share_partial_sums
from symbackprop.simplify.pattern import Rewrites, Row, rewrite
from symbackprop.simplify.polynomials import with_shared_powers
from symbackprop.simplify.roots import with_shared_roots
from symbackprop.simplify.rules import without_rules
from symbackprop.simplify.stacks_first import with_stacks_first

__all__ = ["canonical", "finish", "prepare", "recognised", "regrouped"]

_CANONICAL = (
    *algebra.ROWS,
    *powers.ROWS,
    *squares.ROWS,
    *choices.ROWS,
    *arrays.ROWS,
    *common_operands.ROWS,
    *entries.ROWS,
    *identity.ROWS,
    *diagonals.ROWS,
    *rotations.ROWS,
    *symmetry.ROWS,
    *scaled_sums.ROWS,
)
_RECOGNISING = (
    *half_angles.ROWS,
    *stable.ROWS,
    *lengths.ROWS,
    *exponentials.ROWS,
    *sigmoids.ROWS,
    *differences.ROWS,
    *means.ROWS,
    *shares.ROWS,
    *signs.ROWS,
    *shifts.ROWS,
    *normalised.ROWS,
    *_CANONICAL,
)
_LAST = (*structure.ROWS, *_CANONICAL)
_TIDYING = tuple(row for row in algebra.ROWS if row.name in ("multiply by quotient", "multiply constants"))
_SIMPLER = (*exponentials.OF_ONE_SIGN, *_TIDYING)
_PRODUCTS = (*sums_of_products.ROWS, *gram.ROWS, *outer_products.ROWS, *arrays.ROWS, *_TIDYING)
_MULTIPLYING = (reduce_sum, mean, einsum)  # what `_has_products` tells of
_LOWERING = lower.rows()
_BENDS = 8  # at which what is computed of them may be smooth
_SMALL = 500  # nodes of a graph that takes no time to walk over once more
_LARGE = 100  # nodes of a formula that nobody reads for its order
_COMPOSITES = frozenset(op for op in primitives().values() if op.lower is not None)


def prepare(graph: Graph, log: Rewrites, *, reordered: bool = False) -> Graph:
    """Return the formula's graph ready for differentiation.

    Where it may be `reordered` and is large, factors are taken out of sums, and what products or sums have in common is
    computed once; a small one stays as it was written.
    """
    graph = in_bodies(without_unneeded(graph), lambda bodies: prepare(bodies, log))
    graph = _straightened(rewrite(graph, _RECOGNISING, log), log)
    graph = _ordered(graph, _RECOGNISING, log)
    if reordered and len(graph.nodes()) > _LARGE:
        graph = regrouped(graph, log)
    guarded = guard_branches(graph, log)
    if guarded is graph:
        return graph
    guarded = in_bodies(guarded, lambda bodies: prepare(bodies, log))  # which may be under masks now
    return rewrite(guarded, _RECOGNISING, log)


def _ordered(graph: Graph, rows: tuple[Row, ...], log: Rewrites) -> Graph:
    """Return `graph` in normal form again, with contractions of several operands in the order that takes least."""
    ordered = with_ordered_contractions(graph, log)
    return graph if ordered is graph else rewrite(ordered, rows, log)


def _straightened(graph: Graph, log: Rewrites) -> Graph:
    """Return `graph` with what is smooth through several bends straightened at one after the other."""
    for _ in range(_BENDS):
        found = without_bends(graph, log)
        if found is graph:
            break
        graph = rewrite(found, _RECOGNISING, log)
    return graph


def canonical(graph: Graph, log: Rewrites) -> Graph:
    """Return `graph` in one form, with nothing recognised and nothing guarded."""
    graph = in_bodies(graph, lambda bodies: canonical(bodies, log))
    return rewrite(graph, _CANONICAL, log)


def regrouped(graph: Graph, log: Rewrites) -> Graph:
    """Return `graph` with its scalar sums and products regrouped, if that takes fewer operations."""
    own = Rewrites()
    found = share_products(factor_sums(graph, own), own)
    found = found if found is graph else rewrite(found, _RECOGNISING, own)
    found = share_partial_sums(found, own, reordered=True)
    if found is graph or _operations(found) >= _operations(graph):
        return graph
    log.update(own)
    return found


def _unfinished(graph: Graph) -> set[Node]:
    """Return where a last walk may find something, now that it is known who needs what and nothing is derived any more."""
    applied = graph.applied
    found: set[Node] = {
        node for row in structure.ROWS for op in row.ops for node in applied.get(op, ()) if row.may_fit(node)
    }
    found.update(filter(structure.takes_product_away, applied.get(add, ())))
    found.update(filter(scalars.may_share_signs, (*applied.get(einsum, ()), *applied.get(reduce_sum, ()))))
    if found:  # which share the numbers that products hand on
        found.update(filter(algebra.has_coefficient, applied.get(mul, ())))
    return found


def _has_products(node: Node) -> bool:
    """Tell whether `node` makes one number of many products, or a product of matrices that are products themselves."""
    found = sums_of_products.sums_products(node) or sums_of_products.averages_products(node)
    return found or gram.multiplies_products(node) or outer_products.multiplies_outer_products(node)


def _with_products(graph: Graph, log: Rewrites) -> Graph:
    """Return `graph` with sums and products of products as contractions; what needs none of them stays as it is."""
    found: set[Node] = {node for op in _MULTIPLYING for node in graph.applied.get(op, ()) if _has_products(node)}
    if not found:
        return graph
    return _again(graph, _PRODUCTS, log, found)


def _operations(graph: Graph) -> int:
    """Count the operations of scalars."""
    scalars = (node for node in graph.nodes() if isinstance(node, Apply) and not node.shape)
    return sum(max(len(node.args) - 1, 0) if node.op is not neg else 0 for node in scalars)


def finish(
    graph: Graph,
    log: Rewrites,
    *,
    stacks: bool = True,
    few_calls: bool = True,
    whole: Set[Operation] = frozenset(),
) -> Graph:
    """Return the graph of value and gradient ready for printing.

    Without `stacks` the loops of the formula keep no arrays over all steps for the way back but the trajectories of
    their carries, nor do the loops back: what is summed over the steps is added up on the way. Without `few_calls` no
    number on the way is infinite where the results are not. Composites that are to stay `whole` are not lowered.
    """
    graph = recognised(graph, log, stacks=stacks)
    quiet = not has_loops(graph) or not may_overflow(graph)  # in loops and around them
    return _lowered(graph, log, stacks=stacks, few_calls=few_calls, quiet=quiet, whole=whole)


def recognised(graph: Graph, log: Rewrites, *, stacks: bool = True) -> Graph:
    """Return a graph of derivatives in one form, with composites seen whole and nothing lowered yet."""
    graph = _recognised(with_twins(without_rules(graph)), log, stacks=stacks)
    added = with_equal_terms_added(graph, log)
    return graph if added is graph else rewrite(added, _RECOGNISING, log, among=added.derived)


def _recognised(graph: Graph, log: Rewrites, *, stacks: bool = True) -> Graph:
    """Return a graph with composites seen whole, and with loops that do in every step only what they have to."""
    if not has_loops(graph):
        return rewrite(graph, _RECOGNISING, log, among=graph.derived)
    graph = in_bodies(without_unneeded(as_one(graph)), lambda bodies: _recognised(bodies, log))
    graph = with_sums_behind(with_products_before(graph, stacks=stacks), stacks=stacks)
    graph = without_unneeded(graph)
    return rewrite(graph, _RECOGNISING, log)


def _with_products_behind(graph: Graph, log: Rewrites) -> Graph:
    """Return `graph` with running sums of products behind its loops, and what else these products were needed for."""
    found = with_running_products_behind(graph)
    return graph if found is graph else in_bodies(found, lambda bodies: rewrite(bodies, _PRODUCTS, log))


def _lowered(
    graph: Graph,
    log: Rewrites,
    *,
    stacks: bool = True,
    few_calls: bool = True,
    quiet: bool = True,
    whole: Set[Operation] = frozenset(),
) -> Graph:
    """Return a graph in simple primitives, with loops back that read what the loops there computed."""

    def inside(bodies: Graph) -> Graph:
        together = with_neighbours_together(bodies, log)
        return _lowered(together, log, few_calls=few_calls, quiet=quiet, whole=whole)

    graph = in_bodies(graph, inside)
    is_looping = has_loops(graph)
    lowered, new = with_few_calls_to_sigmoids(graph, log, quiet=quiet) if few_calls else (graph, set())
    if lowered.applies(*(_COMPOSITES - whole)):  # first alone: who needs what is made of them is known behind it
        lowered = rewrite(lowered, [row for row in _LOWERING if whole.isdisjoint(row.ops)], log)
        new = lowered.beyond(graph)
    lowered = seen = _again(lowered, _CANONICAL if is_looping else _LAST, log, new)
    if is_looping:
        lowered = without_unneeded(with_stored(lowered, stacks=stacks))
        if stacks:
            lowered = without_unneeded(_with_products_behind(with_factors_ahead(with_products_behind(lowered)), log))
    last = _again(lowered, _LAST, log, lowered.beyond(seen) | _unfinished(lowered))
    return _simplest(last, log)


def _again(graph: Graph, rows: tuple[Row, ...], log: Rewrites, among: Set[Node]) -> Graph:
    """Return `graph` in normal form again, where some nodes may not be.

    In a small one rows look at all of it: they may fit elsewhere too, now that it is known who needs what.
    """
    return rewrite(graph, rows, log, among=None if among and len(graph.nodes()) <= _SMALL else among)


def _simplest(last: Graph, log: Rewrites) -> Graph:
    """Return a graph of simple primitives as it is printed: with nothing that other text says better."""
    last = _ordered(last, _LAST, log)
    last = with_shared_powers(last, log)
    rooted = with_shared_roots(last, log)
    if rooted is not last or last.applies(*exponentials.OF_SIGNS):
        last = rewrite(rooted, _SIMPLER, log)
    last = _with_products(last, log)
    last = with_ordered_contractions(last, log)
    if any(map(sums_of_products.sums_what_is_there, last.nodes())):
        last = rewrite(last, sums_of_products.OF_SUMS, log)
    last = with_cosines_apart(last, log)
    last = written_out(share_partial_sums(last, log), log)
    return with_stacks_first(last, log)
