"""Classical orthogonal polynomials of a fixed order.

Each family is closed under differentiation, so that no derivative divides by 1 - x**2. Low orders become polynomials
in Horner's form, with exact coefficients; others are SciPy's `eval_*`, which run the recurrence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import isfinite, prod

from symbackprop.ir.node import Apply, Node, constant
from symbackprop.ops.declare import Partial, Primitive, Refused, Style
from symbackprop.ops.elementwise import elementwise
from symbackprop.ops.powers import power
from symbackprop.ops.scipy_text import fixed_number, moved, rounded, with_parameters

__all__ = [
    "assoc_legendre",
    "eval_chebyt",
    "eval_chebyu",
    "eval_gegenbauer",
    "eval_genlaguerre",
    "eval_hermite",
    "eval_hermitenorm",
    "eval_jacobi",
    "eval_laguerre",
    "eval_legendre",
]

Exact = Fraction
Step = tuple[Exact, Exact, Exact]  # a, b, c of p[k + 1] = (a*x + b)*p[k] - c*p[k - 1]
Recurrence = Callable[..., Step]  # of k and the parameters of the family


# --- low orders -------------------------------------------------------------------------------------------------------


def coefficients(recurrence: Recurrence, n: int, parameters: Sequence[Exact]) -> list[Exact]:
    """Return the coefficients of the polynomial of order n, from the constant one upwards."""
    before: list[Exact] = [Fraction(0)]
    current: list[Exact] = [Fraction(1)]
    for k in range(n):
        a, b, c = recurrence(k, *parameters)
        following = [Fraction(0)] * (k + 2)
        for degree, value in enumerate(current):
            following[degree] += b * value
            following[degree + 1] += a * value
        for degree, value in enumerate(before):
            following[degree] -= c * value
        before, current = current, following
    return current


def horner(values: Sequence[Exact], x: Node) -> Node:
    """Return a polynomial in x; one that is odd or even is one in x**2."""
    if len(values) > 3 and (not any(values[1::2]) or not any(values[0::2])):
        odd = not any(values[0::2])
        inner = horner(values[1::2] if odd else values[0::2], x * x)
        return x * inner if odd else inner
    result: Node = constant(values[-1], x.shape, x.dtype)
    for value in reversed(values[:-1]):
        result = x * result + value if value else x * result
    return result


def _lowering(recurrence: Recurrence, limit: int) -> Callable[[Apply], Node | None]:
    def lower(node: Apply) -> Node | None:
        n: int = node.param("n")  # type: ignore[assignment]
        if n > limit:
            return None
        parameters = []
        for arg in node.args[:-1]:
            number = fixed_number(arg)
            if number is None or not isfinite(number) or number <= -1:
                return None
            parameters.append(Fraction(number))
        return horner(coefficients(recurrence, n, parameters), node.args[-1])

    return lower


# --- declarations -----------------------------------------------------------------------------------------------------


def _polynomial(
    name: str,
    recurrence: Recurrence,
    slope: Callable[..., Node],
    *,
    derivative: str,
    sympy: str,
    source: str,
    points: Sequence[tuple[float, ...]],
    parameters: tuple[str, ...] = (),
    limit: int = 5,
    domain: str = "all x",
) -> Primitive:
    """Declare a family.

    Parameters
    ----------
    slope : callable
        The derivative of order n > 0: a function of n, the parameters and x.
    limit : int
        The largest order that becomes a polynomial: up to here Horner's form is as accurate as the recurrence.
    """

    def partial(*args: Node, n: int) -> Node:
        *numbers, x, _ = args
        return slope(n, *numbers, x) if n else constant(0, x.shape, x.dtype)

    refused: tuple[Partial, ...] = tuple(Refused(parameter) for parameter in parameters)
    return elementwise(
        name,
        numpy=with_parameters(name, "n"),
        partials=(*refused, partial),
        derivative=derivative + (f" in x; none in {', '.join(parameters)}" if parameters else ""),
        lower=_lowering(recurrence, limit),
        points=points,
        domain=domain,
        fixed=("n",),
        defaults={"n": 4},
        analytic=False,
        flops=40,
        sympy=sympy,
        source=source,
    )


_UNIT = [(0.7,), (-0.3,), (1.0,), (0.0,), (2.5,)]
_HALF_LINE = [(0.7,), (3.0,), (0.0,), (11.5,)]

eval_legendre: Primitive = _polynomial(
    "eval_legendre",
    lambda k: (Fraction(2 * k + 1, k + 1), Fraction(0), Fraction(k, k + 1)),
    lambda n, x: eval_gegenbauer(Fraction(3, 2), x, n=n - 1),
    derivative="eval_gegenbauer(n - 1, 3/2, x)",
    sympy="legendre",
    source="DLMF 18.9.19, 18.7.9",
    points=_UNIT,
)

eval_chebyt: Primitive = _polynomial(
    "eval_chebyt",
    lambda k: (Fraction(2 if k else 1), Fraction(0), Fraction(1)),
    lambda n, x: n * eval_chebyu(x, n=n - 1),
    derivative="n*eval_chebyu(n - 1, x)",
    sympy="chebyshevt",
    source="DLMF 18.9.21",
    points=_UNIT,
)

eval_chebyu: Primitive = _polynomial(
    "eval_chebyu",
    lambda k: (Fraction(2), Fraction(0), Fraction(1)),
    lambda n, x: 2 * eval_gegenbauer(2, x, n=n - 1),
    derivative="2*eval_gegenbauer(n - 1, 2, x)",
    sympy="chebyshevu",
    source="DLMF 18.9.19, 18.7.4",
    points=_UNIT,
)

eval_hermite: Primitive = _polynomial(
    "eval_hermite",
    lambda k: (Fraction(2), Fraction(0), Fraction(2 * k)),
    lambda n, x: 2 * n * eval_hermite(x, n=n - 1),
    derivative="2*n*eval_hermite(n - 1, x)",
    sympy="hermite",
    source="DLMF 18.9.25",
    points=_UNIT,
)

eval_hermitenorm: Primitive = _polynomial(
    "eval_hermitenorm",
    lambda k: (Fraction(1), Fraction(0), Fraction(k)),
    lambda n, x: n * eval_hermitenorm(x, n=n - 1),
    derivative="n*eval_hermitenorm(n - 1, x)",
    sympy="hermite_prob",
    source="DLMF 18.9.27",
    points=_UNIT,
)

eval_laguerre: Primitive = _polynomial(
    "eval_laguerre",
    lambda k: (Fraction(-1, k + 1), Fraction(2 * k + 1, k + 1), Fraction(k, k + 1)),
    lambda n, x: -eval_genlaguerre(1, x, n=n - 1),
    derivative="-eval_genlaguerre(n - 1, 1, x)",
    sympy="laguerre",
    source="DLMF 18.9.23",
    points=_HALF_LINE,
    limit=3,
)

eval_genlaguerre: Primitive = _polynomial(
    "eval_genlaguerre",
    lambda k, alpha: (Fraction(-1, k + 1), (2 * k + 1 + alpha) / (k + 1), (k + alpha) / (k + 1)),
    lambda n, alpha, x: -eval_genlaguerre(moved(alpha, 1), x, n=n - 1),
    derivative="-eval_genlaguerre(n - 1, alpha + 1, x)",
    sympy="assoc_laguerre",
    source="DLMF 18.9.23",
    points=[(0.5, 0.7), (2.0, 3.0), (1.0, 9.5)],
    parameters=("alpha",),
    limit=3,
    domain="alpha > -1",
)

eval_gegenbauer: Primitive = _polynomial(
    "eval_gegenbauer",
    lambda k, alpha: (2 * (k + alpha) / (k + 1), Fraction(0), (k + 2 * alpha - 1) / (k + 1)),
    lambda n, alpha, x: 2 * alpha * eval_gegenbauer(moved(alpha, 1), x, n=n - 1),
    derivative="2*alpha*eval_gegenbauer(n - 1, alpha + 1, x)",
    sympy="gegenbauer",
    source="DLMF 18.9.19",
    points=[(0.5, 0.7), (2.0, -0.3), (1.5, 2.5)],
    parameters=("alpha",),
    domain="alpha > -1/2",
)


def _jacobi_step(k: int, alpha: Exact, beta: Exact) -> Step:
    """Return the coefficients of DLMF 18.9.2; those of k = 0 have a common factor alpha + beta, which is left out."""
    if k == 0:
        return (alpha + beta + 2) / 2, (alpha - beta) / 2, Fraction(0)
    double = 2 * k + alpha + beta
    below = 2 * (k + 1) * (k + alpha + beta + 1)
    a = (double + 1) * (double + 2) / below
    b = (alpha * alpha - beta * beta) * (double + 1) / (below * double)
    c = 2 * (k + alpha) * (k + beta) * (double + 2) / (below * double)
    return a, b, c


eval_jacobi: Primitive = _polynomial(
    "eval_jacobi",
    _jacobi_step,
    lambda n, alpha, beta, x: (alpha + beta + (n + 1)) / 2 * eval_jacobi(moved(alpha, 1), moved(beta, 1), x, n=n - 1),
    derivative="(n + alpha + beta + 1)/2 * eval_jacobi(n - 1, alpha + 1, beta + 1, x)",
    sympy="jacobi",
    source="DLMF 18.9.15",
    points=[(0.5, 1.5, 0.7), (2.0, 0.0, -0.3), (1.0, 3.0, 1.5)],
    parameters=("alpha", "beta"),
    domain="alpha, beta > -1",
)


# --- associated Legendre functions ------------------------------------------------------------------------------------


def _associated_parts(x: Node, n: int, m: int) -> tuple[int, Node, Fraction]:
    """Return scale, 1 - x**2 and alpha of ``scale * (1 - x**2)**(m/2) * eval_gegenbauer(n - m, alpha, x)``."""
    return (-1) ** m * prod(range(1, 2 * m, 2)), (1 - x) * (1 + x), Fraction(2 * m + 1, 2)


def _lower_associated(node: Apply) -> Node:
    (x,) = node.args
    n: int = node.param("n")  # type: ignore[assignment]
    m: int = node.param("m")  # type: ignore[assignment]
    scale, square, alpha = _associated_parts(x, n, m)
    return scale * (power(square, Fraction(m, 2)) * eval_gegenbauer(alpha, x, n=n - m))


def _associated_partial(x: Node, out: Node, n: int, m: int) -> Node:
    scale, square, alpha = _associated_parts(x, n, m)
    outer = m * x * power(square, Fraction(m - 2, 2)) * eval_gegenbauer(alpha, x, n=n - m)
    if n == m:
        return -scale * outer
    inner = power(square, Fraction(m, 2)) * eval_gegenbauer(alpha + 1, x, n=n - m - 1)
    return scale * (2 * alpha * inner - outer)


def _associated_text(node: Apply, style: Style) -> str:
    return rounded(f"special.lpmv({node.param('m')}, {node.param('n')}, {{0}})", node)


assoc_legendre: Primitive = elementwise(
    "assoc_legendre",
    numpy=_associated_text,
    partials=(_associated_partial,),
    derivative="product rule on (1 - x**2)**(m/2) and eval_gegenbauer(n - m, m + 1/2, x)",
    lower=_lower_associated,
    points=[(0.7,), (-0.3,), (0.0,), (0.95,)],
    safe=(0.0,),
    domain="-1 <= x <= 1",
    fixed=("n", "m"),
    defaults={"n": 4, "m": 2},
    analytic=False,
    flops=60,
    sympy="assoc_legendre",
    source="DLMF 14.7.10, 18.7.9, with the phase (-1)**m",
)
