"""What a compiled function is verified against: what the user gave, and not what was made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from symbackprop.compiled import CompiledFunction
from symbackprop.emit.header import Recipe
from symbackprop.errors import UnsupportedError
from symbackprop.ir.dtype import is_float
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, Operation
from symbackprop.ir.signature import leaves_of
from symbackprop.ops.bodies import nodes_within
from symbackprop.ops.custom_rules import custom_rule
from symbackprop.ops.declare import Primitive
from symbackprop.ops.implicit import root
from symbackprop.ops.opaque import opaque
from symbackprop.read.from_numpy.trace import TracedFunction
from symbackprop.read.parser import parse
from symbackprop.read.shapes import split_declarations
from symbackprop.transform.batching import axes_of, of_one_example

if TYPE_CHECKING:
    from symbackprop.check.expected import Subject
    from symbackprop.check.parting import Parting
    from symbackprop.check.report import Report

__all__ = ["FunctionOrigin", "Origin", "verified"]


_SECOND_ORDER = ("hessian", "hvp", "laplacian")


@dataclass(frozen=True)
class Origin:
    """The user's own object, where the formula was not text: SymPy expressions, what their symbols are called.

    Parameters
    ----------
    expression : SymPy objects, in nested lists and tuples
    names : mapping
        The name of each input in the formula.
    shapes : mapping
        The shapes of array inputs, in SymPy's terms.
    """

    expression: Any
    names: Mapping[Any, str]
    shapes: Mapping[Any, Sequence[Any]]


@dataclass(frozen=True)
class FunctionOrigin:
    """The user's function.

    Parameters
    ----------
    function : callable
    traced : TracedFunction
        What a run of its clone found.
    """

    function: Callable[..., Any]
    traced: TracedFunction

    def listing(self) -> str:
        """Return the formula with the line of the user's file beside each statement."""
        statements = zip(self.traced.text.split("\n"), self.traced.lines, strict=True)
        lines = [f"line {line:4d}: {text}" if line else f"           {text}" for text, line in statements]
        sizes = [f"{name} = {number}, as in the example" for name, number in self.traced.fixed.items()]
        return "\n".join([*lines, *sizes])

    def call(self, leaves: Mapping[str, Any]) -> Any:
        """Return what the function itself gives for leaves by name."""
        positional, named = self.traced.arguments.call_of(leaves)
        return self.function(*positional, **named)


def verified(
    compiled: CompiledFunction,
    recipe: Recipe,
    origin: Origin | FunctionOrigin | None,
    ranges: Mapping[Any, Any] | None,
    **options: Any,
) -> Report:
    """Verify emitted source against what the user gave: the SymPy expression, or the text, read again."""
    from symbackprop.check.verify import Subject, verify

    if recipe.kind == "error_bound":
        raise UnsupportedError(
            "an error bound is an estimate that no formula defines; verify() the function that it is of"
        )
    subject = Subject(
        source=compiled.source,
        name=compiled.__name__,
        arguments=of_one_example(compiled.graph.arguments, axes_of(compiled.graph.arguments, recipe, widened=True)),
        labels=compiled.graph.whole_labels,
        factored=compiled.graph.factored,
        reference=_of_formula(compiled, _reference(recipe, origin)),
        kinks=_kinks(compiled),
        array_source=_mapped_source(compiled),
        guards=compiled.guards,
        packing=compiled.printed.packing,
        fixed=compiled.constants,
        own=_of_formula(compiled, origin.call) if isinstance(origin, FunctionOrigin) else None,
        parting=_parting(compiled, recipe),
        solves=root in _operations(compiled.formula_graph),
        has_rules=not {custom_rule, opaque}.isdisjoint(_operations(compiled.formula_graph)),
        clip=recipe.clip if recipe.kind == "grad" else None,
        is_opaque=opaque in _operations(compiled.formula_graph),
    )
    if recipe.batch:
        subject = _of_batches(subject, compiled)
    titles = (
        {key: name for symbol, name in origin.names.items() for key in (symbol, str(symbol))}
        if isinstance(origin, Origin)
        else {}
    )
    named = {titles.get(key, str(key)): value for key, value in (ranges or {}).items()}
    return verify(subject, ranges=named, **options)


def _of_batches(example: Subject, compiled: CompiledFunction) -> Subject:
    """Return what is to be verified of batches, given what is of one example."""
    from symbackprop.check.batches import one_by_one

    arguments = compiled.graph.arguments
    batch = axes_of(arguments, compiled.recipe, widened=True)
    own = None if example.own is None else one_by_one(example.own, batch)
    reference = one_by_one(example.reference, batch)
    return replace(example, arguments=arguments, reference=reference, own=own, batch=batch, of_example=example)


def _parting(compiled: CompiledFunction, recipe: Recipe) -> Parting | None:
    """Return the formula read again, with other values in the place of those that a Gauss-Newton matrix is of."""
    if not recipe.outputs:
        return None
    from symbackprop.check.parting import Parting
    from symbackprop.check.reference import evaluate_parts

    program = parse(recipe.formula, split_declarations(recipe.formula)[1])

    def loss_and_parts(values: Any, words: Any) -> list[Any]:
        results, *parts = evaluate_parts(program, values, words, recipe.outputs)
        return [next(leaves_of(results)), *parts]

    return Parting(_of_formula(compiled, loss_and_parts), recipe.outputs)


def _reference(recipe: Recipe, origin: Origin | FunctionOrigin | None) -> Callable[..., Any]:
    from symbackprop.check.reference import evaluate_program

    if isinstance(origin, Origin):
        from symbackprop.check.sympy_reference import evaluate_expression

        return lambda values, words: evaluate_expression(origin.expression, origin.names, origin.shapes, values, words)
    program = parse(recipe.formula, split_declarations(recipe.formula)[1])
    return lambda values, words: evaluate_program(program, values, words)


def _of_formula(compiled: CompiledFunction, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of values by name that is given those of the formula's own inputs only, no tangents."""
    duals = {spec.name for spec in compiled.graph.arguments if spec.role}
    if not duals:
        return function
    return lambda values, *rest: function({name: x for name, x in values.items() if name not in duals}, *rest)


def _mapped_source(compiled: CompiledFunction) -> str | None:
    """Return the source that maps a scalar formula over arrays, if it has one and arguments to be arrays."""
    arguments = compiled.graph.arguments
    if compiled.recipe.packing is not None:
        return None  # calls of such functions are not mapped
    mapped = bool(arguments) and not any(spec.shape for spec in arguments) and not compiled.computes_arrays
    return compiled.array_source if mapped else None


def _operations(graph: Graph) -> set[Operation]:
    return {node.op for node in nodes_within(graph.nodes()) if isinstance(node, Apply)}


def _kinks(compiled: CompiledFunction) -> tuple[str, ...]:
    """Return what the primitives in use do at kinks."""
    nodes = nodes_within(compiled.graph.nodes())
    used = {node.op for node in nodes if isinstance(node, Apply) and is_float(node.dtype)}
    used |= _operations(compiled.formula_graph) & {root}
    found = sorted(f"{op.name}: {op.kinks}" for op in used if isinstance(op, Primitive) and op.kinks)
    recipe = compiled.recipe
    again = recipe.kind in _SECOND_ORDER or recipe.order > 1
    return (*found, "second derivatives: 0 where a first one jumps") if found and again else tuple(found)
