"""Bounds of rounding errors: what they are made of, and that no error is above them."""

from __future__ import annotations

import pickle
import random

import mpmath
import numpy as np
import pytest

import symbackprop as sb
from symbackprop.ops.declare import primitives

UNIT = 2.0**-53


def _kl_div(x, y):
    return x * mpmath.log(x / y) - x + y


SCALARS = [  # formulas with what they are in mpmath, and the decimal exponents between which their arguments lie
    ("(1 - x)**7", lambda x: (1 - x) ** 7, (-3, 0.3)),
    ("x/y - y/x", lambda x, y: x / y - y / x, (-1, 1)),
    ("x*exp(-y) + log(x)", lambda x, y: x * mpmath.exp(-y) + mpmath.log(x), (-2, 1)),
    ("sin(x)*cos(y) - cos(x)*sin(y)", lambda x, y: mpmath.sin(x - y), (-2, 2)),
    ("sqrt(x + y) - sqrt(x)", lambda x, y: mpmath.sqrt(x + y) - mpmath.sqrt(x), (-3, 3)),
    ("tanh(x)/arctan(y)", lambda x, y: mpmath.tanh(x) / mpmath.atan(y), (-5, 1)),
    ("x**2.5 + y**-3", lambda x, y: x ** mpmath.mpf(2.5) + y**-3, (-1, 1)),
    ("x/3 + pi*y", lambda x, y: x / 3 + mpmath.pi * y, (-2, 2)),
    ("hypot(x, y) - maximum(x, y)", lambda x, y: mpmath.sqrt(x * x + y * y) - max(x, y), (-3, 3)),
    ("erf(x)*gammaln(y + 1)", lambda x, y: mpmath.erf(x) * mpmath.loggamma(y + 1), (-2, 1)),
    ("log(1 + x*x) - 2*log(x)", lambda x: mpmath.log(1 + x * x) - 2 * mpmath.log(x), (-1, 6)),
    ("kl_div(x, 1.001*x)", lambda x: _kl_div(x, x * mpmath.mpf(1.001)), (-2, 2)),
    ("sinc(3 + x)", lambda x: mpmath.sincpi(3 + x), (-9, -3)),
    ("beta(x, y)", mpmath.beta, (-2, 1)),
    ("x*x - y*y", lambda x, y: x * x - y * y, (-2, 2)),
    ("where(x > 1, log(x), x**3)", lambda x: mpmath.log(x) if x > 1 else x**3, (-2, 2)),
]
ARRAYS = [
    ("X[n,d] w[d] -> mean((X @ w - 1)**2)", lambda X, w: np.mean((X @ w - 1) ** 2)),
    ("x[n] -> mean(x**2) - mean(x)**2", lambda x: np.mean(x**2) - np.mean(x) ** 2),
    ("x[n] -> log(sum(exp(x)))", lambda x: np.log(np.sum(np.exp(x)))),
    ("A[n,n] B[n,n] -> trace(A @ B @ A)", lambda A, B: np.trace(A @ B @ A)),
    ("X[n,d] -> sum(cumsum(X, axis=0)**2) + max(X)", lambda X: np.sum(np.cumsum(X, axis=0) ** 2) + np.max(X)),
    ("x[n] -> prod(1 + x/8) + norm(x)", lambda x: np.prod(1 + x / 8) + np.sqrt(np.sum(x * x))),
    ("X[n,d] -> sum(X[1:]*X[:-1], axis=(0, 1))", lambda X: np.sum(X[1:] * X[:-1])),
]


@pytest.mark.parametrize(("formula", "exact", "decades"), SCALARS, ids=[row[0] for row in SCALARS])
def test_no_error_is_above_and_few_are_far_below(formula, exact, decades):
    function = sb.compile_value(formula)
    bound = function.error_bound
    chosen = random.Random(formula)
    shares = []
    for _ in range(60):
        point = [10 ** chosen.uniform(*decades) for _ in function.signature]
        with mpmath.workdps(60):
            error = abs(mpmath.mpf(function(*point)) - exact(*map(mpmath.mpf, point)))
            shares.append(float(error / mpmath.mpf(bound(*point))))
    assert max(shares) <= 1.0
    assert sorted(shares)[len(shares) // 2] > 1 / 300, sorted(shares)


@pytest.mark.skipif(np.finfo(np.longdouble).eps > 2.0**-63, reason="no digits beside those of float64")
@pytest.mark.parametrize(("formula", "exact"), ARRAYS, ids=[row[0] for row in ARRAYS])
@pytest.mark.parametrize("n", [1, 40])
def test_errors_of_arrays_are_below(formula, exact, n):
    function = sb.compile_value_and_grad(formula)
    rng = np.random.default_rng(0)
    arguments = [rng.normal(size=tuple({"n": n, "d": 3}[str(s)] for s in spec.shape)) for spec in function.signature]
    expected = exact(*(x.astype(np.longdouble) for x in arguments))
    error = abs(np.longdouble(function.value(*arguments)) - expected)
    assert error <= function.error_bound(*arguments) <= 1e-10 * (1 + abs(expected))


@pytest.mark.parametrize(
    ("formula", "point", "units"),
    [
        ("x*y + z", (3.0, 0.7, -1.0), 3 * 0.7 + abs(3 * 0.7 - 1)),  # the product and the sum
        ("4*x - abs(y)/8", (3.0, 0.7), 12 - 0.7 / 8),  # products with powers of 2 are exact, as are absolute values
        ("exp(x)", (0.3,), 4 * np.exp(0.3)),  # within two units in the last place
        ("round(x, 2)", (2.675,), 2 * 2.67),
        ("round(x)", (2.675,), 0.0),
        ("x**4", (1.1,), 3 * 1.1**4),
        ("x/3", (1.0,), 1 / 3),
        ("x + 1/3", (1.0,), 1 / 3 + 4 / 3),  # 1/3 is no double
        ("maximum(x, y)", (1.0, 2.0), 0.0),
    ],
)
def test_what_a_bound_is_made_of(formula, point, units):
    assert sb.compile_grad(formula).error_bound(*point) == pytest.approx(units * UNIT, rel=1e-12, abs=0)


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("x[n,d] -> sum(sum(x, axis=0)**2)", np.full((100_000, 2), 0.1)),
        ("x[n,d] -> sum(sum(x, axis=1)**2)", np.full((2, 100_000), 0.1)[::-1]),
        ("x[n,d] -> sum(mean(x.T, axis=0)**2)", np.asfortranarray(np.full((100_000, 2), 0.1))),
        ("x[n] -> sum(0.1*x) + sum(x/0.3)", np.linspace(0.1, 2.0, 1000)),
        ("x[n] -> prod(exp(x))*log(sum(x))", np.linspace(0.1, 0.2, 50)),
    ],
)
def test_no_error_in_single_precision_is_above(formula, value):
    exact = sb.compile_value(formula)
    single = sb.compile_value(formula, dtype="float32")
    given = value.astype(np.float32)
    assert abs(float(single(given)) - exact(given.astype(float))) <= single.error_bound(given)


@pytest.mark.parametrize(
    ("formula", "exact", "x"),
    [
        ("jv(0, x)", lambda x: mpmath.besselj(0, x), 2.404825557695773),
        ("gammainc(2, x)", lambda x: mpmath.gammainc(2, 0, x, regularized=True), 0.3),
        ("sinc(x)", lambda x: mpmath.sincpi(x), 1.0),
        ("logit(x)", lambda x: mpmath.log(x / (1 - x)), 0.377),
        ("betaln(x, 0.3)", lambda x: mpmath.log(mpmath.beta(x, mpmath.mpf(0.3))), 40.0),
        ("beta(x, 2)", lambda x: mpmath.beta(x, 2), 30.653),
    ],
)
def test_functions_with_orders_and_roots(formula, exact, x):
    f = sb.compile_value(formula)
    with mpmath.workdps(50):
        assert abs(mpmath.mpf(float(f(x))) - exact(mpmath.mpf(x))) <= mpmath.mpf(float(f.error_bound(x))) <= 1e-11


@pytest.mark.parametrize(
    ("formula", "exact", "arguments"),
    [
        (
            "a b -> linspace(a, b, 11)[1]*7 + linspace(a, b, 11)[9]",
            lambda a, b: (a + (b - a) / 10) * 7 + b - (b - a) / 10,
            (0.1, 1e5),
        ),
        (
            "x[n] -> c = ones(5)/3\nsum(grad(sum(polyval(c, x)**2), c))",  # the powers of x, in columns
            lambda *x: sum(2 * (sum(v**k for k in range(5))) ** 2 / 3 for v in x),
            ([0.3, 1.7, 3.1],),
        ),
        ("x[n] -> gradient(x/3, edge_order=2)[0]", lambda x, y, z: (-1.5 * x + 2 * y - z / 2) / 3, ([0.1, 0.15, 0.2],)),
        ("x -> shichi(x)[1]", mpmath.chi, (0.52382257138986,)),
        (
            "x[n] -> sum(lambertw(x))",
            lambda x, y: mpmath.re(mpmath.lambertw(x) + mpmath.lambertw(y)),
            ([-0.2, 2.0],),
        ),
        ("n m -> elliptic_pi(n, m)", mpmath.ellippi, (0.3, 0.7)),
    ],
)
def test_what_is_neither_a_function_nor_a_sum(formula, exact, arguments):
    function = sb.compile_value(formula)
    with mpmath.workdps(50):
        given = [mpmath.mpf(float(x)) for argument in arguments for x in np.atleast_1d(argument)]
        error = abs(mpmath.mpf(float(function(*arguments))) - exact(*given))
    bound = function.error_bound(*arguments)
    assert error <= bound <= 1e3 * max(error, UNIT)


@pytest.mark.parametrize(
    "formula", ["abs(x/3 - y/3)", "maximum(0, x/3 - y/3)", "minimum(x/3 - y/3, 0)", "relu(y/3 - x/3)"]
)
def test_errors_of_what_cancels_to_0_pass_kinks(formula):
    bound = sb.compile_value(formula).error_bound
    assert bound(1.0, 1.0) == pytest.approx(2 / 3 * UNIT)


@pytest.mark.parametrize("formula", ["softplus(x - x/3)", "logaddexp(x - x/3, y)", "log(cosh(x - x/3)) + x/6"])
def test_what_is_smooth_has_no_kinks_by_how_it_is_computed(formula):
    bound = sb.compile_value(formula, inputs="x y").error_bound
    assert bound(0.0, 0.0) == pytest.approx(bound(1e-9, 0.0), rel=1e-6, abs=1e-24)


def test_solves_are_stable_backward():
    bound = sb.compile_value("A[n,n] b[n] -> b @ linalg.solve(A, b)").error_bound
    near = np.array([[1.0, 1.0], [1.0, 1.0 + 1e-9]])
    far = np.array([[1.0, 0.0], [0.0, 1.0]])
    b = np.array([1.0, 2.0])
    assert bound(near, b) > 1e8 * bound(far, b) > 0
    largest = sb.compile_value("A[n,n] -> linalg.eigvalsh(A + A.T)[-1]").error_bound(far)
    assert 0 < largest < 1e-14


def test_dtypes_values_and_kinds_of_functions():
    single = sb.compile_value("x[n] -> sum(x*x)", dtype="float32").error_bound(np.ones(4, np.float32))
    assert single.dtype == np.float32 and single > 4 * 2.0**-24
    several = sb.compile_value(lambda x: (x[0] * x[1], x[0] / x[1]), inputs={"x": "2"}).error_bound
    assert several([2.0, 3.0]) == (pytest.approx(6 * UNIT), pytest.approx(2 / 3 * UNIT))
    fast = sb.compile_value_and_grad("x[n] -> sum(x**2)", optimize="fast").error_bound
    assert fast(np.ones(3)) == sb.compile_value("x[n] -> sum(x**2)").error_bound(np.ones(3))
    again = pickle.loads(pickle.dumps(fast))
    assert again.source == fast.source and "import symbackprop" not in fast.source
    assert sb.compile_value("2").error_bound() == 0.0


def test_it_takes_about_a_gradient():
    function = sb.compile_grad("X[n,d] w[d] y[n] -> mean(logaddexp(0, -y*(X @ w)))", wrt=["X", "w", "y"])
    sizes = {"n": 1000, "d": 30}
    _, gradient = function.cost().numbers(sizes)
    _, bound = function.error_bound.cost().numbers(sizes)
    assert bound.operations < 2 * gradient.operations


@pytest.mark.parametrize("formula", ["hyp2f1(a, 2, 3, x)", "hyp0f1(2, x)", "eval_jacobi(2, a, a, x)"])
def test_functions_that_scipy_may_have_all_wrong_are_refused(formula):
    with pytest.raises(sb.UnsupportedError, match=formula[: formula.index("(")]):
        sb.compile_value(formula).error_bound  # noqa: B018


def test_what_has_no_bound_is_refused():
    with pytest.raises(sb.ShapeError, match="scalar"):
        sb.compile_value("x[n] -> 2*x").error_bound  # noqa: B018
    with pytest.raises(sb.UnsupportedError, match="estimate"):
        sb.compile_value("x*y").error_bound.verify()


def test_primitives_of_others_say_how_they_round(monkeypatch):
    monkeypatch.setattr("symbackprop.ops.declare._own", primitives().keys() - {"arctan"})
    with pytest.raises(sb.UnsupportedError, match="arctan: how it rounds is not known; declare it with roundings="):
        sb.compile_value("x*arctan(y)").error_bound  # noqa: B018
    monkeypatch.setitem(vars(primitives()["arctan"]), "roundings", 6)
    assert sb.compile_value("arctan(x)").error_bound(1.0) == 6 * UNIT * np.arctan(1.0)
