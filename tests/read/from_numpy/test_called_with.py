"""What functions are called with: shapes, examples, annotations, structures, defaults, fixed values, constants."""

from __future__ import annotations

import enum
import functools
import math
import pickle
from collections import namedtuple
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import special

import symbackprop as sb

RNG = np.random.default_rng(3)
X, W, Y = RNG.normal(size=(5, 3)), RNG.normal(size=3), np.sign(RNG.normal(size=5))
SMALL = np.array([1.0, 2.0, 3.0])
LARGE = RNG.normal(size=(40, 3))
POSITIONS = np.array([0, 2])
HALVES = np.float64(1.5)


def loss(X, w, y):
    return np.mean(np.logaddexp(0, -y * (X @ w)))


def slope(function, x, *, step=1e-6):
    """Return the gradient of `function` at array `x` by central differences."""
    found = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        move = np.zeros_like(x)
        move[index] = step
        found[index] = (function(x + move) - function(x - move)) / (2 * step)
    return found


def in_w(w):
    return loss(X, w, Y)


@pytest.mark.parametrize(
    "inputs",
    [
        {"X": "n d", "w": "d", "y": "n"},
        "X[n,d] w[d] y[n]",
        {"X": ("n", "d"), "w": ("d",), "y": ("n",)},
        {"X": X, "w": W, "y": Y},
        [X, W, Y],
        {"X": "5 3", "w": "3", "y": "5"},
    ],
)
def test_every_way_to_declare_gives_the_same_gradient(inputs):
    compiled = sb.compile_value_and_grad(loss, inputs=inputs, wrt="w")
    value, gradient = compiled(X, W, Y)
    assert_allclose(value, in_w(W), rtol=1e-14)
    assert_allclose(gradient, slope(in_w, W), rtol=1e-7)
    assert compiled.verify()


def test_decorators():
    @sb.compile_grad(inputs={"X": "n d", "w": "d", "y": "n"}, wrt="w")
    def gradient(X, w, y):
        return loss(X, w, y)

    assert_allclose(gradient(X, W, Y), slope(in_w, W), rtol=1e-7)
    assert_allclose(gradient.value(X, W, Y), in_w(W))

    @sb.compile_value
    def value(a, b):
        return a * b

    assert value(2.0, 3.0) == 6.0


def test_annotations_declare():
    def annotated(X: "n d", w: Annotated[np.ndarray, "d"], y: n, scale: float = 1.0):  # noqa: F722, F821
        return scale * loss(X, w, y)

    compiled = sb.compile_grad(annotated, wrt=("w", "scale"))
    assert [spec.shape for spec in compiled.signature][2][0].terms  # a named size
    by_w, by_scale = compiled(X, W, Y)
    assert_allclose(by_w, slope(in_w, W), rtol=1e-7)
    assert_allclose(by_scale, in_w(W))
    assert_allclose(compiled(X, W, Y, scale=2.0)[0], 2 * slope(in_w, W), rtol=1e-7)
    assert_allclose(compiled.function(X, W, Y)[0], by_w)


def test_without_any_declaration_parameters_are_scalars():
    assert sb.compile_grad(lambda x, y: x * np.sin(y))(2.0, 0.0) == (0.0, 2.0)


def test_sizes_of_examples_stay_open():
    compiled = sb.compile_grad(lambda A, x: np.sum(np.sin(A @ x)), inputs={"A": X, "x": W}, wrt="x")
    other, point = RNG.normal(size=(7, 4)), RNG.normal(size=4)
    assert_allclose(compiled(other, point), slope(lambda x: np.sum(np.sin(other @ x)), point), rtol=1e-6)
    with pytest.raises(sb.ArgumentError, match="expected"):
        compiled(other, W)


def test_sizes_of_examples_become_numbers_where_python_needs_them():
    def looped(x):
        total = 0.0
        for i in range(x.shape[0]):
            total = total + (i + 1) * x[i] ** 2
        return total

    compiled = sb.compile_grad(looped, inputs={"x": W}, wrt="x")
    assert compiled.signature[0].shape == (3,)
    assert_allclose(compiled(W), 2 * np.arange(1, 4) * W)
    with pytest.raises(sb.UnsupportedError, match="a number is needed"):
        sb.compile_grad(looped, inputs={"x": "n"})


def test_sizes_that_are_compared_stay_open():
    def checked(X, w, y):
        assert X.shape == (len(y), w.size)
        assert y.shape[0] == len(X)
        return np.sum((X @ w - y) ** 2)

    compiled = sb.compile_grad(checked, inputs={"X": X, "w": W, "y": Y}, wrt="w")
    assert [str(size) for spec in compiled.signature for size in spec.shape] == ["n", "m", "m", "n"]
    assert compiled(np.ones((2, 5)), np.ones(5), np.ones(2)).tolist() == [16.0] * 5


def test_square_examples():
    def trace_of_square(A):
        return np.trace(A @ A)

    compiled = sb.compile_grad(trace_of_square, inputs={"A": np.eye(3)}, wrt="A")
    assert len({str(size) for size in compiled.signature[0].shape}) == 1
    B = RNG.normal(size=(4, 4))
    assert_allclose(compiled(B), 2 * B.T)


def test_an_example_of_size_one_stays_one():
    compiled = sb.compile_grad(lambda x, y: np.sum(x * y), inputs={"x": np.ones((1, 3)), "y": np.ones((4, 3))})
    assert compiled.signature[0].shape[0] == 1
    assert compiled(np.ones((1, 2)), np.ones((5, 2)))[0].shape == (1, 2)


def test_static_values_are_fixed():
    def powered(x, k, kind="sum"):
        return getattr(np, kind)(x**k)

    compiled = sb.compile_grad(powered, inputs={"x": "n", "k": 3}, static=("k",))
    assert_allclose(compiled(W)[0], 3 * W**2)
    assert list(compiled.__signature__.parameters) == ["x"]
    averaged = sb.compile_grad(powered, inputs={"x": "n", "k": 3, "kind": "mean"}, static=("k", "kind"))
    assert_allclose(averaged(W)[0], W**2)
    with pytest.raises(sb.ArgumentError, match="neither a value"):
        sb.compile_grad(powered, inputs={"x": "n"}, static=("k",))
    with pytest.raises(sb.ArgumentError, match="'k' is not declared"):
        sb.compile_grad(powered, inputs={"x": "n"})
    with pytest.raises(sb.UnknownNameError, match="Did you mean kind"):
        sb.compile_grad(powered, inputs={"x": "n", "k": 3}, static=("k", "kin"))


def test_keyword_only_parameters_and_defaults():
    def penalised(w, *, strength=0.5, power=2):
        return strength * np.sum(w**power)

    compiled = sb.compile_grad(penalised, inputs={"w": "n"})
    assert_allclose(compiled(W)[0], W)
    both = sb.compile_grad(penalised, inputs={"w": "n", "strength": ""}, wrt="w")
    assert_allclose(both(W), W)
    assert_allclose(both(W, strength=1.0), 2 * W)
    with pytest.raises(sb.ArgumentError, match=r"no argument 'strenght'.*Did you mean strength"):
        both(W, strenght=1.0)


def by_name_only(x, *, scale=float("inf"), power, shift=HALVES):
    return np.minimum(scale, 10.0) * np.sum(x**power) + shift


def test_defaults_and_names_in_any_order(tmp_path):
    compiled = sb.compile_value(by_name_only, inputs={"x": "n", "power": "", "scale": "", "shift": ""})
    assert '(x, *, scale=float("inf"), power, shift=1.5)' in compiled.source
    assert_allclose(compiled(W**2, power=2.0), by_name_only(W**2, power=2.0))
    assert_allclose(compiled.function(W**2, power=2.0), by_name_only(W**2, power=2.0))
    with pytest.raises(sb.ArgumentError, match="by position"):
        compiled(W, 1.0)
    compiled.save(tmp_path / "named.py")
    sb.api.check_saved(tmp_path / "named.py")
    assert compiled.verify()
    assert_allclose(pickle.loads(pickle.dumps(compiled))(W**2, power=3.0), by_name_only(W**2, power=3.0))


@pytest.mark.parametrize(
    "keys",
    [("x²", "ﬁ"), ("µ", "①"), ("a b", "a_b"), ('q"', "it's"), ("class", "np"), (1, 2), ("_", "__x"), ("max", "x")],
)
def test_keys_of_every_kind(keys, tmp_path):
    first, second = keys

    def function(params):
        return {first: np.sum(params[first] ** 2), second: np.sum(params[second])}

    compiled = sb.compile_value(function, inputs={"params": {first: "n", second: "m"}})
    found = compiled({first: W, second: Y})
    assert_allclose([found[first], found[second]], [np.sum(W**2), np.sum(Y)])
    compiled.save(tmp_path / "keyed.py")
    sb.api.check_saved(tmp_path / "keyed.py")


def test_keys_that_are_refused():
    class Kind(enum.IntEnum):
        FIRST = 1

    with pytest.raises(sb.UnsupportedError, match="text or integers"):
        sb.compile_value(lambda p: p[Kind.FIRST].sum(), inputs={"p": {Kind.FIRST: "n"}})
    with pytest.raises(sb.UnsupportedError, match="keys are text or integers"):
        sb.compile_value(lambda x: {np.int64(1): x.sum()}, inputs={"x": "n"})
    with pytest.raises(sb.UnsupportedError, match="returns an empty dict"):
        sb.compile_value(lambda x: {}, inputs={"x": "n"})


def test_arrays_of_others_are_not_overwritten(tmp_path):
    compiled = sb.compile_grad(fitted, inputs={"w": "3"}, wrt="w")
    np.savez(tmp_path / "data.npz", x=W)
    with pytest.raises(sb.ArgumentError, match="is there already"):
        compiled.save(tmp_path / "data.py")
    assert_allclose(np.load(tmp_path / "data.npz")["x"], W)
    compiled.save(tmp_path / "own.py")
    compiled.save(tmp_path / "own.py")
    np.savez(tmp_path / "own.npz", LARGE=LARGE.reshape(3, 40))
    with pytest.raises(sb.SymbackpropError, match="does not hold the arrays"):
        sb.api.check_saved(tmp_path / "own.py")


@pytest.mark.parametrize("name", ["partial", "Path", "np", "_arrays_of_grad"])
def test_saved_under_any_name(name, tmp_path):
    compiled = sb.compile_grad(fitted, inputs={"w": "3"}, wrt="w", name=name)
    path = tmp_path / 'a"b.py'
    compiled.save(path)
    scope = {"__name__": "saved", "__file__": str(path)}
    exec(compile(path.read_text(), str(path), "exec"), scope)
    assert_allclose(scope[compiled.__name__](W), compiled(W))


Params = namedtuple("Params", "W b")


@dataclass(frozen=True)
class Model:
    first: Params
    scale: object


def network(params, x):
    return np.sum(np.tanh(x @ params["W"] + params["b"]) ** 2)


def test_dicts():
    compiled = sb.compile_value_and_grad(network, inputs={"params": {"W": "d h", "b": "h"}, "x": "n d"}, wrt="params")
    params = {"W": RNG.normal(size=(3, 2)), "b": np.zeros(2)}
    value, gradient = compiled(params, X)
    assert_allclose(value, network(params, X))
    assert list(gradient) == ["W", "b"]
    assert_allclose(gradient["W"], slope(lambda W: network({**params, "W": W}, X), params["W"]), rtol=1e-6)
    assert_allclose(gradient["b"], slope(lambda b: network({**params, "b": b}, X), params["b"]), rtol=1e-6)
    assert 'W = params["W"]' in compiled.source
    assert compiled.verify()
    assert_allclose(compiled.function(params, X)[1]["W"], gradient["W"])
    again = pickle.loads(pickle.dumps(compiled))
    assert_allclose(again(params, X)[1]["b"], gradient["b"])
    with pytest.raises(sb.ArgumentError, match="expected W, b"):
        compiled({"W": params["W"]}, X)
    with pytest.raises(sb.ArgumentError, match="expected a dict"):
        compiled([params["W"], params["b"]], X)
    with pytest.raises(sb.ArgumentError, match="shape"):
        compiled({"W": params["W"], "b": np.zeros(3)}, X)


def test_records_lists_and_tuples():
    def computed(model, pairs):
        (a, b), c = pairs
        return model.scale * np.sum(np.tanh(c @ model.first.W + model.first.b)) + a * np.sum(b)

    model = Model(Params(RNG.normal(size=(3, 2)), RNG.normal(size=2)), 0.5)
    pairs = [(2.0, RNG.normal(size=4)), X]
    compiled = sb.compile_value_and_grad(computed, inputs={"model": model, "pairs": pairs})
    value, (by_model, by_pairs) = compiled(model, pairs)
    assert_allclose(value, computed(model, pairs))
    assert isinstance(by_model, Model)
    assert isinstance(by_model.first, Params)
    assert isinstance(by_pairs, list)
    assert isinstance(by_pairs[0], tuple)
    expected = slope(lambda W: computed(Model(Params(W, model.first.b), 0.5), pairs), model.first.W)
    assert_allclose(by_model.first.W, expected, rtol=1e-6)
    assert_allclose(by_pairs[0][1], np.full(4, 2.0))
    assert compiled.verify()


def test_integer_leaves_have_no_gradient():
    def picked(params):
        return np.sum(params["x"][params["i"]] ** 2)

    compiled = sb.compile_grad(picked, inputs={"params": {"x": W, "i": POSITIONS}}, wrt="params")
    gradient = compiled({"x": W, "i": POSITIONS})
    assert gradient["i"] is None
    assert_allclose(gradient["x"], 2 * W * [1, 0, 1])


def test_results_in_dicts():
    def computed(x):
        return {"loss": np.sum(x**2), "parts": (x * 2, {"first": x[0]})}

    compiled = sb.compile_value(computed, inputs={"x": "n"})
    found = compiled(W)
    assert_allclose(found["loss"], np.sum(W**2))
    assert_allclose(found["parts"][0], 2 * W)
    assert_allclose(found["parts"][1]["first"], W[0])
    assert compiled.verify()


def test_methods_partials_and_objects():
    class Weighted:
        def __init__(self, weight):
            self.weight = weight

        def __call__(self, x):
            return self.of(x)

        def of(self, x):
            return self.weight * np.sum(x**2)

    weighted = Weighted(3.0)
    for function in (weighted, weighted.of, functools.partial(lambda k, x: k * np.sum(x**2), 3.0)):
        compiled = sb.compile_grad(function, inputs={"x": "n"}, wrt="x")
        assert_allclose(compiled(W), 6 * W)


class Kernel:
    def __init__(self, width):
        self.width = width
        self.calls = 0

    def of(self, x):
        self.calls += 1
        return self.padded(x) * self.scale

    def padded(self, x):
        return np.zeros(3) + np.array([x[0], x[1], 1.0]) * math.exp(self.width)

    @property
    def scale(self):
        return np.full(3, 2.0)


class Wider(Kernel):
    def padded(self, x):
        return 2 * super().padded(x)


KERNEL = Wider(0.0)


def test_objects_see_what_the_function_sees():
    compiled = sb.compile_grad(lambda x: np.sum(KERNEL.of(x) ** 2), inputs={"x": "2"}, wrt="x")
    assert_allclose(compiled([1.0, 3.0]), [32.0, 96.0])
    assert KERNEL.calls == 0
    value = sb.compile_value(KERNEL.of, inputs={"x": "2"})
    assert_allclose(value([1.0, 3.0]), [4.0, 12.0, 4.0])
    assert compiled.verify()


def helper(x):
    return np.zeros(3) + x * recursive(x, 2)


def recursive(x, depth):
    return x if depth == 0 else recursive(x, depth - 1) * np.full(3, 2.0)


def test_helpers_see_what_the_function_sees():
    compiled = sb.compile_grad(lambda x: np.sum(helper(x)), inputs={"x": "3"}, wrt="x")
    assert_allclose(compiled(W), 8 * W)


def test_functions_of_scipy_themselves():
    compiled = sb.compile_grad(special.logsumexp, inputs={"a": "n"}, wrt="a")
    assert_allclose(compiled(W), special.softmax(W))


def test_compiled_functions_are_differentiated_again():
    first = sb.compile_grad(lambda x: np.sum(np.sin(x) * x), inputs={"x": "n"}, wrt="x")
    second = sb.compile_grad(lambda x: np.sum(first(x) ** 2), inputs={"x": "n"}, wrt="x")
    gradient = np.cos(W) * W + np.sin(W)
    assert_allclose(second(W), 2 * gradient * (2 * np.cos(W) - W * np.sin(W)))


# --- constants --------------------------------------------------------------------------------------------------------


def fitted(w, scale=1.0):
    return scale * np.sum((LARGE @ w) ** 2) + np.sum(w * SMALL)


def test_small_constants_stand_in_the_text_and_large_ones_are_bound(tmp_path, monkeypatch):
    compiled = sb.compile_grad(fitted, inputs={"w": "3"}, wrt="w")
    assert "np.array([1.0, 2.0, 3.0])" in compiled.source
    assert list(compiled.constants) == ["LARGE"]
    expected = 2 * LARGE.T @ (LARGE @ W) + SMALL
    assert_allclose(compiled(W), expected)
    assert_allclose(compiled.function(W), expected)
    assert list(compiled.__signature__.parameters) == ["w"]
    assert compiled.verify()
    assert_allclose(pickle.loads(pickle.dumps(compiled))(W), expected)
    path = tmp_path / "saved_gradient.py"
    compiled.save(path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["saved_gradient.npz", "saved_gradient.py"]
    monkeypatch.syspath_prepend(tmp_path)
    import saved_gradient

    assert_allclose(saved_gradient.grad(W), expected)
    sb.api.check_saved(path)
    np.savez(tmp_path / "saved_gradient.npz", LARGE=LARGE * (1 + 1e-9))
    with pytest.raises(sb.SymbackpropError, match="does not hold the arrays"):
        sb.api.check_saved(path)
    (tmp_path / "saved_gradient.npz").unlink()
    with pytest.raises(sb.errors.FileError, match=r"saved_gradient\.npz"):
        sb.api.check_saved(path)


filter = RNG.normal(size=(40, 3))  # a name of Python's own, as large arrays and parameters may have


def named_as_builtins(input, *, max=2.0, sum):
    return max * np.sum((filter @ input) ** 2) + sum


def test_names_of_builtins(tmp_path):
    compiled = sb.compile_value_and_grad(named_as_builtins, inputs={"input": "3", "max": "", "sum": ""}, wrt="input")
    value, gradient = compiled(W, sum=1.0)
    assert_allclose(value, named_as_builtins(W, sum=1.0))
    assert_allclose(gradient, 4 * filter.T @ (filter @ W))
    assert compiled.verify()
    assert_allclose(compiled(input=W, max=3.0, sum=1.0)[0], named_as_builtins(W, max=3.0, sum=1.0))
    compiled.save(tmp_path / "builtins_as_names.py")
    sb.api.check_saved(tmp_path / "builtins_as_names.py")


def test_constants_are_those_of_the_compilation():
    values = np.arange(50.0)
    compiled = sb.compile_grad(lambda x: np.sum(values * x), inputs={"x": "50"}, wrt="x")
    values[:] = 7.0
    assert_allclose(compiled(np.ones(50)), np.arange(50.0))


@pytest.mark.parametrize(
    "array",
    [np.float32(2.5), np.int32(3), np.arange(3), np.array([[1, 2]]), np.zeros((0, 3)), np.ones(100), np.array(2.0)],
)
def test_constants_of_every_kind(array):
    compiled = sb.compile_value_and_grad(lambda x: np.sum(array * x[0]) + np.sum(array), inputs={"x": "1"}, wrt="x")
    value, gradient = compiled([2.0])
    assert_allclose(value, 3 * np.sum(array))
    assert_allclose(gradient, [np.sum(array)])


def test_masks_and_positions_that_are_known():
    mask = np.array([True, False, True])
    compiled = sb.compile_grad(lambda x: np.sum(x[mask] ** 2) + x[POSITIONS].sum(), inputs={"x": "3"}, wrt="x")
    assert_allclose(compiled(W), (2 * W + 1) * mask)


def test_complex_constants_are_refused():
    imaginary = np.full(40, 1j)
    with pytest.raises(sb.UnsupportedError, match="complex128; real numbers only"):
        sb.compile_grad(lambda x: np.sum(x * imaginary), inputs={"x": "n"})
    with pytest.raises(sb.UnsupportedError, match="is complex; real numbers only"):
        sb.compile_grad(lambda x: np.sum(x * np.array([1j])), inputs={"x": "n"})


def test_float32():
    compiled = sb.compile_value_and_grad(loss, inputs={"X": "n d", "w": "d", "y": "n"}, wrt="w", dtype="float32")
    value, gradient = compiled(X.astype("float32"), W.astype("float32"), Y.astype("float32"))
    assert value.dtype == gradient.dtype == np.float32


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inputs": {"X": "n d", "w": "d", "z": "n"}}, "'z' is no parameter"),
        ({"inputs": {"X": "n d", "w": "d"}}, "'y' is not declared"),
        ({"inputs": {"X": "n d", "w": "d", "y": "n"}, "wrt": "v"}, "wrt names 'v'"),
        ({"inputs": 3}, "inputs is a int"),
        ({"inputs": [X, W, Y, Y]}, "inputs has 4 items"),
        ({"inputs": {"X": {1.5: "n"}, "w": "d", "y": "n"}}, "keys that are text or integers"),
        ({"inputs": {"X": {"a": None}, "w": "d", "y": "n"}}, r'X\["a"\] is None'),
        ({"inputs": {"X": "n d", "w": "...", "y": "n"}}, "is for formulas"),
    ],
)
def test_wrong_declarations_are_refused(options, message):
    with pytest.raises(sb.SymbackpropError, match=message):
        sb.compile_grad(loss, **options)


def test_static_is_refused_for_a_formula():
    with pytest.raises(sb.ArgumentError, match="a formula has none"):
        sb.compile_grad("x*y", static=("x",))
