# symbackprop 0.1.0: generated code; change the formula, not this file
# inputs: z[k] y[k]
# computes: the value, and the gradient with respect to z, y
# formula:
#     z[k] y[k] -> p = softmax(z); -sum(y*log(p))
# options: {"kind": "grad", "inputs": null, "wrt": null, "with_value": true, "target": "auto", "dtype": "float64", "name": "value_and_grad", "optimize": "readable"}
# sha256: 2b789ee6e563d2775ff6dd349ee269d7a24ec10d703b175a383169819cc23eca

import numpy as np


def value_and_grad(z, y):
    """Return the value, and the gradient with respect to z, y.

    Formula::

        z[k] y[k] -> p = softmax(z); -sum(y*log(p))

    Parameters
    ----------
    z : array of shape (k,)
    y : array of shape (k,)
        Requires 1 <= k: softmax of no entries does not exist

    Returns
    -------
    value : float
    dL/dz : array of shape (k,)
    dL/dy : array of shape (k,)
        The derivatives are in a tuple, behind the value.
    """
    # forward
    t1 = z - z.max()
    t2 = np.exp(t1)
    t3 = t2.sum()
    t4 = t1 - np.log(t3)
    # backward
    p = t2 / t3
    return -(y @ t4), (p * y.sum() - y, -t4)
