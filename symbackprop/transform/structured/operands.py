"""The arrays that the factors of a term become: each product of factors that belong together is made into one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import replace
from fractions import Fraction

from symbackprop.ir.node import Apply, Const, Node, constant
from symbackprop.ops.arithmetic import div, mul, neg
from symbackprop.ops.broadcasting import broadcast, sum_axes
from symbackprop.ops.comparison import where
from symbackprop.ops.contraction import contract, einsum, permuted
from symbackprop.ops.layout import transpose
from symbackprop.transform.structured.terms import Factor, Indices, Space

__all__ = ["connected", "indices_of", "made", "peeled"]


def peeled(factors: Iterable[Factor]) -> tuple[bool, list[Factor]]:
    """Return whether the product is negated, and its factors without what only repeats or moves their entries."""
    negative, found = False, []
    waiting = [*factors][::-1]
    while waiting:
        factor = waiting.pop()
        if factor.role != "where":
            sign, factor = _without_sign(factor)
            negative ^= sign
        inner = _inner(factor)
        if inner is not None:
            waiting += inner[::-1]
        elif not (isinstance(factor.node, Const) and factor.node.value == 1):
            found.append(factor)
    return negative, found


def _without_sign(factor: Factor) -> tuple[bool, Factor]:
    node = factor.node
    if isinstance(node, Apply) and node.op is neg:
        return True, replace(factor, node=node.args[0])
    if isinstance(node, Const) and isinstance(node.value, (int, float, Fraction)) and node.value < 0:
        return True, replace(factor, node=constant(-node.value, node.shape, node.dtype))
    return False, factor


def _inner(factor: Factor) -> list[Factor] | None:
    """Return the factors that a factor is made of, with fewer axes than it has; None where there are none."""
    node, indices = factor.node, factor.indices
    if isinstance(node, Const) and node.shape:
        return [replace(factor, node=constant(node.value, (), node.dtype), indices=())]
    if not isinstance(node, Apply):
        return None
    if node.op is broadcast:
        return [replace(factor, node=node.args[0], indices=tuple(indices[axis] for axis in node.param("axes")))]  # type: ignore[attr-defined]
    if node.op is transpose:
        axes: Indices = node.param("axes")  # type: ignore[assignment]
        own = tuple(index for _, index in sorted(zip(axes, indices, strict=True)))
        return [replace(factor, node=node.args[0], indices=own)]
    if node.op is mul and factor.role != "where" and any(map(_repeats, node.args)):
        return [replace(factor, node=arg) for arg in node.args]
    if node.op is einsum and factor.role == "times":
        return _outer(node, indices)
    return None


def _repeats(node: Node) -> bool:
    return isinstance(node, Const) or (isinstance(node, Apply) and node.op is broadcast)


def _outer(node: Apply, indices: Indices) -> list[Factor] | None:
    """Return the operands of an outer product."""
    operands: Sequence[Indices] = node.param("operands")  # type: ignore[assignment]
    output: Indices = node.param("output")  # type: ignore[assignment]
    if any(index not in output for own in operands for index in own):
        return None
    called = dict(zip(output, indices, strict=True))
    return [Factor(arg, tuple(called[index] for index in own)) for arg, own in zip(node.args, operands, strict=True)]


def indices_of(factors: Iterable[Factor]) -> list[int]:
    """Return the indices of factors, each once, in the order in which they come."""
    return list(dict.fromkeys(index for factor in factors for index in factor.indices))


def connected(factors: Sequence[Factor], apart: Set[int]) -> list[list[Factor]]:
    """Return the factors in groups that have no index in common but those that are `apart`."""
    group: dict[int, int] = {}  # of an index
    members: dict[int, list[int]] = {}
    for position, factor in enumerate(factors):
        own = [index for index in factor.indices if index not in apart]
        joined = dict.fromkeys(group[index] for index in own if index in group)
        members[position] = [place for old in joined for place in members.pop(old)] + [position]
        for place in members[position]:
            group.update((index, position) for index in factors[place].indices if index not in apart)
    return [[factors[place] for place in sorted(places)] for places in members.values()]


def made(factors: Sequence[Factor], output: Indices, space: Space, dtype: str) -> Node:
    """Return the product of factors, summed over the indices that are not in `output`."""
    times: dict[Indices, Node] = {}
    for factor in factors:
        if factor.role == "times":
            known = times.get(factor.indices)
            times[factor.indices] = factor.node if known is None else mul(known, factor.node)
    later = sorted((factor for factor in factors if factor.role != "times"), key=lambda factor: factor.role)
    inner = tuple(index for index in indices_of(factors) if index not in output) if later else ()
    whole = (*output, *inner)
    sizes = {index: space.sizes[index] for index in whole}
    if times:
        array = contract([*times.values()], [*times], whole, sizes)
    else:
        array = constant(1, tuple(sizes.values()), dtype)
    for factor in later:  # divisions, then choices, which may hide what a division by 0 gives
        other = _aligned(factor, whole, space)
        array = div(array, other) if factor.role == "over" else where(other, array, constant(0, array.shape, dtype))
    return sum_axes(array, tuple(range(len(output), len(whole))))


def _aligned(factor: Factor, whole: Indices, space: Space) -> Node:
    """Return a factor with the axes `whole`."""
    order = sorted(range(len(factor.indices)), key=lambda axis: whole.index(factor.indices[axis]))
    node = permuted(factor.node, tuple(order))
    if node.rank == len(whole):
        return node
    shape = tuple(space.sizes[index] for index in whole)
    return broadcast(node, shape=shape, axes=tuple(sorted(whole.index(index) for index in factor.indices)))
