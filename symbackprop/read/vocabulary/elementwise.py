"""Elementwise functions: every public elementwise primitive under its names, and those made of several."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from inspect import Parameter, Signature
from typing import Any

from symbackprop.ir.node import PI, Const, Node, constant
from symbackprop.ops import primitives
from symbackprop.ops.comparison import logical_and, logical_or
from symbackprop.ops.declare import Primitive
from symbackprop.ops.logistic import xlogy
from symbackprop.ops.powers import power
from symbackprop.ops.rounding import round_
from symbackprop.read.vocabulary.arguments import fold_negative, node_of, real, static_int, static_order
from symbackprop.read.vocabulary.logic import are_masks
from symbackprop.read.vocabulary.operators import minus, plus, times

__all__ = ["ATTRIBUTES", "FUNCTIONS", "METHODS"]


def _word(primitive: Primitive) -> Callable[..., Node]:
    if primitive.fixed or (primitive.arity or 0) > 2:
        return _named(primitive)
    if primitive.arity == 1:

        def unary(x: object) -> Node:
            return primitive(node_of(x))

        return unary

    def binary(x1: object, x2: object) -> Node:
        return primitive(node_of(x1), node_of(x2))

    return binary


def _named(primitive: Primitive) -> Callable[..., Node]:
    """Return a word that says what it takes: orders, fixed integers of 0 or more, first, as in ``f(n, x)``."""
    names = [*primitive.fixed, *("x" if primitive.arity == 1 else f"x{i + 1}" for i in range(primitive.arity or 1))]
    signature = Signature([Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in names])

    def word(*args: object, **named: object) -> Node:
        given = signature.bind(*args, **named).arguments
        orders = {name: static_order(given.pop(name), name) for name in primitive.fixed}
        return primitive(*map(node_of, given.values()), **orders)

    word.__signature__ = signature  # type: ignore[attr-defined]
    return word


def words_of(primitive: Primitive) -> dict[str, Callable[..., Any]]:
    """Return the words that the declaration of a primitive makes."""
    if primitive.kind != "elementwise" or not primitive.public:
        return {}
    return {name: _word(primitive) for name in (primitive.name, *primitive.aliases)}


def _primitives() -> dict[str, Callable[..., Any]]:
    return {name: word for primitive in primitives().values() for name, word in words_of(primitive).items()}


def _power(x1: object, x2: object) -> Node:
    return power(node_of(x1), node_of(x2))


def _log(x: object, base: object = None) -> Node:
    value = primitives()["log"](node_of(x))
    return value if base is None else value / primitives()["log"](node_of(base))


def _float_power(x1: object, x2: object) -> Node:
    return power(real(node_of(x1)), node_of(x2))


def _whole(name: str) -> Callable[..., Node]:
    """Return a function to whole numbers; integers are whole."""
    primitive = primitives()[name]

    def function(x: object) -> Node:
        node = node_of(x)
        return node if node.dtype == "int64" and not isinstance(node, Const) else primitive(node)

    return function


def _round(a: object, decimals: object = constant(0)) -> Node:
    digits = static_int(decimals, "decimals")
    if digits >= 0 and node_of(a).dtype == "int64":
        return node_of(a)
    return primitives()["rint"](node_of(a)) if digits == 0 else round_(node_of(a), decimals=digits)


def _extremum(name: str) -> Callable[..., Node]:
    """Return the larger or smaller of two: of conditions, whether either or both hold."""
    primitive = primitives()[name]
    of_masks = logical_or if name in ("maximum", "fmax") else logical_and

    def function(x1: object, x2: object) -> Node:
        a, b = node_of(x1), node_of(x2)
        return of_masks(a, b) if are_masks(a, b) else primitive(a, b)

    return function


def _heaviside(x1: object, x2: object = constant(Fraction(1, 2))) -> Node:
    return primitives()["heaviside"](node_of(x1), node_of(x2))


def _entr(x: object) -> Node:
    return -xlogy(node_of(x), node_of(x))


def _to_radians(x: object) -> Node:
    return node_of(x) * (constant(PI) / 180)


def _to_degrees(x: object) -> Node:
    return node_of(x) * (180 / constant(PI))


def _nan_to_num(
    x: object, copy: object = True, nan: object = constant(0), posinf: object = None, neginf: object = None
) -> Node:
    node = node_of(x)
    if node.dtype == "int64":
        return node
    words = primitives()
    if posinf is None and neginf is None and isinstance(nan, Const) and nan.value == 0:
        return words["nan_to_num"](node)
    result = words["nan_to_num"](node)  # the largest numbers for infinities
    for given, sign in ((posinf, 1), (neginf, -1)):
        if given is not None:
            result = words["where"](words["equal"](node, constant(sign * float("inf"))), node_of(given), result)
    return words["where"](words["isnan"](node), node_of(nan), result)


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    **_primitives(),
    "power": _power,
    "pow": _power,
    "float_power": _float_power,
    **{name: _whole(name.replace("fix", "trunc")) for name in ("floor", "ceil", "trunc", "fix")},
    "log": _log,
    "add": lambda x1, x2: plus(node_of(x1), node_of(x2)),
    "subtract": lambda x1, x2: minus(node_of(x1), node_of(x2)),
    "multiply": lambda x1, x2: times(node_of(x1), node_of(x2)),
    "negative": lambda x: fold_negative(node_of(x)),
    **{name: _extremum(name) for name in ("maximum", "minimum", "fmax", "fmin")},
    "square": lambda x: power(node_of(x), 2),
    "nan_to_num": _nan_to_num,
    "reciprocal": lambda x: 1 / node_of(x),
    **{name: lambda x: node_of(x) for name in ("positive", "real", "conj", "conjugate")},
    "round": _round,
    "around": _round,
    "heaviside": _heaviside,
    "entr": _entr,
    "deg2rad": _to_radians,
    "radians": _to_radians,
    "rad2deg": _to_degrees,
    "degrees": _to_degrees,
}

METHODS: Mapping[str, Callable[..., Any]] = {
    "round": _round,
    "conj": lambda x: node_of(x),
    "conjugate": lambda x: node_of(x),
}

ATTRIBUTES: Mapping[str, Callable[[Node], Any]] = {"real": lambda x: x}
