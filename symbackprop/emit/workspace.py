"""The memory that a function works in: a function of its own allocates it, so that it can be kept from call to call.

The printed function allocates what it is not given. Where everything is so small that the calls of NumPy are what
takes the time, it hands over to the plain form of itself, which stands above it.

What is not returned lies in one piece. The memory of many arrays goes back to the system when they are gone, and comes
back page by page in the next call, which takes longer than to compute with it; that of one large array stays.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from symbackprop.emit.lines import Buffer, Line, in_groups
from symbackprop.ir.dtype import item_size
from symbackprop.ir.size import Size, product, substitute, to_text

if TYPE_CHECKING:
    from symbackprop.emit.statements import Writer

__all__ = ["BLOCK", "NUMBERS", "SMALL", "Memory", "memory_of"]

NUMBERS = 196_608  # of a block: half as many again as the second cache of a processor holds of float64, of which few are in use
BLOCK = "BLOCK"  # how many numbers the arrays have that a loop works on at once
SMALL = "SMALL"  # how many numbers are so few that nothing is gained by buffers
_CONSTANTS = {
    BLOCK: Line(BLOCK, f"{NUMBERS:_}", "numbers that stay in the cache of a processor together"),
    SMALL: Line(SMALL, "32_768", "numbers that need no buffers"),
}
_TOGETHER = 8  # buffers that one line makes
_CUT = '''\
def {name}(memory, *shape):
    """Return an array of a shape, which is the first part of some memory, and the rest.

    One piece of memory stays with the program from call to call, where many would go back to the system.
    """
    stop = math.prod(shape)
    return memory[:stop].reshape(shape), memory[stop:]
'''


@dataclass(frozen=True)
class Memory:
    """What a function works in.

    Parameters
    ----------
    function : str
        The name of the function that allocates it.
    parameter : str
        The name under which the function takes it.
    small : str
        The name of the plain form of the function.
    lines : tuple of Line
        What allocates it.
    names : tuple of str
        What it consists of.
    sizes : mapping of str to str
        The named sizes that it depends on, and what they are called in the text.
    total : str
        How many numbers it holds, if no loop is cut into blocks.
    allocated : tuple of sizes
        The bytes of its arrays.
    values : tuple of (size or Buffer)
        What `names` stand for, where all rows are one block.
    cut : str
        The name of the function that takes arrays from one piece of memory; none if they are allocated one by one.
    """

    function: str
    parameter: str
    small: str
    lines: tuple[Line, ...]
    names: tuple[str, ...]
    sizes: Mapping[str, str]
    total: str
    allocated: tuple[Size, ...]
    values: tuple[Size | Buffer, ...]
    cut: str = ""

    @property
    def constants(self) -> list[Line]:
        """The constants of the module that the lines speak of."""
        has_blocks = any(BLOCK in line.text for line in self.lines)
        return [_CONSTANTS[name] for name in ((BLOCK, SMALL) if has_blocks else (SMALL,))]

    def taking(self, call: str) -> list[str]:
        """Return the lines with which the function takes its memory, or leaves the work to `call` of its plain form."""
        sizes = _tuple(self.sizes.values())
        own = self.parameter
        lines = [
            f"if {own} is None and {self.total} <= {SMALL}:",
            f"    return {call}",
            f"if {own} is None:",
            f"    {own} = {self.function}({', '.join(self.sizes.values())})",
        ]
        if self.sizes:
            shown = ", ".join(f"{name}={{{called}}}" for name, called in self.sizes.items())
            lines += [
                f"elif {own}[0] != {sizes}:",
                f'    raise ValueError(f"the workspace is for other sizes than {shown}")',
            ]
        targets = ["_", *self.names]
        if len(targets) <= _TOGETHER:
            return [*lines, f"{', '.join(targets)} = {own}"]
        parts = [f"    {', '.join(part)}," for part in in_groups(targets, _TOGETHER)]
        return [*lines, "(", *parts, f") = {own}"]

    def definition(self) -> list[str]:
        """Return the function that allocates the memory."""
        held = [_tuple(self.sizes.values()), *self.names]
        parts = [f"        {', '.join(part)}," for part in in_groups(held, _TOGETHER)]
        cut = [*_CUT.format(name=self.cut).split("\n"), ""] if self.cut else []
        return [
            *cut,
            f"def {self.function}({', '.join(self.sizes.values())}):",
            f'    """Allocate what the function below works in, to be handed to it as ``{self.parameter}``; one a thread."""',
            *(f"    {line.name} = {line.text}" for line in self.lines),
            *(["    return (", *parts, "    )"] if len(held) > _TOGETHER else [f"    return {', '.join(held)}"]),
        ]  # fmt: skip


def memory_of(writer: Writer, buffers: Sequence[Buffer], function: str, returned: Container[str]) -> Memory | None:
    """Return the memory of a function, whose `buffers` are beside those of its loops; None if it needs none.

    Those that may be `returned` are arrays of their own.
    """
    shared, style = writer.shared, writer.style
    single = [*buffers, *shared.owned.values()]
    every = [*single, *shared.memory, *(blocks.whole for blocks in shared.blocks.values())]
    if not every:
        return None
    names = writer.names
    within = [buffer for buffer in every if _is_plain(buffer) and buffer.name not in returned]
    piece, cut = (names.fresh("rest"), names.fresh("cut")) if len(within) > 1 else ("", "")
    lines = [*shared.block_rows]
    if piece:
        numbers = style.size(_sum(product(buffer.shape) for buffer in within))
        lines.append(Line(piece, f"np.empty({numbers})"))
    for buffer in every:
        lines.append(
            _cut_off(writer, buffer, piece, cut) if piece and buffer in within else _allocating(writer, buffer)
        )
    total = style.size(_sum([*(product(buffer.shape) for buffer in single), *shared.block_numbers]))
    words = set(re.findall(r"\w+", " ".join(line.text for line in lines)))
    sizes = {
        name: text
        for name, size in style.size_names.items()
        if (text := to_text(size)) in words and name[0] != "#" and text.isidentifier()
    }
    made = (*(line.name for line in shared.block_rows), *(buffer.name for buffer in every))
    rows = {name: sizes[0] for name, sizes in shared.block_sizes.items()}
    whole = {name: sizes[1] for name, sizes in shared.block_sizes.items()}
    held: dict[str, Size | Buffer] = {buffer.name: _with_rows(buffer, whole) for buffer in every}
    held.update((to_text(style.size_names[name]), size) for name, size in whole.items())
    return Memory(
        names.fresh(f"{function}_workspace"),
        names.fresh("work"),
        names.fresh(f"{function}_of_few"),
        tuple(lines),
        made,
        sizes,
        total,
        tuple(substitute(product(buffer.shape), rows) * item_size(buffer.dtype) for buffer in every),
        tuple(held[name] for name in made),
        cut,
    )


def _with_rows(buffer: Buffer, rows: Mapping[str, Size]) -> Buffer:
    return replace(buffer, shape=tuple(substitute(size, rows) for size in buffer.shape))


def _is_plain(buffer: Buffer) -> bool:
    return buffer.dtype == "float64" and not buffer.components


def _cut_off(writer: Writer, buffer: Buffer, piece: str, cut: str) -> Line:
    """Return the line that takes a buffer from a piece of memory."""
    sizes = ", ".join([piece, *map(writer.style.size, buffer.shape)])
    return Line(f"{buffer.name}, {piece}", f"{cut}({sizes})")


def _allocating(writer: Writer, buffer: Buffer) -> Line:
    """Return the line that allocates a buffer."""
    style = writer.style
    kind = "" if buffer.dtype == "float64" else f", dtype={style.dtype(buffer.dtype)}"
    if not buffer.components:
        return Line(buffer.name, f"np.empty({style.shape(buffer.shape)}{kind})")
    number, rows, *inner = buffer.shape
    axes = ", ".join(map(str, (0, len(inner) + 1, *range(1, len(inner) + 1))))
    return Line(buffer.name, f"np.empty({style.shape((number, *inner, rows))}{kind}).transpose({axes})")


def _sum(sizes: Iterable[Size]) -> Size:
    total: Size = 0
    for size in sizes:
        total = total + size
    return total


def _tuple(texts: Iterable[str]) -> str:
    items = [*texts]
    return f"({', '.join(items)}{',' * (len(items) == 1)})"
