"""Functions of several values, with what solvers ask of them: the values in one vector, Jacobian, weighted Hessian."""

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

__all__ = ["VectorFunction", "compiled_once", "of_leaves"]

Array = np.ndarray[Any, Any]


class VectorFunction:
    """The values of a formula and their derivatives with respect to free entries, at arguments of its leaves.

    Where most entries are fixed, only the columns of the others are computed: each is the tangent in its direction.

    Parameters
    ----------
    recipe : Recipe
        The formula.
    vector : FlatVector
        The free entries.
    order : sequence of int, optional
        Which value comes first, second and so on; without it they come in their own order.
    """

    def __init__(self, recipe: Recipe, vector: FlatVector, order: Sequence[int] | None = None) -> None:
        wrt = tuple(leaf.name for leaf in vector.active)
        self.compiled = compiled_once(of_leaves(recipe, "residuals"))
        self._function = self.compiled.function
        self._vector = vector
        self._order = tuple(range(len(self.compiled.graph.primals))) if order is None else tuple(order)
        self._recipe = of_leaves(recipe, "residuals", wrt=wrt)
        kind, mode = ("jvp", "") if vector.is_mostly_fixed else ("jacobian", "auto")
        differentiated = compiled_once(replace(self._recipe, name=kind, kind=kind, mode=mode))
        self._derived = differentiated.function
        names = {
            spec.name: node for spec, node in zip(self.compiled.signature, self.compiled.graph.inputs, strict=True)
        }
        self.is_linear = {names[name] for name in wrt}.isdisjoint(topological(differentiated.graph.outputs))

    def parts(self, arguments: Sequence[Any]) -> list[Any]:
        """Return the values, one by one."""
        return self._ordered(self._function(*arguments))

    def values(self, arguments: Sequence[Any]) -> Array:
        """Return the entries of all values, in one vector of float64."""
        return np.concatenate([np.ravel(np.asarray(part, np.float64)) for part in self.parts(arguments)])

    def jacobian(self, arguments: Sequence[Any]) -> Array:
        """Return the Jacobian, with a row for each entry of the values and a column for each free one."""
        if self._vector.is_mostly_fixed:
            columns = [self._derived(*arguments, *direction) for direction in self._vector.directions()]
            return np.stack([np.concatenate([*map(np.ravel, self._ordered(column))]) for column in columns], axis=1)
        return self._vector.jacobian(self._ordered(self._derived(*arguments)))

    def hessian(self, arguments: Sequence[Any], v: object) -> Array:
        """Return the Hessian of the product of a vector and the values."""
        shapes = [np.shape(part) for part in self.parts(arguments)]
        parts = np.split(real_array(v, "v"), np.cumsum([math.prod(shape) for shape in shapes])[:-1])
        weights = [np.reshape(part, shape)[()] for part, shape in zip(parts, shapes, strict=True)]
        back = np.argsort(self._order)
        return self._vector.hessian(self._weighted(*arguments, *(weights[i] for i in back)))

    @cached_property
    def _weighted(self) -> Callable[..., Any]:
        return compiled_once(replace(self._recipe, name="hessian", kind="hessian", weighted=True)).function

    def _ordered(self, results: Any) -> list[Any]:
        """Return results, of which each value has equally many, in the order of values."""
        leaves = [*leaves_of(results)]
        wide = len(leaves) // len(self._order)
        return [leaf for i in self._order for leaf in leaves[i * wide : (i + 1) * wide]]


@lru_cache(maxsize=64)  # problems that differ in their data alone share what is compiled
def compiled_once(recipe: Recipe) -> CompiledFunction:
    """Compile a recipe, unless that was done lately."""
    return compile_recipe(recipe)


def of_leaves(recipe: Recipe, name: str, **changes: Any) -> Recipe:
    """Return a recipe for a function of arrays alone, whose parameters are the leaves of structures."""
    return replace(recipe, name=name, packing=None, **changes)
