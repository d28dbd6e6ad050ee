"""Custom rules of a formula, told apart when it is verified: each is compared with the function that it belongs to.

The reference evaluates the function alone, and its difference quotients are those of the function, so that a wrong
rule fails. A rule that is meant to be another derivative than that of its function (`surrogate`) is the derivative of
the reference too: see `check.held`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np

from symbackprop.check.elements import Digits, Element
from symbackprop.check.held import chosen
from symbackprop.check.rule_check import check_rule
from symbackprop.errors import RuleError
from symbackprop.read.from_numpy.rules import CustomRule
from symbackprop.read.from_numpy.steps import parameter_names

__all__ = ["OpaqueCall", "RuleReport", "custom_rule", "note", "rules_at"]

_STEP = 30  # digits below 1 of the steps of difference quotients
_TOLERANCE = 1e-13  # what rules say of constants that are doubles
_CALLS = 3  # of one function, that are looked at

_calls: ContextVar[list[Noted] | None] = ContextVar("calls", default=None)


@dataclass(frozen=True)
class RuleReport:
    """What was found of the rules of one function.

    Parameters
    ----------
    name : str
        The function.
    wrong : tuple of str
        What is wrong, and by how much.
    surrogate : bool
        Whether the rule is meant to be another derivative.
    """

    name: str
    wrong: tuple[str, ...] = ()
    surrogate: bool = False

    def __bool__(self) -> bool:
        return not self.wrong

    def __str__(self) -> str:
        if self.surrogate:
            return f"{self.name}: its derivative is chosen, and not that of its value"
        return f"{self.name}: {'; '.join(self.wrong) or 'its rules agree with its difference quotients'}"


@dataclass(frozen=True)
class _Call:
    """A call of a function with rules."""

    f: Callable[..., Any]
    vjp: Callable[..., Any] | None
    jvp: Callable[..., Any] | None
    args: tuple[Any, ...]
    out: Any
    surrogate: bool

    @property
    def title(self) -> str:
        return str(self.f.__name__)

    def wrong_in(self, number: int) -> list[str]:
        """Return what is wrong about the derivatives with respect to one argument."""
        return _wrong_in(self, number)


@dataclass(frozen=True)
class OpaqueCall:
    """A call of an opaque function, with its arguments as doubles, and as they are."""

    rule: CustomRule
    near: tuple[Any, ...]
    args: tuple[Any, ...]

    @property
    def title(self) -> str:
        return self.rule.title

    @property
    def surrogate(self) -> bool:
        return self.rule.surrogate

    def wrong_in(self, number: int) -> list[str]:
        """Return what is wrong about the derivatives with respect to one argument."""
        name = parameter_names(self.rule.function, len(self.near))[number]
        try:
            check_rule(self.rule, *self.near, wrt=[name])
        except RuleError as error:
            return [error.message]
        except Exception as error:  # whatever the user's rule raises
            return [f"its rules raised {type(error).__name__}: {error}"]
        return []


Noted = _Call | OpaqueCall


def custom_rule(f: Any, vjp: Any, jvp: Any, *args: Any, surrogate: Any = False) -> Any:
    """Return what `f` gives; note the call where rules are looked at."""
    out = f(*args)
    call = _Call(f, vjp, jvp, args, out, bool(surrogate))
    note(call)
    return _as_the_rule_says(call) if surrogate else out


def rules_at(
    reference: Callable[..., Any], elements: Mapping[str, Any], wrt: Iterable[str], words: Any
) -> tuple[RuleReport, ...]:
    """Return what is found of all rules that a formula uses at a point, in arguments that depend on the inputs `wrt`."""
    with _noting() as calls:
        reference(elements, words)
    with _noting() as moved:
        reference({**elements, **{name: _moved(elements[name]) for name in wrt}}, words)
    by_name: dict[str, list[tuple[Noted, Noted]]] = {}
    for call, other in zip(calls, moved, strict=False):
        by_name.setdefault(call.title, []).append((call, other))
    return tuple(_report(name, same) for name, same in by_name.items())


def note(call: Noted) -> None:
    """Note a call, where rules are looked at."""
    calls = _calls.get()
    if calls is not None:
        calls.append(call)


def _moved(element: Any) -> Any:
    """Return an input a little away, so that what depends on it is another number."""
    step = mpmath.mpf(10) ** -_STEP
    return _replaced(element, (x + step * (64 + 37 * i % 61) for i, x in enumerate(_entries(element))))


@contextmanager
def _noting() -> Iterator[list[Noted]]:
    found: list[Noted] = []
    token = _calls.set(found)
    try:
        yield found
    finally:
        _calls.reset(token)


# --- the entries of nests ---------------------------------------------------------------------------------------------


def _entries(tree: Any) -> list[Any]:
    """Return all entries of the arrays in a nest, None and what is no element left out."""
    if tree is None:
        return []
    if isinstance(tree, tuple):
        return [entry for item in tree for entry in _entries(item)]
    return [*np.ravel(np.asarray(tree, dtype=object))]


def _replaced(tree: Any, entries: Iterator[Any]) -> Any:
    """Return a nest with other entries."""
    if tree is None:
        return None
    if isinstance(tree, tuple):
        return tuple([_replaced(item, entries) for item in tree])
    array = np.asarray(tree, dtype=object)
    filled = np.empty(array.shape, dtype=object)
    for index in np.ndindex(array.shape):
        filled[index] = next(entries)
    return filled if array.shape else filled[()]


def _is_real(entry: Any) -> bool:
    return isinstance(entry, (Element, float))


def _like(entry: Any, number: Any) -> Any:
    """Return a number as an element of the kind of `entry`."""
    return entry._from(number) if isinstance(entry, Element) else number


# --- what rules say ---------------------------------------------------------------------------------------------------


def _pulled(call: _Call, weights: Sequence[Any]) -> list[list[Any] | None]:
    """Return for each argument the entries of its cotangent, None where that is zero."""
    assert call.vjp is not None
    result = call.vjp(_replaced(call.out, iter(weights)), call.out, *call.args)
    parts = result if len(call.args) != 1 else (result,)
    return [None if part is None else _entries(part) for part in parts]


def _pushed(call: _Call, directions: Sequence[Sequence[Any]]) -> list[Any]:
    assert call.jvp is not None
    dots = [_replaced(arg, iter(own)) for arg, own in zip(call.args, directions, strict=True)]
    return _entries(call.jvp(*dots, call.out, *call.args))


def _as_the_rule_says(call: _Call) -> Any:
    """Return the results with the derivatives that the rule gives."""
    outs = _entries(call.out)
    args = [_entries(arg) for arg in call.args]
    moved = [(number, position) for number, own in enumerate(args) for position, x in enumerate(own) if _is_real(x)]

    def slopes() -> list[tuple[Any, ...]]:
        columns = [_column(call, len(outs), args, number, position) for number, position in moved]
        return [tuple(column[row] for column in columns) for row in range(len(outs))]

    return _replaced(call.out, iter(chosen(outs, [args[i][j] for i, j in moved], slopes)))


def _column(call: _Call, count: int, args: Sequence[Sequence[Any]], number: int, position: int) -> list[Any]:
    """Return the derivatives of all results with respect to an entry of an argument."""
    if call.vjp is None:
        directions = [[int((i, j) == (number, position)) for j in range(len(own))] for i, own in enumerate(args)]
        return _pushed(call, directions)
    found = []
    for row in range(count):
        bars = _pulled(call, [int(i == row) for i in range(count)])[number]
        found.append(0 if bars is None else bars[position])
    return found


# --- against difference quotients -------------------------------------------------------------------------------------


def _report(name: str, calls: Sequence[tuple[Noted, Noted]]) -> RuleReport:
    """Return what is wrong in calls, each given with what it was where the inputs had moved."""
    if calls[0][0].surrogate:
        return RuleReport(name, surrogate=True)
    wrong: dict[str, None] = {}
    for call, moved in calls[:_CALLS]:
        for number, (arg, other) in enumerate(zip(call.args, moved.args, strict=True)):
            pairs = zip(_entries(arg), _entries(other), strict=True)
            if any(isinstance(x, Element) and x != y for x, y in pairs):
                wrong.update(dict.fromkeys(call.wrong_in(number)))
    return RuleReport(name, tuple(wrong))


def _wrong_in(call: _Call, number: int) -> list[str]:
    """Return what is wrong about the derivatives with respect to one argument."""
    entries = _entries(call.args[number])
    direction = [mpmath.mpf(64 + 37 * i % 61) / 64 * (-1) ** i if _is_real(x) else 0 for i, x in enumerate(entries)]
    try:
        slopes = _slopes(call, number, entries, direction)
        weights = [mpmath.mpf(64 + 29 * i % 53) / 64 for i in range(len(slopes))]
        wanted = sum(w * s for w, s in zip(weights, slopes, strict=True))
        found = {}
        if call.vjp is not None:
            bars = _pulled(call, [_like(out, w) for out, w in zip(_entries(call.out), weights, strict=True)])[number]
            found["vjp"] = 0 if bars is None else sum(_number(b) * d for b, d in zip(bars, direction, strict=True))
        if call.jvp is not None:
            directions = [[0] * len(_entries(arg)) for arg in call.args]
            directions[number] = [_like(x, d) if _is_real(x) else 0 for x, d in zip(entries, direction, strict=True)]
            found["jvp"] = sum(w * _number(s) for w, s in zip(weights, _pushed(call, directions), strict=True))
    except Exception as error:  # whatever the user's rule raises over long numbers
        return [f"its rules raised {type(error).__name__}: {error}"]
    name = getattr(call.f, "parameters", ())[number]
    scale = max([abs(wanted), *(abs(w * s) for w, s in zip(weights, slopes, strict=True)), mpmath.mpf(10) ** -20])
    return [
        f"the {kind} is wrong in argument {name}: {mpmath.nstr(value, 6)} where the difference quotient is "
        f"{mpmath.nstr(wanted, 6)}"
        for kind, value in found.items()
        if not abs(value - wanted) <= _TOLERANCE * scale
    ]


def _slopes(call: _Call, number: int, entries: Sequence[Any], direction: Sequence[Any]) -> list[Any]:
    """Return how fast the results change as one argument moves."""
    step = mpmath.mpf(10) ** -_STEP
    ends = []
    for sign in (1, -1):
        moved = [
            Digits(_number(x) + sign * step * d) if _is_real(x) else x for x, d in zip(entries, direction, strict=True)
        ]
        args = [_replaced(arg, iter(moved)) if i == number else arg for i, arg in enumerate(call.args)]
        ends.append([_number(x) for x in _entries(call.f(*args))])
    return [(above - below) / (2 * step) for above, below in zip(*ends, strict=True)]


def _number(x: Any) -> Any:
    return x.value if isinstance(x, Digits) else mpmath.mpf(x)
