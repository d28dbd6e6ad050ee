"""How arguments, gradients and results are packed in dicts, tuples, lists and records: trees whose leaves have names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from symbackprop.ir.signature import ArgumentSpec

__all__ = ["Pack", "Packed", "Packing", "accessor", "leaf_names", "packing_from", "quoted", "with_duals", "with_paths"]


@dataclass(frozen=True, slots=True)
class Pack:
    """A structure of arrays.

    Parameters
    ----------
    kind : str
        ``"tuple"``, ``"list"``, ``"dict"``, ``"namedtuple"`` or ``"dataclass"``.
    keys : tuple
        Positions, keys of the dict, or names of fields.
    items : tuple
        What is there: packs, or the names of leaves; None for what has no gradient.
    path : str
        How printed code reaches it, ``params["layer"]``; empty where it is only made.
    """

    kind: str
    keys: tuple[Any, ...]
    items: tuple[Packed, ...]
    path: str = ""


Packed = Pack | str | None


@dataclass(frozen=True, slots=True)
class Packing:
    """How a function is called and what it returns, where that is more than arrays in and arrays out.

    Parameters
    ----------
    arguments : tuple of (str, Packed)
        The parameters in order, and the leaves in each.
    gradient : Packed
        The leaves that the gradient is with respect to, as they are returned.
    results : Packed
        How values are returned; their leaves are numbered. None for a value, or tuples and lists.
    defaults : tuple of (str, number)
        What parameters are if they are not given.
    constants : tuple of (str, str)
        Arrays that are bound already, each with a hash of its contents.
    named_only : tuple of str
        Parameters that are given by name only.
    """

    arguments: tuple[tuple[str, Packed], ...]
    gradient: Packed = None
    results: Packed = None
    defaults: tuple[tuple[str, Any], ...] = ()
    constants: tuple[tuple[str, str], ...] = ()
    named_only: tuple[str, ...] = ()


# Structures are as deep as a person writes them, so the following may recurse.


def leaf_names(packed: Packed) -> Iterator[str]:
    """Yield the names of leaves, in order."""
    if isinstance(packed, str):
        yield packed
    elif packed is not None:
        for item in packed.items:
            yield from leaf_names(item)


def accessor(pack: Pack, key: Any) -> str:
    """Return what is written behind a structure for what it holds under `key`."""
    return f".{key}" if pack.kind in ("namedtuple", "dataclass") else f"[{quoted(key)}]"


def quoted(key: Any) -> str:
    """Return a key as Python text, in double quotes where it has none inside."""
    text = repr(key)
    return f'"{text[1:-1]}"' if isinstance(key, str) and '"' not in text and text[0] == "'" else text


def with_paths(packing: Packing, names: Mapping[str, str]) -> Packing:
    """Return a packing whose structures are reached by other names of the parameters."""
    if all(name == other for name, other in names.items()):
        return packing

    def renamed(packed: Packed) -> Packed:
        if not isinstance(packed, Pack):
            return packed
        items = tuple(map(renamed, packed.items))
        head = next((name for name in names if packed.path.split("[")[0].split(".")[0] == name), None)
        path = packed.path if head is None else names[head] + packed.path[len(head) :]
        return Pack(packed.kind, packed.keys, items, path)

    arguments = tuple((name, renamed(packed)) for name, packed in packing.arguments)
    return replace(packing, arguments=arguments, gradient=renamed(packing.gradient))


def with_duals(packing: Packing, arguments: Sequence[ArgumentSpec]) -> Packing:
    """Return a packing that takes tangents and cotangents too, those among `arguments`, behind the formula's own.

    Tangents are given in the structures in which the gradient is returned.
    """
    directions: list[dict[str, str]] = []
    for spec in (spec for spec in arguments if spec.role == "tangent"):
        if not directions or spec.of in directions[-1]:
            directions.append({})
        directions[-1][spec.of] = spec.name
    cotangents = [(spec.name, spec.name) for spec in arguments if spec.role == "cotangent"]
    if not directions and not cotangents:
        return packing
    taken = {*(name for name, _ in packing.arguments), *(spec.name for spec in arguments)}

    def dual(packed: Packed, path: str, tangents: Mapping[str, str]) -> Packed:
        if not isinstance(packed, Pack):
            return None if packed is None else tangents[packed]
        pairs = zip(packed.keys, packed.items, strict=True)
        items = tuple(dual(item, path + accessor(packed, key), tangents) for key, item in pairs)
        return Pack(packed.kind, packed.keys, items, path)

    def named(packed: Packed, tangents: Mapping[str, str]) -> tuple[str, Packed]:
        if not isinstance(packed, Pack):
            return str(dual(packed, "", tangents)), dual(packed, "", tangents)
        name = plain = f"{re.split(r'[.[]', packed.path)[0] or 'wrt'}_dot"
        number = 2
        while name in taken:
            name, number = f"{plain}{number}", number + 1
        taken.add(name)
        return name, dual(packed, name, tangents)

    gradient = packing.gradient
    several = isinstance(gradient, Pack) and not gradient.path and gradient.kind == "tuple"
    items = gradient.items if isinstance(gradient, Pack) and several else (gradient,)
    added = [named(item, tangents) for tangents in directions for item in items if item is not None]
    added += cotangents
    names = tuple(name for name, _ in added)
    return replace(
        packing,
        arguments=(*packing.arguments, *added),
        named_only=(*packing.named_only, *names) if packing.named_only or packing.defaults else packing.named_only,
    )


def packing_from(fields: Mapping[str, Any] | None) -> Packing | None:
    """Return a packing from what `dataclasses.asdict` makes of it, once JSON has turned tuples into lists."""
    if fields is None:
        return None
    return Packing(
        tuple((name, _packed_from(packed)) for name, packed in fields["arguments"]),
        _packed_from(fields["gradient"]),
        _packed_from(fields["results"]),
        tuple((name, value) for name, value in fields["defaults"]),
        tuple((name, digest) for name, digest in fields["constants"]),
        tuple(fields["named_only"]),
    )


def _packed_from(fields: Any) -> Packed:
    if fields is None or isinstance(fields, str):
        return fields
    items = tuple(_packed_from(item) for item in fields["items"])
    return Pack(fields["kind"], tuple(fields["keys"]), items, fields["path"])
