"""Differences and quotients that cancel or overflow as they are written, each in a form that does not.

No word stands for them: rewriting puts them in the place of what they are equal to (`simplify.differences`,
`simplify.exponentials`).
"""

from __future__ import annotations

from symbackprop.ir.node import PI, Apply, Node, constant
from symbackprop.ops.arithmetic import integer_power, neg
from symbackprop.ops.comparison import greater, where
from symbackprop.ops.declare import Primitive
from symbackprop.ops.elementwise import elementwise
from symbackprop.ops.error_functions import erfc, erfcx
from symbackprop.ops.exponential import exp, expm1, log
from symbackprop.ops.extrema import maximum
from symbackprop.ops.hyperbolic import tanh
from symbackprop.ops.logistic import expit
from symbackprop.ops.powers import sqrt
from symbackprop.ops.rounding import absolute
from symbackprop.ops.trigonometric import hypot

__all__ = [
    "hypot_minus",
    "log_erfc",
    "log_one_minus_exp",
    "over_one_plus_exp",
    "reciprocal_expm1",
    "reciprocal_expm1_slope",
    "reciprocal_root_minus_one",
    "root_minus",
    "sech_squared",
    "square_difference",
]

_LOG_TWO = 0.6931471805599453

square_difference: Primitive = elementwise(
    "square_difference",
    numpy="({0} - {1}) * ({0} + {1})",
    math="({0} - {1}) * ({0} + {1})",
    partials=(lambda x, y, out: 2 * x, lambda x, y, out: -2 * y),
    derivative="2*x, -2*y",
    points=[(0.7, -1.9), (1.0, 0.999), (3.0, 3.0)],
    public=False,
    flops=3,
    source="x**2 - y**2 = (x - y)*(x + y)",
)


def _lower_root_minus(node: Apply) -> Node:
    """Return w / (root + b) where b is positive, and root - b where it is not."""
    b, w = node.args
    root = sqrt(integer_power(b, n=2) + w)
    return _without_cancelling(b, root, lambda total: w / total)


def _lower_hypot_minus(node: Apply) -> Node:
    """Return v * (v / (hypot + b)) where b is positive, and hypot - b where it is not."""
    b, v = node.args
    return _without_cancelling(b, hypot(b, v), lambda total: v * (v / total))


def _without_cancelling(b: Node, root: Node, share: object) -> Node:
    total = root + b
    positive = greater(b, 0)
    return where(positive, share(where(positive, total, 1)), root - b)  # type: ignore[operator]


root_minus: Primitive = elementwise(
    "root_minus",
    numpy="np.where({0} > 0.0, {1} / (np.sqrt({0} * {0} + {1}) + np.abs({0})), np.sqrt({0} * {0} + {1}) - {0})",
    math="{1} / (math.sqrt({0} * {0} + {1}) + {0}) if {0} > 0.0 else math.sqrt({0} * {0} + {1}) - {0}",
    partials=(
        lambda b, w, out: -out / sqrt(integer_power(b, n=2) + w),
        lambda b, w, out: 0.5 / sqrt(integer_power(b, n=2) + w),
    ),
    derivative="-out / sqrt(b**2 + w), 0.5 / sqrt(b**2 + w)",
    lower=_lower_root_minus,
    points=[(0.7, 1.9), (-1.3, 0.4), (2.0, -1.0), (1.0, 1e-9)],
    safe=(1.0, 1.0),
    domain="b**2 + w > 0",
    public=False,
    analytic=False,
    flops=12,
    source="sqrt(b**2 + w) - b = w / (sqrt(b**2 + w) + b)",
)

hypot_minus: Primitive = elementwise(
    "hypot_minus",
    numpy="np.where({0} > 0.0, {1} * ({1} / (np.hypot({0}, {1}) + np.abs({0}))), np.hypot({0}, {1}) - {0})",
    math="{1} * ({1} / (math.hypot({0}, {1}) + {0})) if {0} > 0.0 else math.hypot({0}, {1}) - {0}",
    partials=(lambda b, v, out: -out / hypot(b, v), lambda b, v, out: v / hypot(b, v)),
    derivative="-out / hypot(b, v), v / hypot(b, v)",
    lower=_lower_hypot_minus,
    points=[(0.7, 1.9), (-1.3, 0.4), (1.0, 1e-9)],
    safe=(1.0, None),
    domain="not both 0",
    public=False,
    analytic=False,
    flops=14,
    source="hypot(b, v) - b = v**2 / (hypot(b, v) + b)",
)


def _one_plus(w: Node) -> Node:
    """Return 1 + w, in factors where w is the square of a number with a minus."""
    square = w.args[0] if isinstance(w, Apply) and w.op is neg else None
    if isinstance(square, Apply) and square.op is integer_power and square.param("n") == 2:
        return square_difference(1, square.args[0])
    return 1 + w


def _lower_reciprocal_root_minus_one(node: Apply) -> Node:
    """Return -w / (root + 1) / root, with the root of 1 + w."""
    (w,) = node.args
    root = sqrt(_one_plus(w))
    return -w / (root + 1) / root


reciprocal_root_minus_one: Primitive = elementwise(
    "reciprocal_root_minus_one",
    numpy="-{0} / (np.sqrt(1.0 + {0}) + 1.0) / np.sqrt(1.0 + {0})",
    math="-{0} / (math.sqrt(1.0 + {0}) + 1.0) / math.sqrt(1.0 + {0})",
    partials=(lambda w, out: -0.5 / (_one_plus(w) * sqrt(_one_plus(w))),),
    derivative="-0.5 / (1 + w)**1.5",
    lower=_lower_reciprocal_root_minus_one,
    points=[(0.7,), (-0.4,), (1e-9,)],
    safe=(1.0,),
    domain="w > -1",
    public=False,
    flops=12,
    source="1/sqrt(1 + w) - 1 = (1 - sqrt(1 + w)) / sqrt(1 + w) = -w / ((1 + sqrt(1 + w)) * sqrt(1 + w))",
)

reciprocal_expm1: Primitive = elementwise(
    "reciprocal_expm1",
    numpy="np.where({0} > 0.0, -np.exp(-np.abs({0})), 1.0) / np.expm1(-np.abs({0}))",
    math="math.exp(-{0}) / -math.expm1(-{0}) if {0} > 0.0 else 1.0 / math.expm1({0})",
    partials=(lambda x, out: out * reciprocal_expm1(-x),),
    derivative="out * reciprocal_expm1(-x)",
    points=[(0.7,), (-1.3,), (30.0,), (0.01,)],
    safe=(1.0,),
    domain="x != 0",
    public=False,
    analytic=False,
    flops=20,
    source="d/dx 1/(e**x - 1) = -e**x / (e**x - 1)**2 = 1/(e**x - 1) * 1/(e**-x - 1)",
)


def _lower_reciprocal_expm1_slope(node: Apply) -> Node:
    """Return e / (1 - e)**2 with e = exp(-|x|): it is the same on both sides of 0."""
    (x,) = node.args
    falling = -absolute(x.args[0] if isinstance(x, Apply) and x.op is neg else x)
    return exp(falling) / integer_power(expm1(falling), n=2)


reciprocal_expm1_slope: Primitive = elementwise(
    "reciprocal_expm1_slope",
    numpy="np.exp(-np.abs({0})) / np.expm1(-np.abs({0}))**2",
    math="math.exp(-abs({0})) / math.expm1(-abs({0}))**2",
    partials=(lambda x, out: -out / tanh(x / 2),),
    derivative="-out / tanh(x/2)",
    lower=_lower_reciprocal_expm1_slope,
    points=[(0.7,), (-1.3,), (30.0,), (0.01,)],
    safe=(1.0,),
    domain="x != 0",
    public=False,
    analytic=False,
    flops=24,
    source="e**x / (e**x - 1)**2 = 1/(2*sinh(x/2))**2, DLMF 4.28.1, whose derivative is -cosh(x/2)/(4*sinh(x/2)**3)",
)

log_one_minus_exp: Primitive = elementwise(
    "log_one_minus_exp",
    numpy=f"np.where({{0}} > -{_LOG_TWO}, np.log(-np.expm1({{0}})), np.log1p(-np.exp({{0}})))",
    math=f"math.log(-math.expm1({{0}})) if {{0}} > -{_LOG_TWO} else math.log1p(-math.exp({{0}}))",
    partials=(lambda x, out: exp(x) / expm1(x),),
    derivative="exp(x) / expm1(x)",
    points=[(-0.7,), (-3.0,), (-0.01,), (-40.0,)],
    safe=(-1.0,),
    domain="x < 0",
    public=False,
    analytic=False,
    flops=24,
    source="Mächler, M. (2012), Accurately computing log(1 - exp(-|a|))",
)


def _lower_over_one_plus_exp(node: Apply) -> Node:
    a, x = node.args
    return a * expit(x.args[0] if isinstance(x, Apply) and x.op is neg else -x)


over_one_plus_exp: Primitive = elementwise(
    "over_one_plus_exp",
    numpy="{0} * np.exp(-np.logaddexp(0.0, {1}))",
    math="{0} / (1.0 + math.exp({1})) if {1} <= 0.0 else {0} * math.exp(-{1}) / (1.0 + math.exp(-{1}))",
    partials=(lambda a, x, out: expit(-x), lambda a, x, out: -out * expit(x)),
    derivative="expit(-x), -out*expit(x)",
    lower=_lower_over_one_plus_exp,
    points=[(0.7, 1.9), (-1.3, -0.4), (2.0, 0.0), (1.0, 12.0)],
    public=False,
    flops=15,
    source="a / (1 + e**x), in whose slope -a*s*(1 - s), with s = 1/(1 + e**x), 1 - s near 1 cancels",
)

sech_squared: Primitive = elementwise(
    "sech_squared",
    numpy="4.0 * np.exp(-2.0 * np.abs({0})) / (1.0 + np.exp(-2.0 * np.abs({0})))**2",
    math="4.0 * math.exp(-2.0 * abs({0})) / (1.0 + math.exp(-2.0 * abs({0})))**2",
    partials=(lambda x, out: -2 * (tanh(x) * out),),
    derivative="-2*tanh(x)*out",
    lower=lambda node: _lower_sech_squared(node.args[0]),
    points=[(0.7,), (-1.3,), (0.0,), (30.0,)],
    public=False,
    analytic=False,
    flops=18,
    source="1 - tanh(x)**2 = 1/cosh(x)**2, DLMF 4.35.11",
)


def _lower_sech_squared(x: Node) -> Node:
    decay = exp(-2 * absolute(x))
    return 4 * decay / integer_power(1 + decay, n=2)


def _lower_log_erfc(node: Apply) -> Node:
    """Return log(erfcx(x)) - x**2 for positive x, and log(erfc(x)) for all others."""
    (x,) = node.args
    positive = greater(x, 0)
    far = maximum(x, 0)
    return log(where(positive, erfcx(far), erfc(where(positive, 0, x)))) - integer_power(far, n=2)


log_erfc: Primitive = elementwise(
    "log_erfc",
    numpy="np.log(special.erfc({0}))",
    partials=(lambda x, out: -2 / sqrt(constant(PI, x.shape, x.dtype)) / erfcx(x),),
    derivative="-2/sqrt(pi) / erfcx(x)",
    lower=_lower_log_erfc,
    points=[(0.7,), (-1.3,), (0.0,), (5.0,)],
    public=False,
    analytic=False,
    flops=40,
    source="erfcx(x) = exp(x**2)*erfc(x), DLMF 7.2.2",
)
