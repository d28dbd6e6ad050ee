"""`check_rule`: a custom rule by itself, at arguments that the user gives, in floats.

Along random directions v and for random weights w of the results, ``<w, df/dv>`` by difference quotients is compared
with ``<vjp(w), v>`` and ``<w, jvp(v)>``, argument by argument, and these two with each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from symbackprop.errors import ArgumentError, RuleError, ShapeError
from symbackprop.read.from_numpy.pytrees import flattened, unflattened
from symbackprop.read.from_numpy.rules import CustomRule, check_tangent, cotangents_in, is_fixed
from symbackprop.read.from_numpy.steps import parameter_names

__all__ = ["RuleCheck", "check_rule", "slopes_of"]

_FIRST_STEP = 2.0**-6  # of difference quotients, relative to the size of the argument
_LEVELS = 4  # of extrapolation, each with half the step
_EXACT = 1e-9  # vjp against jvp, in which there is only rounding


@dataclass(frozen=True)
class _Row:
    what: str
    argument: str
    error: float
    allowed: float
    values: tuple[float, float]

    @property
    def passed(self) -> bool:
        return self.error <= self.allowed


@dataclass(frozen=True)
class RuleCheck:
    """What `check_rule` found; a table when printed.

    Parameters
    ----------
    name : str
        The function.
    rows : tuple
        Each with what was compared, the argument, the largest relative error, and how large it may be.
    surrogate : bool
        Whether the rule is meant to be another derivative, and was not compared with the function.
    """

    name: str
    rows: tuple[_Row, ...]
    surrogate: bool = False

    def __bool__(self) -> bool:
        return all(row.passed for row in self.rows)

    def __str__(self) -> str:
        table = [("compared", "argument", "error", "allowed", "")]
        table += [
            (row.what, row.argument, f"{row.error:.1e}", f"{row.allowed:.0e}", "passed" if row.passed else "FAILED")
            for row in self.rows
        ]
        widths = [max(len(line[column]) for line in table) for column in range(5)]
        lines = [f"custom rule {self.name}" + (", whose derivative is chosen" if self.surrogate else "")]
        lines += [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in table
        ]
        return "\n".join(lines)


def check_rule(
    rule: CustomRule,
    *args: Any,
    wrt: Sequence[str] | None = None,
    tol: float = 1e-7,
    directions: int = 3,
    seed: int = 0,
) -> RuleCheck:
    """Compare a custom rule with difference quotients of its function, and its vjp with its jvp.

    Formula: ``<w, df/dv> = <vjp(w), v> = <w, jvp(v)>`` for random w and v.

    Parameters
    ----------
    rule : CustomRule
        What `custom_rule` gives.
    *args
        Arguments of the function, away from its kinks.
    wrt : sequence of str, optional
        The arguments to check derivatives in; by default all that hold real numbers.
    tol : float
        The largest relative error against difference quotients.
    directions : int
        How many random directions each argument is moved along.
    seed : int
        For these.

    Returns
    -------
    RuleCheck
        Printed, a table of errors.

    Raises
    ------
    RuleError
        If an error is too large; it names the rule, the argument and the error.
    ArgumentError, ShapeError
        On results that do not fit the arguments, and where there is nothing to check.

    Examples
    --------
    >>> import numpy as np
    >>> import symbackprop as sb
    >>> @sb.custom_rule
    ... def cube(x):
    ...     return x**3
    >>> @cube.defvjp
    ... def cube_vjp(g, out, x):
    ...     return 2 * g * x**2
    >>> sb.check_rule(cube, np.array([1.0, 2.0]))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    symbackprop.errors.RuleError: the vjp of custom rule cube is wrong in argument x: ...
    """
    if not isinstance(rule, CustomRule):
        raise ArgumentError(f"check_rule takes what sb.custom_rule gives, not {rule!r:.80}")
    if rule.vjp is None and rule.jvp is None:
        raise ArgumentError(f"custom rule {rule.title} has neither a vjp nor a jvp to check")
    check = _Check(rule, args, np.random.default_rng(seed))
    rows: dict[tuple[str, str], _Row] = {}
    for position in check.chosen(wrt):
        for _ in range(directions):
            for row in check.rows(position, tol):
                known = rows.get((row.what, row.argument))
                if known is None or not row.error <= known.error:
                    rows[row.what, row.argument] = row
    report = RuleCheck(rule.title, tuple(rows.values()), rule.surrogate)
    wrong = next((row for row in report.rows if not row.passed), None)
    if wrong is not None:
        raise RuleError(_message(rule.title, wrong))
    return report


def _message(name: str, row: _Row) -> str:
    found, wanted = row.values
    about = f"in argument {row.argument}: {found:.6g} for {wanted:.6g}, relative error {row.error:.1e}"
    if row.what == "vjp, jvp":
        return f"the vjp and the jvp of custom rule {name} are no transposes of each other {about}"
    return f"the {row.what} of custom rule {name} is wrong {about}"


class _Check:
    """One rule at one point."""

    def __init__(self, rule: CustomRule, args: Sequence[Any], rng: np.random.Generator) -> None:
        self._rule, self._rng = rule, rng
        self._args = [arg if is_fixed(arg) else _as_arrays(arg) for arg in rule.positional(tuple(args), {})]
        self._names = parameter_names(rule.function, len(self._args))
        self.moving = [i for i, arg in enumerate(self._args) if any(map(_is_real, flattened(arg)[0]))]
        if not self.moving:
            raise ArgumentError(f"custom rule {rule.title} is given no real numbers to check it at")
        self._out = rule.function(*self._args)
        leaves, self._form = flattened(self._out)
        self._leaves = [np.asarray(leaf) for leaf in leaves]

    def chosen(self, wrt: Sequence[str] | None) -> list[int]:
        """Return the positions of the arguments to check."""
        if wrt is None:
            return self.moving
        known = [self._names[position] for position in self.moving]
        for name in wrt:
            if name not in known:
                raise ArgumentError(
                    f"wrt names {name!r}, which is no real argument of {self._rule.title}; these are {', '.join(known)}"
                )
        return [position for position in self.moving if self._names[position] in wrt]

    def rows(self, position: int, tol: float) -> list[_Row]:
        """Return what is found along one random direction of one argument."""
        rule, name = self._rule, self._names[position]
        direction = [self._random(leaf) for leaf in flattened(self._args[position])[0]]
        weights = [self._random(leaf, relative=False) for leaf in self._leaves]
        found = {}
        if rule.vjp is not None:
            found["vjp"] = _inner(self._cotangent(rule.vjp, weights, position), direction)
        if rule.jvp is not None:
            found["jvp"] = _inner(weights, self._tangent(rule.jvp, direction, position))
        rows = []
        if not rule.surrogate:
            slopes = slopes_of(rule.function, self._args, position, direction)
            wanted = _inner(weights, slopes)
            rows = [_row(kind, name, (value, wanted), _size(weights, slopes), tol) for kind, value in found.items()]
        if len(found) == 2:
            rows.append(_row("vjp, jvp", name, (found["vjp"], found["jvp"]), abs(found["jvp"]), _EXACT))
        return rows

    def _cotangent(self, vjp: Callable[..., Any], weights: Sequence[Any], position: int) -> list[Any]:
        """Return the leaves of the cotangent of one argument."""
        result = vjp(unflattened(self._form, weights), self._out, *self._args)
        parts = cotangents_in(result, self._rule.title, self._names, self._args)
        for number in self.moving:
            if parts[number] is not None:
                self._check_shapes("vjp", f"argument {self._names[number]}", parts[number], self._args[number])
        leaves, _ = flattened(self._args[position])
        return [np.zeros(leaf.shape) for leaf in leaves] if parts[position] is None else flattened(parts[position])[0]

    def _tangent(self, jvp: Callable[..., Any], direction: Sequence[Any], position: int) -> list[Any]:
        tangents: list[Any] = [None if is_fixed(arg) else _zeros(arg) for arg in self._args]
        tangents[position] = unflattened(flattened(self._args[position])[1], direction)
        result = jvp(tuple(tangents), self._out, *self._args)
        check_tangent(result, self._form, self._rule.title)
        self._check_shapes("jvp", "the result", result, self._out)
        return flattened(result)[0]

    def _check_shapes(self, kind: str, what: str, found: Any, like: Any) -> None:
        for leaf, wanted in zip(flattened(found)[0], flattened(like)[0], strict=True):
            if np.shape(leaf) != np.shape(wanted):
                raise ShapeError(
                    f"the {kind} of custom rule {self._rule.title} returns shape {np.shape(leaf)} for {what} of shape "
                    f"{np.shape(wanted)}"
                )

    def _random(self, leaf: Any, *, relative: bool = True) -> Any:
        """Return a direction for an array, of the size of its entries; zeros for integers."""
        array = np.asarray(leaf)
        if not _is_real(array):
            return np.zeros(array.shape)
        return self._rng.normal(size=array.shape) * (np.maximum(np.abs(array), 0.1) if relative else 1.0)


def slopes_of(function: Callable[..., Any], args: Sequence[Any], position: int, direction: Sequence[Any]) -> list[Any]:
    """Return how fast the leaves of a result change as the leaves of one argument move along a direction.

    They are difference quotients, extrapolated to no step.
    """
    table = [_quotients(function, args, position, direction, _FIRST_STEP / 2**level) for level in range(_LEVELS)]
    for order in range(1, _LEVELS):
        factor = 4.0**order
        table = [
            [(factor * fine - coarse) / (factor - 1) for coarse, fine in zip(*pair, strict=True)]
            for pair in pairwise(table)
        ]
    return table[0]


def _quotients(
    function: Callable[..., Any], args: Sequence[Any], position: int, direction: Sequence[Any], step: float
) -> list[Any]:
    leaves, form = flattened(args[position])
    ends = []
    for sign in (1, -1):
        moved = [leaf + sign * step * d if _is_real(leaf) else leaf for leaf, d in zip(leaves, direction, strict=True)]
        given = [*args]
        given[position] = unflattened(form, moved)
        ends.append([np.asarray(leaf) for leaf in flattened(function(*given))[0]])
    return [
        (above - below) / (2 * step) if _is_real(above) else np.zeros(above.shape)
        for above, below in zip(*ends, strict=True)
    ]


def _row(what: str, argument: str, values: tuple[float, float], size: float, allowed: float) -> _Row:
    a, b = values
    scale = max(abs(a), abs(b), size, 1e-300)
    error = abs(a - b) / scale
    return _Row(what, argument, float(error) if np.isfinite(error) else float("inf"), allowed, (float(a), float(b)))


def _as_arrays(arg: Any) -> Any:
    leaves, form = flattened(arg)
    return unflattened(form, [np.asarray(leaf) for leaf in leaves])


def _zeros(arg: Any) -> Any:
    leaves, form = flattened(arg)
    return unflattened(form, [np.zeros(leaf.shape) for leaf in leaves])


def _is_real(leaf: Any) -> bool:
    return isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype.kind == "f"


def _inner(a: Sequence[Any], b: Sequence[Any]) -> float:
    return float(sum(np.sum(np.asarray(x) * np.asarray(y)) for x, y in zip(a, b, strict=True)))


def _size(a: Sequence[Any], b: Sequence[Any]) -> float:
    """Return how large an inner product is whose terms do not cancel."""
    squares = sum(np.sum((np.asarray(x) * np.asarray(y)) ** 2) for x, y in zip(a, b, strict=True))
    return float(np.sqrt(squares))
