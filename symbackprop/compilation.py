"""A recipe to a compiled function: the stages, composed. The only module that knows them all.

Text goes through read, simplify, diff, simplify, emit; every stage is a function from graph to graph.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from symbackprop.cache import Kept, entry_for
from symbackprop.compiled import CompiledFunction, Derived
from symbackprop.diff.reverse import pull_back
from symbackprop.emit.header import Recipe
from symbackprop.emit.load import load_function
from symbackprop.emit.memory import allocated
from symbackprop.emit.module import Printed, print_module
from symbackprop.emit.notation import in_notation
from symbackprop.errors import ArgumentError, UnsupportedError
from symbackprop.ir.dtype import is_float, is_narrow, using_float
from symbackprop.ir.graph import Graph, children
from symbackprop.ir.node import Apply, Node, constant
from symbackprop.ir.signature import Label, Nest
from symbackprop.ir.size import Size
from symbackprop.ops.declare import Primitive, end_own_declarations
from symbackprop.ops.literal import literal
from symbackprop.read.shapes import read_declarations, split_declarations
from symbackprop.read.text import read_formula
from symbackprop.simplify.loops.scaled import with_scaled_loops
from symbackprop.simplify.pattern import Rewrites
from symbackprop.simplify.pipeline import canonical, finish, prepare
from symbackprop.simplify.rules import without_rules
from symbackprop.stages import Stages, running
from symbackprop.transform.auxiliary import with_auxiliary, without_auxiliary
from symbackprop.transform.batching import with_batch
from symbackprop.transform.checkpointing import with_checkpoints
from symbackprop.transform.curvature import check_loss, with_curvature_product
from symbackprop.transform.derivatives import with_derivatives, with_solvers
from symbackprop.transform.divisors import with_divisors_guarded
from symbackprop.transform.gradients import with_gradient
from symbackprop.transform.higher import with_derivative, with_taylor
from symbackprop.transform.jacobians import with_hessian, with_jacobian
from symbackprop.transform.products import with_cotangents, with_hessian_product, with_tangents
from symbackprop.transform.rounding import NOT_LOWERED, with_error_bounds
from symbackprop.transform.sparse.jacobians import with_sparse_hessian, with_sparse_jacobian
from symbackprop.transform.structured.blocks import in_factors
from symbackprop.transform.traces import with_divergence, with_laplacian
from symbackprop.transform.unit_vectors import with_identities_spread
from symbackprop.verification import FunctionOrigin, Origin, verified
from symbackprop.version import __version__

if TYPE_CHECKING:
    from symbackprop.symbolic.expressions import Expressions

__all__ = ["compile_adjoints", "compile_recipe", "uncollected"]

end_own_declarations()  # all modules that declare primitives are loaded

_DERIVATIVES: Mapping[str, Callable[[Graph, Recipe], Graph]] = {
    "grad": with_gradient,
    "jvp": with_tangents,
    "vjp": with_cotangents,
    "hvp": with_hessian_product,
    "hessian": with_hessian,
    "gnvp": with_curvature_product,
    "fvp": with_curvature_product,
    "taylor": with_taylor,
    "derivative": with_derivative,
    "laplacian": with_laplacian,
    "divergence": with_divergence,
}
_WITH_ASSUMPTIONS = frozenset(("value", "grad", "vjp", "jvp", "hvp"))


def compile_recipe(
    recipe: Recipe,
    origin: Origin | FunctionOrigin | None = None,
    constants: Mapping[str, Any] | None = None,
    known: Mapping[str, Any] | None = None,
) -> CompiledFunction:
    """Compile what a recipe says; every way of compiling comes through here.

    Sparse patterns may rest on arguments that are `known`: such functions are for calls with these alone.
    """
    entry = None if known else entry_for(recipe, constants or {})

    def made(kept: Kept, derive: Callable[[], Derived], stages: Stages) -> CompiledFunction:
        with stages.stage("load the code"):
            return CompiledFunction(
                recipe, kept, derive, compile_recipe, _printed, verified, _expressions, origin, constants, stages
            )

    def derived() -> Derived:
        with running() as stages:
            return _derivatives(recipe, {**(constants or {}), **(known or {})}, stages)

    with running() as stages:
        kept = None if entry is None else entry.found()
        if kept is not None:
            stages.found(kept.nodes)
            return made(kept, derived, stages)
        found = derived()
        with using_float(recipe.dtype), uncollected(), stages.stage("write the code"):
            graph = found.graph
            printed = _printed(graph, recipe, _target(graph, recipe))
            stages.leaves(len(graph.nodes()))
        kept = Kept(printed, graph.arguments, graph.guards, graph.tables, len(graph.nodes()))
        compiled = made(kept, lambda: found, stages)  # which tells of numbers that are none
        if entry is not None:
            entry.keep(kept)
        return compiled


def _derivatives(recipe: Recipe, constants: Mapping[str, Any], stages: Stages) -> Derived:
    """Return the graphs of what a recipe asks for."""
    log = Rewrites()
    with using_float(recipe.dtype), uncollected():
        primal = graph = _prepared(recipe, log, stages)
        if recipe.outputs:
            graph = _prepared(recipe, log, stages, held=recipe.outputs)
        alone = without_auxiliary(primal, recipe)
        if recipe.outputs:
            check_loss(alone)
        else:
            graph = alone
        with stages.stage("differentiate"):
            scaled = with_scaled_loops(graph, log) if _may_assume(recipe) else graph
            derived = _derived(scaled, recipe, _finishing(scaled, primal, recipe, log), constants, log)
            if scaled is not graph:
                own = Rewrites()
                otherwise = _derived(graph, recipe, _finishing(graph, primal, recipe, own), constants, own)
                derived = replace(derived, otherwise=otherwise)
            return Derived(primal, derived, log)


def _may_assume(recipe: Recipe) -> bool:
    """Tell whether a function may be printed for most arguments, with another one for the rest."""
    more = recipe.checkpoint or recipe.batch or recipe.sparse or recipe.structure or recipe.outputs or recipe.has_aux
    return recipe.kind in _WITH_ASSUMPTIONS and not more


def _prepared(recipe: Recipe, log: Rewrites, stages: Stages, held: Sequence[str] = ()) -> Graph:
    """Return the graph of a recipe's formula, of values `held` fixed, ready to be differentiated."""
    with stages.stage("read the formula"):
        graph = _expanded(recipe, log, held)
        stages.leaves(len(graph.nodes()))
    with stages.stage("rewrite the formula"):
        graph = prepare(graph, log, reordered=recipe.reordered)
        stages.leaves(len(graph.nodes()))
        return graph


def _finished(graph: Graph, recipe: Recipe, log: Rewrites) -> Graph:
    """Return a graph with loops in the place of equations, for batches if these are asked for, ready to be printed."""
    with running() as stages:
        stages.leaves(len(graph.nodes()))
        with stages.stage("rewrite the derivative"):
            graph = with_divisors_guarded(_rewritten(graph, recipe, log))
            stages.leaves(len(graph.nodes()))
            return graph


def _rewritten(graph: Graph, recipe: Recipe, log: Rewrites) -> Graph:
    graph = _solved(graph)
    graph = with_batch(graph, recipe, log) if recipe.batch else graph
    if not recipe.checkpoint:
        return finish(graph, log, few_calls=recipe.kind != "error_bound")

    before = Rewrites(log)

    def finished(stacks: bool) -> Graph:
        log.clear()  # of what has been tried the last counts
        log.update(before)
        return finish(graph, log, stacks=stacks)

    def allocations(derived: Graph, deleting: bool) -> tuple[Size, ...]:
        asked = recipe if deleting else replace(recipe, checkpoint=None)
        return allocated(derived, asked, _target(derived, recipe))

    return with_checkpoints(finished, recipe.checkpoint, allocations)


def _solved(graph: Graph) -> Graph:
    """Return a graph with solvers in the place of equations, and with Jacobians of these that are array code."""
    return with_identities_spread(without_rules(with_solvers(graph)))


def _finishing(graph: Graph, whole: Graph, recipe: Recipe, log: Rewrites) -> Callable[[Graph], Graph]:
    """Return what finishes a graph of derivatives of `graph`, which is the `whole` formula but for what is auxiliary.

    The derivatives are put in factors if that is asked for.
    """
    factorised = in_factors(graph, recipe, log) if recipe.structure else _unchanged
    return lambda derived: _finished(with_auxiliary(factorised(derived), whole, recipe), recipe, log)


def _unchanged(graph: Graph) -> Graph:
    return graph


def _derived(
    graph: Graph,
    recipe: Recipe,
    finished: Callable[[Graph], Graph],
    constants: Mapping[str, Any],
    log: Rewrites,
) -> Graph:
    """Return the graph of what a recipe asks for, finished."""
    if recipe.sparse and recipe.kind == "jacobian":
        return with_sparse_jacobian(graph, recipe, finished, constants)
    if recipe.sparse:
        return with_sparse_hessian(graph, recipe, finished, constants)
    if recipe.kind == "jacobian":
        return with_jacobian(graph, recipe, finished)
    if recipe.kind == "error_bound":
        return finished(with_error_bounds(finish(graph, log, few_calls=False, whole=NOT_LOWERED)))
    derive = _DERIVATIVES.get(recipe.kind)
    return finished(graph if derive is None else derive(graph, recipe))


def compile_adjoints(recipe: Recipe, names: Sequence[str]) -> tuple[tuple[str, ...], Callable[..., tuple[Any, ...]]]:
    """Compile the named values of a recipe's formula and their adjoints, those of its first value.

    Returns
    -------
    tuple of str
        The names that stand for something that is computed: some may be of what was rewritten.
    function
        The bare one, of the leaves of the recipe's inputs, printed for NumPy. It returns the values, then the adjoints.
    """
    log = Rewrites()
    with using_float(recipe.dtype), uncollected():
        graph = _expanded(recipe, log)
        graph = prepare(graph, log, reordered=recipe.reordered)
        by_name = {name: node for node, name in graph.names.items() if is_float(node.dtype)}
        by_name.update((spec.name, node) for spec, node in zip(graph.arguments, graph.inputs, strict=True))
        present = set(graph.nodes())
        found = tuple(name for name in names if by_name.get(name) in present)
        values = [by_name[name] for name in found]
        loss = graph.primals[0]
        adjoints = pull_back((loss,), (constant(1, loss.shape, loss.dtype),), values)
        outputs = [*values, *(adjoints.get(node, constant(0, node.shape, node.dtype)) for node in values)]
        asked = replace(graph, primals=tuple(outputs), structure=Nest(tuple, (None,) * len(outputs)))
        graph = finish(_solved(asked.with_outputs(outputs, [Label(i) for i in range(len(outputs))])), log)
        wanted = replace(recipe, name="adjoints", kind="value", packing=None, notation="", has_aux=False)
        printed = _printed(graph, wanted, "numpy")
        return found, load_function(printed.source, printed.name)


def _read(recipe: Recipe, held: Sequence[str] = ()) -> Graph:
    """Return the graph of a recipe's formula; of its values with the names in `held`, and the loss as a function of these."""
    prefix, start = split_declarations(recipe.formula)
    if prefix is not None and recipe.inputs is not None:
        raise ArgumentError("shapes are declared twice: in the formula's prefix and in inputs=; keep one of them")
    declared = prefix if prefix is not None else recipe.inputs
    specs = None if declared is None else read_declarations(declared, recipe.dtype)
    return read_formula(recipe.formula, specs, recipe.dtype, start, held)


def _expanded(recipe: Recipe, log: Rewrites, held: Sequence[str] = ()) -> Graph:
    """Return the graph of a recipe's formula with the derivatives inside of it written out."""
    return with_derivatives(_read(recipe, held), lambda bodies: prepare(bodies, log))


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the cyclic garbage collector from walking a large graph again and again while it grows.

    A graph has no cycles, so there is nothing for it to find.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _printed(graph: Graph, recipe: Recipe, target: str) -> Printed:
    return print_module(in_notation(graph, recipe.notation), recipe, __version__, target)


def _target(graph: Graph, recipe: Recipe) -> str:
    """Return the target: math where every value is a scalar and every primitive has a text for it."""
    if recipe.target == "numpy":
        return "numpy"
    obstacle = _obstacle_to_math(graph, recipe)
    if obstacle is None:
        return "math"
    if recipe.target == "math":
        raise UnsupportedError(f"target 'math' is not possible: {obstacle}; use target='numpy'")
    return "numpy"


def _obstacle_to_math(graph: Graph, recipe: Recipe) -> str | None:
    if recipe.finite:
        return "an overflow raises an error in it, and finite=True is to tell of it"
    if recipe.dtype == "float32":
        return "it computes in float64, and dtype is float32"
    for spec in graph.arguments:
        if spec.shape is None or spec.shape:
            return f"input {spec.name!r} is an array"
    written_out = _written_out(graph)
    for node in graph.nodes():
        if is_narrow(node.dtype):
            return f"it computes in float64, and the formula in {node.dtype}"
        if node.shape and node not in written_out:
            return f"{node.describe()} is an array"
        if isinstance(node, Apply) and isinstance(node.op, Primitive) and "math" not in node.op.texts:
            return f"{node.op.name} has no text for it"
    return None


def _written_out(graph: Graph) -> set[Node]:
    """Return the arrays of scalars that are results and nothing more: code of scalars can gather them at the end."""
    found: set[Node] = {node for node in graph.outputs if isinstance(node, Apply) and node.op is literal}
    for node in graph.nodes():
        found.difference_update(children(node))
    return found


def _expressions(
    recipe: Recipe, origin: Origin | FunctionOrigin | None, sizes: Mapping[str, int] | None
) -> Expressions:
    """Return what a recipe computes as SymPy expressions, in the symbols of the user's own where it was made of them."""
    from symbackprop.sympy_form import expressions_of

    if recipe.batch:
        raise UnsupportedError("to_sympy gives the expressions of one example; compile the formula without batch=")
    if recipe.kind not in ("value", "grad"):
        raise UnsupportedError(
            f"to_sympy gives values and gradients, and this is compile_{recipe.kind}; ask .value, or compile_grad(...)"
        )
    log = Rewrites()
    with using_float(recipe.dtype), uncollected():
        graph = canonical(_expanded(recipe, log), log)
        if recipe.kind == "grad":
            asked = replace(recipe, with_value=True, finite=False)
            alone = with_gradient(without_auxiliary(graph, asked), asked)
            graph = canonical(with_auxiliary(alone, graph, asked), log)
        known = {name: symbol for symbol, name in origin.names.items()} if isinstance(origin, Origin) else {}
        return expressions_of(without_rules(graph), recipe, known, sizes)
