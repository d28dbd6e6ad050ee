"""Functions that are not traced, as the user of opaque rules has them in a module of his own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import symbackprop as sb


def activation(X: Any, w: Any) -> Any:
    return np.array([math.tanh(x) for x in X @ w])  # a loop over entries, which tracing refuses


def activation_vjp(g: Any, out: Any, X: Any, w: Any) -> Any:
    inner = g * (1 - out**2)
    return np.outer(inner, w), X.T @ inner


activation = sb.custom_rule(activation, vjp=activation_vjp, opaque=True, shape="(n,d),(d)->(n)")


@sb.custom_rule(opaque=True)
def cube(x: Any) -> Any:
    return x**3 if np.all(x < 1e300) else x


@cube.defvjp
def cube_vjp(g: Any, out: Any, x: Any) -> Any:
    return 3 * g * x**2


@cube.defjvp
def cube_jvp(tangents: Any, out: Any, x: Any) -> Any:
    return 3 * tangents[0] * x**2


@sb.custom_rule(opaque=True)
def passed(x: Any) -> Any:
    return x


@passed.defvjp
def passed_vjp(g: Any, out: Any, x: Any) -> Any:
    return g


@sb.custom_rule(opaque=True)
def wrong(x: Any) -> Any:
    return np.sin(x)


@wrong.defvjp
def wrong_vjp(g: Any, out: Any, x: Any) -> Any:
    return 1.001 * g * np.cos(x)


@sb.custom_rule(opaque=True, shape=lambda x, count: (3, x[0]))
def of_another_shape(x: Any, count: Any) -> Any:
    return np.ones((count, len(x))) * x


@of_another_shape.defvjp
def of_another_shape_vjp(g: Any, out: Any, x: Any, count: Any) -> Any:
    return np.sum(g, axis=0), None


@sb.custom_rule(opaque=True, shape=lambda x: ())
def nothing(x: Any) -> Any:
    return None


@sb.custom_rule(opaque=True)
def without_rules(x: Any) -> Any:
    return x * 2


np_name = sb.custom_rule(lambda x: x, opaque=True)
