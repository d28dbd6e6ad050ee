"""The log-likelihood of a Gaussian mixture with a Wishart prior, up to constants.

The inverse covariance of component k is Q_k.T @ Q_k, where Q_k is lower triangular, with diagonal exp(q_k) and below it
L_k. The objective of F. Srajer, Z. Kukelova, A. Fitzgibbon, A benchmark of selected algorithmic differentiation tools on
some problems in computer vision and machine learning, Optimization Methods and Software 33 (2018), with gamma = 1, m = 0.
"""

from __future__ import annotations

import math

import numpy as np

from benchmarks.workloads.workload import Arguments, Workload

NAMES = ("alpha", "mu", "q", "L")


def data(n: int, d: int, K: int) -> Arguments:
    rng = np.random.default_rng(0)
    return {
        "alpha": rng.normal(size=K),
        "mu": rng.uniform(size=(K, d)),
        "q": 0.1 * rng.normal(size=(K, d)),
        "L": rng.normal(size=(K, d, d)) / d,
        "X": rng.normal(size=(n, d)),
    }


def by_hand(alpha, mu, q, L, X):
    (n, d), K = X.shape, len(alpha)
    scale = np.exp(q)
    Q = np.tril(L, -1)
    prior = 0.5 * (np.vdot(scale, scale) + np.vdot(Q, Q))
    by_L = Q.copy()
    Q.reshape(K, d * d)[:, :: d + 1] = scale
    rows = Q.reshape(K * d, d)
    Z = X @ rows.T  # all components by one product
    Z -= (Q @ mu[:, :, None]).reshape(K * d)
    Z3 = Z.reshape(n, K, d)
    scores = np.einsum("nki,nki->nk", Z3, Z3)
    scores *= -0.5
    scores += alpha + q.sum(axis=1)
    highest = scores.max(axis=1, keepdims=True)
    scores -= highest
    R = np.exp(scores, out=scores)
    total = R.sum(axis=1, keepdims=True)
    top = alpha.max()
    weights = np.exp(alpha - top)
    mass = weights.sum()
    likelihood = highest.sum() + np.log(total).sum() - n * (top + math.log(mass) + 0.5 * d * math.log(2.0 * math.pi))
    R /= total
    shares = R.sum(axis=0)
    weights *= n / mass
    Z3 *= R[:, :, None]  # minus the adjoint of Z
    z_sum = Z.sum(axis=0).reshape(K, 1, d)
    by_Q = (Z.T @ X).reshape(K, d, d)
    by_Q -= z_sum.reshape(K, d, 1) * mu[:, None, :]
    by_q = scale * scale
    by_q -= scale * np.diagonal(by_Q, axis1=1, axis2=2)
    by_q += shares[:, None]
    by_L -= np.tril(by_Q, -1)
    return likelihood + prior, (shares - weights, (z_sum @ Q).reshape(K, d), by_q, by_L)


def value(xp, alpha, mu, q, L, X):
    n, d = X.shape
    below = xp.tril(L, -1)
    Q = below + xp.exp(q)[:, :, None] * xp.eye(d)
    Z = xp.einsum("kij,nkj->nki", Q, X[:, None, :] - mu)
    scores = alpha + xp.sum(q, axis=1) - 0.5 * xp.sum(Z**2, axis=2)
    likelihood = xp.sum(xp.special.logsumexp(scores, axis=1)) - n * (xp.special.logsumexp(alpha) + d * HALF_LOG_2_PI)
    return likelihood + 0.5 * (xp.sum(xp.exp(2 * q)) + xp.sum(below**2))


HALF_LOG_2_PI = 0.5 * math.log(2.0 * math.pi)


def in_torch(torch, alpha, mu, q, L, X):
    n, d = X.shape
    below = torch.tril(L, -1)
    Q = below + torch.diag_embed(torch.exp(q))
    Z = torch.einsum("kij,nkj->nki", Q, X[:, None, :] - mu)
    scores = alpha + q.sum(1) - 0.5 * (Z**2).sum(2)
    likelihood = torch.logsumexp(scores, 1).sum() - n * (torch.logsumexp(alpha, 0) + d * HALF_LOG_2_PI)
    return likelihood + 0.5 * (torch.exp(2 * q).sum() + (below**2).sum())


GAUSSIAN_MIXTURE = Workload(
    kind="blas",
    sizes={
        "small": {"n": 20, "d": 3, "K": 4},
        "medium": {"n": 1_000, "d": 10, "K": 10},
        "large": {"n": 10_000, "d": 32, "K": 25},
    },
    data=data,
    wrt=NAMES,
    formula="""
        alpha[K] mu[K,d] q[K,d] L[K,d,d] X[n,d] ->
        below = tril(L, -1)
        Q = below + exp(q)[:, :, None]*eye(X.shape[1])
        Z = einsum('kij,nkj->nki', Q, X[:, None, :] - mu)
        scores = alpha + sum(q, axis=1) - 0.5*sum(Z**2, axis=2)
        normaliser = logsumexp(alpha) + 0.5*X.shape[1]*log(2*pi)
        prior = 0.5*(sum(exp(2*q)) + sum(below**2))
        sum(logsumexp(scores, axis=1)) - X.shape[0]*normaliser + prior
    """,
    by_hand=by_hand,
    forms={"autograd": value, "jax": value, "torch": in_torch},
)
