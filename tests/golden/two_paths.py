# symbackprop 0.1.0: generated code; change the formula, not this file
# inputs: x y
# computes: the value, and the gradient with respect to x, y
# formula:
#     u = x*y
#     v = u + y
#     v**2
# options: {"kind": "grad", "inputs": null, "wrt": null, "with_value": true, "target": "auto", "dtype": "float64", "name": "value_and_grad", "optimize": "readable"}
# sha256: a4498b4ab62dac504e224e9550ff16d917e3283b7847826a91a9a5a9ad4be38c


def value_and_grad(x, y):
    """Return the value, and the gradient with respect to x, y.

    Formula::

        u = x*y
        v = u + y
        v**2

    Parameters
    ----------
    x : float
    y : float

    Returns
    -------
    value : float
    dL/dx : float
    dL/dy : float
        The derivatives are in a tuple, behind the value.
    """
    # forward
    u = x * y
    v = u + y
    # backward
    v_bar = 2.0 * v                           # L = v * v
    return v * v, (v_bar * y, v_bar + v_bar * x)
