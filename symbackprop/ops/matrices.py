"""What the rules of linear algebra are written in: products, transposes, triangles of matrices in the last two axes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from symbackprop.errors import ShapeError
from symbackprop.ir.node import Apply, Const, Node, Shape, constant, make_input
from symbackprop.ir.size import Size, minimum, product, shape_text
from symbackprop.ops.broadcasting import broadcast
from symbackprop.ops.comparison import where
from symbackprop.ops.contraction import contract
from symbackprop.ops.creation import eye
from symbackprop.ops.declare import Primitive, Style, linear
from symbackprop.ops.indexing import slice_
from symbackprop.ops.layout import concatenate, identity_mask, transpose

__all__ = [
    "block_of",
    "blocks",
    "cubes",
    "diagonal_matrices",
    "flipped",
    "identity_like",
    "is_flipped",
    "is_zero",
    "lower_and_mirrored",
    "matrices",
    "outer",
    "over_matrices",
    "positive_definite",
    "require_square",
    "scaled_columns",
    "scaled_rows",
    "square_matrices",
    "times",
    "triangle",
]


def matrices(index: int, *shape: int) -> Node:
    """Return an input of matrices, to test a primitive with."""
    return make_input(index, shape, "float64")


def positive_definite(x: Node) -> Node:
    """Return a symmetric positive definite matrix that depends on `x`, to test a primitive with."""
    return times(x, flipped(x)) + identity_like(x)


def require_square(x: Node, what: str) -> None:
    """Demand square matrices."""
    if x.rank < 2 or x.shape[-1] != x.shape[-2]:
        raise ShapeError(f"{what} is that of a square matrix, not of shape {shape_text(x.shape)}")


def square_matrices(what: str) -> Callable[[tuple[Node, ...], Mapping[str, object]], tuple[Shape, str]]:
    """Return the shape rule of a function from square matrices to such."""

    def infer(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
        require_square(args[0], what)
        return args[0].shape, args[0].dtype

    return infer


def _exchange(rank: int) -> tuple[int, ...]:
    return (*range(rank - 2), rank - 1, rank - 2)


def is_flipped(x: Node) -> bool:
    """Tell whether `x` is written as the transposes of matrices."""
    return isinstance(x, Apply) and x.op is transpose and x.param("axes") == _exchange(x.rank)


def flipped(x: Node) -> Node:
    """Return the transposes of the matrices in `x`."""
    return x.args[0] if is_flipped(x) else transpose(x, axes=_exchange(x.rank))


def times(*factors: Node) -> Node:
    """Return the product of matrices from left to right; the last factor may be a vector."""
    result = factors[0]
    batch = tuple(range(3, 1 + result.rank))
    for factor in factors[1:]:
        if factor.rank == 1:
            return contract([result, factor], [(*batch, 0, 1), (1,)], (*batch, 0))
        result = contract([result, factor], [(*batch, 0, 1), (*batch, 1, 2)], (*batch, 0, 2))
    return result


def outer(a: Node, b: Node) -> Node:
    """Return ``a @ b.T`` for matrices of equally many columns, and the outer product of vectors."""
    if a.rank == 1:
        return contract([a, b], [(0,), (1,)], (0, 1))
    return times(a, flipped(b))


def scaled_columns(x: Node, factors: Node) -> Node:
    """Return ``x @ diag(factors)``."""
    return x * broadcast(factors, shape=x.shape, axes=(*range(x.rank - 2), x.rank - 1))


def scaled_rows(x: Node, factors: Node) -> Node:
    """Return ``diag(factors) @ x``."""
    return x * broadcast(factors, shape=x.shape, axes=tuple(range(x.rank - 1)))


def over_matrices(x: Node, like: Node) -> Node:
    """Return a number a matrix, repeated over its entries."""
    return broadcast(x, shape=like.shape, axes=tuple(range(x.rank))) if like.shape else x


def identity_like(x: Node) -> Node:
    """Return an identity matrix for each of the square matrices in `x`."""
    one = eye(rows=x.shape[-1], columns=x.shape[-1], k=0, dtype=x.dtype)
    return broadcast(one, shape=x.shape, axes=(x.rank - 2, x.rank - 1)) if x.rank > 2 else one


def diagonal_matrices(values: Node) -> Node:
    """Return matrices with `values` on their diagonals."""
    (*batch, size) = values.shape
    shape = (*batch, size, size)
    mask = broadcast(identity_mask(size), shape=shape, axes=(values.rank - 1, values.rank))
    return where(mask, broadcast(values, shape=shape, axes=tuple(range(values.rank))), 0)


# --- triangles --------------------------------------------------------------------------------------------------------


def _triangle_text(node: Apply, style: Style) -> str:
    offset: int = node.param("offset")  # type: ignore[assignment]
    return f"np.{'tril' if node.param('lower') else 'triu'}({{0}}{f', {offset}' if offset else ''})"


triangle: Primitive = linear(
    "triangle",
    numpy=_triangle_text,
    infer=lambda args, params: (args[0].shape, args[0].dtype),
    transpose=lambda g, out: triangle(g, **dict(out.params)),
    samples=lambda: [
        triangle(matrices(0, 3, 3), lower=True, offset=0),
        triangle(matrices(0, 2, 3, 3), lower=True, offset=-1),
        triangle(matrices(0, 3, 3), lower=False, offset=0),
    ],
    public=False,
    flops=0,
    derivative="the triangle of the cotangent",
    source="a choice of entries",
)


def lower_and_mirrored(x: Node) -> Node:
    """Return the symmetric matrix that has the lower triangle of `x`."""
    return triangle(x, lower=True, offset=0) + flipped(triangle(x, lower=True, offset=-1))


# --- matrices of blocks -----------------------------------------------------------------------------------------------


def blocks(a: Node, b: Node, c: Node | None = None) -> Node:
    """Return the matrices ``[[a, b], [0, c]]`` of square blocks, c being a if it is not given."""
    zero = constant(0, a.shape, a.dtype)
    above = concatenate(a, b, axis=a.rank - 1)
    below = concatenate(zero, a if c is None else c, axis=a.rank - 1)
    return concatenate(above, below, axis=a.rank - 2)


def block_of(x: Node, row: int, column: int) -> Node:
    """Return one of the four blocks of matrices of an even number of rows."""
    half = x.shape[-1] // 2
    spans = [(None, half, 1), (half, None, 1)]
    return slice_(x, bounds=(*[None] * (x.rank - 2), spans[row], spans[column]))


# --- counted operations -----------------------------------------------------------------------------------------------


def cubes(x: Node, numerator: int, denominator: int = 1) -> Size:
    """Return ``numerator / denominator * m * n * min(m, n)`` operations a matrix, rounded down, for m rows and n columns."""
    (*batch, rows, columns) = x.shape
    least = rows if rows == columns else minimum(rows, columns)
    count = numerator * rows * columns * least
    return product(batch) * (count if denominator == 1 else count // denominator)


def is_zero(x: Node) -> bool:
    """Tell whether `x` is known to be 0."""
    return isinstance(x, Const) and x.value == 0
