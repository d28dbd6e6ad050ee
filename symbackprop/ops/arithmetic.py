"""Arithmetic: sums, products, quotients, integer powers; and what operators on nodes build.

A difference is a sum with a negated term, so that equal things are equal; it prints as ``a - b``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from symbackprop.ir.dtype import FLOATS, is_float
from symbackprop.ir.node import Apply, Const, Node, Operand, Shape, bind_operators, constant, make_input
from symbackprop.ir.size import SizeExpression, is_negative
from symbackprop.ops.broadcasting import align_shapes, converted
from symbackprop.ops.declare import Primitive, Style, as_node, register
from symbackprop.ops.elementwise import aligned_numbers, common_dtype, elementwise

__all__ = ["add", "div", "integer_exponent", "integer_power", "is_subtracted", "mul", "neg", "subtract"]


# --- sums -------------------------------------------------------------------------------------------------------------


def _prepare_sum(operands: Sequence[Operand]) -> tuple[Node, ...]:
    aligned = aligned_numbers(operands)
    if aligned is not None:
        return aligned
    nodes = align_shapes(operands)
    dtype = common_dtype(nodes)
    dtype = "int64" if dtype == "bool" else dtype
    return tuple(converted(node, dtype) for node in nodes)


def _infer_sum(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    first = args[0]
    if first.dtype in FLOATS and not first.weak and all([arg.dtype == first.dtype for arg in args]):
        return first.shape, first.dtype
    dtype = common_dtype(args)
    return first.shape, "int64" if dtype == "bool" else dtype


def _sum_text(node: Apply, style: Style) -> str:
    text = "{0}"
    for position, arg in enumerate(node.args[1:], 1):
        text += f" - {{-{position}}}" if is_subtracted(arg) else f" + {{{position}}}"
    return text


def is_subtracted(term: Node) -> bool:
    """Tell whether a term of a sum, not the first, prints behind a minus: it is negated, or a negative number."""
    if isinstance(term, Const):
        value = term.value
        if isinstance(value, SizeExpression):
            return is_negative(value)
        return isinstance(value, (int, float, Fraction)) and not isinstance(value, bool) and value < 0
    return isinstance(term, Apply) and term.op is neg


def _sum_jvp(tangents: Sequence[Node | None], out: Apply) -> Node | None:
    live = [tangent for tangent in tangents if tangent is not None]
    return add(*live) if live else None


add: Primitive = register(
    Primitive(
        name="add",
        kind="linear",
        arity=None,
        infer=_infer_sum,
        texts={"numpy": _sum_text, "math": _sum_text},
        vjp=lambda g, out: [g] * len(out.args),
        jvp=_sum_jvp,
        prepare=_prepare_sum,
        samples=lambda: [add(*(make_input(i, (3,), "float64") for i in range(3)))],
        source="linear",
        sympy="Add",
    )
)

neg: Primitive = elementwise(
    "negative",
    numpy="-{0}",
    math="-{0}",
    partials=(lambda x, out: constant(-1, x.shape, x.dtype),),
    dtypes="numeric",
    points=[(0.7,), (-1.3,), (0.0,)],
    source="linear",
)


def subtract(a: Operand, b: Operand) -> Node:
    """Return ``a - b``, a sum with a negated term; subtracting a number adds its negative."""
    b = as_node(b)
    if isinstance(b, Const) and isinstance(b.value, (int, float, Fraction)) and not isinstance(b.value, bool):
        return add(a, constant(-b.value, b.shape, b.dtype))
    return add(a, neg(b))


# --- products and quotients -------------------------------------------------------------------------------------------

mul: Primitive = elementwise(
    "multiply",
    numpy="{0} * {1}",
    math="{0} * {1}",
    partials=(lambda x, y, out: y, lambda x, y, out: x),
    dtypes="numeric",
    points=[(0.7, -1.9), (-1.3, 0.0), (0.0, 2.5), (3.0, 4.0)],
    source="product rule",
)


def _divide_vjp(g: Node, out: Apply) -> Sequence[Node | None]:
    """Return g / y for x, and minus that times x / y for y: one division serves both."""
    share = g / out.args[1]
    return share, -(share * out)


div: Primitive = elementwise(
    "divide",
    numpy="{0} / {1}",
    math="{0} / {1}",
    partials=(lambda x, y, out: 1 / y, lambda x, y, out: -out / y),
    vjp=_divide_vjp,
    points=[(0.7, -1.9), (0.0, 0.5), (-3.0, 4.0)],
    safe=(None, 1.0),
    domain="y != 0",
    aliases=("true_divide",),
    source="quotient rule: d(x/y)/dy = -(x/y)/y",
)


# --- fixed integer powers -----------------------------------------------------------------------------------------------------------


def _integer_power_text(node: Apply, style: Style) -> str:
    exponent: int = node.param("n")  # type: ignore[assignment]
    if exponent in (2, 3) and style.is_name(node.args[0]):
        return " * ".join(["{0}"] * exponent)
    return f"{{0}}**{exponent}" if exponent >= 0 else f"{{0}}**({exponent})"


def _integer_power_of_arrays(node: Apply, style: Style) -> str:
    """Return the power of an absolute value, times the base where that is odd: NumPy is slow at negative bases.

    Its vectorised power takes positive bases; each negative one costs some 120 nanoseconds instead of 7.
    """
    exponent: int = node.param("n")  # type: ignore[assignment]
    if exponent >= 4 and is_float(node.dtype):  # a scalar too: mapped, it is an array
        if exponent % 2 == 0:
            return f"np.abs({{0}})**{exponent}"
        if style.is_name(node.args[0]):
            return f"{{0}} * np.abs({{0}})**{exponent - 1}"
    return _integer_power_text(node, style)


def _integer_power_partial(x: Node, out: Node, n: int) -> Node:
    return n * x if n == 2 else n * integer_power(x, n=n - 1)


def _integer_power_vjp(g: Node, out: Apply) -> Sequence[Node | None]:
    """Return n * (g * x**(n - 1)), with the number in front, where the printed code has it."""
    (x,) = out.args
    n: int = out.param("n")  # type: ignore[assignment]
    return (n * (g * (x if n == 2 else integer_power(x, n=n - 1))),)


integer_power: Primitive = elementwise(
    "integer_power",
    numpy=_integer_power_of_arrays,
    math=_integer_power_text,
    partials=(_integer_power_partial,),
    vjp=_integer_power_vjp,
    dtypes="numeric",
    points=[(0.7,), (-1.3,), (2.0,)],
    defaults={"n": 3},
    public=False,
    source="power rule: d(x**n)/dx = n*x**(n - 1)",
)


def integer_exponent(x: Node, n: int) -> Node:
    """Return ``x**n``; ``x**0`` is 1, with derivative 0 everywhere."""
    if n == 1:
        return x
    if n == 0:
        return constant(1, x.shape, x.dtype)
    if n < 0:
        return 1 / (x if n == -1 else integer_power(x, n=-n))
    return integer_power(x, n=n)


bind_operators(add=add, sub=subtract, mul=mul, div=div, neg=neg)
