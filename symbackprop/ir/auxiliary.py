"""Several results of which the first is differentiated: as a pair of the value and what is returned beside it.

Of two results the second is what is beside the value; of more, a tuple of the others is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from symbackprop.errors import UnsupportedError
from symbackprop.ir.packing import Pack, Packed, leaf_names
from symbackprop.ir.records import Records
from symbackprop.ir.signature import Nest, Structure

__all__ = ["Results", "parted", "returned_records"]

_T = TypeVar("_T")
_SEQUENCES = ("tuple", "list")


@dataclass(frozen=True, slots=True)
class Results:
    """How some results are nested: those of a function in NumPy as they are packed, those of a formula as its text nests them.

    Parameters
    ----------
    structure : Nest or None
    packed : Packed
        The leaves are numbered as all results are; None where `structure` says it all.
    """

    structure: Structure
    packed: Packed = None

    @property
    def count(self) -> int:
        """How many arrays there are."""
        if self.packed is not None:
            return sum(1 for _ in leaf_names(self.packed))
        return _count(self.structure)


def parted(results: Results) -> tuple[Results, Results]:
    """Return the first of several results, which is differentiated, and what is beside it.

    Raises
    ------
    UnsupportedError
        If there are not several; it says what there is instead.
    """
    structure, packed = results.structure, results.packed
    kind: str = ""
    items: tuple[Any, ...] = ()
    if isinstance(packed, Pack):
        kind, items = packed.kind, packed.items
    elif packed is None and isinstance(structure, Nest):
        kind, items = "tuple", structure.items
    if kind not in _SEQUENCES or len(items) < 2:
        found = "a dict" if kind == "dict" else "one result"
        raise UnsupportedError(
            f"has_aux=True wants several results, of which the first is differentiated, and there is {found}: "
            "return (loss, aux), or leave has_aux out"
        )
    rest = items[1:]
    if not isinstance(packed, Pack):
        return Results(items[0]), Results(_alone(rest, Nest(tuple, rest)))
    first = None if isinstance(items[0], str) else Nest(tuple, (None,) * Results(None, items[0]).count)
    behind = _alone(rest, Pack("tuple", tuple(range(len(rest))), rest))
    return Results(first, items[0]), Results(None, behind)


def _count(structure: Structure) -> int:
    """Return how many results a nest holds; nests are as deep as a person writes them, so this may recurse."""
    return 1 if structure is None else sum(_count(item) for item in structure.items)


def returned_records(
    records: Records | None, derivatives: int, others: int, *, with_value: bool, has_aux: bool, finite: bool
) -> Records | None:
    """Return what is a named tuple in what a function returns, given what is one in the values.

    Parameters
    ----------
    records : Records or None
    derivatives : int
        How many results are nested as the values that are differentiated are.
    others : int
        How many derivatives there are that are nested otherwise.
    with_value, has_aux, finite : bool
        Whether the values are returned before these, whether something is beside them, and whether a flag is behind all.
    """
    if records is None:
        return None
    value: Records | None = records
    rest: Records | None = None
    if has_aux:
        value, *items = records.items
        rest = _alone(items, Records(None, tuple(items)))
    first = [Records(None, (value, rest)) if has_aux else value] if with_value else []
    last = [rest] if has_aux and not with_value else []
    parts = (*first, *[value] * derivatives, *[None] * others, *last, *[None] * finite)
    return parts[0] if len(parts) == 1 else Records(None, parts)


def _alone(items: Sequence[_T], several: _T) -> _T:
    """Return the only item, or what stands for several."""
    return items[0] if len(items) == 1 else several
