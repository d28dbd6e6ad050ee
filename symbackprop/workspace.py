"""A compiled function with memory of its own, for hot loops."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from symbackprop.emit.module import Printed
from symbackprop.errors import ArgumentError, UnsupportedError, nearest_names
from symbackprop.ir.records import recorded
from symbackprop.ir.size import names as size_names

__all__ = ["WithWorkspace", "Workspace"]


class Workspace:
    """A function that works in memory which is allocated once, and returns results in that memory.

    Made by `CompiledFunction.workspace`. The arrays that a call returns are the same every time: the next call writes
    over them, so copy what is to be kept. Two threads need a workspace each.
    """

    def __init__(self, call: Callable[..., Any], function: Callable[..., Any], held: tuple[Any, ...]) -> None:
        self._call = call
        self._held = held
        self.function = function
        self.__doc__ = function.__doc__

    def __call__(self, /, *args: object, **kwargs: object) -> Any:
        """Check and convert the arguments, and compute.

        Raises
        ------
        ValueError
            If the arguments have other sizes than the workspace was made for.
        """
        return self._call(args, kwargs)

    @property
    def nbytes(self) -> int:
        """How many bytes it holds."""
        owners = {id(base): base for base in map(_owner, self._held) if isinstance(base, np.ndarray)}
        return sum(base.nbytes for base in owners.values())

    def __repr__(self) -> str:
        return f"<Workspace of {self.nbytes} bytes>"


def _owner(array: Any) -> Any:
    return array.base if isinstance(array, np.ndarray) and array.base is not None else array


def _arrays(printed: Printed, function: Any, sizes: Mapping[str, int]) -> tuple[Any, ...]:
    """Allocate the memory of a printed function for some sizes.

    Raises
    ------
    UnsupportedError
        If the function works in no memory that can be kept.
    ArgumentError
        On a size that is missing, or is none.
    """
    memory = printed.memory
    if memory is None:
        raise UnsupportedError('there is nothing to keep; workspaces are for arrays, with optimize="fast"')
    missing = [name for name in memory.sizes if name not in sizes]
    if missing:
        example = ", ".join(f"{name}=100" for name in memory.sizes)
        raise ArgumentError(f"the workspace depends on {', '.join(missing)}; give all sizes, workspace({example})")
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 0:
            raise ArgumentError(f"size {name} is {size!r}; give an integer that is not negative")
    held: tuple[Any, ...] = function.__globals__[memory.function](*(int(sizes[name]) for name in memory.sizes))
    return held


class WithWorkspace:
    """The part of a compiled function that makes workspaces."""

    def workspace(self: Any, **sizes: int) -> Workspace:
        """Return the function with memory to work in, allocated once, for arguments of given sizes.

        Its calls allocate no arrays, except where NumPy has no way to say where a result goes (solves, sorting,
        factorisations), and for what steps of loops do not stack. They return the same arrays every time, which the next
        call writes over. A workspace is for one thread at a time.

        Parameters
        ----------
        **sizes : int
            The named sizes of the arguments.

        Returns
        -------
        Workspace
            To be called as the function is; its `function` is the bare one.

        Raises
        ------
        UnsupportedError
            If the function was not compiled with ``optimize="fast"``, or computes no arrays.
        ArgumentError
            On a size that is missing, or is none.

        Examples
        --------
        >>> import numpy as np
        >>> import symbackprop as sb
        >>> g = sb.compile_grad("x[n] -> sum(sin(x)*exp(-x*x))", wrt="x", optimize="fast")
        >>> work = g.workspace(n=3)
        >>> bool(np.all(work(np.zeros(3)) == g(np.zeros(3))))
        True
        """
        known = {name for spec in self.signature for size in spec.shape or () for name in size_names(size)}
        for name in sizes:
            if name not in known:
                listed = ", ".join(sorted(known)) or "none"
                raise ArgumentError(
                    f"there is no size {name!r}; the arguments have {listed}.{nearest_names(name, known)}"
                )
        held = _arrays(self._printed, self._function, sizes)
        assert self._printed.memory is not None
        bound = {self._printed.memory.parameter: held}

        def call(args: tuple[object, ...], kwargs: dict[str, object]) -> Any:
            computed = self._computed(args, kwargs, bound)
            return computed if self._records is None else recorded(computed, self._records)

        return Workspace(call, partial(self.function, **bound), held)
