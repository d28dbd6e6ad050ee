"""Bounds of the rounding errors of linear algebra: against 60 digits, at matrices of all kinds."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import symbackprop as sb

UNIT = 2.0**-53
SIZE = 4
WEIGHTS = "K = sin(3*arange(A.shape[0])[:, None] + 5*arange(A.shape[0]) + 1.0)\n"


def _weighted(x):
    return sum(mpmath.sin(3 * i + 5 * j + 1) * x[i, j] for i in range(x.rows) for j in range(x.cols))


def _weighted_column(x):
    return sum(mpmath.sin(3 * i + 1) * x[i] for i in range(len(x)))


def _of_matrix(function):
    return "A[n,n] -> " + WEIGHTS + f"sum(K*({function}))"


def _of_vector(function):
    return "A[n,n] b[n] -> " + WEIGHTS + f"K[:, 0] @ ({function})"


def _least_squares(a, b):
    thin = a[:, :2]
    return sum(mpmath.lu_solve(thin.T * thin, thin.T * b))


def _by_eigenvalues(a, function):
    values, vectors = mpmath.eigsy(a)
    return vectors * mpmath.diag([function(x) for x in values]) * vectors.T


CASES = {  # formula, what it is of long numbers, of which matrices
    "solve": (_of_vector("linalg.solve(A, b)"), lambda a, b: _weighted_column(mpmath.lu_solve(a, b)), "any"),
    "solve for a matrix": (
        _of_matrix("linalg.solve(A, A.T)"),
        lambda a, b: _weighted(mpmath.inverse(a) * a.T),
        "any",
    ),
    "inv": (_of_matrix("linalg.inv(A)"), lambda a, b: _weighted(mpmath.inverse(a)), "any"),
    "det": ("A[n,n] -> linalg.det(A)", lambda a, b: mpmath.det(a), "any"),
    "slogdet": ("A[n,n] -> linalg.slogdet(A)[1]", lambda a, b: mpmath.log(abs(mpmath.det(a))), "any"),
    "triangular": (
        _of_vector("linalg.solve_triangular(A, b)"),
        lambda a, b: _weighted_column(mpmath.lu_solve(mpmath.matrix(np.triu(_floats(a)).tolist()), b)),
        "any",
    ),
    "cholesky": (_of_matrix("linalg.cholesky(A)"), lambda a, b: _weighted(mpmath.cholesky(a)), "positive"),
    "cho_solve": (
        _of_vector("linalg.cho_solve(linalg.cho_factor(A), b)"),
        lambda a, b: _weighted_column(mpmath.lu_solve(a, b)),
        "positive",
    ),
    "gaussian process": (
        "A[n,n] b[n] -> L = linalg.cholesky(A)\ny = linalg.solve_triangular(L, b, lower=True)\ny @ y + 2*sum(log(diag(L)))",
        lambda a, b: (b.T * mpmath.lu_solve(a, b))[0] + mpmath.log(mpmath.det(a)),
        "positive",
    ),
    "qr": (
        _of_matrix("linalg.qr(A)[1]**2"),
        lambda a, b: _weighted(mpmath.qr(a)[1].apply(lambda x: x * x)),
        "any",
    ),
    "eigenvalues": (
        "A[n,n] -> " + WEIGHTS + "K[:, 0] @ linalg.eigvalsh(A)",
        lambda a, b: _weighted_column(mpmath.eigsy(a, eigvals_only=True)),
        "positive",
    ),
    "eigenvectors": (
        "A[n,n] -> w, V = linalg.eigh(A)\nsum((V/(1 + w)) @ V.T)",
        lambda a, b: sum(_by_eigenvalues(a, lambda x: 1 / (1 + x))),
        "positive",
    ),
    "singular values": (
        "A[n,n] -> " + WEIGHTS + "K[:, 0] @ linalg.svd(A, compute_uv=False)",
        lambda a, b: _weighted_column(sorted(mpmath.svd_r(a, compute_uv=False), reverse=True)),
        "any",
    ),
    "eig": (
        "A[n,n] -> " + WEIGHTS + "K[:, 0] @ sort(linalg.eigvals(A @ diag(1.0 + arange(A.shape[0]))))",
        lambda a, b: _weighted_column(sorted(map(mpmath.re, mpmath.eig(a * mpmath.diag([1, 2, 3, 4]))[0]))),
        "positive",
    ),
    "pinv": (_of_matrix("linalg.pinv(A)"), lambda a, b: _weighted(mpmath.inverse(a)), "any"),
    "lstsq": ("A[n,n] b[n] -> sum(linalg.lstsq(A[:, :2], b)[0])", _least_squares, "any"),
    "sqrtm": (
        _of_matrix("linalg.sqrtm(A)"),
        lambda a, b: _weighted(_by_eigenvalues(a, mpmath.sqrt)),
        "positive",
    ),
    "solve_sylvester": (
        _of_matrix("linalg.solve_sylvester(A, A, A @ A)"),
        lambda a, b: _weighted(a / 2),
        "positive",
    ),
    "expm": (_of_matrix("linalg.expm(A)"), lambda a, b: _weighted(mpmath.expm(a, method="taylor")), "any"),
    "expm of symmetric matrices": (
        _of_matrix("linalg.expm(4.2*A/linalg.norm(A))"),
        lambda a, b: _weighted(_by_eigenvalues(mpmath.mpf(4.2) * a / mpmath.norm(a, 2), mpmath.exp)),
        "positive",
    ),
}


_FAR_ABOVE = {"expm": 10_000, "expm of symmetric matrices": 300_000}  # units; entries of size 3 and 66 cancel in these


def _floats(a):
    return np.array(a.tolist(), dtype=float)


def _matrices(kind):
    """Return matrices of a kind, the last near the identity."""
    rng = np.random.default_rng(1)
    plain = rng.normal(size=(SIZE, SIZE))
    graded = rng.normal(size=(SIZE, SIZE)) * np.logspace(0, -6, SIZE)
    left, right = (np.linalg.qr(rng.normal(size=(SIZE, SIZE)))[0] for _ in range(2))
    far = left * np.logspace(0, -5, SIZE) @ right
    near = np.eye(SIZE) + 1e-3 * rng.normal(size=(SIZE, SIZE))
    if kind == "any":
        return plain, 5 * plain, -5 * near, graded, far, near
    small = np.diag(np.logspace(0, -8, SIZE))
    return plain @ plain.T, graded.T @ graded + small, far @ far.T + 1e-6 * np.eye(SIZE), near @ near.T


@pytest.mark.parametrize("name", CASES)
def test_no_error_is_above_and_few_bounds_are_far_above(name):
    formula, exact, kind = CASES[name]
    function = sb.compile_value(formula)
    vector = np.linspace(-1.0, 2.0, SIZE)
    for matrix in _matrices(kind):
        arguments = (matrix, vector)[: len(function.signature)]
        with mpmath.workdps(60):
            expected = exact(mpmath.matrix(matrix.tolist()), mpmath.matrix(vector.tolist()))
            error = abs(mpmath.mpf(float(function(*arguments))) - expected)
        bound = function.error_bound(*arguments)
        assert error <= bound
    assert bound <= _FAR_ABOVE.get(name, 500) * UNIT * (1 + abs(expected))  # near the identity


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("A[n,n] -> trace(linalg.logm(A))", "logm"),
        ("A[n,n] -> sum(linalg.eig(A)[1])", "eigenvectors of eig"),
    ],
)
def test_what_is_not_known_is_refused_by_name(formula, message):
    with pytest.raises(sb.UnsupportedError, match=message):
        sb.compile_value(formula).error_bound  # noqa: B018


def test_many_matrices_are_bounded_as_one_each():
    many = sb.compile_value("A[b,n,n] B[b,n,n] -> sum(linalg.solve(A, B)) + sum(linalg.slogdet(A)[1])").error_bound
    one = sb.compile_value("A[n,n] B[n,n] -> sum(linalg.solve(A, B)) + linalg.slogdet(A)[1]").error_bound
    matrices = np.stack(_matrices("positive"))
    alone = [one(a, b) for a, b in zip(matrices, matrices[::-1], strict=True)]
    assert many(matrices, matrices[::-1]) == pytest.approx(sum(alone), rel=1e-4)


def test_a_determinant_of_one_entry_is_computed_by_its_logarithm() -> None:
    function = sb.compile_value("A[n,n] -> linalg.det(A)")
    rng = np.random.default_rng(3)
    matrices = [np.array([[x]]) for x in 10 ** rng.uniform(-3, 3, size=200)]
    errors = [abs(float(function(matrix)) - matrix[0, 0]) for matrix in matrices]
    bounds = [function.error_bound(matrix) for matrix in matrices]
    assert max(errors) > 0
    assert all(error <= bound for error, bound in zip(errors, bounds, strict=True))
