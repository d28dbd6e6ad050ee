# symbackprop 0.1.0: generated code; change the formula, not this file
# inputs: X[n,d] w[d] b y[n]
# computes: the value, and the gradient with respect to X, w, b, y
# formula:
#     X[n,d] w[d] b y[n] -> mean((X @ w + b - y)**2)
# options: {"kind": "grad", "inputs": null, "wrt": null, "with_value": true, "target": "auto", "dtype": "float64", "name": "value_and_grad", "optimize": "readable"}
# sha256: 062438c63fc3a53a557a08044143d538ffcae8684343ad2ddf6eba11a728f291

import numpy as np


def value_and_grad(X, w, b, y):
    """Return the value, and the gradient with respect to X, w, b, y.

    Formula::

        X[n,d] w[d] b y[n] -> mean((X @ w + b - y)**2)

    Parameters
    ----------
    X : array of shape (n, d)
    w : array of shape (d,)
    b : float
    y : array of shape (n,)
        Requires 1 <= n: a number is divided by this size, as for the weights of a mean

    Returns
    -------
    value : float
    dL/dX : array of shape (n, d)
    dL/dw : array of shape (d,)
    dL/db : float
    dL/dy : array of shape (n,)
        The derivatives are in a tuple, behind the value.
    """
    n = X.shape[0]
    # forward
    t1 = X @ w + b - y
    # backward
    t1_bar = 2.0 / n * t1                     # L = (t1 @ t1) / n
    return (t1 @ t1) / n, (np.outer(t1_bar, w), X.T @ t1_bar, t1_bar.sum(), -t1_bar)
