"""Array sizes: integers, and integer expressions over named sizes in one normal form.

A `SizeExpression` is a polynomial with integer coefficients over atoms: named sizes, opaque sizes (a count that a node
defines), and floor divisions, remainders, minima and maxima of sizes (`ir.polynomial` holds its arithmetic). Equal
normal forms are one object. Named sizes are at least 0, and distinct names never unify. What is constant is a plain
``int``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from symbackprop.errors import ShapeError
from symbackprop.ir.polynomial import (
    Atom,
    Monomial,
    Size,
    SizeExpression,
    divide,
    extreme,
    from_terms,
    is_nonnegative,
    remainder,
    single,
    terms_of,
)

__all__ = [
    "Size",
    "SizeExpression",
    "at_least",
    "ceil_div",
    "evaluate",
    "exact_division",
    "has_opaque",
    "is_negative",
    "is_nonnegative",
    "known_equal",
    "maximum",
    "may_be_equal",
    "minimum",
    "named",
    "names",
    "opaque",
    "product",
    "shape_text",
    "substitute",
    "to_text",
]


# --- making sizes -----------------------------------------------------------------------------------------------------


def named(name: str) -> SizeExpression:
    """Return the size called `name`."""
    return single("name", name)


def opaque(name: str) -> SizeExpression:
    """Return a size that a node defines when it runs."""
    return single("opaque", name)


def minimum(*sizes: Size) -> Size:
    """Return the smallest of `sizes`.

    Examples
    --------
    >>> n = named("n")
    >>> minimum(n + 1, n), minimum(3, n, 5)
    (n, min(n, 3))
    """
    return extreme("min", sizes)


def maximum(*sizes: Size) -> Size:
    """Return the largest of `sizes`.

    Examples
    --------
    >>> n = named("n")
    >>> maximum(n, 0), maximum(n - 1, 0)
    (n, max(n - 1, 0))
    """
    return extreme("max", sizes)


def ceil_div(a: Size, b: Size) -> Size:
    """Return a / b rounded up, for b of at least 1."""
    return (a + (b - 1)) // b


def product(sizes: Iterable[Size]) -> Size:
    """Return the product of `sizes`; 1 for none."""
    total: Size = 1
    for size in sizes:
        total = total * size
    return total


# --- deciding ---------------------------------------------------------------------------------------------------------


def known_equal(a: Size, b: Size) -> bool | None:
    """Return whether two sizes are equal, or None where that depends on the names."""
    difference = a - b
    return difference == 0 if isinstance(difference, int) else None


def is_negative(size: SizeExpression) -> bool:
    """Tell whether every term of `size` has a minus before it.

    Examples
    --------
    >>> n = named("n")
    >>> is_negative(-1 * n), is_negative(1 - n)
    (True, False)
    """
    return all(coefficient < 0 for _, coefficient in size.terms)


def may_be_equal(a: Size, b: Size) -> bool:
    """Tell whether sizes are equal once each minimum and maximum in them is one of its parts.

    Names never unify, so this is so only where a clipped bound is meant to fit: whether it does is to be checked.

    Examples
    --------
    >>> n, m = named("n"), named("m")
    >>> may_be_equal(maximum(n - 1, 0), n - 1), may_be_equal(minimum(n, 3), 3), may_be_equal(n, m)
    (True, True, False)
    """
    waiting = [a - b]
    if has_opaque(waiting[0]):
        return False
    for _ in range(_CHOICES):
        if not waiting:
            return False
        size = waiting.pop()
        if isinstance(size, int):
            if size == 0:
                return True
            continue
        clipped = next((atom for monomial, _ in size.terms for atom in monomial if atom[0] in ("min", "max")), None)
        if clipped is not None:
            waiting.extend(_replaced(size, clipped, part) for part in clipped[1] if not isinstance(part, str))
    return False


_CHOICES = 64  # of parts of minima and maxima that are tried


def _replaced(size: SizeExpression, atom: Atom, part: Size) -> Size:
    total: Size = 0
    for monomial, coefficient in size.terms:
        total = total + coefficient * product(part if factor == atom else single(*factor) for factor in monomial)
    return total


@lru_cache(2048)
def exact_division(a: Size, b: Size) -> Size | None:
    """Return the polynomial q with q*b = a, or None where there is none.

    Examples
    --------
    >>> n, d = named("n"), named("d")
    >>> exact_division(n*d + d, n + 1)
    d
    """
    divisor = terms_of(b)
    if not divisor:
        return None
    (lead, leading) = divisor[0]
    quotient: Size = 0
    while a != 0:  # long division: the leading monomial falls with every step
        monomial, coefficient = terms_of(a)[0]
        missing = _without(monomial, lead)
        if missing is None or coefficient % leading:
            return None
        term = from_terms({missing: coefficient // leading})
        quotient = quotient + term
        a = a - term * b
    return quotient


def _without(monomial: Monomial, factors: Monomial) -> Monomial | None:
    """Return what is left of a product without some of its factors, None if one is not there."""
    rest = list(monomial)
    for atom in factors:
        if atom not in rest:
            return None
        rest.remove(atom)
    return tuple(rest)


# --- names and values -------------------------------------------------------------------------------------------------


def names(size: Size) -> tuple[str, ...]:
    """Return the named and opaque sizes in `size`, sorted."""
    found: set[str] = set()
    pending = [size]
    while pending:
        for monomial, _ in terms_of(pending.pop()):
            for _, content in monomial:
                if isinstance(content, str):
                    found.add(content)
                else:
                    pending.extend(content)
    return tuple(sorted(found))


def has_opaque(size: Size) -> bool:
    """Tell whether `size` depends on one that a node defines when it runs."""
    pending = [size]
    while pending:
        for monomial, _ in terms_of(pending.pop()):
            for kind, content in monomial:
                if kind == "opaque":
                    return True
                if not isinstance(content, str):
                    pending.extend(content)
    return False


def substitute(size: Size, values: Mapping[str, Size]) -> Size:
    """Return `size` with names and opaque sizes replaced; those without a value stay."""
    total: Size = 0
    for monomial, coefficient in terms_of(size):
        term: Size = coefficient
        for atom in monomial:
            term = term * _substituted(atom, values)
        total = total + term
    return total


def _substituted(atom: Atom, values: Mapping[str, Size]) -> Size:
    kind, content = atom
    if isinstance(content, str):
        return values[content] if content in values else single(kind, content)
    parts = [substitute(part, values) for part in content]
    if kind in ("min", "max"):
        return extreme(kind, parts)
    return divide(*parts) if kind == "//" else remainder(*parts)


def at_least(size: Size, bounds: Mapping[str, int]) -> Size:
    """Return `size` in the plainer form that it has where names are at least as large as their `bounds`.

    Examples
    --------
    >>> n = named("n")
    >>> at_least(maximum(n - 1, 0), {"n": 1})
    n - 1
    """
    known = {name: bound for name, bound in bounds.items() if name in names(size)}
    if not known:
        return size
    above = substitute(size, {name: named(name) + bound for name, bound in known.items()})
    return substitute(above, {name: named(name) - bound for name, bound in known.items()})


def evaluate(size: Size, values: Mapping[str, int]) -> int:
    """Return `size` as a number.

    Raises
    ------
    ShapeError
        If a name has no value, or a divisor is 0.
    """
    if isinstance(size, int):
        return size
    missing = [name for name in names(size) if name not in values]
    if missing:
        raise ShapeError(f"size {missing[0]!r} of {size} has no value; give one for each of {', '.join(names(size))}")
    result = substitute(size, values)
    if not isinstance(result, int):
        raise ShapeError(f"the sizes in {size} are given as {result}; evaluation needs integers")
    return result


# --- text -------------------------------------------------------------------------------------------------------------


def to_text(size: Size) -> str:
    """Return Python text that evaluates to `size` where its names are integers."""
    return str(size)


def shape_text(shape: Iterable[Size]) -> str:
    """Return a shape in Python's syntax of tuples."""
    sizes = [to_text(size) for size in shape]
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"
