"""Hyperparameters of a Gaussian process by its marginal likelihood on the diabetes data, against scikit-learn's.

Rasmussen, C. E. and Williams, C. K. I. (2006), Gaussian Processes for Machine Learning, algorithm 2.1.
"""

import numpy as np
from scipy.linalg import cho_solve
from sklearn.datasets import load_diabetes
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

import symbackprop as sb
from examples.functions.fitting import fit, slope_error


def loss(params, X, y):
    """Return the negative log marginal likelihood; the kernel is a squared exponential with a length for each input."""
    scaled = X / np.exp(params["log_lengths"])
    squares = np.sum(scaled**2, axis=1)
    distances = squares[:, None] + squares - 2 * scaled @ scaled.T
    K = np.exp(params["log_variance"] - 0.5 * distances) + np.exp(params["log_noise"]) * np.eye(len(X))
    L = np.linalg.cholesky(K)
    alpha = cho_solve((L, True), y)
    return 0.5 * y @ alpha + np.sum(np.log(np.diag(L))) + 0.5 * len(y) * np.log(2 * np.pi)


INPUTS = {"params": {"log_variance": "", "log_lengths": "d", "log_noise": ""}, "X": "n d", "y": "n"}


def main(count=100):
    X, y = load_diabetes(return_X_y=True)
    X, y = X[:count, :4] / X.std(axis=0)[:4], (y[:count] - y.mean()) / y.std()
    compiled = sb.compile_value_and_grad(loss, inputs=INPUTS, wrt="params")
    print(compiled.source)

    start = {"log_variance": np.array(0.0), "log_lengths": np.ones(4), "log_noise": np.array(-0.5)}
    bounds = [(-5.0, 5.0)] * 6
    params, found = fit(compiled, start, X, y, bounds=bounds)
    kernel = ConstantKernel(1.0) * RBF(np.exp(np.ones(4))) + WhiteKernel(np.exp(-0.5))
    peer = GaussianProcessRegressor(kernel, alpha=0.0, optimizer=None).fit(X, y)
    value, gradient = compiled(start, X, y)
    ours = np.concatenate([np.ravel(part) for part in gradient.values()])
    peer_value, slopes = peer.log_marginal_likelihood(peer.kernel_.theta, eval_gradient=True)
    difference = max(abs(value / -peer_value - 1), np.max(np.abs(ours + slopes)) / np.max(np.abs(slopes)))
    error = slope_error(compiled, start, X, y)
    print(f"value {value:.4f} at the start, {found.fun:.4f} with lengths {np.exp(params['log_lengths']).round(1)}")
    print(f"value and gradient off by {difference:.1e} from scikit-learn's, slopes by {error:.1e}")
    return {"difference": difference, "fell": value - found.fun, "slope_error": error}


if __name__ == "__main__":
    main()
