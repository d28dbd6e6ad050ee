"""`cond` and `switch` for functions written in NumPy: inside of a trace they note the branches, outside they take one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from symbackprop.errors import ArgumentError, ShapeError
from symbackprop.read.from_numpy.arrays import TracedArray
from symbackprop.read.from_numpy.calls import Trace
from symbackprop.read.from_numpy.expressions import POSTFIX
from symbackprop.read.from_numpy.loops import leaves_of, results_of
from symbackprop.read.from_numpy.operands import Parts, separated
from symbackprop.read.from_numpy.pytrees import alike
from symbackprop.read.from_numpy.running import running_trace
from symbackprop.read.from_numpy.steps import TracedStep
from symbackprop.read.vocabulary import FUNCTIONS

__all__ = ["cond", "switch"]


def cond(pred: Any, if_true: Callable[..., Any], if_false: Callable[..., Any], *operands: Any) -> Any:
    """Return what one of two functions makes of operands; only that one runs, and it is printed as an ``if``.

    Formula: ``if_true(*operands)`` if `pred` is true, else ``if_false(*operands)``.

    Parameters
    ----------
    pred : bool
        One truth value. For a choice entry by entry there is ``np.where``.
    if_true, if_false : callable
        The branches, which return nests of arrays of the same form, shapes and dtypes.
    *operands : nests of arrays
        What the branches take; they may take anything from around them too.

    Returns
    -------
    The result of the branch.

    Raises
    ------
    ShapeError
        If `pred` is an array, or the branches' results do not agree.

    Notes
    -----
    Where `pred` changes, the derivative is that of the branch that runs.

    Examples
    --------
    >>> import numpy as np
    >>> import symbackprop as sb
    >>> g = sb.compile_grad(lambda x: sb.cond(x > 1, np.log, lambda x: x - 1, x))
    >>> [float(slope) for slope in (*g(4.0), *g(0.5))]
    [0.25, 1.0]
    """
    trace = running_trace()
    if trace is None or not isinstance(pred, TracedArray):
        if np.ndim(pred):
            raise ShapeError("cond chooses by one truth value; entry by entry use np.where(mask, a, b)")
        return (if_true if pred else if_false)(*operands)
    with trace.locating():
        return _noted(trace, "cond", pred, [if_true, if_false], operands)


def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """Return what one of several functions makes of operands; only that one runs.

    Formula: ``branches[min(max(index, 0), len(branches) - 1)](*operands)``.

    Parameters
    ----------
    index : int
        Which branch, from 0; below it the first is taken, beyond the end the last.
    branches : sequence of callables
        They return nests of arrays of the same form, shapes and dtypes.
    *operands : nests of arrays
        What the branches take.

    Returns
    -------
    The result of the branch.

    Raises
    ------
    ShapeError
        If `index` is not one integer, or the branches' results do not agree.

    Examples
    --------
    >>> import symbackprop as sb
    >>> @sb.compile_grad(inputs="i:int x", wrt="x")
    ... def power(i, x):
    ...     return sb.switch(i, [lambda x: x, lambda x: x**2, lambda x: x**3], x)
    >>> float(power(2, 3.0))
    27.0
    """
    trace = running_trace()
    if not branches:
        raise ArgumentError("switch takes at least one function")
    if trace is None or not isinstance(index, TracedArray):
        if np.ndim(index) or not isinstance(index, (int, np.integer)):
            raise ShapeError("switch chooses by one integer")
        return branches[min(max(int(index), 0), len(branches) - 1)](*operands)
    with trace.locating():
        return _noted(trace, "switch", index, branches, operands)


def _noted(trace: Trace, word: str, chooser: TracedArray, branches: Sequence[Any], operands: Sequence[Any]) -> Any:
    for branch in branches:
        if not callable(branch):
            raise ArgumentError(f"{word} chooses among functions, not {branch!r:.80}")
    given = [leaves_of(trace, operand) for operand in operands]
    traced = [TracedStep(trace, branch, [form for form, _, _ in given], None, "branch") for branch in branches]
    node, chooser_parts = trace.operands.of(chooser)
    values = [value for _, value, _ in given]
    chosen = (tuple(traced),) if word == "switch" else traced
    result = FUNCTIONS[word](node, *chosen, *values)
    names: list[Parts] = []
    for step in traced:
        assert step.definition is not None
        if not alike(step.returned[0], traced[0].returned[0]):
            raise ShapeError(f"{traced[0].title} and {step.title} nest their results otherwise than each other")
        names.append([(step.definition, POSTFIX)])
    if word == "switch":
        names = [["(", *separated(names), ",)" if len(names) == 1 else ")"]]
    texts = [chooser_parts, *names, *(own for _, _, own in given)]
    place = trace.places.here()
    name = place.names[0] if len(place.names) == 1 else None
    parts: Parts = [f"{word}(", *separated(texts), ")"]
    return results_of(trace, result, parts, traced[0].returned[0], name, place.line)
