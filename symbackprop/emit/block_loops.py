"""Loops over blocks of rows, as statements: slices of what is there, what is computed of them, and where that goes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from symbackprop.emit.blocks import BlockLoop, Moved
from symbackprop.emit.buffers import Buffers
from symbackprop.emit.calls import COPY, EMPTY, ZEROS
from symbackprop.emit.lines import Blocks, Buffer, Line, Made, are_few, renamed_all
from symbackprop.emit.release import names_in
from symbackprop.emit.schedule import Schedule
from symbackprop.emit.template import ATOM, Code
from symbackprop.emit.workspace import BLOCK, NUMBERS
from symbackprop.ir.node import Apply, Node
from symbackprop.ir.size import Size, maximum, minimum, named, names, product

if TYPE_CHECKING:
    from symbackprop.emit.statements import Writer

__all__ = ["block_operands", "write_blocks"]

_IN_USE = 8  # arrays of a block that are to stay in the cache together


def block_operands(node: Apply) -> list[tuple[Node, int]]:
    """Return what the text of a loop is made of, and in how many places each stands: in every step."""
    return [(arg, 2) for arg in node.args]


def write_blocks(writer: Writer, node: Apply, lines: list[Line]) -> None:
    """Append the statements of a loop over blocks."""
    _BlockWriter(writer, node).write(lines)


class _BlockWriter:
    def __init__(self, writer: Writer, node: Apply) -> None:
        self.writer = writer
        self.loop = BlockLoop(node)
        self.results = writer.results_of(node)
        fresh, style = writer.names.fresh, writer.style
        self.start, self.stop = fresh("start"), fresh("stop")
        self.rows = ""  # what its number of rows is called, known once its buffers are
        (own,) = names(self.loop.own_rows)
        style.size_names[own] = named(f"({self.stop} - {self.start})")

    def write(self, lines: list[Line]) -> None:
        writer, loop = self.writer, self.loop
        stored = {position: self._result_name(position) for position in self.results if position < loop.stored}
        parts = {position: f"{name}_part" for position, name in stored.items()}
        header, copies, codes = self._arguments()
        inner = self._inner(codes, parts)
        inner.forward[:0] = copies
        fixed, behind = self._stores(inner, stored, parts)
        header += [Line(parts[i], f"{stored[i]}[{self.start}:{self.stop}]") for i in fixed]
        pool = Buffers(lambda: writer.names.fresh("_block"), {parts[i]: parts[i] for i in fixed})
        before, added, after = self._sums(inner, len(stored))
        _set_early(inner.forward, inner.backward, [*behind, *added])
        forward, backward = pool.lines(inner.forward, inner.backward, "")
        inner.finish()
        called, taken = self._allocate(pool, stored)
        length = writer.style.size(loop.length)
        lines += before
        lines.append(Line("", f"for {self.start} in range(0, {length}, {self.rows}):", is_fresh=True))
        body = [Line(self.stop, f"min({self.start} + {self.rows}, {length})"), *header, *taken]
        body += [*forward, *backward]
        lines += [renamed_all(line, called).indented() for line in body]
        lines += after
        writer.note_text(loop.node, f"for {self.start} in range(0, {length}, {self.rows}):")

    def _result_name(self, position: int) -> str:
        """Return the name of a result, which from now on has it."""
        writer, result = self.writer, self.results[position]
        stem = writer.graph.names.get(result) or writer.adjoint_name(result)
        name = writer.names.fresh(stem) if stem else writer.names.numbered("t")
        writer.bind(result, name)
        return name

    def _arguments(self) -> tuple[list[Line], list[Line], dict[Node, Code]]:
        """Return the lines that take a block of arguments, those that copy one of few numbers a row, and the codes of all.

        A copy lies component by component, as what is computed of it does; NumPy copies faster than it computes what lies
        otherwise than its arguments.
        """
        writer, loop = self.writer, self.loop
        lines: list[Line] = []
        copies: list[Line] = []
        stored = set(loop.body.outputs[: loop.stored])
        read = {arg for node in loop.body.nodes() if node not in stored for arg in node.args}
        codes: dict[Node, Code] = {}
        for arg, inner, sliced in zip(loop.node.args, loop.body.inputs, loop.sliced, strict=True):
            code = writer.operand_code(arg)
            if sliced:
                text = code.text if code.binding == ATOM else f"({code.text})"
                part = writer.names.fresh(f"{text}_part" if text.isidentifier() else "part")
                rows = f"{text}[{self.start}:{self.stop}]"
                if inner in read and are_few(inner.shape[1:]) and inner.dtype in ("float64", "float32"):
                    made = Made(inner, COPY, (Code(rows),), frozenset((0,)))
                    copies.append(Line(part, f"np.array({rows})", made=made))
                else:
                    lines.append(Line(part, rows))
                code = Code(part)
            codes[inner] = code
        return lines, copies, codes

    def _inner(self, codes: dict[Node, Code], parts: dict[int, str]) -> Writer:
        """Return the writer of a block, which has written its lines."""
        writer, loop = self.writer, self.loop
        nodes = loop.body.nodes()
        backward = [node for node in nodes if node not in loop.primal]
        forward = [node for node in nodes if node in loop.primal]
        writer.shared.primal.update(forward)
        schedule = Schedule(forward, backward, set(nodes), writer.shared.adjoints_among(backward))
        called = {node: writer.graph.names[node] for node in nodes if node in writer.graph.names}
        called.update((loop.body.outputs[position], part) for position, part in parts.items())
        return writer.inner_of(schedule, loop.body.outputs, codes, called, in_buffers=True)

    def _stores(self, inner: Writer, stored: dict[int, str], parts: dict[int, str]) -> tuple[list[int], list[Line]]:
        """Return the results that are written where they belong, and the lines that put others there.

        NumPy copies what lies component by component into rows faster than it computes it there.
        """
        made = {line.name for line in inner.lines if line.made is not None and not _is_turned(line.made)}
        fixed, lines = [], []
        for position, name in stored.items():
            code = inner.result(self.loop.body.outputs[position]).text
            if code in made:
                parts[position] = code
                fixed.append(position)
            else:
                lines.append(Line("", f"{name}[{self.start}:{self.stop}] = {code}"))
        return fixed, lines

    def _sums(self, inner: Writer, stored: int) -> tuple[list[Line], list[Line], list[Line]]:
        """Return the lines of sums over all rows: before the loop, in it and behind it."""
        writer, loop, memory = self.writer, self.loop, self.writer.shared.memory
        before, added, after = list[Line](), list[Line](), list[Line]()
        for position, result in self.results.items():
            if position < loop.stored:
                continue
            name = self._result_name(position)
            texts = [inner.result(output).text for output in loop.body.outputs]
            text = texts[position]
            if result.shape:
                memory.append(Buffer(name, result.shape, result.dtype))
                before.append(Line("", f"{name}[...] = 0.0", is_fresh=True))
                if position in loop.moved:
                    added += [self._moved(name, texts[part.output], part) for part in loop.moved[position]]
                else:
                    added.append(Line("", f"{name} += {text}"))
                continue
            parts = writer.names.fresh(f"{name}_parts")
            kind = "" if result.dtype == "float64" else f", dtype={writer.style.dtype(result.dtype)}"
            before.append(Line(parts, "[]", is_fresh=True))
            added.append(Line("", f"{parts}.append({text})"))
            after.append(Line(name, f"{parts}[0] if len({parts}) == 1 else np.sum({parts}{kind})", is_fresh=True))
        return before, added, after

    def _moved(self, name: str, text: str, part: Moved) -> Line:
        """Return the line that adds rows of a block to those of a result at some distance."""
        start, stop = ((f"{end} + {part.distance}" if part.distance else end) for end in (self.start, self.stop))
        return Line("", f"{name}[{start}:{stop}] {'-' if part.is_subtracted else '+'}= {text}")

    def _allocate(self, pool: Buffers, stored: dict[int, str]) -> tuple[dict[str, str], list[Line]]:
        """Note what memory a loop needs, and how many rows fit into the cache.

        Return what its buffers are called, and the lines that take them. Loops with the same number of rows work in the
        same memory, one after the other.
        """
        shared, loop = self.writer.shared, self.loop
        widths: list[Size] = [
            product(arg.shape[1:]) for arg, sliced in zip(loop.node.args, loop.sliced, strict=True) if sliced
        ]
        for position, name in stored.items():
            result = self.results[position]
            shared.owned[name] = Buffer(name, result.shape, result.dtype)
            widths.append(product(result.shape[1:]))
        own = [product(buffer.shape[1:]) for buffer in pool.all if self._is_block(buffer)]
        shared.block_numbers.append(sum(own, 0) * loop.length)
        self._count_rows([*widths, *own])
        called: dict[str, str] = {}
        taken: dict[Blocks, list[str]] = {}
        for buffer in pool.all:
            blocks = self._blocks(buffer)
            names = taken.setdefault(blocks, [])
            called[buffer.name] = blocks.name_of(len(names), self.writer.names)
            names.append(called[buffer.name])
        rows = f"{self.stop} - {self.start}"
        return called, [blocks.taking(names, rows) for blocks, names in taken.items()]

    def _blocks(self, buffer: Buffer) -> Blocks:
        """Return the memory in which a buffer of this loop is."""
        shared = self.writer.shared
        is_block = self._is_block(buffer)
        row_shape = buffer.shape[1:] if is_block else buffer.shape
        key = (self.rows if is_block else "", row_shape, buffer.dtype)
        if key not in shared.blocks:
            shape = (self.loop.rows, *row_shape) if is_block else row_shape
            name = self.writer.names.fresh("blocks" if is_block else "buffers")
            shared.blocks[key] = Blocks(Buffer(name, shape, buffer.dtype), in_rows=is_block)
        return shared.blocks[key]

    def _count_rows(self, widths: Sequence[Size]) -> None:
        """Find out how many rows a block has, where arrays have so many numbers a row, and what that is called.

        Of many arrays few are in use at a time: blocks that have all of them in the cache would be so short that the calls
        of NumPy take the time.
        """
        shared, style, loop = self.writer.shared, self.writer.style, self.loop
        total = sum(widths, 0)
        total = total * _IN_USE // len(widths) if len(widths) > _IN_USE else total
        key = (loop.length, total)
        is_new = key not in shared.block_names
        self.rows = shared.block_names.setdefault(key, "") or self.writer.names.fresh("rows")
        shared.block_names[key] = self.rows
        (rows,) = names(loop.rows)
        style.size_names[rows] = named(self.rows)
        shared.block_sizes[rows] = (minimum(loop.length, maximum(NUMBERS // maximum(total, 1), 1)), loop.length)
        if is_new:
            width = style.size(total)
            width = width if width.isdigit() and width != "0" else f"max({width}, 1)"
            text = f"max(1, min({style.size(loop.length)}, {BLOCK} // {width}))"
            shared.block_rows.append(Line(self.rows, text))

    def _is_block(self, buffer: Buffer) -> bool:
        """Tell whether a buffer is for rows of a block."""
        return buffer.shape[:1] == (self.loop.own_rows,)


def _is_turned(made: Made) -> bool:
    """Tell whether the rows of a result are computed of what lies component by component."""
    of_few = (isinstance(arg, Apply) and are_few(arg.shape[1:]) for arg in made.node.args)
    return are_few(made.node.shape[1:]) and made.template not in (EMPTY, ZEROS) and any(of_few)


def _set_early(forward: list[Line], backward: list[Line], added: Sequence[Line]) -> None:
    """Put lines that store or sum what a block computes as soon as it is there, so that its memory is free again."""
    for line in added:
        wanted = names_in(line.text)
        for lines in (backward, forward):
            at = max((at for at, other in enumerate(lines, 1) if _may_make(other, wanted)), default=0)
            if at or lines is forward:
                while at < len(lines) and (lines[at].depth or lines[at].text.startswith(("else:", "elif "))):
                    at += 1
                lines.insert(at, line)
                break


def _may_make(line: Line, wanted: Collection[str]) -> bool:
    """Tell whether a line binds one of some names, or may write to what one of them stands for."""
    found = names_in(line.name or line.text)
    return any(name in found for name in wanted)
