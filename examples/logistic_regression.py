"""Fit a logistic regression to the breast-cancer data with SciPy's optimiser and a compiled gradient.

The coefficients are compared with scikit-learn's own fit of the same objective.
"""

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression

import symbackprop as sb

FORMULA = "X[n,d] w[d] b y[n] -> sum(logaddexp(0, -y*(X @ w + b))) + 0.5*sum(w**2)"


def main() -> dict[str, float]:
    data = load_breast_cancer()
    X = (data.data - data.data.mean(axis=0)) / data.data.std(axis=0)
    y = 2.0 * data.target - 1.0
    problem = sb.compile_scipy(FORMULA, start={"w": np.zeros(X.shape[1]), "b": 0.0}, data={"X": X, "y": y})
    print(problem.compiled.source)
    fit = problem.minimize(method="L-BFGS-B", options={"gtol": 1e-8, "ftol": 1e-14})
    peer = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000).fit(X, data.target)
    difference = np.max(np.abs(np.append(peer.coef_, peer.intercept_) - fit.x))
    print(f"loss {fit.fun:.6f} after {fit.nit} iterations; largest difference to scikit-learn {difference:.1e}")
    return {"loss": float(fit.fun), "difference": float(difference), "ratio": problem.compiled.cost().ratio}


if __name__ == "__main__":
    main()
