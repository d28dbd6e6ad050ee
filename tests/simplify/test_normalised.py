"""Entries divided by their root mean square: seen whole, with the backward pass of the papers, and only where it is so."""

import numpy as np
import pytest

import symbackprop as sb

X, C = np.random.default_rng(0).normal(size=(2, 3, 4))


def by_hand(x, g, axis, eps):
    """Return the backward pass of a normalisation (Ioffe and Szegedy, 2015, section 3), written for any axis."""
    d = x - x.mean(axis=axis, keepdims=True)
    sigma = np.sqrt((d**2).mean(axis=axis, keepdims=True) + eps)
    xhat = d / sigma
    n = x.size // sigma.size
    total = np.sum(g, axis=axis, keepdims=True), np.sum(g * xhat, axis=axis, keepdims=True)
    return (n * g - total[0] - xhat * total[1]) / (n * sigma)


FORMS = {
    "d = x - mean(x, axis={0}, keepdims=True); d/sqrt(mean(d**2, axis={0}, keepdims=True) + {1})",
    "(x - mean(x, axis={0}, keepdims=True))/sqrt({1} + var(x, axis={0}, keepdims=True))",
    "d = x - mean(x, axis={0}, keepdims=True); d/sqrt(mean(d*d, axis={0}, keepdims=True) + {1})",
}


@pytest.mark.parametrize("axis", [0, 1, (0, 1)])
@pytest.mark.parametrize("form", sorted(FORMS))
def test_a_normalisation_is_seen_whole(form, axis):
    head, _, last = form.format(axis, "0.25").rpartition("; ")
    g = sb.compile_value_and_grad(f"{head}\nsum(c*({last}))", inputs="x[m,n] c[m,n]", wrt="x")
    assert g.rewrites["divided by a root mean square"] == 1
    np.testing.assert_allclose(g(X, C)[1], by_hand(X, C, axis, 0.25), rtol=1e-12, atol=1e-15)


def test_the_root_is_computed_once_and_names_stay():
    g = sb.compile_value_and_grad(
        "power = mean(x**2, axis=1)\nrms = sqrt(power + 0.5)\nxhat = x/rms[:, None]\nsum(c*xhat) + sum(power)",
        inputs="x[m,n] c[m,n]",
        wrt="x",
    )
    code = g.source.split('"""')[-1]
    assert code.count("np.sqrt") == 1
    assert "rms = np.sqrt(power + 0.5)" in code and "xhat = x / rms[:, None]" in code
    assert g.verify(seconds=1.0)


@pytest.mark.parametrize(
    "formula",
    [
        "sum(c*(x/sqrt(mean(x**2, axis=1, keepdims=True) - 0.01)))",  # not above 0
        "sum(c*(x/sqrt(mean(x**4, axis=1, keepdims=True) + 1)))",
        "sum(c*(c/sqrt(mean(x**2, axis=1, keepdims=True) + 1)))",
        "sum(c*(x/sqrt(mean(x**2, axis=1, keepdims=True) + x[0, 0])))",
        "sum(c*(x/sqrt(sum(x**2, axis=1, keepdims=True) + 1)))",
    ],
)
def test_others_stay(formula):
    g = sb.compile_value_and_grad(formula, inputs="x[m,n] c[m,n]", wrt="x")
    assert "divided by a root mean square" not in g.rewrites
    step = 1e-6
    slope = g(X, C)[1]
    there = sb.compile_value(formula, inputs="x[m,n] c[m,n]")
    direction = np.ones_like(X)
    quotient = (there(X + step * direction, C) - there(X - step * direction, C)) / (2 * step)
    assert np.sum(slope * direction) == pytest.approx(quotient, rel=1e-6)


def test_an_axis_of_the_same_size_is_another_axis():
    formula = "sum(c*(x/sqrt(mean(x**2, axis=0) + 0.5)[:, None]))"
    g = sb.compile_value_and_grad(formula, inputs="x[n,n] c[n,n]", wrt="x")
    assert "divided by a root mean square" not in g.rewrites
    assert g.verify(seconds=1.0)


def test_single_precision_stays_single():
    g = sb.compile_value_and_grad(
        "sum(c*(x/sqrt(mean(x**2, axis=1, keepdims=True) + 1e-5)))", inputs="x[m,n] c[m,n]", wrt="x", dtype="float32"
    )
    value, slope = g(X.astype(np.float32), C.astype(np.float32))
    assert value.dtype == slope.dtype == np.float32
