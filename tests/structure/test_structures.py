"""Jacobians and Hessians in factors: which structure is found, and that its expression makes the dense array."""

from __future__ import annotations

import numpy as np
import pytest
from factors import assembled, checked

import symbackprop as sb

RANDOM = np.random.default_rng(0)
X, B, C, Z = (
    RANDOM.normal(size=(6, 3)),
    RANDOM.normal(size=(4, 6)),
    RANDOM.normal(size=(4, 3)),
    RANDOM.normal(size=(4, 4)),
)
x, y, w, a = (RANDOM.normal(size=n) for n in (4, 6, 3, 4))
SIZES = {"n": 4, "m": 6, "k": 4, "d": 3}

JACOBIANS = [
    ("x[n] -> sin(x)", "diagonal", "np.diag(d)"),
    ("x[n] a[n] -> where(x > 0, a*x, sin(x))", "diagonal", "np.diag(d)"),
    ("x[n] -> where(x > 0, sum(x), 0)", "broadcast", "np.outer(u, np.ones(n))"),
    ("x[n] -> relu(x) + 2*x", "diagonal", "np.diag(d)"),
    ("x[n] -> 3*x", "scaled identity", "s * np.eye(n)"),
    ("x[n] -> -x", "scaled identity", "-np.eye(n)"),
    ("x[n] a[n] -> x + a", "scaled identity", "np.eye(n)"),
    ("x[n] a[n] -> a + 0*x", "zero", "np.zeros((n, n))"),
    ("x[n] a[n] -> sum(x)*a", "broadcast", "np.outer(a, np.ones(n))"),
    ("x[n] y[m] -> sum(sin(x))*ones_like(y)", "broadcast", "np.outer(np.ones(m), v)"),
    ("x[n] y[m] -> y + mean(x)", "broadcast", "np.full((m, n), s)"),
    ("x[n] y[m] -> y + 2*sum(x)", "broadcast", "np.full((m, n), s)"),
    ("x[n] -> sum(x)", "broadcast", "np.ones(n)"),
    ("x[n] -> sum(sin(x))", "dense", "J"),
    ("x[n] a[n] -> (a @ x)**2 * cos(a)", "rank one", "np.outer(u, a)"),
    ("x[n] -> softmax(x)", "diagonal plus rank one", "np.diag(d) - np.outer(d, d)"),
    ("x[n] -> exp(x) / sum(exp(x))", "diagonal plus rank one", "np.diag(d) - np.outer(d, d)"),
    ("x[n] -> x - mean(x)", "scaled identity plus broadcast", "np.eye(n) - np.full((n, n), s)"),
    ("x[n] -> x * sum(x)", "scaled identity plus broadcast", "s * np.eye(n) + np.outer(x, np.ones(n))"),
    ("Z[n,n] x[n] -> Z @ x", "dense", "J"),
    ("x[n] -> cumsum(x)", "dense", "J"),
    ("x[n] a[n] -> x[:,None] * a", "Kronecker product with the identity", 'np.einsum("j,ik->ijk", a, np.eye(n))'),
]  # fmt: skip

ARRAYS = [
    ("X[m,d] -> sin(X)", "diagonal", 'np.einsum("ij,ik,jl->ijkl", h, np.eye(m), np.eye(d))'),
    ("C[k,d] X[m,d] -> X @ transpose(C)", "Kronecker product with the identity", 'np.einsum("jl,ik->ijkl", C, np.eye(m))'),
    ("B[k,m] X[m,d] -> sin(B) @ X", "Kronecker product with the identity", 'np.einsum("ik,jl->ijkl", A, np.eye(d))'),
    ("X[m,d] -> sum(X**2, axis=1)", "block diagonal", 'np.einsum("ik,ij->ijk", A, np.eye(m))'),
    ("X[m,d] -> transpose(X)", "permuted scaled identity", 'np.einsum("jk,il->ijkl", np.eye(m), np.eye(d))'),
    ("X[m,d] -> reshape(X, (-1,))**2", "dense", "J"),
]  # fmt: skip

HESSIANS = [
    ("x[n] -> sum(x**2)", "scaled identity", "s * np.eye(n)"),
    ("x[n] -> sum(x)", "zero", "np.zeros((n, n))"),
    ("x[n] -> sum(x)**2", "broadcast", "np.full((n, n), s)"),
    ("x[n] -> sum(exp(x)) + sum(x)**2", "diagonal plus broadcast", "np.diag(d) + np.full((n, n), s)"),
    ("x[n] a[n] -> sin(a @ x)", "rank one", "-s * np.outer(a, a)"),
    ("x[n] -> log(sum(exp(x)))", "diagonal plus rank one", "np.diag(d) - np.outer(d, d)"),
    ("x[n] -> sum(x**2)**2", "scaled identity plus rank one", "s * np.eye(n) + c * np.outer(x, x)"),
    ("Z[n,n] x[n] -> x @ Z @ x", "dense", "H"),
    ("X[m,d] w[d] y[m] -> sum((X @ w - y)**2)", "low rank", "s * X.T @ X"),
    ("X[m,d] w[d] y[m] -> sum(log(1 + exp(X @ w)) - y*(X @ w)) + sum(w**2)",
     "scaled identity plus low rank", "s * np.eye(d) + X.T @ (c[:, None] * X)"),
    ("X[m,d] w[d] -> sum(sqrt(1 + (X @ w)**2)) + sum(w**4)", "diagonal plus low rank", "np.diag(h) + X.T @ (c[:, None] * X)"),
]  # fmt: skip


def values_of(formula: str) -> dict[str, np.ndarray]:
    known = {"x": x, "y": y, "w": w, "a": a, "X": X, "B": B, "C": C, "Z": Z}
    return {name: known[name] for name in known if f"{name}[" in formula.split("->", maxsplit=1)[0]}


@pytest.mark.parametrize(("formula", "kind", "text"), [*JACOBIANS, *ARRAYS])
def test_structures_of_jacobians(formula: str, kind: str, text: str) -> None:
    wrt = "X" if "X[" in formula else "x"
    assert checked("jacobian", formula, values_of(formula), wrt, **SIZES) == (kind, text)


@pytest.mark.parametrize(("formula", "kind", "text"), HESSIANS)
def test_structures_of_hessians(formula: str, kind: str, text: str) -> None:
    wrt = "w" if "w[" in formula else "x"
    assert checked("hessian", formula, values_of(formula), wrt, **SIZES) == (kind, text)


def test_a_low_rank_is_one_by_its_sizes() -> None:
    values = {"A": RANDOM.normal(size=(8, 2)), "B": RANDOM.normal(size=(2, 7)), "x": RANDOM.normal(size=7)}
    assert checked("jacobian", "A[8,2] B[2,7] x[7] -> A @ (B @ x)", values, "x") == ("low rank", "A @ B")
    assert checked("jacobian", "A[8,2] B[2,7] x[7] -> A @ sin(B @ x)", values, "x") == ("low rank", "U @ B")
    values["B"], values["A"] = RANDOM.normal(size=(9, 7)), RANDOM.normal(size=(8, 9))
    assert checked("jacobian", "A[8,9] B[9,7] x[7] -> A @ (B @ x)", values, "x") == ("dense", "J")


SCALED = [  # scales beside factors that come twice, and beside products that stay apart
    ("x[n] a[m] -> (softmax(x) / 3)[:,None] * sin(a)", "x"),
    ("x[n] a[m] z[m] -> sum(x**3) * sin(a) * (z @ a)**2", "a"),
    ("x[n] a[n] -> sin(a @ x) * x[:,None] * x", "x"),
    ("A[8,2] B[2,7] x[7] z -> z * A @ (z * B @ sin(x) / sum(x))", "x"),
]


@pytest.mark.parametrize(("formula", "wrt"), SCALED)
def test_scales_count_once(formula: str, wrt: str) -> None:
    values = {
        "A": RANDOM.normal(size=(8, 2)), "B": RANDOM.normal(size=(2, 7)), "x": RANDOM.normal(size=7),
        "a": RANDOM.normal(size=7 if "a[n]" in formula else 6), "z": 0.7 if " z ->" in formula else RANDOM.normal(size=6),
    }  # fmt: skip
    declared = formula.split("->", maxsplit=1)[0].replace("[", " [").split()
    kind, _ = checked("jacobian", formula, {k: v for k, v in values.items() if k in declared}, wrt, n=7, m=6)
    assert kind != "dense"


def test_products_of_equal_factors_are_added() -> None:
    f = sb.compile_hessian("X[m,d] w[d] -> sum(cos(X @ w)) + sum((X @ w)**2)", wrt="w", structure=True)
    assert [str(form) for form in f.structure.values()] == ["X.T @ (c[:, None] * X)"]
    (made,) = assembled(f, f(X, w))
    np.testing.assert_allclose(made, X.T @ ((2 - np.cos(X @ w))[:, None] * X))


def test_blocks_of_several_inputs() -> None:
    f = sb.compile_hessian("x[n] a[n] z -> sum(x * a**2) + z * sum(x)", structure=True)
    kinds = [form.kind for form in f.structure.values()]
    assert kinds == [
        "zero", "diagonal", "broadcast", "diagonal", "diagonal", "zero", "broadcast", "zero", "dense",
    ]  # fmt: skip
    results = f(x, a, 2.0)
    dense = sb.compile_hessian("x[n] a[n] z -> sum(x * a**2) + z * sum(x)")(x, a, 2.0)
    flat = [block for row in dense for block in row]
    assert [len(row) for row in results] == [3, 3, 3]
    assert results[0][0] == ()
    for made, wanted in zip(assembled(f, results, n=4), flat, strict=True):
        np.testing.assert_allclose(made, wanted)


def test_names_of_factors_are_those_of_the_formula_or_of_nothing_else() -> None:
    f = sb.compile_jacobian("p = softmax(d)\nq = s*d\np + q", inputs="d[n] s", wrt="d", structure=True)
    assert str(f.structure["d/dd"]) == "np.diag(h) - np.outer(p, p)"
    g = sb.compile_jacobian("x[s] -> 2*x", wrt="x", structure=True)  # a size is called so
    assert str(g.structure["d/dx"]) == "c * np.eye(s)"


def test_values_and_gradients_come_before() -> None:
    f = sb.compile_hessian("x[n] -> log(sum(exp(x)))", wrt="x", with_value_and_grad=True, structure=True)
    value, gradient, (d,) = f(x)
    np.testing.assert_allclose(value, np.log(np.sum(np.exp(x))))
    np.testing.assert_allclose(gradient, d)
    g = sb.compile_jacobian("u = x**2; u, sum(x)", inputs={"x": "n"}, wrt="x", with_value=True, structure=True)
    (square, total), ((twice,), ones) = g(x)
    np.testing.assert_allclose(square, x**2)
    np.testing.assert_allclose(twice, 2 * x)
    assert total == pytest.approx(np.sum(x))
    assert ones == ()


def test_factors_share_no_memory_with_arguments() -> None:
    f = sb.compile_hessian("X[m,d] w[d] -> sum((X @ w)**2)", wrt="w", structure=True)
    _, factor = f(X, w)
    assert not np.shares_memory(factor, X)


def test_weighted_hessians_have_structure_too() -> None:
    f = sb.compile_hessian("x[n] -> x**3", wrt="x", weighted=True, structure=True)
    (d,) = f(x, a)
    np.testing.assert_allclose(d, 6 * a * x)


def test_a_mask_hides_what_is_not_finite() -> None:
    f = sb.compile_jacobian("x[n] -> where(x > 0, log(x), 0)", wrt="x", structure=True)
    with np.errstate(all="raise"):
        assert f([-1.0, 0.0, 2.0])[0].tolist() == [0.0, 0.0, 0.5]


@pytest.mark.parametrize("n", [0, 1])
def test_sizes_of_0_and_1(n: int) -> None:
    for formula in ("x[n] -> sin(x)", "x[n] -> x - sum(x)", "x[n] a[n] -> sin(a @ x) * a", "x[n] -> x*sum(x**2)"):
        values = {"x": np.ones(n), **({"a": np.ones(n)} if "a[" in formula else {})}
        checked("jacobian", formula, values, "x", n=n)


def test_float32_stays_float32() -> None:
    f = sb.compile_jacobian("x[n] -> x / sqrt(sum(x**2))", wrt="x", dtype="float32", structure=True)
    factors = f(np.arange(1, 4, dtype=np.float32))
    assert {np.asarray(factor).dtype for factor in factors} == {np.dtype("float32")}


def test_a_loop_leaves_no_structure() -> None:
    @sb.compile_jacobian(wrt="x", inputs={"x": np.ones(3)}, structure=True)
    def repeated(x: np.ndarray) -> np.ndarray:
        for _ in range(5):
            x = x * np.sin(x)
        return x

    assert {form.kind for form in repeated.structure.values()} <= {"diagonal", "dense"}
    many = sb.compile_jacobian("x[n] -> sort(x)", wrt="x", structure=True)
    assert many.structure["d/dx"].kind == "dense"
    assert many([2.0, 1.0])[0].tolist() == [[0.0, 1.0], [1.0, 0.0]]


def test_long_chains_are_diagonal() -> None:
    for step in ("sin({}) + {}", "1.1*tanh({})"):
        chain = "y0 = x\n" + "\n".join(f"y{i + 1} = {step.replace('{}', f'y{i}')}" for i in range(200))
        f = sb.compile_jacobian(f"x[n] -> {chain}\ny200", wrt="x", with_value=True, structure=True)
        assert f.structure["d/dx"].kind == "diagonal"
        (above, _), (below, _), (_, (d,)) = (f(np.array([0.3 + h])) for h in (1e-6, -1e-6, 0.0))
        np.testing.assert_allclose(d, (above - below) / 2e-6, rtol=1e-6, atol=1e-9)
