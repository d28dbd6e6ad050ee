"""What a file says of itself: the first lines of its header, and the docstring of its function."""

from __future__ import annotations

from collections.abc import Sequence

from symbackprop.emit.header import Recipe
from symbackprop.emit.names import Names
from symbackprop.emit.workspace import Memory
from symbackprop.ir.auxiliary import Results, parted
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Node
from symbackprop.ir.packing import Pack, Packing, accessor
from symbackprop.ir.signature import ArgumentSpec, Label, Structure, label_texts
from symbackprop.ir.size import shape_text

__all__ = ["description", "docstring"]

_FAMILY = {
    "jvp": "{its} tangent, given tangents of {of}",
    "vjp": "the cotangents of {of}, given {its} cotangent",
    "hvp": "the product of the Hessian with respect to {of} and a vector",
    "gnvp": "the product of the Gauss-Newton matrix with respect to {of} and a vector",
    "fvp": "the product of the Fisher information matrix with respect to {of} and a vector",
    "jacobian": "the Jacobian with respect to {of}",
    "taylor": "{its} derivatives up to order {order}, {along}",
    "derivative": "the derivative of order {order}, {along}",
    "laplacian": "the Laplacian with respect to {of}",
    "divergence": "the divergence with respect to {of}",
    "hessian": "the Hessian with respect to {of}",
    "error_bound": "a bound of the rounding error of {value}, to first order",
}
_BESIDE = {
    "grad": "gradient", "jvp": "tangent", "vjp": "cotangents", "hvp": "product", "gnvp": "product", "fvp": "product",
    "jacobian": "Jacobian", "hessian": "Hessian", "taylor": "derivatives", "laplacian": "Laplacian",
}  # fmt: skip
_NESTED = {
    "jvp": "The tangents are nested as the values, behind these.",
    "taylor": "The derivatives of each order are nested as the values, behind these and those of lower order.",
    "derivative": "The derivatives are nested as the values.",
    "laplacian": "The Laplacians are nested as the values.",
    "divergence": "",
    "error_bound": "The bounds are nested as the values.",
}

_PARAMETERS = {
    "categorical": "the logits of classes, along the last axis",
    "bernoulli": "the logit of one of two classes",
    "poisson": "the logarithm of the rate of counts",
    "normal": "the mean of normal variables of variance 1",
    "empirical": "the log-likelihood of examples",
}


def description(graph: Graph, recipe: Recipe) -> list[str]:
    """Return lines for the header: what the inputs are, and what is computed."""
    shapes = " ".join(_declared(spec) for spec in graph.arguments if spec.role != "table")
    traced = [f"function: {recipe.function}"] if recipe.function else []
    return [*traced, f"inputs: {shapes}" if shapes else "inputs: none", f"computes: {_computes(graph, recipe)}"]


def docstring(
    graph: Graph,
    recipe: Recipe,
    leaves: Sequence[str],
    taken: Names,
    packing: Packing | None,
    memory: Memory | None = None,
) -> list[str]:
    """Return the numpydoc docstring."""
    formula = recipe.formula.strip().split("\n")
    lines = [f'"""Return {_computes(graph, recipe)}.', ""]
    shown = [line.rstrip().replace("\\", "\\\\").replace('"""', "'''") for line in formula[:12]]
    lines += ["Formula::", "", *(f"    {line}" for line in shown), *(["    ..."] if len(formula) > 12 else []), ""]
    titles = dict(recipe.titles)
    if leaves:
        lines += ["Parameters", "----------"]
    structures = {} if packing is None else _structures(packing)
    for spec, parameter in zip(graph.arguments, leaves, strict=True):
        kind = (
            "array" if spec.shape is None or spec.shape else {"int64": "int", "bool": "bool"}.get(spec.dtype, "float")
        )
        about = (
            " of any one shape" if spec.shape is None else f" of shape {shape_text(spec.shape)}" if spec.shape else ""
        )
        title = titles.get(spec.name, taken.mapped.get(parameter))
        quoted = repr(title).replace('"""', "'''")  # a symbol's name must not end the docstring and become code
        original = f"; {quoted} in the formula" if title and not spec.role else ""
        original += _dual(spec)
        inside = f", {structures[spec.name]}" if spec.name in structures else ""
        lines.append(f"{parameter} : {kind}{about}{original}{inside}")
    for guard in graph.guards:
        lines.append(f"    Requires {guard.left} {guard.relation} {guard.right}: {guard.message}")
    if memory is not None:
        lines.append(f"{memory.parameter} : tuple, optional")
        lines.append(
            f"    What `{memory.function}` returns, to work in; results are then parts of it, until the next call."
        )
    lines += ["", *_returns(graph, recipe)]
    lines.append('"""')
    return lines


def _returns(graph: Graph, recipe: Recipe) -> list[str]:
    """Return the docstring's section on results."""
    shapes = {spec.name: spec.shape for spec in graph.arguments}
    rows = []
    several = any(label.value and label.wrt is not None for label in graph.labels)
    for label, text, node in zip(graph.labels[:40], label_texts(graph.labels[:40]), graph.outputs, strict=False):
        if label.part is not None:
            continue
        name = text if several or label.wrt is None or label.form else f"dL/d{label.wrt}"
        shape = node.shape if label.wrt is None or label.form or recipe.batch else shapes[label.wrt]
        kind = "bool, whether all of the gradient is finite" if label.tells else "float"
        array = "sparse array" if label.sparse else "array"
        rows.append(f"{name} : {f'{array} of shape {shape_text(shape)}' if shape else kind}")
    rows = [*_factors(graph), *rows] if rows and graph.whole_labels[-1].auxiliary else [*rows, *_factors(graph)]
    if len(graph.labels) > 40:
        rows.append(f"    and so on, {len(graph.labels)} results in all")
    nested = _differentiated(graph, recipe) is not None
    if recipe.kind in _NESTED:
        rows += [f"    {_NESTED[recipe.kind]}"] if nested and _NESTED[recipe.kind] else []
    elif recipe.kind == "hessian" and not isinstance(recipe.wrt, str):
        rows.append("    The blocks are nested twice as a gradient is: [i][j] with respect to input i, and then j.")
    elif recipe.kind != "value" and recipe.packing is not None and isinstance(recipe.packing.gradient, Pack):
        rows.append(
            "    The derivatives are in the structure of the arguments"
            + (", behind the value." if recipe.with_value else ".")
        )
    elif recipe.kind != "value" and not isinstance(recipe.wrt, str):
        rows.append("    The derivatives are in a tuple" + (", behind the value." if recipe.with_value else "."))
    if recipe.has_aux:
        own = _BESIDE.get(recipe.kind, recipe.kind)
        if recipe.with_value and recipe.kind in ("hvp", "hessian"):
            own = f"gradient, {own}"
        order = f"(value, aux), {own}" if recipe.with_value else f"{own}, aux"
        rows.append(f"    As {order}{', finite' * recipe.finite}.")
    elif nested and not recipe.weighted and recipe.kind not in ("gnvp", "fvp"):
        rows.append("    Nested as in the formula.")
    return ["Returns", "-------", *rows]


def _factors(graph: Graph) -> list[str]:
    """Return what the docstring says of derivatives that are returned in factors: how the dense ones are made."""
    nodes: dict[Label, list[Node]] = {label: [] for label in graph.factored}
    for label, node in zip(graph.labels, graph.outputs, strict=True):
        if label.part is not None:
            nodes[label.whole].append(node)
    rows = []
    shown = [*graph.factored.items()][:40]
    for text, (label, form) in zip(label_texts([label for label, _ in shown]), shown, strict=True):
        listed = f"({', '.join(form.names)}{',' * (len(form.names) == 1)})"
        rows += [f"{text} : tuple {listed}", f"    Of shape {shape_text(form.shape)}, {form.kind}: {form}"]
        for name, node in zip(form.names, nodes[label], strict=True):
            rows.append(f"    {name} : {'array of shape ' + shape_text(node.shape) if node.shape else 'float'}")
    return rows


def _computes(graph: Graph, recipe: Recipe) -> str:
    wanted = list(dict.fromkeys(label.wrt for label in graph.labels if label.wrt is not None))
    gradient = "the gradient with respect to " + ", ".join(wanted[:20]) + (", ..." if len(wanted) > 20 else "")
    if recipe.clip is not None:
        kind, bound = recipe.clip
        gradient += f", scaled to a norm of at most {bound}" if kind == "norm" else f", clipped to [{-bound}, {bound}]"
    value = "the value" if _differentiated(graph, recipe) is None else "the values"
    auxiliary = "auxiliary results, " if recipe.has_aux else ""
    if recipe.kind in _FAMILY:
        of = ", ".join(
            dict.fromkeys(spec.of for spec in graph.arguments if spec.role == "tangent") or wanted or _over(graph)
        )
        also = "the gradient " if recipe.kind in ("hvp", "hessian") else ""
        before = f"{value}, {auxiliary}{also}and " if also or auxiliary else f"{value} and "
        its, along = "its" if value == "the value" else "their", _along(graph, recipe, of)
        text = _FAMILY[recipe.kind].format(of=of, its=its, value=value, order=recipe.order, along=along)
        text = text.replace("the ", "the sparse ", 1) if recipe.sparse else text
        if recipe.outputs:
            text += f", of the loss as a function of {', '.join(recipe.outputs)}"
        if recipe.distribution:
            text += f": {value} {'is' if value == 'the value' else 'are'} {_PARAMETERS[recipe.distribution]}"
        behind = f" of {value}, weighted by cotangents" if recipe.weighted else ""
        if recipe.with_value:
            return before + text + behind
        return text + behind + (", and auxiliary results" if recipe.has_aux else "")
    if not wanted:
        return value if recipe.kind == "value" else "the gradient with respect to nothing"
    if recipe.with_value:
        return f"{value}, {auxiliary}and {gradient}"
    return f"{gradient}, and auxiliary results" if auxiliary else gradient


def _differentiated(graph: Graph, recipe: Recipe) -> Structure:
    """Return how the values are nested that are differentiated; None for one value."""
    if not recipe.has_aux:
        return graph.structure
    first, _ = parted(Results(graph.structure, None if recipe.packing is None else recipe.packing.results))
    return first.structure


def _over(graph: Graph) -> tuple[str, ...]:
    """Return the inputs that derivatives are summed over."""
    return next((label.over for label in graph.labels if label.over), ())


def _along(graph: Graph, recipe: Recipe, of: str) -> str:
    """Return along what derivatives of higher order are taken."""
    if not any(spec.role == "tangent" for spec in graph.arguments):
        return f"with respect to {of}"
    return f"along {f'{recipe.order} directions' if recipe.mixed else 'a direction'} of {of}"


def _dual(spec: ArgumentSpec) -> str:
    """Return of what an input is the tangent or the cotangent."""
    if spec.role == "tangent":
        return f", the tangent of {spec.of}"
    if spec.role == "table":
        return ", bound already"
    return ", the cotangent of the value" if spec.role else ""


def _declared(spec: ArgumentSpec) -> str:
    if spec.shape is None:
        return f"{spec.name}[...]"
    sizes = ",".join(str(size) for size in spec.shape)
    return spec.name + (f"[{sizes}]" if sizes else "") + (f":{spec.dtype}" if spec.dtype in ("int64", "bool") else "")


def _structures(packing: Packing) -> dict[str, str]:
    """Return for the inputs that are no parameters where they come from."""
    found = {name: "bound already" for name, _ in packing.constants}
    waiting = [packed for _, packed in packing.arguments if isinstance(packed, Pack)]
    while waiting:
        pack = waiting.pop()
        for key, item in zip(pack.keys, pack.items, strict=True):
            if isinstance(item, Pack):
                waiting.append(item)
            elif item is not None:
                found[item] = f"given as {pack.path}{accessor(pack, key)}"
    return found
