"""Every primitive, from the registry alone: value, partials, second order, both modes, broadcasting, kinks."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy
from primitive_meanings import dtypes_of, meaning, orders_of
from support import graph_of, inputs_of, run

from symbackprop.check.functions import SMOOTH
from symbackprop.diff.forward import push_forward
from symbackprop.diff.reverse import pull_back
from symbackprop.errors import UnsupportedError
from symbackprop.ir.dtype import is_float
from symbackprop.ir.graph import topological
from symbackprop.ir.node import Apply, Input, Node, constant, make_input
from symbackprop.ops import primitives
from symbackprop.ops.declare import Primitive, Refused
from symbackprop.simplify import lower
from symbackprop.simplify.pattern import rewrite

ELEMENTWISE = [p for p in primitives().values() if p.kind == "elementwise"]
CHOSEN = (
    "scale_cotangent",
    "straight_through",
)  # derivatives that are not those of values: tests/ops/test_surrogate.py
REAL = [p for p in ELEMENTWISE if p.name not in CHOSEN and any(callable(partial) for partial in p.partials)]
OTHERS = [p for p in primitives().values() if p.samples is not None and p.samples()]
RAN: Counter[str] = Counter()


def applied(primitive: Primitive, shape: tuple[int, ...] = ()) -> tuple[Apply, list[Input]]:
    inputs = [make_input(i, shape, dtype) for i, dtype in enumerate(dtypes_of(primitive))]
    node = primitive(*inputs, **primitive.defaults)
    assert isinstance(node, Apply)
    return node, inputs


def differentiable(primitive: Primitive, inputs: list[Input]) -> list[Input]:
    """Return the inputs in which there is a derivative."""
    return [x for x, partial in zip(inputs, primitive.partials, strict=True) if not isinstance(partial, Refused)]


def arguments(inputs: list[Input], point: tuple[float, ...]) -> dict[Input, Any]:
    return {
        node: bool(value) if node.dtype == "bool" else float(value) for node, value in zip(inputs, point, strict=True)
    }


def partials(node: Node, inputs: list[Input]) -> dict[Input, Node]:
    real = [x for x in inputs if is_float(x.dtype)]
    return {x: g for x, g in pull_back((node,), (constant(1, (), node.dtype),), real).items() if x in real}  # type: ignore


@pytest.mark.parametrize("target", ["numpy", "math"])
@pytest.mark.parametrize("primitive", ELEMENTWISE, ids=lambda p: p.name)
def test_value(primitive: Primitive, target: str) -> None:
    if target not in primitive.texts:
        return
    node, inputs = applied(primitive)
    with mpmath.workdps(50):
        for point in primitive.points:
            (found,) = run([node], arguments(inputs, point), target)
            expected = float(meaning(primitive, point))
            assert float(found) == pytest.approx(expected, rel=3e-14, abs=1e-15), point
    RAN[primitive.name] += 1


@pytest.mark.parametrize("target", ["numpy", "math"])
@pytest.mark.parametrize("primitive", [p for p in ELEMENTWISE if p.lower is not None], ids=lambda p: p.name)
def test_value_when_lowered(primitive: Primitive, target: str) -> None:
    node, inputs = applied(primitive)
    lowered = rewrite(graph_of([node]), lower.rows(), Counter()).outputs[0]
    words = {op.op.name for op in topological([lowered]) if isinstance(op, Apply) and target not in op.op.texts}  # type: ignore
    if words:
        return  # target math has no text for these
    with mpmath.workdps(50):
        for point in primitive.points:
            (found,) = run([lowered], arguments(inputs, point), target)
            assert float(found) == pytest.approx(float(meaning(primitive, point)), rel=3e-14, abs=1e-15), point


@pytest.mark.parametrize("primitive", REAL, ids=lambda p: p.name)
def test_partials_against_fifty_digits(primitive: Primitive) -> None:
    node, inputs = applied(primitive)
    gradients = partials(node, differentiable(primitive, inputs))
    with mpmath.workdps(60):
        step = mpmath.mpf(10) ** -20
        for point in primitive.points:
            found = run(list(gradients.values()), arguments(inputs, point))
            for x, value in zip(gradients, found, strict=True):
                ends = []
                for sign in (1, -1):
                    moved = list(point)
                    moved[x.index] = mpmath.mpf(point[x.index]) + sign * step
                    ends.append(meaning(primitive, tuple(moved)))
                expected = (ends[0] - ends[1]) / (2 * step)
                assert float(value) == pytest.approx(float(expected), rel=1e-12, abs=1e-13), point


@pytest.mark.parametrize("primitive", [p for p in REAL if p.name in SMOOTH], ids=lambda p: p.name)
def test_partials_against_sympy(primitive: Primitive) -> None:
    node, inputs = applied(primitive)
    gradients = partials(node, differentiable(primitive, inputs))
    symbols = sympy.symbols(f"a:{len(inputs)}", real=True)
    expression = SMOOTH[primitive.name][0](*orders_of(primitive), *symbols)
    for point in primitive.points:
        at = dict(zip(symbols, map(sympy.Float, point), strict=True))
        if primitive.name in ("xlogy", "cbrt") and min(point) <= 0:
            continue  # SymPy takes the complex branch
        found = run(list(gradients.values()), arguments(inputs, point))
        for x, value in zip(gradients, found, strict=True):
            expected = complex(sympy.diff(expression, symbols[x.index]).evalf(30, subs=at))
            assert float(value) == pytest.approx(expected.real, rel=1e-11, abs=1e-13), point


@pytest.mark.parametrize("primitive", [p for p in REAL if p.analytic], ids=lambda p: p.name)
def test_partials_against_complex_step(primitive: Primitive) -> None:
    node, inputs = applied(primitive)
    gradients = partials(node, differentiable(primitive, inputs))
    step = 1e-30
    for point in primitive.points:
        found = run(list(gradients.values()), arguments(inputs, point))
        for x, value in zip(gradients, found, strict=True):
            moved = arguments(inputs, point)
            moved[x] = np.complex128(complex(point[x.index], step))
            try:
                (result,) = run([node], moved)
            except TypeError:
                return  # NumPy or SciPy has no complex form of it
            assert float(value) == pytest.approx(result.imag / step, rel=1e-12, abs=1e-14), point


REFUSED = {  # the second derivatives that there is no rule for, by the positions of the arguments
    *(("binom_slope", i, j) for i in range(2) for j in range(2)),
    ("ellipkinc", 1, 1),
    ("ellipeinc", 1, 1),
    *(("elliptic_pi", i, j) for i in range(2) for j in range(2)),
}


@pytest.mark.parametrize("primitive", REAL, ids=lambda p: p.name)
def test_second_order(primitive: Primitive) -> None:
    node, inputs = applied(primitive)
    known = differentiable(primitive, inputs)
    for x, gradient in partials(node, known).items():
        wrt = [y for y in known if (primitive.name, x.index, y.index) not in REFUSED]
        for y in known:
            if y not in wrt:
                with pytest.raises(UnsupportedError, match="not supported"):
                    partials(gradient, [y])
        second = partials(gradient, wrt)
        for y, curvature in second.items():
            for point in primitive.points:
                at = arguments(inputs, point)
                scale = 1e-5 * max(1e-2, abs(point[y.index]))
                ends = [run([gradient], at | {y: at[y] + sign * scale})[0] for sign in (1, -1)]
                expected = (ends[0] - ends[1]) / (2 * scale)
                (found,) = run([curvature], at)
                if math.isfinite(expected):
                    assert float(found) == pytest.approx(expected, rel=2e-4, abs=2e-5), (x, y, point)


def drawn(x: Input, rng: np.random.Generator) -> Any:
    """Return values for an input; of masks every other entry holds, positions are 0 and 1."""
    shape: tuple[int, ...] = x.shape  # type: ignore[assignment]
    if is_float(x.dtype):
        return rng.uniform(0.2, 0.8, shape).astype(x.dtype)
    alternating = np.arange(math.prod(shape)).reshape(shape) % 2
    return alternating == 0 if x.dtype == "bool" else alternating


def both_modes(node: Node, rng: np.random.Generator, wrt: list[Input] | None = None) -> None:
    """<u, J v> equals <J^T u, v>."""
    inputs = [x for x in inputs_of([node]) if is_float(x.dtype)] if wrt is None else wrt
    if not inputs or not is_float(node.dtype):
        return
    count = len(inputs_of([node]))
    tangents = {x: make_input(count + i, x.shape, x.dtype) for i, x in enumerate(inputs)}
    cotangent = make_input(2 * count, node.shape, node.dtype)
    adjoints = pull_back((node,), (cotangent,), inputs)
    (tangent,) = push_forward((node,), tangents)
    values = {x: drawn(x, rng) for x in [*inputs_of([node]), *tangents.values(), cotangent]}
    left = 0.0
    if tangent is not None:
        forward = [*inputs_of([tangent])]
        (pushed,) = run([tangent], {x: values[x] for x in forward})
        left = float(np.sum(pushed * values[cotangent]))
    right = 0.0
    for x in inputs:
        if x in adjoints:
            (pulled,) = run([adjoints[x]], {y: values[y] for y in inputs_of([adjoints[x]])})
            right += float(np.sum(pulled * values[tangents[x]]))
    single = any(x.dtype == "float32" for x in inputs)
    assert left == pytest.approx(right, rel=1e-6 if single else 1e-9, abs=1e-12)


@pytest.mark.parametrize("primitive", REAL, ids=lambda p: p.name)
def test_both_modes_agree(primitive: Primitive) -> None:
    if primitive.name == "where":
        return  # its mask is an argument: test_formulas has it
    node, inputs = applied(primitive, (3,))
    if primitive.name in ("arccosh", "asec", "acsc"):
        node = primitive(1 + make_input(0, (3,), "float64"))  # type: ignore[assignment]
    both_modes(node, np.random.default_rng(0), differentiable(primitive, inputs))


@pytest.mark.parametrize("primitive", OTHERS, ids=lambda p: p.name)
def test_both_modes_agree_on_samples(primitive: Primitive) -> None:
    for number, node in enumerate(primitive.samples()):  # type: ignore[misc]
        both_modes(node, np.random.default_rng(number))
    RAN[primitive.name] += 1


@pytest.mark.parametrize("primitive", OTHERS, ids=lambda p: p.name)
def test_samples_against_difference_quotients(primitive: Primitive) -> None:
    rng = np.random.default_rng(1)
    for node in primitive.samples():  # type: ignore[misc]
        inputs = [x for x in inputs_of([node]) if is_float(x.dtype)]
        if not is_float(node.dtype) or not inputs:
            continue
        values = {x: drawn(x, rng) for x in inputs_of([node])}
        weights = rng.normal(size=tuple(node.shape))  # type: ignore[arg-type]
        cotangent = make_input(9, node.shape, node.dtype)
        adjoints = pull_back((node,), (cotangent,), inputs)
        for x in inputs:
            if x not in adjoints:
                continue
            known = {**values, cotangent: weights}
            (result,) = run([adjoints[x]], {y: known[y] for y in inputs_of([adjoints[x]])})
            found = np.asarray(result)  # a branch may give a plain number
            step, tolerance = (2.0**-6, 1e-5) if x.dtype == "float32" else (1e-6, 1e-6)
            for index in np.ndindex(*found.shape):
                ends = []
                for sign in (1, -1):
                    moved = values[x].copy()
                    moved[index] += sign * step
                    ends.append(np.sum(weights * run([node], values | {x: moved})[0]))
                assert found[index] == pytest.approx(
                    (ends[0] - ends[1]) / (2 * step), rel=tolerance, abs=tolerance / 10
                )


PRODUCTS = {"prod", "cumprod", "prod_others", "cumprod_adjoint", "linear_recurrence"}


@pytest.mark.parametrize("primitive", OTHERS, ids=lambda p: p.name)
def test_second_order_of_samples(primitive: Primitive) -> None:
    """The gradient of <v, J^T u>, in both modes, against the difference quotient of J^T u."""
    rng = np.random.default_rng(2)
    for node in primitive.samples():  # type: ignore[misc]
        inputs = [x for x in inputs_of([node]) if x.dtype == "float64"]
        if node.dtype != "float64" or not inputs:
            continue
        known = {x: drawn(x, rng) for x in inputs_of([node])}
        if primitive.name in PRODUCTS:  # entries that are 0 are ordinary points of a product
            known[inputs[0]][rng.uniform(size=inputs[0].shape) < 0.3] = 0.0
        cotangent = make_input(8, node.shape, node.dtype)
        known[cotangent] = rng.normal(size=tuple(node.shape))  # type: ignore[arg-type]
        adjoints = pull_back((node,), (cotangent,), inputs)
        for x in inputs:
            if x in adjoints and adjoints[x] is not cotangent:
                second_order(adjoints[x], inputs, known, rng)


def second_order(gradient: Node, inputs: list[Input], known: dict[Input, Any], rng: np.random.Generator) -> None:
    weight = make_input(9, gradient.shape, gradient.dtype)
    known = {**known, weight: rng.normal(size=tuple(gradient.shape))}  # type: ignore[arg-type]
    seconds = pull_back((gradient,), (weight,), inputs)
    for y in inputs:
        direction = rng.normal(size=tuple(y.shape))  # type: ignore[arg-type]
        ends = [
            run(
                [gradient],
                {x: known[x] + sign * 1e-6 * direction if x is y else known[x] for x in inputs_of([gradient])},
            )
            for sign in (1, -1)
        ]
        expected = float(np.sum(known[weight] * (ends[0][0] - ends[1][0]))) / 2e-6
        found = 0.0
        if y in seconds:
            (second,) = run([seconds[y]], {x: known[x] for x in inputs_of([seconds[y]])})
            found = float(np.sum(second * direction))
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-7)
        tangent = make_input(10, y.shape, y.dtype)
        (pushed,) = push_forward((gradient,), {y: tangent})
        forward = 0.0
        if pushed is not None:
            values = {**known, tangent: direction}
            (slope,) = run([pushed], {x: values[x] for x in inputs_of([pushed])})
            forward = float(np.sum(slope * known[weight]))
        assert forward == pytest.approx(expected, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("primitive", [p for p in ELEMENTWISE if p.arity == 2], ids=lambda p: p.name)
def test_broadcasting(primitive: Primitive) -> None:
    first, second = dtypes_of(primitive)
    x, y = make_input(0, (3, 1), first), make_input(1, (4,), second)
    assert primitive(x, y, **primitive.defaults).shape == (3, 4)
    assert primitive(x, constant(1), **primitive.defaults).shape == (3, 1)


KINKS = {
    ("abs", (0.0,)): (0.0,),
    ("relu", (0.0,)): (0.0,),
    ("sign", (0.0,)): (None,),
    ("maximum", (1.0, 1.0)): (0.5, 0.5),
    ("minimum", (1.0, 1.0)): (0.5, 0.5),
    ("fmax", (1.0, 1.0)): (0.5, 0.5),
    ("fmin", (1.0, 1.0)): (0.5, 0.5),
    ("hypot", (0.0, 0.0)): (0.0, 0.0),
    ("root", (0.0,)): (0.0,),
    ("power", (0.0, 0.0)): (0.0, 0.0),
    ("power", (2.0, 0.0)): (0.0, math.log(2)),
    ("power", (0.0, 3.0)): (0.0, 0.0),
    ("power", (0.0, 1.0)): (1.0, 0.0),
    ("xlogy", (0.0, 0.0)): (-math.inf, 0.0),
    ("sinc", (0.0,)): (0.0,),
    ("softplus", (800.0,)): (1.0,),
    ("softplus", (-800.0,)): (0.0,),
    ("expit", (800.0,)): (0.0,),
    ("expit", (-800.0,)): (0.0,),
    ("log_expit", (-800.0,)): (1.0,),
    ("logaddexp", (800.0, -800.0)): (1.0, 0.0),
    ("tanh", (800.0,)): (0.0,),
    ("copysign", (0.0, 2.0)): (0.0, None),
}


@pytest.mark.parametrize("target", ["numpy", "math"])
@pytest.mark.parametrize(("name", "point"), KINKS, ids=str)
def test_kinks_and_extremes(name: str, point: tuple[float, ...], target: str) -> None:
    if name == "xlogy" and target == "math":
        return  # log(0) raises there, as math does
    node, inputs = applied(primitives()[name])
    gradients = partials(node, inputs)
    for x, expected in zip(inputs, KINKS[name, point], strict=True):
        if expected is None:
            assert x not in gradients
            continue
        (found,) = run([gradients[x]], arguments(inputs, point), target)
        assert float(found) == pytest.approx(expected, abs=1e-300)


def test_every_primitive_ran() -> None:
    if len(RAN) < 5:
        pytest.skip("the tests above were not selected")
    # written out first (tests/nested), no code of ours (tests/custom_rules), raising unless a solver converged, beside
    # the steps that have its value (tests/odes); results only (tests/transform/sparse)
    elsewhere = {"jacobian", "pullback", "pushforward", "opaque", "require", "assuming", "continuous_adjoint"}
    elsewhere |= {"csr_array", "entries_array"}
    assert {p.name for p in primitives().values()} - elsewhere == set(RAN)


def test_a_name_is_declared_once() -> None:
    from symbackprop.ops.declare import register

    with pytest.raises(UnsupportedError, match="declared already"):
        register(primitives()["tanh"])
