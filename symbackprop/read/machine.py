"""The stack machine that runs the postfix program of one expression: operands, operators, calls, indices.

A name is an input, an intermediate or one of the words of `read.vocabulary`; anything else is an error with its place.
Sums without parentheses become one n-ary sum, as they were written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from symbackprop.errors import (
    ArgumentError,
    ShapeError,
    SymbackpropError,
    UnknownNameError,
    UnsupportedError,
    nearest_names,
)
from symbackprop.ir.dtype import is_float
from symbackprop.ir.node import Const, Node, constant, make_input
from symbackprop.ir.signature import ArgumentSpec
from symbackprop.ops.arithmetic import add, neg
from symbackprop.read import program as kinds
from symbackprop.read.calls import called, callee, without_prefix
from symbackprop.read.expression import PYTHON_DTYPES
from symbackprop.read.functions import Environment
from symbackprop.read.program import Instruction
from symbackprop.read.vocabulary import (
    ATTRIBUTES,
    CONSTANTS,
    FUNCTIONS,
    METHODS,
    OPERATORS,
    cumulative,
    derivatives,
    reductions,
    special,
)
from symbackprop.read.vocabulary.arguments import Listed, Value, fold_negative, node_of
from symbackprop.read.vocabulary.indexing import Slice, changed, subscript
from symbackprop.read.vocabulary.logic import chain, choose, conjunction, disjunction
from symbackprop.read.vocabulary.refused import REFUSED, REFUSED_METHODS

__all__ = ["Machine"]

_REDUCTIONS = frozenset((*reductions.METHODS, *cumulative.FUNCTIONS, "amax", "amin", "average", "logsumexp", "softmax"))
_SYMBOLS = special.SYMBOLS | derivatives.SYMBOLS
_PAIRWISE = frozenset(("amax", "amin", "max", "min"))  # words that Python also has for several numbers
_REDUCTIONS |= {"log_softmax", "nansum", "count_nonzero", "norm", "linalg.norm"}


class _Sum:
    """A sum that is still being written: its terms, and where it began."""

    __slots__ = ("start", "terms")

    def __init__(self, terms: list[Node], start: int) -> None:
        self.terms, self.start = terms, start


Item = Value | _Sum | Slice


class Machine:
    """The state of one reading: the environment of names and the stack."""

    def __init__(self, text: str, specs: Sequence[ArgumentSpec] | None, dtype: str) -> None:
        self.text = text
        self.declared = specs is not None
        self.dtype = dtype
        self.specs: list[ArgumentSpec] = list(specs or ())
        self.inputs = [make_input(i, spec.shape or (), spec.dtype) for i, spec in enumerate(self.specs)]
        self.environment: Environment = {spec.name: node for spec, node in zip(self.specs, self.inputs, strict=True)}
        self.names: dict[Node, str] = {}
        self.places: dict[Node, tuple[int, int]] = {}
        self.stack: list[Item] = []
        self.outermost = self.environment
        self.actions: dict[str, Callable[[Instruction], None]] = {
            kinds.NUMBER: self._number,
            kinds.NAME: self._name,
            kinds.STRING: self._literal,
            kinds.CONSTANT: self._literal,
            kinds.UNARY: self._unary,
            kinds.BINARY: self._binary,
            kinds.COMPARE: self._compare,
            kinds.AND: self._and,
            kinds.OR: self._or,
            kinds.IFELSE: self._ifelse,
            kinds.CALL: self._call,
            kinds.METHOD: self._method,
            kinds.ATTRIBUTE: self._attribute,
            kinds.SUBSCRIPT: self._subscript,
            kinds.SLICE: self._slice,
            kinds.TUPLE: self._tuple,
            kinds.LIST: self._list,
            kinds.ASSIGN: self._write,
        }

    def run(self, instructions: Sequence[Instruction]) -> Value:
        actions = self.actions
        for instruction in instructions:
            try:
                actions[instruction.kind](instruction)
            except SymbackpropError as error:
                raise error.located(self.text, (instruction.start, instruction.end)) from None
        value = self._pop()
        if self.stack:
            raise AssertionError("the parser left operands behind")
        return value

    # --- the stack ----------------------------------------------------------------------------------------------------

    def _pop(self) -> Value:
        item = self.stack.pop()
        if type(item) is _Sum:
            return add(*item.terms)
        return item  # type: ignore[return-value]

    def _take(self, count: int) -> list[Value]:
        if not count:
            return []
        items = [add(*i.terms) if type(i) is _Sum else i for i in self.stack[-count:]]
        del self.stack[-count:]
        return items  # type: ignore[return-value]

    # --- operands -----------------------------------------------------------------------------------------------------

    def _number(self, instruction: Instruction) -> None:
        self.stack.append(constant(instruction.value))  # type: ignore[arg-type]

    def _literal(self, instruction: Instruction) -> None:
        self.stack.append(instruction.value)  # type: ignore[arg-type]

    def _name(self, instruction: Instruction) -> None:
        name = str(instruction.value)
        known = self.environment.get(name)
        if known is None and name not in self.environment:
            found = self._new_name(name)
            known = self.environment.get(name, found)
        self.stack.append(known)

    def _new_name(self, name: str) -> Value:
        bare = without_prefix(name)
        if bare in CONSTANTS:
            value: Value = CONSTANTS[bare]
            return value
        if bare in PYTHON_DTYPES and (self.declared or "." in name):
            return bare
        if "." in name:
            raise UnknownNameError(f"unknown name {name!r}.{nearest_names(bare, [*CONSTANTS, *FUNCTIONS])}")
        if self.declared:
            for spec in self.specs:
                if name in map(str, spec.shape or ()):
                    axis = [str(size) for size in spec.shape or ()].index(name)
                    raise UnknownNameError(f"{name!r} is the name of a size; write {spec.name}.shape[{axis}]")
            known = [*self.environment, *CONSTANTS]
            raise UnknownNameError(
                f'{name!r} is neither declared nor assigned above. Declare it: inputs={{..., {name!r}: "n d"}} '
                f'for a matrix, {name!r}: "" for a scalar.{nearest_names(name, known)}'
            )
        if name in FUNCTIONS and name not in _SYMBOLS:
            raise UnknownNameError(f"{name!r} is a function; call it, {name}(...), or rename the variable")
        node = make_input(len(self.specs), (), self.dtype)
        self.specs.append(ArgumentSpec(name, (), self.dtype))
        self.inputs.append(node)
        self.outermost[name] = node  # an input of the formula, also where a function reads it first
        return node

    # --- operators ----------------------------------------------------------------------------------------------------

    def _unary(self, instruction: Instruction) -> None:
        value = self._pop()
        if instruction.value == "-":
            self.stack.append(fold_negative(node_of(value)))
        else:
            self.stack.append(OPERATORS[f"unary {instruction.value}"](value))

    def _binary(self, instruction: Instruction) -> None:
        operator = instruction.value
        if operator in ("+", "-"):
            self._sum(instruction)
            return
        right = self._pop()
        left = self._pop()
        self.stack.append(OPERATORS[str(operator)](left, right))

    def _sum(self, instruction: Instruction) -> None:
        right = node_of(self._pop())
        left = self.stack[-1]
        if (
            type(left) is _Sum
            and left.start == instruction.start
            and left.terms[0].shape == right.shape
            and left.terms[0].dtype == right.dtype
        ):
            left.terms.append(right if instruction.value == "+" else neg(right))
            return
        first = node_of(self._pop())
        if (
            isinstance(first, Const)
            or isinstance(right, Const)
            or first.shape != right.shape
            or first.dtype != right.dtype
        ):
            self.stack.append(OPERATORS[str(instruction.value)](first, right))
            return
        if not is_float(first.dtype):
            self.stack.append(OPERATORS[str(instruction.value)](first, right))
            return
        self.stack.append(_Sum([first, right if instruction.value == "+" else neg(right)], instruction.start))

    def _compare(self, instruction: Instruction) -> None:
        operands = self._take(instruction.count)
        self.stack.append(chain(instruction.value, operands))  # type: ignore[arg-type]

    def _and(self, instruction: Instruction) -> None:
        self.stack.append(conjunction(self._take(instruction.count)))

    def _or(self, instruction: Instruction) -> None:
        self.stack.append(disjunction(self._take(instruction.count)))

    def _ifelse(self, instruction: Instruction) -> None:
        if_true, condition, if_false = self._take(3)
        self.stack.append(choose(condition, if_true, if_false))

    # --- calls and indices --------------------------------------------------------------------------------------------

    def _call(self, instruction: Instruction) -> None:
        name, keywords = callee(instruction)
        operands = self._take(instruction.count)
        own = self.environment.get(name)
        if callable(own):
            self.stack.append(_called_by_position(own, operands, keywords))
            return
        self._check_reduction(without_prefix(name), operands)
        function = FUNCTIONS.get(without_prefix(name))
        if function is None:
            hint = REFUSED.get(without_prefix(name))
            if hint is not None:
                raise UnsupportedError(f"{name} is not part of formulas: {hint}")
            raise UnknownNameError(f"unknown function {name!r}.{nearest_names(without_prefix(name), FUNCTIONS)}")
        self.stack.append(called(name, function, operands, keywords))

    def _check_reduction(self, name: str, operands: Sequence[Value]) -> None:
        """Refuse to reduce a scalar where all inputs are: called with arrays, the formula would map over them."""
        x = operands[0] if operands else None
        if name not in _REDUCTIONS or not isinstance(x, Node) or x.rank or isinstance(x, Const):
            return
        if all(not spec.shape for spec in self.specs):
            if name in _PAIRWISE and len(operands) > 1:
                return  # the word says what it takes
            names = ", ".join(f"{spec.name!r}: 'n'" for spec in self.specs[:3])
            raise ShapeError(
                f"{name} of a scalar: the inputs of this formula are scalars, over whose arrays it is mapped entry by "
                f"entry. Declare the shape of what {name} is to reduce, for example inputs={{{names}}}"
            )

    def _method(self, instruction: Instruction) -> None:
        name, keywords = callee(instruction)
        operands = self._take(instruction.count)
        self._check_reduction(name, operands)
        method = METHODS.get(name)
        if method is None and name in REFUSED_METHODS:
            raise UnsupportedError(f"x.{name}() is not part of formulas: {REFUSED_METHODS[name]}")
        if method is None:
            raise UnknownNameError(f"arrays have no method {name!r} in formulas.{nearest_names(name, METHODS)}")
        self.stack.append(called(name, method, operands, keywords))

    def _attribute(self, instruction: Instruction) -> None:
        fields = getattr(self.stack[-1], "_fields", ())
        if instruction.value in fields:  # a result of several parts that have names
            self.stack.append(getattr(self._pop(), str(instruction.value)))
            return
        attribute = ATTRIBUTES.get(str(instruction.value))
        if attribute is None:
            if instruction.value in REFUSED:
                raise UnsupportedError(
                    f"x.{instruction.value} is not part of formulas: {REFUSED[str(instruction.value)]}"
                )
            known = nearest_names(str(instruction.value), [*fields, *ATTRIBUTES])
            raise UnknownNameError(f"arrays have no attribute {instruction.value!r} in formulas.{known}")
        self.stack.append(attribute(node_of(self._pop())))

    def _subscript(self, instruction: Instruction) -> None:
        index = self._pop()
        self.stack.append(subscript(self._pop(), index))

    def _write(self, instruction: Instruction) -> None:
        x, index, value = self._take(3)
        self.stack.append(changed(str(instruction.value), x, index, value))

    def _slice(self, instruction: Instruction) -> None:
        parts: tuple[bool, bool, bool] = instruction.value  # type: ignore[assignment]
        has_start, has_stop, has_step = parts
        step = self._pop() if has_step else None
        stop = self._pop() if has_stop else None
        start = self._pop() if has_start else None
        self.stack.append(Slice(start, stop, step))

    def _tuple(self, instruction: Instruction) -> None:
        self.stack.append(tuple(self._take(instruction.count)))

    def _list(self, instruction: Instruction) -> None:
        self.stack.append(Listed(self._take(instruction.count)))


def _called_by_position(function: Any, operands: Sequence[Value], keywords: Sequence[str]) -> Value:
    if keywords:
        raise ArgumentError(f"{function.title}: functions of a formula take their arguments by position")
    result: Value = function(*operands)
    return result
