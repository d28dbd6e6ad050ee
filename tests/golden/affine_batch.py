# symbackprop 0.1.0: generated code; change the formula, not this file
# inputs: W[m,n] X[n,k] b[m] G[m,k]
# computes: the value, and the gradient with respect to W, X, b, G
# formula:
#     W[m,n] X[n,k] b[m] G[m,k] -> Z = W @ X + b[:, None]; sum(G*Z)
# options: {"kind": "grad", "inputs": null, "wrt": null, "with_value": true, "target": "auto", "dtype": "float64", "name": "value_and_grad", "optimize": "readable"}
# sha256: c1da66a9d956aad845b7099286e60212c245af15b478eb7e08ebb364c5d45019

import numpy as np


def value_and_grad(W, X, b, G):
    """Return the value, and the gradient with respect to W, X, b, G.

    Formula::

        W[m,n] X[n,k] b[m] G[m,k] -> Z = W @ X + b[:, None]; sum(G*Z)

    Parameters
    ----------
    W : array of shape (m, n)
    X : array of shape (n, k)
    b : array of shape (m,)
    G : array of shape (m, k)

    Returns
    -------
    value : float
    dL/dW : array of shape (m, n)
    dL/dX : array of shape (n, k)
    dL/db : array of shape (m,)
    dL/dG : array of shape (m, k)
        The derivatives are in a tuple, behind the value.
    """
    Z = W @ X + b[:, None]
    return np.vdot(G, Z), (G @ X.T, W.T @ G, G.sum(axis=1), Z)
