"""Derivatives of higher order: all up to an order in Taylor mode, or one of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from symbackprop.compiled import CompiledFunction
from symbackprop.family.asking import Batch, Inputs, Wrt, asked_for
from symbackprop.options import Request, checked_order

__all__ = ["compile_derivative", "compile_taylor"]


def compile_taylor(
    formula: Any = None,
    *,
    order: int,
    wrt: Wrt = None,
    inputs: Inputs = None,
    static: Iterable[str] = (),
    has_aux: bool = False,
    target: str = "auto",
    dtype: str = "float64",
    name: str = "taylor",
    optimize: str = "readable",
    batch: Batch = None,
) -> CompiledFunction:
    """Compile a formula to a function that returns ``(value, first, second, ... derivative)``: Taylor mode.

    The derivatives are those along a line, ``d^k/dt^k f(x + t*x_dot)`` at t = 0, and are no Taylor coefficients: there
    are no factorials in them. With respect to one scalar they are ``d^k f / dx^k``.

    Parameters
    ----------
    formula, inputs, static, wrt, has_aux, target, dtype, name, optimize, batch
        As for `compile_jvp`: the formula need not be scalar, and the function takes the inputs, and behind them a
        direction for each of `wrt`, ``x_dot`` for an input ``x``. With respect to one input that is a scalar it takes no
        direction.
    order : int
        The highest order, at least 1.

    Returns
    -------
    CompiledFunction
        Of a tuple of ``order + 1`` results, each nested as the formula nests its values.

    Raises
    ------
    ArgumentError
        On an order that is no integer above 0.
    UnsupportedError
        On a value that is no real number, and on what has no rule forward: a custom rule without `jvp`, say.

    At kinks
    --------
    The derivative of each order is that of the piece on which the argument lies; what jumps or bends has derivatives 0
    where it does, as for `compile_grad`.

    Notes
    -----
    An operation takes O(k) statements for each order k, and so O(order**2) terms in all. Where a derivative is infinite,
    as that of ``sqrt(x)`` at 0, those above it may be nan. There code of numbers by ``math`` raises a ZeroDivisionError or
    a ValueError, so that none of the derivatives is returned: ``target="numpy"`` returns them all.

    Source: A. Griewank and A. Walther, Evaluating Derivatives (2008), chapter 13.

    Examples
    --------
    >>> import symbackprop as sb
    >>> sb.compile_taylor("x**3", order=4)(2.0)
    (8.0, 12.0, 12.0, 6.0, 0.0)
    >>> f = sb.compile_taylor("x[n] -> sum(x**3)", order=2)
    >>> [float(x) for x in f([1.0, 2.0], [1.0, 0.0])]
    [9.0, 3.0, 6.0]
    """
    asked = {"has_aux": bool(has_aux), "order": checked_order(order)}
    request = Request("taylor", wrt, True, target, dtype, name, optimize, asked, batch)
    return asked_for(formula, inputs, static, request)


def compile_derivative(
    formula: Any = None,
    *,
    order: int = 1,
    wrt: Wrt = None,
    mixed: bool = False,
    inputs: Inputs = None,
    static: Iterable[str] = (),
    has_aux: bool = False,
    with_value: bool = False,
    target: str = "auto",
    dtype: str = "float64",
    name: str = "derivative",
    optimize: str = "readable",
    batch: Batch = None,
) -> CompiledFunction:
    """Compile a formula to a function that returns its derivative of one order, and none of those below it.

    ``d^k/dt^k f(x + t*x_dot)`` at t = 0, as for `compile_taylor`; or, if it is `mixed`, along as many directions as the
    order says, ``D^k f(x)[x_dot, x_dot2, x_dot3]``.

    Parameters
    ----------
    formula, inputs, static, wrt, has_aux, target, dtype, name, optimize, batch
        As for `compile_taylor`.
    order : int
        At least 1.
    mixed : bool
        Whether the function takes a direction of its own for each order: ``x_dot``, ``x_dot2`` and so on, where of
        several inputs all have their first one before any has its second. The derivative does not depend on their
        order. Its code grows as 2**order.
    with_value : bool
        Whether to return ``(value, derivative)``.

    Returns
    -------
    CompiledFunction
        The derivative is nested as the formula nests its values.

    Examples
    --------
    >>> import symbackprop as sb
    >>> sb.compile_derivative("sin(w*x)", wrt="x", order=3)(2.0, 0.0)
    -8.0
    >>> third = sb.compile_derivative("x[n] -> prod(x)", order=3, mixed=True)
    >>> float(third([5.0, 6.0, 7.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]))
    1.0
    """
    asked = {"has_aux": bool(has_aux), "order": checked_order(order), "mixed": bool(mixed)}
    request = Request("derivative", wrt, bool(with_value), target, dtype, name, optimize, asked, batch)
    return asked_for(formula, inputs, static, request)
