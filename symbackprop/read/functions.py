"""Functions that a formula defines: what is below a ``def`` is read anew for each call, with its arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence

from symbackprop.errors import ArgumentError
from symbackprop.ir.node import Node
from symbackprop.read.program import Definition
from symbackprop.read.vocabulary.arguments import Value

__all__ = ["Environment", "TextFunction"]

Environment = MutableMapping[str, Value]


class TextFunction:
    """A function of a formula, which loops can run as their step.

    Parameters
    ----------
    definition : Definition
    run : callable
        Reads the lines of a definition, given its arguments.
    rename : callable
        Takes over names and places for what nodes have become.
    level : int
        Of the inputs that it binds as a step.
    environment : mapping
        The names around it, with what they will stand for when it is called.
    """

    def __init__(
        self,
        definition: Definition,
        run: Callable[[Definition, Sequence[Value], Environment], Value],
        rename: Callable[[Mapping[Node, Node]], None],
        level: int,
        environment: Environment,
    ) -> None:
        self.title = definition.name
        self.parameters = definition.parameters
        self.level = level
        self._definition = definition
        self._run = run
        self._environment = environment
        self.became = rename

    def __call__(self, *values: Value) -> Value:
        """Return what the function makes of values."""
        if len(values) != len(self.parameters):
            wanted = ", ".join(self.parameters)
            raise ArgumentError(f"{self.title}({wanted}) takes {len(self.parameters)} arguments, not {len(values)}")
        return self._run(self._definition, values, self._environment)
