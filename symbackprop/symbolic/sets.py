"""Membership of sets as relations: intervals, unions, finite sets, as conditions of piecewise functions have them."""

from __future__ import annotations

from typing import Any

import sympy

from symbackprop.errors import UnsupportedError

__all__ = ["membership"]


def membership(x: Any, where: Any) -> Any:
    """Return the relation that holds where `x` is in the set `where`; nothing is evaluated."""
    if isinstance(where, sympy.Interval):
        above = sympy.Gt if where.left_open else sympy.Ge
        below = sympy.Lt if where.right_open else sympy.Le
        relations = []
        if where.start is not sympy.S.NegativeInfinity:
            relations.append(above(x, where.start, evaluate=False))
        if where.end is not sympy.S.Infinity:
            relations.append(below(x, where.end, evaluate=False))
        return _joined(sympy.And, relations, sympy.true)
    if isinstance(where, sympy.Union):
        return _joined(sympy.Or, [membership(x, part) for part in where.args], sympy.false)
    if isinstance(where, sympy.Intersection):
        return _joined(sympy.And, [membership(x, part) for part in where.args], sympy.true)
    if isinstance(where, sympy.Complement):
        whole, without = where.args
        return _joined(sympy.And, [membership(x, whole), sympy.Not(membership(x, without), evaluate=False)], sympy.true)
    if isinstance(where, sympy.FiniteSet):
        return _joined(sympy.Or, [sympy.Eq(x, entry, evaluate=False) for entry in where.args], sympy.false)
    if where is sympy.S.EmptySet:
        return sympy.false
    if where is sympy.S.Reals:
        return sympy.true
    raise UnsupportedError(
        f"a condition on the set {where} is not supported; use intervals, finite sets, and unions, intersections and "
        "complements of these"
    )


def _joined(operation: Any, relations: list[Any], otherwise: Any) -> Any:
    if not relations:
        return otherwise
    return relations[0] if len(relations) == 1 else operation(*relations, evaluate=False)
