"""How parameters begin: named distributions, numbers, and arrays that are given.

With fan_in inputs and fan_out outputs of a weight, and its gain g:

| name | entries |
| --- | --- |
| glorot_uniform, glorot_normal | variance 2 / (fan_in + fan_out) (Glorot and Bengio, 2010, eq. 16) |
| he_uniform, he_normal | variance 2 / fan_in (He, Zhang, Ren and Sun, 2015, eq. 10) |
| lecun_uniform, lecun_normal | variance 1 / fan_in (LeCun, Bottou, Orr and Müller, 1998, eq. 16) |
| orthogonal | orthonormal rows or columns (Saxe, McClelland and Ganguli, 2014), by the QR factorisation of a normal matrix |
| normal(s), uniform(s) | standard deviation s; uniform on [-s, s] |
| zeros, ones, a number | that number |

Normal distributions are not truncated.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from symbackprop.errors import ArgumentError, ShapeError, nearest_names

__all__ = ["INITIALISERS", "checked_initialiser", "fans", "initial"]

Array = np.ndarray[Any, Any]
_CALL = re.compile(r"(\w+)(?:\(([^()]*)\))?")


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """Return how many inputs reach an output of a weight of `shape`, outputs first, and the other way round."""
    if len(shape) < 2:
        return (shape[0] if shape else 1,) * 2
    spread = math.prod(shape[2:])
    return shape[1] * spread, shape[0] * spread


def _normal(variance: Callable[[int, int], float]) -> Callable[..., Array]:
    def made(rng: np.random.Generator, shape: tuple[int, ...], fan: tuple[int, int]) -> Array:
        return rng.normal(0.0, math.sqrt(variance(*fan)), shape)

    return made


def _uniform(variance: Callable[[int, int], float]) -> Callable[..., Array]:
    def made(rng: np.random.Generator, shape: tuple[int, ...], fan: tuple[int, int]) -> Array:
        bound = math.sqrt(3.0 * variance(*fan))
        return rng.uniform(-bound, bound, shape)

    return made


def _orthogonal(rng: np.random.Generator, shape: tuple[int, ...], fan: tuple[int, int], gain: float = 1.0) -> Array:
    if len(shape) < 2:
        raise ShapeError(f"orthogonal needs a weight with rows and columns; this one has shape {shape}")
    rows, columns = shape[0], math.prod(shape[1:])
    q, r = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
    q = q * np.where(np.diagonal(r) < 0.0, -1.0, 1.0)  # so that it is spread evenly over all orthogonal matrices
    return gain * (q if rows >= columns else q.T).reshape(shape)


def _scaled_normal(rng: np.random.Generator, shape: tuple[int, ...], fan: tuple[int, int], scale: float = 1.0) -> Array:
    return rng.normal(0.0, scale, shape)


def _scaled_uniform(
    rng: np.random.Generator, shape: tuple[int, ...], fan: tuple[int, int], bound: float = 1.0
) -> Array:
    return rng.uniform(-bound, bound, shape)


def _glorot(fan_in: int, fan_out: int) -> float:
    return 2.0 / max(1, fan_in + fan_out)


def _he(fan_in: int, fan_out: int) -> float:
    return 2.0 / max(1, fan_in)


def _lecun(fan_in: int, fan_out: int) -> float:
    return 1.0 / max(1, fan_in)


INITIALISERS: dict[str, Callable[..., Array]] = {
    "glorot_uniform": _uniform(_glorot),
    "glorot_normal": _normal(_glorot),
    "he_uniform": _uniform(_he),
    "he_normal": _normal(_he),
    "lecun_uniform": _uniform(_lecun),
    "lecun_normal": _normal(_lecun),
    "orthogonal": _orthogonal,
    "normal": _scaled_normal,
    "uniform": _scaled_uniform,
    "zeros": lambda rng, shape, fan: np.zeros(shape),
    "ones": lambda rng, shape, fan: np.ones(shape),
}
_WITH_NUMBER = ("orthogonal", "normal", "uniform")


def checked_initialiser(given: Any) -> Any:
    """Return an initialiser: its words, a number, or nested lists for an array that is given.

    Raises
    ------
    ArgumentError
        If it is none of these.
    """
    if isinstance(given, str):
        _parsed(given)
        return given
    if isinstance(given, (bool, np.bool_)):
        raise ArgumentError(f"an initialiser is a word, a number or an array, not {given!r}")
    try:
        array = np.asarray(given, float)
    except (TypeError, ValueError):
        raise ArgumentError(f"an initialiser is a word, a number or an array, not {given!r}") from None
    return float(array) if array.ndim == 0 else array.tolist()


def initial(given: Any, rng: np.random.Generator, shape: tuple[int, ...], fan: tuple[int, int] | None = None) -> Array:
    """Return how a parameter begins.

    Parameters
    ----------
    given : str, float or nested lists
        An initialiser, as `checked_initialiser` returns it.
    rng : numpy.random.Generator
    shape : tuple of int
    fan : (int, int), optional
        The fans of the weight, where they do not follow from its shape.

    Raises
    ------
    ShapeError
        If an array that is given has another shape.
    """
    if isinstance(given, str):
        word, number = _parsed(given)
        made = INITIALISERS[word]
        return made(rng, shape, fan or fans(shape), *([] if number is None else [number]))
    array = np.asarray(given, float)
    if array.ndim == 0:
        return np.full(shape, float(array))
    if array.shape != shape:
        raise ShapeError(f"the array that is given has shape {array.shape}; shape {shape} is needed")
    return array.copy()


def _parsed(text: str) -> tuple[str, float | None]:
    """Return an initialiser's word, and the number in parentheses behind it."""
    found = _CALL.fullmatch(text.replace(" ", ""))
    word = found[1] if found else text
    if found is None or word not in INITIALISERS:
        raise ArgumentError(
            f"there is no initialiser {text!r}; there are {', '.join(INITIALISERS)}.{nearest_names(word, INITIALISERS)}"
        )
    if not found[2]:
        return word, None
    try:
        number = float(found[2])
    except ValueError:
        number = math.nan
    if word not in _WITH_NUMBER or not math.isfinite(number) or number < 0.0:
        raise ArgumentError(
            f"initialiser {text!r}: {', '.join(_WITH_NUMBER)} take one number in parentheses, not below 0"
        )
    return word, number
