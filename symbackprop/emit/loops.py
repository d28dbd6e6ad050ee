"""Loops as statements: carries and stacks are made, a ``for`` runs the step, results go where they belong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from symbackprop.emit.again import AGAIN
from symbackprop.emit.aliases import memory_of
from symbackprop.emit.in_rows import made_in_row
from symbackprop.emit.lines import Buffer, Line, mentions
from symbackprop.emit.made import is_fresh
from symbackprop.emit.steps import as_number, assigned, handed_on, plural, settled
from symbackprop.emit.stored_states import Stack, begun
from symbackprop.emit.template import SUM, Code
from symbackprop.ir.node import Apply, Const, Node
from symbackprop.ir.size import has_opaque
from symbackprop.ops.arithmetic import add
from symbackprop.ops.creation import arange
from symbackprop.ops.declare import Primitive
from symbackprop.ops.indexing import Bounds, slice_
from symbackprop.ops.loops import Loop, reached_by, scan
from symbackprop.ops.states import State, run_again, state_in

if TYPE_CHECKING:
    from symbackprop.emit.statements import Writer

__all__ = ["loop_operands", "row_of", "write_loop"]


def row_of(sequence: Node) -> tuple[Node, int]:
    """Return the array whose row ``t + offset`` is row `t` of `sequence`, and the offset.

    Of ``x[1:]`` nothing has to be written but ``x[t + 1]``.
    """
    if isinstance(sequence, Apply) and sequence.op is slice_:
        bounds: Bounds = sequence.param("bounds")  # type: ignore[assignment]
        first, rest = bounds[0], bounds[1:]
        if isinstance(first, tuple) and not any(bound is not None for bound in rest):
            start, _, step = first
            if step == 1 and (start is None or (isinstance(start, int) and start >= 0)):
                return sequence.args[0], start or 0
    return sequence, 0


def loop_operands(node: Apply) -> list[tuple[Node, int]]:
    """Return what the text of a loop is made of, and in how many places each stands: rows and constants in every step."""
    loop = Loop(node)
    there = run_again(loop)
    initial = [(arg, 1) for arg in loop.initial]
    steps = [loop] if there is None else [loop, there]
    sequences = [(row_of(arg)[0], 2) for own in steps for arg in own.sequences if not _counts(arg)]
    return [*initial, *sequences, *((arg, 2) for own in steps for arg in own.constants)]


def _is_same(loop: Loop | None, other: Loop) -> bool:
    return loop is not None and loop.node is other.node


def _counts(sequence: Node) -> bool:
    """Tell whether the rows of an array are 0, 1, 2, ..., which is what a loop counts."""
    return isinstance(sequence, Apply) and sequence.op is arange


def write_loop(writer: Writer, node: Apply, lines: list[Line]) -> None:
    """Append the statements of a loop."""
    _LoopWriter(writer, node, lines is writer.forward).write(lines)


class _LoopWriter:
    """Writes one loop, as far as its results are needed."""

    def __init__(self, writer: Writer, node: Apply, is_forward: bool) -> None:
        self.writer = writer
        self.loop = Loop(node)
        self.is_forward = is_forward
        self.results = writer.results_of(node)
        self.index = writer.shared.index(writer.depth)
        self.carries = sorted(reached_by(self.loop, self.results)[0])
        self.there = run_again(self.loop)
        self.states: dict[int, str] = {}  # what the carries of the steps that run again are called
        self.behind: dict[int, str] = {}  # and those behind the step, where they are read
        if self.there is not None:
            fresh, index = writer.names.fresh, self.index
            self.states = {i: fresh(f"{self._stem(self.there, i)}_{index}") for i in self.there.state}

    def write(self, lines: list[Line]) -> None:
        writer, loop = self.writer, self.loop
        count = len(loop.body.outputs)
        names = {i: self._carry_name(i) for i in self.carries}
        values = [j for j in range(len(loop.values)) if loop.carries + j in self.results]
        tracked = {
            i: count + at for at, i in enumerate(loop.kept) if count + at in self.results and i not in loop.again
        }
        inner = self._step(names, values, tracked)
        trajectories = {i: self._result_name(at, plural(writer, names[i])) for i, at in tracked.items()}
        stacks = {j: self._stack_name(j, inner) for j in values}
        lines += [Line(name, self._first(i)) for i, name in names.items()]
        for i, name in trajectories.items():
            lines += self._memory(name, loop.trajectory(i))
            lines.append(Line("", f"{name}[{-1 if loop.reverse else 0}] = {names[i]}"))
        for j, name in stacks.items():
            lines += self._memory(name, loop.stack(j))
        length = writer.style.size(loop.length)
        steps = f"reversed(range({length}))" if loop.reverse else f"range({length})"
        body = self._body(inner, names, stacks, trajectories)
        if any(count + loop.kept.index(i) in self.results for i in loop.again):
            stack, first = begun(writer, loop, names, length)
            lines += first
            body = [*stack.storing(self._steps_before(loop), length), *body]
        if self.there is not None:
            stack = writer.shared.stacks[self.there.node]
            if len(self._going_back(self.there)) > 1:  # each takes the states off a list of its own
                stack, copied = stack.copied(writer.names.fresh(stack.name))
                lines.append(copied)
            lines.append(Line("", f"{AGAIN}the state before each step, from the nearest that is stored"))
            lines += [Line(self.states[i], stack.final[i]) for i in self.behind]
            body = [*self._restored(self.there, stack), *body]
        index = self.index if any(mentions(line.text, self.index) for line in body) else "_"
        header = f"for {index} in {steps}:"
        lines.append(self._header(header, names, stacks, trajectories))
        lines += [line.indented() for line in body] or [Line("", "pass", depth=1)]
        writer.note_text(loop.node, header)
        for i, name in names.items():
            if i in self.results:
                writer.bind(self.results[i], name)

    def _first(self, carry: int) -> str:
        """Return the text of an initial carry."""
        node = self.loop.initial[carry]
        return as_number(self.writer, self.writer.operand_text(node), node, self.loop.final(carry))

    # --- names --------------------------------------------------------------------------------------------------------

    def _carry_name(self, carry: int) -> str:
        writer, loop = self.writer, self.loop
        user = writer.graph.names.get(loop.carry_inputs[carry])
        if user is None and carry in self.results:
            user = writer.graph.names.get(self.results[carry])
        adjoint = writer.adjoint_name(loop.new_carries[carry])
        if adjoint is None and carry in self.results:
            adjoint = writer.adjoint_name(self.results[carry])
        return writer.names.fresh(user or adjoint or "state")

    def _stack_name(self, value: int, inner: Writer) -> str:
        node = self.loop.values[value]
        stem = self.writer.graph.names.get(node) or self.writer.adjoint_name(node) or inner.telling_name(node)
        return self._result_name(self.loop.carries + value, plural(self.writer, stem) if stem else "rows")

    def _result_name(self, position: int, otherwise: str) -> str:
        """Return the name of a result."""
        writer, result = self.writer, self.results[position]
        name = writer.name_again(result) or writer.names.fresh(
            writer.graph.names.get(result) or writer.adjoint_name(result) or otherwise
        )
        writer.bind(result, name)
        return name

    def _memory(self, name: str, node: Node) -> list[Line]:
        """Return the lines that allocate a stack: none where it is a buffer of the function."""
        writer = self.writer
        if writer.in_buffers and not writer.depth and not any(map(has_opaque, node.shape)):
            writer.shared.owned[name] = Buffer(name, node.shape, node.dtype)
            return []
        style = writer.style
        dtype = "" if node.dtype == "float64" else f", dtype={style.dtype(node.dtype)}"
        return [Line(name, f"np.empty({style.shape(node.shape)}{dtype})")]

    def _header(
        self, text: str, names: Mapping[int, str], stacks: Mapping[int, str], trajectories: Mapping[int, str]
    ) -> Line:
        """Return the line that begins a loop, with what it tells of memory.

        If steps make the carries that it leaves, these share memory with nothing else but what they began with, and the
        stacks in whose rows they were made.
        """
        loop = self.loop
        left = [i for i in self.carries if i in self.results]
        bases = set[Node | None]().union(*(memory_of(loop.new_carries[i]) for i in left))
        rows = [name for i, name in trajectories.items() if not bases.isdisjoint(memory_of(loop.new_carries[i]))]
        rows += [name for j, name in stacks.items() if not bases.isdisjoint(memory_of(loop.values[j]))]
        is_fresh = self.there is None and not loop.again and all(map(_is_made, bases))
        return Line("", text, is_fresh=is_fresh, beside=(*(names[i] for i in left), *rows))

    # --- states that come again ---------------------------------------------------------------------------------------

    def _going_back(self, there: Loop) -> list[Node]:
        """Return the loops that go back over the steps of one, running them again."""
        return [
            node
            for node in (*self.writer.schedule.forward, *self.writer.schedule.backward)
            if isinstance(node, Apply) and node.op is scan and _is_same(run_again(Loop(node)), there)
        ]

    def _state(self, state: State) -> str:
        """Return what a state is called, before the step or behind it."""
        if not state.behind:
            return self.states[state.carry]
        if state.carry not in self.behind:
            self.behind[state.carry] = self.writer.names.fresh(f"{self._stem(state.there, state.carry)}_next")
        return self.behind[state.carry]

    def _stem(self, there: Loop, carry: int) -> str:
        return self.writer.graph.names.get(there.carry_inputs[carry]) or "state"

    def _steps_before(self, there: Loop) -> str:
        """Return the text of how many steps of a loop are before the one whose row is at work."""
        return f"{self.writer.style.size(there.length - 1)} - {self.index}" if there.reverse else self.index

    def _restored(self, there: Loop, stack: Stack) -> list[Line]:
        """Return the lines of a step back that get the state with which the step there began."""
        writer, states = self.writer, self.states
        start, step, stop = writer.names.fresh("start"), writer.names.fresh("step"), stack.stop
        codes: dict[Node, Code] = {there.carry_inputs[i]: Code(name) for i, name in states.items()}
        for node, sequence in zip(there.row_inputs, there.sequences, strict=True):
            codes[node] = self._row(sequence, step)
        for node, arg in zip(there.constant_inputs, there.constants, strict=True):
            codes[node] = writer.operand_code(arg)
        inner = writer.inner(tuple(there.new_carries[i] for i in states), codes, is_forward=True)
        new = {name: inner.result(there.new_carries[i]).text for i, name in states.items()}
        pending, lines = settled(new, inner.lines, [], inner.renamed)
        again = [line for line in [*lines, *assigned(pending)] if line.name != line.text]
        length = writer.style.size(there.length)
        rows = f"reversed(range({length} - {stop}, {length} - {start}))" if there.reverse else f"range({start}, {stop})"
        behind = [Line(name, states[i]) for i, name in self.behind.items()]
        header = f"for {step} in {rows}:"
        return [*behind, *stack.restoring([*states.values()], self._steps_before(there), again, header, start)]

    # --- the step -----------------------------------------------------------------------------------------------------

    def _step(self, names: Mapping[int, str], values: Sequence[int], tracked: Iterable[int]) -> Writer:
        """Return the writer of a step, which computes the new carries that are needed, and some values.

        In fast code values go into the rows of their stacks, and carries that are `tracked` into those of trajectories.
        """
        loop, writer = self.loop, self.writer
        codes: dict[Node, Code] = {loop.carry_inputs[i]: Code(name) for i, name in names.items()}
        for node, sequence in zip(loop.row_inputs, loop.sequences, strict=True):
            state = state_in(sequence)
            codes[node] = self._row(sequence, self.index) if state is None else Code(self._state(state))
        for node, arg in zip(loop.constant_inputs, loop.constants, strict=True):
            codes[node] = writer.operand_code(arg)
        values_of = [loop.values[j] for j in values]
        stacked = {*values_of, *(loop.new_carries[i] for i in tracked)} if writer.style.has_large else set()
        outputs = (*(loop.new_carries[i] for i in names), *values_of)
        return writer.inner(outputs, codes, self.is_forward, in_rows=stacked)

    def _body(
        self, inner: Writer, names: Mapping[int, str], stacks: Mapping[int, str], trajectories: Mapping[int, str]
    ) -> list[Line]:
        """Return the lines of a step, with those that put its results where they belong."""
        loop, index = self.loop, self.index
        new = {name: handed_on(self.writer, inner, loop.new_carries[i], loop.final(i)) for i, name in names.items()}
        behind = index if loop.reverse else f"{index} + 1"
        lines, kept = self._in_trajectories(
            inner, new, {names[i]: f"{name}[{behind}]" for i, name in trajectories.items()}
        )
        lines, written = self._in_stacks(inner, lines, stacks, new)
        pending, lines = settled(new, lines, written, inner.renamed)
        inner.finish()
        stored = {*trajectories, *loop.state}
        sums = {names[i] for i in names if i not in stored and self._is_running_sum(i, inner)}
        lines = [line for line in lines if line.name != line.text]  # a loop inside may go on with the carry itself
        return [*lines, *assigned(pending, sums), *kept]

    def _in_trajectories(
        self, inner: Writer, new: Mapping[str, str], rows: Mapping[str, str]
    ) -> tuple[list[Line], list[Line]]:
        """Return the lines of a step with new carries made in the rows of trajectories, and those that copy others there.

        Only fast code does so: the carry is then no array of its own.
        """
        lines, kept = inner.lines, list[Line]()
        for name, row in rows.items():
            own = made_in_row(lines, new[name], row) if self.writer.style.has_large else None
            kept += [Line("", f"{row} = {name}")] if own is None else []
            lines = own or lines
        return lines, kept

    def _in_stacks(
        self, inner: Writer, lines: list[Line], stacks: Mapping[int, str], new: Mapping[str, str]
    ) -> tuple[list[Line], list[Line]]:
        """Return the lines of a step with values made where they are stacked, and those that copy others there."""
        loop, is_fast = self.loop, self.writer.style.has_large
        handed_on = set[Node | None]() if is_fast else set[Node | None]().union(*map(memory_of, loop.new_carries))
        written = list[Line]()
        for j, name in stacks.items():
            value, row = loop.values[j], f"{name}[{self.index}]"
            text = inner.result(value).text
            own = None if value in handed_on or None in handed_on else made_in_row(lines, text, row)
            written += [Line("", f"{row} = {text}")] if own is None else []
            lines = own or lines
        needed = [*new.values(), *(line.text for line in (*lines, *written))]
        rows = {f"out={name}[{self.index}])" for name in stacks.values()}
        return [_without_name(line, needed) if line.text.endswith(tuple(rows)) else line for line in lines], written

    def _is_running_sum(self, carry: int, inner: Writer) -> bool:
        """Tell whether a carry is added to in every step and read by nobody else, in memory of its own."""
        loop = self.loop
        before, after = loop.carry_inputs[carry], loop.new_carries[carry]
        if not isinstance(after, Apply) or after.op is not add or after.args[0] is not before or len(after.args) != 2:
            return False
        return inner.uses_of(before) == 1 and (not before.shape or isinstance(loop.initial[carry], Const))

    def _row(self, sequence: Node, index: str) -> Code:
        if _counts(sequence):
            return Code(index)
        base, offset = row_of(sequence)
        place = f"{index} + {offset}" if offset else index
        code = self.writer.operand_code(base)
        return Code(f"{code.text}[{place}]" if code.binding > SUM else f"({code.text})[{place}]")


def _is_made(node: Node | None) -> bool:
    """Tell whether a value is a number, or an array that one expression makes in memory of its own."""
    if node is None or not isinstance(node, Apply) or not isinstance(node.op, Primitive):
        return False
    return not node.shape or (is_fresh(node) and node.op.lines is None)


def _without_name(line: Line, needed: Sequence[str]) -> Line:
    """Return a line that says where it writes without a name of its own, unless something is said of that."""
    return line if any(mentions(text, line.name) for text in needed) else replace(line, name="")
