"""The forms that a formula may have, each compiled as the text that it becomes: where a further form is added."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

from symbackprop.compilation import compile_recipe
from symbackprop.compiled import CompiledFunction
from symbackprop.errors import ArgumentError, SymbackpropError, UnsupportedError
from symbackprop.networks.function import NetworkFunction
from symbackprop.options import Request, checked_wrt
from symbackprop.read.from_numpy.trace import TracedFunction, trace_function
from symbackprop.read.layers.network import Network
from symbackprop.read.layers.problem import check_differentiable, problem_of, value_names
from symbackprop.read.layers.reading import as_network
from symbackprop.read.shapes import declarations_text, read_declarations
from symbackprop.stages import begun, in_stage
from symbackprop.verification import FunctionOrigin, Origin

__all__ = ["compile_formula"]


def compile_formula(formula: Any, inputs: Any, static: Iterable[str], request: Request) -> CompiledFunction:
    """Compile what the user gives: a layer spec, a function, text, or SymPy expressions."""
    with begun():
        return _compiled(formula, inputs, static, request)


def _compiled(formula: Any, inputs: Any, static: Iterable[str], request: Request) -> CompiledFunction:
    network = as_network(formula)
    if network is not None:
        return _of_network(network, inputs, static, request)
    if callable(formula) and not isinstance(formula, str) and not _is_sympy(formula):
        return _of_function(formula, inputs, static, request)
    if tuple(static):
        raise ArgumentError("static= keeps parameters of a function fixed; a formula has none")
    return _of_text(formula, inputs, request) if isinstance(formula, str) else _of_sympy(formula, inputs, request)


def _of_text(formula: str, inputs: Any, request: Request) -> CompiledFunction:
    return compile_recipe(request.recipe(str(formula), _declared(inputs, request), checked_wrt(request.wrt)))


def _declared(inputs: Any, request: Request) -> str | None:
    return None if inputs is None else declarations_text(read_declarations(inputs, request.dtype))


def _is_sympy(formula: Any) -> bool:
    if "sympy" not in sys.modules:  # then nobody can have made an expression
        return False
    from symbackprop.symbolic.problem import is_expression

    return is_expression(formula)


def _of_sympy(formula: Any, inputs: Any, request: Request) -> CompiledFunction:
    """Compile SymPy expressions."""
    if not _is_sympy(formula):
        raise UnsupportedError(
            f"a formula is text, a SymPy expression, or a list or tuple of these, not {type(formula).__name__}"
        )
    from symbackprop.symbolic.problem import read_problem

    with in_stage("read the formula"):
        problem = read_problem(
            formula, inputs, request.wrt, scalar=_of_scalars(request), derivatives=request.kind != "value"
        )
    origin = Origin(problem.expression, problem.names, problem.shapes)
    declared, wrt = _declared(problem.inputs, request), checked_wrt(problem.wrt)
    return compile_recipe(request.recipe(problem.text, declared, wrt, titles=problem.titles, reordered=True), origin)


def _of_function(
    function: Callable[..., Any], inputs: Any, static: Iterable[str], request: Request
) -> CompiledFunction:
    """Compile a function written in NumPy; for sizes of examples as numbers, where a sparse derivative needs these."""
    wrt, static = checked_wrt(request.wrt), tuple(static)
    with in_stage("trace the function"):
        traced = trace_function(function, inputs, wrt, static, request.dtype)
    try:
        return _of_traced(function, traced, request)
    except UnsupportedError:
        if not request.of_gradient.get("sparse"):
            raise
        with in_stage("trace the function"):
            numbered = trace_function(function, inputs, wrt, static, request.dtype, fixed=True)
        if numbered.inputs == traced.inputs:
            raise
        return _of_traced(function, numbered, request)


def _of_traced(function: Callable[..., Any], traced: TracedFunction, request: Request) -> CompiledFunction:
    title = getattr(function, "__name__", type(function).__name__)
    differentiated = request.kind != "value"
    if differentiated and request.wrt is None and not traced.wrt:
        raise UnsupportedError(
            f"{title} has no real-valued input, so there is nothing to differentiate; examples of integers are integers"
        )
    recipe = request.recipe(
        traced.text, traced.inputs, traced.wrt if differentiated else None, function=title, packing=traced.packing
    )
    try:
        compiled = compile_recipe(recipe, FunctionOrigin(function, traced), traced.constants)
        return compiled.with_records(traced.records)
    except SymbackpropError as error:
        if error.formula == traced.text and error.span is not None:  # the place in the function is what helps
            line = traced.lines[traced.text.count("\n", 0, error.span[0])]
            error.add_note(f"line {line} of {title}" if line else f"in the result of {title}")
        raise


def _of_network(network: Network, inputs: Any, static: Iterable[str], request: Request) -> CompiledFunction:
    """Compile a layer spec; a network with states returns the new ones beside its value."""
    if inputs is not None or tuple(static):
        raise ArgumentError("a layer spec says itself what its inputs are; leave out inputs= and static=")
    if request.batch is not None:
        raise ArgumentError("a layer spec takes batches already; leave out batch=, or write the network as a function")
    differentiated = request.kind != "value"
    if differentiated:
        check_differentiable(network, request.wrt, needs_loss=_of_scalars(request))
    problem = problem_of(network, checked_wrt(request.wrt))
    if request.of_gradient.get("has_aux") and not problem.has_aux:
        raise ArgumentError("has_aux= is for what is returned beside the value, and this network has no states")
    own: dict[str, Any] = {"has_aux": problem.has_aux and differentiated}
    if network.precision != "full":
        own.update(dtype="float32", finite=request.kind == "grad")  # that of the parameters
    kept = request.of_gradient.get("checkpoint")
    if isinstance(kept, tuple):
        own["checkpoint"] = value_names(network, kept)
    if named := request.of_gradient.get("outputs", ()):
        own["outputs"] = value_names(network, named)
    recipe = request.recipe(
        problem.text, problem.inputs, problem.wrt if differentiated else None, packing=problem.packing,
        notation="backpropagation", **own,
    )  # fmt: skip
    return NetworkFunction.of(compile_recipe(recipe), network)


def _of_scalars(request: Request) -> bool:
    """Return whether what is asked for is the derivative of scalars only."""
    if request.kind == "gnvp":
        return bool(request.of_gradient.get("outputs"))
    return request.kind in ("grad", "hvp", "hessian") and not request.of_gradient.get("weighted")
