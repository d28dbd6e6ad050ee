"""Checkpoints: what is kept, what is computed again, how it is printed, and what stays as it was."""

from __future__ import annotations

import copy
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from layered import arguments_of, body_of, chain, weights_of

import symbackprop as sb
from symbackprop.api import check_saved
from symbackprop.diff.reverse import gradient
from symbackprop.emit.schedule import scheduled
from symbackprop.errors import ArgumentError, UnknownNameError, UnsupportedError
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, Node, make_apply, make_input
from symbackprop.ir.signature import ArgumentSpec, Label
from symbackprop.ops.broadcasting import rebuilt, reduce_sum
from symbackprop.ops.trigonometric import sin
from symbackprop.ops.verify import verify_graph
from symbackprop.transform.checkpoint import checkpointed


def recomputed(f: sb.CompiledFunction) -> list[Node]:
    table = f.graph.recomputation
    return [] if table is None else [clone for clone in table.originals if f.graph.names.get(clone) is not None]


def names_again(f: sb.CompiledFunction) -> list[str]:
    return [f.graph.names[node] for node in recomputed(f)]


def same_bits(one: Any, two: Any) -> bool:
    if isinstance(one, tuple):
        return len(one) == len(two) and all(map(same_bits, one, two))
    return np.array_equal(one, two, equal_nan=True)


def compiled_chain(layers: int, checkpoint: Any = None, **options: Any) -> sb.CompiledFunction:
    formula, inputs = chain(layers)
    return sb.compile_grad(formula, inputs=inputs, wrt=weights_of(inputs), checkpoint=checkpoint, **options)


def test_the_code_of_four_layers() -> None:
    assert body_of(compiled_chain(4, ("a2", "a3")).source) == (
        """\
    # forward
    z1 = x @ W1 + b1
    a1 = np.tanh(z1)
    z2 = a1 @ W2 + b2
    a2 = np.tanh(z2)
    del z1, a1, z2
    z3 = a2 @ W3 + b3
    a3 = np.tanh(z3)
    del z3
    z4 = a3 @ W4 + b4
    a4 = np.tanh(z4)
    t1 = a4 - y
    del z4
    # backward
    t2 = t1 * (1.0 - a4 * a4)
    b4_bar = 2.0 * t2.sum(axis=0)             # z4 = a3 @ W4 + b4
    W4_bar = 2.0 * (a3.T @ t2)                # z4 = a3 @ W4 + b4
    t3 = (t2 @ W4.T) * (1.0 - a3 * a3)
    b3_bar = 2.0 * t3.sum(axis=0)             # z3 = a2 @ W3 + b3
    W3_bar = 2.0 * (a2.T @ t3)                # z3 = a2 @ W3 + b3
    t4 = (t3 @ W3.T) * (1.0 - a2 * a2)
    b2_bar = 2.0 * t4.sum(axis=0)             # z2 = a1 @ W2 + b2
    del t1, a4, t2, a3, t3, a2
    # again: z1 to a1, from the arguments
    z1 = x @ W1 + b1
    a1 = np.tanh(z1)
    W2_bar = 2.0 * (a1.T @ t4)                # z2 = a1 @ W2 + b2
    t5 = (t4 @ W2.T) * (1.0 - a1 * a1)
    b1_bar = 2.0 * t5.sum(axis=0)             # z1 = x @ W1 + b1
    W1_bar = 2.0 * (x.T @ t5)                 # z1 = x @ W1 + b1
    return W1_bar, b1_bar, W2_bar, b2_bar, W3_bar, b3_bar, W4_bar, b4_bar
"""
    )


def test_segments_come_again_from_the_last_to_the_first_and_the_last_is_at_hand() -> None:
    comments = re.findall("# again: .*", compiled_chain(8, ("a2", "a5")).source)
    assert comments == ["# again: z3 to a4, from a2", "# again: z1 to a1, from the arguments"]


def test_without_checkpoints_nothing_is_deleted() -> None:
    f = compiled_chain(4)
    assert "del " not in f.source and "again" not in f.source
    assert f.recipe.checkpoint is None and "checkpoint" not in f.source
    assert f.cost().again == 0


@pytest.mark.parametrize(
    "checkpoint", ["sqrt", ("a3",), ("a2", "a5", "a7"), ("z4",), ("x", "a4"), ("a9",), ("z1", "z9")]
)
@pytest.mark.parametrize("wrt", [None, "x", "W9", ("b1", "W5"), "y"])
def test_results_are_the_same_bit_by_bit(checkpoint: Any, wrt: Any) -> None:
    formula, inputs = chain(9)
    plain = sb.compile_value_and_grad(formula, inputs=inputs, wrt=wrt)
    again = sb.compile_value_and_grad(formula, inputs=inputs, wrt=wrt, checkpoint=checkpoint)
    verify_graph(again.graph)
    arguments = arguments_of(inputs, 7, 4)
    assert same_bits(plain(*arguments), again(*arguments))


def test_every_statement_comes_again_once_at_most() -> None:
    f = compiled_chain(16, "sqrt")
    names = names_again(f)
    assert len(names) == len(set(names))
    assert {"z1", "a1"} <= {*names}
    assert not {"z16", "a16"} & {*names}  # of the last segment
    assert len(re.findall("# again", f.source)) == 3  # of about sqrt(16) segments


def test_what_is_kept_is_not_computed_again() -> None:
    names = names_again(compiled_chain(8, ("a3", "z6")))
    assert "a3" not in names and "z6" not in names
    assert names == ["z1", "a1", "z2", "a2", "z4", "a4", "z5", "a5"]


def test_cuts_are_where_few_bytes_cross() -> None:
    wide = "\n".join(
        ["x[n] u[k] -> h0 = x"]
        + [
            f"w{k} = tanh(outer(h{k - 1}, u))\nv{k} = sin(w{k})\nh{k} = exp(-sum(v{k}**2, axis=1))"
            for k in range(1, 17)
        ]
        + ["sum(h16)"]
    )
    f = sb.compile_grad(wide, checkpoint="sqrt")
    table = f.graph.recomputation
    assert table is not None
    assert table.kept and all(node.shape == f.graph.inputs[0].shape for node in table.kept)


def test_what_crosses_several_segments_is_kept_once() -> None:
    formula = (
        "x[n] w[n] -> s = sin(w*x)\na1 = tanh(w + x)\na2 = tanh(a1*s)\na3 = tanh(a2*w)\na4 = tanh(a3*s)\nsum(a4*a1)"
    )
    f = sb.compile_grad(formula, checkpoint=("a2", "a3"))
    assert "s" not in names_again(f) and "a1" not in names_again(f)
    x, w = np.array([0.3, -0.8]), np.array([1.2, 0.4])
    assert same_bits(f(x, w), sb.compile_grad(formula)(x, w))


def test_scalars_and_views_of_what_is_kept_are_not_computed_again() -> None:
    formula = "X[n,d] w[d] -> A = tanh(X*w)\nnorm = sqrt(sum(A**2))\nT = transpose(A)\nB = sin(T @ X)/norm\nsum(exp(B) @ transpose(B))"
    f = sb.compile_grad(formula, wrt="w", checkpoint=("A",))
    assert not {"A", "norm", "T"} & {*names_again(f)}


def test_a_name_that_is_assigned_again_stands_for_all_of_its_values() -> None:
    formula = "\n".join(["x[n] w[n] -> h = x", *["h = tanh(w*h + x)\ng = sin(h)\nh = g*w"] * 4, "sum(h)"])
    f = sb.compile_grad(formula, checkpoint=("h",))
    assert {*names_again(f)} == {"g"}
    x, w = np.array([0.3, -0.8]), np.array([1.2, 0.4])
    assert same_bits(f(x, w), sb.compile_grad(formula)(x, w))


def test_several_results_come_back_together() -> None:
    formula, inputs = chain(6, "sum(a{n} * y), sum(a3**2), max(a{n})")
    plain = sb.compile_value_and_grad(formula, inputs=inputs, wrt=("x", "W2"))
    again = sb.compile_value_and_grad(formula, inputs=inputs, wrt=("x", "W2"), checkpoint=("a2", "a4"))
    arguments = arguments_of(inputs, 5, 3)
    assert same_bits(plain(*arguments), again(*arguments))
    assert len(names_again(again)) == len({*names_again(again)})


def test_other_results_that_are_returned_are_not_computed_again() -> None:
    formula, inputs = chain(6, "sum(a{n} * y), a2")
    options: dict[str, Any] = {"inputs": inputs, "wrt": "W1", "has_aux": True}
    plain = sb.compile_value_and_grad(formula, **options)
    again = sb.compile_value_and_grad(formula, **options, checkpoint=("a4",))
    arguments = arguments_of(inputs, 5, 3)
    assert same_bits(plain(*arguments), again(*arguments))
    assert "a2" not in names_again(again)


@pytest.mark.parametrize("formula", ["x[n] -> sum(x)", "x[n] -> sum(sin(x))", "sin(x)", "x", "x[n] -> 3*x[0]"])
@pytest.mark.parametrize("value", [1.5, -0.25])
def test_one_operation(formula: str, value: float) -> None:
    f = sb.compile_grad(formula, checkpoint="sqrt")
    x = np.full(3, value) if "[n]" in formula else value
    assert same_bits(f(x), sb.compile_grad(formula)(x))


def test_scalars_that_stand_for_arrays() -> None:
    formula = "\n".join(["a0 = x", *[f"a{k} = sin(w*a{k - 1})" for k in range(1, 10)], "a9"])
    plain, again = sb.compile_grad(formula), sb.compile_grad(formula, checkpoint=("a3", "a6"))
    assert same_bits(plain(0.7, 1.3), again(0.7, 1.3))
    assert "# again: a4 to a5, from a3" in again.source
    assert "del " not in again.source  # numbers of `math` take no memory
    points = np.linspace(-1, 1, 5)
    assert same_bits(plain(points, 1.3), again(points, 1.3))
    assert "del " in again.array_source


def test_single_precision() -> None:
    plain = compiled_chain(6, dtype="float32")
    again = compiled_chain(6, "sqrt", dtype="float32")
    arguments = [array.astype(np.float32) for array in arguments_of(chain(6)[1], 5, 3)]
    found = again(*arguments)
    assert same_bits(plain(*arguments), found)
    assert {array.dtype for array in found} == {np.dtype(np.float32)}


def test_functions_in_numpy_name_what_is_kept() -> None:
    def loss(params: Any, x: Any) -> Any:
        h = x
        for W in params:
            z = h @ W
            h = np.tanh(z)
        return np.sum(h**2)

    inputs: dict[str, Any] = {"params": ["d d"] * 5, "x": "n d"}
    rng = np.random.default_rng(0)
    params, x = [rng.normal(size=(3, 3)) for _ in range(5)], rng.normal(size=(4, 3))
    plain = sb.compile_grad(loss, inputs=inputs, wrt="params")
    again = sb.compile_grad(loss, inputs=inputs, wrt="params", checkpoint=("h",))
    assert names_again(again) == []  # nothing but h is read on the way back
    again = sb.compile_grad(loss, inputs=inputs, wrt="params", checkpoint="sqrt")
    assert "h" in names_again(again)
    assert same_bits(tuple(plain(params, x)), tuple(again(params, x)))


@pytest.mark.parametrize("checkpoint", ["sqrt", ("last", "c"), ("c",)])
def test_loops_come_again_as_a_whole(checkpoint: Any) -> None:
    formula = (
        "W[k,k] X[n,k] -> def step(h, x):\n    h = tanh(h @ W + x)\n    return h, h\n"
        "a = sin(X @ W)\nlast, hs = scan(step, a[0], a)\nb = hs*a\nc = tanh(b @ W)\n"
        "final, others = scan(step, c[0], c, reverse=True)\nd = others @ W\nsum(tanh(d)**2) + sum(last*final)"
    )
    plain = sb.compile_value_and_grad(formula)
    again = sb.compile_value_and_grad(formula, checkpoint=checkpoint)
    verify_graph(again.graph)
    W, X = arguments_of({"W": "d d", "X": "n d"}, 6, 3)
    assert same_bits(plain(W, X), again(W, X))


def test_a_loop_comes_again_where_its_trajectory_is_not_kept() -> None:
    formula = (
        "W[k,k] X[n,k] -> def step(h, x):\n    h = tanh(h @ W + x)\n    return h, h\n"
        "last, hs = scan(step, X[0], X)\nc = tanh(hs @ W)\nsum(sin(c))"
    )
    again = sb.compile_grad(formula, checkpoint=("c",))
    assert again.source.count("np.tanh(h") > sb.compile_grad(formula).source.count("np.tanh(h")
    W, X = arguments_of({"W": "d d", "X": "n d"}, 6, 3)
    assert same_bits(sb.compile_grad(formula)(W, X), again(W, X))


def test_it_is_verified_saved_pickled_and_copied(tmp_path: Path) -> None:
    formula = "x[3] w[3] -> a1 = tanh(w*x)\na2 = sin(w*a1)\na3 = tanh(a2*x)\na4 = sin(a3*w)\nsum(a4)"
    f = sb.compile_value_and_grad(formula, checkpoint=["a2"])
    assert f.recipe.checkpoint == ("a2",)
    assert "# again: a1, from the arguments" in f.source
    assert f.verify()
    f.save(tmp_path / "grad.py")
    check_saved(tmp_path / "grad.py")
    assert pickle.loads(pickle.dumps(f)).source == f.source
    assert copy.copy(f).source == f.source
    assert "del " not in f.value.source
    assert "again in segment 1" in str(f.graph)


@pytest.mark.parametrize("checkpoint", ["a10", "SQRT", (), {}, ("a1", 2), b"sqrt", [None]])
def test_what_is_no_choice_of_checkpoints(checkpoint: Any) -> None:
    with pytest.raises(ArgumentError, match=r"checkpoint is .*; give None, 'sqrt', "):
        sb.compile_grad("x[n] -> sum(sin(x))", checkpoint=checkpoint)


def test_names_that_no_value_has() -> None:
    formula, inputs = chain(4)
    with pytest.raises(UnknownNameError, match=r"names 'a22', which is no value.*Did you mean a2"):
        sb.compile_grad(formula, inputs=inputs, checkpoint=("a1", "a22"))
    with pytest.raises(UnknownNameError, match="none has a name: write statements"):
        sb.compile_grad("x[n] -> sum(sin(cos(x)))", checkpoint=("a1",))


def test_names_inside_of_loops() -> None:
    formula = "w[k] X[n,k] -> def step(h, x):\n    inner = tanh(h*w + x)\n    return inner*w, None\nlast, _ = scan(step, w, X)\nsum(last)"
    with pytest.raises(UnsupportedError, match="'inner', a value inside of a loop or a branch"):
        sb.compile_grad(formula, checkpoint=("inner",))


def test_clones_are_other_nodes_than_their_originals() -> None:
    x = make_input(0, (3,), "float64")
    once = sin(x)
    assert isinstance(once, Apply)
    again = make_apply(once.op, once.args, once.params, once.shape, once.dtype, 2)
    assert again is not once and again.segment == 2 and once.segment == 0
    assert make_apply(once.op, once.args, once.params, once.shape, once.dtype, 2) is again
    moved = rebuilt(again, (once,))
    assert isinstance(moved, Apply) and moved.segment == 2


def long_chain(count: int) -> Graph:
    x = make_input(0, (3,), "float64")
    value: Node = x
    for _ in range(count):
        value = sin(value)
    total = reduce_sum(value, axes=(0,))
    graph = Graph((ArgumentSpec("x", (3,), "float64"),), (x,), (total,), (total,), (Label(0),))
    return gradient(graph, [x])


def test_a_long_chain() -> None:
    count = 20_000
    graph = checkpointed(long_chain(count), "sqrt")
    table = graph.recomputation
    assert table is not None
    assert len(table.kept) < 2 * count**0.5
    assert 0.95 * count < len(table.originals) < count
    schedule = scheduled(graph)
    done: set[Node] = set(schedule.forward)
    for node in schedule.backward:
        assert not isinstance(node, Apply) or done.issuperset(node.args)
        done.add(node)


def test_values_that_are_not_computed() -> None:
    with pytest.raises(UnsupportedError, match="'unused', which is not computed"):
        sb.compile_grad("x[n] -> unused = cos(x)\na = sin(x)\nsum(a**2)", checkpoint=("unused",))
