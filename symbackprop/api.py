"""What the user calls: the compile family, on text, SymPy expressions and functions."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from symbackprop.compilation import compile_recipe, uncollected
from symbackprop.compiled import CompiledFunction
from symbackprop.emit.bound import check_arrays, tail_of
from symbackprop.emit.header import Recipe, read_header, read_version
from symbackprop.emit.save import read_text
from symbackprop.errors import ArgumentError, SymbackpropError, UnsupportedError
from symbackprop.networks.function import NetworkFunction
from symbackprop.ops.declare import primitives
from symbackprop.options import asked_of_gradient, check_options, checked_wrt, dtype_name
from symbackprop.read.from_numpy.trace import trace_function
from symbackprop.read.layers.kinds import layer_kinds
from symbackprop.read.layers.listing import layers_page
from symbackprop.read.layers.network import Network
from symbackprop.read.layers.problem import check_differentiable, problem_of, value_names
from symbackprop.read.layers.reading import as_network
from symbackprop.read.layers.schema import json_schema
from symbackprop.read.shapes import declarations_text, read_declarations
from symbackprop.read.vocabulary.listing import supported_page
from symbackprop.verification import FunctionOrigin, Origin
from symbackprop.version import __version__

__all__ = [
    "check_saved", "compile_grad", "compile_value", "compile_value_and_grad", "json_schema", "layer_kinds", "layers_page",
    "primitives", "supported_page",
]  # fmt: skip

Inputs = Mapping[Any, object] | Sequence[Any] | str | None
Checkpoint = Iterable[str] | str | None
Wrt = Any  # a name or a SymPy symbol, a sequence of these, or None


def compile_value(
    formula: Any = None,
    *,
    inputs: Inputs = None,
    static: Iterable[str] = (),
    target: str = "auto",
    dtype: str = "float64",
    name: str = "value",
    optimize: str = "readable",
) -> CompiledFunction:
    """Compile a formula to a function of its inputs that returns its value.

    Parameters
    ----------
    formula : str, SymPy expression, nested list or tuple of expressions, or function
        Text: Python expression syntax with NumPy's functions; one or several statements, the last one the result, or
        several with commas between. It may begin with declarations, ``"X[n,d] w[d] -> X @ w"``. SymPy: expressions,
        matrices, matrix expressions, sums over indexed arrays, and what `CompiledFunction.to_sympy` gives. Function: one
        written in NumPy, SciPy and `math`, of which a clone runs once on symbolic arrays. Without it, the result is a
        decorator.
    inputs : mapping, str or sequence of symbols, optional
        Shapes by name, ``{"X": "n d", "w": "d"}``, or compact text, ``"X[n,d] w[d] b"``. Without it every name of a
        text is a scalar, in order of first appearance. With SymPy input the keys may be symbols, and a sequence of
        symbols gives their order; without it they come by SymPy's sort key, those in `wrt` first. Arrays
        (`MatrixSymbol`, `IndexedBase`) have their own shapes; symbols in these are sizes, read from the arrays.
        For a function: a shape or an example for each parameter, or structures (dicts, lists, tuples of arrays, named
        tuples, dataclasses) of these; the sizes of examples stay open. Annotations declare too: ``def f(X: "n d")``.
    static : sequence of str, optional
        Parameters of a function whose values (examples or defaults) are fixed.
    target : {"auto", "math", "numpy"}
        What the printed code is made of. "auto" takes "math" where every input is a scalar and every primitive allows.
    dtype : {"float64", "float32"}
        The dtype of real inputs; float32 needs the numpy target.
    name : str
        The name of the printed function.
    optimize : {"readable"}
        How the code is laid out.

    Returns
    -------
    CompiledFunction

    Raises
    ------
    FormulaSyntaxError, UnknownNameError, ShapeError, UnsupportedError, ArgumentError
        On input that cannot be compiled, with the place in the formula.

    Examples
    --------
    >>> import symbackprop as sb
    >>> sb.compile_value("(w*x + b - y)**2")(2, 3, 1, 4)
    9.0
    """

    def compiled(function: Any) -> CompiledFunction:
        return _compiled(function, "value", inputs, None, False, target, dtype, name, optimize, static)

    return compiled if formula is None else compiled(formula)  # type: ignore[return-value]  # a decorator gives one


def compile_grad(
    formula: Any = None,
    *,
    wrt: Wrt = None,
    inputs: Inputs = None,
    static: Iterable[str] = (),
    with_value: bool = False,
    has_aux: bool = False,
    clip: Mapping[str, float] | None = None,
    finite: bool = False,
    target: str = "auto",
    dtype: str = "float64",
    name: str = "grad",
    optimize: str = "readable",
    checkpoint: Checkpoint = None,
) -> CompiledFunction:
    """Compile a scalar-valued formula to a function that returns its gradient.

    The gradient is that of reverse accumulation, ``v_bar = sum over children c of (dc/dv)^T c_bar``.

    Parameters
    ----------
    formula, inputs, static, target, dtype, name, optimize
        As for `compile_value`.
    wrt : str, SymPy symbol, or sequence of these, optional
        A name gives a single result, a sequence a tuple; the default is every real-valued input. Of several formulas
        each has its gradient, nested as they are.
    with_value : bool
        Whether to return ``(value, gradient)``.
    has_aux : bool
        Whether the first of several results is differentiated, and the others are returned as they are: a formula
        ``loss, aux`` gives ``(gradient, aux)``, or ``((value, aux), gradient)`` with the value. More than one other
        are a tuple.
    clip : {"value": c} or {"norm": c}, optional
        What the gradient is kept within: each entry from -c to c, or all of it scaled by ``min(1, c / norm)``, where
        the norm is that of all entries with respect to all inputs. A norm that is not finite makes all of it nan.
    finite : bool
        Whether to return, as the last result, whether all of the gradient is finite (before it is clipped): ``(value,
        gradient, finite)``. NumPy's warnings of overflow and the like are then off; the target is numpy.
    checkpoint : "sqrt" or sequence of str, optional
        Which values of the formula are kept for the way back, by their names; each is the last of its segment. All else
        is computed again, segment by segment, and arrays are deleted where they are needed no more: less memory, for
        up to one more forward pass. "sqrt" chooses about sqrt(n) segments, cut where few bytes cross. Inputs are kept
        anyway, and so is what a later segment takes from an earlier one.

    Returns
    -------
    CompiledFunction

    Examples
    --------
    >>> import symbackprop as sb
    >>> sb.compile_grad("(w*x + b - y)**2")(2, 3, 1, 4)
    (18.0, 12.0, 6.0, -6.0)
    >>> sb.compile_grad("r = w*x - y; r**2, abs(r)", wrt="w", has_aux=True)(2, 3, 1)
    (30.0, 5.0)
    >>> import sympy
    >>> x, y = sympy.symbols("x y")
    >>> sb.compile_grad(x * sympy.sin(y), wrt=[y, x])(0.0, 2.0)
    (2.0, 0.0)
    >>> import numpy as np
    >>> @sb.compile_grad(inputs={"X": "n d", "w": "d"}, wrt="w")
    ... def length(X, w):
    ...     return np.sum((X @ w) ** 2)
    >>> length(np.eye(2), [1.0, 3.0]).tolist()
    [2.0, 6.0]
    """
    asked = asked_of_gradient(has_aux, clip, finite, checkpoint)

    def compiled(function: Any) -> CompiledFunction:
        return _compiled(function, "grad", inputs, wrt, with_value, target, dtype, name, optimize, static, **asked)

    return compiled if formula is None else compiled(formula)  # type: ignore[return-value]  # a decorator gives one


def compile_value_and_grad(
    formula: Any = None,
    *,
    wrt: Wrt = None,
    inputs: Inputs = None,
    static: Iterable[str] = (),
    has_aux: bool = False,
    clip: Mapping[str, float] | None = None,
    finite: bool = False,
    target: str = "auto",
    dtype: str = "float64",
    name: str = "value_and_grad",
    optimize: str = "readable",
    checkpoint: Checkpoint = None,
) -> CompiledFunction:
    """Compile a scalar-valued formula to a function that returns ``(value, gradient)``.

    Parameters
    ----------
    formula, inputs, wrt, static, has_aux, clip, finite, checkpoint, target, dtype, name, optimize
        As for `compile_grad`.

    Examples
    --------
    >>> import symbackprop as sb
    >>> sb.compile_value_and_grad("(w*x + b - y)**2", wrt="w")(2, 3, 1, 4)
    (9.0, 18.0)
    >>> sb.compile_value_and_grad("r = w*x - y; r**2, abs(r)", wrt="w", has_aux=True)(2, 3, 1)
    ((25.0, 5.0), 30.0)
    """
    asked = asked_of_gradient(has_aux, clip, finite, checkpoint)

    def compiled(function: Any) -> CompiledFunction:
        return _compiled(function, "grad", inputs, wrt, True, target, dtype, name, optimize, static, **asked)

    return compiled if formula is None else compiled(formula)  # type: ignore[return-value]  # a decorator gives one


def check_saved(path: str | os.PathLike[str]) -> None:
    """Make a saved file again from its header and compare.

    Raises
    ------
    FileError
        If it cannot be read.
    SymbackpropError
        If the file was edited, or another version made it.
    """
    text = read_text(path)
    name = os.fspath(path)
    try:
        version = read_version(text)
        if version != __version__:
            raise SymbackpropError(f"it is stale, made by version {version}, and this is {__version__}; save it again")
        compiled = compile_recipe(read_header(text))
        made = compiled.source + _bound_tail(compiled, name)
    except SymbackpropError as error:
        raise type(error)(f"{name}: {error}") from error
    if made != text:
        raise SymbackpropError(f"{name}: it was edited, and differs from what its header gives; save it again")


def _bound_tail(compiled: CompiledFunction, path: str) -> str:
    """Return how a file ends whose function has arrays bound to it, having checked these."""
    digests = compiled.bound_digests
    if not digests:
        return ""
    check_arrays(path, digests)
    return tail_of(path, compiled.__name__, [*digests])


def _compiled(
    formula: str,
    kind: str,
    inputs: Inputs,
    wrt: Wrt,
    with_value: bool,
    target: str,
    dtype: str,
    name: str,
    optimize: str,
    static: Iterable[str] = (),
    **asked: Any,
) -> CompiledFunction:
    """Compile a formula; what else is `asked` of the gradient goes into the recipe as it is."""
    dtype = dtype_name(dtype)
    check_options(target, dtype, name, optimize)
    titles: tuple[tuple[str, str], ...] = ()
    origin: Origin | None = None
    network = as_network(formula)
    if network is not None:
        return _of_network(network, kind, inputs, wrt, static, with_value, target, dtype, name, optimize, asked)
    if not isinstance(formula, str) and callable(formula) and not _is_sympy(formula):
        return _of_function(formula, kind, inputs, wrt, static, with_value, target, dtype, name, optimize, asked)
    if tuple(static):
        raise ArgumentError("static= keeps parameters of a function fixed; a formula has none")
    if not isinstance(formula, str):
        formula, inputs, wrt, titles, origin = _from_sympy(formula, inputs, wrt, kind)
    declared = declarations_text(read_declarations(inputs, dtype)) if inputs is not None else None
    name = unicodedata.normalize("NFKC", name)  # as Python itself reads names
    recipe = Recipe(
        str(formula), kind, declared, checked_wrt(wrt), bool(with_value), target, dtype, name, optimize, titles,
        reordered=origin is not None, **asked,
    )  # fmt: skip
    return compile_recipe(recipe, origin)


def _is_sympy(formula: Any) -> bool:
    if "sympy" not in sys.modules:  # then nobody can have made an expression
        return False
    from symbackprop.symbolic.problem import is_expression

    return is_expression(formula)


def _of_function(
    function: Callable[..., Any], kind: str, inputs: Any, wrt: Any, static: Iterable[str], with_value: bool,
    target: str, dtype: str, name: str, optimize: str, asked: Mapping[str, Any],
) -> CompiledFunction:  # fmt: skip
    """Compile a function written in NumPy."""
    with uncollected():
        traced = trace_function(function, inputs, checked_wrt(wrt), static, dtype)
    title = getattr(function, "__name__", type(function).__name__)
    if kind == "grad" and wrt is None and not traced.wrt:
        raise UnsupportedError(
            f"{title} has no real-valued input, so there is nothing to differentiate; examples of integers are integers"
        )
    recipe = Recipe(
        traced.text, kind, traced.inputs, traced.wrt if kind == "grad" else None, bool(with_value), target, dtype,
        unicodedata.normalize("NFKC", name), optimize, function=title, packing=traced.packing, **asked,
    )  # fmt: skip
    try:
        compiled = compile_recipe(recipe, FunctionOrigin(function, traced), traced.constants)
        return compiled.with_records(traced.records)
    except SymbackpropError as error:
        if error.formula == traced.text and error.span is not None:  # the place in the function is what helps
            line = traced.lines[traced.text.count("\n", 0, error.span[0])]
            error.add_note(f"line {line} of {title}" if line else f"in the result of {title}")
        raise


def _of_network(
    network: Network, kind: str, inputs: Any, wrt: Any, static: Iterable[str], with_value: bool,
    target: str, dtype: str, name: str, optimize: str, asked: Mapping[str, Any],
) -> CompiledFunction:  # fmt: skip
    """Compile a layer spec; a network with states returns the new ones beside its value, whether that is asked or not."""
    if inputs is not None or tuple(static):
        raise ArgumentError("a layer spec says itself what its inputs are; leave out inputs= and static=")
    if kind == "grad":
        check_differentiable(network, wrt)
    problem = problem_of(network, checked_wrt(wrt))
    own: dict[str, Any] = {"has_aux": problem.has_aux and kind == "grad"}
    if network.precision != "full":
        dtype = "float32"  # that of the parameters
        own["finite"] = kind == "grad"
    if not isinstance(asked.get("checkpoint"), str | None):
        own["checkpoint"] = value_names(network, asked["checkpoint"])
    recipe = Recipe(
        problem.text, kind, problem.inputs, problem.wrt if kind == "grad" else None, bool(with_value), target, dtype,
        unicodedata.normalize("NFKC", name), optimize, packing=problem.packing, notation="backpropagation",
        **{**asked, **own},
    )  # fmt: skip
    return NetworkFunction.of(compile_recipe(recipe), network)


def _from_sympy(
    formula: Any, inputs: Any, wrt: Any, kind: str
) -> tuple[str, Any, Any, tuple[tuple[str, str], ...], Origin]:
    """Return SymPy expressions as formula text, with the names of their inputs."""
    if "sympy" in sys.modules:  # else nobody can have made an expression
        from symbackprop.symbolic.problem import is_expression, read_problem

        if is_expression(formula):
            with uncollected():
                problem = read_problem(formula, inputs, wrt, scalar=kind == "grad", derivatives=kind != "value")
            origin = Origin(problem.expression, problem.names, problem.shapes)
            return problem.text, problem.inputs, problem.wrt, problem.titles, origin
    raise UnsupportedError(
        f"a formula is text, a SymPy expression, or a list or tuple of these, not {type(formula).__name__}"
    )
