"""Binomial coefficients of real numbers, with their first and second derivatives; third ones are refused.

With l = n - k, binom(n, k) = gamma(n + 1) / (gamma(k + 1)*gamma(l + 1)) is 0 where k or l is -1, -2, ..., for there
1/gamma is. The derivatives are not 0 there, and the general formula is 0 times infinity; `binom_slope` has the limits.
"""

from __future__ import annotations

from collections.abc import Callable

from symbackprop.errors import UnsupportedError
from symbackprop.ir.node import Apply, Node, constant
from symbackprop.ops.comparison import equal, less, logical_and, where
from symbackprop.ops.declare import Primitive, Style
from symbackprop.ops.elementwise import elementwise
from symbackprop.ops.gamma import beta, digamma, digamma_difference, polygamma
from symbackprop.ops.rounding import floor, remainder
from symbackprop.ops.scipy_text import called, fixed_number

__all__ = ["binom", "binom_slope"]

_POINTS = [(5.5, 2.5), (8.0, 3.0), (0.5, 0.25), (20.5, 0.1)]
_DOMAIN = "n is not -1, -2, ..."
_LOG_SLOPES = {  # what binom(n, k) is multiplied by, with N, K, L for digamma at n + 1, k + 1, l + 1, and N1, ... for its slope
    (1, 0): "(N - L)",
    (0, 1): "(L - K)",
    (2, 0): "((N - L)**2 + N1 - L1)",
    (1, 1): "((N - L) * (L - K) + L1)",
    (0, 2): "((L - K)**2 - L1 - K1)",
}


def _slope(n: Node, k: Node, orders: tuple[int, int]) -> Node:
    if sum(orders) > 2:
        raise UnsupportedError(
            "third derivatives of binom are not supported; write it as gamma(n + 1)/(gamma(k + 1)*gamma(n - k + 1))"
        )
    return binom_slope(n, k, orders=orders)


binom: Primitive = elementwise(
    "binom",
    numpy=called("binom"),
    partials=(lambda n, k, out: _slope(n, k, (1, 0)), lambda n, k, out: _slope(n, k, (0, 1))),
    derivative="binom*(digamma(n + 1) - digamma(n - k + 1)), binom*(digamma(n - k + 1) - digamma(k + 1))",
    points=_POINTS,
    safe=(1.0, 1.0),
    domain=_DOMAIN,
    kinks="where it is 0 its derivatives are the limits",
    analytic=False,
    flops=40,
    sympy="binomial",
    source="DLMF 5.2.2, 1.2.6",
)


def _slope_text(node: Apply, style: Style) -> str:
    """Return the general formula, which holds where the value is not 0."""
    text = _LOG_SLOPES[node.param("orders")]  # type: ignore[index]
    places = {"N": "{0} + 1.0", "K": "{1} + 1.0", "L": "{0} - {1} + 1.0"}
    for letter, place in places.items():
        text = text.replace(f"{letter}1", f"special.polygamma(1, {place})")
    for letter, place in places.items():
        text = text.replace(letter, f"special.digamma({place})")
    return f"special.binom({{0}}, {{1}}) * {text}"


def _is_negative_integer(x: Node) -> Node | None:
    """Return whether x is -1, -2, ...; None for a number that is not."""
    number = fixed_number(x)
    if number is not None and number >= 0:
        return None
    return logical_and(less(x, 0), equal(floor(x), x))


def _either(mask: Node | None, there: Node | Callable[[], Node], elsewhere: Node) -> Node:
    """Return `there` under the mask and `elsewhere` outside it, which is everywhere if there is no mask."""
    if mask is None:
        return elsewhere
    return where(mask, there() if callable(there) else there, elsewhere)


class _Slopes:
    """The slopes of binom(n, k): general formulas, with harmless arguments where it is 0, and the limits there."""

    def __init__(self, n: Node, k: Node) -> None:
        self.n, self.k, self.l = n, k, n - k
        self.zero_k, self.zero_l = _is_negative_integer(k), _is_negative_integer(self.l)
        self.value = binom(n, k)
        self.kept_k, self.kept_l = _either(self.zero_k, _zero(k), k), _either(self.zero_l, _zero(k), self.l)
        self.n_k = digamma_difference(self.kept_k + 1, n - self.kept_k)
        self.n_l = digamma_difference(self.kept_l + 1, n - self.kept_l)
        self.l_k = digamma_difference(self.kept_k + 1, self.kept_l - self.kept_k)

    def at(self, x: Node) -> Node:
        """Return the limit of the derivative in x, which is k or l, where x is -1, -2, ..."""
        return (2 * remainder(x, 2) - 1) * beta(self.n + 1, self._minus(x))

    def _minus(self, x: Node) -> Node:
        return where(less(x, 0), -x, 1)

    def _n_minus(self, x: Node) -> Node:
        return digamma(self.n + 1) - digamma(self._minus(x))

    def first(self, orders: tuple[int, int]) -> Node:
        """Return the derivative in n, or in k."""
        if orders == (1, 0):
            return _either(self.zero_l, lambda: self.at(self.l), self.value * self.n_l)
        general = _either(self.zero_l, lambda: -self.at(self.l), self.value * self.l_k)
        return _either(self.zero_k, lambda: self.at(self.k), general)

    def second(self, orders: tuple[int, int]) -> Node:
        """Return the second derivative in n, in n and k, or in k."""
        n_l, n_k, l_k = self.n_l, self.n_k, self.l_k
        k1, l1 = polygamma(self.kept_k + 1, n=1), polygamma(self.kept_l + 1, n=1)
        if orders == (2, 0):
            general = self.value * (n_l * n_l + polygamma(self.n + 1, n=1) - l1)
            return _either(self.zero_l, lambda: 2 * self.at(self.l) * self._n_minus(self.l), general)
        if orders == (1, 1):
            from_l = _either(
                self.zero_l,
                lambda: self.at(self.l) * (n_k - 2 * self._n_minus(self.l)),
                self.value * (n_l * l_k + l1),
            )
            return _either(self.zero_k, lambda: self.at(self.k) * n_l, from_l)
        from_l = _either(
            self.zero_l,
            lambda: 2 * self.at(self.l) * (self._n_minus(self.l) - n_k),
            self.value * (l_k * l_k - l1 - k1),
        )
        return _either(self.zero_k, lambda: 2 * self.at(self.k) * (self._n_minus(self.k) - n_l), from_l)


def _zero(like: Node) -> Node:
    return constant(0, like.shape, like.dtype)


def _lower_slope(node: Apply) -> Node:
    n, k = node.args
    orders: tuple[int, int] = node.param("orders")  # type: ignore[assignment]
    slopes = _Slopes(n, k)
    return slopes.first(orders) if sum(orders) == 1 else slopes.second(orders)


binom_slope: Primitive = elementwise(
    "binom_slope",
    numpy=_slope_text,
    partials=(
        lambda n, k, out, orders: _slope(n, k, (orders[0] + 1, orders[1])),
        lambda n, k, out, orders: _slope(n, k, (orders[0], orders[1] + 1)),
    ),
    derivative="the next derivatives of binom",
    lower=_lower_slope,
    points=_POINTS,
    safe=(1.0, 1.0),
    domain=_DOMAIN,
    public=False,
    defaults={"orders": (1, 0)},
    analytic=False,
    flops=150,
    source="DLMF 5.2.2; the limits from 1/gamma(e - m) = (-1)**m * m! * (e - digamma(m + 1)*e**2 + ...), DLMF 5.5.3",
)
