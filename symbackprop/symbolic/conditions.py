"""Piecewise functions, relations and logic."""

from __future__ import annotations

from itertools import pairwise

from symbackprop.symbolic import code as codes
from symbackprop.symbolic.code import COMPARE, LOGIC, PRODUCT, Code
from symbackprop.symbolic.writer import Place, Rule

__all__ = ["RULES"]


def _relation(symbol: str) -> Rule:
    def write(place: Place) -> Code:
        left, right = (place.code(number) for number in place.arguments)
        return Code(f"{left.within(COMPARE + 1)} {symbol} {right.within(COMPARE + 1)}", COMPARE)

    return Rule(write)


def _joined(word: str) -> Rule:
    def write(place: Place) -> Code:
        return Code(f" {word} ".join(place.code(number).within(COMPARE) for number in place.arguments), LOGIC)

    return Rule(write)


def in_pairs(word: str) -> Rule:
    """Return a function of two arguments, of several: in pairs, and pairs of pairs, so that it is not deep."""

    def write(place: Place) -> Code:
        texts = [place.code(number).text for number in place.arguments]
        while len(texts) > 1:
            pairs = zip(texts[0::2], texts[1::2], strict=False)
            texts = [f"{word}({a}, {b})" for a, b in pairs] + ([texts[-1]] if len(texts) % 2 else [])
        return Code(texts[0])

    return Rule(write)


def _piecewise(place: Place) -> Code:
    """Write the value of the first condition that holds; nan where none does."""
    texts = [place.code(number).text for number in place.arguments]
    branches = list(zip(texts[0::2], texts[1::2], strict=True))
    default = "nan"
    if branches[-1][1] == "True":
        default, _ = branches.pop()
    if not branches:
        return Code(f"({default})")
    if len(branches) == 1:
        value, condition = branches[0]
        return Code(f"where({condition}, {value}, {default})")
    conditions = ", ".join(condition for _, condition in branches)
    values = ", ".join(value for value, _ in branches)
    return Code(f"select([{conditions}], [{values}], {default})")


def _template(template: str) -> Rule:
    return Rule(lambda place: codes.call(template, [place.code(number) for number in place.arguments]))


def _equivalent(place: Place) -> Code:
    """Write that all operands are alike."""
    texts = [place.code(number).text for number in place.arguments]
    alike = [f"not logical_xor({a}, {b})" for a, b in pairwise(texts)]
    return Code(" and ".join(f"({text})" for text in alike) or "True", LOGIC)


def _not(place: Place) -> Code:
    return Code(f"not {place.code(place.arguments[0]).within(PRODUCT)}", LOGIC)


RULES: dict[str, Rule] = {
    "StrictLessThan": _relation("<"),
    "LessThan": _relation("<="),
    "StrictGreaterThan": _relation(">"),
    "GreaterThan": _relation(">="),
    "Equality": _relation("=="),
    "Unequality": _relation("!="),
    "And": _joined("and"),
    "Or": _joined("or"),
    "Not": Rule(_not),
    "Xor": in_pairs("logical_xor"),
    "Implies": _template("logical_or(not {0}, {1})"),
    "Equivalent": Rule(_equivalent),
    "Contains": _template("{0}"),
    "ITE": _template("where({0}, {1}, {2})"),
    "Piecewise": Rule(_piecewise),
    "Max": in_pairs("maximum"),
    "Min": in_pairs("minimum"),
}
