"""Filling the templates of primitives with operand texts, parenthesised only where Python's precedence asks for it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

__all__ = ["ATOM", "BELOW_PRODUCT", "PRODUCT", "SUM", "TERNARY", "UNARY", "Code", "fill", "repeated"]

TERNARY, _OR, _AND, _NOT, _COMPARE, _BIT_OR, _BIT_AND, SUM, _MATMUL, PRODUCT, UNARY, _POWER, ATOM = range(13)

BELOW_PRODUCT = _MATMUL  # of what needs parentheses beside a sign, though Python would read it as a product
# "@", "//" and "%" are given less than "*", against Python, so that they are parenthesised beside a product or a sign:
# -(a % b) is not -a % b.
_BINARY = {
    "if": TERNARY, "else": TERNARY, "or": _OR, "and": _AND, "<": _COMPARE, "<=": _COMPARE, ">": _COMPARE,
    ">=": _COMPARE, "==": _COMPARE, "!=": _COMPARE, "|": _BIT_OR, "&": _BIT_AND, "+": SUM, "-": SUM, "*": PRODUCT,
    "/": PRODUCT, "//": _MATMUL, "%": _MATMUL, "@": _MATMUL, "**": _POWER,
}  # fmt: skip
_PREFIX = {"-": UNARY, "~": UNARY, "not": _NOT}
_TOKEN = re.compile(
    r"\{(-?\d+)\}|(\*\*|//|<=|>=|==|!=|[-+*/%@<>|&~])|\b(if|else|or|and|not)\b|([\[({])|([\])}])|(,|:|=)"
)


class Code(NamedTuple):
    """A piece of Python and how tightly it binds."""

    text: str
    binding: int = ATOM


@dataclass(slots=True)
class _Segment:
    """An expression between brackets, commas and colons: its operators and the operands that wait for their right."""

    lowest: int = ATOM
    before: int = TERNARY  # what the operator on the left asks of the next operand
    pending: int | None = None  # the piece whose requirement the next operator may raise
    operand_seen: bool = False


def fill(template: str, operands: Sequence[Code]) -> Code:
    """Return `template` with each ``{i}`` replaced by operand ``i``.

    A negated term of a sum, ``{-i}``, is replaced like ``{i}``: the caller passes what is negated.
    """
    if template == "{0}":
        return operands[0]
    first, places, binding = _analysed(template)
    if binding == UNARY and len(places) == 1 and first == "-":
        operand = operands[places[0][0]]
        text = operand.text if operand.binding >= PRODUCT else f"({operand.text})"
        return Code("-" + text, min(UNARY, operand.binding) if operand.binding >= PRODUCT else UNARY)
    text = first
    for index, needed, literal in places:
        inner, level = operands[index]
        text += inner + literal if level >= needed else f"({inner}){literal}"
    return Code(text, binding)


@lru_cache(maxsize=4096)
def repeated(template: str) -> frozenset[int]:
    """Return the operands that `template` writes more than once, and that therefore need a name."""
    places = [index for index, _, _ in _analysed(template)[1]]
    return frozenset(index for index in places if places.count(index) > 1)


@lru_cache(maxsize=4096)
def _analysed(template: str) -> tuple[str, tuple[tuple[int, int, str], ...], int]:
    """Return what stands before the operands; for each its index, the binding it needs, what follows; the whole's."""
    literals: list[str] = []
    places: list[list[int]] = []
    stack = [_Segment()]
    outermost = ATOM
    last = 0
    for match in _TOKEN.finditer(template):
        index, symbol, word, opening, closing, _ = match.groups()
        segment = stack[-1]
        if index is not None:
            literals.append(template[last : match.start()])
            last = match.end()
            follows = template[last : last + 1]
            needed = ATOM if follows in (".", "[", "(") and follows else segment.before
            places.append([abs(int(index)), needed])
            segment.pending = len(places) - 1
            segment.operand_seen = True
        elif symbol or word:
            operator = symbol or word
            between = template[segment_start(template, match.start()) : match.start()]
            if _is_prefix(operator, segment, between):
                level = _PREFIX[operator]
                segment.before = level
            else:
                level = _BINARY[operator]
                if segment.pending is not None:
                    left = _left_need(operator, level)
                    places[segment.pending][1] = max(places[segment.pending][1], left)
                segment.before = level if operator in ("**", "else") else level + 1
                if level == _MATMUL:
                    segment.before = UNARY
            segment.lowest = min(segment.lowest, level)
            segment.pending, segment.operand_seen = None, False
        elif opening:
            segment.operand_seen = True
            stack.append(_Segment())
        elif closing:
            stack.pop()
        else:
            stack[-1] = _Segment(lowest=segment.lowest if len(stack) == 1 else ATOM)
        if len(stack) == 1:
            outermost = min(outermost, stack[0].lowest)
    literals.append(template[last:])
    behind = zip(places, literals[1:], strict=True)
    return literals[0], tuple((index, needed, literal) for (index, needed), literal in behind), outermost


def segment_start(template: str, end: int) -> int:
    """Return where the text directly before `end` begins: after the last space or bracket."""
    start = end
    while start > 0 and template[start - 1] not in "([{,":
        start -= 1
    return start


def _is_prefix(operator: str, segment: _Segment, between: str) -> bool:
    if operator not in _PREFIX:
        return False
    return operator in ("~", "not") or not (segment.operand_seen or re.search(r"[\w)\]]\s*$", between))


def _left_need(operator: str, level: int) -> int:
    if operator == "**":
        return ATOM
    if level == _MATMUL:
        return UNARY
    return level + 1 if level in (TERNARY, _COMPARE) else level
