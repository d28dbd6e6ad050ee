"""What linear operations do to terms: a rule each. An operation without one leaves no structure to be found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from symbackprop.ir.graph import children, topological
from symbackprop.ir.node import Apply, Const, Input, Node, Operation, constant
from symbackprop.ir.size import product
from symbackprop.ops.arithmetic import add, div, mul, neg
from symbackprop.ops.broadcasting import broadcast, reduce_sum, reshape
from symbackprop.ops.comparison import logical_not, where
from symbackprop.ops.contraction import einsum
from symbackprop.ops.layout import diagonal, diagonal_matrix, transpose
from symbackprop.ops.reduction import mean
from symbackprop.transform.structured.operands import made
from symbackprop.transform.structured.terms import Factor, Indices, Space, Term

__all__ = ["terms_of"]

_MOST = 16  # terms that a structure may have before equal ones are added

Known = Mapping[Node, Sequence[Term]]


def terms_of(results: Sequence[Node], argument: Input, space: Space) -> list[Sequence[Term] | None]:
    """Return what is made of `argument`, on which `results` depend linearly; None where no rule tells."""
    indices = space.fresh(argument.shape)
    known: dict[Node, Sequence[Term]] = {argument: (Term(indices, indices),)}
    lost: set[Node] = set()
    for node in topological(results):
        inside = [child for child in children(node) if child in known or child in lost]
        if not inside:
            continue
        rule = _RULES.get(node.op) if isinstance(node, Apply) else None
        made = None if rule is None or not lost.isdisjoint(inside) else rule(node, known, space)  # type: ignore[arg-type]
        if made is None or len(made) > _MOST:
            lost.add(node)
        else:
            known[node] = made
    return [None if result in lost else known.get(result, ()) for result in results]


def _is_zero(node: Node) -> bool:
    return isinstance(node, Const) and node.value == 0


def _sum(node: Apply, known: Known, space: Space) -> Sequence[Term] | None:
    """Return the terms of all summands; those that only scale become one, so that there are not ever more."""
    terms = [term for arg in node.args for term in known.get(arg, ())]
    scaling = [term for term in terms if _only_scales(term, term)]
    if len(scaling) < 2:
        return terms
    own = scaling[0].own
    total = add(*(made(term.signed(), own, space, node.dtype) for term in scaling))
    return [Term(own, own, (Factor(total, own), None)), *(term for term in terms if not _only_scales(term, term))]


def _negative(node: Apply, known: Known, space: Space) -> Sequence[Term] | None:
    return [term.negated() for term in known[node.args[0]]]


def _product(node: Apply, known: Known, space: Space) -> Sequence[Term] | None:
    first, second = node.args
    linear, other = (first, second) if first in known else (second, first)
    return [term.with_factor(Factor(other, term.own)) for term in known[linear]]


def _quotient(node: Apply, known: Known, space: Space) -> Sequence[Term] | None:
    return [term.with_factor(Factor(node.args[1], term.own, "over")) for term in known[node.args[0]]]


def _choice(node: Apply, known: Known, space: Space) -> Sequence[Term] | None:
    """Return the terms of both branches, each under its mask; of two that scale the same, the choice of the scales."""
    mask, *branches = node.args
    first, second = (known.get(branch, ()) for branch in branches)
    if len(first) == len(second) == 1 and all(_only_scales(term, first[0]) for term in (*first, *second)):
        own = first[0].own
        scales = (made(term.signed(), own, space, node.dtype) for term in (*first, *second))
        return [replace(first[0], factors=(Factor(where(mask, *scales), own), None), negative=False)]
    found: list[Term] = []
    for branch, chosen in zip(branches, (mask, logical_not(mask)), strict=True):
        if branch not in known and not _is_zero(branch):
            return None
        found += [term.with_factor(Factor(chosen, term.own, "where")) for term in known.get(branch, ())]
    return found


def _only_scales(term: Term, other: Term) -> bool:
    """Tell whether a term has the axes of its argument and of another term, and has never had others."""
    return term.own == other.own == term.argument == other.argument and term.gone is None


def _broadcast(node: Apply, known: Known, space: Space) -> Sequence[Term] | None:
    axes: Indices = node.param("axes")  # type: ignore[assignment]
    found = []
    for term in known[node.args[0]]:
        own = [*space.fresh(node.shape)]
        for axis, index in zip(axes, term.own, strict=True):
            own[axis] = index
        found.append(term.with_own(tuple(own)))
    return found


def _transposed(node: Apply, known: Known, space: Space) -> Sequence[Term] | None:
    axes: Indices = node.param("axes")  # type: ignore[assignment]
    return [term.with_own(tuple(term.own[axis] for axis in axes)) for term in known[node.args[0]]]


def _total(node: Apply, known: Known, space: Space) -> Sequence[Term] | None:
    axes: Indices = node.param("axes")  # type: ignore[assignment]
    return [
        term.with_own(tuple(index for axis, index in enumerate(term.own) if axis not in axes))
        for term in known[node.args[0]]
    ]


def _mean(node: Apply, known: Known, space: Space) -> Sequence[Term] | None:
    axes: Indices = node.param("axes")  # type: ignore[assignment]
    count = constant(product(node.args[0].shape[axis] for axis in axes), (), node.dtype)
    return [term.with_factor(Factor(count, (), "over")) for term in _total(node, known, space) or ()]


def _reshaped(node: Apply, known: Known, space: Space) -> Sequence[Term] | None:
    """Return the terms of what has got or lost axes of size 1, and no other."""
    before = node.args[0].shape
    if [size for size in before if size != 1] != [size for size in node.shape if size != 1]:
        return None
    found = []
    for term in known[node.args[0]]:
        kept = iter([index for index, size in zip(term.own, before, strict=True) if size != 1])
        found.append(term.with_own(tuple(space.fresh((1,))[0] if size == 1 else next(kept) for size in node.shape)))
    return found


def _contracted(node: Apply, known: Known, space: Space) -> Sequence[Term] | None:
    operands: Sequence[Indices] = node.param("operands")  # type: ignore[assignment]
    output: Indices = node.param("output")  # type: ignore[assignment]
    linear = next(position for position, arg in enumerate(node.args) if arg in known)
    found = []
    for term in known[node.args[linear]]:
        called = dict(zip(operands[linear], term.own, strict=True))
        for arg, indices in zip(node.args, operands, strict=True):
            for index, size in zip(indices, arg.shape, strict=True):
                if index not in called:
                    (called[index],) = space.fresh((size,))
        for position, (arg, indices) in enumerate(zip(node.args, operands, strict=True)):
            if position != linear:
                term = term.with_factor(Factor(arg, tuple(called[index] for index in indices)))
        found.append(term.with_own(tuple(called[index] for index in output)))
    return found


def _diagonal(node: Apply, known: Known, space: Space) -> Sequence[Term] | None:
    return [
        replaced.with_own(replaced.own[:-1])
        for term in known[node.args[0]]
        for replaced in [term.renamed(term.own[-1], term.own[-2])]
    ]


def _on_diagonal(node: Apply, known: Known, space: Space) -> Sequence[Term] | None:
    return [term.with_own((*term.own, term.own[-1])) for term in known[node.args[0]]]


_RULES: Mapping[Operation, Callable[[Apply, Known, Space], Sequence[Term] | None]] = {
    add: _sum,
    broadcast: _broadcast,
    diagonal: _diagonal,
    diagonal_matrix: _on_diagonal,
    div: _quotient,
    einsum: _contracted,
    mean: _mean,
    mul: _product,
    neg: _negative,
    reduce_sum: _total,
    reshape: _reshaped,
    transpose: _transposed,
    where: _choice,
}
