# symbackprop 0.1.0: generated code; change the formula, not this file
# inputs: W1[h,n] b1[h] W2[m,h] b2[m] x[n] y[m]
# computes: the value, and the gradient with respect to W1, b1, W2, b2, x, y
# formula:
#     W1[h,n] b1[h] W2[m,h] b2[m] x[n] y[m] -> z1 = W1 @ x + b1; a1 = tanh(z1); a2 = W2 @ a1 + b2; 0.5*sum((a2 - y)**2)
# options: {"kind": "grad", "inputs": null, "wrt": null, "with_value": true, "target": "auto", "dtype": "float64", "name": "value_and_grad", "optimize": "readable"}
# sha256: f2c1faa5168e1221b1f62cb05f7c4300fa061ef490ea3fee9e5514a1d520dbe8

import numpy as np


def value_and_grad(W1, b1, W2, b2, x, y):
    """Return the value, and the gradient with respect to W1, b1, W2, b2, x, y.

    Formula::

        W1[h,n] b1[h] W2[m,h] b2[m] x[n] y[m] -> z1 = W1 @ x + b1; a1 = tanh(z1); a2 = W2 @ a1 + b2; 0.5*sum((a2 - y)**2)

    Parameters
    ----------
    W1 : array of shape (h, n)
    b1 : array of shape (h,)
    W2 : array of shape (m, h)
    b2 : array of shape (m,)
    x : array of shape (n,)
    y : array of shape (m,)

    Returns
    -------
    value : float
    dL/dW1 : array of shape (h, n)
    dL/db1 : array of shape (h,)
    dL/dW2 : array of shape (m, h)
    dL/db2 : array of shape (m,)
    dL/dx : array of shape (n,)
    dL/dy : array of shape (m,)
        The derivatives are in a tuple, behind the value.
    """
    # forward
    z1 = W1 @ x + b1
    a1 = np.tanh(z1)
    a2 = W2 @ a1 + b2
    t1 = a2 - y
    # backward
    z1_bar = (W2.T @ t1) * (1.0 - a1 * a1)    # a1 = np.tanh(z1)
    return 0.5 * (t1 @ t1), (np.outer(z1_bar, x), z1_bar, np.outer(t1, a1), t1, W1.T @ z1_bar, -t1)
