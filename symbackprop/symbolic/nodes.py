"""The distinct nodes of SymPy expressions, arguments first, whatever their depth and sharing.

The walk is iterative. Nodes are told apart by their class and the numbers of their arguments, so that an expression
built without sharing costs no more than one built with it, and no node is ever hashed or compared as a tree.

What binds a symbol (a sum its index, a substitution its variable) is told from what leaves it free by bit masks, one
bit a symbol that anything binds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import sympy
from sympy.core.function import AppliedUndef
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction
from sympy.matrices.expressions.slice import MatrixSlice
from sympy.tensor.array import NDimArray
from sympy.tensor.array.arrayop import Flatten

from symbackprop.symbolic.sets import membership

__all__ = [
    "Table",
    "bound_symbols",
    "free_inputs",
    "is_explicit",
    "is_input",
    "is_small",
    "operands_of",
    "read_table",
    "walk",
]

_BY_SHAPE = (sympy.Identity, sympy.ZeroMatrix, sympy.OneMatrix)  # whose arguments are sizes
_WHOLE = (*_BY_SHAPE, sympy.CRootOf)  # a root of a polynomial is a number


def is_input(node: Any) -> bool:
    """Tell whether a node is an input: a symbol of any kind, an undefined function of time, a derivative of one."""
    if isinstance(node, sympy.Derivative):
        return isinstance(node.expr, AppliedUndef)
    return isinstance(node, (sympy.Symbol, AppliedUndef, sympy.MatrixSymbol, sympy.IndexedBase, sympy.Idx))


def is_explicit(node: Any) -> bool:
    """Tell whether a node is a matrix or an array of written-out entries."""
    return isinstance(node, (sympy.MatrixBase, NDimArray))


def bound_symbols(node: Any) -> tuple[Any, ...]:
    """Return the symbols that a node binds in its first operand."""
    if isinstance(node, (sympy.Sum, sympy.Product)):
        return tuple(limit[0] for limit in node.limits)
    if isinstance(node, sympy.Subs):
        return tuple(node.variables)
    if isinstance(node, ElementwiseApplyFunction):
        return tuple(node.function.variables)
    return ()


def operands_of(node: Any) -> tuple[Any, ...]:
    """Return what a node is computed from.

    Sums and products give their body, then of each limit the first index and the one behind the last; piecewise
    functions give value and condition by turns.
    """
    if is_input(node) or (node.is_Atom and not isinstance(node, sympy.Indexed)) or isinstance(node, _WHOLE):
        return ()
    if isinstance(node, (sympy.Sum, sympy.Product)):
        ends = [end for limit in node.limits if len(limit) == 3 for end in (limit[1], limit[2] + 1)]
        return (node.function, *ends)
    if isinstance(node, sympy.Piecewise):
        return tuple(part for pair in node.args for part in pair.args)
    if isinstance(node, sympy.Contains):
        return (membership(*node.args),)
    if isinstance(node, sympy.Subs):
        return (node.expr, *node.point)
    if isinstance(node, ElementwiseApplyFunction):
        return (node.function.expr, node.expr)
    if isinstance(node, MatrixSlice):
        return (node.parent,)
    if isinstance(node, sympy.BlockMatrix):
        return tuple(node.blocks.flat())
    if is_explicit(node):
        return tuple(node.flat() if isinstance(node, sympy.MatrixBase) else Flatten(node))
    return tuple(node.args)


def walk(roots: Sequence[Any]) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Yield every node once by identity, with its operands, these first."""
    seen: dict[int, Any] = {}  # holds what it has seen, since some nodes make their operands anew
    for root in roots:
        if id(root) in seen:
            continue
        seen[id(root)] = root
        operands = operands_of(root)
        stack = [(root, operands, iter(operands))]
        while stack:
            node, operands, rest = stack[-1]
            for child in rest:
                if id(child) not in seen:
                    seen[id(child)] = child
                    below = operands_of(child)
                    stack.append((child, below, iter(below)))
                    break
            else:
                stack.pop()
                yield node, operands


@dataclass
class Table:
    """Distinct nodes by number.

    Parameters
    ----------
    nodes : list
        A representative of each.
    arguments : list of tuple of int
        The numbers of its operands.
    uses : list of int
        How often it is an operand or a root.
    free : list of int
        Which of the `bits` stand free in it.
    bits : dict
        The bit of each symbol that something binds.
    roots : list of int
    """

    nodes: list[Any] = field(default_factory=list)
    arguments: list[tuple[int, ...]] = field(default_factory=list)
    uses: list[int] = field(default_factory=list)
    free: list[int] = field(default_factory=list)
    bits: dict[Any, int] = field(default_factory=dict)
    roots: list[int] = field(default_factory=list)


def read_table(roots: Sequence[Any], pairs: Sequence[tuple[Any, Any]] = ()) -> Table:
    """Return the distinct nodes that `roots` reach.

    Parameters
    ----------
    roots : sequence of SymPy objects
    pairs : sequence of (Symbol, Expr)
        What symbols stand for, each in terms of earlier ones: where such a symbol occurs, its expression is shared.
    """
    table = Table()
    stands_for: dict[Any, Any] = dict(pairs)
    numbers: dict[tuple[Any, ...], int] = {}
    by_identity: dict[int, int] = {}
    for node, operands in walk([*(expression for _, expression in pairs), *roots]):
        if node in stands_for and is_input(node):
            by_identity[id(node)] = by_identity[id(stands_for[node])]
            continue
        arguments = tuple([by_identity[id(child)] for child in operands])
        bound = bound_symbols(node) if arguments else ()
        if arguments:
            shape = getattr(node, "shape", None) if is_explicit(node) or isinstance(node, sympy.BlockMatrix) else None
            part = (node.rowslice, node.colslice) if isinstance(node, MatrixSlice) else None
            key: tuple[Any, ...] = (node.func, bound, shape, part, *arguments)
        else:
            key = (type(node), node)
        number = numbers.get(key)
        if number is None:
            number = numbers[key] = len(table.nodes)
            table.nodes.append(node)
            table.arguments.append(arguments)
            table.uses.append(0)
            for argument in arguments:
                table.uses[argument] += 1
            for symbol in bound:
                table.bits.setdefault(symbol, 1 << len(table.bits))
        by_identity[id(node)] = number
    table.roots = [by_identity[id(root)] for root in roots]
    for root in table.roots:
        table.uses[root] += 1
    _mark_free(table)
    return table


def _mark_free(table: Table) -> None:
    """Fill in which symbols that anything binds stand free in each node."""
    if not table.bits:
        table.free = [0] * len(table.nodes)
        return
    for node, arguments in zip(table.nodes, table.arguments, strict=True):
        free = table.bits.get(node, 0) if is_input(node) else 0
        if isinstance(node, (AppliedUndef, sympy.Derivative)):
            for symbol in node.free_symbols:
                free |= table.bits.get(symbol, 0)
        bound = bound_symbols(node) if arguments else ()
        if bound:  # from the innermost on: what limits or replaces a symbol may name those further out
            free = table.free[arguments[0]]
            each = (len(arguments) - 1) // len(bound)
            for position, symbol in enumerate(bound):
                free &= ~table.bits[symbol]
                for argument in arguments[1 + position * each : 1 + (position + 1) * each]:
                    free |= table.free[argument]
        else:
            for argument in arguments:
                free |= table.free[argument]
        table.free.append(free)


def is_small(table: Table, *, nodes: int = 100, most: int = 1000, deepest: int = 40) -> bool:
    """Tell whether the expressions are small even as trees, so that what SymPy does recursively is cheap.

    Formulas of more `nodes` are regrouped before they are printed, whatever the order of their terms.
    """
    if len(table.nodes) > nodes:
        return False
    sizes: list[int] = []
    depths: list[int] = []
    for arguments in table.arguments:
        sizes.append(min(most + 1, 1 + sum([sizes[argument] for argument in arguments])))
        depths.append(1 + max([depths[argument] for argument in arguments], default=0))
    return sum([sizes[root] for root in table.roots]) <= most and max(depths, default=0) <= deepest


def free_inputs(table: Table) -> list[Any]:
    """Return the inputs that stand free in the roots, by SymPy's sort key."""
    outer = 0
    for root in table.roots:
        outer |= table.free[root]
    found = [node for node in table.nodes if is_input(node) and (node not in table.bits or table.bits[node] & outer)]
    return sorted(found, key=sympy.default_sort_key)
