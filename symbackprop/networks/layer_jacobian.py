"""How much a layer stretches what goes into it: the spectral norm of its Jacobian, one example at a time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from symbackprop.compilation import compile_recipe
from symbackprop.emit.header import Recipe

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
    """

    def __init__(self, text: str, inputs: str, entering: str) -> None:
        recipe = Recipe(text, "jvp", inputs, entering, False, "numpy", "float64", "layer")
        self._entering = entering
        self._forth = compile_recipe(recipe).function
        self._back = compile_recipe(replace(recipe, kind="vjp")).function

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
            v = np.asarray(self._forth(*values, u / length))
            before, norm = norm, float(np.linalg.norm(v))
            if abs(norm - before) <= _ENOUGH * norm:
                break
            u = np.asarray(self._back(*values, v))
        return norm
