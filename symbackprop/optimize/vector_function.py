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
from symbackprop.ir.signature import ArgumentSpec, leaves_of
from symbackprop.optimize.arguments import Arguments
from symbackprop.optimize.structure import real_array
from symbackprop.read.shapes import declarations_text, split_declarations

__all__ = ["Deriving", "VectorFunction", "compiled_once", "of_leaves"]

Array = np.ndarray[Any, Any]


class VectorFunction:
    """The values of a formula and their derivatives with respect to free entries, at arguments of its leaves.

    Where most entries are fixed, only the columns of the others are computed: each is the tangent in its direction.

    Parameters
    ----------
    recipe : Recipe
        The formula.
    arguments : Arguments
        What it is called with, and the free entries.
    order : sequence of int, optional
        Which value comes first, second and so on; without it they come in their own order.
    sparse : bool
        Whether derivatives are sparse, with the patterns that they have for the integers among the data.
    """

    def __init__(
        self, recipe: Recipe, arguments: Arguments, order: Sequence[int] | None = None, *, sparse: bool = False
    ) -> None:
        self._vector = arguments.vector
        self._shapes: list[tuple[int, ...]] | None = None  # of the values, once they are asked for
        self._sparse = sparse
        wrt = tuple(leaf.name for leaf in self._vector.active)
        self.compiled = compiled_once(of_leaves(recipe, "residuals"))
        self._function = self.compiled.function
        self._order = tuple(range(len(self.compiled.graph.primals))) if order is None else tuple(order)
        self._derive = Deriving(of_leaves(recipe, "residuals", wrt=wrt), arguments, sparse=sparse)
        self._has_columns = self._vector.is_mostly_fixed and not sparse
        differentiated = self._derive("jvp") if self._has_columns else self._derive("jacobian", mode="auto")
        self._derived, graph = differentiated.function, differentiated.graph
        names = {spec.name: x for spec, x in zip(graph.arguments, graph.inputs, strict=True)}
        self.is_linear = {names[name] for name in wrt}.isdisjoint(topological(graph.outputs))

    def parts(self, arguments: Sequence[Any]) -> list[Any]:
        """Return the values, one by one."""
        return self._ordered(self._function(*arguments))

    def values(self, arguments: Sequence[Any]) -> Array:
        """Return the entries of all values, in one vector of float64."""
        return np.concatenate([np.ravel(np.asarray(part, np.float64)) for part in self.parts(arguments)])

    def jacobian(self, arguments: Sequence[Any]) -> Any:
        """Return the Jacobian, with a row for each entry of the values and a column for each free one."""
        if self._has_columns:
            columns = [self._derived(*arguments, *direction) for direction in self._vector.directions()]
            return np.stack([np.concatenate([*map(np.ravel, self._ordered(column))]) for column in columns], axis=1)
        return self._vector.jacobian(self._ordered(self._derived(*arguments)), sparse=self._sparse)

    def hessian(self, arguments: Sequence[Any], v: object) -> Any:
        """Return the Hessian of the product of a vector and the values."""
        if self._shapes is None:
            self._shapes = [np.shape(part) for part in self.parts(arguments)]
        shapes = self._shapes
        parts = np.split(real_array(v, "v"), np.cumsum([math.prod(shape) for shape in shapes])[:-1])
        weights = [np.reshape(part, shape)[()] for part, shape in zip(parts, shapes, strict=True)]
        back = np.argsort(self._order)
        return self._vector.hessian(self._weighted(*arguments, *(weights[i] for i in back)), sparse=self._sparse)

    @cached_property
    def _weighted(self) -> Callable[..., Any]:
        return self._derive("hessian", weighted=True).function

    def _ordered(self, results: Any) -> list[Any]:
        """Return results, of which each value has equally many, in the order of values."""
        leaves = [*leaves_of(results)]
        wide = len(leaves) // len(self._order)
        return [leaf for i in self._order for leaf in leaves[i * wide : (i + 1) * wide]]


class Deriving:
    """Compiles derivatives of a recipe: sparse ones for the sizes, and with the integers, of arguments as they are."""

    def __init__(self, recipe: Recipe, arguments: Arguments, *, sparse: bool) -> None:
        self._recipe = recipe
        self._sparse = sparse
        self._known: tuple[tuple[str, bytes, tuple[int, ...]], ...] = ()
        if sparse:
            specs = compiled_once(recipe.of_value()).signature
            values = arguments.at(arguments.vector.start, 0.0)
            pairs = [*zip(specs, map(np.asarray, values), strict=True)]
            self._recipe = _of_sizes(recipe, [replace(spec, shape=x.shape) for spec, x in pairs])
            self._known = tuple((spec.name, x.tobytes(), x.shape) for spec, x in pairs if spec.dtype == "int64")

    def __call__(self, kind: str, *, name: str = "", **changes: Any) -> CompiledFunction:
        """Return the compiled derivative of a kind."""
        recipe = replace(self._recipe, kind=kind, name=name or kind, sparse=self._sparse, **changes)
        return compiled_once(recipe, self._known)


def _of_sizes(recipe: Recipe, specs: Sequence[ArgumentSpec]) -> Recipe:
    """Return a recipe whose inputs have the shapes of `specs`."""
    _, start = split_declarations(recipe.formula)
    return replace(recipe, formula=recipe.formula[start:], inputs=declarations_text(specs))


@lru_cache(maxsize=64)  # problems that differ in their data alone share what is compiled
def compiled_once(recipe: Recipe, known: tuple[tuple[str, bytes, tuple[int, ...]], ...] = ()) -> CompiledFunction:
    """Compile a recipe, unless that was done lately; sparse patterns may rest on integers that are known by name."""
    integers = {name: np.frombuffer(data, np.int64).reshape(shape) for name, data, shape in known}
    return compile_recipe(recipe, known=integers)


def of_leaves(recipe: Recipe, name: str, **changes: Any) -> Recipe:
    """Return a recipe for a function of arrays alone, whose parameters are the leaves of structures."""
    return replace(recipe, name=name, packing=None, **changes)
