"""Non-negative factors of the handwritten digits by a bounded optimiser, against scikit-learn's coordinate descent.

Lee, D. D. and Seung, H. S. (1999), Learning the parts of objects by non-negative matrix factorization.
"""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import NMF

import symbackprop as sb
from examples.functions.fitting import fit, slope_error


def loss(params, X):
    """Return half the squared error of ``X = W @ H``."""
    return 0.5 * np.sum((X - params["W"] @ params["H"]) ** 2)


INPUTS = {"params": {"W": "m r", "H": "r n"}, "X": "m n"}


def main(count=100, rank=5):
    X = load_digits().data[:count] / 16
    compiled = sb.compile_value_and_grad(loss, inputs=INPUTS, wrt="params")
    print(compiled.source)

    rng = np.random.default_rng(0)
    start = {"W": rng.uniform(size=(count, rank)), "H": rng.uniform(size=(rank, 64))}
    params, found = fit(compiled, start, X, bounds=[(0, None)] * (rank * (count + 64)))
    model = NMF(rank, init="custom", max_iter=2000, tol=1e-6)
    peer_W = model.fit_transform(X, W=start["W"].copy(), H=start["H"].copy())
    peer = 0.5 * model.reconstruction_err_**2
    difference = abs(compiled({"W": peer_W, "H": model.components_}, X)[0] / peer - 1)
    error = slope_error(compiled, start, X)
    print(f"error {found.fun:.5f}, scikit-learn's {peer:.5f}; value off by {difference:.1e}, slopes by {error:.1e}")
    return {
        "difference": difference,
        "least": min(part.min() for part in params.values()),
        "ratio": found.fun / peer,
        "slope_error": error,
    }


if __name__ == "__main__":
    main()
