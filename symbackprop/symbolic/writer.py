"""Nodes to formula text: a statement for each node that is shared or long, the others inside the text that uses them.

The machine is iterative. What a node is written as depends on the node alone, except inside of sums, products and
substitutions: there it depends on what the symbols that stand free in it are bound to, and on nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from symbackprop.errors import UnsupportedError
from symbackprop.symbolic.code import Code
from symbackprop.symbolic.nodes import Table, is_input

__all__ = ["Place", "Rule", "Scope", "Writer"]

_LONGEST = 120  # characters of text that may still stand inside another
_SHORT = 4  # and of text that may be repeated


class Binding(Protocol):
    """What a symbol is bound to; each kind says in `write` how the symbol is then written."""

    def write(self, writer: Writer) -> Code:
        """Return the symbol's text."""


Scope = Mapping[Any, Binding]
Need = tuple[int, Scope]


@dataclass(frozen=True)
class Place:
    """A node under a scope, as a rule sees it."""

    writer: Writer
    number: int
    scope: Scope

    @property
    def node(self) -> Any:
        """The node."""
        return self.writer.table.nodes[self.number]

    @property
    def arguments(self) -> tuple[int, ...]:
        """The numbers of its operands."""
        return self.writer.table.arguments[self.number]

    def argument(self, number: int) -> Any:
        """Return the node with `number`."""
        return self.writer.table.nodes[number]

    def uses(self, number: int) -> int:
        """Return how often a node is used."""
        return self.writer.table.uses[number]

    def code(self, number: int, scope: Scope | None = None) -> Code:
        """Return the text of a node that the rule has asked for."""
        return self.writer.known(number, self.scope if scope is None else scope)


@dataclass(frozen=True)
class Rule:
    """How a kind of node is written.

    Parameters
    ----------
    write : callable
        ``(place) -> Code``.
    needs : callable or None
        ``(place) -> [(number, scope), ...]``: what has to be written before; the operands, where it is None. It is
        asked again when all that it named is written, until it names nothing new.
    """

    write: Callable[[Place], Code]
    needs: Callable[[Place], Sequence[Need]] | None = None
    spreads: bool = True  # the result varies along the axes along which the operands do


class Writer:
    """Writes the statements of a table of nodes.

    Parameters
    ----------
    table : Table
    names : mapping
        The name of each input.
    rule_of : callable
        The rule of a node.
    symbols : mapping
        How symbols are written that stand for something else than an input: sizes of arrays.
    """

    def __init__(
        self, table: Table, names: Mapping[Any, str], rule_of: Callable[[Any], Rule], symbols: Mapping[Any, Code]
    ) -> None:
        self.table = table
        self.statements: list[str] = []
        self.names = names
        self.symbols = symbols
        self.memory: dict[Any, Any] = {}  # what rules keep for themselves
        self._taken = set(names.values())
        self._rule_of = rule_of
        self._rules: dict[type, Rule] = {}
        self._codes: list[Code | None] = [None] * len(table.nodes)
        self._scoped: dict[tuple[int, ...], Code] = {}

    def write(self, root: int) -> Code:
        """Return the text of a root; what it shares or is too long becomes statements."""
        empty: Scope = {}
        stack: list[Need] = [(root, empty)]
        while stack:
            number, scope = stack[-1]
            scope = self._restricted(number, scope)
            if self._known(number, scope) is not None:
                stack.pop()
                continue
            place = Place(self, number, scope)
            rule = self._rule(place.node)
            wanted: Sequence[Need]
            if rule.needs is None:
                wanted = [(argument, scope) for argument in place.arguments]
            else:
                wanted = rule.needs(place)
            waiting = [need for need in wanted if self._known(*self._reduced(need)) is None]
            if waiting:
                stack.extend(reversed(waiting))
                continue
            self._keep(number, scope, self._placed(place, rule))
            stack.pop()
        return self.known(root, empty)

    def known(self, number: int, scope: Scope) -> Code:
        """Return what is written already."""
        code = self._known(number, self._restricted(number, scope))
        assert code is not None
        return code

    def statement(self, code: Code, name: str | None = None) -> Code:
        """Write a statement and return the name that it assigns to, `name` where that is free."""
        if name is None or name in self._taken:
            name = f"_{len(self.statements) + 1}"
        self._taken.add(name)
        self.statements.append(f"{name} = {code.text}")
        return Code(name, axes=code.axes)

    def is_missing(self, number: int, scope: Scope) -> bool:
        """Tell whether a node is still to be written."""
        return self._known(number, self._restricted(number, scope)) is None

    # --- scopes -------------------------------------------------------------------------------------------------------

    def _reduced(self, need: Need) -> Need:
        return need[0], self._restricted(*need)

    def _restricted(self, number: int, scope: Scope) -> Scope:
        """Return of a scope what a node depends on."""
        free = self.table.free[number]
        if not free or not scope:
            return scope if not scope else {}
        bits = self.table.bits
        return {symbol: binding for symbol, binding in scope.items() if bits.get(symbol, 0) & free}

    def _known(self, number: int, scope: Scope) -> Code | None:
        if not scope:
            return self._codes[number]
        return self._scoped.get((number, *map(id, scope.values())))

    def _keep(self, number: int, scope: Scope, code: Code) -> None:
        if not scope:
            self._codes[number] = code
        else:
            self._scoped[(number, *map(id, scope.values()))] = code
            self.memory.setdefault("bindings", []).extend(scope.values())  # whose identities are keys

    # --- text ---------------------------------------------------------------------------------------------------------

    def _rule(self, node: Any) -> Rule:
        kind = type(node)
        rule = self._rules.get(kind)
        if rule is None:
            rule = self._rules[kind] = self._rule_of(node)
        return rule

    def _placed(self, place: Place, rule: Rule) -> Code:
        node = place.node
        if is_input(node):
            return self._symbol(node, place.scope)
        code = rule.write(place)
        if rule.spreads and place.scope:
            axes = code.axes
            for need in place.arguments if rule.needs is None else rule.needs(place):
                axes |= (place.code(need) if isinstance(need, int) else place.code(*need)).axes
            code = code._replace(axes=axes)
        table = self.table
        uses = table.uses[place.number]
        shared = uses > 1 and len(place.arguments) > 0 and len(code.text) > _SHORT
        if not shared and len(code.text) <= _LONGEST:
            return code
        if uses == 1 and not place.scope and place.number in table.roots:
            return code
        return self.statement(code)

    def _symbol(self, node: Any, scope: Scope) -> Code:
        if scope:
            if node not in scope:
                bound = ", ".join(str(symbol) for symbol in scope)
                raise UnsupportedError(
                    f"{node} depends on {bound}, which is bound here by a sum or a substitution; "
                    "carry that out first (doit), or write an indexed value as an entry of an IndexedBase"
                )
            return scope[node].write(self)
        known = self.symbols.get(node)
        return known if known is not None else Code(self.names[node])
