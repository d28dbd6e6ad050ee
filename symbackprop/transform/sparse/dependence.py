"""On which entries of its arguments each entry of a node depends, and whether it varies with the arguments of a call.

What an entry is multiplied by decides: where a partial derivative is zero in every call there is no dependence. Entries
that do not vary are known (`known`), so that zeros and masks of the formula are followed through all that has a rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from symbackprop.errors import UnsupportedError
from symbackprop.ir.dtype import is_float
from symbackprop.ir.graph import children
from symbackprop.ir.node import Apply, Const, Input, Node, Operation, Output
from symbackprop.ir.size import product
from symbackprop.ops import primitives
from symbackprop.ops.arithmetic import div, mul
from symbackprop.ops.broadcasting import cast
from symbackprop.ops.comparison import where
from symbackprop.ops.contraction import einsum
from symbackprop.ops.declare import Primitive
from symbackprop.transform.sparse.contracted import contraction_varies
from symbackprop.transform.sparse.known import LARGEST, Flags, Known, either, uniform
from symbackprop.transform.sparse.relations import EVERY
from symbackprop.transform.sparse.rules import OPENING, RULES

__all__ = ["Dependence"]


class Dependence:
    """Finds out what depends on what, of nodes whose arguments come before them.

    Parameters
    ----------
    known : Known
        What is known of values, to which it adds.
    """

    def __init__(self, known: Known) -> None:
        self.known = known
        self._latest: tuple[Node, Sequence[Any]] | None = None

    def study(self, root: Node) -> None:
        """Learn which entries of a node vary, and before it of all that it is made of."""
        waiting = [root]
        while waiting:
            node = waiting[-1]
            below = [child for child in children(node) if child not in self.known]
            if below:
                waiting += below
                continue
            waiting.pop()
            if node not in self.known:
                self.known.learn(node, self._varies(node))

    def relations(self, node: Apply) -> Sequence[Any]:
        """Return for each argument on which of its entries those of a node depend.

        That is a boolean matrix with a row for each entry; True for the one at its own place, an array of bool where it
        does so for some; `EVERY`; or None where there is no dependence.
        """
        if self._latest is not None and self._latest[0] is node:
            return self._latest[1]
        op = node.op
        assert isinstance(op, Primitive)
        if op in RULES:
            return RULES[op](node, self.known)
        if _is_by_entry(op):
            return self._own_places(node, op)
        return [EVERY] * len(node.args)

    def _own_places(self, node: Apply, op: Primitive) -> Sequence[Any]:
        """Each entry depends on those at its place, where the partial derivative is not zero."""
        varies = [self.known.varies(arg) for arg in node.args]
        all_vary = all(own is True for own in varies)
        found: list[Any] = []
        for partial, own in zip(op.partials or (True,) * len(node.args), varies, strict=True):
            if partial is None or own is False:
                found.append(None)
            elif all_vary or not callable(partial) or len(varies) == 1:
                found.append(True)
            else:
                slope = partial(*node.args, node, **dict(node.params))
                self.study(slope)
                zero = self.known.zeros(slope)
                found.append(~zero if isinstance(zero, np.ndarray) else None if zero else True)
        return found

    def _varies(self, node: Node) -> Flags:
        if isinstance(node, Const):
            return False
        if isinstance(node, Input):
            return not self.known.is_given(node)
        if isinstance(node, Output):
            return self.known.varies(node.source)
        assert isinstance(node, Apply)
        states = [self.known.varies(arg) for arg in node.args]
        if all(state is False for state in states):
            return False
        op, size = node.op, product(node.shape)
        assert isinstance(op, Primitive)
        if op.infer_outputs is not None or not isinstance(size, int) or size > LARGEST:
            return True
        if _is_by_entry(op) or op is cast:
            if all(state is True for state in states):
                return True
            return uniform(np.logical_and(either(states), ~np.asarray(_settled(node, states, self.known))))
        if op not in RULES or (op not in OPENING and all(state is True for state in states)):
            return True
        if op is einsum:
            return contraction_varies(node, self.known)
        try:
            self._latest = node, RULES[op](node, self.known)
        except UnsupportedError:  # it is said where it matters
            return True
        return _moved(node, self._latest[1], states)


def _settled(node: Apply, states: Sequence[Flags], known: Known) -> Flags:
    """Return where some arguments make the result of an elementwise operation what it is, whatever the others are."""
    zeros = [known.zeros(arg) for arg in node.args]
    others = [uniform(~np.logical_or(state, zero)) for state, zero in zip(states, zeros, strict=True)]
    if node.op is where:
        fixed = [np.logical_not(state) for state in states]
        chosen = np.logical_and(others[0], fixed[1]) | np.logical_and(zeros[0], fixed[2])
        return uniform(chosen | np.logical_and(zeros[1], zeros[2]))
    if node.op is primitives()["logical_or"]:
        return either(others)
    return either([zeros[place] for place in _ABSORBING.get(node.op, ())])


def _is_by_entry(op: Primitive) -> bool:
    return op.kind == "elementwise" or op.name == "add"


# the arguments of an operation each zero of which makes the result what it is: a zero, or a one of x**0
_ABSORBING: Mapping[Operation, Sequence[int]] = {
    mul: (0, 1),
    div: (0,),
    primitives()["power"]: (1,),
    primitives()["xlogy"]: (0,),
    primitives()["xlog1py"]: (0,),
    primitives()["logical_and"]: (0, 1),
}


def _moved(node: Apply, relations: Sequence[Any], states: Sequence[Flags]) -> Flags:
    """Return which entries of a node depend on some that vary."""
    total: list[Flags] = []
    for relation, arg, state in zip(relations, node.args, states, strict=True):
        if state is False or (relation is None and is_float(arg.dtype)):
            continue
        if relation is None or isinstance(relation, str):
            return True
        if relation is True or relation.ndim == 1:
            total.append(uniform(np.logical_and(relation, state)))
        elif state is True:
            total.append(uniform(np.diff(relation.indptr) > 0))
        else:
            total.append(uniform(relation.astype(np.intp) @ state > 0))
    return either(total)
