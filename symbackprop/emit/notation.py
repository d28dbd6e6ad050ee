"""The textbook's names for the backward pass of a network: deltas, and which equation of backpropagation a line is.

With layers ``z_l = W_l a_(l-1) + b_l``, ``a_l = f(z_l)``, cost C and ``delta_l = dC/dz_l`` (Rumelhart, Hinton and
Williams, 1986; numbered as in Nielsen, 2015, chapter 2):

    BP1  delta_L = grad_a C * f'(z_L)            BP3  dC/db_l = delta_l
    BP2  delta_l = (W_(l+1)^T delta_(l+1)) * f'(z_l)  BP4  dC/dW_l = delta_l a_(l-1)^T

A number that multiplies all deltas, such as 1/m of a mean, may be taken out of them: they are then those of the single
examples, and the number stands before sums and products over these.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, Node
from symbackprop.ops.arithmetic import add, div, mul
from symbackprop.ops.broadcasting import broadcast, reduce_sum
from symbackprop.ops.contraction import einsum
from symbackprop.ops.exponential import exp

__all__ = ["in_notation"]

_NAME = re.compile(r"([Wbz])(\d*(?:_\w+)?)")  # of a weight, a bias, or what a layer sums up


def in_notation(graph: Graph, notation: str) -> Graph:
    """Return a graph whose adjoints have the names of a notation, and whose comments say which equation they are."""
    if notation != "backpropagation" or not graph.adjoints:
        return graph
    primal = set(graph.primal_nodes)
    names, remarks, adjoints = dict(graph.names), dict(graph.remarks), dict(graph.adjoints)
    derivatives = _derivatives(graph, primal)
    sums = {
        found[2]: node for node, name in graph.names.items() if (found := _NAME.fullmatch(name)) and found[1] == "z"
    }
    deltas = _deltas(graph, primal, derivatives, sums)
    for delta, suffix in deltas.items():
        names.setdefault(delta, f"delta{suffix}")
        if suffix in sums:
            adjoints[sums[suffix]] = delta
    first = next((node for node in graph.nodes() if node in deltas), None)
    remarks.update((delta, "BP1" if delta is first else "BP2") for delta in deltas)
    for name, node in derivatives.items():
        found = _NAME.fullmatch(name)
        if found is not None and isinstance(node, Apply) and node not in names and node not in primal:
            names[node] = f"{name}_bar"
            remarks[node] = "BP4" if found[1] == "W" else "BP3"
    for node in graph.nodes():
        if node not in primal and node not in names and _is_softmax(node):
            names[node] = "p"
    return replace(graph, names=names, remarks=remarks, adjoints=adjoints)


def _derivatives(graph: Graph, primal: set[Node]) -> dict[str, Node]:
    """Return the derivatives among the outputs, by the inputs that they are with respect to."""
    pairs = zip(graph.labels, graph.outputs, strict=True)
    return {label.wrt: node for label, node in pairs if label.wrt is not None and node not in primal}


def _deltas(graph: Graph, primal: set[Node], derivatives: dict[str, Node], sums: dict[str, Node]) -> dict[Node, str]:
    """Return the adjoints of what layers sum up, up to a number that was taken out, with what their names end in."""
    found: dict[Node, str] = {}
    nodes = set(graph.nodes())
    for suffix, node in sums.items():
        adjoint = graph.adjoints.get(node)
        if adjoint in nodes and adjoint not in primal and isinstance(adjoint, Apply):
            found.setdefault(adjoint, suffix)
    entering = _entering(graph)
    again = {} if graph.recomputation is None else graph.recomputation.originals
    for name, node in derivatives.items():
        weight = _NAME.fullmatch(name)
        if weight is None or weight[1] != "W" or weight[2] in found.values():
            continue
        for product in _products(node):
            others = [arg for arg in product.args if again.get(arg, arg) not in entering.get(name, ())]
            if len(others) == 1 and isinstance(others[0], Apply):
                found.setdefault(others[0], weight[2])
    return found


def _entering(graph: Graph) -> dict[str, set[Node]]:
    """Return for each weight by name the values that it is multiplied with."""
    weights = {node: spec.name for spec, node in zip(graph.arguments, graph.inputs, strict=True)}
    found: dict[str, set[Node]] = {}
    for node in graph.primal_nodes:
        if isinstance(node, Apply) and node.op is einsum and len(node.args) == 2:
            for weight, other in (node.args, node.args[::-1]):
                if weight in weights:
                    found.setdefault(weights[weight], set()).add(other)
    return found


def _products(node: Node) -> Iterator[Apply]:
    """Yield the contractions of two arrays that a derivative is the sum of, numbers before them left out."""
    for term in node.args if isinstance(node, Apply) and node.op is add else (node,):
        if isinstance(term, Apply) and term.op is mul:
            term = next((arg for arg in term.args if isinstance(arg, Apply) and arg.op is einsum), term)
        if isinstance(term, Apply) and term.op is einsum and len(term.args) == 2:
            yield term


def _is_softmax(node: Node) -> bool:
    """Tell whether a node is ``exp(x) / sum(exp(x))``."""
    if not isinstance(node, Apply) or node.op is not div:
        return False
    top, bottom = node.args
    if not isinstance(top, Apply) or top.op is not exp or not isinstance(bottom, Apply) or bottom.op is not broadcast:
        return False
    (total,) = bottom.args
    return isinstance(total, Apply) and total.op is reduce_sum and total.args[0] is top
