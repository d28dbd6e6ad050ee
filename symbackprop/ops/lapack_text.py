"""Texts that call LAPACK itself: for symmetric matrices and their triangular factors, one of which is at hand.

SciPy's functions around these check, copy and choose, at ten times the cost of a small system, and nothing of that is
needed where the matrix is a factor that was computed a line before. LAPACK reads columns: what lies row by row is its own
transpose there, which is how it is handed over, without a copy that turns it. It takes no matrix without rows.
"""

from __future__ import annotations

from symbackprop.ir.node import Apply
from symbackprop.ir.size import Size
from symbackprop.ops.declare import Style
from symbackprop.ops.layout import transpose

__all__ = ["factor_lines", "inverse_lines", "solved_by_factor", "solved_by_triangle"]


def factor_lines(node: Apply, style: Style) -> list[str]:
    """Return the statements that factor a symmetric matrix of which the lower triangle is read."""
    lower = bool(node.param("lower"))
    return [
        f"{{out}} = {_name('potrf', node)}({{0}}.T)",
        "if {out}[1]:",
        "    raise np.linalg.LinAlgError('Matrix is not positive definite')",
        "{out} = {out}[0].T" if lower else "{out} = {out}[0]",
    ]


def solved_by_factor(node: Apply, style: Style) -> str:
    """Return the statement that solves for a matrix given by its Cholesky factor."""
    matrix, lower, _ = _in_columns(node, bool(node.param("lower")), False)
    return _solution("potrs", node, style, matrix, "lower=True" if lower else "")


def solved_by_triangle(node: Apply, style: Style) -> str:
    """Return the statement that solves for a triangular matrix that is not singular."""
    matrix, lower, transposed = _in_columns(node, bool(node.param("lower")), bool(node.param("transposed")))
    unit = "unitdiag=True" if node.param("unit_diagonal") else ""
    return _solution(
        "trtrs", node, style, matrix, "lower=True" if lower else "", "trans=True" if transposed else "", unit
    )


def inverse_lines(node: Apply, style: Style) -> list[str]:
    """Return the statements that invert a matrix given by its Cholesky factor, whose diagonal is positive.

    The inverse of the factor, times its own transpose, is fewer calls. LAPACK's way from the factor to one triangle of
    the inverse is half of the operations, which is more than what it takes to mirror it where matrices are large.
    """
    lower, rows = bool(node.param("lower")), node.shape[-1]
    option = "" if lower else ", lower=True"
    call = f"{_name('potri' if style.has_large else 'trtri', node)}({{0}}.T{option})[0]"
    first = f"{{out}} = {_of_rows(call, '{0}', rows, style)}"
    if not style.has_large:
        return [first, "{out} = {out} @ {out}.T" if lower else "{out} = {out}.T @ {out}"]
    halves = "{out}.T, {out}" if lower else "{out}, {out}.T"
    return [first, f"{{out}} = np.where(np.tri({style.size(rows)}, dtype=np.bool_), {halves})"]


def _solution(function: str, node: Apply, style: Style, matrix: str, *options: str) -> str:
    call = f"{_name(function, node)}({', '.join([matrix, '{1}', *filter(None, options)])})[0]"
    return f"{{out}} = {_of_rows(call, '{1}', node.args[0].shape[-1], style)}"


def _in_columns(node: Apply, lower: bool, transposed: bool) -> tuple[str, bool, bool]:
    """Return the text of a matrix as LAPACK reads it, which triangle is its own, and whether it is the transpose."""
    matrix = node.args[0]
    if isinstance(matrix, Apply) and matrix.op is transpose:
        return "{0}", lower, transposed
    return "{0}.T", not lower, not transposed


def _of_rows(text: str, empty: str, rows: Size, style: Style) -> str:
    """Return `text`, and what it is without rows where there may be none."""
    return text if isinstance(rows, int) and rows else f"{text} if {style.size(rows)} else {empty}"


def _name(function: str, node: Apply) -> str:
    return f"linalg.lapack.{'s' if node.dtype == 'float32' else 'd'}{function}"
