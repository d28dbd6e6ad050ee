"""What nodes are where their mask is off, if that is one number: a guarded argument is its safe value there.

Under ``where(x > 0, ...)`` a root of ``where(x > 0, x, 1)`` is 1 where the mask is off, and so is what is made of it; a
logarithm or a quotient of that needs no guard of its own. Only plain operations are followed, and only numbers of
moderate size are believed, so that rounding and the dtype do not matter. Anything else is guarded as before.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from symbackprop.ir.node import PI, Apply, Const, Node
from symbackprop.simplify.masks import NEVER, Conditions, Mask

__all__ = ["Elsewhere"]

_SMALLEST, _LARGEST = 1e-30, 1e30
_CLOSE = 1e-3  # comparisons of numbers closer than this are not decided


def _compared(holds: Callable[[float, float], bool]) -> Callable[[float, float], bool | None]:
    def compare(a: float, b: float) -> bool | None:
        return None if abs(a - b) <= _CLOSE * max(abs(a), abs(b)) else holds(a, b)

    return compare


_VALUES: Mapping[str, Callable[..., Any]] = {
    "add": lambda *terms: sum(terms),
    "negative": lambda x: -x,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y,
    "integer_power": lambda x, n: x**n,
    "power": math.pow,
    "sqrt": math.sqrt,
    "cbrt": math.cbrt,
    "exp": math.exp,
    "expm1": math.expm1,
    "log": math.log,
    "log1p": math.log1p,
    "abs": abs,
    "maximum": max,
    "minimum": min,
    "less": _compared(lambda a, b: a < b),
    "less_equal": _compared(lambda a, b: a <= b),
    "greater": _compared(lambda a, b: a > b),
    "greater_equal": _compared(lambda a, b: a >= b),
    "where": lambda condition, a, b: a if condition else b,
    "broadcast": lambda x, **params: x,
    "reshape": lambda x, **params: x,
}
_INSIDE: Mapping[str, Callable[[float], bool]] = {  # where the last argument of a function, or its only one, may be
    "divide": lambda y: y != 0,
    "sqrt": lambda x: x > 0,
    "cbrt": lambda x: x != 0,
    "log": lambda x: x > 0,
    "log1p": lambda x: x > -0.9,
    "exp": lambda x: x < 50,
    "expm1": lambda x: x < 50,
}


class Elsewhere:
    """The known numbers: for each node the mask outside which it is one."""

    def __init__(self, conditions: Conditions) -> None:
        self._conditions = conditions
        self._known: dict[Node, tuple[Mask, Any]] = {}

    def chosen(self, node: Node, mask: Mask, value: float) -> None:
        """Note that `node` is a safe value where `mask` is off."""
        self._known.setdefault(node, (mask, value))

    def is_safe(self, op: str, position: int, arity: int, node: Node, mask: Mask) -> bool:
        """Tell whether an argument is surely inside the domain of a function where `mask` is off."""
        known = self._of(node)
        if known is None or not self._implies(known[0], mask):
            return False
        if op == "power":
            return bool(known[1] > 0) if position == 0 else abs(known[1]) < 20
        return position == arity - 1 and op in _INSIDE and _INSIDE[op](known[1])

    def follow(self, node: Node) -> None:
        """Note what a node is made of known numbers."""
        if not isinstance(node, Apply) or node in self._known:
            return
        name = getattr(node.op, "name", "")
        if name not in _VALUES:
            return
        args = [self._of(arg) for arg in node.args]
        if any(arg is None for arg in args):
            return
        value = _computed(name, [arg[1] for arg in args if arg is not None], dict(node.params))
        if value is not None:
            mask = NEVER
            for arg in args:
                assert arg is not None
                mask = self._conditions.either(mask, arg[0])
            self._known[node] = mask, value

    def _of(self, node: Node) -> tuple[Mask, Any] | None:
        if isinstance(node, Const):
            value = math.pi if node.value is PI else node.value
            return (NEVER, value) if isinstance(value, (bool, int, float, Fraction)) and _is_moderate(value) else None
        return self._known.get(node)

    def _implies(self, narrow: Mask, wide: Mask) -> bool:
        """Tell whether `wide` holds wherever `narrow` does."""
        return narrow == wide or self._conditions.either(narrow, wide) == wide


def _computed(name: str, args: Sequence[Any], params: dict[str, Any]) -> Any:
    """Return the value, None where it is not a number of moderate size."""
    try:
        value = _VALUES[name](*args, **params)
    except (ArithmeticError, ValueError):
        return None
    return value if value is not None and _is_moderate(value) else None


def _is_moderate(value: Any) -> bool:
    return isinstance(value, bool) or value == 0 or _SMALLEST < abs(value) < _LARGEST
