"""Sums of derivatives along unit vectors: the Laplacian and the divergence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from symbackprop.compiled import CompiledFunction
from symbackprop.family.asking import Batch, Inputs, Wrt, asked_for
from symbackprop.options import Request

__all__ = ["compile_divergence", "compile_laplacian"]


def compile_laplacian(
    formula: Any = None,
    *,
    wrt: Wrt = None,
    inputs: Inputs = None,
    static: Iterable[str] = (),
    has_aux: bool = False,
    with_value: bool = False,
    target: str = "auto",
    dtype: str = "float64",
    name: str = "laplacian",
    optimize: str = "readable",
    batch: Batch = None,
) -> CompiledFunction:
    """Compile a formula to a function that returns its Laplacian: the sum of all second derivatives ``d^2 f / dx_i^2``.

    No Hessian is made: each second derivative is one along a unit vector, in Taylor mode, and they are array code where
    a Jacobian is. Of a formula that acts entry by entry the code is O(n).

    Parameters
    ----------
    formula, inputs, static, has_aux, target, dtype, name, optimize, batch
        As for `compile_grad`, but the formula need not be scalar.
    wrt : str, SymPy symbol, or sequence of these, optional
        The inputs over all of whose entries the sum is; of several there is one sum. The default is every real-valued
        input.
    with_value : bool
        Whether to return ``(value, Laplacian)``.

    Returns
    -------
    CompiledFunction
        The Laplacian of each entry of a value: of its shape, and nested as the formula nests its values.

    Raises
    ------
    UnsupportedError
        On a value that is no real number, and on what has no rule forward.

    At kinks
    --------
    As for `compile_hvp`: what jumps or bends has second derivative 0 where it does.

    Examples
    --------
    >>> import symbackprop as sb
    >>> sb.compile_laplacian("x**2 * y**3")(1.0, 2.0)
    28.0
    >>> points = sb.compile_laplacian("p[d] -> exp(-(p @ p))", wrt="p", batch={"p": 0})
    >>> points([[0.0, 0.0], [1.0, 0.0]]).round(3).tolist()
    [-4.0, 0.0]
    """
    asked = {"has_aux": bool(has_aux)}
    request = Request("laplacian", wrt, bool(with_value), target, dtype, name, optimize, asked, batch)
    return asked_for(formula, inputs, static, request)


def compile_divergence(
    formula: Any = None,
    *,
    wrt: Wrt = None,
    inputs: Inputs = None,
    static: Iterable[str] = (),
    has_aux: bool = False,
    with_value: bool = False,
    target: str = "auto",
    dtype: str = "float64",
    name: str = "divergence",
    optimize: str = "readable",
    batch: Batch = None,
) -> CompiledFunction:
    """Compile a formula to a function that returns its divergence, ``sum over i of dF_i/dx_i``: the trace of its Jacobian.

    Of a formula that acts entry by entry the code is O(n). A step that mixes entries otherwise than a sum or a product
    with a matrix, as ``cumsum`` or ``linalg.solve`` do, makes an n x n array of derivatives, whose diagonal is summed.

    Parameters
    ----------
    formula, inputs, static, has_aux, target, dtype, name, optimize, batch
        As for `compile_grad`, but the value has the shape of the input in `wrt`. Of several inputs, as many values, one
        for each in order, each of the shape of its input: of ``"P, Q"`` with respect to ``("x", "y")`` it is
        ``dP/dx + dQ/dy``.
    wrt : str, SymPy symbol, or sequence of these, optional
        The default is every real-valued input.
    with_value : bool
        Whether to return ``(value, divergence)``.

    Returns
    -------
    CompiledFunction
        Of one number; of one an example, where inputs are batches.

    Raises
    ------
    ShapeError
        On a value that does not have the shape of its input.
    UnsupportedError
        On more or fewer values than inputs in `wrt`, on one that is no real number, and on what has no rule forward.

    Examples
    --------
    >>> import symbackprop as sb
    >>> sb.compile_divergence("x**2 * y, x * y**2")(3.0, 2.0)
    24.0
    >>> sb.compile_divergence("A[n,n] x[n] -> A @ x", wrt="x")([[1, 2], [3, 4]], [0, 0]).item()
    5.0
    """
    asked = {"has_aux": bool(has_aux)}
    request = Request("divergence", wrt, bool(with_value), target, dtype, name, optimize, asked, batch)
    return asked_for(formula, inputs, static, request)
