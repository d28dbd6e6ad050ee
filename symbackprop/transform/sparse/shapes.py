"""Reshapes brought up: what is computed entry by entry of an array in another shape is computed before, and then reshaped.

So axes stay apart that a reshape merges: in ``ravel(stack((a, b), axis=1))**2`` each entry is one of `a` or of `b`.
"""

from __future__ import annotations

from collections.abc import Callable

from symbackprop.ir.node import Apply, Node, Shape, make_apply
from symbackprop.ops.arithmetic import add, mul
from symbackprop.ops.broadcasting import cast, reduce_sum, reshape
from symbackprop.ops.contraction import einsum
from symbackprop.ops.declare import Primitive
from symbackprop.ops.indexing import choose
from symbackprop.transform.sparse.moves import Read, Reshaped

__all__ = ["computed_before_reshape"]

Reader = Callable[[Node, Read], Node]


def computed_before_reshape(
    node: Apply, is_computed: Callable[[Node], bool], read: Reader, followed: Callable[[Apply], Node]
) -> Node | None:
    """Return a node as it is computed before a reshape of an argument that `is_computed`; None if it is not.

    What is computed there is `followed` further.
    """
    shape = next((arg.args[0].shape for arg in node.args if _is_reshape(arg) and is_computed(arg)), None)
    if shape is None:
        return None
    op = node.op
    assert isinstance(op, Primitive)
    if op.kind == "elementwise" or op in (add, cast, choose):
        args = tuple(_before(arg, shape, read) for arg in node.args)
        return reshape(followed(make_apply(op, args, node.params, shape, node.dtype)), shape=node.shape)
    if node.shape or len({arg.shape for arg in node.args}) > 1:
        return None
    if op is reduce_sum or (op is einsum and len({*node.param("operands")}) == 1):  # type: ignore[misc]
        product, *others = (_before(arg, shape, read) for arg in node.args)
        for other in others:
            product = followed(make_apply(mul, (product, other), (), shape, node.dtype))
        return followed(make_apply(reduce_sum, (product,), (("axes", tuple(range(len(shape)))),), (), node.dtype))
    return None


def _is_reshape(node: Node) -> bool:
    return isinstance(node, Apply) and node.op is reshape


def _before(x: Node, shape: Shape, read: Reader) -> Node:
    if isinstance(x, Apply) and x.op is reshape and x.args[0].shape == shape:
        return x.args[0]
    return read(x, Reshaped(tuple(range(x.rank)), shape))
