# symbackprop 0.1.0: generated code; change the formula, not this file
# inputs: z[n] g[n]
# computes: the value, and the gradient with respect to z, g
# formula:
#     z[n] g[n] -> a = sigmoid(z); sum(g*a)
# options: {"kind": "grad", "inputs": null, "wrt": null, "with_value": true, "target": "auto", "dtype": "float64", "name": "value_and_grad", "optimize": "readable"}
# sha256: 4ba544040c3a9164b9674bc7d16b448d62baa4c160a050c4052831c5e806c915

import numpy as np


def value_and_grad(z, g):
    """Return the value, and the gradient with respect to z, g.

    Formula::

        z[n] g[n] -> a = sigmoid(z); sum(g*a)

    Parameters
    ----------
    z : array of shape (n,)
    g : array of shape (n,)

    Returns
    -------
    value : float
    dL/dz : array of shape (n,)
    dL/dg : array of shape (n,)
        The derivatives are in a tuple, behind the value.
    """
    with np.errstate(over="ignore"):        # 1 / inf is 0
        a = 1.0 / (1.0 + np.exp(-z))
        return g @ a, (g * (a * (1.0 - a)), a)
