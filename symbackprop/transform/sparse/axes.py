"""What operations do to axes: along which axes of its arguments a node works, and along which each entry has its own.

Every axis has a label: along axes of the same label, what is read of a node is computed of what is read of its
arguments, by the same operation.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import chain
from typing import Any

from symbackprop.ir.node import Apply, Node, Operation, Shape, make_apply
from symbackprop.ops import primitives
from symbackprop.ops.arithmetic import add
from symbackprop.ops.broadcasting import broadcast, cast, reduce_sum, sized
from symbackprop.ops.contraction import contract, einsum
from symbackprop.ops.declare import Primitive
from symbackprop.ops.indexing import choose, slice_
from symbackprop.ops.layout import concatenate, transpose

__all__ = ["Labels", "labelled", "rebuilt_of"]

Labels = Sequence[Hashable]
Labelled = Sequence[Labels]  # for each argument of a node, for each axis: that of the node, or a name of its own


def _axes_of(node: Apply) -> Sequence[int]:
    params: dict[str, Any] = dict(node.params)
    return params["axes"] if "axes" in params else (params["axis"],)


def labelled(node: Apply) -> tuple[Labelled, Sequence[int]] | None:
    """Return the labels of the axes of a node's arguments, and along which of its own axes nothing can be read of these.

    None for an operation that is not looked into.
    """
    op = node.op
    assert isinstance(op, Primitive)
    if op.kind == "elementwise" or op in (add, cast, choose, sized):
        return [range(node.rank)] * len(node.args), ()
    if op is broadcast:
        return [_axes_of(node)], ()
    if op is transpose:
        axes = _axes_of(node)
        return [axes], ()
    if op in _REDUCING:
        gone = _axes_of(node)
        kept = iter(range(node.rank))
        return [[("own", axis) if axis in gone else next(kept) for axis in range(node.args[0].rank)]], ()
    if op in _WORKING_ALONG:
        return [range(node.rank)] * len(node.args), _axes_of(node)
    if op is einsum:
        output: Any = node.param("output")
        operands: Any = node.param("operands")
        return [[output.index(i) if i in output else ("own", i) for i in indices] for indices in operands], ()
    if op is slice_:
        kept = iter(range(node.rank))
        bounds = [*_bounds(node)]
        own = [
            next(kept) if bound is None or isinstance(bound, tuple) else ("own", i) for i, bound in enumerate(bounds)
        ]
        return [own], [label for label, bound in zip(own, bounds, strict=True) if isinstance(bound, tuple)]  # type: ignore[misc]
    return None


def _bounds(node: Apply) -> Sequence[Any]:
    return node.param("bounds")  # type: ignore[return-value]


def rebuilt_of(node: Apply, args: Sequence[Node], labels: Sequence[Labels], after: Labels, shape: Shape) -> Node:
    """Return a node of what has been read of its arguments.

    Parameters
    ----------
    node : Apply
        The node as it was.
    args : sequence of Node
        What its arguments have become.
    labels, after : sequences
        Of the axes of each of these, and of its own axes now.
    shape : Shape
        That it has now.
    """
    op = node.op
    params: dict[str, Any] = dict(node.params)
    if op is einsum:
        numbers = {label: number for number, label in enumerate(dict.fromkeys(chain(after, *labels)))}
        return contract(args, [tuple(numbers[i] for i in own) for own in labels], tuple(numbers[i] for i in after))
    if op is broadcast:
        params = {"shape": shape, "axes": tuple(after.index(label) for label in labels[0])}
    elif op is sized:
        params = {"shape": shape}
    elif op is transpose:
        params = {"axes": tuple(labels[0].index(label) for label in after)}
    elif op is slice_:
        ((old,), _) = labelled(node)  # type: ignore[misc]
        bounds = dict(zip(old, _bounds(node), strict=True))
        params = {"bounds": tuple(bounds.get(label) for label in labels[0])}
    elif op in _REDUCING:
        params["axes"] = tuple(axis for axis, label in enumerate(labels[0]) if label not in after)
    elif op in _WORKING_ALONG:
        axes = tuple(after.index(axis) for axis in _axes_of(node))
        params |= {"axes": axes} if "axes" in params else {"axis": axes[0]}
    return make_apply(op, tuple(args), tuple(sorted(params.items())), shape, node.dtype)


_REDUCING: frozenset[Operation] = frozenset(
    [reduce_sum, *(primitives()[name] for name in ("mean", "max", "min", "prod", "logsumexp", "power_norm"))]
)
_WORKING_ALONG: frozenset[Operation] = frozenset(
    [
        concatenate,
        *(primitives()[name] for name in ("softmax", "log_softmax", "sort", "cumsum", "cumprod", "cummax", "gradient")),
    ]
)
