"""`np.linalg`: solutions, determinants, factorisations, spectra of matrices, with NumPy's results.

Results of several parts are tuples with NumPy's names for these, so that ``linalg.eigh(A)[0]`` and
``linalg.eigh(A).eigenvalues`` are one thing. What a result has beside that a formula cannot use (the rank that `lstsq`
found) is an error where it is used. `read.vocabulary.scipy_linear_algebra` has SciPy's words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from symbackprop.errors import ArgumentError, ShapeError, UnsupportedError
from symbackprop.ir.node import Node, constant
from symbackprop.ir.size import is_nonnegative, shape_text
from symbackprop.ops.broadcasting import agreed, converted, with_shape
from symbackprop.ops.declare import results
from symbackprop.ops.determinants import det, slogdet
from symbackprop.ops.elementwise import common_dtype
from symbackprop.ops.factorisations import cholesky, qr
from symbackprop.ops.indexing import slice_
from symbackprop.ops.layout import concatenate
from symbackprop.ops.least_squares import lstsq, pinv
from symbackprop.ops.matrices import flipped, times
from symbackprop.ops.solves import inv, solve
from symbackprop.ops.spectra import eig, eigh, svd
from symbackprop.read.vocabulary.arguments import Unavailable, node_of, real, require, static_flag, static_number
from symbackprop.read.vocabulary.matrices import (
    EighResult,
    EigResult,
    QRResult,
    SlogdetResult,
    SVDResult,
    matrix,
    square,
    symmetric,
    system,
)

__all__ = ["FUNCTIONS", "eigh_of", "lstsq_of", "qr_of", "require_no_more_rows", "svd_of"]

_FALSE, _TRUE = constant(False), constant(True)


# --- the words --------------------------------------------------------------------------------------------------------


def _solve(a: object, b: object) -> Node:
    """Return the solution x of ``a @ x = b``.

    Shapes: ``a[..., n, n]``, ``b[n]`` or ``b[..., n, k]``; leading axes broadcast.

    Derivative: ``b_bar = solve(a.T, x_bar)``, ``a_bar = -outer(b_bar, x)``.

    Raises
    ------
    ShapeError
        Where the shapes do not match; of a singular matrix NumPy raises LinAlgError when the code runs.

    Source: Giles (2008), matrix inverse product.
    """
    x, y, shaped = system(a, b, "solve")
    return shaped(solve(x, y))


def _slogdet(a: object) -> SlogdetResult:
    """Return sign and logarithm of the absolute value of the determinant.

    Shapes: ``a[..., n, n]``, results ``[...]``.

    Derivative: ``inv(a).T`` for the logarithm, 0 for the sign; at a singular matrix the logarithm is -inf and the
    derivative an error (LinAlgError).

    Source: Giles (2008), section 2.2.4.
    """
    return SlogdetResult(*results(slogdet(square(a, "slogdet"))))  # type: ignore[arg-type]


def _cholesky(a: object, *, upper: object = _FALSE) -> Node:
    """Return the triangular factor L of a symmetric positive definite matrix, ``a = L @ L.T``.

    Shapes: ``a[..., n, n]``, result the same. One triangle of `a` is read: the lower one, or the upper if `upper`.

    Derivative: the symmetric matrix ``inv(L).T @ S @ inv(L) / 2``, with S symmetric and of the lower triangle of
    ``L.T @ L_bar``. It is the gradient along symmetric changes, as peers have it: a step against it keeps the matrix
    symmetric. Of a matrix that was cut to a triangle it would be wrong, and is refused.

    Raises
    ------
    UnsupportedError
        Of ``tril(A)`` and ``triu(A)``; where the matrix is not positive definite NumPy raises LinAlgError on the call.

    Source: Murray (2016), arXiv:1602.07527, the symbolic update in reverse mode.
    """
    return cholesky(symmetric(a, "cholesky"), lower=not static_flag(upper, "upper"))


def eigh_of(a: object, lower: bool, what: str) -> EighResult:
    """Return eigenvalues in ascending order, and eigenvectors as columns, of symmetric matrices.

    Shapes: ``a[..., n, n]``, eigenvalues ``[..., n]``, eigenvectors ``[..., n, n]``. One triangle of `a` is read.

    Derivative: ``V @ (diag(w_bar) + F * (V.T @ V_bar - V_bar.T @ V) / 2) @ V.T`` with ``F_ij = 1/(w_j - w_i)``; the
    gradient along symmetric changes, as for `cholesky`. Where eigenvalues repeat, what depends on eigenvalues alone
    has its derivative (for one of the equal values, that along the vector found), what depends on their vectors a
    derivative that is not finite.

    Source: Giles (2008), section 3.1.
    """
    return EighResult(*results(eigh(symmetric(a, what), lower=lower)))  # type: ignore[arg-type]


def _is_lower(UPLO: object) -> bool:
    if UPLO not in ("L", "U", "l", "u"):
        raise ArgumentError(f"eigh: UPLO is 'L' or 'U', not {UPLO!r}")
    return UPLO in ("L", "l")


def _eig(a: object) -> EigResult:
    """Return eigenvalues, and eigenvectors of length 1 as columns, of matrices whose eigenvalues are real and distinct.

    Shapes: ``a[..., n, n]``, eigenvalues ``[..., n]``, eigenvectors ``[..., n, n]``.

    Derivative: ``solve(V.T, (diag(w_bar) + F * (V.T @ (V_bar - V * sum(V * V_bar, axis=-2)))) @ V.T)`` with
    ``F_ij = 1/(w_j - w_i)``. Complex eigenvalues are a ValueError when the code runs.

    Source: Giles (2008), section 3.1; Boeddeker et al. (2017), arXiv:1701.00392, equation 4.77.
    """
    return EigResult(*results(eig(square(a, "eig"))))  # type: ignore[arg-type]


def svd_of(a: object, full: bool) -> SVDResult:
    """Return the singular value decomposition ``U @ diag(S) @ Vh``.

    Shapes: ``a[..., m, n]``; with k the smaller of m and n, ``U[..., m, k]``, ``S[..., k]``, ``Vh[..., k, n]``. The
    vectors that only the full decomposition has are refused where they are used.

    Derivative: of the values ``U @ diag(S_bar) @ Vh``; through vectors terms in ``1/(S_j - S_i)``, ``1/(S_j + S_i)``
    and, of matrices that are not square, ``1/S``, which are not finite where values repeat or are 0.

    Source: Townsend (2016), Differentiating the singular value decomposition; Giles (2008), section 3.2.
    """
    x = matrix(a, "svd")
    u, s, vh = results(svd(x))  # type: ignore[arg-type]
    rows, columns = x.shape[-2:]
    if not full:
        return SVDResult(u, s, vh)
    missing = Unavailable(
        "svd with full_matrices=True: singular vectors beyond the singular values have no derivative; "
        "write full_matrices=False"
    )
    return SVDResult(u if _at_most(rows, columns) else missing, s, vh if _at_most(columns, rows) else missing)


def _at_most(size: Any, other: Any) -> bool:
    return is_nonnegative(other - size)


def _svd(
    a: object, full_matrices: object = _TRUE, compute_uv: object = _TRUE, hermitian: object = _FALSE
) -> SVDResult | Node:
    if static_flag(hermitian, "hermitian"):
        raise UnsupportedError("svd: hermitian=True is not supported; leave it out, or use eigh")
    found = svd_of(a, static_flag(full_matrices, "full_matrices"))
    return found if static_flag(compute_uv, "compute_uv") else found.S


def qr_of(a: object, what: str = "qr") -> QRResult:
    """Return the reduced QR decomposition, R upper triangular; of a wide matrix from that of its first columns.

    Shapes: ``a[..., m, n]``; with k the smaller of m and n, ``Q[..., m, k]``, ``R[..., k, n]``. Where names of sizes
    leave open whether m is at least n, every call checks it.

    Derivative: ``(Q_bar + Q @ S) @ inv(R).T``, S symmetric with the lower triangle of ``R @ R_bar.T - Q_bar.T @ Q``.
    Of dependent columns there is none (LinAlgError on the call).

    Source: Walter, Lehmann and Lamour (2010), arXiv:1009.6112; Roberts and Roberts (2020), arXiv:2009.10071, for wide
    matrices too.
    """
    x = matrix(a, what)
    rows, columns = x.shape[-2:]
    missing = columns - rows
    if isinstance(missing, int) and missing > 0:
        every = [None] * (x.rank - 1)
        q, r = results(qr(slice_(x, bounds=(*every, (None, rows, 1)))))  # type: ignore[arg-type]
        rest = times(flipped(q), slice_(x, bounds=(*every, (rows, None, 1))))
        return QRResult(q, concatenate(r, rest, axis=x.rank - 1))
    require(columns, "<=", rows, f"{what} of a matrix with at least as many rows as columns", numpy_checks=True)
    return QRResult(*results(qr(x)))  # type: ignore[arg-type]


def _qr(a: object, mode: object = "reduced") -> QRResult | Node:
    if mode not in ("reduced", "r", "complete"):
        raise UnsupportedError(f"qr: mode={mode!r} is not supported; use 'reduced' or 'r'")
    if mode == "complete":
        require_no_more_rows(a)
    found = qr_of(a)
    return found.R if mode == "r" else found


def require_no_more_rows(a: object) -> None:
    """Refuse a complete QR decomposition that has more columns of Q than the reduced one."""
    x = matrix(a, "qr")
    if not _at_most(*x.shape[-2:]):
        raise UnsupportedError(
            "qr: the columns of Q beyond those of the matrix have no derivative; use the reduced decomposition: "
            "mode='reduced', in SciPy mode='economic'"
        )


def _pinv(a: object, rcond: object = None, hermitian: object = _FALSE, *, rtol: object = _FALSE) -> Node:
    """Return the pseudoinverse P.

    Shapes: ``a[..., m, n]``, result ``[..., n, m]``. Singular values below `rcond` (`rtol`) times the largest are 0.

    Derivative: ``-P.T @ G @ P.T + (I - a @ P) @ G.T @ P @ P.T + P.T @ P @ G.T @ (I - P @ a)``, right where the rank
    stays what it is: of full rank always, of lower rank along changes that keep it.

    Source: Golub and Pereyra (1973), theorem 4.3.
    """
    if static_flag(hermitian, "hermitian"):
        raise UnsupportedError("pinv: hermitian=True is not supported; leave it out")
    if rcond is not None:
        return pinv(matrix(a, "pinv"), cut=static_number(rcond, "rcond"))
    if rtol is _FALSE:
        return pinv(matrix(a, "pinv"), cut=None)
    return pinv(matrix(a, "pinv"), cut="eps" if rtol is None else static_number(rtol, "rtol"))


class LstsqResult(NamedTuple):
    """The solution, and what NumPy gives beside it."""

    x: Node
    residuals: Any
    rank: Any
    s: Any


def lstsq_of(a: object, b: object, cut: float | None) -> LstsqResult:
    """Return the x of smallest norm among those with the least ``sum((a @ x - b)**2)``, and singular values.

    Shapes: ``a[m, n]``, ``b[m]`` or ``b[m, k]``, ``x[n]`` or ``x[n, k]``. Singular values below `cut` times the largest
    are 0. Of NumPy's results the residuals and the rank are refused where they are used.

    Derivative: with r the residuals and y, z, w the least squares of x_bar, y, x with a.T, a, a.T: ``b_bar = y``,
    ``a_bar = outer(r, z) - outer(y, x) + outer(w, x_bar - a.T @ y)``; of lower rank as for `pinv`.

    Source: Golub and Pereyra (1973), theorem 4.3.
    """
    x, y = matrix(a, "lstsq"), real(node_of(b))
    if x.rank != 2 or y.rank not in (1, 2):
        raise ShapeError(
            f"lstsq takes one matrix and a vector or matrix, not shapes {shape_text(x.shape)} and "
            f"{shape_text(y.shape)}; of stacks of matrices write pinv(A) @ b"
        )
    if not agreed(x.shape[0], y.shape[0]):
        raise ShapeError(f"lstsq: shapes {shape_text(x.shape)} and {shape_text(y.shape)} have unlike numbers of rows")
    dtype = common_dtype([x, y])
    x, y = converted(x, dtype), converted(with_shape(y, (x.shape[0], *y.shape[1:])), dtype)
    return LstsqResult(
        lstsq(x, y, cut=cut),
        Unavailable("lstsq: the array of residuals may be empty; write sum((b - A @ x)**2, axis=0)"),
        Unavailable("lstsq: the rank is known only when the code runs"),
        results(svd(x))[1],  # type: ignore[arg-type]
    )


def _lstsq(a: object, b: object, rcond: object = None) -> tuple[Any, ...]:
    return tuple(lstsq_of(a, b, None if rcond is None else static_number(rcond, "rcond")))


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "linalg.inv": lambda a: inv(square(a, "inv")),
    "linalg.det": lambda a: det(square(a, "det")),
    "linalg.slogdet": _slogdet,
    "linalg.solve": _solve,
    "linalg.cholesky": _cholesky,
    "linalg.eigh": lambda a, UPLO="L": eigh_of(a, _is_lower(UPLO), "eigh"),
    "linalg.eigvalsh": lambda a, UPLO="L": eigh_of(a, _is_lower(UPLO), "eigvalsh").eigenvalues,
    "linalg.eig": _eig,
    "linalg.eigvals": lambda a: _eig(a).eigenvalues,
    "linalg.svd": _svd,
    "linalg.svdvals": lambda x: svd_of(x, full=False).S,
    "linalg.qr": _qr,
    "linalg.pinv": _pinv,
    "linalg.lstsq": _lstsq,
    "inv": lambda a: inv(square(a, "inv")),
}
