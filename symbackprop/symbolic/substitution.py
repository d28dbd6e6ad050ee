"""Substitutions, and functions of every entry of a matrix: a variable that stands for something else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symbackprop.symbolic.code import Code
from symbackprop.symbolic.nodes import bound_symbols
from symbackprop.symbolic.writer import Place, Rule, Scope, Writer

__all__ = ["RULES"]


@dataclass(frozen=True, eq=False)
class Alias:
    """A variable that stands for something else that is written already."""

    code: Code

    def write(self, writer: Writer) -> Code:
        """Write what it stands for."""
        return self.code


def _substituted_needs(place: Place) -> Sequence[tuple[int, Scope]]:
    """Ask for the points from the outermost on, each where the variables further out are replaced, then for the body.

    SymPy merges nested substitutions into one, innermost first, and carries them out one after the other.
    """
    scopes = _substituted_scopes(place)
    return list(zip(reversed(place.arguments), scopes, strict=False))


def _substituted_scopes(place: Place) -> list[Scope]:
    """Return the scope of each point from the last on, then that of the body, as far as the points are written."""
    kept = place.writer.memory.setdefault("aliases", {})
    scopes: list[Scope] = kept.setdefault((place.number, *map(id, place.scope.values())), [place.scope])
    points = place.arguments[1:]
    variables = bound_symbols(place.node)
    while len(scopes) <= len(points):
        number = len(points) - len(scopes)
        if place.writer.is_missing(points[number], scopes[-1]):
            break
        code = place.code(points[number], scopes[-1])
        alias = Alias(code if code.text.isidentifier() else place.writer.statement(code))
        scopes.append({**scopes[-1], variables[number]: alias})
    return scopes


def _substituted(place: Place) -> Code:
    return place.code(place.arguments[0], _substituted_scopes(place)[-1])


RULES: dict[str, Rule] = {
    "Subs": Rule(_substituted, _substituted_needs, spreads=False),
    "ElementwiseApplyFunction": Rule(_substituted, _substituted_needs, spreads=False),
}
