"""SymPy expressions as input: what they are written as, that they verify, what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sympy as sp

import symbackprop as sb
from symbackprop.symbolic.problem import read_problem

a, b, t, x, y = sp.symbols("a b t x y")
n, m = sp.symbols("n m", integer=True, positive=True)
i, j, k = sp.symbols("i j k", integer=True)
v = sp.IndexedBase("v", shape=(n,))
w = sp.IndexedBase("w")
A = sp.IndexedBase("A", shape=(m, n))
P = sp.MatrixSymbol("P", n, n)
B = sp.MatrixSymbol("B", n, m)
c = sp.MatrixSymbol("c", n, 1)
d = sp.MatrixSymbol("d", n, 1)
f = sp.Function("f")
p = sp.Symbol("p", positive=True)
flag = sp.Symbol("flag")


def text_of(expression: Any) -> str:
    return read_problem(expression, None, None).text


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (x**2 + y, "x**2 + y"),
        (x + 1, "x + 1"),
        (1 - x, "1 - x"),
        (-x - y, "-x - y"),
        (x - 2 * y, "x - 2*y"),
        (x / y, "x/y"),
        (1 / (x * y), "1/(x*y)"),
        (x**-2, "1/x**2"),
        (sp.sqrt(x), "sqrt(x)"),
        (1 / sp.sqrt(x), "1/sqrt(x)"),
        (x ** sp.Rational(2, 3), "x**(2/3)"),
        (x / 3, "x/3"),
        (-x / 3, "-x/3"),
        ((x + y) * a, "a*(x + y)"),
        ((x + y) ** (a + 1), "(x + y)**(a + 1)"),
        (sp.exp(-x), "exp(-x)"),
        (sp.Abs(x), "abs(x)"),
        (sp.sqrt(sp.Pow(p, 2, evaluate=False), evaluate=False), "p"),
        (sp.log(p**3), "3*log(p)"),
        (sp.log(x**3), "log(x**3)"),
        (sp.Max(x, y, a), "maximum(maximum(a, x), y)"),
        (sp.Piecewise((x, x > 0), (y, True)), "where(x > 0, x, y)"),
        (sp.Piecewise((x, x > 0)), "where(x > 0, x, nan)"),
        (sp.Mod(x, y), "x % y"),
        (sp.Sum(v[i] ** 2, (i, 0, n - 1)), "sum(v**2)"),
        (sp.Sum(v[i] * v[i + 1], (i, 0, n - 2)), "sum(v[:v.shape[0] - 1]*v[1:])"),
        (sp.Sum(A[i, j] * v[j], (j, 0, n - 1), (i, 0, m - 1)), "sum(A.T*v[:, None])"),
        (sp.Sum(a, (i, 1, 5)), "5*a"),
        (sp.Product(a, (i, 1, 5)), "a**5"),
        (P * c, "P @ c"),
        (2 * P * c - d, "2*(P @ c) - d"),
        (P.inv() * c, "linalg.solve(P, c)"),
        (c.T * P.inv() * d, "c.T @ linalg.solve(P, d)"),
        (2 * P.inv() * (P + P.T).inv() * c, "2*linalg.solve(P, linalg.solve(P + P.T, c))"),
        (c.T * P.inv(), "c.T @ linalg.inv(P)"),
        (P.T + sp.Identity(n), "eye(P.shape[0]) + P.T"),
        (sp.Trace(P**3), "trace(linalg.matrix_power(P, 3))"),
        (sp.HadamardProduct(P, P), "P*P"),
        (P[0, 1] + c[2, 0], "P[0, 1] + c[2, 0]"),
        (sp.Matrix([[x, 1], [2, y]]), "array([[x, 1], [2, y]])"),
        ([x, (y, [x * y])], "[x, (y, [x*y])]"),
    ],
    ids=str,
)
def test_what_an_expression_is_written_as(expression: Any, text: str) -> None:
    assert text_of(expression) == text


VERIFIED = [
    sp.Sum((v[i] - a) ** 2, (i, 0, n - 1)),
    sp.Sum(w[i] * w[i + 1], (i, 0, n - 2)),
    sp.Sum(A[i, j] * v[j] * w[i], (j, 0, n - 1), (i, 0, m - 1)),
    sp.Sum(a**k / (k + 1), (k, 0, 10)),
    sp.Product(a + k, (k, 1, 5)),
    sp.Sum(a * b, (k, 1, n)) * v[0],
    sp.Sum(sp.Sum(v[i] * v[j], (j, 0, i)), (i, 0, n - 1)),
    sp.Sum(sp.Sum(v[i] * v[j] ** 2, (j, i + 1, n - 1)), (i, 0, n - 1)),
    sp.Sum(sp.Product(a + v[i] * k, (k, 1, 3)), (i, 0, n - 1)),
    sp.Sum(v[i] ** 2 / (i + 1) + sp.sin(a * i), (i, 0, n - 1)),
    sp.Sum(sp.Piecewise((v[i] ** i, i > 1), (sp.exp(v[i]), True)), (i, 0, n - 1)),
    sp.Sum(v[2 * i], (i, 0, 3)),
    sp.Sum(v[n - 1 - i] * v[i] ** 2, (i, 0, n - 1)),
    sp.Sum(A[i, i] ** 2, (i, 0, 2)),
    sp.Sum(A[i, 1] * A[0, i], (i, 0, 2)),
    c.T * P * c,
    c.T * P.inv() * c,
    sp.Trace(P * P.T) + a,
    sp.Trace(sp.BlockMatrix([[P, B], [B.T, sp.Identity(m)]])),
    sp.Trace(P.applyfunc(sp.sin) * P),
    sp.Trace(sp.HadamardProduct(P, P) + 3 * P**3 + sp.OneMatrix(n, n)),
    sp.DotProduct(c, P * d),
    sp.log(sp.Determinant(sp.MatrixSymbol("Q", 2, 2)) ** 2) * a,
    sp.Sum(a**k / (k + 2) ** 2, (k, 1, sp.Symbol("N", integer=True))),
    sp.Subs(a**2 + b, a, sp.sin(t) * t),
    sp.Subs(sp.Sum(a**k, (k, 0, 3)), a, b * t),
    sp.Piecewise((sp.sqrt(a), sp.Contains(a, sp.Interval(0, 1))), (sp.log(a), (a > 1) & (a < 3)), (a**2, True)),
    sp.Piecewise((a, sp.Contains(a, sp.Union(sp.Interval(0, 1), sp.Interval.open(2, 3))))),
    sp.Piecewise((sp.Piecewise((a, a > b), (b**2, True)), a > 0), (a * b, b > 0), (sp.exp(a), True)),
    sp.Piecewise((a, flag), (b, True)),
    sp.Piecewise((x, (x > 0) ^ (y > 0)), (y, True)),
    P[0, 1] * P[1, 1] + c[0, 0],
    sp.Lambda((b, a), a**2 * b),
    [a * b, a + b**2],
    sp.Tuple(a * b, sp.sin(a)),
]


@pytest.mark.parametrize("expression", VERIFIED, ids=lambda expression: str(expression)[:60])
def test_values_and_gradients_verify(expression: Any) -> None:
    compiled = sb.compile_value_and_grad(expression)
    report = compiled.verify(points=1)
    assert report, f"{compiled.source}\n{report}"


@pytest.mark.parametrize(
    "matrix",
    [
        sp.Matrix([[sp.sin(a), sp.cos(a) * b], [a * b, 1]]),
        sp.SparseMatrix([[a, 0], [0, b]]),
        sp.Array([[a, b], [a * b, 2]]),
        P * c,
        sp.OneMatrix(n, n) + P,
        P[0:2, 1:2],
        sp.KroneckerProduct(P, B),
    ],
    ids=str,
)
def test_matrices_verify_as_values(matrix: Any) -> None:
    report = sb.compile_value(matrix).verify(points=1)
    assert report, report


def test_an_index_may_share_the_name_of_an_input() -> None:
    expression = i * sp.Sum(i * a**i, (i, 1, 3))
    g = sb.compile_value(expression)
    assert g(i=2.0, a=1.5) == pytest.approx(2 * (1.5 + 2 * 2.25 + 3 * 3.375))


def test_sizes_come_from_the_arrays() -> None:
    g = sb.compile_grad(sp.Sum((v[i] - a) ** 2, (i, 0, n - 1)) / n, wrt=a)
    assert [spec.name for spec in g.signature] == ["a", "v"]
    assert g(1.0, np.array([1.0, 2.0, 6.0])) == pytest.approx(-4.0)


def test_mechanics_inputs() -> None:
    speed = f(t).diff(t)
    g = sb.compile_grad(f(t) * a + speed**2, wrt=[f(t), speed])
    assert [spec.name for spec in g.signature] == ["f", "f_dot", "a"]
    assert g(2.0, 3.0, 5.0) == (5.0, 6.0)
    assert "Derivative(f(t), t)" in g.source


def test_a_derivative_through_an_unknown_function_is_refused() -> None:
    with pytest.raises(sb.UnsupportedError, match="depends on t"):
        sb.compile_grad(t * f(t))
    assert sb.compile_grad(t * f(t), wrt=f(t))(2.0, 3.0) == 3.0
    assert sb.compile_value(t * f(t) ** 2, inputs=[f(t), t])(3.0, 2.0) == 18.0


def test_order_of_inputs() -> None:
    expression = y * x + a
    assert [s.name for s in sb.compile_grad(expression).signature] == ["a", "x", "y"]
    assert [s.name for s in sb.compile_grad(expression, wrt=[y]).signature] == ["y", "a", "x"]
    assert [s.name for s in sb.compile_grad(expression, inputs=[x, y, a, b]).signature] == ["x", "y", "a", "b"]
    assert sb.compile_grad(expression, wrt="y")(1.0, 2.0, 3.0) == 3.0


def test_names_that_are_no_identifiers() -> None:
    symbols = sp.symbols(r"lambda x' \theta_1 α np t1")
    g = sb.compile_grad(sp.Add(*[s**2 for s in symbols]))
    names = [spec.name for spec in g.signature]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() for name in names)
    assert r"\theta_1" in g.source.replace("\\\\", "\\")
    assert g(*[3.0] * 6) == (6.0,) * 6


@pytest.mark.parametrize(
    "name",
    ['"""', '\'"""', '"""; raise SystemExit; """', '\\"""; raise SystemExit; """', '"""\nraise SystemExit\n"""', "a\\"],
)
def test_the_name_of_a_symbol_never_becomes_code(name: str) -> None:
    compiled = sb.compile_value(sp.Symbol(name) ** 2)
    assert compiled(3.0) == 9.0
    assert "raise SystemExit" not in compiled.source.split('"""')[-1]


def test_all_that_is_unsupported_is_listed_at_once() -> None:
    expression = sp.Integral(a, a) + sp.Derivative(a**2, a, evaluate=False) + sp.I * sp.Function("g")(a)
    with pytest.raises(sb.UnsupportedError) as caught:
        sb.compile_grad(expression)
    assert all(name in str(caught.value) for name in ("Integral", "Derivative", "ImaginaryUnit"))


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (sp.Sum(a**k, (k, 0, sp.oo)), "infinite"),
        (sp.Sum(w[i] * w[j], (i, 0, n), (j, 0, m)), "give it a shape"),
        (P ** sp.Rational(1, 2), "fixed integer"),
        (sp.Piecewise((a, sp.Contains(a, sp.S.Integers)), (b, True)), "set"),
        (sp.Sum(f(i), (i, 0, 3)), "depends on i"),
        (x + sp.zoo, "ComplexInfinity"),
        (x * sp.I, "ImaginaryUnit"),
        (x * sp.Float("1e400"), "too large"),
    ],
    ids=str,
)
def test_what_is_refused_by_name(expression: Any, message: str) -> None:
    with pytest.raises(sb.SymbackpropError, match=message):
        sb.compile_value(expression)


@pytest.mark.parametrize("inputs", ["x y", 3, [x, "z"], {x: "n d", "z": ""}])
def test_bad_inputs_are_refused(inputs: Any) -> None:
    with pytest.raises(sb.SymbackpropError):
        sb.compile_value(x * y, inputs=inputs)


def test_a_symbol_declared_as_an_array_maps() -> None:
    g = sb.compile_value(sp.sin(x) * y, inputs={x: "n", y: ""})
    np.testing.assert_allclose(g(np.arange(3.0), 2.0), 2 * np.sin(np.arange(3.0)))


def test_matrices_of_scalars_called_with_arrays_are_stacked() -> None:
    g = sb.compile_value(sp.Matrix([[x, y], [1, x * y]]), inputs=[x, y])
    found = g(np.array([1.0, 2.0, 3.0]), 5.0)
    assert found.shape == (3, 2, 2)
    np.testing.assert_allclose(found[1], [[2.0, 5.0], [1.0, 10.0]])
    assert g(np.zeros(0), 5.0).shape == (0, 2, 2)


def test_depth_and_sharing_cost_nothing() -> None:
    chain = x
    for _ in range(5_000):
        chain = sp.sin(chain, evaluate=False)
    assert text_of(chain).count("\n") < 500
    shared = x
    for _ in range(500):
        shared = sp.Mul(sp.sin(shared, evaluate=False), shared, evaluate=False)
    assert text_of(shared).count("sin") == 500


def test_equal_parts_that_are_not_shared_are_found() -> None:
    left, right = (sp.sin(sp.Add(x, y, evaluate=False), evaluate=False) for _ in range(2))
    assert text_of(sp.Mul(sp.exp(left), sp.cos(right), evaluate=False)).count("sin") == 1


def test_verification_is_against_the_expression_itself() -> None:
    g = sb.compile_grad(sp.sin(x) * y)
    g._printed = replace(g._printed, source=g.source.replace("cos(x)", "sin(x)"))
    assert not g.verify()


T = sp.MatrixSymbol("T", 4, 4)
q = sp.Symbol("pi", integer=True)


@pytest.mark.parametrize(
    ("expression", "values", "value"),
    [
        (-sp.Mod(x, 3), {"x": 4.0}, -1.0),
        (x / (sp.Mod(y, 2) * sp.Mod(a, 3)), {"x": 3.0, "y": 2.5, "a": 5.0}, 3.0),
        (sp.Sum(x ** (1 / i), (i, 1, 2)), {"x": 4.0}, 6.0),
        (sp.Sum(q * x, (q, 1, 3)) * sp.pi, {"x": 1.0}, 6 * np.pi),
        (sp.Sum(a * i * sp.Sum(i, (i, 0, i)), (i, 0, 3)), {"a": 1.0}, 25.0),
        (sp.Subs(sp.Subs(x * y, x, y + 1), y, x), {"x": 2.0}, 6.0),
        (sp.Subs(sp.log(p**2), p, x), {"x": -np.e}, 2.0),
        (sp.Trace(T[0:2, 0:2]) + sp.Trace(T[1:3, 1:3]), {"T": np.diag([1.0, 2.0, 4.0, 8.0])}, 9.0),
        (sp.Sum(v[i - 1], (i, 0, n - 1)), {"v": np.array([1.0, 2.0, 4.0])}, 7.0),
    ],
    ids=str,
)
def test_values_are_those_of_sympy(expression: Any, values: dict[str, Any], value: float) -> None:
    compiled = sb.compile_value_and_grad(expression)
    assert compiled(**values)[0] == pytest.approx(value)
    report = compiled.verify(points=1)
    assert report, report


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (sp.Sum(a * i, (i, 5, 2)), "runs backwards"),
        (sp.Product(a + i, (i, 5, 2)), "runs backwards"),
        (sp.Trace(T[1:4:2, 0:4:2] * T[0:4:2, 1:4:2]), "does not divide"),
        (sp.Subs(sp.Derivative(f(x), x), x, 0) + sp.Derivative(f(x), x), "depends on x"),
    ],
    ids=str,
)
def test_what_has_no_certain_value_is_refused(expression: Any, message: str) -> None:
    with pytest.raises(sb.UnsupportedError, match=message):
        sb.compile_value(expression)


def test_an_array_shorter_than_a_range_is_an_error_on_call() -> None:
    compiled = sb.compile_value(sp.Sum(v[i], (i, 0, 9)))
    assert compiled(np.ones(12)) == 10.0
    with pytest.raises(IndexError):
        compiled(np.ones(4))


def test_a_shape_is_told_by_the_sums_around_an_array_alone() -> None:
    size = sp.Symbol("N", integer=True)
    both = sp.Sum(w[i], (i, 0, size - 1)) + sp.Sum(x**i, (i, 0, size + 4))
    compiled = sb.compile_value(both)
    assert compiled(w=np.ones(3), x=1.0) == 3.0 + 8.0
    apart = sp.Sum(w[i], (i, 0, n - 1)) * sp.Sum(v[i], (i, 0, n - 1)) + sp.Sum(A[i, 0], (i, 0, m - 1))
    assert sb.compile_value_and_grad(apart).verify(points=1)
    triangular = sp.Sum(sp.Sum(w[j] * x, (j, 0, i)), (i, 0, size - 1))
    assert sb.compile_value(triangular)(w=np.arange(1.0, 4.0), x=1.0) == 1.0 + 3.0 + 6.0
    together = sp.Sum(w[j] * x, (j, 0, i), (i, 0, size - 1))
    assert sb.compile_value(together)(w=np.arange(1.0, 4.0), x=1.0) == 1.0 + 3.0 + 6.0


def test_names_that_mean_two_symbols_are_refused() -> None:
    other = sp.Symbol("x", positive=True)
    with pytest.raises(sb.ArgumentError, match="2 inputs"):
        sb.compile_grad(x + other, wrt="x")
    assert sb.compile_grad(x + 2 * other, wrt=other)(1.0, 1.0) == 2.0


TRIANGULAR = [
    sp.Sum(v[i + j] * w[j], (j, 0, n - 1 - i), (i, 0, n - 1)),
    sp.Sum(sp.Sum(v[i + j] * sp.exp(w[j]), (j, 0, n - 1 - i)), (i, 0, n - 1)),
    sp.Sum(v[j] * a**i, (j, i, i + 1), (i, 0, n - 2)),
    sp.Sum(sp.Product(v[j - i] + a, (j, i, n - 1)), (i, 0, n - 1)),
]


@pytest.mark.parametrize("expression", TRIANGULAR, ids=str)
def test_what_a_mask_leaves_out_is_not_read(expression: Any) -> None:
    report = sb.compile_value_and_grad(expression, inputs={w: "n"} if expression.has(w) else None).verify(points=1)
    assert report, report


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5])
def test_symbolic_ranges_that_run_backwards_are_empty(count: int) -> None:
    u = np.linspace(0.5, 1.5, count)
    total = sp.Sum(v[i], (i, 0, n - 1))
    for term, expected in (
        (sp.Sum(a, (i, 2, n - 1)), 3.0 * max(count - 2, 0)),
        (sp.Product(a, (i, 2, n - 1)), 3.0 ** max(count - 2, 0)),
        (sp.Sum(a * i, (i, 2, n - 1)), 3.0 * sum(range(2, count))),
    ):
        assert sb.compile_value(term + total)(3.0, u) == pytest.approx(expected + u.sum())


def test_ranges_of_numbers_that_run_backwards_are_refused() -> None:
    for reduction in (sp.Sum, sp.Product):
        with pytest.raises(sb.UnsupportedError, match="backwards"):
            sb.compile_value(reduction(x * i, (i, 5, 2)))
        assert sb.compile_value(reduction(x * i, (i, 5, 4)), inputs=[x])(2.0) == (0.0 if reduction is sp.Sum else 1.0)
