"""What the user calls: the compile family, which composes the stages.

Text goes through read, simplify, diff, simplify, emit; every stage is a function from graph to graph, and this is the
only module that knows them all.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from symbackprop.compiled import CompiledFunction
from symbackprop.diff.reverse import gradient
from symbackprop.emit.header import Recipe, read_header, read_version
from symbackprop.emit.module import Printed, print_module
from symbackprop.emit.save import read_text
from symbackprop.errors import ArgumentError, SymbackpropError, UnknownNameError, UnsupportedError, nearest_names
from symbackprop.ir.dtype import is_float, using_float
from symbackprop.ir.graph import Graph, children
from symbackprop.ir.node import Apply, Node
from symbackprop.ops.declare import Primitive, primitives
from symbackprop.ops.literal import literal
from symbackprop.read.parser import parse
from symbackprop.read.shapes import declarations_text, read_declarations, split_declarations
from symbackprop.read.text import read_formula
from symbackprop.simplify.pattern import Rewrites
from symbackprop.simplify.pipeline import canonical, finish, prepare
from symbackprop.version import __version__

if TYPE_CHECKING:
    from symbackprop.check.report import Report
    from symbackprop.symbolic.expressions import Expressions

__all__ = ["check_saved", "compile_grad", "compile_value", "compile_value_and_grad", "primitives"]

Inputs = Mapping[str, object] | str | None
Wrt = str | Sequence[str] | None


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


_TARGETS = ("auto", "math", "numpy")
_DTYPES = ("float64", "float32")
_OPTIMIZE = ("readable",)


def compile_value(
    formula: str,
    *,
    inputs: Inputs = None,
    target: str = "auto",
    dtype: str = "float64",
    name: str = "value",
    optimize: str = "readable",
) -> CompiledFunction:
    """Compile a formula to a function of its inputs that returns its value.

    Parameters
    ----------
    formula : str
        Python expression syntax with NumPy's functions; one or several statements, the last one the result. It may
        begin with declarations, ``"X[n,d] w[d] -> X @ w"``.
    inputs : mapping or str, optional
        Shapes by name, ``{"X": "n d", "w": "d"}``, or compact text, ``"X[n,d] w[d] b"``. Without it every name is a
        scalar, in order of first appearance.
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
    return _compiled(formula, "value", inputs, None, False, target, dtype, name, optimize)


def compile_grad(
    formula: str,
    *,
    wrt: Wrt = None,
    inputs: Inputs = None,
    with_value: bool = False,
    target: str = "auto",
    dtype: str = "float64",
    name: str = "grad",
    optimize: str = "readable",
) -> CompiledFunction:
    """Compile a scalar-valued formula to a function that returns its gradient.

    The gradient is that of reverse accumulation, ``v_bar = sum over children c of (dc/dv)^T c_bar``.

    Parameters
    ----------
    formula, inputs, target, dtype, name, optimize
        As for `compile_value`.
    wrt : str or sequence of str, optional
        A name gives a single result, a sequence a tuple; the default is every real-valued input.
    with_value : bool
        Whether to return ``(value, gradient)``.

    Returns
    -------
    CompiledFunction

    Examples
    --------
    >>> import symbackprop as sb
    >>> sb.compile_grad("(w*x + b - y)**2")(2, 3, 1, 4)
    (18.0, 12.0, 6.0, -6.0)
    """
    return _compiled(formula, "grad", inputs, wrt, with_value, target, dtype, name, optimize)


def compile_value_and_grad(
    formula: str,
    *,
    wrt: Wrt = None,
    inputs: Inputs = None,
    target: str = "auto",
    dtype: str = "float64",
    name: str = "value_and_grad",
    optimize: str = "readable",
) -> CompiledFunction:
    """Compile a scalar-valued formula to a function that returns ``(value, gradient)``.

    Parameters
    ----------
    formula, inputs, wrt, target, dtype, name, optimize
        As for `compile_grad`.

    Examples
    --------
    >>> import symbackprop as sb
    >>> sb.compile_value_and_grad("(w*x + b - y)**2", wrt="w")(2, 3, 1, 4)
    (9.0, 18.0)
    """
    return _compiled(formula, "grad", inputs, wrt, True, target, dtype, name, optimize)


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
        made = compile_recipe(read_header(text)).source
    except SymbackpropError as error:
        raise type(error)(f"{name}: {error}") from error
    if made != text:
        raise SymbackpropError(f"{name}: it was edited, and differs from what its header gives; save it again")


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
) -> CompiledFunction:
    _check_options(target, dtype, name, optimize)
    titles: tuple[tuple[str, str], ...] = ()
    origin: Origin | None = None
    if not isinstance(formula, str):
        formula, inputs, wrt, titles, origin = _from_sympy(formula, inputs, wrt, kind)
    declared = declarations_text(read_declarations(inputs, dtype)) if inputs is not None else None
    chosen = wrt if wrt is None or isinstance(wrt, str) else tuple(wrt)
    reordered = origin is not None
    recipe = Recipe(formula, kind, declared, chosen, with_value, target, dtype, name, optimize, titles, reordered)
    return compile_recipe(recipe, origin)


def _from_sympy(
    formula: Any, inputs: Any, wrt: Any, kind: str
) -> tuple[str, Any, Any, tuple[tuple[str, str], ...], Origin]:
    """Return SymPy expressions as formula text, with the names of their inputs."""
    if "sympy" in sys.modules:  # else nobody can have made an expression
        from symbackprop.symbolic.problem import is_expression, read_problem

        if is_expression(formula):
            with _uncollected():
                problem = read_problem(formula, inputs, wrt, scalar=kind == "grad", derivatives=kind != "value")
            origin = Origin(problem.expression, problem.names, problem.shapes)
            return problem.text, problem.inputs, problem.wrt, problem.titles, origin
    raise UnsupportedError(
        f"a formula is text, a SymPy expression, or a list or tuple of these, not {type(formula).__name__}"
    )


def _verified(
    compiled: CompiledFunction, recipe: Recipe, origin: Origin | None, ranges: Mapping[Any, Any] | None, **options: Any
) -> Report:
    """Verify emitted source against what the user gave: the SymPy expression, or the text, read again."""
    from symbackprop.check.verify import Subject, verify

    subject = Subject(
        source=compiled.source,
        name=compiled.__name__,
        arguments=compiled.graph.arguments,
        labels=compiled.graph.labels,
        reference=_reference(recipe, origin),
        kinks=_kinks(compiled.graph),
        array_source=_mapped_source(compiled),
        guards=tuple(f"{g.message}: {g.left} {g.relation} {g.right}" for g in compiled.guards),
    )
    titles = (
        {} if origin is None else {key: name for symbol, name in origin.names.items() for key in (symbol, str(symbol))}
    )
    named = {titles.get(key, str(key)): value for key, value in (ranges or {}).items()}
    return verify(subject, ranges=named, **options)


def _expressions(recipe: Recipe, origin: Origin | None, sizes: Mapping[str, int] | None) -> Expressions:
    """Return what a recipe computes as SymPy expressions, in the symbols of the user's own where it was made of them."""
    from symbackprop.sympy_form import expressions_of

    log = Rewrites()
    with using_float(recipe.dtype), _uncollected():
        graph = canonical(_read(recipe), log)
        if recipe.kind == "grad":
            graph = canonical(_with_gradient(graph, replace(recipe, with_value=True)), log)
        known = {} if origin is None else {name: symbol for symbol, name in origin.names.items()}
        return expressions_of(graph, recipe, known, sizes)


def _reference(recipe: Recipe, origin: Origin | None) -> Callable[..., Any]:
    from symbackprop.check.reference import evaluate_program

    if origin is not None:
        from symbackprop.check.sympy_reference import evaluate_expression

        return lambda values, words: evaluate_expression(origin.expression, origin.names, origin.shapes, values, words)
    program = parse(recipe.formula, split_declarations(recipe.formula)[1])
    return lambda values, words: evaluate_program(program, values, words)


def _mapped_source(compiled: CompiledFunction) -> str | None:
    """Return the source that maps a scalar formula over arrays, if it has one and arguments to be arrays."""
    arguments = compiled.graph.arguments
    mapped = bool(arguments) and not any(spec.shape for spec in arguments) and not compiled.computes_arrays
    return compiled.array_source if mapped else None


def _kinks(graph: Graph) -> tuple[str, ...]:
    """Return what the primitives in use do at kinks."""
    used = {node.op for node in graph.nodes() if isinstance(node, Apply)}
    return tuple(sorted(f"{op.name}: {op.kinks}" for op in used if isinstance(op, Primitive) and op.kinks))


def compile_recipe(recipe: Recipe, origin: Origin | None = None) -> CompiledFunction:
    """Compile what a recipe says; every way of compiling comes through here."""
    log = Rewrites()
    with using_float(recipe.dtype), _uncollected():
        primal = graph = prepare(_read(recipe), log, reordered=recipe.reordered)
        if recipe.kind == "grad":
            graph = _with_gradient(graph, recipe)
        graph = finish(graph, log)
        printed = _printed(graph, recipe, _target(graph, recipe))
        return CompiledFunction(
            recipe, primal, graph, printed, log, compile_recipe, _printed, _verified, _expressions, origin
        )


def _read(recipe: Recipe) -> Graph:
    """Return the graph of a recipe's formula."""
    prefix, start = split_declarations(recipe.formula)
    if prefix is not None and recipe.inputs is not None:
        raise ArgumentError("shapes are declared twice: in the formula's prefix and in inputs=; keep one of them")
    declared = prefix if prefix is not None else recipe.inputs
    specs = None if declared is None else read_declarations(declared, recipe.dtype)
    return read_formula(recipe.formula, specs, recipe.dtype, start)


@contextmanager
def _uncollected() -> Iterator[None]:
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
    return print_module(graph, recipe, __version__, target)


def _with_gradient(graph: Graph, recipe: Recipe) -> Graph:
    """Return `graph` with the gradient, and the value before it if asked for, as outputs."""
    by_name = {spec.name: node for spec, node in zip(graph.arguments, graph.inputs, strict=True)}
    if recipe.wrt is None:
        wanted = [spec.name for spec in graph.arguments if is_float(spec.dtype)]
        if not wanted:
            raise UnsupportedError("the formula has no real-valued input, so there is nothing to differentiate")
    else:
        wanted = [recipe.wrt] if isinstance(recipe.wrt, str) else list(recipe.wrt)
    for name in wanted:
        if name not in by_name:
            raise UnknownNameError(
                f"wrt names {name!r}, which is not an input; the inputs are {', '.join(by_name) or 'none'}."
                f"{nearest_names(name, by_name)}"
            )
        if not is_float(by_name[name].dtype):
            raise UnsupportedError(f"wrt names {name!r}, which is not real-valued; only real inputs have gradients")
    with_gradient = gradient(graph, [by_name[name] for name in wanted])
    if not recipe.with_value:
        return with_gradient
    return replace(
        with_gradient,
        outputs=(*graph.primals, *with_gradient.outputs),
        labels=(*graph.labels, *with_gradient.labels),
    )


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
    if recipe.dtype == "float32":
        return "it computes in float64, and dtype is float32"
    for spec in graph.arguments:
        if spec.shape is None or spec.shape:
            return f"input {spec.name!r} is an array"
    written_out = _written_out(graph)
    for node in graph.nodes():
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


def _check_options(target: str, dtype: str, name: str, optimize: str) -> None:
    for what, value, known in (
        ("target", target, _TARGETS),
        ("dtype", dtype, _DTYPES),
        ("optimize", optimize, _OPTIMIZE),
    ):
        if value not in known:
            raise ArgumentError(f"{what} is {value!r}; choose one of {', '.join(map(repr, known))}")
    if not isinstance(name, str) or not name.isidentifier():
        raise ArgumentError(f"name is {name!r}, which is not a name in Python; take one like 'grad'")
