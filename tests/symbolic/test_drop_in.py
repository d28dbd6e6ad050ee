"""`lambdify` as a drop-in: SymPy's calling conventions and documented examples, shapes, pickles, what is refused."""

from __future__ import annotations

import copy
import inspect
import math
import pickle
import re
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest
import sympy as sp
from sympy.utilities.lambdify import implemented_function

import symbackprop as sb

t, w, x, y, z = sp.symbols("t w x y z")
theta = sp.Function("theta")(t)
GRID = np.array([0.5, 1.25, 2.0])


# --- SymPy's documented examples --------------------------------------------------------------------------------------


def test_documented_examples_of_numbers() -> None:
    assert sb.lambdify(x, x + 1)(1) == 2
    assert sb.lambdify([x], x + 1)(1) == 2
    assert sb.lambdify([x, y], x + y)(1, 1) == 2
    assert sb.lambdify(x, x**2)(2) == 4
    assert sb.lambdify((x, y, z), [z, y, x])(1, 2, 3) == [3, 2, 1]
    assert sb.lambdify(x, sp.sqrt(x))(4) == 2.0
    assert sb.lambdify((x, y), sp.sin(x * y) ** 2)(0, 5) == 0.0
    assert sb.lambdify(x, [x, [x + 1, x + 2]])(1) == [1, [2, 3]]
    assert sb.lambdify(x, sp.sin(x), "math")(0.1) == 0.09983341664682815


def test_documented_examples_of_nested_arguments() -> None:
    pythagoras = sb.lambdify([(x, y, z)], sp.Eq(z**2, x**2 + y**2))
    assert pythagoras((3, 4, 5)) is True
    assert pythagoras((3, 4, 6)) is False
    assert sb.lambdify([x, (y, z)], x + y + z)(1, (2, 3)) == 6
    assert sb.lambdify((x, (y, z)), x + y)(1, (2, 4)) == 3
    assert sb.lambdify([w, x, y, z], w + x + y + z)(1, 2, 3, 4) == 10
    assert sb.lambdify((w, (x, (y, z))), [w, x, y, z])(1, (2, (3, 4))) == [1, 2, 3, 4]


def test_documented_examples_of_arrays() -> None:
    f = sb.lambdify(x, sp.sin(x) + sp.cos(x), "numpy")
    np.testing.assert_allclose(f(np.array([1, 2])), [1.38177329, 0.49315059], atol=5e-9)
    np.testing.assert_array_equal(sb.lambdify(x, sp.Matrix([x, x + 1]))(1), [[1], [2]])
    np.testing.assert_array_equal(sb.lambdify((x, y), sp.Matrix((x, x + y)).T)(1, 2), [[1, 3]])
    f = sb.lambdify(x, x + 1, "numpy")
    np.testing.assert_array_equal(f(np.array([1, 2])), [2, 3])
    pieces = sp.Piecewise((x, x <= 1), (1 / x, x > 1))
    f = sb.lambdify(x, pieces, "numpy")
    np.testing.assert_array_equal(f(np.array([-1, 0, 1, 2])), [-1.0, 0.0, 1.0, 0.5])  # and no warning of 1/0
    assert f(0) == 0.0
    assert f(np.array([0])).tolist() == [0.0]
    assert sb.lambdify(x, pieces, "math")(0) == 0
    np.testing.assert_allclose(sb.lambdify(x, sp.sin(x))(np.arange(10)), np.sin(np.arange(10.0)), rtol=1e-15)


def test_documented_examples_that_are_refused() -> None:
    shifted = implemented_function(sp.Function("f"), lambda value: value + 1)
    with pytest.raises(sb.ArgumentError, match=r"f\(x\) \(its implementation in Python"):
        sb.lambdify(x, shifted(x))
    assert sb.lambdify([x, shifted(x)], shifted(x) * x)(2.0, 3.0) == 6.0
    with pytest.raises(sb.UnsupportedError, match="functions of your own for sin"):
        sb.lambdify(x, sp.sin(x), [{"sin": np.cos}, "numpy"])
    with pytest.raises(sb.ArgumentError, match="expected real numbers"):
        sb.lambdify(x, x + sp.sin(x), "numpy")(x + 1)


def test_documented_examples_of_shared_parts() -> None:
    f = sb.lambdify((w, x, y, z), ((w + x + y + z) * (w + y + z)) / (w + x) ** 3)
    assert f(1.0, 2.0, 3.0, 4.0) == pytest.approx(10 * 8 / 27, rel=1e-15)
    column = sp.SparseMatrix([x + y, x + y + z])
    several = sb.lambdify((x, y, z), [(x + y) ** 2, x + y + z, y + z, x + z + y, column])
    *numbers, matrix = several(1.0, 2.0, 4.0)
    assert numbers == [9.0, 7.0, 6.0, 7.0]
    np.testing.assert_array_equal(matrix, [[3.0], [7.0]])
    f = sb.lambdify((x, y), [y**2 * (x + 1), 3 * y**2 * (x + 1)])
    assert f(2.0, 3.0) == [27.0, 81.0]
    assert f.source.split('"""')[-1].count("+") == 1  # what is shared is computed once
    assert sb.lambdify(x, x)(1.5) == 1.5


# --- arguments --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "expr", "call", "value"),
    [
        (x, 3 * x, (2.0,), 6.0),
        ("x", 3 * x, (2.0,), 6.0),
        ("x, y", x - y, (2.0, 5.0), -3.0),
        (["y", "x"], x - y, (2.0, 5.0), 3.0),
        (sp.Tuple(y, x), x - y, (2.0, 5.0), 3.0),
        (sp.Matrix([x, y]), x - y, (2.0, 5.0), -3.0),
        ([sp.Matrix([x, y])], x - y, ([2.0, 5.0],), -3.0),
        ([sp.Array([x, y]), z], x - y * z, ((2.0, 5.0), 2.0), -8.0),
        ((s for s in (x, y)), x - y, (2.0, 5.0), -3.0),
        ((x, y), x, (2.0, 5.0), 2.0),
        ((), sp.Integer(3), (), 3.0),
        ([theta, theta.diff(t), t], theta * theta.diff(t) ** 2 + t, (2.0, 3.0, 1.0), 19.0),
        ([sp.Dummy("x"), x], 2 * x, (1.0, 2.0), 4.0),
        (sp.symbols("lambda x' \\theta_1 type self float np e"), sum(sp.symbols("lambda x' \\theta_1 type self float np e")), (1.0,) * 8, 8.0),
        ([sp.Symbol('"""; raise SystemExit; """')], 2 * sp.Symbol('"""; raise SystemExit; """'), (3.0,), 6.0),
        ([x], sp.Symbol("x", positive=True) ** 2, (3.0,), 9.0),
        ([sp.sin(x)], sp.sin(x) ** 2, (3.0,), 9.0),
        ([(x, (y, (z,)), w)], [x, y, z, w], ((1.0, [2.0, (3.0,)], 4.0),), [1.0, 2.0, 3.0, 4.0]),
    ],
    ids=lambda value: re.sub(" at 0x[0-9a-f]+", "", str(value)),
)  # fmt: skip
def test_arguments(args: Any, expr: Any, call: Any, value: Any) -> None:
    assert sb.lambdify(args, expr)(*call) == value
    if isinstance(args, (tuple, list, sp.Basic, str)):
        assert sb.lambdify(args, expr, "math")(*call) == value


def test_two_symbols_of_one_name_stay_two() -> None:
    one, two = sp.Dummy("q"), sp.Dummy("q")
    assert sb.lambdify((one, two), one - 2 * two)(5.0, 1.0) == 3.0
    real = sp.Symbol("x", real=True)
    assert sb.lambdify((x, real), x - 2 * real)(5.0, 1.0) == 3.0
    with pytest.raises(sb.ArgumentError, match="other assumptions"):
        sb.lambdify(x, x - 2 * real)


def test_arguments_by_name() -> None:
    f = sb.lambdify((x, y), x - 2 * y)
    assert f(y=1.0, x=5.0) == f(5.0, y=1.0) == 3.0
    assert str(inspect.signature(f)) == "(x, y)"
    with pytest.raises(TypeError, match="missing"):
        f(1.0)


def test_vectors_as_arguments_unpack() -> None:
    f = sb.lambdify([t, (x, y)], [y, -x + t])
    assert f(0.5, np.array([1.0, 2.0])) == [2.0, -0.5]
    rows = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    np.testing.assert_array_equal(f(0.5, rows), [rows[1], 0.5 - rows[0]])
    for wrong in ((1.0, 2.0, 3.0), np.ones(3), 4.0):
        with pytest.raises(sb.ArgumentError, match=r"argument 2 is .*; expected a sequence of 2"):
            f(0.5, wrong)


def test_matrices_and_indexed_arrays_as_arguments() -> None:
    n = sp.Symbol("n", integer=True)
    i = sp.Symbol("i", integer=True)
    A, b = sp.MatrixSymbol("A", n, n), sp.MatrixSymbol("b", n, 1)
    v = sp.IndexedBase("v")
    product = sb.lambdify([A, b], A * b)
    np.testing.assert_array_equal(product(np.array([[1.0, 2], [3, 4]]), [[1.0], [1.0]]), [[3.0], [7.0]])
    entries = sb.lambdify([A, x], sp.Matrix([[A[0, 1], x], [1, A[1, 0] * x]]))
    np.testing.assert_array_equal(entries([[1.0, 2], [3, 4]], 5), [[2.0, 5.0], [1.0, 15.0]])
    assert sb.lambdify([v, n], sp.Sum(v[i] ** 2, (i, 0, n - 1)))([1.0, 2.0, 3.0], 3) == 14.0
    assert sb.lambdify([v], v[0] - v[1])([5.0, 2.0]) == 3.0
    with pytest.raises(sb.UnsupportedError, match="modules='numpy'"):
        sb.lambdify([v], v[0] - v[1], "math")


@pytest.mark.parametrize(
    ("args", "error", "message"),
    [
        pytest.param({x, y}, sb.ArgumentError, "no order", id="set"),
        ((x, x), sb.ArgumentError, "twice"),
        ("x x", sb.ArgumentError, "no identifier"),
        ([x, y + 1], sb.ArgumentError, "no symbol"),
        ([x, 3], sb.ArgumentError, "no symbol"),
        (sp.DeferredVector("X"), sb.UnsupportedError, "IndexedBase"),
    ],
    ids=lambda value: re.sub(" at 0x[0-9a-f]+", "", str(value)),
)
def test_arguments_that_are_refused(args: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        sb.lambdify(args, x + y)


def test_symbols_that_are_no_arguments_are_all_named() -> None:
    with pytest.raises(sb.ArgumentError, match=r"not in args: y, z; add"):
        sb.lambdify(x, [x + y, z])


# --- results ----------------------------------------------------------------------------------------------------------


def test_results_keep_their_nesting() -> None:
    f = sb.lambdify(x, [x, (2 * x, [sp.Matrix([[x, 1]]), True]), {"a": x**2, y: [x]}, (), sp.Tuple(x)])
    found = f(3.0)
    np.testing.assert_array_equal(found[1][1].pop(0), [[3.0, 1.0]])
    assert found == [3.0, (6.0, [True]), {"a": 9.0, y: [3.0]}, (), (3.0,)]
    assert sb.lambdify(x, [])(1.0) == []
    assert sb.lambdify(x, {})(1.0) == {}
    assert sb.lambdify((), sp.zeros(0, 3))().shape == (0, 3)


@pytest.mark.parametrize(
    "grid",
    [
        sp.Matrix([[x, 1], [y, x * y]]),
        sp.ImmutableMatrix([[x, 2]]),
        sp.SparseMatrix([[x, 0], [0, y]]),
        sp.Matrix([1, 2, 3]),
        sp.Array([[[x, y], [1, x]]]),
        sp.MutableDenseNDimArray([x, y, 3]),
        np.array([[x, y]]),
    ],
    ids=lambda grid: type(grid).__name__,
)
def test_matrices_and_arrays(grid: Any) -> None:
    expected = np.array(sp.Array(grid).subs({x: 2, y: 3}).tolist(), dtype=float)
    found = sb.lambdify((x, y), grid)(2.0, 3.0)
    assert isinstance(found, np.ndarray)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, expected)
    assert sb.lambdify((x, y), grid, "math")(2.0, 3.0) == expected.tolist()


def test_matrices_over_arrays_have_the_points_last() -> None:
    f = sb.lambdify((x, y), sp.Matrix([[x, 1, y], [0, x * y, 2]]))
    points = f(GRID, GRID[:2, None])
    assert points.shape == (2, 3, 2, 3)
    for index in np.ndindex(2, 3):
        np.testing.assert_array_equal(points[(..., *index)], f(GRID[index[1]], GRID[index[0]]))
    alike = sp.Matrix([[x, y]])  # what SymPy can stack itself
    np.testing.assert_array_equal(sb.lambdify((x, y), alike)(GRID, GRID), sp.lambdify((x, y), alike)(GRID, GRID))


def test_products_of_matrices_over_arrays_have_the_points_last() -> None:
    A, B = sp.ImmutableMatrix([[x, 1], [2, y]]), sp.ImmutableMatrix([[1, y, x], [x, 1, 0]])
    f = sb.lambdify((x, y), [x, sp.MatMul(A, B)])
    number, points = f(GRID, 2.0)
    np.testing.assert_array_equal(number, GRID)
    assert points.shape == (2, 3, 3)
    for index, value in enumerate(GRID):
        np.testing.assert_allclose(points[..., index], f(value, 2.0)[1], rtol=1e-15)


@pytest.mark.parametrize(
    "constant",
    [5, sp.Integer(5), 5.0, sp.pi, sp.Rational(1, 3)],
    ids=lambda value: re.sub(" at 0x[0-9a-f]+", "", str(value)),
)
def test_constants_keep_the_shape(constant: Any) -> None:
    f = sb.lambdify((x, y), constant)
    found = f(GRID, GRID[:2, None])
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, np.full((2, 3), float(constant)))
    assert f(1.0, 2.0) == float(constant)
    several = sb.lambdify(x, [x, constant, sp.true])(GRID)
    assert [part.shape for part in several] == [(3,)] * 3
    assert several[2].dtype == bool


def test_results_are_fresh_memory() -> None:
    copied, again, constant = sb.lambdify((x, y), [x, x, y])(GRID, np.array(2.0))
    for part in (copied, again, constant):
        part += 1.0
    np.testing.assert_array_equal(GRID, [0.5, 1.25, 2.0])
    np.testing.assert_array_equal(copied, GRID + 1)
    np.testing.assert_array_equal(constant, [3.0] * 3)


@pytest.mark.parametrize(
    ("expr", "error", "message"),
    [
        ("x + 1", sb.UnsupportedError, "never evaluated; compile_value"),
        (["x", x], sb.UnsupportedError, "never evaluated"),
        pytest.param({x, y}, sb.UnsupportedError, "put its elements in a list", id="set"),
        (sp.FiniteSet(x, y), sb.UnsupportedError, "put its elements in a list"),
        (None, sb.UnsupportedError, "NoneType"),
        (sp.Lambda(x, x + 1), sb.UnsupportedError, "signature as args"),
        (x + sp.I, sb.UnsupportedError, "ImaginaryUnit"),
        (sp.Integral(x, x) + sp.Limit(x, x, 0) + sp.Order(y), sb.UnsupportedError, "(?s)(?=.*Integral)(?=.*Limit)(?=.*Order)"),
    ],
    ids=lambda value: re.sub(" at 0x[0-9a-f]+", "", str(value)),
)  # fmt: skip
def test_expressions_that_are_refused(expr: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        sb.lambdify((x, y), expr)


# --- numbers and arrays -----------------------------------------------------------------------------------------------

EXPRESSIONS = [
    x + y,
    x**3 / (1 + y**2),
    sp.sqrt(x) * sp.exp(-y) + sp.log(x + y),
    sp.Piecewise((x, x < y), (x * y, True)),
    sp.Max(x, y) - sp.Min(x, 1),
    sp.Abs(x - y) ** 3,
    sp.atan2(x, y) + sp.tanh(x),
    sp.floor(x) + sp.Mod(y, 2),
    sp.erf(x) * sp.gamma(y),
    sp.And(x < y, y > 1),
    x**y,
    sp.Heaviside(x - y, sp.Rational(1, 2)),
    sp.sinc(x) + sp.sign(y),
    sp.Poly(x**2 + 3 * x, x),
]


@pytest.mark.parametrize("expr", EXPRESSIONS, ids=lambda value: re.sub(" at 0x[0-9a-f]+", "", str(value)))
def test_values_agree_however_called(expr: Any) -> None:
    f = sb.lambdify((x, y), expr)
    plain = sb.lambdify((x, y), expr, "math")
    xs, ys = np.array([0.5, 1.25, 2.0, 3.0]), np.array([[1.5], [2.0]])
    exact = expr.as_expr() if isinstance(expr, sp.Poly) else expr
    kind = bool if exact.is_Boolean else float
    expected = np.array([[kind(exact.subs({x: a, y: b})) for a in xs.tolist()] for b in ys.ravel().tolist()])
    whole = f(xs, ys)
    assert whole.shape == (2, 4)
    np.testing.assert_allclose(whole, expected, rtol=1e-13)
    for j, b in enumerate(ys.ravel().tolist()):
        for i, a in enumerate(xs.tolist()):
            for call, arguments in ((f, (a, b)), (plain, (a, b)), (f, (np.float64(a), b))):
                np.testing.assert_allclose(call(*arguments), expected[j, i], rtol=1e-13)
    np.testing.assert_array_equal(f([2, 3], 1), f(np.array([2.0, 3.0]), 1.0))
    assert f(2, 1) == f(2.0, 1.0)


def test_kinds_of_numbers() -> None:
    f = sb.lambdify((x, y), sp.sin(x) / y)
    assert type(f(1.0, 2.0)) is float
    assert type(f(1, 2)) is float
    assert type(f(np.float64(1.0), 2)) is np.float64
    assert type(f(np.float32(1.0), 2.0)) is np.float32
    assert f(GRID.astype(np.float32), 2.0).dtype == np.float32
    assert f(GRID.astype(np.float32), GRID).dtype == np.float64
    assert f(np.arange(3), True).dtype == np.float64
    assert f(np.array(1.0), 2.0).shape == ()


def test_where_math_raises_numbers_follow_the_module() -> None:
    numpy, plain = (sb.lambdify((x, y), [1 / x, sp.log(y), sp.exp(1000 * y)], name) for name in ("numpy", "math"))
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(numpy(0.0, 0.0), [np.inf, -np.inf, 1.0])
        np.testing.assert_array_equal(numpy(-0.5, 1.0), [-2.0, 0.0, np.inf])
    with pytest.warns(RuntimeWarning):
        numpy(0.0, 1.0)
    for point, error in (((0.0, 1.0), ZeroDivisionError), ((1.0, -1.0), ValueError), ((1.0, 1.0), OverflowError)):
        with pytest.raises(error):
            plain(*point)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (1j, "complex"),
        (np.array([1j]), "complex128"),
        ("1", "a str"),
        (None, "NoneType"),
        (np.ma.masked_array([1.0], [True]), "masked array"),
    ],
    ids=lambda value: re.sub(" at 0x[0-9a-f]+", "", str(value)),
)
def test_calls_that_are_refused(value: Any, message: str) -> None:
    for expr in (x + y, sp.Abs(x) * y, sp.re(x), sp.conjugate(x) * sp.exp(x)):
        with pytest.raises(sb.ArgumentError, match=f"argument 'x' is .*{message}"):
            sb.lambdify((x, y), expr)(value, 1.0)


def test_code_of_math_is_for_real_numbers() -> None:
    for expr in (sp.Abs(x) ** 2, sp.re(x), sp.im(x), sp.conjugate(x), sp.arg(x), sp.sign(x), sp.exp(x), sp.Max(x, 1)):
        with pytest.raises(sb.ArgumentError, match="complex"):
            sb.lambdify(x, expr, "math")(1 + 1j)
    with pytest.raises(sb.ArgumentError, match=r"shape \(3,\); modules='math' computes with numbers"):
        sb.lambdify(x, sp.sin(x), "math")(GRID)
    with pytest.raises(sb.ArgumentError, match="do not broadcast"):
        sb.lambdify((x, y), x * sp.sin(y))(np.ones(2), np.ones(3))


# --- options ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("modules", [None, "numpy", "scipy", "math", ["numpy"], ("scipy", "numpy"), np, [{}, "numpy"]])
def test_modules(modules: Any) -> None:
    f = sb.lambdify(x, sp.sin(x), modules)
    assert f(0.5) == np.sin(0.5)
    if modules != "math":
        np.testing.assert_array_equal(f(GRID), np.sin(GRID))


@pytest.mark.parametrize("name", ["mpmath", "sympy", "numexpr", "jax", "tensorflow", "cupy", "cmath", "torch"])
def test_modules_that_are_refused(name: str) -> None:
    with pytest.raises(sb.UnsupportedError, match=f"'{name}'.*sympy.lambdify"):
        sb.lambdify(x, x, [name])


def test_options() -> None:
    for options in ({"cse": False}, {"cse": sp.cse}, {"dummify": True}, {"dummify": False}, {"use_imps": False}):
        assert sb.lambdify(x, x**2, **options)(3.0) == 9.0
    with pytest.raises(sb.UnsupportedError, match="printer"):
        sb.lambdify(x, x, printer=sp.StrPrinter)
    with pytest.raises(sb.ArgumentError, match="Did you mean numpy"):
        sb.lambdify(x, x, "nunpy")
    with pytest.raises(sb.ArgumentError, match="docstring_limit"):
        sb.lambdify(x, x, docstring_limit="all")


def test_docstring_and_source() -> None:
    f = sb.lambdify((x, y), sp.sin(x) * y)
    assert f.__name__ == "_lambdified"
    assert "return y * sin(x)" in (f.__doc__ or "")
    assert "return y * sin(x)" in inspect.getsource(f)
    assert "too long" in (sb.lambdify(x, sp.sin(x), docstring_limit=0).__doc__ or "")
    assert f.compiled.verify(points=1)


def test_the_code_imports_nothing_of_ours() -> None:
    for modules in ("math", "numpy"):
        f = sb.lambdify((x, y), [sp.sin(x) * y, sp.gamma(x)], modules)
        alone = f"import sys; sys.modules['symbackprop'] = None\n{f.source}\nprint(value(1.5, 2.0))"
        ran = subprocess.run([sys.executable, "-I", "-c", alone], capture_output=True, text=True, check=True)
        assert ran.stdout.strip() == str(f(1.5, 2.0))
        assert "symbackprop" not in inspect.getsource(f)


# --- keeping it -------------------------------------------------------------------------------------------------------


def test_pickles_to_another_process() -> None:
    f = sb.lambdify([x, (y, z)], [sp.Matrix([[x, sp.sin(y)]]), {"sum": x + z}])
    script = (
        "import pickle, sys; f = pickle.load(sys.stdin.buffer); m, d = f(1.5, (2.0, 3.0));"
        "print(m.tolist(), d, f([1.0, 2.0], (1.0, 1.0))[0].shape, 'sympy' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", script], input=pickle.dumps(f), capture_output=True, check=True)
    assert ran.stdout.decode().strip() == f"[[1.5, {np.sin(2.0)}]] {{'sum': 4.5}} (1, 2, 2) False"


def test_pickles_and_copies() -> None:
    f = sb.lambdify([x, theta], [x * theta, {x: theta}], "math")
    for other in (pickle.loads(pickle.dumps(f)), copy.copy(f), copy.deepcopy(f)):
        assert other(2.0, 3.0) == [6.0, {x: 3.0}]
        assert str(inspect.signature(other)) == "(x, theta)"


def test_threads() -> None:
    shared = sb.lambdify((x, y), sp.sin(x) * y + sp.exp(y))
    results: list[bool] = []

    def work(number: int) -> None:
        own = sb.lambdify((x, y), sp.sin(x) * y + number)
        point = np.sin(GRID) * 2.0
        for _ in range(20):
            np.testing.assert_allclose(shared(GRID, 2.0), point + np.exp(2.0), rtol=1e-15)
            np.testing.assert_allclose(own(GRID, 2.0), point + number, rtol=1e-15)
        results.append(own(0.5, 2.0) == pytest.approx(np.sin(0.5) * 2 + number))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 8


def test_long_and_deep_expressions() -> None:
    shared = x
    for _ in range(60):
        shared = sp.sin(shared) * shared + y
    f = sb.lambdify((x, y), [shared, sp.Matrix([[shared, 1]])])
    a, b = 0.3, 0.1
    value = a
    for _ in range(60):
        value = np.sin(value) * value + b
    number, matrix = f(a, b)
    assert number == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(matrix, [[value, 1.0]], rtol=1e-12)
    chain = x
    for _ in range(20_000):
        chain = sp.sin(chain, evaluate=False)
    deep = sb.lambdify(x, chain)
    value = 0.5
    for _ in range(20_000):
        value = math.sin(value)
    assert deep(0.5) == value
