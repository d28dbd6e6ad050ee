"""Identity and diagonal matrices in printed code: left out where they do nothing, written by their names where they stay."""

from __future__ import annotations

import numpy as np
import pytest

import symbackprop as sb


def results(formula: str, **options: object) -> str:
    source = sb.compile_value(formula, **options).source  # type: ignore[arg-type]
    return source[source.rindex("return ") + len("return ") :].strip()


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("A[n,n] -> A @ eye(A.shape[0])", "A.copy()"),
        ("A[n,m] -> eye(A.shape[0]) @ A", "A.copy()"),
        ("A[n,n] -> sum(A * eye(A.shape[0]))", "np.trace(A)"),
        ("A[n,n] -> trace(A) + sum(diag(A))", "2.0 * np.trace(A)"),
        ("A[n,n] v[n] -> eye(A.shape[0]) @ (A @ v)", "A @ v"),
        ("A[n,n] -> einsum('ij,ik->jk', A, eye(A.shape[0]))", "A.T.copy()"),
        ("A[n,n] -> A + 2*eye(A.shape[0])", "A + 2.0 * np.eye(n)"),
        ("v[n] -> diag(v)", "np.diag(v)"),
        ("v[n] -> sum(diag(v), axis=0)", "v.copy()"),
        ("v[n] -> sum(diag(v), axis=1)", "v.copy()"),
        ("A[n,n] v[n] -> sum(where(eye(A.shape[0]) == 1, A, 0), axis=0)", None),
    ],
)
def test_printed(formula: str, text: str | None) -> None:
    compiled = sb.compile_value(formula)
    if text is not None:
        assert results(formula) == text
    rng = np.random.default_rng(0)
    values = [rng.normal(size=(3,) * len(spec.shape or ())) for spec in compiled.signature]
    text_of = formula.split("->", 1)[1].replace("A.shape[0]", "3")
    scope = {name: getattr(np, name) for name in ("eye", "sum", "trace", "diag", "einsum", "where")}
    expected = eval(text_of, scope | dict(zip((spec.name for spec in compiled.signature), values, strict=True)))
    np.testing.assert_allclose(compiled(*values), expected, rtol=1e-13)


def test_float32_stays() -> None:
    source = sb.compile_value("A[n,n] -> A + 2*eye(A.shape[0])", dtype="float32").source
    assert "np.eye(n, dtype=np.float32)" in source


@pytest.mark.parametrize("size", [0, 1, 4])
def test_gradients(size: int) -> None:
    compiled = sb.compile_grad("A[n,n] v[n] s -> sum((A + s*eye(A.shape[0]) + diag(v))**3) + trace(A)**2")
    rng = np.random.default_rng(1)
    A, v, s = rng.normal(size=(size, size)), rng.normal(size=size), 0.3
    a_bar, v_bar, s_bar = compiled(A, v, s)
    cubes = 3 * (A + s * np.eye(size) + np.diag(v)) ** 2
    np.testing.assert_allclose(a_bar, cubes + 2 * np.trace(A) * np.eye(size), rtol=1e-12)
    np.testing.assert_allclose(v_bar, np.diagonal(cubes), rtol=1e-12)
    assert s_bar == pytest.approx(np.trace(cubes))


def test_what_is_beside_the_diagonal_is_not_multiplied() -> None:
    """The diagonal of a product with an infinite number: what is beside it stays 0."""
    found = sb.compile_grad("v[n] w[n] -> sum(diag(v)[0] * w)")(np.ones(2), np.array([1.0, np.inf]))
    np.testing.assert_array_equal(found[0], [1.0, 0.0])
