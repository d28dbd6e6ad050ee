"""Initial value problems: the right-hand side of a differential equation, and its Jacobian, as `solve_ivp` wants them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from symbackprop.compiled import CompiledFunction
from symbackprop.errors import ArgumentError, ShapeError
from symbackprop.ir.packing import Pack, Packed
from symbackprop.lazily import scipy_integrate
from symbackprop.optimize.formulas import checked_mapping, value_of, words_of
from symbackprop.optimize.parameters import Parameters
from symbackprop.optimize.vector_function import VectorFunction

__all__ = ["IvpProblem", "compile_ivp"]

Array = np.ndarray[Any, Any]

_WITH_JACOBIAN = frozenset(("radau", "bdf", "lsoda"))


def compile_ivp(
    formula: Any = None,
    start: Mapping[Any, Any] | None = None,
    data: Mapping[Any, Any] | None = None,
    *,
    time: str = "t",
    inputs: Any = None,
    static: Iterable[str] = (),
    sparse: bool = False,
) -> IvpProblem:
    """Compile the right-hand side of ``dy/dt = f(t, y)`` to what `scipy.integrate.solve_ivp` wants, its Jacobian too.

    Parameters
    ----------
    formula : str, SymPy expression, nested list or tuple of expressions, or function
        What gives the derivative of the state by the time: a value for each part of the state, in their order and of
        their shapes; or one vector of all; or, of a function, a dict by the names of the parts.
    start : mapping
        The parts of the state by name, and what they are at the start: numbers, arrays, for functions structures of
        these. The formula need not read them all: in ``"v, -9.81"``, free fall, nothing depends on the place.
    data : mapping, optional
        All other inputs by name, but the time. They are copied.
    time : str
        What the formula calls the time, if it has it.
    inputs, static : optional
        As for `compile_scipy`.
    sparse : bool
        Whether the Jacobian is a `scipy.sparse.csr_array`, which "Radau" and "BDF" take.

    Returns
    -------
    IvpProblem
        With `fun`, `jac` and `y0` for SciPy, `pack` and `unpack` from and to names, and `solve_ivp`, which calls SciPy
        and gives the solution by name.

    Shapes
    ------
    ``y`` has shape (k,): the entries of the parts in the order of `start`, each in C order; the Jacobian (k, k).

    Raises
    ------
    UnknownNameError, ArgumentError, ShapeError, UnsupportedError
        On names that are no inputs, inputs that have no value, values that do not fit, a right-hand side that is not of
        the shape of the state; and what `compile_jacobian` raises.

    Examples
    --------
    >>> import symbackprop as sb
    >>> pendulum = sb.compile_ivp("v, -g/l*sin(x)", {"x": 1.0, "v": 0.0}, {"g": 9.81, "l": 1.0})
    >>> pendulum.jac(0.0, [0.0, 0.0]).tolist()
    [[0.0, 1.0], [-9.81, 0.0]]
    >>> solution = pendulum.solve_ivp((0, 2), method="Radau", rtol=1e-8)
    >>> bool(abs(solution.state["x"][-1] - 0.9208) < 1e-4)
    True
    """
    names = (static,) if isinstance(static, str) else tuple(static)

    def compiled(formula: Any) -> IvpProblem:
        state, given = checked_mapping(start, "start"), checked_mapping(data or {}, "data")
        if time in map(str, [*state, *given]):
            raise ArgumentError(f"{time!r} is the time; say with time= what the formula calls it, or rename the other")
        has_time = time in words_of(formula)
        clocked = {**given, time: 0.0} if has_time else given
        function = value_of(formula, state, clocked, inputs, names, elsewhere={*map(str, state)})
        known = {key: value for key, value in given.items() if key not in names}
        clock = time if has_time else None
        return IvpProblem(function, Parameters(function, state, known, {}, (), time=clock), bool(sparse))

    return compiled if formula is None else compiled(formula)  # type: ignore[return-value]  # a decorator gives one


class IvpProblem:
    """The right-hand side of a differential equation for `scipy.integrate.solve_ivp`, with its Jacobian; parts by name.

    Made by `compile_ivp`; not by hand.
    """

    def __init__(self, function: CompiledFunction, parameters: Parameters, sparse: bool = False) -> None:
        self._sparse = sparse
        self._function = function
        self._parameters = parameters
        self._vector = parameters.vector
        self._slopes = VectorFunction(
            function.recipe, parameters.arguments, _order(function, parameters), sparse=sparse
        )
        self._check_shapes()

    # --- what SciPy calls ---------------------------------------------------------------------------------------------

    def fun(self, t: float, y: object) -> Array:
        """Return the derivative of the state by the time.

        Raises
        ------
        ShapeError, ArgumentError
            If `y` is no vector of as many real numbers as the state has entries.
        """
        return self._slopes.values(self._parameters.arguments.at(self._vector.checked(y), t))

    def jac(self, t: float, y: object) -> Any:
        """Return the Jacobian of `fun` with respect to the state, an array, or sparse where that was asked for.

        Raises
        ------
        ShapeError, ArgumentError
            As `fun`.
        """
        return self._slopes.jacobian(self._parameters.arguments.at(self._vector.checked(y), t))

    @property
    def y0(self) -> Array:
        """The state at the start as a flat vector, a new one."""
        return self._vector.start

    @property
    def names(self) -> list[str]:
        """What the entries of the flat vector are called, ``["x[0]", "x[1]", "v"]``."""
        return self._vector.labels

    # --- there and back -----------------------------------------------------------------------------------------------

    def pack(self, state: Mapping[Any, Any]) -> Array:
        """Return a state by name as a flat vector; what is not given is as at the start.

        Raises
        ------
        UnknownNameError, ShapeError, ArgumentError
            On names that are no parts, and values of another shape.
        """
        return self._parameters.pack(state)

    def unpack(self, y: object) -> dict[Any, Any]:
        """Return the parts of a flat vector by name; of several, as the columns of a matrix, along the last axis."""
        array = np.asarray(y)
        columns = array if array.ndim == 2 and array.shape[0] == self._vector.size else self._vector.checked(y)
        return self._parameters.unpack(columns)

    def replace(self, *, start: Mapping[Any, Any] | None = None, data: Mapping[Any, Any] | None = None) -> IvpProblem:
        """Return a problem with other values by name; the others stay."""
        return IvpProblem(self._function, self._parameters.replaced(start, data, None, None), self._sparse)

    def solve_ivp(self, t_span: tuple[float, float], method: Any = "RK45", **options: Any) -> Any:
        """Call `scipy.integrate.solve_ivp`, with the Jacobian where a method has a use for it.

        These are "Radau", "BDF" and "LSODA", for stiff equations.

        Parameters
        ----------
        t_span, method, **options
            As SciPy has them: ``t_eval``, ``rtol``, ``events`` and so on.

        Returns
        -------
        bunch
            What SciPy gives, with ``state``, the parts of ``y`` by name: the times are along the last axis.

        Raises
        ------
        ArgumentError
            On ``args=``: what the formula takes beside time and state is in the problem's data.
        """
        if options.get("args") is not None:
            raise ArgumentError(
                "args= is not passed on: the formula's other inputs are the problem's data, and replace(data={...}) gives "
                "them other values"
            )
        name = str(method).lower()
        dense = self._sparse and name == "lsoda"
        jac = (lambda t, y: self.jac(t, y).toarray()) if dense else self.jac
        given = {"jac": jac} if name in _WITH_JACOBIAN else {}
        result = scipy_integrate().solve_ivp(self.fun, t_span, self.y0, method=method, **{**given, **options})
        result["state"] = self.unpack(result.y)
        return result

    # --- what it is ---------------------------------------------------------------------------------------------------

    @property
    def compiled(self) -> CompiledFunction:
        """The compiled function that runs: the derivative of the state."""
        return self._slopes.compiled

    def __repr__(self) -> str:
        recipe = self._function.recipe
        of = recipe.function or repr(" ".join(recipe.formula.split())[:60])
        return f"<IvpProblem: {of}, {self._vector.size} entries>"

    def __reduce__(self) -> tuple[object, ...]:
        return IvpProblem, (self._function, self._parameters, self._sparse)

    def _check_shapes(self) -> None:
        """Raise an error unless the derivatives are of the shapes of the state."""
        with np.errstate(all="ignore"):
            found = [np.shape(part) for part in self._slopes.parts(self._parameters.arguments.at(self.y0, 0.0))]
        wanted = [leaf.start.shape for leaf in self._vector.leaves]
        in_one = len(found) != len(wanted) and sum(map(_size, found)) == self._vector.size
        if found != wanted and not in_one:
            parts = ", ".join(f"{leaf.path} {leaf.start.shape}" for leaf in self._vector.leaves)
            shapes = ", ".join(map(str, found))
            raise ShapeError(f"the formula gives derivatives of shapes {shapes}, and the state is {parts}")


def _size(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape, dtype=int))


def _order(function: CompiledFunction, parameters: Parameters) -> list[int] | None:
    """Return which results of a function that returns a dict belong to the parts of the state, one by one."""
    packing = function.recipe.packing
    results = None if packing is None else packing.results
    if not isinstance(results, Pack) or results.kind != "dict":
        return None
    return [int(number) for number in _matched(results, parameters.state, "the state")]


def _matched(results: Packed, state: Packed, path: str) -> Iterator[str]:
    """Yield the results that stand where the state has its leaves; structures are as deep as a person writes them."""
    if not isinstance(state, Pack):
        if isinstance(results, str):
            yield results
        elif state is not None:
            raise ArgumentError(f"the formula gives several derivatives for {path}, which is one array")
        return
    if isinstance(results, Pack) and results.kind in ("tuple", "list") and len(results.keys) == len(state.keys):
        results = replace(results, keys=state.keys)  # of named tuples too, whose fields have an order
    keys = results.keys if isinstance(results, Pack) else ()
    if sorted(map(str, keys)) != sorted(map(str, state.keys)):
        raise ArgumentError(
            f"{path} has {', '.join(map(str, state.keys))}, and the formula gives derivatives of "
            f"{', '.join(map(str, keys)) or 'no such parts'}"
        )
    assert isinstance(results, Pack)
    by_key = dict(zip(map(str, results.keys), results.items, strict=True))
    for key, item in zip(state.keys, state.items, strict=True):
        yield from _matched(by_key[str(key)], item, str(key))
