"""What is computed at a flat vector: value, gradient and Hessian, or residuals and their Jacobian; the last is kept.

SciPy asks for the value and for the derivative at one point by two calls, and may write to the vector in between. So
what was computed last is kept beside the bits of the vector that it was computed at.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from symbackprop.compilation import compile_recipe
from symbackprop.compiled import CompiledFunction
from symbackprop.emit.header import Recipe
from symbackprop.ir.graph import topological
from symbackprop.ir.signature import leaves_of
from symbackprop.optimize.flat import FlatVector
from symbackprop.optimize.structure import real_array

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
    """A scalar function with its gradient and Hessian.

    Value and gradient are computed together. Where the Hessian is asked for, all three are, by one function; and where
    it was asked for at the last point, they are at the next, so that what a Newton method wants costs one evaluation.
    """

    def __init__(self, recipe: Recipe, arguments: Arguments) -> None:
        self._wrt = tuple(leaf.name for leaf in arguments.vector.active)
        self._recipe = _of_leaves(recipe, "value_and_grad", kind="grad", wrt=self._wrt, with_value=True)
        self.compiled = _compiled(self._recipe)
        self._function = self.compiled.function
        self._arguments = arguments
        self._known = _Kept(self._computed, arguments.vector)
        self._wants_hessian = False

    def value(self, x: object) -> float:
        """Return the value."""
        return float(self._known(x)[0])

    def derivative(self, x: object) -> Array:
        """Return the gradient, a new array."""
        gradient: Array = self._known(x)[1]
        return gradient.copy()

    def hessian(self, x: object) -> Array:
        """Return the Hessian, a new array."""
        known = self._known(x)
        self._wants_hessian = True
        if len(known) == 2:
            known.append(self._all_three(self._arguments.vector.checked(x))[2])
        hessian: Array = known[2]
        return hessian.copy()

    def hessian_product(self, x: object, p: object) -> Array:
        """Return the product of the Hessian and a flat vector."""
        vector = self._arguments.vector
        directions = vector.direction(vector.checked(p))
        parts = self._product(*self._arguments.at(vector.checked(x)), *directions)
        return vector.gradient(parts)

    def _computed(self, x: Array) -> list[Any]:
        if self._wants_hessian:
            self._wants_hessian = False
            return self._all_three(x)
        value, parts = self._function(*self._arguments.at(x))
        return [float(value), self._arguments.vector.gradient(parts)]

    def _all_three(self, x: Array) -> list[Any]:
        value, parts, blocks = self._jointly(*self._arguments.at(x))
        vector = self._arguments.vector
        return [float(value), vector.gradient(parts), vector.hessian(blocks)]

    @cached_property
    def _jointly(self) -> Callable[..., Any]:
        return _compiled(replace(self._recipe, name="value_grad_and_hessian", kind="hessian")).function

    @cached_property
    def _product(self) -> Callable[..., Any]:
        return _compiled(replace(self._recipe, name="hvp", kind="hvp", with_value=False)).function


class Residuals:
    """A vector-valued function and its Jacobian, each computed when it is asked for.

    Where most entries are fixed, only the columns of the others are computed: each is the tangent in its direction.
    """

    def __init__(self, recipe: Recipe, arguments: Arguments) -> None:
        vector = arguments.vector
        wrt = tuple(leaf.name for leaf in vector.active)
        self.compiled = _compiled(_of_leaves(recipe, "residuals"))
        self._function = self.compiled.function
        self._arguments = arguments
        self._values = _Kept(self._computed, vector)
        self._recipe = _of_leaves(recipe, "residuals", wrt=wrt)
        kind, mode = ("jvp", "") if vector.is_mostly_fixed else ("jacobian", "auto")
        differentiated = _compiled(replace(self._recipe, name=kind, kind=kind, mode=mode))
        self._derived = differentiated.function
        self._jacobian = _Kept(self._columns if vector.is_mostly_fixed else self._at_once, vector)
        names = {
            spec.name: node for spec, node in zip(self.compiled.signature, self.compiled.graph.inputs, strict=True)
        }
        self.is_linear = {names[name] for name in wrt}.isdisjoint(topological(differentiated.graph.outputs))

    def value(self, x: object) -> Array:
        """Return the residuals, a new array."""
        values: Array = self._values(x)
        return values.copy()

    def derivative(self, x: object) -> Array:
        """Return the Jacobian, a new array with a row for each residual and a column for each free entry."""
        jacobian: Array = self._jacobian(x)
        return jacobian.copy()

    def hessian(self, x: object, v: object) -> Array:
        """Return the Hessian of the product of a vector `v` and the residuals."""
        vector = self._arguments.vector
        arguments = self._arguments.at(vector.checked(x))
        shapes = [np.shape(value) for value in leaves_of(self._function(*arguments))]
        parts = np.split(real_array(v, "v"), np.cumsum([math.prod(shape) for shape in shapes])[:-1])
        weights = [np.reshape(part, shape)[()] for part, shape in zip(parts, shapes, strict=True)]
        return vector.hessian(self._weighted(*arguments, *weights))

    @cached_property
    def _weighted(self) -> Callable[..., Any]:
        return _compiled(replace(self._recipe, name="hessian", kind="hessian", weighted=True)).function

    def _computed(self, x: Array) -> Array:
        return _joined(self._function(*self._arguments.at(x)))

    def _at_once(self, x: Array) -> Array:
        return self._arguments.vector.jacobian([*leaves_of(self._derived(*self._arguments.at(x)))])

    def _columns(self, x: Array) -> Array:
        arguments = self._arguments.at(x)
        directions = self._arguments.vector.directions()
        return np.stack([_joined(self._derived(*arguments, *direction)) for direction in directions], axis=1)


@lru_cache(maxsize=64)  # problems that differ in their data alone share what is compiled
def _compiled(recipe: Recipe) -> CompiledFunction:
    return compile_recipe(recipe)


def _of_leaves(recipe: Recipe, name: str, **changes: Any) -> Recipe:
    """Return a recipe for a function of arrays alone, whose parameters are the leaves of structures."""
    return replace(recipe, name=name, packing=None, **changes)


def _joined(results: Any) -> Array:
    """Return the entries of all results in one vector of float64."""
    return np.concatenate([np.ravel(np.asarray(result, np.float64)) for result in leaves_of(results)])
