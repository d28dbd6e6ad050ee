"""`scipy.linalg`: what NumPy lacks, and the words that SciPy gives other defaults or results.

Those that NumPy lacks are words without ``scipy.`` too. Of words that both have, ``scipy.linalg.cholesky`` is the upper
factor and ``scipy.linalg.qr`` the full decomposition, so each has an entry under its whole name here. Switches that
change no result (``check_finite``, ``overwrite_a``) are accepted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from symbackprop.errors import ArgumentError, UnsupportedError
from symbackprop.ir.node import Node, constant
from symbackprop.ops.broadcasting import converted
from symbackprop.ops.determinants import det
from symbackprop.ops.elementwise import common_dtype
from symbackprop.ops.factorisations import cholesky
from symbackprop.ops.least_squares import pinv
from symbackprop.ops.matrices import flipped, is_flipped
from symbackprop.ops.matrix_functions import expm, expm_frechet, logm, solve_sylvester, sqrtm
from symbackprop.ops.solves import cho_solve, inv, solve, solve_triangular
from symbackprop.read.vocabulary.arguments import node_of, real, static_flag, static_number
from symbackprop.read.vocabulary.linear_algebra import (
    FUNCTIONS as NUMPY,
)
from symbackprop.read.vocabulary.linear_algebra import eigh_of, lstsq_of, qr_of, require_no_more_rows, svd_of
from symbackprop.read.vocabulary.matrices import matrix, square, symmetric, system
from symbackprop.read.vocabulary.norms import FUNCTIONS as NORMS

__all__ = ["FUNCTIONS"]

_FALSE, _TRUE = constant(False), constant(True)
_EPS = {"float64": 2.0**-52, "float32": 2.0**-23}


def _refuse(word: str, **options: object) -> None:
    """Refuse options that have another value than the one that stands first."""
    for name, given in options.items():
        if given is not None and given is not False and given is not _FALSE:
            raise UnsupportedError(f"{word}: {name}= is not supported; leave it out")


# --- systems of equations ---------------------------------------------------------------------------------------------


def _solve(
    a: object,
    b: object,
    lower: object = _FALSE,
    overwrite_a: object = _FALSE,
    overwrite_b: object = _FALSE,
    check_finite: object = _TRUE,
    assume_a: object = None,
    transposed: object = _FALSE,
) -> Node:
    if assume_a not in (None, "gen", "general", "pos", "positive definite"):
        raise UnsupportedError(
            f"solve: assume_a={assume_a!r} is not supported; use 'gen' or 'pos', or solve_triangular"
        )
    x, y, shaped = system(a, b, "solve")
    if assume_a in ("pos", "positive definite"):
        is_lower = static_flag(lower, "lower")
        return shaped(cho_solve(cholesky(symmetric(x, "solve"), lower=is_lower), y, lower=is_lower))
    return shaped(solve(flipped(x) if static_flag(transposed, "transposed") else x, y))


def _is_transposed(trans: object) -> bool:
    if isinstance(trans, str) and trans in ("N", "T", "C"):
        return trans != "N"
    number = static_number(trans, "trans")
    if number not in (0, 1, 2):
        raise ArgumentError(f"solve_triangular: trans is 0 or 'N', 1 or 'T', 2 or 'C', not {number}")
    return number != 0


def _solve_triangular(
    a: object,
    b: object,
    trans: object = constant(0),
    lower: object = _FALSE,
    unit_diagonal: object = _FALSE,
    overwrite_b: object = _FALSE,
    check_finite: object = _TRUE,
) -> Node:
    x, y, shaped = system(a, b, "solve_triangular")
    is_lower, transposed = static_flag(lower, "lower"), _is_transposed(trans)
    if is_flipped(x):  # one form for what is one solution
        x, is_lower, transposed = flipped(x), not is_lower, not transposed
    unit = static_flag(unit_diagonal, "unit_diagonal")
    return shaped(solve_triangular(x, y, lower=is_lower, transposed=transposed, unit_diagonal=unit, clean=False))


def _cho_factor(
    a: object, lower: object = _FALSE, overwrite_a: object = _FALSE, check_finite: object = _TRUE
) -> tuple[Node, bool]:
    """Return the factor with zeros in the other triangle, where SciPy leaves what was there."""
    is_lower = static_flag(lower, "lower")
    return cholesky(symmetric(a, "cho_factor"), lower=is_lower), is_lower


def _cho_solve(c_and_lower: object, b: object, overwrite_b: object = _FALSE, check_finite: object = _TRUE) -> Node:
    if not isinstance(c_and_lower, tuple) or len(c_and_lower) != 2:
        raise ArgumentError("cho_solve takes the pair that cho_factor gives, (factor, lower), and the right side")
    factor, lower = c_and_lower
    x, y, shaped = system(factor, b, "cho_solve")
    is_lower = static_flag(lower, "lower")
    if is_flipped(x):
        x, is_lower = flipped(x), not is_lower
    return shaped(cho_solve(x, y, lower=is_lower))


def _solve_sylvester(a: object, b: object, q: object) -> Node:
    x, y, right = square(a, "solve_sylvester"), square(b, "solve_sylvester"), matrix(q, "solve_sylvester")
    dtype = common_dtype([x, y, right])
    return solve_sylvester(*(converted(node, dtype) for node in (x, y, right)))


# --- factorisations and spectra ---------------------------------------------------------------------------------------


def _cholesky(a: object, lower: object = _FALSE, overwrite_a: object = _FALSE, check_finite: object = _TRUE) -> Node:
    return cholesky(symmetric(a, "cholesky"), lower=static_flag(lower, "lower"))


def _eigh(
    a: object,
    b: object = None,
    *,
    lower: object = _TRUE,
    eigvals_only: object = _FALSE,
    overwrite_a: object = _FALSE,
    overwrite_b: object = _FALSE,
    check_finite: object = _TRUE,
    subset_by_index: object = None,
    subset_by_value: object = None,
    driver: object = None,
) -> Any:
    _refuse("eigh", b=b, subset_by_index=subset_by_index, subset_by_value=subset_by_value)
    found = eigh_of(a, static_flag(lower, "lower"), "eigh")
    return found.eigenvalues if static_flag(eigvals_only, "eigvals_only") else tuple(found)


def _eigvalsh(a: object, b: object = None, *, lower: object = _TRUE, **options: object) -> Node:
    return _eigh(a, b, lower=lower, eigvals_only=_TRUE, **options)  # type: ignore[no-any-return]


def _eig(
    a: object,
    b: object = None,
    left: object = _FALSE,
    right: object = _TRUE,
    overwrite_a: object = _FALSE,
    overwrite_b: object = _FALSE,
    check_finite: object = _TRUE,
) -> Any:
    _refuse("eig", b=b, left=left if static_flag(left, "left") else None)
    found = NUMPY["linalg.eig"](a)
    return tuple(found) if static_flag(right, "right") else found.eigenvalues


def _svd(
    a: object,
    full_matrices: object = _TRUE,
    compute_uv: object = _TRUE,
    overwrite_a: object = _FALSE,
    check_finite: object = _TRUE,
    lapack_driver: object = None,
) -> Any:
    found = svd_of(a, static_flag(full_matrices, "full_matrices"))
    return tuple(found) if static_flag(compute_uv, "compute_uv") else found.S


def _qr(
    a: object,
    overwrite_a: object = _FALSE,
    lwork: object = None,
    mode: object = "full",
    pivoting: object = _FALSE,
    check_finite: object = _TRUE,
) -> tuple[Node, ...]:
    _refuse("qr", pivoting=pivoting if static_flag(pivoting, "pivoting") else None)
    if mode not in ("full", "r", "economic"):
        raise UnsupportedError(f"qr: mode={mode!r} is not supported; use 'economic'")
    if mode != "economic":
        require_no_more_rows(a)
    found = qr_of(a)
    return (found.R,) if mode == "r" else tuple(found)


def _pinv(
    a: object, *, atol: object = None, rtol: object = None, return_rank: object = _FALSE, check_finite: object = _TRUE
) -> Node:
    _refuse("pinv", atol=atol, return_rank=return_rank if static_flag(return_rank, "return_rank") else None)
    return pinv(matrix(a, "pinv"), cut="eps" if rtol is None else static_number(rtol, "rtol"))


def _lstsq(
    a: object,
    b: object,
    cond: object = None,
    overwrite_a: object = _FALSE,
    overwrite_b: object = _FALSE,
    check_finite: object = _TRUE,
    lapack_driver: object = None,
) -> tuple[Any, ...]:
    dtype = common_dtype([real(node_of(a)), real(node_of(b))])
    return tuple(lstsq_of(a, b, _EPS.get(dtype, 0.0) if cond is None else static_number(cond, "cond")))


# --- functions of matrices --------------------------------------------------------------------------------------------


def _expm_frechet(
    A: object, E: object, method: object = None, compute_expm: object = _TRUE, check_finite: object = _TRUE
) -> Any:
    x, direction = square(A, "expm_frechet"), square(E, "expm_frechet")
    dtype = common_dtype([x, direction])
    x, direction = converted(x, dtype), converted(direction, dtype)
    found = expm_frechet(x, direction)
    return (expm(x), found) if static_flag(compute_expm, "compute_expm") else found


def _logm(A: object, disp: object = _TRUE) -> Node:
    if not static_flag(disp, "disp"):
        raise UnsupportedError("logm: disp=False, which also gives an estimate of the error, is not supported")
    return logm(square(A, "logm"))


def _sqrtm(A: object, disp: object = _TRUE, blocksize: object = None) -> Node:
    if not static_flag(disp, "disp"):
        raise UnsupportedError("sqrtm: disp=False, which also gives an estimate of the error, is not supported")
    return sqrtm(square(A, "sqrtm"))


_OWN: Mapping[str, Callable[..., Any]] = {
    "solve_triangular": _solve_triangular,
    "cho_factor": _cho_factor,
    "cho_solve": _cho_solve,
    "solve_sylvester": _solve_sylvester,
    "expm": lambda A: expm(square(A, "expm")),
    "expm_frechet": _expm_frechet,
    "logm": _logm,
    "sqrtm": _sqrtm,
}
_OTHERWISE: Mapping[str, Callable[..., Any]] = {
    "inv": lambda a, overwrite_a=_FALSE, check_finite=_TRUE: inv(square(a, "inv")),
    "det": lambda a, overwrite_a=_FALSE, check_finite=_TRUE: det(square(a, "det")),
    "norm": lambda a, ord=None, axis=None, keepdims=_FALSE, check_finite=_TRUE: NORMS["norm"](a, ord, axis, keepdims),
    "solve": _solve,
    "cholesky": _cholesky,
    "eigh": _eigh,
    "eigvalsh": _eigvalsh,
    "eig": _eig,
    "eigvals": lambda a, b=None, overwrite_a=_FALSE, check_finite=_TRUE: _eig(a, b, right=_FALSE),
    "svd": _svd,
    "svdvals": lambda a, overwrite_a=_FALSE, check_finite=_TRUE: svd_of(a, full=False).S,
    "qr": _qr,
    "pinv": _pinv,
    "lstsq": _lstsq,
}
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    **{f"linalg.{name}": function for name, function in _OWN.items()},
    **{f"scipy.linalg.{name}": function for name, function in {**_OWN, **_OTHERWISE}.items()},
}
