"""What the user calls: options, calls, errors, saving, pickling."""

from __future__ import annotations

import copy
import gc
import inspect
import linecache
import os
import pickle
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import symbackprop as sb
from symbackprop.api import check_saved

ERROR = "(w*x + b - y)**2"


def test_default_is_every_input_in_order_of_appearance() -> None:
    compiled = sb.compile_grad(ERROR)
    assert [spec.name for spec in compiled.signature] == ["w", "x", "b", "y"]
    assert compiled(2, 3, 1, 4) == (18.0, 12.0, 6.0, -6.0)
    assert type(compiled(2, 3, 1, 4)) is tuple


def test_a_name_gives_a_single_result_and_a_sequence_a_tuple() -> None:
    assert sb.compile_grad(ERROR, wrt="w")(2, 3, 1, 4) == 18.0
    assert sb.compile_grad(ERROR, wrt=["y", "w"])(2, 3, 1, 4) == (-6.0, 18.0)
    assert sb.compile_grad(ERROR, wrt=[])(2, 3, 1, 4) == ()
    assert sb.compile_value_and_grad(ERROR, wrt="w")(2, 3, 1, 4) == (9.0, 18.0)
    assert sb.compile_grad(ERROR, with_value=True)(2, 3, 1, 4) == (9.0, (18.0, 12.0, 6.0, -6.0))
    assert sb.compile_grad(ERROR).value(2, 3, 1, 4) == 9.0


def test_scalars_map_over_arrays() -> None:
    x = np.linspace(0, 1, 5)
    gradient = sb.compile_grad("sin(x)*y")(x, 2.0)
    np.testing.assert_allclose(gradient[0], 2 * np.cos(x))
    np.testing.assert_allclose(gradient[1], np.sin(x))
    constant = sb.compile_grad("x + 2*y")(x[:, None], np.ones(3))
    assert constant[0].shape == constant[1].shape == (5, 3)
    constant[0][0, 0] = 7.0
    assert constant[0][1, 1] == 1.0
    rows, (same, one, mask) = sb.compile_value("[2*x, (x, 1, x > 0.3)]")(x)
    np.testing.assert_array_equal(rows, 2 * x)
    same += 1.0
    assert x[0] == 0.0
    assert one.tolist() == [1] * 5
    assert mask.tolist() == [False, False, True, True, True]


def test_any_one_shape() -> None:
    compiled = sb.compile_grad("x**2 * y", inputs={"x": "...", "y": "..."})
    gradient = compiled(np.ones((2, 3)), 2 * np.ones((2, 3)))
    np.testing.assert_allclose(gradient[0], 4.0)
    with pytest.raises(sb.errors.ArgumentError, match="one common shape"):
        compiled(np.ones(2), np.ones(3))


@pytest.mark.parametrize(
    "inputs",
    [{"X": "n d", "w": "d"}, {"X": ("n", "d"), "w": ("d",)}, "X[n,d] w[d]", {"X": np.ones((4, 3)), "w": np.ones(3)}],
)
def test_forms_of_declarations(inputs: object) -> None:
    X, w = np.arange(12.0).reshape(4, 3), np.ones(3)
    np.testing.assert_allclose(sb.compile_grad("sum(X @ w)", wrt="w", inputs=inputs)(X, w), X.sum(axis=0))  # type: ignore[arg-type]


def test_outputs_are_fresh_and_writable() -> None:
    x, y = np.ones(3), np.ones(3)
    gradient = sb.compile_grad("x[n] y[n] -> sum(x*y) + sum(x)")(x, y)
    for array in gradient:
        assert array.flags.writeable
        assert not np.shares_memory(array, x)
        assert not np.shares_memory(array, y)
    same = sb.compile_grad("x[n] y[n] -> sum((x + y)**2)")(x, y)
    assert not np.shares_memory(*same)
    ones = sb.compile_grad("x[n] -> sum(x)", wrt="x")(x)
    ones[0] = 5
    assert ones.tolist() == [5, 1, 1]
    view = sb.compile_value("X[n,d] -> X.T")(np.ones((2, 3)))
    assert view.flags.writeable


@pytest.mark.parametrize(
    "make", [np.asfortranarray, lambda a: a[::-1, ::-1], lambda a: a.astype(int), lambda a: a.tolist()]
)
def test_arrays_of_any_make(make: object) -> None:
    X = np.arange(6.0).reshape(2, 3)
    given = make(X)  # type: ignore[operator]
    found = sb.compile_grad("X[n,d] -> sum(X**3)", wrt="X")(given)
    np.testing.assert_allclose(found, 3 * np.asarray(given, dtype=float) ** 2)


def test_read_only_zero_dimensional_and_empty_arrays() -> None:
    x = np.ones(3)
    x.flags.writeable = False
    assert sb.compile_grad("x[n] -> sum(x**2)", wrt="x")(x).tolist() == [2, 2, 2]
    assert sb.compile_grad("x**2", wrt="x")(np.array(3.0)) == 6.0
    empty = sb.compile_value_and_grad("x[n] -> sum(x**2)", wrt="x")(np.ones(0))
    assert empty[0] == 0
    assert empty[1].shape == (0,)


def test_nan_passes_through() -> None:
    assert np.isnan(sb.compile_grad("x**2", wrt="x")(float("nan")))


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((np.ones((3, 2)), np.ones(3)), {}, r"'w' has shape \(3,\), expected \(d,\), where d = 2 from X"),
        ((np.ones(3), np.ones(3)), {}, r"'X' has shape \(3,\), expected \(n, d\)"),
        ((np.ones((3, 2)),), {}, "missing argument 'w'"),
        ((np.ones((3, 2)), np.ones(2), 3), {}, "3 arguments were given; the function takes 2"),
        ((np.ones((3, 2)),), {"W": np.ones(2)}, "no argument 'W'.*Did you mean w"),
        ((np.ones((3, 2)), np.ones(2)), {"w": 1}, "given twice"),
        ((np.ones((3, 2)), ["a", "b"]), {}, "dtype"),
        ((np.ones((3, 2)), np.ones(2) * 1j), {}, "complex"),
        ((np.ones((3, 2)), [[1], [2, 3]]), {}, "'w'"),
        ((np.ma.ones((3, 2)), np.ones(2)), {}, "masked"),
    ],
)
def test_calls_that_do_not_fit(args: tuple[object, ...], kwargs: dict[str, object], message: str) -> None:
    compiled = sb.compile_value("X[n,d] w[d] -> X @ w")
    with pytest.raises(sb.errors.ArgumentError, match=message):
        compiled(*args, **kwargs)


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"formula": 3}, TypeError, "a formula is text"),
        ({"formula": "x", "wrt": "z"}, NameError, "'z', which is not an input"),
        ({"formula": "x*y", "wrt": "x, y"}, NameError, r"as a tuple: wrt=\('x', 'y'\)"),
        ({"formula": "x*y", "wrt": 5}, ValueError, "give a name, or a list"),
        ({"formula": "x*y", "wrt": b"x"}, ValueError, "give a name, or a list"),
        ({"formula": "x*y", "wrt": [1]}, ValueError, "give a name, or a list"),
        ({"formula": "x*y", "wrt": {"x", "y"}}, ValueError, "a set has no order"),
        ({"formula": "x", "target": "cuda"}, ValueError, "choose one of"),
        ({"formula": "x", "dtype": ["float64"]}, ValueError, "choose one of"),
        ({"formula": "x", "dtype": int}, ValueError, "choose one of"),
        ({"formula": "x", "dtype": "float16"}, ValueError, "float32"),
        ({"formula": "x", "name": "2a"}, ValueError, "not a name"),
        ({"formula": "x[n] -> x", "wrt": "x"}, ValueError, "gradient is that of a scalar"),
        ({"formula": "x[n] -> sum(x)", "target": "math"}, TypeError, "'x' is an array"),
        ({"formula": "x[n] -> sum(x)", "inputs": "x[n]"}, ValueError, "declared twice"),
        ({"formula": "sum(x*z)", "inputs": {"x": "n"}}, NameError, "'z' is neither declared nor assigned"),
        ({"formula": "sni(x)"}, NameError, "Did you mean sin"),
        ({"formula": "sum(x)", "inputs": {"x": (-1,)}}, ValueError, "not a size"),
        ({"formula": "sum(x**2)"}, ValueError, "Declare the shape"),
        ({"formula": "x.mean()", "inputs": {"x": "..."}}, ValueError, "Declare the shape"),
        ({"formula": "9**9**9*x"}, TypeError, "larger than any float64"),
        ({"formula": "i:int -> i**2"}, TypeError, "no real-valued input"),
    ],
)
def test_compilations_that_do_not_fit(kwargs: dict[str, object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        sb.compile_grad(**kwargs)  # type: ignore[arg-type]
    assert isinstance(caught.value, sb.SymbackpropError)


def test_shape_errors_say_which_product_and_where() -> None:
    with pytest.raises(sb.errors.ShapeError) as caught:
        sb.compile_grad("sum((X @ w - y)**2)", inputs={"X": "n d", "w": "n", "y": "n"})
    text = str(caught.value)
    assert "(n, d) and (n,)" in text
    assert text.split("\n")[-1].index("^") == text.split("\n")[-2].index("X @ w")


def test_guards_are_checked_on_call() -> None:
    compiled = sb.compile_grad("x[n] -> x[3]**2 + sum(reshape(x, (2, 3)))", wrt="x")
    assert compiled.guards
    assert compiled(np.ones(6)).shape == (6,)
    with pytest.raises(sb.errors.ArgumentError, match="reshape"):
        compiled(np.ones(5))


def test_save_check_and_import(tmp_path: Path) -> None:
    path = tmp_path / "grad.py"
    sb.compile_grad(ERROR).save(path)
    check_saved(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["grad.py"]
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from grad import grad; print(grad(2, 3, 1, 4), 'symbackprop' in sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(18.0, 12.0, 6.0, -6.0) False"
    path.write_text(path.read_text().replace("2.0", "2.1"))
    with pytest.raises(sb.SymbackpropError, match="was edited"):
        check_saved(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("symbackprop 0", "symbackprop 99", "it is stale, made by version 99"),
        ("symbackprop 0", "simbackprop 0", "no symbackprop header"),
        (": generated", " generated", "no symbackprop header"),
        ("# options: {", "# options: " + "[" * 100_000, "header is damaged"),
        ("# options: {", "# options: [", "header is damaged"),
        ('"kind"', '"kin"', "header is damaged"),
        ("#     (w*x", "#     (w+x", "header was edited"),
        ("# sha256: ", "# sha256: 0", "header was edited"),
        ("2.0", "2.1", "it was edited"),
        ("\n    return", "\n\n    return", "it was edited"),
        ("# computes: the", "# computes: a", "it was edited"),
    ],
)
def test_edited_and_stale_files_are_named(old: str, new: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "grad.py"
    source = sb.compile_grad(ERROR).source
    assert old in source
    path.write_text(source.replace(old, new, 1))
    with pytest.raises(sb.SymbackpropError, match=message) as caught:
        check_saved(path)
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize("content", [b"", b"\0" * 99, b"\xff", b"x = 1\n", b"# symbackprop 0.1.0: "])
def test_other_files_are_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "grad.py"
    path.write_bytes(content)
    with pytest.raises(sb.SymbackpropError, match=r"grad\.py"):
        check_saved(path)
    path.unlink()
    with pytest.raises(OSError, match="cannot read"):
        check_saved(path)


@pytest.mark.parametrize("formula", ["x[n] -> sum(sin(x))", "u = x*2\n\nu**2 # a comment\n", "x * y \\\n + 2"])
def test_headers_give_back_any_formula(formula: str, tmp_path: Path) -> None:
    path = tmp_path / "f.py"
    sb.compile_value_and_grad(formula, name="f").save(path)
    check_saved(path)


def test_a_failed_save_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    target.mkdir()
    with pytest.raises(OSError):
        sb.compile_grad(ERROR).save(target)
    assert os.listdir(tmp_path) == ["folder"]


def test_pickles_and_copies() -> None:
    compiled = sb.compile_grad("X[n,d] w[d] -> sum(tanh(X @ w))", wrt="w")
    again = pickle.loads(pickle.dumps(compiled))
    assert again.source == compiled.source
    assert copy.deepcopy(compiled) is compiled
    X, w = np.ones((2, 3)), np.ones(3)
    np.testing.assert_array_equal(again(X, w), compiled(X, w))


def test_tracebacks_and_inspect_show_the_source() -> None:
    compiled = sb.compile_value("log(x)*y")
    assert inspect.getsource(compiled.function).startswith("def value(x, y):")
    try:
        compiled(-1.0, 2.0)
    except ValueError:
        assert "log(x) * y" in traceback.format_exc()
    else:
        pytest.fail("log(-1) raises as math does")


def test_the_function_itself_shows_source_and_arguments() -> None:
    compiled = sb.compile_value("log(x)*list")
    assert inspect.getsource(compiled) == inspect.getsource(compiled.function)
    assert [*inspect.signature(compiled).parameters] == ["x", "list"]
    assert compiled(list=2.0, x=1.0) == 0.0


def test_source_and_function_are_one_and_fixed() -> None:
    compiled = sb.compile_value("x*y")
    for name in ("source", "function"):
        with pytest.raises(AttributeError):
            setattr(compiled, name, None)


@pytest.mark.parametrize("name", ["x", "exp", "class", "np", "\u212a", "\u00f1", "t1", "x_bar"])
def test_any_name_may_be_that_of_the_function(name: str) -> None:
    compiled = sb.compile_value_and_grad("exp(x)*x", name=name)
    assert compiled(0.0) == (0.0, (1.0,))
    assert "(x):" in compiled.source  # the input keeps its name
    assert compiled.verify(points=1)


def test_dtypes_may_be_those_of_numpy() -> None:
    for dtype in (np.float32, np.dtype("float32"), "float32"):
        assert sb.compile_value("x**2", dtype=dtype)(3).dtype == np.float32  # type: ignore[arg-type]


def test_any_name_may_be_an_argument() -> None:
    names = ["self", "args", "kwargs", "value", "t1", "x_bar", "grad_x", "np", "exp_x", "grad", "cls"]
    for name in names:
        compiled = sb.compile_value_and_grad(f"{name}*x")
        assert compiled(**{name: 2.0, "x": 3.0}) == (6.0, (3.0, 2.0))
        assert compiled.verify(points=1)


def test_lines_kept_for_tracebacks_go_with_the_function() -> None:
    gc.collect()
    first = sb.compile_value("log(x)*999")  # when lines of others go
    before = len(linecache.cache)
    kept = [sb.compile_value(f"log(x)*{number}") for number in range(1000, 1020)]
    assert len(linecache.cache) >= before + 20
    again = sb.compile_value("log(x)*1000")
    assert again.function is kept[0].function
    del kept
    gc.collect()
    last = sb.compile_value("log(x)*1020")
    assert len(linecache.cache) <= before + 2 and first.source != last.source
    assert inspect.getsource(again.function).startswith("def value(x):")


def test_the_bare_function_gives_the_same() -> None:
    compiled = sb.compile_grad(ERROR)
    assert compiled.function(2.0, 3.0, 1.0, 4.0) == compiled(2, 3, 1, 4)


def test_same_input_same_bytes() -> None:
    code = (
        "import symbackprop as sb\n"
        "for f in ['sin(x)*exp(y) + x*y*z - y*x', 'X[n,d] w[d] y[n] -> mean((X @ w - y)**2) + sum(w**2)',"
        " 'z[k] y[k] -> -sum(y*log(softmax(z)))']:\n"
        "    print(sb.compile_value_and_grad(f).source)"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1", "77")
    }
    assert len(outputs) == 1


def test_importing_does_not_load_sympy() -> None:
    code = "import sys, symbackprop; symbackprop.compile_grad('x**2'); print('sympy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_cost_counts() -> None:
    assert sb.compile_grad("x*y").cost().value == 1
    cost = sb.compile_grad("X[n,d] w[d] -> sum((X @ w)**2)").cost()
    assert cost.at({"n": 10, "d": 3})[0] >= 60


@pytest.mark.parametrize(
    "formula", ["x*y + x/y - (x - y)**3", "*".join("abcdefg"), "u = x*y; v = u*u + x; w = v/u; w*v - u"]
)
def test_rational_scalar_code_costs_at_most_five_times_the_value(formula: str) -> None:
    assert sb.compile_value_and_grad(formula).cost().ratio <= 5


def test_explain_and_show() -> None:
    compiled = sb.compile_grad("x[n] -> sum(log(1 + exp(x)))")
    text = compiled.explain()
    assert "softplus" in text
    assert "operations" in text
    assert "<pre>" in compiled._repr_html_()
    assert "input x: float64[n]" in str(compiled.graph)
    assert compiled.rewrites["log1p"] == 1


def test_masked_branches_do_not_poison() -> None:
    x = np.array([-1.0, 0.0, 2.0])
    with np.errstate(all="raise"):
        value, gradient = sb.compile_value_and_grad("x[n] -> sum(where(x > 0, log(x), 0))", wrt="x")(x)
    assert value == np.log(2)
    assert gradient.tolist() == [0.0, 0.0, 0.5]
    assert sb.compile_grad("log(x) if x > 0 else 0", wrt="x")(-1.0) == 0.0
    assert sb.compile_grad("sqrt(x)/x if x > 0 else x", wrt="x")(0.0) == 1.0


def test_float32() -> None:
    compiled = sb.compile_grad("X[n,d] w[d] -> mean(tanh(X @ w))", wrt="w", dtype="float32")
    assert compiled(np.ones((3, 2)), np.ones(2)).dtype == np.float32
    assert sb.compile_grad("x**2", dtype="float32", wrt="x")(3).dtype == np.float32


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("sum(array([x, x**2]))", lambda x, y: x + x**2),
        ("array([x, y]) @ array([y, x])", lambda x, y: 2 * x * y),
        ("max(array([x, y, 1]))", lambda x, y: np.maximum(np.maximum(x, y), 1)),
        ("array([x, y])", lambda x, y: np.stack([x, y], axis=-1)),
    ],
)
def test_formulas_that_make_arrays_of_scalars_map_entry_by_entry(formula: str, expected: Any) -> None:
    x, y = np.array([[1.5], [0.5]]), np.array([1.0, 2.0, 4.0])
    given = {"x": x, "y": y}
    compiled = sb.compile_value(formula)
    assert compiled.computes_arrays
    wanted = expected(*np.broadcast_arrays(x, y)) if len(compiled.signature) == 2 else expected(x, y)
    found = compiled(*(given[spec.name] for spec in compiled.signature))
    np.testing.assert_allclose(found, wanted)
    assert compiled.verify(points=1, seconds=1)


def test_gradients_of_formulas_that_make_arrays_map_entry_by_entry() -> None:
    dx, dy = sb.compile_grad("array([x, y]) @ array([y, x])")(np.array([1.0, 2.0]), 3.0)
    assert dx.tolist() == [6.0, 6.0]
    assert dy.tolist() == [2.0, 4.0]


def test_integers_stay_integers_where_formulas_are_called_once_a_point() -> None:
    compiled = sb.compile_value("array([1.0, 2.0, 3.0])[k]*x", inputs="x k:int")
    assert compiled(np.array([2.0, 3.0]), np.array([1, 2])).tolist() == [4.0, 9.0]
    assert compiled(np.ones((0, 2)), 1).shape == (0, 2)
