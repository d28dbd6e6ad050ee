"""Logistic functions of arrays, alone and computed together.

A sigmoid alone is ``1/(1 + exp(-x))``, half of the work of what does not overflow. Here overflow is harmless: what
becomes 0 is less than the smallest normal number. The printed function asks NumPy not to warn of it (`emit.harmless`),
so nothing else in the formula may overflow as easily; and nothing may make much of so small a number, as its logarithm
and its root do, before something is added to it. Half precision ends so early that it has the longer form always.

The sigmoid is also the slope of the softplus function ``v = log(1 + exp(x))``, and ``-expm1(-v)``: where a formula has
both, as the logistic loss has with its gradient, one `logaddexp` and one `expm1` serve, three calls for ten. The error
of `v` is not enlarged: by a factor of ``v*exp(-v)/(1 - exp(-v))``, which is at most 1.

Code that works in buffers, for arrays of many entries, has another form of both (`emit.decay`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set

from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, Node, constant
from symbackprop.ops.arithmetic import add, div, neg
from symbackprop.ops.bodies import nodes_within
from symbackprop.ops.exponential import exp, exp2, expm1, log, log2, log10, logaddexp
from symbackprop.ops.hyperbolic import cosh, sinh
from symbackprop.ops.logistic import expit, expit_slope, log_expit, softplus
from symbackprop.ops.powers import cbrt, pow_, root, sqrt
from symbackprop.simplify.applied import args_of, is_applied
from symbackprop.simplify.pattern import Rewrites, with_new_arguments

__all__ = ["may_overflow", "with_few_calls_to_sigmoids"]

_SHARED = "softplus and its slope"
_ALONE = "sigmoid alone"
_LOGISTIC = frozenset((expit, expit_slope, log_expit, softplus))
_DTYPES = ("float32", "float64")
_EXPLOSIVE = frozenset((exp, exp2, expm1, cosh, sinh, pow_))
_MAGNIFYING = frozenset((cbrt, log, log2, log10, pow_, root, sqrt))


def may_overflow(graph: Graph) -> bool:
    """Tell whether a graph, or a body of a loop or branch in it, has anything that overflows as easily as a sigmoid does."""
    return any(node.op in _EXPLOSIVE for node in nodes_within(graph.nodes()))


def with_few_calls_to_sigmoids(graph: Graph, log: Rewrites, *, quiet: bool = True) -> tuple[Graph, set[Node]]:
    """Return `graph` with sigmoids and softplus functions of arrays in few calls, and what is new, or of what is new.

    None of them overflows unless the function may be `quiet` about that.
    """
    if not graph.applies(*_LOGISTIC):
        return graph, set()
    groups: dict[Node, list[Apply]] = defaultdict(list)
    found = [node for node in graph.nodes() if isinstance(node, Apply) and node.op in _LOGISTIC]
    needed = graph.needed(graph.counts) if found else set()
    for own in found:
        if own.shape and not own.segment and own in needed:
            x = own.args[0]
            groups[args_of(x)[0] if is_applied(x, neg) else x].append(own)
    alone = {group[0] for group in groups.values() if quiet and len(group) == 1 and group[0].op is expit}
    alone = _harmless(alone, [node for node in graph.nodes() if node in needed]) if alone else alone
    shared = {node for group in groups.values() if _share_softplus(group) for node in group}
    shared |= {node for node in found if node not in needed and node.shape and node.op in (log_expit, softplus)}
    if not alone and not shared:
        return graph, set()
    log[_SHARED] += len(shared)
    log[_ALONE] += len(alone)
    new: dict[Node, Node] = {}
    as_before: set[Node] = set()
    for node in graph.nodes():
        if node in alone:
            new[node] = div(1, 1 + exp(_negative(new[node.args[0]])))
        elif node in shared:
            new[node] = _of_softplus(node, new)
        else:
            new[node] = with_new_arguments(node, new)
            if not any(new[arg].op is not arg.op for arg in node.args):
                as_before.add(new[node])
    changed = graph.mapped(new)
    return changed, set(changed.nodes()) - as_before


def _harmless(sigmoids: Set[Apply], nodes: Sequence[Node]) -> set[Apply]:
    """Return those of some sigmoids that may be 0 where they are less than the smallest normal number.

    Nothing may divide by them, or take a logarithm or root of them, before something is added.
    """
    magnified: set[Node] = set()
    for user in reversed(nodes):
        op = user.op
        if op in _EXPLOSIVE:
            return set()
        if op in _MAGNIFYING or (op is not add and user in magnified):
            magnified.update(user.args)
        elif op is div:
            magnified.add(user.args[1])
    return {node for node in sigmoids if node.dtype in _DTYPES and node not in magnified}


def _negative(x: Node) -> Node:
    return args_of(x)[0] if is_applied(x, neg) else neg(x)


def _share_softplus(group: list[Apply]) -> bool:
    """Tell whether logistic functions of x and -x need the softplus function of one of them, and its slope, alone."""
    arguments = {_argument(node) for node in group}
    ops = {node.op for node in group}
    return len(arguments) == 1 and expit_slope not in ops and ops != {expit}


def _argument(node: Apply) -> Node:
    """Return of what an expression needs the softplus function."""
    (x,) = node.args
    return _negative(x) if node.op is log_expit else x


def _of_softplus(node: Apply, new: Mapping[Node, Node]) -> Node:
    x = new[node.args[0]]
    if node.op is log_expit:
        x = _negative(x)
    value = logaddexp(constant(0, x.shape, x.dtype), x)
    if node.op is expit:
        return neg(expm1(neg(value)))
    return neg(value) if node.op is log_expit else value
