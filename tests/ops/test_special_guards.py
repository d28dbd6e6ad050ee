"""Special functions in branches that are not taken: slope 0 and no warning outside of their domains."""

from __future__ import annotations

import numpy as np
import pytest

import symbackprop as sb

BRANCHES = [  # a condition, a function, where it is taken, where it is not
    ("x > 0", "gamma(x)", 1.5, -2.0),
    ("x > 0", "gammaln(x)", 1.5, -2.0),
    ("x > 0", "digamma(x)", 1.5, -2.0),
    ("x > 0", "beta(x, 2.5)", 1.5, -3.0),
    ("x > 0", "betaln(2.5, x)", 1.5, -3.0),
    ("x > 0", "zeta(2.5, x)", 1.5, -3.0),
    ("x > 0", "jv(0.5, x)", 1.5, -3.0),
    ("x > 0", "yv(0, x)", 1.5, 0.0),
    ("x < 700", "iv(1, x)", 1.5, 1e5),
    ("x > 0", "kv(1, x)", 1.5, 0.0),
    ("x > 0", "spherical_yn(1, x)", 1.5, 0.0),
    ("abs(x) < 1", "erfinv(x)", 0.5, 1.0),
    ("x > 0", "erfcinv(x)", 0.5, -1.0),
    ("x > 0", "ndtri(x)", 0.5, 0.0),
    ("x < 20", "erfi(x)", 0.5, 1e3),
    ("x < 1", "ellipk(x)", 0.5, 1.0),
    ("x < 1", "ellipe(x)", 0.5, 3.0),
    ("x < 1", "ellipkinc(1.25, x)", 0.5, 3.0),
    ("x > -0.3", "lambertw(x)", 0.5, -1.0),
    ("x < 0", "lambertw(x, -1)", -0.2, 0.5),
    ("x > 0", "gammainc(0.5, x)", 0.5, -1.0),
    ("x > 0", "uppergamma(2.5, x)", 0.5, -1.0),
    ("x > 0", "exp1(x)", 0.5, 0.0),
    ("x != 0", "expi(x)", 0.5, 0.0),
    ("x > 0", "expn(3, x)", 0.5, -1.0),
    ("x > 0", "Ci(x)", 0.5, 0.0),
    ("x**2 < 1", "assoc_legendre(6, 3, x)", 0.5, 2.0),
    ("x < 100", "airybi(x)", 0.5, 1e3),
    ("x < 700", "Shi(x)", 0.5, 1e4),
    ("x > 0", "binom(x, 2.5)", 1.5, -3.0),
    ("x > 0", "poch(x, 2.5)", 1.5, -3.0),
    ("x < 1", "elliptic_pi(x, 0.3)", 0.3, 1.0),
    ("x < 1", "elliptic_pi(-2, x)", -2.01, 4.0),
    ("x < 1", "elliptic_pi(x, x/2)", 0.0, 3.0),
    ("x < 2", "elliptic_pi(0.3, x, 0.2)", 1.7, 3.0),
    ("x < 1", "polylog(2, x)", 0.3, 1.0),
    ("x < 1", "polylog(2, x)", 0.7, 3.0),
    ("x < 1", "polylog(0, x)", 0.7, 1.0),
    ("x > 0", "spence(x)", 0.3, -1.0),
    ("abs(x) < 0.9", "erf2inv(0.1, x)", 0.3, 2.0),
    ("x < 1", "betainc(2, 3, x)", 0.3, 4.0),
    ("x < 1", "hyp2f1(0.5, 1, 3, x)", 0.3, 4.0),
    ("x < 600", "hyp1f1(0.5, 2, x)", 0.3, 1e4),
]


@pytest.mark.parametrize(("condition", "function", "inside", "outside"), BRANCHES)
def test_a_branch_that_is_not_taken(condition: str, function: str, inside: float, outside: float) -> None:
    compiled = sb.compile_value_and_grad(f"sum(where({condition}, {function}, 2*x))", inputs={"x": "n"})
    alone = sb.compile_value_and_grad(function)
    with np.errstate(all="raise", under="ignore"):
        value, (slopes,) = compiled(np.array([inside, outside]))
    expected, (slope,) = alone(inside)
    assert value == pytest.approx(float(expected) + 2 * outside, rel=1e-14)
    np.testing.assert_allclose(slopes, [float(slope), 2.0], rtol=1e-14)


def test_a_derivative_of_which_scipy_would_be_wrong_is_refused():
    with pytest.raises(sb.UnsupportedError, match="is an integer but for rounding"):
        sb.compile_grad("hyp2f1(0.3, 0.4, 1.7, x)")
    assert sb.compile_value("hyp2f1(0.3, 0.4, 1.7, x)")(0.5) > 0
