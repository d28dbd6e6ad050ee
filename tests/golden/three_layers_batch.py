# symbackprop 0.1.0: generated code; change the formula, not this file
# inputs: W1[h,n] b1[h] W2[k,h] b2[k] W3[m,k] b3[m] X[n,s] Y[m,s]
# computes: the value, and the gradient with respect to W1, b1, W2, b2, W3, b3, X, Y
# formula:
#     W1[h,n] b1[h] W2[k,h] b2[k] W3[m,k] b3[m] X[n,s] Y[m,s] -> Z1 = W1 @ X + b1[:, None]; A1 = tanh(Z1); Z2 = W2 @ A1 + b2[:, None]; A2 = tanh(Z2);Z3 = W3 @ A2 + b3[:, None]; A3 = sigmoid(Z3); 0.5*sum((A3 - Y)**2)/X.shape[1]
# options: {"kind": "grad", "inputs": null, "wrt": null, "with_value": true, "target": "auto", "dtype": "float64", "name": "value_and_grad", "optimize": "readable"}
# sha256: 0ef1586b4b9b9393d769fda40ea61f5788589b94bd68f2a574194efeda40dadb

import numpy as np


def value_and_grad(W1, b1, W2, b2, W3, b3, X, Y):
    """Return the value, and the gradient with respect to W1, b1, W2, b2, W3, b3, X, Y.

    Formula::

        W1[h,n] b1[h] W2[k,h] b2[k] W3[m,k] b3[m] X[n,s] Y[m,s] -> Z1 = W1 @ X + b1[:, None]; A1 = tanh(Z1); Z2 = W2 @ A1 + b2[:, None]; A2 = tanh(Z2);Z3 = W3 @ A2 + b3[:, None]; A3 = sigmoid(Z3); 0.5*sum((A3 - Y)**2)/X.shape[1]

    Parameters
    ----------
    W1 : array of shape (h, n)
    b1 : array of shape (h,)
    W2 : array of shape (k, h)
    b2 : array of shape (k,)
    W3 : array of shape (m, k)
    b3 : array of shape (m,)
    X : array of shape (n, s)
    Y : array of shape (m, s)
        Requires 1 <= s: a number is divided by this size, as for the weights of a mean

    Returns
    -------
    value : float
    dL/dW1 : array of shape (h, n)
    dL/db1 : array of shape (h,)
    dL/dW2 : array of shape (k, h)
    dL/db2 : array of shape (k,)
    dL/dW3 : array of shape (m, k)
    dL/db3 : array of shape (m,)
    dL/dX : array of shape (n, s)
    dL/dY : array of shape (m, s)
        The derivatives are in a tuple, behind the value.
    """
    s = X.shape[1]
    with np.errstate(over="ignore"):          # 1 / inf is 0
        # forward
        Z1 = W1 @ X + b1[:, None]
        A1 = np.tanh(Z1)
        Z2 = W2 @ A1 + b2[:, None]
        A2 = np.tanh(Z2)
        Z3 = W3 @ A2 + b3[:, None]
        A3 = 1.0 / (1.0 + np.exp(-Z3))
        t1 = A3 - Y
        # backward
        t1_bar = 1.0 / s * t1                 # L = 0.5 * np.vdot(t1, t1) / s
        Z3_bar = t1_bar * (A3 * (1.0 - A3))   # A3 = 1.0 / (1.0 + np.exp(-Z3))
        Z2_bar = (W3.T @ Z3_bar) * (1.0 - A2 * A2)  # A2 = np.tanh(Z2)
        Z1_bar = (W2.T @ Z2_bar) * (1.0 - A1 * A1)  # A1 = np.tanh(Z1)
        return 0.5 * np.vdot(t1, t1) / s, (Z1_bar @ X.T, Z1_bar.sum(axis=1), Z2_bar @ A1.T, Z2_bar.sum(axis=1), Z3_bar @ A2.T, Z3_bar.sum(axis=1), W1.T @ Z1_bar, -t1_bar)
