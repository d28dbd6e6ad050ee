"""The walk over what is computed from a unit vector, which computes it for all unit vectors at once.

Every node is looked at once, arguments before what uses them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbackprop.ir.graph import children, topological
from symbackprop.ir.node import Apply, Input, Node, Output, Shape, make_input, make_output
from symbackprop.ops.bodies import nodes_within, substitute
from symbackprop.ops.broadcasting import rebuilt
from symbackprop.ops.declare import Primitive, results
from symbackprop.transform.batching.call import Made
from symbackprop.transform.batching.walk import batched_outputs
from symbackprop.transform.unit_vectors.axes import along_tied_axis, kept_axes, plainer, with_columns
from symbackprop.transform.unit_vectors.rules import RULES, Argument, agreeing, entry_by_entry
from symbackprop.transform.unit_vectors.spread import Spread

__all__ = ["of_unit_vectors"]


def of_unit_vectors(outputs: Sequence[Node], unit: Input, vectors: Spread) -> list[Spread | None]:
    """Return what `outputs` are for all `vectors` that an input stands for; None for those that do not depend on it.

    Raises
    ------
    UnsupportedError
        On an operation that takes one vector at a time.
    """
    nodes = topological(outputs)
    levels = [node.level for node in nodes_within(nodes) if isinstance(node, Input)]
    walk = _Walk(unit, vectors, 1 + max(levels, default=0))
    for node in nodes:
        walk.follow(node)
    return [walk.spreads.get(node) for node in outputs]


class _Walk:
    """Follows unit vectors through a graph."""

    def __init__(self, unit: Input, vectors: Spread, level: int) -> None:
        self.spreads: dict[Node, Spread] = {unit: vectors}
        self._level = level  # of inputs that are no others'
        self._shared: dict[Node, Node] = {}  # what nodes have become that are the same for all unit vectors
        self._several: dict[Node, list[Argument]] = {}

    def follow(self, node: Node) -> None:
        """Find out what a node is for all unit vectors, if it depends on these."""
        if isinstance(node, Output) and node.source in self._several:
            self._know(node, self._several[node.source][node.index])
        elif isinstance(node, Apply) and any(arg in self.spreads for arg in node.args):
            args = [self._argument(arg) for arg in node.args]
            assert isinstance(node.op, Primitive)
            if node.op.outputs:
                self._several[node] = self._mapped(node, args, results(node), {})
            else:
                self.spreads[node] = self._made(node, args)
        elif any(child in self._shared for child in children(node)):
            self._shared[node] = _with_children(node, [self._shared.get(child, child) for child in children(node)])

    def _know(self, node: Node, found: Argument) -> None:
        if isinstance(found, Spread):
            self.spreads[node] = found
        else:
            self._shared[node] = found

    def _argument(self, node: Node) -> Argument:
        return self.spreads[node] if node in self.spreads else self._shared.get(node, node)

    def _made(self, node: Apply, args: Sequence[Argument]) -> Spread:
        op = node.op
        assert isinstance(op, Primitive)
        if op in RULES:
            return RULES[op](node, args)
        if op.kind == "elementwise" or op.name == "add":
            return entry_by_entry(node, args)
        node = plainer(node)
        named = along_tied_axis(node, args)
        if named is not None:
            return named
        (found,) = self._mapped(node, args, [node], kept_axes(node, args))
        assert isinstance(found, Spread)
        return found

    def _mapped(
        self, node: Apply, args: Sequence[Argument], outputs: Sequence[Node], kept: Mapping[int, int]
    ) -> list[Argument]:
        """Return the results of a node, axis by axis of the unit vectors a batch; along axes that are `kept` ties stay."""
        args = agreeing(args, lambda position, axis: axis in kept)
        spread = next(arg for arg in args if isinstance(arg, Spread))
        places = {kept[axis]: tie for axis, tie in enumerate(spread.ties) if tie is not None}
        columns = None if spread.leading or len(outputs) > 1 else with_columns(node, args)
        if columns is not None:
            return [spread.with_core(columns, tuple(map(places.get, range(node.rank))))]
        batches = [arg.turned() if isinstance(arg, Spread) and not arg.leading else arg for arg in args]
        results: list[Argument] = []
        for output, made in zip(outputs, self._in_batches(node, batches, outputs, spread.lead_shape), strict=True):
            ties = tuple(map(places.get, range(output.rank)))
            found = Spread(spread.basis, made.node, ties, leading=True)
            results.append((found if spread.leading else found.turned()) if made.moved else made.node)
        return results

    def _in_batches(self, node: Apply, args: Sequence[Argument], outputs: Sequence[Node], lead: Shape) -> list[Made]:
        """Return what results become: the last axis of unit vectors is a batch, the one before it a batch of these."""
        cores = {x: arg.core for x, arg in zip(node.args, args, strict=True) if isinstance(arg, Spread)}
        shared = {x: Made(arg, False) for x, arg in zip(node.args, args, strict=True) if not isinstance(arg, Spread)}
        if not lead:
            new = substitute(outputs, {**cores, **{x: made.node for x, made in shared.items()}})
            return [Made(new[output], True) for output in outputs]
        now: dict[Node, Node] = {x: x for x in cores}
        made = [Made(output, True) for output in outputs]
        for count in range(1, len(lead) + 1):
            wider = cores if count == len(lead) else self._stand_ins(cores, lead[-count:])
            known = {**shared, **{now[x]: Made(wider[x], True) for x in cores}}
            moved = [m.node for m in made if m.moved]
            rest = iter(batched_outputs(moved, known, lead[-count]))
            made = [next(rest) if m.moved else m for m in made]
            now, shared = dict(wider), {arg.node: arg for arg in shared.values()}
        return made

    def _stand_ins(self, cores: Mapping[Node, Node], axes: Shape) -> dict[Node, Node]:
        """Return inputs that stand for what has only some of the axes of unit vectors."""
        return {x: make_input(position, (*axes, *x.shape), x.dtype, self._level) for position, x in enumerate(cores)}


def _with_children(node: Node, new: Sequence[Node]) -> Node:
    if isinstance(node, Output):
        return make_output(new[0], node.index, node.shape, node.dtype)  # type: ignore[arg-type]
    assert isinstance(node, Apply)
    return rebuilt(node, tuple(new))
