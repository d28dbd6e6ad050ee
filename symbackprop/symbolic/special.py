"""Functions of SymPy's that are written in more than one way, or only for some of their arguments.

What of a function is supported is told here before anything is written, so that one error lists all that is not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import sympy

from symbackprop.ops import primitives
from symbackprop.symbolic import code as codes
from symbackprop.symbolic.code import Code
from symbackprop.symbolic.writer import Need, Place, Rule

__all__ = ["RULES", "limit_of", "limited_names", "value_of"]

_HYPERGEOMETRIC = {(0, 1): "hyp0f1", (1, 1): "hyp1f1", (2, 1): "hyp2f1"}


# --- how they are written ---------------------------------------------------------------------------------------------


def _texts(place: Place) -> list[Code]:
    return [place.code(number) for number in place.arguments]


def _singularity(place: Place) -> Code:
    """Write ``(x - a)**n`` from a on and 0 before it; 0 for the impulses that negative n mean."""
    order = place.argument(place.arguments[2])
    if order < 0:
        return codes.call("zeros_like({0} - {1})", _texts(place))
    power = "1" if order == 0 else "({0} - {1})" if order == 1 else "({0} - {1})**{2}"
    return codes.call(f"where({{0}} >= {{1}}, {power}, 0)", _texts(place))


def _incomplete_beta(regularised: bool) -> Callable[[Place], Code]:
    """Write a beta function between two limits; below 0 there is nothing."""

    def write(place: Place) -> Code:
        template = "betainc({0}, {1}, {3})"
        if not place.argument(place.arguments[2]).is_zero:
            template = f"({template} - betainc({{0}}, {{1}}, {{2}}))"
        return codes.call(template if regularised else f"beta({{0}}, {{1}})*{template}", _texts(place))

    return write


def _hypergeometric_needs(place: Place) -> list[Need]:
    above, below, x = place.arguments
    parameters = place.writer.table.arguments
    return [(number, place.scope) for number in (*parameters[above], *parameters[below], x)]


def _hypergeometric(place: Place) -> Code:
    above, below, _ = place.node.args
    texts = ", ".join(place.code(number).text for number, _ in _hypergeometric_needs(place))
    return Code(f"{_HYPERGEOMETRIC[len(above), len(below)]}({texts})")


def _harmonic(place: Place) -> Code:
    """Write a spherical harmonic of order 0, which does not depend on its last argument."""
    return codes.call("sqrt((2*{0} + 1)/(4*pi))*eval_legendre({0}, cos({2}))", _texts(place))


RULES: Mapping[str, Rule] = {
    "SingularityFunction": Rule(_singularity),
    "betainc": Rule(_incomplete_beta(regularised=False)),
    "betainc_regularized": Rule(_incomplete_beta(regularised=True)),
    "hyper": Rule(_hypergeometric, _hypergeometric_needs),
    "Ynm": Rule(_harmonic),
}


# --- for which arguments ----------------------------------------------------------------------------------------------


@cache
def limited_names() -> frozenset[str]:
    """Return the names of the functions of which only some arguments are supported."""
    return frozenset((*_LIMITS, *_order_counts()))


def limit_of(node: Any, name: str) -> str | None:
    """Return what a known function wants of its arguments, where they are otherwise; None where they are fine."""
    check = _LIMITS.get(name)
    if check is not None:
        return check(node)
    count = _order_counts().get(name, 0)
    if all(_is_order(order) for order in node.args[:count]):
        return None
    return f"its order {node.args[0]} must be a whole number, 0 or more{_REPLACED.get(name, '')}"


def value_of(node: Any) -> float | None:
    """Return the value of a function of plain numbers, which no rule needs to know; None where it is not real."""
    if not node.args or not all(isinstance(arg, sympy.Number) for arg in node.args):
        return None
    value = node.evalf(25)
    return float(value) if isinstance(value, (sympy.Float, sympy.Integer)) else None


_REPLACED = {
    "jn": "; or write sqrt(pi/(2*x))*besselj(n + 1/2, x)",
    "yn": "; or write sqrt(pi/(2*x))*bessely(n + 1/2, x)",
    "expint": "; or write x**(n - 1)*uppergamma(1 - n, x) for n < 1",
}


@cache
def _order_counts() -> Mapping[str, int]:
    found = {p.sympy: len(p.fixed) for p in primitives().values() if p.sympy and p.fixed}
    return {**found, "polygamma": 1}


def _is_order(order: Any) -> bool:
    return isinstance(order, sympy.Integer) and order >= 0


def _polylogarithm(node: Any) -> str | None:
    order = node.args[0]
    if isinstance(order, sympy.Integer) and -20 <= order <= 2:
        return None
    return f"its order {order} must be 2, 1, 0 or a negative whole number from -20 on"


def _singularity_limit(node: Any) -> str | None:
    order = node.args[2]
    return None if isinstance(order, sympy.Rational) else f"its exponent {order} must be a number"


def _hypergeometric_limit(node: Any) -> str | None:
    above, below, _ = node.args
    if (len(above), len(below)) in _HYPERGEOMETRIC:
        return None
    return f"0F1, 1F1 and 2F1 are supported, not {len(above)}F{len(below)}; try hyperexpand"


def _harmonic_limit(node: Any) -> str | None:
    degree, order, *_ = node.args
    if order == 0 and _is_order(degree):
        return None
    return (
        "real only for a degree n that is a number and m = 0; else write its real part with assoc_legendre(n, m, "
        "cos(theta)) and cos(m*phi)"
    )


def _legendre_limit(node: Any) -> str | None:
    degree, order, _ = node.args
    if _is_order(degree) and isinstance(order, sympy.Integer):
        return None
    return f"its degree {degree} must be a whole number, 0 or more, and its order {order} a whole number"


def _lambert_limit(node: Any) -> str | None:
    if len(node.args) < 2 or node.args[1] in (0, -1):
        return None
    return f"its real branches are k = 0 and k = -1, not k = {node.args[1]}"


_LIMITS: Mapping[str, Callable[[Any], str | None]] = {
    "polylog": _polylogarithm,
    "SingularityFunction": _singularity_limit,
    "hyper": _hypergeometric_limit,
    "Ynm": _harmonic_limit,
    "assoc_legendre": _legendre_limit,
    "LambertW": _lambert_limit,
}
