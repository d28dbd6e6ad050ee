"""A deep equilibrium layer: hidden units that settle, fitted to the iris data.

The layer gives the h with ``h = tanh(W h + U x + b)`` for every flower; its gradient is one linear solve at the solution,
whatever found it. Bai, Kolter and Koltun (2019), Deep equilibrium models, NeurIPS 32. It is compared with the same
iteration written out as a loop, and with difference quotients.
"""

import numpy as np
from scipy.optimize import minimize
from sklearn.datasets import load_iris

import symbackprop as sb

UNITS = 3


def logits(params, X, settle):
    W, U, b, V, c = (params[name] for name in "WUbVc")
    rate = 0.9 / np.sqrt(np.sum(W**2) + 1.0)  # so that the iteration contracts

    def step(h):
        return np.tanh(rate * h @ W + X @ U + b)

    return settle(step, np.zeros((len(X), UNITS))) @ V + c


def loss_by(settle):
    def loss(params, X, onehot):
        scores = logits(params, X, settle)
        entropy = np.mean(np.log(np.sum(np.exp(scores), axis=1)) - np.sum(onehot * scores, axis=1))
        return entropy + 0.001 * sum(np.sum(array**2) for array in params.values())

    return loss


def iterated(step, h):
    return sb.scan(lambda h: (step(h), None), h, length=150)[0]


def main(every: int = 15) -> dict[str, float]:
    X, target = load_iris(return_X_y=True)
    X = ((X - X.mean(axis=0)) / X.std(axis=0))[::every]
    onehot = np.eye(3)[target[::every]]
    rng = np.random.default_rng(0)
    shapes = {"W": (UNITS, UNITS), "U": (4, UNITS), "b": (UNITS,), "V": (UNITS, 3), "c": (3,)}
    params = {name: 0.5 * rng.normal(size=shape) for name, shape in shapes.items()}

    example = {"params": params, "X": X, "onehot": onehot}
    layer = sb.compile_value_and_grad(loss_by(sb.fixed_point), inputs=example, wrt="params")
    unrolled = sb.compile_value_and_grad(loss_by(iterated), inputs=example, wrt="params")
    print(layer.source)
    value, gradient = layer(params, X, onehot)
    other, slopes = unrolled(params, X, onehot)
    difference = max(float(np.max(np.abs(gradient[name] - slopes[name]))) for name in params)
    print(f"loss {value:.6f}, by iterating {other:.6f}; gradients differ by {difference:.1e}")

    start = np.concatenate([params[name].ravel() for name in shapes])

    def unpacked(x):
        parts = np.split(x, np.cumsum([np.prod(shape, dtype=int) for shape in shapes.values()])[:-1])
        return {name: part.reshape(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}

    def flat(x):
        value, slopes = layer(unpacked(x), X, onehot)
        return value, np.concatenate([slopes[name].ravel() for name in shapes])

    fit = minimize(flat, start, jac=True, method="BFGS", options={"maxiter": 25})
    print(f"after {fit.nit} steps of BFGS: loss {fit.fun:.4f}")
    return {
        "value_error": abs(float(value - other)),
        "difference": difference,
        "fell": float(value - fit.fun),
        "solves": layer.source.split("# backward")[1].count("np.linalg.solve("),
    }


if __name__ == "__main__":
    main()
