"""Functions of ours that a function written in NumPy may call; outside of a trace they compute their values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from symbackprop.read.from_numpy.arrays import TracedArray
from symbackprop.read.vocabulary import FUNCTIONS

__all__ = ["scale_cotangent", "score_function", "stop_gradient", "straight_through"]


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
    return _called("stop_gradient", lambda x: x, x)


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
    return _called("straight_through", lambda hard, soft: hard, hard, soft)


def scale_cotangent(x: Any, scale: Any) -> Any:
    """Return `x`, whose cotangent is `scale` times that of the result: loss scaling for short dtypes.

    Formula: ``y = x`` with ``dy = scale * dx``.

    Around a loss it makes all gradients larger by the factor, so that a float16 can hold them; around each parameter,
    with one over the factor and before the parameter is made a float16, it undoes that. See docs/precision.md.

    Parameters
    ----------
    x : array_like or number
    scale : number
        Taken for a constant.

    Returns
    -------
    The same value.

    References
    ----------
    P. Micikevicius et al., Mixed precision training, ICLR 2018.

    Examples
    --------
    >>> import symbackprop as sb
    >>> sb.compile_value_and_grad(lambda x: sb.scale_cotangent(x**2, 8.0))(3.0)
    (9.0, (48.0,))
    """
    return _called("scale_cotangent", lambda x, scale: x, x, scale)


def score_function(log_prob: Any, reward: Any, baseline: Any = 0) -> Any:
    """Return `reward`, with the derivative that its mean has through the probabilities of what was drawn.

    Formula: ``y = reward`` with ``dy = (reward - baseline) * d log_prob + d reward``.

    The draws enter as inputs. Over draws from the distribution whose logarithm of probability is given, the mean of
    ``dy`` is the derivative of the mean of `reward`, whatever the baseline is that does not depend on the draw; a good
    one lowers its variance.

    Parameters
    ----------
    log_prob : array_like or number
        The logarithm of the probability, or density, of each draw, as a function of the parameters.
    reward : array_like or number
        What each draw gives.
    baseline : array_like or number
        Taken from the reward where it weighs the scores; derivatives take it for a constant.

    Returns
    -------
    The value of `reward`.

    Notes
    -----
    The estimate is one of first derivatives: second ones are not those of the mean.

    References
    ----------
    R. J. Williams, Simple statistical gradient-following algorithms for connectionist reinforcement learning, Machine
    Learning 8 (1992) 229-256.

    Examples
    --------
    >>> import numpy as np
    >>> import symbackprop as sb
    >>> sb.compile_value_and_grad(lambda p: sb.score_function(np.log(p), 3.0, baseline=1.0))(0.5)
    (3.0, (4.0,))
    """
    return _called("score_function", _in_shape_of_all, log_prob, reward, baseline)


def _in_shape_of_all(log_prob: Any, reward: Any, baseline: Any) -> Any:
    shape = np.broadcast_shapes(np.shape(log_prob), np.shape(reward), np.shape(baseline))
    return reward if shape == np.shape(reward) else np.broadcast_to(reward, shape).copy()


def _called(name: str, outside: Callable[..., Any], *args: Any) -> Any:
    traced = next((arg for arg in args if isinstance(arg, TracedArray)), None)
    return outside(*args) if traced is None else traced.run.call(name, FUNCTIONS[name], args, {})
