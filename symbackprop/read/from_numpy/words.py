"""Functions of ours that a function written in NumPy may call; outside of a trace they compute their values."""

from __future__ import annotations

from typing import Any

from symbackprop.read.from_numpy.arrays import TracedArray
from symbackprop.read.vocabulary import FUNCTIONS

__all__ = ["stop_gradient", "straight_through"]


def stop_gradient(x: Any) -> Any:
    """Return `x`, which derivatives take for a constant.

    Formula: ``y = x`` with ``dy/dx = 0``.

    Parameters
    ----------
    x : array_like or number

    Returns
    -------
    The same value.

    Examples
    --------
    >>> import symbackprop as sb
    >>> sb.compile_grad(lambda x, y: x * sb.stop_gradient(y))(2.0, 3.0)
    (3.0, 0.0)
    """
    return _called("stop_gradient", x, x)


def straight_through(hard: Any, soft: Any) -> Any:
    """Return `hard`, with the derivative of `soft`: rounding and choosing inside a function that is differentiated.

    Formula: ``y = hard`` with ``dy = d soft``.

    Parameters
    ----------
    hard, soft : array_like or number
        Of one shape.

    Returns
    -------
    The value of `hard`.

    Examples
    --------
    >>> import numpy as np
    >>> import symbackprop as sb
    >>> sb.compile_value_and_grad(lambda x: sb.straight_through(np.round(x), x) ** 2)(1.7)
    (4.0, (4.0,))
    """
    return _called("straight_through", hard, hard, soft)


def _called(name: str, value: Any, *args: Any) -> Any:
    traced = next((arg for arg in args if isinstance(arg, TracedArray)), None)
    return value if traced is None else traced.run.call(name, FUNCTIONS[name], args, {})
