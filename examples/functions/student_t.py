"""A regression that outliers do not move: residuals with Student's t distribution, scale and degrees of freedom fitted.

Lange, K. L., Little, R. J. A. and Taylor, J. M. G. (1989), Robust statistical modeling using the t distribution.
"""

import numpy as np
from scipy import stats
from scipy.special import gammaln
from sklearn.datasets import load_diabetes

import symbackprop as sb
from examples.functions.fitting import fit, slope_error


def loss(params, X, y):
    """Return the negative log-likelihood."""
    scale, dof = np.exp(params["log_scale"]), np.exp(params["log_dof"])
    z = (y - X @ params["w"] - params["b"]) / scale
    log_norm = gammaln((dof + 1) / 2) - gammaln(dof / 2) - 0.5 * np.log(np.pi * dof) - params["log_scale"]
    return (dof + 1) / 2 * np.sum(np.log1p(z**2 / dof)) - len(y) * log_norm


INPUTS = {"params": {"w": "d", "b": "", "log_scale": "", "log_dof": ""}, "X": "n d", "y": "n"}


def main():
    X, y = load_diabetes(return_X_y=True)
    X, y = X / X.std(axis=0), (y - y.mean()) / y.std()
    y[::20] += 5.0  # outliers
    compiled = sb.compile_value_and_grad(loss, inputs=INPUTS, wrt="params")
    print(compiled.source)

    start = {"w": np.zeros(10), "b": np.array(0.0), "log_scale": np.array(0.0), "log_dof": np.log(5.0)}
    params, found = fit(compiled, start, X, y)
    location, scale, dof = X @ params["w"] + params["b"], np.exp(params["log_scale"]), np.exp(params["log_dof"])
    difference = abs(-stats.t.logpdf(y, dof, location, scale).sum() / found.fun - 1)
    error = slope_error(compiled, start, X, y)
    print(f"{dof:.2f} degrees of freedom, scale {scale:.3f}")
    print(f"likelihood off by {difference:.1e} from SciPy's, slopes by {error:.1e}")
    return {"difference": difference, "dof": float(dof), "steepest": np.max(np.abs(found.jac)), "slope_error": error}


if __name__ == "__main__":
    main()
