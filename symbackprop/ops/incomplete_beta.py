"""The regularised incomplete beta function, and the density that is its derivative.

Not in here: its derivatives in a and b, which are not elementary; asking for one is an error.
"""

from __future__ import annotations

from fractions import Fraction

from symbackprop.ir.node import PI, Apply, Node, constant
from symbackprop.ops.comparison import greater, less, logical_or, where
from symbackprop.ops.declare import Primitive, Refused
from symbackprop.ops.elementwise import elementwise
from symbackprop.ops.exponential import exp, log, log1p
from symbackprop.ops.extrema import maximum
from symbackprop.ops.gamma import betaln, digamma_difference, gammaln
from symbackprop.ops.incomplete_gamma import stirling_series
from symbackprop.ops.logistic import xlog1py, xlogy
from symbackprop.ops.powers import sqrt
from symbackprop.ops.scipy_text import called, fixed_number

__all__ = ["beta_density", "betainc"]

_POINTS = [(0.5, 1.5, 0.3), (2.0, 3.0, 0.7), (3.0, 0.5, 0.1), (1.0, 1.0, 0.5)]
_LARGE = 12  # from here on the logarithms of the density cancel, and Stirling's series is short


def _log_scale(a: Node, b: Node) -> Node:
    """Return -betaln(a, b); of two numbers, one of them large, by Stirling's series, where betaln cancels."""
    small, large = fixed_number(a), fixed_number(b)
    if small is None or large is None or max(small, large) < _LARGE:
        return -betaln(a, b)
    s, b = (a, b) if small <= large else (b, a)
    total = s + b
    rise = (b - Fraction(1, 2)) * log1p(s / b) + s * log(total) - s
    return rise + stirling_series(total) - stirling_series(b) - gammaln(s)


def _direct(a: Node, b: Node, x: Node) -> Node:
    """Return x**(a - 1)*(1 - x)**(b - 1)/beta(a, b), with no factor of its own where an exponent is 0."""
    rise, fall = fixed_number(a), fixed_number(b)
    exponent = _log_scale(a, b)
    if rise != 1:
        exponent = (xlogy(a - 1, x) if rise is None else (rise - 1) * log(x)) + exponent
    if fall != 1:
        exponent = (xlog1py(b - 1, -x) if fall is None else (fall - 1) * log1p(-x)) + exponent
    return exp(exponent)


def _log_ratio(distance: Node, ratio: Node) -> Node:
    """Return log(1 + distance), where the sum is `ratio`."""
    return where(greater(distance, -0.5), log1p(maximum(distance, -0.5)), log(ratio))


def _saddle(a: Node, b: Node, x: Node) -> Node:
    """Return the density for large a and b, from the distance of x to its mode (a - 1)/(a + b - 2)."""
    first, second = a - 1, b - 1
    total = first + second
    mode, rest = first / total, second / total
    above, below = (x - mode) / mode, (mode - x) / rest
    exponent = first * (_log_ratio(above, x / mode) - above) + second * (_log_ratio(below, (1 - x) / rest) - below)
    series = stirling_series(total) - stirling_series(first) - stirling_series(second)
    return (total + 1) * sqrt(total / (2 * constant(PI) * first * second)) * exp(exponent + series)


def _lower_density(node: Apply) -> Node:
    a, b, x = node.args
    numbers = fixed_number(a), fixed_number(b)
    if any(number is not None and number < _LARGE for number in numbers):
        return _direct(a, b, x)
    if all(number is not None for number in numbers):
        return _saddle(a, b, x)
    small = logical_or(less(a, _LARGE), less(b, _LARGE))
    return where(small, _direct(a, b, x), _saddle(maximum(a, _LARGE), maximum(b, _LARGE), x))


beta_density: Primitive = elementwise(
    "beta_density",
    numpy="{2}**({0} - 1.0) * (1.0 - {2})**({1} - 1.0) / special.beta({0}, {1})",
    partials=(
        lambda a, b, x, out: out * (log(x) + digamma_difference(a, b)),
        lambda a, b, x, out: out * (log1p(-x) + digamma_difference(b, a)),
        lambda a, b, x, out: out * ((a - 1) / x - (b - 1) / (1 - x)),
    ),
    derivative="d*(log(x) - digamma(a) + digamma(a + b)), the same in 1 - x and b, d*((a - 1)/x - (b - 1)/(1 - x))",
    lower=_lower_density,
    points=[*_POINTS, (20.5, 30.0, 0.45), (40.0, 15.5, 0.6)],
    safe=(1.0, 1.0, 0.5),
    domain="a, b > 0, 0 < x < 1",
    public=False,
    analytic=False,
    flops=80,
    source="DLMF 8.17.1, 5.12.1; for large a and b Stirling's series, DLMF 5.11.1",
)

betainc: Primitive = elementwise(
    "betainc",
    numpy=called("betainc", 3),
    partials=(Refused("its parameter a"), Refused("its parameter b"), lambda a, b, x, out: beta_density(a, b, x)),
    derivative="x**(a - 1)*(1 - x)**(b - 1)/beta(a, b) in x; none in a, b",
    points=_POINTS,
    safe=(1.0, 1.0, 0.5),
    domain="a, b > 0, 0 <= x <= 1",
    analytic=False,
    flops=150,
    source="DLMF 8.17.1, 8.17.2",
)
