"""The whole file: header, imports, signature, docstring, forward, backward, return."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from symbackprop.emit.blocks import with_blocks
from symbackprop.emit.buffers import Buffers
from symbackprop.emit.decay import with_shared_decay
from symbackprop.emit.documentation import description, docstring
from symbackprop.emit.harmless import overflows_harmlessly
from symbackprop.emit.header import Recipe, header_lines
from symbackprop.emit.imports import imported, needs, with_paths_imported
from symbackprop.emit.lines import BEFORE_COMMENT, Line
from symbackprop.emit.names import Names
from symbackprop.emit.nearest import with_nearest
from symbackprop.emit.outputs import returned
from symbackprop.emit.packing import unpacking_lines
from symbackprop.emit.pairs import one_each
from symbackprop.emit.parameters import argument_list, parameter_list
from symbackprop.emit.release import released
from symbackprop.emit.rows import turned_among
from symbackprop.emit.schedule import scheduled
from symbackprop.emit.statements import Writer
from symbackprop.emit.stored_states import schedule_function
from symbackprop.emit.style import TargetStyle
from symbackprop.emit.style_math import MathStyle
from symbackprop.emit.style_numpy import NumpyStyle
from symbackprop.emit.workspace import Memory, memory_of
from symbackprop.errors import ArgumentError
from symbackprop.ir.dtype import is_half
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, Const, Node
from symbackprop.ir.packing import Pack, Packing, with_duals, with_paths
from symbackprop.ir.size import SizeExpression, evaluate, has_opaque, named, names, substitute
from symbackprop.ops.assumptions import LEAST, LEAST_OF, assuming
from symbackprop.ops.bodies import nodes_within
from symbackprop.ops.declare import Primitive

__all__ = ["Printed", "Written", "print_module", "written"]

_STYLES: dict[str, type[TargetStyle]] = {"math": MathStyle, "numpy": NumpyStyle}
_PARTS = {
    "jvp": "tangents",
    "hvp": "derivatives",
    "jacobian": "derivatives",
    "hessian": "derivatives",
    "gnvp": "derivatives",
    "fvp": "derivatives",
    "taylor": "derivatives",
    "derivative": "derivatives",
    "laplacian": "derivatives",
    "divergence": "derivatives",
    "error_bound": "rounding errors",
}
_ASSUMED = "numbers are scaled where the smallest that they are multiplied by, together, are above it"
_OTHERWISE = {  # what an assumption is, and where it does not hold
    assuming: "where scaled numbers may vanish: in logarithms",
    one_each: "where several may be the nearest: with all pairs of these",
}
_COMMENT_COLUMN = 40
_WIDTH = 116


@dataclass(frozen=True)
class Printed:
    """The text of a module and what its function is called with; and, for those who build on it, its parts."""

    source: str
    name: str
    parameters: tuple[str, ...]
    target: str
    prelude: str  # imports, and constants of the module
    body: str  # the statements, indented
    packing: Packing | None = None  # how arguments are packed, tangents and cotangents among them
    memory: Memory | None = None  # that the function may be given to work in


def print_module(graph: Graph, recipe: Recipe, version: str, target: str) -> Printed:
    """Print `graph` as a module for `target`."""
    main = written(graph, recipe, target)
    function, parameters, style, memory = main.function, main.parameters, main.style, main.memory
    constants, functions = [*main.writer.constants], list[str]()
    tables = len(graph.tables)
    body = _body(graph, recipe, main)
    if memory is not None:
        functions += [*_of_few(graph, recipe, main), *memory.definition(), "", ""]
        constants = [*memory.constants, *constants]
    otherwise = _otherwise(recipe, main)
    assumed = main.graph.applies(assuming)
    constants = [*[Line(LEAST, repr(LEAST_OF[recipe.dtype]), _ASSUMED)] * assumed, *constants]
    doc = _indented(docstring(graph, recipe, main.leaves, main.taken, main.packing, memory))
    above = "".join(f"{line}\n" for line in _lines(constants))
    if main.writer.shared.schedule:
        above += ("\n" if above else "") + schedule_function(main.writer.shared.schedule)
    text, imports = imported("\0".join([above, "\n".join(functions), _indented(body), *otherwise]), target, main.taken)
    imports = with_paths_imported(imports, style.imports)
    above, others, code, *behind = _aligned(text).split("\0")
    above += "\n" if above else ""
    head = header_lines(recipe, version, [*description(graph, recipe), *needs(text, style.imports)])
    own = None if memory is None else memory.parameter
    signature = f"def {function}({parameter_list(parameters, main.packing, tables, own)}):"
    source = "\n".join([*head, "", *imports, above, others + signature, doc, code, *behind, ""])
    packing = None if recipe.packing is None else with_duals(recipe.packing, graph.arguments)
    return Printed(source, function, parameters, target, "\n".join([*imports, above, *behind]), code, packing, memory)


def _body(graph: Graph, recipe: Recipe, own: Written) -> list[str]:
    """Return the statements of a function."""
    writer = own.writer
    body = _size_lines(graph, own.leaves, own.style)
    if own.memory is not None:
        body += own.memory.taking(
            f"{own.memory.small}({argument_list(own.parameters, own.packing, len(graph.tables))})"
        )
    if writer.forward and writer.backward:
        behind = _PARTS.get(recipe.kind, "backward")
        lines = ["# forward", *_lines(writer.forward), f"# {behind}", *_lines(writer.backward)]
    else:
        lines = _lines([*writer.forward, *writer.backward])
    lines += f"return {own.result}".split("\n")
    if recipe.finite:  # what would be warned of is told
        lines = ['with np.errstate(over="ignore", invalid="ignore", divide="ignore"):', *_indented(lines).split("\n")]
    elif isinstance(own.style, NumpyStyle) and overflows_harmlessly(graph):
        lines = [f'with np.errstate(over="ignore"):{BEFORE_COMMENT}1 / inf is 0', *_indented(lines).split("\n")]
    body += lines
    if own.packing is not None:
        by_name = [spec.name for spec in graph.arguments]
        words = set(re.findall(r"\w+", "\n".join(body)))
        body = [*unpacking_lines(own.packing.arguments, dict(zip(by_name, own.leaves, strict=True)), words), *body]
    return body


class Written(NamedTuple):
    """What one pass over a graph gives."""

    taken: Names
    function: str
    parameters: tuple[str, ...]
    leaves: tuple[str, ...]  # what the inputs are called in the text
    style: TargetStyle
    writer: Writer
    result: str
    packing: Packing | None
    graph: Graph  # what is printed, in blocks and with whatever else is changed for that
    memory: Memory | None = None  # that it works in, where it does not allocate as it goes


def written(graph: Graph, recipe: Recipe, target: str, *, in_buffers: bool = True) -> Written:
    """Write the lines of `graph`, such that arrays are put `in_buffers` if that is asked for."""
    in_buffers = in_buffers and recipe.optimize == "fast" and target == "numpy" and not recipe.checkpoint
    first = _written(graph, recipe, target, tuple(graph.counts), in_buffers)
    used = tuple(name for name in graph.counts if name in first.style.sizes_used)
    if used == tuple(graph.counts):  # which computed sizes the text needs is known once it is written
        return first
    return _written(graph, recipe, target, used, in_buffers)


def _written(graph: Graph, recipe: Recipe, target: str, counts: tuple[str, ...], in_buffers: bool) -> Written:
    """Write the lines of `graph`, those that compute the sizes named in `counts` among them."""
    graph = with_blocks(with_nearest(with_shared_decay(graph))) if in_buffers else graph
    taken = Names()
    parameters, leaves, packing = _parameters(graph, recipe, taken)
    function = taken.share(recipe.name)
    style = _STYLES[target]()
    if graph.otherwise is not None:
        called = argument_list(parameters, packing, len(graph.tables))
        own = "of_pairs" if graph.applies(one_each) else "as_written"
        style.otherwise = f"{taken.fresh(f'{function}_{own}')}({called})"
    style.modules = _modules_of(graph)
    style.is_fast, style.has_large = recipe.optimize == "fast", in_buffers
    style.has_halves = any(map(is_half, {node.dtype for node in nodes_within(graph.nodes())}))
    style.names = taken
    style.size_bounds = _size_bounds(graph)
    _name_sizes(graph, style, taken)
    inputs: dict[Node, str] = dict(zip(graph.inputs, leaves, strict=True))
    counted: dict[Node, str] = {}
    for name in counts:
        node = graph.counts[name]
        if isinstance(node, Const) and isinstance(node.value, (int, SizeExpression)):
            style.size_names[name] = substitute(node.value, style.size_names)
            continue
        if node not in inputs:
            counted.setdefault(node, "")
            counted[node] = counted[node] or taken.fresh("count")
        style.size_names[name] = named(counted.get(node) or inputs[node])
    turned = turned_among(graph.nodes()) if in_buffers else frozenset()
    schedule = scheduled(graph, counts, in_buffers=in_buffers)
    writer = Writer(graph, schedule, style, taken, inputs, counted, in_buffers=in_buffers, turned=turned)
    writer.write()
    result = returned(graph, writer, recipe, packing)
    memory = _in_buffers(writer, result, function) if in_buffers else None
    if recipe.checkpoint:
        kept = set() if graph.recomputation is None else {*graph.recomputation.kept}
        arrays = writer.arrays()
        ends = {name for name, node in arrays.items() if node in kept}
        writer.forward, writer.backward = released(
            writer.forward, writer.backward, result, arrays.keys(), ends, at_once=recipe.has_budget
        )
    return Written(taken, function, parameters, leaves, style, writer, result, packing, graph, memory)


def _in_buffers(writer: Writer, result: str, function: str) -> Memory | None:
    """Have the lines of a function write arrays into buffers, and return these."""
    buffers = Buffers(lambda: writer.names.numbered("b"), owned=writer.shared.owned, returned=writer.shared.returned)
    writer.forward, writer.backward = buffers.lines(writer.forward, writer.backward, result)
    return memory_of(writer, buffers.all, function, buffers.returned)


def _parameters(graph: Graph, recipe: Recipe, taken: Names) -> tuple[tuple[str, ...], tuple[str, ...], Packing | None]:
    """Return the parameters of the function, what the inputs in them are called, and how they are packed there."""
    if recipe.packing is None:
        names = tuple(taken.claim(spec.name) for spec in graph.arguments)
        return names, names, None
    packing = with_duals(recipe.packing, graph.arguments)
    packed = {name: taken.claim(name) for name, item in packing.arguments if isinstance(item, Pack)}
    leaves = {spec.name: taken.claim(spec.name) for spec in graph.arguments}
    constants = [leaves[name] for name in (*(name for name, _ in packing.constants), *graph.tables)]
    called = {name: packed.get(name) or leaves[name] for name, _ in packing.arguments}
    return (*called.values(), *constants), tuple(leaves.values()), with_paths(packing, called)


def _modules_of(graph: Graph) -> frozenset[str]:
    """Return the modules beside NumPy whose functions the formula itself calls."""
    return frozenset(
        node.op.module
        for node in graph.primal_nodes
        if isinstance(node, Apply) and isinstance(node.op, Primitive) and ("clean", True) not in node.params
    )


def _lines(lines: Sequence[Line]) -> list[str]:
    """Return assignments, with marks where their comments begin."""
    printed = []
    for line in lines:
        text = "    " * line.depth + (f"{line.name} = {line.text}" if line.name else line.text)
        if line.comment and len(text) + len(line.comment) + 4 <= _WIDTH:
            text = f"{text}{BEFORE_COMMENT}{line.comment}"
        printed.append(text)
    return printed


def _aligned(text: str) -> str:
    """Return code with its comments in a column, now that its lines are as long as they stay."""
    if BEFORE_COMMENT not in text:
        return text
    lines = text.split("\n")
    for position, line in enumerate(lines):
        code, marked, comment = line.partition(BEFORE_COMMENT)
        if marked:
            lines[position] = f"{code:<{_COMMENT_COLUMN + 4}}  # {comment}"
    return "\n".join(lines)


def _name_sizes(graph: Graph, style: TargetStyle, taken: Names) -> None:
    """Reserve the names of sizes beside those of the parameters."""
    for spec in graph.arguments:
        for size in spec.shape or ():
            for name in names(size):
                if name not in style.size_names:
                    style.size_names[name] = named(taken.fresh(name))


def _of_few(graph: Graph, recipe: Recipe, main: Written) -> list[str]:
    """Return the plain form of a function, which allocates as it goes."""
    assert main.memory is not None
    plain = written(graph, recipe, main.style.target, in_buffers=False)
    return _beside(
        graph, recipe, main, plain, main.memory.small, "with arrays so small that the calls are what takes time"
    )


def _otherwise(recipe: Recipe, main: Written) -> list[str]:
    """Return the text of the function for arguments of which an assumption does not hold, if one is made."""
    other = main.graph.otherwise
    if other is None or not main.graph.applies(*_OTHERWISE):
        return []
    plain = written(other, recipe, main.style.target, in_buffers=False)
    name = main.style.otherwise.partition("(")[0]
    when = next(text for op, text in _OTHERWISE.items() if main.graph.applies(op))
    return ["\n".join(["", "", *_beside(other, recipe, main, plain, name, when)[:-2]])]


def _beside(graph: Graph, recipe: Recipe, main: Written, other: Written, name: str, when: str) -> list[str]:
    """Return another function that does what the `main` one does, and has no constants of its own in the module."""
    signature = parameter_list(other.parameters, other.packing, len(graph.tables))
    known = {(line.name, line.text) for line in main.writer.constants}
    own = [line for line in other.writer.constants if (line.name, line.text) not in known]
    constants = [f"{line.name} = {line.text}" for line in own]
    main.style.imports.update(other.style.imports)
    return [
        f"def {name}({signature}):",
        f'    """Do what {main.function} does, {when}."""',
        *(_indented([*constants, *_body(graph, recipe, other)]).split("\n")),
        "",
        "",
    ]


def _size_bounds(graph: Graph) -> dict[str, int]:
    """Return what is demanded on every call that names of sizes are at least."""
    bounds: dict[str, int] = {}
    for guard in graph.guards:
        low, size = guard.left, guard.right
        if isinstance(low, int) and isinstance(size, SizeExpression) and size.is_name and not has_opaque(size):
            (name,) = names(size)
            if guard.relation in ("<=", "<"):
                bounds[name] = max(bounds.get(name, 0), low + (guard.relation == "<"))
    return bounds


def _size_lines(graph: Graph, parameters: Sequence[str], style: TargetStyle) -> list[str]:
    """Return the lines that read the sizes in use from the shapes of arguments."""
    wanted = {name: None for name in style.sizes_used if name not in graph.counts and name[0] != "#"}
    lines = []
    for spec, parameter in zip(graph.arguments, parameters, strict=True):
        for axis, size in enumerate(spec.shape or ()):
            found = names(size) if isinstance(size, SizeExpression) else ()
            if len(found) == 1 and found[0] in wanted:
                text = _solved(size, found[0], f"{parameter}.shape[{axis}]")  # type: ignore[arg-type]
                if text is not None:
                    lines.append(f"{style.size_names[found[0]]} = {text}")
                    del wanted[found[0]]
    if wanted:
        raise ArgumentError(
            f"size {next(iter(wanted))!r} cannot be read from any argument's shape; declare one with it"
        )
    return lines


def _solved(size: SizeExpression, name: str, text: str) -> str | None:
    """Return the text of `name`, given that `size` is `text`, for sizes ``a*n + b``."""
    offset = evaluate(size, {name: 0})
    slope = evaluate(size, {name: 1}) - offset
    if (
        slope < 1
        or evaluate(size, {name: 7}) != offset + 7 * slope
        or evaluate(size, {name: 1000}) != offset + 1000 * slope
    ):
        return None
    if offset:
        text = f"{text} {'-' if offset > 0 else '+'} {abs(offset)}"
        return f"({text}) // {slope}" if slope != 1 else text
    return f"{text} // {slope}" if slope != 1 else text


def _indented(lines: Sequence[str]) -> str:
    return "\n".join([f"    {line}" if line else "" for line in lines])
