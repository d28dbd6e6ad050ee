"""What the user calls: a formula, a start and data by name, to what SciPy's solvers want."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from symbackprop.compiled import CompiledFunction
from symbackprop.errors import SymbackpropError
from symbackprop.optimize.formulas import checked_mapping, title_of, value_of, without, words_of
from symbackprop.optimize.parameters import Parameters
from symbackprop.optimize.problem import ScipyProblem

__all__ = ["compile_scipy"]


def compile_scipy(
    formula: Any = None,
    start: Mapping[Any, Any] | None = None,
    data: Mapping[Any, Any] | None = None,
    *,
    bounds: Mapping[Any, Any] | None = None,
    fixed: Mapping[Any, Any] | Iterable[Any] = (),
    constraints: Mapping[Any, Any] | None = None,
    inputs: Any = None,
    static: Iterable[str] = (),
    sparse: bool = False,
) -> ScipyProblem:
    """Compile a formula to what `scipy.optimize.minimize`, `least_squares` and `root` want: functions of a flat vector.

    A scalar formula is minimised: ``jac`` is the gradient. A formula of arrays, or of several values, is a vector of
    residuals r: ``jac`` is the Jacobian, ``J[i, j] = dr_i / dx_j``.

    Parameters
    ----------
    formula : str, SymPy expression, nested list or tuple of expressions, function, or layer spec
        As for `compile_value`. Without it, the result is a decorator. Of a layer spec, ``start`` is ``{"params": ...}``.
    start : mapping
        The parameters that are to be found, by name, and where the search starts: numbers, arrays, lists of numbers,
        for functions structures of these. Their sizes are those of the parameters; SymPy's symbols may be the keys.
    data : mapping, optional
        All other inputs by name. They are copied.
    bounds : mapping, optional
        ``{name: (low, high)}`` for some of the parameters, in structures as `start`: numbers, or lists and arrays that
        broadcast to the parameter's shape; None where there is no bound. Or a tuple (low, high) for each entry of a
        vector, or `scipy.optimize.Bounds`.
    fixed : name, sequence of names, or mapping
        Parameters that stay where they start and are no part of the flat vector: names, or ``{name: True}``, in
        structures as `start`; for single entries ``{name: [True, False]}``.
    constraints : mapping, optional
        ``{formula: (low, high)}``: formulas of any shape, in any form, of some of the parameters and data, each entry of
        which is kept within bounds: numbers, or arrays of one for each entry; None where there is none. What is no tuple
        is what the entries equal.
    inputs : optional
        Shapes, as for `compile_value`, where code is wanted that works for every size (`ScipyProblem.replace`); without
        it text and SymPy expressions are compiled for the sizes of start and data.
    static : sequence of str, optional
        Parameters of a function whose values, in data, are not arrays but fixed when compiling.

    sparse : bool
        Whether Jacobians and Hessians are `scipy.sparse.csr_array`, as `compile_jacobian` and `compile_hessian` give them;
        their patterns are those for the integers in data. "trf", "dogbox" and "trust-constr" take them; what takes only
        dense ones is given these.

    Returns
    -------
    ScipyProblem
        With `fun`, `jac`, `fun_and_jac`, `hess`, `hessp`, `x0`, `bounds` and `constraints` for SciPy, `pack` and `unpack` from and to names, and
        `minimize`, `least_squares` and `root`, which call SciPy and give results by name.

    Shapes
    ------
    ``x`` has shape (k,), with k free entries in the order of `start`, each parameter in C order; the gradient (k,); m
    residuals (m,), and their Jacobian (m, k).

    Raises
    ------
    UnknownNameError, ArgumentError, ShapeError, UnsupportedError
        On names that are no inputs, inputs that have no value, values, bounds and fixed entries that do not fit, a start
        that is not finite or out of bounds, and where nothing is free; and what `compile_grad` raises.

    Examples
    --------
    >>> import scipy.optimize
    >>> import symbackprop as sb
    >>> data = {"t": [0.0, 1.0, 2.0], "y": [3.0, 1.2, 0.4]}
    >>> decay = sb.compile_scipy("a*exp(-k*t) - y", {"a": 1.0, "k": 1.0}, data, bounds={"k": (0, None)})
    >>> fit = scipy.optimize.least_squares(decay.fun, decay.x0, decay.jac, decay.bounds)
    >>> {name: round(value, 3) for name, value in decay.unpack(fit.x).items()}
    {'a': 3.007, 'k': 0.951}
    >>> decay.least_squares().params == decay.unpack(fit.x)
    True

    >>> rosenbrock = sb.compile_scipy("100*(y - x**2)**2 + (1 - x)**2", {"x": -1.2, "y": 1.0})
    >>> rosenbrock.jac([-1.2, 1.0]).round(6).tolist()
    [-215.6, -88.0]
    >>> disc = sb.compile_scipy("x + y", {"x": 0.5, "y": 0.0}, constraints={"x**2 + y**2": (None, 2)})
    >>> fit = disc.minimize("trust-constr")
    >>> {name: round(value, 3) for name, value in fit.params.items()}
    {'x': -1.0, 'y': -1.0}
    """
    names = (static,) if isinstance(static, str) else tuple(static)

    def compiled(formula: Any) -> ScipyProblem:
        parameters, given = checked_mapping(start, "start"), checked_mapping(data or {}, "data")
        constrained = checked_mapping(constraints or {}, "constraints")
        elsewhere = {word for g in constrained for word in words_of(g)}
        own = words_of(formula)
        others = {key: x for key, x in given.items() if str(key) in elsewhere - own}
        function = value_of(formula, parameters, without(given, others), inputs, names, elsewhere)
        known, others = without(given, names + tuple(others)), without(others, names)
        limits = checked_mapping(bounds or {}, "bounds")
        within = [
            (title_of(g), _constraint(g, parameters, given, inputs, names), interval)
            for g, interval in constrained.items()
        ]
        return ScipyProblem(
            function, Parameters(function, parameters, known, limits, fixed, others), within, bool(sparse)
        )

    return compiled if formula is None else compiled(formula)  # type: ignore[return-value]  # a decorator gives one


def _constraint(
    formula: Any, start: Mapping[Any, Any], data: Mapping[Any, Any], inputs: Any, static: Sequence[str]
) -> CompiledFunction:
    """Compile a constraint, which need not take all that there is."""
    words = words_of(formula)
    start, data = ({key: x for key, x in given.items() if str(key) in words} for given in (start, data))
    declared = {key: x for key, x in inputs.items() if str(key) in words} if isinstance(inputs, Mapping) else None
    try:
        return value_of(formula, start, data, declared, [name for name in static if name in words])
    except SymbackpropError as error:
        error.add_note(f"in the constraint {title_of(formula)}")
        raise
