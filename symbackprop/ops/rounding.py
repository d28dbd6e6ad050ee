"""Signs, rounding and remainders: derivatives that are constant between jumps, and 0 at the kinks."""

from __future__ import annotations

from symbackprop.ir.node import Apply, Node, constant
from symbackprop.ops.comparison import equal, isfinite, where
from symbackprop.ops.declare import Primitive, Style, Text
from symbackprop.ops.elementwise import elementwise

__all__ = ["absolute", "copysign", "floor", "sign", "trunc"]

_MIXED = [(0.7,), (-1.3,), (2.4,), (-0.2,)]
_PAIRS = [(0.7, -1.9), (-5.3, 2.0), (7.1, 2.5)]

absolute: Primitive = elementwise(
    "abs",
    numpy="np.abs({0})",
    math="abs({0})",
    partials=(lambda x, out: sign(x),),
    derivative="sign(x)",
    dtypes="numeric",
    points=_MIXED,
    kinks="the derivative at 0 is 0",
    aliases=("absolute", "fabs"),
    analytic=False,
    sympy="Abs",
    source="|x| = x*sign(x)",
)


def _step(
    name: str,
    numpy: str,
    math: Text,
    aliases: tuple[str, ...] = (),
    sympy: str | None = None,
    dtypes: str = "real",
) -> Primitive:
    return elementwise(
        name,
        numpy=numpy,
        math=math,
        partials=(None,),
        derivative="0",
        points=_MIXED,
        kinks="the derivative at the jumps is 0",
        aliases=aliases,
        analytic=False,
        sympy=sympy,
        dtypes=dtypes,
        source="constant between jumps",
    )


def _sign_text(node: Apply, style: Style) -> str:
    if node.dtype == "int64":
        return "({0} > 0) - ({0} < 0)"
    return "1.0 if {0} > 0.0 else -1.0 if {0} < 0.0 else 0.0 * {0}"  # nan stays nan


sign: Primitive = _step("sign", "np.sign({0})", _sign_text, sympy="sign", dtypes="numeric")
floor: Primitive = _step("floor", "np.floor({0})", "float(math.floor({0}))", sympy="floor")
ceil: Primitive = _step("ceil", "np.ceil({0})", "float(math.ceil({0}))", sympy="ceiling")
trunc: Primitive = _step("trunc", "np.trunc({0})", "float(math.trunc({0}))", aliases=("fix",))
rint: Primitive = _step("rint", "np.rint({0})", "float(round({0}))")


round_: Primitive = elementwise(
    "round",
    numpy=lambda node, style: f"np.round({{0}}, {node.param('decimals')})",
    math=lambda node, style: f"round({{0}}, {node.param('decimals')})",
    partials=(None,),
    derivative="0",
    points=_MIXED,
    kinks="the derivative at the jumps is 0",
    defaults={"decimals": 1},
    analytic=False,
    public=False,
    source="constant between jumps",
)

floor_divide: Primitive = elementwise(
    "floor_divide",
    numpy="{0} // {1}",
    math="{0} // {1}",
    partials=(None, None),
    derivative="0, 0",
    dtypes="numeric",
    points=_PAIRS,
    kinks="the derivative at the jumps is 0",
    safe=(None, 1.0),
    domain="y != 0",
    analytic=False,
    source="constant between jumps",
)

remainder: Primitive = elementwise(
    "remainder",
    numpy="{0} % {1}",
    math="{0} % {1}",
    partials=(lambda x, y, out: constant(1, x.shape, x.dtype), lambda x, y, out: -floor_divide(x, y)),
    derivative="1, -(x // y)",
    dtypes="numeric",
    points=_PAIRS,
    kinks="at the jumps the derivative is that of the side which is continued",
    safe=(None, 1.0),
    domain="y != 0",
    aliases=("mod",),
    analytic=False,
    sympy="Mod",
    source="x mod y = x - y*floor(x/y)",
)

fmod: Primitive = elementwise(
    "fmod",
    numpy="np.fmod({0}, {1})",
    math=lambda node, style: "int(math.fmod({0}, {1}))" if node.dtype == "int64" else "math.fmod({0}, {1})",
    partials=(lambda x, y, out: constant(1, x.shape, x.dtype), lambda x, y, out: rint((out - x) / y)),
    derivative="1, -trunc(x/y)",
    dtypes="numeric",
    points=_PAIRS,
    kinks="at the jumps the derivative is that of the side which is continued",
    safe=(None, 1.0),
    domain="y != 0",
    analytic=False,
    source="fmod(x, y) = x - y*trunc(x/y)",
)

copysign: Primitive = elementwise(
    "copysign",
    numpy="np.copysign({0}, {1})",
    math="math.copysign({0}, {1})",
    partials=(lambda x, y, out: sign(x) * copysign(constant(1, x.shape, x.dtype), y), None),
    derivative="sign(x)*sign(y), 0",
    points=_PAIRS,
    kinks="the derivative at x = 0 is 0",
    analytic=False,
    source="copysign(x, y) = |x|*sign(y)",
)

heaviside: Primitive = elementwise(
    "heaviside",
    numpy="np.heaviside({0}, {1})",
    math="{1} if {0} == 0.0 else 1.0 if {0} > 0.0 else 0.0 if {0} < 0.0 else {0}",
    partials=(None, lambda x, y, out: where(equal(x, 0), constant(1, y.shape, y.dtype), 0)),
    derivative="0, (x == 0)",
    points=_PAIRS,
    kinks="the derivative in x at 0 is 0",
    analytic=False,
    sympy="Heaviside",
    source="constant between jumps",
)


def _nan_to_num_partial(x: Node, out: Node) -> Node:
    return where(isfinite(x), constant(1, x.shape, x.dtype), 0)


nan_to_num: Primitive = elementwise(
    "nan_to_num",
    numpy="np.nan_to_num({0})",
    math="{0} if math.isfinite({0}) else 0.0 if math.isnan({0}) else math.copysign(1.7976931348623157e+308, {0})",
    partials=(_nan_to_num_partial,),
    derivative="isfinite(x)",
    points=_MIXED,
    kinks="the derivative where a value is replaced is 0",
    analytic=False,
    source="the identity where x is finite",
)
