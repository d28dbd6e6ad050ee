"""`finite=True`: whether all of the gradient is finite, as the last result."""

from __future__ import annotations

import pickle
from collections import namedtuple
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import symbackprop as sb
from symbackprop.api import check_saved

Pair = namedtuple("Pair", "loss more")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ((2.0, 1.0), True)),
        ({"wrt": "y"}, (1.0, True)),
        ({"with_value": True}, (2.0, (2.0, 1.0), True)),
        ({"wrt": "x", "with_value": True}, (2.0, 2.0, True)),
    ],
)
def test_it_is_the_last_result(options: dict[str, Any], expected: Any) -> None:
    assert sb.compile_grad("x*y", finite=True, **options)(1.0, 2.0) == expected


def test_behind_auxiliary_results() -> None:
    assert sb.compile_grad("x*y, x", has_aux=True, finite=True)(1.0, 2.0) == ((2.0, 1.0), 1.0, True)
    assert sb.compile_value_and_grad("x*y, x", has_aux=True, finite=True)(1.0, 2.0) == ((2.0, 1.0), (2.0, 1.0), True)


def test_one_for_several_values() -> None:
    g = sb.compile_grad("x**2, y**2", finite=True)
    assert g(1.0, 2.0) == (((2.0, 0.0), (0.0, 4.0)), True)
    assert not g(1.0, np.inf)[1]


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_any_entry_counts(bad: float) -> None:
    g = sb.compile_grad("x[n] y -> sum(x**2) + y**2", finite=True)
    assert g(np.ones(3), 2.0)[1]
    assert not g(np.array([1.0, bad, 1.0]), 2.0)[1]
    assert not g(np.ones(3), bad)[1]
    assert g(np.ones(0), 2.0)[1]


def test_large_gradients_are_finite_although_their_sum_is_not() -> None:
    gradient, finite = sb.compile_grad("x[n] -> sum(x**2)/2", wrt="x", finite=True)(np.full(4, 1.7e308))
    assert finite
    assert np.isfinite(gradient).all()


def test_it_is_told_before_clipping() -> None:
    gradient, finite = sb.compile_grad("x[n] -> sum(x**2)", wrt="x", finite=True, clip={"value": 1.0})([np.inf, 0.1])
    assert gradient.tolist() == [1.0, 0.2]
    assert not finite


def test_warnings_are_off_and_the_code_is_numpys() -> None:
    g = sb.compile_grad("exp(x)", finite=True)
    assert g(1000.0) == ((np.inf,), False)
    assert 'with np.errstate(over="ignore", invalid="ignore", divide="ignore"):' in g.source
    with pytest.raises(sb.UnsupportedError, match="overflow raises an error in it"):
        sb.compile_grad("exp(x)", finite=True, target="math")


def test_structures_and_named_tuples() -> None:
    def loss(params):  # type: ignore[no-untyped-def]
        return Pair(params["w"] ** 2, {"double": 2 * params["w"]})

    g = sb.compile_grad(loss, inputs={"params": {"w": 1.0}}, wrt="params", has_aux=True, finite=True)
    assert g({"w": 3.0}) == ({"w": 6.0}, {"double": 6.0}, True)
    assert g.verify()
    assert isinstance(g.value({"w": 3.0}), Pair)


def test_scalars_map_over_arrays() -> None:
    with np.errstate(over="ignore"):
        (gradient,), finite = sb.compile_grad("exp(x)", finite=True)(np.array([0.0, 1000.0]))
    assert gradient.tolist() == [1.0, np.inf]
    assert finite.tolist() == [True, False]


def test_saved_checked_and_pickled(tmp_path: Path) -> None:
    g = sb.compile_value_and_grad("x[n] -> sum(x**2)", finite=True)
    path = tmp_path / "told.py"
    g.save(path)
    check_saved(path)
    assert pickle.loads(pickle.dumps(g)).source == g.source
    assert '"finite"' not in sb.compile_grad("x**2").source
    assert "finite : bool" in g.source


def test_the_report_has_a_row_for_it() -> None:
    report = sb.compile_value_and_grad("x[n] -> sum(x**3)", finite=True).verify()
    assert report
    last = report.outputs[-1]
    assert last.label == "finite"
    assert [stage.detail for stage in last.stages if stage.name == "float, nan"] == ["true and false as it should be"]


@pytest.mark.parametrize("new", ["np.bool_(True)", "np.bool_(False)", "np.isfinite(t1[0])"])
def test_what_is_told_wrongly_is_found(new: str) -> None:
    g = sb.compile_grad("x[n] y -> sum(x**3)*y", finite=True)
    head, doc, code = g.source.split('"""')
    begin = code.index("finite = ") + len("finite = ") if "finite = " in code else code.index("np.all(")
    end = code.index("\n", begin)
    told = new.replace("t1", "y_bar") if "y_bar" in code else new
    g._printed = replace(g._printed, source='"""'.join([head, doc, code[:begin] + told + code[end:]]))
    assert not g.verify(seconds=0.5)


def test_to_sympy_is_the_gradient_alone() -> None:
    found = sb.compile_grad("x**2", finite=True).to_sympy()
    assert found.gradient == (2 * found.symbols["x"],)
