"""logsumexp, softmax and log_softmax: composites with stable rules, lowered to exponentials that they share.

With m = max(x), e = exp(x - m) and s = sum(e):  logsumexp = m + log(s),  softmax = e / s,  log_softmax = x - logsumexp.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbackprop.ir.node import Apply, Node, Shape, make_input
from symbackprop.ops.broadcasting import axis_text, reduce_sum
from symbackprop.ops.declare import Primitive, custom
from symbackprop.ops.exponential import exp, log
from symbackprop.ops.reduction import kept_axes, largest, restored

__all__ = ["log_softmax", "logsumexp", "softmax"]

_SOURCE = "Blanchard, Higham and Higham (2021), Accurately computing the log-sum-exp and softmax functions"


def _shifted(x: Node, axes: tuple[int, ...]) -> tuple[Node, Node, Node]:
    """Return the maximum, exp(x - maximum) and its sum."""
    shift = largest(x, axes=axes)
    powers = exp(x - restored(shift, x, axes))
    return shift, powers, reduce_sum(powers, axes=axes)


def _axes(node: Apply) -> tuple[int, ...]:
    return node.param("axes")  # type: ignore[return-value]


def _axis(node: Apply) -> int:
    return node.param("axis")  # type: ignore[return-value]


# --- logsumexp --------------------------------------------------------------------------------------------------------


def _infer(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    (x,) = args
    return tuple(x.shape[axis] for axis in kept_axes(x.rank, params["axes"])), x.dtype  # type: ignore[arg-type]


def _weights(x: Node, axes: tuple[int, ...]) -> Node:
    """Return the softmax of `x` over several axes together."""
    if len(axes) == 1:
        return softmax(x, axis=axes[0])
    return exp(x - restored(logsumexp(x, axes=axes), x, axes))


def _lower_logsumexp(node: Apply) -> Node:
    shift, _, total = _shifted(node.args[0], _axes(node))
    return shift + log(total)


logsumexp: Primitive = custom(
    "logsumexp",
    numpy=lambda node, style: f"special.logsumexp({{0}}{axis_text(node)})",
    infer=_infer,
    vjp=lambda g, out: [restored(g, out.args[0], _axes(out)) * _weights(out.args[0], _axes(out))],
    jvp=lambda tangents, out: reduce_sum(tangents[0] * _weights(out.args[0], _axes(out)), axes=_axes(out)),
    lower=_lower_logsumexp,
    samples=lambda: [
        logsumexp(make_input(0, (3, 4), "float64"), axes=(1,)),
        logsumexp(make_input(0, (3, 4), "float64"), axes=(0, 1)),
    ],
    public=False,
    derivative="softmax(x)",
    domain="at least one finite entry along the axes",
    flops=12,
    source=_SOURCE,
)


# --- softmax ----------------------------------------------------------------------------------------------------------


def _infer_same(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    return args[0].shape, args[0].dtype


def _softmax_rule(g: Node, out: Apply) -> Node:
    """Return p * (g - sum(g * p)); the Jacobian is symmetric, so both modes use it."""
    axes = (_axis(out),)
    return out * (g - restored(reduce_sum(g * out, axes=axes), out, axes))


def _lower_softmax(node: Apply) -> Node:
    (x,) = node.args
    axes = (_axis(node),)
    _, powers, total = _shifted(x, axes)
    return powers / restored(total, x, axes)


softmax: Primitive = custom(
    "softmax",
    numpy=lambda node, style: f"special.softmax({{0}}, axis={_axis(node)})",
    infer=_infer_same,
    vjp=lambda g, out: [_softmax_rule(g, out)],
    jvp=lambda tangents, out: _softmax_rule(tangents[0], out),
    lower=_lower_softmax,
    samples=lambda: [softmax(make_input(0, (3, 4), "float64"), axis=axis) for axis in (0, 1)],
    public=False,
    derivative="diag(p) - outer(p, p)",
    flops=12,
    source=_SOURCE,
)


# --- log_softmax ------------------------------------------------------------------------------------------------------


def _log_softmax_vjp(g: Node, out: Apply) -> Sequence[Node | None]:
    (x,) = out.args
    axes = (_axis(out),)
    return [g - softmax(x, axis=axes[0]) * restored(reduce_sum(g, axes=axes), x, axes)]


def _log_softmax_jvp(tangents: Sequence[Node | None], out: Apply) -> Node:
    (x,) = out.args
    (t,) = tangents
    axes = (_axis(out),)
    assert t is not None
    return t - restored(reduce_sum(t * softmax(x, axis=axes[0]), axes=axes), x, axes)


def _lower_log_softmax(node: Apply) -> Node:
    (x,) = node.args
    axes = (_axis(node),)
    shift, _, total = _shifted(x, axes)
    return x - restored(shift, x, axes) - restored(log(total), x, axes)


log_softmax: Primitive = custom(
    "log_softmax",
    numpy=lambda node, style: f"special.log_softmax({{0}}, axis={_axis(node)})",
    infer=_infer_same,
    vjp=_log_softmax_vjp,
    jvp=_log_softmax_jvp,
    lower=_lower_log_softmax,
    samples=lambda: [log_softmax(make_input(0, (3, 4), "float64"), axis=axis) for axis in (0, 1)],
    public=False,
    derivative="identity - softmax(x)",
    flops=12,
    source=_SOURCE,
)
