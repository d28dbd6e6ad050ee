"""`ScipyProblem`: a formula with parameters to be found, as SciPy's solvers want it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np

from symbackprop.compiled import CompiledFunction
from symbackprop.errors import UnsupportedError
from symbackprop.lazily import scipy_optimize
from symbackprop.optimize.constraints import Constraint
from symbackprop.optimize.evaluation import Objective, Residuals
from symbackprop.optimize.parameters import Parameters

__all__ = ["ScipyProblem"]

Array = np.ndarray[Any, Any]

_WITHOUT_GRADIENT = frozenset(("nelder-mead", "powell", "cobyla", "cobyqa"))
_WITHOUT_BOUNDS = frozenset(("cg", "bfgs", "newton-cg", "dogleg", "trust-ncg", "trust-exact", "trust-krylov"))
_WITH_HESSIAN = frozenset(("dogleg", "trust-exact", "trust-constr"))
_WITH_HESSIAN_PRODUCT = frozenset(("newton-cg", "trust-ncg", "trust-krylov"))
_DENSE = 1000  # free entries up to which a method that can do without it gets a dense Hessian
_WITH_CONSTRAINTS = frozenset(("cobyla", "cobyqa"))  # and no use for derivatives
_ROOT_WITH_JACOBIAN = frozenset(("hybr", "lm"))


class ScipyProblem:
    """A function of one flat vector, with its derivative, for `scipy.optimize`; parameters by name.

    Made by `compile_scipy`; not by hand. A scalar formula is an objective, ``jac`` its gradient; one of arrays, or of
    several values, is a vector of residuals, all entries in their order, ``jac`` its Jacobian.
    """

    def __init__(
        self,
        function: CompiledFunction,
        parameters: Parameters,
        constraints: Sequence[tuple[str, CompiledFunction, Any]] = (),
        sparse: bool = False,
    ) -> None:
        graph = function.graph
        self._function = function
        self._parameters = parameters
        self._is_scalar = graph.structure is None and graph.primals[0].shape == () and not _packs_results(function)
        self._vector = parameters.vector
        evaluated = Objective if self._is_scalar else Residuals
        self._constraints = tuple(constraints)
        self._constrained = [
            Constraint(title, g, limits, parameters, sparse=sparse) for title, g, limits in constraints
        ]
        self._evaluated: Objective | Residuals = evaluated(function.recipe, parameters.arguments, sparse=sparse)
        self._sparse = sparse

    # --- what SciPy calls ---------------------------------------------------------------------------------------------

    def fun(self, x: object) -> Any:
        """Return the value at a flat vector: a float, or the vector of residuals.

        Raises
        ------
        ShapeError, ArgumentError
            If `x` is no vector of as many real numbers as there are free entries.
        """
        return self._evaluated.value(x)

    def jac(self, x: object) -> Any:
        """Return the derivative at a flat vector: the gradient, or the Jacobian with a row for each residual.

        The Jacobian is an array, or a `scipy.sparse.csr_array` where that was asked for.

        The gradient is computed with the value and kept, so that `fun` and `jac` at one point cost one evaluation.

        Raises
        ------
        ShapeError, ArgumentError
            As `fun`.
        """
        return self._evaluated.derivative(x)

    def fun_and_jac(self, x: object) -> tuple[Any, Array]:
        """Return value and derivative, for ``jac=True``."""
        return self.fun(x), self.jac(x)

    def hess(self, x: object) -> Any:
        """Return the Hessian of an objective at a flat vector, with a row and a column for each free entry.

        It is an array, or a `scipy.sparse.csr_array` where that was asked for.

        Value, gradient and Hessian are computed by one function. Where the Hessian was asked for at the last point,
        all three are computed and kept as soon as one of them is asked for.

        Raises
        ------
        UnsupportedError
            If the formula is a vector of residuals, or has no rule for it.
        ShapeError, ArgumentError
            As `fun`.
        """
        with _advised():
            return self._objective("hess").hessian(x)

    def hessp(self, x: object, p: object) -> Array:
        """Return the product of the Hessian of an objective and a flat vector `p`, without the Hessian.

        Raises
        ------
        UnsupportedError, ShapeError, ArgumentError
            As `hess`.
        """
        with _advised():
            return self._objective("hessp").hessian_product(x, p)

    def _objective(self, asked: str) -> Objective:
        if isinstance(self._evaluated, Residuals):
            raise UnsupportedError(f"{asked} is for a scalar, and the formula gives residuals; sum their squares")
        return self._evaluated

    @property
    def x0(self) -> Array:
        """The start as a flat vector, a new one."""
        return self._vector.start

    @cached_property
    def bounds(self) -> Any:
        """The bounds as `scipy.optimize.Bounds`; None for an objective without any, as some methods take none."""
        if self._is_scalar and not self._vector.is_bounded:
            return None
        return scipy_optimize().Bounds(*self._vector.limits)

    @property
    def constraints(self) -> list[Any]:
        """The constraints as `scipy.optimize.NonlinearConstraint`, with Jacobian and Hessian, or `LinearConstraint`."""
        return [constraint.for_trust_region for constraint in self._constrained]

    @property
    def names(self) -> list[str]:
        """What the entries of the flat vector are called, ``["w[0]", "w[1]", "b"]``."""
        return self._vector.labels

    # --- there and back -----------------------------------------------------------------------------------------------

    def pack(self, params: Mapping[Any, Any]) -> Array:
        """Return parameters by name as a flat vector; what is not given is as at the start.

        Raises
        ------
        UnknownNameError, ShapeError, ArgumentError
            On names that are no parameters, values of another shape, and new values for fixed entries.
        """
        return self._parameters.pack(params)

    def unpack(self, x: object) -> dict[Any, Any]:
        """Return the parameters at a flat vector by name, fixed ones too: floats, new arrays, structures of these."""
        return self._parameters.unpack(self._vector.checked(x))

    def replace(
        self,
        *,
        start: Mapping[Any, Any] | None = None,
        data: Mapping[Any, Any] | None = None,
        bounds: Mapping[Any, Any] | None = None,
        fixed: Mapping[Any, Any] | Iterable[Any] | None = None,
    ) -> ScipyProblem:
        """Return a problem with some things other than here.

        Parameters
        ----------
        start, data : mapping, optional
            New values by name; the others stay. Sizes may change where the formula was compiled for any size.
        bounds, fixed : optional
            As for `compile_scipy`, in place of the present ones; None keeps these.
        """
        parameters = self._parameters.replaced(start, data, bounds, fixed)
        return ScipyProblem(self._function, parameters, self._constraints, self._sparse)

    # --- solvers ------------------------------------------------------------------------------------------------------

    def minimize(self, method: Any = None, **options: Any) -> Any:
        """Call `scipy.optimize.minimize` with value, gradient, start and bounds, and Hessians where a method has them.

        "dogleg", "trust-exact" and "trust-constr" are given the Hessian; "Newton-CG", "trust-ncg" and "trust-krylov"
        its products with vectors, and so is "trust-constr" where more than 1,000 entries are free and the Hessian is not
        sparse. ``hess=`` or ``hessp=`` gives another one.

        Parameters
        ----------
        method, **options
            As SciPy has them: ``tol``, ``callback``, ``options``, ``constraints`` and so on.

        Returns
        -------
        scipy.optimize.OptimizeResult
            With ``params``, the parameters at ``x`` by name.

        Raises
        ------
        UnsupportedError
            If the formula is a vector of residuals, or there are bounds or constraints and the method has none.
        """
        if not self._is_scalar:
            raise UnsupportedError(
                "minimize wants a scalar, and the formula gives residuals; use least_squares(), or sum their squares"
            )
        if self.bounds is not None and str(method).lower() in _WITHOUT_BOUNDS and "bounds" not in options:
            raise UnsupportedError(
                f"method {method!r} has no bounds; take one that has, like 'L-BFGS-B', or replace(bounds={{}})"
            )
        jac = None if str(method).lower() in _WITHOUT_GRADIENT else self.jac
        second = {} if {"hess", "hessp"} & options.keys() else self._second_derivative(str(method).lower())
        within = {} if "constraints" in options else self._constraints_for(method)
        given = {"method": method, "jac": jac, "bounds": self.bounds, **second, **within, **options}
        return self._named(scipy_optimize().minimize(self.fun, self.x0, **given))

    def _constraints_for(self, method: Any) -> dict[str, Any]:
        """Return the constraints as `minimize` passes them to a method."""
        name = "slsqp" if method is None else str(method).lower()  # what SciPy takes where there are constraints
        if not self._constrained:
            return {}
        if name == "slsqp":
            return {"constraints": [given for constraint in self._constrained for given in constraint.for_slsqp]}
        if name in _WITH_CONSTRAINTS:
            return {"constraints": [constraint.without_derivatives for constraint in self._constrained]}
        if name != "trust-constr" and not callable(method):
            raise UnsupportedError(f"method {method!r} has no constraints; take 'SLSQP' or 'trust-constr'")
        return {"constraints": self.constraints}

    def _second_derivative(self, method: str) -> dict[str, Any]:
        """Return what a method is given of the Hessian, as `minimize` calls it."""
        if method == "trust-constr" and not self._sparse and self._vector.size > _DENSE:
            return {"hessp": self.hessp}
        if method in _WITH_HESSIAN:
            dense = self._sparse and method != "trust-constr"
            return {"hess": (lambda x: self.hess(x).toarray()) if dense else self.hess}
        return {"hessp": self.hessp} if method in _WITH_HESSIAN_PRODUCT else {}

    def least_squares(self, **options: Any) -> Any:
        """Call `scipy.optimize.least_squares` with residuals, Jacobian, start and bounds.

        Parameters
        ----------
        **options
            As SciPy has them: ``method``, ``loss``, ``xtol`` and so on.

        Returns
        -------
        scipy.optimize.OptimizeResult
            With ``params``, the parameters at ``x`` by name.

        Raises
        ------
        UnsupportedError
            If the formula is a scalar, there are constraints, or the method is 'lm' and there are bounds, the Jacobian is
            sparse, or there are fewer residuals than free entries.
        """
        self._refuse_constraints("least_squares")
        if self._sparse and options.get("method") == "lm":
            raise UnsupportedError("method 'lm' takes no sparse Jacobian; take 'trf' or 'dogbox', or leave sparse= out")
        if self._is_scalar:
            raise UnsupportedError(
                "least_squares wants residuals, and the formula gives one scalar; use minimize(), or return the "
                "residuals instead of the sum of their squares"
            )
        if options.get("method") == "lm":
            self._check_for_lm("bounds" in options)
        given = {"jac": self.jac, "bounds": self.bounds, **options}
        return self._named(scipy_optimize().least_squares(self.fun, self.x0, **given))

    def root(self, method: str = "hybr", **options: Any) -> Any:
        """Call `scipy.optimize.root` with residuals, Jacobian and start: as many equations as free entries.

        Parameters
        ----------
        method, **options
            As SciPy has them.

        Returns
        -------
        scipy.optimize.OptimizeResult
            With ``params``, the parameters at ``x`` by name.

        Raises
        ------
        UnsupportedError
            If there are bounds or constraints, which SciPy's `root` does not have, or not as many equations as free
            entries.
        """
        self._refuse_constraints("root")
        if self._vector.is_bounded:
            raise UnsupportedError("root has no bounds; use least_squares(), or leave the bounds out")
        self._check_equations(method)

        def equations(x: Array) -> Array:
            return np.atleast_1d(self.fun(x))

        def jacobian(x: Array) -> Array:
            return np.atleast_2d(self.jac(x).toarray() if self._sparse else self.jac(x))  # root takes no sparse ones

        jac = jacobian if method in _ROOT_WITH_JACOBIAN else None
        given = {"method": method, "jac": jac, **options}
        return self._named(scipy_optimize().root(equations, self.x0, **given))

    def _check_for_lm(self, has_bounds: bool) -> None:
        """Refuse what SciPy's method 'lm', which is MINPACK's, does not take."""
        if self._vector.is_bounded and not has_bounds:
            raise UnsupportedError("method 'lm' has no bounds; take 'trf' or 'dogbox', or replace(bounds={})")
        count = np.size(self.fun(self.x0))
        if count < self._vector.size:
            raise UnsupportedError(
                f"method 'lm' wants as many residuals as free entries or more, and there are {count} for "
                f"{self._vector.size}; take 'trf' or 'dogbox', or fix some entries"
            )

    def _check_equations(self, method: str) -> None:
        """Refuse systems that are not square; of the methods of `root`, 'lm' takes more equations too."""
        count, free = np.size(self.fun(self.x0)), self._vector.size
        if count == free or (str(method).lower() == "lm" and count > free):
            return
        if self._is_scalar:
            raise UnsupportedError(
                f"root wants as many equations as free entries, and the formula gives one scalar for {free}; minimize() "
                "is for an objective, and the root of its gradient is where that ends"
            )
        raise UnsupportedError(
            f"root wants as many equations as free entries, and the formula gives {count} for {free}; use "
            "least_squares(), or fix some entries"
        )

    def _refuse_constraints(self, solver: str) -> None:
        if self._constrained:
            raise UnsupportedError(f"{solver} has no constraints; minimize() has, for a scalar formula")

    def _named(self, result: Any) -> Any:
        result["params"] = self.unpack(np.asarray(result.x, np.float64))
        return result

    # --- what it is ---------------------------------------------------------------------------------------------------

    @property
    def compiled(self) -> CompiledFunction:
        """The compiled function that runs: value and gradient with respect to the free parameters, or residuals."""
        return self._evaluated.compiled

    def __repr__(self) -> str:
        recipe = self._function.recipe
        of = recipe.function or repr(" ".join(recipe.formula.split())[:60])
        kind = "objective" if self._is_scalar else "residuals"
        return f"<ScipyProblem: {kind} {of}, {self._vector.size} free entries>"

    def __str__(self) -> str:
        return "\n".join([repr(self)[1:-1], *self._parameters.lines()])

    # --- keeping it ---------------------------------------------------------------------------------------------------

    def __reduce__(self) -> tuple[object, ...]:
        return ScipyProblem, (self._function, self._parameters, self._constraints, self._sparse)


def _packs_results(function: CompiledFunction) -> bool:
    packing = function.recipe.packing
    return packing is not None and packing.results is not None


@contextmanager
def _advised() -> Iterator[None]:
    """Say of a Hessian that there is no rule for how to do without it."""
    try:
        yield
    except UnsupportedError as error:
        error.add_note("minimize('trust-constr', hess=scipy.optimize.BFGS()) does without a Hessian")
        raise
