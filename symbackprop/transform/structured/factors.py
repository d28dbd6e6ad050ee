"""Which factors a linear map in index notation leaves: those of a diagonal, of an outer product, of blocks, of sums of these.

In a term, factors that share an index which only they have belong together and become one array. What then spans all axes
of the result is the dense array itself, and there is no structure to be had. Sums of products stay apart where the
factors on both sides are the same, ``X.T @ (s[:, None] * X)``, or where the sizes say that the rank is low.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from keyword import iskeyword

from symbackprop.ir.factored import Factored, Product
from symbackprop.ir.node import Node, constant
from symbackprop.ir.size import Size, product
from symbackprop.ir.size import names as names_in
from symbackprop.ops.arithmetic import add, neg
from symbackprop.ops.broadcasting import broadcast_to
from symbackprop.transform.structured.operands import connected, indices_of, made, peeled
from symbackprop.transform.structured.terms import Factor, Indices, Space, Term

__all__ = ["Axes", "factored"]

_MOST = 4  # terms of a structure
_LETTERS = {
    "scalar": "scab", "diagonal": "dhg", "between": "cwt", "left matrix": "UPL", "right matrix": "VQR", "matrix": "ABC",
    "left": "upa", "right": "vqb",
}  # fmt: skip

Axes = Callable[[Term], Indices]  # of the array: the result's and the argument's in the one order or the other
Operands = tuple[Factor, ...]


@dataclass(frozen=True, slots=True)
class _Made:
    """A term whose factors are arrays; its axes have the indices 0, 1, ... in the order in which they first come."""

    axes: Indices
    operands: Operands
    negative: bool

    @property
    def product(self) -> Product:
        return self.numbered([operand.node for operand in self.operands])

    def numbered(self, nodes: Sequence[Node]) -> Product:
        """Return the term with the numbers of nodes for these."""
        operands = tuple((nodes.index(operand.node), operand.indices) for operand in self.operands)
        return Product(self.axes, operands, self.negative)

    @property
    def varying(self) -> Factor | None:
        """The operand that may be another in terms that are added to this one: all of a diagonal, or the only array."""
        if self.product.is_diagonal or (len(self.operands) == 1 and self.operands[0].indices):
            return next(iter(self.operands), None)
        return next((operand for operand in self.operands if set(operand.indices).isdisjoint(self.axes)), None)


def factored(
    terms: Sequence[Term], axes: Axes, shape: tuple[Size, ...], dtype: str, space: Space, named: Mapping[Node, str]
) -> tuple[Factored, list[Node]] | None:
    """Return how an array is made of factors, and these; None where it is the dense one that is to be made."""
    found = _merged([_Maker(term, axes(term), space, dtype).made() for term in terms], dtype)
    if len(found) > _MOST or any(term.product.kind == "dense" for term in found):
        return None
    nodes = list(dict.fromkeys(operand.node for term in found for operand in term.operands))
    names = _names(found, {name for size in shape for name in names_in(size)}, named)
    return Factored(tuple(names[node] for node in nodes), shape, tuple(term.numbered(nodes) for term in found)), nodes


def _names(terms: Sequence[_Made], taken: set[str], named: Mapping[Node, str]) -> dict[Node, str]:
    """Return what the factors are called: as in the formula, or by the letters that the field has for them."""
    names: dict[Node, str] = {}
    foreign = {*named.values()}
    for term in terms:
        for operand in term.operands:
            if operand.node not in names:
                letters = _LETTERS[_role(operand, term)]
                numbered = (f"{letters[0]}{number}" for number in count(2))
                own = named.get(operand.node, "")
                others = (letter for letter in chain(letters, numbered) if letter not in foreign)
                names[operand.node] = next(x for x in chain([own], others) if _is_free(x, taken))
                taken.add(names[operand.node])
    return names


def _is_free(name: str, taken: set[str]) -> bool:
    return name not in taken and name != "np" and name.isidentifier() and not iskeyword(name)


def _role(operand: Factor, term: _Made) -> str:
    if not operand.indices:
        return "scalar"
    if term.product.is_diagonal:
        return "diagonal"
    if set(operand.indices).isdisjoint(term.axes):
        return "between"
    side = "left" if term.axes[0] in operand.indices else "right"
    if term.product.kind == "low rank":
        return f"{side} matrix"
    return "matrix" if len(operand.indices) > 1 else side


class _Maker:
    """Makes the factors of a term into arrays."""

    def __init__(self, term: Term, axes: Indices, space: Space, dtype: str) -> None:
        self._term, self._axes, self._space, self._dtype = term, axes, space, dtype
        self._sign, factors = peeled(term.listed())
        self._repeated = {index for index in axes if axes.count(index) > 1}
        known = {index for factor in factors for index in factor.indices}
        times = [space.sizes[index] for index in sorted(term.lost() - known)]  # what is added up though it is the same
        factors += [Factor(constant(size, (), dtype), ()) for size in times if size != 1]
        self._scale: list[Factor] = []  # what has no axis of its own
        self._parts: list[list[Factor]] = []
        for group in connected(factors, self._repeated):
            if self._free(group):
                self._parts.append(group)
            else:
                self._scale.append(self._joined(group))
        self._parts.sort(key=self._first_axis)

    def made(self) -> _Made:
        """Return the term with arrays for factors."""
        if self._repeated and self._repeated == set(self._axes):
            operands = self._on_diagonal()
        else:
            operands = [*self._within_parts()]
        numbers: dict[int, int] = {}
        for index in (*self._axes, *indices_of(operands)):
            numbers.setdefault(index, len(numbers))
        renamed = [replace(x, indices=tuple(numbers[index] for index in x.indices)) for x in operands]
        axes = tuple(numbers[index] for index in self._axes)
        return _Made(axes, tuple(renamed), self._term.negative != self._sign)

    def _free(self, factors: Sequence[Factor]) -> list[int]:
        """Return the indices of axes that no other axis repeats."""
        return [index for index in indices_of(factors) if index in self._axes and index not in self._repeated]

    def _first_axis(self, factors: Sequence[Factor]) -> int:
        return min(self._axes.index(index) for index in self._free(factors))

    def _joined(self, factors: Sequence[Factor], kept: Sequence[int] = ()) -> Factor:
        """Return one array for factors, whose axes are those of the result and those that are to be `kept`."""
        order = [index for index in indices_of(factors) if index in self._axes or index in kept]
        if not all(factor.indices == tuple(order) for factor in factors[:1]):
            order.sort(key=lambda index: self._axes.index(index) if index in self._axes else -1)
        return Factor(made(factors, tuple(order), self._space, self._dtype), tuple(order))

    def _on_diagonal(self) -> list[Factor]:
        if not self._scale:
            return []
        every = tuple(dict.fromkeys(self._axes)) if indices_of(self._scale) else ()
        return [Factor(made(self._scale, every, self._space, self._dtype), every)]

    def _within_parts(self) -> list[Factor]:
        """Return the arrays of the parts, and the scale: in one of them that has no twin, if there is one."""
        scale = self._scale
        found: list[tuple[list[Factor], Factor]] = []
        for part in self._parts:
            apart = self._apart(part, scale)
            if apart is None:
                found.append((part, self._joined(part)))
            else:
                operands, scale = apart
                found += [([], operand) for operand in operands]
        nodes = [operand.node for _, operand in found]
        for place, (part, operand) in enumerate(found):
            if part and scale and nodes.count(operand.node) == 1:
                found[place] = part, self._joined([*scale, *part])
                scale = []
        return [*([self._joined(scale)] if scale else []), *(operand for _, operand in found)]

    def _apart(self, part: Sequence[Factor], scale: list[Factor]) -> tuple[list[Factor], list[Factor]] | None:
        """Return the factors of a sum of products that is to stay one, and what is left of the scale; None of any other.

        It stays one where it is of few products, or has the same factor on both sides.
        """
        inner = {index for index in indices_of(part) if index not in self._axes}
        groups = connected(part, inner | self._repeated)
        sides = sorted((group for group in groups if self._free(group)), key=self._first_axis)
        if not inner or len(sides) != 2:
            return None
        between = [factor for group in groups if not self._free(group) for factor in group]
        shared = [index for index in inner if sum(index in indices_of(x) for x in (*sides, between)) > 1]
        left, right = (self._joined(side, shared) for side in sides)
        own, other = (self._free([side]) for side in (left, right))
        called = dict(zip(own, other, strict=False))
        if left.node is right.node and right.indices == tuple(called.get(index, index) for index in left.indices):
            return ([left, self._joined([*scale, *between], shared), right], []) if between else ([left, right], scale)
        rank, *sizes = (self._size(indices) for indices in (shared, own, other))
        if rank is None or not all(size is not None and rank < size for size in sizes):
            return None
        return [self._joined([*scale, *sides[0], *between], shared), right], []

    def _size(self, indices: Sequence[int]) -> int | None:
        size = product(self._space.sizes[index] for index in indices)
        return size if isinstance(size, int) else None


def _merged(terms: Sequence[_Made], dtype: str) -> list[_Made]:
    """Return the terms with those added that differ in one array only, what is diagonal first."""
    groups: dict[object, list[_Made]] = {}
    for term in terms:
        groups.setdefault(_alike(term), []).append(term)
    found = [group[0] if len(group) == 1 else _added(group, dtype) for group in groups.values()]
    return sorted(found, key=lambda term: not term.product.is_diagonal)


def _alike(term: _Made) -> object:
    """Return what terms have in common that can be added: the axes, and what does not vary in them."""
    varying = term.varying
    fixed = tuple((operand.node, operand.indices) for operand in term.operands if operand is not varying)
    place = varying.indices if varying is not None and not fixed and not term.product.is_diagonal else None
    return term.axes, fixed, place


def _added(terms: Sequence[_Made], dtype: str) -> _Made:
    """Return the sum of terms that are alike: of what varies in them, which is 1 where it is left out."""
    varying = [term.varying or Factor(constant(1, (), dtype), ()) for term in terms]
    widest = max(varying, key=lambda operand: len(operand.indices))
    negative = all(term.negative for term in terms)
    nodes = [broadcast_to(operand.node, widest.node.shape) for operand in varying]
    signed = [neg(x) if term.negative and not negative else x for x, term in zip(nodes, terms, strict=True)]
    fixed = [operand for operand in terms[0].operands if operand is not terms[0].varying]
    at = 1 if fixed and widest.indices else 0  # a diagonal matrix stands between the two that it scales
    return _Made(terms[0].axes, (*fixed[:at], replace(widest, node=add(*signed)), *fixed[at:]), negative)
