"""Sums and means of products of entries, as contractions: no array has to hold the products.

This runs in a walk after all others, when it is known which products nothing else needs: what is multiplied
for several sums, or read entry by entry too, is multiplied once.
"""

from __future__ import annotations

from symbackprop.ir.dtype import is_float, is_half
from symbackprop.ir.node import Apply, Const, Node, constant
from symbackprop.ops.arithmetic import add, integer_power, mul
from symbackprop.ops.broadcasting import reduce_sum
from symbackprop.ops.contraction import contract, einsum
from symbackprop.ops.reduction import count_of, mean
from symbackprop.simplify.applied import args_of, is_applied
from symbackprop.simplify.arrays import product_in_sum, sum_of_contraction
from symbackprop.simplify.non_negative import is_non_negative
from symbackprop.simplify.numbers import is_number
from symbackprop.simplify.pattern import Context, Row

__all__ = ["OF_SUMS", "ROWS", "averages_products", "sums_products", "sums_what_is_there"]

_TERMS = 8  # of a sum that is taken apart


def sums_products(node: Node) -> bool:
    """Tell whether `node` is a sum of products or squares, or of some of these together."""
    if not isinstance(node, Apply) or node.op is not reduce_sum or is_half(node.dtype):
        return False
    (x,) = node.args
    return _is_product(x) or (is_applied(x, add) and all(_is_product(term) for term in args_of(x)))


def _is_product(x: Node) -> bool:
    return isinstance(x, Apply) and (x.op is mul or (x.op is integer_power and x.param("n") == 2))


def _contract_entries(node: Apply, context: Context) -> Node | None:
    """sum(x * y, axis=1) is a contraction."""
    if not sums_products(node) or is_applied(node.args[0], add):
        return None
    found = product_in_sum(node, context)
    return None if found is None else contract(*found)


def _sum_apart(node: Apply, context: Context) -> Node | None:
    """sum(x**2 + 3*y**2) is sum(x**2) + 3*sum(y**2), each a contraction; terms that are never negative do not cancel."""
    (x,) = node.args
    if not sums_products(node) or not is_applied(x, add) or len(args_of(x)) > _TERMS or not context.is_free(x):
        return None
    terms = []
    for term in args_of(x):
        number, product = _scaled(term)
        if not context.is_free(term) or not _is_product(product) or not is_non_negative(term):
            return None
        found = product_in_sum(reduce_sum(product, **dict(node.params)), context)  # type: ignore[arg-type]
        if found is None:
            return None
        total = contract(*found)
        terms.append(total if number is None else mul(constant(number.value, total.shape, total.dtype), total))
    return add(*terms)


def _scaled(term: Node) -> tuple[Const | None, Node]:
    """Split a term into a number and what it multiplies."""
    if is_applied(term, mul) and isinstance(args_of(term)[0], Const) and is_number(args_of(term)[0]):
        number, rest = args_of(term)
        assert isinstance(number, Const)
        return number, rest
    return None, term


def averages_products(node: Node) -> bool:
    """Tell whether `node` is a mean of products or squares, or of a contraction."""
    if not isinstance(node, Apply) or node.op is not mean or is_half(node.dtype):
        return False
    (x,) = node.args
    return is_float(x.dtype) and (_is_product(x) or is_applied(x, einsum))


def _contract_mean(node: Apply, context: Context) -> Node | None:
    """mean(x * y) and mean(A @ B) are contractions, divided by the number of entries."""
    (x,) = node.args
    if not averages_products(node) or not context.is_free(x):
        return None
    axes: tuple[int, ...] = node.param("axes")  # type: ignore[assignment]
    total = reduce_sum(x, axes=axes)
    assert isinstance(total, Apply)
    found = sum_of_contraction(total, context) if is_applied(x, einsum) else _contract_entries(total, context)
    return None if found is None else found / count_of(x, axes, node.dtype)


def sums_what_is_there(node: Node) -> bool:
    """Tell whether `node` sums products that may be there, or may be summed, already."""
    return _sums_all(node) or _weighs_squares(node)


def _sums_all(node: Node) -> bool:
    """Tell whether `node` is the sum of all products of the entries of two matrices."""
    return is_applied(node, einsum) and not node.rank and len(args_of(node)) == 2 and args_of(node)[0].rank == 2


def _sum_of_sums(node: Apply, context: Context) -> Node | None:
    """The sum of all entries is that of the sums of rows, or columns, where these are there: vdot(A, B), (A * B).sum(axis=1)."""
    operands = node.param("operands")
    if not _sums_all(node) or operands[0] != operands[1]:  # type: ignore[index]
        return None
    a, b = node.args
    for products in (mul(a, b), mul(b, a)):
        if context.has(products):
            for axis in (0, 1):
                found = reduce_sum(products, axes=(axis,))
                if context.has(found):
                    return reduce_sum(found, axes=(0,))
    return None


def _weighs_squares(node: Node) -> bool:
    """Tell whether `node` contracts squares with weights, entry by entry."""
    if not is_applied(node, einsum) or len(args_of(node)) != 2:
        return False
    first, second = node.param("operands")  # type: ignore[attr-defined]
    return first == second and any(_root_of(arg) is not None for arg in args_of(node))


def _root_of(square: Node) -> Node | None:
    """Return what `square` is the square of."""
    if is_applied(square, mul) and args_of(square)[0] is args_of(square)[1]:
        return args_of(square)[0]
    if isinstance(square, Apply) and square.op is integer_power and square.param("n") == 2:
        return args_of(square)[0]
    return None


def _weighted_squares(node: Apply, context: Context) -> Node | None:
    """vdot(w, x * x) is vdot(w * x, x), where w * x is there already, as the derivative of a weighted square is."""
    if not _weighs_squares(node):
        return None
    for weights, square in (node.args, node.args[::-1]):
        root = _root_of(square)
        if root is None or not context.is_free(square):
            continue
        for product in (mul(weights, root), mul(root, weights)):
            if context.has(product):
                return contract([product, root], node.param("operands"), node.param("output"))  # type: ignore[arg-type]
    return None


ROWS = (
    Row("contract product of entries", (reduce_sum,), _contract_entries, of=(mul, integer_power)),
    Row("sum of squares apart", (reduce_sum,), _sum_apart, of=(add,)),
    Row("mean of products", (mean,), _contract_mean),
)
OF_SUMS = (  # once nothing else changes
    Row("sum of sums", (einsum,), _sum_of_sums),
    Row("sum of weighted squares", (einsum,), _weighted_squares, of=(mul, integer_power)),
)
