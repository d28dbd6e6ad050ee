"""Derivatives of functions, as functions: what is used inside of a function that is compiled, to any depth.

Outside of one they are compiled when they are called, which is for trying things out: `compile_grad` compiles once.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from symbackprop.errors import ArgumentError, UnknownNameError, UnsupportedError, nearest_names
from symbackprop.forms import compile_formula
from symbackprop.options import Request, checked_mode
from symbackprop.read.from_numpy.calls import Trace
from symbackprop.read.from_numpy.derivatives import Moved, noted_gradient, noted_jacobian, noted_jvp, noted_vjp
from symbackprop.read.from_numpy.pytrees import Form, flattened, unflattened
from symbackprop.read.from_numpy.running import running_trace

__all__ = ["grad", "hessian", "jacobian", "jvp", "value_and_grad", "vjp"]

Function = Callable[..., Any]
Argnums = int | Sequence[int]
Note = Callable[[Trace, Moved], Any]  # what writes a derivative into a formula


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
    dots = [_as_real(tangent) for tangent in tangents] if running_trace() is None else tangents
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
        bar = _as_real(cotangent) if running_trace() is None else cotangent
        return Derivative("vjp", f, everything, None, lambda trace, moved: noted_vjp(trace, moved, bar))(*primals)

    everything = range(len(primals))
    return f(*primals), pull


# --- a derivative as a function ---------------------------------------------------------------------------------------


class Derivative:
    """A function that gives a derivative of another one.

    Parameters
    ----------
    word : str
        What is asked for.
    function : callable
        What is differentiated.
    argnums, wrt
        With respect to which arguments.
    note : callable
        Notes the word in a trace, given the function of those arguments.
    has_aux : bool
        Whether the function returns something beside its value.
    """

    def __init__(
        self,
        word: str,
        function: Function,
        argnums: Argnums,
        wrt: str | Sequence[str] | None,
        note: Note,
        *,
        has_aux: bool = False,
    ) -> None:
        if not callable(function):
            raise ArgumentError(f"{word} takes a function, not {function!r:.80}; what it is called with comes after it")
        self._word, self._function, self._argnums, self._wrt = word, function, argnums, wrt
        self._note, self._has_aux = note, has_aux
        functools.update_wrapper(self, function, assigned=("__doc__", "__module__"), updated=())
        self.__name__ = f"{word}_{getattr(function, '__name__', 'f')}"
        self.__code__ = getattr(function, "__code__", None)  # for the names of the parameters

    @property
    def is_single(self) -> bool:
        """Whether it is with respect to one argument, and not to a tuple of such."""
        return isinstance(self._argnums if self._wrt is None else self._wrt, (int, str))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the derivative at arguments of the function."""
        trace = running_trace()
        if trace is None:
            args, kwargs, chosen = self._chosen(args, kwargs)
            return _compiled(self, args, kwargs, chosen)
        with trace.locating():
            args, kwargs, chosen = self._chosen(args, kwargs)
            return self._note(trace, Moved(self._function, args, kwargs, chosen, self._has_aux))

    def __cloned__(self, clone: Callable[[Function], Function]) -> Derivative:
        """Return the same of a clone, which a clone of a function sees in its place."""
        function = clone(self._function)
        return Derivative(self._word, function, self._argnums, self._wrt, self._note, has_aux=self._has_aux)

    def __repr__(self) -> str:
        return f"<{self._word} of {getattr(self._function, '__name__', 'a function')}>"

    def _chosen(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any], list[int]]:
        """Return the arguments, and the positions of those that move."""
        if self._wrt is not None:
            args, kwargs, asked = self._by_name(args, kwargs)
        else:
            asked = [self._argnums] if isinstance(self._argnums, int) else [*self._argnums]
        found = []
        for position in asked:
            if isinstance(position, bool) or not isinstance(position, (int, np.integer)):
                raise ArgumentError(f"argnums is {self._argnums!r}; give the position of an argument, or several")
            if not -len(args) <= position < len(args):
                raise ArgumentError(
                    f"argnums names argument {position} of {self._title}, which is called with {len(args)} by position"
                )
            found.append(int(position) % len(args))
        if len(set(found)) < len(found) or not found:
            raise ArgumentError(
                f"argnums is {self._argnums!r}; give the position of an argument, or several, each once"
            )
        return args, kwargs, found

    def _by_name(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any], list[int]]:
        """Return the arguments by position, and where those are that `wrt` names."""
        try:
            bound = inspect.signature(self._function).bind(*args, **kwargs)
        except (TypeError, ValueError) as error:
            raise ArgumentError(f"{self._title}: {error}") from None
        bound.apply_defaults()
        names = [*bound.arguments]
        asked = [self._wrt] if isinstance(self._wrt, str) else [*(self._wrt or ())]
        for name in asked:
            if name not in names:
                raise UnknownNameError(
                    f"wrt names {name!r}, which is no parameter of {self._title}; they are {', '.join(names)}."
                    f"{nearest_names(str(name), names)}"
                )
        return bound.args, bound.kwargs, [names.index(name) for name in asked]

    @property
    def _title(self) -> str:
        return str(getattr(self._function, "__name__", "the function"))


# --- outside of a trace -----------------------------------------------------------------------------------------------


def _compiled(derivative: Derivative, args: tuple[Any, ...], kwargs: dict[str, Any], chosen: Sequence[int]) -> Any:
    """Compile a derivative for one call, and return what it gives."""
    moving = [_as_real(args[position]) for position in chosen]
    leaves, form = flattened(moving)
    if not leaves:
        raise ArgumentError(f"{derivative!r} is with respect to nothing: its arguments are empty")
    at = _AtLeaves(derivative, args, kwargs, chosen, form)
    named = {f"x{number}": leaf for number, leaf in enumerate(leaves)}
    dtype = "float32" if all(leaf.dtype == np.float32 for leaf in leaves) else "float64"
    request = Request("value", None, False, "numpy", dtype, "derivative", "readable")
    results = compile_formula(at, {"moved": named}, (), request)(named)
    return unflattened(at.returned[-1], results)


class _AtLeaves:
    """A derivative as a function of the leaves of the arguments that move, which are named."""

    def __init__(
        self,
        derivative: Derivative,
        args: Sequence[Any],
        kwargs: dict[str, Any],
        chosen: Sequence[int],
        form: Form,
        returned: list[Form] | None = None,
    ) -> None:
        self._derivative, self._args, self._kwargs = derivative, args, kwargs
        self._chosen, self._form = chosen, form
        self.returned: list[Form] = [] if returned is None else returned
        self.__name__ = derivative.__name__

    def __call__(self, moved: dict[str, Any]) -> Any:
        """Return the leaves of the derivative, and note how they are nested."""
        args = [*self._args]
        for position, value in zip(self._chosen, unflattened(self._form, [*moved.values()]), strict=True):
            args[position] = value
        leaves, form = flattened(self._derivative(*args, **self._kwargs))
        self.returned.append(form)
        return tuple(leaves)

    def __cloned__(self, clone: Callable[[Any], Any]) -> _AtLeaves:
        """Return the same of clones, noting in the same place."""
        held = [None if position in self._chosen else clone(arg) for position, arg in enumerate(self._args)]
        kwargs = {name: clone(value) for name, value in self._kwargs.items()}
        derivative = self._derivative.__cloned__(clone)
        return _AtLeaves(derivative, held, kwargs, self._chosen, self._form, self.returned)


def _as_real(tree: Any) -> Any:
    """Return a nest of numbers and arrays with real arrays for leaves."""
    leaves, form = flattened(tree)
    return unflattened(form, [_real_array(leaf) for leaf in leaves])


def _real_array(leaf: Any) -> Any:
    array = np.asarray(leaf)
    if array.dtype.kind not in "iuf":
        raise UnsupportedError(f"{leaf!r:.80} is not a real number or array, so that there is no derivative by it")
    return array if array.dtype.kind == "f" else array.astype(np.float64)
