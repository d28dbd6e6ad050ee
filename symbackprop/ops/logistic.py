"""The functions of logistic models, and products with a logarithm that are 0 where their first factor is."""

from __future__ import annotations

from symbackprop.ir.node import Apply, Node, constant
from symbackprop.ops.arithmetic import integer_power, neg
from symbackprop.ops.comparison import equal, greater_equal, less, where
from symbackprop.ops.declare import Primitive
from symbackprop.ops.elementwise import elementwise
from symbackprop.ops.exponential import exp, log, log1p
from symbackprop.ops.extrema import relu
from symbackprop.ops.hyperbolic import sinh, tanh
from symbackprop.ops.rounding import absolute

__all__ = ["expit", "expit_slope", "log_expit", "logcosh", "logit", "softplus", "xlog1py", "xlogy"]

_MIXED = [(0.7,), (-1.3,), (0.0,), (3.0,)]


def _decay(x: Node) -> Node:
    """Return exp(-|x|), which never overflows and which value and derivative share."""
    return exp(-absolute(x))


def _lower_expit(node: Apply) -> Node:
    """Return 1 / (1 + e) for x >= 0 and e / (1 + e) below, with e = exp(-|x|)."""
    (x,) = node.args
    decay = _decay(x)
    return where(greater_equal(x, 0), constant(1, x.shape, x.dtype), decay) / (1 + decay)


def _lower_softplus(node: Apply) -> Node:
    """Return max(x, 0) + log(1 + exp(-|x|))."""
    (x,) = node.args
    return relu(x) + log1p(_decay(x))


def _lower_log_expit(node: Apply) -> Node:
    """Return -max(-x, 0) - log(1 + exp(-|x|))."""
    (x,) = node.args
    return -(relu(-x) + log1p(_decay(x)))


expit: Primitive = elementwise(
    "expit",
    numpy="np.exp(-np.logaddexp(0.0, -{0}))",
    math="1.0 / (1.0 + math.exp(-{0})) if {0} >= 0.0 else math.exp({0}) / (1.0 + math.exp({0}))",
    partials=(lambda x, out: out * (1 - out),),
    derivative="expit(x)*(1 - expit(x))",
    lower=_lower_expit,
    points=_MIXED,
    aliases=("sigmoid",),
    flops=14,
    source="logistic equation s' = s*(1 - s)",
)


def _lower_expit_slope(node: Apply) -> Node:
    """Return e / (1 + e)**2, which is the same on both sides of 0."""
    (x,) = node.args
    decay = _decay(x.args[0] if isinstance(x, Apply) and x.op is neg else x)
    return decay / integer_power(1 + decay, n=2)


expit_slope: Primitive = elementwise(
    "expit_slope",
    numpy="np.exp(-np.abs({0})) / (1.0 + np.exp(-np.abs({0})))**2",
    math="math.exp(-abs({0})) / (1.0 + math.exp(-abs({0})))**2",
    partials=(lambda x, out: -out * tanh(x / 2),),
    derivative="-out * tanh(x/2)",
    lower=_lower_expit_slope,
    points=_MIXED,
    public=False,
    analytic=False,
    flops=16,
    source="expit(x)*(1 - expit(x)) = exp(-|x|) / (1 + exp(-|x|))**2",
)

log_expit: Primitive = elementwise(
    "log_expit",
    numpy="-np.logaddexp(0.0, -{0})",
    math="-math.log1p(math.exp(-{0})) if {0} >= 0.0 else {0} - math.log1p(math.exp({0}))",
    partials=(lambda x, out: expit(-x),),
    derivative="expit(-x)",
    lower=_lower_log_expit,
    points=_MIXED,
    analytic=False,
    flops=24,
    source="log_expit(x) = -log(1 + exp(-x))",
)

softplus: Primitive = elementwise(
    "softplus",
    numpy="np.logaddexp(0.0, {0})",
    math="{0} + math.log1p(math.exp(-{0})) if {0} >= 0.0 else math.log1p(math.exp({0}))",
    partials=(lambda x, out: expit(x),),
    derivative="expit(x)",
    lower=_lower_softplus,
    points=_MIXED,
    analytic=False,
    flops=24,
    source="softplus(x) = log(1 + exp(x))",
)


def _lower_logcosh(node: Apply) -> Node:
    """Return |x| + log(1 + exp(-2*|x|)) - log(2), which does not overflow; near 0, where that cancels, log1p(2*sinh(x/2)**2)."""
    (x,) = node.args
    size = absolute(x)
    near = less(size, 1)
    far = size + log1p(exp(-2 * size)) - log(constant(2, x.shape, x.dtype))
    return where(near, log1p(2 * integer_power(sinh(where(near, x, 0) / 2), n=2)), far)


logcosh: Primitive = elementwise(
    "logcosh",
    numpy="np.logaddexp({0}, -{0}) - np.log(2.0)",
    math="abs({0}) + math.log1p(math.exp(-2.0 * abs({0}))) - math.log(2.0)",
    partials=(lambda x, out: tanh(x),),
    derivative="tanh(x)",
    lower=_lower_logcosh,
    points=_MIXED,
    analytic=False,
    flops=26,
    source="logcosh(x) = log(cosh(x))",
)

logit: Primitive = elementwise(
    "logit",
    numpy="np.log({0}) - np.log1p(-{0})",
    math="math.log1p((2.0 * {0} - 1.0) / (1.0 - {0})) if 0.25 < {0} < 0.75 else math.log({0}) - math.log1p(-{0})",
    partials=(lambda x, out: 1 / (x * (1 - x)),),
    derivative="1 / (x*(1 - x))",
    points=[(0.7,), (0.3,), (0.01,)],
    safe=(0.5,),
    domain="0 < x < 1",
    analytic=False,
    flops=20,
    source="logit(x) = log(x/(1 - x))",
)


def _share_of(x: Node, y: Node) -> Node:
    """Return x / y, and 0 where x is; of x * log(x) 1, beside which 0 would not show where log(x) is infinite."""
    if x is y:
        return constant(1, x.shape, x.dtype)
    return x / where(equal(x, 0), 1, y)


xlogy: Primitive = elementwise(
    "xlogy",
    numpy="{0} * np.log(np.where({0} == 0.0, 1.0, {1}))",
    math="0.0 if {0} == 0.0 and {1} == {1} else {0} * math.log({1})",
    partials=(lambda x, y, out: log(y), lambda x, y, out: _share_of(x, y)),
    derivative="log(y), x / y",
    points=[(0.7, 1.9), (2.0, 0.3), (-1.0, 3.0)],
    safe=(None, 1.0),
    domain="y > 0, or x = 0",
    analytic=False,
    flops=12,
    source="product rule",
)

xlog1py: Primitive = elementwise(
    "xlog1py",
    numpy="{0} * np.log1p(np.where({0} == 0.0, 0.0, {1}))",
    math="0.0 if {0} == 0.0 and {1} == {1} else {0} * math.log1p({1})",
    partials=(lambda x, y, out: log1p(y), lambda x, y, out: _share_of(x, 1 + y)),
    derivative="log1p(y), x / (1 + y)",
    points=[(0.7, 1.9), (2.0, -0.3), (-1.0, 3.0)],
    safe=(None, 0.0),
    domain="y > -1, or x = 0",
    analytic=False,
    flops=12,
    source="product rule",
)
