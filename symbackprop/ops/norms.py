"""Norms of vectors of any fixed order beside 1, 2 and infinity, with a rule that neither divides by 0 nor overflows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbackprop.ir.node import Apply, Node, Shape, constant, make_input
from symbackprop.ops.broadcasting import axis_text, reduce_sum
from symbackprop.ops.comparison import equal, where
from symbackprop.ops.declare import Primitive, Style, custom
from symbackprop.ops.powers import power
from symbackprop.ops.reduction import kept_axes, restored
from symbackprop.ops.rounding import absolute, sign

__all__ = ["power_norm"]


def _axes(node: Apply) -> tuple[int, ...]:
    return node.param("axes")  # type: ignore[return-value]


def _order(node: Apply) -> int | float:
    return node.param("order")  # type: ignore[return-value]


def _infer(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    (x,) = args
    axes: tuple[int, ...] = params["axes"]  # type: ignore[assignment]
    return tuple(x.shape[axis] for axis in kept_axes(x.rank, axes)), x.dtype


def _text(node: Apply, style: Style) -> str:
    return f"np.linalg.norm({{0}}, {style.number(_order(node), node.dtype)}{axis_text(node)})"


def _partials(out: Apply) -> Node:
    """Return sign(x) * (|x| / norm)**(order - 1); 0 where x or the norm is 0."""
    (x,) = out.args
    length = restored(out, x, _axes(out))
    nothing = equal(length, 0)
    share = absolute(x) / where(nothing, 1, length)
    if _order(out) < 1:  # a power of 0 would be infinite
        share = where(equal(x, 0), 1, share)
    slopes = sign(x) * power(share, constant(_order(out) - 1))
    return slopes if _order(out) > 1 else where(nothing, 0, slopes)


def _jvp(tangents: Sequence[Node | None], out: Apply) -> Node | None:
    (t,) = tangents
    return None if t is None else reduce_sum(t * _partials(out), axes=_axes(out))


power_norm: Primitive = custom(
    "power_norm",
    numpy=_text,
    infer=_infer,
    vjp=lambda g, out: [restored(g, out.args[0], _axes(out)) * _partials(out)],
    jvp=_jvp,
    samples=lambda: [
        power_norm(make_input(0, (4,), "float64"), axes=(0,), order=3),
        power_norm(make_input(0, (3, 4), "float64"), axes=(1,), order=1.5),
        power_norm(make_input(0, (4,), "float64"), axes=(0,), order=-2),
    ],
    public=False,
    analytic=False,
    flops=20,
    derivative="sign(x) * (|x| / norm)**(order - 1)",
    kinks="the derivative is 0 in an entry that is 0, and everywhere where the norm is",
    source="d(sum |x|**p)**(1/p) = sum |x|**(p - 1) sign(x) dx / norm**(p - 1)",
)
