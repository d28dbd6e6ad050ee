"""Where in the user's function an operation stands, and what its result is called there.

Read from the frames that are running and from their code objects: nothing is patched or traced by the interpreter.
"""

from __future__ import annotations

import dis
import linecache
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import NamedTuple

from symbackprop.errors import SymbackpropError
from symbackprop.stages import look

__all__ = ["Place", "Places"]

_STORES = ("STORE_FAST", "STORE_NAME", "STORE_DEREF", "STORE_GLOBAL")


class Place(NamedTuple):
    """An instruction of the user's function: its line, and the names that its result is bound to."""

    line: int
    names: tuple[str, ...]


_NOWHERE = Place(0, ())


class Places:
    """The code objects that belong to the user's function."""

    def __init__(self) -> None:
        self._stores: dict[int, dict[int, tuple[str, ...]]] = {}
        self._codes: list[CodeType] = []  # which keeps the numbers of `_stores` theirs
        self._is_naming = True

    @contextmanager
    def unnamed(self) -> Iterator[None]:
        """Give no names to what is computed again, of which the running line does not speak."""
        before, self._is_naming = self._is_naming, False
        try:
            yield
        finally:
            self._is_naming = before

    def add(self, code: CodeType) -> None:
        """Count `code` as the user's, with all that is defined inside."""
        for inner in _nested(code):
            if id(inner) not in self._stores:
                self._codes.append(inner)
                self._stores[id(inner)] = _stores(inner)

    def here(self) -> Place:
        """Return the place in the innermost of the user's frames that is running."""
        look()  # a function that never ends comes here again and again
        frame = self._frame()
        if frame is None:
            return _NOWHERE
        if not self._is_naming:
            return Place(frame.f_lineno, ())
        return Place(frame.f_lineno, self._stores[id(frame.f_code)].get(frame.f_lasti, ()))

    def located(self, error: SymbackpropError) -> SymbackpropError:
        """Return `error` with the place in the user's file, unless it has one."""
        frame = self._frame()
        if frame is None or error.formula is not None:
            return error
        code = frame.f_code
        lines = linecache.getlines(code.co_filename, frame.f_globals)
        if frame.f_lineno > len(lines):
            error.message = f"{error.message}\n  line {frame.f_lineno} of {code.co_name} in {code.co_filename}"
            error.args = (error.message,)
            return error
        start = sum(len(line) for line in lines[: frame.f_lineno - 1])
        line = lines[frame.f_lineno - 1]
        first, last = len(line) - len(line.lstrip()), len(line.rstrip())
        columns = _columns(code, frame.f_lasti)
        if columns is not None and columns[0] == frame.f_lineno:
            encoded = line.encode()
            first, last = len(encoded[: columns[1]].decode()), len(encoded[: columns[2]].decode())
        return error.located("".join(lines), (start + first, start + last))

    def _frame(self) -> FrameType | None:
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and id(frame.f_code) not in self._stores:
            frame = frame.f_back
        return frame


def _nested(code: CodeType) -> Iterator[CodeType]:
    waiting = [code]
    while waiting:
        inner = waiting.pop()
        yield inner
        waiting.extend(constant for constant in inner.co_consts if isinstance(constant, CodeType))


def _stores(code: CodeType) -> dict[int, tuple[str, ...]]:
    """Return by the offset of an instruction what names its result is bound to by the next."""
    found: dict[int, tuple[str, ...]] = {}
    instructions = [*dis.get_instructions(code)]
    for position, instruction in enumerate(instructions[:-1]):
        following = instructions[position + 1]
        count = 1
        if instruction.opname == "UNPACK_SEQUENCE":
            count = instruction.arg or 0
        elif following.opname == "UNPACK_SEQUENCE":
            count = following.arg or 0
            position += 1
        names: list[str] = []
        for store in instructions[position + 1 : position + 1 + count]:
            bound = _bound(store)
            if not bound:
                break
            names.extend(bound)
        if len(names) >= count and names:  # a frame may stand at the caches behind its instruction
            for offset in range(instruction.offset, following.offset, 2):
                found[offset] = tuple(names[:count])
    return found


def _bound(instruction: dis.Instruction) -> list[str]:
    """Return the names that an instruction binds; newer versions of Python bind two, or bind one and load another."""
    if instruction.opname in _STORES:
        return [str(instruction.argval)]
    if instruction.opname == "STORE_FAST_STORE_FAST":
        return [*map(str, instruction.argval)]
    if instruction.opname.startswith("STORE_FAST_"):
        value = instruction.argval
        return [str(value[0] if isinstance(value, tuple) else value)]
    return []


def _columns(code: CodeType, offset: int) -> tuple[int, int, int] | None:
    """Return the line and the columns, in bytes, of the instruction at `offset`."""
    for position, (line, end_line, first, last) in enumerate(code.co_positions()):
        if position == offset // 2:
            if line is None or line != end_line or first is None or last is None:
                return None
            return line, first, last
    return None
