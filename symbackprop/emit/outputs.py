"""The return statement: every output fresh, writable, and sharing no memory with an argument or another output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isqrt

from symbackprop.emit.aliases import memory_of
from symbackprop.emit.header import Recipe
from symbackprop.emit.release import names_in
from symbackprop.emit.statements import Writer
from symbackprop.emit.template import ATOM
from symbackprop.ir.auxiliary import Results, parted
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, Const, Node, Output
from symbackprop.ir.packing import Packed, Packing, leaf_names, quoted
from symbackprop.ir.signature import Label, arranged
from symbackprop.ops.broadcasting import broadcast
from symbackprop.ops.comparison import where
from symbackprop.ops.sparse import held_by

__all__ = ["packed_text", "returned"]

_WIDTH = 88  # of a structure on one line
_VALUES = (False, "")
_FORMS = {
    "jvp": "tangent", "vjp": "cotangent", "hvp": "product", "jacobian": "jacobian", "hessian": "hessian",
    "taylor": "derivative", "derivative": "derivative", "laplacian": "laplacian", "divergence": "divergence",
    "gnvp": "curvature", "fvp": "curvature", "error_bound": "error bound",
}  # fmt: skip


def returned(graph: Graph, writer: Writer, recipe: Recipe, packing: Packing | None = None) -> str:
    """Return the text behind ``return``: values and derivatives, nested as the formula nests its results."""
    owned: set[Node | None] = set()
    found = [(label, _owned_text(node, writer, owned)) for label, node in zip(graph.labels, graph.outputs, strict=True)]
    found = _with_tuples_of_factors(found, graph)
    results = Results(graph.structure, None if packing is None else packing.results)
    if recipe.kind == "value":
        return _unwrapped(_nested(results, [text for _, text in found]))
    told = [text for label, text in found if label.tells]
    auxiliary = [(str(label.value), text) for label, text in found if label.auxiliary]
    plain = [(label, text) for label, text in found if not label.tells and not label.auxiliary]
    first, behind = parted(results) if recipe.has_aux else (results, results)
    values = [_nested(first, [text for label, text in plain if _group(label) == _VALUES])] if recipe.with_value else []
    beside = [_nested(behind, auxiliary)] if recipe.has_aux else []
    if values and beside:
        values, beside = [_gathered(tuple, [*values, *beside])], []
    parts = [*values, *_derivatives(plain, recipe, packing, first), *beside, *told]
    return _unwrapped(parts[0]) if len(parts) == 1 else ", ".join(parts)


def _derivatives(
    found: list[tuple[Label, str]], recipe: Recipe, packing: Packing | None, values: Results
) -> Iterator[str]:
    """Yield the derivatives that are returned, nested as the values that they are of where each of these has one."""
    count = values.count
    for form in _forms(recipe):
        own = [text for label, text in found if _group(label) == (True, form)]
        if form == "divergence":
            yield from own
        elif form in ("tangent", "laplacian", "error bound"):
            yield _nested(values, own)
        elif form == "derivative":
            yield from (_nested(values, own[first : first + count]) for first in range(0, len(own), count))
        elif form in ("cotangent", "curvature") or recipe.weighted:
            yield _derivative_text(recipe, packing, form, own)
        else:
            wide = len(own) // count
            each = [own[i * wide : (i + 1) * wide] for i in range(count)]
            yield _nested(values, [_derivative_text(recipe, packing, form, texts) for texts in each])


def _nested(results: Results, texts: Sequence[str | tuple[str, str]]) -> str:
    """Return texts of results as these are nested; the numbers of the results are beside them, or count from 0."""
    numbered = dict(text if isinstance(text, tuple) else (str(i), text) for i, text in enumerate(texts))
    if results.packed is not None:
        return packed_text(results.packed, numbered)
    return arranged(results.structure, iter(numbered.values()), _gathered)


def _with_tuples_of_factors(found: list[tuple[Label, str]], graph: Graph) -> list[tuple[Label, str]]:
    """Return the results with one for all factors of a derivative, where it is returned in these."""
    factors: dict[Label, list[str]] = {label: [] for label in graph.factored}
    for label, text in found:
        if label.part is not None:
            factors[label.whole].append(text)
    plain = [pair for pair in found if pair[0].part is None]
    return plain + [(label, _gathered(tuple, texts)) for label, texts in factors.items()]


def _group(label: Label) -> tuple[bool, str]:
    """Return what the results have in common that are returned together: whether they are derivatives, and of which form."""
    return label.wrt is not None or bool(label.form), label.form


def _forms(recipe: Recipe) -> tuple[str, ...]:
    """Return the forms of derivatives that a recipe asks for, in the order in which they are returned."""
    own = _FORMS.get(recipe.kind, "")
    return ("", own) if recipe.with_value and own in ("product", "hessian") else (own,)


def _derivative_text(recipe: Recipe, packing: Packing | None, form: str, texts: list[str]) -> str:
    """Return the derivative of one value; a Hessian is a gradient of gradients."""
    if form != "hessian":
        return _gradient_text(recipe, packing, texts)
    wide = isqrt(len(texts))
    rows = [_gradient_text(recipe, packing, texts[i * wide : (i + 1) * wide]) for i in range(wide)]
    return _gradient_text(recipe, packing, rows)


def _gradient_text(recipe: Recipe, packing: Packing | None, texts: list[str]) -> str:
    """Return the gradient of one value: a text, a tuple of texts, or these in the structure of the arguments."""
    if packing is not None and packing.gradient is not None:
        return packed_text(packing.gradient, dict(zip(leaf_names(packing.gradient), texts, strict=True)))
    return texts[0] if isinstance(recipe.wrt, str) else _gathered(tuple, texts)


def packed_text(packed: Packed, texts: Mapping[str, str]) -> str:
    """Return the text of a structure that holds `texts` as its leaves, on several lines if it is long."""
    if packed is None:
        return "None"
    if isinstance(packed, str):
        return texts[packed]
    items = [packed_text(item, texts) for item in packed.items]
    if packed.kind == "dict":
        return _bracketed("{", [f"{quoted(key)}: {item}" for key, item in zip(packed.keys, items, strict=True)], "}")
    if packed.kind in ("namedtuple", "dataclass"):
        fields = [f"{key}={item}" for key, item in zip(packed.keys, items, strict=True)]
        if packed.kind == "namedtuple":
            return _bracketed(f"{packed.path}._replace(", fields, ")")
        return _bracketed("dataclasses.replace(", [packed.path, *fields], ")")
    flat = _gathered(list if packed.kind == "list" else tuple, items)
    return flat if len(flat) <= _WIDTH else _bracketed(flat[0], items, flat[-1])


def _bracketed(opening: str, items: list[str], closing: str) -> str:
    """Return items between brackets, a line each where one line is too short for all."""
    flat = f"{opening}{', '.join(items)}{closing}"
    if len(flat) <= _WIDTH and "\n" not in flat:
        return flat
    lines = "".join(f"    {line}\n" for item in items for line in f"{item},".split("\n"))
    return f"{opening}\n{lines}{closing}"


def _gathered(kind: type, texts: list[str]) -> str:
    inside = ", ".join(texts)
    if "\n" in inside:
        return _bracketed("[" if kind is list else "(", texts, "]" if kind is list else ")")
    if kind is list:
        return f"[{inside}]"
    return _Tuple(f"({inside},)" if len(texts) == 1 else f"({inside})")


class _Tuple(str):
    """The text of a tuple in its own parentheses, which may be left out behind ``return``."""

    __slots__ = ()


def _unwrapped(text: str) -> str:
    """Return a tuple without its parentheses, unless it has only one item, whose comma would be overlooked."""
    return text[1:-1] if isinstance(text, _Tuple) and not text.endswith((",)", "()")) else text


def _owned_text(node: Node, writer: Writer, owned: set[Node | None]) -> str:
    """Return the text of an output, copied unless the printed expression makes a new array of its own."""
    code = writer.result(node)
    if writer.style.target == "numpy" and node.shape == () and isinstance(node, Apply) and node.op is where:
        return f"{code.text}[()]"  # np.where gives an array even of scalars
    if node.shape == () or isinstance(node, Const):
        return code.text
    if isinstance(node, Apply) and node.op is broadcast and not writer.is_bare(node):
        return f"{code.text}.copy()"
    in_rows = writer.style.has_large
    bases = [base for part in held_by(node) for base in memory_of(part, in_rows=in_rows) if not isinstance(base, Const)]
    fresh = all(isinstance(base, (Apply, Output)) and base not in owned for base in bases)
    fresh = fresh and len(set(bases)) == len(bases)
    owned.update(bases)
    if fresh:
        if writer.is_bare(node) or bases != [node]:
            writer.shared.returned.update(names_in(code.text))
        return code.text
    return f"{code.text}.copy()" if code.binding == ATOM else f"({code.text}).copy()"
