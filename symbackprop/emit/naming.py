"""What nodes are called, and what comments say of them."""

from __future__ import annotations

from collections import Counter

from symbackprop.emit.lines import with_name
from symbackprop.emit.names import Names, is_number
from symbackprop.emit.schedule import Schedule
from symbackprop.emit.shared import Shared
from symbackprop.emit.style import TargetStyle
from symbackprop.emit.template import Code
from symbackprop.emit.uses import Uses
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, Node, Output
from symbackprop.ops.bodies import bound_by
from symbackprop.ops.broadcasting import reshape
from symbackprop.ops.declare import Primitive
from symbackprop.ops.layout import transpose
from symbackprop.ops.windows import sliding_windows

__all__ = ["Naming"]

_BESIDE_REMARK = 36  # characters of a forward line that is quoted behind a remark
_OPERATOR_NAMES = frozenset(("negative", "add", "multiply", "divide"))


def _windows_stem(node: Apply) -> str | None:
    """Return what people of neural networks call sliding windows, and what these become as a matrix."""
    inner: Node = node.args[0] if node.op is reshape else node
    if isinstance(inner, Apply) and inner.op is transpose:
        inner = inner.args[0]
    if not isinstance(inner, Apply) or inner.op is not sliding_windows:
        return None
    return "columns" if node.op is reshape else "windows"


class Naming:
    """The part of a writer that gives names, and that finds the forward lines which comments quote."""

    graph: Graph
    schedule: Schedule
    names: Names
    input_names: dict[Node, str]
    count_names: dict[Node, str]
    shared: Shared
    style: TargetStyle
    _uses: Uses
    _bare: dict[Node, str]  # the nodes that are printed as a name
    _codes: dict[Node, Code]
    _texts: dict[Node, str]  # the lines of nodes
    _forward_nodes: set[Node]
    _results: dict[Node, dict[int, Node]]
    _names_once: set[str] | None = None  # the names that only one node of the forward part has

    def telling_name(self, node: Node) -> str | None:
        """Return the name of a node, unless it is a mere number of it."""
        name = self._bare.get(node)
        return None if name is None or is_number(name) else name

    def renamed(self, old: str, new: str) -> None:
        """Note that a variable has got another name."""
        for node, name in self._bare.items():
            if name == old:
                self._bare[node] = new
        for node, text in self._texts.items():
            self._texts[node] = with_name(text, old, new)

    def adjoint_name(self, node: Node) -> str | None:
        """Return the name of an adjoint, after what it belongs to; None for any other node."""
        if node in self.shared.primal or node in self._forward_nodes:
            return None
        for primal in self.shared.primals.get(node, ()):
            name = self._bare.get(primal) or self.shared.bare.get(primal)
            if name is not None:
                return f"{name}_bar"
        return None

    def arrays(self) -> dict[str, Node]:
        """Return the names of arrays, and of scalars where there are no arrays and these may stand for some."""
        found: dict[str, Node] = {
            name: node
            for node, name in self._bare.items()
            if node not in self.input_names and node not in self.count_names and isinstance(node, (Apply, Output))
        }
        arrays = {name: node for name, node in found.items() if node.shape}
        return arrays or (found if self.style.target == "numpy" else {})

    def name_again(self, node: Node) -> str | None:
        """Return for what is computed again the name that it had, if that was its own."""
        original = self.schedule.originals.get(node)
        if original is None:
            return None
        if self._names_once is None:
            times = Counter(name for known, name in self._bare.items() if known in self._forward_nodes)
            self._names_once = {name for name, count in times.items() if count == 1}
        name = self._bare.get(original)
        return name if name in self._names_once else None

    def note_text(self, node: Node, text: str) -> None:
        """Say what comments quote for `node`."""
        for named in (node, *self._results.get(node, {}).values()):
            self._texts[named] = text

    def _name(self, node: Node) -> str:
        name = self._sum_so_far(node) or self._chosen_name(node)
        self._bare[node] = name
        return name

    def _sum_so_far(self, node: Node) -> str | None:
        """Return the name of the sum that `node` goes on with."""
        sums = self.schedule.sums
        begun = node.args[0] if sums and isinstance(node, Apply) and node.args else None
        if begun is None or sums.get(begun) is not sums.get(node, node) or self._uses.counts.get(begun) != 1:
            return None  # it is another sum, or somebody else needs what there is so far
        return self._bare.get(begun)

    def _chosen_name(self, node: Node) -> str:
        if node in self.count_names:
            return self.count_names[node]
        again = self.name_again(node)
        if again is not None:
            return again
        user = self.graph.names.get(node)
        if user is not None:
            return self.names.fresh(user)
        adjoint = self.adjoint_name(self.schedule.sums.get(node, node))
        if adjoint is not None:
            return self.names.fresh(adjoint)
        if isinstance(node, Apply) and len(node.args) == 1:
            arg = node.args[0]
            op = node.op
            if isinstance(op, Primitive) and op.kind == "elementwise" and op.public and op.name not in _OPERATOR_NAMES:
                below = self.input_names.get(arg) or self.graph.names.get(arg)
                if below is not None and len(below) <= 12:
                    return self.names.fresh(f"{op.name}_{below}")
            if (stem := _windows_stem(node)) is not None:
                return self.names.fresh(stem)
        return self.names.numbered("t")

    def _origin(self, node: Node) -> str:
        """Return the forward line in which the primal of an adjoint is used."""
        primal = self.schedule.adjoint_of.get(node)
        hosts = self.shared.hosts.get(primal, ()) if primal is not None else ()
        remark = self.graph.remarks.get(node)
        if remark is None:
            return "; ".join(hosts)
        short = [host for host in hosts if len(host) <= _BESIDE_REMARK]
        return f"{remark}: {short[0]}" if short else remark

    def _find_hosts(self) -> None:
        """For every forward node find the lines that use it, for the comments of its adjoint."""
        line_of: dict[Node, str] = {}
        for node in reversed(self.schedule.forward):
            if not isinstance(node, Apply):
                continue
            if (line := self._texts.get(node) or line_of.get(node)) is None:
                line = f"L = {self._codes[node].text}" if node in self._codes else ""
            inside = bound_by(node)
            for position, arg in enumerate(node.args):
                line_of.setdefault(arg, line)
                lines = [line] if not inside else self.shared.hosts.get(inside[position], ())
                found = self.shared.hosts.setdefault(arg, [])
                found += [own for own in lines if own not in found and len(own) <= 60][: 2 - len(found)]
