# symbackprop 0.1.0: generated code; change the formula, not this file
# inputs: w x b y
# computes: the value, and the gradient with respect to w, x, b, y
# formula:
#     u = w*x
#     z = u + b
#     r = z - y
#     r**2
# options: {"kind": "grad", "inputs": null, "wrt": null, "with_value": true, "target": "auto", "dtype": "float64", "name": "value_and_grad", "optimize": "readable"}
# sha256: 6f0e4aff8b6c6fb5e52fafe74905794b41d4db489540d448791f48fd652139c4


def value_and_grad(w, x, b, y):
    """Return the value, and the gradient with respect to w, x, b, y.

    Formula::

        u = w*x
        z = u + b
        r = z - y
        r**2

    Parameters
    ----------
    w : float
    x : float
    b : float
    y : float

    Returns
    -------
    value : float
    dL/dw : float
    dL/dx : float
    dL/db : float
    dL/dy : float
        The derivatives are in a tuple, behind the value.
    """
    # forward
    u = w * x
    z = u + b
    r = z - y
    # backward
    r_bar = 2.0 * r                           # L = r * r
    return r * r, (r_bar * x, r_bar * w, r_bar, -r_bar)
