"""Several results: nested as the formula nests them, each differentiated, verified, saved."""

from __future__ import annotations

import numpy as np
import pytest

import symbackprop as sb


def test_a_tuple_gives_a_tuple() -> None:
    assert sb.compile_value("x*y, x + y")(2.0, 3.0) == (6.0, 5.0)
    assert sb.compile_value("x*y,")(2.0, 3.0) == (6.0,)


def test_nesting_is_kept() -> None:
    f = sb.compile_value("[x, (y, [x*y])], x - y")
    assert f(2.0, 3.0) == ([2.0, (3.0, [6.0])], -1.0)


def test_arrays_and_scalars_beside_each_other() -> None:
    f = sb.compile_value("X[n,d] w[d] -> X @ w, sum(w), X")
    X, w = np.arange(6.0).reshape(2, 3), np.ones(3)
    product, total, same = f(X, w)
    assert product.tolist() == [3.0, 12.0]
    assert total == 3.0
    assert not np.shares_memory(same, X)


def test_gradients_of_several_values() -> None:
    g = sb.compile_grad("x*y, x + y**2")
    assert g(2.0, 3.0) == ((3.0, 2.0), (1.0, 6.0))
    assert sb.compile_grad("[x*y, x + y**2]", wrt="y")(2.0, 3.0) == [2.0, 6.0]
    both = sb.compile_value_and_grad("x*y, x + y**2", wrt="x")
    assert both(2.0, 3.0) == ((6.0, 11.0), (3.0, 1.0))


def test_what_the_values_share_is_computed_once() -> None:
    source = sb.compile_value_and_grad("u = exp(x*y); u + x, u*y").source
    assert source.split(chr(34) * 3)[-1].count("exp(") == 1


def test_verification_covers_every_value() -> None:
    compiled = sb.compile_value_and_grad("x[n] y -> y*sum(x**2), sum(sin(x))*y")
    report = compiled.verify()
    assert report
    assert [output.label for output in report.outputs][:3] == ["value[0]", "value[1]", "dvalue[0]/dx"]


def test_the_same_node_twice_shares_no_memory() -> None:
    a, b = sb.compile_value("x[n] -> 2*x, 2*x")(np.ones(3))
    assert not np.shares_memory(a, b)


def test_saved_and_checked(tmp_path) -> None:  # type: ignore[no-untyped-def]
    from symbackprop.api import check_saved

    path = tmp_path / "both.py"
    sb.compile_value_and_grad("x*y, [x + y]").save(path)
    check_saved(path)


def test_mapped_over_arrays() -> None:
    product, total = sb.compile_value("x*y, x + 1")(np.arange(3.0), 2.0)
    assert product.tolist() == [0.0, 2.0, 4.0]
    assert total.tolist() == [1.0, 2.0, 3.0]


def test_too_deep_a_nest_is_refused() -> None:
    with pytest.raises(sb.UnsupportedError, match="nested deeper"):
        sb.compile_value("(" * 40 + "x" + ",)" * 40)


def test_nothing_to_return_is_refused() -> None:
    with pytest.raises(sb.FormulaSyntaxError, match="no result"):
        sb.compile_value("()")
