"""How large expressions of SymPy's are as trees, counted as they grow: it compares and derives them as such.

What shares its parts, as the states of a loop do, doubles with every step. An evaluation that grows beyond what SymPy
can do is stopped here, before SymPy is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

__all__ = ["TooLargeError", "checked_size", "limited"]

_LARGEST = 40_000  # nodes of a tree, of which much may still cancel


class TooLargeError(Exception):
    """An expression has grown too large for SymPy."""


_Sizes = dict[int, tuple[Any, int]]  # by identity, beside the expression itself, which keeps its identity its own
_sizes: ContextVar[_Sizes | None] = ContextVar("sizes", default=None)


@contextmanager
def limited() -> Iterator[None]:
    """Stop evaluations whose expressions grow too large."""
    token = _sizes.set({})
    try:
        yield
    except SystemError as error:  # a loop of NumPy's over objects went on for a while after the error
        if isinstance(error.__context__, TooLargeError):
            raise error.__context__ from None
        raise
    finally:
        _sizes.reset(token)


def checked_size(expression: Any) -> Any:
    """Return an expression that is not too large; raise an error for one that is."""
    sizes = _sizes.get()
    if sizes is None:
        return expression
    stack = [expression]
    while stack:
        node = stack[-1]
        if id(node) in sizes:
            stack.pop()
            continue
        waiting = [arg for arg in node.args if id(arg) not in sizes]
        if waiting:
            stack.extend(waiting)
            continue
        size = 1 + sum(sizes[id(arg)][1] for arg in node.args)
        if size > _LARGEST:
            raise TooLargeError(f"an expression of more than {_LARGEST} operations")
        sizes[id(stack.pop())] = (node, size)
    return expression
