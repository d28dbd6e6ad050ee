"""``grad(u, x)``, ``jacobian(u, x)``, ``hessian(u, x)`` of a value u: the function of x that u is, found in the program.

Nothing is held but what does not depend on x: every statement above, of the same function or of the formula, that u is
computed by is part of the function. What x itself was computed by is not: x moves, whatever it comes from. In

    y = x**2
    z = sin(y) + x
    grad(z, y)

u is ``z``, its function of y is ``def f(y): z = sin(y) + x; return z``, and the result is ``cos(y)``.

A name that stands for a function is left to `read.vocabulary.derivatives`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from symbackprop.errors import UnsupportedError
from symbackprop.read import program as kinds
from symbackprop.read.calls import callee
from symbackprop.read.program import Definition, Instruction, Statement, Target

__all__ = ["Differentiated", "with_functions_of_values"]

_WORDS = frozenset(("grad", "hessian", "jacobian"))


class Differentiated(NamedTuple):
    """What ``word(u, x)`` asks for.

    Parameters
    ----------
    word : str
        ``"grad"``, ``"jacobian"`` or ``"hessian"``.
    function : Definition
        The function of x, or of several names, that u is.
    reads : tuple of str
        The names in u, in order.
    by : tuple of str
        What the derivative is with respect to.
    is_single : bool
        Whether that is one name, and not a tuple.
    """

    word: str
    function: Definition
    reads: tuple[str, ...]
    by: tuple[str, ...]
    is_single: bool


def with_functions_of_values(
    text: str,
    statements: list[Statement | Definition],
    parameters: Sequence[str] | None = None,
    taken: frozenset[str] = frozenset(),
) -> list[Statement | Definition]:
    """Return the statements of a formula, or of a function with `parameters`, with the functions that values are.

    Words that are `taken` are names of the user's own.
    """
    own = {item.name for item in statements if isinstance(item, Definition)}
    taken = taken | (_WORDS & own.union(parameters or ()))
    found: list[Statement | Definition] = []
    for statement in statements:
        if isinstance(statement, Definition):
            inner = with_functions_of_values(text, statement.statements, statement.parameters, taken)
            found.append(statement._replace(statements=inner))
        elif any(_asks(instruction, taken) for instruction in statement.instructions):
            found.append(_Block(text, found, parameters).differentiated(statement, taken))
        else:
            found.append(statement)
    return found


def _asks(instruction: Instruction, taken: frozenset[str]) -> bool:
    if instruction.kind != kinds.CALL or instruction.count != 2:
        return False
    word, keywords = callee(instruction)
    return word in _WORDS and word not in taken and not keywords


def _taken(instruction: Instruction) -> int:
    """Return how many operands an instruction takes from the stack."""
    kind = instruction.kind
    if kind == kinds.SLICE:
        return sum(instruction.value)  # type: ignore[call-overload, no-any-return]
    return {kinds.UNARY: 1, kinds.BINARY: 2, kinds.IFELSE: 3, kinds.ATTRIBUTE: 1, kinds.SUBSCRIPT: 2}.get(
        kind, instruction.count
    )


def _by_names(instructions: Sequence[Instruction]) -> tuple[str, ...]:
    """Return the names that a derivative is asked for by: one, or a tuple of some; none where it is anything else."""
    names = instructions[:-1] if instructions[-1].kind == kinds.TUPLE else instructions
    return tuple(str(i.value) for i in names) if all(i.kind == kinds.NAME for i in names) else ()


class _Block:
    """The statements above one that asks for derivatives, in the formula or in one of its functions."""

    def __init__(self, text: str, above: Sequence[Statement | Definition], parameters: Sequence[str] | None) -> None:
        self._text = text
        self._above = above
        self._functions = {item.name: item for item in above if isinstance(item, Definition)}
        self._assigned = {name for item in above if isinstance(item, Statement) for name in _names(item.name)}
        self._given = parameters

    def differentiated(self, statement: Statement, taken: frozenset[str]) -> Statement:
        """Return a statement whose calls ``word(u, x)`` say which function of x the value u is."""
        out: list[Instruction] = []
        starts: list[int] = []  # where the operands on the stack begin in `out`
        for instruction in statement.instructions:
            count = _taken(instruction)
            begin = starts[len(starts) - count] if count else len(out)
            if _asks(instruction, taken):
                asked = self._asked(instruction, out[begin : starts[-1]], out[starts[-1] :])
                if asked is not None:
                    del out[begin:]
                    instruction = instruction._replace(kind=kinds.DERIVATIVE, value=asked, count=0)
            out.append(instruction)
            del starts[len(starts) - count :]
            starts.append(begin)
        return statement._replace(instructions=out)

    def _asked(
        self, call: Instruction, value: Sequence[Instruction], by: Sequence[Instruction]
    ) -> Differentiated | None:
        """Return what a call asks for; None where it is of a function, or not by names of this block."""
        is_single = by[-1].kind == kinds.NAME
        items = by if is_single else by[:-1]
        names = tuple(str(item.value) for item in items if item.kind == kinds.NAME)
        if not names or len({*names}) < len(items) or not (is_single or by[-1].kind == kinds.TUPLE):
            return None
        name = str(value[0].value) if len(value) == 1 and value[0].kind == kinds.NAME else None
        if name in self._functions or not all(map(self._is_own, names)):
            return None
        word, _ = callee(call)
        result = Statement(None, call.start, call.end, [*value])
        moved = {by_name: f"_{by_name}'" for by_name in names}  # names that no text can have
        statements = [*self._needed(moved, result), result]
        function = Definition(name or "the value", tuple(moved.values()), call.start, call.end, statements)
        reads = tuple(dict.fromkeys(str(item.value) for item in value if item.kind == kinds.NAME))
        return Differentiated(word, function, reads, names, is_single)

    def _is_own(self, name: str) -> bool:
        """Tell whether a name stands for a value of this block; in the formula every one that is no function does."""
        if self._given is None:
            return name not in self._functions
        return name in self._assigned or name in self._given

    def _needed(self, moved: Mapping[str, str], result: Statement) -> list[Statement | Definition]:
        """Return the statements that a result is computed by, where each of the names takes what moves, not its own."""
        lasts = {name: self._last(name) for name in moved}
        found: list[Statement | Definition] = []
        wanted = self._read_by(result)
        for position in range(len(self._above) - 1, -1, -1):
            moving = {name for name, last in lasts.items() if last == position}
            found += [_moving(name, moved[name], result) for name in moved if name in moving & wanted]
            wanted -= moving
            statement = self._above[position]
            targets = {statement.name} if isinstance(statement, Definition) else {*_names(statement.name)}
            if (targets - moving) & wanted:
                wanted |= self._read_by(statement)
                found.append(statement)
        self._check_read({name for name, last in lasts.items() if last >= 0} & wanted, result)  # before that last time
        found += [_moving(name, moved[name], result) for name, last in lasts.items() if last < 0]
        found.reverse()
        self._check_order(found, result)
        return found

    def _last(self, name: str) -> int:
        """Return where a name is assigned last, -1 where it is given."""
        places = (
            at for at, item in enumerate(self._above) if isinstance(item, Statement) and name in _names(item.name)
        )
        return max(places, default=-1)

    def _read_by(self, statement: Statement | Definition) -> set[str]:
        """Return the names that a statement reads, and those that the functions read which it calls."""
        found: set[str] = set()
        waiting = [*_free(statement)]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += _free(self._functions[name]) if name in self._functions else []
        return found

    def _check_order(self, statements: Sequence[Statement | Definition], result: Statement) -> None:
        """Refuse a name that is read before it is assigned: it stands for something else by now."""
        known: set[str] = set()
        for statement in (*statements, result):
            if isinstance(statement, Statement):
                self._check_read((self._read_by(statement) & self._assigned) - known, result)
                known.update(_names(statement.name))

    def _check_read(self, late: set[str], result: Statement) -> None:
        """Refuse names that are read before they are assigned what they stand for where the derivative is asked for."""
        if late:
            name = min(late)
            raise UnsupportedError(
                f"{name} is assigned again after it was read: what is differentiated is computed once more, in which "
                f"{name} would be the new one. Give one of the two another name"
            ).located(self._text, (result.start, result.end))


def _moving(name: str, parameter: str, place: Statement) -> Statement:
    return Statement(name, place.start, place.end, [Instruction(kinds.NAME, parameter, 0, place.start, place.end)])


def _names(target: Target | None) -> Iterator[str]:
    """Yield the names that an assignment names."""
    waiting = [target]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            yield part
        else:
            waiting += part or ()


def _free(statement: Statement | Definition) -> Iterator[str]:
    """Yield the names that a statement may read from around it, those of functions among them."""
    if isinstance(statement, Definition):
        yield from {name for own in statement.statements for name in _free(own)} - {*statement.parameters}
        return
    for instruction in statement.instructions:
        if instruction.kind == kinds.NAME:
            yield str(instruction.value)
        elif instruction.kind == kinds.CALL:
            yield callee(instruction)[0]
        elif instruction.kind == kinds.DERIVATIVE:
            asked: Differentiated = instruction.value  # type: ignore[assignment]
            yield from _free(asked.function)
            yield from asked.by
