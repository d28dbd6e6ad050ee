"""States that a loop stores for its way back, of which the loop back makes all others again: a stack of few of them.

The stack is filled as the binomial schedule says, which the printed module computes by a function of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from symbackprop.emit.lines import Line
from symbackprop.ir.dtype import item_size
from symbackprop.ir.size import Size, product
from symbackprop.ops.loops import Loop
from symbackprop.ops.revolve import Schedule

if TYPE_CHECKING:
    from symbackprop.emit.statements import Writer

__all__ = ["Stack", "begun", "schedule_function"]

_FUNCTION = '''\
def {name}(begin, end, slots):
    """Return which state is stored next, to go back from `end`, with that of `begin` in the first of `slots`.

    If each step runs r times at most, comb(slots + r, r) steps can be gone back over: the binomial schedule of
    Griewank and Walther (2000), Algorithm 799: revolve, ACM TOMS 26, 19-45.
    """
    steps, runs = end - begin, 1
    if steps < 2:
        return end
    while math.comb(slots + runs, runs) < steps:
        runs += 1
    return begin + min(math.comb(slots + runs - 1, slots), steps - math.comb(slots + runs - 2, slots - 1))
'''


def schedule_function(name: str) -> str:
    """Return the text of the function that says which state is stored next, with a blank line above."""
    return f"\n{_FUNCTION.format(name=name)}"


@dataclass(frozen=True)
class Stack:
    """The stored states of one loop.

    Parameters
    ----------
    loop : Loop
    final : mapping of int to str
        What the carries that are stored are called in the loop, and behind it.
    name : str
        Of the list, an entry of which is ``(steps before it, carry, carry, ...)``.
    stop : str
        What the loop calls the number of steps before the state that it stores next.
    room : str
        The text of how many entries the list has at most: the slots, and the state at work.
    schedule : str
        The name of the function that says which state is stored next.
    """

    loop: Loop
    final: Mapping[int, str]
    name: str
    stop: str
    room: str
    schedule: str

    @property
    def free(self) -> str:
        """The text of how many slots there are above the top of the list, and with it."""
        return f"{self.room} - len({self.name})"

    def copied(self, name: str) -> tuple[Stack, Line]:
        """Return a list of the same states, and the line that makes it."""
        return replace(self, name=name), Line(name, f"{self.name}[:]")

    def storing(self, steps: str, length: str) -> list[Line]:
        """Return the lines of a step that store the state it begins with, where its turn has come."""
        state = ", ".join([self.stop, *self.final.values()])
        return [
            Line("", f"if {steps} == {self.stop}:"),
            Line("", f"{self.name}.append(({state}))", depth=1),
            Line(self.stop, f"{self.schedule}({self.stop}, {length}, {self.free})", depth=1),
        ]

    def restoring(
        self, carries: Sequence[str], steps: str, again: Sequence[Line], header: str, start: str
    ) -> list[Line]:
        """Return the lines of a step back that get the state with which the step there began.

        Parameters
        ----------
        carries : sequence of str
        steps : str
            The text of how many steps are before it.
        again : sequence of Line
            A step there.
        header : str
            The text of ``for step in range(start, stop):``.
        start : str
            What the number of steps is called that the state at work has behind it.
        """
        stop, state = self.stop, ", ".join(carries)
        return [
            Line(f"{start}, {state}", f"{self.name}[-1]"),
            Line("", f"while {start} < {steps}:"),
            Line(stop, f"{self.schedule}({start}, {steps} + 1, {self.free})", depth=1),
            Line("", header, depth=1),
            *(line.indented().indented() for line in again),
            Line("", f"{self.name}.append(({stop}, {state}))", depth=1),
            Line(start, stop, depth=1),
            Line("", self.emptying),
        ]

    @property
    def emptying(self) -> str:
        """The text that takes off the state at work: once for each, so that none is left."""
        return f"{self.name}.pop()"

    def bytes(self) -> Size:
        """Return the bytes of the stored states at most."""
        loop = self.loop
        entry: Size = 0
        for i in loop.state:
            node = loop.carry_inputs[i]
            entry = entry + product(node.shape) * item_size(node.dtype)
        return entry * Schedule(loop.length, loop.slots).stored


def begun(writer: Writer, loop: Loop, carries: Mapping[int, str], length: str) -> tuple[Stack, list[Line]]:
    """Return the stack of a loop, whose `carries` have names, and the lines that begin it."""
    shared, names = writer.shared, writer.names
    if not shared.schedule:
        shared.schedule = names.fresh("next_stored")
    name, stop = names.fresh("stored"), names.fresh("stop")
    lines: list[Line] = []
    if isinstance(loop.slots, int):
        room = str(loop.slots + 1)
    else:
        slots = names.fresh("slots")
        lines.append(Line(slots, f"math.isqrt(2 * {length})"))
        room = f"{slots} + 1"
    stack = shared.stacks[loop.node] = Stack(
        loop, {i: carries[i] for i in loop.state}, name, stop, room, shared.schedule
    )
    return stack, [*lines, Line(f"{name}, {stop}", "[], 0")]
