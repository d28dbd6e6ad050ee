"""Functions that a formula defines: what is below a ``def`` is read anew for each call, with its arguments."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence

from symbackprop.errors import ArgumentError
from symbackprop.ir.node import Node
from symbackprop.read.program import Definition
from symbackprop.read.vocabulary.arguments import Value
from symbackprop.read.vocabulary.branches import Capture

__all__ = ["Environment", "TextFunction", "inner_environment"]

Environment = MutableMapping[str, Value]


class TextFunction:
    """A function of a formula, which loops can run as their step.

    Parameters
    ----------
    definition : Definition
    run : callable
        Reads the lines of a definition, given its arguments.
    environment : mapping
        The names around it, with what they will stand for when it is called.
    """

    def __init__(
        self,
        definition: Definition,
        run: Callable[[Definition, Sequence[Value], Environment, Capture | None], Value],
        environment: Environment,
    ) -> None:
        self.title = definition.name
        self.parameters = definition.parameters
        self._definition = definition
        self._run = run
        self._environment = environment

    def __repr__(self) -> str:
        return f"the function {self.title}"

    def apart(self, values: Sequence[Value], capture: Capture) -> Value:
        """Return what the function makes of values, with inputs for all that it takes from outside."""
        return self._called(values, capture)

    def __call__(self, *values: Value) -> Value:
        """Return what the function makes of values."""
        return self._called(values, None)

    def _called(self, values: Sequence[Value], capture: Capture | None) -> Value:
        if len(values) != len(self.parameters):
            wanted = ", ".join(self.parameters)
            raise ArgumentError(f"{self.title}({wanted}) takes {len(self.parameters)} arguments, not {len(values)}")
        return self._run(self._definition, values, self._environment, capture)

    def given(self) -> Iterable[Node]:
        """Return what the names around it stand for, but for the inputs of branches."""
        waiting: list[object] = [self._environment]
        while waiting:
            item = waiting.pop()
            if isinstance(item, Node):
                yield item
            elif isinstance(item, tuple):
                waiting += item
            elif isinstance(item, ChainMap):
                waiting += item.maps
            elif isinstance(item, dict):
                waiting += item.values()


def inner_environment(environment: Environment, capture: Capture | None) -> Environment:
    """Return the environment of a function that was defined in `environment`, while branches `capture` what is outside."""
    if capture is None:
        return ChainMap({}, environment)
    inside = any(environment is own for own in capture.environments)
    around = environment if inside else Captured(environment, capture)
    inner: Environment = ChainMap({}, around)  # type: ignore[arg-type]
    capture.environments.append(inner)
    return inner


class Captured(Mapping[str, Value]):
    """The names around a branch, with inputs for the nodes that they stand for."""

    def __init__(self, environment: Environment, capture: Capture) -> None:
        self._environment = environment
        self._capture = capture

    def __getitem__(self, name: str) -> Value:
        return self._capture.bound(self._environment[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._environment)

    def __len__(self) -> int:
        return len(self._environment)
