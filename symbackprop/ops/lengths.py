"""Lengths of vectors of any number of entries that are given one by one: hypotenuses of hypotenuses, as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbackprop.ir.node import Apply, Node, Operand, Shape
from symbackprop.ops.broadcasting import align_shapes, converted
from symbackprop.ops.declare import Primitive, Style, register
from symbackprop.ops.elementwise import common_dtype
from symbackprop.ops.trigonometric import over_length

__all__ = ["length"]


def _prepare(operands: Sequence[Operand]) -> tuple[Node, ...]:
    nodes = align_shapes(operands)
    dtype = common_dtype(nodes)
    return tuple(converted(node, dtype) for node in nodes)


def _infer(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    return args[0].shape, common_dtype(args)


def _numpy_text(node: Apply, style: Style) -> str:
    text = "{0}"
    for position in range(1, len(node.args)):
        text = f"np.hypot({text}, {{{position}}})"
    return text


def _math_text(node: Apply, style: Style) -> str:
    return f"math.hypot({', '.join(f'{{{position}}}' for position in range(len(node.args)))})"


def _jvp(tangents: Sequence[Node | None], out: Apply) -> Node | None:
    terms = [t * over_length(x, out) for t, x in zip(tangents, out.args, strict=True) if t is not None]
    if not terms:
        return None
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


length: Primitive = register(
    Primitive(
        name="length",
        kind="elementwise",
        arity=None,
        infer=_infer,
        texts={"numpy": _numpy_text, "math": _math_text},
        vjp=lambda g, out: [g * over_length(x, out) for x in out.args],
        jvp=_jvp,
        prepare=_prepare,
        points=[(0.7, -1.9, 0.4), (3.0, 4.0, 12.0), (0.0, 2.0, 0.0)],
        public=False,
        analytic=False,
        derivative="x / length(x, y, z) for x, and so on",
        kinks="the gradient where all arguments are 0 is 0, and so are the second derivatives",
        flops=12,
        source="power rule",
    )
)
