"""Python text of symbolic sizes, and the order in which its parts stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

__all__ = ["atom_key", "size_key", "term_key", "terms_text"]


def terms_text(terms: Sequence[tuple[tuple[Any, ...], int]]) -> str:
    """Return Python text: added terms first, then subtracted ones, the constant last unless it alone is added."""
    terms = _with_numbers_inside(terms)
    leading = not any(coefficient > 0 and monomial for monomial, coefficient in terms)
    ordered = sorted(terms, key=lambda term: (not term[0] and not (leading and term[1] > 0), term[1] < 0))
    text = ""
    for monomial, coefficient in ordered:
        alone = len(monomial) == 1 and (coefficient == 1 or (coefficient == -1 and bool(text)))
        factors = [_atom_text(atom, alone) for atom in monomial]
        if abs(coefficient) != 1 or not monomial:
            factors.insert(0, str(abs(coefficient)))
        sign = "-" if coefficient < 0 else "+"
        text += f" {sign} {'*'.join(factors)}" if text else f"{'-' if coefficient < 0 else ''}{'*'.join(factors)}"
    return text


def _with_numbers_inside(terms: Sequence[tuple[tuple[Any, ...], int]]) -> Sequence[tuple[tuple[Any, ...], int]]:
    """Return terms of the same sum in which ``max(n - 1, 0) + 1`` is ``max(n, 1)``, and likewise multiples of it.

    No more goes inside than is taken away there.
    """
    totals = dict(terms)
    places = {m: place for m in totals for place, atom in enumerate(m) if _is_bounded_by_0(atom)}
    without = {m: (*m[:place], *m[place + 1 :]) for m, place in places.items()}
    rivals = Counter(without.values())
    written: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for monomial, others in without.items():
        coefficient, added = totals[monomial], totals.get(others, 0)
        place = places[monomial]
        offset = min(added // coefficient, max(map(_taken_away, monomial[place][1])))
        if rivals[others] == 1 and others not in without and offset > 0:
            kind, parts = monomial[place]
            moved = sorted((part + offset for part in parts), key=lambda part: (isinstance(part, int), str(part)))
            totals[others] = added - offset * coefficient
            written[monomial] = (*monomial[:place], (kind, tuple(moved)), *monomial[place + 1 :])
    return [(written.get(monomial, monomial), coefficient) for monomial, coefficient in totals.items() if coefficient]


def _taken_away(size: Any) -> int:
    """Return the number that a size ends with, without its sign; 0 if none is subtracted."""
    terms: dict[tuple[Any, ...], int] = dict(getattr(size, "terms", ()))
    return max(-terms.get((), 0), 0)


def _is_bounded_by_0(atom: tuple[str, Any]) -> bool:
    return atom[0] in ("min", "max") and 0 in atom[1]


def _atom_text(atom: tuple[str, Any], alone: bool) -> str:
    kind, content = atom
    if isinstance(content, str):
        return content
    parts = [str(part) for part in content]
    if kind in ("min", "max"):
        return f"{kind}({', '.join(parts)})"
    left, right = (
        text if text.isidentifier() or text.isdecimal() or _is_call(part) else f"({text})"
        for text, part in zip(parts, content, strict=True)
    )
    text = f"{left}//{right}" if kind == "//" else f"{left} % {right}"
    return text if alone else f"({text})"


def _is_call(size: object) -> bool:
    """Tell whether a size prints as one call, ``max(...)`` or ``min(...)``."""
    terms: Sequence[tuple[tuple[Any, ...], int]] = getattr(size, "terms", ())
    return len(terms) == 1 and terms[0][1] == 1 and [kind for kind, _ in terms[0][0]] in (["min"], ["max"])


def term_key(term: tuple[tuple[Any, ...], int]) -> tuple[int, list[tuple[str, str]]]:
    """Return the place of a term among others: long ones first, then by their text."""
    return -len(term[0]), [atom_key(atom) for atom in term[0]]


def atom_key(atom: tuple[str, Any]) -> tuple[str, str]:
    """Return the place of an atom among others."""
    kind, content = atom
    return kind, content if isinstance(content, str) else ",".join(map(str, content))


def size_key(size: Any) -> tuple[bool, int, str]:
    """Return the place of a size among others: expressions first, by their text."""
    return (True, size, "") if isinstance(size, int) else (False, 0, size.sort_key)
