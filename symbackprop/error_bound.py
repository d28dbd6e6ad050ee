"""How wrong the value of a compiled function may be: a part of `CompiledFunction`."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

from symbackprop.errors import UnsupportedError

__all__ = ["WithErrorBound"]


class WithErrorBound:
    """The part of a compiled function that bounds its rounding errors."""

    @cached_property
    def error_bound(self: Any) -> Any:
        """The function that bounds how far the value is from the exact one, for the same arguments.

        To first order in the unit roundoff ``u`` (``2**-53`` for float64, ``2**-24`` for float32), by the adjoints of all
        that the value is computed of::

            |computed - exact|  <=  sum over operations v of  |dL/dv| * k(v) * u * |v|

        with ``k = 1`` for what is correctly rounded (``+ - * /``, square roots), 0 for what is exact (indexing, absolute
        values, products with powers of 2), 4 for the functions of NumPy and `math`, which are taken to be within two units
        in the last place, and 8 for what is composed of a few of these. Those of `scipy.special` are taken to be as exact
        as measured: by 16 units for the most exact, and else as for arguments that are wrong by 8, 64, or, for incomplete
        gamma functions and Bessel functions of real orders, 512 and 1024 units. A sum counts the additions that one term goes through, at most: pairwise
        over all entries, all of them along some axes and in products of matrices. In loops every step counts, in branches
        the one that runs; the solution of an equation is wrong by its own rounding and by those of the residual. Linear
        algebra is as exact as for matrices near those that it is given (Higham, N. J. (2002), Accuracy and Stability of
        Numerical Algorithms, and docs/accuracy.md for each). It costs one to three gradients.

        The arguments are taken to be exact, comparisons and masks to come out as they would exactly; at kinks the
        derivative is that from the right, so that an error of what cancels to 0 passes ``abs``. A value that underflows is
        wrong by more, and what a solver leaves off by its tolerance is no rounding. The bound is infinite or nan where the
        derivative in a step is, and too small where one underflows. For long sums it is far from what happens, as errors
        average out.

        Returns
        -------
        CompiledFunction
            Called as this one; its source can be read and saved.

        Raises
        ------
        ShapeError
            If a value is no scalar.
        UnsupportedError
            If it is not known how an operation rounds: hypergeometric functions, polynomials of Gegenbauer and Jacobi with
            parameters that are no numbers, logarithms of matrices, derivatives of their exponentials, eigenvectors of
            matrices that are not symmetric, opaque functions, primitives of the user's own that are declared without
            ``roundings``. And if a loop has no reverse derivative, or a function none in an argument that is computed, as
            Bessel functions have none in the order.

        Examples
        --------
        >>> import symbackprop as sb
        >>> g = sb.compile_value("sqrt(1 + x) - sqrt(x)")
        >>> bool(g.error_bound(1e12) > 1e-4 * g(1e12)), bool(g.error_bound(1.0) < 1e-15)
        (True, True)
        """
        recipe = self._recipe_of_value
        if recipe.batch:
            raise UnsupportedError("an error bound is that of one example; compile the formula without batch=")
        asked = replace(recipe, kind="error_bound", name="error_bound", optimize="readable", target="auto")
        return self._compile(asked, self._origin, self._found)
