"""Axes that products of matrices are stacked along come first, where nobody else sees the array."""

from __future__ import annotations

import numpy as np
import pytest

import symbackprop as sb

PRODUCTS = "Q[K,d,d] X[n,d] mu[K,d] -> sum(sin(einsum('kij,nkj->nki', Q, {difference})))"
NAME = "stacks first"


@pytest.mark.parametrize("difference", ["X[:, None, :] - mu", "exp(X)[:, None, :]*tanh(mu)"])
def test_each_product_reads_an_array_in_one_piece(difference):
    formula = PRODUCTS.format(difference=difference)
    g = sb.compile_value_and_grad(formula)
    assert g.rewrites[NAME] == 1
    assert "[:, None, :]" in g.source and "np.swapaxes(t" in g.source
    rng = np.random.default_rng(0)
    arguments = [rng.normal(size=shape) for shape in ((3, 2, 2), (5, 2), (3, 2))]
    _, gradients = g(*arguments)
    step, directions = 1e-6, [rng.normal(size=x.shape) for x in arguments]
    above, below = (g(*(x + s * step * v for x, v in zip(arguments, directions, strict=True)))[0] for s in (1, -1))
    slope = sum(np.vdot(a, v) for a, v in zip(gradients, directions, strict=True))
    assert (above - below) / (2 * step) == pytest.approx(slope, rel=1e-7)


@pytest.mark.parametrize(
    "formula",
    [
        "Q[K,d,d] X[n,d] mu[K,d] -> D = X[:, None, :] - mu\nsum(einsum('kij,nkj->nki', Q, D))",  # has a name
        "Q[K,d,d] X[n,d] mu[K,d] -> sum(einsum('kij,nkj->nki', Q, X[:, None, :] - mu)**2) + sum(cos(X[:, None, :] - mu))",
        "Q[K,d,d] X[n,d] mu[K,d] -> sum(einsum('kij,knj->nki', Q, X - mu[:, None, :])**2)",  # as they are
    ],
)
def test_what_others_see_stays(formula):
    assert NAME not in sb.compile_value_and_grad(formula).rewrites


def test_it_is_verified():
    g = sb.compile_value_and_grad(PRODUCTS.format(difference="X[:, None, :] - mu"))
    assert g.verify(points=1, seconds=0.5)
