"""Polynomials whose powers are computed anyway, for the derivative in the coefficients, are products with these.

Horner's rule takes two operations a coefficient, and so do the powers; with both at hand one product of a matrix and a
vector replaces the first. Its error has the bound of Horner's rule: 2*n*eps times the sum of abs(p[i]*x**(n - 1 - i))
(Higham, N. J. (2002), Accuracy and Stability of Numerical Algorithms, section 5.1).
"""

from __future__ import annotations

from collections.abc import Set

from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, Node
from symbackprop.ir.size import Size, product
from symbackprop.ops.arithmetic import mul
from symbackprop.ops.broadcasting import reshape
from symbackprop.ops.contraction import contract, einsum
from symbackprop.ops.indexing import place, slice_
from symbackprop.ops.polynomials import polyval, powers_by_column, vander
from symbackprop.simplify.numbers import is_number
from symbackprop.simplify.pattern import Context, Rewrites, Row, rewrite, with_new_arguments

__all__ = ["with_shared_powers"]

_NAME = "polynomial of shared powers"
_MOST = 8  # derivatives of one polynomial, each with a power less, that share its powers


def with_shared_powers(graph: Graph, log: Rewrites) -> Graph:
    """Return `graph` with polynomials as products of their coefficients with powers that the graph has."""
    tables = {(node.args[0], node.shape[1]) for node in graph.applied.get(powers_by_column, ())}
    if not tables:
        return graph
    nodes = graph.nodes()
    new: dict[Node, Node] = {}
    found = 0
    for node in nodes:
        new[node] = with_new_arguments(node, new)
        if not isinstance(node, Apply):
            continue
        if node.op is powers_by_column:
            (x,) = node.args
            more = _missing(x, node.shape[1], tables)
            new[node] = _without_highest(new[x], node.shape[1], more) if more else new[node]
        elif node.op is polyval and (more := _missing(_flat(node.args[1]), node.args[0].shape[0], tables)) is not None:
            p, x = (new[arg] for arg in node.args)
            values = contract([_without_highest(_flat(x), p.shape[0], more), p], [(0, 1), (1,)], (0,))
            new[node] = values if node.rank == 1 else reshape(values, shape=node.shape)
            found += 1
    if found:
        log[_NAME] += found
    return rewrite(graph.mapped(new), _ROWS, log)


def _missing(x: Node, count: Size, tables: Set[tuple[Node, Size]]) -> int | None:
    """Return by how many powers the longest matrix of powers of `x` exceeds `count`; None where there is none."""
    most = None
    for more in range(_MOST):
        if (x, count + more) in tables:
            most = more
        elif more:
            break
    return most


def _without_highest(x: Node, count: Size, more: int) -> Node:
    """Return so many powers of `x`, the highest first, as columns of a matrix that has some more."""
    powers = vander(x, size=count + more)
    return slice_(powers, bounds=(None, (more, None, 1))) if more else powers


def _flat(x: Node) -> Node:
    """Return the entries of `x` in a vector, as the derivative of a polynomial in its coefficients reads them."""
    return x if x.rank == 1 else reshape(x, shape=(product(x.shape),))


# --- coefficients from the constant one upwards -----------------------------------------------------------------------

_BACKWARDS = (None, None, -1)


def _in_opposite_order(node: Node) -> Node | None:
    """Return the powers in the opposite order, if `node` is such a matrix."""
    if not isinstance(node, Apply) or node.op is not powers_by_column:
        return None
    return vander(*node.args, size=node.shape[1], increasing=not node.param("increasing"))


def _reversed_coefficients(node: Apply, context: Context) -> Node | None:
    """The powers times c[::-1] are the powers in the opposite order times c, which BLAS reads as it is."""
    if len(node.args) != 2:
        return None
    x, c = node.args
    (_, *column), own = operands = _indices(node)
    powers = _in_opposite_order(x)
    if powers is None or own != tuple(column) or not isinstance(c, Apply) or c.op is not slice_:
        return None
    if c.param("bounds") != (_BACKWARDS,):
        return None
    return contract([powers, *c.args], operands, node.param("output"))  # type: ignore[arg-type]


def _written_backwards(node: Apply, context: Context) -> Node | None:
    """What is written backwards into c_bar is the product with the powers in the opposite order."""
    (x, *others) = node.args
    if others or node.param("bounds") != ((_BACKWARDS,),) or not context.is_free(x):
        return None
    number, product = x.args if isinstance(x, Apply) and x.op is mul else (None, x)
    if not isinstance(product, Apply) or product.op is not einsum or len(product.args) != 2:
        return None
    (_, *column), _ = operands = _indices(product)
    powers = _in_opposite_order(product.args[0])
    if powers is None or product.param("output") != tuple(column) or not (number is None or is_number(number)):
        return None
    found = contract([powers, product.args[1]], operands, tuple(column))
    return found if number is None else mul(number, found)


def _indices(node: Apply) -> tuple[tuple[int, ...], ...]:
    return node.param("operands")  # type: ignore[return-value]


_ROWS = (
    Row("reversed coefficients", (einsum,), _reversed_coefficients),
    Row("powers written backwards", (place,), _written_backwards),
)
