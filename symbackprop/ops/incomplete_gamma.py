"""Incomplete gamma functions, regularised (SciPy's) and not (SymPy's), and the density that is their derivative.

Not in here: their derivatives in a, which are not elementary; asking for one is an error.
"""

from __future__ import annotations

from fractions import Fraction

from symbackprop.ir.node import PI, Apply, Node, constant
from symbackprop.ops.comparison import greater, less, where
from symbackprop.ops.declare import Primitive, Refused
from symbackprop.ops.elementwise import elementwise
from symbackprop.ops.exponential import exp, log, log1p
from symbackprop.ops.extrema import maximum
from symbackprop.ops.gamma import digamma, gamma, gammaln
from symbackprop.ops.logistic import xlogy
from symbackprop.ops.powers import sqrt
from symbackprop.ops.scipy_text import called, fixed_number

__all__ = ["gamma_density", "gammainc", "gammaincc", "lowergamma", "stirling_series", "uppergamma"]

_POINTS = [(0.5, 0.3), (2.0, 0.7), (3.0, 5.0), (1.0, 2.5)]
_DOMAIN = "a > 0, x >= 0"
_SHAPE = Refused("its shape a")

_LARGE = 12  # from here on the logarithms of the density cancel, and Stirling's series is short
_STIRLING = (Fraction(1, 12), Fraction(-1, 360), Fraction(1, 1260), Fraction(-1, 1680), Fraction(1, 1188))


def _weight(a: Node, x: Node, scale: Node | None = None) -> Node:
    """Return x**(a - 1)*exp(-x), divided by exp(scale) before anything can overflow."""
    number = fixed_number(a)
    if number in (1, 2):  # whose scale is 0
        return exp(-x) if number == 1 else x * exp(-x)
    rise = xlogy(a - 1, x) if number is None else (number - 1) * log(x)
    return exp(rise - x if scale is None else rise - x - scale)


def _direct(a: Node, x: Node) -> Node:
    return _weight(a, x, gammaln(a))


def stirling_series(b: Node) -> Node:
    """Return log(gamma(b + 1)) - b*log(b) + b - log(2*pi*b)/2 for large b."""
    square = b * b
    series: Node = constant(_STIRLING[-1], b.shape, b.dtype)
    for coefficient in reversed(_STIRLING[:-1]):
        series = coefficient + series / square
    return series / b


def _saddle(b: Node, x: Node) -> Node:
    """Return x**b * exp(-x)/gamma(b + 1) for large b, from the distance of x to b."""
    distance = (x - b) / b
    ratio = where(greater(distance, -0.5), log1p(maximum(distance, -0.5)), log(x / b))
    return exp(b * (ratio - distance) - stirling_series(b)) / sqrt(2 * constant(PI) * b)


def _lower_density(node: Apply) -> Node:
    a, x = node.args
    number = fixed_number(a)
    if number is not None:
        return _direct(a, x) if number < _LARGE else _saddle(a - 1, x)
    small = less(a, _LARGE)
    return where(small, _direct(a, x), _saddle(maximum(a, _LARGE) - 1, x))


gamma_density: Primitive = elementwise(
    "gamma_density",
    numpy="{1}**({0} - 1.0) * np.exp(-{1}) / special.gamma({0})",
    partials=(
        lambda a, x, out: out * (log(x) - digamma(a)),
        lambda a, x, out: out * ((a - 1) / x - 1),
    ),
    derivative="d*(log(x) - digamma(a)), d*((a - 1)/x - 1)",
    lower=_lower_density,
    points=[*_POINTS, (20.5, 18.0), (30.0, 45.0)],
    safe=(1.0, 1.0),
    domain="a > 0, x > 0",
    public=False,
    analytic=False,
    flops=60,
    source="DLMF 8.2.1, 8.2.4; for large a Stirling's series, DLMF 5.11.1",
)

gammainc: Primitive = elementwise(
    "gammainc",
    numpy=called("gammainc"),
    partials=(_SHAPE, lambda a, x, out: gamma_density(a, x)),
    derivative="x**(a - 1)*exp(-x)/gamma(a) in x; none in a",
    points=_POINTS,
    safe=(1.0, 1.0),
    domain=_DOMAIN,
    analytic=False,
    flops=100,
    source="DLMF 8.2.4, 8.8.13",
)

gammaincc: Primitive = elementwise(
    "gammaincc",
    numpy=called("gammaincc"),
    partials=(_SHAPE, lambda a, x, out: -gamma_density(a, x)),
    derivative="-x**(a - 1)*exp(-x)/gamma(a) in x; none in a",
    points=_POINTS,
    safe=(1.0, 1.0),
    domain=_DOMAIN,
    analytic=False,
    flops=100,
    source="DLMF 8.2.4, 8.8.14",
)


lowergamma: Primitive = elementwise(
    "lowergamma",
    numpy="special.gamma({0}) * special.gammainc({0}, {1})",
    partials=(_SHAPE, lambda a, x, out: _weight(a, x)),
    derivative="x**(a - 1)*exp(-x) in x; none in a",
    lower=lambda node: gamma(node.args[0]) * gammainc(*node.args),
    points=_POINTS,
    safe=(1.0, 1.0),
    domain="0 < a < 171, x >= 0",
    analytic=False,
    flops=100,
    sympy="lowergamma",
    source="DLMF 8.2.1, 8.8.13",
)

uppergamma: Primitive = elementwise(
    "uppergamma",
    numpy="special.gamma({0}) * special.gammaincc({0}, {1})",
    partials=(_SHAPE, lambda a, x, out: -_weight(a, x)),
    derivative="-x**(a - 1)*exp(-x) in x; none in a",
    lower=lambda node: gamma(node.args[0]) * gammaincc(*node.args),
    points=_POINTS,
    safe=(1.0, 1.0),
    domain="0 < a < 171, x >= 0",
    analytic=False,
    flops=100,
    sympy="uppergamma",
    source="DLMF 8.2.2, 8.8.14",
)
