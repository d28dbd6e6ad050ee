"""Solutions of equations over long numbers, found without any rule of ours: Newton's method on difference quotients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import mpmath
import numpy as np
from scipy import optimize

from symbackprop.check.elements import Digits, Element
from symbackprop.errors import UnsupportedError
from symbackprop.read.from_numpy.pytrees import flattened, unflattened

__all__ = ["IMPLICIT"]

_STEPS = 60

Residual = Callable[[Any], Any]  # of a vector of long numbers


def _root(f: Any, guess: Any, *rest: Any, **options: Any) -> Any:
    """Return u with f(u) = 0, near `guess`."""
    form = _Form(guess)
    return form.nested(_newton(lambda x: form.flat(f(form.nested(x))), form.start))


def _fixed_point(f: Any, guess: Any, *rest: Any, **options: Any) -> Any:
    """Return u with u = f(u): some steps of the iteration itself, then Newton's method."""
    form = _Form(guess)

    def residual(x: Any) -> Any:
        return form.flat(f(form.nested(x))) - x

    x = form.start
    for _ in range(20):
        x = x + residual(x)
    return form.nested(_newton(residual, x))


def _minimizer(f: Any, guess: Any, equality: Any = None, *rest: Any, **options: Any) -> Any:
    """Return u where f(u) is least: quasi-Newton steps in floats, then Newton's method on the slopes."""
    form = _Form(guess)

    def value(x: Any) -> Any:
        return form.flat(f(form.nested(x)))[0]

    if equality is not None:
        return form.nested(_constrained(value, lambda x: _flat(equality(form.nested(x))), form.start))

    def slopes(x: Any) -> Any:
        return _jacobian(lambda y: _vector([value(y)]), x, mpmath.mpf(10) ** -25)[0]

    minimize: Any = optimize.minimize
    found = minimize(
        lambda x: float(value(_long(x)).value),
        _floats(form.start),
        jac=lambda x: _floats(slopes(_long(x))),
        options={"gtol": 1e-9},
    )
    return form.nested(_newton(slopes, _long(found.x), mpmath.mpf(10) ** -15))


def _constrained(value: Callable[[Any], Any], equality: Residual, start: Any) -> Any:
    """Return the minimum under constraints: the root of its conditions of Karush, Kuhn and Tucker."""
    count = len(start)

    def derivatives(u: Any) -> tuple[Any, Any]:
        step = mpmath.mpf(10) ** -25
        return _jacobian(lambda y: _vector([value(y)]), u, step)[0], _jacobian(equality, u, step)

    def conditions(z: Any) -> Any:
        u, multipliers = z[:count], z[count:]
        slopes, normals = derivatives(u)
        return np.concatenate((slopes + multipliers @ normals, equality(u)))

    slopes, normals = derivatives(start)
    multipliers = _solution(normals @ normals.T, -(normals @ slopes))
    return _newton(conditions, np.concatenate((start, multipliers)), mpmath.mpf(10) ** -15)[:count]


# --- Newton's method --------------------------------------------------------------------------------------------------


def _newton(residual: Residual, x: Any, step: Any = None) -> Any:
    settled = mpmath.mpf(10) ** (-mpmath.mp.dps // 2)  # a step that is shorter, relative to the unknowns, is the last
    for _ in range(_STEPS):
        matrix = _jacobian(residual, x, mpmath.mpf(10) ** -35 if step is None else step)
        moved = _solution(matrix, residual(x))
        x = x - moved
        if max(abs(change.value) for change in moved) <= settled * (1 + max(abs(entry.value) for entry in x)):
            return x
    raise ArithmeticError("verification has found no solution of an equation of the formula at this point")


def _solution(matrix: Any, right: Any) -> Any:
    rows = mpmath.matrix([[entry.value for entry in row] for row in matrix])
    found = mpmath.lu_solve(rows, mpmath.matrix([entry.value for entry in right]))
    return _vector([Digits(entry) for entry in found])


def _jacobian(function: Residual, x: Any, step: Any) -> Any:
    """Return central difference quotients, a row for each entry of the function."""
    columns = []
    for position, entry in enumerate(x):
        ends = []
        for sign in (1, -1):
            moved = x.copy()
            moved[position] = Digits(entry.value + sign * step)
            ends.append(function(moved))
        columns.append((ends[0] - ends[1]) * Digits(1 / (2 * step)))
    return np.array(columns, dtype=object).T


# --- forms ------------------------------------------------------------------------------------------------------------


class _Form:
    """The unknowns as one vector of long numbers."""

    def __init__(self, guess: Any) -> None:
        self._leaves, self._form = flattened(guess)
        self.start = _flat(guess)

    def flat(self, value: Any) -> Any:
        return _flat(value)

    def nested(self, x: Any) -> Any:
        parts, start = [], 0
        for leaf in self._leaves:
            shape = np.shape(leaf)
            size = int(np.prod(shape, dtype=int))
            part = x[start : start + size]
            parts.append(part.reshape(shape) if shape else part[0])
            start += size
        return unflattened(self._form, parts)


def _flat(value: Any) -> Any:
    entries = [entry for leaf in flattened(value)[0] for entry in np.ravel(np.asarray(leaf, dtype=object))]
    return _vector([_number(entry) for entry in entries])


def _number(entry: Any) -> Digits:
    if isinstance(entry, Element) and not isinstance(entry, Digits):
        raise UnsupportedError("the solution of an equation has no symbolic form")
    return entry if isinstance(entry, Digits) else Digits(mpmath.mpf(0))._from(entry)


def _vector(entries: list[Any]) -> Any:
    vector = np.empty(len(entries), dtype=object)
    vector[:] = entries
    return vector


def _long(x: Any) -> Any:
    return _vector([Digits(mpmath.mpf(float(entry))) for entry in x])


def _floats(x: Any) -> Any:
    return np.array([float(entry.value) for entry in x])


IMPLICIT: Mapping[str, Callable[..., Any]] = {"root": _root, "fixed_point": _fixed_point, "minimizer": _minimizer}
