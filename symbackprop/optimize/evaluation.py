"""What is computed at a flat vector: value, gradient and Hessian, or residuals and their Jacobian; the last is kept.

SciPy asks for the value and for the derivative at one point by two calls, and may write to the vector in between. So
what was computed last is kept beside the bits of the vector that it was computed at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from symbackprop.compiled import CompiledFunction
from symbackprop.emit.header import Recipe
from symbackprop.optimize.arguments import Arguments
from symbackprop.optimize.flat import FlatVector
from symbackprop.optimize.vector_function import Deriving, VectorFunction, compiled_once, of_leaves

__all__ = ["Objective", "Residuals"]

Array = np.ndarray[Any, Any]


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
    Where most entries are fixed, only the columns of the others are computed: each is a product of the Hessian.
    """

    def __init__(self, recipe: Recipe, arguments: Arguments, *, sparse: bool = False) -> None:
        self._sparse = sparse
        self._wrt = tuple(leaf.name for leaf in arguments.vector.active)
        self._recipe = of_leaves(recipe, "value_and_grad", kind="grad", wrt=self._wrt, with_value=True)
        self.compiled = compiled_once(self._recipe)
        self._function = self.compiled.function
        self._arguments = arguments
        self._known = _Kept(self._computed, arguments.vector)
        self._has_columns = arguments.vector.is_mostly_fixed and not sparse
        self._wants_hessian = False

    def value(self, x: object) -> float:
        """Return the value."""
        return float(self._known(x)[0])

    def derivative(self, x: object) -> Array:
        """Return the gradient, a new array."""
        gradient: Array = self._known(x)[1]
        return gradient.copy()

    def hessian(self, x: object) -> Any:
        """Return the Hessian, a new array."""
        known = self._known(x)
        if len(known) == 2:
            known.append(self._hessian(self._arguments.vector.checked(x)))
        self._wants_hessian = True
        hessian: Any = known[2]
        return hessian.copy()

    def hessian_product(self, x: object, p: object) -> Array:
        """Return the product of the Hessian and a flat vector."""
        vector = self._arguments.vector
        return self._products(self._arguments.at(vector.checked(x)), [vector.direction(vector.checked(p))])[0]

    def _computed(self, x: Array) -> list[Any]:
        at_once = self._wants_hessian and not self._has_columns
        self._wants_hessian = False
        if at_once:
            return self._all_three(x)
        value, parts = self._function(*self._arguments.at(x))
        return [float(value), self._arguments.vector.gradient(parts)]

    def _all_three(self, x: Array) -> list[Any]:
        value, parts, blocks = self._jointly(*self._arguments.at(x))
        vector = self._arguments.vector
        return [float(value), vector.gradient(parts), vector.hessian(blocks, sparse=self._sparse)]

    def _hessian(self, x: Array) -> Any:
        if not self._has_columns:
            return self._all_three(x)[2]
        return np.stack(self._products(self._arguments.at(x), self._arguments.vector.directions()), axis=1)

    def _products(self, arguments: Sequence[Any], directions: Sequence[Sequence[Any]]) -> list[Array]:
        """Return the products of the Hessian with tangents of the leaves."""
        return [self._arguments.vector.gradient(self._product(*arguments, *direction)) for direction in directions]

    @cached_property
    def _jointly(self) -> Callable[..., Any]:
        derive = Deriving(self._recipe, self._arguments, sparse=self._sparse)
        return derive("hessian", name="value_grad_and_hessian").function

    @cached_property
    def _product(self) -> Callable[..., Any]:
        return compiled_once(replace(self._recipe, name="hvp", kind="hvp", with_value=False)).function


class Residuals:
    """A vector-valued function, its Jacobian and its weighted Hessian, each computed when it is asked for."""

    def __init__(self, recipe: Recipe, arguments: Arguments, *, sparse: bool = False) -> None:
        self._function = VectorFunction(recipe, arguments, sparse=sparse)
        self._arguments = arguments
        self._values = _Kept(lambda x: self._function.values(arguments.at(x)), arguments.vector)
        self._jacobian = _Kept(lambda x: self._function.jacobian(arguments.at(x)), arguments.vector)

    @property
    def compiled(self) -> CompiledFunction:
        """The compiled function of the values."""
        return self._function.compiled

    @property
    def is_linear(self) -> bool:
        """Whether the Jacobian is the same everywhere."""
        return self._function.is_linear

    def value(self, x: object) -> Array:
        """Return the residuals, a new array."""
        values: Array = self._values(x)
        return values.copy()

    def derivative(self, x: object) -> Any:
        """Return the Jacobian, a new array with a row for each residual and a column for each free entry."""
        jacobian: Any = self._jacobian(x)
        return jacobian.copy()

    def hessian(self, x: object, v: object) -> Any:
        """Return the Hessian of the product of a vector `v` and the residuals."""
        return self._function.hessian(self._arguments.at(self._arguments.vector.checked(x)), v)
