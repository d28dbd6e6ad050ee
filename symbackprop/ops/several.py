"""Functions of SciPy's that give several results at once, so that two of them cost one call.

The elementwise primitives of the single results lower to these; this is their one form for printing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from symbackprop.ir.node import Apply, Node, make_input
from symbackprop.ops.arithmetic import add
from symbackprop.ops.declare import Primitive, custom, results

__all__ = ["result_of", "several"]

Slopes = Callable[[Node, tuple[Node, ...]], tuple[Node, ...]]


def several(name: str, outputs: tuple[str, ...], slopes: Slopes, *, source: str) -> Primitive:
    """Declare a function of one argument with several results.

    Parameters
    ----------
    name : str
        SciPy's name.
    outputs : tuple of str
        What the results are called in printed code.
    slopes : callable
        ``(x, results) -> derivatives``.
    """

    def slopes_of(node: Apply) -> tuple[Node, ...]:
        return slopes(node.args[0], results(node))

    def vjp(cotangents: Sequence[Node | None], out: Apply) -> list[Node | None]:
        terms = [g * slope for g, slope in zip(cotangents, slopes_of(out), strict=True) if g is not None]
        return [add(*terms) if terms else None]

    def jvp(tangents: Sequence[Node | None], out: Apply) -> list[Node | None]:
        (tangent,) = tangents
        return [None if tangent is None else tangent * slope for slope in slopes_of(out)]

    primitive: Primitive = custom(
        name,
        numpy=f"special.{name}({{0}})",
        outputs=outputs,
        alone={position: f"special.{name}({{0}})[{position}]" for position in range(len(outputs))},
        infer=lambda args, params: (args[0].shape, args[0].dtype),
        infer_outputs=lambda args, params: [(args[0].shape, args[0].dtype)] * len(outputs),
        vjp=vjp,
        jvp=jvp,  # type: ignore[arg-type]
        samples=lambda: list(results(primitive(make_input(0, (3,), "float64")))),  # type: ignore[arg-type]
        public=False,
        flops=200,
        source=source,
    )
    return primitive


def result_of(primitive: Primitive, position: int) -> Callable[[Apply], Node]:
    """Return the lowering of an elementwise primitive to one of several results."""
    return lambda node: results(primitive(node.args[0]))[position]  # type: ignore[arg-type]
