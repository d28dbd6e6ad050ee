"""Arrays that statements fill: memory of their own, or that of an array which nobody needs any more."""

from __future__ import annotations

import re

from symbackprop.emit.calls import EMPTY, ZEROS
from symbackprop.emit.in_rows import written_to
from symbackprop.emit.lines import Line, Made
from symbackprop.emit.made import DTYPES, is_computed
from symbackprop.emit.naming import Naming
from symbackprop.emit.template import Code, fill
from symbackprop.ir.node import Apply, Node
from symbackprop.ops.declare import ALIASED, COPIED

__all__ = ["Filling"]

_LOOP = re.compile(r"\{loop(\d+)\}")  # the index of a loop that fills a buffer, by its depth
_ASSIGNED = re.compile(r"(\{out\}\[[^={}]*\]) = \{(\d+)\}")  # a part of a buffer that becomes an operand


class Filling(Naming):
    """The part of a writer that writes the statements of primitives which fill a buffer."""

    depth: int
    in_buffers: bool
    input_codes: dict[Node, Code]
    _weights: dict[Node, int]
    _inlined: dict[Node, Made]  # what is made of arrays that are written where they are used, in fast code
    _owned: set[Node]  # buffers that statements fill
    _loop_indices: list[str]

    def _fill_buffer(self, node: Apply, operands: list[Code], templates: list[str], lines: list[Line] | None) -> None:
        """Write the statements of a primitive that fills a buffer of its own."""
        copied = node.args[0] if templates[0] == COPIED else None
        if copied is not None and self._is_spare(copied, node):
            name = self._bare[node] = self._bare[copied]  # nobody needs the array as it was
            templates = templates[1:]
        elif templates[0] == ALIASED and node.args[0] in self._bare:
            name = self._bare[node] = self._bare[node.args[0]]
            templates = templates[1:]
        else:
            name = self._name(node)
            if copied is not None and copied not in self._bare and is_computed(copied):
                templates[0] = "{out} = {0}"  # what is computed there needs no copy
        self._owned.add(node)
        index = self.names.numbered("i") if any("{index}" in template for template in templates) else ""
        for position, template in enumerate(templates):
            written = template.replace("{out}", name).replace("{index}", index)
            text = fill(_LOOP.sub(self._loop_index, written), operands).text
            if lines is not None:
                text = self._assigned_part(node, template, name) or text
                lines.append(self._filling(node, name, text, self._origin(node) if position == 0 else ""))
        self._texts[node] = f"{name} = {node.op.name}(...)" if copied is None else text
        self._codes[node], self._weights[node] = Code(name), 0

    def _filling(self, node: Apply, name: str, text: str, comment: str) -> Line:
        """Return the line of a statement that fills an array; within a block it is memory that is there."""
        begun, _, array = text.partition(" = ")
        function = array.partition("(")[0]
        if begun != name or function not in (ZEROS, EMPTY) or "order=" in array:
            return Line("", text, comment)
        in_block = self.in_buffers and self.depth and node.dtype in DTYPES
        return Line(name, array, comment, made=Made(node, function, (), frozenset()) if in_block else None)

    def _assigned_part(self, node: Apply, template: str, name: str) -> str | None:
        """Return the text of a call that writes what a part of an array becomes there, if there is one."""
        assigned = _ASSIGNED.fullmatch(template)
        if assigned is None or not self._inlined:
            return None
        made = self._inlined.get(self.style.operand(node, int(assigned[2]))[0])
        return None if made is None else written_to(made, assigned[1].replace("{out}", name))

    def _loop_index(self, mark: re.Match[str]) -> str:
        """Return the name of the index of a loop in a loop, the same for all primitives that fill a buffer so."""
        depth = int(mark.group(1))
        while len(self._loop_indices) <= depth:
            self._loop_indices.append(
                self.names.fresh("ijk"[len(self._loop_indices) : len(self._loop_indices) + 1] or "i")
            )
        return self._loop_indices[depth]

    def _is_spare(self, x: Node, user: Apply) -> bool:
        """Tell whether the memory of `x` was made by these lines, and is used by `user` alone."""
        if x in self.input_codes or x in self.shared.wanted:
            return False  # another branch has made it, or needs it as it is
        return (
            (x in self._owned or (x in self._bare and is_computed(x)))
            and self._uses.counts.get(x) == 1
            and user.args.count(x) == 1
            and (x in self._forward_nodes) == (user in self._forward_nodes)
        )
