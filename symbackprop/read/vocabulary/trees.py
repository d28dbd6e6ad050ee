"""Nested values: a state of several arrays, taken apart into its leaves and put together again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from symbackprop.errors import ArgumentError
from symbackprop.ir.dtype import default_float, is_float
from symbackprop.ir.node import Const, Node
from symbackprop.ops.broadcasting import converted
from symbackprop.read.vocabulary.arguments import Listed, Value, node_of

__all__ = ["filled", "leaves", "same_form", "typed"]

_DEEPEST = 32  # tuples in tuples, so that these functions may recurse


def leaves(value: Value, what: str, depth: int = 0) -> list[Node]:
    """Return the arrays in `value`: itself, or those in a nest of tuples; None holds none."""
    if depth > _DEEPEST:
        raise ArgumentError(f"{what} is nested deeper than {_DEEPEST} tuples")
    if value is None:
        return []
    if isinstance(value, tuple) and not isinstance(value, Listed):
        return [leaf for item in value for leaf in leaves(item, what, depth + 1)]
    return [node_of(value)]


def typed(node: Node) -> Node:
    """Return a number with the dtype that it has beside arrays of the formula."""
    is_number = isinstance(node, Const) or node.weak
    return converted(node, default_float()) if is_number and is_float(node.dtype) else node


def filled(form: Value, nodes: Sequence[Node]) -> Value:
    """Return `nodes` nested as `form` nests its leaves."""
    rest = iter(nodes)
    return _filled(form, lambda: next(rest))


def _filled(form: Value, take: Callable[[], Node]) -> Value:
    if form is None:
        return None
    if isinstance(form, tuple) and not isinstance(form, Listed):
        return tuple([_filled(item, take) for item in form])
    return take()


def same_form(a: Value, b: Value) -> bool:
    """Tell whether two values are nested alike."""
    return [*_form(a)] == [*_form(b)]


def _form(value: Value) -> Iterator[str]:
    if value is None:
        yield "None"
    elif isinstance(value, tuple) and not isinstance(value, Listed):
        yield f"({len(value)}"
        for item in value:
            yield from _form(item)
    else:
        yield "leaf"
