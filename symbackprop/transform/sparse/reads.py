"""Reads brought down to what is read: ``sin(x)[i]`` is ``sin(x[i])``, as is all that works along other axes.

So it can be seen on which entries of an input a value depends: each is read at places that do not depend on what is
computed of it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from itertools import chain
from typing import Any

from symbackprop.errors import UnsupportedError
from symbackprop.ir.graph import children, topological
from symbackprop.ir.node import Apply, Const, Input, Node, Operation, constant, make_apply, make_input
from symbackprop.ops import primitives
from symbackprop.ops.arithmetic import add
from symbackprop.ops.broadcasting import broadcast, cast, reduce_sum
from symbackprop.ops.contraction import contract, einsum
from symbackprop.ops.declare import Primitive
from symbackprop.ops.indexing import choose, slice_
from symbackprop.ops.layout import concatenate, transpose
from symbackprop.simplify.pattern import with_new_arguments
from symbackprop.transform.sparse.moves import Gathered, Read, read_of

__all__ = ["at_one_vector", "with_reads_of_inputs"]

Labels = Sequence[Hashable]
Labelled = Sequence[Labels]  # for each argument of a node, for each axis: that of the node, or a name of its own

_MOST = 50_000  # nodes that are made


def at_one_vector(read: Read) -> bool:
    """Tell whether a read is at one vector of positions."""
    return isinstance(read, Gathered) and len(read.indices) == 1 and read.indices[0].rank == 1


def with_reads_of_inputs(
    values: Sequence[Node], wanted: Sequence[Input], among: Callable[[Read], bool] = at_one_vector
) -> list[Node]:
    """Return `values` with reads, `among` some kinds of them, as near to the `wanted` inputs as they can be."""
    reads = _Reads(wanted)
    new: dict[Node, Node] = {}
    for node in topological(values):
        made = with_new_arguments(node, new)
        if node in reads.moving or any(child in reads.moving for child in children(made)):
            reads.moving.add(made)
            read = read_of(made)
            if read is not None and among(read):
                made = reads.of(made.args[0], read)
        new[node] = made
    return [new[value] for value in values]


class _Reads:
    """Reads of what depends on some inputs, each made once.

    Attributes
    ----------
    moving : set of Node
        What depends on them.
    """

    def __init__(self, wanted: Sequence[Input]) -> None:
        self.moving: set[Node] = set(wanted)
        self._made: dict[tuple[Node, Read], Node] = {}

    def of(self, x: Node, read: Read) -> Node:
        """Return what is read of `x`."""
        waiting: list[tuple[Node, Read]] = [(x, read)]
        while waiting:
            node, own = waiting[-1]
            below = self._below(node, own)
            pairs = [] if below is None else [
                (arg, there) for arg, there in zip(node.args, below, strict=True) if there is not None
            ]  # fmt: skip
            needed = [pair for pair in pairs if pair not in self._made]
            if needed:
                waiting += needed
                continue
            waiting.pop()
            self._made[node, own] = made = self._read(node, own, below)
            if node in self.moving:
                self.moving.add(made)
            if len(self._made) > _MOST:
                raise UnsupportedError(
                    f"the entries of the sparse derivative are read in more than {_MOST} ways, whatever the sizes are; "
                    "give sizes that are numbers, or example arrays"
                )
        return self._made[x, read]

    def _read(self, node: Node, read: Read, below: Sequence[Read | None] | None) -> Node:
        if isinstance(node, Const):
            return constant(node.value, read.of(node).shape, node.dtype)
        if below is None or not isinstance(node, Apply):
            return read.of(node)
        args = [arg if own is None else self._made[arg, own] for arg, own in zip(node.args, below, strict=True)]
        labelled = _labelled(node)
        assert labelled is not None
        own = [
            labels if there is None else there.after(labels) for there, labels in zip(below, labelled[0], strict=True)
        ]
        return _rebuilt(node, args, own, read)

    def _below(self, node: Node, read: Read) -> Sequence[Read | None] | None:
        """Return what is read of the arguments of a node, None for all of one; None where it is read itself."""
        if not isinstance(node, Apply) or node not in self.moving:
            return None
        labelled = _labelled(node)
        if labelled is None or any(axis in labelled[1] for axis in read.axes):
            return None
        below: list[Read | None] = []
        for labels in labelled[0]:
            places = {axis: place for place, axis in enumerate(labels) if axis in read.axes}
            own = read.onto(places) if places else None
            if places and own is None:
                return None
            below.append(own)
        return below


# --- what an operation does to axes ------------------------------------------------------------------------------------


def _axes_of(node: Apply) -> Sequence[int]:
    params: dict[str, Any] = dict(node.params)
    return params["axes"] if "axes" in params else (params["axis"],)


def _labelled(node: Apply) -> tuple[Labelled, Sequence[int]] | None:
    """Return the labels of the axes of a node's arguments, and along which of its own axes nothing can be read of these.

    None for an operation that is not looked into.
    """
    op = node.op
    assert isinstance(op, Primitive)
    if op.kind == "elementwise" or op in (add, cast, choose):
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


def _rebuilt(node: Apply, args: Sequence[Node], labels: Sequence[Labels], read: Read) -> Node:
    """Return a node of what has been read of its arguments, whose axes have these labels now."""
    op = node.op
    after = read.after(range(node.rank))
    params: dict[str, Any] = dict(node.params)
    if op is einsum:
        numbers = {label: number for number, label in enumerate(dict.fromkeys(chain(after, *labels)))}
        return contract(args, [tuple(numbers[i] for i in own) for own in labels], tuple(numbers[i] for i in after))
    shape = read.of(make_input(0, node.shape, node.dtype)).shape
    if op is broadcast:
        params = {"shape": shape, "axes": tuple(after.index(label) for label in labels[0])}
    elif op is transpose:
        params = {"axes": tuple(labels[0].index(label) for label in after)}
    elif op is slice_:
        old = _labelled(node)[0][0]  # type: ignore[index]
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
