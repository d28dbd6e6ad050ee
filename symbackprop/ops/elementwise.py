"""`elementwise`: declare a function of numbers that acts on arrays entry by entry.

Only the partial derivatives are stated. The reverse rule ``x_bar += g * df/dx`` and the forward rule
``out_dot = sum df/dx * x_dot`` both follow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from symbackprop.errors import UnsupportedError
from symbackprop.ir.dtype import FLOATS, default_float, is_float, promote
from symbackprop.ir.node import Apply, Const, Node, Operand, Shape, constant
from symbackprop.ops.broadcasting import align_shapes, converted
from symbackprop.ops.declare import Partial, Points, Primitive, Refused, Text, Vjp, refuse, register

__all__ = ["aligned_numbers", "common_dtype", "elementwise"]

DtypeRule = Callable[[list[Node]], tuple[list[Node], str]]


def common_dtype(nodes: Sequence[Node]) -> str:
    """Return the dtype that `nodes` promote to; constants are weak and only lift integers to reals."""
    strong = [node.dtype for node in nodes if not node.weak]
    weak = [node.dtype for node in nodes if node.weak]
    if not strong:
        dtype = promote(weak)
        return default_float() if is_float(dtype) else dtype
    dtype = promote(strong)
    if any(is_float(w) for w in weak) and not is_float(dtype):
        return default_float()
    if "int64" in weak and dtype == "bool":
        return "int64"
    return dtype


def _numeric(nodes: list[Node]) -> tuple[list[Node], str]:
    dtype = common_dtype(nodes)
    dtype = "int64" if dtype == "bool" else dtype
    return [converted(node, dtype) for node in nodes], dtype


def _real(nodes: list[Node]) -> tuple[list[Node], str]:
    dtype = common_dtype(nodes)
    dtype = dtype if is_float(dtype) else default_float()
    return [converted(node, dtype) for node in nodes], dtype


def _comparison(nodes: list[Node]) -> tuple[list[Node], str]:
    dtype = common_dtype(nodes)
    return [converted(node, dtype) for node in nodes], "bool"


def _logical(nodes: list[Node]) -> tuple[list[Node], str]:
    return [converted(node, "bool") for node in nodes], "bool"


def _selection(nodes: list[Node]) -> tuple[list[Node], str]:
    dtype = common_dtype(nodes[1:])
    return [converted(nodes[0], "bool"), *(converted(node, dtype) for node in nodes[1:])], dtype


_NUMBERS = frozenset((int, float, Fraction))

_RULES: dict[str, DtypeRule] = {
    "numeric": _numeric,  # integers stay integers
    "real": _real,  # integers become real
    "comparison": _comparison,  # gives a mask
    "logical": _logical,  # takes and gives masks
    "selection": _selection,  # a mask, then what is chosen from
}


def elementwise(
    name: str,
    *,
    numpy: Text,
    partials: tuple[Partial, ...],
    source: str,
    points: Points,
    math: Text | None = None,
    dtypes: str = "real",
    vjp: Vjp | None = None,
    **rest: object,
) -> Primitive:
    """Declare a function that acts entry by entry.

    Parameters
    ----------
    name : str
        NumPy's name where there is one.
    numpy, math : text
        Templates with ``{0}``, ``{1}`` for the arguments.
    partials : tuple of callables
        One an argument, ``(*args, out) -> node``; None where the derivative is zero, `Refused` where there is no rule.
    source : str
        Where the derivative is from.
    points : sequence of tuples
        Where to test, away from kinks and edges and near them.
    dtypes : str
        ``"real"`` (integers become real), ``"numeric"``, ``"comparison"``, ``"logical"`` or ``"selection"``.
    vjp : callable, optional
        A reverse rule that is cheaper than the products with `partials`.
    """
    rule = _RULES[dtypes]
    arity = len(partials)
    plain = dtypes in ("real", "numeric")  # alike operands then need no conversion

    def prepare(operands: Sequence[Operand]) -> tuple[Node, ...]:
        if plain and _are_alike(operands, arity):
            return tuple(operands)  # type: ignore[arg-type]
        if arity == 2 == len(operands) and dtypes != "logical":
            aligned = aligned_numbers(operands)
            if aligned is not None:
                return aligned
        if len(operands) != arity:
            raise UnsupportedError(f"{name} takes {arity} argument{'s' * (arity != 1)}, not {len(operands)}")
        return tuple(rule(align_shapes(operands))[0])

    def infer(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
        first = args[0]
        if plain and first.dtype in FLOATS:  # as all are that `prepare` returns
            return first.shape, first.dtype
        return first.shape, "bool" if dtypes == "comparison" else rule(list(args))[1]

    texts: dict[str, Text] = {"numpy": numpy}
    if math is not None:
        texts["math"] = math
    return register(
        Primitive(
            name=name,
            kind="elementwise",
            arity=arity,
            infer=infer,
            texts=texts,
            vjp=vjp or _reverse_rule(partials),
            jvp=_forward_rule(partials),
            prepare=prepare,
            partials=partials,
            points=points,
            source=source,
            **rest,  # type: ignore[arg-type]
        )
    )


def aligned_numbers(operands: Sequence[Operand]) -> tuple[Node, ...] | None:
    """Return operands of one shape and dtype, where all are real nodes that have both already, or numbers.

    A number becomes a constant of that shape and dtype, as it is weakly typed. None where there is more to align: this is
    what most operations of derivatives are made of, at a tenth of the price.
    """
    for first in operands:
        if isinstance(first, Node) and not first.weak:
            break
    else:
        return None
    shape, dtype = first.shape, first.dtype
    if dtype not in FLOATS:
        return None
    aligned: list[Node] = []
    for operand in operands:
        if not isinstance(operand, Node):
            if type(operand) not in _NUMBERS:
                return None
            operand = constant(operand, shape, dtype)
        elif operand.dtype != dtype or operand.shape != shape:
            if type(operand) is not Const or operand.shape or type(operand.value) not in _NUMBERS:
                return None
            operand = constant(operand.value, shape, dtype)
        aligned.append(operand)
    return tuple(aligned)


def _are_alike(operands: Sequence[Operand], arity: int) -> bool:
    """Tell whether all operands are real nodes of one shape and dtype, which need no alignment."""
    if len(operands) != arity:
        return False
    first = operands[0]
    if not isinstance(first, Node) or first.dtype not in FLOATS:
        return False
    shape, dtype = first.shape, first.dtype
    for other in operands[1:] if arity > 1 else ():  # a generator would be most of what a product costs
        if not isinstance(other, Node) or other.dtype != dtype or other.shape != shape:
            return False
    return True


def _reverse_rule(partials: tuple[Partial, ...]) -> Vjp:
    def vjp(g: Node, out: Apply) -> list[Node | Refused | None]:
        params = dict(out.params)
        contributions: list[Node | Refused | None] = []
        for partial, arg in zip(partials, out.args, strict=True):
            if partial is None or not is_float(arg.dtype):
                contributions.append(None)
            elif isinstance(partial, Refused):
                contributions.append(partial)
            else:
                contributions.append(_product(g, partial(*out.args, out, **params)))
        return contributions

    return vjp


def _product(g: Node, partial: Node) -> Node:
    """Return g * partial as rewriting leaves it, with the sign in front: all that follows is then made only once."""
    sign = _is_negative(g) ^ _is_negative(partial)
    a, b = (x.args[0] if _is_negative(x) else x for x in (g, partial))
    is_one = isinstance(a, Const) and type(a.value) is int and a.value == 1
    product = b if is_one and a.shape == b.shape and a.dtype == b.dtype else a * b
    return -product if sign else product


def _is_negative(node: Node) -> bool:
    return isinstance(node, Apply) and node.op.name == "negative"


def _forward_rule(partials: tuple[Partial, ...]) -> Callable[[Sequence[Node | None], Apply], Node | None]:
    def jvp(tangents: Sequence[Node | None], out: Apply) -> Node | None:
        params = dict(out.params)
        total: Node | None = None
        for tangent, partial in zip(tangents, partials, strict=True):
            if tangent is None or partial is None:
                continue
            if isinstance(partial, Refused):
                refuse(out.op, partial)
            term = tangent * partial(*out.args, out, **params)
            total = term if total is None else total + term
        return total

    return jvp
