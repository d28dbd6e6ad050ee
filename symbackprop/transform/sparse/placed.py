"""Sparse derivatives whose pattern has a closed form: matrices whose places are computed when the code runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from symbackprop.ir.node import Input, Node, Shape, constant
from symbackprop.ir.size import Size, product
from symbackprop.ops.bodies import substitute
from symbackprop.ops.broadcasting import broadcast, reshape
from symbackprop.ops.creation import arange
from symbackprop.ops.indexing import gather
from symbackprop.ops.layout import concatenate
from symbackprop.ops.rounding import remainder
from symbackprop.ops.sparse import csr_array, entries_array
from symbackprop.transform.sparse.banded import Piece
from symbackprop.transform.sparse.links import Link, Source, links_of, sources_of

__all__ = ["matrices_of"]

Products = Callable[[Sequence[Node], Sequence[Link]], Iterator[Piece]]


def matrices_of(values: Sequence[Node], wanted: Sequence[Input], products: Products) -> list[list[Node]]:
    """Return for each value and each of the `wanted` inputs a sparse matrix.

    Raises
    ------
    UnsupportedError
        If a block is dense in sizes that have names.
    """
    inner, sources = sources_of(values, wanted)
    links = links_of(inner, sources)
    found: dict[tuple[int, int], list[Piece]] = {}
    for piece in products(inner, links):
        found.setdefault((piece.link.number, piece.link.source.of), []).append(piece)
    read: dict[Node, Node] = {source.node: source.reads for source in sources if source.reads is not None}
    matrices = [
        [_matrix(value, x, found.get((number, place), [])) for place, x in enumerate(wanted)]
        for number, value in enumerate(values)
    ]
    new = substitute([matrix for row in matrices for matrix in row], read)
    return [[new[matrix] for matrix in row] for row in matrices]


def _matrix(value: Node, x: Input, pieces: Sequence[Piece]) -> Node:
    shape = (product(value.shape), product(x.shape))
    if not pieces:
        empty = constant(0, (0,), "int64")
        return entries_array(constant(0, (0,), value.dtype), empty, empty, shape=shape)
    columns = [_columns(piece, x) for piece in pieces]
    if _is_in_order(pieces):
        return _by_rows(value, pieces, columns, shape)
    rows = [_index(piece.entries.shape, piece.rows, range(value.rank), value.shape) for piece in pieces]
    return entries_array(
        _joined([piece.entries for piece in pieces]), _joined(rows), _joined(columns), shape=shape
    )


def _is_in_order(pieces: Sequence[Piece]) -> bool:
    """Tell whether pieces one behind the other have each row's columns in order: at offsets along the first axis."""
    one = pieces[0].link
    if not all(piece.is_whole and piece.link is one for piece in pieces):
        return False
    return len(pieces) == 1 or [*one.axes] == [0]


def _by_rows(value: Node, pieces: Sequence[Piece], columns: Sequence[Node], shape: Shape) -> Node:
    """Return a matrix of entries that are in the order of compressed rows, equally many in each row."""
    width = product(pieces[0].entries.shape[value.rank :])
    if len(pieces) > 1:
        flat = (shape[0], width)
        entries, places = (
            _flat(concatenate(*(reshape(part, shape=flat) for part in parts), axis=1))
            for parts in ([piece.entries for piece in pieces], columns)
        )
    else:
        entries, places = _flat(pieces[0].entries), _flat(columns[0])
    begins = _times(len(pieces) * width, arange(size=shape[0] + 1))
    return csr_array(entries, places, begins, shape=shape)


def _columns(piece: Piece, x: Input) -> Node:
    """Return the columns of the entries of a piece: positions in `x`, which may be read from a vector of these."""
    source = piece.link.source
    columns = [*piece.columns]
    if source.along is not None and source.reads is not None:
        own = columns[source.along]
        positions = source.reads.args[1]
        read = positions if own is arange(size=positions.shape[0]) else gather(positions, own, axis=0)
        columns[source.along] = remainder(read, constant(x.shape[source.along], (), "int64"))  # negative ones too
    return _index(piece.entries.shape, columns, piece.places, x.shape)


def _index(shape: Shape, indices: Sequence[Node], places: Sequence[int], sizes: Shape) -> Node:
    """Return the position in an array of `sizes` of the entries of one of `shape`, whose axis for each index is given."""
    terms: list[Node] = []
    stride: Size = 1
    for index, place, size in reversed([*zip(indices, places, sizes, strict=True)]):
        terms.append(broadcast(_times(stride, index), shape=shape, axes=(place,)) if len(shape) > 1 else _times(stride, index))
        stride = stride * size
    if not terms:
        return constant(0, shape, "int64")
    total = terms[-1]
    for term in reversed(terms[:-1]):
        total = total + term
    return total


def _times(factor: Size, index: Node) -> Node:
    return index if factor == 1 else constant(factor, (), "int64") * index


def _joined(parts: Sequence[Node]) -> Node:
    flat = [_flat(part) for part in parts]
    return flat[0] if len(flat) == 1 else concatenate(*flat, axis=0)


def _flat(node: Node) -> Node:
    return node if node.rank == 1 else reshape(node, shape=(product(node.shape),))
