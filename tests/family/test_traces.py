"""`compile_laplacian` and `compile_divergence`: values, closed forms, batches, errors."""

from __future__ import annotations

import pickle
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sympy

import symbackprop as sb
from symbackprop.api import check_saved

RNG = np.random.default_rng(0)
W, v, x = RNG.normal(size=(4, 3)), RNG.normal(size=4), RNG.normal(size=3)
NETWORK = "W[h,d] v[h] x[d] -> v @ tanh(W @ x)"


def lines(compiled: sb.CompiledFunction) -> list[str]:
    """Return the statements of the printed function."""
    body = compiled.source.split('"""')[2].strip()
    return [re.sub(r"(?<=\S)  +#.*", "", line.strip()) for line in body.split("\n")]


def test_the_sum_goes_inside_as_far_as_it_can() -> None:
    """Only the squares of first derivatives are summed over unit vectors."""
    f = sb.compile_laplacian(NETWORK, wrt="x")
    assert lines(f) == [
        "# forward",
        "t1 = np.tanh(W @ x)",
        "# derivatives",
        "t2 = v @ (t1 * (1.0 - t1 * t1) * np.vecdot(W, W))",
        "return -2.0 * t2",
    ]
    hessian = sb.compile_hessian(NETWORK, wrt="x")
    assert f(W, v, x) == pytest.approx(np.trace(hessian(W, v, x)))


@pytest.mark.parametrize(
    ("compile_it", "text", "last"),
    [
        (sb.compile_laplacian, "x[n] -> sum(sin(x))", "return -np.sin(x).sum()"),
        (sb.compile_laplacian, "x[n] -> sin(x)", "return -np.sin(x)"),
        (sb.compile_laplacian, "X[n,m] -> sum(X**3)", "return 6.0 * X.sum()"),
        (sb.compile_divergence, "x[n] -> sin(x)", "return np.cos(x).sum()"),
        (sb.compile_divergence, "X[n,m] -> X**2", "return 2.0 * X.sum()"),
        (sb.compile_divergence, "A[n,n] x[n] -> A @ x", "return np.trace(A)"),
        (sb.compile_divergence, "A[n,n] x[n] -> tanh(A @ x)", "return np.diagonal(A) @ (1.0 - t1 * t1)"),
    ],
)
def test_what_acts_entry_by_entry_takes_as_many_operations_as_entries(compile_it, text: str, last: str) -> None:  # type: ignore[no-untyped-def]
    f = compile_it(text, wrt="X" if "X" in text else "x")
    found = [re.sub(r"\bsin_x\b", "np.sin(x)", line) for line in lines(f)]
    for line in found[:-1]:  # a sum may have a name of its own
        if line.startswith("t1 = ") and line.endswith(".sum()"):
            found[-1] = found[-1].replace("t1", line.removeprefix("t1 = "))
    assert found[-1] == last, f.source
    assert not re.search(r"eye|diag\(|for ", f.source.split('"""')[2])


CASES = {
    "scalars": (sb.compile_laplacian, "x**2 * y**3, sin(x) * z", ("x", "y"), {}),
    "quotient": (sb.compile_laplacian, "x[n] -> 1 / (1 + sum(x**2))", "x", {}),
    "positions": (sb.compile_laplacian, "x[n] i[m]:int -> sum(x[i]**3 * x[0])", "x", {}),
    "matrix": (sb.compile_laplacian, "A[n,n] x[n] -> linalg.slogdet(A + outer(x, x))[1]", "x", {}),
    "two layers": (sb.compile_laplacian, "V[h,h] " + NETWORK.replace("tanh(W", "tanh(V @ tanh(W") + ")", "x", {}),
    "batch": (sb.compile_laplacian, NETWORK, "x", {"batch": {"x": 0}}),
    "loop": (sb.compile_laplacian, "x[n] -> sum(sort(x)**3 * x)", "x", {}),
    "pairs": (sb.compile_divergence, "x[n] y[n] -> x * y[0], y * sum(x)", ("x", "y"), {}),
    "grid": (sb.compile_divergence, "X[n,m] -> sin(X) * X[0]", "X", {}),
    "batch of fields": (sb.compile_divergence, "A[d,d] p[d] -> exp(A @ p)", "p", {"batch": {"p": 0}}),
    "single": (sb.compile_divergence, "x[n] -> x * sum(x)", "x", {"dtype": "float32"}),
}


@pytest.mark.parametrize("name", CASES)
def test_they_are_verified(name: str, tmp_path: Path) -> None:
    compile_it, text, wrt, options = CASES[name]
    f = compile_it(text, wrt=wrt, **options)
    report = f.verify(points=1, seconds=0.1)
    assert report, report
    f.save(tmp_path / "f.py")
    check_saved(tmp_path / "f.py")
    assert pickle.loads(pickle.dumps(f)).source == f.source
    assert f.value.recipe.kind == "value"


@pytest.mark.parametrize("compile_it", [sb.compile_laplacian, sb.compile_divergence])
def test_a_source_that_is_wrong_by_a_thousandth_is_found(compile_it) -> None:  # type: ignore[no-untyped-def]
    f = compile_it("x**3 * y", wrt="x", target="numpy")
    head, _, last = f.source.rpartition("return ")
    for source, is_right in ((f.source, True), (f"{head}return 1.001 * ({last.strip()})\n", False)):
        f._printed = replace(f.printed, source=source)
        f.__dict__["computes_arrays"] = True  # so that the source for arrays is not looked at
        assert bool(f.verify(points=1, seconds=0.5)) is is_right


def test_a_physics_residual_of_a_network_at_many_points() -> None:
    """u_xx + u_yy - f of a network of two layers, for points that are rows."""

    def residual(params, p):  # type: ignore[no-untyped-def]
        return params["v"] @ np.tanh(params["U"] @ np.tanh(params["W"] @ p))

    params = {"W": RNG.normal(size=(5, 2)), "U": RNG.normal(size=(5, 5)), "v": RNG.normal(size=5)}
    points = RNG.normal(size=(7, 2))
    u = sb.compile_laplacian(residual, inputs={"params": params, "p": "2"}, wrt="p", batch={"p": 0}, with_value=True)
    value, laplacian = u(params, points)
    assert value.shape == laplacian.shape == (7,)
    assert "for " not in u.source.split('"""')[2]
    hessian = sb.compile_hessian(residual, inputs={"params": params, "p": "2"}, wrt="p")
    np.testing.assert_allclose(laplacian, [np.trace(hessian(params, p)) for p in points])


def test_sizes_0_and_1_and_kinks() -> None:
    for size in (0, 1):
        ones = np.ones(size)
        assert sb.compile_laplacian("x[n] -> sum(x**3)", wrt="x")(ones) == 6 * size
        assert sb.compile_divergence("x[n] -> x**3", wrt="x")(ones) == 3 * size
    assert sb.compile_laplacian("x[1] -> sum(x**3)")([2.0]) == 12.0
    assert sb.compile_laplacian("x[n] -> sum(abs(x) + maximum(x, 0))")([0.0, 1.0, -1.0]) == 0.0
    assert sb.compile_laplacian("x*y*z")(1.0, 2.0, 3.0) == 0.0


def test_expressions_of_sympy() -> None:
    a, b = sympy.symbols("a b")
    expression = sympy.exp(a * b) + a**3
    f = sb.compile_laplacian(expression, wrt=[a, b])
    wanted = sympy.diff(expression, a, 2) + sympy.diff(expression, b, 2)
    assert f(0.5, 2.0) == pytest.approx(float(wanted.subs({a: 0.5, b: 2})))
    assert f.verify(points=1, seconds=1)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: sb.compile_divergence("x[n] y[n] -> x*y"), sb.UnsupportedError, "1 value for 2"),
        (lambda: sb.compile_divergence("x[n] -> sum(x)"), sb.ShapeError, r"x has \(n,\)"),
        (lambda: sb.compile_laplacian("x[n] -> argmax(x)"), sb.UnsupportedError, "no Laplacian"),
        (lambda: sb.compile_laplacian("x**2").to_sympy(), sb.UnsupportedError, "compile_laplacian"),
    ],
)
def test_errors_say_what_is_wrong(call, error: type[Exception], words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error, match=words):
        call()
