"""`scan` and `while_loop` for functions written in NumPy: inside of a trace they note the loop, outside they are it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from symbackprop.errors import ArgumentError
from symbackprop.ir.node import Node
from symbackprop.read.from_numpy.arrays import TracedArray
from symbackprop.read.from_numpy.calls import Trace
from symbackprop.read.from_numpy.expressions import POSTFIX, Expression
from symbackprop.read.from_numpy.operands import Operand, Parts, separated
from symbackprop.read.from_numpy.plain import plain_scan, plain_while_loop, takes_row
from symbackprop.read.from_numpy.pytrees import Form, alike, flattened, unflattened
from symbackprop.read.from_numpy.running import running_trace
from symbackprop.read.from_numpy.steps import TracedStep
from symbackprop.read.vocabulary import FUNCTIONS
from symbackprop.read.vocabulary.arguments import Value

__all__ = ["leaves_of", "results_of", "scan", "while_loop"]


def scan(
    step: Callable[..., Any], init: Any, xs: Any = None, length: int | None = None, reverse: bool = False
) -> tuple[Any, Any]:
    """Run a step over the rows of arrays, handing a carry on; the way to write a loop that is compiled as a loop.

    Formula: ``carry_{t+1}, value_t = step(carry_t, xs[t])`` for t = 0, 1, ..., length - 1.

    Parameters
    ----------
    step : callable
        ``step(carry, row)`` returns ``(carry, value)``. It is traced once. The carry keeps its shapes and dtypes. The
        value may be None.
    init : nest of arrays
        The first carry: an array, a number, or tuples, lists, dicts, named tuples, dataclasses of them.
    xs : nest of arrays, optional
        What the steps read the rows of, all of one length. Without it the step takes the carry alone.
    length : int, optional
        The number of steps, where `xs` does not say it.
    reverse : bool
        Whether to begin with the last row. Values stay at the places of their rows.

    Returns
    -------
    carry, values
        The last carry, and the values of all steps, stacked along a new first axis.

    Raises
    ------
    ShapeError, ArgumentError
        If the carry changes its shape, or the number of steps is not one number.

    Notes
    -----
    Backwards the steps run in the other order, reading what the loop has stored for them: ``carry_bar_t = vjp(step)``.
    Memory grows with the number of steps by what the derivatives of a step need, and not at all for a value alone.

    References
    ----------
    P. J. Werbos, Backpropagation through time: what it does and how to do it, Proc. IEEE 78 (1990) 1550-1560.

    Examples
    --------
    >>> import numpy as np
    >>> import symbackprop as sb
    >>> def total(w, xs):
    ...     def step(carry, x):
    ...         carry = np.tanh(w * carry + x)
    ...         return carry, carry
    ...     last, every = sb.scan(step, 0.0, xs)
    ...     return np.sum(every**2)
    >>> g = sb.compile_grad(total, inputs={"w": "", "xs": "n"}, wrt="w")
    >>> round(float(g(0.5, [0.1, 0.2, 0.3])), 6)
    0.241506
    """
    trace = running_trace()
    if trace is None:
        return plain_scan(step, init, xs, length, reverse)
    with trace.locating():
        return _noted(trace, step, init, xs, length, reverse)


def _noted(trace: Trace, step: Any, init: Any, xs: Any, length: Any, reverse: Any) -> tuple[Any, Any]:
    if not callable(step):
        raise ArgumentError(f"the first argument of scan is a function, not {step!r:.80}")
    carry_form, carry_value, carry_parts = leaves_of(trace, init)
    row_form, row_value, row_parts = leaves_of(trace, xs)
    forms = [carry_form, row_form] if xs is not None or takes_row(step) else [carry_form]
    traced = TracedStep(trace, step, forms, 2, "step")
    given = [(carry_value, carry_parts), (row_value, row_parts)][: 1 if row_value is None else 2]
    options: dict[str, Operand] = {}
    if length is not None:
        options["length"] = trace.operands.of(length)
    if reverse:
        options["reverse"] = trace.operands.of(bool(reverse))
    values = [value for value, _ in given] + ([None] if len(given) == 1 else [])
    last, stacks = FUNCTIONS["scan"](traced, *values, **{name: value for name, (value, _) in options.items()})
    assert traced.definition is not None
    texts: list[Parts] = [[(traced.definition, POSTFIX)], *(own for _, own in given)]
    texts += [[f"{name}=", *own] for name, (_, own) in options.items()]
    place = trace.places.here()
    whole = trace.expression_of(["scan(", *separated(texts), ")"], POSTFIX, None, place.line)
    names = place.names if len(place.names) == 2 else (None, None)
    after, every = traced.returned
    if not alike(after, carry_form):
        raise ArgumentError(f"{traced.title} returns a carry that is nested otherwise than init")
    return (
        results_of(trace, last, [(whole, POSTFIX), "[0]"], carry_form, names[0], place.line),
        results_of(trace, stacks, [(whole, POSTFIX), "[1]"], every, names[1], place.line),
    )


def leaves_of(trace: Trace, tree: Any) -> tuple[Form, Value, Parts]:
    """Return the form of a nest, its leaves as the formula has them, and their text."""
    leaves, form = flattened(tree)
    operands = [trace.operands.of(leaf) for leaf in leaves]
    texts: list[Parts] = [own for _, own in operands]
    values = [value for value, _ in operands]
    if not values:
        return form, None, ["None"]
    if len(values) == 1:
        return form, values[0], texts[0]
    return form, tuple(values), ["(", *separated(texts), ")"]


def results_of(
    trace: Trace, value: Value, parts: Parts, form: Form, name: str | None, line: int, names: Sequence[str] = ()
) -> Any:
    """Return results of the formula as traced arrays, nested as `form` has it; `names` are those of its parts."""
    if value is None:
        return unflattened(form, [])
    if isinstance(value, Node):
        return unflattened(form, [TracedArray(trace, (value, trace.expression_of(parts, POSTFIX, name, line), None))])
    whole = trace.expression_of(parts, POSTFIX, name, line)
    known = names if len(names) == len(value) else [None] * len(value)  # type: ignore[arg-type]
    named = zip(value, known, strict=True)  # type: ignore[arg-type]
    return unflattened(form, [_part(trace, whole, node, at, own, line) for at, (node, own) in enumerate(named)])  # type: ignore[arg-type]


def _part(trace: Trace, whole: Expression, node: Node, position: int, name: str | None, line: int) -> TracedArray:
    expression = trace.expression_of([(whole, POSTFIX), f"[{position}]"], POSTFIX, name, line)
    return TracedArray(trace, (node, expression, None))


def while_loop(cond: Callable[..., Any], step: Callable[..., Any], init: Any, max_steps: int | None = None) -> Any:
    """Run a step for as long as a condition holds.

    Formula: ``carry_{k+1} = step(carry_k)`` while ``cond(carry_k)``, and k < max_steps.

    Parameters
    ----------
    cond : callable
        ``cond(carry)`` returns one truth value.
    step : callable
        ``step(carry)`` returns the new carry, of the same form, shapes and dtypes.
    init : nest of arrays
        The first carry.
    max_steps : int, optional
        After so many steps it ends in any case.

    Returns
    -------
    The last carry.

    Notes
    -----
    The way back takes as many steps as the way there, whose carries are stored. Where the number of steps changes, the
    derivative is that of the steps that are taken. Inside the step of another loop it has no reverse derivative.

    Examples
    --------
    >>> import symbackprop as sb
    >>> @sb.compile_value_and_grad(inputs="a x")
    ... def root(a, x):
    ...     return sb.while_loop(lambda x: abs(x * x - a) > 1e-12, lambda x: (x + a / x) / 2, x, max_steps=50)
    >>> value, (wrt_a, wrt_x) = root(2.0, 1.0)
    >>> round(float(value), 9), round(float(wrt_a), 6)
    (1.414213562, 0.353553)
    """
    trace = running_trace()
    if trace is None:
        return plain_while_loop(cond, step, init, max_steps)
    with trace.locating():
        return _noted_while(trace, cond, step, init, max_steps)


def _noted_while(trace: Trace, cond: Any, step: Any, init: Any, max_steps: Any) -> Any:
    for function in (cond, step):
        if not callable(function):
            raise ArgumentError(f"while_loop takes a condition and a step, both functions, not {function!r:.80}")
    form, value, parts = leaves_of(trace, init)
    test = TracedStep(trace, cond, [form], None, "condition")
    traced = TracedStep(trace, step, [form], None, "step")
    options = {} if max_steps is None else {"max_steps": trace.operands.of(max_steps)}
    last = FUNCTIONS["while_loop"](test, traced, value, **{name: found for name, (found, _) in options.items()})
    assert traced.definition is not None
    assert test.definition is not None
    if not alike(traced.returned[0], form):
        raise ArgumentError(f"{traced.title} returns a carry that is nested otherwise than init")
    texts: list[Parts] = [[(test.definition, POSTFIX)], [(traced.definition, POSTFIX)], parts]
    texts += [[f"{name}=", *own] for name, (_, own) in options.items()]
    place = trace.places.here()
    name = place.names[0] if len(place.names) == 1 else None
    return results_of(trace, last, ["while_loop(", *separated(texts), ")"], form, name, place.line)
