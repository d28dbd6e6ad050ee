"""The normal form of symbolic sizes: polynomials with integer coefficients over atoms, and their arithmetic.

An atom is a name, an opaque count, or a floor division, remainder, minimum or maximum of sizes. What users of sizes
call is in `ir.size`. Names are at least 0, which decides many minima and maxima. Expressions are limited in length
and depth (no array needs more), so that recursion over one is bounded.
"""

from __future__ import annotations

import operator
import threading
import weakref
from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import gcd

from symbackprop.errors import BudgetError, ShapeError
from symbackprop.ir.polynomial_text import atom_key, size_key, term_key, terms_text

__all__ = ["Atom", "Monomial", "Size", "SizeExpression", "Terms", "extreme", "from_terms", "is_nonnegative", "single"]

Atom = tuple[str, "str | tuple[Size, ...]"]  # ("name", "n"), ("opaque", "k1"), ("//", (a, b)), ("max", (a, b, c)), ...
Monomial = tuple[Atom, ...]  # sorted, with repetition; () is the constant term
Terms = tuple[tuple[Monomial, int], ...]  # sorted, no coefficient is 0

_LONGEST = 2000  # atoms in an expression
_DEEPEST = 60  # levels of nested divisions, minima and maxima
_BITS = 2000  # of a coefficient
_PARTS = 50  # of a minimum or maximum
_STEPS = 100  # of a proof that a size is at least 0
_KEPT = 2048  # results of each kind of arithmetic: a formula has few sizes, in many places

_table: weakref.WeakValueDictionary[Terms, SizeExpression] = weakref.WeakValueDictionary()
_lock = threading.RLock()


class SizeExpression:
    """A size that is not a constant. Equal normal forms are one object; ``sorted`` gives a canonical order."""

    __slots__ = ("__weakref__", "_depth", "_length", "_nonnegative", "_terms", "_text", "sort_key")
    __array_ufunc__ = None  # NumPy's integers leave arithmetic with sizes to us
    _terms: Terms
    _nonnegative: bool | None
    _text: str
    _length: int
    _depth: int
    sort_key: str

    @property
    def terms(self) -> Terms:
        """The monomials with their coefficients."""
        return self._terms

    @property
    def is_name(self) -> bool:
        """Whether the size is a name alone."""
        ((monomial, coefficient), *more) = self._terms
        return not more and coefficient == 1 and len(monomial) == 1 and monomial[0][0] == "name"

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("sizes are immutable")

    def __add__(self, other: Size) -> Size:
        return _sum(self, other) if _is_size(other) else NotImplemented

    __radd__ = __add__

    def __neg__(self) -> Size:
        return _product(self, -1)

    def __sub__(self, other: Size) -> Size:
        return _sum(self, _product(other, -1)) if _is_size(other) else NotImplemented

    def __rsub__(self, other: Size) -> Size:
        return _sum(other, -self) if _is_size(other) else NotImplemented

    def __mul__(self, other: Size) -> Size:
        return _product(self, other) if _is_size(other) else NotImplemented

    __rmul__ = __mul__

    def __floordiv__(self, other: Size) -> Size:
        return divide(self, other) if _is_size(other) else NotImplemented

    def __rfloordiv__(self, other: int) -> Size:
        return divide(other, self) if _is_size(other) else NotImplemented

    def __mod__(self, other: Size) -> Size:
        return remainder(self, other) if _is_size(other) else NotImplemented

    def __rmod__(self, other: int) -> Size:
        return remainder(other, self) if _is_size(other) else NotImplemented

    def __lt__(self, other: SizeExpression) -> bool:
        return self.sort_key < other.sort_key if isinstance(other, SizeExpression) else NotImplemented

    def __str__(self) -> str:
        return self._text

    __repr__ = __str__

    def __reduce__(self) -> tuple[object, ...]:
        return _interned, (self._terms,)


Size = int | SizeExpression


def terms_of(size: Size) -> Terms:
    """Return the terms of a size; an integer is a constant term, 0 is none."""
    if isinstance(size, SizeExpression):
        return size._terms
    number = operator.index(size)
    return (((), number),) if number else ()


def from_terms(coefficients: Mapping[Monomial, int]) -> Size:
    """Return the size with these terms."""
    terms = tuple(sorted(((m, c) for m, c in coefficients.items() if c), key=term_key))
    if not terms:
        return 0
    if len(terms) == 1 and not terms[0][0]:
        return terms[0][1]
    return _interned(terms)


def single(kind: str, content: str | tuple[Size, ...]) -> SizeExpression:
    """Return the size that is one atom."""
    return _interned(((((kind, content),), 1),))


def _is_size(value: object) -> bool:
    return isinstance(value, SizeExpression) or hasattr(value, "__index__")


def _plain(size: Size) -> Size:
    """Return a NumPy integer as an int."""
    return size if isinstance(size, SizeExpression) else operator.index(size)


def _interned(terms: Terms) -> SizeExpression:
    known = _table.get(terms)
    if known is not None:
        return known
    new = SizeExpression()
    parts = [
        part for monomial, _ in terms for _, content in monomial if not isinstance(content, str) for part in content
    ]
    inner = [part for part in parts if isinstance(part, SizeExpression)]
    length = sum(len(monomial) for monomial, _ in terms) + sum(part._length for part in inner)
    depth = 1 + max((part._depth for part in inner), default=0)
    if length > _LONGEST or depth > _DEEPEST or any(c.bit_length() > _BITS for _, c in terms):
        raise BudgetError("an expression of array sizes grew too large; declare a size of its own for it")
    text = terms_text(terms)
    opaque = any(kind == "opaque" for monomial, _ in terms for kind, _ in monomial)
    key = f"{text} {terms!r}" if opaque else text  # a count may bear the name of a size
    values = {"_terms": terms, "_text": text, "_length": length, "_depth": depth, "sort_key": key}
    for attribute, value in [*values.items(), ("_nonnegative", None)]:
        object.__setattr__(new, attribute, value)
    with _lock:
        return _table.setdefault(terms, new)


# --- arithmetic -------------------------------------------------------------------------------------------------------


@lru_cache(_KEPT)
def _sum(a: Size, b: Size) -> Size:
    totals = dict(terms_of(a))
    for monomial, coefficient in terms_of(b):
        totals[monomial] = totals.get(monomial, 0) + coefficient
    parts = _cut_in_two(totals)
    return _sum(from_terms(totals), parts) if parts != 0 else from_terms(totals)


def _cut_in_two(totals: dict[Monomial, int]) -> Size:
    """Take ``min(a, b) + max(a - b, 0)`` out of a sum and return what it is, a: an axis cut in two, and joined."""
    low = _pairs(totals, "min")
    high = _pairs(totals, "max") if low else []
    for (a, b), least in low:
        for (part, zero), most in high:
            if zero != 0 or not (totals.get(least, 0) and totals.get(most, 0)):
                continue
            difference = _sum(a, _product(b, -1))
            whole = a if part == difference else b if part == _product(difference, -1) else None
            sign = 1 if totals[least] > 0 else -1
            if whole is None or totals[most] * sign < 0:
                continue
            times = min(abs(totals[least]), abs(totals[most])) * sign
            totals[least] -= times
            totals[most] -= times
            return _product(whole, times)
    return 0


def _pairs(totals: Mapping[Monomial, int], kind: str) -> list[tuple[tuple[Size, ...], Monomial]]:
    """Return the extrema of two sizes that are terms of a sum, with their monomials."""
    return [
        (content, monomial)
        for monomial, coefficient in totals.items()
        if coefficient and len(monomial) == 1 and monomial[0][0] == kind
        for content in (monomial[0][1],)
        if not isinstance(content, str) and len(content) == 2
    ]


@lru_cache(_KEPT)
def _product(a: Size, b: Size) -> Size:
    left, right = terms_of(a), terms_of(b)
    if len(left) * len(right) > _LONGEST:
        raise BudgetError("a product of array sizes grew too large; declare a size of its own for it")
    totals: dict[Monomial, int] = {}
    for first, c in left:
        for second, d in right:
            monomial = tuple(sorted((*first, *second), key=atom_key))
            totals[monomial] = totals.get(monomial, 0) + c * d
    return from_terms(totals)


def lone_atom(size: Size, kinds: tuple[str, ...]) -> tuple[str, int, tuple[Size, ...], Size] | None:
    """Return (kind, k, content, rest) where `size` is k * atom + rest and no other term has an atom of `kinds`."""
    found = [
        (monomial, coefficient)
        for monomial, coefficient in terms_of(size)
        if any(kind in kinds for kind, _ in monomial)
    ]
    if len(found) != 1 or len(found[0][0]) != 1:
        return None
    (((kind, content),), coefficient) = found[0]
    rest = from_terms({m: c for m, c in terms_of(size) if m != found[0][0]})
    assert not isinstance(content, str)
    return kind, coefficient, content, rest


@lru_cache(_KEPT)
def divide(a: Size, b: Size) -> Size:
    """Return a // b."""
    a, b = _plain(a), _plain(b)
    if isinstance(b, SizeExpression):
        return 0 if a == 0 else single("//", (a, b))
    if b == 0:
        raise ShapeError(f"size {a} is divided by 0")
    if b < 0:
        a, b = _product(a, -1), -b
    if isinstance(a, int):
        return a // b
    extremum = lone_atom(a, ("min", "max"))
    if extremum is not None and extremum[1] > 0:  # rounding down keeps the order
        kind, factor, parts, rest = extremum
        return extreme(kind, [divide(_sum(_product(part, factor), rest), b) for part in parts])
    constant = dict(a.terms).get((), 0)
    whole = {m: abs(c) // b * (1 if c > 0 else -1) for m, c in a.terms if m}
    varying = {m: c - b * whole[m] for m, c in a.terms if m and c % b}
    quotient = _sum(from_terms(whole), constant // b)
    return _sum(quotient, _divided_rest(varying, constant % b, b)) if varying else quotient


def _divided_rest(varying: Mapping[Monomial, int], constant: int, b: int) -> Size:
    """Return (varying + constant) // b in lowest terms, divisions of divisions as one."""
    factor = gcd(b, *varying.values())
    b //= factor
    a = _sum(from_terms({m: c // factor for m, c in varying.items()}), constant // factor)
    nested = lone_atom(a, ("//",))
    if nested is not None:
        _, count, (inner, divisor), rest = nested
        if count == 1 and isinstance(divisor, int):
            return divide(_sum(inner, _product(rest, divisor)), divisor * b)
    return single("//", (a, b)) if b > 1 else a


@lru_cache(_KEPT)
def remainder(a: Size, b: Size) -> Size:
    """Return a % b."""
    a, b = _plain(a), _plain(b)
    if isinstance(b, SizeExpression):
        return 0 if a == 0 else single("%", (a, b))
    if b == 0:
        raise ShapeError(f"size {a} is divided by 0")
    if b < 0:
        return _product(remainder(_product(a, -1), -b), -1)
    if isinstance(a, int):
        return a % b
    constant = dict(a.terms).get((), 0) % b
    varying = {m: c % b for m, c in a.terms if m and c % b}
    if not varying:
        return constant
    factor = gcd(b, *varying.values())
    reduced = _sum(from_terms({m: c // factor for m, c in varying.items()}), constant // factor)
    rest = single("%", (reduced, b // factor)) if b > factor else 0
    return _sum(_product(rest, factor), constant % factor)


def extreme(kind: str, sizes: Iterable[Size]) -> Size:
    """Return the minimum or maximum of sizes: flat, sorted, without those that never decide.

    A number among them is 0, and added: ``max(n, 1)`` is ``max(n - 1, 0) + 1``, but in text. So sums have one form.
    """
    return _extreme(kind, tuple(sizes))


@lru_cache(_KEPT)
def _extreme(kind: str, sizes: tuple[Size, ...]) -> Size:
    kept: list[Size] = []
    for part in dict.fromkeys(part for size in sizes for part in _flattened(kind, size)):
        if any(_covers(kind, other, part) for other in kept):
            continue
        kept = [other for other in kept if not _covers(kind, part, other)]
        kept.append(part)
        if len(kept) > _PARTS:
            raise BudgetError(f"a {kind} of array sizes grew too large; declare a size of its own for it")
    if not kept:
        raise ShapeError(f"the {kind} of no sizes is not defined; give at least one")
    if len(kept) == 1:
        return kept[0]
    bound = next((part for part in kept if not isinstance(part, SizeExpression)), 0)
    above = [_sum(part, -bound) for part in kept] if bound else kept
    return _sum(single(kind, tuple(sorted(above, key=size_key))), bound)


def _flattened(kind: str, size: Size) -> list[Size]:
    """Return sizes of which `size` is the minimum or maximum."""
    found, pending = [], [size]
    while pending:
        part = pending.pop()
        inner = lone_atom(part, ("min", "max"))
        if inner is None or (inner[0] == kind) != (inner[1] > 0):
            found.append(part)
            continue
        _, factor, content, rest = inner
        pending += [_sum(_product(other, factor), rest) for other in reversed(content)]
    return found


def _covers(kind: str, winner: Size, loser: Size) -> bool:
    """Tell whether `winner` is always chosen over `loser`."""
    return is_nonnegative(_sum(winner, _product(loser, -1)) if kind == "max" else _sum(loser, _product(winner, -1)))


# --- signs ------------------------------------------------------------------------------------------------------------


def is_nonnegative(size: Size) -> bool:
    """Tell whether `size` is provably at least 0, all names being at least 0.

    Divisions, minima and maxima are replaced by what bounds them until only names are left, or the budget is spent.
    """
    if not isinstance(size, SizeExpression):
        return size >= 0
    if size._nonnegative is None:
        object.__setattr__(size, "_nonnegative", _proven_nonnegative(size))
    return bool(size._nonnegative)


def _proven_nonnegative(size: Size) -> bool:
    steps = 0

    def proven(goal: Size) -> bool:
        nonlocal steps
        steps += 1
        if all(c >= 0 and all(map(_atom_nonnegative, monomial)) for monomial, c in terms_of(goal)):
            return True
        if steps > _STEPS:
            return False
        return any(all(proven(bound) for bound in bounds) for bounds in _bounds(goal))

    return proven(size)


def _bounds(size: Size) -> list[list[Size]]:
    """Return lists of sizes without the first bounded atom: `size` is at least 0 if all of any one list are."""
    for monomial, factor in terms_of(size):
        bounded = [place for place, (_, content) in enumerate(monomial) if not isinstance(content, str)]
        if not bounded:
            continue
        kind, content = monomial[bounded[0]]
        assert not isinstance(content, str)
        others = (*monomial[: bounded[0]], *monomial[bounded[0] + 1 :])
        rest = from_terms({m: c for m, c in terms_of(size) if m != monomial})
        if kind in ("min", "max") and all(map(_atom_nonnegative, others)):
            multiple = from_terms({others: factor})
            parts = [_sum(rest, _product(part, multiple)) for part in content]
            return [[part] for part in parts] if (kind == "max") == (factor > 0) else [parts]
        if others or kind in ("min", "max") or not isinstance(content[1], int):
            continue
        dividend, divisor = content
        assert isinstance(divisor, int)
        if kind == "%":
            return [[rest if factor > 0 else _sum(rest, factor * (divisor - 1))]]
        rounded = _sum(dividend, 1 - divisor) if factor > 0 else dividend
        return [[_sum(_product(rest, divisor), _product(rounded, factor))]]
    return []


def _atom_nonnegative(atom: Atom) -> bool:
    kind, content = atom
    if isinstance(content, str):
        return True
    if kind == "%":
        return is_nonnegative(content[1])
    return (any if kind == "max" else all)(map(is_nonnegative, content))
