"""SymPy expressions to formula text: one statement a shared subexpression, never expanded, never simplified.

The walk is iterative and visits every distinct node once: nodes are told apart by their class and the numbers of their
arguments, so neither depth nor sharing costs anything. What a node is written as is in `symbolic.table`; the result is
read like any other formula.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sympy
from sympy.core.function import AppliedUndef

from symbackprop.errors import UnsupportedError, nearest_names
from symbackprop.symbolic import code as codes
from symbackprop.symbolic.code import ATOM, POWER, PRODUCT, UNARY, Code
from symbackprop.symbolic.names import symbol_names
from symbackprop.symbolic.table import CONSTANTS, templates

__all__ = ["Formula", "formula_of", "free_inputs", "is_input", "walk"]

_LONGEST = 120  # characters of text that may still stand inside another
_Key = tuple[Any, ...]


@dataclass(frozen=True)
class Formula:
    """Formula text and the names in it.

    Parameters
    ----------
    text : str
        Statements; those whose names begin with an underscore are shared subexpressions.
    names : dict
        For each of SymPy's symbols its name in the text, in the order of the inputs.
    """

    text: str
    names: dict[Any, str]


def is_input(node: Any) -> bool:
    """Tell whether a node is an input: a symbol, an undefined function of time, or a derivative of one."""
    if isinstance(node, sympy.Derivative):
        return isinstance(node.expr, AppliedUndef)
    return isinstance(node, (sympy.Symbol, AppliedUndef))


def free_inputs(roots: Sequence[Any]) -> list[Any]:
    """Return the inputs of expressions, by SymPy's sort key."""
    found: dict[Any, None] = {}
    for node in walk(roots):
        if is_input(node):
            found.setdefault(node)
    return sorted(found, key=sympy.default_sort_key)


def formula_of(roots: Sequence[Any], inputs: Sequence[Any]) -> Formula:
    """Return the formula whose results are `roots`, as functions of `inputs`.

    Raises
    ------
    UnsupportedError
        If anything in the expressions has no meaning here; all such things are listed at once.
    """
    names = symbol_names(inputs)
    table = _interned(roots)
    _check(table)
    writer = _Writer(table, names)
    texts = [writer.result(root) for root in table.roots]
    result = texts[0] if len(texts) == 1 else f"({', '.join(texts)})"
    return Formula("\n".join([*writer.statements, result]), names)


# --- nodes ------------------------------------------------------------------------------------------------------------


def _arguments(node: Any) -> Sequence[Any]:
    """Return what of `node` is written inside it."""
    return () if is_input(node) or node.is_Atom else node.args


def walk(roots: Sequence[Any]) -> Iterator[Any]:
    """Yield every node once by identity, arguments first."""
    seen: set[int] = set()
    for root in roots:
        stack = [(root, iter(_arguments(root)))]
        while stack:
            node, rest = stack[-1]
            for child in rest:
                if id(child) not in seen:
                    seen.add(id(child))
                    stack.append((child, iter(_arguments(child))))
                    break
            else:
                stack.pop()
                yield node


@dataclass
class _Table:
    """The distinct nodes, arguments first: a representative of each, the numbers of its arguments, its uses."""

    nodes: list[Any]
    arguments: list[tuple[int, ...]]
    uses: list[int]
    roots: list[int]


def _interned(roots: Sequence[Any]) -> _Table:
    table = _Table([], [], [], [])
    numbers: dict[_Key, int] = {}
    by_identity: dict[int, int] = {}
    for node in walk(roots):
        arguments = tuple(by_identity[id(child)] for child in _arguments(node))
        key = (node.func, *arguments) if arguments else (type(node), node)
        number = numbers.get(key)
        if number is None:
            number = numbers[key] = len(table.nodes)
            table.nodes.append(node)
            table.arguments.append(arguments)
            table.uses.append(0)
            for argument in arguments:
                table.uses[argument] += 1
        by_identity[id(node)] = number
    table.roots = [by_identity[id(root)] for root in roots]
    for root in table.roots:
        table.uses[root] += 1
    return table


# --- what is not supported --------------------------------------------------------------------------------------------

_HINTS = {
    "Integral": "integrate it first (doit), or give its value as a symbol",
    "Derivative": "carry it out first (doit)",
    "Subs": "carry it out first (doit)",
    "Limit": "carry it out first (doit)",
    "Lambda": "apply it to arguments",
    "ImaginaryUnit": "only real numbers are supported",
    "ComplexInfinity": "only real numbers are supported",
}


def _check(table: _Table) -> None:
    found: dict[str, str] = {}
    for node in table.nodes:
        name = _name(node)
        if not _is_known(node, name) and name not in found:
            hint = _HINTS.get(name)
            found[name] = f"{name} ({hint})" if hint else f"{name}{nearest_names(name, _known_names())}"
    if found:
        raise UnsupportedError(f"not supported in a SymPy expression: {'; '.join(found.values())}")


def _known_names() -> list[str]:
    return [*_RULES, *templates(), *CONSTANTS]


def _name(node: Any) -> str:
    return type(node).__name__ if not isinstance(node, sympy.Function) else node.func.__name__


def _is_known(node: Any, name: str) -> bool:
    if is_input(node) or isinstance(node, sympy.Number):
        return node is not sympy.zoo
    if name in ("re", "im", "conjugate", "arg"):
        return node.args[0].is_extended_real is not False
    return name in _RULES or name in templates() or name in CONSTANTS or isinstance(node, sympy.NumberSymbol)


# --- text -------------------------------------------------------------------------------------------------------------


class _Writer:
    """Writes the statements of a table of nodes, one for each node that is shared or long."""

    def __init__(self, table: _Table, names: dict[Any, str]) -> None:
        self.statements: list[str] = []
        self._table = table
        self._names = names
        self._codes: list[Code] = []
        for number in range(len(table.nodes)):
            self._codes.append(self._placed(number, self._code(number)))

    def result(self, number: int) -> str:
        """Return the text of a root."""
        return self._codes[number].text

    def _placed(self, number: int, code: Code) -> Code:
        shared = self._table.uses[number] > 1 and bool(self._table.arguments[number]) and len(code.text) > 4
        if not shared and len(code.text) <= _LONGEST:
            return code
        if number in self._table.roots and self._table.uses[number] == 1:
            return code
        if _name(self._table.nodes[number]) == "ExprCondPair":
            return code
        name = f"_{len(self.statements) + 1}"
        self.statements.append(f"{name} = {code.text}")
        return Code(name)

    def _code(self, number: int) -> Code:
        node = self._table.nodes[number]
        args = [self._codes[argument] for argument in self._table.arguments[number]]
        if is_input(node):
            return Code(self._names[node])
        if isinstance(node, sympy.Number):
            return _number(node)
        name = _name(node)
        if name in CONSTANTS:
            return Code(CONSTANTS[name], UNARY if CONSTANTS[name].startswith("-") else ATOM)
        if isinstance(node, sympy.NumberSymbol):
            return Code(repr(float(node.evalf(25))))
        if name in ("Mul", "Pow"):
            return self._product(number)
        rule = _RULES.get(name)
        return rule(node, args) if rule is not None else codes.call(templates()[name], args)

    def _product(self, number: int) -> Code:
        """Write a product or a power, with what has a negative exponent below the line."""
        table = self._table
        node = table.nodes[number]
        parts = table.arguments[number] if isinstance(node, sympy.Mul) else (number,)
        factors: list[Code] = []
        divisors: list[Code] = []
        negative = False
        for part in parts:
            factor = table.nodes[part]
            if isinstance(factor, sympy.Rational):
                negative ^= bool(factor < 0)
                factors += [] if abs(factor.p) == 1 else [Code(str(abs(factor.p)))]
                divisors += [] if factor.q == 1 else [Code(str(factor.q))]
            elif isinstance(factor, sympy.Pow) and (part == number or table.uses[part] == 1 or _is_divisor(factor)):
                base, exponent = table.arguments[part]
                below = _is_divisor(factor)
                (divisors if below else factors).append(self._power(base, exponent, below))
            else:
                factors.append(self._codes[part])
        return codes.product(factors, divisors, negative)

    def _power(self, base: int, exponent: int, below: bool) -> Code:
        node = self._table.nodes[exponent]
        base_code = self._codes[base]
        if isinstance(node, sympy.Number):
            node = -node if below else node
            if node == 1:
                return base_code
            if node == sympy.Rational(1, 2):
                return Code(f"sqrt({base_code.text})")
            return codes.power(base_code, _number(node))
        if self._table.nodes[base] is sympy.E:
            return Code(f"exp({self._codes[exponent].text})")
        return codes.power(base_code, self._codes[exponent])


def _is_divisor(node: Any) -> bool:
    """Tell whether a power is written below the line: its exponent is a negative number."""
    exponent = node.args[1]
    return isinstance(exponent, sympy.Number) and bool(exponent < 0)


def _number(node: Any) -> Code:
    if isinstance(node, sympy.Rational):
        text = str(abs(node.p)) if node.q == 1 else f"{abs(node.p)}/{node.q}"
        binding = ATOM if node.q == 1 else PRODUCT
        return Code(f"-{text}", UNARY) if node < 0 else Code(text, binding)
    value = float(node)
    text = repr(abs(value))
    text = text if text not in ("inf", "nan") else f"{text}"
    return Code(f"-{text}", UNARY) if value < 0 else Code(text)


Rule = Callable[[Any, Sequence[Code]], Code]


def _joined(symbol: str) -> Rule:
    return lambda node, args: Code(f" {symbol} ".join(arg.within(ATOM) for arg in args), PRODUCT - 2)


def _nested(word: str) -> Rule:
    """Return a function of two arguments, of several: of the first and that of the others."""

    def rule(node: Any, args: Sequence[Code]) -> Code:
        texts = [arg.text for arg in args]
        while len(texts) > 1:  # in pairs, so that it is not deep
            texts = [
                f"{word}({', '.join(texts[i : i + 2])})" if i + 1 < len(texts) else texts[i]
                for i in range(0, len(texts), 2)
            ]
        return Code(texts[0])

    return rule


def _pair(node: Any, args: Sequence[Code]) -> Code:
    return Code(f"{args[0].text}\0{args[1].text}")


def _piecewise(node: Any, args: Sequence[Code]) -> Code:
    """Return the first branch whose condition holds; nan where none does."""
    branches = [tuple(arg.text.split("\0")) for arg in args]
    default = "nan"
    if branches[-1][1] == "True":
        default = branches.pop()[0]
    if not branches:
        return Code(f"({default})")
    if len(branches) == 1:
        value, condition = branches[0]
        return Code(f"where({condition}, {value}, {default})")
    conditions = ", ".join(condition for _, condition in branches)
    values = ", ".join(value for value, _ in branches)
    return Code(f"select([{conditions}], [{values}], {default})")


_RULES: dict[str, Rule] = {
    "Add": lambda node, args: codes.total(args),
    "Mul": lambda node, args: args[0],
    "Pow": lambda node, args: args[0],
    "Max": _nested("maximum"),
    "Min": _nested("minimum"),
    "And": _joined("and"),
    "Or": _joined("or"),
    "ExprCondPair": _pair,
    "Piecewise": _piecewise,
}
_ = POWER
