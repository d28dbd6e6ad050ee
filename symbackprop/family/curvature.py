"""Products with the Gauss-Newton and the Fisher matrix."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from symbackprop.compiled import CompiledFunction
from symbackprop.family.asking import Batch, Inputs, Wrt, asked_for
from symbackprop.options import Request, checked_distribution, checked_outputs

__all__ = ["compile_fvp", "compile_gnvp"]


def compile_gnvp(
    formula: Any = None,
    *,
    outputs: str | Sequence[str] | None = None,
    wrt: Wrt = None,
    inputs: Inputs = None,
    static: Iterable[str] = (),
    has_aux: bool = False,
    target: str = "auto",
    dtype: str = "float64",
    name: str = "gnvp",
    optimize: str = "readable",
    batch: Batch = None,
) -> CompiledFunction:
    """Compile a formula to a function that returns its Gauss-Newton matrix times a vector, ``J^T G J v``.

    Of residuals r it is ``J^T J v``, with the Jacobian J of r: half the Hessian of ``sum(r**2)`` without what the second
    derivatives of r add. With `outputs`, the formula is a loss, and J is the Jacobian of the named value z, G the
    Hessian of the loss as a function of z: the generalised Gauss-Newton matrix, which is positive semidefinite where the
    loss is convex in z. What of the loss does not go through z, such as a penalty, adds nothing.

    It costs a tangent and a cotangent, a small multiple of the value; no matrix is made.

    Parameters
    ----------
    formula, inputs, static, wrt, has_aux, target, dtype, name, optimize, batch
        As for `compile_hvp`: the function takes the inputs, and behind them the vector, a part of it for each of `wrt`,
        ``x_dot`` for an input ``x``. Without `outputs` the formula need not be scalar, and all values are residuals.
    outputs : str or sequence of str, optional
        What the loss is a convex function of: values that the formula names, the layers of a layer spec. None of several
        may be computed from another.

    Returns
    -------
    CompiledFunction
        The product is nested as the gradient is.

    Raises
    ------
    UnknownNameError, UnsupportedError
        On names that the formula gives no value, values that are not real, outputs that are computed from each other, and
        what has no rule in both modes.

    Source
    ------
    Schraudolph (2002), Fast curvature matrix-vector products for second-order gradient descent, section 3.

    Examples
    --------
    >>> import symbackprop as sb
    >>> f = sb.compile_gnvp("X[n,d] w[d] y[n] -> X @ w - y", wrt="w")
    >>> f([[2.0], [1.0]], [0.0], [1.0, 1.0], [1.0]).tolist()
    [5.0]
    >>> f = sb.compile_gnvp("X[n,d] w[d] y[n] -> z = X @ w; sum(logaddexp(0, -y*z))", wrt="w", outputs="z")
    >>> f([[2.0]], [0.0], [1.0], [1.0]).tolist()  # x * s * (1 - s) * x, with s = 1/2
    [1.0]
    """
    asked = {"has_aux": bool(has_aux), "outputs": checked_outputs(outputs)}
    request = Request("gnvp", wrt, False, target, dtype, name, optimize, asked, batch)
    return asked_for(formula, inputs, static, request)


def compile_fvp(
    formula: Any = None,
    *,
    distribution: str,
    wrt: Wrt = None,
    inputs: Inputs = None,
    static: Iterable[str] = (),
    has_aux: bool = False,
    target: str = "auto",
    dtype: str = "float64",
    name: str = "fvp",
    optimize: str = "readable",
    batch: Batch = None,
) -> CompiledFunction:
    """Compile a formula to a function that returns a Fisher information matrix times a vector, ``J^T F J v``.

    The formula gives z, the parameters of a distribution for each example, and J is its Jacobian. F is the Fisher
    information about z, ``E[(dlog p/dz) (dlog p/dz)^T]`` over outcomes that the distribution itself draws, summed over
    all examples. As z are natural parameters, this is the Gauss-Newton matrix of the negative log-likelihood.

    Parameters
    ----------
    formula, inputs, static, wrt, has_aux, target, dtype, name, optimize, batch
        As for `compile_gnvp`.
    distribution : {"categorical", "bernoulli", "poisson", "normal", "empirical"}
        Of what z are parameters: the logits of classes, along the last axis, ``F = diag(p) - p p^T`` with ``p =
        softmax(z)``; the logit of one of two classes, ``F = s (1 - s)``; the logarithm of a rate, ``F = exp(z)``; the mean
        at a variance of 1, ``F = 1``. "empirical" is the matrix of the outcomes that there are: z are the log-likelihoods
        of the examples, and the product is that with the sum of ``g g^T`` over their gradients.

    Returns
    -------
    CompiledFunction
        The product is nested as the gradient is.

    Raises
    ------
    ArgumentError
        On another distribution.
    UnsupportedError
        On values that are not real, and what has no rule in both modes.

    Source
    ------
    Martens (2014), New insights and perspectives on the natural gradient method, sections 6 and 9.2; Schraudolph (2002).

    Examples
    --------
    >>> import symbackprop as sb
    >>> f = sb.compile_fvp("X[n,d] w[d] -> X @ w", wrt="w", distribution="bernoulli")
    >>> f([[2.0], [4.0]], [0.0], [1.0]).tolist()
    [5.0]
    >>> g = sb.compile_fvp("x[n] m -> -(x - m)**2/2", wrt="m", distribution="empirical")
    >>> float(g([1.0, 3.0], 0.0, 1.0))
    10.0
    """
    asked = {"has_aux": bool(has_aux), "distribution": checked_distribution(distribution)}
    request = Request("fvp", wrt, False, target, dtype, name, optimize, asked, batch)
    return asked_for(formula, inputs, static, request)
