"""A `while` loop as statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symbackprop.emit.lines import Line
from symbackprop.emit.steps import as_number, assigned, handed_on, plural, settled
from symbackprop.emit.template import ATOM, TERNARY, Code
from symbackprop.ir.node import Apply, Node
from symbackprop.ops.whiles import WhileLoop

if TYPE_CHECKING:
    from symbackprop.emit.statements import Writer

__all__ = ["while_operands", "write_while"]


def while_operands(node: Apply) -> list[tuple[Node, int]]:
    """Return what the text of a loop is made of, and in how many places each stands."""
    loop = WhileLoop(node)
    return [*((arg, 1) for arg in loop.initial), *((arg, 2) for arg in loop.constants)]


def write_while(writer: Writer, node: Apply, lines: list[Line]) -> None:
    """Append the statements of a loop."""
    loop = WhileLoop(node)
    results = writer.results_of(node)
    names = [_carry_name(writer, loop, i, results) for i in range(loop.carries)]
    kept = {i: at for at, i in enumerate(loop.kept) if loop.carries + 1 + at in results}
    paths = {i: writer.names.fresh(plural(writer, names[i])) for i in kept}
    counts = loop.limit is not None or loop.carries in results
    count = _count_name(writer, loop, results) if counts else ""
    for i, (name, arg) in enumerate(zip(names, loop.initial, strict=True)):
        lines.append(Line(name, as_number(writer, writer.operand_text(arg), arg, loop.final(i))))
    lines += [Line(path, f"[{names[i]}]") for i, path in paths.items()]
    lines += [Line(count, "0")] if counts else []
    test, before, body = _parts(writer, loop, names, lines is writer.forward)
    within = f"{count} < {writer.style.size(loop.limit)}" if loop.limit is not None else ""
    inverse = f"not {test.text}" if test.binding == ATOM else f"not ({test.text})"
    if before:
        lines.append(Line("", f"while {within or 'True'}:"))
        lines += [line.indented() for line in before]
        lines += [Line("", f"if {inverse}:", depth=1), Line("", "break", depth=2)]
    else:
        lines.append(Line("", f"while {within} and {test.text}:" if within else f"while {test.text}:"))
    lines += [line.indented() for line in body]
    lines += [Line("", f"{path}.append({names[i]})", depth=1) for i, path in paths.items()]
    lines += [Line("", f"{count} += 1", depth=1)] if counts else []
    for i, path in paths.items():
        dtype = loop.carry_inputs[i].dtype
        typed = "" if dtype == "float64" else f", dtype={writer.style.dtype(dtype)}"
        lines.append(Line(path, f"np.array({path}{typed})"))
        writer.bind(results[loop.carries + 1 + kept[i]], path)
    writer.note_text(node, f"while {test.text}:")
    for i, name in enumerate(names):
        if i in results:
            writer.bind(results[i], name)
    if loop.carries in results:
        writer.bind(results[loop.carries], count)


def _parts(writer: Writer, loop: WhileLoop, names: list[str], is_forward: bool) -> tuple[Code, list[Line], list[Line]]:
    """Return the condition, the lines before it, and the lines of the step."""
    codes: dict[Node, Code] = {node: Code(name) for node, name in zip(loop.carry_inputs, names, strict=True)}
    for node, arg in zip(loop.constant_inputs, loop.constants, strict=True):
        codes[node] = writer.operand_code(arg)
    condition = writer.inner(loop.condition.outputs, codes, is_forward)
    condition.finish()
    inner = writer.inner(loop.new_carries, codes, is_forward)
    new = {
        name: handed_on(writer, inner, node, loop.final(i))
        for i, (name, node) in enumerate(zip(names, loop.new_carries, strict=True))
    }
    pending, lines = settled(new, inner.lines, [], inner.renamed)
    inner.finish()
    test, before = condition.result(loop.condition.outputs[0]), condition.lines
    if before and before[-1].name == test.text:  # it is too long to stand inside another line, but it stands alone
        test, before = Code(before[-1].text, TERNARY), before[:-1]
    return test, before, [*lines, *assigned(pending)]


def _carry_name(writer: Writer, loop: WhileLoop, carry: int, results: dict[int, Node]) -> str:
    user = writer.graph.names.get(loop.carry_inputs[carry])
    if user is None and carry in results:
        user = writer.graph.names.get(results[carry])
    return writer.names.fresh(user or "state")


def _count_name(writer: Writer, loop: WhileLoop, results: dict[int, Node]) -> str:
    result = results.get(loop.carries)
    known = None if result is None else writer.count_names.get(result)
    if known is not None:
        return known
    return writer.names.fresh((None if result is None else writer.graph.names.get(result)) or "steps")
