"""Formula text to a graph: its statements, one after another, and those of the functions that it defines.

Nothing is evaluated: what an expression means is up to the stack machine of `read.machine`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from symbackprop.errors import (
    ArgumentError,
    FormulaSyntaxError,
    SymbackpropError,
    UnknownNameError,
    UnsupportedError,
    nearest_names,
)
from symbackprop.ir.dtype import default_float, is_float, using_float
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, Const, Input, Node, constant, make_input
from symbackprop.ir.signature import ArgumentSpec, Label, Nest, Structure
from symbackprop.ops.broadcasting import sized
from symbackprop.read import program as kinds
from symbackprop.read.calls import without_prefix
from symbackprop.read.differentiation import Differentiated
from symbackprop.read.functions import Environment, TextFunction, inner_environment
from symbackprop.read.machine import Machine
from symbackprop.read.parser import parse
from symbackprop.read.program import Definition, Instruction, Statement, Target, names_given
from symbackprop.read.vocabulary import CONSTANTS, FUNCTIONS
from symbackprop.read.vocabulary.arguments import Listed, Value, collected_here, collecting, node_of
from symbackprop.read.vocabulary.branches import Capture
from symbackprop.read.vocabulary.indexing import subscript
from symbackprop.read.vocabulary.solvers import bind_reader
from symbackprop.stages import watched

__all__ = ["read_formula"]

_BEHIND = 1 << 30  # positions behind those of all inputs of a formula, and of their tangents
_DEEPEST = 32  # tuples and lists around a result, and calls inside of calls


def read_formula(
    text: str,
    specs: Sequence[ArgumentSpec] | None,
    dtype: str = "float64",
    start: int = 0,
    held: Sequence[str] = (),
) -> Graph:
    """Return the graph of formula `text`.

    Parameters
    ----------
    text : str
        One or several statements; the formula begins at offset `start`.
    specs : sequence of ArgumentSpec or None
        The declared inputs; with None every unknown name is a scalar input, in order of first appearance.
    dtype : str
        The dtype of real inputs that are not declared, and of constants.
    held : sequence of str
        Names of values that are held still: what follows in the formula takes inputs in their place, which have the role
        ``"output"``. The results are then the first that the formula gives, as a function of these, and the values.

    Raises
    ------
    FormulaSyntaxError, UnknownNameError, ShapeError, UnsupportedError, ArgumentError
        With the place in `text`.
    """
    with using_float(dtype):
        return _Reader(text, specs, dtype, held).read(start)


class _Reader(Machine):
    """Reads the statements of a formula."""

    def __init__(self, text: str, specs: Sequence[ArgumentSpec] | None, dtype: str, held: Sequence[str] = ()) -> None:
        super().__init__(text, specs, dtype)
        self._held = tuple(held)
        self._depth = 0  # of calls that are running
        self._capture: Capture | None = None  # of the branch that is being read
        self.actions[kinds.DERIVATIVE] = self._derivative

    def read(self, start: int) -> Graph:
        program = parse(self.text, start)
        results: list[Node] = []
        with collecting() as collected:
            self.names, self.places = collected.names, collected.places
            last = program.statements[-1]
            values = self._values_held(program.statements[:-1]) if self._held else {}
            result = self._block(program.statements[-1:] if self._held else program.statements)
            structure = self._results(result, (last.start, last.end), results)
        if not results:
            raise FormulaSyntaxError(
                "the formula has no result: end it with an expression", text=self.text, span=(0, 0)
            )
        if self._held:
            results = [results[0], *values.values()]
            structure = Nest(tuple, (None,) * len(results))
        return Graph(
            arguments=(
                *self.specs,
                *(ArgumentSpec(name, x.shape, x.dtype, role="output") for name, x in values.items()),
            ),
            inputs=(*self.inputs, *(self._stand_in(name, x) for name, x in values.items())),
            primals=tuple(results),
            outputs=tuple(results),
            labels=tuple(Label(number) for number in range(len(results))),
            names=self.names,
            places=self.places,
            guards=tuple(collected.guards),
            counts=collected.counts,
            structure=structure,
        )

    def _values_held(self, statements: Sequence[Statement | Definition]) -> dict[str, Node]:
        """Run statements, and return the values that are held, in whose place their names then stand for inputs."""
        given = names_given(statements)
        unknown = next((name for name in self._held if name not in given), None)
        if unknown is not None:
            raise UnknownNameError(
                f"outputs names {unknown!r}, which the formula gives no value; its named values are "
                f"{', '.join(given) or 'none'}.{nearest_names(unknown, given)}"
            )
        found: dict[str, Node] = {}
        for number, statement in enumerate(statements):
            self._block([statement])
            for name in self._held:
                if given[name] == number:
                    value = self.environment[name]
                    if not isinstance(value, Node) or not is_float(value.dtype):
                        raise UnsupportedError(f"outputs names {name!r}, which is not one array of real numbers")
                    found[name] = value
                    self.environment[name] = self._stand_in(name, value)
        return {name: found[name] for name in self._held}

    def _stand_in(self, name: str, value: Node) -> Input:
        """Return the input that stands for a value."""
        return make_input(_BEHIND + self._held.index(name), value.shape, value.dtype)

    # --- statements ---------------------------------------------------------------------------------------------------

    def _block(self, statements: Sequence[Statement | Definition]) -> Value:
        """Run statements and return the result that the last one is."""
        value: Value = None
        for statement in watched(statements):
            if isinstance(statement, Definition):
                function = TextFunction(statement, self._apply, self.environment)
                self.environment[statement.name] = function  # type: ignore[assignment]
                continue
            value = self.run(statement.instructions)
            place = (statement.start, statement.end)
            if statement.name is not None:
                self._name_parts(statement.name, value, place)
            if isinstance(value, Node):
                self.places.setdefault(value, place)
        return value

    def _apply(
        self, definition: Definition, values: Sequence[Value], environment: Environment, capture: Capture | None
    ) -> Value:
        """Run the statements of a function; those of a branch `capture` what they take from outside."""
        if self._depth == _DEEPEST:
            raise UnsupportedError(f"functions call each other deeper than {_DEEPEST} times")
        outer, stack = self.environment, self.stack
        before, self._capture = self._capture, capture or self._capture
        self.environment = inner_environment(environment, self._capture)
        self.stack = []
        self._depth += 1
        try:
            for name, value in zip(definition.parameters, values, strict=True):
                self._assign(name, value)
            return self._block(definition.statements)
        finally:
            self.environment, self.stack, self._capture = outer, stack, before
            self._depth -= 1

    def _derivative(self, instruction: Instruction) -> None:
        """Differentiate a value with respect to names, or the function that its name stands for."""
        asked: Differentiated = instruction.value  # type: ignore[assignment]
        fixed = next((x for x in asked.by if x not in self.environment and without_prefix(x) in CONSTANTS), None)
        if fixed is not None:
            raise ArgumentError(
                f"{asked.word} is by an input or a value above, and {fixed} is a constant; an input of that name is declared"
            )
        reads, by = ([self._named(name, instruction) for name in names] for names in (asked.reads, asked.by))
        word = FUNCTIONS[asked.word]
        if asked.reads == (asked.function.name,) and callable(reads[0]):
            self.stack.append(word(reads[0], by[0] if asked.is_single else tuple(by)))
            return
        function = TextFunction(asked.function, self._apply, self.environment)
        argnums = constant(0) if asked.is_single else tuple(map(constant, range(len(by))))
        self.stack.append(word(function, *by, argnums=argnums))

    def _named(self, name: str, place: Instruction) -> Value:
        """Return what a name stands for."""
        self.actions[kinds.NAME](Instruction(kinds.NAME, name, 0, place.start, place.end))
        return self._pop()

    def _name_parts(self, target: Target, value: Value, place: tuple[int, int]) -> None:
        """Give a value, or its parts, their names."""
        if isinstance(target, str):
            self._assign(target, value)
            return
        parts: Sequence[Value] = value if isinstance(value, tuple) else ()
        if isinstance(value, Node) and value.shape and isinstance(value.shape[0], int):
            parts = [subscript(value, constant(at)) for at in range(value.shape[0])]
        if len(parts) != len(target):
            found = f"has {len(parts)} parts" if isinstance(value, (tuple, Node)) else "has no parts"
            names = ", ".join(part if isinstance(part, str) else "(...)" for part in target)
            raise ArgumentError(f"{names} = ... names {len(target)} parts of what {found}").located(self.text, place)
        for name, part in zip(target, parts, strict=True):
            self._name_parts(name, part, place)

    def _assign(self, name: str, value: Value) -> None:
        self.environment[name] = value
        if name.startswith("_"):
            return  # a name that only shares: the printed code chooses its own
        while isinstance(value, Apply) and value.op is sized:  # the same array
            (value,) = value.args
        if isinstance(value, Node) and not isinstance(value, Const) and value not in self.inputs[:8]:
            self.names.setdefault(value, name)

    def _results(self, value: Value, place: tuple[int, int], results: list[Node], depth: int = 0) -> Structure:
        """Append the results in `value`, a result or a nest of them, and return how they are nested."""
        try:
            if not isinstance(value, tuple):
                results.append(node_of(value))
                return None
            if depth == _DEEPEST:
                raise UnsupportedError(f"results are nested deeper than {_DEEPEST} tuples or lists")
        except SymbackpropError as error:
            raise error.located(self.text, place) from None
        items = tuple([self._results(item, place, results, depth + 1) for item in value])
        return Nest(list if isinstance(value, Listed) else tuple, items)


def _evaluated(text: str, names: Mapping[str, Any]) -> Value:
    """Return the result of a formula of our own, in which `names` are known."""
    reader = _Reader(text, (), default_float())
    collected = collected_here()
    reader.names, reader.places = collected.names, {}
    reader.environment.update(names)
    return reader._block(_parsed(text).statements)


_parsed = lru_cache(parse)
bind_reader(_evaluated)
