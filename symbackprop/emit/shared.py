"""What the writers of a function and of its loops and branches know in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from symbackprop.emit.lines import Blocks, Buffer, Line
from symbackprop.emit.names import Names
from symbackprop.emit.stored_states import Stack
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Node, Shape
from symbackprop.ir.size import Size

__all__ = ["Shared", "shared_of"]

_INDICES = ("t", "i", "j", "k")  # what counts the steps of a loop, by how deep it stands


@dataclass
class Shared:
    """What the writers of a function and of its loops and branches know in common.

    Parameters
    ----------
    primals : dict of Node to list of Node
        For an adjoint the primals that it belongs to; some may be gone since.
    hosts : dict of Node to list of str
        The forward lines that use a node.
    bare : dict of Node to str
        What nodes of forward bodies are called there.
    primal : set of Node
        The nodes of forward bodies.
    wanted : set of Node
        The nodes of branches that other branches need.
    stacks : dict of Node to Stack
        For loops that store few of their states the lists of these.
    schedule : str
        What the function is called that says which of them are stored, if there is any.
    memory : list of Buffer
        What is allocated before all else.
    block_rows : list of Line
        The lines that say how many rows the blocks of loops have.
    block_sizes : dict of str to (size, size)
        For the named rows of a block how many there are at most, and how many all blocks have together.
    block_names : dict of (size, size) to str
        What the rows of a block are called, by how many there are in all, and how many numbers belong to each.
    blocks : dict of (str, shape, str) to Blocks
        The buffers that loops work in, by the name of the number of their rows, the shape of a row, and the dtype.
    block_numbers : list of sizes
        How many numbers a loop over blocks works on in all.
    owned : dict of str to Buffer
        Those of it that hold arrays which loops over blocks fill, by the names of these.
    returned : set of str
        The names whose memory is returned.
    """

    names: Names
    primals: Mapping[Node, list[Node]] = field(default_factory=dict)
    hosts: dict[Node, list[str]] = field(default_factory=dict)
    bare: dict[Node, str] = field(default_factory=dict)
    primal: set[Node] = field(default_factory=set)
    wanted: set[Node] = field(default_factory=set)
    stacks: dict[Node, Stack] = field(default_factory=dict)
    schedule: str = ""
    memory: list[Buffer] = field(default_factory=list)
    block_rows: list[Line] = field(default_factory=list)
    block_sizes: dict[str, tuple[Size, Size]] = field(default_factory=dict)
    block_names: dict[tuple[Size, Size], str] = field(default_factory=dict)
    blocks: dict[tuple[str, Shape, str], Blocks] = field(default_factory=dict)
    block_numbers: list[Size] = field(default_factory=list)
    owned: dict[str, Buffer] = field(default_factory=dict)
    returned: set[str] = field(default_factory=set)
    _indices: list[str] = field(default_factory=list)

    def adjoints_among(self, nodes: Iterable[Node]) -> dict[Node, Node]:
        """Return for those of `nodes` that are adjoints the primals that they belong to."""
        found: dict[Node, Node] = {}
        for node in nodes:
            if node in self.primals and node not in self.primal:
                live = [primal for primal in self.primals[node] if primal in self.primal]
                found[node] = (live or self.primals[node])[0]
        return found

    def index(self, depth: int) -> str:
        """Return the name of what counts the steps of a loop that stands in `depth` others."""
        while len(self._indices) <= depth:
            wanted = _INDICES[min(len(self._indices), len(_INDICES) - 1) :]
            self._indices.append(self.names.fresh(next(filter(self.names.is_free, wanted), wanted[0])))
        return self._indices[depth]


def shared_of(graph: Graph, names: Names) -> Shared:
    """Return what is known before anything is written."""
    primals: dict[Node, list[Node]] = {}
    for primal, adjoint in graph.adjoints.items():
        primals.setdefault(adjoint, []).append(primal)
    return Shared(names, primals)
