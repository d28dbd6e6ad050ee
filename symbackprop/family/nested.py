"""Derivatives of functions, as functions: what is used inside of a function that is compiled, to any depth.

Outside of one they are compiled when they are called, which is for trying things out: `compile_grad` compiles once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from symbackprop.errors import ArgumentError
from symbackprop.family.differentiated import Argnums, Derivative, Function, as_real
from symbackprop.options import checked_mode
from symbackprop.read.from_numpy.calls import Trace
from symbackprop.read.from_numpy.derivatives import Moved, noted_gradient, noted_jacobian, noted_jvp, noted_vjp
from symbackprop.read.from_numpy.running import running_trace

__all__ = ["grad", "hessian", "jacobian", "jvp", "value_and_grad", "vjp"]


def grad(
    f: Function, argnums: Argnums = 0, has_aux: bool = False, *, wrt: str | Sequence[str] | None = None
) -> Derivative:
    """Return the function that gives the gradient of a number-valued function, for use inside of a compiled one.

    Formula: ``grad(f)(x) = df/dx``, by reverse accumulation, of shape ``x.shape``.

    Parameters
    ----------
    f : callable
        Written in NumPy; it returns one number. What it takes from around it is held: its derivative with respect to
        these is found where the function around is differentiated.
    argnums : int or sequence of int
        The positions of the arguments that the gradient is with respect to; negative ones count from the end. Of a
        sequence the gradients are in a tuple. Arguments are nests of arrays; gradients are nested like them.
    has_aux : bool
        Whether `f` returns ``(value, aux)``, the second of which is returned beside the gradient, undifferentiated.
    wrt : str or sequence of str, optional
        The names of the parameters, instead of their positions.

    Returns
    -------
    callable
        Of the arguments of `f`. Inside of a function that is compiled it is part of the formula, can itself be
        differentiated, in every mode, and may stand in steps of loops, branches, equations and other derivatives. On
        numbers outside of one, it is compiled for the call.

    Raises
    ------
    ShapeError
        On a value that is an array: differentiate a sum, or take `jacobian`.
    UnsupportedError
        On an argument, or a value, that is not real.

    At kinks
    --------
    The derivative is the one that `compile_grad` takes: 0 for ``abs`` at 0, shares for ties of ``max``. The derivative of
    that derivative is 0 at the kink: what jumps there is taken for constant on either side.

    Examples
    --------
    >>> import symbackprop as sb
    >>> bend = sb.compile_value(lambda x: sb.grad(sb.grad(lambda y: y**3))(x))
    >>> float(bend(2.0))
    12.0
    >>> f = sb.compile_grad(lambda x: x * sb.grad(lambda y: x * y**2)(3.0))  # of x * (6 * x)
    >>> float(f(1.0)[0])
    12.0
    """

    def note(trace: Trace, moved: Moved) -> Any:
        return noted_gradient(trace, "grad", moved, derivative.is_single, bool(has_aux))

    derivative = Derivative("grad", f, argnums, wrt, note, has_aux=bool(has_aux))
    return derivative


def value_and_grad(
    f: Function, argnums: Argnums = 0, has_aux: bool = False, *, wrt: str | Sequence[str] | None = None
) -> Derivative:
    """Return the function that gives ``(value, gradient)`` of a number-valued function.

    Parameters
    ----------
    f, argnums, has_aux, wrt
        As for `grad`. With `has_aux` the result is ``((value, aux), gradient)``.

    Examples
    --------
    >>> import numpy as np
    >>> import symbackprop as sb
    >>> def decrease(w, x):  # of the loss, by a step of gradient descent
    ...     loss = lambda w: np.sum((w * x - 1) ** 2)
    ...     before, slope = sb.value_and_grad(loss)(w)
    ...     return before - loss(w - 0.1 * slope)
    >>> g = sb.compile_grad(decrease, inputs={"w": "n", "x": "n"}, wrt="w")
    >>> g([0.5, 1.0], [1.0, 1.0]).round(3).tolist()
    [-0.36, 0.0]
    """

    def note(trace: Trace, moved: Moved) -> Any:
        return noted_gradient(trace, "value_and_grad", moved, derivative.is_single, bool(has_aux))

    derivative = Derivative("value_and_grad", f, argnums, wrt, note, has_aux=bool(has_aux))
    return derivative


def jacobian(
    f: Function, argnums: Argnums = 0, *, mode: str = "auto", wrt: str | Sequence[str] | None = None
) -> Derivative:
    """Return the function that gives the Jacobian of a function of any shape.

    Formula: ``jacobian(f)(x)[i, j] = df[i]/dx[j]``, of shape ``f(x).shape + x.shape``.

    Parameters
    ----------
    f : callable
        Written in NumPy. Where it returns a nest of arrays, each of them has the derivatives with respect to the
        argument, nested as that is.
    argnums, wrt
        As for `grad`.
    mode : {"auto", "forward", "reverse"}
        Whether columns are pushed forward or rows pulled back. "auto" goes forward where `f` is known to give more
        entries than it takes.

    Examples
    --------
    >>> import numpy as np
    >>> import symbackprop as sb
    >>> def volume(x):  # how much the map stretches
    ...     return np.linalg.det(sb.jacobian(lambda x: np.sin(x) * x[0])(x))
    >>> float(sb.compile_value(volume, inputs={"x": "2"})([1.0, 0.0]).round(6))
    1.381773
    """

    def note(trace: Trace, moved: Moved) -> Any:
        return noted_jacobian(trace, "jacobian", moved, derivative.is_single, way)

    way = checked_mode(mode)
    derivative = Derivative("jacobian", f, argnums, wrt, note)
    return derivative


def hessian(f: Function, argnums: Argnums = 0, *, wrt: str | Sequence[str] | None = None) -> Derivative:
    """Return the function that gives the Hessian of a number-valued function: forward over reverse.

    Formula: ``hessian(f)(x)[i, j] = d2f/dx[i]dx[j]``, of shape ``x.shape + x.shape``.

    Parameters
    ----------
    f, argnums, wrt
        As for `grad`. Of a nest, and of several arguments, it is a nest of nests: one block for each two leaves.

    Examples
    --------
    >>> import numpy as np
    >>> import symbackprop as sb
    >>> def laplacian(x):
    ...     return np.trace(sb.hessian(lambda x: np.sum(x**4))(x))
    >>> sb.compile_grad(laplacian, inputs={"x": "n"}, wrt="x")([1.0, 2.0]).tolist()
    [24.0, 48.0]
    """

    def note(trace: Trace, moved: Moved) -> Any:
        return noted_jacobian(trace, "hessian", moved, derivative.is_single, "auto")

    derivative = Derivative("hessian", f, argnums, wrt, note)
    return derivative


def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """Return ``(f(*primals), tangent)``: how fast the result changes as the arguments move by `tangents`.

    Formula: ``out_dot = sum over arguments x of (df/dx) x_dot``, by forward accumulation.

    Parameters
    ----------
    f : callable
        Written in NumPy, of any result.
    primals, tangents : sequence
        The arguments, and a tangent for each, nested as it is.

    Examples
    --------
    >>> import numpy as np
    >>> import symbackprop as sb
    >>> def curvature(x, v):  # the product of the Hessian with v
    ...     return sb.jvp(sb.grad(lambda x: np.sum(x**3)), (x,), (v,))[1]
    >>> sb.compile_value(curvature, inputs="x[n] v[n]")([1.0, 2.0], [1.0, 1.0]).tolist()
    [6.0, 12.0]
    """
    if not isinstance(primals, (tuple, list)) or not isinstance(tangents, (tuple, list)):
        raise ArgumentError("primals and tangents are tuples, one item for each argument: jvp(f, (x,), (x_dot,))")
    if len(primals) != len(tangents):
        raise ArgumentError(f"jvp has {len(primals)} primals and {len(tangents)} tangents; each primal has one")
    dots = [as_real(tangent) for tangent in tangents] if running_trace() is None else tangents
    everything = range(len(primals))
    derivative = Derivative("jvp", f, everything, None, lambda trace, moved: noted_jvp(trace, moved, dots))
    return derivative(*primals)  # type: ignore[no-any-return]


def vjp(f: Function, *primals: Any) -> tuple[Any, Function]:
    """Return ``(f(*primals), pull)``, where ``pull(cotangent)`` gives a cotangent for each of `primals`, in a tuple.

    Formula: ``x_bar = (df/dx)^T out_bar``, by reverse accumulation.

    Parameters
    ----------
    f : callable
        Written in NumPy, of any result; a cotangent is nested like that.
    *primals
        The arguments.

    Examples
    --------
    >>> import numpy as np
    >>> import symbackprop as sb
    >>> def back(A, r):
    ...     value, pull = sb.vjp(lambda x: A @ x, np.zeros(2))
    ...     return pull(r)[0]
    >>> sb.compile_value(back, inputs="A[3,2] r[3]")([[1, 2], [3, 4], [5, 6]], [1, 0, 1]).tolist()
    [6.0, 8.0]
    """

    def pull(cotangent: Any) -> Any:
        bar = as_real(cotangent) if running_trace() is None else cotangent
        return Derivative("vjp", f, everything, None, lambda trace, moved: noted_vjp(trace, moved, bar))(*primals)

    everything = range(len(primals))
    return f(*primals), pull
