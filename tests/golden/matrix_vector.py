# symbackprop 0.1.0: generated code; change the formula, not this file
# inputs: W[m,n] x[n] g[m]
# computes: the value, and the gradient with respect to W, x, g
# formula:
#     W[m,n] x[n] g[m] -> sum(g*(W @ x))
# options: {"kind": "grad", "inputs": null, "wrt": null, "with_value": true, "target": "auto", "dtype": "float64", "name": "value_and_grad", "optimize": "readable"}
# sha256: 00c64d24ba7152cf95c8e82ad6d98ba5218bb058c918a4d385f09b05c8dcc7f5

import numpy as np


def value_and_grad(W, x, g):
    """Return the value, and the gradient with respect to W, x, g.

    Formula::

        W[m,n] x[n] g[m] -> sum(g*(W @ x))

    Parameters
    ----------
    W : array of shape (m, n)
    x : array of shape (n,)
    g : array of shape (m,)

    Returns
    -------
    value : float
    dL/dW : array of shape (m, n)
    dL/dx : array of shape (n,)
    dL/dg : array of shape (m,)
        The derivatives are in a tuple, behind the value.
    """
    t1 = W @ x
    return g @ t1, (np.outer(g, x), W.T @ g, t1)
