"""The explained listing: how a compiled function came about, from the graph to the counted operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbackprop.ir.graph import Graph

__all__ = ["explained"]


def explained(traced: Mapping[str, str], graph: Graph, source: str, rewrites: Mapping[str, int], cost: str) -> str:
    """Return the parts of a listing with their titles; of a function that was `traced` what it did, by its name."""
    parts = [
        *(_part(f"traced from {name}", listing) for name, listing in traced.items()),
        _part("graph", str(graph)),
        _part("code", source),
        _part("rewrites", _lines([f"{count:5d}  {name}" for name, count in sorted(rewrites.items())], "none")),
        _part("checked on every call", _lines(list(map(str, graph.guards)), "nothing but the declared shapes")),
        _part("operations", cost),
    ]
    return "\n\n".join(parts)


def _lines(lines: Sequence[str], otherwise: str) -> str:
    return "\n".join(lines) if lines else otherwise


def _part(title: str, text: str) -> str:
    indented = [f"    {line}" if line else "" for line in text.rstrip().split("\n")]
    return "\n".join([title, *indented])
