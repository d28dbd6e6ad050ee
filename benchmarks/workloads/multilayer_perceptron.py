"""The mean softmax cross-entropy of a perceptron with two layers of tanh; examples are rows, Y is one-hot."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from benchmarks.workloads.workload import Arguments, Workload

NAMES = ("W1", "b1", "W2", "b2", "W3", "b3")


def data(m: int, widths: tuple[int, ...]) -> Arguments:
    rng = np.random.default_rng(0)
    parameters = []
    for a, b in pairwise(widths):
        parameters += [rng.normal(size=(a, b)) / np.sqrt(a), 0.1 * rng.normal(size=b)]
    Y = np.eye(widths[-1])[rng.integers(0, widths[-1], m)]
    return dict(zip(NAMES, parameters, strict=True)) | {"X": rng.normal(size=(m, widths[0])), "Y": Y}


def by_hand(W1, b1, W2, b2, W3, b3, X, Y):
    A1 = X @ W1
    A1 += b1
    np.tanh(A1, out=A1)
    A2 = A1 @ W2
    A2 += b2
    np.tanh(A2, out=A2)
    Z = A2 @ W3
    Z += b3
    Z -= Z.max(axis=1, keepdims=True)
    D3 = np.exp(Z)
    total = D3.sum(axis=1, keepdims=True)
    scale = 1.0 / len(X)
    value = scale * (np.log(total).sum() - np.vdot(Y, Z))
    D3 /= total
    D3 -= Y
    D3 *= scale
    by_W3, by_b3 = A2.T @ D3, D3.sum(axis=0)
    D2 = D3 @ W3.T
    D2 *= _slope_of_tanh(A2)
    by_W2, by_b2 = A1.T @ D2, D2.sum(axis=0)
    D1 = D2 @ W2.T
    D1 *= _slope_of_tanh(A1)
    return value, (X.T @ D1, D1.sum(axis=0), by_W2, by_b2, by_W3, by_b3)


def _slope_of_tanh(A):
    """Return 1 - A**2, for which A is given up."""
    A *= A
    return np.subtract(1.0, A, out=A)


def value(xp, W1, b1, W2, b2, W3, b3, X, Y):
    Z = xp.tanh(xp.tanh(X @ W1 + b1) @ W2 + b2) @ W3 + b3
    return xp.mean(xp.special.logsumexp(Z, axis=1)) - xp.sum(Y * Z) / X.shape[0]


def in_torch(torch, W1, b1, W2, b2, W3, b3, X, Y):
    Z = torch.tanh(torch.tanh(X @ W1 + b1) @ W2 + b2) @ W3 + b3
    return torch.nn.functional.cross_entropy(Z, Y)


def in_pytensor(pt, W1, b1, W2, b2, W3, b3, X, Y):
    Z = pt.tanh(pt.tanh(X @ W1 + b1) @ W2 + b2) @ W3 + b3
    return -pt.sum(Y * pt.special.log_softmax(Z, axis=1)) / X.shape[0]


MULTILAYER_PERCEPTRON = Workload(
    kind="blas",
    sizes={
        "small": {"m": 8, "widths": (6, 8, 8, 4)},
        "medium": {"m": 128, "widths": (784, 256, 128, 10)},
        "large": {"m": 512, "widths": (1024, 1024, 512, 100)},
    },
    data=data,
    wrt=NAMES,
    formula="""
        W1[a,h] b1[h] W2[h,k] b2[k] W3[k,c] b3[c] X[m,a] Y[m,c] ->
        A1 = tanh(X @ W1 + b1)
        A2 = tanh(A1 @ W2 + b2)
        -sum(Y*log_softmax(A2 @ W3 + b3, axis=1))/X.shape[0]
    """,
    by_hand=by_hand,
    forms={"autograd": value, "jax": value, "torch": in_torch, "pytensor": in_pytensor},
)
