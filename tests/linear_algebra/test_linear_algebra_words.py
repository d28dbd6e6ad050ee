"""Every word of linear algebra: value against NumPy and SciPy, gradient against differences, in both precisions."""

from __future__ import annotations

import types
from typing import Any

import numpy as np
import pytest
import scipy.linalg
from linear_algebra_cases import CASES, SYMMETRIC, drawn, inputs_of

import symbackprop as sb

FORMULAS = [formula for formulas in CASES.values() for formula in formulas]


class Both(types.SimpleNamespace):
    """`np.linalg`, with what it lacks from `scipy.linalg`."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np.linalg, name, None) or getattr(scipy.linalg, name)


SCOPE = {name: getattr(np, name) for name in ("sum", "exp", "log", "diag", "tril")}
SCOPE |= {"np": np, "linalg": Both(), "scipy": scipy}


def compiled_of(formula: str, dtype: str = "float64") -> tuple[sb.CompiledFunction, dict[str, Any]]:
    shapes = inputs_of(formula)
    compiled = sb.compile_value_and_grad(formula, inputs=shapes, dtype=dtype)
    rng = np.random.default_rng(sum(map(ord, formula)))
    return compiled, {name: drawn(name, rng).astype(dtype) for name in shapes}


def reference(formula: str, values: dict[str, Any]) -> float:
    return float(np.real(eval(formula, SCOPE | values)))


@pytest.mark.parametrize("formula", FORMULAS)
def test_value_and_gradient(formula: str) -> None:
    compiled, values = compiled_of(formula)
    value, gradient = compiled(**values)
    assert value == pytest.approx(reference(formula, values), rel=1e-11)
    rng = np.random.default_rng(1)
    for name, found in zip(values, gradient, strict=True):
        assert found.shape == values[name].shape
        for _ in range(3):
            way = rng.normal(size=found.shape)
            if name in SYMMETRIC:
                way = way + np.swapaxes(way, -2, -1)
                if "expm" not in formula:
                    np.testing.assert_allclose(found, np.swapaxes(found, -2, -1), rtol=1e-9, atol=1e-12)
            quotients = []
            for step in (2e-3, 1e-3):
                ends = [reference(formula, values | {name: values[name] + s * step * way}) for s in (2, 1, -1, -2)]
                quotients.append((-ends[0] + 8 * ends[1] - 8 * ends[2] + ends[3]) / (12 * step))
            expected = (16 * quotients[1] - quotients[0]) / 15
            assert float(np.sum(found * way)) == pytest.approx(expected, rel=2e-7, abs=2e-7), name


@pytest.mark.parametrize("formula", FORMULAS)
def test_float32_stays(formula: str) -> None:
    compiled, values = compiled_of(formula, "float32")
    double, _ = compiled_of(formula)
    value, gradient = compiled(**values)
    expected_value, expected = double(**{name: array.astype(float) for name, array in values.items()})
    assert value == pytest.approx(expected_value, rel=2e-4, abs=2e-4)
    for found, wanted in zip(gradient, expected, strict=True):
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, wanted, rtol=2e-3, atol=2e-3 * (1 + np.max(np.abs(wanted))))


@pytest.mark.parametrize("formula", FORMULAS)
def test_what_verification_takes_words_to_mean(formula: str) -> None:
    report = sb.compile_value(formula, inputs=smaller(formula)).verify(points=1, seconds=0.1)
    assert report, report


@pytest.mark.parametrize("word", CASES)
def test_verification_of_gradients(word: str) -> None:
    formula = CASES[word][0]
    report = sb.compile_grad(formula, inputs=smaller(formula)).verify(points=1, seconds=0.1)
    assert report, report


def smaller(formula: str) -> dict[str, tuple[int, ...]]:
    """Return the inputs of a formula; matrices of two rows where functions of matrices with long numbers take time."""
    shapes = inputs_of(formula)
    few = any(word in formula for word in ("logm", "frechet", "sqrtm", "expm"))
    return {name: tuple(min(size, 2) for size in shape) for name, shape in shapes.items()} if few else shapes


def test_there_are_three_forms_of_each_word() -> None:
    assert {word for word, formulas in CASES.items() if len(formulas) < 3} == {"expm_frechet", "solve_sylvester"}


def test_every_word_of_the_page_has_forms() -> None:
    page = [
        "inv",
        "det",
        "slogdet",
        "solve",
        "cholesky",
        "eigh",
        "eigvalsh",
        "eig",
        "svd",
        "qr",
        "pinv",
        "lstsq",
        "expm",
        "logm",
        "sqrtm",
        "solve_triangular",
        "cho_solve",
    ]
    assert set(page) <= set(CASES)
    assert sum("cho_factor(" in formula for formulas in CASES.values() for formula in formulas) >= 3
