"""The run of a traced function: every operation meets a word of the vocabulary, and is noted as text.

What depends on no input is computed beside that by NumPy itself, so that it can serve where Python needs a number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from symbackprop.errors import SymbackpropError, UnsupportedError
from symbackprop.ir.node import Const, Node, make_input
from symbackprop.ir.signature import ArgumentSpec
from symbackprop.ir.size import Size, SizeExpression
from symbackprop.read.calls import called
from symbackprop.read.from_numpy.arrays import State, TracedArray
from symbackprop.read.from_numpy.expressions import (
    ATOM,
    COMPARISON,
    LOWEST,
    POSTFIX,
    POWER,
    PRODUCT,
    SUM,
    Expression,
)
from symbackprop.read.from_numpy.expressions import UNARY as UNARY_LEVEL
from symbackprop.read.from_numpy.flexible import Flexible
from symbackprop.read.from_numpy.found import Found
from symbackprop.read.from_numpy.known import BINARY, COMPARE, NOTHING, UNARY, are_found, known_result, written_copy
from symbackprop.read.from_numpy.locating import Locating
from symbackprop.read.from_numpy.operands import Operands, Parts, argument_parts, is_basic
from symbackprop.read.from_numpy.places import Places
from symbackprop.read.from_numpy.protocols import Protocols
from symbackprop.read.from_numpy.scopes import Scopes
from symbackprop.read.from_numpy.sizes import TracedSize
from symbackprop.read.vocabulary import ATTRIBUTES, CONSTANTS, FUNCTIONS, METHODS, OPERATORS
from symbackprop.read.vocabulary.arguments import Value, fold_negative, node_of
from symbackprop.read.vocabulary.indexing import changed, subscript
from symbackprop.read.vocabulary.logic import chain

__all__ = ["Trace"]

_LEVELS = {
    "+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "//": PRODUCT, "%": PRODUCT, "@": PRODUCT, "**": POWER, "&": 8, "|": 6,
}  # fmt: skip


class Trace:
    """One run of a function.

    Parameters
    ----------
    title : str
        The function's name.
    specs : sequence of ArgumentSpec
        The inputs.
    flexible : Flexible
        The sizes of examples.
    """

    def __init__(self, title: str, specs: Sequence[ArgumentSpec], flexible: Flexible) -> None:
        self.title = title
        self.flexible = flexible
        self.places = Places()
        self.is_open = True
        self.refusal: SymbackpropError | None = None
        self.specs = list(specs)
        self._count = 0
        self.scopes = Scopes(lambda: self._count)
        self.constants = Found(self)
        self.operands = Operands(self._check, self.constants.array_of)
        self.protocols = Protocols(self)
        self.inputs = [self.input_of(spec, position) for position, spec in enumerate(specs)]

    # --- beginnings ---------------------------------------------------------------------------------------------------

    def input_of(self, spec: ArgumentSpec, position: int) -> TracedArray:
        node = make_input(position, spec.shape or (), spec.dtype)
        return TracedArray(self, (node, self.expression_of([], ATOM, spec.name, is_input=True), None), is_input=True)

    def named_number(self, name: str) -> TracedArray:
        """Return pi or e, exact."""
        node: Node = CONSTANTS[name]
        return TracedArray(self, (node, self.expression_of([f"np.{name}"], ATOM), getattr(np, name)))

    def size(self, size: Size, make: Callable[[], tuple[Parts, int]]) -> Any:
        """Return a size as an integer, or as one that is not known yet with the text that `make` gives."""
        if isinstance(size, int):
            return size
        parts, level = make()
        place = self.places.here()
        name = place.names[0] if len(place.names) == 1 else None
        return TracedSize(self, size, self.expression_of(parts, level, name, place.line))

    def shape_of(self, x: TracedArray) -> tuple[Any, ...]:
        """Return the shape of an array."""
        return tuple(self._size_along(x, axis) for axis in range(x.node.rank))

    def _size_along(self, x: TracedArray, axis: int) -> Any:
        return self.size(x.node.shape[axis], lambda: ([(x.expression, POSTFIX), f".shape[{axis}]"], ATOM))

    # --- operations ---------------------------------------------------------------------------------------------------

    def operator(self, symbol: str, left: Any, right: Any) -> Any:
        """Return ``left symbol right``."""
        if symbol in ("^", "<<", ">>"):
            return self._of_bits(symbol, left, right)
        if symbol == "**" and _is_integer(left) and issubclass(type(right), (int, np.integer)) and right < 0:
            raise self.located(
                UnsupportedError("integers to a negative power are an error in NumPy; write x.astype(float)")
            )
        level = _LEVELS[symbol]
        if _strange(left) or _strange(right):
            return NotImplemented
        known = known_result(BINARY[symbol], (left, right), {})
        if are_found(known, (left, right)):
            return self.constants.seen(known)
        with self.locating():
            first, first_parts = self.operands.of(left, POSTFIX if symbol == "**" else level)
            second, second_parts = self.operands.of(right, UNARY_LEVEL if symbol == "**" else level + 1)
            value = OPERATORS[symbol](first, second)
        return self._made(value, [*first_parts, f" {symbol} ", *second_parts], level, known)

    def _of_bits(self, symbol: str, left: Any, right: Any) -> Any:
        """Return what an operator on the bits of integers gives, which are known; `^` is one of conditions too."""
        are_conditions = all(_is_condition(operand) for operand in (left, right))
        known = known_result(BINARY[symbol], (left, right), {})
        if known is not NOTHING and not are_conditions:
            return self.constants.seen(known)
        if symbol == "^" and are_conditions:
            return self.call("np.logical_xor", FUNCTIONS["logical_xor"], (left, right), {}, np.logical_xor)
        raise self.located(UnsupportedError(f"`{symbol}` of integers works on their bits, which is not supported"))

    def compare(self, symbol: str, left: Any, right: Any) -> Any:
        """Return ``left symbol right``, entry by entry."""
        if _strange(left) or _strange(right):
            return NotImplemented
        known = known_result(COMPARE[symbol], (left, right), {})
        if are_found(known, (left, right)):
            return self.constants.seen(known)
        with self.locating():
            first, first_parts = self.operands.of(left, COMPARISON + 1)
            second, second_parts = self.operands.of(right, COMPARISON + 1)
            value = chain((symbol,), (first, second))
        parts = [*first_parts, f" {symbol} ", *second_parts]
        return self._made(value, parts, COMPARISON, known)

    def unary(self, symbol: str, x: TracedArray) -> Any:
        """Return ``-x`` and the like."""
        if symbol == "abs":
            return self.call("np.abs", FUNCTIONS["abs"], (x,), {}, np.abs)
        known = known_result(UNARY[symbol], (x,), {})
        if are_found(known, (x,)):
            return self.constants.seen(known)
        with self.locating():
            value, parts = self.operands.of(x, UNARY_LEVEL)
            result = fold_negative(node_of(value)) if symbol == "-" else OPERATORS[f"unary {symbol}"](value)
        return self._made(result, [symbol, *parts], UNARY_LEVEL, known)

    def call(
        self, text: str, word: Callable[..., Value], args: Sequence[Any], kwargs: Mapping[str, Any], real: Any = None
    ) -> Any:
        """Return what a word of the vocabulary makes of arguments."""
        named = dict(kwargs)
        with self.locating():
            if named.pop("out", None) is not None:
                raise UnsupportedError(
                    f"{text}: out= is not supported; bind the result to a name instead, y = {text}(...)"
                )
        known = known_result(real, args, named)
        if are_found(known, (*args, *named.values())):
            return self.constants.seen(known)
        with self.locating():
            operands = [self.operands.of(arg) for arg in (*args, *named.values())]
            value = called(text, word, [operand for operand, _ in operands], tuple(named))
        parts: Parts = [f"{text}(", *argument_parts(operands, len(args), [*named])]
        return self._made(value, [*parts, ")"], POSTFIX, known)

    def method(self, name: str, x: TracedArray, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Return ``x.name(...)``."""
        named = dict(kwargs)
        with self.locating():
            if named.pop("out", None) is not None:
                raise UnsupportedError(f".{name}: out= is not supported; bind the result to a name instead")
        known = known_result(
            lambda array, *rest, **more: getattr(np.asarray(array), name)(*rest, **more), (x, *args), named
        )
        if are_found(known, (x, *args, *named.values())):
            return self.constants.seen(known)
        with self.locating():
            receiver, receiver_parts = self.operands.of(x, POSTFIX)
            operands = [self.operands.of(arg) for arg in (*args, *named.values())]
            value = called(name, METHODS[name], [receiver, *(operand for operand, _ in operands)], tuple(named))
        parts: Parts = [*receiver_parts, f".{name}(", *argument_parts(operands, len(args), [*named])]
        return self._made(value, [*parts, ")"], POSTFIX, known)

    def attribute(self, x: TracedArray, name: str) -> TracedArray:
        """Return ``x.name``."""
        with self.locating():
            value, parts = self.operands.of(x, POSTFIX)
            result = ATTRIBUTES[name](value)  # type: ignore[arg-type]
        known = known_result(lambda array: getattr(np.asarray(array), name), (x,), {})
        made: TracedArray = self._made(result, [*parts, f".{name}"], POSTFIX, known)
        made.is_found = x.is_found
        return made

    def subscript(self, x: TracedArray, index: Any) -> Any:
        """Return ``x[index]``: a view, unless arrays are in the index."""

        def read(array: TracedArray) -> TracedArray:
            with self.locating():
                value, parts = self.operands.of(array, POSTFIX)
                chosen, index_parts = self.operands.index(index)
                result = subscript(value, chosen)
            real = known_result(lambda a, i: np.asarray(a)[i], (array, index), {})
            return self._made(result, [*parts, "[", *index_parts, "]"], POSTFIX, real)  # type: ignore[no-any-return]

        found = read(x)
        if not isinstance(found, TracedArray):
            return found
        found.is_found = x.is_found and found.concrete is not None
        if found.is_found and not found.node.shape:
            return np.asarray(found.concrete)[()]  # a number
        if not is_basic(index):
            return found

        def derive() -> State:
            again = read(x)
            return again.node, again.expression, again.concrete

        return found.as_view_of(x, derive, index) if found.node.shape else found

    def updated(self, symbol: str, x: TracedArray, index: Any, value: Any) -> State:
        """Return what `x` is once ``x[index] = value`` has run, or ``x[index] += value`` and its like."""
        with self.locating():
            base, base_parts = self.operands.of(x, ATOM)
            chosen, index_parts = self.operands.index(index)
            written, value_parts = self.operands.of(value)
            result = changed(symbol[:-1], base, chosen, written)
        place = self.places.here()
        parts = [*base_parts, "[", *index_parts, f"] {symbol} ", *value_parts]
        expression = self.expression_of(parts, ATOM, None, place.line, is_write=True)
        real = known_result(written_copy, (x, symbol, index, value), {})
        return result, expression, None if real is NOTHING else real

    def added_at(self, x: TracedArray, index: Any, value: Any, sign: str) -> State:
        """Return what `x` is once ``np.add.at(x, index, value)`` has run, or ``np.subtract.at``."""
        name = f"{sign}.at"
        made = self.call(f"np.{name}", FUNCTIONS[name], (x, index, value), {})
        return made.node, made.expression, None

    # --- sizes --------------------------------------------------------------------------------------------------------

    def length(self, x: TracedArray) -> Any:
        """Return ``len(x)``."""
        if not x.node.shape:
            raise self.located(UnsupportedError("len() of a number; declare the shape of what is an array"))
        return x.shape[0]

    def known_length(self, x: TracedArray) -> int:
        """Return the number of items that a loop over `x` has."""
        if not x.node.shape:
            raise self.places.located(
                UnsupportedError("a Python loop over a number; declare the shape of what is an array")
            )
        size = x.node.shape[0]
        if isinstance(size, int):
            return size
        number = self.flexible.fix(size)
        if number is None:
            raise self.located(
                UnsupportedError(
                    f"a Python loop over an array of {size} items, whose number is not known when compiling. "
                    'Compute with the whole array, or declare the size as a number, inputs={..., "x": "3"}'
                )
            )
        return number

    def as_part(self, item: Any, position: int) -> Any:
        """Return an item of an array that is being taken apart, ``u, v = y``, under its name."""
        names = self.places.here().names
        if len(names) > 1 and position < len(names) and isinstance(item, TracedArray):
            item.expression.name = names[position]
        return item

    def part(self, value: Any, level: int) -> str | tuple[Expression, int]:
        """Return the text of a number, a size or an array."""
        (part,) = self.operands.of(value, level)[1]
        return part

    @property
    def count(self) -> int:
        """The number of the last operation."""
        return self._count

    def next(self) -> int:
        """Return the number of an operation of its own kind."""
        self._count += 1
        return self._count

    def _check(self, x: TracedArray) -> None:
        self.scopes.check_use(x.expression.number)
        if x.run is not self or not self.is_open:
            raise UnsupportedError(
                f"a traced array has escaped from {x.run.title}, which runs once when it is compiled; "
                "return what is needed, and keep nothing in globals, attributes or lists outside"
            )

    # --- results ------------------------------------------------------------------------------------------------------

    def _made(self, value: Any, parts: Parts, level: int, real: Any) -> Any:
        """Return a value of the vocabulary as one that the function can go on with."""
        if isinstance(value, Node):
            if real is NOTHING and _is_size(value):
                return self.size(value.value, lambda: (parts, level))  # type: ignore[attr-defined]
            place = self.places.here()
            name = place.names[0] if len(place.names) == 1 else None
            concrete = None if real is NOTHING else real
            return TracedArray(self, (value, self.expression_of(parts, level, name, place.line), concrete))
        if isinstance(value, tuple):
            return self._made_several(value, parts, level, real)
        return value

    def _made_several(self, values: tuple[Any, ...], parts: Parts, level: int, real: Any) -> Any:
        place = self.places.here()
        whole = self.expression_of(parts, level, None, place.line)
        names = place.names if len(place.names) == len(values) else (None,) * len(values)
        items = []
        for position, (value, name) in enumerate(zip(values, names, strict=True)):
            own: Parts = [(whole, POSTFIX), f"[{position}]"]
            known = NOTHING if real is NOTHING else real[position]
            if isinstance(value, Node):
                concrete = None if known is NOTHING else known
                expression = self.expression_of(own, POSTFIX, name, place.line)
                items.append(TracedArray(self, (value, expression, concrete)))
            else:
                items.append(self._made(value, own, POSTFIX, known))
        return values._make(items) if hasattr(values, "_make") else tuple(items)

    def expression_of(
        self,
        parts: Parts,
        level: int,
        name: str | None = None,
        line: int = 0,
        *,
        is_input: bool = False,
        is_write: bool = False,
    ) -> Expression:
        self._count += 1
        return Expression(parts, level, self._count, name, line, is_input, is_write)

    def gathered(self, results: Any) -> Expression:
        """Return the expression of results, nested in tuples and lists."""
        if isinstance(results, TracedArray) and not results.refreshed().expression.is_input:
            self._check(results)
            return results.expression
        with self.locating():
            parts = self.operands.of(results)[1]
        return self.expression_of(parts, LOWEST)

    # --- errors -------------------------------------------------------------------------------------------------------

    def located(self, error: SymbackpropError) -> SymbackpropError:
        """Return an error with the place in the user's function; a refusal is not forgotten if the function catches it."""
        located = self.places.located(error)
        if isinstance(error, UnsupportedError) and self.refusal is None:
            self.refusal = located
        return located

    def locating(self) -> Locating:
        return Locating(self)


def _is_condition(value: Any) -> bool:
    return isinstance(value, (bool, np.bool_)) or getattr(value, "dtype", None) == np.dtype(bool)


def _is_integer(value: Any) -> bool:
    return isinstance(value, TracedArray) and value.node.dtype == "int64"


def _is_size(node: Node) -> bool:
    return (
        isinstance(node, Const)
        and node.shape == ()
        and node.dtype == "int64"
        and isinstance(node.value, (int, SizeExpression))
    )


def _strange(value: Any) -> bool:
    """Tell whether arithmetic with `value` is its own affair."""
    return not isinstance(
        value, (TracedArray, TracedSize, int, float, Fraction, tuple, list, np.generic, np.ndarray, complex)
    )
