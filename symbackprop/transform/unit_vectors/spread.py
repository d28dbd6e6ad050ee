"""What a value is for all unit vectors at once: entries, and axes that are tied by Kronecker deltas.

A unit vector is 1 at one place. As long as it has only been scaled, moved or multiplied, what it has become at the axis j
of the value is 0 unless j is the place of the 1: a delta, which is kept as such and not written out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from symbackprop.ir.node import Apply, Const, Node, Shape, constant
from symbackprop.ir.size import product
from symbackprop.ops.arithmetic import mul, neg
from symbackprop.ops.broadcasting import broadcast
from symbackprop.ops.contraction import contract
from symbackprop.ops.creation import eye
from symbackprop.ops.layout import diagonal_matrix

__all__ = ["Spread", "product_of", "repeated", "unit_vectors"]

Ties = tuple[int | None, ...]
_T = TypeVar("_T")


@dataclass(frozen=True)
class Spread:
    """A value for all unit vectors.

    The unit vector that is 1 at ``b`` has become ``core[lead of b, v] * prod(b[ties[i]] == v[i])`` at ``v``, over the axes
    i of the value that are tied.

    Parameters
    ----------
    basis : tuple of Size
        The shape of a unit vector.
    core : Node
        Entries: along the axes of the value, and along those of unit vectors to which none of these is tied.
    ties : tuple of int or None
        For each axis of the value the axis of unit vectors that it is tied to.
    leading : bool
        Whether the axes of unit vectors come before those of the value, or behind them.
    """

    basis: Shape
    core: Node
    ties: Ties
    leading: bool

    @property
    def lead(self) -> tuple[int, ...]:
        """The axes of unit vectors that no axis of the value is tied to."""
        return tuple(axis for axis in range(len(self.basis)) if axis not in self.ties)

    @property
    def lead_shape(self) -> Shape:
        return tuple(self.basis[axis] for axis in self.lead)

    @property
    def offset(self) -> int:
        """Where the first axis of the value is in the core."""
        return len(self.lead) if self.leading else 0

    @property
    def shape(self) -> Shape:
        """The shape of the value."""
        return self.core.shape[self.offset : self.offset + len(self.ties)]

    def arranged(self, lead: Iterable[_T], own: Iterable[_T]) -> tuple[_T, ...]:
        """Return what there is for axes of unit vectors and for those of the value in the order of the core."""
        return (*lead, *own) if self.leading else (*own, *lead)

    def with_core(self, core: Node, ties: Ties | None = None) -> Spread:
        return replace(self, core=core, ties=self.ties if ties is None else ties)

    def tied(self, kept: Iterable[int]) -> Spread:
        """Return the same with no other axes of the value tied than those `kept`."""
        ties = tuple(tie if axis in set(kept) else None for axis, tie in enumerate(self.ties))
        if ties == self.ties:
            return self
        freed = [axis for axis, tie in enumerate(self.ties) if tie != ties[axis]]
        lead = [axis for axis in range(len(self.basis)) if axis not in ties]
        own = range(len(self.basis), len(self.basis) + len(ties))
        return self.with_core(self._written_out(freed, self.arranged(lead, own)), ties)

    def whole(self) -> Node:
        """Return all entries."""
        count = len(self.basis)
        freed = [axis for axis, tie in enumerate(self.ties) if tie is not None]
        return self._written_out(freed, self.arranged(range(count), range(count, count + len(self.ties))))

    def turned(self) -> Spread:
        """Return the same with the axes of unit vectors on the other side."""
        count = len(self.basis)
        own = range(count, count + len(self.ties))
        there = replace(self, leading=not self.leading)
        return replace(there, core=self._written_out((), there.arranged(self.lead, own)))

    def total(self) -> Node:
        """Return the sum over all unit vectors: over an axis that is tied it has one term."""
        own = tuple(range(len(self.basis), len(self.basis) + len(self.ties)))
        return product_of([(self.core, self.arranged(self.lead, own))], own)

    def trace(self) -> Node:
        """Return the sum over all unit vectors of the entry where they are 1, of a value of their shape."""
        kept = self.tied([axis for axis, tie in enumerate(self.ties) if tie == axis])
        own = [axis if size != 1 else len(self.basis) + axis for axis, size in enumerate(self.basis)]
        return product_of([(kept.core, kept.arranged(kept.lead, own))], ())

    def _written_out(self, freed: Sequence[int], output: tuple[int, ...]) -> Node:
        """Return entries with some deltas as identity matrices; axes are numbered, of unit vectors first."""
        core, count = self.core, len(self.basis)
        if isinstance(core, Apply) and core.op is neg:
            return neg(self.with_core(core.args[0])._written_out(freed, output))
        if freed and core.rank == 1 and not isinstance(core, Const):
            return diagonal_matrix(core)
        own = list(range(count, count + len(self.ties)))
        deltas: list[tuple[Node, tuple[int, ...]]] = []
        for axis in freed:
            tie, size = self.ties[axis], self.shape[axis]
            assert tie is not None
            pair = sorted((tie, count + axis), key=output.index)
            deltas.append((eye(rows=size, columns=size, k=0, dtype=core.dtype), tuple(pair)))
            own[axis] = pair[0]  # as entries off the diagonal are 0, they may be numbered by either
        return product_of([(core, self.arranged(self.lead, own)), *deltas], output)


def unit_vectors(basis: Shape, dtype: str, *, leading: bool) -> Spread:
    """Return the unit vectors of a shape; an axis of size 1 has one place, and needs no delta."""
    ties = tuple(None if size == 1 else axis for axis, size in enumerate(basis))
    ones = tuple(size for size, tie in zip(basis, ties, strict=True) if tie is None)
    shape = (*ones, *basis) if leading else (*basis, *ones)
    return Spread(basis, constant(1, shape, dtype), ties, leading)


def product_of(factors: Sequence[tuple[Node, tuple[int, ...]]], output: tuple[int, ...]) -> Node:
    """Return the sum, over all indices that are not in `output`, of the product of `factors`, some of them constant."""
    if len(factors) == 1 and isinstance(factors[0][0], Apply) and factors[0][0].op is neg:
        ((negative, indices),) = factors
        return neg(product_of([(negative.args[0], indices)], output))
    arrays = [(node, indices) for node, indices in factors if not isinstance(node, Const)]
    present = {index for _, indices in arrays for index in indices}
    sizes = {index: size for node, indices in factors for index, size in zip(indices, node.shape, strict=True)}
    numbers = [node.value for node, _ in factors if isinstance(node, Const) and node.value != 1]
    repeats = product([size for index, size in sizes.items() if index not in present and index not in output])
    numbers += [] if repeats == 1 else [repeats]
    dtype = factors[0][0].dtype
    if not arrays:
        shape = tuple(sizes[index] for index in output)
        found: Node = constant(numbers[0] if numbers else 1, shape, dtype)
        numbers = numbers[1:]
    else:
        found = contract([node for node, _ in arrays], [indices for _, indices in arrays], output, sizes)
    for number in numbers:
        found = mul(constant(number, (), dtype), found)
    return found


def repeated(x: Node, like: Spread) -> Node:
    """Return `x`, the same for all unit vectors, with their axes as in another value."""
    if not like.lead:
        return x
    shape = like.arranged(like.lead_shape, x.shape)
    if isinstance(x, Const):
        return constant(x.value, shape, x.dtype)
    return broadcast(x, shape=shape, axes=tuple(range(like.offset, like.offset + x.rank)))
