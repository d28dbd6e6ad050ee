"""Functions of whole matrices, as SciPy has them: exponential, logarithm, square root; and Sylvester's equation.

Source of the rules: Higham, N. J. (2008), Functions of Matrices: Theory and Computation, chapter 3; Mathias, R. (1996),
A chain rule for matrix functions and applications, SIAM J. Matrix Anal. Appl. 17(3), for the derivative as a block of the
function of a larger matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from symbackprop.errors import ShapeError
from symbackprop.ir.node import Apply, Node, Shape, constant
from symbackprop.ir.size import shape_text
from symbackprop.ops.arithmetic import add
from symbackprop.ops.declare import Primitive, Style, custom
from symbackprop.ops.layout import concatenate
from symbackprop.ops.matrices import (
    block_of,
    blocks,
    cubes,
    flipped,
    matrices,
    positive_definite,
    require_square,
    square_matrices,
    times,
)

__all__ = ["expm", "expm_frechet", "logm", "solve_sylvester", "sqrtm"]


# --- the exponential --------------------------------------------------------------------------------------------------

expm: Primitive = custom(
    "expm",
    numpy="linalg.expm({0})",
    module="scipy.linalg",
    infer=square_matrices("the exponential"),
    vjp=lambda g, out: [expm_frechet(flipped(out.args[0]), g)],
    jvp=lambda tangents, out: None if tangents[0] is None else expm_frechet(out.args[0], tangents[0]),
    samples=lambda: [expm(matrices(0, 3, 3)), expm(matrices(0, 2, 2, 2))],
    public=False,
    count=lambda node: cubes(node, 20),
    derivative="expm_frechet(A.T, g)",
    source="Higham (2008), theorem 3.6 and equation 10.15: the adjoint of the derivative is that at A.T",
)


def _infer_pair(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    a, e = args
    require_square(a, "the exponential")
    if e.shape != a.shape:
        raise ShapeError(f"the direction has shape {shape_text(e.shape)}, the matrix {shape_text(a.shape)}")
    return a.shape, a.dtype


def _frechet_text(node: Apply, style: Style) -> str:
    rounded = f".astype({style.dtype('float32')})" if node.dtype == "float32" else ""
    return f"linalg.expm_frechet({{0}}, {{1}}, compute_expm=False){rounded}"


def _beside(e: Node) -> Node:
    """Return ``[[0, e], [0, 0]]``."""
    zero = constant(0, e.shape, e.dtype)
    above = concatenate(zero, e, axis=e.rank - 1)
    return concatenate(above, constant(0, above.shape, e.dtype), axis=e.rank - 2)


def _frechet_vjp(g: Node, out: Apply) -> list[Node | None]:
    a, e = out.args
    whole = expm_frechet(flipped(blocks(a, e)), _beside(g))
    return [block_of(whole, 0, 0) + block_of(whole, 1, 1), expm_frechet(flipped(a), g)]


def _frechet_jvp(tangents: Sequence[Node | None], out: Apply) -> Node | None:
    a_dot, e_dot = tangents
    a, e = out.args
    if a_dot is None:
        return None if e_dot is None else expm_frechet(a, e_dot)
    direction = blocks(a_dot, constant(0, a.shape, a.dtype) if e_dot is None else e_dot)
    return block_of(expm_frechet(blocks(a, e), direction), 0, 1)


expm_frechet: Primitive = custom(
    "expm_frechet",
    arity=2,
    numpy=_frechet_text,
    module="scipy.linalg",
    infer=_infer_pair,
    vjp=_frechet_vjp,
    jvp=_frechet_jvp,
    samples=lambda: [expm_frechet(matrices(0, 2, 2), matrices(1, 2, 2))],
    public=False,
    count=lambda node: cubes(node, 60),
    derivative="expm_frechet(A.T, g) for the direction; for A the diagonal blocks of that of [[A, E], [0, A]]",
    source="Higham (2008), equations 3.16 and 10.15; Mathias (1996)",
)


# --- results that may be complex --------------------------------------------------------------------------------------


def _real_lines(function: str) -> Callable[[Apply, Style], list[str]]:
    """Return the statements that compute a function and demand that it is real; SciPy's `logm` is for float64."""

    def lines(node: Apply, style: Style) -> list[str]:
        widened = node.dtype == "float32" and function == "logm"
        argument = f"{{0}}.astype({style.dtype('float64')})" if widened else "{0}"
        check = [
            "if np.iscomplexobj({out}):",
            f"    raise ValueError('{function} of a matrix with eigenvalues that are not positive')",
        ]
        narrowed = [f"{{out}} = {{out}}.astype({style.dtype('float32')})"] if widened else []
        return [f"{{out}} = linalg.{function}({argument})", *check, *narrowed]

    return lines


def _log_slope(a: Node, e: Node) -> Node:
    """Return the derivative of the logarithm at `a` in direction `e`."""
    return block_of(logm(blocks(a, e)), 0, 1)


_COMPLEX = "where the result is complex the code raises a ValueError"

logm: Primitive = custom(
    "logm",
    numpy="linalg.logm({0})",
    lines=_real_lines("logm"),
    module="scipy.linalg",
    infer=square_matrices("the logarithm"),
    vjp=lambda g, out: [_log_slope(flipped(out.args[0]), g)],
    jvp=lambda tangents, out: None if tangents[0] is None else _log_slope(out.args[0], tangents[0]),
    samples=lambda: [logm(positive_definite(matrices(0, 2, 2))), logm(positive_definite(matrices(0, 2, 2, 2)))],
    public=False,
    count=lambda node: cubes(node, 60),
    derivative="the upper right block of logm([[A.T, g], [0, A.T]])",
    kinks=_COMPLEX,
    domain="matrices without eigenvalues on the negative real axis or at 0",
    source="Mathias (1996); Higham (2008), equation 3.16",
)

sqrtm: Primitive = custom(
    "sqrtm",
    numpy="linalg.sqrtm({0})",
    lines=_real_lines("sqrtm"),
    module="scipy.linalg",
    infer=square_matrices("the square root"),
    vjp=lambda g, out: [solve_sylvester(flipped(out), flipped(out), g)],
    jvp=lambda tangents, out: None if tangents[0] is None else solve_sylvester(out, out, tangents[0]),
    samples=lambda: [sqrtm(positive_definite(matrices(0, 3, 3))), sqrtm(positive_definite(matrices(0, 2, 2, 2)))],
    public=False,
    count=lambda node: cubes(node, 28),
    derivative="the solution X of out.T @ X + X @ out.T = g",
    kinks=f"{_COMPLEX}; at a singular matrix there is no derivative",
    domain="matrices without eigenvalues on the negative real axis or at 0",
    source="Higham (2008), section 3.2, example of the square root",
)


# --- Sylvester's equation ---------------------------------------------------------------------------------------------


def _infer_sylvester(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    a, b, q = args
    if q.rank < 2 or a.shape != (*q.shape[:-1], q.shape[-2]) or b.shape != (*q.shape[:-2], q.shape[-1], q.shape[-1]):
        shapes = ", ".join(shape_text(x.shape) for x in args)
        raise ShapeError(f"shapes {shapes} are not those of A @ X + X @ B = Q")
    return q.shape, q.dtype


def _sylvester_vjp(g: Node, out: Apply) -> list[Node | None]:
    a, b, _ = out.args
    q_bar = solve_sylvester(flipped(a), flipped(b), g)
    return [-times(q_bar, flipped(out)), -times(flipped(out), q_bar), q_bar]


def _sylvester_jvp(tangents: Sequence[Node | None], out: Apply) -> Node | None:
    a_dot, b_dot, q_dot = tangents
    parts = [
        *([] if q_dot is None else [q_dot]),
        *([] if a_dot is None else [-times(a_dot, out)]),
        *([] if b_dot is None else [-times(out, b_dot)]),
    ]
    return solve_sylvester(out.args[0], out.args[1], add(*parts)) if parts else None


solve_sylvester: Primitive = custom(
    "solve_sylvester",
    arity=3,
    numpy="linalg.solve_sylvester({0}, {1}, {2})",
    module="scipy.linalg",
    infer=_infer_sylvester,
    vjp=_sylvester_vjp,
    jvp=_sylvester_jvp,
    samples=lambda: [
        solve_sylvester(positive_definite(matrices(0, 3, 3)), positive_definite(matrices(1, 2, 2)), matrices(2, 3, 2))
    ],
    public=False,
    count=lambda node: cubes(node.args[0], 25) + cubes(node.args[1], 25),
    derivative="Q_bar = solve_sylvester(A.T, B.T, g), A_bar = -Q_bar @ out.T, B_bar = -out.T @ Q_bar",
    kinks="where A and -B share an eigenvalue there is no solution",
    source="the transpose of the linear map X -> A X + X B",
)
