"""Words of `np.linalg` and `scipy.linalg` for factorisations, spectra and functions of matrices, over elements.

What ends after a fixed count of operations has a symbolic form: Cholesky, QR, the solutions of equations. What is found
by iteration (eigenvalues, singular values, functions of matrices) starts with long numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import mpmath
import numpy as np

from symbackprop.check import decompositions
from symbackprop.check.elements import Digits, Element, lifted
from symbackprop.check.lapack import Lapack

__all__ = ["Factorisations", "ScipyLinearAlgebra"]

_SYMMETRIC = mpmath.mpf(10) ** -20  # relative; a difference quotient moves one entry by much less
_CUT = 1e-15  # NumPy's, for pinv
_UNKNOWNS = 4  # of an equation of Sylvester's that is solved in symbols


class _Slogdet(NamedTuple):
    sign: Any
    logabsdet: Any


class _Eigen(NamedTuple):
    eigenvalues: Any
    eigenvectors: Any


class _QR(NamedTuple):
    Q: Any
    R: Any


class _SVD(NamedTuple):
    U: Any
    S: Any
    Vh: Any


class Factorisations:
    """The part of `LinearAlgebra` that takes matrices apart."""

    _words: Mapping[str, Any]
    _kind: type[Element]
    inv: Callable[[Any], Any]
    det: Callable[[Any], Any]

    def _mapped(self, function: Callable[[Any], tuple[Any, ...]], a: Any) -> tuple[Any, ...]:
        """Return what `function` gives for each of a stack of matrices, stacked."""
        array = np.asarray(a, dtype=object)
        lead = array.shape[:-2]
        found = [function(self._lifted(array[index])) for index in np.ndindex(lead)]
        parts = [np.stack([np.asarray(x, dtype=object) for x in part]) for part in zip(*found, strict=True)]
        return tuple(part.reshape(lead + part.shape[1:]) for part in parts)

    def _lifted(self, matrix: Any) -> Any:
        return np.array([[lifted(x, self._kind) for x in row] for row in matrix], dtype=object).reshape(matrix.shape)

    def _iterated(self, what: str) -> None:
        if self._kind is not Digits:
            raise ValueError(f"{what} has no symbolic form")

    # --- systems of equations -----------------------------------------------------------------------------------------

    def solve(self, a: Any, b: Any) -> Any:
        """Return the solutions of linear systems."""
        return self.inv(a) @ np.asarray(b, dtype=object)

    def slogdet(self, a: Any) -> Any:
        """Return sign and logarithm of determinants."""
        found = self.det(a)
        return _Slogdet(np.where(np.asarray(found > 0, bool), 1, -1)[()], self._words["log"](np.abs(found)))

    def solve_triangular(
        self, a: Any, b: Any, trans: Any = 0, lower: bool = False, unit_diagonal: bool = False, **ignored: Any
    ) -> Any:
        """Return the solutions of triangular systems."""
        a = np.asarray(a, dtype=object)
        if unit_diagonal:
            a = np.tril(a, -1) + np.triu(a, 1) + np.eye(a.shape[-1], dtype=int)
        a = np.tril(a) if lower else np.triu(a)
        return self.solve(a if trans in (0, "N") else np.swapaxes(a, -2, -1), b)

    def cho_factor(self, a: Any, lower: bool = False, **ignored: Any) -> Any:
        """Return a Cholesky factor with zeros in the other triangle, and which one it is."""
        return self.cholesky(a, upper=not lower), lower

    def cho_solve(self, c_and_lower: Any, b: Any, **ignored: Any) -> Any:
        """Return the solutions of systems whose matrices are given by their Cholesky factors."""
        factor, lower = c_and_lower
        left = np.tril(factor) if lower else np.swapaxes(np.triu(factor), -2, -1)
        return self.solve(left @ np.swapaxes(left, -2, -1), b)

    def solve_sylvester(self, a: Any, b: Any, q: Any) -> Any:
        """Return the solutions of ``a @ x + x @ b = q``."""
        a, b, q = (np.asarray(x, dtype=object) for x in (a, b, q))
        found = np.empty(q.shape, dtype=object)
        for index in np.ndindex(q.shape[:-2]):
            rows, columns = q.shape[-2:]
            if self._kind is not Digits and rows * columns > _UNKNOWNS:
                raise ValueError(f"more than {_UNKNOWNS} unknowns")
            system = np.kron(a[index], np.eye(columns, dtype=int)) + np.kron(np.eye(rows, dtype=int), b[index].T)
            found[index] = self.solve(system, q[index].ravel()).reshape(rows, columns)
        return found

    @property
    def lapack(self) -> Lapack:
        """The words of `scipy.linalg.lapack`."""
        return Lapack(self)

    # --- factorisations -----------------------------------------------------------------------------------------------

    def cholesky(self, a: Any, upper: bool = False) -> Any:
        """Return Cholesky factors of the symmetric parts of matrices, which have to be symmetric at the point."""
        found = self._mapped(lambda matrix: (self._cholesky(self._symmetric_part(matrix)),), a)[0]
        return np.swapaxes(found, -2, -1) if upper else found

    def _symmetric_part(self, a: Any) -> Any:
        largest = max((abs(x.value) for x in a.ravel()), default=0)
        if any(abs(x.value - y.value) > _SYMMETRIC * largest for x, y in zip(a.ravel(), a.T.ravel(), strict=True)):
            raise ValueError("a matrix is not symmetric")
        return (a + a.T) / 2

    def _cholesky(self, a: Any) -> Any:
        factor = np.full(a.shape, lifted(0, self._kind), dtype=object)
        for j in range(len(a)):
            pivot = a[j, j] - np.sum(factor[j, :j] ** 2)
            if not pivot.value > 0:
                raise ValueError("a matrix is not positive definite")
            factor[j, j] = self._words["sqrt"](pivot)
            for i in range(j + 1, len(a)):
                factor[i, j] = (a[i, j] - np.sum(factor[i, :j] * factor[j, :j])) / factor[j, j]
        return factor

    def qr(self, a: Any, mode: str = "reduced") -> Any:
        """Return the reduced QR decompositions, with NumPy's signs."""
        q, r = self._mapped(self._qr, a)
        return r if mode == "r" else _QR(q, r)

    def _qr(self, a: Any) -> tuple[Any, Any]:
        signs = np.sign(np.diagonal(np.linalg.qr(decompositions.floats(a), mode="r")))
        columns: list[Any] = []
        for k in range(min(a.shape)):
            column = a[:, k]
            for other in columns:
                column = column - other * np.sum(other * a[:, k])
            columns.append(column * int(signs[k] or 1) / self._words["sqrt"](np.sum(column * column)))
        q = np.array(columns, dtype=object).reshape(len(columns), a.shape[0]).T
        r = np.triu(q.T @ a) if a.size else q.T @ a
        return q, r

    # --- spectra ------------------------------------------------------------------------------------------------------

    def svd(self, a: Any, full_matrices: bool = True, compute_uv: bool = True, **ignored: Any) -> Any:
        """Return singular value decompositions; the full one has no vectors that the reduced one lacks."""
        self._iterated("the singular value decomposition")
        u, s, vh = self._mapped(decompositions.svd, a)
        return _SVD(u, s, vh) if compute_uv else s

    def svdvals(self, a: Any, **ignored: Any) -> Any:
        """Return singular values."""
        return self.svd(a, compute_uv=False)

    def eigh(self, a: Any, UPLO: str = "L") -> Any:
        """Return eigenvalues and eigenvectors of symmetric matrices."""
        self._iterated("the spectrum")
        return _Eigen(*self._mapped(lambda matrix: decompositions.eigh(self._symmetric_part(matrix)), a))

    def eigvalsh(self, a: Any, UPLO: str = "L") -> Any:
        """Return eigenvalues of symmetric matrices."""
        return self.eigh(a).eigenvalues

    def eig(self, a: Any) -> Any:
        """Return eigenvalues and eigenvectors of matrices of real spectrum."""
        self._iterated("the spectrum")
        return _Eigen(*self._mapped(decompositions.eig, a))

    def eigvals(self, a: Any, **ignored: Any) -> Any:
        """Return eigenvalues of matrices of real spectrum."""
        return self.eig(a).eigenvalues

    # --- least squares ------------------------------------------------------------------------------------------------

    def pinv(self, a: Any, rcond: Any = None, *, rtol: Any = _CUT, **ignored: Any) -> Any:
        """Return pseudoinverses; symbolic ones of full rank."""
        a = np.asarray(a, dtype=object)
        turned = np.swapaxes(a, -2, -1)
        if self._kind is not Digits:
            return turned @ self.inv(a @ turned) if a.shape[-2] < a.shape[-1] else self.inv(turned @ a) @ turned
        cut = _number(rtol if rcond is None else rcond, max(a.shape[-2:]) * 2.0**-52)
        u, s, vh = self.svd(a)
        largest = np.max(s, axis=-1, keepdims=True, initial=0)
        inverse = [
            0 if x <= cut * top else 1 / x
            for x, top in zip(s.ravel(), np.broadcast_to(largest, s.shape).ravel(), strict=True)
        ]
        scale = np.array(inverse, dtype=object).reshape(s.shape)
        return (np.swapaxes(vh, -2, -1) * scale[..., None, :]) @ np.swapaxes(u, -2, -1)

    def lstsq(self, a: Any, b: Any, rcond: Any = None, **ignored: Any) -> Any:
        """Return the solution of least squares of smallest norm, and singular values."""
        a = np.asarray(a, dtype=object)
        cut = _number(rcond, max(a.shape) * 2.0**-52)
        values = self.svd(a, compute_uv=False) if self._kind is Digits else None
        return self.pinv(a, rtol=cut) @ np.asarray(b, dtype=object), None, None, values

    # --- functions of matrices ----------------------------------------------------------------------------------------

    def expm(self, a: Any) -> Any:
        """Return exponentials of matrices."""
        return self._function(mpmath.expm, a)

    def expm_frechet(self, a: Any, e: Any, compute_expm: bool = True, **ignored: Any) -> Any:
        """Return the derivatives of exponentials of matrices in directions."""
        size = np.shape(a)[-1]
        zero = np.zeros(np.shape(a), dtype=int).astype(object)
        whole = self.expm(np.concatenate([np.concatenate([a, e], -1), np.concatenate([zero, a], -1)], -2))
        slope = whole[..., :size, size:]
        return (whole[..., :size, :size], slope) if compute_expm else slope

    def logm(self, a: Any, **ignored: Any) -> Any:
        """Return principal logarithms of matrices."""
        return self._function(mpmath.logm, a)

    def sqrtm(self, a: Any, **ignored: Any) -> Any:
        """Return principal square roots of matrices."""
        return self._function(mpmath.sqrtm, a)

    def _function(self, function: Callable[[Any], Any], a: Any) -> Any:
        self._iterated("a function of a matrix")
        return self._mapped(decompositions.function_of(function), a)[0]


def _number(cut: Any, default: float) -> Any:
    """Return what singular values are measured by."""
    return default if cut is None else getattr(cut, "value", cut)


class ScipyLinearAlgebra:
    """`scipy.linalg` where its words have other defaults or results than NumPy's; the rest is theirs.

    Parameters
    ----------
    words : LinearAlgebra
        The words of `np.linalg`.
    """

    def __init__(self, words: Any) -> None:
        self._numpy = words

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_numpy"], name)

    def solve(
        self, a: Any, b: Any, lower: bool = False, assume_a: Any = None, transposed: bool = False, **ignored: Any
    ) -> Any:
        """Return the solutions of linear systems."""
        if assume_a in ("pos", "positive definite"):
            return self._numpy.cho_solve(self._numpy.cho_factor(a, lower), b)
        return self._numpy.solve(np.swapaxes(a, -2, -1) if transposed else a, b)

    def cholesky(self, a: Any, lower: bool = False, **ignored: Any) -> Any:
        """Return Cholesky factors, upper ones if not told otherwise."""
        return self._numpy.cholesky(a, upper=not lower)

    def eigh(self, a: Any, eigvals_only: bool = False, **ignored: Any) -> Any:
        """Return eigenvalues and eigenvectors of symmetric matrices."""
        found = self._numpy.eigh(a)
        return found.eigenvalues if eigvals_only else tuple(found)

    def eigvalsh(self, a: Any, **ignored: Any) -> Any:
        """Return eigenvalues of symmetric matrices."""
        return self._numpy.eigvalsh(a)

    def eig(self, a: Any, right: bool = True, **ignored: Any) -> Any:
        """Return eigenvalues and eigenvectors of matrices of real spectrum."""
        found = self._numpy.eig(a)
        return tuple(found) if right else found.eigenvalues

    def qr(self, a: Any, mode: str = "full", **ignored: Any) -> Any:
        """Return QR decompositions; the full one is reduced too, or was refused."""
        found = self._numpy.qr(a)
        return (found.R,) if mode == "r" else tuple(found)

    def inv(self, a: Any, **ignored: Any) -> Any:
        """Return the inverses of matrices."""
        return self._numpy.inv(a)

    def det(self, a: Any, **ignored: Any) -> Any:
        """Return the determinants of matrices."""
        return self._numpy.det(a)

    def norm(self, a: Any, ord: Any = None, axis: Any = None, keepdims: bool = False, **ignored: Any) -> Any:
        """Return a norm of vectors or matrices."""
        return self._numpy.norm(a, ord, axis, keepdims)

    def pinv(self, a: Any, *, rtol: Any = None, **ignored: Any) -> Any:
        """Return pseudoinverses."""
        return self._numpy.pinv(a, rtol=rtol)

    def lstsq(self, a: Any, b: Any, cond: Any = None, **ignored: Any) -> Any:
        """Return the solution of least squares of smallest norm, and singular values."""
        return self._numpy.lstsq(a, b, 2.0**-52 if cond is None else cond)
