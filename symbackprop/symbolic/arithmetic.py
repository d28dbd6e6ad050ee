"""Numbers, sums, products and powers, exact until they are printed."""

from __future__ import annotations

from collections.abc import Sequence
from math import isinf
from typing import Any

import sympy

from symbackprop.errors import UnsupportedError
from symbackprop.symbolic import code as codes
from symbackprop.symbolic.code import ATOM, PRODUCT, UNARY, Code
from symbackprop.symbolic.nodes import Table, is_small
from symbackprop.symbolic.writer import Place, Rule, Scope

__all__ = ["RULES", "number_code"]


_THIRD = sympy.Rational(1, 3)


def number_code(node: Any) -> Code:
    """Return the text of a number: integers and fractions exactly, a Float as the double that it rounds to."""
    if isinstance(node, sympy.Rational):
        text = str(abs(node.p)) if node.q == 1 else f"{abs(node.p)}/{node.q}"
        binding = ATOM if node.q == 1 else PRODUCT
        return Code(f"-{text}", UNARY) if node < 0 else Code(text, binding)
    value = float(node)
    if isinf(value):
        raise UnsupportedError(f"the number {node} is too large for a float64")
    text = repr(abs(value))
    return Code(f"-{text}", UNARY) if value < 0 else Code(text)


# --- sums -------------------------------------------------------------------------------------------------------------


def _total(place: Place) -> Code:
    """Write a sum: in small expressions in the order in which SymPy prints it.

    In large ones the order means nothing: what most sums have in common comes first, so that they share it.
    """
    memory, table = place.writer.memory, place.writer.table
    if "terms" not in memory:
        memory["terms"] = None if is_small(table) else _common_terms(table)
    common = memory["terms"]
    if common is None:
        by_identity = {id(table.nodes[number]): number for number in place.arguments}
        ordered = [by_identity.get(id(term)) for term in place.node.as_ordered_terms()]
        if None not in ordered and len(ordered) == len(place.arguments):
            return codes.total([place.code(number) for number in ordered])  # type: ignore[arg-type]
        common = [0] * len(table.nodes)

    def rank(number: int) -> tuple[bool, int]:
        return isinstance(table.nodes[number], sympy.Number), -common[number]

    return codes.total([place.code(number) for number in sorted(place.arguments, key=rank)])


def _common_terms(table: Table) -> list[int]:
    """Return of each node how many sums have it as a term."""
    counts = [0] * len(table.nodes)
    for node, arguments in zip(table.nodes, table.arguments, strict=True):
        if isinstance(node, sympy.Add):
            for argument in arguments:
                counts[argument] += 1
    return counts


# --- products and powers ----------------------------------------------------------------------------------------------


def _is_divisor(node: Any) -> bool:
    """Tell whether a power is written below the line: its exponent is a negative number."""
    exponent = node.args[1]
    return isinstance(exponent, sympy.Number) and bool(exponent < 0)


def _is_taken_apart(place: Place, number: int) -> bool:
    """Tell whether a factor is a power that the product writes itself."""
    factor = place.argument(number)
    return isinstance(factor, sympy.Pow) and (place.uses(number) == 1 or _is_divisor(factor))


def _factors_needed(place: Place) -> list[tuple[int, Scope]]:
    needed: list[int] = []
    for number in place.arguments:
        if _is_taken_apart(place, number):
            needed.extend(place.writer.table.arguments[number])
        else:
            needed.append(number)
    return [(number, place.scope) for number in needed]


def _product(place: Place) -> Code:
    """Write a product, with what has a negative exponent below the line."""
    factors: list[Code] = []
    divisors: list[Code] = []
    negative = False
    axes = 0
    for number in place.arguments:
        factor = place.argument(number)
        if isinstance(factor, sympy.Rational):
            negative ^= bool(factor < 0)
            if abs(factor.p) == 1:
                divisors += [] if factor.q == 1 else [Code(str(factor.q))]
            else:  # one constant, and so one operation
                factors.append(number_code(abs(factor)))
        elif _is_taken_apart(place, number):
            below = _is_divisor(factor)
            code = _power_of(place, place.writer.table.arguments[number], below)
            (divisors if below else factors).append(code)
            axes |= code.axes
        else:
            factors.append(place.code(number))
            axes |= factors[-1].axes
    if axes:  # behind the scalars, arrays that vary along more axes first: sums of such products are contractions
        factors.sort(key=lambda code: (code.axes != 0, -code.axes.bit_count()))
    return codes.product(factors, divisors, negative)._replace(axes=axes)


def _power(place: Place) -> Code:
    below = _is_divisor(place.node)
    code = _power_of(place, place.arguments, below)
    return codes.product([], [code], False)._replace(axes=code.axes) if below else code


def _power_of(place: Place, parts: Sequence[int], below: bool) -> Code:
    """Write a power, or its reciprocal where it stands below the line."""
    base, exponent = parts
    node = place.argument(exponent)
    base_node = place.argument(base)
    code = place.code(base)
    axes = code.axes | place.code(exponent).axes
    if isinstance(node, sympy.Number):
        node = -node if below else node
        if node == 1:
            return code
        if node == sympy.S.Half:
            return _root(place, base, code)
        if node == _THIRD and _is_assumed(place, base_node, "nonnegative"):
            return Code(f"cbrt({code.text})", axes=code.axes)
        return codes.power(code, number_code(node))._replace(axes=axes)
    if base_node is sympy.S.Exp1:
        return Code(f"exp({place.code(exponent).text})", axes=axes)
    return codes.power(code, place.code(exponent))._replace(axes=axes)


def _is_assumed(place: Place, node: Any, what: str) -> bool:
    """Tell whether a symbol has an assumption; what a bound one stands for need not have it."""
    return isinstance(node, sympy.Symbol) and node not in place.scope and bool(getattr(node, f"is_{what}"))


def _root(place: Place, base: int, code: Code) -> Code:
    """Write a square root; that of a square of a symbol which is not negative is the symbol."""
    node = place.argument(base)
    if isinstance(node, sympy.Pow) and node.args[1] == 2:
        symbol = place.writer.table.arguments[base][0]
        if _is_assumed(place, node.args[0], "nonnegative"):
            return place.code(symbol)
        if _is_assumed(place, node.args[0], "extended_real"):
            return Code(f"abs({place.code(symbol).text})", axes=code.axes)
    return Code(f"sqrt({code.text})", axes=code.axes)


def _logarithm(place: Place) -> Code:
    """Write a logarithm, of a power of a positive symbol as a product, and of a number in its base where given."""
    arguments: Sequence[int] = place.arguments
    node = place.argument(arguments[0])
    if isinstance(node, sympy.Pow) and _is_assumed(place, node.args[0], "positive"):
        base = place.writer.table.arguments[arguments[0]][0]
        if isinstance(node.args[1], sympy.Rational):
            inner = Code(f"log({place.code(base).text})")
            return codes.product([number_code(node.args[1]), inner], [], False)
    texts = [place.code(number) for number in arguments]
    return codes.call("log({0})" if len(texts) == 1 else "log({0})/log({1})", texts)


def _turns(place: Place) -> list[int] | None:
    """Return the factors of a multiple of pi beside pi; None for anything else."""
    (argument,) = place.arguments
    factors = list(place.writer.table.arguments[argument])
    if not isinstance(place.argument(argument), sympy.Mul):
        return None
    turns = [number for number in factors if place.argument(number) is not sympy.pi]
    return turns if len(turns) == len(factors) - 1 else None


def _sinc_needs(place: Place) -> list[tuple[int, Scope]]:
    turns = _turns(place)
    return [(number, place.scope) for number in (place.arguments if turns is None else turns)]


def _sinc(place: Place) -> Code:
    """Write SymPy's sin(x)/x in terms of NumPy's sin(pi*x)/(pi*x)."""
    turns = _turns(place)
    if turns is None:
        return codes.call("sinc({0}/pi)", [place.code(place.arguments[0])])
    return codes.call("sinc({0})", [codes.product([place.code(number) for number in turns], [], False)])


RULES: dict[str, Rule] = {
    "sinc": Rule(_sinc, _sinc_needs),
    "Add": Rule(_total),
    "Mul": Rule(_product, _factors_needed, spreads=False),
    "Pow": Rule(_power, spreads=False),
    "log": Rule(_logarithm),
}
