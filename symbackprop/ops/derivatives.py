"""`jacobian`: the derivative of a body, inside of a formula.

It stands for its derivative until that is written out, which happens before the formula around it is differentiated, from
the inside to the outside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn

from symbackprop.errors import ShapeError
from symbackprop.ir.body import Body, fresh_inputs
from symbackprop.ir.node import Node, Shape, constant
from symbackprop.ops.bodies import inlined
from symbackprop.ops.broadcasting import reshape
from symbackprop.ops.creation import eye
from symbackprop.ops.declare import Engine, Primitive, custom
from symbackprop.ops.loops import looped

__all__ = ["jacobian", "jacobian_of"]


def _infer(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    body: Body = params["body"]  # type: ignore[assignment]
    (value,) = body.outputs
    if [(node.shape, node.dtype) for node in body.inputs] != [(node.shape, node.dtype) for node in args]:
        raise ShapeError("a derivative is taken of a body that binds other values than it is given")
    if args[0].rank > 1 or value.rank > 1:
        raise ShapeError("a Jacobian is that of a number or a vector with respect to a number or a vector")
    return (*value.shape, *args[0].shape), value.dtype


def jacobian_of(body: Body, args: Sequence[Node], engine: Engine) -> Node:
    """Return the derivative of what a body computes with respect to the first of its arguments.

    That of a vector is made row by row, each the vjp of a row of the identity.
    """
    (value,), x = body.outputs, body.inputs[0]
    if not value.shape:
        adjoints = engine.pull_back([value], [constant(1, (), value.dtype)], [x])
        if x not in adjoints:
            return constant(0, x.shape, value.dtype)
        return inlined(Body(body.inputs, (adjoints[x],)), args)[0]
    (row,) = fresh_inputs([value], body.inputs)
    adjoints = engine.pull_back([value], [row], [x])
    (size,) = value.shape
    if x not in adjoints:
        return constant(0, (size, *x.shape), value.dtype)
    if size == 1:
        only = inlined(Body((row, *body.inputs), (adjoints[x],)), [constant(1, (1,), value.dtype), *args])[0]
        return reshape(only, shape=(1, *x.shape))
    step = Body((row, *body.inputs), (adjoints[x],))
    return looped(step, [], [eye(rows=size, columns=size, k=0, dtype=value.dtype)], args, size).stack(0)


def _not_expanded(*rest: object) -> NoReturn:
    raise AssertionError("derivatives inside of a formula are written out before it is differentiated")


jacobian: Primitive = custom(
    "jacobian",
    arity=None,
    numpy="jacobian",
    infer=_infer,
    vjp=_not_expanded,
    jvp=_not_expanded,
    has_bodies=True,
    public=False,
    flops=0,
    source="its definition",
)
