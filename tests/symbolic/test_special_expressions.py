"""Functions of SymPy's that are written in more than one way, or only for some arguments; what is refused of them."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp
from sympy.codegen import cfunctions, numpy_nodes, scipy_nodes

import symbackprop as sb

x, y, z = sp.symbols("x y z", real=True)
i, j, n = sp.symbols("i j n", integer=True)


def test_kronecker_delta_chooses() -> None:
    compiled = sb.compile_value_and_grad(x * sp.KroneckerDelta(i, j) + y, wrt=[x, y], inputs=[x, y, i, j])
    assert compiled(3.0, 0.5, 2, 2) == (3.5, (1.0, 1.0))
    assert compiled(3.0, 0.5, 2, 1) == (0.5, (0.0, 1.0))


def test_kronecker_delta_has_no_derivative() -> None:
    assert sb.compile_value_and_grad(sp.KroneckerDelta(i, j) * x, inputs=[x, i, j])(3.0, 2, 2) == (3.0, (1.0, 0.0, 0.0))


def test_kronecker_delta_in_a_sum_picks_an_entry() -> None:
    v = sp.IndexedBase("v", shape=(n,))
    total = sp.Sum(v[i] * sp.KroneckerDelta(i, 2), (i, 0, n - 1))
    value, slope = sb.compile_value_and_grad(total, wrt=v)(np.array([5.0, 6.0, 7.0, 8.0]))
    assert value == 7.0
    assert slope.tolist() == [0.0, 0.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("order", "point", "value", "slope"),
    [
        (0, 2.5, 1.0, 0.0),
        (0, 2.0, 1.0, 0.0),
        (0, 1.5, 0.0, 0.0),
        (1, 2.5, 0.5, 1.0),
        (1, 1.5, 0.0, 0.0),
        (3, 4.0, 8.0, 12.0),
        (3, 2.0, 0.0, 0.0),
        (3, -1.0, 0.0, 0.0),
        (sp.Rational(3, 2), 6.0, 8.0, 3.0),
        (sp.Rational(3, 2), 1.0, 0.0, 0.0),
        (-1, 1.5, 0.0, 0.0),
        (-2, 2.5, 0.0, 0.0),
    ],
)
def test_singularity_functions(order: Any, point: float, value: float, slope: float) -> None:
    expression = sp.SingularityFunction(x, 2, order) + 0 * y
    found, derivative = sb.compile_value_and_grad(expression, wrt=x)(point)
    assert found == value
    assert derivative == pytest.approx(slope, rel=1e-15)


def test_a_beam_of_singularity_functions() -> None:
    load = 3 * sp.SingularityFunction(x, y, 3) / 6 - sp.SingularityFunction(x, 0, 4) / 24
    value, (dx, dy) = sb.compile_value_and_grad(load, inputs=[x, y])(2.0, 0.5)
    assert value == pytest.approx(0.5 * 1.5**3 - 16 / 24)
    assert (dx, dy) == pytest.approx((1.5 * 1.5**2 - 32 / 24, -1.5 * 1.5**2))


VERIFIED = [
    sp.erf2(sp.Abs(x), sp.Abs(y)),
    sp.SingularityFunction(x, 1, 3) * x,
    sp.KroneckerDelta(x, y) + x,
    sp.UnevaluatedExpr(x + 1) * x,
    sp.hyper([sp.Rational(1, 2), 1], [3], x / 4),
    sp.hyper([], [3], x),
    sp.betainc(2, 3, x / 8, x / 4),
    sp.elliptic_pi(x / 5, y / 5) * x,
    sp.elliptic_pi(sp.Rational(1, 5), y / 5, sp.Rational(1, 3)),
    sp.polylog(2, x / 5) + sp.polylog(-4, x / 5),
    sp.erf2inv(x / 3, y / 9),
    sp.catalan(x),
    sp.Ynm(3, 0, x, y),
    cfunctions.log1p(x) + cfunctions.expm1(x) + cfunctions.exp2(x) + cfunctions.hypot(x, y) + cfunctions.fma(x, y, x),
    cfunctions.log2(x) + cfunctions.log10(x) + cfunctions.Sqrt(x) + cfunctions.Cbrt(x),
    numpy_nodes.logaddexp(x, y) + numpy_nodes.logaddexp2(x, y) + scipy_nodes.cosm1(x),
]


@pytest.mark.parametrize("expression", VERIFIED, ids=str)
def test_verified(expression: Any) -> None:
    report = sb.compile_value_and_grad(expression).verify(points=1, seconds=0.3)
    assert report, str(report)


def test_a_spherical_harmonic_of_order_0() -> None:
    expression = sp.Ynm(3, 0, x, y)
    exact = expression.expand(func=True)
    value, slope = sb.compile_value_and_grad(expression, wrt=x)(0.7, 0.2)
    assert value == pytest.approx(float(exact.subs({x: 0.7, y: 0.2})), rel=1e-14)
    assert slope == pytest.approx(float(exact.diff(x).subs({x: 0.7, y: 0.2})), rel=1e-14)


def test_functions_of_plain_numbers_are_numbers() -> None:
    value, slope = sb.compile_value_and_grad(sp.stieltjes(2) * x + sp.polylog(3, sp.Rational(1, 3)), wrt=x)(2.0)
    stieltjes = float(mpmath.stieltjes(2))
    assert value == pytest.approx(2 * stieltjes + float(mpmath.polylog(3, mpmath.mpf(1) / 3)), rel=1e-15)
    assert slope == pytest.approx(stieltjes, rel=1e-15)


def test_a_real_root_of_a_polynomial_is_a_number() -> None:
    roots = [sp.rootof(z**3 - 3 * z + 1, number) for number in range(3)]
    compiled = sb.compile_value_and_grad(roots[0] * x + sp.exp(roots[1] * x) - x**2 * roots[2], wrt=x)
    first, second, third = map(float, roots)
    value, slope = compiled(0.7)
    assert value == pytest.approx(first * 0.7 + np.exp(second * 0.7) - 0.49 * third, rel=1e-15)
    assert slope == pytest.approx(first + second * np.exp(second * 0.7) - 1.4 * third, rel=1e-15)
    assert compiled.verify(points=1)


REFUSED = [
    (sp.rootof(z**5 - z - 1, 1) * x, r"ComplexRootOf \(only real numbers"),
    (sp.polylog(3, x), r"polylog \(its order 3 must be 2, 1, 0 or a negative whole number"),
    (sp.polylog(y, x), r"polylog \(its order y"),
    (sp.SingularityFunction(x, 2, n), r"SingularityFunction \(its exponent n must be a number"),
    (sp.hyper([1, 2, x], [3, 4], y), r"hyper \(0F1, 1F1 and 2F1 are supported, not 3F2"),
    (sp.Ynm(2, 1, x, y), r"Ynm \(real only"),
    (sp.legendre(y, x), r"legendre \(its order y must be a whole number, 0 or more\)"),
    (sp.jn(sp.Rational(1, 3), x), r"jn \(its order 1/3 must be a whole number, 0 or more; or write sqrt"),
    (sp.polygamma(y, x), r"polygamma \(its order y"),
    (sp.assoc_legendre(3, y, x), r"assoc_legendre \(its degree 3"),
    (sp.LambertW(x, 1), r"LambertW \(its real branches are k = 0 and k = -1, not k = 1\)"),
    (sp.dirichlet_eta(x, 2), r"dirichlet_eta \(with 2 arguments; with 1 it is supported\)"),
    (sp.KroneckerDelta(i, j, (0, 3)), r"KroneckerDelta \(with 3 arguments; with 2 it is supported\)"),
    (sp.factorial2(x), r"factorial2 \(it has no derivative"),
    (sp.subfactorial(x), r"subfactorial \(it has no derivative"),
    (sp.hankel1(1, x), r"hankel1 \(complex; its real part is besselj"),
    (sp.mathieuc(1, 2, x), r"mathieuc \(SciPy has no Mathieu"),
    (sp.marcumq(2, x, y), r"marcumq \(SciPy has only its complement"),
    (sp.lerchphi(x, 2, y), r"lerchphi \(neither SciPy nor NumPy"),
    (sp.meijerg([[], []], [[0], []], x), r"meijerg \(neither SciPy nor NumPy"),
    (sp.fibonacci(x), r"fibonacci \(give its value as a number or a symbol\)"),
    (sp.LeviCivita(i, j, 1), r"LeviCivita \(write it as"),
]


@pytest.mark.parametrize(("expression", "message"), REFUSED, ids=lambda case: str(case)[:40])
def test_what_is_refused_by_name(expression: Any, message: str) -> None:
    with pytest.raises(sb.UnsupportedError, match=message):
        sb.compile_value(expression)


def test_all_that_is_not_supported_is_listed_at_once() -> None:
    with pytest.raises(sb.UnsupportedError) as caught:
        sb.compile_value(sum((expression for expression, _ in REFUSED), sp.Integer(0)))
    message = str(caught.value)
    assert [e for e, _ in REFUSED if not e.is_Mul and type(e).__name__ not in message] == []
    assert "..." not in message


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        (sp.elliptic_pi(x, y, z), "elliptic_pi_incomplete with respect to n"),
        (sp.hyper([x], [2], y), "hyp1f1 with respect to its parameter a"),
        (sp.hyper([], [x], y), "hyp0f1 with respect to its parameter v"),
        (sp.betainc(x, 2, 0, y), "betainc with respect to its parameter a"),
    ],
    ids=str,
)
def test_derivatives_in_parameters_are_refused(expression: Any, what: str) -> None:
    with pytest.raises(sb.UnsupportedError, match=what):
        sb.compile_grad(expression)
    values = dict.fromkeys(map(str, expression.free_symbols), 0.3)
    assert np.isfinite(sb.compile_grad(expression, wrt=y)(**values))
