"""An order of the backward part in which arrays live shortly, for forms that use their memory again.

The order stays what it is, but for nodes that free at least as much memory as they take: these come as soon as they can
be computed. A product with the last use of a large activation is one; in the order of the reverse pass it may wait until
all adjoints are there. Where sizes have names, all count as if they were the same.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from symbackprop.ir.dtype import item_size
from symbackprop.ir.graph import children
from symbackprop.ir.node import Apply, Const, Input, Node, Output
from symbackprop.ir.size import evaluate, names, product
from symbackprop.ops.declare import Primitive

__all__ = ["shortened"]

_TYPICAL = 1000  # of a named size, as far as it matters which of two arrays is larger


def shortened(backward: Sequence[Node], kept: Collection[Node]) -> list[Node]:
    """Return `backward`, which is in topological order, with lifetimes shortened.

    Parameters
    ----------
    backward : sequence of Node
    kept : collection of Node
        What lives on behind all of them: results.
    """
    return _Order(backward, kept).nodes()


class _Order:
    def __init__(self, backward: Sequence[Node], kept: Collection[Node]) -> None:
        self._backward = backward
        self._kept = {*kept}
        self._missing: dict[Node, int] = {}  # how many of its arguments are still to be computed
        self._users: dict[Node, dict[Node, None]] = {}  # those that are left
        own = {*backward}
        for node in backward:
            needed = dict.fromkeys(children(node))
            self._missing[node] = sum(child in own for child in needed)
            for child in needed:
                self._users.setdefault(child, {})[node] = None
        self._readers = {node: [*users] for node, users in self._users.items()}
        self._done: dict[Node, None] = {}

    def nodes(self) -> list[Node]:
        for node in self._backward:
            pending = [node]
            while pending:
                current = pending.pop()
                if current not in self._done:
                    pending += reversed(self._computed(current))
        return [*self._done]

    def _computed(self, node: Node) -> list[Node]:
        """Note that a node is computed; return those that can follow at once and free what they take."""
        self._done[node] = None
        concerned: dict[Node, None] = {}
        for reader in self._readers.get(node, ()):
            self._missing[reader] -= 1
            concerned[reader] = None
        for child in dict.fromkeys(children(node)):
            users = self._users[child]
            del users[node]
            if len(users) == 1:
                concerned.update(users)
        return [user for user in concerned if not self._missing[user] and self._frees_enough(user)]

    def _frees_enough(self, node: Node) -> bool:
        if node in self._done or isinstance(node, Output):
            return False
        freed = sum(_bytes(child) for child in dict.fromkeys(children(node)) if self._ends_with(child))
        return bool(freed) and freed >= _bytes(node)

    def _ends_with(self, child: Node) -> bool:
        """Tell whether nobody needs an array any more once its last user here is computed."""
        return len(self._users[child]) == 1 and child not in self._kept and not isinstance(child, (Input, Const))


def _bytes(node: Node) -> int:
    """Return about how many bytes a node takes; what looks into another array takes none."""
    if isinstance(node, Apply) and isinstance(node.op, Primitive) and node.op.memory == "view":
        return 0
    size = product(node.shape)
    return evaluate(size, dict.fromkeys(names(size), _TYPICAL)) * item_size(node.dtype)
