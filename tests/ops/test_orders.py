"""Orders of special functions: as inputs, as arrays, and the derivatives in them that are refused."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import sympy

import symbackprop as sb
from symbackprop.diff.forward import push_forward
from symbackprop.ir.node import make_input
from symbackprop.ops.bessel import jv

V, X = make_input(0, (), "float64"), make_input(1, (), "float64")


def test_an_order_that_is_an_input() -> None:
    value, slope = sb.compile_value_and_grad("jv(v, x)", wrt="x")(1.3, 2.7)
    assert value == pytest.approx(float(mpmath.besselj(1.3, 2.7)), rel=1e-13)
    assert slope == pytest.approx(float(mpmath.besselj(1.3, 2.7, derivative=1)), rel=1e-13)


def test_orders_in_an_array() -> None:
    compiled = sb.compile_value_and_grad("sum(kv(v, x))", wrt="x", inputs={"v": "n", "x": "n"})
    orders, points = np.array([0.0, 1.0, 2.5]), np.array([0.7, 1.5, 3.0])
    value, slopes = compiled(orders, points)
    pairs = list(zip(orders, points, strict=True))
    assert value == pytest.approx(float(sum(mpmath.besselk(v, x) for v, x in pairs)), rel=1e-13)
    expected = [float(mpmath.diff(lambda t, v=v: mpmath.besselk(v, t), x)) for v, x in pairs]
    np.testing.assert_allclose(slopes, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("formula", "what"),
    [
        ("jv(v, x)", "jv with respect to its order"),
        ("x*jv(v**2, 2)", "jv with respect to its order"),
        (sympy.bessely(sympy.Symbol("v"), sympy.Symbol("x")), "yv with respect to its order"),
        ("zeta(s, x)", "zeta with respect to s"),
        ("gammainc(a, x)", "gammainc with respect to its shape a"),
        ("uppergamma(a, 2)", "uppergamma with respect to its shape a"),
        ("eval_gegenbauer(3, alpha, x)", "eval_gegenbauer with respect to alpha"),
        ("eval_jacobi(7, 0.5, beta, x)", "eval_jacobi with respect to beta"),
        ("zeta(x)", "zeta with respect to s"),
    ],
    ids=str,
)
def test_derivatives_in_the_order_are_refused(formula: str, what: str) -> None:
    with pytest.raises(sb.UnsupportedError, match=f"the derivative of (riemann_)?{what} is not supported"):
        sb.compile_grad(formula)


def test_forward_too() -> None:
    tangent = make_input(2, (), "float64")
    (slope,) = push_forward((jv(V, X),), {X: tangent})
    assert slope is not None
    with pytest.raises(sb.UnsupportedError, match="jv with respect to its order"):
        push_forward((jv(V, X),), {V: tangent})


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("polygamma(k, x)", "n must be a fixed integer"),
        ("polygamma(-1, x)", "n is an order, 0 or more, not -1"),
        ("spherical_jn(1.5, x)", "n must be a fixed integer"),
        ("eval_legendre(-2, x)", "n is an order, 0 or more, not -2"),
        ("eval_hermite(n, x)", "n must be a fixed integer"),
        ("expn(0.5, x)", "n must be a fixed integer"),
        ("lambertw(x, k)", "k must be a fixed integer"),
        ("spherical_jn(x)", "missing a required argument: 'x'"),
    ],
)
def test_orders_that_must_be_fixed(formula: str, message: str) -> None:
    with pytest.raises(sb.ArgumentError, match=message):
        sb.compile_value(formula)


def test_other_branches_and_numbers_of_arguments_are_refused() -> None:
    with pytest.raises(sb.UnsupportedError, match="the real branches k = 0 and k = -1, not k = 1"):
        sb.compile_value("lambertw(x, 1)")
    x = sympy.Symbol("x")
    with pytest.raises(sb.UnsupportedError, match=r"dirichlet_eta \(with 2 arguments; with 1 it is supported\)"):
        sb.compile_value(sympy.dirichlet_eta(x, 2 * x))


def test_parameters_that_are_inputs() -> None:
    value, slope = sb.compile_value_and_grad("eval_gegenbauer(3, alpha, x)", wrt="x")(0.75, 0.3)
    assert value == pytest.approx(float(sympy.gegenbauer(3, 0.75, 0.3)), rel=1e-13)
    assert slope == pytest.approx(1.5 * float(sympy.gegenbauer(2, 1.75, 0.3)), rel=1e-13)
    compiled = sb.compile_grad("sum(gammainc(a, x))", wrt="x", inputs={"a": "n", "x": "n"})
    slopes = compiled(np.array([0.5, 30.0]), np.array([0.3, 28.0]))
    exact = [t ** (a - 1) * mpmath.exp(-t) / mpmath.gamma(a) for a, t in ((0.5, mpmath.mpf(0.3)), (30, mpmath.mpf(28)))]
    np.testing.assert_allclose(slopes, [float(e) for e in exact], rtol=1e-13)


@pytest.mark.parametrize("m", [-2, -1, 0, 1, 3])
def test_associated_legendre_functions_of_negative_order(m: int) -> None:
    x = sympy.Symbol("x")
    exact = sympy.assoc_legendre(3, m, x)
    value, (slope,) = sb.compile_value_and_grad(f"lpmv({m}, 3, x)")(0.3)
    assert value == pytest.approx(float(exact.subs(x, 0.3)), rel=1e-13)
    assert slope == pytest.approx(float(exact.diff(x).subs(x, 0.3)), rel=1e-13)


def test_two_numbers_of_arguments_from_sympy() -> None:
    x = sympy.Symbol("x", positive=True)
    value, (slope,) = sb.compile_value_and_grad(sympy.harmonic(x, 3) + sympy.dirichlet_eta(3) * x)(2.5)
    exact = sympy.zeta(3) - sympy.zeta(3, x + 1)
    eta = mpmath.altzeta(3)
    assert value == pytest.approx(float(exact.subs(x, 2.5)) + float(2.5 * eta), rel=1e-13)
    assert slope == pytest.approx(float(exact.diff(x).subs(x, 2.5)) + float(eta), rel=1e-13)


def test_names_of_functions_that_are_names_of_variables_too() -> None:
    compiled = sb.compile_value_and_grad("gamma(x)*gamma + beta*y0*j0(beta)")
    value, gradient = compiled(1.5, 2.0, 0.5, 3.0)
    assert [spec.name for spec in compiled.signature] == ["x", "gamma", "beta", "y0"]
    exact_value = mpmath.gamma(1.5) * 2 + 0.5 * 3 * mpmath.besselj(0, 0.5)
    assert value == pytest.approx(float(exact_value), rel=1e-14)
    assert gradient[1] == pytest.approx(float(mpmath.gamma(1.5)), rel=1e-14)
    slope = 3 * (mpmath.besselj(0, 0.5) - 0.5 * mpmath.besselj(1, 0.5))
    assert gradient[2] == pytest.approx(float(slope), rel=1e-14)
    assert compiled.verify()


def test_a_symbol_of_the_name_of_its_function() -> None:
    x, beta, gamma = sympy.symbols("x beta gamma", positive=True)
    expression = sympy.beta(x, beta) + sympy.gamma(gamma) * beta
    value, (slope,) = sb.compile_value_and_grad(expression, wrt=[beta], inputs=[x, beta, gamma])(1.5, 0.7, 2.5)
    assert value == pytest.approx(float(mpmath.beta(1.5, 0.7) + mpmath.gamma(2.5) * 0.7), rel=1e-14)
    exact = mpmath.beta(1.5, 0.7) * (mpmath.psi(0, 0.7) - mpmath.psi(0, 2.2)) + mpmath.gamma(2.5)
    assert slope == pytest.approx(float(exact), rel=1e-13)


@pytest.mark.parametrize(
    ("formula", "other"),
    [
        ("airy(x)[0]*airy(x)[3]", "airyai(x)*airybiprime(x)"),
        ("sici(x)[1] - sici(x)[0]", "Ci(x) - Si(x)"),
        ("shichi(x)[0] + special.fresnel(x)[1]", "Shi(x) + fresnelc(x)"),
    ],
)
def test_functions_of_several_results(formula: str, other: str) -> None:
    compiled = sb.compile_value_and_grad(formula)
    assert compiled(0.7) == sb.compile_value_and_grad(other)(0.7)
    assert compiled.verify(points=1)
