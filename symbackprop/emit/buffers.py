"""Arrays written into memory that is given: dead buffers are used again, and lines become calls with ``out=``.

A walk along the statements, linear in them (Poletto and Sarkar, 1999, linear scan): a buffer is free once nothing that
may look into it is needed any more (`liveness`), and serves the next array of its shape and dtype. A call that works
entry by entry may write over an operand that it is the last to read. Only memory that comes from here is written to:
no argument, no table, nothing that another function made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from symbackprop.emit.calls import CHOICE, COPY, EMPTY, ZEROS, Call, Operand, calls_of
from symbackprop.emit.lines import Buffer, Line, Made
from symbackprop.emit.liveness import Lifetimes
from symbackprop.emit.release import Statement, names_in, statements_of
from symbackprop.emit.template import fill
from symbackprop.ir.node import Shape

__all__ = ["Buffers"]


@dataclass
class Buffers:
    """The buffers of a function, and which of them are free.

    Parameters
    ----------
    fresh_name : callable
        Returns the name of the next buffer.
    fixed : mapping of str to str
        For names that are given to memory which is not from here what that is called; they are bound to it before.
    owned : dict of str to Buffer
        Buffers for the arrays that loops fill, by the names of these; those that turn out to be needless are dropped.
    returned : set of str
        The names whose memory is returned; those of buffers are added to them.
    """

    fresh_name: Callable[[], str]
    fixed: Mapping[str, str] = field(default_factory=dict)
    owned: dict[str, Buffer] = field(default_factory=dict)
    all: list[Buffer] = field(default_factory=list)
    returned: set[str] = field(default_factory=set)
    _free: dict[tuple[Shape, str], list[Buffer]] = field(default_factory=dict)

    def taken(self, shape: Shape, dtype: str, wanted: Iterable[Buffer] = ()) -> Buffer:
        """Return a free buffer, one of those `wanted` if there is one among them, or a new one."""
        free = self._free.setdefault((shape, dtype), [])
        for buffer in wanted:
            if buffer in free:
                free.remove(buffer)
                return buffer
        if free:
            return free.pop()
        self.all.append(Buffer(self.fresh_name(), shape, dtype))
        return self.all[-1]

    def give_back(self, buffer: Buffer) -> None:
        """Let a buffer serve other arrays."""
        self._free.setdefault((buffer.shape, buffer.dtype), []).append(buffer)

    def lines(self, forward: Sequence[Line], backward: Sequence[Line], result: str) -> tuple[list[Line], list[Line]]:
        """Return the lines of both parts, behind which `result` is read, with arrays in buffers."""
        first = statements_of(forward)
        statements = [*first, *statements_of(backward)]
        lifetimes = Lifetimes(statements, result)
        ending: list[list[str]] = [[] for _ in range(len(statements) + 1)]
        held: dict[str, list[Buffer]] = {}  # by the name that stands for a memory
        filled = self._filled(statements)
        parts: tuple[list[Line], list[Line]] = ([], [])
        for at, statement in enumerate(statements):
            found = parts[at >= len(first)]
            for name in filled.get(at, ()):
                memory = lifetimes.memory_of(name)
                held.setdefault(memory, []).append(self._array(name, found))
                ending[lifetimes.last_use(memory)].append(memory)
            made = statement.lines[0].made
            if made is None or len(statement.lines) > 1:
                found += statement.lines
            else:
                own, target = _LineInBuffers(self, statement.lines[0], made, at, lifetimes, held).written()
                memory = lifetimes.memory_of(statement.lines[0].name)
                if memory not in held and target is not None:
                    ending[lifetimes.last_use(memory)].append(memory)
                if target is not None:
                    held.setdefault(memory, []).append(target)
                found += own
            for memory in ending[at]:
                for buffer in held.pop(memory, ()):
                    self.give_back(buffer)
        self.returned |= lifetimes.alike(self.returned)
        self.returned.update([buffer.name for memory in self.returned for buffer in held.get(memory, ())])
        return parts

    def _filled(self, statements: Sequence[Statement]) -> dict[int, list[str]]:
        """Return which arrays are filled first by the loops at some places."""
        found: dict[int, list[str]] = {}
        waiting = {*self.owned}
        for at, statement in enumerate(statements):
            for name in dict.fromkeys((*statement.bound, *statement.used)):
                if name in waiting:
                    waiting.remove(name)
                    found.setdefault(at, []).append(name)
        return found

    def _array(self, name: str, lines: list[Line]) -> Buffer:
        """Return the buffer of an array that a loop is about to fill: a free one, if there is any."""
        own = self.owned[name]
        free = self._free.get((own.shape, own.dtype))
        if not free:
            return own
        del self.owned[name]
        buffer = free.pop()
        lines.append(Line(name, buffer.name))
        return buffer


class _LineInBuffers:
    """Writes one line as calls."""

    def __init__(
        self, buffers: Buffers, line: Line, made: Made, at: int, lifetimes: Lifetimes, held: dict[str, list[Buffer]]
    ) -> None:
        calls = calls_of(made.template, made.arrays)
        assert calls is not None
        self._buffers, self._line, self._made, self._held = buffers, line, made, held
        self._calls = calls
        self._memory_of = lifetimes.memory_of
        self._results: list[Buffer] = []
        self._dying: dict[
            str, int
        ] = {}  # memories that nobody needs behind this line, by the last call that reads them
        for number, call in enumerate(calls):
            for memory in self._read(call.operands):
                if lifetimes.last_use(memory) == at:
                    self._dying[memory] = number

    def written(self) -> tuple[list[Line], Buffer | None]:
        """Return the lines, and the buffer that they put the array into, if it is one of ours."""
        lines: list[Line] = []
        node = self._made.node
        for number, call in enumerate(self._calls):
            is_last = number == len(self._calls) - 1
            over = self._released(number, call.overwritable, call.protected)
            dtype = "bool" if call.is_mask and not is_last else node.dtype
            fixed = self._buffers.fixed.get(self._line.name) if is_last else None
            if fixed is None:
                buffer = self._buffers.taken(node.shape, dtype, over)
            else:
                buffer = Buffer(fixed, node.shape, dtype)
            self._results.append(buffer)
            name = self._line.name if is_last and fixed is None else ""
            lines += self._call_lines(call, buffer, buffer in over, name)
            self._released(number, call.protected, ())
        if lines:
            lines[-1].comment = self._line.comment
        return lines, None if fixed is not None else buffer

    def _released(self, number: int, operands: Sequence[Operand], beside: Sequence[Operand]) -> list[Buffer]:
        """Give back and return the buffers of `operands` that a call is the last to read, and does not read `beside`."""
        others = self._read(beside)
        found = [self._results[operand] for operand in operands if isinstance(operand, int)]
        for memory in self._read(operands):
            if self._dying.get(memory) == number and memory not in others:
                found += self._held.pop(memory, ())
        for buffer in found:
            self._buffers.give_back(buffer)
        return found

    def _read(self, operands: Iterable[Operand]) -> dict[str, None]:
        """Return the memories that operands look into."""
        texts = (self._text(operand) for operand in operands if isinstance(operand, str))
        return dict.fromkeys(self._memory_of(name) for text in texts for name in names_in(text))

    def _call_lines(self, call: Call, buffer: Buffer, is_over: bool, name: str) -> list[Line]:
        texts = [self._results[x].name if isinstance(x, int) else self._text(x) for x in call.operands]
        if call.function in (ZEROS, EMPTY):
            emptied = [Line("", f"{buffer.name}[...] = 0.0")] if call.function == ZEROS else []
            return [*emptied, *([Line(name, buffer.name)] if name else [])]
        if call.function == COPY:
            return [Line("", f"np.copyto({buffer.name}, {texts[0]})"), *([Line(name, buffer.name)] if name else [])]
        if call.function != CHOICE:
            return [Line(name, f"{call.function}({', '.join(texts)}{call.options}, out={buffer.name})")]
        mask, chosen, other = texts
        lines = [Line("", f"np.copyto({buffer.name}, {chosen}, where={mask})")]
        if not is_over or not other.isidentifier():
            lines.insert(0, Line("", f"np.copyto({buffer.name}, {other})"))
        return [*lines, Line(name, buffer.name)] if name else lines

    def _text(self, template: str) -> str:
        return fill(template, self._made.operands).text
