"""Nodes: immutable, interned, of four closed kinds.

Equal nodes are one object, so that common subexpressions cost nothing and ``is`` decides equality. Interning is weak
(a node lives as long as somebody holds it) and thread-safe. Names and places in the user's text are not on a node,
which many formulas may share; they live in the tables of a `Graph`.

Operators on nodes (``x * y``, ``1 - x``) build nodes too. What they build are primitives, which this package does
not know: `ops.arithmetic` binds them once with `bind_operators`.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from symbackprop.ir.size import Size, SizeExpression

__all__ = [
    "PI",
    "Apply",
    "Const",
    "ConstantValue",
    "E",
    "Input",
    "NamedNumber",
    "Node",
    "Operation",
    "Output",
    "Params",
    "Shape",
    "bind_operators",
    "constant",
    "make_apply",
    "make_input",
    "make_output",
]

Shape = tuple[Size, ...]
Params = tuple[tuple[str, object], ...]


@dataclass(frozen=True)
class NamedNumber:
    """An irrational number that stays exact until it is printed."""

    name: str


PI = NamedNumber("pi")
E = NamedNumber("e")

ConstantValue = bool | int | Fraction | float | NamedNumber | SizeExpression


class Operation:
    """What an `Apply` applies; `ops.Primitive` is the one implementation."""

    __slots__ = ()
    name: str


class Node:
    """A value of a known shape and dtype."""

    __slots__ = ("__weakref__", "dtype", "shape", "weak")
    shape: Shape
    dtype: str
    weak: bool  # made of constants alone, so that it takes the dtype of what it meets
    args: tuple[Node, ...] = ()  # what it is computed from, and
    op: Operation | None = None  # how

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def __repr__(self) -> str:
        from_shape = ", ".join(str(size) for size in self.shape)
        return f"<{self.describe()}: {self.dtype}[{from_shape}]>"

    def describe(self) -> str:
        """Return a few words for messages."""
        return type(self).__name__

    def __reduce__(self) -> str:
        raise TypeError("a node is not pickled; pickle the CompiledFunction, or its source")

    def __bool__(self) -> bool:
        raise TypeError("a node has no truth value; use where(condition, a, b)")

    def __add__(self, other: Operand) -> Node:
        return _operators["add"](self, other)

    def __radd__(self, other: Operand) -> Node:
        return _operators["add"](other, self)

    def __sub__(self, other: Operand) -> Node:
        return _operators["sub"](self, other)

    def __rsub__(self, other: Operand) -> Node:
        return _operators["sub"](other, self)

    def __mul__(self, other: Operand) -> Node:
        return _operators["mul"](self, other)

    def __rmul__(self, other: Operand) -> Node:
        return _operators["mul"](other, self)

    def __truediv__(self, other: Operand) -> Node:
        return _operators["div"](self, other)

    def __rtruediv__(self, other: Operand) -> Node:
        return _operators["div"](other, self)

    def __pow__(self, other: Operand) -> Node:
        return _operators["pow"](self, other)

    def __neg__(self) -> Node:
        return _operators["neg"](self)


class Const(Node):
    """An exact or decimal number, or an array filled with it (an array of ones is ``Const(1, (n,))``)."""

    __slots__ = ("value",)
    value: ConstantValue

    def describe(self) -> str:
        """Return the number."""
        return f"constant {self.value}"


class Input(Node):
    """An argument of the graph that binds it, by position; `level` tells nested body graphs apart."""

    __slots__ = ("index", "level")
    index: int
    level: int

    def describe(self) -> str:
        """Return the position."""
        return f"input {self.index}"


class Apply(Node):
    """An operation on arguments, with static parameters.

    What is computed again for the way back has the number of its `segment`, which tells it apart from the first time;
    all else has 0.
    """

    __slots__ = ("args", "op", "params", "segment")
    op: Operation
    args: tuple[Node, ...]
    params: Params
    segment: int

    def describe(self) -> str:
        """Return the operation's name."""
        return self.op.name

    def param(self, name: str) -> object:
        """Return the static parameter `name`."""
        for key, value in self.params:
            if key == name:
                return value
        raise KeyError(name)


class Output(Node):
    """One of the outputs of an `Apply` that has several."""

    __slots__ = ("args", "index", "source")
    args: tuple[Node, ...]  # the source alone
    source: Apply
    index: int

    def describe(self) -> str:
        """Return which output of what."""
        return f"output {self.index} of {self.source.op.name}"


Operand = Node | ConstantValue
_operators: dict[str, Callable[..., Node]] = {}
_Key = tuple[object, ...]


class _Reference(weakref.ref[Node]):
    """A node that nobody may hold any more, and the key under which it is known."""

    __slots__ = ("key",)
    key: _Key


_table: dict[_Key, _Reference] = {}  # weak in its values, like a WeakValueDictionary at half the price of an entry
_lock = threading.RLock()  # the collector may call `_forget` in the thread that has it


def bind_operators(**operators: Callable[..., Node]) -> None:
    """Say what the operators on nodes build."""
    _operators.update(operators)


def constant(value: ConstantValue, shape: Shape = (), dtype: str | None = None) -> Const:
    """Return the constant `value`, filling `shape`. Equal values of unlike type or sign of zero are unlike nodes."""
    if dtype is None:
        kind = type(value)
        dtype = "bool" if kind is bool else "int64" if kind is int or isinstance(value, SizeExpression) else "float64"
    if isinstance(value, Fraction) and value.denominator == 1:
        value = value.numerator
    bits = value.hex() if isinstance(value, float) else value
    key = (Const, type(value), bits, shape, dtype)
    known = _table.get(key)
    node = None if known is None else known()
    if node is None:
        node = Const()
        node.value, node.shape, node.dtype, node.weak = value, shape, dtype, True
        node = _intern(key, node)
    return node  # type: ignore[return-value]


def make_input(index: int, shape: Shape, dtype: str, level: int = 0) -> Input:
    """Return the input at position `index`."""
    key = (Input, index, level, shape, dtype)
    known = _table.get(key)
    node = None if known is None else known()
    if node is None:
        node = Input()
        node.index, node.level, node.shape, node.dtype, node.weak = index, level, shape, dtype, False
        node = _intern(key, node)
    return node  # type: ignore[return-value]


def make_apply(
    op: Operation, args: tuple[Node, ...], params: Params, shape: Shape, dtype: str, segment: int = 0
) -> Apply:
    """Return `op` of `args`, whose shape and dtype the caller has inferred."""
    key: _Key = (op, args, params, dtype, segment) if segment else (op, args, params, dtype)
    known = _table.get(key)
    node = None if known is None else known()
    if node is None:
        node = Apply()
        node.op, node.args, node.params, node.shape, node.dtype = op, args, params, shape, dtype
        node.segment = segment
        node.weak = bool(args) and args[0].weak and _is_weak(op, args, shape)
        node = _intern(key, node)
    return node  # type: ignore[return-value]


def make_output(source: Apply, index: int, shape: Shape, dtype: str) -> Output:
    """Return output `index` of `source`."""
    key = (Output, source, index)
    known = _table.get(key)
    node = None if known is None else known()
    if node is None:
        node = Output()
        node.source, node.index, node.shape, node.dtype, node.weak = source, index, shape, dtype, False
        node.args = (source,)
        node = _intern(key, node)
    return node  # type: ignore[return-value]


def _is_weak(op: Operation, args: tuple[Node, ...], shape: Shape) -> bool:
    """Tell whether an operation gives a number made of numbers, or repeats one."""
    if shape and op.name != "broadcast":
        return False
    return all([arg.weak and not arg.shape for arg in args])


def _intern(key: _Key, node: Node) -> Node:
    """Put `node` into the table unless another thread was first; the lookups above need no lock.

    Nor does putting in what is not there, which a dictionary does at once.
    """
    reference = _Reference(node, _forget)
    reference.key = key
    if _table.setdefault(key, reference) is reference:
        return node
    with _lock:
        known = _table.get(key)
        first = None if known is None else known()
        if first is not None:
            return first
        _table[key] = reference
        return node


def _forget(
    reference: weakref.ref[Node], table: dict[_Key, _Reference] = _table, lock: threading.RLock = _lock
) -> None:
    """Take the entry of a node that nobody holds out of the table, unless an equal node has come since.

    The globals are defaults because the last nodes go when the interpreter has cleared the module already.
    """
    key = reference.key  # type: ignore[attr-defined]
    with lock:
        if table.get(key) is reference:
            del table[key]
