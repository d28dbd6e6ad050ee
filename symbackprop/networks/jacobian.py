"""How much a layer stretches what goes into it: the spectral norm of its Jacobian, one example at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from symbackprop.compilation import compile_recipe, compile_tangents
from symbackprop.emit.header import Recipe
from symbackprop.ir.signature import ArgumentSpec
from symbackprop.ir.size import Size
from symbackprop.read.shapes import declarations_text, read_declarations

__all__ = ["LayerJacobian"]

Array = np.ndarray[Any, Any]
_STEPS = 30
_ENOUGH = 1e-3  # relative change at which the iteration ends


class LayerJacobian:
    """The Jacobian J = d(text)/d(entering) of one example, as the products with it that power iteration needs.

    Parameters
    ----------
    text, inputs : str
        A formula and its declarations.
    entering : str
        The input in question.
    shape : tuple of sizes
        The shape of the value.
    """

    def __init__(self, text: str, inputs: str, entering: str, shape: tuple[Size, ...]) -> None:
        recipe = Recipe(text, "value", inputs, None, False, "numpy", "float64", "layer")
        self._entering = entering
        self._forth = compile_tangents(recipe, (entering,))
        self._back = _transposed(recipe, entering, shape)

    def spectral_norm(self, leaves: Mapping[str, Array], rng: np.random.Generator) -> float:
        """Return the largest singular value, to some 1 %, by power iteration on J^T J.

        Parameters
        ----------
        leaves : mapping of str to array
            Values of the inputs.
        rng : numpy.random.Generator
            For the vector to begin with.
        """
        values = list(leaves.values())
        u: Array = np.asarray(rng.normal(size=leaves[self._entering].shape))
        norm = 0.0
        for _ in range(_STEPS):
            length = float(np.linalg.norm(u))
            if length == 0.0 or not math.isfinite(length):
                return length
            v = np.asarray(self._forth(*values, u / length)[0])
            before, norm = norm, float(np.linalg.norm(v))
            if abs(norm - before) <= _ENOUGH * norm:
                break
            u = np.asarray(self._back(*values, v))
        return norm


def _transposed(recipe: Recipe, entering: str, shape: tuple[Size, ...]) -> Callable[..., Any]:
    """Return the function of the inputs and v that gives J^T v: the gradient of ``sum(v * value)``."""
    specs = (*read_declarations(recipe.inputs), ArgumentSpec("v_", shape, "float64"))
    *statements, result = recipe.formula.split("\n")
    text = "\n".join([*statements, f"sum(v_*({result}))"])
    return compile_recipe(
        replace(recipe, formula=text, kind="grad", inputs=declarations_text(specs), wrt=entering, name="transposed")
    ).function
