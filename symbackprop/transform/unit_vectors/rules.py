"""Rules of operations on values for all unit vectors: those that keep deltas, or that need no rule for batches.

A rule is given the arguments, those that depend on the unit vector as a `Spread`, and returns one. The operations need not
be linear: where a rule would not hold, deltas are written out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from symbackprop.ir.node import Apply, Const, Node, Operation, Shape, constant, make_apply
from symbackprop.ir.size import product
from symbackprop.ops import layout
from symbackprop.ops.arithmetic import add, div, integer_power, mul, neg
from symbackprop.ops.broadcasting import broadcast, cast, reduce_sum, reshape, sized
from symbackprop.ops.comparison import where
from symbackprop.ops.contraction import einsum
from symbackprop.ops.reduction import mean
from symbackprop.transform.unit_vectors.spread import Spread, product_of, repeated

__all__ = ["RULES", "Argument", "agreeing", "entry_by_entry", "first_spread"]

Argument = Node | Spread
Rule = Callable[[Apply, Sequence[Argument]], Spread]


def agreeing(args: Sequence[Argument], kept: Callable[[int, int], bool]) -> list[Argument]:
    """Return arguments whose ties are the same; `kept` tells, of a position and an axis, whether a tie there may stay."""
    spreads = [(position, arg) for position, arg in enumerate(args) if isinstance(arg, Spread)]
    first = spreads[0][1]
    common = [
        axis
        for axis, tie in enumerate(first.ties)
        if tie is not None
        and all(axis < len(arg.ties) and arg.ties[axis] == tie and kept(position, axis) for position, arg in spreads)
    ]
    return [arg.tied(common) if isinstance(arg, Spread) else arg for arg in args]


def first_spread(args: Sequence[Argument]) -> Spread:
    """Return the first of the arguments that depend on the unit vector."""
    return next(arg for arg in args if isinstance(arg, Spread))


def _written_out(args: Sequence[Argument]) -> list[Argument]:
    return [arg.tied(()) if isinstance(arg, Spread) else arg for arg in args]


# --- entry by entry ---------------------------------------------------------------------------------------------------


def entry_by_entry(node: Apply, args: Sequence[Argument]) -> Spread:
    """Return a function of numbers, applied to all entries; deltas stay where what is 0 stays 0."""
    args = agreeing(args, lambda position, axis: True) if _keeps_zeros(node, args) else _written_out(args)
    spread = first_spread(args)
    shape = spread.arranged(spread.lead_shape, node.shape)
    cores = tuple(arg.core if isinstance(arg, Spread) else repeated(arg, spread) for arg in args)
    number = _number(node.op, cores)
    if number is not None:
        return spread.with_core(constant(number, shape, node.dtype))
    if node.op is mul and any(isinstance(core, Const) and core.value == 1 for core in cores):
        return spread.with_core(cores[isinstance(cores[0], Const) and cores[0].value == 1])
    return spread.with_core(make_apply(node.op, cores, node.params, shape, node.dtype, node.segment))


_EXACT: Mapping[Operation, Callable[..., Fraction]] = {
    add: lambda *terms: sum(terms, Fraction(0)),
    div: lambda a, b: a / b,
    mul: lambda a, b: a * b,
    neg: lambda a: -a,
}


def _number(op: Operation, cores: Sequence[Node]) -> Fraction | None:
    """Return what an operation makes of numbers that are exact, if they all are: entries of unit vectors are 1."""
    values = [
        Fraction(core.value) for core in cores if isinstance(core, Const) and isinstance(core.value, (int, Fraction))
    ]
    if op not in _EXACT or len(values) < len(cores) or (op is div and values[1] == 0):
        return None
    return _EXACT[op](*values)


def _keeps_zeros(node: Apply, args: Sequence[Argument]) -> bool:
    """Tell whether a result is 0 wherever all arguments that depend on the unit vector are."""
    depends = [isinstance(arg, Spread) for arg in args]
    if node.op is add:
        return all(depends)
    if node.op is mul or node.op is integer_power:
        return True
    if node.op is div:
        return not depends[1]
    if node.op is where:
        zeros = [isinstance(arg, Const) and arg.value == 0 for arg in args]
        return not depends[0] and all(depends[i] or zeros[i] for i in (1, 2))
    return node.op in (neg, cast)


# --- axes that come, go and change places ------------------------------------------------------------------------------


def _broadcast(node: Apply, args: Sequence[Argument]) -> Spread:
    spread = first_spread(args)
    axes: tuple[int, ...] = node.param("axes")  # type: ignore[assignment]
    ties: list[int | None] = [None] * node.rank
    for axis, tie in zip(axes, spread.ties, strict=True):
        ties[axis] = tie
    shape = spread.arranged(spread.lead_shape, node.shape)
    core = spread.core
    if isinstance(core, Const):
        return spread.with_core(constant(core.value, shape, core.dtype), tuple(ties))
    first = 0 if spread.leading else node.rank
    lead = range(first, first + len(spread.lead))
    offset = len(spread.lead) if spread.leading else 0
    places = spread.arranged(lead, [axis + offset for axis in axes])
    return spread.with_core(broadcast(core, shape=shape, axes=places), tuple(ties))


def _transposed(node: Apply, args: Sequence[Argument]) -> Spread:
    spread = first_spread(args)
    axes: tuple[int, ...] = node.param("axes")  # type: ignore[assignment]
    count = len(spread.basis)
    own = range(count, count + len(axes))
    moved = spread.arranged(spread.lead, [own[axis] for axis in axes])
    core = product_of([(spread.core, spread.arranged(spread.lead, own))], moved)
    return spread.with_core(core, tuple(spread.ties[axis] for axis in axes))


def _summed(node: Apply, args: Sequence[Argument]) -> Spread:
    """Return sums: over a tied axis, of one entry, the axis becomes one of unit vectors."""
    axes: tuple[int, ...] = node.param("axes")  # type: ignore[assignment]
    return _over(first_spread(args), axes)


def _over(spread: Spread, axes: Sequence[int]) -> Spread:
    count = len(spread.basis)
    own = [count + axis if tie is None or axis not in axes else tie for axis, tie in enumerate(spread.ties)]
    left = [axis for axis in range(len(own)) if axis not in axes]
    ties = tuple(spread.ties[axis] for axis in left)
    lead = [axis for axis in range(count) if axis not in ties]
    core = product_of([(spread.core, spread.arranged(spread.lead, own))], spread.arranged(lead, [own[i] for i in left]))
    return spread.with_core(core, ties)


def _mean(node: Apply, args: Sequence[Argument]) -> Spread:
    """Return means: over a tied axis, the one entry divided by how many there are."""
    spread = first_spread(args)
    axes: tuple[int, ...] = node.param("axes")  # type: ignore[assignment]
    free = tuple(axis for axis in axes if spread.ties[axis] is None)
    if free and not isinstance(spread.core, Const):
        left = [tie for axis, tie in enumerate(spread.ties) if axis not in free]
        spread = spread.with_core(mean(spread.core, axes=tuple(spread.offset + axis for axis in free)), tuple(left))
        axes = tuple(axis - sum(other < axis for other in free) for axis in axes if axis not in free)
    size = product([spread.shape[axis] for axis in axes])
    found = _over(spread, axes)
    core = found.core
    if isinstance(core, Const) and isinstance(core.value, (int, Fraction)) and isinstance(size, int) and size:
        return found.with_core(constant(Fraction(core.value) / size, core.shape, core.dtype))
    return found if size == 1 else found.with_core(div(core, constant(size, (), core.dtype)))


def _reshaped(node: Apply, args: Sequence[Argument]) -> Spread:
    """Return a shape anew: axes before and behind those that change stay as they are."""
    spread = first_spread(args)
    old, new = spread.shape, node.shape
    places = _unchanged(old, new)
    spread = spread.tied(places)
    ties: list[int | None] = [None] * len(new)
    for axis, place in places.items():
        ties[place] = spread.ties[axis]
    core = spread.core
    shape = spread.arranged(spread.lead_shape, new)
    if isinstance(core, Const):
        return spread.with_core(constant(core.value, shape, core.dtype), tuple(ties))
    params = {**dict(node.params), "shape": shape}
    return spread.with_core(node.op(core, **params), tuple(ties))  # type: ignore[operator]


def _unchanged(old: Shape, new: Shape) -> dict[int, int]:
    """Return where axes are after a reshape that does not change them."""
    before, behind = _wide(old), _wide(new)
    if [old[axis] for axis in before] == [new[axis] for axis in behind]:
        return dict(zip(before, behind, strict=True))
    found: dict[int, int] = {}
    for axis in range(min(len(old), len(new))):
        if old[axis] != new[axis]:
            break
        found[axis] = axis
    for axis in range(1, min(len(old), len(new)) - len(found) + 1):
        if old[-axis] != new[-axis]:
            break
        found[len(old) - axis] = len(new) - axis
    return found


def _wide(shape: Shape) -> list[int]:
    return [axis for axis, size in enumerate(shape) if size != 1]


# --- contractions -----------------------------------------------------------------------------------------------------


def _contracted(node: Apply, args: Sequence[Argument]) -> Spread:
    """Return a contraction: summed over a tied axis it takes one entry, and the index is that of unit vectors."""
    operands: tuple[tuple[int, ...], ...] = node.param("operands")  # type: ignore[assignment]
    args = _tied_alike(args, operands)
    output: tuple[int, ...] = node.param("output")  # type: ignore[assignment]
    spread = first_spread(args)
    first = 1 + max(index for indices in operands for index in indices)
    lead = {axis: first + axis for axis in range(len(spread.basis))}  # the index of an axis of unit vectors
    ties: list[int | None] = [None] * len(output)
    factors: list[tuple[Node, tuple[int, ...]]] = []
    for arg, own in zip(args, operands, strict=True):
        if not isinstance(arg, Spread):
            factors.append((arg, own))
            continue
        factors.append((arg.core, arg.arranged([lead[axis] for axis in arg.lead], own)))
        for index, tie in zip(own, arg.ties, strict=True):
            if tie is not None and index in output:
                ties[output.index(index)] = tie
            elif tie is not None:
                lead[tie] = index
    kept = [index for axis, index in lead.items() if axis not in ties]
    return spread.with_core(product_of(factors, spread.arranged(kept, output)), tuple(ties))


def _tied_alike(args: Sequence[Argument], operands: Sequence[tuple[int, ...]]) -> list[Argument]:
    """Return operands that tie an axis of unit vectors to one index, all of them that depend on these."""
    spreads = [(arg, own) for arg, own in zip(args, operands, strict=True) if isinstance(arg, Spread)]
    if len(spreads) == 1:
        return list(args)
    pairs = [{(tie, index) for tie, index in zip(arg.ties, own, strict=True)} for arg, own in spreads]
    common = set.intersection(*pairs)
    return [
        arg.tied([axis for axis, pair in enumerate(zip(arg.ties, own, strict=True)) if pair in common])
        if isinstance(arg, Spread)
        else arg
        for arg, own in zip(args, operands, strict=True)
    ]


RULES: Mapping[Operation, Rule] = {
    broadcast: _broadcast,
    einsum: _contracted,
    layout.transpose: _transposed,
    mean: _mean,
    reduce_sum: _summed,
    reshape: _reshaped,
    sized: _reshaped,
}
