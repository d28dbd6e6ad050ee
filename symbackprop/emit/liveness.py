"""Until when the memory of a name is needed: names that may share memory live as long as the last of them.

A line that computes entry by entry, or that is known to make an array of its own, shares memory with nobody. Whatever
else binds a name (a view, a loop, a call of somebody's function) may hand on the memory of all that it speaks of.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from symbackprop.emit.release import Statement, names_in

__all__ = ["Lifetimes"]


class Lifetimes:
    """The lifetimes of the names in some statements.

    Parameters
    ----------
    statements : sequence of Statement
    result : str
        What is returned behind them.
    """

    def __init__(self, statements: Sequence[Statement], result: str) -> None:
        self._owner: dict[str, str] = {}
        for statement in statements:
            bound = statement.bound
            alike = statement.beside if statement.is_fresh else (*bound, *statement.used) if bound else ()
            for name in alike:
                self._unite(alike[0], name)
        self._last: dict[str, int] = {}
        for at, statement in enumerate(statements):
            for name in (*statement.bound, *statement.used):
                self._last[self.memory_of(name)] = at
        for name in names_in(result):
            self._last[self.memory_of(name)] = len(statements)

    def memory_of(self, name: str) -> str:
        """Return the name that stands for all that may share memory with one."""
        path = []
        while (owner := self._owner.get(name, name)) != name:
            path.append(name)
            name = owner
        for passed in path:
            self._owner[passed] = name
        return name

    def last_use(self, name: str) -> int:
        """Return the number of the last statement that needs the memory of a name."""
        return self._last.get(self.memory_of(name), -1)

    def alike(self, names: Iterable[str]) -> set[str]:
        """Return all names that may share memory with some."""
        memories = {self.memory_of(name) for name in names}
        return memories.union(name for name in [*self._owner] if self.memory_of(name) in memories)

    def _unite(self, one: str, other: str) -> None:
        self._owner[self.memory_of(other)] = self.memory_of(one)
