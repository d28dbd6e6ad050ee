"""Rules of reads and writes at positions: where these differ between examples, the number of the example is one more."""

from __future__ import annotations

from collections.abc import Sequence

from symbackprop.ir.node import Node, Shape
from symbackprop.ops.broadcasting import broadcast
from symbackprop.ops.contraction import permuted
from symbackprop.ops.creation import arange
from symbackprop.ops.indexing import gather, scatter_add
from symbackprop.ops.masking import masked, place_masked
from symbackprop.ops.updates import add_at, last_written, place_counted, replace_at
from symbackprop.transform.batching.call import Call, Rules

__all__ = ["RULES"]


def _to(x: Node, axis: int) -> Node:
    """Return `x` with its first axis at `axis`."""
    return permuted(x, (*range(1, axis + 1), 0, *range(axis + 1, x.rank)))


def _from(x: Node, axis: int) -> Node:
    """Return `x` with the axis at `axis` as its first."""
    return permuted(x, (axis, *range(axis), *range(axis + 1, x.rank)))


def _axis(call: Call) -> int:
    return call.node.param("axis")  # type: ignore[return-value]


def _with_examples(call: Call, positions: Sequence[int]) -> list[Node]:
    """Return index arrays for all examples, the number of the example before those at `positions`."""
    indices = [call.whole(position) for position in positions]
    shape = indices[0].shape
    return [
        broadcast(arange(size=call.size), shape=shape, axes=(0,)) if len(shape) > 1 else arange(size=call.size),
        *indices,
    ]


def _gather(call: Call) -> Node:
    x, *indices = call.args
    axis = _axis(call)
    if not any(call.moved[1:]):
        return gather(x, *indices, axis=axis + 1)
    if not call.moved[0]:
        return _from(gather(x, *(call.whole(i) for i in range(1, len(call.args))), axis=axis), axis)
    numbered = _with_examples(call, range(1, len(call.args)))
    return _from(gather(_to(x, axis), *numbered, axis=axis), axis)


def _scatter_add(call: Call) -> Node:
    axis = _axis(call)
    shape: Shape = call.node.param("shape")  # type: ignore[assignment]
    width: int = call.node.param("indices")  # type: ignore[assignment]
    starts = range(0, len(call.args), width + 1)
    if not any(call.moved[start + i] for start in starts for i in range(width)):
        args = [call.whole(i) if i % (width + 1) == width else arg for i, arg in enumerate(call.args)]
        return scatter_add(*args, shape=(call.size, *shape), axis=axis + 1, indices=width)
    args = []
    for start in starts:
        args += [*_with_examples(call, range(start, start + width)), _to(call.whole(start + width), axis)]
    wider = (*shape[:axis], call.size, *shape[axis:])
    return _from(scatter_add(*args, shape=wider, axis=axis, indices=width + 1), axis)


def _written_at(call: Call) -> Node:
    """Return arrays that are written to at positions."""
    axis, last = _axis(call), len(call.args) - 1
    if not any(call.moved[1:last]):
        return call.op(call.whole(0), *call.args[1:last], call.whole(last), axis=axis + 1)
    numbered = _with_examples(call, range(1, last))
    return _from(call.op(_to(call.whole(0), axis), *numbered, _to(call.whole(last), axis), axis=axis), axis)


def _last_written(call: Call) -> Node:
    shape: Shape = call.node.param("shape")  # type: ignore[assignment]
    return last_written(*_with_examples(call, range(len(call.args))), shape=(call.size, *shape))


def _by_mask(call: Call) -> Node:
    """Return what one mask chooses of every example."""
    x, mask = call.args
    if call.moved[1]:
        call.refuse(
            "how many entries its mask chooses differs from one example to the next; take where(mask, x, 0), or a mask "
            "that all examples share"
        )
    params = dict(call.node.params)
    params["axis"] = _axis(call) + 1
    if "shape" in params:
        params["shape"] = (call.size, *params["shape"])  # type: ignore[misc]
    return call.op(x, mask, **params)


RULES: Rules = {
    gather: _gather,
    scatter_add: _scatter_add,
    replace_at: _written_at,
    add_at: _written_at,
    last_written: _last_written,
    masked: _by_mask,
    place_masked: _by_mask,
    place_counted: _by_mask,
}
