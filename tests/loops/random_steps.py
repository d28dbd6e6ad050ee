"""Random steps of loops: straight-line programs over carries, rows and constants, for `scan` and for Python's ``for``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

import symbackprop as sb

__all__ = ["Loss", "Program", "arguments_of", "declared", "random_program", "scanned", "unrolled"]

Arrays = Mapping[str, Any]
Loss = Callable[[Arrays, Arrays, Arrays], Any]
Choose = Callable[[int], int]  # one of the numbers below

SIZES = {"k": 3, "m": 2}
SHAPES = ("", "k", "m k", "k k")


class Operation(NamedTuple):
    """What a line of a program may do: the shapes it takes, the one it gives, and the function."""

    takes: tuple[str, ...]
    gives: str
    function: Callable[..., Any]


def _operations() -> list[Operation]:
    unary: list[Callable[..., Any]] = [
        np.tanh,
        np.sin,
        lambda a: a / (1 + a * a),
        lambda a: np.exp(-a * a),
        lambda a: np.sqrt(1 + a**2),
        lambda a: np.logaddexp(0, a),
        lambda a: np.where(a > 0, np.log(a), a),
        lambda a: np.where(a > 0.1, np.sqrt(a), 0.0),
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
    found = [Operation((shape,), shape, function) for shape in SHAPES for function in unary]
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

    def step(self, carry: Arrays, row: Arrays, shared: Arrays) -> tuple[dict[str, Any], Any]:
        """Return the new carry and the values."""
        known = [*carry.values(), *row.values(), *shared.values()]
        for operation, operands in self.lines:
            known.append(operation.function(*(known[i] for i in operands)))
        bounded = (lambda a: a, np.tanh, lambda a: 0.9 * np.sin(a))
        new = {name: bounded[how](known[i]) for name, (i, how) in zip(carry, self.new, strict=True)}
        return new, {f"v{at}": known[i] for at, i in enumerate(self.values)} if self.values else None


def random_program(choose: Choose) -> Program:
    """Return a program, made of choices."""

    def some(most: int, least: int = 0) -> tuple[str, ...]:
        return tuple(SHAPES[choose(len(SHAPES))] for _ in range(least + choose(most - least + 1)))

    carries, rows, constants = some(3, 1), some(2), some(2)
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


def scanned(program: Program) -> Loss:
    """Return the loop as a scan."""

    def loss(init: Arrays, xs: Arrays, shared: Arrays) -> Any:
        def step(carry: Arrays, row: Arrays) -> tuple[dict[str, Any], Any]:
            return program.step(carry, {} if row is None else row, shared)

        length = {} if program.rows else {"length": xs["count"].shape[0]}
        rows = {name: x for name, x in xs.items() if name != "count"} if program.rows else None
        last, values = sb.scan(step, init, rows, reverse=program.reverse, **length)
        return _measured(last, [] if values is None else [*values.values()])

    return loss


def unrolled(program: Program) -> Loss:
    """Return the loop as one of Python's, which a trace writes out step by step."""

    def loss(init: Arrays, xs: Arrays, shared: Arrays) -> Any:
        carry, found = dict(init), {}
        steps = xs["count"].shape[0]
        for t in reversed(range(steps)) if program.reverse else range(steps):
            row = {name: x[t] for name, x in xs.items() if name != "count"}
            carry, found[t] = program.step(carry, row, shared)
        columns = [[found[t][f"v{at}"] for t in range(steps)] for at in range(len(program.values))]
        return _measured(carry, [np.stack(column) for column in columns] if steps else [])

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
