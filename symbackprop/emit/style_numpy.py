"""The target ``numpy``: arrays, with broadcasting left to NumPy wherever it does it by itself."""

from __future__ import annotations

from collections.abc import Sequence

from symbackprop.emit.halves import in_halves
from symbackprop.emit.style import TargetStyle
from symbackprop.emit.template import Code
from symbackprop.ir.dtype import is_narrow
from symbackprop.ir.node import Apply, Const, Node, constant
from symbackprop.ir.size import SizeExpression, has_opaque
from symbackprop.ops.arithmetic import add, neg
from symbackprop.ops.broadcasting import broadcast, cast, expand_index
from symbackprop.ops.declare import Primitive
from symbackprop.ops.indexing import gather, index_arrays, place, scatter_add, subtracts
from symbackprop.ops.masking import place_masked
from symbackprop.ops.updates import add_at, add_parts, replace_at, replace_parts
from symbackprop.ops.windows import overlap_add, untransposed

__all__ = ["NumpyStyle"]


class NumpyStyle(TargetStyle):
    """Arrays of NumPy."""

    target = "numpy"
    module = "np"

    def __init__(self) -> None:
        super().__init__()
        self._operands: dict[Apply, list[tuple[Node, str]]] = {}  # what is asked of each several times

    def dtype(self, dtype: str) -> str:
        """Return the NumPy dtype."""
        return {"bool": "np.bool_", "bfloat16": "ml_dtypes.bfloat16"}.get(dtype, f"np.{dtype}")

    def template(self, node: Apply) -> str:
        """Return the template that prints `node`, rounded to a dtype of two bytes where NumPy leaves that."""
        template = super().template(node)
        return in_halves(node, template, self) if self.has_halves else template

    def operand(self, consumer: Apply, position: int) -> tuple[Node, str]:
        """Return the argument; the sign of what goes into a part of a buffer is in the statement."""
        return self.operands(consumer)[position]

    def operands(self, consumer: Apply) -> Sequence[tuple[Node, str]]:
        """Return all arguments, as they are where there is nothing to look through."""
        known = self._operands.get(consumer)
        if known is None:
            args, op = consumer.args, consumer.op
            if op in _BUFFERS:
                known = [self._operand_of_buffer(consumer, i) for i in range(len(args))]
            elif op is add or any(arg.op in _TRANSPARENT for arg in args):
                known = [super(NumpyStyle, self).operand(consumer, i) for i in range(len(args))]
            else:
                known = [(arg, "") for arg in args]
            self._operands[consumer] = known
        return known

    def _operand_of_buffer(self, consumer: Apply, position: int) -> tuple[Node, str]:
        if consumer.op in (place, scatter_add, add_at) and subtracts(consumer, position):
            arg = consumer.args[position]
            if isinstance(arg, Const):
                return constant(-1 * arg.value, arg.shape, arg.dtype), ""  # type: ignore[operator]
            assert isinstance(arg, Apply)
            return self.looked_through(consumer, arg.args[0])
        if position == 0 and consumer.op in _COPYING:
            return consumer.args[0], ""  # all of its entries are copied
        if consumer.op is overlap_add:
            return untransposed(consumer)[0], ""
        if _is_mask(consumer, position):
            return consumer.args[position], ""  # as long as the axes that it chooses from
        if self.is_index(consumer, position):
            return _looked_through_index(consumer.args[position], index_arrays(consumer, consumer.args[position]))
        return super().operand(consumer, position)

    def is_index(self, consumer: Apply, position: int) -> bool:
        """Tell whether an argument says which entries are written."""
        if _is_mask(consumer, position):
            return True
        if consumer.op is scatter_add:
            width: int = consumer.param("indices")  # type: ignore[assignment]
            return position % (width + 1) < width
        return consumer.op in (replace_at, add_at) and 0 < position < len(consumer.args) - 1

    def looked_through(self, consumer: Apply, arg: Node) -> tuple[Node, str]:
        """Look through the broadcasts and casts that NumPy does by itself in an elementwise operation."""
        if type(arg) is not Apply or arg.op not in _TRANSPARENT:
            return arg, ""
        if consumer.op is gather or (consumer.op is scatter_add and index_arrays(consumer, arg)):
            return _looked_through_index(arg, index_arrays(consumer, arg))
        if isinstance(consumer.op, Primitive) and consumer.op.assigns:
            if isinstance(arg, Apply) and arg.op is broadcast:
                return arg.args[0], expand_index(arg.param("axes"), arg.rank)  # type: ignore[arg-type]
            return arg, ""
        if not _is_elementwise(consumer):
            return arg, ""
        if isinstance(arg, Apply) and arg.op is cast and _casts_itself(consumer, arg):
            arg = arg.args[0]
        if isinstance(arg, Apply) and arg.op is broadcast and _broadcasts_itself(consumer.args, arg):
            axes: tuple[int, ...] = arg.param("axes")  # type: ignore[assignment]
            inner = arg.args[0]
            index = expand_index(axes, arg.rank)
            if isinstance(inner, Apply) and inner.op is cast and _casts_itself(consumer, inner):
                inner = inner.args[0]
            return inner, index
        return arg, ""

    def needs_dtype(self, consumer: Apply, position: int) -> bool:
        """Tell whether NumPy would take a number for float64, for lack of operands of a narrower dtype.

        To NumPy a bfloat16 is none of its own dtypes, which a number may lift.
        """
        if not is_narrow(consumer.dtype) or not _is_elementwise(consumer):
            return False
        real = [i for i, arg in enumerate(consumer.args) if arg.dtype == consumer.dtype]
        if consumer.dtype == "bfloat16":
            return position in real
        return position == real[0] and all(isinstance(consumer.args[i], Const) for i in real)

    def typed_constant(self, node: Const) -> Code:
        """Return a constant that carries its dtype."""
        return Code(f"{self.dtype(node.dtype)}({self.constant(node).text})")

    def constant(self, node: Const) -> Code:
        """Return a scalar constant; a computed count is an integer of NumPy's, which would lift a float32."""
        code = super().constant(node)
        computed = isinstance(node.value, SizeExpression) and has_opaque(node.value)
        return Code(f"{self.dtype(node.dtype)}({code.text})") if computed and is_narrow(node.dtype) else code

    def array_constant(self, node: Const) -> Code:
        """Return the call that builds a constant array."""
        if node.shape == ():
            return self.constant(node)
        shape = self.shape(node.shape)
        is_size = isinstance(node.value, SizeExpression)  # printed as an integer
        dtype = "" if node.dtype == "float64" and not is_size else f", dtype={self.dtype(node.dtype)}"
        if node.value in (0, 1) and not isinstance(node.value, bool):
            return Code(f"np.{'ones' if node.value else 'zeros'}({shape}{dtype})")
        return Code(f"np.full({shape}, {self.number(node.value, node.dtype)}{dtype})")


_COPYING = (replace_parts, add_parts, replace_at, add_at)
_BUFFERS = frozenset((place, scatter_add, place_masked, overlap_add, *_COPYING))
_TRANSPARENT = frozenset((broadcast, cast))


def _is_mask(consumer: Apply, position: int) -> bool:
    return consumer.op is place_masked and position == 1


def _looked_through_index(arg: Node, beside: Sequence[Node]) -> tuple[Node, str]:
    """Return what of an array of positions has to be written, where NumPy broadcasts it against those `beside` it."""
    if isinstance(arg, Apply) and arg.op is broadcast and _broadcasts_itself(beside, arg):
        return arg.args[0], expand_index(arg.param("axes"), arg.rank)  # type: ignore[arg-type]
    return arg, ""


def _is_elementwise(node: Apply) -> bool:
    op = node.op
    return isinstance(op, Primitive) and (op.kind == "elementwise" or op.name == "add")


def _covered_axes(args: Sequence[Node], without: Node) -> set[int]:
    """Return the axes of the result that operands other than `without` span, with what NumPy sees of them."""
    covered: set[int] = set()
    for arg in args:
        if arg is without or _unwrapped(arg) is without:
            continue
        inner = _unwrapped(arg)
        if isinstance(inner, Const):
            continue
        if isinstance(inner, Apply) and inner.op is broadcast:
            covered.update(inner.param("axes"))  # type: ignore[arg-type]
        else:
            covered.update(range(arg.rank))
    return covered


def _unwrapped(arg: Node) -> Node:
    """Return what is left of an operand when signs and casts, which printed code may leave to its consumer, are."""
    while isinstance(arg, Apply) and (arg.op is cast or arg.op is neg):
        arg = arg.args[0]
    return arg


def _broadcasts_itself(args: Sequence[Node], arg: Apply) -> bool:
    """Tell whether operands of one shape broadcast to it although `arg`, one of them, is left as it is."""
    own: tuple[int, ...] = arg.param("axes")  # type: ignore[assignment]
    return len(_covered_axes(args, arg) | set(own)) == arg.rank


def _casts_itself(consumer: Apply, arg: Apply) -> bool:
    """Tell whether another operand makes NumPy convert `arg` to just this dtype."""
    (inner,) = arg.args
    if not any(_has_dtype(other, arg.dtype) for other in consumer.args if other is not arg):
        return False
    if not isinstance(consumer.op, Primitive) or consumer.op.name not in ("add", "multiply", "divide"):
        return False
    return inner.dtype == "bool" or (inner.dtype == "int64" and arg.dtype == "float64")


def _has_dtype(node: Node, dtype: str) -> bool:
    """Tell whether the printed text of `node` is sure to have `dtype`."""
    return node.dtype == dtype and not isinstance(node, Const) and not (isinstance(node, Apply) and node.op is cast)
