"""How errors pass kinks: as on the right of them, all alike.

The derivative of an absolute value is 0 at 0 by convention, and that of a maximum is shared at ties: an error of what is
computed to be exactly 0 would be lost. What is smooth but computed by several operations with kinks, as log(1 + exp(x)) is,
gets its derivative there as they are all taken from the same side.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from symbackprop.ir.node import Apply, Const, Node, Output, make_output
from symbackprop.ops.comparison import greater_equal, less, where
from symbackprop.ops.declare import Primitive
from symbackprop.transform.rounding.identities import identity_mark

__all__ = ["bent", "is_bent", "past_kink"]

Passed = Callable[[Node, Apply], Sequence[Node]]  # of a cotangent and an operation: what each argument gets


def _of_larger(g: Node, node: Apply) -> Sequence[Node]:
    """Return what passes a maximum: from x - y > 0, but from above a number."""
    x, y = node.args
    is_first = less(y, x) if isinstance(x, Const) else greater_equal(x, y)
    return where(is_first, g, 0), where(is_first, 0, g)


def _of_smaller(g: Node, node: Apply) -> Sequence[Node]:
    """Return what passes a minimum: from x - y > 0, but from below a number."""
    x, y = node.args
    is_first = greater_equal(y, x) if isinstance(y, Const) else less(x, y)
    return where(is_first, g, 0), where(is_first, 0, g)


_PAST_KINKS: Mapping[str, Passed] = {
    "abs": lambda g, node: [where(less(node.args[0], 0), -g, g)],
    "relu": lambda g, node: [where(less(node.args[0], 0), 0, g)],
    "maximum": _of_larger,
    "fmax": _of_larger,
    "minimum": _of_smaller,
    "fmin": _of_smaller,
}


def is_bent(node: Node) -> bool:
    """Tell whether a node has a kink that is passed in a way of its own."""
    return isinstance(node.op, Primitive) and node.op.name in _PAST_KINKS


def past_kink(node: Node) -> Output:
    """Return a node with a kink, behind a mark that says how errors pass it."""
    mark = bent(node, *node.args)
    assert isinstance(mark, Apply)
    return make_output(mark, 0, node.shape, node.dtype)


def _vjp(cotangents: Sequence[Node | None], out: Apply) -> list[Node | None]:
    (g,) = cotangents
    node = out.args[0]
    if g is None:
        return [None] * len(out.args)
    assert isinstance(node, Apply) and isinstance(node.op, Primitive)
    return [None, *_PAST_KINKS[node.op.name](g, node)]


bent = identity_mark(
    "bent",
    infer=lambda args, params: [(args[0].shape, args[0].dtype)],
    count=lambda node: 1,
    vjp=_vjp,
    source="the derivative from the right",
)
