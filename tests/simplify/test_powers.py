"""Products of powers, powers of negated sums, coefficients of shared factors."""

from __future__ import annotations

import math

import numpy as np
import pytest

import symbackprop as sb


def body(compiled: sb.CompiledFunction) -> str:
    return compiled.source[compiled.source.rindex("return ") + len("return ") :].strip()


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("x**2*y**2", "(x * y)**2"), ("x**2*y**2*z**2", "(x * y * z)**2"), ("2*x**3*y**3", "2.0 * (x * y)**3"),
        ("x**2*y**3", "x * x * (y * y * y)"), ("(-x - y)**2", "(x + y)**2"), ("(-x - y)**4", "(x + y)**4"),
        ("(-x - y)**3", "(-x - y)**3"), ("(-x - y + z)**2", "(-x - y + z)**2"), ("(-x - 2*y)**2", "(x + 2.0 * y)**2"),
    ],
)  # fmt: skip
def test_forms(formula: str, text: str) -> None:
    assert body(sb.compile_value(formula)) == text


def test_powers_in_use_elsewhere_stay() -> None:
    assert "product of powers" not in sb.compile_value("x**2*y**2 + x**2").rewrites


def test_products_of_squares_overflow_no_sooner() -> None:
    assert sb.compile_value("x**2*y**2")(1e200, 1e-200) == pytest.approx(1.0)
    assert sb.compile_value("x**2*y**2")(1e-170, 1e-170) == 0.0


@pytest.mark.parametrize(("x", "y"), [(0.0, 3.0), (-1.5, 0.0), (0.0, 0.0), (-2.0, 0.7)])
def test_derivatives_at_zeros_and_signs(x: float, y: float) -> None:
    assert sb.compile_grad("x**2*y**2")(x, y) == pytest.approx((2 * x * y * y, 2 * x * x * y), abs=0.0)
    assert sb.compile_grad("(-x - y)**2")(x, y) == pytest.approx((2 * (x + y), 2 * (x + y)), abs=0.0)


def test_the_square_of_a_negated_sum_is_the_same_bit_by_bit() -> None:
    x, y = 0.1, 1.0 / 3.0
    assert sb.compile_value("(-x - y)**2")(x, y) == (-x - y) * (-x - y)


def test_kinetic_energy_has_the_momentum_as_its_derivative() -> None:
    compiled = sb.compile_value_and_grad("m*(u**2 + v**2)/2", wrt=("u", "v"))
    assert body(compiled).endswith("(m * u, m * v)")
    assert compiled.rewrites["coefficient of factor"] == 2
    value, gradient = compiled(1.7, 0.3, -2.0)
    assert value == pytest.approx(1.7 * (0.09 + 4.0) / 2, rel=1e-15)
    assert gradient == (1.7 * 0.3, 1.7 * -2.0)


def test_coefficients_of_shared_factors_are_multiplied_exactly() -> None:
    compiled = sb.compile_grad("m*(u**3 + v**3)/3 + cos(m/3)", wrt=("u", "v", "m"))
    u, v, m = gradient = compiled(u=0.3, v=-2.0, m=1.7)
    assert (u, v) == pytest.approx((1.7 * 0.09, 1.7 * 4.0), rel=1e-15)
    assert m == pytest.approx((0.027 - 8.0) / 3 - math.sin(1.7 / 3) / 3, rel=1e-15)
    assert len(gradient) == 3


LINKS = 1100  # a half, gathered so many times, is no longer a double


def chain(first: str, statement: str, last: str) -> str:
    return "\n".join([first, *[statement] * LINKS, last])


@pytest.mark.parametrize(
    ("formula", "point", "value", "gradient"),
    [
        # the fixed point of each; a factor of the derivative is 1, of which a gathered coefficient would take the half
        (chain("y = x", "y = y*y + 0.25", "y"), (0.5,), 0.5, (1.0,)),
        (chain("y = x", "y = sin(y)*sin(y)*2 + y - 2*y*y", "y"), (0.0,), 0.0, (1.0,)),
        (chain("y = x", "y = y*y/sqrt(2) + k", "y"), (0.5**0.5, 0.5**1.5), 0.5**0.5, (1.0, float(LINKS))),
        (chain("x[n] c -> y = x", "y = 2*(c*y)", "sum(y)"), (np.ones(2), 0.5), 2.0, ([1.0, 1.0], 4.0 * LINKS)),
        (chain("x[n] A[n,n] -> y = x", "y = A @ (2*y)", "sum(y)"), (np.ones(1), np.full((1, 1), 0.5)), 1.0, ([1], [[2 * LINKS]])),
        (chain("x[n] c[n] -> y = x", "y = sum(2*(c*y))*c", "sum(y)"), (np.ones(1), np.array([0.5**0.5])), 1.0, ([1], [LINKS * 8**0.5])),
    ],
)  # fmt: skip
def test_coefficients_do_not_gather_along_a_chain(
    formula: str, point: tuple[object, ...], value: float, gradient: tuple[object, ...]
) -> None:
    found, bars = sb.compile_value_and_grad(formula)(*point)
    assert found == pytest.approx(value, rel=1e-11)
    for bar, expected in zip(bars, gradient, strict=True):
        np.testing.assert_allclose(bar, expected, rtol=1e-11)


def test_common_factors_are_found_behind_others() -> None:
    """The adjoint of sin(x)*x is g*(sin(x) + x*cos(x)): three products become two."""
    compiled = sb.compile_grad("sin(sin(x)*x)", wrt="x")
    assert "* (sin_x + x * cos(x))" in compiled.source
    expected = math.cos(math.sin(0.7) * 0.7) * (math.sin(0.7) + 0.7 * math.cos(0.7))
    assert compiled(0.7) == pytest.approx(expected, rel=1e-15)


def test_common_factors_of_signed_terms() -> None:
    compiled = sb.compile_grad("sin(x*sin(x) - z*x)", wrt="x")
    assert compiled.rewrites["common factor"] == 1
    x, z = 0.7, -2.1
    expected = math.cos(x * math.sin(x) - z * x) * (math.sin(x) + x * math.cos(x) - z)
    assert compiled(x, z) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    "formula",
    [
        "abs(x)**2", "abs(x)*abs(x)", "abs(x)**2.0", "sqrt(x**2)**2", "x*x*(1 + abs(x)**4)",
        "4*(abs(x)/2)**2", "(2*abs(x))**2/4", "(x + 1)**2*(abs(x)/(x + 1))**2",
    ],
)  # fmt: skip
def test_squares_of_absolute_values_bend_at_zero(formula: str) -> None:
    assert sb.compile_taylor(formula, order=2)(0.0) == (0.0, 0.0, 2.0)


@pytest.mark.parametrize(
    "formula",
    [
        "sum(abs(x)**2)", "abs(x) @ (3*abs(x))/3", "sqrt(x @ x)**2", "(3*sqrt(x @ x))**2/9", "9*(sqrt(x @ x)/3)**2",
        "hypot(x, 2*x) @ hypot(x, 2*x)/5",
    ],
)  # fmt: skip
def test_squares_of_lengths_of_arrays_bend_at_zero(formula: str) -> None:
    hessian = sb.compile_hessian(f"x[n] -> {formula}", wrt="x")(np.zeros(2))
    np.testing.assert_allclose(hessian, 2.0 * np.eye(2), rtol=1e-15)


def test_even_powers_of_absolute_values_keep_their_highest_derivative() -> None:
    assert sb.compile_taylor("abs(x)**4", order=4)(0.0) == (0.0, 0.0, 0.0, 0.0, 24.0)


@pytest.mark.parametrize(
    "formula",
    ["hypot(x, y)**2", "hypot(x, y)*hypot(x, y)", "sqrt(x**2 + y**2)**2.0", "9*(hypot(x, y)/3)**2", "(2*hypot(x, y))**2/4"],
)  # fmt: skip
def test_squares_of_hypotenuses_bend_at_zero(formula: str) -> None:
    assert sb.compile_laplacian(f"x y -> {formula}")(0.0, 0.0) == pytest.approx(4.0, rel=1e-15)
    assert sb.compile_hvp(f"x y -> {formula}")(0.0, 0.0, 1.0, -3.0) == pytest.approx((2.0, -6.0), rel=1e-15)


@pytest.mark.parametrize("formula", ["hypot(x, y)", "sqrt(x**2 + y**2)"])
def test_hypotenuses_have_no_second_derivative_at_the_origin(formula: str) -> None:
    assert sb.compile_hessian(formula)(0.0, 0.0) == ((0.0, 0.0), (0.0, 0.0))
    assert sb.compile_hvp(formula)(0.0, 0.0, 1.0, 2.0) == (0.0, 0.0)
    assert sb.compile_laplacian(formula)(0.0, 0.0) == 0.0
    assert sb.compile_taylor(formula, order=2)(0.0, 0.0, 1.0, 2.0)[2] == 0.0


def test_hypotenuses_in_inner_derivatives() -> None:
    assert sb.compile_value("grad(grad(hypot(x, y), x), x)")(0.0, 0.0) == 0.0
    assert sb.compile_value("grad(grad(hypot(x, y)**2, x), x)")(0.0, 0.0) == 2.0


def test_hypotenuses_at_extremes() -> None:
    gradient = sb.compile_grad("hypot(x, y)")
    for scale in (1e-310, 1e200):
        assert gradient(3 * scale, 4 * scale) == pytest.approx((0.6, 0.8), rel=1e-15)
    assert sb.compile_hessian("hypot(x, y)")(3e200, 0.0) == ((0.0, 0.0), (0.0, 1 / 3e200))


def test_hypot_of_an_absolute_value_bends_where_it_is_smooth() -> None:
    assert sb.compile_hessian("hypot(abs(x), y)")(0.0, 2.0) == ((0.5, 0.0), (0.0, 0.0))


def test_lengths_of_lengths_are_lengths() -> None:
    formula = "sqrt(2*hypot(x, y)**2 + z**2)"
    assert sb.compile_grad(formula)(0.0, 0.0, 0.0) == (0.0, 0.0, 0.0)
    assert sb.compile_laplacian(formula)(0.0, 0.0, 1.0) == 4.0


def test_multiples_of_hypotenuses_overflow_no_sooner() -> None:
    assert sb.compile_value("(1e-200*hypot(x, y))**2")(3e200, 4e200) == pytest.approx(25.0, rel=1e-15)


def test_a_number_that_the_terms_of_an_adjoint_share_is_taken_out() -> None:
    found = sb.compile_grad("x[n] -> sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)")
    assert "2.0 * (t3 + t2_bar * t1)" in found.source and found.source.count("2.0 *") == 1
    x = np.array([0.5, -1.0, 2.0])
    inner = x[1:] - x[:-1] ** 2
    expected = np.append(-400 * inner * x[:-1] - 2 * (1 - x[:-1]), 0.0) + np.append(0.0, 200 * inner)
    np.testing.assert_allclose(found(x)[0], expected, rtol=1e-14)
