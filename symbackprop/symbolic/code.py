"""Pieces of formula text: how tightly they bind, and along which axes they vary.

Inside a sum over an index the terms are arrays, one entry for each value of the index. Index number k lies along the
axis that is k from the right, so that terms broadcast as they stand.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

__all__ = [
    "ATOM",
    "COMPARE",
    "POWER",
    "PRODUCT",
    "SUM",
    "UNARY",
    "Code",
    "call",
    "negated",
    "power",
    "product",
    "total",
]

# a remainder binds like a product, but is none: -x % y is (-x) % y
LOGIC, COMPARE, SUM, REMAINDER, PRODUCT, UNARY, POWER, ATOM = range(8)


class Code(NamedTuple):
    """A piece of formula text.

    Parameters
    ----------
    text : str
    binding : int
        How tightly its outermost operator binds.
    axes : int
        A bit for each index along whose axis it varies.
    """

    text: str
    binding: int = ATOM
    axes: int = 0

    def within(self, binding: int) -> str:
        """Return the text, in parentheses where it binds less than `binding`."""
        return self.text if self.binding >= binding else f"({self.text})"


@cache
def _pieces(template: str) -> tuple[int, tuple[str, ...], tuple[tuple[int, int], ...]]:
    """Return how tightly a template binds, the text between its places, and of these the argument and its binding.

    An argument between commas and brackets stands bare; beside an operator it is put in parentheses if it has one.
    """
    texts = re.split(r"\{(\d)\}", template)
    places = []
    for i in range(1, len(texts), 2):
        before, behind = texts[i - 1].rstrip(), texts[i + 1].lstrip()
        bare = (not before or before[-1] in "(,[") and (not behind or behind[0] in "),]")
        places.append((int(texts[i]), LOGIC if bare else ATOM))
    if re.fullmatch(r"\(.*\)|[\w.]+\(.*\)|[\w.]+", template):
        binding = ATOM
    elif re.search(r"[<>=]", template):
        binding = COMPARE
    elif " % " in template:
        binding = REMAINDER
    else:
        binding = UNARY if template.startswith("-") else PRODUCT
    return binding, tuple(texts[0::2]), tuple(places)


def call(template: str, args: Sequence[Code]) -> Code:
    """Return a template filled with arguments."""
    if template == "{0}":
        return args[0]
    binding, texts, places = _pieces(template)
    parts = [texts[0]]
    for (argument, needed), text in zip(places, texts[1:], strict=True):
        parts.append(args[argument].within(needed))
        parts.append(text)
    return Code("".join(parts), binding)


def negated(code: Code) -> Code:
    """Return -x."""
    return Code(f"-{code.within(PRODUCT)}", UNARY, code.axes)


def total(terms: Sequence[Code]) -> Code:
    """Return a sum; a term that begins with a minus sign is subtracted."""
    ordered = list(terms)
    if ordered[0].text.startswith("-"):  # begin with what is added, if anything is
        first = next((i for i, term in enumerate(ordered) if not term.text.startswith("-")), 0)
        ordered.insert(0, ordered.pop(first))
    pieces = [ordered[0].within(SUM)]
    for term in ordered[1:]:
        written = term.within(SUM + 1) if term.binding == SUM else term.within(SUM)
        pieces.append(f" - {written[1:]}" if written.startswith("-") else f" + {written}")
    return Code("".join(pieces), SUM)


def product(factors: Sequence[Code], divisors: Sequence[Code], negative: bool) -> Code:
    """Return a product over a product, perhaps with a minus sign."""
    text = "*".join([factor.within(PRODUCT) if i == 0 else factor.within(UNARY) for i, factor in enumerate(factors)])
    text = text or "1"
    if divisors:
        below = "*".join([divisor.within(UNARY if len(divisors) == 1 else PRODUCT) for divisor in divisors])
        text += f"/{below}" if len(divisors) == 1 else f"/({below})"
    if negative:
        return Code(f"-{text}", UNARY)
    if len(factors) == 1 and not divisors:
        return factors[0]
    return Code(text, PRODUCT)


def power(base: Code, exponent: Code) -> Code:
    """Return a power."""
    return Code(f"{base.within(ATOM)}**{exponent.within(ATOM)}", POWER)
