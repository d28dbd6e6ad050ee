"""Sums of contractions that have an operand in common: ``A @ B + A @ C`` is one product, ``A @ (B + C)``.

Done where a product takes much more than adding up the other operands does. The error has the same first-order bound,
with the sizes of ``|B| + |C|`` at most, and where the two cancel it is smaller.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symbackprop.ir.dtype import is_float, is_half
from symbackprop.ir.node import Apply, Node
from symbackprop.ops.arithmetic import add, neg
from symbackprop.ops.contraction import Indices, contract, einsum, permuted
from symbackprop.simplify.applied import args_of, is_applied
from symbackprop.simplify.contractions import typical_count
from symbackprop.simplify.pattern import Context, Row

__all__ = ["ROWS"]

_WORTH = 8  # times as much as adding up the others is what a product that is saved has to take
_TERMS = 8  # of a sum in which a common operand is looked for


@dataclass(frozen=True)
class _Product:
    """A term that is a contraction of two, seen from one of its operands."""

    negative: bool
    shared: Node
    own: Indices  # for each axis of the shared operand its place in the result, or below 0
    other: Node
    rest: Indices  # for each axis of the other operand its place in the result, or below 0 that in the shared operand
    first: bool  # whether the shared operand stands first


def _products(term: Node, context: Context) -> list[_Product]:
    """Return what a term is, seen from either operand; nothing where it is no contraction, or something else needs it."""
    negative = is_applied(term, neg)
    inner = args_of(term)[0] if negative else term
    if not is_applied(inner, einsum) or len(inner.args) != 2 or not context.is_free(term) or not context.is_free(inner):
        return []
    operands: tuple[Indices, ...] = inner.param("operands")  # type: ignore[attr-defined]
    output: Indices = inner.param("output")  # type: ignore[attr-defined]
    places = {index: place for place, index in enumerate(output)}
    found = []
    for at in (0, 1):
        summed = {index: -1 - axis for axis, index in enumerate(operands[at]) if index not in places}
        own, rest = (tuple({**summed, **places}[index] for index in operands[i]) for i in (at, 1 - at))
        found.append(_Product(negative, inner.args[at], own, inner.args[1 - at], rest, at == 0))
    return found


def _is_worth_it(product: _Product) -> bool:
    """Tell whether multiplying once more takes much more than adding the other operand to another one does."""
    sizes = dict(zip((*product.own, *product.rest), (*product.shared.shape, *product.other.shape), strict=True))
    return typical_count(sizes.values()) >= _WORTH * typical_count(product.other.shape)


def _common_operand(node: Apply, context: Context) -> Node | None:
    """A @ B + A @ C - A @ D is A @ (B + C - D)."""
    if len(node.args) > _TERMS or not is_float(node.dtype) or is_half(node.dtype):
        return None
    if sum(is_applied(args_of(term)[0] if is_applied(term, neg) else term, einsum) for term in node.args) < 2:
        return None
    groups: dict[tuple[object, ...], dict[int, _Product]] = {}
    for place, term in enumerate(node.args):
        for product in _products(term, context):
            key = (product.shared, product.own, frozenset(product.rest))
            groups.setdefault(key, {}).setdefault(place, product)
    for group in groups.values():
        if len(group) > 1 and _is_worth_it(next(iter(group.values()))):
            merged = _merged(list(group.values()), node)
            rest = [term for place, term in enumerate(node.args) if place not in group]
            return add(*rest, merged) if rest else merged
    return None


def _merged(products: Sequence[_Product], node: Apply) -> Node:
    """Return the sum of contractions that have one operand in common, as one contraction."""
    lead = products[0]
    others = []
    for product in products:
        axes = tuple(product.rest.index(place) for place in lead.rest)
        other = permuted(product.other, axes)
        others.append(neg(other) if product.negative else other)
    total = add(*others)
    args, operands = [lead.shared, total], [lead.own, lead.rest]
    if not lead.first:
        args, operands = args[::-1], operands[::-1]
    shift = node.rank + lead.shared.rank  # indices are not below 0
    numbered = [tuple(index if index >= 0 else shift + index for index in own) for own in operands]
    return contract(args, numbered, tuple(range(node.rank)))


ROWS = (Row("common operand", (add,), _common_operand, arrays=True, of=(einsum, neg)),)
