"""Factorisations of matrices that end after a fixed count of operations: Cholesky and QR.

The rules read the factors of the forward pass; nothing is factored again.

Source of the rules: Murray, I. (2016), Differentiation of the Cholesky decomposition, arXiv:1602.07527; Walter, S. F.
and Lehmann, L. (2010), Algorithmic differentiation of linear algebra functions with application in optimum experimental
design, arXiv:1001.1654; Townsend, J. (2018), Differentiating the QR decomposition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbackprop.errors import ShapeError
from symbackprop.ir.node import Apply, Node, Shape
from symbackprop.ir.size import shape_text
from symbackprop.ops.declare import Primitive, Style, custom, results
from symbackprop.ops.matrices import (
    cubes,
    flipped,
    lower_and_mirrored,
    matrices,
    positive_definite,
    square_matrices,
    times,
    triangle,
)
from symbackprop.ops.solves import triangular

__all__ = ["cholesky", "qr"]


# --- Cholesky ---------------------------------------------------------------------------------------------------------


def _cholesky_text(node: Apply, style: Style) -> str:
    return "np.linalg.cholesky({0})" if node.param("lower") else "np.linalg.cholesky({0}, upper=True)"


def solved_back(factor: Node, x: Node) -> Node:
    """Return ``inv(L).T @ x`` for a Cholesky factor, lower or upper."""
    lower = bool(factor.param("lower"))  # type: ignore[attr-defined]
    return triangular(factor, x, lower=lower, transposed=lower, clean=True)


def solved_forward(factor: Node, x: Node) -> Node:
    """Return ``inv(L) @ x`` for a Cholesky factor, lower or upper."""
    lower = bool(factor.param("lower"))  # type: ignore[attr-defined]
    return triangular(factor, x, lower=lower, transposed=not lower, clean=True)


def _cholesky_vjp(g: Node, out: Apply) -> list[Node | None]:
    """With S the symmetric matrix whose lower triangle is that of ``L.T L_bar``: ``A_bar = inv(L).T S inv(L) / 2``."""
    lower = bool(out.param("lower"))
    factor, factor_bar = (out, g) if lower else (flipped(out), flipped(g))
    middle = lower_and_mirrored(times(flipped(factor), factor_bar))
    return [solved_back(out, flipped(solved_back(out, middle))) / 2]


def _cholesky_jvp(tangents: Sequence[Node | None], out: Apply) -> Node | None:
    """With P the lower triangle of ``inv(L) A_dot inv(L).T``, its diagonal halved: ``L_dot = L P``."""
    (t,) = tangents
    if t is None:
        return None
    lower = bool(out.param("lower"))
    inner = solved_forward(out, flipped(solved_forward(out, (t + flipped(t)) / 2)))
    halved = (triangle(inner, lower=True, offset=0) + triangle(inner, lower=True, offset=-1)) / 2
    return times(out, halved) if lower else times(flipped(halved), out)


cholesky: Primitive = custom(
    "cholesky",
    numpy=_cholesky_text,
    infer=square_matrices("the Cholesky factor"),
    vjp=_cholesky_vjp,
    jvp=_cholesky_jvp,
    samples=lambda: [
        cholesky(positive_definite(matrices(0, 3, 3)), lower=True),
        cholesky(positive_definite(matrices(0, 3, 3)), lower=False),
        cholesky(positive_definite(matrices(0, 2, 3, 3)), lower=True),
    ],
    public=False,
    count=lambda node: cubes(node, 1, 3),
    derivative="inv(L).T @ S @ inv(L) / 2, S symmetric with the lower triangle of L.T @ g",
    kinks="the matrix is symmetric, and the gradient is the symmetric one, though one triangle alone is read; "
    "of a matrix that is not positive definite there is no factor (LinAlgError)",
    domain="symmetric positive definite matrices",
    source="Murray (2016), equations 8 and 10",
)


# --- QR ---------------------------------------------------------------------------------------------------------------


def _infer_qr(args: tuple[Node, ...], params: Mapping[str, object]) -> list[tuple[Shape, str]]:
    (x,) = args
    if x.rank < 2:
        raise ShapeError(f"the QR decomposition is that of a matrix, not of shape {shape_text(x.shape)}")
    (*batch, rows, columns) = x.shape
    return [((*batch, rows, columns), x.dtype), ((*batch, columns, columns), x.dtype)]


def _qr_vjp(g: object, out: Apply) -> Sequence[Node | None]:
    """With S the symmetric matrix that has the lower triangle of ``R R_bar.T - Q_bar.T Q``: ``(Q_bar + Q S) inv(R).T``."""
    q_bar, r_bar = g  # type: ignore[misc]
    q, r = results(out)
    inner = None
    if r_bar is not None:  # type: ignore[has-type]
        inner = times(r, flipped(r_bar))  # type: ignore[has-type]
    if q_bar is not None:  # type: ignore[has-type]
        turned = times(flipped(q_bar), q)  # type: ignore[has-type]
        inner = -turned if inner is None else inner - turned
    assert inner is not None
    turned_total = times(lower_and_mirrored(inner), flipped(q))
    if q_bar is not None:  # type: ignore[has-type]
        turned_total = flipped(q_bar) + turned_total  # type: ignore[has-type]
    return [flipped(triangular(r, turned_total, lower=False, clean=True))]


def _qr_jvp(tangents: Sequence[Node | None], out: Apply) -> tuple[Node, Node]:
    """With ``C = A_dot inv(R)`` and W the skew part that has the lower triangle of ``Q.T C``: ``Q_dot = C - Q (Q.T C - W)``."""
    (t,) = tangents
    assert t is not None
    q, r = results(out)
    scaled = flipped(triangular(r, flipped(t), lower=False, transposed=True, clean=True))
    inner = times(flipped(q), scaled)
    below = triangle(inner, lower=True, offset=-1)
    rest = inner - below + flipped(below)  # upper triangular
    return scaled - times(q, rest), times(rest, r)


qr: Primitive = custom(
    "qr",
    numpy="np.linalg.qr({0})",
    alone={1: "np.linalg.qr({0}, mode='r')"},
    outputs=("Q", "R"),
    infer=lambda args, params: _infer_qr(args, params)[0],
    infer_outputs=_infer_qr,
    vjp=_qr_vjp,
    jvp=_qr_jvp,  # type: ignore[arg-type]
    samples=lambda: [
        results(qr(matrices(0, *shape)))[position]  # type: ignore[arg-type]
        for shape in ((3, 3), (4, 2), (2, 3, 2))
        for position in (0, 1)
    ],
    public=False,
    count=lambda node: cubes(node.args[0], 8, 3),
    derivative="(Q_bar + Q @ S) @ inv(R).T, S symmetric with the lower triangle of R @ R_bar.T - Q_bar.T @ Q",
    kinks="of dependent columns R is singular and there is no derivative (LinAlgError)",
    domain="matrices of at least as many rows as columns, which are independent",
    source="Walter and Lehmann (2010), section 3.2; Townsend (2018)",
)
