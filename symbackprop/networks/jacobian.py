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
from symbackprop.read.shapes import declarations_text, read_declarations

__all__ = ["spectral_norm"]

Array = np.ndarray[Any, Any]
_STEPS = 30
_ENOUGH = 1e-3  # relative change at which the iteration ends


def spectral_norm(
    text: str, inputs: str, leaves: Mapping[str, Array], entering: str, shape: tuple[int, ...], rng: np.random.Generator
) -> float:
    """Return the largest singular value of d(text)/d(entering), to some 1 %, by power iteration on J^T J.

    Parameters
    ----------
    text, inputs : str
        A formula and its declarations.
    leaves : mapping of str to array
        Values of the inputs.
    entering : str
        The input in question.
    shape : tuple of int
        The shape of the value.
    rng : numpy.random.Generator
        For the vector to begin with.
    """
    recipe = Recipe(text, "value", inputs, None, False, "numpy", "float64", "layer")
    forth = compile_tangents(recipe, (entering,))
    back = _transposed(recipe, entering, shape)
    values = list(leaves.values())
    u: Array = np.asarray(rng.normal(size=leaves[entering].shape))
    norm = 0.0
    for _ in range(_STEPS):
        length = float(np.linalg.norm(u))
        if length == 0.0 or not math.isfinite(length):
            return length
        u = u / length
        v = np.asarray(forth(*values, u)[0])
        before, norm = norm, float(np.linalg.norm(v))
        if abs(norm - before) <= _ENOUGH * norm:
            break
        u = np.asarray(back(*values, v))
    return norm


def _transposed(recipe: Recipe, entering: str, shape: tuple[int, ...]) -> Callable[..., Any]:
    """Return the function of the inputs and v that gives J^T v: the gradient of ``sum(v * value)``."""
    specs = (*read_declarations(recipe.inputs), ArgumentSpec("v_", shape, "float64"))
    *statements, result = recipe.formula.split("\n")
    text = "\n".join([*statements, f"sum(v_*({result}))"])
    return compile_recipe(
        replace(recipe, formula=text, kind="grad", inputs=declarations_text(specs), wrt=entering, name="transposed")
    ).function
