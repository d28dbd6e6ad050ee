"""Entries divided by their root mean square: what normalising layers do, with a rule that reuses the output.

With r = sqrt(mean(x**2) + eps):  out = x / r.  Behind x - mean(x) it is the whole of a batch or layer normalisation.
"""

from __future__ import annotations

from collections.abc import Mapping

from symbackprop.ir.node import Apply, ConstantValue, Node, Shape, constant, make_input
from symbackprop.ops.arithmetic import integer_power
from symbackprop.ops.broadcasting import axis_text
from symbackprop.ops.declare import Primitive, Style, custom
from symbackprop.ops.powers import sqrt
from symbackprop.ops.reduction import mean, restored

__all__ = ["divided_by_rms"]


def _axes(node: Apply) -> tuple[int, ...]:
    return node.param("axes")  # type: ignore[return-value]


def _root(node: Apply) -> Node:
    """Return r, in the shape of x."""
    (x,) = node.args
    eps: ConstantValue = node.param("eps")  # type: ignore[assignment]
    squares = mean(integer_power(x, n=2), axes=_axes(node))
    return restored(sqrt(squares + constant(eps, squares.shape, x.dtype)), x, _axes(node))


def _infer(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    return args[0].shape, args[0].dtype


def _rule(g: Node, out: Apply) -> Node:
    """Return (g - out*mean(g*out)) / r; the Jacobian is symmetric, so both modes use it."""
    axes = _axes(out)
    return (g - out * restored(mean(g * out, axes=axes), out, axes)) / _root(out)


def _text(node: Apply, style: Style) -> str:
    return f"{{0}} / np.sqrt(np.mean({{0}} * {{0}}{axis_text(node)}, keepdims=True) + {node.param('eps')!r})"


divided_by_rms: Primitive = custom(
    "divided_by_rms",
    numpy=_text,
    infer=_infer,
    vjp=lambda g, out: [_rule(g, out)],
    jvp=lambda tangents, out: _rule(tangents[0], out),
    lower=lambda node: node.args[0] / _root(node),
    samples=lambda: [
        divided_by_rms(make_input(0, (3, 4), "float64"), axes=axes, eps=0.5) for axes in ((0,), (1,), (0, 1))
    ],
    public=False,
    derivative="(identity - outer(out, out)/n) / sqrt(mean(x**2) + eps)",
    flops=6,
    source="Ioffe and Szegedy (2015), Batch normalization, section 3; Zhang and Sennrich (2019), eq. 4",
)
