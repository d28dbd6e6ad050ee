"""Pieces of formula text and how tightly they bind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["ATOM", "Code", "call", "negated", "power", "product", "total"]

TERNARY, COMPARE, SUM, PRODUCT, UNARY, POWER, ATOM = range(7)


class Code(NamedTuple):
    """A piece of formula text."""

    text: str
    binding: int = ATOM

    def within(self, binding: int) -> str:
        """Return the text, in parentheses where it binds less than `binding`."""
        return self.text if self.binding >= binding else f"({self.text})"


def call(template: str, args: Sequence[Code]) -> Code:
    """Return a template filled with arguments: bare in a call, in parentheses where an operator is beside them."""
    binding = ATOM
    if template[0] != "(" and not template.endswith(")"):
        binding = PRODUCT if any(symbol in template for symbol in "/%*") else COMPARE
    if template.startswith("1/"):
        binding = PRODUCT
    bare = template.replace(" ", "")
    texts = []
    for position, arg in enumerate(args):
        place = f"{{{position}}}"
        alone = all(
            bare[i - 1 : i] in ("(", ",") and bare[i + len(place) : i + len(place) + 1] in (")", ",")
            for i in _places(bare, place)
        )
        texts.append(arg.text if alone else arg.within(ATOM))
    return Code(template.format(*texts), binding if template != "{0}" else args[0].binding)


def _places(text: str, part: str) -> list[int]:
    found, start = [], text.find(part)
    while start >= 0:
        found.append(start)
        start = text.find(part, start + 1)
    return found


def negated(code: Code) -> Code:
    """Return -x."""
    return Code(f"-{code.within(PRODUCT)}", UNARY)


def total(terms: Sequence[Code]) -> Code:
    """Return a sum; a term that begins with a minus sign is subtracted."""
    ordered = list(terms)
    if ordered[0].text.startswith("-"):  # begin with what is added, if anything is
        first = next((i for i, term in enumerate(ordered) if not term.text.startswith("-")), 0)
        ordered.insert(0, ordered.pop(first))
    text = ordered[0].within(SUM)
    for term in ordered[1:]:
        written = term.within(SUM + 1) if term.binding == SUM else term.within(SUM)
        text += f" - {written[1:]}" if written.startswith("-") else f" + {written}"
    return Code(text, SUM)


def product(factors: Sequence[Code], divisors: Sequence[Code], negative: bool) -> Code:
    """Return a product over a product, perhaps with a minus sign."""
    text = "*".join(factor.within(PRODUCT) for factor in factors) or "1"
    if divisors:
        below = "*".join(divisor.within(PRODUCT) for divisor in divisors)
        alone = len(divisors) == 1 and divisors[0].binding > PRODUCT
        text += f"/{below}" if alone else f"/({below})"
    if negative:
        return Code(f"-{text}", UNARY)
    if len(factors) == 1 and not divisors:
        return factors[0]
    return Code(text, PRODUCT)


def power(base: Code, exponent: Code) -> Code:
    """Return a power."""
    return Code(f"{base.within(ATOM)}**{exponent.within(ATOM)}", POWER)
