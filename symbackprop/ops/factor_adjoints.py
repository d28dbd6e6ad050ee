"""What the adjoint of a Cholesky factor is made of, so that its own adjoint costs what it has to.

A density or a quadratic form reads a factor L through its diagonal and through solutions of equations. The adjoint of
L is then a sum of a diagonal matrix and of products of few columns, ``a @ c.T``, and where ``L.T @ a`` is a multiple of
c, or two such products mirror each other, what they leave at ``A = L @ L.T`` is a product of few columns again:

    A_bar = inv(L).T S inv(L) / 2,    S symmetric with the lower triangle of L.T L_bar

is ``a @ inv(L).T c`` there, and ``inv(A)`` where S is the identity, as a person writes the gradient of a marginal likelihood
(Rasmussen, C. E. and Williams, C. K. I. (2006), Gaussian Processes for Machine Learning, equation 5.9). What has no such
form is left to the general rule. All of it is exact over the reals.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from symbackprop.ir.node import Apply, Const, Node
from symbackprop.ops.arithmetic import add, div
from symbackprop.ops.broadcasting import broadcast
from symbackprop.ops.comparison import where
from symbackprop.ops.contraction import einsum
from symbackprop.ops.layout import diagonal, identity_mask
from symbackprop.ops.matrices import flipped, is_flipped, triangle
from symbackprop.ops.multiples import multiple, product_of, scaled, single

__all__ = ["Parts", "over_diagonal", "parts_of"]


# --- the parts of an adjoint ------------------------------------------------------------------------------------------


@dataclass
class Parts:
    """The terms of the adjoint of a lower factor.

    Parameters
    ----------
    products : dict
        ``(a, c) -> numbers`` for terms ``number * a @ c.T``, which are to be added up.
    diagonals : list
        ``(number, v)`` for terms with ``number * v`` on the diagonal.
    others : list of Node
        Matrices, of which the lower triangle counts.
    """

    products: dict[tuple[Node, Node], list[Node | None]] = field(default_factory=dict)
    diagonals: list[tuple[Node | None, Node]] = field(default_factory=list)
    others: list[Node] = field(default_factory=list)


def parts_of(adjoint: Node, *, turned: bool) -> Parts:
    """Return what the adjoint of a factor is made of; of an upper one, which is `turned`, the transpose is taken."""
    parts = Parts()
    waiting: list[tuple[Node, Node | None, bool]] = [(adjoint, None, turned)]
    while waiting:
        x, scale, turned = waiting.pop()
        factor, x = single(x)
        scale = product_of(scale, factor)
        if isinstance(x, Apply) and x.op is add:
            waiting.extend((term, scale, turned) for term in reversed(x.args))
        elif is_flipped(x):
            waiting.append((x.args[0], scale, not turned))
        elif _is_lower_triangle(x, turned):
            waiting.append((x.args[0], scale, turned))
        elif (pair := _columns(x)) is not None:
            left, right = reversed(pair) if turned else pair
            (s, left), (t, right) = scaled(left), scaled(right)
            number = product_of(scale, product_of(s, t))
            parts.products.setdefault((left, right), []).append(number)
        elif (entries := _entries_on_diagonal(x)) is not None:
            s, entries = scaled(entries)
            parts.diagonals.append((product_of(scale, s), entries))
        else:
            parts.others.append(multiple(scale, flipped(x) if turned else x))
    return parts


def _is_lower_triangle(x: Node, turned: bool) -> bool:
    return isinstance(x, Apply) and x.op is triangle and x.param("lower") is not turned and x.param("offset") == 0


def _columns(x: Node) -> tuple[Node, Node] | None:
    """Return a and c where `x` is ``a @ c.T``, for vectors or matrices of columns."""
    if not isinstance(x, Apply) or x.op is not einsum or len(x.args) != 2:
        return None
    operands: tuple[tuple[int, ...], ...] = x.param("operands")  # type: ignore[assignment]
    first, second = operands
    output: tuple[int, ...] = x.param("output")  # type: ignore[assignment]
    lead, (i, j) = output[:-2], output[-2:]
    a, c = x.args
    if first == (*lead, j) or first[: len(lead) + 1] == (*lead, j):
        first, second, a, c = second, first, c, a
    if not lead and (first, second) == ((i,), (j,)):
        return a, c
    summed = [index for index in first if index not in output]
    if len(summed) != 1 or first != (*lead, i, *summed):
        return None
    if second == (*lead, *summed, j):
        return a, flipped(c)
    return (a, c) if second == (*lead, j, *summed) else None


def _entries_on_diagonal(x: Node) -> Node | None:
    """Return the diagonal of a matrix that `diagonal`'s transpose made."""
    if not isinstance(x, Apply) or x.op is not where:
        return None
    mask, spread, rest = x.args
    expected = broadcast(identity_mask(x.shape[-1]), shape=x.shape, axes=(x.rank - 2, x.rank - 1))
    if mask is not expected or not isinstance(rest, Const) or rest.value != 0:
        return None
    if not isinstance(spread, Apply) or spread.op is not broadcast or x.rank - 1 in spread.param("axes"):  # type: ignore[operator]
        return None
    axes: tuple[int, ...] = spread.param("axes")  # type: ignore[assignment]
    return broadcast(spread.args[0], shape=x.shape[:-1], axes=axes) if len(axes) < x.rank - 1 else spread.args[0]


def over_diagonal(entries: Node, factors: tuple[Node, ...]) -> Node | None:
    """Return v where `entries` is v over the diagonal of one of `factors`."""
    if not isinstance(entries, Apply) or entries.op is not div:
        return None
    above, below = entries.args
    return above if isinstance(below, Apply) and below.op is diagonal and below.args[0] in factors else None
