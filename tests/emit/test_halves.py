"""float16 and bfloat16: every primitive gives its dtype or is refused by name, and so does every line of a function."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec
from types import FrameType
from typing import Any

import numpy as np
import pytest
from primitive_meanings import dtypes_of
from support import run

import symbackprop as sb
from symbackprop.ir.dtype import is_float, is_half
from symbackprop.ir.graph import topological
from symbackprop.ir.node import Apply, Input, Node, constant, make_input
from symbackprop.ops import primitives
from symbackprop.ops.declare import Primitive

ELEMENTWISE = [p for p in primitives().values() if p.kind == "elementwise"]
OTHERS = [p for p in primitives().values() if p.samples is not None and p.samples() and p.name != "cast"]

needs_ml_dtypes = pytest.mark.skipif(find_spec("ml_dtypes") is None, reason="ml_dtypes is not installed")
halves = pytest.mark.parametrize("half", ["float16", pytest.param("bfloat16", marks=needs_ml_dtypes)])


def dtype_named(name: str) -> np.dtype[Any]:
    if name == "bfloat16":
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(name)


def checked(outputs: list[Node], values: dict[Input, Any]) -> None:
    """Run `outputs` unless they are refused, and compare the dtypes of what comes back with their own."""
    try:
        found = run(outputs, values)
    except sb.UnsupportedError as error:
        if "compute it in float32" not in str(error):
            raise
        return
    for node, result in zip(outputs, found, strict=True):
        assert np.asarray(result).dtype == dtype_named(node.dtype), node


@halves
@pytest.mark.filterwarnings("ignore:.*encountered in cast")  # of points that a float16 cannot hold
@pytest.mark.parametrize("shape", [(), (3,)])
@pytest.mark.parametrize("primitive", ELEMENTWISE, ids=lambda p: p.name)
def test_elementwise(primitive: Primitive, shape: tuple[int, ...], half: str) -> None:
    dtypes = [half if is_float(dtype) else dtype for dtype in dtypes_of(primitive)]
    inputs = [make_input(i, shape, dtype) for i, dtype in enumerate(dtypes)]
    node = primitive(*inputs, **primitive.defaults)
    if isinstance(node, Apply) and isinstance(node.op, Primitive) and node.op.lower is not None:
        return  # what it is lowered to is in this list
    for point in primitive.points:
        values = {
            x: np.full(shape, value).astype(dtype_named(x.dtype))[()] for x, value in zip(inputs, point, strict=True)
        }
        checked([node], values)
        for position in range(len(inputs)):  # beside numbers, which NumPy would take for longer ones
            if is_float(inputs[position].dtype) and len(inputs) > 1 and inputs[position].dtype == half:
                mixed: list[Any] = list(inputs)
                mixed[position] = constant(0.5, shape, half)
                try:
                    beside = primitive(*mixed, **primitive.defaults)
                except sb.UnsupportedError:
                    continue
                checked([beside], {x: values[x] for x in inputs if x in topological([beside])})


def drawn(x: Input) -> Any:
    """Return numbers between 0 and 1, ones, or a mask of which two entries are true."""
    if is_float(x.dtype):
        return np.random.default_rng(x.index).random(x.shape)
    return (np.arange(np.prod(x.shape)) < 2).reshape(x.shape) if x.dtype == "bool" else np.ones(x.shape)


@halves
@pytest.mark.parametrize("primitive", OTHERS, ids=lambda p: p.name)
def test_others(primitive: Primitive, half: str) -> None:
    assert primitive.samples is not None
    for sample in primitive.samples():
        if not isinstance(sample, Apply) or any(not isinstance(arg, Input) for arg in sample.args):
            continue
        if any(not isinstance(size, int) for arg in sample.args for size in arg.shape):
            continue
        args = [make_input(i, x.shape, half if is_float(x.dtype) else x.dtype) for i, x in enumerate(sample.args)]
        params = {name: half if name == "dtype" else value for name, value in sample.params}
        try:
            node = sample.op(*args, **params)  # type: ignore[operator]
        except sb.UnsupportedError:
            continue
        values = {x: drawn(x).astype(dtype_named(x.dtype)) for x in args}
        checked([node], values)


# --- whole functions --------------------------------------------------------------------------------------------------

NETWORK = """X[n,d] W[d,k] b[k] V[k] y[n] ->
x = astype(X, HALF)
h = x @ astype(W, HALF) + astype(b, HALF)
a = ACTIVATION
s = a @ astype(V, HALF) * 1.5 - 0.25
r = astype(s, float32) - y
mean(r**2)"""
ACTIVATIONS = [
    "relu(h)",
    "tanh(h)",
    "sigmoid(h)",
    "softplus(h)",
    "where(h > 0.5, h, 0.25*h)",
    "softmax(h, axis=1)",
    "maximum(h, -0.5)/2",
    "h**3/3 + 1",
]


def locals_of(function: Callable[..., Any], *args: Any) -> tuple[Any, dict[str, Any]]:
    """Return what a function returns, and its variables at the end."""
    found: dict[str, Any] = {}
    code = function.__code__

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        if frame.f_code is code and event == "return":
            found.update(frame.f_locals)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        result = function(*args)
    finally:
        sys.settrace(before)
    return result, found


@halves
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_line_has_the_dtype_of_its_node(activation: str, half: str) -> None:
    text = NETWORK.replace("ACTIVATION", activation).replace("HALF", half)
    g = sb.compile_value_and_grad(text, wrt=("W", "b", "V"), dtype="float32")
    rng = np.random.default_rng(2)
    point = [rng.normal(size=shape).astype(np.float32) for shape in [(5, 3), (3, 4), (4,), (4,), (5,)]]
    (value, gradient), variables = locals_of(g.function, *point)
    assert value.dtype == np.float32
    assert [part.dtype for part in gradient] == [np.float32] * 3
    assert {variables[name].dtype for name in ("h", "a", "s")} == {dtype_named(half)}
    for name, variable in variables.items():
        dtype = np.asarray(variable).dtype
        assert dtype != np.float64, f"{name}\n{g.source}"
    exact = sb.compile_value_and_grad(text.replace(half, "float64"), wrt=("W", "b", "V"))
    wanted = exact(*point)[1]
    for part, whole in zip(gradient, wanted, strict=True):
        size = np.max(np.abs(whole))
        np.testing.assert_allclose(part / size, whole / size, atol=0.01 if half == "float16" else 0.08)


@halves
def test_verified(half: str) -> None:
    text = NETWORK.replace("ACTIVATION", "tanh(h)").replace("HALF", half)
    report = sb.compile_grad(text, wrt=("W", "V"), dtype="float32").verify(seconds=1.0)
    assert report
    (stage,) = [stage for stage in report.outputs[0].stages if stage.name == "float"]
    assert ("allowed 3e-02" if half == "float16" else "allowed 2e-01") in stage.detail


def test_functions() -> None:
    def loss(w, x):  # type: ignore[no-untyped-def]
        h = x.astype(np.float16) @ w.astype("float16")
        return np.sum(np.tanh(h).astype(np.float32) ** 2)

    g = sb.compile_grad(loss, inputs="w[d] x[n,d]", wrt="w", dtype="float32")
    assert "np.float16" in g.source
    found = g(np.ones(3), np.full((2, 3), 0.25))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, 4 * 0.25 * np.tanh(0.75) * (1 - np.tanh(0.75) ** 2), rtol=2e-3)


@needs_ml_dtypes
def test_functions_with_bfloat16() -> None:
    import ml_dtypes

    def loss(w):  # type: ignore[no-untyped-def]
        return np.sum(np.exp(w.astype(ml_dtypes.bfloat16)).astype(np.float32))

    g = sb.compile_grad(loss, inputs="w[n]", wrt="w", dtype="float32")
    assert "import ml_dtypes\n" in g.source
    assert "# needs: ml_dtypes" in g.source
    np.testing.assert_allclose(g(np.zeros(2)), 1.0)


def test_the_transpose_of_a_cast_casts_back() -> None:
    g = sb.compile_grad("x[n] -> sum(astype(astype(x, float16)**2, float64))")
    (gradient,) = g(np.array([1 / 3]))
    assert gradient.dtype == np.float64
    assert gradient[0] == np.float64(np.float16(2) * np.float16(1 / 3))


def test_promotion_is_that_of_numpy() -> None:
    assert sb.compile_value("x[n] -> astype(x, float16) + x", dtype="float32")(np.ones(2)).dtype == np.float32
    assert sb.compile_value("x[n] -> astype(x, float16) + x")(np.ones(2)).dtype == np.float64
    assert sb.compile_value("x[n] -> astype(x, float16) * 2.5 + 1")(np.ones(2)).dtype == np.float16
    assert sb.compile_value("x[n] -> astype(x, float16) * (x > 0)")(np.ones(2)).dtype == np.float16
    mixed = sb.compile_value
    if find_spec("ml_dtypes") is not None:
        f = mixed("x[n] -> astype(x, float16) + astype(x, bfloat16)")
        assert f(np.ones(2)).dtype == np.float32


def test_other_functions_do_not_import_it() -> None:
    assert (
        "ml_dtypes" not in sb.compile_grad(NETWORK.replace("ACTIVATION", "relu(h)").replace("HALF", "float16")).source
    )


def test_without_ml_dtypes_bfloat16_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("symbackprop.read.vocabulary.arguments.find_spec", lambda name: None)
    with pytest.raises(sb.UnsupportedError, match=r"pip install 'symbackprop\[bfloat16\]'"):
        sb.compile_value("astype(x, bfloat16)")


def test_linear_algebra_is_refused_by_name() -> None:
    with pytest.raises(sb.UnsupportedError, match=r"solve.* has no float16 in NumPy; compute it in float32"):
        sb.compile_value("A[n,n] b[n] -> linalg.solve(astype(A, float16), astype(b, float16))")


def test_code_of_scalars_computes_in_float64() -> None:
    f = sb.compile_value("astype(x, float16)*y", dtype="float32")
    assert "np.float16(x)" in f.source
    with pytest.raises(sb.UnsupportedError, match="the formula in float16"):
        sb.compile_value("astype(x, float16)", target="math")


def test_half_is_float16_or_bfloat16() -> None:
    assert [name for name in ("float16", "bfloat16", "float32", "int64") if is_half(name)] == ["float16", "bfloat16"]
