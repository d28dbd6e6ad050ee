"""What a target must say of itself: how numbers, sizes and dtypes are written, and what needs no text at all.

A target is a subclass: `style_math.MathStyle`, `style_numpy.NumpyStyle`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

from symbackprop.emit.names import Names
from symbackprop.emit.template import ATOM, UNARY, Code
from symbackprop.errors import UnsupportedError
from symbackprop.ir.dtype import is_float
from symbackprop.ir.node import Apply, Const, ConstantValue, NamedNumber, Node, Shape, constant
from symbackprop.ir.size import Size, SizeExpression, at_least, names, substitute, to_text
from symbackprop.ops.arithmetic import add, is_subtracted
from symbackprop.ops.declare import Primitive, Text

__all__ = ["TargetStyle"]


class TargetStyle:
    """The parts of a target that do not depend on a primitive."""

    target: str
    module: str  # the module whose attributes pi, e, inf and nan are

    def __init__(self) -> None:
        self.sizes_used: dict[str, None] = {}
        self.size_names: dict[str, Size] = {}
        self.size_bounds: dict[str, int] = {}  # what names of sizes are at least, as is checked on every call
        self._size_texts: dict[Size, str] = {}  # names are settled before the first text is written
        self.is_name: Callable[[Node], bool] = lambda node: False
        self.modules: frozenset[str] = frozenset()
        self.is_fast = False
        self.has_large = False
        self.has_halves = False  # whether anything has a dtype of two bytes
        self.names = Names()
        self.otherwise = ""  # the call of the function for arguments of which an assumption does not hold
        self.imports: dict[str, str] = {}  # by the path of what is imported, its name

    def template(self, node: Apply) -> str:
        """Return the template that prints `node`."""
        op = node.op
        assert isinstance(op, Primitive)
        text: Text | None = op.texts.get(self.target)
        if text is None:
            raise UnsupportedError(f"{op.name} has no text for target {self.target!r}; use target='numpy'")
        return text if isinstance(text, str) else text(node, self)

    def has_module(self, module: str) -> bool:
        """Tell whether the formula itself asks for functions of `module`."""
        return module in self.modules

    def imported(self, path: str) -> str:
        """Return the name of what is imported from a path, its own where that is free."""
        if path not in self.imports:
            self.imports[path] = self.names.fresh(path.rpartition(".")[2])
        return self.imports[path]

    def number(self, value: ConstantValue, dtype: str) -> str:
        """Return the text of a number of the given dtype."""
        if isinstance(value, bool):
            return str(value)
        if isinstance(value, NamedNumber):
            return f"{self.module}.{value.name}"
        if isinstance(value, SizeExpression):
            return self.size(value)
        if dtype == "bool":
            return str(bool(value))
        if not is_float(dtype):
            return repr(int(value))
        number = _nearest_double(value)
        if math.isinf(number):
            return f"{self.module}.inf" if number > 0 else f"-{self.module}.inf"
        return f"{self.module}.nan" if math.isnan(number) else repr(number)

    def constant(self, node: Const) -> Code:
        """Return a scalar constant as code."""
        text = self.number(node.value, node.dtype)
        if text.startswith("-"):
            return Code(text, UNARY)
        if isinstance(node.value, SizeExpression) and not text.isidentifier():
            return Code(f"({text})", ATOM)
        return Code(text, ATOM)

    def size(self, size: Size) -> str:
        """Return the text of a size, and note the names it needs."""
        text = self._size_texts.get(size)
        if text is None:
            plain = at_least(size, self.size_bounds)
            for name in names(plain):
                self.sizes_used[name] = None
            text = to_text(substitute(plain, self.size_names)) if self.size_names else to_text(plain)
            self._size_texts[size] = text
        return text

    def shape(self, shape: Shape) -> str:
        """Return a shape as Python text; the one size of a vector stands alone."""
        if len(shape) == 1:
            return self.size(shape[0])
        return "(" + ", ".join(self.size(size) for size in shape) + ")"

    def dtype(self, dtype: str) -> str:
        """Return the text of a dtype."""
        raise UnsupportedError(f"target {self.target!r} has no text for dtype {dtype}")

    def operand(self, consumer: Apply, position: int) -> tuple[Node, str]:
        """Return the node whose text stands for an argument of `consumer`, and the index that follows it.

        The sign of a negated term of a sum is part of the sum's own text.
        """
        arg = consumer.args[position]
        if position and consumer.op is add and is_subtracted(arg):
            if isinstance(arg, Const):
                return constant(-1 * arg.value, arg.shape, arg.dtype), ""  # type: ignore[operator]
            assert isinstance(arg, Apply)
            arg = arg.args[0]
        return self.looked_through(consumer, arg)

    def operands(self, consumer: Apply) -> Sequence[tuple[Node, str]]:
        """Return for each argument of `consumer` the node whose text stands for it, and the index that follows it."""
        return [self.operand(consumer, position) for position in range(len(consumer.args))]

    def looked_through(self, consumer: Apply, arg: Node) -> tuple[Node, str]:
        """Return what of `arg` has to be written inside `consumer`."""
        return arg, ""

    def is_index(self, consumer: Apply, position: int) -> bool:
        """Tell whether an argument says which entries of a buffer are written."""
        return False

    def needs_dtype(self, consumer: Apply, position: int) -> bool:
        """Tell whether a constant operand has to carry the dtype, as no other operand does."""
        return False

    def typed_constant(self, node: Const) -> Code:
        """Return a constant that carries its dtype."""
        return self.constant(node)

    def array_constant(self, node: Const) -> Code:
        """Return a constant array that has to be built."""
        return self.constant(node)


def _nearest_double(value: int | Fraction | float) -> float:
    try:
        return float(value)
    except OverflowError:
        raise UnsupportedError("a number of the formula is too large for a float64") from None
