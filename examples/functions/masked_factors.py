"""Low-rank factors of the handwritten digits from a part of their pixels; the hidden ones are predicted.

Salakhutdinov, R. and Mnih, A. (2007), Probabilistic matrix factorization.
"""

import numpy as np
from sklearn.datasets import load_digits

import symbackprop as sb
from examples.functions.fitting import fit, slope_error


def loss(params, X, known, penalty):
    """Return half the squared error of the entries known, and the penalty on both factors."""
    U, V = params["U"], params["V"]
    residual = np.where(known, X - U @ V.T, 0.0)
    return 0.5 * np.sum(residual**2) + 0.5 * penalty * (np.sum(U**2) + np.sum(V**2))


INPUTS = {"params": {"U": "m r", "V": "n r"}, "X": "m n", "known": "m n:bool", "penalty": ""}


def best_rows(V, X, known, penalty):
    """Return the least-squares solution for U, row by row, with V held fixed."""
    normal = [V[own].T @ V[own] + penalty * np.eye(V.shape[1]) for own in known]
    return np.stack([np.linalg.solve(A, V[own].T @ x[own]) for A, own, x in zip(normal, known, X, strict=True)])


def main(count=100, rank=4, penalty=0.5):
    X = load_digits().data[:count] / 16
    rng = np.random.default_rng(0)
    known = rng.random(X.shape) < 0.7
    compiled = sb.compile_value_and_grad(loss, inputs=INPUTS, wrt="params")
    print(compiled.source)

    start = {"U": rng.normal(size=(count, rank)), "V": rng.normal(size=(64, rank))}
    params, _ = fit(compiled, start, np.where(known, X, np.nan), known, penalty)
    difference = np.max(np.abs(params["U"] - best_rows(params["V"], X, known, penalty)))
    error = slope_error(compiled, start, X, known, penalty)
    hidden = np.sqrt(np.mean((X - params["U"] @ params["V"].T)[~known] ** 2))
    spread = np.sqrt(np.mean((X - X.mean(axis=0))[~known] ** 2))
    print(f"hidden pixels are off by {hidden:.3f}, by {spread:.3f} if their mean is taken")
    print(f"rows differ from least squares by {difference:.1e}, slopes by {error:.1e}")
    return {"difference": difference, "hidden": hidden, "spread": spread, "slope_error": error}


if __name__ == "__main__":
    main()
