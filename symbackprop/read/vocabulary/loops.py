"""`scan` and `while_loop`: a function of the formula as the step of a loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from symbackprop.errors import ArgumentError, ShapeError
from symbackprop.ir.dtype import is_float
from symbackprop.ir.node import Input, Node, make_input
from symbackprop.ir.size import Size, opaque, shape_text
from symbackprop.ops.broadcasting import agreed, converted, with_shape
from symbackprop.ops.loops import looped
from symbackprop.ops.whiles import repeated
from symbackprop.read.vocabulary.arguments import (
    Value,
    collected_here,
    count_of_entries,
    node_of,
    size_to_be,
    static_flag,
)
from symbackprop.read.vocabulary.closing import closed, refusing_counts
from symbackprop.read.vocabulary.trees import filled, leaves, same_form, typed

__all__ = ["FUNCTIONS", "Step", "scan", "while_loop"]


class Step(Protocol):
    """A function that a loop or a branch runs."""

    title: str
    parameters: Sequence[str]

    def __call__(self, *values: Value) -> Value:
        """Return what the function makes of values."""

    def given(self) -> Iterable[Node]:
        """Return what the names around it stand for."""


def scan(step: Any, init: Value, xs: Value = None, length: Value = None, reverse: Value = False) -> Value:
    """``scan(step, init, xs)``: run ``carry, value = step(carry, row)`` over the rows of `xs`.

    Returns the last carry and all values, stacked. Without `xs` it runs `length` times, and the step takes the carry
    alone. With ``reverse=True`` it begins with the last row.
    """
    backwards = static_flag(reverse, "reverse")
    title = _checked_step(step)
    sequences = leaves(xs, "xs")
    steps = _length(sequences, length)
    sequences = [with_shape(x, (steps, *x.shape[1:])) for x in sequences]
    initial = [typed(node) for node in leaves(init, "init")]
    given = 1 if xs is None and len(step.parameters) < 2 else 2

    def run(bound: Sequence[Input]) -> tuple[Value, Value]:
        carry = filled(init, bound[: len(initial)])
        row = filled(xs, bound[len(initial) :])
        return _parts(title, step(*(carry, row)[:given]))

    bound, initial, new, values = _settled(title, init, initial, sequences, run)
    stacked = leaves(values, "the value of a step")
    body, captured = closed([*new, *stacked], bound, step.given)
    loop = looped(body, initial, sequences, captured, steps, reverse=backwards)
    finals = filled(init, [loop.final(i) for i in range(len(initial))])
    return finals, filled(values, [loop.stack(j) for j in range(len(stacked))])


def _settled(
    title: str,
    init: Value,
    initial: Sequence[Node],
    sequences: Sequence[Node],
    run: Callable[[Sequence[Input]], tuple[Value, Value]],
) -> tuple[list[Input], list[Node], list[Node], Value]:
    """Run a step until its carry keeps its dtypes; return what it binds, the first and the new carry, and what is beside it."""
    first = [*initial]
    while True:
        bound = _bound(first, sequences)
        with refusing_counts(title):
            after, beside = run(bound)
        new = [typed(node) for node in leaves(after, "the new carry")]
        if not same_form(init, after):
            raise ShapeError(
                f"{title} takes a carry of {len(first)} arrays and returns one of {len(new)}, or nests it otherwise"
            )
        raised = [_raised(before, now) for before, now in zip(first, new, strict=True)]
        if all(a is b for a, b in zip(raised, first, strict=True)):
            fitting = [_fitting(title, before, now) for before, now in zip(first, new, strict=True)]
            return bound, first, fitting, beside
        first = raised


def _checked_step(step: Any) -> str:
    if not callable(step) or not hasattr(step, "parameters"):
        raise ArgumentError("the first argument is a function, defined above: def step(carry, x): ...")
    return str(step.title)


def _length(sequences: Sequence[Node], length: Value) -> Size:
    """Return the number of steps: the common length of all sequences, or what is given."""
    steps: Size | None = None if length is None else count_of_entries(length, "length")
    for x in sequences:
        if not x.shape:
            raise ShapeError("xs is a number; a loop runs over the rows of an array, or give length=")
        if steps is None:
            steps = x.shape[0]
        elif not agreed(steps, x.shape[0]):
            if length is not None and x is sequences[0]:
                raise ShapeError(f"length is {steps}, and the arrays in xs have {x.shape[0]} rows")
            raise ShapeError(f"the arrays in xs have {steps} and {x.shape[0]} rows")
    if steps is None:
        raise ArgumentError("the number of steps is missing: give xs, or length=")
    return steps


def _raised(before: Node, after: Node) -> Node:
    """Return an initial carry as a real number, where the step makes one of it."""
    return converted(before, after.dtype) if is_float(after.dtype) and not is_float(before.dtype) else before


def _bound(initial: Sequence[Node], sequences: Sequence[Node]) -> list[Input]:
    level = collected_here().new_level()
    shapes = [(node.shape, node.dtype) for node in initial] + [(x.shape[1:], x.dtype) for x in sequences]
    return [make_input(at, shape, dtype, level) for at, (shape, dtype) in enumerate(shapes)]


def _parts(title: str, result: Value) -> tuple[Value, Value]:
    if not isinstance(result, tuple) or len(result) != 2:
        raise ArgumentError(f"{title} returns the new carry and a value, `return carry, value`; the value may be None")
    return result


def _fitting(title: str, before: Node, after: Node) -> Node:
    """Return a new carry in the shape and dtype of the one before it."""
    if len(before.shape) != len(after.shape) or not all(map(agreed, before.shape, after.shape)):
        raise ShapeError(
            f"{title} turns a carry of shape {shape_text(before.shape)} into one of shape {shape_text(after.shape)}; "
            "let init have the shape that all steps keep"
        )
    if before.dtype != after.dtype and (is_float(before.dtype) or before.dtype == "bool"):
        after = converted(after, before.dtype)
    if before.dtype != after.dtype:
        raise ArgumentError(f"{title} turns a carry of dtype {before.dtype} into one of dtype {after.dtype}")
    return with_shape(after, before.shape)


def while_loop(cond: Any, step: Any, init: Value, max_steps: Value = None) -> Value:
    """``while_loop(cond, step, init, max_steps)``: run ``carry = step(carry)`` while ``cond(carry)``; returns the carry."""
    title = _checked_step(step)
    _checked_step(cond)
    limit = None if max_steps is None else count_of_entries(max_steps, "max_steps")
    initial = [typed(node) for node in leaves(init, "init")]

    def run(bound: Sequence[Input]) -> tuple[Value, Value]:
        carry = filled(init, bound)
        return step(carry), cond(carry)

    bound, initial, new, held = _settled(title, init, initial, [], run)
    test = node_of(held)
    if test.shape or test.dtype != "bool":
        raise ShapeError(f"{cond.title} gives one truth value, not {test!r}")
    whole, captured = closed([*new, test], bound, step.given)
    name = size_to_be()
    size = None if name is None else opaque(name)
    body, condition = whole.part(range(len(new))), whole.part([len(new)])
    loop = repeated(condition, body, initial, captured, limit=limit, size=size)
    if name is not None and not collected_here().depth:  # that of a derivative is known once this is written out
        collected_here().counts[name] = loop.count
    return filled(init, [loop.final(i) for i in range(len(initial))])


FUNCTIONS: dict[str, Callable[..., Value]] = {"scan": scan, "while_loop": while_loop}
