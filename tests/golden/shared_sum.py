# symbackprop 0.1.0: generated code; change the formula, not this file
# inputs: x y
# computes: the value, and the gradient with respect to x, y
# formula:
#     a = x + y
#     b = x*a
#     b**2
# options: {"kind": "grad", "inputs": null, "wrt": null, "with_value": true, "target": "auto", "dtype": "float64", "name": "value_and_grad", "optimize": "readable"}
# sha256: 45caef94ff5ac6fb93dbc9000d59eabb3506b5edcf506423ccb0cca140299202


def value_and_grad(x, y):
    """Return the value, and the gradient with respect to x, y.

    Formula::

        a = x + y
        b = x*a
        b**2

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
    a = x + y
    b = x * a
    # backward
    b_bar = 2.0 * b                           # L = b * b
    a_bar = b_bar * x                         # b = x * a
    return b * b, (b_bar * a + a_bar, a_bar)
