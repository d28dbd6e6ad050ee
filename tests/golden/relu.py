# symbackprop 0.1.0: generated code; change the formula, not this file
# inputs: z[n] g[n]
# computes: the value, and the gradient with respect to z, g
# formula:
#     z[n] g[n] -> a = relu(z); sum(g*a)
# options: {"kind": "grad", "inputs": null, "wrt": null, "with_value": true, "target": "auto", "dtype": "float64", "name": "value_and_grad", "optimize": "readable"}
# sha256: d3b2767a7353be4f660aa1acf0ffaf8320b62f0b5e08a5de0f349d006c765174

import numpy as np


def value_and_grad(z, g):
    """Return the value, and the gradient with respect to z, g.

    Formula::

        z[n] g[n] -> a = relu(z); sum(g*a)

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
    a = np.maximum(z, 0.0)
    return g @ a, (g * (z > 0.0), a)
