"""The run of a traced function: every operation meets a word of the vocabulary, and is noted as text.

What depends on no input is computed beside that by NumPy itself, so that it can serve where Python needs a number.
"""

from __future__ import annotations

import keyword
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from symbackprop.errors import (
    MissingAttributeError,
    SymbackpropError,
    UnsupportedError,
)
from symbackprop.ir.node import Const, Node, make_input
from symbackprop.ir.signature import ArgumentSpec
from symbackprop.ir.size import Size, SizeExpression
from symbackprop.read.calls import called
from symbackprop.read.from_numpy.arrays import State, TracedArray
from symbackprop.read.from_numpy.constants import literal_node, literal_text, usable
from symbackprop.read.from_numpy.expressions import (
    ATOM,
    COMPARISON,
    LOWEST,
    MODULES,
    POSTFIX,
    POWER,
    PRODUCT,
    SUM,
    UNARY,
    Expression,
)
from symbackprop.read.from_numpy.flexible import Flexible
from symbackprop.read.from_numpy.operands import Operand, Operands, Parts, is_basic, separated
from symbackprop.read.from_numpy.places import Places
from symbackprop.read.from_numpy.protocols import Protocols
from symbackprop.read.from_numpy.sizes import TracedSize
from symbackprop.read.vocabulary import ATTRIBUTES, CONSTANTS, FUNCTIONS, METHODS, OPERATORS
from symbackprop.read.vocabulary.arguments import Value, fold_negative, node_of
from symbackprop.read.vocabulary.indexing import changed, subscript
from symbackprop.read.vocabulary.logic import chain

__all__ = ["Trace"]

_BINARY: Mapping[str, tuple[int, Callable[[Any, Any], Any]]] = {
    "+": (SUM, operator.add),
    "-": (SUM, operator.sub),
    "*": (PRODUCT, operator.mul),
    "/": (PRODUCT, operator.truediv),
    "//": (PRODUCT, operator.floordiv),
    "%": (PRODUCT, operator.mod),
    "@": (PRODUCT, operator.matmul),
    "**": (POWER, operator.pow),
    "&": (8, operator.and_),
    "|": (6, operator.or_),
}
_UNARY: Mapping[str, Callable[[Any], Any]] = {"-": operator.neg, "+": operator.pos, "~": operator.invert}
_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_NOTHING = object()


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
        self.constants: dict[str, np.ndarray[Any, Any]] = {}
        self._taken = {spec.name for spec in specs}
        self.titles: dict[int, str] = {}  # of arrays in the function's module and closure, by their identity
        self._count = 0
        self._arrays: dict[int, tuple[Any, TracedArray]] = {}
        self.operands = Operands(self._check, self.array_of)
        self.protocols = Protocols(self)
        self.inputs = [self._input(spec, position) for position, spec in enumerate(specs)]

    # --- beginnings ---------------------------------------------------------------------------------------------------

    def _input(self, spec: ArgumentSpec, position: int) -> TracedArray:
        node = make_input(position, spec.shape or (), spec.dtype)
        return TracedArray(self, (node, self._expression([], ATOM, spec.name, is_input=True), None), is_input=True)

    def array_of(self, array: Any) -> TracedArray:
        """Return an array of numbers that came from somewhere else, as it is now, as a constant of the formula."""
        known = self._arrays.get(id(array))
        if known is None or known[0] is not array or not _is_same(known[1].concrete, array):
            with self._located():
                found = usable(array, "an array in the function")
            known = self._arrays[id(array)] = array, self._constant(found.copy(), self.titles.get(id(array)))
        return known[1]

    def found(self, value: Any, title: str | None = None, *, is_foreign: bool = False) -> Any:
        """Return what depends on no input as the function sees it: arrays as traced ones whose entries are known.

        Parameters
        ----------
        value : object
            Arrays of numbers, also in tuples and lists, are replaced; a single number stays one.
        title : str, optional
            What the function calls it.
        is_foreign : bool
            Whether it belongs to the function's module or closure, so that it must not be written to.
        """
        if type(value) in (tuple, list):
            return type(value)(self.found(item) for item in value)
        if type(value) is not np.ndarray or value.dtype.kind not in "biuf" or not value.ndim:
            return value
        with self._located():
            array = usable(value, "an array in the function")
        made = self._constant(array.copy() if is_foreign else array, title)
        made.is_found, made.is_foreign = True, is_foreign
        return made

    def _constant(self, array: np.ndarray[Any, Any], title: str | None) -> TracedArray:
        text = literal_text(array)
        if text is None:
            name = self._constant_name(title)
            self.constants[name] = array
            spec = ArgumentSpec(name, array.shape, array.dtype.name)
            self.specs.append(spec)
            found = self._input(spec, len(self.specs) - 1)
            found.is_input = False
            found.concrete = array
            return found
        level = UNARY if text.startswith("-") else ATOM if array.ndim == 0 else POSTFIX
        node = literal_node(array)
        return TracedArray(self, (node, self._expression([text], level, title if array.ndim else None), array))

    def _constant_name(self, title: str | None) -> str:
        stem = title if title is not None and title.isidentifier() and not title.startswith("_") else "constant"
        name, number = stem, 2
        while name in self._taken or name in MODULES or keyword.iskeyword(name):
            name, number = f"{stem}_{number}", number + 1
        self._taken.add(name)
        return name

    def named_number(self, name: str) -> TracedArray:
        """Return pi or e, exact."""
        node: Node = CONSTANTS[name]
        return TracedArray(self, (node, self._expression([f"np.{name}"], ATOM), getattr(np, name)))

    def size(self, size: Size, make: Callable[[], tuple[Parts, int]]) -> Any:
        """Return a size as an integer, or as one that is not known yet with the text that `make` gives."""
        if isinstance(size, int):
            return size
        parts, level = make()
        place = self.places.here()
        name = place.names[0] if len(place.names) == 1 else None
        return TracedSize(self, size, self._expression(parts, level, name, place.line))

    def shape_of(self, x: TracedArray) -> tuple[Any, ...]:
        """Return the shape of an array."""
        return tuple(self._size_along(x, axis) for axis in range(x.node.rank))

    def _size_along(self, x: TracedArray, axis: int) -> Any:
        return self.size(x.node.shape[axis], lambda: ([(x.expression, POSTFIX), f".shape[{axis}]"], ATOM))

    # --- operations ---------------------------------------------------------------------------------------------------

    def operator(self, symbol: str, left: Any, right: Any) -> Any:
        """Return ``left symbol right``."""
        if symbol == "^":
            return self._exclusive_or(left, right)
        if symbol == "**" and _is_integer(left) and isinstance(right, (int, np.integer)) and right < 0:
            raise self.located(
                UnsupportedError("integers to a negative power are an error in NumPy; write x.astype(float)")
            )
        level, real = _BINARY[symbol]
        if _strange(left) or _strange(right):
            return NotImplemented
        known = self.known_result(real, (left, right), {})
        if self._are_found(known, (left, right)):
            return self.found(known)
        with self._located():
            first, first_parts = self.operands.of(left, POSTFIX if symbol == "**" else level)
            second, second_parts = self.operands.of(right, UNARY if symbol == "**" else level + 1)
            value = OPERATORS[symbol](first, second)
        return self._made(value, [*first_parts, f" {symbol} ", *second_parts], level, known)

    def _exclusive_or(self, left: Any, right: Any) -> Any:
        for operand in (left, right):
            if not isinstance(operand, (bool, np.bool_)) and getattr(operand, "dtype", None) != np.dtype(bool):
                raise self.located(UnsupportedError("`^` of integers works on their bits, which is not supported"))
        return self.call("np.logical_xor", FUNCTIONS["logical_xor"], (left, right), {}, np.logical_xor)

    def compare(self, symbol: str, left: Any, right: Any) -> Any:
        """Return ``left symbol right``, entry by entry."""
        if _strange(left) or _strange(right):
            return NotImplemented
        known = self.known_result(_COMPARE[symbol], (left, right), {})
        if self._are_found(known, (left, right)):
            return self.found(known)
        with self._located():
            first, first_parts = self.operands.of(left, COMPARISON + 1)
            second, second_parts = self.operands.of(right, COMPARISON + 1)
            value = chain((symbol,), (first, second))
        parts = [*first_parts, f" {symbol} ", *second_parts]
        return self._made(value, parts, COMPARISON, known)

    def unary(self, symbol: str, x: TracedArray) -> Any:
        """Return ``-x`` and the like."""
        if symbol == "abs":
            return self.call("np.abs", FUNCTIONS["abs"], (x,), {}, np.abs)
        known = self.known_result(_UNARY[symbol], (x,), {})
        if self._are_found(known, (x,)):
            return self.found(known)
        with self._located():
            value, parts = self.operands.of(x, UNARY)
            result = fold_negative(node_of(value)) if symbol == "-" else OPERATORS[f"unary {symbol}"](value)
        return self._made(result, [symbol, *parts], UNARY, known)

    def call(
        self, text: str, word: Callable[..., Value], args: Sequence[Any], kwargs: Mapping[str, Any], real: Any = None
    ) -> Any:
        """Return what a word of the vocabulary makes of arguments."""
        named = dict(kwargs)
        with self._located():
            if named.pop("out", None) is not None:
                raise UnsupportedError(
                    f"{text}: out= is not supported; bind the result to a name instead, y = {text}(...)"
                )
        known = self.known_result(real, args, named)
        if self._are_found(known, (*args, *named.values())):
            return self.found(known)
        with self._located():
            operands = [self.operands.of(arg) for arg in (*args, *named.values())]
            value = called(text, word, [operand for operand, _ in operands], tuple(named))
        parts: Parts = [f"{text}(", *_argument_parts(operands, len(args), [*named])]
        return self._made(value, [*parts, ")"], POSTFIX, known)

    def method(self, name: str, x: TracedArray, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Return ``x.name(...)``."""
        named = dict(kwargs)
        with self._located():
            if named.pop("out", None) is not None:
                raise UnsupportedError(f".{name}: out= is not supported; bind the result to a name instead")
        known = self.known_result(
            lambda array, *rest, **more: getattr(np.asarray(array), name)(*rest, **more), (x, *args), named
        )
        if self._are_found(known, (x, *args, *named.values())):
            return self.found(known)
        with self._located():
            receiver, receiver_parts = self.operands.of(x, POSTFIX)
            operands = [self.operands.of(arg) for arg in (*args, *named.values())]
            value = called(name, METHODS[name], [receiver, *(operand for operand, _ in operands)], tuple(named))
        parts: Parts = [*receiver_parts, f".{name}(", *_argument_parts(operands, len(args), [*named])]
        return self._made(value, [*parts, ")"], POSTFIX, known)

    def attribute(self, x: TracedArray, name: str) -> TracedArray:
        """Return ``x.name``."""
        with self._located():
            value, parts = self.operands.of(x, POSTFIX)
            result = ATTRIBUTES[name](value)  # type: ignore[arg-type]
        known = self.known_result(lambda array: getattr(np.asarray(array), name), (x,), {})
        made: TracedArray = self._made(result, [*parts, f".{name}"], POSTFIX, known)
        made.is_found = x.is_found
        return made

    def subscript(self, x: TracedArray, index: Any) -> Any:
        """Return ``x[index]``: a view, unless arrays are in the index."""

        def read(array: TracedArray) -> TracedArray:
            with self._located():
                value, parts = self.operands.of(array, POSTFIX)
                chosen, index_parts = self.operands.index(index)
                result = subscript(value, chosen)
            real = self.known_result(lambda a, i: np.asarray(a)[i], (array, index), {})
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
        with self._located():
            base, base_parts = self.operands.of(x, ATOM)
            chosen, index_parts = self.operands.index(index)
            written, value_parts = self.operands.of(value)
            result = changed(symbol[:-1], base, chosen, written)
        place = self.places.here()
        parts = [*base_parts, "[", *index_parts, f"] {symbol} ", *value_parts]
        expression = self._expression(parts, ATOM, None, place.line, is_write=True)
        real = self.known_result(_written_copy, (x, symbol, index, value), {})
        return result, expression, None if real is _NOTHING else real

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
            raise TypeError("iteration over a 0-d array")
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

    def part(self, value: Any, level: int) -> str | tuple[Expression, int]:
        """Return the text of a number, a size or an array."""
        (part,) = self.operands.of(value, level)[1]
        return part

    def _check(self, x: TracedArray) -> None:
        if x.run is not self or not self.is_open:
            raise UnsupportedError(
                f"a traced array has escaped from {x.run.title}, which runs once when it is compiled; "
                "return what is needed, and keep nothing in globals, attributes or lists outside"
            )

    # --- results ------------------------------------------------------------------------------------------------------

    def _made(self, value: Any, parts: Parts, level: int, real: Any) -> Any:
        """Return a value of the vocabulary as one that the function can go on with."""
        if isinstance(value, Node):
            if real is _NOTHING and _is_size(value):
                return self.size(value.value, lambda: (parts, level))  # type: ignore[attr-defined]
            place = self.places.here()
            name = place.names[0] if len(place.names) == 1 else None
            concrete = None if real is _NOTHING else real
            return TracedArray(self, (value, self._expression(parts, level, name, place.line), concrete))
        if isinstance(value, tuple):
            return self._made_several(value, parts, level, real)
        return value

    def _made_several(self, values: tuple[Any, ...], parts: Parts, level: int, real: Any) -> Any:
        place = self.places.here()
        whole = self._expression(parts, level, None, place.line)
        names = place.names if len(place.names) == len(values) else (None,) * len(values)
        items = []
        for position, (value, name) in enumerate(zip(values, names, strict=True)):
            own: Parts = [(whole, POSTFIX), f"[{position}]"]
            known = _NOTHING if real is _NOTHING else real[position]
            if isinstance(value, Node):
                concrete = None if known is _NOTHING else known
                expression = self._expression(own, POSTFIX, name, place.line)
                items.append(TracedArray(self, (value, expression, concrete)))
            else:
                items.append(self._made(value, own, POSTFIX, known))
        return values._make(items) if hasattr(values, "_make") else tuple(items)

    def _expression(
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
        with self._located():
            parts = self.operands.of(results)[1]
        return self._expression(parts, LOWEST)

    # --- what is known ------------------------------------------------------------------------------------------------

    def is_known(self, value: Any) -> bool:
        if isinstance(value, TracedArray):
            return value.refreshed().concrete is not None
        if isinstance(value, (tuple, list)):
            return all(self.is_known(item) for item in value)
        if isinstance(value, slice):
            return self.is_known((value.start, value.stop, value.step))
        return not isinstance(value, TracedSize)

    def _are_found(self, known: Any, values: Sequence[Any]) -> bool:
        """Tell whether a result is known and was made of what the function found: it is computed once, not in each call."""
        return known is not _NOTHING and any(_holds_found(value) for value in values)

    def known_result(self, function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Return what NumPy makes of arguments that are all known, else nothing."""
        if function is None or not self.is_known((*args, *kwargs.values())):
            return _NOTHING
        with np.errstate(all="ignore"):
            return function(*map(_known, args), **{name: _known(value) for name, value in kwargs.items()})

    # --- errors -------------------------------------------------------------------------------------------------------

    def located(self, error: SymbackpropError) -> SymbackpropError:
        """Return an error with the place in the user's function; a refusal is not forgotten if the function catches it."""
        located = self.places.located(error)
        if isinstance(error, UnsupportedError) and self.refusal is None:
            self.refusal = located
        return located

    def _located(self) -> _Located:
        return _Located(self)


class _Located:
    """Gives errors their place in the user's function."""

    __slots__ = ("_trace",)

    def __init__(self, trace: Trace) -> None:
        self._trace = trace

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, SymbackpropError) and not isinstance(error, MissingAttributeError):
            self._trace.located(error)


def _argument_parts(operands: Sequence[Operand], count: int, names: Sequence[str]) -> Parts:
    """Return the text of arguments, those behind the first `count` with their names."""
    plain = [own for _, own in operands[:count]]
    named: list[Parts] = [[f"{name}=", *own] for name, (_, own) in zip(names, operands[count:], strict=True)]
    return separated([*plain, *named])


def _written_copy(x: Any, symbol: str, index: Any, value: Any) -> Any:
    """Return a copy of a known array after a write into it."""
    copy = np.array(x)
    copy[index] = value if symbol == "=" else _BINARY[symbol[:-1]][1](copy[index], value)
    return copy


def _is_same(copy: Any, array: Any) -> bool:
    """Tell whether an array still holds what it held when it was copied."""
    return copy.shape == array.shape and bool(np.array_equal(copy, array, equal_nan=array.dtype.kind == "f"))


def _holds_found(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return any(map(_holds_found, value))
    return (isinstance(value, TracedArray) and value.is_found) or isinstance(value, np.ndarray)


def _known(value: Any) -> Any:
    if isinstance(value, TracedArray):
        return value.concrete
    if isinstance(value, (tuple, list)) and type(value) in (tuple, list):
        return type(value)(map(_known, value))
    if isinstance(value, slice):
        return slice(*map(_known, (value.start, value.stop, value.step)))
    return value


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
    return not isinstance(value, (TracedArray, TracedSize, int, float, tuple, list, np.generic, np.ndarray, complex))
