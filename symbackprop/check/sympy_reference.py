"""The user's SymPy expression, evaluated as it stands over elements: no text, no graph, no rule of ours.

Symbols become elements, and every node is applied to what its arguments gave: SymPy's own class on expressions, mpmath
on long numbers. Conditions are decided at the point.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mpmath
import numpy as np
import sympy

from symbackprop.check.elements import DIGITS, Digits, Element, Symbolic
from symbackprop.check.functions import apply_smooth
from symbackprop.check.vocabulary import Vocabulary
from symbackprop.symbolic.from_sympy import is_input, walk

__all__ = ["evaluate_expression"]


def evaluate_expression(expr: Any, names: Mapping[Any, str], values: Mapping[str, Any], words: Vocabulary) -> Any:
    """Return the value of `expr` where its symbols have `values`, by their names in the formula."""
    found: dict[int, Any] = {}
    for node in walk([expr]):
        if is_input(node):
            result = values[names[node]]
        elif node.is_Atom:
            result = _constant(node, words)
        else:
            result = _mapped(node, [found[id(arg)] for arg in node.args], words)
        found[id(node)] = result
    return found[id(expr)]


def _constant(node: Any, words: Vocabulary) -> Any:
    if node in (sympy.true, sympy.false):
        return bool(node)
    if node.is_infinite or node is sympy.nan:
        return float(node)
    return words.constant(node, mpmath.mpf(node.evalf(DIGITS * 2)))


def _mapped(node: Any, args: list[Any], words: Vocabulary) -> Any:
    """Apply a node entry by entry where an input is an array."""
    if not any(isinstance(arg, np.ndarray) for arg in args):
        return _applied(node, args, words)
    return np.frompyfunc(lambda *entries: _applied(node, list(entries), words), len(args), 1)(*args)


def _applied(node: Any, args: list[Any], words: Vocabulary) -> Any:
    name = type(node).__name__
    if name in _BY_PATH:
        return _BY_PATH[name](args)
    if name == "Add":
        return sum(args[1:], start=args[0])
    if name == "Mul":
        result = args[0]
        for arg in args[1:]:
            result = result * arg
        return result
    lifted = [_element(arg, words) for arg in args]
    if name == "Pow":
        return lifted[0] ** lifted[1]  # type: ignore[operator]
    if name in _SMOOTH or (name == "log" and len(lifted) == 1):
        return apply_smooth(_SMOOTH.get(name, name), *lifted)
    value = mpmath.nan
    if all(mpmath.isfinite(arg.value) for arg in lifted):
        numbers = [sympy.Float(arg.value, DIGITS * 2) for arg in lifted]
        value = _real(node.func(*_sharpened(lifted, numbers)).evalf(DIGITS * 2))
    symbols = [arg.expr for arg in lifted if isinstance(arg, Symbolic)]
    return Symbolic(node.func(*symbols), value) if symbols else Digits(value)


def _sharpened(args: list[Any], numbers: list[Any]) -> list[Any]:
    """Return integers as integers, which orders of functions have to be."""
    return [
        sympy.Integer(int(arg.value)) if arg.value == int(arg.value) else x
        for arg, x in zip(args, numbers, strict=True)
    ]


def _real(value: Any) -> Any:
    """Return a long number, and nan where it is not real: a branch that is not taken may hold one."""
    if not value.is_finite:
        return mpmath.nan
    real, imaginary = value.as_real_imag()
    return mpmath.nan if abs(imaginary) > sympy.Float(10) ** (-DIGITS) else mpmath.mpf(real)


def _element(value: Any, words: Vocabulary) -> Element:
    return value if isinstance(value, Element) else words.lifted(value)


def _extreme(largest: bool) -> Any:
    def choose(args: list[Any]) -> Any:
        result = args[0]
        for arg in args[1:]:
            result = arg if (arg > result) == largest else result
        return result

    return choose


def _piecewise(pairs: list[Any]) -> Any:
    for value, condition in pairs:
        if condition:
            return value
    return float("nan")


_SMOOTH: Mapping[str, str] = {  # SymPy's names of what the vocabulary has too; anything else SymPy evaluates itself
    **{name: name for name in ("exp", "sin", "cos", "tan", "sinh", "cosh", "tanh", "erf", "erfc", "digamma")},
    **{f"a{name}": f"arc{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    "atan2": "arctan2",
    "loggamma": "gammaln",
}

_BY_PATH: Mapping[str, Any] = {
    "Max": _extreme(True),
    "Min": _extreme(False),
    "Abs": lambda args: abs(args[0]),
    "ExprCondPair": lambda args: (args[0], args[1]),
    "Piecewise": _piecewise,
    "ITE": lambda args: args[1] if args[0] else args[2],
    "And": all,
    "Or": any,
    "Not": lambda args: not args[0],
    "Xor": lambda args: sum(map(bool, args)) % 2 == 1,
    "StrictLessThan": lambda args: args[0] < args[1],
    "LessThan": lambda args: args[0] <= args[1],
    "StrictGreaterThan": lambda args: args[0] > args[1],
    "GreaterThan": lambda args: args[0] >= args[1],
    "Equality": lambda args: args[0] == args[1],
    "Unequality": lambda args: args[0] != args[1],
    "re": lambda args: args[0],
    "conjugate": lambda args: args[0],
    "im": lambda args: 0 * args[0],
    "Mod": lambda args: args[0] % args[1],
    "frac": lambda args: args[0] % 1,
    "floor": lambda args: args[0] // 1,
    "ceiling": lambda args: -(-args[0] // 1),
    "sign": lambda args: args[0]._from(1 if args[0] > 0 else -1 if args[0] < 0 else 0),
    "Heaviside": lambda args: args[1] if args[0] == 0 else args[0]._from(1 if args[0] > 0 else 0),
    "erfcinv": lambda args: apply_smooth("erfcinv", *args),  # SymPy has no digits of it
    "DiracDelta": lambda args: 0 * args[0],
}
