"""A Gaussian mixture of the iris data by direct maximisation of its likelihood, against scikit-learn's.

Covariances are L @ L.T with the diagonal of each L given by its logarithms, so that every vector of parameters is a
mixture and no constraint is needed.
"""

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import logsumexp
from sklearn.datasets import load_iris
from sklearn.mixture import GaussianMixture

import symbackprop as sb
from examples.functions.fitting import fit, slope_error


def factors(params):
    """Return the Cholesky factors of the covariances."""
    diagonals = np.exp(params["log_diagonals"])
    return [np.tril(below, -1) + np.diag(diagonal) for below, diagonal in zip(params["below"], diagonals, strict=True)]


def loss(params, X):
    """Return the negative log-likelihood, a point."""
    whitened = [
        solve_triangular(L, (X - m).T, lower=True) for L, m in zip(factors(params), params["means"], strict=True)
    ]
    squares = np.stack([np.sum(z**2, axis=0) for z in whitened])
    log_weights = params["logits"] - logsumexp(params["logits"]) - np.sum(params["log_diagonals"], axis=1)
    log_density = logsumexp(log_weights[:, None] - 0.5 * squares, axis=0)
    return -np.mean(log_density) + 0.5 * X.shape[1] * np.log(2 * np.pi)


INPUTS = {
    "params": {"logits": "3", "means": "3 d", "log_diagonals": "3 d", "below": "3 d d"},
    "X": "n d",
}


def parameters(model):
    """Return scikit-learn's mixture as parameters of ours."""
    L = np.linalg.cholesky(model.covariances_)
    diagonals = np.log(np.diagonal(L, axis1=1, axis2=2))
    return {
        "logits": np.log(model.weights_),
        "means": model.means_,
        "log_diagonals": diagonals,
        "below": np.tril(L, -1),
    }


def main():
    X = load_iris().data
    compiled = sb.compile_value_and_grad(loss, inputs=INPUTS, wrt="params")
    print(compiled.source)

    start = parameters(GaussianMixture(3, random_state=0, tol=0.1, reg_covar=0.0).fit(X))
    _, found = fit(compiled, start, X)
    peer = GaussianMixture(3, random_state=0, max_iter=2000, tol=1e-10, reg_covar=0.0).fit(X)
    value, gradient = compiled(parameters(peer), X)
    difference = abs(value / -peer.score(X) - 1)
    steepest = max(np.max(np.abs(part)) for part in gradient.values())
    error = slope_error(compiled, start, X)
    print(f"{found.fun:.6f} a point, by expectation maximisation {value:.6f}, where no slope exceeds {steepest:.1e}")
    print(f"value off by {difference:.1e} from scikit-learn's, slopes by {error:.1e}")
    return {"difference": difference, "gain": value - found.fun, "steepest": steepest, "slope_error": error}


if __name__ == "__main__":
    main()
