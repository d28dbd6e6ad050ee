"""`clip`: gradients kept within a bound, of each entry or of the norm of all, and what `verify` says of them."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import symbackprop as sb
from symbackprop.api import check_saved

LOSS = "X[n,d] w[d] b y[n] -> sum((X @ w + b - y)**2)/2"
RNG = np.random.default_rng(1)
POINT = RNG.normal(size=(5, 3)), RNG.normal(size=3), 0.5, RNG.normal(size=5)


def compiled(clip: Mapping[str, float] | None, **options: Any) -> sb.CompiledFunction:
    return sb.compile_grad(LOSS, wrt=("w", "b"), clip=clip, **options)


def norm_of(parts: tuple[Any, ...]) -> float:
    return float(np.sqrt(sum(np.sum(np.square(part)) for part in parts)))


def test_the_norm_is_that_of_all_gradients() -> None:
    plain = compiled(None)(*POINT)
    found = compiled({"norm": 0.5})(*POINT)
    assert norm_of(plain) > 0.5
    for part, whole in zip(found, plain, strict=True):
        np.testing.assert_allclose(part, 0.5 / norm_of(plain) * whole, rtol=1e-14)
    np.testing.assert_allclose(norm_of(found), 0.5)


def test_a_gradient_within_the_bound_is_untouched() -> None:
    plain = compiled(None)(*POINT)
    bounded = compiled({"norm": 1e6})(*POINT)
    assert [np.array_equal(a, b) for a, b in zip(plain, bounded, strict=True)] == [True, True]


def test_entries_are_clipped_one_by_one() -> None:
    plain = compiled(None)(*POINT)
    found = compiled({"value": 0.75})(*POINT)
    assert np.any(np.abs(plain[0]) > 0.75)
    for part, whole in zip(found, plain, strict=True):
        np.testing.assert_allclose(part, np.clip(whole, -0.75, 0.75), rtol=1e-15)
    within = sb.compile_grad("x**2/2 + 2*y", clip={"value": 1})
    assert within(0.25, 1.0) == (0.25, 1.0)


@pytest.mark.parametrize("target", ["math", "numpy"])
def test_at_the_threshold(target: str) -> None:
    g = sb.compile_grad("3*x + 4*y", clip={"norm": 5}, target=target)
    assert g(1.0, 1.0) == (3.0, 4.0)
    half = sb.compile_grad("3*x + 4*y", clip={"norm": 2.5}, target=target)
    assert half(1.0, 1.0) == (1.5, 2.0)
    entries = sb.compile_grad("x**2/2 - 2*y", clip={"value": 2}, target=target)
    assert entries(2.0, 1.0) == (2.0, -2.0)
    assert entries(3.0, 1.0) == (2.0, -2.0)


@pytest.mark.parametrize("clip", [{"norm": 1.0}, {"value": 1.0}])
@pytest.mark.parametrize("target", ["math", "numpy"])
def test_a_zero_gradient_stays_zero(clip: Mapping[str, float], target: str) -> None:
    g = sb.compile_grad("x**2 * y**2", clip=clip, target=target)
    assert g(0.0, 0.0) == (0.0, 0.0)
    unused = sb.compile_grad("x[n] y -> 0*sum(x) + 0*y", clip=clip)
    gradient, alone = unused(np.ones(3), 1.0)
    assert gradient.tolist() == [0.0, 0.0, 0.0]
    assert alone == 0.0


@pytest.mark.parametrize("clip", [{"norm": 0.5}, {"value": 0.5}])
def test_no_entries(clip: Mapping[str, float]) -> None:
    w, b = compiled(clip)(np.ones((2, 0)), np.ones(0), 3.0, np.zeros(2))
    assert w.shape == (0,)
    assert b == 0.5
    w, b = compiled(clip)(np.ones((0, 2)), np.ones(2), 3.0, np.zeros(0))
    assert w.tolist() == [0.0, 0.0]
    assert b == 0.0


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("far", [np.inf, np.nan, 1e200])
def test_a_norm_that_is_not_finite_is_not_hidden(far: float) -> None:
    g = sb.compile_grad("x[n] y -> sum(x**2)/2 + y**2/2", clip={"norm": 1.0})
    gradient, other = g(np.array([far, 1.0]), 2.0)
    assert np.isnan(gradient).all()
    assert np.isnan(other)


def test_clipped_entries_keep_nan() -> None:
    (gradient,) = sb.compile_grad("x[n] -> sum(x**2)/2", clip={"value": 1.0})(np.array([np.nan, np.inf, -np.inf]))
    np.testing.assert_array_equal(gradient, [np.nan, 1.0, -1.0])


@pytest.mark.parametrize("clip", [{"norm": 0.5}, {"value": 0.5}])
def test_float32_stays_float32(clip: Mapping[str, float]) -> None:
    w, b = compiled(clip, dtype="float32")(*POINT)
    assert w.dtype == np.float32
    assert np.asarray(b).dtype == np.float32
    exact = compiled(clip)(*POINT)
    np.testing.assert_allclose(w, exact[0], rtol=1e-5)
    graph = compiled(clip, dtype="float32").graph
    assert {node.dtype for node in graph.nodes()} <= {"float32", "bool", "int64"}


def test_each_of_several_values_is_clipped_by_itself() -> None:
    g = sb.compile_grad("3*x + 4*y, x*0.3", clip={"norm": 1.0})
    (first, second) = g(1.0, 1.0)
    np.testing.assert_allclose(first, (0.6, 0.8), rtol=1e-15)
    assert second == (0.3, 0.0)


def test_an_input_named_twice_counts_once() -> None:
    assert sb.compile_grad("3*x + 4*y", wrt=("x", "y", "x"), clip={"norm": 5})(1.0, 1.0) == (3.0, 4.0, 3.0)


def test_with_value_and_auxiliary_results() -> None:
    both = sb.compile_value_and_grad("3*x + 4*y, x", clip={"norm": 2.5}, has_aux=True)
    assert both(1.0, 2.0) == ((11.0, 1.0), (1.5, 2.0))
    assert both.value(1.0, 2.0) == (11.0, 1.0)
    assert both.verify()


def test_it_is_printed_plainly() -> None:
    code = compiled({"norm": 5.0}).source.split('"""')[2]
    assert "norm = np.sqrt(w_bar @ w_bar + b_bar * b_bar)" in code
    assert "return scale * w_bar, scale * b_bar" in code
    assert "scaled to a norm of at most 5.0" in compiled({"norm": 5.0}).source
    assert "clipped to [-0.5, 0.5]" in compiled({"value": 0.5}).source


def test_the_names_of_norm_and_scale_give_way_to_inputs() -> None:
    g = sb.compile_grad("norm scale -> norm*scale**2", clip={"norm": 1.0})
    np.testing.assert_allclose(g(3.0, 2.0), np.array([4.0, 12.0]) / np.hypot(4.0, 12.0), rtol=1e-15)
    assert g.verify()


def test_saved_checked_and_pickled(tmp_path: Path) -> None:
    for clip in ({"norm": 0.5}, {"value": 2}):
        g = compiled(clip)
        path = tmp_path / "clipped.py"
        g.save(path)
        check_saved(path)
        assert pickle.loads(pickle.dumps(g)).source == g.source
    assert '"clip"' not in compiled(None).source


# --- verification -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("clip", [{"norm": 0.1}, {"norm": 5.0}, {"norm": 1e5}, {"value": 0.3}, {"value": 1e5}])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_verified(clip: Mapping[str, float], dtype: str) -> None:
    report = compiled(clip, dtype=dtype).verify(seconds=1.0)
    assert report
    if "value" in clip or clip["norm"] > 10:
        assert {output.strongest for output in report.outputs} == {"exact"}


def test_a_norm_that_acts_is_verified_exactly_where_it_is_small() -> None:
    report = sb.compile_grad("3*x*y, x", clip={"norm": 0.5}, has_aux=True).verify(points=1)
    assert {output.strongest for output in report.outputs} == {"exact"}


def test_verified_with_more_entries_than_get_a_quotient() -> None:
    text = "X[20,20] w[20] V[5,20] -> sum(tanh(V @ tanh(X @ w))**2)"
    for clip in ({"norm": 0.1}, {"norm": 100.0}, {"value": 0.01}):
        assert sb.compile_grad(text, wrt=("X", "V"), clip=clip).verify(seconds=0.0)


@pytest.mark.parametrize(
    ("clip", "old", "new"),
    [
        ({"norm": 0.1}, "0.1 / ", "0.1001 / "),  # on another bound
        ({"norm": 1e3}, "1000.0 / ", "999.0 / "),  # scaled where it should not be
        ({"norm": 0.1}, "np.maximum(norm, 0.1)", "norm"),  # scaled up where it is small: found where it is
        ({"norm": 0.1}, "scale * b_bar", "1.001 * scale * b_bar"),  # not all by one factor
        ({"norm": 0.1}, "w_bar @ w_bar + b_bar * b_bar", "w_bar @ w_bar"),  # the norm of some
        ({"norm": 0.1}, "scale * w_bar", "-scale * w_bar"),
        ({"value": 0.3}, "-0.3", "-0.3003"),
        ({"value": 0.3}, ", 0.3)", ", np.inf)"),
    ],
)
def test_wrong_clipping_is_found(clip: Mapping[str, float], old: str, new: str) -> None:
    g = compiled(clip)
    head, doc, code = g.source.split('"""')
    assert old in code
    g._printed = replace(g._printed, source='"""'.join([head, doc, code.replace(old, new)]))
    ranges = {"X": (-0.01, 0.01), "y": (0.4, 0.6), "b": (0.5, 0.51), "w": (-1.0, 1.0)} if new == "norm" else None
    assert not g.verify(points=3, ranges=ranges, seconds=0.0)


def test_a_gradient_that_was_not_clipped_is_found() -> None:
    g = compiled({"norm": 0.1})
    unclipped = compiled(None)
    g._printed = unclipped._printed
    assert not g.verify(seconds=0.0)


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("clip", [1.0, "norm", {}, {"l2": 1.0}, {"norm": 1.0, "value": 1.0}, [("norm", 1.0)]])
def test_other_forms_are_refused(clip: Any) -> None:
    with pytest.raises(sb.ArgumentError, match=r'give \{"value": 1.0\} for each entry'):
        sb.compile_grad("x*y", clip=clip)


@pytest.mark.parametrize("bound", [0, -1.0, float("inf"), float("nan"), True, "1", None])
def test_bounds_that_are_no_positive_numbers_are_refused(bound: Any) -> None:
    with pytest.raises(sb.ArgumentError, match="give a positive number"):
        sb.compile_value_and_grad("x*y", clip={"norm": bound})
