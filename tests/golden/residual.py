# symbackprop 0.1.0: generated code; change the formula, not this file
# inputs: W[n,n] x[n] u[n]
# computes: the value, and the gradient with respect to W, x, u
# formula:
#     W[n,n] x[n] u[n] -> h = x + tanh(W @ x); sum(u*h)
# options: {"kind": "grad", "inputs": null, "wrt": null, "with_value": true, "target": "auto", "dtype": "float64", "name": "value_and_grad", "optimize": "readable"}
# sha256: 7c2f6556e69cfd085c2b64004c8d1a78e1026eb068a1c2bdfb60f19bb1f9e3a9

import numpy as np


def value_and_grad(W, x, u):
    """Return the value, and the gradient with respect to W, x, u.

    Formula::

        W[n,n] x[n] u[n] -> h = x + tanh(W @ x); sum(u*h)

    Parameters
    ----------
    W : array of shape (n, n)
    x : array of shape (n,)
    u : array of shape (n,)

    Returns
    -------
    value : float
    dL/dW : array of shape (n, n)
    dL/dx : array of shape (n,)
    dL/du : array of shape (n,)
        The derivatives are in a tuple, behind the value.
    """
    # forward
    t1 = np.tanh(W @ x)
    h = x + t1
    # backward
    t2 = u * (1.0 - t1 * t1)                  # t1 = np.tanh(W @ x)
    return u @ h, (np.outer(t2, x), u + W.T @ t2, h)
