"""Where matrices are empty, of one entry, ill-conditioned, of lower rank, or have values that repeat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.linalg
from linear_algebra_cases import CASES, SHAPES, drawn, inputs_of

import symbackprop as sb

FORMULAS = [formula for formulas in CASES.values() for formula in formulas]


def gradient(formula: str, inputs: str, *values: Any) -> Any:
    return sb.compile_grad(f"{inputs} -> {formula}")(*values)


# --- sizes 0 and 1 ----------------------------------------------------------------------------------------------------

LONE = {
    "A": "n",
    "K": "n",
    "S": "n",
    "T": "n",
    "N": "n",
    "E": "n",
    "X": "n d",
    "b": "n",
    "c": "n",
    "B": "n d",
    "C": "n d",
}
SQUARES = ("A", "K", "S", "T", "N", "E")


@pytest.mark.parametrize("size", [0, 1])
@pytest.mark.parametrize("formula", FORMULAS)
def test_sizes_0_and_1(formula: str, size: int) -> None:
    """Code for sizes by name is right for none and for one."""
    names = inputs_of(formula)
    if not set(names) <= set(LONE) or ":" in formula or (size == 0 and "logm" in formula):
        return  # SciPy's logm has no logarithm of an empty matrix
    shapes = {name: "n n" if name in SQUARES else LONE[name] for name in names}
    compiled = sb.compile_value_and_grad(formula, inputs=shapes)
    sizes = {"n": size, "d": size}
    values = {name: np.full([sizes[s] for s in shape.split()], 0.7) for name, shape in shapes.items()}
    value, found = compiled(**values)
    for name, array in zip(names, found, strict=True):
        assert array.shape == values[name].shape
        if not size:
            continue
        ends = [compiled(**{**values, name: values[name] + step})[0] for step in (1e-5, -1e-5)]
        assert np.sum(array) == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-7, abs=1e-7)
    if not size:
        assert value == (1.0 if "det(" in formula and "log" not in formula else 0.0)


def test_no_matrices_at_all() -> None:
    for formula in ("sum(linalg.solve(A, B)**2)", "sum(linalg.cholesky(A)**2)", "sum(linalg.eigvalsh(A)**2)"):
        inputs = {"A": (0, 3, 3)} | ({"B": (0, 3, 2)} if "B" in formula else {})
        found = sb.compile_grad(formula, inputs=inputs)(*(np.zeros(shape) for shape in inputs.values()))
        assert [part.shape for part in found] == list(inputs.values())


# --- ill-conditioned --------------------------------------------------------------------------------------------------


def hilbert(size: int) -> tuple[Any, Any]:
    """Return a Hilbert matrix as doubles, and just these with 60 digits."""
    doubles = scipy.linalg.hilbert(size)
    return doubles, mpmath.matrix([[mpmath.mpf(x) for x in row] for row in doubles])


def test_hilbert_solution_loses_no_more_than_its_condition() -> None:
    doubles, exact = hilbert(8)
    right = np.arange(1.0, 9.0)
    a_bar, b_bar = gradient("sum(linalg.solve(A, b))", "A[n,n] b[n]", doubles, right)
    with mpmath.workdps(60):
        inverse = exact**-1
        x = inverse * mpmath.matrix([int(v) for v in right])
        y = inverse.T * mpmath.ones(8, 1)
        size = max(abs(v) for v in y) * max(abs(v) for v in x)
        for i in range(8):
            assert abs(b_bar[i] - y[i]) < 1e-5 * max(abs(v) for v in y)
            for j in range(8):
                assert abs(a_bar[i, j] + y[i] * x[j]) < 1e-5 * size  # condition number 1.5e10


@pytest.mark.parametrize("way", ["2*sum(log(diag(linalg.cholesky(K))))", "linalg.slogdet(K)[1]"])
def test_hilbert_determinant(way: str) -> None:
    doubles, exact = hilbert(8)
    (found,) = gradient(way, "K[n,n]", doubles)
    with mpmath.workdps(60):
        inverse = exact**-1
        largest = max(abs(inverse[i, j]) for i in range(8) for j in range(8))
        for i in range(8):
            for j in range(8):
                assert abs(found[i, j] - inverse[i, j]) < 1e-5 * largest


def test_hilbert_least_squares() -> None:
    doubles, _ = hilbert(8)
    tall, right = doubles[:, :5], np.arange(1.0, 9.0)
    a_bar, b_bar = gradient("sum(linalg.lstsq(A, b)[0])", "A[n,d] b[n]", tall, right)
    with mpmath.workdps(60):
        a = mpmath.matrix([[mpmath.mpf(x) for x in row] for row in tall])
        gram = (a.T * a) ** -1
        b = mpmath.matrix([int(v) for v in right])
        x, z = gram * (a.T * b), gram * mpmath.ones(5, 1)
        y, r = a * z, b - a * (gram * (a.T * b))
        for i in range(8):
            assert abs(b_bar[i] - y[i]) < 1e-8 * max(abs(v) for v in y)
            for j in range(5):
                wanted = r[i] * z[j] - y[i] * x[j]
                assert abs(a_bar[i, j] - wanted) < 1e-6 * max(abs(v) for v in z) * max(abs(v) for v in r)


# --- values that repeat -----------------------------------------------------------------------------------------------

REPEATED = np.diag([2.0, 2.0, 5.0])


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("sum(linalg.eigvalsh(S)**2)", 2 * REPEATED),
        ("sum(linalg.eigh(S).eigenvalues)", np.eye(3)),
        ("sum(exp(linalg.eigvalsh(S)))", np.diag(np.exp([2.0, 2.0, 5.0]))),
        ("linalg.eigvalsh(S)[2]", np.diag([0.0, 0.0, 1.0])),
        ("sum(linalg.svdvals(S)**2)", 2 * REPEATED),
        ("linalg.norm(S, 'nuc')", np.eye(3)),
        ("sum(linalg.eigvals(S)**2)", 2 * REPEATED),
    ],
)
def test_functions_of_values_alone(formula: str, expected: Any) -> None:
    """Symmetric functions of values are smooth where values repeat; the gradient is finite and right."""
    (found,) = gradient(formula, "S[n,n]", REPEATED)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "formula",
    [
        "sum(linalg.eigh(S).eigenvectors**4)",
        "sum((linalg.eigh(S)[1] * linalg.eigh(S)[0]**2) @ linalg.eigh(S)[1].T)",
        "sum(linalg.svd(S).U**4)",
        "sum((linalg.svd(S).U * linalg.svd(S).S**3) @ linalg.svd(S).Vh)",
    ],
)
def test_vectors_of_repeated_values_never_give_a_wrong_number(formula: str) -> None:
    with np.errstate(all="ignore"):
        (found,) = gradient(formula, "S[n,n]", REPEATED)
    assert not np.isfinite(found).all()


def test_vectors_of_repeated_values_warn() -> None:
    with pytest.warns(RuntimeWarning, match="divide by zero"), np.errstate(invalid="ignore"):
        gradient("sum(linalg.eigh(S).eigenvectors**4)", "S[n,n]", REPEATED)


# --- lower rank -------------------------------------------------------------------------------------------------------


def along(formula: str, values: Sequence[Any], ways: Sequence[Any]) -> float:
    """Return the slope of a formula of A and b along a direction, by differences."""
    ends = []
    for step in (1e-4, -1e-4):
        A, b = (x + step * way for x, way in zip(values, ways, strict=True))
        ends.append(eval(formula, {"A": A, "b": b, "sum": np.sum, "linalg": np.linalg}))
    return float(ends[0] - ends[1]) / 2e-4


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4)])
@pytest.mark.parametrize("formula", ["sum(linalg.pinv(A)**3) + sum(b)", "sum(linalg.lstsq(A, b)[0]**3)"])
def test_lower_rank_along_changes_that_keep_it(formula: str, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(3)
    left, right = rng.normal(size=(shape[0], 2)), rng.normal(size=(2, shape[1]))
    b, b_way = rng.normal(size=shape[0]), rng.normal(size=shape[0])
    a_bar, b_bar = gradient(formula, "A[n,d] b[n]", left @ right, b)
    assert np.isfinite(a_bar).all()
    # to first order the rank stays along left @ R + L @ right
    way = left @ rng.normal(size=right.shape) + rng.normal(size=left.shape) @ right
    moved = []
    for step in (1e-5, -1e-5):
        u = np.linalg.svd(left @ right + step * way, full_matrices=False)
        rank_two = (u.U[:, :2] * u.S[:2]) @ u.Vh[:2]
        moved.append((rank_two, b + step * b_way))
    ends = [eval(formula, {"A": A, "b": v, "sum": np.sum, "linalg": np.linalg}) for A, v in moved]
    expected = (ends[0] - ends[1]) / 2e-5
    assert np.sum(a_bar * way) + b_bar @ b_way == pytest.approx(expected, rel=1e-6)


def test_singular_matrices_raise() -> None:
    singular = np.ones((2, 2))
    for formula in ("linalg.det(A)", "linalg.slogdet(A)[1]", "sum(linalg.inv(A))"):
        with pytest.raises(np.linalg.LinAlgError):
            gradient(formula, "A[n,n]", singular)
    with pytest.raises(np.linalg.LinAlgError, match="positive definite"):
        gradient("sum(linalg.cholesky(A))", "A[n,n]", -np.eye(2))


@pytest.mark.parametrize("word", ["linalg.eigvals", "scipy.linalg.logm", "scipy.linalg.sqrtm"])
def test_complex_results_raise(word: str) -> None:
    matrix = np.array([[0.0, -1.0], [1.0, 0.0]]) if "eig" in word else -np.diag([1.0, 2.0])
    with pytest.raises(ValueError, match="eigenvalues"):
        gradient(f"sum({word}(A))", "A[n,n]", matrix)


def test_one_triangle_is_read_and_the_gradient_is_symmetric() -> None:
    matrix = np.array([[4.0, 99.0], [1.0, 3.0]])
    whole = np.array([[4.0, 1.0], [1.0, 3.0]])
    for formula in ("sum(linalg.cholesky(K)**3)", "sum(linalg.eigvalsh(K)**3)"):
        (found,), (wanted,) = (gradient(formula, "K[n,n]", x) for x in (matrix, whole))
        np.testing.assert_allclose(found, wanted, rtol=1e-14)
        np.testing.assert_allclose(found, found.T, rtol=1e-14)
    assert SHAPES["K"] == drawn("K", np.random.default_rng(0)).shape


def test_logarithm_of_a_determinant_beyond_what_numbers_hold() -> None:
    """The determinant is 1e-1200; of a negative one the logarithm is nan, as in NumPy."""
    compiled = sb.compile_value_and_grad("A[n,n] -> log(linalg.det(A))")
    value, (found,) = compiled(1e-3 * np.eye(400))
    assert value == pytest.approx(400 * np.log(1e-3), rel=1e-14)
    np.testing.assert_allclose(found, 1e3 * np.eye(400), rtol=1e-14)
    with np.errstate(invalid="ignore"):
        assert np.isnan(compiled(np.diag([1.0, -1.0]))[0])
    with np.errstate(divide="ignore"):
        assert sb.compile_value("A[n,n] -> log(linalg.det(A))")(np.ones((2, 2))) == -np.inf


@pytest.mark.parametrize(
    ("formula", "operations"),
    [
        ("A[n,n] b[n] -> sum(linalg.solve(A, b))", 2 * 100**3 // 3 + 2 * 100**2 + 100),
        ("A[n,n] -> sum(linalg.inv(A))", 2 * 100**3 + 100**2),
        ("A[n,n] -> linalg.slogdet(A)[1]", 2 * 100**3 // 3),
        ("K[n,n] -> sum(linalg.cholesky(K))", 100**3 // 3 + 100**2),
        ("A[n,n] B[n,k] -> sum(linalg.solve_triangular(A, B))", 30 * 100**2 + 3000),
        ("A[m,n,n] -> sum(linalg.det(A))", 5 * (2 * 100**3 // 3) + 5),
    ],
)
def test_counted_operations(formula: str, operations: int) -> None:
    """The counts are those of Golub and Van Loan, for n = 100, k = 30, m = 5."""
    cost = sb.compile_grad(formula).cost()
    assert cost.at({"n": 100, "k": 30, "m": 5})[0] == operations
