"""The first of two arguments, on a condition that the second one decides where the code runs."""

from __future__ import annotations

from collections.abc import Callable

from symbackprop.ir.node import Apply
from symbackprop.ops.declare import Primitive, Style, custom

__all__ = ["on_condition"]


def on_condition(name: str, lines: Callable[[Apply, Style], list[str]]) -> Primitive:
    """Declare the identity of a first argument, behind which `lines` say what happens unless the second one allows it."""
    return custom(
        name,
        arity=2,
        numpy="{0}",
        lines=lines,
        infer=lambda args, params: (args[0].shape, args[0].dtype),
        vjp=lambda g, out: [g, None],
        jvp=lambda tangents, out: tangents[0],
        samples=list,
        memory="view",
        public=False,
        flops=0,
        derivative="the cotangent",
        source="the identity",
    )
