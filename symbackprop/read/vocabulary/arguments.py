"""Values that words of the vocabulary take, and how static arguments are read from them.

A value is a node, a tuple of values, or a word of Python (None, Ellipsis, True, a string). Numbers are constant nodes;
where a function needs a static integer (an axis, a size), it is read from the constant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from importlib.util import find_spec
from types import EllipsisType
from typing import NoReturn

from symbackprop.errors import ArgumentError, ShapeError, UnsupportedError
from symbackprop.ir.dtype import DTYPES, default_float, is_float
from symbackprop.ir.graph import Guard
from symbackprop.ir.node import Const, Node, Shape, constant
from symbackprop.ir.size import Size, SizeExpression, has_opaque, is_nonnegative, known_equal, opaque, shape_text
from symbackprop.ops.arithmetic import neg
from symbackprop.ops.broadcasting import assuming, converted
from symbackprop.ops.layout import stacked

__all__ = [
    "Collected",
    "Listed",
    "Unavailable",
    "Value",
    "as_dtype",
    "axes_of",
    "axis_of",
    "collected_here",
    "collecting",
    "count_of_entries",
    "counted",
    "dtype_of",
    "fold_negative",
    "node_of",
    "real",
    "require",
    "require_entries",
    "shape_of",
    "size_of",
    "size_to_be",
    "static_flag",
    "static_int",
    "static_number",
    "static_order",
]


class Listed(tuple["Value", ...]):
    """What stands in square brackets: a tuple, but as an index an array of positions."""

    __slots__ = ()


class Unavailable:
    """Stands for a part of a result that formulas cannot use; using it is an error that says why, and what to write."""

    __slots__ = ("message",)

    def __init__(self, message: str) -> None:
        self.message = message

    def _refuse(self, *args: object, **kwargs: object) -> NoReturn:
        raise UnsupportedError(self.message)

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _refuse
    __pow__ = __rpow__ = __matmul__ = __rmatmul__ = __neg__ = __abs__ = _refuse
    __lt__ = __le__ = __gt__ = __ge__ = __bool__ = __float__ = __int__ = __index__ = _refuse
    __getitem__ = __iter__ = __len__ = __array__ = __array_ufunc__ = __array_function__ = __getattr__ = _refuse


Value = Node | tuple["Value", ...] | str | bool | None | EllipsisType


@dataclass
class Collected:
    """What reading a formula finds beside its nodes: relations to check on call, and sizes that nodes define."""

    guards: list[Guard] = field(default_factory=list)
    counts: dict[str, Node] = field(default_factory=dict)
    outside: set[Node] = field(default_factory=set)  # nodes known to depend on no input of a body
    depth: int = 0  # of the bodies that are being read
    repeated: int = 0  # of these the ones that run as often as it comes, and not once where they stand
    reserved: int = 0  # names of sizes that are given before the nodes are made
    levels: int = 0  # of the inputs of bodies
    names: dict[Node, str] = field(default_factory=dict)  # the user's of intermediates
    places: dict[Node, tuple[int, int]] = field(default_factory=dict)  # in the user's text

    def new_level(self) -> int:
        """Return a level for the inputs of another body."""
        self.levels += 1
        return self.levels

    def became(self, new: Mapping[Node, Node]) -> None:
        """Take over names and places of nodes for what they have become in a body of their own."""
        for node, now in new.items():
            if node in self.names:
                self.names.setdefault(now, self.names[node])
            if node in self.places:
                self.places.setdefault(now, self.places[node])


_collected: ContextVar[Collected | None] = ContextVar("collected", default=None)


@contextmanager
def collecting() -> Iterator[Collected]:
    """Collect what `require` cannot decide and what `counted` defines while a graph is built."""
    collected = Collected()
    token = _collected.set(collected)
    try:
        with assuming(lambda left, right: require(left, "==", right, "sizes of one axis", numpy_checks=True)):
            yield collected
    finally:
        _collected.reset(token)


def size_to_be() -> str | None:
    """Return the name of a size that a node is going to define; None inside of bodies that run more or less than once."""
    collected = collected_here()
    if collected.repeated:
        return None
    collected.reserved += 1
    return f"steps.{collected.reserved}"


def collected_here() -> Collected:
    """Return what is collected while a formula is read."""
    collected = _collected.get()
    if collected is None:
        raise UnsupportedError("loops and branches belong to a formula that is being read")
    return collected


def counted(count: Node) -> Size:
    """Return the size whose number the integer node `count` gives when it runs; equal nodes give one size."""
    collected = _collected.get()
    if collected is None:
        raise UnsupportedError("a size that is computed belongs to a formula that is being read")
    for name, known in collected.counts.items():
        if known is count:
            return opaque(name)
    name = f"count.{len(collected.counts) + 1}"  # the dot keeps it apart from the names of declared sizes
    collected.counts[name] = count
    return opaque(name)


def require(left: Size, relation: str, right: Size, message: str, *, numpy_checks: bool = False) -> None:
    """Demand a relation of sizes: decided now where it can be, else checked on every call.

    Of a size that is known only while the function runs nothing can be demanded before the call, unless NumPy itself
    raises an error where the relation does not hold (`numpy_checks`).
    """
    if relation == "==":
        known = known_equal(left, right)
    else:
        known = _decided(left, relation, right)
    if known is False:
        raise ShapeError(f"{message}: needs {left} {relation} {right}")
    collected = _collected.get()
    if known is not None or collected is None:
        return
    if has_opaque(left - right):
        if numpy_checks:
            return
        raise UnsupportedError(
            f"{message}: {left} {relation} {right} is not known before the call; use where() instead"
        )
    guard = Guard(left, relation, right, message)
    if guard not in collected.guards:
        collected.guards.append(guard)


def require_entries(x: Node, axes: Iterable[int], what: str) -> None:
    """Demand at least one entry along each of `axes`: `what` of none does not exist."""
    for axis in axes:
        require(1, "<=", x.shape[axis], f"{what} of no entries does not exist", numpy_checks=True)


def _decided(left: Size, relation: str, right: Size) -> bool | None:
    difference = right - left
    if isinstance(difference, int):
        return difference >= 0 if relation == "<=" else difference > 0
    return None


def node_of(value: object) -> Node:
    """Return `value` as a node; a tuple of scalars or arrays becomes a stacked array."""
    if isinstance(value, Node):
        return value
    if isinstance(value, bool):
        return constant(value)
    if isinstance(value, tuple):
        return stacked([node_of(item) for item in value], 0)
    if isinstance(value, Unavailable):
        raise UnsupportedError(value.message)
    if value is None:
        raise ArgumentError("None is not a number or an array")
    raise ArgumentError(f"{value!r} is not a number or an array")


def fold_negative(x: Node) -> Node:
    """Return -x; the negative of a number is a number, so that ``axis=-1`` is one."""
    if isinstance(x, Const) and isinstance(x.value, (int, float, SizeExpression)) and not isinstance(x.value, bool):
        return constant(-x.value, x.shape, x.dtype)
    if x.dtype == "bool":
        raise UnsupportedError("`-` of a condition is not defined; write `~` for `not`, or -1*a for a number")
    return neg(x)


def static_int(value: object, what: str) -> int:
    """Return a fixed integer."""
    if (
        isinstance(value, Const)
        and isinstance(value.value, int)
        and not isinstance(value.value, bool)
        and value.shape == ()
    ):
        return value.value
    raise ArgumentError(f"{what} must be a fixed integer, not {_shown(value)}")


def static_number(value: object, what: str) -> float:
    """Return a fixed number."""
    if isinstance(value, Const) and not value.shape and isinstance(value.value, (int, float)) and value.dtype != "bool":
        return value.value
    raise ArgumentError(f"{what} must be a fixed number, not {_shown(value)}")


def static_order(value: object, what: str) -> int:
    """Return a fixed integer that is not negative, as the order of a polynomial is."""
    order = static_int(value, what)
    if order < 0:
        raise ArgumentError(f"{what} is an order, 0 or more, not {order}")
    return order


def static_flag(value: object, what: str) -> bool:
    """Return a fixed True or False."""
    if isinstance(value, bool):
        return value
    if isinstance(value, Const) and value.value in (0, 1):
        return bool(value.value)
    raise ArgumentError(f"{what} must be True or False, not {_shown(value)}")


def size_of(value: object, what: str = "a size") -> Size:
    """Return a size: a fixed integer, or an expression in the sizes of shapes."""
    if isinstance(value, Const) and isinstance(value.value, SizeExpression) and value.shape == ():
        return value.value
    return static_int(value, what)


def count_of_entries(value: object, what: str = "a size") -> Size:
    """Return a size, which is at least 0: known now, or checked on every call."""
    size = size_of(value, what)
    if isinstance(size, int) and size < 0:
        raise ShapeError(f"{what} is at least 0, not {size}")
    if not is_nonnegative(size):
        require(0, "<=", size, what, numpy_checks=True)
    return size


def shape_of(value: object, *, open_ended: bool = False) -> Shape:
    """Return a shape from a size or a tuple of sizes; only an open-ended one may hold -1, for what is left."""
    sizes = value if isinstance(value, tuple) else (value,)
    return tuple(size_of(size) if open_ended else count_of_entries(size) for size in sizes)


def axis_of(value: object, rank: int, what: str = "axis") -> int:
    """Return a fixed axis, counted from the front."""
    axis = static_int(value, what)
    if not -rank <= axis < rank:
        raise ShapeError(f"{what} {axis} is out of range for an array of {rank} axes")
    return axis % rank


def axes_of(value: object, x: Node) -> tuple[int, ...]:
    """Return the axes that ``axis=None``, an integer or a tuple mean for `x`, sorted, each once."""
    if value is None:
        return tuple(range(x.rank))
    given = value if isinstance(value, tuple) else (value,)
    axes = [axis_of(axis, x.rank) for axis in given]
    if len(set(axes)) < len(axes):
        raise ShapeError(f"axis names an axis of shape {shape_text(x.shape)} twice")
    return tuple(sorted(axes))


def dtype_of(dtype: object, otherwise: str) -> str:
    """Return the dtype that a ``dtype=`` argument names; `otherwise` for None."""
    if dtype is None:
        return otherwise
    names = {"float": default_float(), "int": "int64", "bool_": "bool"}
    found = names.get(str(dtype), dtype)
    if found not in DTYPES:
        raise UnsupportedError(f"dtype {dtype!r} is not supported; use {', '.join(DTYPES)}")
    if found == "bfloat16" and find_spec("ml_dtypes") is None:
        raise UnsupportedError("bfloat16 needs the package ml_dtypes: pip install 'symbackprop[bfloat16]'")
    return str(found)


def as_dtype(x: Node, dtype: object) -> Node:
    """Return `x` converted to what a ``dtype=`` argument names, or as it is for None."""
    return converted(x, dtype_of(dtype, x.dtype))


def real(x: Node) -> Node:
    """Return `x`, integers and masks as real numbers."""
    return x if is_float(x.dtype) else converted(x, default_float())


def _shown(value: object) -> str:
    if isinstance(value, Const):
        return str(value.value)
    if isinstance(value, Node):
        return f"an array of shape {shape_text(value.shape)}" if value.shape else "a computed number"
    return repr(value)
