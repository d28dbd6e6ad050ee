"""Values and gradients of the functions in `examples.functions` as an expert writes them by hand."""

from __future__ import annotations

import numpy as np
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.special import digamma, gammaln, xlogy

__all__ = ["cox", "gaussian_process", "masked_factors", "mixture", "multinomial", "nmf", "student_t", "tsne"]


def multinomial(params, X, y, penalty):
    """Negative log-likelihood of labels under a softmax, and a penalty on the weights."""
    W = params["W"]
    scores = X @ W + params["b"]
    scores -= scores.max(axis=1, keepdims=True)
    rows = np.arange(len(y))
    chosen = scores[rows, y]
    E = np.exp(scores)
    S = E.sum(axis=1)
    value = np.sum(np.log(S) - chosen) + 0.5 * penalty * np.vdot(W, W)
    E /= S[:, None]
    E[rows, y] -= 1.0
    return value, {"W": X.T @ E + penalty * W, "b": E.sum(axis=0)}


def cox(params, X, event):
    """Negative log partial likelihood, subjects by falling time."""
    risk = X @ params["beta"]
    risk -= risk.max()
    E = np.exp(risk)
    S = np.cumsum(E)
    G = E * np.cumsum((event / S)[::-1])[::-1]
    G -= event
    return event @ (np.log(S) - risk), {"beta": G @ X}


def student_t(params, X, y):
    """Negative log-likelihood of residuals with Student's t distribution."""
    scale, dof = np.exp(params["log_scale"]), np.exp(params["log_dof"])
    z = (y - X @ params["w"] - params["b"]) * (1.0 / scale)
    half, n = 0.5 * (dof + 1.0), len(y)
    q = z * z
    q *= 1.0 / dof
    total = np.sum(np.log1p(q))
    log_norm = gammaln(half) - gammaln(0.5 * dof) - 0.5 * np.log(np.pi * dof) - params["log_scale"]
    q += 1.0
    g = z / q
    g *= (dof + 1.0) / (dof * scale)
    by_dof = 0.5 * dof * (total + n * (digamma(0.5 * dof) - digamma(half) + 1.0 / dof))
    spread = scale * (g @ z)
    return half * total - n * log_norm, {
        "w": -(g @ X),
        "b": -g.sum(),
        "log_scale": n - spread,
        "log_dof": by_dof - 0.5 * spread,
    }


def tsne(params, P):
    """Divergence of the affinities in the map; P is any matrix whose entries add up to 1."""
    Y = params["Y"]
    squares = np.einsum("ij,ij->i", Y, Y)
    D = Y @ Y.T
    D *= -2.0
    D += squares
    D += squares[:, None]
    K = 1.0 / (1.0 + D)
    total = K.sum() - len(Y)
    value = np.sum(xlogy(P, P)) + np.vdot(P, np.log1p(D)) + np.log(total)
    G = K * (-1.0 / total)
    G += P
    G *= K
    sums = G.sum(axis=0) + G.sum(axis=1)
    return value, {"Y": 2.0 * (sums[:, None] * Y - G @ Y - G.T @ Y)}


def nmf(params, X):
    """Half the squared error of a product."""
    W, H = params["W"], params["H"]
    R = W @ H
    R -= X
    return 0.5 * np.vdot(R, R), {"W": R @ H.T, "H": W.T @ R}


def masked_factors(params, X, known, penalty):
    """Half the squared error of a product where entries are known, and a penalty on both factors."""
    U, V = params["U"], params["V"]
    R = U @ V.T
    R -= X
    R[~known] = 0.0
    value = 0.5 * np.vdot(R, R) + 0.5 * penalty * (np.vdot(U, U) + np.vdot(V, V))
    return value, {"U": R @ V + penalty * U, "V": R.T @ U + penalty * V}


def gaussian_process(params, X, y):
    """Negative log marginal likelihood under a squared exponential kernel with a length for each input."""
    n, noise = len(y), np.exp(params["log_noise"])
    Z = X * np.exp(-params["log_lengths"])
    squares = np.einsum("ij,ij->i", Z, Z)
    D = Z @ Z.T
    D *= 2.0
    D -= squares
    D -= squares[:, None]
    D *= 0.5
    D += params["log_variance"]
    E = np.exp(D)
    K = E.copy()
    K.flat[:: n + 1] += noise
    L = cholesky(K, lower=True, overwrite_a=True, check_finite=False)
    alpha = cho_solve((L, True), y, check_finite=False)
    value = 0.5 * (y @ alpha) + np.log(np.diagonal(L)).sum() + 0.5 * n * np.log(2.0 * np.pi)
    G = cho_solve((L, True), np.eye(n), overwrite_b=True, check_finite=False)
    G -= np.outer(alpha, alpha)
    trace = np.trace(G)
    G *= E
    sums = G.sum(axis=0)  # G is symmetric
    by_lengths = sums @ (Z * Z) - np.einsum("ij,ij->j", G @ Z, Z)
    return value, {
        "log_variance": 0.5 * sums.sum(),
        "log_lengths": by_lengths,
        "log_noise": 0.5 * noise * trace,
    }


def mixture(params, X):
    """Negative log-likelihood a point of a mixture of three Gaussians, by the Cholesky factors of their covariances."""
    logits, means, below = params["logits"], params["means"], params["below"]
    diagonals = np.exp(params["log_diagonals"])
    n, d = X.shape
    weights = np.exp(logits - logits.max())
    weights /= weights.sum()
    factors, whitened, scores = [], [], np.empty((3, n))
    offsets = np.log(weights) - params["log_diagonals"].sum(axis=1)
    for k in range(3):
        L = np.tril(below[k], -1)
        L.flat[:: d + 1] = diagonals[k]
        z = solve_triangular(L, (X - means[k]).T, lower=True, check_finite=False)
        factors.append(L)
        whitened.append(z)
        scores[k] = offsets[k] - 0.5 * np.einsum("ij,ij->j", z, z)
    highest = scores.max(axis=0)
    scores -= highest
    np.exp(scores, out=scores)
    total = scores.sum(axis=0)
    value = -np.mean(highest + np.log(total)) + 0.5 * d * np.log(2.0 * np.pi)
    scores /= total * n
    shares = scores.sum(axis=1)
    by_means, by_diagonals, by_below = np.empty_like(means), np.empty_like(means), np.empty_like(below)
    for k in range(3):
        g = solve_triangular(
            factors[k], whitened[k] * scores[k], lower=True, trans="T", overwrite_b=True, check_finite=False
        )
        by_means[k] = -g.sum(axis=1)
        G = g @ whitened[k].T
        by_diagonals[k] = shares[k] - np.diagonal(G) * diagonals[k]
        by_below[k] = -np.tril(G, -1)
    return value, {
        "logits": weights - shares,
        "means": by_means,
        "log_diagonals": by_diagonals,
        "below": by_below,
    }
