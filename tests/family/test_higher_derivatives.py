"""`compile_taylor` and `compile_derivative`: values, printed lines, structures, names, kinks, errors."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sympy
from timings import in_units

import symbackprop as sb
from symbackprop.api import check_saved

RNG = np.random.default_rng(0)
ROW, COLUMN = RNG.normal(size=3), RNG.normal(size=3)
TEXT = "z = sin(x)*exp(x**2); z/(1 + x)"


@pytest.fixture(scope="module")
def eighth() -> sb.CompiledFunction:
    return sb.compile_taylor(TEXT, order=8)


def test_they_are_those_of_sympy(eighth: sb.CompiledFunction) -> None:
    x = sympy.Symbol("x")
    expression = sympy.sin(x) * sympy.exp(x**2) / (1 + x)
    wanted = [float(sympy.diff(expression, x, k).evalf(30, subs={x: 0.3})) for k in range(9)]
    np.testing.assert_allclose(eighth(0.3), wanted, rtol=1e-12)
    np.testing.assert_allclose(sb.compile_taylor(expression, order=3)(0.3), wanted[:4], rtol=1e-12)


def test_derivatives_of_what_has_a_name_have_one() -> None:
    lines = sb.compile_taylor("z = x**3 + exp(x); sin(z)", order=3).source
    for line in ("z_dot = 3.0 * (x * x) + exp_x", "z_ddot = 6.0 * x + exp_x", "z_dddot = 6.0 + exp_x"):
        assert line in lines


def test_one_order_computes_no_more_than_it_needs() -> None:
    third = sb.compile_derivative("x**5", order=3, wrt="x")
    assert third.source.rstrip().endswith("return 60.0 * (x * x)")
    assert third(2.0) == 240.0


def statements(source: str) -> int:
    """Count the statements of a printed function."""
    return sum(not line.strip().startswith("#") for line in source.split('"""')[2].strip().split("\n"))


def chain(operations: int) -> str:
    """Return a formula of so many operations, one after the other."""
    steps = ("sin(y) * x", "exp(-y**2)", "y / (1 + x**2)", "sqrt(1 + y**2)", "tanh(y) - x")  # of two operations each
    lines = (f"y = {steps[i % len(steps)]}" for i in range(operations // 2))
    return "\n".join(["y = x", *lines, "y"])


def test_an_operation_takes_as_many_statements_as_the_square_of_the_order() -> None:
    count = {order: statements(sb.compile_taylor(chain(30), order=order).source) for order in (2, 4, 8)}
    assert count[8] <= 30 * 8**2 / 2
    assert count[8] / count[4] <= 4
    assert count[4] / count[2] <= 4


CURVED = "u = x**2 + log(x)\n"


@pytest.mark.parametrize(
    "function",
    [
        "exp(u)", "log(u)", "sqrt(u)", "cbrt(u)", "u**2.5", "u**9", "1/u", "sin(u)", "tan(u)", "arcsin(u/99)", "arctan(u)",
        "sinh(u)", "tanh(u)", "arctanh(u/99)", "hypot(u, x)", "arctan2(u, x)", "erf(u)", "expit(u)", "softplus(u)",
        "u**x", "gammaln(u)", "jv(2, u)",
    ],
)  # fmt: skip
def test_every_function_takes_few_statements(function: str) -> None:
    for order in (4, 8):
        base, whole = (
            statements(sb.compile_taylor(text, order=order).source) for text in (f"{CURVED}u", CURVED + function)
        )
        assert whole - base <= 2.5 * order**2


def test_order_4_of_30_operations_compiles_at_once() -> None:
    """In units of some 10 ms, of which a second has 100."""
    assert in_units(lambda: sb.compile_taylor(chain(30), order=4), rounds=2) < 60


CASES = {
    "curve": ("t a -> array([cos(a*t), sin(a*t), t**2])", "t", 3),
    "direction": ("X[n,d] w[d] -> sum(log(1 + exp(X @ w)))", "w", 3),
    "directions": ("x**3 * sin(y), x / y", ("x", "y"), 3),
    "solve": ("A[n,n] b[n] -> linalg.solve(A, b)", ("A", "b"), 3),
    "softmax": ("x[n] y[n] -> sum(softmax(x) * y)", "x", 3),
}


@pytest.mark.parametrize("name", CASES)
def test_they_are_verified(name: str, tmp_path: Path) -> None:
    text, wrt, order = CASES[name]
    f = sb.compile_taylor(text, wrt=wrt, order=order)
    report = f.verify(points=1, seconds=0.1)
    assert report, report
    f.save(tmp_path / "f.py")
    check_saved(tmp_path / "f.py")
    assert pickle.loads(pickle.dumps(f)).source == f.source
    assert f.value.recipe.kind == "value"


def test_a_source_that_is_wrong_by_a_thousandth_is_found() -> None:
    for f in (
        sb.compile_derivative("x**3 * y", order=3, wrt=("x", "y"), target="numpy"),
        sb.compile_derivative("x**3 * y", order=3, wrt=("x", "y"), mixed=True, target="numpy"),
    ):
        head, _, last = f.source.rpartition("return ")
        for source, is_right in ((f.source, True), (f"{head}return 1.001 * ({last.strip()})\n", False)):
            f._printed = replace(f.printed, source=source)
            f.__dict__["computes_arrays"] = True  # so that the source for arrays is not looked at
            assert bool(f.verify(points=1, seconds=0.5)) is is_right


def test_mixed_derivatives_are_symmetric_and_polarise_those_along_one_direction() -> None:
    text = "A[n,n] x[n] -> sum(tanh(A @ x)**2)"
    mixed = sb.compile_derivative(text, wrt="x", order=3, mixed=True)
    assert [spec.name for spec in mixed.signature] == ["A", "x", "x_dot", "x_dot2", "x_dot3"]
    A, x = RNG.normal(size=(3, 3)), RNG.normal(size=3)
    u, v, w = RNG.normal(size=(3, 3))
    value = mixed(A, x, u, v, w)
    np.testing.assert_allclose([mixed(A, x, w, u, v), mixed(A, x, v, u, w)], [value] * 2)
    along = sb.compile_derivative(text, wrt="x", order=3)
    signs = [(a, b) for a in (1, -1) for b in (1, -1)]
    polarised = sum(a * b * along(A, x, u + a * v + b * w) for a, b in signs) / 24
    np.testing.assert_allclose(polarised, value)
    np.testing.assert_allclose(mixed(A, x, u, u, u), along(A, x, u))


def states(w, x):  # type: ignore[no-untyped-def]
    def step(h, row):  # type: ignore[no-untyped-def]
        h = np.tanh(w * h + row)
        return h, h * w

    return sb.scan(step, 0.0, x)[1]


def doubled(w, x):  # type: ignore[no-untyped-def]
    return sb.while_loop(lambda h: h < 10, lambda h: h * (w + 1), 1.0 + w * x)


def chosen(w, x):  # type: ignore[no-untyped-def]
    return sb.cond(x > 0, lambda: np.sin(w * x), lambda: w**3 * x)


@pytest.mark.parametrize(("function", "x"), [(states, "n"), (doubled, ""), (chosen, "")])
def test_loops_and_branches_run_once_for_all_orders(function, x: str) -> None:  # type: ignore[no-untyped-def]
    f = sb.compile_taylor(function, inputs={"w": "", "x": x}, wrt="w", order=3)
    report = f.verify(points=1, seconds=0.1)
    assert report, report
    body = f.source.split('"""')[2]
    assert body.count("for ") + body.count("while ") + body.count("if ") == 1


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("x**x", (1, 0, np.nan)), ("x**(x + 1)", (0, 1, np.nan)), ("x**(x + 2)", (0, 0, 2)), ("x**2.5", (0, 0, 0))],
)
def test_powers_at_0_have_the_derivatives_that_there_are(text: str, wanted: tuple[float, ...]) -> None:
    """Of x**x the first one is infinite, and 0 by policy; above it there is none, nor of x**(x + 1) above the first."""
    f = sb.compile_taylor(text, order=2, target="numpy")
    with np.errstate(divide="ignore", invalid="ignore"):
        np.testing.assert_array_equal(f(0.0), wanted)


def test_powers_at_0_of_an_exponent_that_does_not_move_have_all_derivatives() -> None:
    assert sb.compile_taylor("x**y", wrt="x", order=3)(0.0, 2.0) == (0, 0, 2, 0)


def test_structures_have_directions_of_the_same_structure() -> None:
    def model(params, x):  # type: ignore[no-untyped-def]
        return {"y": np.tanh(params["W"] @ x + params["b"]), "n": np.sum(params["W"] ** 2)}

    params = {"W": np.eye(2, 3), "b": np.ones(2)}
    for f in (
        sb.compile_taylor(model, wrt="params", inputs={"params": params, "x": ROW}, order=2),
        sb.compile_derivative(model, wrt="params", inputs={"params": params, "x": ROW}, order=2, mixed=True),
    ):
        assert f.verify(points=1, seconds=0.1)
    ones = {"W": np.ones((2, 3)), "b": np.ones(2)}
    same = f(params, ROW, ones, params_dot2=ones)
    assert same["n"] == pytest.approx(12.0)


def test_batches_have_derivatives_for_every_example() -> None:
    f = sb.compile_taylor("A[n,n] x[n] -> sum(tanh(A @ x)**2)", wrt="x", order=2, batch={"x": 0})
    assert f.verify(points=1, seconds=0.1)
    one = sb.compile_taylor("A[n,n] x[n] -> sum(tanh(A @ x)**2)", wrt="x", order=2)
    A, x, x_dot = RNG.normal(size=(3, 3)), RNG.normal(size=(4, 3)), RNG.normal(size=(4, 3))
    np.testing.assert_allclose(np.transpose(f(A, x, x_dot)), [one(A, *pair) for pair in zip(x, x_dot, strict=True)])


def test_a_decorator_and_numbers_that_are_mapped() -> None:
    @sb.compile_taylor(order=2, inputs={"x": "n"}, dtype="float32")
    def cubes(x):  # type: ignore[no-untyped-def]
        return x**3

    for size in (0, 1):
        assert [x.shape for x in cubes(np.ones(size), np.ones(size))] == [(size,)] * 3
    assert [x.dtype.name for x in cubes([1.0], [1.0])] == ["float32"] * 3
    assert sb.compile_derivative("x**4", order=2)([1.0, 2.0]).tolist() == [12.0, 48.0]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: sb.compile_taylor("x**2", order=0), sb.ArgumentError, "order is 0"),
        (lambda: sb.compile_taylor("x**2", order=2.0), sb.ArgumentError, "order is 2.0"),
        (lambda: sb.compile_taylor("x[n] -> argmax(x)", order=2), sb.UnsupportedError, "not real"),
        (
            lambda: sb.compile_derivative("x*y", order=2)(1.0, 2.0),
            sb.ArgumentError,
            "missing arguments 'x_dot', 'y_dot'",
        ),
        (lambda: sb.compile_taylor("jv(v, x)", order=2), sb.UnsupportedError, "jv with respect to"),
        (lambda: sb.compile_taylor("x**2", order=2).to_sympy(), sb.UnsupportedError, "compile_taylor"),
    ],
)
def test_errors_say_what_is_wrong(call, error: type[Exception], words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error, match=words):
        call()
