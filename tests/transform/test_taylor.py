"""Taylor mode over the registry: every primitive against difference quotients of long numbers, and nested forward rules."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import mpmath
import numpy as np
import pytest
from primitive_meanings import dtypes_of, meaning
from support import inputs_of, run

from symbackprop.diff.forward import push_forward
from symbackprop.errors import UnsupportedError
from symbackprop.ir.dtype import is_float
from symbackprop.ir.node import Input, Node, constant, make_input
from symbackprop.ops import primitives
from symbackprop.ops.arithmetic import div
from symbackprop.ops.declare import Primitive, Refused
from symbackprop.transform.taylor import Expansion
from symbackprop.transform.taylor.leibniz import RULES

CHOSEN = ("scale_cotangent", "straight_through")  # derivatives that are not those of values
REAL = [
    p
    for p in primitives().values()
    if p.kind == "elementwise" and p.name not in CHOSEN and any(callable(partial) for partial in p.partials)
]
OTHERS = [p for p in primitives().values() if p.samples is not None and p.samples()]
ORDER = 8
SLOW = {  # over long numbers
    "airyai", "beta_density", "dilogarithm", "ellipeinc_slope", "ellipkinc_slope", "elliptic_pi_incomplete", "iv", "ive",
    "jv", "kv", "kve", "polygamma_difference", "rd_plain", "rd_weighted", "spence", "uppergamma", "yv", "zeta",
}  # fmt: skip
LARGE = ("expm", "logm", "lstsq", "pinv", "svd")  # their third derivatives by nested rules
LAST = {
    "binom": 2,
    "binom_slope": 1,
    "ellipeinc": 1,
    "ellipkinc": 1,
    "elliptic_pi": 1,
}  # orders behind which no rule is


def line(primitive: Primitive) -> tuple[Node, list[Input], dict[Input, float]]:
    """Return a node, its inputs, and how fast those move that may."""
    inputs = [make_input(i, (), dtype) for i, dtype in enumerate(dtypes_of(primitive))]
    paces = {
        x: (-0.75) ** x.index
        for x, partial in zip(inputs, primitive.partials, strict=True)
        if is_float(x.dtype) and not isinstance(partial, Refused)
    }
    return primitive(*inputs, **primitive.defaults), inputs, paces


def along(node: Node, tangents: Mapping[Input, Node], order: int) -> list[Node | None]:
    return Expansion({x: (tangent,) for x, tangent in tangents.items()}, order).series(node, order)


def nested(node: Node, tangents: Mapping[Input, Node], order: int) -> list[Node | None]:
    """Return the derivatives along a line by one forward pass after the other."""
    found: list[Node | None] = [node]
    for _ in range(order):
        found.append(None if found[-1] is None else push_forward([found[-1]], tangents)[0])  # type: ignore[arg-type]
    return found


def constants(paces: Mapping[Input, float]) -> dict[Input, Node]:
    return {x: constant(pace) for x, pace in paces.items()}


def evaluated(series: Sequence[Node | None], values: Mapping[Input, Any]) -> list[Any]:
    """Return the numbers that nodes stand for, 0 for None."""
    present = [x for x in series if x is not None]
    found = iter(run(present, {x: values[x] for x in inputs_of(present)}))
    return [0.0 if x is None else next(found) for x in series]


def at(inputs: list[Input], point: Sequence[float]) -> dict[Input, Any]:
    return {x: bool(value) if x.dtype == "bool" else float(value) for x, value in zip(inputs, point, strict=True)}


def quotients(primitive: Primitive, point: Sequence[float], paces: Sequence[float], order: int) -> list[float]:
    """Return the derivatives along the line by central differences, with all the digits that these cancel."""
    with mpmath.workdps(13 * (order + 3)):
        step = mpmath.mpf(10) ** -12

        def value(i: int) -> Any:
            moved = [mpmath.mpf(x) + i * step * pace if pace else x for x, pace in zip(point, paces, strict=True)]
            return mpmath.mpf(meaning(primitive, tuple(moved)))

        ends = [value(i) for i in range(-order, order + 1)]
        weights = [[(-1) ** i * math.comb(k, i) for i in range(k + 1)] for k in range(order + 1)]
        return [
            float(sum(w * ends[order + k - 2 * i] for i, w in enumerate(own)) / (2 * step) ** k)
            for k, own in enumerate(weights)
        ]


def deviation(primitive: Primitive) -> float:
    """Return the largest error of a derivative, relative where it is above 1."""
    node, inputs, paces = line(primitive)
    order = LAST.get(primitive.name, 4 if primitive.name in SLOW else ORDER if primitive.module == "numpy" else 6)
    point = primitive.points[0]
    found = evaluated(along(node, constants(paces), order), at(inputs, point))
    wanted = quotients(primitive, point, [paces.get(x, 0.0) for x in inputs], order)
    return max(abs(a - b) / max(1.0, abs(b)) for a, b in zip(found, wanted, strict=True))


@pytest.mark.parametrize("primitive", REAL, ids=lambda p: p.name)
def test_elementwise_primitives(primitive: Primitive) -> None:
    assert deviation(primitive) < 1e-9


@pytest.mark.parametrize("name", LAST)
def test_what_has_no_rule_is_refused_by_name(name: str) -> None:
    node, _, paces = line(primitives()[name])
    with pytest.raises(UnsupportedError, match=name.removesuffix("_slope")):
        along(node, constants(paces), LAST[name] + 1)


@pytest.mark.parametrize("name", ["tanh", "power", "gamma", "divide"])
def test_a_rule_that_is_wrong_by_a_thousandth_is_found(name: str) -> None:
    primitive = primitives()[name]
    if name == "divide":
        rule = RULES[div]
        wrong: Any = lambda *given: 1.001 * rule(*given)  # noqa: E731
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(RULES, div, wrong)  # type: ignore[arg-type]
            assert deviation(primitive) > 1e-5
        return
    jvp = primitive.jvp
    wrong = lambda *given: 1.001 * jvp(*given)  # noqa: E731
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(primitive.__dict__, "jvp", wrong)
        assert deviation(primitive) > 1e-5
    assert deviation(primitive) < 1e-9


KINKS = {
    "abs": (0.0,), "relu": (0.0,), "maximum": (1.0, 1.0), "hypot": (0.0, 0.0), "root": (0.0,), "power": (0.0, 3.0),
    "sinc": (0.0,), "softplus": (800.0,), "log_expit": (-800.0,), "expit": (-800.0,), "tanh": (800.0,),
    "logaddexp": (800.0, -800.0), "copysign": (0.0, 2.0), "sign": (0.0,), "huber": (1.0, 1.0), "sqrt": (0.0,),
}  # fmt: skip


@pytest.mark.parametrize("name", KINKS)
def test_kinks_and_extremes_are_those_of_forward_rules(name: str) -> None:
    node, inputs, paces = line(primitives()[name])
    values = at(inputs, KINKS[name])
    found = evaluated(along(node, constants(paces), 3), values)
    wanted = evaluated(nested(node, constants(paces), 3), values)
    np.testing.assert_allclose(found[:2], wanted[:2])
    np.testing.assert_allclose(found[2:], wanted[2:], atol=1e-12)


def drawn(x: Input, rng: np.random.Generator) -> Any:
    """Return values for an input; of masks every other entry holds, positions are 0 and 1."""
    shape: tuple[int, ...] = x.shape  # type: ignore[assignment]
    if is_float(x.dtype):
        return rng.uniform(0.2, 0.8, shape).astype(x.dtype)
    alternating = np.arange(math.prod(shape)).reshape(shape) % 2
    return alternating == 0 if x.dtype == "bool" else alternating


@pytest.mark.parametrize("primitive", OTHERS, ids=lambda p: p.name)
def test_samples_are_as_by_nested_forward_rules(primitive: Primitive) -> None:
    rng = np.random.default_rng(0)
    for node in primitive.samples():  # type: ignore[misc]
        inputs = inputs_of([node])
        moving = [x for x in inputs if is_float(x.dtype)]
        tangents = {x: make_input(20 + i, x.shape, x.dtype) for i, x in enumerate(moving)}
        values = {x: drawn(x, rng) for x in (*inputs, *tangents.values())}
        if not is_float(node.dtype):
            assert along(node, tangents, 2)[1:] == [None, None]
            continue
        order = 2 if primitive.name in LARGE else 3
        found = evaluated(along(node, tangents, order), values)
        wanted = evaluated(nested(node, tangents, order), values)
        tolerance = 1e-3 if "float32" in {node.dtype, *(x.dtype for x in inputs)} else 1e-9
        for a, b in zip(found, wanted, strict=True):
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
