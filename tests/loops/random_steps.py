"""Random steps of loops: straight-line programs over carries, rows and constants, for `scan` and for Python's ``for``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

import symbackprop as sb

__all__ = [
    "GATES",
    "Loss",
    "Program",
    "arguments_of",
    "by_python",
    "by_scan",
    "declared",
    "nested",
    "random_program",
    "scanned",
    "unrolled",
]

Arrays = Mapping[str, Any]
Loss = Callable[[Arrays, Arrays, Arrays], Any]
Step = Callable[[Arrays, Arrays], tuple[Arrays, Any]]
Loop = Callable[[Step, Arrays, Arrays, bool], tuple[Arrays, Any]]
Choose = Callable[[int], int]  # one of the numbers below

GATES = """W[d,2*k] x[n,d] h0[k] ->
def step(h, z):
    a, b = split(z + concatenate((h, h)), 2)
    return tanh(a)*h + sin(b), h
last, hs = scan(step, h0, x @ W)
sum(last**2) + sum(hs)"""
SIZES = {"k": 3, "m": 2}
SHAPES = ("", "k", "m k", "k k")


class Operation(NamedTuple):
    """What a line of a program may do: the shapes it takes, the one it gives, the function, and one that is safer."""

    takes: tuple[str, ...]
    gives: str
    function: Callable[..., Any]
    safe: Callable[..., Any] | None = None


def _operations() -> list[Operation]:
    unary: list[Callable[..., Any]] = [
        np.tanh,
        np.sin,
        lambda a: a / (1 + a * a),
        lambda a: np.exp(-a * a),
        lambda a: np.sqrt(1 + a**2),
        lambda a: np.logaddexp(0, a),
        lambda a: np.abs(a) - 0.5,
        lambda a: 2.0 * np.ones_like(a),
    ]
    binary: list[Callable[..., Any]] = [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a * b,
        lambda a, b: a / (2 + np.cos(b)),
        lambda a, b: np.where(a > b, a * b, a),
        lambda a, b: np.maximum(a, b),
    ]
    masked: list[tuple[Callable[..., Any], Callable[..., Any]]] = [
        (lambda a: np.where(a > 0, np.log(a), a), lambda a: np.where(a > 0, np.log(np.where(a > 0, a, 1.0)), a)),
        (
            lambda a: np.where(a > 0.1, np.sqrt(a), 0.0),
            lambda a: np.where(a > 0.1, np.sqrt(np.where(a > 0.1, a, 1.0)), 0.0),
        ),
    ]
    found = [Operation((shape,), shape, function) for shape in SHAPES for function in unary]
    found += [Operation((shape,), shape, function, safe) for shape in SHAPES for function, safe in masked]
    pairs = [(shape, shape) for shape in SHAPES] + [("k", ""), ("m k", ""), ("m k", "k"), ("k k", "k")]
    found += [Operation(pair, pair[0], function) for pair in pairs for function in binary]
    products = [
        (("k", "k k"), "k"),
        (("m k", "k k"), "m k"),
        (("k k", "k k"), "k k"),
        (("k k", "k"), "k"),
        (("k", "k"), ""),
    ]
    found += [Operation(takes, gives, lambda a, b: a @ b) for takes, gives in products]
    found += [
        Operation(("k", "k"), "k k", np.outer),
        Operation(("m k", "m k"), "k k", lambda a, b: a.T @ b),
        Operation(("k k",), "k k", lambda a: a.T),
        Operation(("k k",), "k", lambda a: np.diagonal(a)),
        Operation(("k",), "k", lambda a: a[::-1]),
        Operation(("k",), "k", lambda a: np.concatenate([a[1:], a[:1]])),
        Operation(("k",), "k", np.cumsum),
        Operation(("k",), "k", lambda a: np.exp(a - np.log(np.sum(np.exp(a))))),
        Operation(("k",), "", np.sum),
        Operation(("k",), "", np.max),
        Operation(("k",), "", lambda a: np.log(np.sum(np.exp(a)))),
        Operation(("k",), "", lambda a: a[0] * a[-1]),
        Operation(("m k",), "k", lambda a: np.mean(a, axis=0)),
        Operation(("m k",), "k", lambda a: a[0] - a[1]),
        Operation(("m k",), "m k", lambda a: a - np.max(a, axis=1, keepdims=True)),
        Operation(("k k",), "k", lambda a: np.log(np.sum(np.exp(a), axis=1))),
    ]
    return found


OPERATIONS = _operations()


class Line(NamedTuple):
    """An operation on values before it."""

    operation: Operation
    operands: tuple[int, ...]


@dataclass(frozen=True)
class Program:
    """A step.

    Parameters
    ----------
    carries, rows, constants : tuple of str
        The shapes of what it reads.
    lines : tuple of Line
    new : tuple of (int, int)
        For every carry the value that it becomes, and how that is kept from growing.
    values : tuple of int
        What the step gives beside the carries; none for None.
    reverse : bool
    """

    carries: tuple[str, ...]
    rows: tuple[str, ...]
    constants: tuple[str, ...]
    lines: tuple[Line, ...]
    new: tuple[tuple[int, int], ...]
    values: tuple[int, ...]
    reverse: bool

    def step(self, carry: Arrays, row: Arrays, shared: Arrays, loop: Loop | None = None) -> tuple[dict[str, Any], Any]:
        """Return the new carry and the values; masked branches guard themselves in a loop that is written out."""
        known = [*carry.values(), *row.values(), *shared.values()]
        for operation, operands in self.lines:
            function = operation.safe if operation.safe is not None and loop is by_python else operation.function
            known.append(function(*(known[i] for i in operands)))
        bounded = (lambda a: a, np.tanh, lambda a: 0.9 * np.sin(a))
        new = {name: bounded[how](known[i]) for name, (i, how) in zip(carry, self.new, strict=True)}
        return new, {f"v{at}": known[i] for at, i in enumerate(self.values)} if self.values else None


def random_program(choose: Choose, carries: tuple[str, ...] | None = None) -> Program:
    """Return a program, made of choices, with the `carries` that are given or any."""

    def some(most: int, least: int = 0) -> tuple[str, ...]:
        return tuple(SHAPES[choose(len(SHAPES))] for _ in range(least + choose(most - least + 1)))

    carries, rows, constants = some(3, 1) if carries is None else carries, some(2), some(2)
    shapes = [*carries, *rows, *constants]
    own = len(shapes)
    lines: list[Line] = []
    for _ in range(2 + choose(9)):
        possible = [operation for operation in OPERATIONS if all(shape in shapes for shape in operation.takes)]
        operation = possible[choose(len(possible))]
        operands = []
        for shape in operation.takes:
            at_hand = [i for i, other in enumerate(shapes) if other == shape]
            operands.append(at_hand[-1 - choose(len(at_hand))])  # the newest ones are the simplest choice
        lines.append(Line(operation, tuple(operands)))
        shapes.append(operation.gives)
    new = []
    for position, shape in enumerate(carries):
        alike = [i for i, other in enumerate(shapes) if other == shape and (i >= own or i == position)]
        at = alike[-1 - choose(len(alike))]
        new.append((at, 0 if at == position else 1 + choose(2)))
    values = tuple(choose(len(shapes)) for _ in range(choose(3)))
    return Program(carries, rows, constants, tuple(lines), tuple(new), values, bool(choose(2)))


# --- functions of programs --------------------------------------------------------------------------------------------


def _measured(last: Arrays, values: Sequence[Any]) -> Any:
    """Return a number that depends on all that a loop gives."""
    total = 0.0
    for at, array in enumerate((*last.values(), *values), 1):
        total = total + np.sum(np.sin(array + 0.3 * at))
    return total


def by_scan(step: Step, init: Arrays, xs: Arrays, reverse: bool) -> tuple[Arrays, Any]:
    """Run a step over the rows of arrays, of which ``count`` only says how many there are."""
    rows = {name: x for name, x in xs.items() if name != "count"}
    length = {} if rows else {"length": xs["count"].shape[0]}
    return sb.scan(step, init, rows or None, reverse=reverse, **length)


def by_python(step: Step, init: Arrays, xs: Arrays, reverse: bool) -> tuple[Arrays, Any]:
    """Do the same by a loop of Python's, which a trace writes out step by step."""
    carry, found = init, {}
    steps = xs["count"].shape[0]
    for t in reversed(range(steps)) if reverse else range(steps):
        carry, found[t] = step(carry, {name: x[t] for name, x in xs.items() if name != "count"})
    if not steps or found[0] is None:
        return carry, None
    return carry, {name: np.stack([found[t][name] for t in range(steps)]) for name in found[0]}


def loss_of(program: Program, loop: Loop) -> Loss:
    """Return a function that runs a program in a loop."""

    def loss(init: Arrays, xs: Arrays, shared: Arrays) -> Any:
        def step(carry: Arrays, row: Arrays) -> tuple[dict[str, Any], Any]:
            return program.step(carry, {} if row is None else row, shared, loop)

        last, values = loop(step, init, xs, program.reverse)
        return _measured(last, [] if values is None else [*values.values()])

    return loss


def scanned(program: Program) -> Loss:
    """Return the loop as a scan."""
    return loss_of(program, by_scan)


def unrolled(program: Program) -> Loss:
    """Return the loop written out."""
    return loss_of(program, by_python)


def nested(inner: Program, outer: Program, loop: Loop) -> Callable[..., Any]:
    """Return a function that runs a loop in every step of another, with the same carries."""

    def loss(init: Arrays, xs: Arrays, shared: Arrays, xs2: Arrays, shared2: Arrays) -> Any:
        def inner_step(carry: Arrays, row: Arrays) -> tuple[dict[str, Any], Any]:
            return inner.step(carry, {} if row is None else row, shared2, loop)

        def step(carry: Arrays, row: Arrays) -> tuple[dict[str, Any], Any]:
            last, values = loop(inner_step, carry, xs2, inner.reverse)
            measured = 0.0 if values is None else 0.1 * _measured({}, [*values.values()])
            return outer.step(
                {name: x + measured for name, x in last.items()}, {} if row is None else row, shared, loop
            )

        last, values = loop(step, init, xs, outer.reverse)
        return _measured(last, [] if values is None else [*values.values()])

    return loss


def declared(program: Program, steps: str) -> dict[str, dict[str, str]]:
    """Return the shapes of the arguments of a program's functions, for a number of steps or its name."""
    return {
        "init": {f"c{i}": shape for i, shape in enumerate(program.carries)},
        "xs": {"count": steps} | {f"x{i}": f"{steps} {shape}".strip() for i, shape in enumerate(program.rows)},
        "shared": {f"w{i}": shape for i, shape in enumerate(program.constants)},
    }


def arguments_of(program: Program, steps: int, seed: int, dtype: str = "float64") -> dict[str, dict[str, Any]]:
    """Return random arguments."""
    rng = np.random.default_rng(seed)
    sizes = SIZES | {"n": steps}
    return {
        group: {
            name: rng.normal(size=[sizes[size] for size in shape.split()]).astype(dtype)
            for name, shape in shapes.items()
        }
        for group, shapes in declared(program, "n").items()
    }
