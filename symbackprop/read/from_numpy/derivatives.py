"""Derivatives of functions written in NumPy, inside of a trace: each is noted as a word of the formula.

Arguments that do not move are no part of the word: the function takes them from around it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any

from symbackprop.errors import ArgumentError
from symbackprop.ir.node import Node
from symbackprop.read.from_numpy.arrays import TracedArray
from symbackprop.read.from_numpy.calls import Trace
from symbackprop.read.from_numpy.expressions import POSTFIX
from symbackprop.read.from_numpy.loops import leaves_of
from symbackprop.read.from_numpy.operands import Parts, separated
from symbackprop.read.from_numpy.places import Place
from symbackprop.read.from_numpy.pytrees import Form, alike, flattened, unflattened
from symbackprop.read.from_numpy.steps import TracedStep, parameter_names
from symbackprop.read.vocabulary import FUNCTIONS
from symbackprop.read.vocabulary.arguments import Value

__all__ = ["Moved", "noted_gradient", "noted_jacobian", "noted_jvp", "noted_vjp"]

_around: ContextVar[Place | None] = ContextVar(
    "around", default=None
)  # where a derivative is noted, its function is traced


class Moved:
    """A function of those of its arguments that move; all others are as they are given.

    Parameters
    ----------
    function : callable
    args, kwargs
        What it is called with.
    chosen : sequence of int
        The positions of the arguments that move.
    has_aux : bool
        Whether it returns ``(value, aux)``.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        args: Sequence[Any],
        kwargs: dict[str, Any],
        chosen: Sequence[int],
        has_aux: bool = False,
    ) -> None:
        self._function, self._args, self._kwargs, self._chosen = function, args, kwargs, chosen
        self._has_aux = has_aux
        name = getattr(function, "__name__", "f")
        self.__name__ = name if name.isidentifier() else "f"
        names = parameter_names(function, len(args))
        self.names = [names[position] for position in chosen]
        everything = not kwargs and [*chosen] == [*range(len(args))]
        self.__code__ = getattr(function, "__code__", None) if everything else None  # for the names that it has

    @property
    def moving(self) -> list[Any]:
        """The arguments that move, as they are."""
        return [self._args[position] for position in self._chosen]

    def __call__(self, *moved: Any) -> Any:
        """Return what the function makes of other arguments in the places of those that move."""
        args = [*self._args]
        for position, value in zip(self._chosen, moved, strict=True):
            args[position] = value
        result = self._function(*args, **self._kwargs)
        if self._has_aux and not (isinstance(result, tuple) and len(result) == 2):
            raise ArgumentError(
                f"with has_aux=True, {self.__name__} returns a number and what is beside it, (value, aux)"
            )
        return result


def noted_gradient(trace: Trace, word: str, moved: Moved, single: bool, has_aux: bool) -> Any:
    """Return the gradient of a function, with its value if the word is ``value_and_grad``; `single` is of one argument."""
    call = _Call(trace, moved, 2 if has_aux else None)
    options: list[Parts] = [["has_aux=True"]] if has_aux else []
    named = {"has_aux": True} if has_aux else {}
    leaves = call.of_arguments(word, single, options, named)
    gradient = call.gradient_form(single)
    if word == "grad":
        if not has_aux:
            return unflattened(gradient, leaves)
        count = len(flattened(gradient)[0])
        return unflattened(gradient, leaves[:count]), unflattened(call.returned[1], leaves[count:])
    value, rest = unflattened(call.returned[0], leaves[:1]), leaves[1:]
    if not has_aux:
        return value, unflattened(gradient, rest)
    count = len(flattened(call.returned[1])[0])
    return (value, unflattened(call.returned[1], rest[:count])), unflattened(gradient, rest[count:])


def noted_jacobian(trace: Trace, word: str, moved: Moved, single: bool, mode: str) -> Any:
    """Return the Jacobian of a function, or the Hessian."""
    call = _Call(trace, moved, None)
    options: list[Parts] = [] if mode == "auto" else [[f"mode='{mode}'"]]
    leaves = call.of_arguments(word, single, options, {} if mode == "auto" else {"mode": mode})
    inner = call.gradient_form(single)
    outer = call.returned[0] if word == "jacobian" else inner
    width, count = len(flattened(inner)[0]), len(flattened(outer)[0])
    return unflattened(outer, [unflattened(inner, leaves[i * width : (i + 1) * width]) for i in range(count)])


def noted_jvp(trace: Trace, moved: Moved, tangents: Sequence[Any]) -> Any:
    """Return what a function gives, and its tangent."""
    call = _Call(trace, moved, None)
    leaves = call.of_primals("jvp", call.like_arguments(tangents))
    (form,) = call.returned
    count = len(flattened(form)[0])
    return unflattened(form, leaves[:count]), unflattened(form, leaves[count:])


def noted_vjp(trace: Trace, moved: Moved, cotangent: Any) -> Any:
    """Return the cotangents of the arguments of a function, given that of its result."""
    call = _Call(trace, moved, None)
    form, value, parts = leaves_of(trace, cotangent)
    leaves = call.of_primals("vjp", (value, parts))
    if not alike(form, call.returned[0]):
        raise ArgumentError(f"the cotangent is nested otherwise than the result of {moved.__name__}")
    count = len(flattened(form)[0])
    return unflattened(call.gradient_form(False), leaves[count:])


class _Call:
    """A call of a word with a function and arguments that move."""

    def __init__(self, trace: Trace, moved: Moved, results: int | None) -> None:
        self._trace, self._moved = trace, moved
        given = [leaves_of(trace, argument) for argument in moved.moving]
        self._forms: list[Form] = [form for form, _, _ in given]
        self._values: list[Value] = [value for _, value, _ in given]
        self._texts: list[Parts] = [own for _, _, own in given]
        self._step = TracedStep(trace, moved, self._forms, results, "f", moved.names)

    @property
    def returned(self) -> list[Form]:
        """How the function nests its results."""
        return self._step.returned

    def gradient_form(self, single: bool) -> Form:
        """Return how a gradient is nested: as the argument is, or the arguments are."""
        return self._forms[0] if single else tuple(self._forms)

    def like_arguments(self, tangents: Sequence[Any]) -> tuple[Value, Parts]:
        """Return tangents of the arguments."""
        given = [leaves_of(self._trace, tangent) for tangent in tangents]
        if len(given) != len(self._forms) or not all(
            alike(own, form) for (own, _, _), form in zip(given, self._forms, strict=True)
        ):
            raise ArgumentError("tangents are nested otherwise than the primals that they belong to")
        return _gathered([value for _, value, _ in given], [own for _, _, own in given])

    def of_arguments(
        self, word: str, single: bool, options: Sequence[Parts], named: dict[str, Any]
    ) -> list[TracedArray]:
        """Return the leaves of what a word gives that takes arguments one by one."""
        texts = [*self._texts, *options]
        if not single:
            positions = range(len(self._forms))
            named = {"argnums": tuple(self._trace.operands.of(position)[0] for position in positions), **named}
            texts.append([f"argnums=({', '.join(map(str, positions))}{',' if len(positions) == 1 else ''})"])
        return self._noted(word, self._values, texts, named)

    def of_primals(self, word: str, beside: tuple[Value, Parts]) -> list[TracedArray]:
        """Return the leaves of what a word gives that takes all arguments together."""
        primals, parts = _gathered(self._values, self._texts)
        return self._noted(word, [primals, beside[0]], [parts, beside[1]], {})

    def _noted(
        self, word: str, values: Sequence[Value], texts: Sequence[Parts], named: dict[str, Any]
    ) -> list[TracedArray]:
        trace = self._trace
        place = trace.places.here()
        names = () if place == _around.get() else place.names  # which are those of the derivative further out
        token = _around.set(place)
        try:
            found = FUNCTIONS[word](self._step, *values, **named)
        finally:
            _around.reset(token)
        assert self._step.definition is not None
        parts: Parts = [f"{word}(", *separated([[(self._step.definition, POSTFIX)], *texts]), ")"]
        if isinstance(found, Node):
            name = names[0] if len(names) == 1 else None
            return [TracedArray(trace, (found, trace.expression_of(parts, POSTFIX, name, place.line), None))]
        whole = trace.expression_of(parts, POSTFIX, None, place.line)
        leaves = [*_leaves(found)]
        own = dict(enumerate(names)) if len(names) == len(found) else {}
        return [
            TracedArray(
                trace,
                (node, trace.expression_of([(whole, POSTFIX), path], POSTFIX, own.get(at), place.line), None),
            )
            for at, path, node in leaves
        ]


def _gathered(values: Sequence[Value], texts: Sequence[Parts]) -> tuple[Value, Parts]:
    """Return a tuple of values, and its text."""
    return tuple(values), ["(", *separated([*texts]), ",)" if len(texts) == 1 else ")"]


def _leaves(value: Value, path: str = "") -> Iterator[tuple[int, str, Node]]:
    """Yield the leaves of a value with their indices, and which item of the outermost nest each is; -1 inside of one."""
    for position, item in enumerate(value):  # type: ignore[arg-type]  # a tuple
        if isinstance(item, Node):
            yield (-1 if path else position), f"{path}[{position}]", item
        elif item is not None:
            yield from _leaves(item, f"{path}[{position}]")
