"""What is computed at a flat vector: value and gradient at once, or residuals and their Jacobian; the last is kept.

SciPy asks for the value and for the derivative at one point by two calls, and may write to the vector in between. So
what was computed last is kept beside the bits of the vector that it was computed at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from symbackprop.compilation import compile_recipe, compile_tangents
from symbackprop.compiled import CompiledFunction
from symbackprop.emit.header import Recipe
from symbackprop.ir.signature import leaves_of
from symbackprop.optimize.flat import FlatVector

__all__ = ["Arguments", "Objective", "Residuals"]

Array = np.ndarray[Any, Any]


class Arguments:
    """The arguments of a compiled function of leaves, as they follow from a flat vector.

    Parameters
    ----------
    values : sequence
        All of them, as they are at the start.
    slots : sequence of int
        The positions of the parameters among them.
    vector : FlatVector
        The flat vector of these parameters.
    """

    def __init__(self, values: Sequence[Any], slots: Sequence[int], vector: FlatVector) -> None:
        self._values = list(values)
        self._slots = tuple(slots)
        self.vector = vector

    def at(self, x: Array) -> list[Any]:
        """Return the arguments at `x`, none of which shares memory with it."""
        values = self._values.copy()
        for slot, value in zip(self._slots, self.vector.values(x), strict=True):
            values[slot] = value
        return values


class _Kept:
    """A function of a flat vector whose last value is kept; it is found again by the bits of the vector."""

    def __init__(self, function: Callable[[Array], Any], vector: FlatVector) -> None:
        self._function = function
        self._vector = vector
        self._last: tuple[bytes | None, Any] = (None, None)  # one attribute: threads see both or neither

    def __call__(self, x: object) -> Any:
        point = self._vector.checked(x)
        bits = point.tobytes()
        last_bits, result = self._last
        if bits != last_bits:
            result = self._function(point)
            self._last = (bits, result)
        return result


class Objective:
    """A scalar function and its gradient, which are computed together."""

    def __init__(self, recipe: Recipe, arguments: Arguments) -> None:
        wrt = tuple(leaf.name for leaf in arguments.vector.active)
        recipe = _of_leaves(recipe, "value_and_grad", kind="grad", wrt=wrt, with_value=True)
        self.compiled = _compiled(recipe)
        self._function = self.compiled.function
        self._arguments = arguments
        self._both = _Kept(self._computed, arguments.vector)

    def value(self, x: object) -> float:
        """Return the value."""
        return float(self._both(x)[0])

    def derivative(self, x: object) -> Array:
        """Return the gradient, a new array."""
        gradient: Array = self._both(x)[1]
        return gradient.copy()

    def _computed(self, x: Array) -> tuple[float, Array]:
        value, parts = self._function(*self._arguments.at(x))
        return float(value), self._arguments.vector.gradient(parts)


class Residuals:
    """A vector-valued function and its Jacobian, each computed when it is asked for.

    A Jacobian has a column for each free entry, the tangent in its direction: exact, and as many calls as entries.
    """

    def __init__(self, recipe: Recipe, arguments: Arguments) -> None:
        wrt = tuple(leaf.name for leaf in arguments.vector.active)
        recipe = _of_leaves(recipe, "residuals")
        self.compiled = _compiled(recipe)
        self._function = self.compiled.function
        self._tangents = _compiled_tangents(recipe, wrt)
        self._arguments = arguments
        self._values = _Kept(self._computed, arguments.vector)
        self._jacobian = _Kept(self._columns, arguments.vector)

    def value(self, x: object) -> Array:
        """Return the residuals, a new array."""
        values: Array = self._values(x)
        return values.copy()

    def derivative(self, x: object) -> Array:
        """Return the Jacobian, a new array with a row for each residual and a column for each free entry."""
        jacobian: Array = self._jacobian(x)
        return jacobian.copy()

    def _computed(self, x: Array) -> Array:
        return _joined(self._function(*self._arguments.at(x)))

    def _columns(self, x: Array) -> Array:
        arguments = self._arguments.at(x)
        directions = self._arguments.vector.directions()
        return np.stack([_joined(self._tangents(*arguments, *direction)) for direction in directions], axis=1)


@lru_cache(maxsize=64)  # problems that differ in their data alone share what is compiled
def _compiled(recipe: Recipe) -> CompiledFunction:
    return compile_recipe(recipe)


@lru_cache(maxsize=64)
def _compiled_tangents(recipe: Recipe, wrt: tuple[str, ...]) -> Callable[..., tuple[Any, ...]]:
    return compile_tangents(recipe, wrt)


def _of_leaves(recipe: Recipe, name: str, **changes: Any) -> Recipe:
    """Return a recipe for a function of arrays alone, whose parameters are the leaves of structures."""
    return replace(recipe, name=name, packing=None, **changes)


def _joined(results: Any) -> Array:
    """Return the entries of all results in one vector of float64."""
    return np.concatenate([np.ravel(np.asarray(result, np.float64)) for result in leaves_of(results)])
