"""What the user calls beside `compile_grad`: every other derivative, from the same recipes.

A file has what is asked for together; the graph transformations behind them are in `transform`, what the results are
checked against in `check.derived`.
"""

from symbackprop.family.curvature import compile_fvp, compile_gnvp
from symbackprop.family.higher import compile_derivative, compile_taylor
from symbackprop.family.jacobians import compile_hessian, compile_jacobian
from symbackprop.family.nested import grad, hessian, jacobian, jvp, value_and_grad, vjp
from symbackprop.family.products import compile_hvp, compile_jvp, compile_vjp
from symbackprop.family.traces import compile_divergence, compile_laplacian

__all__ = [
    "compile_derivative",
    "compile_divergence",
    "compile_fvp",
    "compile_gnvp",
    "compile_hessian",
    "compile_hvp",
    "compile_jacobian",
    "compile_jvp",
    "compile_laplacian",
    "compile_taylor",
    "compile_vjp",
    "grad",
    "hessian",
    "jacobian",
    "jvp",
    "value_and_grad",
    "vjp",
]
