"""A derivative as a function: noted in a trace, compiled for the call outside of one."""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable, Sequence
from typing import Any, SupportsIndex

import numpy as np

from symbackprop.errors import ArgumentError, UnknownNameError, UnsupportedError, nearest_names
from symbackprop.forms import compile_formula
from symbackprop.options import Request
from symbackprop.read.from_numpy.calls import Trace
from symbackprop.read.from_numpy.derivatives import Moved
from symbackprop.read.from_numpy.pytrees import Form, flattened, unflattened
from symbackprop.read.from_numpy.running import running_trace

__all__ = ["Argnums", "Derivative", "Function", "as_real"]

Function = Callable[..., Any]
Argnums = SupportsIndex | Sequence[SupportsIndex]
Note = Callable[[Trace, Moved], Any]  # what writes a derivative into a formula


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
        self._word, self._function, self._argnums, self._wrt = word, function, _whole_numbers(argnums), wrt
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
            if not -len(args) <= position < len(args):
                raise ArgumentError(
                    f"argnums names argument {position} of {self._title}, which is called with {len(args)} by position"
                )
            found.append(position % len(args))
        if len(set(found)) < len(found) or not found:
            raise ArgumentError(
                f"argnums is {self._argnums!r}; give the position of an argument, or several, each once"
            )
        for position in found:
            self._check_real(args[position], position)
        return args, kwargs, found

    def _check_real(self, argument: Any, position: int) -> None:
        """Refuse arrays that are not real; numbers of Python are."""
        for leaf in flattened(argument)[0]:
            if isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype.kind != "f":
                raise UnsupportedError(
                    f"argument {position} of {self._title} is {leaf.dtype}, not real, so that there is no derivative with "
                    "respect to it; convert it with astype(float), or take it from around the function"
                )

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
    moving = [as_real(args[position]) for position in chosen]
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


def _whole_numbers(argnums: Argnums) -> int | tuple[int, ...]:
    """Return positions as numbers of Python."""
    several = isinstance(argnums, Sequence) or (isinstance(argnums, np.ndarray) and argnums.ndim > 0)
    items: list[Any] = [*argnums] if several else [argnums]  # type: ignore[misc]
    try:
        if any(isinstance(item, bool) for item in items):
            raise TypeError("a truth value")
        found = tuple(map(operator.index, items))
    except TypeError:
        raise ArgumentError(f"argnums is {argnums!r}; give the position of an argument, or several") from None
    return found if several else found[0]


def as_real(tree: Any) -> Any:
    """Return a nest of numbers and arrays with real arrays for leaves."""
    leaves, form = flattened(tree)
    return unflattened(form, [_real_array(leaf) for leaf in leaves])


def _real_array(leaf: Any) -> Any:
    array = np.asarray(leaf)
    if array.dtype.kind not in "iuf":
        raise UnsupportedError(f"{leaf!r:.80} is not a real number or array, so that there is no derivative by it")
    return array if array.dtype.kind == "f" else array.astype(np.float64)
