"""What printed code allocates and releases, line by line."""

from __future__ import annotations

from symbackprop.emit.header import Recipe
from symbackprop.emit.module import written
from symbackprop.emit.release import DELETE, statements_of
from symbackprop.ir.dtype import item_size
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, Node
from symbackprop.ir.size import Size, product
from symbackprop.ops.declare import Primitive

__all__ = ["allocated"]


def allocated(graph: Graph, recipe: Recipe, target: str) -> tuple[Size, ...]:
    """Return in their order the bytes of the arrays that get a name or are returned, negative where one is deleted.

    Views count nothing, nor does what a line makes on its way.
    """
    writing = written(graph, recipe, target)
    writer = writing.writer
    if writing.memory is not None:
        return writing.memory.allocated
    sizes = {name: _bytes(node) for name, node in writer.arrays().items() if not _is_view(node)}
    stacks = {stack.name: stack for stack in writer.shared.stacks.values()}
    sizes.update((name, stack.bytes()) for name, stack in stacks.items())
    live: set[str] = set()
    found: list[Size] = []
    for statement in statements_of(writer.lines):
        first = statement.lines[0].text
        if first.startswith(DELETE):
            gone = [name for name in first.removeprefix(DELETE).split(", ") if name in live]
            found += [-1 * sizes[name] for name in gone]
            live.difference_update(gone)
            continue
        for name in statement.bound:
            if name in sizes and name not in live:
                live.add(name)
                found.append(sizes[name])
        for name in live & stacks.keys():
            if any(line.text == stacks[name].emptying for line in statement.lines):
                live.remove(name)
                found.append(-1 * sizes[name])
    return (*found, *(_bytes(node) for node in graph.outputs if node.shape and not writer.is_bare(node)))


def _bytes(node: Node) -> Size:
    return product(node.shape) * item_size(node.dtype)


def _is_view(node: Node) -> bool:
    return isinstance(node, Apply) and isinstance(node.op, Primitive) and node.op.memory == "view"
