"""Linear maps in index notation: each a sum of terms, and a term a product of factors.

The terms are found in the order of the computation. That of the argument itself has no factors, and the same indices
on both sides; each operation then adds factors or renames indices, so that a term is made in constant time.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from symbackprop.ir.node import Node, constant
from symbackprop.ir.size import Size

__all__ = ["Factor", "Indices", "Space", "Term"]

Indices = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Factor:
    """An array, or what it is divided by or chosen under, and the indices of its axes.

    Parameters
    ----------
    node : Node
    indices : tuple of int
    role : {"times", "over", "where"}
    """

    node: Node
    indices: Indices
    role: str = "times"


@dataclass(frozen=True, slots=True)
class Term:
    """A term of what a linear map makes of its argument.

    Parameters
    ----------
    own : tuple of int
        The indices of the result's axes.
    argument : tuple of int
        The indices of the argument's axes. An index that is on neither side is summed over.
    factors : nested pairs
        The last factor and those before it, so that terms share what they have in common.
    gone : nested pairs
        The indices that the result has had and lost, likewise.
    negative : bool
    """

    own: Indices
    argument: Indices
    factors: Any = None
    gone: Any = None
    negative: bool = False

    def negated(self) -> Term:
        """Return the term with the other sign."""
        return replace(self, negative=not self.negative)

    def with_factor(self, factor: Factor) -> Term:
        """Return the term times, or over, a further factor."""
        return replace(self, factors=(factor, self.factors))

    def with_own(self, own: Indices) -> Term:
        """Return the term of a result with other axes."""
        gone: Any = self.gone
        for index in self.own:
            if index not in own:
                gone = (index, gone)
        return replace(self, own=own, gone=gone)

    def renamed(self, old: int, new: int) -> Term:
        """Return the term with one index in the place of another."""

        def other(indices: Indices) -> Indices:
            return tuple(new if index == old else index for index in indices)

        factors: Any = None
        for factor in reversed([*unlinked(self.factors)]):
            factors = (replace(factor, indices=other(factor.indices)), factors)
        return replace(self, own=other(self.own), argument=other(self.argument), factors=factors)

    def listed(self) -> list[Factor]:
        """Return the factors in the order in which they came."""
        return [*unlinked(self.factors)][::-1]

    def signed(self) -> list[Factor]:
        """Return the factors, the sign among them."""
        dtype = next((factor.node.dtype for factor in self.listed()), "float64")
        return [*self.listed(), *([Factor(constant(-1, (), dtype), ())] if self.negative else [])]

    def lost(self) -> set[int]:
        """Return the indices that are summed over."""
        return {*unlinked(self.gone)} - {*self.own, *self.argument}


def unlinked(pairs: Any) -> Iterator[Any]:
    """Yield what nested pairs hold, the last first."""
    while pairs is not None:
        item, pairs = pairs
        yield item


@dataclass
class Space:
    """The indices in use, and their sizes."""

    sizes: dict[int, Size] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def fresh(self, shape: Sequence[Size]) -> Indices:
        """Return new indices for axes of these sizes."""
        found = tuple(itertools.islice(self._numbers, len(shape)))
        self.sizes.update(zip(found, shape, strict=True))
        return found
