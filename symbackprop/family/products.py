"""Products with vectors: of the Jacobian, forward and in reverse, and of the Hessian."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from symbackprop.compiled import CompiledFunction
from symbackprop.family.asking import Batch, Checkpoint, Inputs, Wrt, asked_for
from symbackprop.options import Request
from symbackprop.transform.checkpointing import checked_checkpoint

__all__ = ["compile_hvp", "compile_jvp", "compile_vjp"]


def compile_jvp(
    formula: Any = None,
    *,
    wrt: Wrt = None,
    inputs: Inputs = None,
    static: Iterable[str] = (),
    has_aux: bool = False,
    target: str = "auto",
    dtype: str = "float64",
    name: str = "jvp",
    optimize: str = "readable",
    batch: Batch = None,
) -> CompiledFunction:
    """Compile a formula to a function that returns ``(value, tangent)``: forward accumulation.

    The tangent is ``value_dot = sum over x of (dvalue/dx) x_dot``, how fast the value changes as the inputs move.

    Parameters
    ----------
    formula, inputs, static, wrt, has_aux, target, dtype, name, optimize, batch
        As for `compile_grad`, but the formula need not be scalar. The function takes the inputs, and behind them a
        tangent for each of `wrt`, of the shape of the input, called ``x_dot`` for an input ``x``. Where that name is
        taken it is ``x_dot2``, or has the next number that is free. Tangents of structures (dicts, lists, records)
        are structures of the same kind, as the gradient is; of the parameters of a layer spec, ``params_dot``. The
        tangent of a batch is a batch along the same axis; a tangent may be one alone, for many directions at one place:
        ``batch={"x_dot": 0}``.

    Returns
    -------
    CompiledFunction
        Of ``(value, tangent)``, each nested as the formula nests its values.

    Raises
    ------
    UnsupportedError
        On a value that is no real number, and on what has no rule forward: a custom rule without `jvp`, say.

    At kinks
    --------
    The derivative is the one that `compile_grad` takes: 0 for ``abs`` at 0, and so on.

    Examples
    --------
    >>> import symbackprop as sb
    >>> sb.compile_jvp("w*x, sin(w)", wrt="w")(2.0, 3.0, 1.0)[1][0]
    3.0
    >>> f = sb.compile_jvp("X[n,d] w[d] -> X @ w", wrt="w")
    >>> [x.tolist() for x in f([[1, 2], [3, 4]], [1, 1], w_dot=[1, 0])]
    [[3.0, 7.0], [1.0, 3.0]]
    """
    asked = {"has_aux": bool(has_aux)}
    request = Request("jvp", wrt, True, target, dtype, name, optimize, asked, batch)
    return asked_for(formula, inputs, static, request)


def compile_vjp(
    formula: Any = None,
    *,
    wrt: Wrt = None,
    inputs: Inputs = None,
    static: Iterable[str] = (),
    has_aux: bool = False,
    target: str = "auto",
    dtype: str = "float64",
    name: str = "vjp",
    optimize: str = "readable",
    checkpoint: Checkpoint = None,
    batch: Batch = None,
) -> CompiledFunction:
    """Compile a formula to a function that returns ``(value, cotangents)``: reverse accumulation.

    The cotangent of an input is ``x_bar = sum over values of (dvalue/dx)^T value_bar``.

    Parameters
    ----------
    formula, inputs, static, wrt, has_aux, target, dtype, name, optimize, batch
        As for `compile_grad`, but the formula need not be scalar. The function takes the inputs, and behind them a
        cotangent for each value, of its shape: ``z_bar`` for a value that the formula names ``z``, else ``value_bar``,
        or ``value1_bar``, ``value2_bar`` where there are several. Where a name is taken, the first number from 2 that
        makes it free is put behind it. Where there is a batch, cotangents are batches along their first axis.
    checkpoint
        As for `compile_grad`: what is kept for the way back.

    Returns
    -------
    CompiledFunction
        Of ``(value, cotangents)``: the value nested as in the formula, the cotangents like a gradient.

    Raises
    ------
    UnsupportedError
        On a value that is no real number or has a size that is computed, and on what has no rule in reverse.
    BudgetError
        If a budget of memory cannot be met.

    Examples
    --------
    >>> import symbackprop as sb
    >>> f = sb.compile_vjp("X[n,d] w[d] -> X @ w", wrt="w")
    >>> f([[1, 2], [3, 4]], [1, 1], value_bar=[1, 10])[1].tolist()
    [31.0, 42.0]
    >>> sb.compile_vjp("r = w*x; r, r**2", wrt="w")(2.0, 3.0, 1.0, 0.0)
    ((6.0, 36.0), 3.0)
    """
    asked = {"has_aux": bool(has_aux), "checkpoint": checked_checkpoint(checkpoint)}
    request = Request("vjp", wrt, True, target, dtype, name, optimize, asked, batch)
    return asked_for(formula, inputs, static, request)


def compile_hvp(
    formula: Any = None,
    *,
    wrt: Wrt = None,
    inputs: Inputs = None,
    static: Iterable[str] = (),
    has_aux: bool = False,
    with_value_and_grad: bool = False,
    target: str = "auto",
    dtype: str = "float64",
    name: str = "hvp",
    optimize: str = "readable",
    batch: Batch = None,
) -> CompiledFunction:
    """Compile a scalar-valued formula to a function that returns its Hessian times a vector: forward over reverse.

    That costs a small multiple of the value, and never makes the Hessian.

    Parameters
    ----------
    formula, inputs, static, wrt, has_aux, target, dtype, name, optimize, batch
        As for `compile_grad`. The function takes the inputs, and behind them the vector: a part of it for each of `wrt`,
        named as the tangents of `compile_jvp` are, ``x_dot``.
    with_value_and_grad : bool
        Whether to return ``(value, gradient, product)``.

    Returns
    -------
    CompiledFunction
        The product is nested as the gradient is.

    At kinks
    --------
    What jumps or bends has second derivative 0 where it does, as the derivative of a step is: that of ``abs`` or
    ``relu`` is 0 everywhere.

    Examples
    --------
    >>> import symbackprop as sb
    >>> sb.compile_hvp("x**2 * y")(3.0, 2.0, 1.0, 0.0)  # the first column of [[2*y, 2*x], [2*x, 0]]
    (4.0, 6.0)
    """
    asked = {"has_aux": bool(has_aux)}
    request = Request("hvp", wrt, bool(with_value_and_grad), target, dtype, name, optimize, asked, batch)
    return asked_for(formula, inputs, static, request)
