"""`np.linalg`: solutions, determinants, factorisations, spectra of matrices, with NumPy's results.

Results of several parts are tuples with NumPy's names for these, so that ``linalg.eigh(A)[0]`` and
``linalg.eigh(A).eigenvalues`` are one thing. What a result has beside that a formula cannot use (the rank that `lstsq`
found) is an error where it is used. `read.vocabulary.scipy_linear_algebra` has SciPy's words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from symbackprop.errors import ArgumentError, ShapeError, UnsupportedError
from symbackprop.ir.node import Apply, Const, Node, constant
from symbackprop.ir.size import is_nonnegative, shape_text
from symbackprop.ops.arithmetic import add
from symbackprop.ops.broadcasting import (
    agreed,
    broadcast,
    broadcast_shapes,
    broadcast_to,
    converted,
    reshape,
    with_shape,
)
from symbackprop.ops.comparison import greater_equal, less_equal, where
from symbackprop.ops.creation import arange
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

__all__ = [
    "FUNCTIONS",
    "EighResult",
    "QRResult",
    "SVDResult",
    "eigh_of",
    "lstsq_of",
    "qr_of",
    "square",
    "svd_of",
    "symmetric",
    "system",
]

_FALSE, _TRUE = constant(False), constant(True)


class SlogdetResult(NamedTuple):
    """Sign and logarithm of the absolute value of a determinant."""

    sign: Node
    logabsdet: Node


class EighResult(NamedTuple):
    """Eigenvalues in ascending order, and eigenvectors as columns."""

    eigenvalues: Node
    eigenvectors: Node


class EigResult(NamedTuple):
    """Eigenvalues, and eigenvectors of length 1 as columns."""

    eigenvalues: Node
    eigenvectors: Node


class QRResult(NamedTuple):
    """A matrix of orthonormal columns, and an upper triangular one."""

    Q: Node
    R: Node


class SVDResult(NamedTuple):
    """Left singular vectors as columns, singular values in descending order, right vectors as rows."""

    U: Any
    S: Node
    Vh: Any


# --- arguments --------------------------------------------------------------------------------------------------------


def matrix(value: object, what: str) -> Node:
    """Return a matrix of real numbers, or a stack of them."""
    x = real(node_of(value))
    if x.rank < 2:
        raise ShapeError(f"{what} takes matrices, not shape {shape_text(x.shape)}")
    return x


def square(value: object, what: str) -> Node:
    """Return a square matrix of real numbers, or a stack of them."""
    x = matrix(value, what)
    rows, columns = x.shape[-2:]
    if not agreed(rows, columns):
        raise ShapeError(f"{what} takes square matrices, not shape {shape_text(x.shape)}")
    return with_shape(x, (*x.shape[:-1], rows))


def symmetric(value: object, what: str) -> Node:
    """Return a symmetric matrix; one that was cut to a triangle is refused."""
    x = square(value, what)
    if _is_cut(x):
        raise UnsupportedError(
            f"{what} takes a symmetric matrix, and its gradient is that along symmetric changes: of one triangle alone "
            "it would be wrong. Complete the matrix first: for its lower triangle T write T + tril(T, -1).T"
        )
    return x


def _is_cut(x: Node) -> bool:
    """Tell whether `x` was made by `tril` or `triu`."""
    if not isinstance(x, Apply) or x.op is not where or not isinstance(x.args[2], Const):
        return False
    mask = x.args[0]
    while isinstance(mask, Apply) and mask.op is broadcast:
        mask = mask.args[0]
    if not isinstance(mask, Apply) or mask.op not in (less_equal, greater_equal):
        return False
    return all(_is_count(side) for side in mask.args)


def _is_count(x: Node) -> bool:
    """Tell whether `x` numbers rows or columns."""
    while isinstance(x, Apply) and x.op in (broadcast, add):
        x = next((arg for arg in x.args if not isinstance(arg, Const)), x.args[0])
    return isinstance(x, Apply) and x.op is arange


def system(a: object, b: object, what: str) -> tuple[Node, Node, Callable[[Node], Node]]:
    """Return matrix and right side of linear systems, in equally many stacks, and what to do with the solution.

    A right side of one axis is a vector, one of more is a stack of matrices, as in NumPy 2.
    """
    x, y = square(a, what), real(node_of(b))
    dtype = common_dtype([x, y])
    x, y = converted(x, dtype), converted(y, dtype)
    if not y.rank or not agreed(x.shape[-1], y.shape[-2 if y.rank > 1 else 0]):
        raise ShapeError(
            f"{what}: shapes {shape_text(x.shape)} and {shape_text(y.shape)} do not match: the right side is a vector, "
            "or has its vectors in the columns of matrices, each of as many numbers as the matrix has rows"
        )
    if y.rank == 1:
        y = with_shape(y, x.shape[-1:])
        if x.rank == 2:
            return x, y, lambda solution: solution
        column = reshape(y, shape=(*y.shape, 1))
        return x, broadcast_to(column, (*x.shape[:-1], 1)), lambda solution: reshape(solution, shape=x.shape[:-1])
    lead = broadcast_shapes([x.shape[:-2], y.shape[:-2]])
    rows = x.shape[-1]
    y = with_shape(y, (*y.shape[:-2], rows, y.shape[-1]))
    x = broadcast_to(x, (*lead, rows, rows))
    return x, broadcast_to(y, (*lead, rows, y.shape[-1])), lambda solution: solution


# --- the words --------------------------------------------------------------------------------------------------------


def _solve(a: object, b: object) -> Node:
    x, y, shaped = system(a, b, "solve")
    return shaped(solve(x, y))


def _slogdet(a: object) -> SlogdetResult:
    return SlogdetResult(*results(slogdet(square(a, "slogdet"))))  # type: ignore[arg-type]


def _cholesky(a: object, *, upper: object = _FALSE) -> Node:
    return cholesky(symmetric(a, "cholesky"), lower=not static_flag(upper, "upper"))


def eigh_of(a: object, lower: bool, what: str) -> EighResult:
    """Return eigenvalues and eigenvectors of symmetric matrices, of which one triangle is read."""
    return EighResult(*results(eigh(symmetric(a, what), lower=lower)))  # type: ignore[arg-type]


def _is_lower(UPLO: object) -> bool:
    if UPLO not in ("L", "U", "l", "u"):
        raise ArgumentError(f"eigh: UPLO is 'L' or 'U', not {UPLO!r}")
    return UPLO in ("L", "l")


def _eig(a: object) -> EigResult:
    return EigResult(*results(eig(square(a, "eig"))))  # type: ignore[arg-type]


def svd_of(a: object, full: bool) -> SVDResult:
    """Return the singular value decomposition; vectors that only the full one has are refused where they are used."""
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
    """Return the reduced QR decomposition; of a wide matrix from that of its first columns."""
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
    """Return the solution of least squares of smallest norm; singular values below `cut` times the largest are 0."""
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
