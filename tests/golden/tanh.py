# symbackprop 0.1.0: generated code; change the formula, not this file
# inputs: z[n] g[n]
# computes: the value, and the gradient with respect to z, g
# formula:
#     z[n] g[n] -> a = tanh(z); sum(g*a)
# options: {"kind": "grad", "inputs": null, "wrt": null, "with_value": true, "target": "auto", "dtype": "float64", "name": "value_and_grad", "optimize": "readable"}
# sha256: d3bec071e423ba5f1c10167a5b4318534337faecf1203e5be0683aead1f77070

import numpy as np


def value_and_grad(z, g):
    """Return the value, and the gradient with respect to z, g.

    Formula::

        z[n] g[n] -> a = tanh(z); sum(g*a)

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
    a = np.tanh(z)
    return g @ a, (g * (1.0 - a * a), a)
