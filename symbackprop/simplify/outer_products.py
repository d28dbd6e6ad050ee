"""Products of a matrix with a sum of outer products: of few vectors each, they need no product of two matrices.

X @ (outer(a, b) + outer(b, a)) is outer(X @ a, b) + outer(X @ b, a). The gradient of least squares by its normal
equations ends in such a product, and has the products with the vectors from the way forward.
"""

from __future__ import annotations

from typing import NamedTuple

from symbackprop.ir.node import Apply, Const, Node, constant
from symbackprop.ops.arithmetic import add, mul, neg
from symbackprop.ops.broadcasting import broadcast
from symbackprop.ops.contraction import Indices, contract, einsum
from symbackprop.ops.layout import transpose
from symbackprop.simplify.applied import args_of, is_applied
from symbackprop.simplify.pattern import Context, Row

__all__ = ["ROWS", "multiplies_outer_products"]

_TERMS = 4  # each of which is a product with a vector, and an outer product


class _Outer(NamedTuple):
    """An outer product, the numbers that it is multiplied by, and its sign."""

    rows: Node
    columns: Node
    numbers: tuple[Node, ...] = ()
    negative: bool = False

    def times(self, other: Node, indices: Indices, own: Indices, output: Indices) -> Node:
        """Return the contraction of this, whose indices are its `own`, with another array."""
        found = contract([other, self.rows, self.columns], [indices, own[:1], own[1:]], output)
        for number in self.numbers:
            found = mul(number, found)
        return neg(found) if self.negative else found


def multiplies_outer_products(node: Node) -> bool:
    """Tell whether `node` is a product of two matrices, one of which is a sum."""
    return is_applied(node, einsum) and node.rank == 2 and any(is_applied(arg, add) for arg in args_of(node))


def _with_vectors(node: Apply, context: Context) -> Node | None:
    """X @ (outer(a, b) + outer(c, d)) is outer(X @ a, b) + outer(X @ c, d)."""
    operands: tuple[Indices, ...] = node.param("operands")  # type: ignore[assignment]
    output: Indices = node.param("output")  # type: ignore[assignment]
    if len(operands) != 2 or node.rank != 2:
        return None
    for position, arg in enumerate(node.args):
        own, other = operands[position], operands[1 - position]
        if not is_applied(arg, add) or arg.rank != 2 or len(set(own) & set(output)) != 1 or len(other) != 2:
            continue
        terms = [_outer(term) for term in args_of(arg)]
        if len(terms) <= _TERMS and None not in terms and not context.is_named(arg):
            x = node.args[1 - position]
            return add(*(term.times(x, other, own, output) for term in terms if term is not None))
    return None


def _outer(x: Node) -> _Outer | None:
    """Return what an outer product, or a multiple or a transpose of one, is made of."""
    if is_applied(x, neg) or is_applied(x, transpose):
        inner = _outer_below(args_of(x)[0])
        if inner is None:
            return None
        return (
            inner._replace(negative=True)
            if is_applied(x, neg)
            else inner._replace(rows=inner.columns, columns=inner.rows)
        )
    return _outer_below(x)


def _outer_below(x: Node) -> _Outer | None:
    """Return what a multiple of an outer product is made of."""
    numbers: tuple[Node, ...] = ()
    if is_applied(x, mul):
        first, x = args_of(x)
        if isinstance(first, Const):
            numbers = (constant(first.value, (), first.dtype),)
        elif is_applied(first, broadcast) and not args_of(first)[0].shape:
            numbers = args_of(first)
        else:
            return None
    if not is_applied(x, einsum) or x.rank != 2 or any(arg.rank != 1 for arg in args_of(x)) or len(args_of(x)) != 2:
        return None
    output: Indices = x.param("output")  # type: ignore[attr-defined]
    operands: tuple[Indices, ...] = x.param("operands")  # type: ignore[attr-defined]
    rows = operands.index((output[0],))
    return _Outer(args_of(x)[rows], args_of(x)[1 - rows], numbers)


ROWS = (Row("product with outer products", (einsum,), _with_vectors, arrays=True),)
