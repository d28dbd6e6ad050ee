"""Primitives that hand on their first arguments, for what the reverse pass is to do behind these, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from symbackprop.ir.node import Apply, Node, Shape
from symbackprop.ops.declare import Primitive, Vjp, as_node

__all__ = ["identity_mark"]

Inferred = Sequence[tuple[Shape, str]]


def identity_mark(
    name: str,
    *,
    infer: Callable[[tuple[Node, ...], Mapping[str, object]], Inferred],
    count: Callable[[Apply], int],
    vjp: Vjp,
    source: str,
) -> Primitive:
    """Return a primitive with so many results; it is in no registry, as it is no word of formulas, and is never printed."""
    return Primitive(
        name=name,
        kind="custom",
        arity=None,
        infer=lambda args, params: infer(args, params)[0],
        infer_outputs=infer,
        outputs=(name,),
        named_outputs=lambda node: [name] * count(node),
        texts={},
        vjp=vjp,
        jvp=_not_pushed,
        prepare=lambda operands: tuple(map(as_node, operands)),
        source=source,
    )


def _not_pushed(*rest: object) -> None:
    raise AssertionError("marks are gone once the reverse pass is done")
