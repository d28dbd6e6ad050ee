"""Comparison, logic and choice: masks, which have no derivative, and `where`, which is linear in what it chooses from."""

from __future__ import annotations

from collections.abc import Sequence

from symbackprop.ir.node import Apply, Node, constant
from symbackprop.ops.declare import Primitive
from symbackprop.ops.elementwise import elementwise

__all__ = [
    "equal",
    "greater",
    "greater_equal",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "not_equal",
    "where",
]

_PAIRS = [(0.7, -1.9), (2.0, 2.0), (-1.0, 3.0)]
_MASKS = [(0.0, 1.0), (1.0, 1.0), (0.0, 0.0)]


def _comparison(name: str, symbol: str) -> Primitive:
    text = f"{{0}} {symbol} {{1}}"
    return elementwise(
        name,
        numpy=text,
        math=text,
        partials=(None, None),
        dtypes="comparison",
        points=_PAIRS,
        analytic=False,
        source="no derivative: a mask",
    )


less: Primitive = _comparison("less", "<")
less_equal: Primitive = _comparison("less_equal", "<=")
greater: Primitive = _comparison("greater", ">")
greater_equal: Primitive = _comparison("greater_equal", ">=")
equal: Primitive = _comparison("equal", "==")
not_equal: Primitive = _comparison("not_equal", "!=")


def _logical(name: str, numpy: str, math: str, arity: int = 2) -> Primitive:
    return elementwise(
        name,
        numpy=numpy,
        math=math,
        partials=(None,) * arity,
        dtypes="logical",
        points=_MASKS if arity == 2 else [(0.0,), (1.0,)],
        analytic=False,
        source="no derivative: a mask",
    )


logical_and: Primitive = _logical("logical_and", "{0} & {1}", "{0} and {1}")
logical_or: Primitive = _logical("logical_or", "{0} | {1}", "{0} or {1}")
logical_xor: Primitive = _logical("logical_xor", "{0} != {1}", "{0} != {1}")
logical_not: Primitive = _logical("logical_not", "np.logical_not({0})", "not {0}", arity=1)


def _classification(name: str, numpy: str, math: str) -> Primitive:
    return elementwise(
        name,
        numpy=numpy,
        math=math,
        partials=(None,),
        dtypes="comparison",
        points=[(0.7,), (-2.0,)],
        analytic=False,
        source="no derivative: a mask",
    )


isnan: Primitive = _classification("isnan", "np.isnan({0})", "math.isnan({0})")
isfinite: Primitive = _classification("isfinite", "np.isfinite({0})", "math.isfinite({0})")
isinf: Primitive = _classification("isinf", "np.isinf({0})", "math.isinf({0})")
isposinf: Primitive = _classification("isposinf", "{0} == np.inf", "{0} == math.inf")
isneginf: Primitive = _classification("isneginf", "{0} == -np.inf", "{0} == -math.inf")


def _where_vjp(g: Node, out: Apply) -> Sequence[Node | None]:
    condition = out.args[0]
    return None, where(condition, g, 0), where(condition, 0, g)


where: Primitive = elementwise(
    "where",
    numpy="np.where({0}, {1}, {2})",
    math="{1} if {0} else {2}",
    partials=(
        None,
        lambda c, a, b, out: where(c, constant(1, a.shape, a.dtype), 0),
        lambda c, a, b, out: where(c, constant(0, b.shape, b.dtype), 1),
    ),
    vjp=_where_vjp,  # one choice instead of a choice and a product
    derivative="where(c, 1, 0), where(c, 0, 1)",
    dtypes="selection",
    points=[(1.0, 0.7, -1.9), (0.0, 2.0, 3.0)],
    analytic=False,
    public=False,
    sympy="Piecewise",
    source="linear in both branches: the cotangent goes to the one chosen",
)
