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
from symbackprop.ir.node import Apply, Node, Operation
from symbackprop.ops.branches import cond
from symbackprop.ops.loops import scan
from symbackprop.ops.whiles import while_loop

if TYPE_CHECKING:
    from symbackprop.emit.statements import Writer

__all__ = ["control_operands", "write_control"]

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


def write_control(writer: Writer, node: Apply, lines: list[Line]) -> None:
    """Append the statements of a loop or of branches."""
    _WRITERS[node.op](writer, node, lines)
