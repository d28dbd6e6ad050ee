"""The user's SymPy expression, evaluated as it stands over elements: no text, no graph, no rule of ours.

Symbols become elements, and every node is applied to what its operands gave: SymPy's own class on expressions, mpmath
on long numbers, loops for sums, definitions for matrices (`sympy_matrices`). Conditions are decided at the point; what
is undefined in a branch that is not taken does no harm.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import mpmath
import numpy as np
import sympy

from symbackprop.check.elements import DIGITS, Digits, Element, Symbolic
from symbackprop.check.functions import BY_PATH, apply_smooth
from symbackprop.check.sympy_matrices import MATRICES
from symbackprop.check.vocabulary import Vocabulary
from symbackprop.symbolic.expressions import Expressions
from symbackprop.symbolic.nodes import bound_symbols, is_explicit, is_input, operands_of

__all__ = ["evaluate_expression"]


class _Undefined:
    """What a node gives that has no value at the point."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


def evaluate_expression(
    expression: Any,
    names: Mapping[Any, str],
    shapes: Mapping[Any, Sequence[Any]],
    values: Mapping[str, Any],
    words: Vocabulary,
) -> Any:
    """Return the value of nested expressions where their symbols have `values`, by their names in the formula.

    Parameters
    ----------
    expression : SymPy objects, in nested lists and tuples, or Expressions
    names : mapping
        The names of the inputs.
    shapes : mapping
        The shapes of those that are arrays, in SymPy's terms: they tell what the sizes are.
    """
    known = {symbol: values[name] for symbol, name in names.items()}
    evaluation = _Evaluation(words, {**_sizes(shapes, known), **known})
    if isinstance(expression, Expressions):
        for symbol, part in expression.pairs:
            evaluation.known[symbol] = evaluation.value(part, {})
        expression = expression.value
    return evaluation.nested(expression)


def _sizes(shapes: Mapping[Any, Sequence[Any]], known: Mapping[Any, Any]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for array, shape in shapes.items():
        for extent, number in zip(shape, np.shape(known[array]), strict=True):
            size = sympy.sympify(extent)
            for symbol in size.free_symbols:
                if (size - symbol).is_Integer:
                    found.setdefault(symbol, number - int(size - symbol))
    return found


class _Evaluation:
    """Evaluates nodes, some of them many times: the body of a sum once an index."""

    def __init__(self, words: Vocabulary, known: dict[Any, Any]) -> None:
        self.words = words
        self.known = known
        self._operands: dict[int, tuple[Any, tuple[Any, ...]]] = {}  # holds the nodes, whose identities are keys

    def nested(self, expression: Any) -> Any:
        """Return the values of nested lists and tuples of expressions."""
        if isinstance(expression, (list, tuple)):
            return type(expression)([self.nested(part) for part in expression])
        return self._defined(expression, {})

    def value(self, root: Any, bound: Mapping[Any, Any]) -> Any:
        """Return the value of `root` where symbols are `bound`, iteratively."""
        found: dict[int, tuple[Any, Any]] = {}
        stack = [root]
        while stack:
            node = stack[-1]
            if id(node) in found:
                stack.pop()
                continue
            operands = self._below(node)
            waiting = [operand for operand in operands if id(operand) not in found]
            if waiting:
                stack.extend(reversed(waiting))
                continue
            args = [found[id(operand)][1] for operand in operands]
            found[id(node)] = node, self._result(node, args, bound)
            stack.pop()
        return found[id(root)][1]

    def _below(self, node: Any) -> tuple[Any, ...]:
        """Return what is evaluated before a node; what it evaluates itself is left out."""
        if id(node) not in self._operands:
            below: tuple[Any, ...] = () if bound_symbols(node) else operands_of(node)
            self._operands[id(node)] = node, below
        return self._operands[id(node)][1]

    def _result(self, node: Any, args: list[Any], bound: Mapping[Any, Any]) -> Any:
        if is_input(node):
            return bound[node] if node in bound else self.known[node]
        if isinstance(node, sympy.Piecewise):
            return _taken(args)
        undefined = next((arg for arg in args if isinstance(arg, _Undefined)), None)
        if undefined is not None:
            return undefined
        try:
            if bound_symbols(node):
                return self._bound(node, bound)
            if type(node).__name__ in MATRICES or is_explicit(node):
                return MATRICES.get(type(node).__name__, MATRICES["explicit"])(node, args, self._integer)
            return self._atom(node) if not args else _mapped(node, args, self.words)
        except (ValueError, ArithmeticError, TypeError) as error:
            return _Undefined(str(error))

    def _atom(self, node: Any) -> Any:
        if isinstance(node, sympy.Tuple):
            return ()
        if node in (sympy.true, sympy.false):
            return bool(node)
        if node.is_infinite or node is sympy.nan:
            return float(node)
        if isinstance(node, sympy.Integer):
            return int(node)
        return self.words.constant(node, mpmath.mpf(node.evalf(DIGITS * 2)))

    # --- what binds symbols -------------------------------------------------------------------------------------------

    def _bound(self, node: Any, bound: Mapping[Any, Any]) -> Any:
        if isinstance(node, (sympy.Sum, sympy.Product)):
            total: Any = 0 if isinstance(node, sympy.Sum) else 1
            for inner in self._indices(list(reversed(node.limits)), dict(bound)):
                term = self._defined(node.function, inner)
                total = total + term if isinstance(node, sympy.Sum) else total * term
            return total
        if isinstance(node, sympy.Subs):
            inner = dict(bound)  # SymPy merges nested substitutions, and carries them out one after the other
            for variable, point in reversed(list(zip(node.variables, node.point, strict=True))):
                inner[variable] = self._defined(point, inner)
            return self._defined(node.expr, inner)
        (variable,) = node.function.variables
        entries = self._defined(node.expr, bound)
        result = np.empty(np.shape(entries), dtype=object)
        for index in np.ndindex(result.shape):
            result[index] = self._defined(node.function.expr, {**bound, variable: entries[index]})
        return result

    def _indices(self, limits: list[Any], bound: dict[Any, Any]) -> Iterator[dict[Any, Any]]:
        if not limits:
            yield bound
            return
        symbol, first, last = limits[0]
        start, stop = (self._integer(end, bound) for end in (first, last))
        for number in range(start, stop + 1):
            yield from self._indices(limits[1:], {**bound, symbol: number})

    def _integer(self, node: Any, bound: Mapping[Any, Any] | None = None) -> int:
        return int(_plain(self._defined(node, bound or {})))

    def _defined(self, node: Any, bound: Mapping[Any, Any]) -> Any:
        value = self.value(sympy.sympify(node), bound)
        if isinstance(value, _Undefined):
            raise ValueError(value.reason)
        return value


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Element) else value


def _taken(parts: list[Any]) -> Any:
    """Return the value of the first condition that holds, entry by entry where there are arrays."""
    pairs = list(zip(parts[0::2], parts[1::2], strict=True))
    if any(isinstance(condition, np.ndarray) for _, condition in pairs):
        result: Any = float("nan")
        for value, condition in reversed(pairs):
            result = np.where(condition, np.asarray(value, dtype=object), np.asarray(result, dtype=object))
        return result
    for value, condition in pairs:
        if isinstance(condition, _Undefined):
            return condition
        if condition:
            return value
    return float("nan")


# --- functions of numbers ---------------------------------------------------------------------------------------------


def _mapped(node: Any, args: list[Any], words: Vocabulary) -> Any:
    """Apply a node entry by entry where an operand is an array."""
    if type(node).__name__ in ("Indexed", "MatrixElement"):
        array, *indices = args
        return array[tuple(int(_plain(index)) for index in indices)]
    if not any(isinstance(arg, np.ndarray) for arg in args):
        return _applied(node, args, words)
    return np.frompyfunc(lambda *entries: _applied(node, list(entries), words), len(args), 1)(*args)


def _applied(node: Any, args: list[Any], words: Vocabulary) -> Any:
    name = type(node).__name__
    if name == "hyper":
        above, below, x = args
        return _applied_word(f"hyp{len(above)}f{len(below)}", [*above, *below, x], words)
    if name in _BY_PATH:
        return _BY_PATH[name](args)
    if name == "Add":
        return sum(args[1:], start=args[0])
    if name == "Mul":
        result = args[0]
        for arg in args[1:]:
            result = result * arg
        return result
    lifted = [arg if isinstance(arg, Element) else words.lifted(arg) for arg in args]
    if name == "Pow":
        return lifted[0] ** lifted[1]  # type: ignore[operator]
    if name in _SMOOTH or (name == "log" and len(lifted) == 1):
        return apply_smooth(_SMOOTH.get(name, name), *lifted)
    value = mpmath.nan
    if all(mpmath.isfinite(arg.value) for arg in lifted):
        value = _real(node.func(*map(_sharp, lifted)).evalf(DIGITS * 2))
    symbols = [arg.expr for arg in lifted if isinstance(arg, Symbolic)]
    return Symbolic(node.func(*symbols), value) if symbols else Digits(value)


def _applied_word(name: str, args: list[Any], words: Vocabulary) -> Any:
    return apply_smooth(name, *(arg if isinstance(arg, Element) else words.lifted(arg) for arg in args))


def _sharp(arg: Element) -> Any:
    """Return a long number for SymPy; an integer as an integer, which orders of functions have to be."""
    if arg.value == mpmath.floor(arg.value) and mpmath.isfinite(arg.value):
        return sympy.Integer(int(arg.value))
    return sympy.Float(arg.value, DIGITS * 2)


def _real(value: Any) -> Any:
    """Return a long number, and nan where it is not real: a branch that is not taken may hold one."""
    if not value.is_finite:
        return mpmath.nan
    real, imaginary = value.as_real_imag()
    return mpmath.nan if abs(imaginary) > sympy.Float(10) ** (-DIGITS) else mpmath.mpf(real)


def _extreme(largest: bool) -> Any:
    def choose(args: list[Any]) -> Any:
        result = args[0]
        for arg in args[1:]:
            result = arg if (arg > result) == largest else result
        return result

    return choose


def _singularity(args: list[Any]) -> Any:
    distance = args[0] - args[1]
    return distance ** args[2] if args[2] >= 0 and distance >= 0 else 0 * distance


def _heaviside(args: list[Any]) -> Any:
    return args[1] if args[0] == 0 else int(args[0] > 0)


def _alike(args: list[Any]) -> bool:
    return len({bool(arg) for arg in args}) <= 1


_SMOOTH: Mapping[str, str] = {  # SymPy's names of what the vocabulary has too; anything else SymPy evaluates itself
    **{
        name: name
        for name in ("exp", "sin", "cos", "tan", "sinh", "cosh", "tanh", "erf", "erfc", "digamma", "elliptic_pi")
    },
    **{f"a{name}": f"arc{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{name: name for name in ("log1p", "expm1", "exp2", "log2", "log10", "hypot", "logaddexp", "logaddexp2")},
    **{name: name for name in ("polylog", "erf2", "erf2inv")},
    "Sqrt": "sqrt",
    "atan2": "arctan2",
    "loggamma": "gammaln",
    "erfcinv": "erfcinv",  # SymPy has no digits of it
    "jn": "spherical_jn",  # and the wrong sign of these at negative arguments
    "yn": "spherical_yn",
}

_BY_PATH: Mapping[str, Any] = {
    "Max": _extreme(True),
    "Min": _extreme(False),
    "Abs": lambda args: abs(args[0]),
    "ITE": lambda args: args[1] if args[0] else args[2],
    "And": all,
    "Or": any,
    "Not": lambda args: not args[0],
    "Xor": lambda args: sum(map(bool, args)) % 2 == 1,
    "Implies": lambda args: bool(not args[0] or args[1]),
    "Equivalent": _alike,
    "Contains": lambda args: args[0],
    "StrictLessThan": lambda args: args[0] < args[1],
    "LessThan": lambda args: args[0] <= args[1],
    "StrictGreaterThan": lambda args: args[0] > args[1],
    "GreaterThan": lambda args: args[0] >= args[1],
    "Equality": lambda args: args[0] == args[1],
    "Unequality": lambda args: args[0] != args[1],
    "re": lambda args: args[0],
    "conjugate": lambda args: args[0],
    "UnevaluatedExpr": lambda args: args[0],
    "KroneckerDelta": lambda args: int(args[0] == args[1]),
    "SingularityFunction": _singularity,
    "Tuple": tuple,
    "TupleArg": tuple,
    "Cbrt": lambda args: BY_PATH["cbrt"](args[0]),
    "fma": lambda args: args[0] * args[1] + args[2],
    "im": lambda args: 0 * args[0],
    "Mod": lambda args: args[0] % args[1],
    "frac": lambda args: args[0] % 1,
    "floor": lambda args: args[0] // 1,
    "ceiling": lambda args: -(-args[0] // 1),
    "sign": lambda args: int(args[0] > 0) - int(args[0] < 0),
    "Heaviside": _heaviside,
    "DiracDelta": lambda args: 0 * args[0],
}
