"""Several results of which the first is differentiated: as a pair of the value and what is returned beside it.

Of two results the second is what is beside the value; of more, a tuple of the others is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from symbackprop.errors import UnsupportedError
from symbackprop.ir.packing import Pack, Packed
from symbackprop.ir.records import Records
from symbackprop.ir.signature import Nest, Structure

__all__ = ["check_has_aux", "paired_nest", "paired_pack", "records_of_derivatives", "returned_records"]

_T = TypeVar("_T")
_SEQUENCES = ("tuple", "list")


def check_has_aux(structure: Structure, results: Packed) -> None:
    """Raise an error unless there are several results, the first of which is one array.

    Raises
    ------
    UnsupportedError
        That says what there is instead.
    """
    if isinstance(results, Pack):
        kind, items = results.kind, results.items
        wanted, first = kind in _SEQUENCES and len(items) > 1, items[0]
        is_nest = isinstance(first, Pack)
    else:
        kind, items = ("tuple", structure.items) if isinstance(structure, Nest) else ("", ())
        wanted, is_nest = len(items) > 1, bool(items) and items[0] is not None
    if not wanted:
        found = "a dict" if kind == "dict" else "one result"
        raise UnsupportedError(
            f"has_aux=True wants several results, of which the first is differentiated, and there is {found}: "
            "return (loss, aux), or leave has_aux out"
        )
    if is_nest:
        raise UnsupportedError(
            "has_aux=True differentiates the first result, which is several in itself: return (loss, aux)"
        )


def paired_nest(structure: Structure) -> Nest:
    """Return several results as a pair of the first and the others."""
    assert isinstance(structure, Nest)
    rest = structure.items[1:]
    return Nest(tuple, (structure.items[0], _alone(rest, Nest(tuple, rest))))


def paired_pack(results: Pack) -> Pack:
    """Return packed results as a pair of the first and the others."""
    rest = results.items[1:]
    behind = _alone(rest, Pack("tuple", tuple(range(len(rest))), rest))
    return Pack("tuple", (0, 1), (results.items[0], behind))


def returned_records(records: Records | None, with_value: bool, has_aux: bool, finite: bool) -> Records | None:
    """Return what is a named tuple in what a gradient's function returns, given what is one in the values."""
    if records is None:
        return None
    parts: list[Records | None]
    if has_aux:
        rest = records.items[1:]
        behind = _alone(rest, Records(None, rest))
        parts = [Records(None, (None, behind)), None] if with_value else [None, behind]
    else:
        parts = [records, records] if with_value else [records]
    parts += [None] * finite
    return parts[0] if len(parts) == 1 else Records(None, tuple(parts))


def records_of_derivatives(records: Records | None, kind: str, with_value: bool) -> Records | None:
    """Return what is a named tuple in what a function of the family returns that is no gradient."""
    if records is None or kind in ("gnvp", "fvp"):
        return None
    if kind == "vjp":
        return Records(None, (records, None))
    count = 2 if kind == "jvp" or kind == "jacobian" else 3
    return Records(None, (records,) * count) if with_value else records


def _alone(items: Sequence[_T], several: _T) -> _T:
    """Return the only item, or what stands for several."""
    return items[0] if len(items) == 1 else several
