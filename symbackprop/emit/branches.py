"""Branches as statements: an ``if`` or several, in each of which the results get their names.

The way back chooses as the way there did. What the branch there computed has a name then, and is not computed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from symbackprop.emit.lines import Line
from symbackprop.emit.steps import handed_on
from symbackprop.emit.template import Code
from symbackprop.ir.body import Body
from symbackprop.ir.graph import children
from symbackprop.ir.node import Apply, Node
from symbackprop.ops.branches import Branches, cond

if TYPE_CHECKING:
    from symbackprop.emit.statements import Writer

__all__ = ["branch_operands", "shared_by_branches", "write_branches"]


def branch_operands(node: Apply) -> list[tuple[Node, int]]:
    """Return what the text of branches is made of, and in how many places each may stand."""
    choice = Branches(node)
    return [(choice.chooser, 1 if len(choice.bodies) <= 2 else 2), *((arg, 2) for arg in choice.shared)]


def shared_by_branches(nodes: Sequence[Node]) -> set[Node]:
    """Return what branches compute that the same branches of other choices need again, so that it gets a name."""
    by_chooser: dict[Node, list[Branches]] = {}
    for node in nodes:
        if isinstance(node, Apply) and node.op is cond:
            by_chooser.setdefault(node.args[0], []).append(Branches(node))
    wanted: set[Node] = set()
    for choices in by_chooser.values():
        if len(choices) > 1:
            for same in zip(*(choice.bodies for choice in choices), strict=False):
                wanted |= _in_several(same)
    return wanted


def _in_several(bodies: Sequence[Body]) -> set[Node]:
    """Return the nodes of the first bodies that what is new in later ones needs, or that these return."""
    known: set[Node] = set()
    wanted: set[Node] = set()
    for body in bodies:
        order = body.nodes()
        needed = [child for node in order if node not in known for child in children(node)]
        wanted.update(node for node in (*needed, *body.outputs) if node in known and isinstance(node, Apply))
        known.update(order)
    return wanted


def write_branches(writer: Writer, node: Apply, lines: list[Line]) -> None:
    """Append the statements of a choice."""
    choice = Branches(node)
    results = writer.results_of(node)
    names = {}
    for position, result in results.items():
        user = writer.graph.names.get(result) or writer.adjoint_name(result)
        inside = (_name_inside(writer, body.outputs[position], lines is writer.forward) for body in choice.bodies)
        names[position] = writer.names.fresh(user or next(filter(None, inside), None) or "chosen")
    chooser = writer.operand_code(choice.chooser)
    codes: dict[Node, Code] = {
        inner: writer.operand_code(arg) for inner, arg in zip(choice.inputs, choice.shared, strict=True)
    }
    bound: dict[Node, Node] = dict(zip(choice.inputs, choice.shared, strict=True))
    headers = _headers(chooser, len(choice.bodies), choice.chooser)
    for at, (header, body) in enumerate(zip(headers, choice.bodies, strict=True)):
        known = writer.known_in_branch(choice.chooser, at, bound)
        outputs = tuple(body.outputs[position] for position in results)
        inner = writer.inner(outputs, {**codes, **known}, lines is writer.forward, known)
        inner.finish()
        writer.remember_branch(choice.chooser, at, bound, inner)
        lines.append(Line("", header))
        lines += [line.indented() for line in inner.lines]
        texts = {p: handed_on(writer, inner, body.outputs[p], result) for p, result in results.items()}
        assigned = [Line(names[p], text, depth=1) for p, text in texts.items() if text != names[p]]
        lines += assigned or ([] if inner.lines else [Line("", "pass", depth=1)])
    writer.note_text(node, headers[0])
    for position, result in results.items():
        writer.bind(result, names[position])


def _name_inside(writer: Writer, node: Node, is_forward: bool) -> str | None:
    """Return what a result is called in its branch; on the way back only what is an adjoint is called after one."""
    return writer.graph.names.get(node) if is_forward else writer.adjoint_name(node)


def _headers(chooser: Code, count: int, node: Node) -> list[str]:
    """Return the lines that begin the branches."""
    if count == 1:
        return ["if True:"]
    if node.dtype == "bool":
        return [f"if {chooser.text}:", "else:"]
    middle = [f"elif {chooser.text} == {at}:" for at in range(1, count - 1)]
    return [f"if {chooser.text} <= 0:", *middle, "else:"]
