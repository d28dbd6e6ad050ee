"""Polynomials by their coefficients, the highest power first, and the matrix of the powers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbackprop.errors import ShapeError
from symbackprop.ir.node import Apply, Node, Shape, constant, make_input
from symbackprop.ir.size import Size, product, shape_text
from symbackprop.ops.broadcasting import broadcast, converted, reduce_sum, reshape
from symbackprop.ops.contraction import contract
from symbackprop.ops.creation import arange
from symbackprop.ops.cumulative import reversed_along
from symbackprop.ops.declare import Primitive, Style, custom
from symbackprop.ops.indexing import place, slice_
from symbackprop.ops.scipy_text import rounded

__all__ = ["polyval", "powers_by_column", "vander"]


def _exponents(without_last: Node, like: Node) -> Node:
    """Return the exponents of all coefficients but the last, where `without_last` is a vector of these."""
    count = without_last.shape[-1]
    return converted(constant(count) - arange(size=count), like.dtype)


def _infer_polyval(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    p, x = args
    if p.rank != 1:
        raise ShapeError(f"polyval: the coefficients are a vector, not of shape {shape_text(p.shape)}")
    return x.shape, x.dtype


def _polyval_text(node: Apply, style: Style) -> str:
    text = "np.polyval({0}, {1})"
    return rounded(text, node) if node.args[1].weak else text


def _slope(p: Node, x: Node) -> Node:
    """Return the derivative of a polynomial."""
    first = slice_(p, bounds=((None, -1, 1),))
    return polyval(first * _exponents(first, p), x)


def _polyval_vjp(g: Node, out: Apply) -> list[Node | None]:
    p, x = out.args
    count = product(x.shape)
    flat, weights = (y if y.rank == 1 else reshape(y, shape=(count,)) for y in (x, g))
    powers = vander(flat, size=p.shape[0])
    return [contract([powers, weights], [(0, 1), (0,)], (1,)), g * _slope(p, x)]


def _polyval_jvp(tangents: Sequence[Node | None], out: Apply) -> Node | None:
    p, x = out.args
    tp, tx = tangents
    parts = [None if tp is None else polyval(tp, x), None if tx is None else _slope(p, x) * tx]
    live = [part for part in parts if part is not None]
    return live[0] + live[1] if len(live) == 2 else live[0] if live else None


def _vector(index: int, size: int) -> Node:
    return make_input(index, (size,), "float64")


polyval: Primitive = custom(
    "polyval",
    arity=2,
    numpy=_polyval_text,
    infer=_infer_polyval,
    vjp=_polyval_vjp,
    jvp=_polyval_jvp,
    samples=lambda: [
        polyval(_vector(0, 4), make_input(1, (2, 3), "float64")),
        polyval(_vector(0, 3), _vector(1, 2)),
        polyval(_vector(0, 3), make_input(1, (), "float64")),
        polyval(_vector(0, 1), _vector(1, 2)),
    ],
    flops=10,
    public=False,
    derivative="powers of x in p; the polynomial with coefficients p[:-1]*[n - 1, ..., 1] in x",
    source="the sum of p[i]*x**(n - 1 - i)",
)


def _decreasing(node: Node, powers: Apply) -> Node:
    """Return a matrix like the powers with its columns in the order of decreasing exponents, or back from that."""
    return reversed_along(node, 1) if powers.param("increasing") else node


def _vander_vjp(g: Node, out: Apply) -> list[Node | None]:
    (x,) = out.args
    inner = slice_(_decreasing(g, out), bounds=(None, (None, -1, 1)))
    lower = vander(x, size=inner.shape[1])
    return [reduce_sum(inner * lower * _exponents(inner, x), axes=(1,))]


def _vander_jvp(tangents: Sequence[Node | None], out: Apply) -> Node | None:
    (t,) = tangents
    (x,) = out.args
    if t is None:
        return None
    bounds = (None, (None, -1, 1))  # the last column, of ones, stays
    lower = vander(x, size=slice_(out, bounds=bounds).shape[1])
    moved = broadcast(t, shape=lower.shape, axes=(0,)) * lower * _exponents(lower, x)
    return _decreasing(place(moved, shape=out.shape, bounds=(bounds,)), out)


def _vander_lines(node: Apply, style: Style) -> list[str]:
    """Return the statements that multiply column by column: np.vander goes row by row, some ten times as slowly."""
    count = node.shape[1]
    dtype = "" if node.dtype == "float64" else f", dtype={style.dtype(node.dtype)}"
    empty = f"{{out}} = np.empty({style.shape(node.shape)}{dtype}, order='F')"
    product = "    np.multiply({out}[:, {loop0} NEXT], {0}, out={out}[:, {loop0}])"
    if node.param("increasing"):
        loop = f"for {{loop0}} in range(1, {style.size(count)}):"
        return [empty, "{out}[:, :1] = 1.0", loop, product.replace("NEXT", "- 1")]
    last = style.size(count - 1)
    loop = f"for {{loop0}} in reversed(range({last})):"
    return [empty, f"{{out}}[:, {last}:] = 1.0", loop, product.replace("NEXT", "+ 1")]


powers_by_column: Primitive = custom(
    "vander",
    arity=1,
    numpy="np.vander({0})",
    lines=_vander_lines,
    infer=lambda args, params: ((args[0].shape[0], params["size"]), args[0].dtype),  # type: ignore[arg-type, return-value]
    vjp=_vander_vjp,
    jvp=_vander_jvp,
    samples=lambda: [
        vander(_vector(0, 3), size=4),
        vander(_vector(0, 3), size=1),
        vander(_vector(0, 3), size=4, increasing=True),
    ],
    flops=1,
    public=False,
    derivative="the sum over the columns of the cotangent times (n - 1 - j)*x**(n - 2 - j)",
    source="a power each column, the highest first unless they are increasing",
)


def vander(x: Node, *, size: Size, increasing: bool = False) -> Node:
    """Return the matrix of so many powers of the entries of a vector, the highest first unless they are increasing."""
    return powers_by_column(x, size=size, increasing=increasing)
