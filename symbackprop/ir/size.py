"""Array sizes: integers, and integer expressions over named sizes in one normal form.

A `SizeExpression` is a polynomial with integer coefficients over atoms: named sizes, opaque sizes (a count that a node
defines), and floor divisions, remainders, minima and maxima of sizes. Equal polynomials are one object. Named sizes
are at least 0, and distinct names never unify. What is constant is a plain ``int``.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterable, Mapping

from symbackprop.errors import ShapeError

__all__ = [
    "Size",
    "SizeExpression",
    "ceil_div",
    "evaluate",
    "exact_division",
    "is_nonnegative",
    "known_equal",
    "maximum",
    "minimum",
    "named",
    "names",
    "opaque",
    "product",
    "shape_text",
    "substitute",
    "to_text",
]

Atom = tuple[
    str, object
]  # ("name", "n"), ("opaque", "k1"), ("//", (a, b)), ("%", (a, b)), ("min", sizes), ("max", sizes)
Monomial = tuple[Atom, ...]  # sorted, with repetition; () is the constant term
Terms = tuple[tuple[Monomial, int], ...]

_table: weakref.WeakValueDictionary[Terms, SizeExpression] = weakref.WeakValueDictionary()
_lock = threading.Lock()


class SizeExpression:
    """A size that is not a constant; see the module's docstring for the normal form."""

    __slots__ = ("__weakref__", "_key", "_terms")
    _terms: Terms
    _key: tuple[object, ...]

    @property
    def is_name(self) -> bool:
        """Whether the size is a name alone."""
        return len(self._terms) == 1 and self._terms[0][1] == 1 and [atom[0] for atom in self._terms[0][0]] == ["name"]

    def __add__(self, other: Size) -> Size:
        return _from_dict(_sum(_terms(self), _terms(other)))

    __radd__ = __add__

    def __neg__(self) -> Size:
        return self * -1

    def __sub__(self, other: Size) -> Size:
        return self + other * -1

    def __rsub__(self, other: Size) -> Size:
        return self * -1 + other

    def __mul__(self, other: Size) -> Size:
        totals: dict[Monomial, int] = {}
        for left, a in _terms(self):
            for right, b in _terms(other):
                monomial = tuple(sorted((*left, *right), key=_atom_key))
                totals[monomial] = totals.get(monomial, 0) + a * b
        return _from_dict(totals)

    __rmul__ = __mul__

    def __floordiv__(self, other: Size) -> Size:
        return _divide(self, other)

    def __rfloordiv__(self, other: int) -> Size:
        return _divide(other, self)

    def __mod__(self, other: Size) -> Size:
        return _remainder(self, other)

    def __rmod__(self, other: int) -> Size:
        return _remainder(other, self)

    def __lt__(self, other: Size) -> bool:
        return _order(self) < _order(other)

    def __str__(self) -> str:
        return to_text(self)

    __repr__ = __str__

    def __reduce__(self) -> tuple[object, ...]:
        return _make, (self._terms,)


Size = int | SizeExpression


def named(name: str) -> SizeExpression:
    """Return the size called `name`."""
    return _make((((("name", name),), 1),))


def opaque(name: str) -> SizeExpression:
    """Return a size that a node defines when it runs."""
    return _make((((("opaque", name),), 1),))


def minimum(*sizes: Size) -> Size:
    """Return the smallest of `sizes`."""
    return _extreme("min", sizes)


def maximum(*sizes: Size) -> Size:
    """Return the largest of `sizes`."""
    return _extreme("max", sizes)


def ceil_div(a: Size, b: int) -> Size:
    """Return a / b rounded up."""
    return (a + (b - 1)) // b


def product(sizes: Iterable[Size]) -> Size:
    """Return the product of `sizes`."""
    total: Size = 1
    for size in sizes:
        total = total * size
    return total


def is_nonnegative(size: Size) -> bool:
    """Tell whether `size` is provably at least 0."""
    if isinstance(size, int):
        return size >= 0
    return all(c >= 0 and all(_atom_nonnegative(atom) for atom in monomial) for monomial, c in size._terms)


def known_equal(a: Size, b: Size) -> bool | None:
    """Return whether two sizes are equal, or None where that depends on the names."""
    if a is b or a == b:
        return True
    difference = a - b
    return difference == 0 if isinstance(difference, int) else None


def exact_division(a: Size, b: Size) -> Size | None:
    """Return the polynomial q with q*b = a, or None where there is none."""
    if isinstance(b, int):
        if b == 0 or any(c % b for _, c in _terms(a)):
            return None
        return _from_dict({m: c // b for m, c in _terms(a)})
    terms = _terms(b)
    if len(terms) != 1:
        return 1 if a == b else None
    (divisor, coefficient) = terms[0]
    quotient: dict[Monomial, int] = {}
    for monomial, c in _terms(a):
        rest = list(monomial)
        for atom in divisor:
            if atom not in rest:
                return None
            rest.remove(atom)
        if c % coefficient:
            return None
        quotient[tuple(rest)] = c // coefficient
    return _from_dict(quotient)


def names(size: Size) -> tuple[str, ...]:
    """Return the named and opaque sizes in `size`, sorted."""
    found: set[str] = set()
    stack = [size]
    while stack:
        for monomial, _ in _terms(stack.pop()):
            for kind, content in monomial:
                if kind in ("name", "opaque"):
                    found.add(str(content))
                else:
                    stack.extend(content)  # type: ignore[arg-type]
    return tuple(sorted(found))


def substitute(size: Size, values: Mapping[str, Size]) -> Size:
    """Return `size` with names replaced."""
    total: Size = 0
    for monomial, coefficient in _terms(size):
        term: Size = coefficient
        for kind, content in monomial:
            if kind == "name":
                value = values.get(str(content), named(str(content)))
            elif kind == "opaque":
                value = values.get(str(content), opaque(str(content)))
            else:
                value = _apply(kind, [substitute(part, values) for part in content])  # type: ignore[attr-defined]
            term = term * value
        total = total + term
    return total


def evaluate(size: Size, values: Mapping[str, int]) -> int:
    """Return `size` as a number.

    Raises
    ------
    ShapeError
        If a name has no value.
    """
    missing = [name for name in names(size) if name not in values]
    if missing:
        raise ShapeError(f"size {missing[0]!r} of {size} has no value; give one for each of {', '.join(names(size))}")
    result = substitute(size, values)
    assert isinstance(result, int)
    return result


def to_text(size: Size) -> str:
    """Return Python text that evaluates to `size` where its names are integers."""
    if isinstance(size, int):
        return str(size)
    text = ""
    for monomial, coefficient in sorted(size._terms, key=lambda term: (not term[0], term[1] < 0)):
        factors = "*".join(_atom_text(atom, len(monomial) > 1 or abs(coefficient) != 1) for atom in monomial)
        body = (
            factors
            if abs(coefficient) == 1 and monomial
            else f"{abs(coefficient)}*{factors}"
            if monomial
            else str(abs(coefficient))
        )
        text += (" - " if coefficient < 0 else " + ") + body
    return "-" + text[3:] if text.startswith(" - ") else text[3:]


def shape_text(shape: Iterable[Size]) -> str:
    """Return a shape in Python's syntax of tuples."""
    sizes = [to_text(size) for size in shape]
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"


# --- the normal form --------------------------------------------------------------------------------------------------


def _terms(size: Size) -> Terms:
    if isinstance(size, SizeExpression):
        return size._terms
    return (((), int(size)),) if size else ()


def _sum(a: Terms, b: Terms) -> dict[Monomial, int]:
    totals = dict(a)
    for monomial, coefficient in b:
        totals[monomial] = totals.get(monomial, 0) + coefficient
    return totals


def _from_dict(totals: dict[Monomial, int]) -> Size:
    terms = tuple(sorted(((m, c) for m, c in totals.items() if c), key=_term_key))
    if not terms:
        return 0
    if len(terms) == 1 and not terms[0][0]:
        return terms[0][1]
    return _make(terms)


def _make(terms: Terms) -> SizeExpression:
    with _lock:
        known = _table.get(terms)
        if known is None:
            known = SizeExpression()
            known._terms = terms
            _table[terms] = known
        return known


def _term_key(term: tuple[Monomial, int]) -> tuple[object, ...]:
    monomial, coefficient = term
    return (-len(monomial), [_atom_key(atom) for atom in monomial], coefficient)


def _atom_key(atom: Atom) -> tuple[str, str]:
    kind, content = atom
    return (kind, content if isinstance(content, str) else ",".join(to_text(part) for part in content))  # type: ignore


def _order(size: Size) -> tuple[object, ...]:
    return (isinstance(size, SizeExpression), size if isinstance(size, int) else 0, to_text(size))


def _atom_nonnegative(atom: Atom) -> bool:
    kind, content = atom
    if kind in ("name", "opaque", "%"):
        return True
    if kind == "max":
        return any(is_nonnegative(part) for part in content)  # type: ignore[attr-defined]
    return all(is_nonnegative(part) for part in content)  # type: ignore[attr-defined]


def _atom_text(atom: Atom, inside: bool) -> str:
    kind, content = atom
    if isinstance(content, str):
        return content
    parts = [to_text(part) for part in content]  # type: ignore[attr-defined]
    if kind in ("min", "max"):
        return f"{kind}({', '.join(parts)})"
    left, right = (part if part.isalnum() else f"({part})" for part in parts)
    text = f"{left}{kind}{right}" if kind == "//" else f"{left} % {right}"
    return f"({text})" if inside or kind == "%" else text


def _single(kind: str, content: object) -> SizeExpression:
    return _make(((((kind, content),), 1),))


def _apply(kind: str, parts: list[Size]) -> Size:
    if kind == "//":
        return _divide(*parts)
    if kind == "%":
        return _remainder(*parts)
    return _extreme(kind, parts)


def _divide(a: Size, b: Size) -> Size:
    if isinstance(b, int):
        if b == 0:
            raise ShapeError(f"size {a} is divided by 0")
        if isinstance(a, int):
            return a // b
        whole = {m: c // b for m, c in a._terms if c % b == 0}
        rest = _from_dict({m: c for m, c in a._terms if c % b})
        if isinstance(rest, int):
            return _from_dict(whole) + rest // b
        constant = dict(rest._terms).get((), 0)
        shift = constant // b if b > 0 else 0
        return _from_dict(whole) + shift + _single("//", (rest - shift * b, b))
    return _single("//", (a, b))


def _remainder(a: Size, b: Size) -> Size:
    if isinstance(b, int):
        if b == 0:
            raise ShapeError(f"size {a} is divided by 0")
        if isinstance(a, int):
            return a % b
        reduced = _from_dict({m: c % b for m, c in a._terms})
        return reduced % b if isinstance(reduced, int) else _single("%", (reduced, b))
    return _single("%", (a, b))


def _extreme(kind: str, sizes: Iterable[Size]) -> Size:
    parts: list[Size] = []
    for size in sizes:
        terms = _terms(size)
        if len(terms) == 1 and terms[0][1] == 1 and len(terms[0][0]) == 1 and terms[0][0][0][0] == kind:
            parts.extend(terms[0][0][0][1])  # type: ignore[arg-type]
        else:
            parts.append(size)
    kept: list[Size] = []
    for part in dict.fromkeys(parts):
        if any(_covers(kind, other, part) for other in kept):
            continue
        kept = [other for other in kept if not _covers(kind, part, other)]
        kept.append(part)
    if len(kept) == 1:
        return kept[0]
    return _single(kind, tuple(sorted(kept, key=_order)))


def _covers(kind: str, winner: Size, loser: Size) -> bool:
    """Tell whether `winner` is always chosen over `loser`."""
    return is_nonnegative(winner - loser if kind == "max" else loser - winner)
