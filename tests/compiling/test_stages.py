"""What compiling took, and the limits of it."""

from __future__ import annotations

import pytest

import symbackprop as sb
from benchmarks.nested_sines import formula

CHAIN = formula(400)


def test_stages_are_in_order_and_leave_graphs():
    compiled = sb.compile_value_and_grad(CHAIN)
    report = compiled.compile_report()
    names = [stage.name for stage in report.stages]
    assert names == [
        "read the formula", "rewrite the formula", "differentiate", "rewrite the derivative", "write the code",
        "load the code",
    ]  # fmt: skip
    assert report.nodes == len(compiled.graph.nodes()) > 2 * report.stages[1].nodes > 0
    assert all(stage.seconds > 0 for stage in report.stages)
    assert report.seconds == pytest.approx(sum(stage.seconds for stage in report.stages))
    assert 0 < report.seconds_per_node < report.seconds
    assert len(str(report).split("\n")) == len(names) + 3


def test_a_function_is_traced_first():
    @sb.compile_grad
    def f(x):
        inner = sb.compile_grad("x*y")  # has stages of its own
        assert "trace the function" not in {stage.name for stage in inner.compile_report().stages}
        return x * inner.function(x, 2.0)[0]

    assert f.compile_report().stages[0].name == "trace the function"


def test_limits_end_in_errors_that_say_where():
    with sb.compiling(max_nodes=1000), pytest.raises(sb.BudgetError, match=r"read the formula.*max_nodes is 1,000"):
        sb.compile_grad(CHAIN)
    count = sb.compile_grad(CHAIN).compile_report().nodes
    with sb.compiling(max_nodes=count - 200), pytest.raises(sb.BudgetError, match=r"differentiate.*sb\.scan"):
        sb.compile_grad(CHAIN)
    with sb.compiling(max_seconds=1e-4), pytest.raises(sb.BudgetError, match=r"max_seconds = 0\.0001"):
        sb.compile_grad(CHAIN)


def test_limits_hold_inside_only_and_nest():
    with sb.compiling(max_nodes=5):
        with sb.compiling(max_nodes=10_000, max_seconds=100):
            sb.compile_grad(CHAIN)
        with pytest.raises(sb.BudgetError):
            sb.compile_grad("sin(x)*cos(y)")
    sb.compile_grad("sin(x)*cos(y)")


def test_a_traced_loop_without_end_is_stopped():
    def endless(x):
        while True:
            x = x * 1.5

    with sb.compiling(max_seconds=0.2), pytest.raises(sb.BudgetError, match="trace the function"):
        sb.compile_grad(endless)


@pytest.mark.parametrize("limits", [{"max_nodes": 0}, {"max_seconds": -1.0}, {"max_nodes": True}, {"max_seconds": "5"}])
def test_limits_are_positive_numbers(limits):
    with pytest.raises(sb.ArgumentError, match="positive"), sb.compiling(**limits):
        pass


def test_progress_is_shown_and_taken_away(capsys, monkeypatch):
    monkeypatch.setattr("symbackprop.stages._PATIENCE", 0.0)
    monkeypatch.setattr("symbackprop.stages._PERIOD", 0.0)
    with sb.compiling(progress=True):
        sb.compile_grad(CHAIN)
    states = capsys.readouterr().err.split("\r")
    shares = [int(state.split("]")[1].split("%")[0]) for state in states if "%" in state]
    assert len(shares) > 20
    assert shares == sorted(shares)
    assert any("s left: differentiate" in state for state in states)
    assert states[-1] == ""
    assert states[-2].isspace()
    sb.compile_grad(CHAIN)
    assert capsys.readouterr().err == ""
