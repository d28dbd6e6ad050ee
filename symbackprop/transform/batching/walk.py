"""The walk over a graph that gives the values which depend on a batch a leading axis.

Every node is looked at once, arguments before what uses them. What no batch reaches stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from symbackprop.ir.graph import Graph, children, topological
from symbackprop.ir.node import Apply, Input, Node, Output, make_output
from symbackprop.ir.size import Size, names
from symbackprop.ops.broadcasting import rebuilt
from symbackprop.ops.declare import results
from symbackprop.simplify.guard import guard_branches
from symbackprop.simplify.loops.bodies import in_bodies
from symbackprop.simplify.pattern import Rewrites
from symbackprop.transform.batching import matrices
from symbackprop.transform.batching.call import Call, Made, refused, whole
from symbackprop.transform.batching.rules import rule_of
from symbackprop.transform.batching.turning import unturned

__all__ = ["batched", "batched_outputs"]


def batched(graph: Graph, inputs: Mapping[Node, Made], size: Size, log: Rewrites | None = None) -> Graph:
    """Return `graph` for many examples at once.

    Parameters
    ----------
    graph : Graph
        What is computed for one example.
    inputs : mapping of Node to Made
        What has become of the inputs that differ from one example to the next.
    size : Size
        The number of examples.
    log : Rewrites, optional
        Where it is counted what is made safe, since both branches of a choice are computed.

    Returns
    -------
    Graph
        Its outputs and primals have the axis of the batch in front; its arguments are those of `graph`.
    """
    walk = _Walk(size)
    nodes = graph.nodes()
    found = walk.follow(nodes, dict(inputs))
    walk.inner.update(found)
    counts = _counts(graph, found)
    new = {node: made.node for node, made in walk.inner.items()}
    new.update((root, _whole(_present(root, found), size)) for root in (*graph.primals, *graph.outputs))
    kept = _named(replace(graph, counts=counts).mapped(new))
    return _guarded(kept, Rewrites() if log is None else log) if walk.chooses else kept


def batched_outputs(outputs: Sequence[Node], known: Mapping[Node, Made], size: Size) -> list[Made]:
    """Return what `outputs` become for many examples, where what they are computed from has become what is `known`.

    Raises
    ------
    UnsupportedError
        On what has no rule; and where examples choose different branches, which would have to be made safe.
    """
    walk = _Walk(size)
    found = walk.made(outputs, known)
    if walk.chooses:
        refused("a choice", "examples choose different branches")
    return found


def _named(graph: Graph) -> Graph:
    """Return a graph in which names of what loops read and write are those of the arrays with steps first."""

    def shown(node: Node) -> Node:
        back = unturned(node)
        return node if back is None or isinstance(back, Input) else back

    names = {shown(node): name for node, name in graph.names.items()}
    return replace(graph, names=names, adjoints={shown(a): shown(b) for a, b in graph.adjoints.items()})


def _whole(made: Made, size: Size) -> Node:
    return made.node if made.moved else whole(made.node, size)


def _counts(graph: Graph, found: Mapping[Node, Made]) -> dict[str, Node]:
    """Return what defines sizes when it runs, without what nothing needs; it is the same for all examples."""
    differing = {name for name, node in graph.counts.items() if node not in found or found[node].moved}
    if differing:
        made = topological([_present(root, found).node for root in (*graph.primals, *graph.outputs, *graph.forward)])
        for name in sorted({name for node in made for size in node.shape for name in names(size)} & differing):
            _present(graph.counts[name], found)
            refused(graph.counts[name].describe(), f"the size {name} differs from one example to the next")
    return {name: node for name, node in graph.counts.items() if name not in differing}


def _guarded(graph: Graph, log: Rewrites) -> Graph:
    """Return a graph in which what is computed of a branch that is not taken cannot fail."""
    return guard_branches(in_bodies(graph, lambda bodies: _guarded(bodies, log)), log)


class _Walk:
    """Follows a batch through a graph, and through the bodies that it runs."""

    def __init__(self, size: Size) -> None:
        self.size = size
        self.inner: dict[Node, Made] = {}  # what nodes of bodies have become, for their names
        self.chooses = False

    def made(self, outputs: Sequence[Node], known: Mapping[Node, Made]) -> list[Made]:
        found = self.follow(topological(outputs, known=known), dict(known))
        every = [_present(node, found) for node in outputs]
        self.inner.update({node: made for node, made in found.items() if node not in self.inner})
        return every

    def note_choice(self) -> None:
        self.chooses = True

    def follow(self, nodes: Sequence[Node], found: dict[Node, Made]) -> dict[Node, Made]:
        """Return what `nodes` have become, beside what is `found` already."""
        several: dict[Node, list[Made]] = {}
        for node in nodes:
            if node in found:
                continue
            if isinstance(node, Output) and node.source in several:
                made = several[node.source]
                if node.index < len(made):
                    found[node] = made[node.index]
                continue
            become = [_present(child, found) for child in children(node)]
            is_matrix = isinstance(node, Apply) and node.op in matrices.RULES  # one of all examples, in any case
            if not is_matrix and not any(made.moved for made in become):
                found[node] = Made(_with_arguments(node, [made.node for made in become]), False)
                continue
            assert isinstance(node, Apply)
            call = Call(node, tuple(m.node for m in become), tuple(m.moved for m in become), self)
            new = rule_of(call)(call)
            if call.op.outputs:
                several[node] = _results(new)
                found[node] = Made(node, False)  # of which nothing but results is read
            else:
                assert isinstance(new, Node)
                found[node] = Made(new, True)
        return found


def _results(made: Node | list[Made]) -> list[Made]:
    """Return the results of a node that has several."""
    if isinstance(made, list):
        return made
    assert isinstance(made, Apply)
    return [Made(result, True) for result in results(made)]


def _present(node: Node, found: Mapping[Node, Made]) -> Made:
    """Return what a node has become; a count of steps that differs from one example to the next has become nothing."""
    made = found.get(node)
    if made is None:
        assert isinstance(node, Output)
        refused(
            node.source.op.name,
            "the number of its steps differs from one example to the next, and the way back over them with it; use scan "
            "with a fixed number of steps",
        )
    return made


def _with_arguments(node: Node, args: Sequence[Node]) -> Node:
    if isinstance(node, Apply):
        return rebuilt(node, tuple(args))
    if isinstance(node, Output):
        return make_output(args[0], node.index, node.shape, node.dtype)  # type: ignore[arg-type]
    return node
