"""The user's formula, read again and evaluated as it stands: no graph, no rewrite, no rule of ours.

The postfix program of the text runs over the verification's vocabulary, with NumPy's meaning of every word.
"""

from __future__ import annotations

import operator
from collections import ChainMap
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np

from symbackprop.check.control import CONTROL
from symbackprop.check.implicit import IMPLICIT
from symbackprop.check.paths import stand_at
from symbackprop.check.vocabulary import Vocabulary
from symbackprop.errors import UnsupportedError
from symbackprop.read import program as kinds
from symbackprop.read.differentiation import Differentiated
from symbackprop.read.program import Definition, Instruction, Program, Statement, Target, names_given

__all__ = ["evaluate_parts", "evaluate_program"]

_PREFIXES = ("np.", "numpy.", "math.", "scipy.special.", "special.", "scipy.")
_BINARY: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
    "@": operator.matmul,
    "&": np.logical_and,
    "|": np.logical_or,
}
_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
# What arrays of objects lack as a method, or compute otherwise.
_OWN_METHODS = frozenset(
    ("all", "any", "astype", "clip", "max", "mean", "min", "prod", "round", "searchsorted", "std", "sum", "var"),
)


def evaluate_program(program: Program, values: Mapping[str, Any], vocabulary: Vocabulary) -> Any:
    """Return what `program` computes of `values`."""
    run = _Run(vocabulary)
    result = run.block(program.statements, dict(values))
    stand_at(None)
    return result


def evaluate_parts(
    program: Program, values: Mapping[str, Any], vocabulary: Vocabulary, names: Sequence[str]
) -> list[Any]:
    """Return what `program` computes of `values`, and then what it calls by `names`; of these, `values` may replace some."""
    run = _Run(vocabulary)
    environment = {name: value for name, value in values.items() if name not in names}
    last = names_given(program.statements)
    result: Any = None
    for number, statement in enumerate(program.statements):
        result = run.block([statement], environment)
        environment.update((name, values[name]) for name in names if last.get(name) == number and name in values)
    stand_at(None)
    return [result, *(environment[name] for name in names)]


class _Run:
    """One evaluation of a program."""

    def __init__(self, words: Vocabulary) -> None:
        self.words = words
        self._places: dict[int, int] = {}  # of instructions: those of a function stay the same in every call

    def block(self, statements: Sequence[Statement | Definition], environment: MutableMapping[str, Any]) -> Any:
        """Run statements and return what the last one gives."""
        value: Any = None
        for statement in statements:
            if isinstance(statement, Definition):
                environment[statement.name] = _Function(statement, self, environment)
                continue
            stack: list[Any] = []
            for instruction in statement.instructions:
                stand_at(self._places.setdefault(id(instruction), len(self._places) + 1))
                _step(instruction, stack, environment, self)
            (value,) = stack
            if statement.name is not None:
                _name_parts(statement.name, value, environment)
        return value

    def derivative(self, asked: Differentiated, environment: MutableMapping[str, Any]) -> Any:
        """Return the derivative of a value with respect to names, or of the function that its name stands for."""
        by = [_name(name, environment, self.words) for name in asked.by]
        word = getattr(self.words, asked.word)
        named = environment.get(asked.function.name)
        if isinstance(named, _Function):
            return word(named, by[0] if asked.is_single else tuple(by))
        function = _Function(asked.function, self, environment)
        return word(function, *by, argnums=0 if asked.is_single else tuple(range(len(by))))


def _name_parts(target: Target, value: Any, environment: MutableMapping[str, Any]) -> None:
    """Give a value, or its parts, their names."""
    if isinstance(target, str):
        environment[target] = value
        return
    for name, part in zip(target, value, strict=True):
        _name_parts(name, part, environment)


class _Function:
    """A function of a formula."""

    def __init__(self, definition: Definition, run: _Run, environment: MutableMapping[str, Any]) -> None:
        self.__name__ = definition.name
        self.parameters = definition.parameters
        self._definition = definition
        self._run = run
        self._environment = environment

    def __call__(self, *values: Any) -> Any:
        own = dict(zip(self.parameters, values, strict=True))
        return self._run.block(self._definition.statements, ChainMap(own, self._environment))


def _step(instruction: Instruction, stack: list[Any], environment: MutableMapping[str, Any], run: _Run) -> None:
    words = run.words
    kind, value, count, _, _ = instruction
    if kind in (kinds.NUMBER, kinds.STRING, kinds.CONSTANT):
        stack.append(value)
    elif kind == kinds.NAME:
        stack.append(_name(str(value), environment, words))
    elif kind == kinds.DERIVATIVE:
        stack.append(run.derivative(value, environment))  # type: ignore[arg-type]
    elif kind == kinds.SLICE:
        parts = [stack.pop() if present else None for present in reversed(value)]  # type: ignore[call-overload]
        stack.append(slice(*reversed(parts)))
    else:
        operands = stack[len(stack) - _operand_count(kind, count) :]
        del stack[len(stack) - len(operands) :]
        if kind == kinds.CALL and isinstance(environment.get(value[0]), _Function):  # type: ignore[index]
            stack.append(environment[value[0]](*operands))  # type: ignore[index]
            return
        stack.append(_applied(kind, value, operands, words))


def _operand_count(kind: str, count: int) -> int:
    return {kinds.UNARY: 1, kinds.BINARY: 2, kinds.IFELSE: 3, kinds.ATTRIBUTE: 1, kinds.SUBSCRIPT: 2}.get(kind, count)


def _name(name: str, environment: Mapping[str, Any], words: Vocabulary) -> Any:
    if name in environment:
        return environment[name]
    if _bare(name) == "newaxis":
        return None
    return getattr(words, _bare(name))


def _applied(kind: str, value: Any, operands: list[Any], words: Vocabulary) -> Any:
    if kind == kinds.BINARY:
        return _binary(value, *operands)
    if kind == kinds.UNARY:
        (x,) = operands
        return -x if value == "-" else +x if value == "+" else np.logical_not(x)
    if kind == kinds.COMPARE:
        links = [_COMPARE[symbol](a, b) for symbol, a, b in zip(value, operands, operands[1:], strict=False)]
        return _all(links)
    if kind == kinds.AND:
        return _all(operands)
    if kind == kinds.OR:
        result = operands[0]
        for other in operands[1:]:
            result = np.logical_or(result, other)
        return result
    if kind == kinds.IFELSE:
        if_true, condition, if_false = operands
        return words.where(condition, if_true, if_false)
    if kind in (kinds.CALL, kinds.METHOD):
        return _called(kind, value, operands, words)
    if kind == kinds.ATTRIBUTE:
        if value in getattr(operands[0], "_fields", ()):
            return getattr(operands[0], value)
        x = np.asarray(operands[0])
        return np.swapaxes(x, -1, -2) if value == "mT" else getattr(x, value)
    if kind == kinds.SUBSCRIPT:
        return operands[0][operands[1]]
    if kind == kinds.ASSIGN:
        return _written(value, *operands)
    return tuple(operands) if kind == kinds.TUPLE else list(operands)


def _binary(symbol: str, a: Any, b: Any) -> Any:
    if symbol == "**" and isinstance(a, (int, np.ndarray)) and isinstance(b, int) and b < 0:
        return 1 / (a**-b)
    if symbol == "**" and isinstance(a, int) and isinstance(b, int) and abs(b) > 10_000:
        raise UnsupportedError(f"{a}**{b} is too large to verify")
    return _BINARY[symbol](a, b)


def _all(masks: list[Any]) -> Any:
    result = masks[0]
    for other in masks[1:]:
        result = np.logical_and(result, other)
    return result


def _written(operator: str, array: Any, index: Any, value: Any) -> Any:
    """Return a copy of an array after a write into a part of it."""
    copy = np.array(array)
    copy[index] = _binary(operator, copy[index], value) if operator else value
    return copy


def _added_at(array: Any, index: Any, value: Any) -> Any:
    copy = np.array(array)
    np.add.at(copy, index, value)
    return copy


_FUNCTIONAL: Mapping[
    str, Callable[..., Any]
] = {  # what writes into its argument in NumPy, and gives a copy in formulas
    "add.at": _added_at,
    "subtract.at": lambda array, index, value: _added_at(array, index, -value),
}


def _called(kind: str, value: Any, operands: list[Any], words: Vocabulary) -> Any:
    name, keywords = value
    count = len(operands) - len(keywords)
    named = dict(zip(keywords, operands[count:], strict=True))
    if kind == kinds.METHOD and name not in _OWN_METHODS:
        receiver = np.asarray(operands[0])
        return getattr(receiver, name)(*operands[1:count], **named)
    own = CONTROL.get(name) or IMPLICIT.get(name)
    if own is not None:
        return own(*operands[:count], **named)
    if _bare(name) in _FUNCTIONAL:
        return _FUNCTIONAL[_bare(name)](*operands)
    function: Any = words
    for part in _bare(name).split("."):
        function = len if part == "len" else getattr(function, part)
    return function(*operands[:count], **named)


def _bare(name: str) -> str:
    if name.startswith("scipy.linalg."):
        return name
    for prefix in _PREFIXES:
        if name.startswith(prefix):
            return name[len(prefix) :]
    if name in ("norm", "multi_dot", "matrix_power", "inv"):
        return f"linalg.{name}"
    return name
