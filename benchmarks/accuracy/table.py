"""The table: the largest errors of each program, in units in the last place, of the value and of the gradient."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field

from rich.table import Table

from benchmarks.accuracy.function import Function
from benchmarks.accuracy.functions import FUNCTIONS
from benchmarks.accuracy.programs import PROGRAMS, Computed, run
from benchmarks.accuracy.reference import exact, units
from benchmarks.peers import OURS
from benchmarks.row import Row

__all__ = ["Errors", "Measured", "accuracy_table", "compared", "errors_of", "expected_of", "measured"]

POINTS = 40
FEW, LUCK, ROUNDING = 2.0, 1.1, 0.5  # units that count as none; a factor, and units more, that count as equal
Errors = tuple[float, float]  # of the value, and of the gradient
Compared = tuple[
    int, int
]  # numbers that ours has less accurate than a peer, by more than a rounding, and more accurate


@dataclass(frozen=True)
class Measured:
    """The largest errors of the programs on a function, and how often ours is less and more accurate than each peer."""

    name: str
    errors: dict[str, Errors]
    compared: dict[str, Compared] = field(default_factory=dict)

    @property
    def better(self) -> list[str]:
        """The peers that are more accurate, beyond the luck of roundings: all errors of a few units count as one."""
        ours = self.errors[OURS]
        return [
            peer
            for peer, errors in self.errors.items()
            if peer != OURS and any(ours[i] > max(FEW, LUCK * errors[i], errors[i] + ROUNDING) for i in (0, 1))
        ]

    @property
    def holds(self) -> bool:
        """Whether no peer is more accurate, and ours is finite wherever what is right is."""
        return max(self.errors[OURS]) < float("inf") and not self.better

    def row(self) -> Row:
        """Return the larger error of ours, with the smallest larger one of a peer as its limit."""
        least = min((max(errors) for program, errors in self.errors.items() if program != OURS), default=float("inf"))
        return Row(f"accuracy: {self.name}", f"{_text(max(self.errors[OURS]))} ulp", f"{_text(least)} ulp", self.holds)

    def reason(self) -> str:
        """Return why the row does not hold: the peer that is more accurate, and at how many numbers it is and is not."""
        if max(self.errors[OURS]) == float("inf"):
            return f"{self.name}: not finite where what is right is"
        peer = max(self.better, key=lambda peer: self.compared[peer][0] - self.compared[peer][1])
        better, worse = self.compared[peer]
        return f"{self.name}: {peer} is more accurate by half a unit or more at {better} numbers, and less at {worse}"


def each_error(rows: Sequence[Computed], expected: Sequence[Sequence[object]]) -> list[list[float]]:
    """Return the errors of value and derivatives at each point; infinite where a finite one is nan or infinite."""
    return [
        [units(found, true) or 0.0 for found, true in zip(row, right, strict=True)]
        for row, right in zip(rows, expected, strict=True)
    ]


def errors_of(rows: Sequence[Computed], expected: Sequence[Sequence[object]]) -> Errors:
    """Return the largest errors of values and of derivatives."""
    return _largest(each_error(rows, expected))


def _largest(errors: Sequence[Sequence[float]]) -> Errors:
    return max(row[0] for row in errors), max(slope for row in errors for slope in row[1:])


def compared(ours: Sequence[Sequence[float]], peers: Sequence[Sequence[float]]) -> Compared:
    """Count the numbers at which ours, and those at which the peer's, have an error that is larger by more than a rounding."""
    pairs = [pair for rows in zip(ours, peers, strict=True) for pair in zip(*rows, strict=True)]
    return sum(a > b + ROUNDING for a, b in pairs), sum(b > a + ROUNDING for a, b in pairs)


def expected_of(function: Function, count: int) -> list[list[object]]:
    """Return value and gradient, right to fifty digits, at all points of a function."""
    return [exact(function, point) for point in function.points(count)]


def _expected_of_name(name: str, count: int) -> list[list[object]]:
    return expected_of(FUNCTIONS[name], count)


def measured(names: Iterable[str] = tuple(FUNCTIONS), count: int = POINTS) -> Iterator[Measured]:
    """Yield the errors of all programs that are installed, a process each; what is right, by as many as there are cores."""
    with ExitStack() as stack:
        context = multiprocessing.get_context("spawn")
        references = stack.enter_context(ProcessPoolExecutor(mp_context=context))
        right = {name: references.submit(_expected_of_name, name, count) for name in names}
        pools = {name: stack.enter_context(ProcessPoolExecutor(1, mp_context=context)) for name in PROGRAMS}
        for name in right:
            answers = {program: pool.submit(run, program, name, count) for program, pool in pools.items()}
            expected = right[name].result()
            found: dict[str, list[list[float]]] = {}
            for program, answer in answers.items():
                try:
                    found[program] = each_error(answer.result(), expected)
                except ImportError:
                    del pools[program]
            counts = {peer: compared(found[OURS], errors) for peer, errors in found.items() if peer != OURS}
            yield Measured(name, {program: _largest(errors) for program, errors in found.items()}, counts)


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
