"""Rules of contractions and of linear algebra: a batch is a further index, a further stack, or further right sides."""

from __future__ import annotations

from collections.abc import Callable

from symbackprop.ir.node import Apply, Node
from symbackprop.ops.broadcasting import reduce_sum, reshape
from symbackprop.ops.contraction import contract, einsum, permuted
from symbackprop.ops.creation import eye
from symbackprop.ops.layout import diagonal, diagonal_matrix, expanded, squeezed, trace
from symbackprop.ops.least_squares import lstsq, pinv
from symbackprop.ops.matrices import block_of, blocks, diagonal_matrices, times
from symbackprop.ops.matrix_functions import expm, expm_frechet, solve_sylvester
from symbackprop.ops.solves import cho_solve, solve, solve_triangular
from symbackprop.transform.batching.call import Call, Rule, Rules

__all__ = ["RULES", "by_writing_out"]


def by_writing_out(expression: Callable[[Apply], Node]) -> Rule:
    """Return the rule of a primitive that is the same as an expression in others."""
    return lambda call: call.written_out(expression(call.node))


def _einsum(call: Call) -> Node:
    operands: tuple[tuple[int, ...], ...] = call.node.param("operands")  # type: ignore[assignment]
    output: tuple[int, ...] = call.node.param("output")  # type: ignore[assignment]
    example = 1 + max(index for indices in operands for index in indices)
    numbered = [(example, *indices) if moved else indices for indices, moved in zip(operands, call.moved, strict=True)]
    return contract(call.args, numbered, (example, *output))


def _solved(call: Call) -> Node:
    """Return solutions: of one matrix for all right sides at once, of several for each its own."""
    a, b = call.args
    params = dict(call.node.params)
    if not call.moved[0] and a.rank == 2:
        if b.rank == 2:  # a vector each
            return permuted(call.op(a, permuted(b, (1, 0)), **params), (1, 0))
        rows, size, columns = (b.shape[i] for i in (1, 0, 2))
        found = call.op(a, reshape(permuted(b, (1, 0, 2)), shape=(rows, size * columns)), **params)
        return permuted(reshape(found, shape=(found.shape[0], size, columns)), (1, 0, 2))
    if call.node.args[1].rank > 1:
        return call.op(*call.wholes, **params)
    return squeezed(call.op(call.whole(0), expanded(call.whole(1), (2,)), **params), (2,))


def _fitted(call: Call) -> Node:
    """Return least squares; those of several matrices by their pseudoinverses, which cut as NumPy's `lstsq` does."""
    if not call.moved[0]:
        return _solved(call)
    cut = call.node.param("cut")
    a, b = call.node.args
    return call.written_out(times(pinv(a, cut="eps" if cut is None else cut), b))


def _trace(node: Apply) -> Node:
    return reduce_sum(diagonal(node.args[0]), axes=(0,))


def _frechet(node: Apply) -> Node:
    """Return the derivative of the exponential as a block of that of ``[[A, E], [0, A]]``."""
    return block_of(expm(blocks(*node.args)), 0, 1)


def _sylvester(node: Apply) -> Node:
    """Return the solution of the equations for all entries: SciPy solves Sylvester's equation for one example."""
    a, b, q = node.args
    *stack, rows, columns = q.shape
    over = tuple(range(4, 4 + len(stack)))
    by_row, by_column = (eye(rows=size, columns=size, k=0, dtype=q.dtype) for size in (rows, columns))
    matrix = contract([a, by_column], [(*over, 0, 1), (2, 3)], (*over, 0, 2, 1, 3)) + contract(
        [by_row, b], [(0, 1), (*over, 2, 3)], (*over, 0, 3, 1, 2)
    )
    count = rows * columns
    side = (count, 1) if stack else (count,)  # of a stack, which is solved for columns
    return reshape(
        solve(reshape(matrix, shape=(*stack, count, count)), reshape(q, shape=(*stack, *side))), shape=q.shape
    )


RULES: Rules = {
    einsum: _einsum,
    solve: _solved,
    solve_triangular: _solved,
    cho_solve: _solved,
    lstsq: _fitted,
    trace: by_writing_out(_trace),
    diagonal_matrix: by_writing_out(lambda node: diagonal_matrices(node.args[0])),
    expm_frechet: by_writing_out(_frechet),
    solve_sylvester: by_writing_out(_sylvester),
}
