"""The workloads, each a function that returns rows of the table: what, figure, limit, whether it holds."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import sympy

try:  # an optional peer: pip install 'symbackprop[bench]'
    import autograd
    import autograd.numpy
    import autograd.scipy.special
except ImportError:
    autograd = None

import symbackprop as sb
from benchmarks import by_hand
from benchmarks.density_functionals import density_functionals
from benchmarks.row import Row
from benchmarks.timing import fresh_copy, interleaved
from examples import black_scholes as pricing
from examples import gaussian_mixture, logistic_regression

LOGISTIC = "X[n,d] w[d] y[n] -> mean(logaddexp(0, -y*(X @ w)))"
PERCEPTRON = """
W1[a,h] b1[h] W2[h,k] b2[k] W3[k,c] b3[c] X[m,a] Y[m,c] ->
A1 = tanh(X @ W1 + b1)
A2 = tanh(A1 @ W2 + b2)
-sum(Y*log_softmax(A2 @ W3 + b3, axis=1))/X.shape[0]
"""


def black_scholes(quick: bool) -> list[Row]:
    compiled = sb.compile_value_and_grad(pricing.FORMULA, wrt=("S", "K", "r", "sigma", "T"))
    order = [spec.name for spec in compiled.signature]
    arguments = [pricing.POINT[name] for name in order]
    S, K, r, sigma, T = symbols = sympy.symbols("S K r sigma T")
    d1 = (sympy.log(S / K) + (r + sigma**2 / 2) * T) / (sigma * sympy.sqrt(T))
    d2 = d1 - sigma * sympy.sqrt(T)
    N1, N2 = ((1 + sympy.erf(d / sympy.sqrt(2))) / 2 for d in (d1, d2))
    price = S * N1 - K * sympy.exp(-r * T) * N2
    peer = sympy.lambdify(symbols, [price, *(sympy.diff(price, s) for s in symbols)], "math", cse=True)
    named = [pricing.POINT[str(s)] for s in symbols]
    # How two functions of a microsecond happen to lie in memory moves the ratio of their times by some 5 %, and stays
    # as it is for as long as they live. So both are loaded anew several times, with the copies before kept alive that
    # the next lie elsewhere, and the median over the copies counts.
    kept, ratios, others = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ours.py"
        path.write_text(compiled.source)
        for _ in range(9 if quick else 25):
            ours = fresh_copy(path, compiled.function.__name__)
            hand = fresh_copy(by_hand.__file__, "black_scholes")
            kept += [ours, hand]
            times = interleaved(
                {"ours": partial(ours, *arguments), "hand": partial(hand, *named), "sympy": partial(peer, *named)},
                rounds=12 if quick else 36,
                calls=500,
            )
            ratios.append(times["ours"] / times["hand"])
            others.append(times["ours"] / times["sympy"])
    ratio, against = statistics.median(ratios), statistics.median(others)
    works = {"checked": partial(compiled, *arguments), "bare": partial(compiled.function, *arguments)}
    times = interleaved(works, rounds=12 if quick else 36, calls=500)
    passing = times["checked"] - times["bare"]
    return [
        Row("Black-Scholes value and five Greeks: ours / by hand", f"{ratio:.2f}", "1.3", ratio <= 1.3),
        Row("  ours / sympy.lambdify(cse=True)", f"{against:.2f}", "1.0", against < 1.0),
        Row("  five numbers checked by a call", f"{1e6 * passing:.1f} us", "4 us", passing < 4e-6),
    ]


def logistic(quick: bool) -> list[Row]:
    rng = np.random.default_rng(0)
    X, w = rng.normal(size=(10_000, 100)), 0.1 * rng.normal(size=100)
    y = np.sign(X @ rng.normal(size=100) + rng.normal(size=10_000))
    compiled = sb.compile_value_and_grad(LOGISTIC, wrt="w")
    works = {"ours": compiled, "hand": by_hand.logistic_regression}
    if autograd is not None:
        works["autograd"] = autograd.value_and_grad(
            lambda X, w, y: autograd.numpy.mean(autograd.numpy.logaddexp(0.0, -y * (X @ w))), 1
        )
    return _array_rows("logistic regression 10,000 x 100", works, (X, w, y), quick)


def perceptron(quick: bool) -> list[Row]:
    rng = np.random.default_rng(0)
    sizes = (784, 256, 128, 10)
    arguments = []
    for a, b in pairwise(sizes):
        arguments += [rng.normal(size=(a, b)) / np.sqrt(a), np.zeros(b)]
    arguments += [rng.normal(size=(128, 784)), np.eye(10)[rng.integers(0, 10, 128)]]
    compiled = sb.compile_value_and_grad(PERCEPTRON, wrt=("W1", "b1", "W2", "b2", "W3", "b3"))
    works = {"ours": compiled, "hand": by_hand.perceptron}
    if autograd is not None:
        works["autograd"] = autograd.value_and_grad(_perceptron_loss, tuple(range(6)))
    return _array_rows("perceptron 784-256-128-10, batch 128", works, arguments, quick)


def _perceptron_loss(W1, b1, W2, b2, W3, b3, X, Y):
    """Compute the loss as a user of autograd writes it."""
    np_ = autograd.numpy
    Z3 = np_.tanh(np_.tanh(X @ W1 + b1) @ W2 + b2) @ W3 + b3
    return -np_.sum(Y * (Z3 - autograd.scipy.special.logsumexp(Z3, axis=1, keepdims=True))) / X.shape[0]


def _array_rows(name: str, works: dict[str, Callable[..., Any]], arguments: Sequence[Any], quick: bool) -> list[Row]:
    """Time value and gradient of all competitors, which must agree."""
    value, gradient = works["ours"](*arguments)
    for work in works.values():
        other_value, other = work(*arguments)
        np.testing.assert_allclose(value, other_value, rtol=1e-9)
        for one, two in zip(_parts(gradient), _parts(other), strict=True):
            np.testing.assert_allclose(one, two, rtol=1e-9, atol=1e-12)
    times = interleaved({who: partial(work, *arguments) for who, work in works.items()}, rounds=40 if quick else 200)
    ratio = times["ours"] / times["hand"]
    rows = [Row(f"{name}: ours / by hand", f"{ratio:.2f}", "1.3", ratio <= 1.3)]
    if "autograd" in times:
        rows.append(Row("  ours / autograd", f"{times['ours'] / times['autograd']:.2f}", "", True))
    return rows


def _parts(gradient: Any) -> tuple[Any, ...]:
    return gradient if isinstance(gradient, tuple) else (gradient,)


def counted_operations(quick: bool) -> list[Row]:
    formulas = {
        "Black-Scholes": pricing.FORMULA,
        "Gaussian mixture": gaussian_mixture.FORMULA,
        "logistic regression": logistic_regression.FORMULA,
        "perceptron": PERCEPTRON,
    }
    rows = [
        Row(
            f"counted operations, (value and gradient) / value: {name}",
            f"{sb.compile_grad(text).cost().ratio:.2f}",
            "",
            True,
        )
        for name, text in formulas.items()
    ]
    for name, text in {
        "(w*x + b - y)**2": "(w*x + b - y)**2",
        "product of 20": "*".join(f"x{i}" for i in range(20)),
    }.items():
        ratio = sb.compile_grad(text).cost().ratio
        rows.append(Row(f"  rational scalar: {name}", f"{ratio:.2f}", "5", ratio <= 5))
    return rows


FORMULAS = {
    "black-scholes": black_scholes,
    "logistic": logistic,
    "perceptron": perceptron,
    "operations": counted_operations,
    "density-functionals": density_functionals,
}
