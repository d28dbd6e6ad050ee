"""Systems of linear equations, and the inverse: ``A x = b`` for general, triangular and factored matrices.

No rule inverts a matrix where it can solve. Vectors are solved for as they are, where there is one matrix; otherwise
the unknowns are matrices, in the last two axes.

Source of the rules: Giles, M. (2008), An extended collection of matrix derivative results for forward and reverse mode
automatic differentiation, on the matrix inverse product.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbackprop.errors import ShapeError
from symbackprop.ir.node import Apply, Node, Shape
from symbackprop.ir.size import Size, product, shape_text
from symbackprop.ops.declare import Primitive, Style, custom
from symbackprop.ops.lapack_text import inverse_lines, solved_by_factor, solved_by_triangle
from symbackprop.ops.layout import transpose
from symbackprop.ops.matrices import (
    cubes,
    flipped,
    identity_like,
    matrices,
    outer,
    require_square,
    square_matrices,
    times,
    triangle,
)
from symbackprop.ops.multiples import multiple, scaled, with_scale_outside

__all__ = ["cho_inverse", "cho_solve", "inv", "solve", "solve_triangular"]


# --- the inverse ------------------------------------------------------------------------------------------------------

inv: Primitive = custom(
    "inv",
    numpy="np.linalg.inv({0})",
    infer=square_matrices("the inverse"),
    vjp=lambda g, out: [-times(flipped(out), g, flipped(out))],
    jvp=lambda tangents, out: -times(out, tangents[0], out),
    samples=lambda: [inv(matrices(0, 2, 2)), inv(matrices(0, 2, 2, 2))],
    public=False,
    count=lambda node: cubes(node, 2),
    derivative="-out.T @ g @ out.T",
    source="Giles (2008), section 2.2.3",
)


# --- general matrices -------------------------------------------------------------------------------------------------


def _infer_solve(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    a, b = args
    require_square(a, "the solution")
    vector = b.rank == 1 and a.rank == 2
    if (vector and b.shape != a.shape[:1]) or (not vector and b.shape[:-1] != a.shape[:-1]):
        raise ShapeError(f"shapes {shape_text(a.shape)} and {shape_text(b.shape)} are not those of a linear system")
    return b.shape, b.dtype


def columns(x: Node) -> Size:
    """Return the number of unknown vectors in `x`, over all matrices."""
    return 1 if x.rank == 1 else product((*x.shape[:-2], x.shape[-1]))


def squares(a: Node, b: Node, numerator: int) -> Size:
    """Return ``numerator * n**2`` operations a column of `b`."""
    return numerator * a.shape[-1] * a.shape[-1] * columns(b)


def _solve_vjp(g: Node, out: Apply) -> list[Node | None]:
    a, _ = out.args
    b_bar = with_scale_outside(lambda right: solve(flipped(a), right), g)
    return [-outer(b_bar, out), b_bar]


def _right_side(product_of_tangent: Node | None, tangent: Node | None) -> Node | None:
    """Return ``b_dot - A_dot x``, either of which may be zero."""
    if product_of_tangent is None:
        return tangent
    return -product_of_tangent if tangent is None else tangent - product_of_tangent


def _solve_jvp(tangents: Sequence[Node | None], out: Apply) -> Node | None:
    a_dot, b_dot = tangents
    right = _right_side(None if a_dot is None else times(a_dot, out), b_dot)
    return None if right is None else solve(out.args[0], right)


def _conditioned(x: Node) -> Node:
    """Return a matrix that depends on `x` and is far from singular, to test a primitive with."""
    return x + 2 * identity_like(x)


solve: Primitive = custom(
    "solve",
    arity=2,
    numpy="np.linalg.solve({0}, {1})",
    infer=_infer_solve,
    vjp=_solve_vjp,
    jvp=_solve_jvp,
    samples=lambda: [
        solve(_conditioned(matrices(0, 3, 3)), matrices(1, 3)),
        solve(_conditioned(matrices(0, 3, 3)), matrices(1, 3, 2)),
        solve(_conditioned(matrices(0, 2, 3, 3)), matrices(1, 2, 3, 2)),
    ],
    public=False,
    count=lambda node: cubes(node.args[0], 2, 3) + squares(*node.args, 2),  # type: ignore[call-arg]
    derivative="b_bar = solve(A.T, g), A_bar = -outer(b_bar, out)",
    kinks="of a singular matrix neither value nor derivative exists: NumPy raises LinAlgError",
    source="Giles (2008), matrix inverse product",
)


# --- triangular matrices ----------------------------------------------------------------------------------------------


def _triangular_text(node: Apply, style: Style) -> str:
    transposed = bool(node.param("transposed"))
    if node.param("clean") and not style.has_module("scipy.linalg"):  # what is beside the triangle is 0
        if not transposed:
            return "np.linalg.solve({0}, {1})"
        return "np.linalg.solve({0}.T, {1})" if node.rank < 3 else "np.linalg.solve(np.swapaxes({0}, -2, -1), {1})"
    options = [
        "lower=True" if node.param("lower") else "",
        "trans='T'" if transposed else "",
        "unit_diagonal=True" if node.param("unit_diagonal") else "",
        "check_finite=False" if style.is_fast else "",
    ]
    return ", ".join(["linalg.solve_triangular({0}", "{1}", *filter(None, options)]) + ")"


def _triangular_lines(node: Apply, style: Style) -> list[str]:
    """Return the statement that calls LAPACK, for speed, where the matrix cannot be singular."""
    direct = style.is_fast and style.has_module("scipy.linalg") and node.args[0].rank == 2
    return [solved_by_triangle(node, style)] if direct and _is_factor(node.args[0]) else []


def _is_factor(x: Node) -> bool:
    """Tell whether a matrix is a Cholesky factor or the transpose of one, which are not singular."""
    while isinstance(x, Apply) and x.op is transpose:
        x = x.args[0]
    return isinstance(x, Apply) and x.op.name == "cholesky"


def _other_way(node: Apply, right: Node) -> Node:
    """Return the solution for the transposed matrix."""
    return solve_triangular(node.args[0], right, **{**dict(node.params), "transposed": not node.param("transposed")})


def _triangular_vjp(g: Node, out: Apply) -> list[Node | None]:
    b_bar = with_scale_outside(lambda right: _other_way(out, right), g)
    product = outer(out, b_bar) if out.param("transposed") else outer(b_bar, out)
    return [-_own_triangle(product, out), b_bar]


def _own_triangle(x: Node, node: Apply) -> Node:
    """Return the part of `x` that the solution reads of its matrix."""
    lower, unit = bool(node.param("lower")), bool(node.param("unit_diagonal"))
    return triangle(x, lower=lower, offset=(-1 if lower else 1) if unit else 0)


def _triangular_jvp(tangents: Sequence[Node | None], out: Apply) -> Node | None:
    a_dot, b_dot = tangents
    moved = None
    if a_dot is not None:
        a_dot = _own_triangle(a_dot, out)
        moved = times(flipped(a_dot) if out.param("transposed") else a_dot, out)
    right = _right_side(moved, b_dot)
    return None if right is None else solve_triangular(out.args[0], right, **dict(out.params))


def triangular(a: Node, b: Node, *, lower: bool, transposed: bool = False, clean: bool = False) -> Node:
    """Return the solution of a triangular system.

    Parameters
    ----------
    a, b : Node
        The matrix, of which one triangle is read, and the right side.
    lower, transposed : bool
        Which triangle; whether the system is that of the transpose.
    clean : bool
        Whether the other triangle is known to be 0, so that the system may be solved as any other.
    """
    return solve_triangular(a, b, lower=lower, transposed=transposed, unit_diagonal=False, clean=clean)


def _triangular_samples() -> list[Node]:
    factor, batch = _conditioned(matrices(0, 3, 3)), _conditioned(matrices(0, 2, 3, 3))
    options = {"lower": True, "transposed": False, "unit_diagonal": False, "clean": False}
    return [
        solve_triangular(factor, matrices(1, 3), **options),
        solve_triangular(factor, matrices(1, 3, 2), **{**options, "transposed": True}),
        solve_triangular(factor, matrices(1, 3, 2), **{**options, "lower": False, "unit_diagonal": True}),
        solve_triangular(batch, matrices(1, 2, 3, 2), **{**options, "lower": False, "transposed": True}),
        triangular(triangle(factor, lower=True, offset=0), matrices(1, 3), lower=True, transposed=True, clean=True),
        triangular(triangle(batch, lower=False, offset=0), matrices(1, 2, 3, 2), lower=False, clean=True),
    ]


solve_triangular: Primitive = custom(
    "solve_triangular",
    arity=2,
    numpy=_triangular_text,
    lines=_triangular_lines,
    module="scipy.linalg",
    infer=_infer_solve,
    vjp=_triangular_vjp,
    jvp=_triangular_jvp,
    samples=_triangular_samples,
    public=False,
    count=lambda node: squares(*node.args, 1),  # type: ignore[call-arg]
    derivative="b_bar = solve_triangular(A, g, trans='T'), A_bar = the triangle of -outer(b_bar, out)",
    kinks="what the solution does not read of the matrix has derivative 0",
    source="Giles (2008), matrix inverse product, for the entries of one triangle",
)


# --- matrices given by their Cholesky factor --------------------------------------------------------------------------


def _cho_text(node: Apply, style: Style) -> str:
    return f"linalg.cho_solve(({{0}}, {node.param('lower')}), {{1}})"


def _cho_lines(node: Apply, style: Style) -> list[str]:
    """Return the statement that calls LAPACK, for speed."""
    return [solved_by_factor(node, style)] if style.is_fast and node.args[0].rank == 2 else []


def _cho_vjp(g: Node, out: Apply) -> list[Node | None]:
    """With ``A = L L.T``, ``A_bar = -b_bar x.T``, and ``L_bar`` the lower triangle of ``(A_bar + A_bar.T) L``."""
    factor, _ = out.args
    lower = bool(out.param("lower"))
    lower_factor = factor if lower else flipped(factor)
    scale, right = scaled(g)
    solution = cho_solve(factor, right, lower=lower)
    across, along = times(flipped(lower_factor), solution), times(flipped(lower_factor), out)
    moved = -triangle(multiple(scale, outer(solution, along) + outer(out, across)), lower=True, offset=0)
    return [moved if lower else flipped(moved), multiple(scale, solution)]


def _cho_jvp(tangents: Sequence[Node | None], out: Apply) -> Node | None:
    factor_dot, b_dot = tangents
    factor, _ = out.args
    lower = bool(out.param("lower"))
    moved = None
    if factor_dot is not None:
        own = triangle(factor_dot, lower=lower, offset=0)
        left, dot = (factor, own) if lower else (flipped(factor), flipped(own))
        moved = times(dot, times(flipped(left), out)) + times(left, times(flipped(dot), out))
    right = _right_side(moved, b_dot)
    return None if right is None else cho_solve(factor, right, lower=lower)


def _factor(x: Node) -> Node:
    return triangle(_conditioned(x), lower=True, offset=0)


cho_solve: Primitive = custom(
    "cho_solve",
    arity=2,
    numpy=_cho_text,
    lines=_cho_lines,
    module="scipy.linalg",
    infer=_infer_solve,
    vjp=_cho_vjp,
    jvp=_cho_jvp,
    samples=lambda: [
        cho_solve(_factor(matrices(0, 3, 3)), matrices(1, 3), lower=True),
        cho_solve(flipped(_factor(matrices(0, 3, 3))), matrices(1, 3, 2), lower=False),
        cho_solve(_factor(matrices(0, 2, 3, 3)), matrices(1, 2, 3, 2), lower=True),
    ],
    public=False,
    count=lambda node: squares(*node.args, 2),  # type: ignore[call-arg]
    derivative="b_bar = cho_solve((L, True), g), L_bar = the triangle of -(b_bar @ out.T + out @ b_bar.T) @ L",
    source="Giles (2008), matrix inverse product, and the product rule for L @ L.T",
)


def _inverse_lines(node: Apply, style: Style) -> list[str]:
    """Return the statements: the inverse of the factor, times its own transpose."""
    if style.has_module("scipy.linalg") and node.rank == 2:
        return inverse_lines(node, style)
    turned = "{out}.T" if node.rank == 2 else "np.swapaxes({out}, -2, -1)"
    product = f"{turned} @ {{out}}" if node.param("lower") else f"{{out}} @ {turned}"
    return ["{out} = np.linalg.inv({0})", f"{{out}} = {product}"]


def _inverse_vjp(g: Node, out: Apply) -> list[Node | None]:
    (factor,) = out.args
    lower = bool(out.param("lower"))
    moved = times(out, g + flipped(g), out)
    if lower:
        return [-triangle(times(moved, factor), lower=True, offset=0)]
    return [-triangle(times(factor, moved), lower=False, offset=0)]


def _inverse_jvp(tangents: Sequence[Node | None], out: Apply) -> Node | None:
    (t,) = tangents
    if t is None:
        return None
    (factor,) = out.args
    own = triangle(t, lower=bool(out.param("lower")), offset=0)
    half = times(own, flipped(factor)) if out.param("lower") else times(flipped(own), factor)
    return -times(out, half + flipped(half), out)


cho_inverse: Primitive = custom(
    "cho_inverse",
    numpy="linalg.lapack.dtrtri({0})",
    lines=_inverse_lines,
    infer=square_matrices("the inverse"),
    vjp=_inverse_vjp,
    jvp=_inverse_jvp,
    samples=lambda: [
        cho_inverse(_factor(matrices(0, 3, 3)), lower=True),
        cho_inverse(flipped(_factor(matrices(0, 3, 3))), lower=False),
        cho_inverse(_factor(matrices(0, 2, 3, 3)), lower=True),
    ],
    public=False,
    count=lambda node: cubes(node, 4, 3),
    derivative="the triangle of -out @ (g + g.T) @ out @ L",
    source="Giles (2008), section 2.2.3, and the product rule for L @ L.T",
)
