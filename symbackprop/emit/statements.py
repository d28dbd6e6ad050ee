"""From scheduled nodes to lines: which nodes get a name, which are written into the line that uses them.

A node gets a line of its own if the user named it, if more than one line uses it, if the other part (forward or
backward) uses it, or if its text would make a line that no person would write.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from symbackprop.emit.branches import shared_by_branches
from symbackprop.emit.control import control_operands, write_control
from symbackprop.emit.lines import Line, with_name
from symbackprop.emit.names import Names
from symbackprop.emit.schedule import Schedule
from symbackprop.emit.style import TargetStyle
from symbackprop.emit.template import ATOM, BELOW_PRODUCT, Code, fill, repeated
from symbackprop.ir.graph import Graph, topological
from symbackprop.ir.node import Apply, Const, Node, Operation, Output
from symbackprop.ir.size import SizeExpression
from symbackprop.ops.arithmetic import add, div, is_subtracted, mul
from symbackprop.ops.broadcasting import sized
from symbackprop.ops.declare import ALIASED, COPIED, Primitive, result_names

__all__ = ["Line", "Writer"]

_INLINE_LENGTH = 44  # characters of an expression that may still stand inside another
_INLINE_WEIGHT = 4  # operations of such an expression
_INDICES = ("t", "i", "j", "k")  # what counts the steps of a loop, by how deep it stands
_TERMS = 8  # terms of a sum on one line


@dataclass
class Shared:
    """What the writers of a function and of its loops and branches know in common.

    Parameters
    ----------
    primals : dict of Node to list of Node
        For an adjoint the primals that it belongs to; some may be gone since.
    hosts : dict of Node to list of str
        The forward lines that use a node.
    bare : dict of Node to str
        What nodes of forward bodies are called there.
    primal : set of Node
        The nodes of forward bodies.
    wanted : set of Node
        The nodes of branches that other branches need.
    """

    names: Names
    primals: Mapping[Node, list[Node]] = field(default_factory=dict)
    hosts: dict[Node, list[str]] = field(default_factory=dict)
    bare: dict[Node, str] = field(default_factory=dict)
    primal: set[Node] = field(default_factory=set)
    wanted: set[Node] = field(default_factory=set)
    _indices: list[str] = field(default_factory=list)

    def adjoints_among(self, nodes: Iterable[Node]) -> dict[Node, Node]:
        """Return for those of `nodes` that are adjoints the primals that they belong to."""
        found: dict[Node, Node] = {}
        for node in nodes:
            if node in self.primals and node not in self.primal:
                live = [primal for primal in self.primals[node] if primal in self.primal]
                found[node] = (live or self.primals[node])[0]
        return found

    def index(self, depth: int) -> str:
        """Return the name of what counts the steps of a loop that stands in `depth` others."""
        while len(self._indices) <= depth:
            self._indices.append(self.names.fresh(_INDICES[min(len(self._indices), len(_INDICES) - 1)]))
        return self._indices[depth]


@dataclass
class Writer:
    """Writes the lines of one function."""

    graph: Graph
    schedule: Schedule
    style: TargetStyle
    names: Names
    input_names: dict[Node, str]
    count_names: dict[Node, str] = field(default_factory=dict)
    constants: list[Line] = field(default_factory=list)
    forward: list[Line] = field(default_factory=list)
    backward: list[Line] = field(default_factory=list)
    shared: Shared = None  # type: ignore[assignment]  # made for the outermost
    depth: int = 0  # of the loops and branches around it
    input_codes: dict[Node, Code] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.shared is None:
            inverse: dict[Node, list[Node]] = {}
            for primal, adjoint in self.graph.adjoints.items():
                inverse.setdefault(adjoint, []).append(primal)
            self.shared = Shared(self.names, inverse)
        self._codes: dict[Node, Code] = dict(self.input_codes)
        self._weights: dict[Node, int] = {}
        self._bare: dict[Node, str] = dict(self.input_names)
        self._forward_nodes = set(self.schedule.forward)
        self._host: dict[Node, Node] = {}
        self._texts: dict[Node, str] = {}
        self._uses: dict[Node, int] = {}
        self._crossing: set[Node] = set()
        self._outer_constants: set[Node] = set()
        self._fixed: set[Node] = set()
        self._owned: set[Node] = set()  # buffers that statements fill
        self._twice_by_op: dict[Operation, frozenset[int]] = {}
        self._results: dict[Node, dict[int, Node]] = {}
        self._in_branches: dict[tuple[Node, int], list[tuple[Mapping[Node, Node], dict[Node, Code]]]] = {}
        self.shared.wanted |= shared_by_branches([*self.schedule.forward, *self.schedule.backward])
        for node in (*self.schedule.forward, *self.schedule.backward):
            if isinstance(node, Output) and node in self.schedule.needed:
                self._results.setdefault(node.source, {})[node.index] = node
        self.style.is_name = self._bare.__contains__
        for node, name in self.input_names.items():
            self._codes[node] = Code(name)
        self._count_uses()

    # --- bodies -------------------------------------------------------------------------------------------------------

    def inner(
        self, outputs: Sequence[Node], codes: dict[Node, Code], is_forward: bool, known: Iterable[Node] = ()
    ) -> Writer:
        """Return the writer of a body, which has written its lines; the code of what it binds is given."""
        nodes = topological(outputs, known=known)
        adjoint_of = {} if is_forward else self.shared.adjoints_among(nodes)
        if is_forward:
            self.shared.primal.update(nodes)
        schedule = Schedule(nodes if is_forward else [], [] if is_forward else nodes, set(nodes), adjoint_of)
        graph = Graph((), (), tuple(outputs), tuple(outputs), (), names=self.graph.names)
        bare = {node: code.text for node, code in codes.items() if code.text.isidentifier()}
        inner = Writer(
            graph, schedule, self.style, self.names, bare, constants=self.constants, shared=self.shared,
            depth=self.depth + 1, input_codes=codes,
        )  # fmt: skip
        inner.write()
        self.style.is_name = self._bare.__contains__
        return inner

    @property
    def lines(self) -> list[Line]:
        """All lines, forward ones first."""
        return [*self.forward, *self.backward]

    def telling_name(self, node: Node) -> str | None:
        """Return the name of a node, unless it is a mere number of it."""
        name = self._bare.get(node)
        return None if name is None or re.fullmatch(r"t\d+", name) else name

    def renamed(self, old: str, new: str) -> None:
        """Note that a variable has got another name."""
        for node, name in self._bare.items():
            if name == old:
                self._bare[node] = new
        for node, text in self._texts.items():
            self._texts[node] = with_name(text, old, new)

    def finish(self) -> None:
        """Tell the others what is known of the nodes of this body, once its names are settled."""
        self.shared.bare.update((node, name) for node, name in self._bare.items() if node in self.shared.primal)
        self._find_hosts()

    def known_in_branch(self, chooser: Node, branch: int, bound: Mapping[Node, Node]) -> dict[Node, Code]:
        """Return what the same branch of an earlier choice has computed of the same, by its names there."""
        found: dict[Node, Code] = {}
        for earlier, codes in self._in_branches.get((chooser, branch), ()):
            if all(bound.get(node) is arg for node, arg in earlier.items()):
                found.update(codes)
        return found

    def remember_branch(self, chooser: Node, branch: int, bound: Mapping[Node, Node], inner: Writer) -> None:
        """Note what a branch has computed that has a name."""
        codes = {node: Code(name) for node, name in inner._bare.items() if node not in bound}
        self._in_branches.setdefault((chooser, branch), []).append((bound, codes))

    def results_of(self, node: Apply) -> dict[int, Node]:
        """Return the needed ones of several results."""
        return self._results.get(node, {})

    def bind(self, node: Node, name: str) -> None:
        """Give a node its name."""
        self._bare[node] = name
        self._codes[node], self._weights[node] = Code(name), 0

    def note_text(self, node: Node, text: str) -> None:
        """Say what comments quote for `node`."""
        for named in (node, *self.results_of(node).values()):  # type: ignore[arg-type]
            self._texts[named] = text

    def operand_code(self, node: Node) -> Code:
        """Return the code of an argument of a loop."""
        return self._code(node, scalar=False)

    def operand_text(self, node: Node) -> str:
        """Return the text of an argument of a loop."""
        return self.operand_code(node).text

    def adjoint_name(self, node: Node) -> str | None:
        """Return the name of an adjoint, after what it belongs to; None for any other node."""
        if node in self.shared.primal or node in self._forward_nodes:
            return None
        for primal in self.shared.primals.get(node, ()):
            name = self._bare.get(primal) or self.shared.bare.get(primal)
            if name is not None:
                return f"{name}_bar"
        return None

    # --- the whole ----------------------------------------------------------------------------------------------------

    def write(self) -> None:
        """Fill `forward` and `backward`."""
        for node in self.schedule.forward:
            self._place(node, self.forward if node in self.schedule.needed else None)
        self._find_hosts()
        for node in self.schedule.backward:
            self._place(node, self.backward)

    def result(self, node: Node) -> Code:
        """Return the code of an output."""
        if isinstance(node, Const):
            typed = not node.shape and node.dtype == "float32"
            return self.style.typed_constant(node) if typed else self.style.array_constant(node)
        return self._codes[node]

    def is_bare(self, node: Node) -> bool:
        """Tell whether `node` is printed as a name."""
        return node in self._bare

    # --- counting -----------------------------------------------------------------------------------------------------

    def _count_uses(self) -> None:
        """Count in how many places a node's text would stand, and what backward needs of forward."""
        uses = self._uses
        for node in (*self.graph.outputs, *self.count_names):
            uses[node] = uses.get(node, 0) + 1
        for nodes in (self.schedule.backward, self.schedule.forward):
            behind = self._forward_nodes if nodes is self.schedule.backward else frozenset()
            for node in reversed(nodes):
                if node not in uses:
                    continue  # what every use looks through needs nothing
                if isinstance(node, Output):
                    uses[node.source] = uses.get(node.source, 0) + 1
                    if node.source in behind:
                        self._crossing.add(node.source)
                elif isinstance(node, Apply) and node in self.schedule.needed:
                    self._count_arguments(node, behind)

    def _count_arguments(self, node: Apply, behind: Set[Node]) -> None:
        """Count the uses of what is written inside `node`; nodes `behind` it are those of the forward part."""
        uses, style = self._uses, self.style
        if isinstance(node.op, Primitive) and node.op.has_bodies:
            for inner, times in control_operands(node):
                uses[inner] = uses.get(inner, 0) + times
                if inner in behind:
                    self._crossing.add(inner)
            return
        twice = self._twice(node)
        as_they_are = style.stand_as_they_are(node)
        for position, arg in enumerate(node.args):
            inner, index = (arg, "") if as_they_are else style.operand(node, position)
            if inner.weak and not node.weak and isinstance(inner, Apply):
                self._outer_constants.add(inner)
            times = uses[node] if node.op is sized else 2 if index or position in twice else 1
            uses[inner] = uses.get(inner, 0) + times
            if inner in behind or (node.op is sized and node in self._crossing):
                self._crossing.add(inner)

    def _twice(self, node: Apply) -> frozenset[int]:
        """Return the arguments that the text of `node` has more than once."""
        op = node.op
        assert isinstance(op, Primitive)
        if op.lines is not None:
            return repeated("; ".join(op.lines(node, self.style)))
        if op not in self._twice_by_op:
            text = op.texts.get(self.style.target)
            self._twice_by_op[op] = repeated(text) if isinstance(text, str) else frozenset()
        return self._twice_by_op[op]

    # --- lines --------------------------------------------------------------------------------------------------------

    def _place(self, node: Node, lines: list[Line] | None) -> None:
        """Give `node` its code, and a line in `lines` unless it is written where it is used."""
        if not isinstance(node, Apply):
            return  # results are named where their source is unpacked
        if lines is not None and not self._uses.get(node):
            return  # every use looks through it
        if node.op is add and len(node.args) > _TERMS:
            self._accumulate(node, lines)
            return
        if isinstance(node.op, Primitive) and node.op.has_bodies:
            write_control(self, node, lines if lines is not None else [])
            return
        operands = self._operands(node)
        if isinstance(node.op, Primitive) and node.op.lines is not None:
            self._fill_buffer(node, operands, lines)
            return
        if node in self._results:
            self._unpack(node, operands, lines)
            return
        if node.op is sized and node not in self.graph.names:  # the same array under another shape
            self._codes[node], self._weights[node] = operands[0], self._weights.get(node.args[0], 0)
            if node.args[0] in self._bare:
                self._bare[node] = self._bare[node.args[0]]
            return
        code = fill(self.style.template(node), operands)
        if self._leads_with_mask(node):
            code = Code(code.text, BELOW_PRODUCT)
        if node.weak and self._is_fixed(node):
            self._place_constant(node, code)
            return
        weight, weights = 1, self._weights
        for arg in node.args:
            weight += weights.get(arg, 0)
        if self._stands_alone(node, code, weight):
            name = self._name(node)
            self._texts[node] = f"{name} = {code.text}"
            if lines is not None:
                lines.append(Line(name, code.text, self._origin(node)))
            code, weight = Code(name), 0
        self._codes[node] = code
        self._weights[node] = weight

    def _leads_with_mask(self, node: Apply) -> bool:
        """Tell whether a product or quotient begins with a mask, which NumPy does not negate: -(mask / n), not -mask / n."""
        return node.op in (mul, div) and self.style.operand(node, 0)[0].dtype == "bool"

    def _is_fixed(self, node: Apply) -> bool:
        """Tell whether `node` is a number made of numbers alone, sizes not among them."""
        fixed = node.shape == () and all(
            arg in self._fixed if isinstance(arg, Apply) else not isinstance(arg.value, SizeExpression)  # type: ignore[attr-defined]
            for arg in node.args
        )
        if fixed:
            self._fixed.add(node)
        return fixed

    def _place_constant(self, node: Apply, code: Code) -> None:
        """Write an expression of constants above the function, unless it is part of a larger one."""
        self._codes[node] = code
        self._weights[node] = 0
        if node in self._outer_constants:
            name = self._bare[node] = self.names.numbered("c")
            self.constants.append(Line(name, code.text))
            self._codes[node] = Code(name)

    def _unpack(self, node: Apply, operands: list[Code], lines: list[Line] | None) -> None:
        """Write the line that gives the needed ones of several results their names."""
        op = node.op
        assert isinstance(op, Primitive)
        found = self._results[node]
        for index, output in sorted(found.items()):
            user = self.graph.names.get(output)
            self._bare[output] = self.names.fresh(user or result_names(node)[index])
            self._codes[output], self._weights[output] = Code(self._bare[output]), 0
        if len(found) == 1 and (alone := op.alone.get(*found)) is not None:
            target = self._bare[next(iter(found.values()))]
            template = alone if isinstance(alone, str) else alone(node, self.style)
        else:
            target = ", ".join(self._bare[found[i]] if i in found else "_" for i in range(len(result_names(node))))
            template = self.style.template(node)
        text = fill(template, operands).text
        for named in (node, *found.values()):
            self._texts[named] = f"{target} = {text}"
        if lines is not None:
            lines.append(Line(target, text, self._origin(node)))
            first = self._bare[found[min(found)]]
            statements = op.checked(node, self.style) if op.checked is not None else ()
            lines.extend(Line("", statement.replace("{out}", first)) for statement in statements)

    def _fill_buffer(self, node: Apply, operands: list[Code], lines: list[Line] | None) -> None:
        """Write the statements of a primitive that fills a buffer of its own."""
        op = node.op
        assert isinstance(op, Primitive) and op.lines is not None
        templates = op.lines(node, self.style)
        copied = node.args[0] if templates[0] == COPIED else None
        if copied is not None and self._is_spare(copied, node):
            name = self._bare[node] = self._bare[copied]  # nobody needs the array as it was
            templates = templates[1:]
        elif templates[0] == ALIASED and node.args[0] in self._bare:
            name = self._bare[node] = self._bare[node.args[0]]
            templates = templates[1:]
        else:
            name = self._name(node)
            if copied is not None and copied not in self._bare and _is_fresh(copied):
                templates[0] = "{out} = {0}"  # what is computed there needs no copy
        self._owned.add(node)
        index = self.names.numbered("i") if any("{index}" in template for template in templates) else ""
        for position, template in enumerate(templates):
            text = fill(template.replace("{out}", name).replace("{index}", index), operands).text
            if lines is not None:
                lines.append(Line("", text, self._origin(node) if position == 0 else ""))
        self._texts[node] = f"{name} = {op.name}(...)" if copied is None else text
        self._codes[node], self._weights[node] = Code(name), 0

    def _is_spare(self, x: Node, user: Apply) -> bool:
        """Tell whether the memory of `x` was made by these lines, and is used by `user` alone."""
        return (
            (x in self._owned or (x in self._bare and _is_fresh(x)))
            and self._uses.get(x) == 1
            and user.args.count(x) == 1
            and (x in self._forward_nodes) == (user in self._forward_nodes)
        )

    def _operands(self, consumer: Apply) -> list[Code]:
        """Return the codes of all arguments."""
        if not self.style.stand_as_they_are(consumer):
            return [self._operand(consumer, position) for position in range(len(consumer.args))]
        codes, known = self._codes, self._known
        return [
            self.style.constant(arg) if isinstance(arg, Const) else codes.get(arg) or known(arg)
            for arg in consumer.args
        ]

    def _operand(self, consumer: Apply, position: int) -> Code:
        inner, index = self.style.operand(consumer, position)
        if not index and type(inner) is not Const:
            return self._known(inner)
        op = consumer.op
        if isinstance(inner, Const) and self.style.needs_dtype(consumer, position):
            return self.style.typed_constant(inner)
        spread = isinstance(op, Primitive) and (op.kind == "elementwise" or op.assigns or op is add)
        spread = spread and not self.style.is_index(consumer, position)
        code = self._code(inner, scalar=spread)
        if not index:
            return code
        return Code((code.text if code.binding == ATOM else f"({code.text})") + index)

    def _code(self, node: Node, scalar: bool) -> Code:
        if isinstance(node, Const):
            return self.style.constant(node) if scalar or node.shape == () else self.style.array_constant(node)
        return self._known(node)

    def _known(self, node: Node) -> Code:
        """Return the code of `node`: made now if all printed lines look through it, and only a comment speaks of it."""
        if node not in self._codes:
            if isinstance(node, Output):  # a result that nothing printed needs
                return Code(result_names(node.source)[node.index])
            assert isinstance(node, Apply)
            operands = [self._operand(node, position) for position in range(len(node.args))]
            self._codes[node] = fill(self.style.template(node), operands)
        return self._codes[node]

    def _accumulate(self, node: Apply, lines: list[Line] | None) -> None:
        """Write a long sum as several lines, some terms on each, added from left to right."""
        name = self._name(node)
        text = ""
        for position, arg in enumerate(node.args):
            code = self._operand(node, position)
            if position == 0:
                text = code.text
            else:
                text = fill("{0} - {1}" if is_subtracted(arg) else "{0} + {1}", [Code(text), code]).text
            if position % _TERMS == _TERMS - 1 or position == len(node.args) - 1:
                if lines is not None:
                    lines.append(Line(name, text, self._origin(node) if position < _TERMS else ""))
                text = name
        self._texts[node] = f"{name} = a sum of {len(node.args)} terms"
        self._codes[node], self._weights[node] = Code(name), 0

    def _stands_alone(self, node: Node, code: Code, weight: int) -> bool:
        if (
            node in self.graph.names
            or node in self.count_names
            or node in self._crossing
            or node in self.shared.wanted
            or self._uses.get(node, 0) > 1
        ):
            return True
        return len(code.text) > _INLINE_LENGTH or weight > _INLINE_WEIGHT

    # --- names and comments -------------------------------------------------------------------------------------------

    def _name(self, node: Node) -> str:
        name = self._chosen_name(node)
        self._bare[node] = name
        return name

    def _chosen_name(self, node: Node) -> str:
        if node in self.count_names:
            return self.count_names[node]
        user = self.graph.names.get(node)
        if user is not None:
            return self.names.fresh(user)
        adjoint = self.adjoint_name(node)
        if adjoint is not None:
            return self.names.fresh(adjoint)
        if isinstance(node, Apply) and len(node.args) == 1:
            arg = node.args[0]
            op = node.op
            if isinstance(op, Primitive) and op.kind == "elementwise" and op.public and op.name not in _OPERATOR_NAMES:
                below = self.input_names.get(arg) or self.graph.names.get(arg)
                if below is not None and len(below) <= 12:
                    return self.names.fresh(f"{op.name}_{below}")
        return self.names.numbered("t")

    def _origin(self, node: Node) -> str:
        """Return the forward line in which the primal of an adjoint is used."""
        primal = self.schedule.adjoint_of.get(node)
        return "; ".join(self.shared.hosts.get(primal, ())) if primal is not None else ""

    def _find_hosts(self) -> None:
        """For every forward node find the lines that use it, for the comments of its adjoint."""
        line_of: dict[Node, str] = {}
        for node in reversed(self.schedule.forward):
            if not isinstance(node, Apply):
                continue
            line = self._texts.get(node) or line_of.get(node) or f"L = {self._codes[node].text}"
            for arg in node.args:
                line_of.setdefault(arg, line)
                found = self.shared.hosts.setdefault(arg, [])
                if line not in found and len(found) < 2 and len(line) <= 60:
                    found.append(line)


def _is_fresh(node: Node) -> bool:
    """Tell whether an array is computed entry by entry, into new memory."""
    if not isinstance(node, Apply) or not isinstance(node.op, Primitive):
        return False
    return node.op is add or (node.op.kind == "elementwise" and node.op.memory == "fresh")


_OPERATOR_NAMES = frozenset(("negative", "add", "multiply", "divide"))


def longest(lines: Iterable[Line]) -> int:
    """Return the length of the longest line."""
    return max((len(line.name) + 3 + len(line.text) for line in lines), default=0)
