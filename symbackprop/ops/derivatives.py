"""Derivatives of bodies, inside of a formula: `jacobian`, `pullback` and `pushforward`.

Each stands for its derivative until that is written out, which happens before the formula around it is differentiated,
from the inside to the outside. What a body moves is bound by it alone, and by no other one, so that no derivative can
take the perturbation of another for its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

from symbackprop.errors import ShapeError
from symbackprop.ir.body import Body, fresh_inputs
from symbackprop.ir.graph import children, topological
from symbackprop.ir.node import Apply, Const, Input, Node, Shape, constant
from symbackprop.ir.size import product
from symbackprop.ops.bodies import inlined, substitute
from symbackprop.ops.broadcasting import reshape
from symbackprop.ops.creation import eye
from symbackprop.ops.declare import Primitive, PullBack, custom
from symbackprop.ops.indexing import Bounds, slice_
from symbackprop.ops.layout import stacked, transpose
from symbackprop.ops.loops import looped

__all__ = [
    "PushForward",
    "by_columns",
    "columns_of",
    "jacobian",
    "jacobian_of",
    "pullback",
    "pulled_back",
    "pushed_forward",
    "pushforward",
]

_FEW = 12  # entries of a vector for which a row each is written
PushForward = Callable[[Sequence[Node], Mapping[Node, Node]], Sequence[Node | None]]
_Linear = Callable[[Node], Node | None]  # what a cotangent, or a tangent, becomes; None for zero


# --- a Jacobian -------------------------------------------------------------------------------------------------------


def jacobian_of(body: Body, args: Sequence[Node], pull_back: PullBack) -> Node:
    """Return the derivative of what a body computes with respect to the first of its arguments.

    That of an array is made row by row, each the vjp of a row of the identity.
    """
    (value,), x = body.outputs, body.inputs[0]
    return _of_unit_vectors(value, x, lambda bar: pull_back([value], [bar], [x]).get(x), body, args)


def columns_of(body: Body, args: Sequence[Node], push_forward: PushForward) -> Node:
    """Return the same with the axes of the argument first: column by column, each the jvp of a row of the identity."""
    (value,), x = body.outputs, body.inputs[0]
    return _of_unit_vectors(x, value, lambda dot: push_forward([value], {x: dot})[0], body, args)


def _of_unit_vectors(basis: Node, like: Node, linear: _Linear, body: Body, args: Sequence[Node]) -> Node:
    """Return what `linear` makes of each unit vector in the space of `basis`: ``basis.shape + like.shape``."""
    shape = (*basis.shape, *like.shape)
    if not basis.shape:
        made = linear(constant(1, (), basis.dtype))
        return constant(0, shape, like.dtype) if made is None else inlined(Body(body.inputs, (made,)), args)[0]
    size = product(basis.shape)
    (row,) = fresh_inputs([constant(0, (size,), basis.dtype)], body.inputs)
    made = linear(row if basis.rank == 1 else reshape(row, shape=basis.shape))
    if made is None:
        return constant(0, shape, like.dtype)
    step = Body((row, *body.inputs), (made,))
    entries = _entries_read(row, made)
    if entries is not None:
        return inlined(Body(body.inputs, (stacked([_for_unit(made, entries, k) for k in range(size)], 0),)), args)[0]  # type: ignore[arg-type]
    if size == 1:
        return reshape(inlined(step, [constant(1, (1,), basis.dtype), *args])[0], shape=shape)
    rows = looped(step, [], [eye(rows=size, columns=size, k=0, dtype=basis.dtype)], args, size).stack(0)
    return rows if basis.rank == 1 else reshape(rows, shape=shape)


def _entries_read(row: Node, made: Node) -> dict[Node, int] | None:
    """Return the entries of a short vector that is read entry by entry alone, as the unknowns of mechanics are; else None."""
    (size,) = row.shape
    if made is row or not isinstance(size, int) or size > _FEW:
        return None
    found: dict[Node, int] = {}
    for node in topological([made]):
        if row in children(node):
            bounds: Bounds = node.param("bounds") if isinstance(node, Apply) and node.op is slice_ else ()  # type: ignore[assignment]
            if len(bounds) != 1 or not isinstance(bounds[0], int):
                return None
            found[node] = bounds[0] % size
    return found


def _for_unit(made: Node, entries: Mapping[Node, int], position: int) -> Node:
    """Return what is made of the unit vector that is 1 at a position."""
    units = {node: constant(int(place == position), (), node.dtype) for node, place in entries.items()}
    return substitute([made], units)[made]


def _infer(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    body: Body = params["body"]  # type: ignore[assignment]
    (value,) = body.outputs
    _check_bound(body, args)
    first, last = (args[0], value) if params["mode"] == "leading" else (value, args[0])
    return (*first.shape, *last.shape), value.dtype


def by_columns(body: Body, args: Sequence[Node], push_forward: PushForward) -> Node:
    """Return the Jacobian of a body made column by column."""
    (value,), x = body.outputs, body.inputs[0]
    columns = columns_of(body, args, push_forward)
    if not x.shape or not value.shape:
        return columns
    return transpose(columns, axes=(*range(x.rank, x.rank + value.rank), *range(x.rank)))


# --- products ---------------------------------------------------------------------------------------------------------


def pulled_back(body: Body, args: Sequence[Node], count: int, pull_back: PullBack) -> list[Node]:
    """Return the cotangents of the first `count` inputs of a body, given those of its outputs, then what it binds."""
    wrt, values = body.inputs[:count], args[len(body.outputs) :]
    bars, bound = _inputs_for(args[: len(body.outputs)], body)
    adjoints = pull_back(body.outputs, bars, wrt)
    found = [adjoints[x] if x in adjoints else constant(0, x.shape, x.dtype) for x in wrt]
    return inlined(Body((*bound, *body.inputs), tuple(found)), [*bound.values(), *values])


def pushed_forward(body: Body, args: Sequence[Node], count: int, push_forward: PushForward) -> list[Node]:
    """Return the tangents of the outputs of a body, given those of its first `count` inputs, then what it binds."""
    dots, bound = _inputs_for(args[:count], body)
    pushed = push_forward(body.outputs, dict(zip(body.inputs, dots, strict=False)))
    pairs = zip(pushed, body.outputs, strict=True)
    found = [constant(0, value.shape, value.dtype) if dot is None else dot for dot, value in pairs]
    return inlined(Body((*bound, *body.inputs), tuple(found)), [*bound.values(), *args[count:]])


def _inputs_for(given: Sequence[Node], body: Body) -> tuple[list[Node], dict[Input, Node]]:
    """Return inputs in the place of what is given beside what `body` binds, numbers as they are; and what they stand for."""
    bound = dict(zip(fresh_inputs(given, body.inputs), given, strict=True))
    bound = {node: value for node, value in bound.items() if not isinstance(value, Const)}
    of_value = {value: node for node, value in bound.items()}
    return [of_value.get(value, value) for value in given], bound


def _infer_cotangents(args: tuple[Node, ...], params: Mapping[str, object]) -> list[tuple[Shape, str]]:
    body: Body = params["body"]  # type: ignore[assignment]
    _check_bound(body, args[len(body.outputs) :])
    count: int = params["count"]  # type: ignore[assignment]
    return _alike(body.outputs, args, body.inputs[:count])


def _infer_tangents(args: tuple[Node, ...], params: Mapping[str, object]) -> list[tuple[Shape, str]]:
    body: Body = params["body"]  # type: ignore[assignment]
    count: int = params["count"]  # type: ignore[assignment]
    _check_bound(body, args[count:])
    return _alike(body.inputs[:count], args, body.outputs)


def _alike(moved: Sequence[Node], given: Sequence[Node], found: Sequence[Node]) -> list[tuple[Shape, str]]:
    """Return the shapes and dtypes of what is `found`, having seen that each of `moved` is given what is like it."""
    for node, own in zip(moved, given, strict=False):
        if (node.shape, node.dtype) != (own.shape, own.dtype):
            raise ShapeError("a tangent or a cotangent is not like what it belongs to")
    return [(node.shape, node.dtype) for node in found]


def _check_bound(body: Body, args: Sequence[Node]) -> None:
    if [(node.shape, node.dtype) for node in body.inputs] != [(node.shape, node.dtype) for node in args]:
        raise ShapeError("a derivative is taken of a body that binds other values than it is given")


# --- the primitives ---------------------------------------------------------------------------------------------------


def _not_expanded(*rest: object) -> NoReturn:
    raise AssertionError("derivatives inside of a formula are written out before it is differentiated")


def _derivative(name: str, **own: object) -> Primitive:
    return custom(
        name,
        arity=None,
        numpy=name,
        vjp=_not_expanded,
        jvp=_not_expanded,
        has_bodies=True,
        public=False,
        flops=0,
        derivative="that of the derivative, once it is written out",
        kinks="that of compile_grad; the derivative of a step, as that of abs has at 0, is 0",
        source="its definition",
        **own,  # type: ignore[arg-type]
    )


jacobian: Primitive = _derivative("jacobian", infer=_infer)
pullback: Primitive = _derivative(
    "pullback",
    infer=lambda args, params: _infer_cotangents(args, params)[0],
    infer_outputs=_infer_cotangents,
    outputs=("cotangent",),
    named_outputs=lambda node: ["cotangent"] * node.param("count"),
)
pushforward: Primitive = _derivative(
    "pushforward",
    infer=lambda args, params: _infer_tangents(args, params)[0],
    infer_outputs=_infer_tangents,
    outputs=("tangent",),
    named_outputs=lambda node: ["tangent"] * len(node.param("body").outputs),
)
