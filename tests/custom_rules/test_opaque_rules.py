"""Opaque rules: called by import path, listed in the header, honoured only if they are registered."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import opaque_functions as own
import pytest
from support import tangents_of

import symbackprop as sb
from symbackprop.api import check_saved

X, W = np.arange(6.0).reshape(3, 2) / 5, np.array([0.3, -0.4])


def loss(X: Any, w: Any) -> Any:
    hidden = own.activation(np.sin(X), w)
    return np.sum(hidden**2)


def test_the_printed_code_imports_and_calls_them() -> None:
    compiled = sb.compile_value_and_grad(loss, inputs={"X": "n d", "w": "d"})
    assert "from opaque_functions import activation, activation_vjp\n" in compiled.source
    assert "# needs: opaque_functions.activation, opaque_functions.activation_vjp\n" in compiled.source
    assert "hidden = activation(" in compiled.source
    value, slopes = compiled(X, W)
    plain = sb.compile_value_and_grad("sum(tanh(sin(X) @ w)**2)", inputs="X[n,d] w[d]")
    expected, wanted = plain(X, W)
    assert value == pytest.approx(expected, rel=1e-14)
    for found, right in zip(slopes, wanted, strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-13)


def test_it_is_verified_in_floats() -> None:
    report = sb.compile_grad(loss, inputs={"X": "n d", "w": "d"}).verify()
    assert report, report
    statuses = {(stage.name, stage.status) for output in report.outputs for stage in output.stages}
    assert statuses == {
        ("exact", "skipped"), ("50 digits", "skipped"), ("float", "passed"), ("your function", "passed"),
    }  # fmt: skip
    assert "opaque functions run in floats" in str(report)
    assert "custom rule activation: its rules agree" in str(report)


def test_a_wrong_one_is_named() -> None:
    report = sb.compile_grad(lambda x: np.sum(own.wrong(x * x)), inputs="x[3]").verify()
    assert not report
    assert "custom rule wrong: the vjp of custom rule wrong is wrong in argument x" in str(report)
    with pytest.raises(sb.RuleError, match="the vjp of custom rule wrong is wrong"):
        sb.check_rule(own.wrong, X)
    assert sb.check_rule(own.activation, X, W)
    assert sb.check_rule(own.cube, X)


def test_only_what_is_needed_is_taken() -> None:
    source = sb.compile_grad(loss, inputs={"X": "n d", "w": "d"}, wrt="w").source
    assert "w_bar = activation_vjp(" in source
    assert ")[1]\n" in source


def test_forward_mode_and_its_lack() -> None:
    recipe = sb.compile_value(lambda x: own.cube(x), inputs="x[n]").recipe
    np.testing.assert_allclose(tangents_of(recipe, ["x"])(W, np.ones(2))[0], 3 * W**2)
    recipe = sb.compile_value(lambda X, w: own.activation(X, w), inputs="X[n,d] w[d]").recipe
    with pytest.raises(sb.UnsupportedError, match=r"opaque function opaque_functions\.activation has no jvp"):
        tangents_of(recipe, ["X"])


def test_scalars_one_by_one_and_in_loops() -> None:
    compiled = sb.compile_grad(lambda x: own.cube(x) * 2, inputs="x")
    assert compiled(2.0) == (24.0,)
    np.testing.assert_allclose(compiled(np.array([1.0, 2.0]))[0], [6.0, 24.0])

    def chain(x: Any) -> Any:
        last, _ = sb.scan(lambda c, row: (own.cube(c) + row, None), 0.5, x)
        return last

    def plain(x: Any) -> Any:
        return ((0.125 + x[0]) ** 3 + x[1]) ** 3 + x[2]

    rows = np.array([0.1, 0.2, 0.3])
    found, wanted = (sb.compile_grad(f, inputs="x[3]")(rows)[0] for f in (chain, plain))
    np.testing.assert_allclose(found, wanted, rtol=1e-13)


def test_names_are_kept_free() -> None:
    compiled = sb.compile_grad(lambda cube: np.sum(own.cube(cube)), inputs="cube[n]", name="cube_vjp")
    assert "from opaque_functions import cube as cube2, cube_vjp as cube_vjp2\n" in compiled.source
    np.testing.assert_allclose(compiled(W)[0], 3 * W**2)


def test_results_are_copies() -> None:
    value = sb.compile_value(lambda x: own.passed(x), inputs="x[n]")
    assert not np.shares_memory(value(W), W)


def test_shapes_by_a_function_are_checked_on_each_call() -> None:
    compiled = sb.compile_grad(lambda x, count: np.sum(own.of_another_shape(x, count)), inputs="x[n] count:int64")
    np.testing.assert_array_equal(compiled(W, 3)[0], [3.0, 3.0])
    with pytest.raises(ValueError, match=r"opaque_functions\.of_another_shape gives another shape than \(3, n\)"):
        compiled(W, 2)
    with pytest.raises(ValueError, match=r"opaque_functions\.nothing gives another shape than \(\)"):
        sb.compile_value(lambda x: own.nothing(x), inputs="x")(1.0)


def test_saved_checked_and_pickled(tmp_path: Path) -> None:
    compiled = sb.compile_grad(loss, inputs={"X": "n d", "w": "d"})
    compiled.save(tmp_path / "slope.py")
    check_saved(tmp_path / "slope.py")
    assert pickle.loads(pickle.dumps(compiled)).source == compiled.source
    code = f"from symbackprop.api import check_saved\ncheck_saved({str(tmp_path / 'slope.py')!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode
    assert "no function 'opaque_functions.activation' is known here, and a formula imports nothing" in done.stderr


@pytest.mark.parametrize("path", ["os.system", "opaque_functions.activation_vjp", "builtins.print", "activation", ""])
def test_a_text_imports_nothing(path: str) -> None:
    with pytest.raises(sb.UnsupportedError, match="is known here, and a formula imports nothing"):
        sb.compile_value(f"opaque('{path}', None, None, x)")


def test_a_text_names_the_rules_that_are_registered() -> None:
    with pytest.raises(sb.UnsupportedError, match=r"has the vjp 'opaque_functions\.cube_vjp'"):
        sb.compile_value("opaque('opaque_functions.cube', 'os.system', 'opaque_functions.cube_jvp', x)")
    with pytest.raises(sb.ArgumentError, match="takes the import paths"):
        sb.compile_value("opaque(x, None, None, x)")
    with pytest.raises(sb.ArgumentError, match="called without arguments"):
        sb.compile_value("opaque('opaque_functions.cube', 'opaque_functions.cube_vjp', 'opaque_functions.cube_jvp')")


def test_what_has_no_import_path() -> None:
    def inner(x: Any) -> Any:
        return x

    rule = sb.custom_rule(inner, opaque=True)
    with pytest.raises(sb.UnsupportedError, match="by its import path, and there is none; put it at the top level"):
        sb.compile_value(lambda x: rule(x), inputs="x")
    with pytest.raises(sb.UnsupportedError, match="there is none"):
        sb.compile_value(lambda x: own.np_name(x), inputs="x")
    rule = sb.custom_rule(own.cube.function, vjp=lambda g, out, x: g, opaque=True)
    try:
        with pytest.raises(sb.UnsupportedError, match="there is none"):
            sb.compile_value(lambda x: rule(x), inputs="x")
    finally:
        sb.custom_rule(own.cube.function, vjp=own.cube_vjp, jvp=own.cube_jvp, opaque=True)


def test_the_script_that_runs_is_no_module() -> None:
    code = (
        "import symbackprop as sb\n@sb.custom_rule(opaque=True)\ndef f(x): return x\nsb.compile_value(lambda x: f(x))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "f is defined in the script that runs, which printed code cannot import" in done.stderr


def test_derivatives_that_there_are_not() -> None:
    with pytest.raises(sb.UnsupportedError, match=r"opaque_functions\.without_rules has no vjp"):
        sb.compile_grad(lambda x: own.without_rules(x), inputs="x")
    with pytest.raises(sb.ArgumentError, match=r"shape= and dtype= are for opaque functions"):
        sb.custom_rule(lambda x: x, shape="(n)->(n)")


SIGNATURES = {
    "n,d": (sb.ArgumentError, "give a function, or a signature such as"),
    "(n)->(n)": (sb.ShapeError, "and is given arrays of 2 axes"),
    "(n,d)->(k)": (sb.ArgumentError, "gives the size k, which no argument has"),
}


@pytest.mark.parametrize("signature", SIGNATURES)
def test_signatures(signature: str) -> None:
    from symbackprop.read.from_numpy.opaque import result_shape

    kind, message = SIGNATURES[signature]
    with pytest.raises(kind, match=message):
        result_shape(signature, "f", [(3, 2)])
    assert result_shape("(n, d), (d) -> (d, 4, n)", "f", [(3, 2), (2,)]) == [2, 4, 3]
