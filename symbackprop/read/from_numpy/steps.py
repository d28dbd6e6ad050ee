"""A Python function as the step of a loop: traced on inputs of its own, and written into the formula as a ``def``."""

from __future__ import annotations

import dis
import inspect
from collections.abc import Callable, Iterable, Sequence
from types import CodeType
from typing import Any

from symbackprop.errors import ArgumentError
from symbackprop.ir.node import Node
from symbackprop.read.from_numpy.arrays import TracedArray
from symbackprop.read.from_numpy.calls import Trace
from symbackprop.read.from_numpy.expressions import ATOM, LOWEST, Defined
from symbackprop.read.from_numpy.operands import Parts, separated
from symbackprop.read.from_numpy.pytrees import Form, flattened, names_of, unflattened
from symbackprop.read.vocabulary.arguments import Value

__all__ = ["TracedStep", "parameter_names"]


class TracedStep:
    """A function that a loop or a branch runs, and what it was found to do.

    Parameters
    ----------
    trace : Trace
        The run that it belongs to.
    function : callable
        The clone of the user's function.
    forms : sequence of Form
        How the leaves of its arguments are nested.
    title : str
        What a lambda is called.
    results : int or None
        How many results it returns in a tuple; None for a single one, of any form.
    names : sequence of str, optional
        What its parameters are called in the formula, where that is not what the function calls its first ones.
    """

    def __init__(
        self,
        trace: Trace,
        function: Callable[..., Any],
        forms: Sequence[Form],
        results: int | None,
        title: str,
        names: Sequence[str] | None = None,
    ) -> None:
        name = getattr(function, "__name__", "")
        self.title = name if name.isidentifier() else title
        self._trace = trace
        self._function = function
        self._forms = forms
        self._results = results
        self._names = tuple(names) if names is not None else parameter_names(function, len(forms))
        self.parameters = self._names
        self.returned: list[Form] = []
        self.definition: Defined | None = None

    def __call__(self, *values: Value) -> Value:
        """Return what the function makes of the nodes of its arguments, each a leaf or a tuple of leaves."""
        trace = self._trace
        start = trace.count
        code = getattr(self._function, "__code__", None)
        arguments, groups = [], []
        for value, form, name in zip(values, self._forms, self._names, strict=True):
            nodes = _nodes(value)
            leaves = [
                self._leaf(node, leaf) for node, leaf in zip(nodes, self._leaf_names(form, name, code), strict=True)
            ]
            groups.append([x.expression for x in leaves])
            arguments.append(unflattened(form, leaves))
        self._check_parameters(arguments)
        with trace.scopes.inside(start):
            result = self._function(*arguments)
            parts, taken, self.returned = self._taken(result)
        whole = trace.expression_of(separated(parts), LOWEST)
        self.definition = Defined(self.title, tuple(zip(self._names, groups, strict=True)), whole, start, trace.next())
        return taken

    def _check_parameters(self, arguments: Sequence[Any]) -> None:
        """Refuse a function that takes another number of arguments than it is given."""
        try:
            signature = inspect.signature(self._function)
        except (TypeError, ValueError):  # of a function of NumPy, say
            return
        try:
            signature.bind(*arguments)
        except TypeError:
            given = ", ".join(self._names)
            raise self._trace.located(
                ArgumentError(f"{self.title}{signature} is called with {len(arguments)} arguments: {given}")
            ) from None

    def apart(self, values: Sequence[Value], capture: object) -> Value:
        """Return what the function makes of values; what belongs to a branch is found when the text is read."""
        return self(*values)

    def given(self) -> Iterable[Node]:
        """Return nothing: the text that is written knows what is outside of it."""
        return ()

    def _taken(self, result: Any) -> tuple[list[Parts], Value, list[Form]]:
        """Return the text, the nodes and the forms of results."""
        several = self._results is not None
        if several and (not isinstance(result, tuple) or len(result) != self._results):
            raise self._trace.located(
                ArgumentError(
                    f"{self.title} returns the new carry and a value, `return carry, value`; the value may be None"
                )
            )
        texts: list[Parts] = []
        values: list[Value] = []
        forms: list[Form] = []
        for part in result if several else (result,):
            leaves, form = flattened(part)
            operands = [self._trace.operands.of(leaf) for leaf in leaves]
            forms.append(form)
            texts.append(_text([own for _, own in operands]))
            values.append(_value([value for value, _ in operands]))
        return texts, tuple(values) if several else values[0], forms

    def _leaf(self, node: Node, name: str) -> TracedArray:
        expression = self._trace.expression_of([], ATOM, name, is_input=True)
        return TracedArray(self._trace, (node, expression, None), is_input=True)

    def _leaf_names(self, form: Form, name: str, code: CodeType | None) -> list[str]:
        """Return what the leaves of an argument are called: by their keys, or as the function unpacks them."""
        names = names_of(form)
        if len(names) == 1:
            return [names[0] or name]
        unpacked = _unpacked(code, name) if code is not None else ()
        if len(unpacked) == len(names):
            return list(unpacked)
        return [own or f"{name}_{position}" for position, own in enumerate(names, 1)]


def _nodes(value: Value) -> list[Node]:
    if value is None:
        return []
    return [value] if isinstance(value, Node) else list(value)  # type: ignore[arg-type]


def _value(nodes: list[Any]) -> Value:
    """Return leaves as the formula has them: none, one, or a tuple of several."""
    return None if not nodes else nodes[0] if len(nodes) == 1 else tuple(nodes)


def _text(parts: list[Parts]) -> Parts:
    """Return the text of leaves as the formula has them."""
    if not parts:
        return ["None"]
    return parts[0] if len(parts) == 1 else ["(", *separated(parts), ")"]


def parameter_names(function: Callable[..., Any], count: int) -> tuple[str, ...]:
    """Return what a function calls its first parameters."""
    code = getattr(function, "__code__", None)
    names = [] if code is None else list(code.co_varnames[: code.co_argcount])
    if hasattr(function, "__self__"):
        names = names[1:]
    names = [name.lstrip("_") or "row" for name in names[:count]]
    names += ["carry", "row", "third", "fourth"][len(names) : count]
    names += [f"argument_{position}" for position in range(len(names), count)]
    return tuple(name if names.count(name) == 1 else f"{name}_{at}" for at, name in enumerate(names))


def _unpacked(code: CodeType, name: str) -> tuple[str, ...]:
    """Return the names that a function gives to the parts of a parameter, ``h, c = state``."""
    instructions = [*dis.get_instructions(code)]
    for position, instruction in enumerate(instructions[:-1]):
        following = instructions[position + 1]
        if not instruction.opname.startswith("LOAD_FAST") or instruction.argval != name:
            continue
        if following.opname == "UNPACK_SEQUENCE":
            names: list[str] = []
            for store in instructions[position + 2 :]:
                if not store.opname.startswith("STORE_FAST") or len(names) >= (following.arg or 0):
                    break
                value = store.argval
                names += [*value] if isinstance(value, tuple) else [value]
            return tuple(names[: following.arg])
    return ()
