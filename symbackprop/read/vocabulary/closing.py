"""From what a step computes to a closed body: what it takes from outside becomes an input like the others.

All that does not depend on what a body binds is computed outside, once: moving it out of a loop is a matter of where the
body is cut off. But what the body wrote under a mask, and what is not finite everywhere, stays under that mask:
``where(x > 0, log(w), 0)`` must not take the logarithm of `w` where no `x` is positive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from contextlib import contextmanager
from typing import NamedTuple

from symbackprop.errors import UnsupportedError
from symbackprop.ir.body import Body
from symbackprop.ir.graph import children, topological
from symbackprop.ir.node import Apply, Const, Input, Node, Output, make_input, make_output
from symbackprop.ops.arithmetic import neg
from symbackprop.ops.broadcasting import broadcast, rebuilt
from symbackprop.ops.comparison import where
from symbackprop.ops.layout import transpose
from symbackprop.ops.partial import is_partial
from symbackprop.read.vocabulary.arguments import collected_here

__all__ = ["Closed", "closed", "refusing_counts"]


class Closed(NamedTuple):
    """A body, and the nodes outside that its last inputs stand for."""

    body: Body
    captured: tuple[Node, ...]


def closed(outputs: Sequence[Node], bound: Sequence[Input], given: Callable[[], Iterable[Node]] = tuple) -> Closed:
    """Return the body that computes `outputs` of what is `bound`, and of what it captures.

    What is `given` to it is known outside of it.
    """
    outside = collected_here().outside
    order = topological(outputs, known=outside)
    inside: set[Node] = {*bound}
    inner: set[Node] = {*bound}  # what depends on what is bound; and on that or any other body's inputs
    for node in order:
        below = children(node)
        if any(child in inside for child in below):
            inside.add(node)
        if any(child in inner for child in below) or (isinstance(node, Input) and node.level):
            inner.add(node)
    outside.update(node for node in order if node not in inner)
    masked = _masked(order, inside, outputs, given)
    if masked:
        inside.update(masked)
        order = topological(outputs, known=outside - set(masked))
    captured: dict[Node, Input] = {}
    level, first = bound[0].level if bound else 1, len(bound)

    def within(node: Node) -> Node:
        if node in inside or isinstance(node, Const) or node.weak:
            return new.get(node, node)
        if isinstance(node, Apply) and node.op in (broadcast, neg, transpose):  # it costs nothing where it is used
            return rebuilt(node, tuple(map(within, node.args)))
        if node not in captured:
            captured[node] = make_input(first + len(captured), node.shape, node.dtype, level)
        return captured[node]

    new: dict[Node, Node] = {}
    for node in order:
        if node in inside and isinstance(node, Apply):
            new[node] = rebuilt(node, tuple(map(within, node.args)))
        elif node in inside and isinstance(node, Output):
            source = within(node.source)
            assert isinstance(source, Apply)
            new[node] = make_output(source, node.index, node.shape, node.dtype)
    results = tuple(map(within, outputs))
    collected_here().became(new)
    return Closed(Body((*bound, *captured.values()), results), tuple(captured))


def _masked(
    order: Sequence[Node], inside: Set[Node], outputs: Iterable[Node], given: Callable[[], Iterable[Node]]
) -> list[Node]:
    """Return what depends on nothing that is bound and yet is finite only under a mask that does."""
    plain: set[Node] = {*outputs}
    under_masks: dict[Node, None] = {}
    for node in reversed(order):
        if node not in inside:
            continue
        chooses = isinstance(node, Apply) and node.op is where and node.args[0] in inside
        for position, child in enumerate(children(node)):
            if node in plain and not (chooses and position):
                plain.add(child)
            else:
                under_masks[child] = None
    alone = [node for node in under_masks if node not in inside and node not in plain]
    if not alone:
        return []
    found: dict[Node, None] = {}
    for node in topological(alone, known=plain.union(given())):
        if is_partial(node) or any(child in found for child in children(node)):
            found[node] = None
    return [*found]


@contextmanager
def refusing_counts(what: str, *, once: bool = False) -> Iterator[None]:
    """Refuse sizes that are computed inside a body, which would be others for each run; or which runs `once`."""
    collected = collected_here()
    counts = collected.counts
    before = len(counts)
    collected.depth += 1
    collected.repeated += not once
    try:
        yield
    finally:
        collected.depth -= 1
        collected.repeated -= not once
    if len(counts) > before:
        raise UnsupportedError(
            f"{what} makes an array whose size is computed, as x[mask] is; use where(mask, x, 0), which keeps the size"
        )
