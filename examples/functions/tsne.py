"""The gradient of t-SNE on the iris data, against scikit-learn's, and the map that it gives.

van der Maaten, L. and Hinton, G. (2008), Visualizing data using t-SNE.
"""

import numpy as np
from scipy.special import xlogy
from sklearn.datasets import load_iris
from sklearn.manifold import _t_sne
from sklearn.metrics import pairwise_distances

import symbackprop as sb
from examples.functions.fitting import fit, slope_error


def loss(params, P):
    """Return the divergence of Q from P, where Q is 1/(1 + distance**2) of the points in the map, over its sum."""
    Y = params["Y"]
    squares = np.sum(Y**2, axis=1)
    distances = squares[:, None] + squares - 2 * Y @ Y.T
    total = np.sum(1 / (1 + distances)) - len(Y)  # without a point's affinity to itself
    return np.sum(xlogy(P, P)) + np.sum(P * np.log1p(distances)) + np.log(total)


INPUTS = {"params": {"Y": "n d"}, "P": "n n"}


def affinities(X, perplexity):
    """Return the joint probabilities of pairs of points: as a matrix, and as scikit-learn keeps them."""
    squared = pairwise_distances(X, squared=True).astype(np.float32)
    condensed = _t_sne._joint_probabilities(squared, perplexity, 0)
    P = np.zeros((len(X), len(X)))
    upper = np.triu_indices(len(X), 1)
    P[upper] = condensed
    return P + P.T, condensed


def main(every=1, iterations=100, perplexity=15):
    X = load_iris().data[::every]
    P, condensed = affinities(X, perplexity)
    P /= P.sum()
    compiled = sb.compile_value_and_grad(loss, inputs=INPUTS, wrt="params")
    print(compiled.source)

    start = {"Y": 1e-2 * (X - X.mean(axis=0))[:, :2]}
    _, found = fit(compiled, start, P, options={"maxiter": iterations})
    value, gradient = compiled(start, P)
    peer_value, peer = _t_sne._kl_divergence(start["Y"].ravel(), condensed, 1, len(X), 2)
    difference = np.max(np.abs(gradient["Y"].ravel() - peer)) / np.max(np.abs(peer))
    error = slope_error(compiled, {"Y": np.random.default_rng(0).normal(size=(len(X), 2))}, P)
    print(f"divergence {value:.4f} at the start, {found.fun:.4f} in the map")
    print(f"gradient off by {difference:.1e} from scikit-learn's, slopes by {error:.1e}")
    return {
        "difference": max(difference, abs(value / peer_value - 1)),
        "divergence": found.fun,
        "slope_error": error,
    }


if __name__ == "__main__":
    main()
