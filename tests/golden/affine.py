# symbackprop 0.1.0: generated code; change the formula, not this file
# inputs: W[m,n] x[n] b[m] g[m]
# computes: the value, and the gradient with respect to W, x, b, g
# formula:
#     W[m,n] x[n] b[m] g[m] -> z = W @ x + b; sum(g*z)
# options: {"kind": "grad", "inputs": null, "wrt": null, "with_value": true, "target": "auto", "dtype": "float64", "name": "value_and_grad", "optimize": "readable"}
# sha256: 6377d8d93993893bd3504a313af8b97847c589512b24d2d75b0223067515f9dd

import numpy as np


def value_and_grad(W, x, b, g):
    """Return the value, and the gradient with respect to W, x, b, g.

    Formula::

        W[m,n] x[n] b[m] g[m] -> z = W @ x + b; sum(g*z)

    Parameters
    ----------
    W : array of shape (m, n)
    x : array of shape (n,)
    b : array of shape (m,)
    g : array of shape (m,)

    Returns
    -------
    value : float
    dL/dW : array of shape (m, n)
    dL/dx : array of shape (n,)
    dL/db : array of shape (m,)
    dL/dg : array of shape (m,)
        The derivatives are in a tuple, behind the value.
    """
    z = W @ x + b
    return g @ z, (np.outer(g, x), W.T @ g, g.copy(), z)
