"""Every word of the vocabulary: value against NumPy, gradient against difference quotients, in both precisions."""

from __future__ import annotations

import functools
import types
from typing import Any

import formulas
import numpy as np
import pytest
from scipy import special

import symbackprop as sb
from symbackprop.ir.size import evaluate
from symbackprop.read.shapes import split_declarations
from symbackprop.simplify.pattern import CIRCLE

SIZES = {"n": 6, "d": 4, "k": 3}


def namespace() -> dict[str, Any]:
    """Return NumPy's functions under the names that formulas use."""
    names: dict[str, Any] = {name: getattr(np, name) for name in dir(np) if not name.startswith("_")}
    for name in [
        "erf",
        "erfc",
        "gammaln",
        "digamma",
        "polygamma",
        "expit",
        "logit",
        "xlogy",
        "xlog1py",
        "logsumexp",
        "softmax",
        "log_softmax",
        "entr",
    ]:
        names[name] = getattr(special, name)
    names |= {
        "abs": np.abs, "max": np.max, "min": np.min, "round": np.round, "sum": np.sum, "all": np.all, "any": np.any,
        "pow": np.power, "sigmoid": special.expit, "softplus": lambda x: np.logaddexp(0, x),
        "log_expit": special.log_expit, "loggamma": special.gammaln, "len": len,
        "relu": lambda x: np.maximum(x, 0), "heaviside": lambda x, y=0.5: np.heaviside(x, y),
        "log": lambda x, base=None: np.log(x) if base is None else np.log(x) / np.log(base),
        "split": np.split, "fill_diagonal": filled, "np": np, "linalg": np.linalg,
        "logsumexp": lambda *args, **kwargs: special.logsumexp(*args, **kwargs),
        "piecewise": lambda x, c, f: functools.reduce(lambda r, p: np.where(p[0], p[1], r), zip(c, f, strict=False), f[-1]),
        "msort": lambda a: np.sort(a, axis=0), "cummax": np.maximum.accumulate,
        "matvec": lambda a, x: a @ x,
    }  # fmt: skip
    return names


def filled(x: np.ndarray, value: float) -> np.ndarray:
    result = np.array(x)
    np.fill_diagonal(result, value)
    return result


class Elementwise(types.SimpleNamespace):
    """Stands for ``a if c else b`` and ``and``/``or``/``not``, which NumPy's arrays do not have."""


def reference(formula: str, values: dict[str, np.ndarray]) -> float:
    """Evaluate a formula with NumPy; conditional expressions go entry by entry over the one vector."""
    _, start = split_declarations(formula)
    text = formula[start:].strip()
    scope = namespace() | values
    with np.errstate(all="ignore"):
        return _evaluated(text, values, scope)


def _evaluated(text: str, values: dict[str, np.ndarray], scope: dict[str, Any]) -> float:
    if " if " in text:
        inner = text.removeprefix("sum(").removesuffix(")")
        entries = [eval(inner, scope | {k: float(v[i]) for k, v in values.items()}) for i in range(len(values["x"]))]
        return float(np.sum(entries))
    return float(eval(text, scope))


def sample(compiled: sb.CompiledFunction, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    values: dict[str, np.ndarray] = {}
    for spec in compiled.signature:
        shape = tuple(evaluate(size, SIZES) for size in spec.shape or ())
        values[spec.name] = rng.integers(0, 3, shape) if spec.dtype == "int64" else rng.normal(size=shape) * 0.9 + 0.1
    return values


def quotient(formula: str, values: dict[str, np.ndarray], name: str) -> np.ndarray:
    """Return the gradient by central differences, extrapolated once."""
    base = np.array(values[name], dtype=float)
    result = np.zeros(base.shape)
    for index in np.ndindex(base.shape):

        def at(step: float, index: tuple[int, ...] = index) -> float:
            moved = base.copy()
            moved[index] += step
            return reference(formula, values | {name: moved if moved.shape else moved[()]})

        coarse, fine = ((at(h) - at(-h)) / (2 * h) for h in (2e-4, 1e-4))
        result[index] = (4 * fine - coarse) / 3
    return result


@pytest.mark.parametrize("formula", formulas.ALL)
def test_value_and_gradient(formula: str) -> None:
    compiled = sb.compile_value_and_grad(formula, target="numpy")
    assert CIRCLE not in compiled.rewrites
    values = sample(compiled, seed=sum(map(ord, formula)))
    value, gradient = compiled(**values)
    assert value == pytest.approx(reference(formula, values), rel=1e-10, abs=1e-12)
    real = [spec.name for spec in compiled.signature if spec.dtype == "float64"]
    for name, found in zip(real, gradient, strict=True):
        expected = quotient(formula, values, name)
        assert np.shape(found) == expected.shape
        np.testing.assert_allclose(
            found, expected, rtol=2e-6, atol=2e-6, err_msg=f"{formula} wrt {name}\n{compiled.source}"
        )


@pytest.mark.parametrize("formula", formulas.ALL)
def test_float32_stays_float32(formula: str) -> None:
    if "float64" in formula:
        formula = formula.replace("float64", "float32")
    wide = sb.compile_value_and_grad(formula.replace("float32", "float64"), target="numpy")
    narrow = sb.compile_value_and_grad(formula, dtype="float32")
    values = sample(wide, seed=1)
    _, expected_gradient = wide(**values)
    value, gradient = narrow(**values)
    assert value.dtype == np.float32, narrow.source
    for found, reference_gradient in zip(gradient, expected_gradient, strict=True):
        assert np.asarray(found).dtype == np.float32, narrow.source
        scale = 1 + np.max(np.abs(reference_gradient), initial=0)
        np.testing.assert_allclose(found / scale, reference_gradient / scale, atol=2e-3)


@pytest.mark.parametrize("formula", formulas.ELEMENTWISE + formulas.PAIRS + formulas.LOGIC)
def test_math_target_agrees(formula: str) -> None:
    _, start = split_declarations(formula)
    scalar = formula[start:].strip().replace(".clip(0, None)", "").replace("x.clip", "clip")
    scalar = scalar.replace("sum(", "(") if "sum(x.clip" not in scalar else scalar
    array = sb.compile_value_and_grad(scalar, target="numpy")
    if any(word in formula for word in ("digamma", "gammaln", "loggamma", "polygamma")):
        return  # math has none of these derivatives
    compiled = sb.compile_value_and_grad(scalar, target="math")
    rng = np.random.default_rng(3)
    for _ in range(4):
        point = [float(v) for v in rng.normal(size=len(compiled.signature))]
        value, gradient = compiled(*point)
        expected, expected_gradient = array(*point)
        assert value == pytest.approx(expected, rel=1e-12, abs=1e-15)
        assert gradient == pytest.approx(tuple(map(float, expected_gradient)), rel=1e-11, abs=1e-14)


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("stack([s, 1, t]) * x[0]", "np.array([s, 1.0, t])"),
        ("array([[s, t], [t, 2]]) * x[0]", "np.array([[s, t], [t, 2.0]])"),
        ("concatenate([x, [s]]) * t", "np.concatenate((x, np.array([s])))"),
        ("pad(x, 1, constant_values=s) * t", "np.array([s])"),
    ],
)
def test_numbers_that_become_arrays_are_written_out(formula: str, text: str) -> None:
    compiled = sb.compile_value_and_grad(f"sum(({formula})**2)", inputs="s t x[n]")
    assert text in compiled.source
    assert compiled.verify(points=1, seconds=1)
    compiled.function(0.5, 1.5, np.ones(3))  # numbers of Python's do as well as NumPy's


@pytest.mark.parametrize("formula", ["digamma(x)", "squeeze(array([x]))**2", "array([x, 1]) @ array([x, x])"])
def test_results_that_are_numbers_are_no_arrays(formula: str) -> None:
    value, (gradient,) = sb.compile_value_and_grad(formula, inputs="x")(1.5)
    assert not isinstance(value, np.ndarray)
    assert not isinstance(gradient, np.ndarray)


def test_remainders_have_the_derivative_of_the_quotient_that_was_taken() -> None:
    # 1.0 holds 0.1 nine times as doubles go, though 1.0/0.1 rounds to 10
    for formula in ("x % y", "fmod(x, y)"):
        for target in ("math", "numpy"):
            assert sb.compile_grad(formula, target=target)(1.0, 0.1) == (1.0, -9.0)
    assert sb.compile_grad("fmod(x, y)")(-7.0, 2.0) == (1.0, 3.0)
    assert sb.compile_grad("x % y")(-7.0, 2.0) == (1.0, 4.0)


def test_signs_of_nan_are_nan() -> None:
    for target in ("math", "numpy"):
        assert np.isnan(sb.compile_value("sign(x)", target=target)(float("nan")))
        assert np.isnan(sb.compile_grad("abs(x)", target=target, wrt="x")(float("nan")))
        assert [sb.compile_value("sign(x)", target=target)(x) for x in (-2.0, 0.0, 3.0)] == [-1.0, 0.0, 1.0]


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_the_slope_of_a_cube_root_at_zero_is_infinite() -> None:
    assert sb.compile_grad("cbrt(x)", target="numpy", wrt="x")(0.0) == np.inf
    assert sb.compile_grad("cbrt(x)", wrt="x")(-8.0) == pytest.approx(1 / 12, rel=1e-15)


@pytest.mark.parametrize(
    "formula",
    [
        "floor(k)", "ceil(k)", "trunc(k)", "round(k)", "round(k, 2)", "sign(k - 1)", "nan_to_num(k)", "fmax(k, 1)",
        "fmin(k, j)", "fmod(k, 2)", "float_power(k, 2)", "abs(k)", "k**2", "k // 2", "k % 2", "rint(k)", "square(k)",
    ],
)  # fmt: skip
def test_integers_stay_integers_where_numpy_keeps_them(formula: str) -> None:
    k, j = np.array([0, 3, 5]), np.array([2, 2, 2])
    found = sb.compile_value(formula, inputs="k[n]:int j[n]:int")(k, j)
    expected = eval(formula, {name: getattr(np, name) for name in dir(np)}, {"k": k, "j": j})
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


TIES = np.array([1.0, 0.0, 1.0, 2.0, 1.0])


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("sum(sort(x)*c)", [3, 1, 3, 5, 3]),  # the tied places 1, 2 and 3 have the mean of 2, 3 and 4
        ("sort(x)[2]", [1 / 3, 0, 1 / 3, 0, 1 / 3]),
        ("sort(x)[-1]", [0, 0, 0, 1, 0]),
        ("median(x)", [1 / 3, 0, 1 / 3, 0, 1 / 3]),
        ("max(minimum(x, 1))", [1 / 8, 0, 1 / 8, 0, 1 / 8]),
    ],
)
def test_ties_share_equally(formula: str, expected: list[float]) -> None:
    c = np.arange(1.0, 6.0)
    values = {"x": TIES, "c": c}
    gradient = sb.compile_grad(formula, inputs="x[n] c[n]", wrt="x")(**values)
    np.testing.assert_allclose(gradient, expected, rtol=1e-15)


def test_ties_share_equally_along_an_axis() -> None:
    gradient = sb.compile_grad("sum(sort(A, axis=0)*c[:, None])", inputs="A[n,d] c[n]", wrt="A")
    found = gradient(np.stack([TIES, 2 * TIES], axis=1), np.arange(1.0, 6.0))
    np.testing.assert_allclose(found, np.array([[3, 1, 3, 5, 3]] * 2).T, rtol=1e-15)


def test_running_maxima_of_no_entries_and_of_nan() -> None:
    compiled = sb.compile_value_and_grad("sum(cummax(x)*c)", inputs="x[n] c[n]", wrt="x")
    assert compiled(np.ones(0), np.ones(0))[1].shape == (0,)
    assert np.isnan(compiled(np.array([1.0, np.nan, 2.0]), np.ones(3))[0])
    _, gradient = compiled(np.array([1.0, 1.0, 0.5]), np.array([1.0, 10.0, 100.0]))
    assert gradient.tolist() == [1, 110, 0]  # of entries that tie the last one counts


@pytest.mark.parametrize("order", [3, 1.5, 2.5, 0.5, 1, 2])
def test_norms_of_every_order_have_a_gradient_at_zeros(order: float) -> None:
    compiled = sb.compile_grad(f"sum(norm(A, {order}, axis=1))", inputs="A[n,d]", wrt="A")
    found = compiled(np.array([[0.0, 0.0], [3.0, 0.0], [1.0, -2.0]]))
    assert found[0].tolist() == [0, 0]
    np.testing.assert_allclose(found[1], [1, 0], rtol=1e-13)
    length = np.linalg.norm([1, -2], order)
    np.testing.assert_allclose(found[2], [(1 / length) ** (order - 1), -((2 / length) ** (order - 1))], rtol=1e-13)


def test_norms_of_large_entries_have_a_finite_gradient() -> None:
    gradient = sb.compile_grad("norm(x, 3)", inputs="x[n]", wrt="x")(np.array([1e100, 1e100]))
    np.testing.assert_allclose(gradient, 2 ** (-2 / 3) * np.ones(2), rtol=1e-13)


@pytest.mark.parametrize(
    "formula",
    [
        "sqrt(sum(x**2))",
        "sqrt(x @ x)",
        "sum(x**2)**0.5",
        "sqrt(vdot(x, x))",
        "sqrt(mean(x**2))",
        "sqrt(x[0]**2 + x[1]*x[1] + 4*x[2]**2)",
        "sqrt(x[0]**2 + x[1]**2)",
        "sum(sqrt(x**2))",
        "norm(x)",
    ],
)
def test_lengths_have_a_gradient_of_zero_at_zero(formula: str) -> None:
    compiled = sb.compile_value_and_grad(formula, inputs="x[3]", wrt="x")
    value, gradient = compiled(np.zeros(3))
    assert value == 0
    assert gradient.tolist() == [0, 0, 0]
    assert compiled.verify(points=1, seconds=1)


def test_the_root_of_a_square_is_the_magnitude() -> None:
    for target in ("math", "numpy"):
        compiled = sb.compile_value_and_grad("sqrt(x**2)", target=target, wrt="x")
        assert [compiled(x) for x in (-2.0, 0.0, 3.0)] == [(2.0, -1.0), (0.0, 0.0), (3.0, 1.0)]
        assert compiled(1e300) == (1e300, 1.0)
