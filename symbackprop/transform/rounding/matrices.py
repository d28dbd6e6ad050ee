"""How the operations of linear algebra round: as exactly as for matrices near those that they are given.

    computed(A) = exact(A + dA),    |error of the value| <= |sum(A_bar * dA)|

The backward errors `dA` are the established ones. Those of LU factorisations, and of orthogonal ones, depend on a factor
of growth and on "a modest function of the sizes": the first is taken to be 1, as it is in practice with partial pivoting,
the second to be the sum of the sizes, where LAPACK's own estimates take 1. Of many right sides each has a backward error
of its own, so that what they do to the value is added up without cancelling.

Higham, N. J. (2002), Accuracy and Stability of Numerical Algorithms, second edition: theorems 8.5 (triangular systems),
9.3 and 9.4 (LU), 10.3 (Cholesky), 19.4 and 20.3 (QR, least squares), sections 14.2 and 14.3 (inverses), 14.6
(determinants) and 16.1 (Sylvester's equation). Anderson, E. et al. (1999), LAPACK Users' Guide, third edition, chapter 4
(eigenvalues, singular values and their vectors). Higham, N. J. (2008), Functions of Matrices: Theory and Computation,
section 6.2 (square roots), and chapter 10 for the exponential. Of the logarithm of a matrix nothing alike is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbackprop.errors import UnsupportedError
from symbackprop.ir.node import Apply, Node
from symbackprop.ops.broadcasting import reduce_sum
from symbackprop.ops.declare import Primitive, result_names, results
from symbackprop.ops.exponential import exp, log
from symbackprop.ops.extrema import maximum, minimum
from symbackprop.ops.indexing import slice_
from symbackprop.ops.layout import diagonal
from symbackprop.ops.least_squares import lstsq
from symbackprop.ops.logistic import xlogy
from symbackprop.ops.matrices import flipped, scaled_rows, times, triangle
from symbackprop.ops.powers import sqrt
from symbackprop.ops.rounding import absolute
from symbackprop.ops.solves import inv
from symbackprop.ops.spectra import eigh
from symbackprop.transform.rounding.measures import Cotangents, Rule, modulus, number, sum_of, total

__all__ = ["MATRIX_RULES"]


# --- norms ------------------------------------------------------------------------------------------------------------


def _norms(x: Node, first: int | None = None) -> Node:
    """Return the Frobenius norm of each matrix, that of a vector, or those over all axes from the `first` one."""
    return _lengths(x, tuple(range(max(x.rank - 2, 0) if first is None else first, x.rank)))


def _column_norms(x: Node) -> Node:
    """Return the length of each column of each matrix, or that of a vector."""
    return _lengths(x, (max(x.rank - 2, 0),))


def _lengths(x: Node, axes: tuple[int, ...]) -> Node:
    return sqrt(reduce_sum(x * x, axes=axes))


def _order(x: Node) -> Node:
    return number(x.shape[-1], x.dtype)


def _sizes(x: Node) -> Node:
    rows, columns = x.shape[-2:]
    return number(rows + columns, x.dtype)


def _contributions(node: Apply, cotangents: Cotangents) -> Sequence[Node]:
    """Return what the rule of an operation makes of its cotangents."""
    op = node.op
    assert isinstance(op, Primitive)
    return op.vjp(list(cotangents) if result_names(node) else cotangents[0], node)  # type: ignore[return-value]


def _along_rows(weights: Node, x: Node) -> Node:
    """Return ``weights @ x`` for each matrix."""
    weighted = weights * x if x.rank == 1 else scaled_rows(x, weights)
    return reduce_sum(weighted, axes=(max(x.rank - 2, 0),))


# --- systems of linear equations --------------------------------------------------------------------------------------


def _solved(matrix: Node, right_bar: Node, solution: Node) -> Node:
    """Return the error of ``(A + dA) x = b``, for each b with columns of dA that are 3 n units of those of A."""
    reached = _along_rows(_column_norms(matrix), absolute(solution))
    return 3 * _order(matrix) * total(_column_norms(right_bar) * reached)


def _solve(node: Apply, cotangents: Cotangents) -> Node | None:
    return None if cotangents[0] is None else _solved(node.args[0], _contributions(node, cotangents)[1], node)


def _inv(node: Apply, cotangents: Cotangents) -> Node | None:
    """Return the error of the solution for the columns of the identity."""
    (g,) = cotangents
    return None if g is None else _solved(node.args[0], times(flipped(node), g), node)


def _solve_triangular(node: Apply, cotangents: Cotangents) -> Node | None:
    """Return the error of substitution, entry by entry of the matrix; that of LU where NumPy solves as for any matrix."""
    if cotangents[0] is None:
        return None
    lower, transposed = bool(node.param("lower")), bool(node.param("transposed"))
    clean = bool(node.param("clean"))  # what is beside the triangle is 0
    own = node.args[0] if clean else triangle(node.args[0], lower=lower, offset=0)
    matrix = flipped(own) if transposed else own
    right_bar = _contributions(node, cotangents)[1]
    if clean and lower is not transposed:  # whose rows NumPy may exchange
        return _solved(matrix, right_bar, node)
    return _order(matrix) * total(absolute(right_bar) * times(absolute(matrix), absolute(node)))


def _cho_solve(node: Apply, cotangents: Cotangents) -> Node | None:
    """Return the error of two substitutions: ``(L + dL) (L + dM).T x = b``."""
    if cotangents[0] is None:
        return None
    lower = bool(node.param("lower"))
    own = triangle(node.args[0], lower=lower, offset=0)
    factor = own if lower else flipped(own)
    right_bar = _contributions(node, cotangents)[1]
    moduli = absolute(factor)
    first = absolute(right_bar) * times(moduli, absolute(times(flipped(factor), node)))
    second = absolute(times(flipped(factor), right_bar)) * times(flipped(moduli), absolute(node))
    return _order(factor) * (total(first) + total(second))


def _cho_inverse(node: Apply, cotangents: Cotangents) -> Node | None:
    """Return the error of an inverse of the factor, whose columns are as long as the roots of the diagonal, and a product."""
    (g,) = cotangents
    if g is None:
        return None
    lengths = sqrt(diagonal(node))
    right_bar = times(node, g + flipped(g))
    inverse = total(_norms(node.args[0]) * reduce_sum(lengths * _column_norms(right_bar), axes=(lengths.rank - 1,)))
    return _order(node) * (3 * inverse + _between(lengths, g))


def _between(lengths: Node, x: Node) -> Node:
    """Return the sum of ``lengths[i] * abs(x[i, j]) * lengths[j]``."""
    return total(_along_rows(lengths, absolute(x)) * lengths)


# --- factorisations ---------------------------------------------------------------------------------------------------


def _cholesky(node: Apply, cotangents: Cotangents) -> Node | None:
    """Return the error of ``R.T R = A + dA`` with ``abs(dA[i, j]) <= (n + 1) sqrt(A[i, i] A[j, j])`` units."""
    if cotangents[0] is None:
        return None
    (matrix,) = node.args
    return (_order(matrix) + 1) * _between(sqrt(diagonal(matrix)), _contributions(node, cotangents)[0])


def _qr(node: Apply, cotangents: Cotangents) -> Node | None:
    """Return the error of ``Q R = A + dA``, column by column, and of Q beside the nearest orthogonal matrix."""
    if all(g is None for g in cotangents):
        return None
    (matrix,) = node.args
    (matrix_bar,) = _contributions(node, cotangents)
    terms = [total(_column_norms(matrix_bar) * _column_norms(matrix))]
    if cotangents[0] is not None:
        q = results(node)[0]
        terms.append(total(_norms(cotangents[0]) * _norms(q)))
    return _sizes(matrix) * sum_of(terms)


def _decomposition(node: Apply, cotangents: Cotangents) -> Node | None:
    """Return the error of factors of ``A + dA`` that are themselves near the exact ones, by their norms."""
    found = results(node) if result_names(node) else [node]
    moved = [(g, x) for g, x in zip(cotangents, found, strict=True) if g is not None]
    if not moved:
        return None
    (matrix,) = node.args
    (matrix_bar,) = _contributions(node, cotangents)
    batch = matrix.rank - 2
    terms = [total(_norms(matrix_bar) * _norms(matrix))]
    terms += [total(_norms(g, batch) * _norms(x, batch)) for g, x in moved]
    return _sizes(matrix) * sum_of(terms)


def _eigenvalues(node: Apply, cotangents: Cotangents) -> Node | None:
    """Return the error of eigenvalues of matrices that are not symmetric."""
    if cotangents[1] is not None:
        raise UnsupportedError("there is no error bound for the eigenvectors of eig: how they round is not known")
    return _decomposition(node, cotangents)


def _least_squares(node: Apply, cotangents: Cotangents) -> Node | None:
    """Return the error of the nearest solution for ``A + dA`` and ``b + db``, by the parts that the derivative for A has."""
    (g,) = cotangents
    if g is None:
        return None
    a, b = node.args

    def fitted(matrix: Node, right: Node) -> Node:
        return lstsq(matrix, right, **dict(node.params))

    y = fitted(flipped(a), g)
    parts = [(y, node), (b - times(a, node), fitted(a, y)), (fitted(flipped(a), node), g - times(flipped(a), y))]
    moved = sum_of([total(_column_norms(left) * _column_norms(right)) for left, right in parts])
    return _sizes(a) * (_norms(a) * moved + total(_column_norms(y) * _column_norms(b)))


# --- determinants -----------------------------------------------------------------------------------------------------


def _det(node: Apply, cotangents: Cotangents) -> Node | None:
    """Return the error of a factorisation, and of the product of its diagonal, which NumPy computes by logarithms."""
    g = cotangents[0]
    if g is None:
        return None
    (matrix,) = node.args
    (matrix_bar,) = _contributions(node, cotangents)
    n, size = _order(matrix), modulus(node)
    logs = modulus(xlogy(size, size)) + n * modulus(xlogy(size, _norms(matrix)))
    product = total(modulus(g) * ((n + 3) * logs + 2 * size))
    return 2 * n * total(_column_norms(matrix_bar) * _column_norms(matrix)) + product


def _slogdet(node: Apply, cotangents: Cotangents) -> Node | None:
    """Return the error of a factorisation, and of the sum of the logarithms of its diagonal.

    The moduli of its n entries are at most the norm of the matrix, and at least 1 over that of the inverse and sqrt(n).
    """
    g = cotangents[1]
    if g is None:
        return None
    (matrix,) = node.args
    (matrix_bar,) = _contributions(node, cotangents)
    n = _order(matrix)
    logs = maximum(absolute(log(_norms(matrix))), absolute(log(sqrt(n) * _norms(inv(matrix)))))
    return n * (total(_column_norms(matrix_bar) * _column_norms(matrix)) + (n + 3) * total(modulus(g) * logs))


# --- functions of matrices --------------------------------------------------------------------------------------------


def _sqrtm(node: Apply, cotangents: Cotangents) -> Node | None:
    """Return the error of ``X X = A + dA`` where dA is as large as the square of the norm of X."""
    (g,) = cotangents
    if g is None:
        return None
    (matrix_bar,) = _contributions(node, cotangents)
    size = _norms(node)
    return 2 * _sizes(node) * total((_norms(matrix_bar) * size + _norms(g)) * size)


def _solve_sylvester(node: Apply, cotangents: Cotangents) -> Node | None:
    """Return the error of ``A X + X B = Q + dQ`` where dQ is as large as A, and B, times X."""
    if cotangents[0] is None:
        return None
    a, b, _ = node.args
    right_bar = _contributions(node, cotangents)[2]
    return _sizes(node) * total(_norms(right_bar) * _norms(node) * (_norms(a) + _norms(b)))


def _expm(node: Apply, cotangents: Cotangents) -> Node | None:
    """Return the error of a rational approximation to ``exp(A / 2**s)``, and of s squarings of it.

    The norm of ``exp(t A)`` is at most ``exp(t mu)``, with mu the largest eigenvalue of ``(A + A.T) / 2`` (the logarithmic
    norm; Higham, 2008, theorem 10.10), so that s squarings make what is wrong before them ``2**s``, about the norm of A,
    times as large. The terms of the approximation are as large as ``exp(norm(A / 2**s))``, with a norm of at most 5.4.
    The 16 is what it takes for SciPy 1.17.1, which is wrong by 4000 units of roundoff at symmetric matrices of norm 5.
    """
    (g,) = cotangents
    if g is None:
        return None
    (matrix,) = node.args
    eigenvalues = results(eigh((matrix + flipped(matrix)) / 2, lower=True))[0]  # type: ignore[arg-type]
    logarithmic = slice_(eigenvalues, bounds=(*(None,) * (eigenvalues.rank - 1), -1))
    size = _norms(matrix)
    largest = exp(logarithmic + minimum(size, 5.4))
    return 16 * _order(matrix) * total(_norms(g) * (1 + size) * largest)


MATRIX_RULES: Mapping[str, Rule] = {
    "solve": _solve,
    "inv": _inv,
    "solve_triangular": _solve_triangular,
    "cho_solve": _cho_solve,
    "cho_inverse": _cho_inverse,
    "cholesky": _cholesky,
    "qr": _qr,
    "eigh": _decomposition,
    "svd": _decomposition,
    "pinv": _decomposition,
    "eig": _eigenvalues,
    "lstsq": _least_squares,
    "det": _det,
    "slogdet": _slogdet,
    "sqrtm": _sqrtm,
    "solve_sylvester": _solve_sylvester,
    "expm": _expm,
}
