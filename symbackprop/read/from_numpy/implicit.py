"""`root`, `fixed_point` and `argmin` for functions written in NumPy: inside of a trace they note the equation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from symbackprop.errors import ArgumentError
from symbackprop.read.from_numpy.calls import Trace
from symbackprop.read.from_numpy.expressions import POSTFIX
from symbackprop.read.from_numpy.loops import leaves_of, results_of
from symbackprop.read.from_numpy.operands import Operand, Parts, separated
from symbackprop.read.from_numpy.pytrees import Form, alike, flattened, unflattened
from symbackprop.read.from_numpy.running import running_trace
from symbackprop.read.from_numpy.steps import TracedStep
from symbackprop.read.vocabulary import FUNCTIONS

__all__ = ["argmin", "fixed_point", "root"]

Solver = Callable[[Callable[..., Any], Any], Any]


def root(
    f: Callable[[Any], Any],
    guess: Any,
    *,
    solver: Solver | None = None,
    method: str = "newton",
    tol: float | None = None,
    max_steps: int | None = None,
) -> Any:
    """Return u with ``f(u) = 0``, differentiated by the implicit function theorem.

    Formula: ``f(u, c) = 0``, ``du/dc = -(df/du)^-1 df/dc`` for all c that `f` takes from around it.

    Parameters
    ----------
    f : callable
        As many equations as unknowns, in the same form.
    guess : nest of arrays
        Where to begin; it has no part in the derivative.
    solver : callable, optional
        ``solver(f, guess)`` finds the solution instead; how it does has no part in the derivative.
    method : {"newton", "anderson"}
        How the solution is found: printed as a loop.
    tol : float, optional
        The relative size of the last step: 1e-10, or 1e-5 in single precision.
    max_steps : int, optional
        50 for Newton's method. A solver that has not converged raises ArithmeticError.

    Returns
    -------
    The solution, in the form of `guess`.

    Notes
    -----
    The reverse derivative is one linear solve with the transposed Jacobian at the solution. Where the Jacobian is
    singular there is no derivative.

    References
    ----------
    Blondel et al. (2022), Efficient and modular implicit differentiation, NeurIPS 35.

    Examples
    --------
    >>> import symbackprop as sb
    >>> g = sb.compile_value_and_grad(lambda a: sb.root(lambda u: u**3 + u - a, 1.0))
    >>> value, (slope,) = g(2.0)
    >>> float(value), float(slope)
    (1.0, 0.25)
    """
    options = {"method": method, "tol": tol, "max_steps": max_steps}
    trace = running_trace()
    if trace is not None:
        with trace.locating():
            return _noted(trace, "root", f, guess, solver, None, options)
    return _plain_root(f, guess) if solver is None else solver(f, guess)


def fixed_point(
    f: Callable[[Any], Any],
    guess: Any,
    *,
    solver: Solver | None = None,
    method: str | None = None,
    tol: float | None = None,
    max_steps: int | None = None,
) -> Any:
    """Return u with ``u = f(u)``, differentiated by the implicit function theorem.

    Formula: ``u = f(u, c)``, ``du/dc = (I - df/du)^-1 df/dc``.

    Parameters
    ----------
    f, guess, solver, tol, max_steps
        As for `root`; a solver gets ``f`` as it is.
    method : {"anderson", "newton"}
        How the solution is found: printed as a loop, of at most 200 steps for Anderson acceleration. One number is
        found by Newton's method if nothing is said.

    Returns
    -------
    The solution, in the form of `guess`.

    Examples
    --------
    >>> import numpy as np
    >>> import symbackprop as sb
    >>> g = sb.compile_grad(lambda a: sb.fixed_point(lambda u: np.cos(a * u), 0.5))
    >>> round(float(g(1.0)[0]), 6)
    -0.297474
    """
    options = {"method": method, "tol": tol, "max_steps": max_steps}
    trace = running_trace()
    if trace is not None:
        with trace.locating():
            return _noted(trace, "fixed_point", f, guess, solver, None, options)
    if solver is not None:
        return solver(f, guess)
    form = _Vector(guess)
    return _plain_root(lambda u: form.nested(form.flat(f(u)) - form.flat(u)), guess)


def argmin(
    f: Callable[[Any], Any],
    guess: Any,
    *,
    equality: Callable[[Any], Any] | None = None,
    solver: Solver | None = None,
    method: str | None = None,
    tol: float | None = None,
    max_steps: int | None = None,
) -> Any:
    """Return u where the number ``f(u)`` is least, differentiated by the implicit function theorem.

    Formula: ``grad f(u, c) = 0``; under constraints ``grad f + lambda @ dh/du = 0`` and ``h(u, c) = 0``.

    Parameters
    ----------
    f : callable
        Returns one number.
    guess : nest of arrays
        Where to begin.
    equality : callable, optional
        The constraints: what it returns is 0 at the solution. Linear ones are ``lambda u: A @ u - b``.
    solver : callable, optional
        ``solver(f, guess)`` finds the minimum instead.
    method : {"lbfgs", "newton"}
        L-BFGS with backtracking; with `equality` Newton's method on the conditions of Karush, Kuhn and Tucker.
    tol : float, optional
        The relative size of the gradient, or of the last step of Newton's method: 1e-10, or 1e-5 in single precision.
    max_steps : int, optional
        500 for L-BFGS.

    Returns
    -------
    The minimum, in the form of `guess`: a local one, near it.

    Notes
    -----
    The reverse derivative is one linear solve with the Hessian at the solution, or the matrix of the conditions.

    Examples
    --------
    >>> import numpy as np
    >>> import symbackprop as sb
    >>> @sb.compile_grad(inputs={"c": "n"})
    ... def far(c):
    ...     u = sb.argmin(lambda u: np.sum((u - c) ** 2), np.zeros(len(c)))
    ...     return np.sum(u**2)
    >>> far([1.0, 2.0])[0].round(6).tolist()
    [2.0, 4.0]
    """
    options = {"method": method or ("newton" if equality is not None else "lbfgs"), "tol": tol, "max_steps": max_steps}
    trace = running_trace()
    if trace is not None:
        with trace.locating():
            return _noted(trace, "minimizer", f, guess, solver, equality, options)
    return _plain_argmin(f, guess, equality) if solver is None else solver(f, guess)


def _noted(trace: Trace, word: str, f: Any, guess: Any, solver: Any, equality: Any, options: dict[str, Any]) -> Any:
    if not callable(f):
        raise ArgumentError(f"the first argument is a function, not {f!r:.80}")
    form, value, parts = leaves_of(trace, guess)
    traced = TracedStep(trace, f, [form], None, "equation" if word != "minimizer" else "objective")
    functions = {"equality": equality, "solver": None if solver is None else lambda guess: solver(f, guess)}
    steps = {
        name: TracedStep(trace, function, [form], None, name)
        for name, function in functions.items()
        if function is not None
    }
    operands: dict[str, Operand] = {
        name: trace.operands.of(option)
        for name, option in options.items()
        if option is not None and (solver is None or name == "method") and option != _USUAL.get((word, name))
    }
    found = FUNCTIONS[word](traced, value, **steps, **{name: operand for name, (operand, _) in operands.items()})
    if "solver" in steps and not alike(steps["solver"].returned[0], form):
        raise ArgumentError("solver= returns a solution that is nested otherwise than guess")
    if word != "minimizer" and not alike(traced.returned[0], form):
        raise ArgumentError(f"{traced.title} nests its result otherwise than guess")
    texts: list[Parts] = [_defined(traced), parts]
    texts += [[f"{name}=", *_defined(step)] for name, step in steps.items()]
    texts += [[f"{name}=", *own] for name, (_, own) in operands.items()]
    place = trace.places.here()
    name = place.names[0] if len(place.names) == 1 else None
    return results_of(trace, found, [f"{word}(", *separated(texts), ")"], form, name, place.line)


_USUAL = {("root", "method"): "newton", ("minimizer", "method"): "lbfgs"}


def _defined(step: TracedStep) -> Parts:
    assert step.definition is not None
    return [(step.definition, POSTFIX)]


# --- outside of a trace -----------------------------------------------------------------------------------------------


class _Vector:
    """A nest of arrays as one vector."""

    def __init__(self, guess: Any) -> None:
        leaves, self._form = flattened(guess)
        self._shapes = [np.shape(leaf) for leaf in leaves]

    def flat(self, tree: Any) -> Any:
        return np.concatenate([np.ravel(np.asarray(leaf, float)) for leaf in flattened(tree)[0]])

    def nested(self, x: Any) -> Any:
        parts, start = [], 0
        for shape in self._shapes:
            size = int(np.prod(shape, dtype=int))
            part = x[start : start + size].reshape(shape)
            parts.append(part if shape else part[()])
            start += size
        return unflattened(self._form, parts)

    @property
    def form(self) -> Form:
        return self._form


def _plain_root(f: Callable[[Any], Any], guess: Any) -> Any:
    from scipy import optimize

    vector = _Vector(guess)

    def equations(x: Any) -> Any:
        return vector.flat(f(vector.nested(x)))

    x = _newton(equations, vector.flat(guess))
    if x is not None:
        return vector.nested(x)
    solve: Any = optimize.root
    found = solve(equations, vector.flat(guess), tol=1e-13)
    residual = np.max(np.abs(found.fun), initial=0.0)
    if not found.success and not residual <= 1e-9:
        raise ArithmeticError(f"no solution was found: {found.message}")
    return vector.nested(found.x)


def _newton(residual: Callable[[Any], Any], x: Any) -> Any:
    """Return where Newton's method on difference quotients ends: of several solutions that which compiled code finds."""
    for _ in range(50):
        h = 6e-6 * (1 + np.abs(x))
        with np.errstate(all="ignore"):
            columns = [(residual(x + step) - residual(x - step)) / (2 * max(step)) for step in np.diag(h)]
            try:
                d = np.linalg.solve(np.stack(columns, axis=1), residual(x))
            except np.linalg.LinAlgError:
                return None
        if not np.all(np.isfinite(d)):
            return None
        x = x - d
        if np.max(np.abs(d)) <= 1e-12 * (1 + np.max(np.abs(x))):
            return x
    return None


def _plain_argmin(f: Callable[[Any], Any], guess: Any, equality: Callable[[Any], Any] | None) -> Any:
    from scipy import optimize

    minimize: Any = optimize.minimize
    vector = _Vector(guess)
    if equality is None:
        found = minimize(
            lambda x: float(f(vector.nested(x))), vector.flat(guess), jac="3-point", options={"gtol": 1e-9}
        )
    else:
        held = _Vector(equality(guess))
        constraint = {"type": "eq", "fun": lambda x: held.flat(equality(vector.nested(x)))}
        found = minimize(
            lambda x: float(f(vector.nested(x))), vector.flat(guess), jac="3-point", constraints=constraint,
            method="SLSQP", options={"ftol": 1e-15, "maxiter": 1000},
        )  # fmt: skip
    return vector.nested(found.x)
