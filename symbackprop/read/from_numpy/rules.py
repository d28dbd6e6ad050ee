"""Functions with rules of their own, written in NumPy: inside of a trace they note a call, outside they are called.

The function, its vjp and its jvp are traced where they are used, and stand in the formula as functions of it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import MethodType
from typing import Any

import numpy as np

from symbackprop.errors import ArgumentError, SymbackpropError
from symbackprop.ops.opaque import register_opaque
from symbackprop.read.from_numpy.arrays import TracedArray
from symbackprop.read.from_numpy.calls import Trace
from symbackprop.read.from_numpy.expressions import POSTFIX
from symbackprop.read.from_numpy.loops import leaves_of, results_of
from symbackprop.read.from_numpy.opaque import noted_call, path_of
from symbackprop.read.from_numpy.operands import Parts, separated
from symbackprop.read.from_numpy.pytrees import Form, alike, flattened
from symbackprop.read.from_numpy.running import running_trace
from symbackprop.read.from_numpy.steps import TracedStep, parameter_names
from symbackprop.read.vocabulary import FUNCTIONS
from symbackprop.read.vocabulary.arguments import Value

__all__ = ["CustomRule", "check_tangent", "cotangents_in", "custom_rule", "is_fixed"]

Function = Callable[..., Any]


class CustomRule:
    """A function with a derivative of its own; made by `custom_rule`.

    Attributes
    ----------
    function : callable
        The function itself.
    vjp, jvp : callable or None
        Its rules.
    surrogate : bool
        Whether the rules are meant to be another derivative than that of the function.
    opaque, shape, dtype
        Whether it is called by printed code, and what it gives.
    """

    def __init__(
        self,
        function: Function,
        vjp: Function | None = None,
        jvp: Function | None = None,
        *,
        surrogate: bool = False,
        opaque: bool = False,
        shape: Any = None,
        dtype: Any = None,
    ) -> None:
        self.function, self.vjp, self.jvp, self.surrogate = function, vjp, jvp, surrogate
        self.opaque, self.shape, self.dtype = opaque, shape, dtype
        functools.update_wrapper(self, function)
        name = getattr(function, "__name__", "")
        self.title: str = name if name.isidentifier() else "f"

    def defvjp(self, vjp: Function) -> Function:
        """Let ``vjp(g, out, *args)`` be the vjp, and return it, so that this is a decorator too."""
        self.vjp = _checked(vjp, f"the vjp of {self.title}", "g, out, x")
        return vjp

    def defjvp(self, jvp: Function) -> Function:
        """Let ``jvp(tangents, out, *args)`` be the jvp, and return it, so that this is a decorator too."""
        self.jvp = _checked(jvp, f"the jvp of {self.title}", "tangents, out, x")
        return jvp

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the function gives."""
        trace = running_trace()
        if trace is None:
            return self.function(*args, **kwargs)
        with trace.locating():
            if self.opaque:
                return noted_call(trace, self, self.positional(args, kwargs))
            return _Noted(trace, self, self.positional(args, kwargs)).results()

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __cloned__(self, clone: Callable[[Function], Function]) -> CustomRule:
        """Return the same of clones, which a clone of a function sees in its place."""
        if self.opaque:
            return self
        vjp, jvp = (None if rule is None else clone(rule) for rule in (self.vjp, self.jvp))
        return CustomRule(clone(self.function), vjp, jvp, surrogate=self.surrogate)

    @property
    def paths(self) -> tuple[str, str | None, str | None]:
        """The import paths of an opaque function, its vjp and its jvp."""
        vjp, jvp = (None if rule is None else path_of(rule, self) for rule in (self.vjp, self.jvp))
        return path_of(self.function, self), vjp, jvp

    def __repr__(self) -> str:
        return f"<custom rule of {self.title}>"

    def positional(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """Return the arguments of a call in the order of the parameters, with defaults."""
        try:
            bound = inspect.signature(self.function).bind(*args, **kwargs)
        except TypeError as error:
            raise ArgumentError(f"{self.title}: {error}") from None
        bound.apply_defaults()
        if bound.kwargs:
            raise ArgumentError(
                f"{self.title} takes {', '.join(bound.kwargs)} by name only; its rules take all arguments by position"
            )
        return bound.args


def custom_rule(
    function: Function | None = None,
    *,
    vjp: Function | None = None,
    jvp: Function | None = None,
    surrogate: bool = False,
    opaque: bool = False,
    shape: Any = None,
    dtype: Any = None,
) -> Any:
    """Give a function written in NumPy a derivative of its own.

    Formula: ``x_bar = vjp(out_bar, out, x)``, ``out_dot = jvp(x_dot, out, x)``.

    Parameters
    ----------
    function : callable
        Written in NumPy, with positional arguments: arrays and numbers, nests of these, and fixed values (integers,
        texts, functions), for which it has no derivative. Without it, the result is a decorator.
    vjp : callable, optional
        ``vjp(g, out, *args)`` returns the cotangent of each argument, nested as that is, None where it is zero or the
        argument is fixed; a single argument has a single one. ``g`` is nested as ``out``.
    jvp : callable, optional
        ``jvp(tangents, out, *args)`` returns the tangent of the result; ``tangents`` has one for each argument, None
        for fixed ones. One of vjp and jvp is enough: the other one is its transpose.
    surrogate : bool
        Whether the rule is meant to be another derivative than that of the function, as a straight-through estimator
        is. Verification then takes it for the derivative, and says so.
    opaque : bool
        Whether function and rules are any Python code, which is not traced: printed code imports and calls them. They
        are functions at the top level of modules; arguments and results are arrays and numbers, and the vjp returns
        arrays. Second derivatives are refused.
    shape : callable or str, optional
        For an opaque function, the shape of its result: a function of the shapes of the arguments, or a signature,
        ``"(n,d),(d)->(n)"``; by default that of the first argument.
    dtype : str, optional
        For an opaque function, that of its result.

    Returns
    -------
    CustomRule
        Called, the function. ``defvjp`` and ``defjvp`` give it its rules, as decorators too.

    Raises
    ------
    ArgumentError, ShapeError, UnsupportedError
        Where it is used: on a rule whose results do not fit the arguments, and on one that is missing or reads what is
        differentiated from outside.

    Notes
    -----
    Function and rules run once, when what calls them is compiled, and the printed code has their statements. What the
    rule computes of the arguments as the function does is computed once: there is nothing to hand on from one to the
    other. The second derivative is that of the rule's own operations. `check_rule` tests a rule by itself, and
    `CompiledFunction.verify` every one that is used.

    Examples
    --------
    >>> import numpy as np
    >>> import symbackprop as sb
    >>> @sb.custom_rule
    ... def clipped(x, low):
    ...     return np.maximum(x, low)
    >>> @clipped.defvjp
    ... def clipped_vjp(g, out, x, low):  # at x == low all of it goes to x
    ...     return np.where(x >= low, g, 0.0), np.where(x < low, g, 0.0)
    >>> sb.compile_grad(lambda x, low: clipped(x, low) ** 2)(2.0, 2.0)
    (4.0, 0.0)
    """
    if function is None:
        options = {"vjp": vjp, "jvp": jvp, "surrogate": surrogate, "opaque": opaque, "shape": shape, "dtype": dtype}
        return functools.partial(custom_rule, **options)
    if not opaque and (shape is not None or dtype is not None):
        raise ArgumentError("shape= and dtype= are for opaque functions; those of a traced one are found")
    _checked(function, "a custom rule", "x")
    made = CustomRule(function, surrogate=bool(surrogate), opaque=bool(opaque), shape=shape, dtype=dtype)
    if opaque:
        module, name = (getattr(function, what, "") for what in ("__module__", "__qualname__"))
        if str(name).isidentifier():  # others have no import path, and are refused where they are used
            register_opaque(f"{module}.{name}", made)
    if vjp is not None:
        made.defvjp(vjp)
    if jvp is not None:
        made.defjvp(jvp)
    return made


def _checked(function: Any, what: str, parameters: str) -> Function:
    if not callable(function):
        raise ArgumentError(f"{what} is {function!r:.80}; give a function of {parameters}, ...")
    return function  # type: ignore[no-any-return]


# --- inside of a trace ------------------------------------------------------------------------------------------------


class _Noted:
    """A call inside of a trace. Fixed arguments are no part of the formula: its functions have them inside."""

    def __init__(self, trace: Trace, rule: CustomRule, args: tuple[Any, ...]) -> None:
        self.trace, self.rule, self.args = trace, rule, args
        self.moving = [position for position, arg in enumerate(args) if not is_fixed(arg)]
        self.given = [leaves_of(trace, args[position]) for position in self.moving]
        self.forms = [form for form, _, _ in self.given]
        self.names = parameter_names(rule.function, len(args))

    def results(self) -> Any:
        """Return what the function gives, as traced arrays."""
        trace, rule = self.trace, self.rule
        if not self.moving:
            return rule.function(*self.args)
        names = [self.names[position] for position in self.moving]
        f = TracedStep(trace, _Named(rule.function, rule.title, self._primal), self.forms, None, "f", names)
        vjp = None if rule.vjp is None else self._vjp_step(f, rule.vjp)
        jvp = None if rule.jvp is None else self._jvp_step(f, rule.jvp, names)
        values: list[Value] = [value for _, value, _ in self.given]
        out = FUNCTIONS["custom_rule"](f, vjp, jvp, *values, surrogate=rule.surrogate)
        functions: list[Parts] = [_text(step) for step in (f, vjp, jvp)]
        texts = [*functions, *(own for _, _, own in self.given)]
        if rule.surrogate:
            texts.append(["surrogate=True"])
        place = trace.places.here()
        name = place.names[0] if len(place.names) == 1 else None
        parts: Parts = ["custom_rule(", *separated(texts), ")"]
        return results_of(trace, out, parts, f.returned[0], name, place.line)

    def merged(self, values: Sequence[Any]) -> list[Any]:
        """Return all arguments, with `values` in the place of those that are not fixed."""
        found = [*self.args]
        for position, value in zip(self.moving, values, strict=True):
            found[position] = value
        return found

    # --- the functions, as the formula has them ---------------------------------------------------------------------

    def _primal(self, *values: Any) -> Any:
        with self._in("custom rule"):
            return self.rule.function(*self.merged(values))

    def _vjp_step(self, f: TracedStep, vjp: Function) -> TracedStep:
        def pulled(g: Any, out: Any, *values: Any) -> Any:
            with self._in("the vjp of custom rule"):
                args = self.merged(values)
                result = _called(vjp, "vjp", self.rule.title, g, out, *args)
                parts = cotangents_in(result, self.rule.title, self.names, args)
                return tuple(parts[position] for position in self.moving)

        own = parameter_names(vjp, 2 + len(self.args))
        names = [*own[:2], *(own[2 + position] for position in self.moving)]
        function = _Named(vjp, f"{f.title}_vjp", pulled)
        return _RuleStep(self.trace, function, f, lambda out: [out, out, *self.forms], len(self.moving), names)

    def _jvp_step(self, f: TracedStep, jvp: Function, names: Sequence[str]) -> TracedStep:
        count = len(self.moving)

        def pushed(*values: Any) -> Any:
            with self._in("the jvp of custom rule"):
                tangents: list[Any] = [None] * len(self.args)
                for position, value in zip(self.moving, values[:count], strict=True):
                    tangents[position] = value
                args = self.merged(values[count + 1 :])
                result = _called(jvp, "jvp", self.rule.title, tuple(tangents), values[count], *args)
                check_tangent(result, f.returned[0], self.rule.title)
                return result

        given = [*(f"{name}_dot" for name in names), "out", *names]
        function = _Named(jvp, f"{f.title}_jvp", pushed)
        return _RuleStep(self.trace, function, f, lambda out: [*self.forms, out, *self.forms], None, given)

    @contextmanager
    def _in(self, what: str) -> Iterator[None]:
        """Say of errors in which function they arise."""
        try:
            yield
        except SymbackpropError as error:
            located = self.trace.located(error)
            note = f"in {what} {self.rule.title}"
            if note not in getattr(located, "__notes__", ()):
                located.add_note(note)
            raise located from None


class _RuleStep(TracedStep):
    """A vjp or jvp, whose arguments are nested as the results of the function are found to be."""

    def __init__(
        self,
        trace: Trace,
        function: Function,
        primal: TracedStep,
        forms_for: Callable[[Form], list[Form]],
        results: int | None,
        names: Sequence[str],
    ) -> None:
        super().__init__(trace, function, (), results, "rule", names)
        self._primal = primal
        self._forms_for = forms_for

    def __call__(self, *values: Value) -> Value:
        """Return what the rule makes of the nodes of its arguments."""
        self._forms = self._forms_for(self._primal.returned[0])
        return super().__call__(*values)


class _Named:
    """What stands for a function of the user's: it has the same code, for the names that this gives."""

    def __init__(self, function: Function, name: str, run: Function) -> None:
        self.__name__ = name
        self.__code__ = getattr(function, "__code__", None)
        self._run = run

    def __call__(self, *values: Any) -> Any:
        return self._run(*values)


def _text(step: TracedStep | None) -> Parts:
    if step is None:
        return ["None"]
    assert step.definition is not None
    return [(step.definition, POSTFIX)]


def _called(rule: Function, kind: str, name: str, *args: Any) -> Any:
    """Call a rule; a wrong number of parameters is an error that says which it has to take."""
    try:
        inspect.signature(rule).bind(*args)
    except TypeError as error:
        leading = "g, out" if kind == "vjp" else "tangents, out"
        raise ArgumentError(
            f"the {kind} of {name} takes ({leading}, and the {len(args) - 2} arguments of {name}): {error}"
        ) from None
    except ValueError:
        pass  # a callable without a signature
    return rule(*args)


def is_fixed(arg: Any) -> bool:
    """Tell whether an argument is no array or real number, nor a nest of some."""
    leaves, _ = flattened(arg)
    return not any(isinstance(leaf, (TracedArray, np.ndarray, np.generic, float)) for leaf in leaves)


def cotangents_in(result: Any, title: str, names: Sequence[str], args: Sequence[Any]) -> list[Any]:
    """Return for each argument what a vjp returned for it, None where that is zero or the argument is fixed.

    Raises
    ------
    ArgumentError
        If these are not as many as arguments, or nested otherwise.
    """
    count = len(args)
    single = count == 1 and (not isinstance(result, tuple) or alike(flattened(result)[1], flattened(args[0])[1]))
    parts = (result,) if single else result
    if not isinstance(parts, (tuple, list)) or len(parts) != count:
        found = len(parts) if isinstance(parts, (tuple, list)) else 1
        raise ArgumentError(
            f"the vjp of {title} returns {found} cotangents for the {count} arguments of "
            f"{title}({', '.join(names)}); one each, None where it is zero"
        )
    for name, arg, part in zip(names, args, parts, strict=True):
        if part is not None and not is_fixed(arg) and not alike(flattened(part)[1], flattened(arg)[1]):
            raise ArgumentError(
                f"the vjp of {title} returns a cotangent for argument {name} of {title} that is nested otherwise than "
                f"{name} is; zeros inside of it are arrays of zeros"
            )
    return [None if is_fixed(arg) else part for arg, part in zip(args, parts, strict=True)]


def check_tangent(result: Any, out: Form, title: str) -> None:
    """Refuse what a jvp returned if it is nested otherwise than the result of the function."""
    if not alike(flattened(result)[1], out):
        raise ArgumentError(f"the jvp of {title} returns a tangent that is nested otherwise than {title} is")
