"""`compile_gnvp` and `compile_fvp`: printed lines, matrices written out, forms of formulas, what is refused."""

from __future__ import annotations

import pickle
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy

import symbackprop as sb
from symbackprop.api import check_saved
from symbackprop.errors import ArgumentError, UnknownNameError, UnsupportedError

RNG = np.random.default_rng(4)
X, W, V = RNG.normal(size=(5, 3)), RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4))
LOGITS = "X[n,d] W[d,k] -> sin(X @ W)"


def lines(compiled: sb.CompiledFunction) -> list[str]:
    """Return the statements of the printed function."""
    body = compiled.source.split('"""')[2].strip()
    return [re.sub(r"(?<=\S)  +#.*", "", line.strip()) for line in body.split("\n")]


def jacobian() -> np.ndarray:
    """Return that of the logits, with a row for each of them."""
    return sb.compile_jacobian(LOGITS, wrt="W")(X, W).reshape(20, 12)


def information(distribution: str) -> np.ndarray:
    """Return the Fisher information about the logits."""
    z = np.sin(X @ W)
    if distribution == "categorical":
        p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        whole = np.zeros((5, 4, 5, 4))
        for i in range(5):
            whole[i, :, i, :] = np.diag(p[i]) - np.outer(p[i], p[i])
        return whole.reshape(20, 20)
    s = 1 / (1 + np.exp(-z))
    return np.diag({"bernoulli": s * (1 - s), "poisson": np.exp(z), "normal": np.ones_like(z)}[distribution].ravel())


# --- what it is ---------------------------------------------------------------------------------------------------------


def test_residuals() -> None:
    f = sb.compile_gnvp("X[n,d] w[d] y[n] -> sin(X @ w) - y", wrt="w")
    assert lines(f)[-2:] == ["t2 = np.cos(t1)", "return X.T @ ((X @ w_dot) * t2 * t2)"]
    w, y, v = W[:, 0], np.ones(5), V[:, 0]
    J = sb.compile_jacobian("X[n,d] w[d] y[n] -> sin(X @ w) - y", wrt="w")(X, w, y)
    np.testing.assert_allclose(f(X, w, y, v), J.T @ (J @ v), rtol=1e-13)
    assert f.verify(points=1, seconds=0.5)
    assert f.cost().ratio < 4


@pytest.mark.parametrize("distribution", ["categorical", "bernoulli", "poisson", "normal"])
def test_information_of_distributions(distribution: str, tmp_path: Path) -> None:
    f = sb.compile_fvp(LOGITS, wrt="W", distribution=distribution)
    J, F = jacobian(), information(distribution)
    np.testing.assert_allclose(f(X, W, V).ravel(), J.T @ F @ J @ V.ravel(), rtol=1e-12, atol=1e-13)
    assert f.verify(points=1, seconds=0.2)
    f.save(tmp_path / "f.py")
    check_saved(tmp_path / "f.py")
    assert pickle.loads(pickle.dumps(f)).source == f.source


NEGATIVE_LOG_LIKELIHOODS = {
    "categorical": "-sum(y*log_softmax(z, axis=-1))",
    "bernoulli": "sum(logaddexp(0, z) - y*z)",
    "poisson": "sum(exp(z) - y*z)",
    "normal": "sum((z - y)**2)/2",
}


@pytest.mark.parametrize("distribution", NEGATIVE_LOG_LIKELIHOODS)
def test_fisher_is_gauss_newton_of_the_negative_log_likelihood(distribution: str) -> None:
    loss = f"X[n,d] W[d,k] y[n,k] -> z = sin(X @ W); {NEGATIVE_LOG_LIKELIHOODS[distribution]} + sum(W**2)"
    gauss_newton = sb.compile_gnvp(loss, wrt="W", outputs="z")
    fisher = sb.compile_fvp(LOGITS, wrt="W", distribution=distribution)
    y = np.eye(4)[[0, 2, 1, 3, 3]]
    np.testing.assert_allclose(gauss_newton(X, W, y, V), fisher(X, W, V), rtol=1e-11, atol=1e-13)


def test_empirical_fisher() -> None:
    text = "X[n,d] w[d] y[n] -> -logaddexp(0, -y*(X @ w))"
    f = sb.compile_fvp(text, wrt="w", distribution="empirical")
    y, w, v = np.sign(X[:, 0]), W[:, 0], V[:, 0]
    each = sb.compile_jacobian(text, wrt="w")(X, w, y)
    np.testing.assert_allclose(f(X, w, y, v), sum(g * (g @ v) for g in each), rtol=1e-12)


def test_the_hessian_where_outputs_are_linear() -> None:
    text = "X[n,d] w[d] y[n] -> z = X @ w; sum(logaddexp(0, -y*z))"
    f, hvp = sb.compile_gnvp(text, wrt="w", outputs="z"), sb.compile_hvp(text, wrt="w")
    w, y, v = W[:, 0], np.sign(X[:, 1]), V[:, 0]
    np.testing.assert_allclose(f(X, w, y, v), hvp(X, w, y, v), rtol=1e-13)


def test_several_outputs_and_what_does_not_go_through_them() -> None:
    f = sb.compile_gnvp("z = a*b; u = sin(a); exp(z)*u**2 + a**4", outputs=("z", "u"))
    a, b = 0.7, 1.3
    z, u = a * b, np.sin(a)
    J = np.array([[b, a], [np.cos(a), 0.0]])
    H = np.exp(z) * np.array([[u * u, 2 * u], [2 * u, 2.0]])
    assert f(a, b, 1.0, -2.0) == pytest.approx(tuple(J.T @ H @ J @ [1.0, -2.0]), rel=1e-13)
    report = f.verify(points=1)
    assert report
    assert "exact" in str(report)


@pytest.mark.parametrize(
    ("text", "outputs", "expected"),
    [
        ("z = x*y; u = x*y; exp(u) + z", "z", 0.0),  # what is written otherwise is no function of z
        ("z = x*y; u = x*y; exp(u) + z", "u", 4 * np.exp(2.0)),
        ("z = x; z = z*y; exp(z)", "z", 4 * np.exp(2.0)),  # the last of that name
        ("z = x; exp(z)*y", "z", 2 * np.e),
    ],
)
def test_names_are_taken_as_they_are_written(text: str, outputs: str, expected: float) -> None:
    f = sb.compile_gnvp(text, wrt="x", outputs=outputs)
    assert f(1.0, 2.0, 1.0) == pytest.approx(expected, rel=1e-14)
    assert f.verify(points=1, seconds=0.5)


def test_a_value_that_a_rewrite_swallows() -> None:
    f = sb.compile_gnvp("x[n] w -> e = exp(w*x); s = sum(e); log(s)", wrt="w", outputs="s")
    x, w = np.array([0.5, 1.0, -1.0]), 0.3
    e = np.exp(w * x)
    assert f(x, w, 1.0) == pytest.approx(-((x @ e) ** 2) / e.sum() ** 2, rel=1e-13)
    assert f.verify(points=1, seconds=0.5)


@pytest.mark.parametrize("sizes", [(0, 1), (1, 1), (1, 0)], ids=str)
def test_small_sizes(sizes: tuple[int, int]) -> None:
    n, d = sizes
    f = sb.compile_fvp("X[n,d] w[d] -> X @ w", wrt="w", distribution="bernoulli")
    found = f(np.ones((n, d)), np.zeros(d), np.ones(d))
    assert found.tolist() == [0.25 * n] * d


def test_single_precision() -> None:
    f = sb.compile_fvp(LOGITS, wrt="W", distribution="categorical", dtype="float32")
    found = f(X.astype(np.float32), W.astype(np.float32), V.astype(np.float32))
    assert found.dtype == np.float32
    assert f.verify(points=1, seconds=0.1)


# --- forms of a formula -------------------------------------------------------------------------------------------------


def model(params: Any, x: Any, y: Any) -> Any:
    hidden = np.tanh(params["W"] @ x)
    z = params["v"] @ hidden
    return (z - y) ** 2


def test_functions_and_structures() -> None:
    params = {"W": W[:, :3], "v": W[:, 3]}
    dots = {"W": V[:, :3], "v": V[:, 3]}
    x, y = X[0], 0.3
    f = sb.compile_gnvp(model, wrt="params", inputs={"params": params, "x": x, "y": y}, outputs="z")
    found = f(params, x, y, params_dot=dots)
    hidden = np.tanh(params["W"] @ x)
    slopes = {"W": np.outer(params["v"] * (1 - hidden**2), x), "v": hidden}
    moved = 2 * sum(np.sum(slopes[name] * dots[name]) for name in slopes)
    for name, slope in slopes.items():
        np.testing.assert_allclose(found[name], moved * slope, rtol=1e-12)
    assert f.verify(points=1, seconds=0.2)


def test_layers() -> None:
    net = sb.Sequential([sb.Input(3), sb.Dense(4, "tanh"), sb.Dense(2, name="logits"), sb.SoftmaxCrossEntropy()])
    params, y = net.init(seed=0), np.eye(2)[[0, 1, 1, 0, 1]]
    f = sb.compile_gnvp(net, outputs="logits")
    found = f(params, x=X, y=y, params_dot=params)
    fisher = sb.compile_fvp(
        sb.Sequential([sb.Input(3), sb.Dense(4, "tanh"), sb.Dense(2, name="logits")]), distribution="categorical"
    )(params, x=X, params_dot=params)
    pairs = zip(leaves(found), leaves(fisher), strict=True)
    assert all(np.allclose(5 * a, b, rtol=1e-10) for a, b in pairs)  # the loss is a mean


def leaves(tree: Any) -> list[Any]:
    return [leaf for item in tree.values() for leaf in leaves(item)] if isinstance(tree, dict) else [tree]


def test_symbols_and_decorators() -> None:
    a, b = sympy.symbols("a b")
    assert sb.compile_gnvp([a * b, a**2], wrt=[a, b])(1.0, 2.0, 1.0, 0.0) == (8.0, 2.0)

    @sb.compile_fvp(distribution="poisson", inputs="w x[n]", wrt="w")
    def rates(w, x):  # type: ignore[no-untyped-def]
        return w * x

    assert rates(0.0, [1.0, 2.0], 3.0) == 15.0


# --- that mistakes are found, and what is refused -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        sb.compile_gnvp("x*y, sin(x)", wrt="x", target="numpy"),
        sb.compile_gnvp("z = x*y; exp(z)", wrt="x", outputs="z", target="numpy"),
        sb.compile_fvp("x*y", wrt="x", distribution="bernoulli", target="numpy"),
    ],
    ids=["residuals", "outputs", "distribution"],
)
def test_a_source_that_is_wrong_by_a_thousandth_is_found(f: sb.CompiledFunction) -> None:
    head, _, last = f.source.rpartition("return ")
    for source, is_right in ((f.source, True), (f"{head}return 1.001 * ({last.strip()})\n", False)):
        f._printed = replace(f.printed, source=source)
        f.__dict__["computes_arrays"] = True  # so that the source for arrays is not looked at
        assert bool(f.verify(points=1, seconds=0.5)) is is_right


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: sb.compile_gnvp("z = x*y; z**2", outputs="u"), UnknownNameError, "its named values are z"),
        (lambda: sb.compile_gnvp("z = x*y; z, z**2", outputs="z"), UnsupportedError, "wants a loss, one scalar"),
        (lambda: sb.compile_gnvp("z = x > y; x*z", outputs="z"), UnsupportedError, "not one array of real numbers"),
        (
            lambda: sb.compile_gnvp("z = w**2; t = 2*z; u = sin(t); u*z", outputs=("u", "z")),
            UnsupportedError,
            "'z' is read by another",
        ),
        (lambda: sb.compile_gnvp("x*y", outputs=["z", "z"]), ArgumentError, "names a value twice"),
        (lambda: sb.compile_gnvp("x*y", outputs=3), ArgumentError, "give the name of a value"),
        (lambda: sb.compile_gnvp("x > y"), UnsupportedError, "is bool, not real"),
        (lambda: sb.compile_fvp("x*y", distribution="gamma"), ArgumentError, "choose one of 'categorical'"),
        (lambda: sb.compile_fvp("x*y", distribution="categorical"), UnsupportedError, "along the last axis"),
    ],
)  # fmt: skip
def test_refused(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
