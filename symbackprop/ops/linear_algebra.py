"""Linear algebra of matrices, and of stacks of them in the last two axes: inverse, determinant, singular values.

Source of the rules: Giles, M. (2008), An extended collection of matrix derivative results; Townsend, J. (2016),
Differentiating the singular value decomposition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbackprop.errors import ShapeError
from symbackprop.ir.node import Apply, Node, Shape, make_input
from symbackprop.ir.size import minimum, shape_text
from symbackprop.ops.broadcasting import broadcast, reduce_sum
from symbackprop.ops.comparison import equal, where
from symbackprop.ops.contraction import contract
from symbackprop.ops.declare import Primitive, custom, results
from symbackprop.ops.layout import diagonal, transpose

__all__ = ["det", "inv", "svd"]


def _matrices(index: int, *shape: int) -> Node:
    return make_input(index, shape, "float64")


def flipped(x: Node) -> Node:
    """Return the transposes of the matrices in `x`."""
    return transpose(x, axes=(*range(x.rank - 2), x.rank - 1, x.rank - 2))


def times(*factors: Node) -> Node:
    """Return the product of matrices, from left to right."""
    result = factors[0]
    batch = tuple(range(3, 1 + result.rank))
    for factor in factors[1:]:
        result = contract([result, factor], [(*batch, 0, 1), (*batch, 1, 2)], (*batch, 0, 2))
    return result


def scaled_columns(x: Node, factors: Node) -> Node:
    """Return ``x @ diag(factors)``."""
    return x * broadcast(factors, shape=x.shape, axes=(*range(x.rank - 2), x.rank - 1))


# --- the inverse ------------------------------------------------------------------------------------------------------


def _infer_inv(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    (x,) = args
    if x.rank < 2 or x.shape[-1] != x.shape[-2]:
        raise ShapeError(f"the inverse is that of a square matrix, not of shape {shape_text(x.shape)}")
    return x.shape, x.dtype


inv: Primitive = custom(
    "inv",
    numpy="np.linalg.inv({0})",
    infer=_infer_inv,
    vjp=lambda g, out: [-times(flipped(out), g, flipped(out))],
    jvp=lambda tangents, out: -times(out, tangents[0], out),  # type: ignore[arg-type]
    samples=lambda: [inv(_matrices(0, 2, 2)), inv(_matrices(0, 2, 2, 2))],
    public=False,
    flops=2,
    derivative="-out.T @ g @ out.T",
    source="Giles (2008), section 2.2.3",
)


# --- the determinant --------------------------------------------------------------------------------------------------


def _infer_det(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    (x,) = args
    if x.rank < 2 or x.shape[-1] != x.shape[-2]:
        raise ShapeError(f"the determinant is that of a square matrix, not of shape {shape_text(x.shape)}")
    return x.shape[:-2], x.dtype


def _over_matrices(x: Node, like: Node) -> Node:
    """Return a number a matrix, repeated over its entries."""
    return broadcast(x, shape=like.shape, axes=tuple(range(x.rank))) if like.shape else x


det: Primitive = custom(
    "det",
    numpy="np.linalg.det({0})",
    infer=_infer_det,
    vjp=lambda g, out: [_over_matrices(g * out, out.args[0]) * flipped(inv(out.args[0]))],
    jvp=lambda tangents, out: out * reduce_sum(diagonal(times(inv(out.args[0]), tangents[0])), axes=(out.rank,)),  # type: ignore[arg-type]
    samples=lambda: [det(_matrices(0, 2, 2)), det(_matrices(0, 2, 3, 3))],
    public=False,
    flops=2,
    derivative="g * out * inv(x).T",
    kinks="at a singular matrix the derivative is an error (LinAlgError), the value is 0",
    source="Jacobi's formula; Giles (2008), section 2.2.4",
)


# --- singular values --------------------------------------------------------------------------------------------------


def _infer_svd(args: tuple[Node, ...], params: Mapping[str, object]) -> list[tuple[Shape, str]]:
    (x,) = args
    if x.rank < 2:
        raise ShapeError(f"singular values are those of a matrix, not of shape {shape_text(x.shape)}")
    (*batch, rows, columns) = x.shape
    least = minimum(rows, columns)
    shapes: list[Shape] = [(*batch, rows, least), (*batch, least), (*batch, least, columns)]
    return [(shape, x.dtype) for shape in shapes]


def _reciprocal(x: Node) -> Node:
    """Return 1 / x, and 0 where x is 0."""
    zero = equal(x, 0)
    return where(zero, 0, 1 / where(zero, 1, x))


def _gaps(s: Node) -> Node:
    """Return ``1 / (s_j**2 - s_i**2)``, and 0 where the two are equal."""
    (*batch, size) = s.shape
    shape = (*batch, size, size)
    own = tuple(range(len(batch)))
    s_i, s_j = (broadcast(s, shape=shape, axes=(*own, s.rank - 1 + k)) for k in (0, 1))
    return _reciprocal((s_j - s_i) * (s_j + s_i))


def _svd_vjp(g: object, out: Apply) -> Sequence[Node | None]:
    """Return, with F the reciprocal gaps, the adjoint of ``U @ diag(s) @ Vh``.

    ``U (diag(s_bar) + (F o skew(U' U_bar)) S + S (F o skew(V' V_bar))) V'`` and the parts outside the spans of U and V.
    """
    u_bar, s_bar, vh_bar = g  # type: ignore[misc]
    u, s, vh = results(out)
    terms: list[Node] = []
    if s_bar is not None:  # type: ignore[has-type]
        terms.append(times(scaled_columns(u, s_bar), vh))  # type: ignore[has-type]
    if u_bar is not None:  # type: ignore[has-type]
        turn = times(flipped(u), u_bar)  # type: ignore[has-type]
        core = scaled_columns(_gaps(s) * (turn - flipped(turn)), s)
        outside = scaled_columns(u_bar - times(u, turn), _reciprocal(s))  # type: ignore[has-type]
        terms.append(times(times(u, core) + outside, vh))
    if vh_bar is not None:  # type: ignore[has-type]
        v_bar = flipped(vh_bar)  # type: ignore[has-type]
        turn = times(vh, v_bar)
        core = flipped(scaled_columns(flipped(_gaps(s) * (turn - flipped(turn))), s))
        outside = flipped(scaled_columns(v_bar - times(flipped(vh), turn), _reciprocal(s)))
        terms.append(times(u, times(core, vh) + outside))
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return [total]


def _svd_jvp(tangents: Sequence[Node | None], out: Apply) -> tuple[Node, Node, Node]:
    (t,) = tangents
    assert t is not None
    u, s, vh = results(out)
    v = flipped(vh)
    inner = times(flipped(u), t, v)
    right = scaled_columns(inner, s)  # inner @ S
    left = flipped(scaled_columns(flipped(inner), s))  # S @ inner
    gaps = _gaps(s)
    turn_u, turn_v = gaps * (right + flipped(right)), gaps * (left + flipped(left))
    across = times(t, v) - times(u, inner)  # what leads out of the span of U
    along = times(flipped(t), u) - times(v, flipped(inner))
    u_dot = times(u, turn_u) + scaled_columns(across, _reciprocal(s))
    v_dot = times(v, turn_v) + scaled_columns(along, _reciprocal(s))
    return u_dot, diagonal(inner), flipped(v_dot)


svd: Primitive = custom(
    "svd",
    numpy="np.linalg.svd({0}, full_matrices=False)",
    alone={1: "np.linalg.svd({0}, compute_uv=False)"},
    outputs=("U", "s", "Vh"),
    infer=lambda args, params: _infer_svd(args, params)[0],
    infer_outputs=_infer_svd,
    vjp=_svd_vjp,
    jvp=_svd_jvp,  # type: ignore[arg-type]
    samples=lambda: [
        results(svd(_matrices(0, 3, 2)))[1],  # type: ignore[arg-type]
        results(svd(_matrices(0, 2, 2, 3)))[1],  # type: ignore[arg-type]
        *(_reconstructed(_matrices(0, *shape)) for shape in ((3, 2), (2, 3), (2, 2))),
    ],
    public=False,
    flops=10,
    derivative="U @ diag(g) @ Vh for the singular values",
    kinks="of equal singular values, those parts of the rule that divide by their difference are 0",
    source="Townsend (2016)",
)


def _reconstructed(x: Node) -> Node:
    """Return a function of all three results that the signs of singular vectors do not change."""
    u, s, vh = results(svd(x))  # type: ignore[arg-type]
    return times(scaled_columns(u, s * s * s), vh)
