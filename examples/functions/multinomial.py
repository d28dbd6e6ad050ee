"""Multinomial logistic regression of the handwritten digits, against scikit-learn's own fit."""

import numpy as np
from scipy.special import logsumexp, softmax
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

import symbackprop as sb
from examples.functions.fitting import fit, slope_error


def loss(params, X, y, penalty):
    """Return the negative log-likelihood of the labels `y`, and the penalty on the weights."""
    scores = X @ params["W"] + params["b"]
    chosen = scores[np.arange(len(y)), y]
    return np.sum(logsumexp(scores, axis=1) - chosen) + 0.5 * penalty * np.sum(params["W"] ** 2)


INPUTS = {"params": {"W": "d k", "b": "k"}, "X": "n d", "y": "n:int", "penalty": ""}


def main(count=300, penalty=1.0):
    X, y = load_digits(return_X_y=True)
    X, y = X[:count] / 16, y[:count]
    compiled = sb.compile_value_and_grad(loss, inputs=INPUTS, wrt="params")
    print(compiled.source)

    start = {"W": np.zeros((64, 10)), "b": np.zeros(10)}
    params, found = fit(compiled, start, X, y, penalty)
    peer = LogisticRegression(C=1 / penalty, tol=1e-9, max_iter=10_000).fit(X, y)
    difference = np.max(np.abs(softmax(X @ params["W"] + params["b"], axis=1) - peer.predict_proba(X)))
    error = slope_error(compiled, params | {"b": np.ones(10)}, X, y, penalty)
    print(f"loss {found.fun:.6f}; probabilities differ from scikit-learn's by {difference:.1e}, slopes by {error:.1e}")
    return {"difference": difference, "slope_error": error}


if __name__ == "__main__":
    main()
