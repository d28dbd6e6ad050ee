"""Sums of products of entries, as contractions: no array has to hold the products.

This runs in a walk after all others, when it is known which products nothing else needs: what is multiplied
for several sums, or read entry by entry too, is multiplied once.
"""

from __future__ import annotations

from symbackprop.ir.dtype import is_half
from symbackprop.ir.node import Apply, Node
from symbackprop.ops.arithmetic import integer_power, mul
from symbackprop.ops.broadcasting import reduce_sum
from symbackprop.ops.contraction import contract
from symbackprop.simplify.arrays import product_in_sum
from symbackprop.simplify.pattern import Context, Row

__all__ = ["ROWS", "sums_products"]


def sums_products(node: Node) -> bool:
    """Tell whether `node` is a sum of products or squares."""
    if not isinstance(node, Apply) or node.op is not reduce_sum or is_half(node.dtype):
        return False
    (x,) = node.args
    return isinstance(x, Apply) and (x.op is mul or (x.op is integer_power and x.param("n") == 2))


def _contract_entries(node: Apply, context: Context) -> Node | None:
    """sum(x * y, axis=1) is a contraction."""
    found = product_in_sum(node, context) if sums_products(node) else None
    return None if found is None else contract(*found)


ROWS = (Row("contract product of entries", (reduce_sum,), _contract_entries),)
