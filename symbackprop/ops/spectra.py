"""Eigenvalues and singular values, with their vectors.

Where two values are equal, their vectors are any basis of a space and have no derivative: the rules divide by the
difference of the values, so what depends on such vectors gets a derivative that is not finite. What depends on the
values alone reads no difference, and has its derivative there too.

Source of the rules: Giles, M. (2008), An extended collection of matrix derivative results, sections 3.1 and 3.2;
Townsend, J. (2016), Differentiating the singular value decomposition; Boeddeker, C. et al. (2017), On the computation of
complex-valued gradients with application to statistically optimum beamforming, arXiv:1701.00392, for vectors of length 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from symbackprop.errors import ShapeError
from symbackprop.ir.node import Apply, Node, Shape
from symbackprop.ir.size import minimum, shape_text
from symbackprop.ops.arithmetic import add
from symbackprop.ops.broadcasting import broadcast, converted, reduce_sum
from symbackprop.ops.comparison import where
from symbackprop.ops.creation import arange
from symbackprop.ops.declare import Primitive, Style, custom, results
from symbackprop.ops.layout import diagonal, identity_mask
from symbackprop.ops.matrices import (
    cubes,
    diagonal_matrices,
    flipped,
    matrices,
    positive_definite,
    require_square,
    scaled_columns,
    scaled_rows,
    times,
)
from symbackprop.ops.solves import solve

__all__ = ["eig", "eigh", "svd"]


def _over(values: Node, *, plus: bool = False) -> Node:
    """Return ``1 / (values[j] - values[i])``, or of the sum, and 0 on the diagonal."""
    (*batch, size) = values.shape
    shape, own = (*batch, size, size), tuple(range(len(batch)))
    row, column = (broadcast(values, shape=shape, axes=(*own, values.rank - 1 + k)) for k in (0, 1))
    mask = broadcast(identity_mask(size), shape=shape, axes=(values.rank - 1, values.rank))
    gaps = column + row if plus else column - row
    return where(mask, 0, 1 / where(mask, 1, gaps))


def _skew(x: Node) -> Node:
    return x - flipped(x)


# --- symmetric matrices -----------------------------------------------------------------------------------------------


def _infer_eig(args: tuple[Node, ...], params: Mapping[str, object]) -> list[tuple[Shape, str]]:
    (x,) = args
    require_square(x, "the spectrum")
    return [(x.shape[:-1], x.dtype), (x.shape, x.dtype)]


def _eigh_text(function: str) -> Callable[[Apply, Style], str]:
    def text(node: Apply, style: Style) -> str:
        return f"np.linalg.{function}({{0}})" if node.param("lower") else f"np.linalg.{function}({{0}}, UPLO='U')"

    return text


def _eigh_vjp(g: object, out: Apply) -> Sequence[Node | None]:
    """``V (diag(w_bar) + F o (V.T V_bar - V_bar.T V) / 2) V.T`` with ``F_ij = 1 / (w_j - w_i)``."""
    w_bar, v_bar = g  # type: ignore[misc]
    w, v = results(out)
    if v_bar is None:  # type: ignore[has-type]
        return [times(scaled_columns(v, w_bar), flipped(v))]  # type: ignore[has-type]
    core = _over(w) * _skew(times(flipped(v), v_bar)) / 2  # type: ignore[has-type]
    if w_bar is not None:  # type: ignore[has-type]
        core = core + diagonal_matrices(w_bar)  # type: ignore[has-type]
    return [times(v, core, flipped(v))]


def _eigh_jvp(tangents: Sequence[Node | None], out: Apply) -> tuple[Node, Node]:
    (t,) = tangents
    assert t is not None
    w, v = results(out)
    inner = times(flipped(v), t, v)
    return diagonal(inner), times(v, _over(w) * (inner + flipped(inner)) / 2)


def _recomposed(node: Node) -> Node:
    """Return ``V w**3 V.T``, which the signs of eigenvectors do not change."""
    w, v = results(node)  # type: ignore[arg-type]
    return times(scaled_columns(v, w * w * w), flipped(v))


eigh: Primitive = custom(
    "eigh",
    numpy=_eigh_text("eigh"),
    alone={0: _eigh_text("eigvalsh")},
    outputs=("eigenvalues", "eigenvectors"),
    infer=lambda args, params: _infer_eig(args, params)[0],
    infer_outputs=_infer_eig,
    vjp=_eigh_vjp,
    jvp=_eigh_jvp,  # type: ignore[arg-type]
    samples=lambda: [
        *(results(eigh(positive_definite(matrices(0, *s)), lower=True))[0] for s in ((3, 3), (2, 3, 3))),  # type: ignore[arg-type]
        *(_recomposed(eigh(positive_definite(matrices(0, *s)), lower=True)) for s in ((3, 3), (2, 2, 2))),
        results(eigh(positive_definite(matrices(0, 2, 2)), lower=False))[0],  # type: ignore[arg-type]
    ],
    public=False,
    count=lambda node: cubes(node.args[0], 9),
    derivative="V @ diag(g) @ V.T for the eigenvalues",
    kinks="the matrix is symmetric, and the gradient is the symmetric one, though one triangle alone is read; "
    "through eigenvectors of equal eigenvalues the derivative is not finite, through eigenvalues alone it is "
    "(of one that is repeated, along the vectors found)",
    source="Giles (2008), section 3.1",
)


# --- matrices of real eigenvalues -------------------------------------------------------------------------------------


def _eig_vjp(g: object, out: Apply) -> Sequence[Node | None]:
    """``inv(V).T (diag(w_bar) + F o V.T (V_bar - V diag(V.T V_bar))) V.T``."""
    w_bar, v_bar = g  # type: ignore[misc]
    w, v = results(out)
    if v_bar is None:  # type: ignore[has-type]
        return [solve(flipped(v), scaled_rows(flipped(v), w_bar))]  # type: ignore[has-type]
    along = reduce_sum(v * v_bar, axes=(v.rank - 2,))  # type: ignore[has-type]
    core = _over(w) * times(flipped(v), v_bar - scaled_columns(v, along))  # type: ignore[has-type]
    if w_bar is not None:  # type: ignore[has-type]
        core = core + diagonal_matrices(w_bar)  # type: ignore[has-type]
    return [solve(flipped(v), times(core, flipped(v)))]


def _eig_jvp(tangents: Sequence[Node | None], out: Apply) -> tuple[Node, Node]:
    (t,) = tangents
    assert t is not None
    w, v = results(out)
    inner = solve(v, times(t, v))
    moved = times(v, _over(w) * inner)
    along = reduce_sum(v * moved, axes=(v.rank - 2,))
    return diagonal(inner), moved - scaled_columns(v, along)


def _real_spectrum(x: Node) -> Node:
    """Return matrices of distinct real eigenvalues that are not symmetric, to test a primitive with."""
    steps = converted(arange(size=x.shape[-1]), x.dtype)
    return x + 4 * diagonal_matrices(broadcast(steps, shape=x.shape[:-1], axes=(x.rank - 2,)))


def _eig_samples() -> list[Node]:
    found = []
    for shape in ((3, 3), (2, 2, 2)):
        w, v = results(eig(_real_spectrum(matrices(0, *shape))))  # type: ignore[arg-type]
        found += [w, v * v, solve(flipped(v), scaled_rows(flipped(v), w * w))]
    return found


eig: Primitive = custom(
    "eig",
    numpy="np.linalg.eig({0})",
    alone={0: "np.linalg.eigvals({0})"},
    outputs=("eigenvalues", "eigenvectors"),
    checked=lambda node, style: [
        "if np.iscomplexobj({out}):",
        "    raise ValueError('eig of a matrix with complex eigenvalues')",
    ],
    infer=lambda args, params: _infer_eig(args, params)[0],
    infer_outputs=_infer_eig,
    vjp=_eig_vjp,
    jvp=_eig_jvp,  # type: ignore[arg-type]
    samples=_eig_samples,
    public=False,
    count=lambda node: cubes(node.args[0], 25),
    derivative="inv(V).T @ diag(g) @ V.T for the eigenvalues",
    kinks="complex eigenvalues are an error (ValueError) when the code runs; of equal eigenvalues the derivative is "
    "not finite, or an error (LinAlgError) where eigenvectors are missing",
    domain="matrices of distinct real eigenvalues",
    source="Giles (2008), section 3.1; Boeddeker et al. (2017), equation 4.77, for vectors of length 1",
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


def _may_leave(out: Apply, side: int) -> bool:
    """Tell whether left (0) or right (1) singular vectors may fail to span their whole space."""
    rows, columns = out.args[0].shape[-2:]
    excess = (rows - columns) if side == 0 else (columns - rows)
    return not (isinstance(excess, int) and excess <= 0)


def _svd_vjp(g: object, out: Apply) -> Sequence[Node | None]:
    """Return ``U core V.T`` and what leads out of the spans of U and V.

    With a and b the skew parts of ``U.T U_bar`` and ``V.T V_bar``, core is ``diag(s_bar)`` and
    ``((a + b) / (s_j - s_i) + (a - b) / (s_j + s_i)) / 2`` beside the diagonal.
    """
    u_bar, s_bar, vh_bar = g  # type: ignore[misc]
    u, s, vh = results(out)
    if u_bar is None and vh_bar is None:  # type: ignore[has-type]
        return [times(scaled_columns(u, s_bar), vh)]  # type: ignore[has-type]
    turns: list[Node | None] = []
    terms: list[Node] = []
    core: list[Node] = [] if s_bar is None else [diagonal_matrices(s_bar)]  # type: ignore[has-type]
    for side, (own, bar) in enumerate([(u, u_bar), (flipped(vh), None if vh_bar is None else flipped(vh_bar))]):  # type: ignore[has-type]
        if bar is None:
            turns.append(None)
            continue
        turn = times(flipped(own), bar)
        turns.append(_skew(turn))
        if _may_leave(out, side):
            outside = scaled_columns(bar - times(own, turn), 1 / s)
            terms.append(times(outside, vh) if side == 0 else times(u, flipped(outside)))
    a, b = turns
    together = a if b is None else b if a is None else a + b
    apart = a if b is None else -b if a is None else a - b
    core.append((_over(s) * together + _over(s, plus=True) * apart) / 2)  # type: ignore[operator]
    return [add(times(u, add(*core), vh), *terms)]


def _svd_jvp(tangents: Sequence[Node | None], out: Apply) -> tuple[Node, Node, Node]:
    (t,) = tangents
    assert t is not None
    u, s, vh = results(out)
    v = flipped(vh)
    inner = times(flipped(u), t, v)
    together = _over(s) * (inner + flipped(inner)) / 2
    apart = _over(s, plus=True) * _skew(inner) / 2
    u_dot, v_dot = times(u, together + apart), times(v, together - apart)
    if _may_leave(out, 0):
        u_dot = u_dot + scaled_columns(times(t, v) - times(u, inner), 1 / s)
    if _may_leave(out, 1):
        v_dot = v_dot + scaled_columns(times(flipped(t), u) - times(v, flipped(inner)), 1 / s)
    return u_dot, diagonal(inner), flipped(v_dot)


def _reconstructed(x: Node) -> Node:
    """Return a function of all three results that the signs of singular vectors do not change."""
    u, s, vh = results(svd(x))  # type: ignore[arg-type]
    return times(scaled_columns(u, s * s * s), vh)


def _projections(x: Node) -> list[Node]:
    """Return functions of the left, and of the right vectors alone."""
    u, s, vh = results(svd(x))  # type: ignore[arg-type]
    return [times(scaled_columns(u, s), flipped(u)), times(flipped(vh), scaled_rows(vh, s * s))]


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
        results(svd(matrices(0, 3, 2)))[1],  # type: ignore[arg-type]
        results(svd(matrices(0, 2, 2, 3)))[1],  # type: ignore[arg-type]
        *(_reconstructed(matrices(0, *shape)) for shape in ((3, 2), (2, 3), (2, 2))),
        *_projections(matrices(0, 3, 2)),
    ],
    public=False,
    count=lambda node: cubes(node.args[0], 12),
    derivative="U @ diag(g) @ Vh for the singular values",
    kinks="through vectors of equal singular values, or of 0, the derivative is not finite; through singular values "
    "alone it is (of one that is repeated, along the vectors found)",
    source="Townsend (2016); Giles (2008), section 3.2",
)
