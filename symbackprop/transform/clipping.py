"""Gradients that are kept from being too large: entry by entry, or all together by their norm; whether they are finite.

    value:  min(max(g, -c), c)              an infinite entry becomes c, nan stays nan
    norm:   min(1, c / |g|) * g             |g| over all gradients of a value; all are nan where |g| is not finite

What is clipped is what is returned; adjoints on the way are not. Whether gradients are finite is told of unclipped ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from symbackprop.errors import ArgumentError
from symbackprop.ir.node import Const, Node, constant
from symbackprop.ir.signature import Label
from symbackprop.ops.arithmetic import add, div
from symbackprop.ops.broadcasting import sum_axes
from symbackprop.ops.comparison import isfinite, logical_and, where
from symbackprop.ops.extrema import maximum, minimum
from symbackprop.ops.powers import sqrt
from symbackprop.ops.reduction import all_

__all__ = ["Clip", "all_finite", "checked_clip", "clipped"]

Clip = tuple[str, float]  # "value" or "norm", and the bound

_KINDS = ("value", "norm")


def checked_clip(clip: object) -> Clip | None:
    """Return what was asked for as ``clip={"value": 1.0}`` or ``clip={"norm": 5.0}``.

    Raises
    ------
    ArgumentError
        If it is neither, or the bound is not a positive number.
    """
    if clip is None:
        return None
    if not isinstance(clip, Mapping) or len(clip) != 1 or next(iter(clip)) not in _KINDS:
        raise ArgumentError(
            f'clip is {clip!r}; give {{"value": 1.0}} for each entry, or {{"norm": 5.0}} for all together'
        )
    ((kind, bound),) = clip.items()
    if (
        not isinstance(bound, (int, float, np.floating, np.integer))
        or isinstance(bound, bool)
        or not 0 < bound < math.inf
    ):
        raise ArgumentError(f"clip bounds the {kind} by {bound!r}; give a positive number")
    return str(kind), float(bound)


def clipped(gradients: Mapping[Label, Node], clip: Clip, names: dict[Node, str]) -> dict[Label, Node]:
    """Return the gradients of one value, clipped; norm and scale are called so in `names`."""
    kind, bound = clip
    if kind == "value":
        return {label: minimum(maximum(g, -bound), bound) for label, g in gradients.items()}
    if not gradients:
        return {}
    squares = [sum_axes(g * g, tuple(range(g.rank))) for g in gradients.values()]
    norm = sqrt(add(*squares) if len(squares) > 1 else squares[0])
    scale = where(isfinite(norm), div(constant(bound, (), norm.dtype), maximum(norm, bound)), math.nan)
    names.setdefault(norm, "norm")
    names.setdefault(scale, "scale")
    return {label: scale * g for label, g in gradients.items()}


def all_finite(gradients: Sequence[Node]) -> Node:
    """Return whether no entry of any gradient is infinite or nan."""
    told: Node = constant(True)
    for g in dict.fromkeys(gradients):
        own = isfinite(g)
        own = all_(own, axes=tuple(range(own.rank))) if own.rank else own
        told = own if isinstance(told, Const) else logical_and(told, own)
    return told
