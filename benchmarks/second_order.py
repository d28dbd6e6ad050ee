"""Second derivatives: what a product with the Hessian takes, against one evaluation of the value."""

from __future__ import annotations

from functools import partial

import numpy as np

import symbackprop as sb
from benchmarks.row import Row
from benchmarks.timing import interleaved

__all__ = ["SECOND_ORDER"]

LOSS = "X[n,d] w[d] y[n] -> mean(logaddexp(0, -y*(X @ w))) + 0.01*sum(w**2)"


def hessian_products(quick: bool) -> list[Row]:
    """Time the Hessian of a logistic regression of 10,000 examples and 100 features times a vector."""
    n, d = 10_000, 100
    rng = np.random.default_rng(0)
    X, w, v = rng.normal(size=(n, d)), 0.1 * rng.normal(size=d), rng.normal(size=d)
    y = np.sign(rng.normal(size=n))
    product = sb.compile_hvp(LOSS, wrt="w")
    s = 1 / (1 + np.exp(-X @ w))
    np.testing.assert_allclose(product(X, w, y, v), X.T @ (s * (1 - s) * (X @ v)) / n + 0.02 * v, rtol=1e-10)
    works = {"value": partial(product.value.function, X, w, y), "product": partial(product.function, X, w, y, v)}
    times = interleaved(works, rounds=20 if quick else 100)
    counted = product.cost().at({"n": n, "d": d})[2]
    time = times["product"] / times["value"]
    return [
        Row("logistic regression 10,000 x 100: operations of H v / value", f"{counted:.2f}", "10", counted <= 10),
        Row("  time of H v / value", f"{time:.2f}", "4", time <= 4),
    ]


SECOND_ORDER = {"hessian-products": hessian_products}
