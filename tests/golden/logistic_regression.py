# symbackprop 0.1.0: generated code; change the formula, not this file
# inputs: X[n,d] w[d] y[n]
# computes: the value, and the gradient with respect to X, w, y
# formula:
#     X[n,d] w[d] y[n] -> mean(logaddexp(0, -y*(X @ w)))
# options: {"kind": "grad", "inputs": null, "wrt": null, "with_value": true, "target": "auto", "dtype": "float64", "name": "value_and_grad", "optimize": "readable"}
# sha256: 7da4f1d6966ab41882c048b758e7bce5e75cc480dbaaae1ac4284b7c5e26fa23

import numpy as np


def value_and_grad(X, w, y):
    """Return the value, and the gradient with respect to X, w, y.

    Formula::

        X[n,d] w[d] y[n] -> mean(logaddexp(0, -y*(X @ w)))

    Parameters
    ----------
    X : array of shape (n, d)
    w : array of shape (d,)
    y : array of shape (n,)
        Requires 1 <= n: a number is divided by this size, as for the weights of a mean

    Returns
    -------
    value : float
    dL/dX : array of shape (n, d)
    dL/dw : array of shape (d,)
    dL/dy : array of shape (n,)
        The derivatives are in a tuple, behind the value.
    """
    n = X.shape[0]
    # forward
    t1 = X @ w
    t2 = np.logaddexp(0.0, -y * t1)
    # backward
    t3 = 1.0 / n
    t4 = np.expm1(-t2)
    t1_bar = t3 * (t4 * y)                    # t2 = np.logaddexp(0.0, -y * t1)
    return np.mean(t2), (np.outer(t1_bar, w), X.T @ t1_bar, t3 * (t4 * t1))
