"""The terms of a sum, and the factors of a product with the places where they stand, so that one is exchanged and all else stays as it is."""

from __future__ import annotations

from symbackprop.ir.node import Apply, Node
from symbackprop.ops.arithmetic import add, div, mul, neg
from symbackprop.ops.broadcasting import rebuilt
from symbackprop.simplify.numbers import is_value
from symbackprop.simplify.pattern import Context

__all__ = ["Place", "factors_of", "is_own", "nearby", "parts_of", "rest_of_one_plus", "terms_of", "with_factor"]

_FACTORS = 16  # of one product that are looked at
Place = tuple[int, ...]  # which argument, from the product down


def factors_of(node: Node, *, quotients: bool = True) -> list[tuple[Node, Place]]:
    """Return what stands above the line in products and quotients that are nested in one another; signs are left out.

    Without `quotients` these are factors as they are.
    """
    inside = (mul, div, neg) if quotients else (mul, neg)
    found: list[tuple[Node, Place]] = []
    waiting: list[tuple[Node, Place]] = [(node, ())]
    while waiting:
        part, place = waiting.pop()
        op = part.op if isinstance(part, Apply) else None
        if op not in inside or len(found) + len(waiting) >= _FACTORS:
            found.append((part, place))
            continue
        assert isinstance(part, Apply)
        count = 1 if op is div else len(part.args)
        waiting += [(part.args[i], (*place, i)) for i in reversed(range(count))]
    return found


def nearby(node: Apply) -> list[Node]:
    """Return the factors of a product, and those of the products among them: a quick look before a long one."""
    found = list(node.args)
    for arg in node.args:
        if isinstance(arg, Apply) and (arg.op is mul or arg.op is neg):
            found += arg.args
    return found


def parts_of(node: Node) -> list[tuple[Node, Place]]:
    """Return products, quotients and what stands above the line in them, from the whole down to single factors."""
    found: list[tuple[Node, Place]] = []
    waiting: list[tuple[Node, Place]] = [(node, ())]
    while waiting and len(found) < _FACTORS:
        part, place = waiting.pop()
        found.append((part, place))
        if isinstance(part, Apply) and part.op in (mul, div, neg):
            count = 1 if part.op is div else len(part.args)
            waiting += [(part.args[i], (*place, i)) for i in reversed(range(count))]
    return found


def is_own(node: Node, place: Place, context: Context) -> bool:
    """Tell whether no product between a node and one of its factors is needed elsewhere."""
    for position in place[:-1]:
        assert isinstance(node, Apply)
        node = node.args[position]
        if not context.is_free(node):
            return False
    return True


def terms_of(node: Node) -> list[Node]:
    """Return the terms of a sum, and of the sums in it."""
    found: list[Node] = []
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Apply) and part.op is add and len(found) + len(waiting) < _FACTORS:
            waiting += reversed(part.args)
        else:
            found.append(part)
    return found


def rest_of_one_plus(node: Node) -> Node | None:
    """Return x where `node` is 1 + x."""
    if not isinstance(node, Apply) or node.op is not add or len(node.args) != 2:
        return None
    for one, rest in (node.args, node.args[::-1]):
        if is_value(one, 1):
            return rest
    return None


def with_factor(node: Node, place: Place, factor: Node) -> Node:
    """Return a product with another factor in one place."""
    above: list[Apply] = []
    for position in place:
        assert isinstance(node, Apply)
        above.append(node)
        node = node.args[position]
    for part, position in zip(reversed(above), reversed(place), strict=True):
        factor = rebuilt(part, (*part.args[:position], factor, *part.args[position + 1 :]))
    return factor
