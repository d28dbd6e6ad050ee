"""Constraints: bounds on formulas of the parameters, as SciPy's methods want them, with their derivatives."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from symbackprop.compiled import CompiledFunction
from symbackprop.errors import ArgumentError, SymbackpropError
from symbackprop.lazily import scipy_optimize, scipy_sparse
from symbackprop.optimize.evaluation import Residuals
from symbackprop.optimize.flat import limits
from symbackprop.optimize.parameters import Parameters

__all__ = ["Constraint"]

Array = np.ndarray[Any, Any]


class Constraint:
    """A formula of some of the parameters and data, each entry of which is kept within bounds.

    Parameters
    ----------
    title : str
        What the user calls it.
    function : CompiledFunction
        The formula.
    bounds : (low, high), number, or array
        For all entries, or for each in their order; None where there is no bound. What is no tuple is what they equal.
    parameters : Parameters
        All parameters and data of the problem, of which the formula may take some.

    Raises
    ------
    SymbackpropError
        If there is no derivative, or bounds do not fit; it says in which constraint.
    """

    def __init__(
        self, title: str, function: CompiledFunction, bounds: Any, parameters: Parameters, *, sparse: bool = False
    ) -> None:
        self.title = title
        try:
            own = parameters.restricted(function)
            self._residuals = Residuals(function.recipe, own.arguments, sparse=sparse)
            self._start = own.vector.start
            count = self._residuals.value(self._start).size
            self.lower, self.upper = _limits(bounds, title, (count,))
        except SymbackpropError as error:
            error.add_note(f"in the constraint {title}")
            raise
        entries = parameters.entries()
        self._entries = np.concatenate([entries[key] for key in own.entries()])  # of the whole vector, in own order
        self._size = parameters.vector.size
        self._sparse = sparse

    # --- at a flat vector of all free entries -------------------------------------------------------------------------

    def fun(self, x: Array) -> Array:
        """Return the values."""
        return self._residuals.value(np.asarray(x)[self._entries])

    def jac(self, x: Array) -> Any:
        """Return the Jacobian, with a column for each free entry of the problem."""
        own = self._residuals.derivative(np.asarray(x)[self._entries])
        if self._sparse:
            return own @ self._selection
        jacobian = np.zeros((len(own), self._size))
        jacobian[:, self._entries] = own
        return jacobian

    def hess(self, x: Array, v: Array) -> Any:
        """Return the Hessian of the product of `v` and the values."""
        own = self._residuals.hessian(np.asarray(x)[self._entries], v)
        if self._sparse:
            return self._selection.T @ own @ self._selection
        hessian = np.zeros((self._size, self._size))
        hessian[np.ix_(self._entries, self._entries)] = own
        return hessian

    @cached_property
    def _selection(self) -> Any:
        """The matrix that takes from a vector of all free entries those of this constraint."""
        count = len(self._entries)
        return scipy_sparse().csr_array((np.ones(count), self._entries, np.arange(count + 1)), (count, self._size))

    # --- as SciPy's methods take it -----------------------------------------------------------------------------------

    @cached_property
    def for_trust_region(self) -> Any:
        """The constraint as an object, linear where its Jacobian is constant."""
        if not self._residuals.is_linear:
            return scipy_optimize().NonlinearConstraint(self.fun, self.lower, self.upper, jac=self.jac, hess=self.hess)
        whole = np.zeros(self._size)
        whole[self._entries] = self._start
        matrix = self.jac(whole)
        offset = self.fun(whole) - matrix @ whole
        return scipy_optimize().LinearConstraint(matrix, self.lower - offset, self.upper - offset)

    @cached_property
    def without_derivatives(self) -> Any:
        """The constraint as an object for methods that have no use for derivatives."""
        return scipy_optimize().NonlinearConstraint(self.fun, self.lower, self.upper)

    @cached_property
    def for_slsqp(self) -> list[dict[str, Any]]:
        """The constraint as dicts: of what is zero, and of what is not negative."""
        equal = self.lower == self.upper
        found = []
        for kind, sign, bound, rows in (
            ("eq", 1.0, self.lower, equal),
            ("ineq", 1.0, self.lower, ~equal & np.isfinite(self.lower)),
            ("ineq", -1.0, self.upper, ~equal & np.isfinite(self.upper)),
        ):
            if rows.any():
                found.append({"type": kind, **self._excess(sign, bound, rows)})
        return found

    def _excess(self, sign: float, bound: Array, rows: Array) -> dict[str, Callable[[Array], Array]]:
        """Return by how much some entries are above, or with the sign -1 below, a bound; and the Jacobian of that."""
        return {
            "fun": lambda x: sign * (self.fun(x) - bound)[rows],
            "jac": lambda x: sign * (self.jac(x).toarray() if self._sparse else self.jac(x))[rows],
        }


def _limits(given: Any, title: str, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Return lower and upper bounds of the values of a constraint."""
    if not isinstance(given, tuple):
        given = (given, given)
    lower, upper = limits(given, title, shape)
    crossed = np.flatnonzero(~(lower <= upper))  # nan compares as False
    if crossed.size:
        low, high = lower[crossed[0]], upper[crossed[0]]
        raise ArgumentError(f"{title} is bounded by {low:g} and {high:g}, of which none is between")
    return lower, upper
