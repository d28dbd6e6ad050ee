"""Exponentials and logarithms."""

from __future__ import annotations

from symbackprop.ir.node import constant
from symbackprop.ops.declare import Primitive, primitives
from symbackprop.ops.elementwise import elementwise

__all__ = ["exp", "exp2", "expm1", "log", "log1p", "log2", "log10", "logaddexp", "logaddexp2"]

_MIXED = [(0.7,), (-3.0,), (0.0,), (1e-8,)]
_POSITIVE = [(0.7,), (3.0,), (1e-3,), (1e5,)]

exp: Primitive = elementwise(
    "exp",
    numpy="np.exp({0})",
    math="math.exp({0})",
    partials=(lambda x, out: out,),
    derivative="exp(x)",
    points=_MIXED,
    safe=(0.0,),
    flops=10,
    sympy="exp",
    source="DLMF 4.20.1",
)

exp2: Primitive = elementwise(
    "exp2",
    numpy="np.exp2({0})",
    math="math.exp2({0})",
    partials=(lambda x, out: log(constant(2)) * out,),
    derivative="log(2) * 2**x",
    points=_MIXED,
    safe=(0.0,),
    flops=10,
    source="DLMF 4.7.14",
)

expm1: Primitive = elementwise(
    "expm1",
    numpy="np.expm1({0})",
    math="math.expm1({0})",
    partials=(lambda x, out: exp(x),),
    derivative="exp(x)",
    points=_MIXED,
    safe=(0.0,),
    flops=10,
    source="DLMF 4.20.1",
)

log: Primitive = elementwise(
    "log",
    numpy="np.log({0})",
    math="math.log({0})",
    partials=(lambda x, out: 1 / x,),
    derivative="1 / x",
    points=_POSITIVE,
    safe=(1.0,),
    domain="x > 0",
    flops=10,
    sympy="log",
    source="DLMF 4.7.1",
)

log2: Primitive = elementwise(
    "log2",
    numpy="np.log2({0})",
    math="math.log2({0})",
    partials=(lambda x, out: 1 / (log(constant(2)) * x),),
    derivative="1 / (x*log(2))",
    points=_POSITIVE,
    safe=(1.0,),
    domain="x > 0",
    flops=10,
    source="DLMF 4.7.1",
)

log10: Primitive = elementwise(
    "log10",
    numpy="np.log10({0})",
    math="math.log10({0})",
    partials=(lambda x, out: 1 / (log(constant(10)) * x),),
    derivative="1 / (x*log(10))",
    points=_POSITIVE,
    safe=(1.0,),
    domain="x > 0",
    flops=10,
    source="DLMF 4.7.1",
)

log1p: Primitive = elementwise(
    "log1p",
    numpy="np.log1p({0})",
    math="math.log1p({0})",
    partials=(lambda x, out: 1 / (1 + x),),
    derivative="1 / (1 + x)",
    points=[(0.7,), (-0.5,), (0.0,), (1e-9,), (100.0,)],
    safe=(0.0,),
    domain="x > -1",
    flops=10,
    source="DLMF 4.7.1",
)

logaddexp: Primitive = elementwise(
    "logaddexp",
    numpy="np.logaddexp({0}, {1})",
    math="max({0}, {1}) + math.log1p(math.exp(-abs({0} - {1})))",
    partials=(lambda x, y, out: primitives()["expit"](x - y), lambda x, y, out: primitives()["expit"](y - x)),
    derivative="expit(x - y), expit(y - x)",
    points=[(0.7, -1.9), (2.0, 2.0), (-30.0, 5.0), (700.0, 710.0)],
    analytic=False,
    flops=25,
    source="d log(e**x + e**y)/dx = e**x / (e**x + e**y)",
)

logaddexp2: Primitive = elementwise(
    "logaddexp2",
    numpy="np.logaddexp2({0}, {1})",
    math="max({0}, {1}) + math.log1p(math.exp2(-abs({0} - {1}))) / 0.6931471805599453",
    partials=(lambda x, y, out: exp2(x - out), lambda x, y, out: exp2(y - out)),
    derivative="2**(x - out), 2**(y - out)",
    points=[(0.7, -1.9), (2.0, 2.0), (-30.0, 5.0)],
    analytic=False,
    flops=25,
    source="as logaddexp, to base 2",
)
