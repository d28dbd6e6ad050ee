"""Random graphs with connections that skip layers: with checkpoints every bit is as without."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import symbackprop as sb
from symbackprop.emit.schedule import scheduled
from symbackprop.ir.node import Apply, Node
from symbackprop.ops.verify import verify_graph

STEPS = [
    "tanh({0} @ W)", "sin({0})*{1}", "{0} + {1}", "{0}*v", "exp(-{0}**2) - {1}", "sqrt(1 + {0}**2)", "{0} - mean({1})",
    "{0} @ transpose({1}) @ W2", "softmax({0}, axis=1)", "{0}/(2 + cos({1}))",
    "where({0} > {1}, {0}, v)", "cumsum({0}, axis=0)", "{0}*sum({1}*v, axis=1, keepdims=True)", "{0} @ W + {1} @ W",
]  # fmt: skip
INPUTS = {"x": "n d", "W": "d d", "v": "d", "W2": "n d"}
ARGUMENTS = [0.4 * np.random.default_rng(at).normal(size=size) for at, size in enumerate([(4, 3), (3, 3), 3, (4, 3)])]


@st.composite
def programs(draw: st.DrawFn) -> tuple[str, list[str]]:
    """Return a formula of several statements, each of two values before it, with one result or several; and its names."""
    names = ["x"]
    lines = []
    for at in range(draw(st.integers(1, 14))):
        step = draw(st.sampled_from(STEPS))
        near = draw(st.integers(1, 2))  # mostly a chain, with skips
        first, second = names[-min(near, len(names))], draw(st.sampled_from(names))
        name = f"h{at}"
        lines.append(f"{name} = {step.format(first, second)}")
        names.append(name)
    results = [f"sum({names[-1]}**2)"]
    if draw(st.booleans()):
        results.append(f"sum(sin({draw(st.sampled_from(names))}))")
    return "\n".join([*lines, ", ".join(results)]), names[1:]


def flat(found: Any) -> list[Any]:
    return [part for item in found for part in flat(item)] if isinstance(found, (tuple, list)) else [found]


def check_order(f: sb.CompiledFunction) -> None:
    """Check that the table of what is computed again is right, and that all is computed before it is used."""
    verify_graph(f.graph)
    table = f.graph.recomputation
    assert table is not None
    assert len({*table.originals.values()}) == len(table.originals)
    for clone, original in table.originals.items():
        assert clone is not original and clone.shape == original.shape and clone.dtype == original.dtype
        assert not isinstance(clone, Apply) or clone.segment == table.segments[clone]
    schedule = scheduled(f.graph)
    done: set[Node] = set(schedule.forward)
    for node in schedule.backward:
        assert not isinstance(node, Apply) or done.issuperset(node.args)
        done.add(node)


@settings(max_examples=35, deadline=None)
@given(programs(), st.data())
def test_value_and_gradient_are_the_same_bit_by_bit(program: tuple[str, list[str]], data: st.DataObject) -> None:
    formula, names = program
    wrt = data.draw(st.sampled_from([None, "x", ("W", "v"), "v"]))
    plain = sb.compile_value_and_grad(formula, inputs=INPUTS, wrt=wrt)
    known = [name for name in names if name in map(plain.graph.names.get, plain.graph.primal_nodes)]
    named = data.draw(st.lists(st.sampled_from(known), min_size=1, unique=True)) if known else ["x"]
    arguments = [array.copy() for array in ARGUMENTS]
    expected = flat(plain(*arguments))
    for checkpoint in ("sqrt", tuple(named)):
        again = sb.compile_value_and_grad(formula, inputs=INPUTS, wrt=wrt, checkpoint=checkpoint)
        check_order(again)
        for one, two in zip(expected, flat(again(*arguments)), strict=True):
            np.testing.assert_array_equal(one, two)
    for array, as_it_was in zip(arguments, ARGUMENTS, strict=True):
        np.testing.assert_array_equal(array, as_it_was)
