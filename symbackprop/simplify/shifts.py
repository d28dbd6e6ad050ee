"""Shifts that users take out of exponents by hand, which change no result and need no derivative.

``m + log(sum(exp(x - m)))`` is logsumexp(x) for every m, not only for the largest of x. Where there is no such
composite, as for a running sum, m counts as a constant: the derivatives through its two places cancel.
"""

from __future__ import annotations

from symbackprop.ir.node import Apply, Const, Node
from symbackprop.ops.arithmetic import add, mul, neg
from symbackprop.ops.broadcasting import broadcast, reduce_sum, reshape
from symbackprop.ops.contraction import einsum
from symbackprop.ops.cumulative import cumsum
from symbackprop.ops.exponential import exp, log
from symbackprop.ops.indexing import gather, slice_
from symbackprop.ops.layout import transpose
from symbackprop.ops.normalisation import log_softmax, logsumexp
from symbackprop.ops.reduction import kept_axes, mean
from symbackprop.ops.surrogate import stop_gradient
from symbackprop.simplify.applied import args_of, is_applied
from symbackprop.simplify.pattern import Context, Row

__all__ = ["ROWS"]

_LINEAR = (cumsum, reduce_sum, mean, slice_, gather, transpose, reshape, mul, einsum)
_DEEPEST = 8  # operations between a logarithm and the exponential

Base = tuple[Node, tuple[int, ...]]  # what a term repeats, and along which of its axes it is not repeated


def _signed(term: Node) -> tuple[bool, Node]:
    return (True, args_of(term)[0]) if is_applied(term, neg) else (False, term)


def _base(term: Node) -> Base:
    if is_applied(term, broadcast):
        return args_of(term)[0], term.param("axes")  # type: ignore[attr-defined]
    return term, tuple(range(term.rank))


def _without(node: Node, dropped: list[Node]) -> Node | None:
    """Return a sum without some of its terms, each of them once; None if none is left."""
    left = list(args_of(node))
    for term in dropped:
        left.pop(next(place for place, other in enumerate(left) if other is term))
    if not left:
        return None
    return left[0] if len(left) == 1 else add(*left)


# --- composites -------------------------------------------------------------------------------------------------------


def _shift_of_logsumexp(node: Apply, context: Context) -> Node | None:
    """m + logsumexp(x - m) is logsumexp(x)."""
    for term in node.args:
        negative, composite = _signed(term)
        if (
            not is_applied(composite, logsumexp)
            or not is_applied(args_of(composite)[0], add)
            or not context.is_free(composite)
        ):
            continue
        (x,) = args_of(composite)
        axes: tuple[int, ...] = composite.param("axes")  # type: ignore[attr-defined]
        kept = kept_axes(x.rank, axes)
        for other in node.args:
            sign, shift = _signed(other)
            inner, own = _base(shift)
            places = tuple(kept[axis] for axis in own)
            shifts = [
                part for part in args_of(x) if is_applied(part, neg) and _base(args_of(part)[0]) == (inner, places)
            ]
            if other is term or sign != negative or isinstance(inner, Const) or not shifts:
                continue
            rest = _without(x, shifts[:1])
            if rest is not None:
                whole = logsumexp(rest, axes=axes)
                signed, terms = neg(whole) if negative else whole, _without(node, [other, term])
                return signed if terms is None else add(terms, signed)
    return None


def _log_softmax(node: Apply, context: Context) -> Node | None:
    """X - logsumexp(x), along one axis, is log_softmax(x)."""
    for term in node.args:
        negative, repeated = _signed(term)
        inner, own = _base(repeated)
        if not negative or not is_applied(inner, logsumexp) or len(inner.param("axes")) != 1:  # type: ignore[attr-defined]
            continue
        (x,) = args_of(inner)
        (axis,) = inner.param("axes")  # type: ignore[attr-defined]
        if own != kept_axes(x.rank, (axis,)) or not any(other is x for other in node.args):
            continue
        rest = _without(node, [term, x])
        found = log_softmax(x, axis=axis)
        return found if rest is None else add(rest, found)
    return None


# --- other sums -------------------------------------------------------------------------------------------------------


def _held_shift(node: Apply, context: Context) -> Node | None:
    """m + log(cumsum(exp(x - m))) does not depend on m, a number: it counts as a constant in both places."""
    if not context.is_primal(node):
        return None
    for term in node.args:
        negative, logarithm = _signed(term)
        if not is_applied(logarithm, log):
            continue
        for other in node.args:
            sign, shift = _signed(other)
            m = _base(shift)[0]
            if other is term or sign != negative or m.rank or isinstance(m, Const) or is_applied(m, stop_gradient):
                continue
            held = _with_held(args_of(logarithm)[0], m)
            if held is not None:
                whole = add(_repeated(stop_gradient(m), shift), log(held))
                signed, terms = neg(whole) if negative else whole, _without(node, [other, term])
                return signed if terms is None else add(terms, signed)
    return None


def _repeated(number: Node, like: Node) -> Node:
    return broadcast(number, shape=like.shape, axes=()) if like.shape else number


def _with_held(total: Node, m: Node) -> Node | None:
    """Return what is linear in one ``exp(x - m)``, with `m` held fixed in that."""
    path: list[tuple[Apply, int]] = []
    node = total
    while not is_applied(node, exp):
        if not isinstance(node, Apply) or node.op not in _LINEAR or len(path) == _DEEPEST:
            return None
        at = _place_of_exponential(node)
        if at is None:
            return None
        path.append((node, at))
        node = node.args[at]
    (x,) = args_of(node)
    shifts = [
        part
        for part in (args_of(x) if is_applied(x, add) else ())
        if is_applied(part, neg) and _base(args_of(part)[0])[0] is m
    ]
    if not shifts:
        return None
    held = neg(_repeated(stop_gradient(m), shifts[0]))
    new: Node = exp(add(*(held if part is shifts[0] else part for part in args_of(x))))
    for user, at in reversed(path):
        args = tuple(new if i == at else arg for i, arg in enumerate(user.args))
        new = user.op(*args, **dict(user.params))  # type: ignore[operator]
    return new


def _place_of_exponential(node: Apply) -> int | None:
    """Return which argument the exponential is in; of the factors of a product, the one that is no plain array."""
    if node.op not in (mul, einsum):
        return 0
    found = [i for i, arg in enumerate(node.args) if isinstance(arg, Apply) and (arg.op in _LINEAR or arg.op is exp)]
    return found[0] if len(found) == 1 else None


ROWS = (
    Row("shift of logsumexp", (add,), _shift_of_logsumexp, about=(logsumexp,)),
    Row("log_softmax", (add,), _log_softmax, arrays=True, about=(logsumexp,)),
    Row("shift held fixed", (add,), _held_shift, about=(log,)),
)
