"""Products along axes, whole and running, with rules that never divide: right where entries are 0, at every order.

With L_i and R_i the products of the entries before and behind i:

    prod:     d/dx_i = L_i R_i
    cumprod:  x_bar_i = L_i r_i,  where  r_i = g_i + x_{i+1} r_{i+1}

The second is a linear recurrence, which NumPy only has as a loop; where it is not differentiated again, it is lowered
to running sums of g * cumprod(x) / x that step over the first zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbackprop.ir.node import Apply, Node, Shape, make_input
from symbackprop.ir.size import product
from symbackprop.ops.broadcasting import broadcast, cast, reduction_text, reshape, sum_axes
from symbackprop.ops.comparison import equal, logical_and, where
from symbackprop.ops.contraction import permuted
from symbackprop.ops.creation import arange
from symbackprop.ops.cumulative import cumsum, reversed_along, sum_from_end
from symbackprop.ops.declare import Primitive, Style, custom
from symbackprop.ops.indexing import place, slice_
from symbackprop.ops.reduction import kept_axes, restored

__all__ = ["cumprod", "cumprod_adjoint", "linear_recurrence", "prod", "prod_others"]


def _axis(node: Apply) -> int:
    return node.param("axis")  # type: ignore[return-value]


def _infer_same(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    return args[0].shape, "int64" if args[0].dtype == "bool" else args[0].dtype


def _arrays(count: int) -> list[Node]:
    return [make_input(i, (3, 4), "float64") for i in range(count)]


# --- moving by one entry ----------------------------------------------------------------------------------------------


def _span(x: Node, axis: int, start: int | None, stop: int | None) -> tuple[object, ...]:
    return tuple((start, stop, 1) if i == axis else None for i in range(x.rank))


def _later(x: Node, axis: int) -> Node:
    """Return what holds x_{i-1} at i, and 0 at the first entry."""
    inner = slice_(x, bounds=_span(x, axis, None, -1))
    return place(inner, shape=x.shape, bounds=(_span(x, axis, 1, None),))


def _earlier(x: Node, axis: int) -> Node:
    """Return what holds x_{i+1} at i, and 0 at the last entry."""
    inner = slice_(x, bounds=_span(x, axis, 1, None))
    return place(inner, shape=x.shape, bounds=(_span(x, axis, None, -1),))


def _behind_one(x: Node, axis: int) -> Node:
    """Return what holds x_{i-1} at i, and 1 at the first entry."""
    first = cast(equal(arange(size=x.shape[axis]), 0), dtype=x.dtype)
    return _later(x, axis) + broadcast(first, shape=x.shape, axes=(axis,))


def _before(x: Node, axis: int) -> Node:
    """Return the products L of the entries before each."""
    return cumprod(_behind_one(x, axis), axis=axis)


# --- linear recurrences -----------------------------------------------------------------------------------------------


def _recurrence_lines(node: Apply, style: Style) -> list[str]:
    axis = _axis(node)
    before = ":, " * axis
    return [
        "{out} = np.array({1})",
        f"for {{index}} in range(1, {{out}}.shape[{axis}]):",
        f"    {{out}}[{before}{{index}}] += {{0}}[{before}{{index}}] * {{out}}[{before}{{index}} - 1]",
    ]


def _recurrence_vjp(g: Node, out: Apply) -> Sequence[Node]:
    a, _ = out.args
    axis = _axis(out)
    back = _recurrence_from_end(a, g, axis)
    return back * _later(out, axis), back


def _recurrence_jvp(tangents: Sequence[Node | None], out: Apply) -> Node | None:
    a, _ = out.args
    da, db = tangents
    inner = None if da is None else da * _later(out, _axis(out))
    terms = [term for term in (inner, db) if term is not None]
    return linear_recurrence(a, terms[0] if len(terms) == 1 else terms[0] + terms[1], axis=_axis(out))


linear_recurrence: Primitive = custom(
    "linear_recurrence",
    arity=2,
    numpy="{0} {1}",
    lines=_recurrence_lines,
    infer=_infer_same,
    vjp=_recurrence_vjp,
    jvp=_recurrence_jvp,
    samples=lambda: [linear_recurrence(*_arrays(2), axis=axis) for axis in (0, 1)],
    public=False,
    flops=2,
    derivative="the recurrence from the end",
    source="r_0 = b_0, r_i = b_i + a_i r_{i-1}: a unit lower triangular system, whose transpose is an upper one",
)


def _recurrence_from_end(a: Node, b: Node, axis: int) -> Node:
    """Return r with ``r_i = b_i + a_{i+1} r_{i+1}``."""
    coefficients = _later(reversed_along(a, axis), axis)
    return reversed_along(linear_recurrence(coefficients, reversed_along(b, axis), axis=axis), axis)


# --- running products -------------------------------------------------------------------------------------------------


def _cumprod_jvp(tangents: Sequence[Node | None], out: Apply) -> Node | None:
    (t,) = tangents
    (x,) = out.args
    return None if t is None else linear_recurrence(x, t * _before(x, _axis(out)), axis=_axis(out))


cumprod: Primitive = custom(
    "cumprod",
    numpy=lambda node, style: f"np.cumprod({{0}}, axis={_axis(node)})",
    infer=_infer_same,
    vjp=lambda g, out: [cumprod_adjoint(out.args[0], g, axis=_axis(out))],
    jvp=_cumprod_jvp,
    samples=lambda: [cumprod(*_arrays(1), axis=axis) for axis in (0, 1)],
    public=False,
    derivative="products of the others, running",
    source="product rule",
)


def _adjoint_lines(node: Apply, style: Style) -> list[str]:
    axis = _axis(node)
    before = ":, " * axis
    return [
        "{out} = np.array({1})",
        f"for {{index}} in range({{out}}.shape[{axis}] - 1, 0, -1):",
        f"    {{out}}[{before}{{index}} - 1] += {{0}}[{before}{{index}}] * {{out}}[{before}{{index}}]",
        f"{{out}}[{before}1:] *= np.cumprod({{0}}[{before}:-1], axis={axis})",
    ]


def _adjoint_lowered(node: Apply) -> Node:
    """Return running sums from the end of g * cumprod(x) / x; at the first zero, of the products that step over it."""
    x, g = node.args
    axis = _axis(node)
    zero = equal(x, 0)
    first = logical_and(zero, equal(cumsum(cast(zero, dtype=x.dtype), axis=axis), 1))
    over = cumprod(where(first, 1, x), axis=axis)
    usual = sum_from_end(g * cumprod(x, axis=axis), axis) / where(zero, 1, x)
    return where(first, sum_from_end(g * over, axis), where(zero, 0, usual))


def _adjoint_vjp(h: Node, out: Apply) -> Sequence[Node]:
    """Differentiate ``L_i r_i``: through L, a running product, and through r, a recurrence."""
    x, g = out.args
    axis = _axis(out)
    before, r = _before(x, axis), _recurrence_from_end(x, g, axis)
    through_r = linear_recurrence(x, h * before, axis=axis)
    through_before = cumprod_adjoint(_behind_one(x, axis), h * r, axis=axis)
    return _later(through_r, axis) * r + _earlier(through_before, axis), through_r


def _adjoint_jvp(tangents: Sequence[Node | None], out: Apply) -> Node | None:
    x, g = out.args
    dx, dg = tangents
    axis = _axis(out)
    before, r = _before(x, axis), _recurrence_from_end(x, g, axis)
    inputs = [] if dg is None else [dg]
    total: Node | None = None
    if dx is not None:
        inputs.append(_earlier(dx * r, axis))
        moved = _later(dx, axis) * _before(_behind_one(x, axis), axis)
        total = r * linear_recurrence(_behind_one(x, axis), moved, axis=axis)
    if inputs:
        term = before * _recurrence_from_end(x, inputs[0] if len(inputs) == 1 else inputs[0] + inputs[1], axis)
        total = term if total is None else total + term
    return total


cumprod_adjoint: Primitive = custom(
    "cumprod_adjoint",
    arity=2,
    numpy="{0} {1}",
    lines=_adjoint_lines,
    infer=_infer_same,
    vjp=_adjoint_vjp,
    jvp=_adjoint_jvp,
    lower=_adjoint_lowered,
    samples=lambda: [cumprod_adjoint(*_arrays(2), axis=axis) for axis in (0, 1)],
    public=False,
    flops=6,
    derivative="by the recurrence and the running product that it is made of",
    source="product rule; the sum over later entries is a linear recurrence from the end",
)


# --- whole products ---------------------------------------------------------------------------------------------------


def _others_lines(node: Apply, style: Style) -> list[str]:
    axis = _axis(node)
    before = ":, " * axis
    return [
        "{out} = np.ones_like({0})",
        f"{{out}}[{before}1:] = np.cumprod({{0}}[{before}:-1], axis={axis})",
        f"{{out}}[{before}:-1] *= np.cumprod({{0}}[{before}:0:-1], axis={axis})[{before}::-1]",
    ]


def _others_derivative(h: Node, out: Apply) -> Node:
    """Return the sum over i of h_i times the products of all but i and j; the Jacobian is symmetric."""
    (x,) = out.args
    axis = _axis(out)
    turned = reversed_along(x, axis)
    before, behind = _before(x, axis), reversed_along(_before(turned, axis), axis)
    left = _earlier(cumprod_adjoint(_behind_one(x, axis), h * behind, axis=axis), axis)
    weight = reversed_along(h * before, axis)
    right = _earlier(cumprod_adjoint(_behind_one(turned, axis), weight, axis=axis), axis)
    return left + reversed_along(right, axis)


prod_others: Primitive = custom(
    "prod_others",
    numpy="{0} {0}",
    lines=_others_lines,
    infer=_infer_same,
    vjp=lambda g, out: [_others_derivative(g, out)],
    jvp=lambda tangents, out: _others_derivative(tangents[0], out),
    samples=lambda: [prod_others(*_arrays(1), axis=axis) for axis in (0, 1)],
    public=False,
    flops=3,
    derivative="the products of all but two",
    source="product rule",
)


def _partials(out: Apply) -> Node:
    """Return for each entry the product of the others."""
    (x,) = out.args
    axes: tuple[int, ...] = out.param("axes")  # type: ignore[assignment]
    if len(axes) == 1:
        return prod_others(x, axis=axes[0])
    kept = kept_axes(x.rank, axes)
    order = (*kept, *axes)
    moved = permuted(x, order)
    flat = reshape(moved, shape=(*moved.shape[: len(kept)], product(x.shape[axis] for axis in axes)))
    others = reshape(prod_others(flat, axis=len(kept)), shape=moved.shape)
    return permuted(others, tuple(order.index(axis) for axis in range(x.rank)))


def _infer_prod(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    (x,) = args
    axes: tuple[int, ...] = params["axes"]  # type: ignore[assignment]
    return tuple(x.shape[axis] for axis in kept_axes(x.rank, axes)), "int64" if x.dtype == "bool" else x.dtype


prod: Primitive = custom(
    "prod",
    numpy=reduction_text,
    infer=_infer_prod,
    vjp=lambda g, out: [restored(g, out.args[0], out.param("axes")) * _partials(out)],
    jvp=lambda tangents, out: sum_axes(tangents[0] * _partials(out), out.param("axes")),
    samples=lambda: [prod(*_arrays(1), axes=axes) for axes in ((0,), (1,), (0, 1))],
    public=False,
    derivative="product of the others",
    source="product rule",
)
