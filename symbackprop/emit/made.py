"""What lines make: whether it is new memory, and whether calls can write it into memory that is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from symbackprop.emit.calls import calls_of
from symbackprop.emit.lines import Made
from symbackprop.emit.template import Code
from symbackprop.ir.node import Apply, Const, Node
from symbackprop.ir.size import has_opaque
from symbackprop.ops.arithmetic import add
from symbackprop.ops.broadcasting import sized
from symbackprop.ops.declare import Primitive
from symbackprop.ops.opaque import opaque
from symbackprop.ops.sparse import csr_array

if TYPE_CHECKING:
    from symbackprop.emit.statements import Writer

__all__ = ["DTYPES", "about", "is_computed", "is_fresh", "made_of"]

DTYPES = ("float64", "float32", "bool")  # that every call writes as they are


def is_computed(node: Node) -> bool:
    """Tell whether an array is computed entry by entry, into new memory."""
    if not isinstance(node, Apply) or not isinstance(node.op, Primitive):
        return False
    return node.op is add or (node.op.kind == "elementwise" and node.op.memory == "fresh")


def is_fresh(node: Apply) -> bool:
    """Tell whether the text of `node` makes an array of its own."""
    op = node.op
    return isinstance(op, Primitive) and op.memory == "fresh" and op not in (sized, opaque, csr_array)


def made_of(writer: Writer, node: Apply, template: str, operands: Sequence[Code]) -> Made | None:
    """Return what an array is made of, where calls can write it into a buffer, the size of which is known before."""
    if node in writer.turned or not node.shape or node.dtype not in DTYPES or any(map(has_opaque, node.shape)):
        return None
    arrays = set()
    for position in range(len(operands)):
        inner, index = writer.style.operand(node, position)
        if index or (inner.shape and not (isinstance(inner, Const) and writer.spreads(node, position))):
            arrays.add(position)
    made = Made(node, template, tuple(operands), frozenset(arrays))
    return made if calls_of(template, made.arrays) else None


def about(statements: Sequence[str], known: Mapping[str, str]) -> Iterator[str]:
    """Return those statements, with what is below them, that are about results that are known, with their names."""
    skipped = False
    for statement in statements:
        for mark, name in known.items():
            statement = statement.replace(mark, name)
        skipped = "{out" in statement or (skipped and statement.startswith(" "))
        if not skipped:
            yield statement
