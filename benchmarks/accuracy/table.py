"""The table: the largest errors of each program, in units in the last place, of the value and of the gradient."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

from rich.table import Table

from benchmarks.accuracy.function import Function
from benchmarks.accuracy.functions import FUNCTIONS
from benchmarks.accuracy.programs import PROGRAMS, Computed, run
from benchmarks.accuracy.reference import exact, units
from benchmarks.peers import OURS
from benchmarks.row import Row

__all__ = ["Errors", "Measured", "accuracy_table", "errors_of", "expected_of", "measured"]

POINTS = 40
FEW, LUCK = 2.0, 1.1
Errors = tuple[float, float]  # of the value, and of the gradient


@dataclass(frozen=True)
class Measured:
    """The largest errors of the programs on a function."""

    name: str
    errors: dict[str, Errors]

    @property
    def holds(self) -> bool:
        """Whether no peer is more accurate, beyond the luck of roundings: all errors of a few units count as one."""
        ours = self.errors[OURS]
        return all(ours[i] <= max(FEW, LUCK * other[i]) for other in self.errors.values() for i in (0, 1))

    def row(self) -> Row:
        """Return the larger error of ours, with the smallest larger one of a peer as its limit."""
        least = min((max(errors) for program, errors in self.errors.items() if program != OURS), default=float("inf"))
        return Row(f"accuracy: {self.name}", f"{_text(max(self.errors[OURS]))} ulp", f"{_text(least)} ulp", self.holds)


def errors_of(rows: Sequence[Computed], expected: Sequence[Sequence[object]]) -> Errors:
    """Return the largest errors of values and of derivatives; infinite where a finite one is nan or infinite."""
    value, gradient = 0.0, 0.0
    for row, right in zip(rows, expected, strict=True):
        errors = [units(found, true) or 0.0 for found, true in zip(row, right, strict=True)]
        value, gradient = max(value, errors[0]), max(gradient, *errors[1:])
    return value, gradient


def expected_of(function: Function, count: int) -> list[list[object]]:
    """Return value and gradient, right to fifty digits, at all points of a function."""
    return [exact(function, point) for point in function.points(count)]


def measured(names: Iterable[str] = tuple(FUNCTIONS), count: int = POINTS) -> Iterator[Measured]:
    """Yield the errors of all programs that are installed, a process each."""
    with ExitStack() as stack:
        context = multiprocessing.get_context("spawn")
        pools = {name: stack.enter_context(ProcessPoolExecutor(1, mp_context=context)) for name in PROGRAMS}
        for name in names:
            answers = {program: pool.submit(run, program, name, count) for program, pool in pools.items()}
            expected = expected_of(FUNCTIONS[name], count)
            found: dict[str, Errors] = {}
            for program, answer in answers.items():
                try:
                    found[program] = errors_of(answer.result(), expected)
                except ImportError:
                    del pools[program]
            yield Measured(name, found)


def accuracy_table(rows: Sequence[Measured]) -> Table:
    """Return a line a function, with the errors of value and gradient of each program."""
    programs = [program for program in PROGRAMS if any(program in row.errors for row in rows)]
    found = Table("function")
    for program in programs:
        found.add_column(program, justify="right")
        found.add_column("gradient", justify="right")
    found.add_column("holds")
    for row in rows:
        cells = [_text(error) for program in programs for error in row.errors.get(program, (float("nan"),) * 2)]
        found.add_row(row.name, *cells, "yes" if row.holds else "NO")
    return found


def _text(error: float) -> str:
    if error != error:
        return ""
    if error == float("inf"):
        return "not finite"
    return f"{error:.2f}" if error < 100 else f"{error:.1g}"
