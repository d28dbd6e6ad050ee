"""The pseudoinverse, and the solution of least squares of smallest norm.

The rules hold wherever the rank does not change nearby: for matrices of full rank, and along changes that keep the rank
for others.

Source of the rules: Golub, G. H. and Pereyra, V. (1973), The differentiation of pseudo-inverses and nonlinear least
squares problems whose variables separate, SIAM J. Numer. Anal. 10(2), theorem 4.3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from symbackprop.errors import ShapeError
from symbackprop.ir.node import Apply, Node, Shape
from symbackprop.ir.size import shape_text
from symbackprop.ops.declare import Primitive, Style, custom
from symbackprop.ops.matrices import cubes, flipped, matrices, outer, times

__all__ = ["lstsq", "pinv"]

# A node's parameter `cut` is what singular values are measured by: None for NumPy's default, "eps" for the precision
# times the larger size, or a number. What is smaller, relative to the largest, counts as 0.
_KINKS = (
    "where the rank changes there is no derivative; at a matrix of lower rank it is that along changes that keep it"
)


# --- the pseudoinverse ------------------------------------------------------------------------------------------------


def _infer_pinv(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    (x,) = args
    if x.rank < 2:
        raise ShapeError(f"the pseudoinverse is that of a matrix, not of shape {shape_text(x.shape)}")
    return (*x.shape[:-2], x.shape[-1], x.shape[-2]), x.dtype


def _cut_text(node: Apply, style: Style, keyword: str) -> str:
    cut: float | Literal["eps"] | None = node.param("cut")  # type: ignore[assignment]
    if cut is None:
        return ""
    return f", {keyword}={'None' if cut == 'eps' else style.number(cut, 'float64')}"


def _pinv_vjp(g: Node, out: Apply) -> list[Node | None]:
    """``-P.T G P.T + (I - A P) G.T P P.T + P.T P G.T (I - P A)`` for P the pseudoinverse."""
    (a,) = out.args
    p, p_t, g_t = out, flipped(out), flipped(g)
    left = times(g_t, p, p_t)
    right = times(p_t, p, g_t)
    return [left - times(a, times(p, left)) + right - times(times(right, p), a) - times(p_t, g, p_t)]


def _pinv_jvp(tangents: Sequence[Node | None], out: Apply) -> Node | None:
    (t,) = tangents
    if t is None:
        return None
    (a,) = out.args
    p, p_t, t_t = out, flipped(out), flipped(t)
    left = times(p, p_t, t_t)
    right = times(t_t, p_t, p)
    return left - times(times(left, a), p) + right - times(p, times(a, right)) - times(p, t, p)


pinv: Primitive = custom(
    "pinv",
    numpy=lambda node, style: f"np.linalg.pinv({{0}}{_cut_text(node, style, 'rtol')})",
    infer=_infer_pinv,
    vjp=_pinv_vjp,
    jvp=_pinv_jvp,
    samples=lambda: [pinv(matrices(0, *shape), cut=None) for shape in ((3, 2), (2, 3), (2, 2), (2, 3, 2))],
    public=False,
    count=lambda node: cubes(node.args[0], 14),
    derivative="-P.T @ G @ P.T + (I - A @ P) @ G.T @ P @ P.T + P.T @ P @ G.T @ (I - P @ A)",
    kinks=_KINKS,
    source="Golub and Pereyra (1973), theorem 4.3",
)


# --- least squares ----------------------------------------------------------------------------------------------------


def _infer_lstsq(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    a, b = args
    if a.rank != 2 or b.rank not in (1, 2) or b.shape[0] != a.shape[0]:
        raise ShapeError(f"shapes {shape_text(a.shape)} and {shape_text(b.shape)} are not those of least squares")
    return (a.shape[1], *b.shape[1:]), b.dtype


def _fitted(a: Node, b: Node, out: Apply) -> Node:
    return lstsq(a, b, **dict(out.params))


def _lstsq_vjp(g: Node, out: Apply) -> list[Node | None]:
    """With r the residuals, ``A_bar = -y x.T + r z.T + w (g - A.T y).T``; y, z, w fit g, y, x with A.T, A, A.T."""
    a, b = out.args
    y = _fitted(flipped(a), g, out)
    z, w = _fitted(a, y, out), _fitted(flipped(a), out, out)
    unexplained = outer(b - times(a, out), z) + outer(w, g - times(flipped(a), y))
    return [unexplained - outer(y, out), y]


def _lstsq_jvp(tangents: Sequence[Node | None], out: Apply) -> Node | None:
    a_dot, b_dot = tangents
    a, b = out.args
    if a_dot is None:
        return None if b_dot is None else _fitted(a, b_dot, out)
    back = _fitted(flipped(a), times(flipped(a_dot), b - times(a, out)), out)
    right = back - times(a_dot, out)
    moved = _fitted(a, right if b_dot is None else b_dot + right, out)
    free = times(flipped(a_dot), _fitted(flipped(a), out, out))
    return moved + free - _fitted(a, times(a, free), out)


lstsq: Primitive = custom(
    "lstsq",
    arity=2,
    numpy=lambda node, style: f"np.linalg.lstsq({{0}}, {{1}}{_cut_text(node, style, 'rcond')})[0]",
    infer=_infer_lstsq,
    vjp=_lstsq_vjp,
    jvp=_lstsq_jvp,
    samples=lambda: [
        lstsq(matrices(0, 3, 2), matrices(1, 3), cut=None),
        lstsq(matrices(0, 3, 2), matrices(1, 3, 2), cut=None),
        lstsq(matrices(0, 2, 3), matrices(1, 2), cut=None),
    ],
    public=False,
    count=lambda node: cubes(node.args[0], 14),
    derivative="y = pinv(A).T @ g for b; for A -y @ x.T + (b - A @ x) @ (pinv(A) @ y).T, and a part of lower rank",
    kinks=_KINKS,
    source="Golub and Pereyra (1973), theorem 4.3, applied to a right side",
)
