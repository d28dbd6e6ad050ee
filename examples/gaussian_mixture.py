"""The log-likelihood of a Gaussian mixture and its gradient on the iris data.

The inverse covariance of component k is Q_k.T @ Q_k with a lower triangular factor Q_k, given by the logarithms of its
diagonal and by its strictly lower part, as in the objective of Srajer, Kukelova and Fitzgibbon (2018), A benchmark of
selected algorithmic differentiation tools on some problems in computer vision and machine learning.
"""

import numpy as np
from sklearn.datasets import load_iris

import symbackprop as sb

FORMULA = """
alpha[K] mu[K,d] q[K,d] L[K,d,d] X[n,d] ->
Q = tril(L, -1) + einsum('ki,ij->kij', exp(q), eye(X.shape[1]))
centred = X[:, None, :] - mu
z = einsum('kij,nkj->nki', Q, centred)
scores = alpha + sum(q, axis=1) - 0.5*sum(z**2, axis=2)
sum(logsumexp(scores, axis=1)) - X.shape[0]*(logsumexp(alpha) + 0.5*X.shape[1]*log(2*pi))
"""


def main() -> dict[str, float]:
    X = load_iris().data
    rng = np.random.default_rng(0)
    K, d = 3, X.shape[1]
    point = {
        "alpha": rng.normal(size=K),
        "mu": X[rng.choice(len(X), K)],
        "q": 0.1 * rng.normal(size=(K, d)),
        "L": 0.1 * rng.normal(size=(K, d, d)),
    }
    likelihood = sb.compile_value_and_grad(FORMULA, wrt=tuple(point))
    print(likelihood.source)
    value, gradient = likelihood(**point, X=X)

    direction = {name: rng.normal(size=array.shape) for name, array in point.items()}
    ends = [
        likelihood.value(**{name: point[name] + sign * 1e-6 * direction[name] for name in point}, X=X)
        for sign in (1, -1)
    ]
    slope = sum(float(np.sum(g * direction[name])) for g, name in zip(gradient, point, strict=True))
    difference = abs(slope - (ends[0] - ends[1]) / 2e-6) / abs(slope)
    print(f"log-likelihood {value:.4f}; slope along a direction {slope:.6f}, off by {difference:.1e} relative")
    return {"value": float(value), "difference": difference, "ratio": likelihood.cost().ratio}


if __name__ == "__main__":
    main()
