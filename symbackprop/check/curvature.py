"""What products with Gauss-Newton and Fisher matrices should be: from derivatives of the reference and definitions.

The Fisher information is the mean of the outer product of scores over the outcomes of the distribution, one by one. A
loss as a function of some of its formula's values is the formula read again, with other values in their place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import mpmath
import numpy as np
import sympy

from symbackprop.check.elements import Digits, Symbolic
from symbackprop.check.numbers import expression_of, number_of

__all__ = ["information_times", "placed"]

Element = type[Digits] | type[Symbolic]


def information_times(distribution: str, z: Any, z_dot: Any) -> Any:
    """Return the Fisher information about the parameters `z` times `z_dot`: arrays of expressions or of numbers."""
    z, z_dot = np.asarray(z, dtype=object), np.asarray(z_dot, dtype=object)
    if distribution not in _SCORES:
        return z_dot  # of a mean at a variance of 1, of residuals, and of what is given as log-likelihoods
    if distribution == "categorical":
        rows = zip(z.reshape(-1, z.shape[-1]), z_dot.reshape(-1, z.shape[-1]), strict=True)
        return np.array([_mean_over_scores(_SCORES[distribution](row), dot) for row, dot in rows]).reshape(z.shape)
    found = np.empty(z.shape, dtype=object)
    for index in np.ndindex(z.shape):
        found[index] = _mean_over_scores(_SCORES[distribution](z[index]), [z_dot[index]])[0]
    return found


def _mean_over_scores(outcomes: Sequence[tuple[Any, Sequence[Any]]], z_dot: Sequence[Any]) -> Any:
    """Return the mean of ``score (score . z_dot)`` over outcomes: pairs of a probability and a score."""
    total: Any = [0] * len(z_dot)
    for probability, score in outcomes:
        inner = sum(s * dot for s, dot in zip(score, z_dot, strict=True))
        total = [t + probability * s * inner for t, s in zip(total, score, strict=True)]
    return np.array(total, dtype=object)


def _exp(x: Any) -> Any:
    return mpmath.exp(x) if isinstance(x, mpmath.mpf) else sympy.exp(x)


def _categorical(z: Sequence[Any]) -> list[tuple[Any, list[Any]]]:
    powers = [_exp(x) for x in z]
    p = [power / sum(powers) for power in powers]
    return [(p[k], [(1 if i == k else 0) - p[i] for i in range(len(p))]) for k in range(len(p))]


def _bernoulli(z: Any) -> list[tuple[Any, list[Any]]]:
    p = 1 / (1 + _exp(-z))
    return [(p, [1 - p]), (1 - p, [-p])]


def _poisson(z: Any) -> list[tuple[Any, list[Any]]]:
    rate = _exp(z)  # the mean of (k - rate)**2, a sum without an end, is the variance, which is the rate
    return [(rate, [1])]


_SCORES: Mapping[str, Callable[[Any], list[tuple[Any, list[Any]]]]] = {
    "categorical": _categorical,
    "bernoulli": _bernoulli,
    "poisson": _poisson,
}


def placed(names: Sequence[str], values: Sequence[Any], kind: Element) -> dict[str, Any]:
    """Return elements that stand for values, by name: the numbers themselves, or symbols of their own."""
    found = {}
    for name, value in zip(names, values, strict=True):
        array = np.asarray(value, dtype=object)
        filled = np.empty(array.shape, dtype=object)
        for index in np.ndindex(array.shape):
            filled[index] = _element(f"{name}__{'_'.join(map(str, index))}", array[index], kind)
        found[name] = filled if array.shape else filled[()]
    return found


def _element(name: str, entry: Any, kind: Element) -> Any:
    if kind is Digits:
        return Digits(number_of(entry))
    return Symbolic(sympy.Symbol(name, real=True), entry.value if isinstance(entry, Symbolic) else _value(entry))


def _value(entry: Any) -> Any:
    return mpmath.mpf(sympy.N(expression_of(entry), mpmath.mp.dps))
