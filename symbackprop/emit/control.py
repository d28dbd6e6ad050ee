"""Which statements print the primitives that run bodies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from symbackprop.emit.block_loops import block_operands, write_blocks
from symbackprop.emit.blocks import in_blocks
from symbackprop.emit.branches import branch_operands, write_branches
from symbackprop.emit.lines import Line
from symbackprop.emit.loops import loop_operands, write_loop
from symbackprop.emit.whiles import while_operands, write_while
from symbackprop.ir.node import Apply, Node, Operation, Output
from symbackprop.ops.branches import cond
from symbackprop.ops.loops import Loop, scan
from symbackprop.ops.whiles import WhileLoop, while_loop

if TYPE_CHECKING:
    from symbackprop.emit.statements import Writer

__all__ = ["control_operands", "may_alias", "write_control"]

_OPERANDS: Mapping[Operation, Callable[[Apply], list[tuple[Node, int]]]] = {
    cond: branch_operands,
    scan: loop_operands,
    while_loop: while_operands,
    in_blocks: block_operands,
}
_WRITERS: Mapping[Operation, Callable[[Writer, Apply, list[Line]], None]] = {
    cond: write_branches,
    scan: write_loop,
    while_loop: write_while,
    in_blocks: write_blocks,
}


def control_operands(node: Apply) -> list[tuple[Node, int]]:
    """Return what the text of loops and branches is made of, and in how many places each stands."""
    return _OPERANDS[node.op](node)


def may_alias(node: Output) -> bool:
    """Tell whether a result of a loop or of branches may share memory with what these take: a loop may run 0 times."""
    op = node.source.op
    if op is while_loop:
        return node.index < WhileLoop(node.source).carries
    return op is cond or (op is scan and node.index < Loop(node.source).carries)


def write_control(writer: Writer, node: Apply, lines: list[Line]) -> None:
    """Append the statements of a loop or of branches."""
    _WRITERS[node.op](writer, node, lines)
