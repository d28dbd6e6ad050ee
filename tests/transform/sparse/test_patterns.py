"""Patterns: of every primitive never smaller than its Jacobian; of what chooses entries, exact."""

from __future__ import annotations

import math
import random
import re
from typing import Any

import numpy as np
import pytest
from support import graph_of, inputs_of

import symbackprop as sb
from symbackprop.diff.forward import push_forward
from symbackprop.emit.header import Recipe
from symbackprop.emit.load import load_function
from symbackprop.emit.module import print_module
from symbackprop.errors import UnsupportedError
from symbackprop.ir.dtype import is_float
from symbackprop.ir.node import Input, Node, make_input
from symbackprop.ops import primitives
from symbackprop.ops.declare import Primitive
from symbackprop.simplify.rules import without_rules
from symbackprop.transform.derivatives import with_solvers
from symbackprop.transform.sparse.alignment import alignments_of
from symbackprop.transform.sparse.known import Known
from symbackprop.transform.sparse.pattern import patterns_of

SAMPLED = [p for p in primitives().values() if p.samples is not None and p.samples() and p.kind != "elementwise"]


def drawn(x: Input, rng: np.random.Generator) -> Any:
    shape: tuple[int, ...] = x.shape  # type: ignore[assignment]
    if is_float(x.dtype):
        return rng.uniform(0.2, 0.8, shape).astype(x.dtype)
    alternating = np.arange(math.prod(shape)).reshape(shape) % 2
    return alternating == 0 if x.dtype == "bool" else alternating


def jacobian(node: Node, wanted: list[Input], values: dict[Input, Any]) -> Any:
    """Return the dense Jacobian, column by column."""
    count = 1 + max(x.index for x in values)
    tangents = {x: make_input(count + i, x.shape, x.dtype) for i, x in enumerate(wanted)}
    (made,) = push_forward([node], tangents)
    size, width = math.prod(node.shape), sum(values[x].size for x in wanted)  # type: ignore[arg-type]
    if made is None:
        return np.zeros((size, width))
    graph = without_rules(with_solvers(graph_of([made])))
    printed = print_module(graph, Recipe("test", "value", None, None, False, "numpy", "float64", "f"), "0", "numpy")
    function = load_function(printed.source, printed.name)
    columns = []
    for unit in np.eye(width):
        parts = np.split(unit, np.cumsum([values[x].size for x in wanted])[:-1])
        moved = {tangents[x]: part.reshape(values[x].shape) for x, part in zip(wanted, parts, strict=True)}
        columns.append(np.ravel(function(*({**values, **moved}[x] for x in graph.inputs))[0]))
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("primitive", SAMPLED, ids=lambda p: p.name)
@pytest.mark.parametrize("knows", [False, True])
def test_no_entry_is_missing(primitive: Primitive, knows: bool) -> None:
    rng = np.random.default_rng(0)
    for node in primitive.samples():  # type: ignore[misc]
        wanted = [x for x in inputs_of([node]) if is_float(x.dtype)]
        if not wanted or not is_float(node.dtype) or (knows and len(wanted) == len(inputs_of([node]))):
            continue
        values = {x: drawn(x, rng) for x in inputs_of([node])}
        known = Known({x: value for x, value in values.items() if x not in wanted} if knows else {})
        (pattern,) = patterns_of([node], wanted, known)
        found = jacobian(node, wanted, values) != 0
        assert not (found & ~pattern.toarray()).any(), node
        assert not (found & ~aligned(node, wanted)).any(), node


def aligned(node: Node, wanted: list[Input]) -> Any:
    """Return the entries that the relations for named sizes have, at the sizes that there are."""
    (relations,) = alignments_of([node], wanted)
    blocks = []
    for x in wanted:
        grid = np.indices((*node.shape, *x.shape))
        found = np.zeros(grid.shape[1:], dtype=bool)
        for relation in relations.get(x, ()):
            inside = np.ones(grid.shape[1:], dtype=bool)
            for axis, box in enumerate(relation.box):
                inside &= np.isin(grid[axis], box)
            for axis, part in enumerate(relation.parts, start=node.rank):
                if isinstance(part, tuple):
                    inside &= grid[axis] == grid[part[0]] + part[1]
                else:
                    inside &= np.isin(grid[axis], part)
            found |= inside
        blocks.append(found.reshape(math.prod(node.shape), math.prod(x.shape)))  # type: ignore[arg-type]
    return np.concatenate(blocks, axis=1)


def pattern_of(text: str, **known: Any) -> list[str]:
    """Return the rows of a pattern, a point for each entry that is not there."""
    graph = sb.compile_value(text).formula_graph
    by_name = {spec.name: node for spec, node in zip(graph.arguments, graph.inputs, strict=True)}
    wanted = [node for node in graph.inputs if is_float(node.dtype)]
    (pattern,) = patterns_of(graph.primals, wanted, Known({by_name[name]: array for name, array in known.items()}))
    return ["".join(".x"[entry] for entry in row) for row in pattern.toarray().astype(int)]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("x[4] -> x[1:]*x[:-1]", ["xx..", ".xx.", "..xx"]),
        ("x[4] -> sin(x)[::-1][:2]", ["...x", "..x."]),
        ("x[4] -> x[array([3, 0])]**2", ["...x", "x..."]),
        ("x[2,2] -> x.T.reshape(4)", ["x...", "..x.", ".x..", "...x"]),
        ("x[3] -> concatenate((x[2:], x[:1]))", ["..x", "x.."]),
        ("x[2,2] -> sum(x, axis=0)", ["x.x.", ".x.x"]),
        ("x[2,2] -> x @ array([1.0, 0.0])", ["x...", "..x."]),
        ("x[3] -> (eye(3) - eye(3, k=1)) @ x", ["xx.", ".xx", "..x"]),
        ("x[3] -> cumsum(x)", ["x..", "xx.", "xxx"]),
        ("x[4] -> convolve(x, array([1.0, 2.0]), 'valid')", ["xx..", ".xx.", "..xx"]),
        ("x[4] -> np.gradient(x)", ["xx..", "x.x.", ".x.x", "..xx"]),
        ("x[2] y[2] -> where(x > 0, x, 0)*y", ["x.x.", ".x.x"]),
        ("x[2] -> floor(x) + stop_gradient(x)", ["..", ".."]),
        ("x[2] -> x*array([0.0, 1.0])", ["..", ".x"]),
        ("x[2,2] -> inv(x).reshape(4)[:1]", ["xxxx"]),
        ("x[2,3] -> softmax(x, axis=1)[0]", ["xxx...", "xxx...", "xxx..."]),
        ("x[2] -> tril(outer(x, x)).reshape(4)", ["x.", "..", "xx", ".x"]),
        ("x[2] -> (diag(x) @ diag(x)).reshape(4)", ["x.", "..", "..", ".x"]),
        ("x[2] -> exp(diag(x) @ outer(x, x)).reshape(4)", ["x.", "xx", "xx", ".x"]),
        ("x[3] -> where(arange(3) % 2 == 0, sin(x), 0)", ["x..", "...", "..x"]),
        ("x[3] -> where(arange(3) < 1, x, x[0]*x)", ["x..", "xx.", "x.x"]),
        ("x[3] -> (arange(3)[:, None] > arange(3)) @ x", ["...", "x..", "xx."]),
        ("x[2] -> pad(x, 1)[1:]*pad(x, 1)[:-1]/x[0]", ["..", "xx", ".."]),
        ("x[3] -> x**arange(3) + logaddexp(0, x*array([0.0, 1.0, 0.0]))", ["...", ".x.", "..x"]),
        ("x[3] -> cumprod(x*array([1.0, 1.0, 0.0]))", ["x..", "xx.", "..."]),
        ("x[2,2] -> inv(diag(x[0]) @ diag(x[1])) @ array([1.0, 0.0])", ["x.x.", "...."]),
        ("x[2,2] -> linalg.solve(tril(x), array([0.0, 1.0]))", ["....", "...x"]),
        ("x[2] -> linalg.cholesky(diag(x)) @ x", ["x.", ".x"]),
        ("x[2,2,2] -> linalg.slogdet(x)[1]", ["xxxx....", "....xxxx"]),
        ("x[2] y[2] -> linalg.expm(diag(x)) @ y", ["x.x.", ".x.x"]),
        ("x[2] y[3] -> interp(x, array([0.0, 1.0, 2.0]), y)", ["x.xxx", ".xxxx"]),
        ("x[2] y[2] -> where(x > y, pad(x[:1], (0, 1)), pad(y[:1], (0, 1))) * x", ["x.x.", "...."]),
        ("x[3] -> grad(prod(x), x)", [".xx", "x.x", "xx."]),
        ("x[2] -> convolve(array([1.0, 0.0, 2.0]), x)", ["x.", ".x", "x.", ".x"]),
        ("x[2] -> array([[1.0, 0.0], [inf, nan]]) @ x", ["x.", "xx"]),
        ("x[2] -> polyval(array([1.0, 0.0, 2.0]), x)", ["x.", ".x"]),
    ],
)
def test_patterns_are_exact(text: str, rows: list[str]) -> None:
    assert pattern_of(text) == rows


VECTORS = [
    "{m} @ {v}", "where(arange(3) % 2 == 0, {v}, {v})", "concatenate(({v}[1:], zeros(1)))", "{v} * array([0.0, 1.0, 2.0])",
    "{v}**arange(3)", "{m}[1]", "sum({m}, axis=0)", "cumprod({v})", "convolve({v}, array([1.0, 0.0, 2.0]), 'same')",
    "linalg.solve({m} + 3*eye(3), {v})", "cumsum({v})", "grad(prod({v}) + sum({v}**3), x)", "exp({v})", "pad({v}, 1)[:3]",
]  # fmt: skip
MATRICES = [
    "diag({v})", "outer({v}, {v})", "tril({m})", "triu({m}, 1)", "{m} @ {m}", "{m} * {m}", "{m} + {m}", "eye(3) * {m}", "{m}.T",
    "where(arange(3)[:, None] == arange(3) + 1, {m}, {m})", "array([[1.0, 0, 0], [0, 0, 2], [3, 1, 0]]) @ {m}", "sin({m})",
    "inv({m} + 3*eye(3))", "kron(eye(2), {m})[1:4, 2:5]", "cumsum({m}, axis=1)", "stack(({v}, zeros(3), {v}))",
]  # fmt: skip


def expression(rng: random.Random, among: list[str], depth: int) -> str:
    if depth == 0:
        return "x" if among is VECTORS else "z"
    text = rng.choice(among)
    while (at := re.search(r"\{[vm]\}", text)) is not None:
        own = VECTORS if at.group() == "{v}" else MATRICES
        text = f"{text[: at.start()]}({expression(rng, own, depth - 1)}){text[at.end() :]}"
    return text


@pytest.mark.parametrize("seed", range(24))
def test_random_formulas_have_no_entry_that_is_always_zero(seed: int) -> None:
    graph = sb.compile_value(f"x[3] z[3,3] -> {expression(random.Random(seed), VECTORS, 3)}").formula_graph
    wanted, (node,) = [*graph.inputs], graph.primals
    (pattern,) = patterns_of([node], wanted, Known({}))
    rng = np.random.default_rng(seed)
    found = np.zeros(pattern.shape, dtype=bool)
    for _ in range(3):
        found |= np.abs(jacobian(node, wanted, {x: drawn(x, rng) for x in wanted})) > 1e-14
    np.testing.assert_array_equal(pattern.toarray(), found)


def test_index_arrays_that_are_known_say_which_entries() -> None:
    text = "x[3] i[2]:int -> x[i]"
    assert pattern_of(text, i=np.array([2, 0])) == ["..x", "x.."]
    assert pattern_of(text) == ["xxx", "xxx"]


def test_what_is_dense_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedError, match="sort: its pattern has 25000000 entries"):
        sb.compile_jacobian("x[5000] -> sort(x)", sparse=True)
    with pytest.raises(UnsupportedError, match="inv: its pattern has 24010000 entries"):
        sb.compile_jacobian("x[70,70] -> inv(x)", sparse=True)
