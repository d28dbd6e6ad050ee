"""The gamma function and what is made of it: its logarithm, polygamma functions, beta, rising factorials.

Derivatives hold differences of polygamma functions, which cancel where their arguments are close;
`polygamma_difference` computes them by a series there.
"""

from __future__ import annotations

from symbackprop.ir.node import Apply, Node
from symbackprop.ops.comparison import less, where
from symbackprop.ops.declare import Primitive, Style
from symbackprop.ops.elementwise import elementwise
from symbackprop.ops.rounding import absolute
from symbackprop.ops.scipy_text import called, rounded

__all__ = [
    "beta",
    "betaln",
    "digamma",
    "digamma_difference",
    "gamma",
    "gammaln",
    "poch",
    "polygamma",
    "polygamma_difference",
]

_POSITIVE = [(0.7,), (3.0,), (12.5,), (0.05,)]
_POLES = "x is not 0, -1, -2, ..."
_CLOSE = 0.01  # a step of this part of the argument; beyond it a difference keeps 14 digits


def _polygamma_text(node: Apply, style: Style) -> str:
    text = rounded(f"special.polygamma({node.param('n')}, {{0}})", node)
    return text if node.shape or node.dtype == "float32" else f"{text}[()]"  # it gives an array even of scalars


polygamma: Primitive = elementwise(
    "polygamma",
    numpy=_polygamma_text,
    partials=(lambda x, out, n: polygamma(x, n=n + 1),),
    derivative="polygamma(n + 1, x)",
    points=[*_POSITIVE, (-1.3,)],
    safe=(1.0,),
    domain=_POLES,
    fixed=("n",),
    defaults={"n": 1},
    analytic=False,
    flops=40,
    sympy="polygamma",
    source="DLMF 5.15.1",
)

digamma: Primitive = elementwise(
    "digamma",
    numpy="special.digamma({0})",
    partials=(lambda x, out: polygamma(x, n=1),),
    derivative="polygamma(1, x)",
    points=[*_POSITIVE, (-1.3,)],
    safe=(1.0,),
    domain=_POLES,
    aliases=("psi",),
    flops=30,
    sympy="digamma",
    source="DLMF 5.2.2",
)

gammaln: Primitive = elementwise(
    "gammaln",
    numpy="special.gammaln({0})",
    math="math.lgamma({0})",
    partials=(lambda x, out: digamma(x),),
    derivative="digamma(x)",
    points=_POSITIVE,
    safe=(1.0,),
    domain=f"{_POLES}; below 0 it is log(abs(gamma(x)))",
    aliases=("loggamma", "lgamma"),
    analytic=False,
    flops=30,
    sympy="loggamma",
    source="DLMF 5.2.2",
)

gamma: Primitive = elementwise(
    "gamma",
    numpy="special.gamma({0})",
    math="math.gamma({0})",
    partials=(lambda x, out: out * digamma(x),),
    derivative="gamma(x)*digamma(x)",
    points=[*_POSITIVE, (-1.3,), (100.5,)],
    safe=(1.0,),
    domain=_POLES,
    analytic=False,
    flops=30,
    sympy="gamma",
    source="DLMF 5.2.2",
)


# --- differences of polygamma functions -------------------------------------------------------------------------------


def _difference_text(node: Apply, style: Style) -> str:
    order: int = node.param("n")  # type: ignore[assignment]
    name = f"polygamma({order}, " if order else "digamma("
    text = f"special.{name}{{0}} + {{1}}) - special.{name}{{0}})"
    return f"np.float32({text})" if node.dtype == "float32" and order else text


def _at(n: int, x: Node) -> Node:
    return polygamma(x, n=n) if n else digamma(x)


def _lower_difference(node: Apply) -> Node:
    """Return the difference, or, of close arguments, its odd Taylor series about the middle."""
    x, step = node.args
    n: int = node.param("n")  # type: ignore[assignment]
    near = less(absolute(step), _CLOSE * x)
    middle = where(near, x + step / 2, 1)
    square = step * step
    series = step * (_at(n + 1, middle) + square / 24 * (_at(n + 3, middle) + square / 80 * _at(n + 5, middle)))
    return where(near, series, _at(n, x + step) - _at(n, x))


polygamma_difference: Primitive = elementwise(
    "polygamma_difference",
    numpy=_difference_text,
    partials=(
        lambda x, step, out, n: polygamma_difference(x, step, n=n + 1),
        lambda x, step, out, n: polygamma(x + step, n=n + 1),
    ),
    derivative="polygamma(n + 1, x + h) - polygamma(n + 1, x), polygamma(n + 1, x + h)",
    lower=_lower_difference,
    points=[(0.7, 1.9), (3.0, 0.5), (12.5, -4.0), (3.0, 0.02)],
    safe=(1.0, 1.0),
    domain="neither x nor x + h is 0, -1, -2, ...",
    public=False,
    defaults={"n": 0},
    analytic=False,
    flops=60,
    source="DLMF 5.2.2; Taylor's theorem",
)


def digamma_difference(x: Node, step: Node) -> Node:
    """Return digamma(x + step) - digamma(x)."""
    return polygamma_difference(x, step, n=0)


# --- beta -------------------------------------------------------------------------------------------------------------

_PAIRS = [(0.7, 1.9), (3.0, 0.5), (12.5, 4.0)]

beta: Primitive = elementwise(
    "beta",
    numpy=called("beta"),
    partials=(
        lambda a, b, out: -out * digamma_difference(a, b),
        lambda a, b, out: -out * digamma_difference(b, a),
    ),
    derivative="beta(a, b)*(digamma(a) - digamma(a + b)), and with a and b exchanged",
    points=_PAIRS,
    safe=(1.0, 1.0),
    domain="a, b > 0",
    analytic=False,
    flops=60,
    sympy="beta",
    source="DLMF 5.12.1",
)

betaln: Primitive = elementwise(
    "betaln",
    numpy=called("betaln"),
    partials=(
        lambda a, b, out: -digamma_difference(a, b),
        lambda a, b, out: -digamma_difference(b, a),
    ),
    derivative="digamma(a) - digamma(a + b), digamma(b) - digamma(a + b)",
    points=_PAIRS,
    safe=(1.0, 1.0),
    domain="a, b > 0",
    analytic=False,
    flops=60,
    source="DLMF 5.12.1",
)


poch: Primitive = elementwise(
    "poch",
    numpy=called("poch"),
    partials=(
        lambda x, m, out: out * digamma_difference(x, m),
        lambda x, m, out: out * digamma(x + m),
    ),
    derivative="poch(x, m)*(digamma(x + m) - digamma(x)), poch(x, m)*digamma(x + m)",
    points=_PAIRS,
    safe=(1.0, 1.0),
    domain="neither x nor x + m is 0, -1, -2, ...",
    analytic=False,
    flops=60,
    sympy="RisingFactorial",
    source="DLMF 5.2.5",
)
