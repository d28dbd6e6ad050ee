"""Derivatives inside of a formula, over elements: by SymPy, or by difference quotients, without any rule of ours.

Over expressions the function is evaluated for symbols of its own, which are put away once the derivative is taken. Over
long numbers the quotient is taken with more digits than what is around it has, so that quotients of quotients are as good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import mpmath
import numpy as np
import sympy

from symbackprop.check.elements import Digits, Element, Symbolic, lifted
from symbackprop.check.exact import is_large
from symbackprop.check.held import recalling, remembering
from symbackprop.check.numbers import expression_of, number_of
from symbackprop.check.symbols import known_symbols, value_at_point
from symbackprop.check.trees import TooLargeError

__all__ = ["NESTED"]

Kind = type[Element]
Function = Callable[..., Any]
Linear = Callable[[Sequence[Any]], list[Any]]  # of directions, an array for each leaf that moves


def _grad(kind: Kind, f: Function, *args: Any, argnums: Any = 0, has_aux: Any = False) -> Any:
    found, slopes = _value_and_grad(kind, f, *args, argnums=argnums, has_aux=has_aux)
    return (slopes, found[1]) if has_aux else slopes


def _value_and_grad(kind: Kind, f: Function, *args: Any, argnums: Any = 0, has_aux: Any = False) -> Any:
    point = _Point(kind, args, argnums)
    (row,) = point.jacobian(lambda *moved: f(*moved)[0] if has_aux else f(*moved))
    return f(*args), point.nested(row)


def _jacobian(kind: Kind, f: Function, *args: Any, argnums: Any = 0, mode: str = "auto") -> Any:
    point = _Point(kind, args, argnums)
    return _filled(f(*args), iter([point.nested(row) for row in point.jacobian(f)]))


def _hessian(kind: Kind, f: Function, *args: Any, argnums: Any = 0) -> Any:
    return _jacobian(kind, lambda *moved: _grad(kind, f, *moved, argnums=argnums), *args, argnums=argnums)


def _jvp(kind: Kind, f: Function, primals: Any, tangents: Any) -> Any:
    found = f(*primals)
    with _Point(kind, primals, None).moving(f) as along:
        return found, _filled(found, iter([x[()] for x in along([_objects(x) for x in _leaves(tangents)])]))


def _vjp(kind: Kind, f: Function, primals: Any, cotangent: Any) -> Any:
    found = f(*primals)
    point = _Point(kind, primals, None)
    bars = [
        np.broadcast_to(_objects(bar), np.shape(value))
        for bar, value in zip(_leaves(cotangent), _leaves(found), strict=True)
    ]
    columns = zip(*point.jacobian(f), strict=True)
    pulled = [
        sum(np.tensordot(bar, block, bar.ndim) for bar, block in zip(bars, blocks, strict=True)) for blocks in columns
    ]
    return found, point.nested(pulled)


NESTED: Mapping[str, Callable[..., Any]] = {
    "grad": _grad,
    "hessian": _hessian,
    "jacobian": _jacobian,
    "jvp": _jvp,
    "value_and_grad": _value_and_grad,
    "vjp": _vjp,
}


# --- a point, and how a function moves around it ----------------------------------------------------------------------


class _Point:
    """Arguments, and which of them move."""

    def __init__(self, kind: Kind, args: Sequence[Any], argnums: Any) -> None:
        self._kind, self._args = kind, args
        asked = range(len(args)) if argnums is None else argnums if isinstance(argnums, tuple) else (argnums,)
        self._chosen = [position % len(args) for position in asked]
        moved = tuple(args[position] for position in self._chosen)
        self._form = moved if argnums is None or isinstance(argnums, tuple) else moved[0]
        self._at = [_lifted(leaf, kind) for leaf in _leaves(moved)]

    def nested(self, leaves: Sequence[Any]) -> Any:
        """Return arrays nested as the arguments that move are."""
        return _filled(self._form, iter([np.asarray(leaf, dtype=object)[()] for leaf in leaves]))

    def jacobian(self, f: Function) -> list[list[Any]]:
        """Return for each leaf of what `f` gives, for each leaf that moves, an array of derivatives."""
        with self.moving(f) as along:
            columns = []
            for number, leaf in enumerate(self._at):
                own = []
                for index in np.ndindex(leaf.shape):
                    units = [np.zeros(x.shape, dtype=object) for x in self._at]
                    units[number][index] = 1
                    own.append(along(units))
                columns.append((leaf.shape, own))
            empty = along([np.zeros(x.shape, dtype=object) for x in self._at])  # for the shapes of results
        rows = []
        for place, like in enumerate(empty):
            row = []
            for shape, own in columns:
                block = np.empty((*like.shape, *shape), dtype=object)
                for index, found in zip(np.ndindex(shape), own, strict=True):
                    block[(..., *index)] = found[place]
                row.append(block)
            rows.append(row)
        return rows

    @contextmanager
    def moving(self, f: Function) -> Iterator[Linear]:
        """Give the function from directions to the derivatives of what `f` gives, an array for each leaf."""
        if self._kind is Symbolic:
            symbols = [_mapped(lambda x: Symbolic(sympy.Dummy(real=True), x.value), x) for x in self._at]
            back = {s.expr: x.expr for own, x in zip(symbols, self._at, strict=True) for s, x in _pairs(own, x)}
            with known_symbols(entry for own in symbols for entry in np.ravel(own)):
                values = [_mapped(expression_of, leaf) for leaf in _leaves(self._result(f, symbols))]
                yield lambda directions: [_slopes(x, symbols, directions, back) for x in values]
            return
        with remembering() as held:
            self._result(f, self._at)
        with mpmath.workdps(mpmath.mp.dps * 5 // 3):
            step = mpmath.mpf(10) ** (-mpmath.mp.dps // 3)

            def moved(directions: Sequence[Any], sign: int) -> list[Any]:
                ends = [_moved(x, d, sign * step) for x, d in zip(self._at, directions, strict=True)]
                with recalling(held):
                    return [_mapped(number_of, leaf) for leaf in _leaves(self._result(f, ends))]

            def along(directions: Sequence[Any]) -> list[Any]:
                pairs = zip(moved(directions, 1), moved(directions, -1), strict=True)
                return [_mapped(Digits, (above - below) / (2 * step)) for above, below in pairs]

            yield along

    def _result(self, f: Function, leaves: Sequence[Any]) -> Any:
        rest = iter([leaf[()] for leaf in leaves])
        args = [*self._args]
        for position in self._chosen:
            args[position] = _filled(args[position], rest)
        return f(*args)


def _slopes(values: Any, symbols: Sequence[Any], directions: Sequence[Any], back: Mapping[Any, Any]) -> Any:
    """Return the derivatives of expressions along directions, in the symbols of what is around."""

    def slope(expression: Any) -> Any:
        if is_large(expression):
            raise TooLargeError("a derivative inside of the formula is too large for SymPy")
        total = sympy.Integer(0)
        for own, weights in zip(symbols, directions, strict=True):
            for symbol, weight in _pairs(own, weights):
                factor = expression_of(weight)
                if factor != 0:
                    total += sympy.diff(expression, symbol.expr) * factor
        return Symbolic(total.xreplace(back), value_at_point(total))

    return _mapped(slope, values)


def _moved(x: Any, direction: Any, step: Any) -> Any:
    entries = [Digits(a.value + step * number_of(b)) for a, b in _pairs(x, np.broadcast_to(direction, x.shape))]
    return _reshaped(entries, x.shape)


# --- nests of arrays, as formulas have them: tuples -------------------------------------------------------------------


def _leaves(value: Any) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, tuple):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value]


def _filled(form: Any, leaves: Iterator[Any]) -> Any:
    if form is None:
        return None
    if isinstance(form, tuple):
        return tuple([_filled(item, leaves) for item in form])
    return next(leaves)


def _objects(x: Any) -> Any:
    return np.asarray(x, dtype=object)


def _lifted(x: Any, kind: Kind) -> Any:
    return _mapped(lambda entry: lifted(entry, kind), x)


def _pairs(a: Any, b: Any) -> Iterator[tuple[Any, Any]]:
    return zip(np.ravel(a), np.ravel(b), strict=True)


def _mapped(function: Callable[[Any], Any], array: Any) -> Any:
    """Return an array of what `function` makes of every entry."""
    array = _objects(array)
    return _reshaped([function(entry) for entry in np.ravel(array)], array.shape)


def _reshaped(entries: Sequence[Any], shape: tuple[int, ...]) -> Any:
    found = np.empty(shape, dtype=object)
    for index, entry in zip(np.ndindex(shape), entries, strict=True):
        found[index] = entry
    return found
