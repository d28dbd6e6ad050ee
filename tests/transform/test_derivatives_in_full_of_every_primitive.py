"""Every primitive, from the registry alone: Jacobians forward against reverse, Hessians symmetric and SymPy's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import pytest
import sympy
from primitive_meanings import dtypes_of, orders_of
from support import graph_of, inputs_of, run

from symbackprop.check.functions import SMOOTH
from symbackprop.diff.forward import push_forward
from symbackprop.diff.reverse import pull_back
from symbackprop.errors import UnsupportedError
from symbackprop.ir.dtype import is_float
from symbackprop.ir.graph import topological
from symbackprop.ir.node import Input, Node, make_input
from symbackprop.ops import primitives
from symbackprop.ops.bodies import nodes_within
from symbackprop.ops.declare import Primitive, Refused
from symbackprop.simplify.pattern import Rewrites
from symbackprop.simplify.pipeline import canonical
from symbackprop.transform.unit_vectors.spread import unit_vectors
from symbackprop.transform.unit_vectors.walk import of_unit_vectors

ELEMENTWISE = [p for p in primitives().values() if p.kind == "elementwise"]
OTHERS = [p for p in primitives().values() if p.kind != "elementwise"]
CHOSEN = ("scale_cotangent", "straight_through")  # forward they are chosen to differ from reverse
NOT_SYMPYS = ("where", "elliprd", "elliprf", "elliprj")  # a mask is no number, and Carlson's integrals SymPy has not
LONG = ("logm", "solve_triangular", "expm")  # whose stacks are printed as loops over matrices: the first sample alone
ELSEWHERE = {  # what has no samples, and why
    "jacobian": "written out before what is around it is differentiated: tests/nested",
    "pullback": "as jacobian",
    "pushforward": "as jacobian",
    "opaque": "code of the user's: tests/custom_rules",
    "assuming": "returns what another function computes: tests/loops/test_scaled_numbers.py",
    "require": "raises unless a solver converged: tests/implicit",
    "continuous_adjoint": "has the value of steps, which are there: tests/odes",
    "csr_array": "a result, never differentiated: tests/transform/sparse",
    "entries_array": "as csr_array",
}
RAN: Counter[str] = Counter()


def level_of(nodes: Sequence[Node]) -> int:
    return 1 + max((node.level for node in nodes_within(topological(nodes)) if isinstance(node, Input)), default=0)


def in_full(made: Sequence[Node | None], unit: Input, *, leading: bool) -> list[Node | None]:
    """Return what is made of all unit vectors, in array code: of no primitive is a loop over them needed."""
    given = [x for x in made if x is not None]
    vectors = unit_vectors(unit.shape, unit.dtype, leading=leading)
    spreads = dict(zip(given, of_unit_vectors(given, unit, vectors), strict=True))
    found = [None if x is None else spreads[x] for x in made]
    return [None if x is None else x.whole() for x in found]


def columns(values: Sequence[Node], x: Input) -> list[Node | None]:
    unit = make_input(0, x.shape, x.dtype, level_of([*values, x]))
    return in_full(push_forward(values, {x: unit}), unit, leading=False)


def rows(value: Node, wrt: Sequence[Input]) -> list[Node | None]:
    unit = make_input(0, value.shape, value.dtype, level_of([value, *wrt]))
    adjoints = pull_back([value], [unit], wrt)
    return in_full([adjoints.get(x) for x in wrt], unit, leading=True)


def computed(nodes: Sequence[Node | None], shapes: Sequence[Any], known: dict[Input, Any]) -> list[Any]:
    """Return the values of nodes at a point, zeros for those that there are not."""
    present = list(dict.fromkeys(node for node in nodes if node is not None))
    ready = canonical(graph_of(present), Rewrites()).outputs
    needed = {x: known[x] for x in inputs_of(ready)}
    values = dict(zip(present, run(ready, needed), strict=True)) if present else {}
    return [np.zeros(shape) if node is None else values[node] for node, shape in zip(nodes, shapes, strict=True)]


def check(node: Node, wrt: Sequence[Input], known: dict[Input, Any], twice: bool = True) -> dict[tuple[int, int], Any]:
    """Compare the Jacobians of both modes, and the blocks of the Hessian of a weighted sum, which are returned."""
    tolerance = {"rtol": 1e-8, "atol": 1e-10}
    shapes = [(*node.shape, *x.shape) for x in wrt]
    forward = [columns([node], x)[0] for x in wrt]
    found = computed([*forward, *rows(node, wrt)], [*shapes, *shapes], known)
    for one, other, shape in zip(found[: len(wrt)], found[len(wrt) :], shapes, strict=True):
        assert np.shape(one) == np.shape(other) == shape
        np.testing.assert_allclose(one, other, **tolerance)
    bar = make_input(99, node.shape, node.dtype)
    known = {**known, bar: np.random.default_rng(0).uniform(0.5, 1.5, tuple(node.shape))}  # type: ignore[arg-type]
    adjoints = pull_back([node], [bar], wrt) if twice else {}
    slopes = [adjoints[x] for x in wrt if x in adjoints]
    moved = [x for x in wrt if x in adjoints]
    blocks = [block for y in moved for block in columns(slopes, y)]
    pairs = [(i, j) for j in range(len(moved)) for i in range(len(moved))]
    places = [(*moved[i].shape, *moved[j].shape) for i, j in pairs]
    hessian = dict(zip(pairs, computed(blocks, places, known), strict=True))
    for (i, j), block in hessian.items():
        first = np.ndim(known[moved[i]])
        axes = (*range(first, np.ndim(block)), *range(first))
        np.testing.assert_allclose(np.transpose(block, axes), hessian[j, i], **tolerance)
    return {(moved[i].index, moved[j].index): block for (i, j), block in hessian.items()} | {(-1, -1): known[bar]}


def drawn(x: Input, rng: np.random.Generator) -> Any:
    """Return values for an input; of masks every other entry holds, positions are 0 and 1."""
    shape: tuple[int, ...] = x.shape  # type: ignore[assignment]
    if is_float(x.dtype):
        return rng.uniform(0.2, 0.8, shape).astype(x.dtype)
    alternating = np.arange(np.prod(shape, dtype=int)).reshape(shape) % 2
    return alternating == 0 if x.dtype == "bool" else alternating


@pytest.mark.parametrize("primitive", OTHERS, ids=lambda p: p.name)
def test_samples(primitive: Primitive) -> None:
    samples = primitive.samples() if primitive.samples is not None else ()
    for number, node in enumerate(samples[:1] if primitive.name in LONG else samples):
        RAN[primitive.name] += 1
        inputs = inputs_of([node])
        wrt = [x for x in inputs if x.dtype == "float64"]
        if node.dtype == "float64" and wrt:
            rng = np.random.default_rng(number)
            check(node, wrt, {x: drawn(x, rng) for x in inputs})


@pytest.mark.parametrize("primitive", ELEMENTWISE, ids=lambda p: p.name)
def test_functions_of_numbers(primitive: Primitive) -> None:
    RAN[primitive.name] += 1
    inputs = [make_input(i, (2,), dtype) for i, dtype in enumerate(dtypes_of(primitive))]
    node = primitive(*inputs, **primitive.defaults)
    pairs = zip(inputs, primitive.partials or (None,) * len(inputs), strict=True)  # none where any number is taken
    wrt = [x for x, partial in pairs if is_float(x.dtype) and not isinstance(partial, Refused)]
    points = (primitive.points * 2)[:2]
    known = {x: np.array([point[x.index] for point in points], dtype=x.dtype) for x in inputs}
    if not is_float(node.dtype) or primitive.name in CHOSEN:
        return
    refused = has_refused_second(node, wrt)
    hessian = check(node, wrt, known, twice=not refused)
    if primitive.name in SMOOTH and primitive.name not in NOT_SYMPYS and not refused:
        symbols = sympy.symbols(f"a:{len(inputs)}", real=True)
        expression = SMOOTH[primitive.name][0](*orders_of(primitive), *symbols)
        for x, y in combinations_with_replacement(wrt, 2):
            second = sympy.diff(expression, symbols[x.index], symbols[y.index])
            at = dict(zip(symbols, map(sympy.Float, points[0]), strict=True))
            expected = complex(second.evalf(20, subs=at)).real * hessian[-1, -1][0]
            block = hessian.get((x.index, y.index), np.zeros((2, 2)))
            assert block[0, 0] == pytest.approx(expected, rel=1e-9, abs=1e-11), (x, y)
            assert block[0, 1] == block[1, 0] == 0


def has_refused_second(node: Node, wrt: Sequence[Input]) -> bool:
    """Tell whether some second derivative has no rule."""
    try:
        for gradient in pull_back([node], [make_input(99, node.shape, node.dtype)], wrt).values():
            pull_back([gradient], [make_input(98, gradient.shape, gradient.dtype)], wrt)
    except UnsupportedError:
        return True
    return False


def test_every_primitive_ran() -> None:
    if len(RAN) < 5:
        pytest.skip("the tests above were not selected")
    assert set(primitives()) - set(ELSEWHERE) == set(RAN)
