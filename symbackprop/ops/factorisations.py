"""Factorisations of matrices that end after a fixed count of operations: Cholesky and QR.

The rules read the factors of the forward pass; nothing is factored again.

Source of the rules: Murray, I. (2016), Differentiation of the Cholesky decomposition, arXiv:1602.07527; Walter, S. F.
and Lehmann, L. (2010), Algorithmic differentiation of linear algebra functions with application in optimum experimental
design, arXiv:1001.1654; Walter, S. F., Lehmann, L. and Lamour, R. (2010), on higher derivatives of the QR decomposition,
arXiv:1009.6112; Roberts, D. A. O. and Roberts, L. R. (2020), QR and LQ decomposition matrix backpropagation algorithms,
arXiv:2009.10071.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbackprop.errors import ShapeError
from symbackprop.ir.node import Apply, Node, Shape, constant
from symbackprop.ir.size import shape_text
from symbackprop.ops.arithmetic import add
from symbackprop.ops.broadcasting import broadcast
from symbackprop.ops.declare import Primitive, Style, custom, results
from symbackprop.ops.factor_adjoints import Parts, over_diagonal, parts_of
from symbackprop.ops.lapack_text import factor_lines
from symbackprop.ops.layout import diagonal
from symbackprop.ops.matrices import (
    cubes,
    diagonal_matrices,
    flipped,
    identity_like,
    lower_and_mirrored,
    matrices,
    outer,
    positive_definite,
    scaled_columns,
    square_matrices,
    times,
    triangle,
)
from symbackprop.ops.multiples import multiple, product_of, total_of, uniform
from symbackprop.ops.solves import cho_inverse, solve, solve_triangular, triangular

__all__ = ["cholesky", "qr"]


# --- Cholesky ---------------------------------------------------------------------------------------------------------


def _cholesky_text(node: Apply, style: Style) -> str:
    return "np.linalg.cholesky({0})" if node.param("lower") else "np.linalg.cholesky({0}, upper=True)"


def _cholesky_lines(node: Apply, style: Style) -> list[str]:
    """Return statements where LAPACK is called for speed."""
    direct = style.is_fast and style.has_module("scipy.linalg") and node.rank == 2
    return factor_lines(node, style) if direct else []


def solved_back(factor: Node, x: Node) -> Node:
    """Return ``inv(L).T @ x`` for a Cholesky factor, lower or upper."""
    lower = bool(factor.param("lower"))  # type: ignore[attr-defined]
    return triangular(factor, x, lower=lower, transposed=lower, clean=True)


def solved_forward(factor: Node, x: Node) -> Node:
    """Return ``inv(L) @ x`` for a Cholesky factor, lower or upper."""
    lower = bool(factor.param("lower"))  # type: ignore[attr-defined]
    return triangular(factor, x, lower=lower, transposed=not lower, clean=True)


def _cholesky_vjp(g: Node, out: Apply) -> list[Node | None]:
    """With S the symmetric matrix whose lower triangle is that of ``L.T L_bar``: ``A_bar = inv(L).T S inv(L) / 2``.

    What `parts_of` finds in ``L_bar`` is taken back in closed form where it has one.
    """
    factor = _lower(out)
    parts = parts_of(g, turned=factor is not out)
    terms, products = _mirrored_terms(out, parts)
    rest = [times(flipped(factor), other) for other in parts.others] + products
    number, entries = _diagonal_entries(out, parts)
    if rest:
        middle = lower_and_mirrored(add(*rest))
        for on_diagonal in ([] if number is None else [broadcast(number, shape=out.shape[:-1], axes=())]) + entries:
            middle = middle + diagonal_matrices(on_diagonal)
        terms.append(solved_back(out, flipped(solved_back(out, middle))))
        return [add(*terms) / 2]
    if number is not None:
        terms.append(multiple(number, cho_inverse(out, lower=out.param("lower"))))
    if entries:
        inverse = solved_forward(out, identity_like(out))
        terms.append(times(scaled_columns(flipped(inverse), add(*entries)), inverse))
    return [add(*terms) / 2]


def _lower(out: Apply) -> Node:
    return out if out.param("lower") else flipped(out)


def _mirrored_terms(out: Apply, parts: Parts) -> tuple[list[Node], list[Node]]:
    """Return what symmetric pairs of products leave at twice the matrix, and ``L.T`` times the other products."""
    found = {pair: (multiplied(out, pair[0]), total_of(numbers, out.dtype)) for pair, numbers in parts.products.items()}
    by_columns = {(u, c, number): a for (a, c), (u, number) in found.items()}
    terms: list[Node] = []
    others: list[Node] = []
    for (a, c), (u, number) in found.items():
        mirror = by_columns.get((c, u, number))
        if mirror is None:
            others.append(multiple(number, outer(u, c)))
        else:
            terms.append(multiple(number, outer(a, mirror)))
    return terms, others


def multiplied(out: Apply, a: Node) -> Node:
    """Return ``L.T @ a``, which is the right side where `a` is a solution for ``L.T``."""
    factor = _lower(out)
    if isinstance(a, Apply) and a.op is solve and a.args[0] is flipped(factor):
        return a.args[1]
    if isinstance(a, Apply) and a.op is solve_triangular and not a.param("unit_diagonal"):
        matrix, right = a.args
        turned = matrix is flipped(factor)
        own = turned or matrix is factor
        if own and a.param("lower") is not turned and a.param("transposed") is not turned:
            return right
    return times(flipped(factor), a)


def _diagonal_entries(out: Apply, parts: Parts) -> tuple[Node | None, list[Node]]:
    """Return S for the diagonal of the adjoint: a number for all its entries, if there is one, and arrays of them."""
    numbers: list[Node | None] = []
    entries: list[Node] = []
    for number, values in parts.diagonals:
        above = over_diagonal(values, (out, _lower(out)))
        same = None if above is None else uniform(above)
        if same is not None:
            numbers.append(product_of(number, same))
        else:
            entries.append(multiple(number, diagonal(out) * values if above is None else above))
    one = constant(1, (), out.dtype)
    total = total_of(numbers, out.dtype) if numbers else None
    return one if numbers and total is None else total, entries


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
    lines=_cholesky_lines,
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
    source="Murray (2016), the symbolic updates in both modes",
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
    source="Walter and Lehmann (2010); Roberts and Roberts (2020), equation 3",
)
