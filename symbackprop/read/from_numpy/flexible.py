"""Sizes that example arrays have: they stay open until the function needs them equal, or needs a number.

Each axis of an example starts with a name of its own (1 stays 1). What the function needs is written down while it
runs, and the function runs once more with fewer names, until nothing new is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from symbackprop.ir.size import Size, SizeExpression, evaluate, named, names, substitute

__all__ = ["Flexible"]


class Flexible:
    """The open sizes of examples, with the numbers that they have there.

    Parameters
    ----------
    numbers : mapping of name to int
        What each open size is in the examples.
    """

    def __init__(self, numbers: Mapping[str, int]) -> None:
        self.numbers = dict(numbers)
        self._order = {name: position for position, name in enumerate(numbers)}
        self.fixed: dict[str, int] = {}  # what had to be a number
        self._needed: list[tuple[Size, Size]] = []

    def number(self, size: Size) -> int | None:
        """Return the number that `size` is in the examples, None if it depends on a declared size."""
        if any(name not in self.numbers for name in names(size)):
            return None
        return evaluate(size, self.numbers)

    def unify(self, a: Size, b: Size) -> bool:
        """Tell whether two sizes are equal in the examples, and note that they have to be."""
        first, second = self.number(a), self.number(b)
        if first is None or first != second:
            return False
        self._needed.append((a, b))
        return True

    def fix(self, size: Size) -> int | None:
        """Return the number of a size that has to be one, and note that; None for a declared size."""
        number = self.number(size)
        if number is not None:
            self._needed.append((size, number))
        return number

    def unify_alike(self, within: Iterable[str]) -> bool:
        """Let those of the names be one size whose numbers are equal, unless there is a need already; tell if there is."""
        first: dict[int, str] = {}
        if self._needed:
            return True
        for name in within:
            if name not in self.numbers:
                continue
            other = first.setdefault(self.numbers[name], name)
            if other != name:
                self._needed.append((named(other), named(name)))
        return bool(self._needed)

    def fix_all(self) -> bool:
        """Let all open sizes be the numbers that they are; tell whether there were any."""
        self._needed += [(named(name), number) for name, number in self.numbers.items()]
        return bool(self._needed)

    def solved(self) -> dict[str, Size]:
        """Return what open sizes are in terms of the others, and forget them."""
        solution: dict[str, Size] = {}
        for a, b in self._needed:
            a, b = substitute(a, solution), substitute(b, solution)
            if a == b:
                continue
            found = _solution(a - b, self._order)
            if found is None:  # no name can be had from it: all of them are numbers
                found = {name: self.numbers[name] for name in (*names(a), *names(b))}
            solution = {name: substitute(size, found) for name, size in solution.items()} | found
        self._needed.clear()
        for name, size in solution.items():
            number = self.numbers.pop(name)
            if isinstance(size, int):
                self.fixed[name] = number
        return solution


def _solution(difference: Size, order: Mapping[str, int]) -> dict[str, Size] | None:
    """Return the last name that stands alone in a difference which is 0, in terms of those before it."""
    if not isinstance(difference, SizeExpression):
        return None
    for name in sorted(names(difference), key=order.__getitem__, reverse=True):
        rest = substitute(difference, {name: 0})
        slope = substitute(difference, {name: 1}) - rest if isinstance(difference, SizeExpression) else 0
        if slope in (1, -1) and difference == rest + slope * named(name):
            return {name: -slope * rest}
    return None
