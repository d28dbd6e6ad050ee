"""From scheduled nodes to lines: which nodes get a name, which are written into the line that uses them.

A node gets a line of its own if the user named it, if more than one line uses it, if the other part (forward or
backward) uses it, or if its text would make a line that no person would write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import groupby

from symbackprop.emit.again import again_line
from symbackprop.emit.branches import shared_by_branches
from symbackprop.emit.control import write_control
from symbackprop.emit.filling import Filling
from symbackprop.emit.lines import Line, Made
from symbackprop.emit.made import about, is_fresh, made_of
from symbackprop.emit.names import Names
from symbackprop.emit.quick import quick_template
from symbackprop.emit.schedule import Schedule
from symbackprop.emit.shared import Shared, shared_of
from symbackprop.emit.style import TargetStyle
from symbackprop.emit.template import ATOM, BELOW_PRODUCT, Code, fill
from symbackprop.emit.uses import Uses
from symbackprop.ir.dtype import is_narrow
from symbackprop.ir.graph import Graph, topological
from symbackprop.ir.node import Apply, Const, Node, Output
from symbackprop.ir.size import SizeExpression
from symbackprop.ops.arithmetic import add, div, is_subtracted, mul
from symbackprop.ops.broadcasting import sized
from symbackprop.ops.declare import Primitive, result_names
from symbackprop.ops.opaque import opaque
from symbackprop.stages import watched

__all__ = ["Line", "Writer"]

_INLINE_LENGTH = 44  # characters of an expression that may still stand inside another
_INLINE_WEIGHT = 4  # operations of such an expression
_QUOTIENTS = (mul, div)
_TERMS = 8  # terms of a sum on one line


@dataclass
class Writer(Filling):
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
    in_buffers: bool = False  # whether arrays are written into memory that is given
    turned: Set[Node] = frozenset()  # arrays that are not, as they lie otherwise than row by row
    in_rows: Set[Node] = frozenset()  # arrays of a step that are written where they are stacked

    def __post_init__(self) -> None:
        if self.shared is None:
            self.shared = shared_of(self.graph, self.names)
        self._codes: dict[Node, Code] = dict(self.input_codes)
        self._weights: dict[Node, int] = {}
        self._bare: dict[Node, str] = dict(self.input_names)
        self._forward_nodes = set(self.schedule.forward)
        self._host: dict[Node, Node] = {}
        self._texts: dict[Node, str] = {}
        self._fixed: set[Node] = set()
        self._owned: set[Node] = set()
        self._inlined: dict[Node, Made] = {}
        self._results: dict[Node, dict[int, Node]] = {}
        self._loop_indices: list[str] = []
        self._in_branches: dict[tuple[Node, int], list[tuple[Mapping[Node, Node], dict[Node, Code]]]] = {}
        self.shared.wanted |= shared_by_branches([*self.schedule.forward, *self.schedule.backward])
        for node in (*self.schedule.forward, *self.schedule.backward):
            if isinstance(node, Output) and node in self.schedule.needed:
                self._results.setdefault(node.source, {})[node.index] = node
        self.style.is_name = self._bare.__contains__
        for node, name in self.input_names.items():
            self._codes[node] = Code(name)
        self._uses = Uses(self.schedule, self.style, (*self.graph.outputs, *self.count_names))

    # --- bodies -------------------------------------------------------------------------------------------------------

    def inner(
        self,
        outputs: Sequence[Node],
        codes: dict[Node, Code],
        is_forward: bool,
        known: Iterable[Node] = (),
        in_rows: Set[Node] = frozenset(),
    ) -> Writer:
        """Return the writer of a body, which has written its lines; the code of what it binds is given."""
        nodes = topological(outputs, known=known)
        adjoint_of = {} if is_forward else self.shared.adjoints_among(nodes)
        if is_forward:
            self.shared.primal.update(nodes)
        schedule = Schedule(nodes if is_forward else [], [] if is_forward else nodes, set(nodes), adjoint_of)
        return self.inner_of(schedule, outputs, codes, self.graph.names, in_rows=in_rows)

    def inner_of(
        self,
        schedule: Schedule,
        outputs: Sequence[Node],
        codes: dict[Node, Code],
        names: Mapping[Node, str],
        *,
        in_buffers: bool = False,
        in_rows: Set[Node] = frozenset(),
    ) -> Writer:
        """Return the writer of a body whose nodes are scheduled, and may have names of the user's."""
        graph = Graph((), (), tuple(outputs), tuple(outputs), (), names=names)
        bare = {node: code.text for node, code in codes.items() if code.text.isidentifier()}
        inner = Writer(
            graph, schedule, self.style, self.names, bare, constants=self.constants, shared=self.shared,
            depth=self.depth + 1, input_codes=codes, in_buffers=in_buffers, in_rows=in_rows,
        )  # fmt: skip
        inner.write()
        self.style.is_name = self._bare.__contains__
        return inner

    @property
    def lines(self) -> list[Line]:
        """All lines, forward ones first."""
        return [*self.forward, *self.backward]

    def finish(self) -> None:
        """Tell the others what is known of the nodes of this body, once its names are settled."""
        self.shared.bare.update((node, name) for node, name in self._bare.items() if node in self.shared.primal)
        self._find_hosts()

    def known_in_branch(self, chooser: Node, branch: int, bound: Mapping[Node, Node]) -> dict[Node, Code]:
        """Return what the same branch of an earlier choice has computed of the same, by its names there."""
        found: dict[Node, Code] = {}
        for earlier, codes in self._in_branches.get((chooser, branch), ()):
            if all(bound.get(node, arg) is arg for node, arg in earlier.items()):
                found.update(codes)  # nothing here reads what is not bound
        return found

    def remember_branch(self, chooser: Node, branch: int, bound: Mapping[Node, Node], inner: Writer) -> None:
        """Note what a branch has itself computed that has a name: what was known to it depends on other bindings too."""
        codes = {node: Code(name) for node, name in inner._bare.items() if node not in inner.input_codes}
        self._in_branches.setdefault((chooser, branch), []).append((bound, codes))

    def results_of(self, node: Apply) -> dict[int, Node]:
        """Return the needed ones of several results."""
        return self._results.get(node, {})

    def uses_of(self, node: Node) -> int:
        """Return in how many places the text of `node` stands."""
        return self._uses.counts.get(node, 0)

    def bind(self, node: Node, name: str) -> None:
        """Give a node its name."""
        self._bare[node] = name
        self._codes[node], self._weights[node] = Code(name), 0

    def operand_code(self, node: Node) -> Code:
        """Return the code of an argument of a loop."""
        return self._code(node, scalar=False)

    def operand_text(self, node: Node) -> str:
        """Return the text of an argument of a loop."""
        return self.operand_code(node).text

    # --- the whole ----------------------------------------------------------------------------------------------------

    def write(self) -> None:
        """Fill `forward` and `backward`."""
        for node in watched(self.schedule.forward):
            self._place(node, self.forward if node in self.schedule.needed else None)
        if not self.depth or self.in_buffers:  # the names of a body settle later: see `finish`
            self._find_hosts()
        for turn, piece in groupby(self.schedule.backward, self.schedule.turns.get):
            nodes, start = [*piece], len(self.backward)
            for node in watched(nodes):
                self._place(node, self.backward)
            if turn is not None and not turn[1] and len(self.backward) > start:
                self.backward.insert(start, again_line(nodes, self._bare, self._forward_nodes))

    def result(self, node: Node) -> Code:
        """Return the code of an output."""
        if isinstance(node, Const):
            typed = not node.shape and is_narrow(node.dtype)
            return self.style.typed_constant(node) if typed else self.style.array_constant(node)
        return self._codes[node]

    def is_bare(self, node: Node) -> bool:
        """Tell whether `node` is printed as a name."""
        return node in self._bare

    # --- lines --------------------------------------------------------------------------------------------------------

    def _place(self, node: Node, lines: list[Line] | None) -> None:
        """Give `node` its code, and a line in `lines` unless it is written where it is used."""
        op = node.op
        if not isinstance(op, Primitive) or not isinstance(node, Apply):
            return  # results are named where their source is unpacked
        if lines is not None and not self._uses.counts.get(node):
            return  # every use looks through it
        if op is add and len(node.args) > _TERMS:
            self._accumulate(node, lines)
            return
        if op.has_bodies:
            write_control(self, node, lines if lines is not None else [])
            return
        operands = self._operands(node)
        if op.lines is not None and (templates := op.lines(node, self.style)):
            self._fill_buffer(node, operands, templates, lines)
            return
        if op.infer_outputs is not None and node in self._results:
            self._unpack(node, operands, lines)
            return
        if op is sized and node not in self.graph.names:  # the same array under another shape
            self._codes[node], self._weights[node] = operands[0], self._weights.get(node.args[0], 0)
            if node.args[0] in self._bare:
                self._bare[node] = self._bare[node.args[0]]
            return
        template = self.style.template(node)
        if self.style.is_fast and not self.in_buffers:
            template = quick_template(node, template)
        is_step = self.style.has_large and self.depth > 0
        made = made_of(self, node, template, operands) if self.in_buffers or is_step else None
        code = fill(template, operands)
        if op in _QUOTIENTS and self.style.operand(node, 0)[0].dtype == "bool":  # -(mask / n), as NumPy negates no mask
            code = Code(code.text, BELOW_PRODUCT)
        if node.weak and self._is_fixed(node):
            self._place_constant(node, code)
            return
        weight, weights = 1, self._weights
        for arg in node.args:
            weight += weights.get(arg, 0)
        is_written = made is not None and (self.in_buffers or node in self.in_rows)
        if is_written or self._stands_alone(node, code, weight):
            name = self._name(node)
            self._texts[node] = f"{name} = {code.text}"
            if lines is not None:
                own = made if is_written else None
                lines.append(Line(name, code.text, self._origin(node), made=own, is_fresh=is_fresh(node)))
            code, weight = Code(name), 0
        elif made is not None:
            self._inlined[node] = made
        self._codes[node] = code
        self._weights[node] = weight

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
        if node in self._uses.outer_constants:
            name = self._bare[node] = self.names.numbered("c")
            self.constants.append(Line(name, code.text))
            self._codes[node] = Code(name)

    def _unpack(self, node: Apply, operands: list[Code], lines: list[Line] | None) -> None:
        """Write the line that gives the needed ones of several results their names."""
        op = node.op
        assert isinstance(op, Primitive)
        found = self._results[node]
        for index, output in sorted(found.items()):
            user = self.graph.names.get(output) or (self.adjoint_name(output) if op is opaque else None)
            self._bare[output] = self.name_again(output) or self.names.fresh(user or result_names(node)[index])
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
            known = {"{out}": first, **{f"{{out{index}}}": self._bare[output] for index, output in found.items()}}
            lines.extend(Line("", statement) for statement in about(statements, known))

    def _operands(self, consumer: Apply) -> list[Code]:
        """Return the codes of all arguments."""
        codes = self._codes
        return [
            (None if index or type(inner) is Const else codes.get(inner)) or self._operand(consumer, position)
            for position, (inner, index) in enumerate(self.style.operands(consumer))
        ]

    def _operand(self, consumer: Apply, position: int) -> Code:
        inner, index = self.style.operand(consumer, position)
        if not index and type(inner) is not Const:
            return self._known(inner)
        if isinstance(inner, Const) and self.style.needs_dtype(consumer, position):
            return self.style.typed_constant(inner)
        code = self._code(inner, scalar=self.spreads(consumer, position))
        if not index:
            return code
        return Code((code.text if code.binding == ATOM else f"({code.text})") + index)

    def spreads(self, consumer: Apply, position: int) -> bool:
        """Tell whether NumPy makes an array of a number that stands for an argument."""
        op = consumer.op
        spread = isinstance(op, Primitive) and (op.kind == "elementwise" or op.assigns or op is add)
        return spread and not self.style.is_index(consumer, position)

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
            or node in self._uses.crossing
            or node in self.shared.wanted
            or self._uses.counts.get(node, 0) > 1
        ):
            return True
        return len(code.text) > _INLINE_LENGTH or weight > _INLINE_WEIGHT
