"""NumPy's argument forms: each word's keywords and axis forms give what NumPy gives, and verified gradients."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from scipy import special

import symbackprop as sb
from symbackprop.errors import SymbackpropError

SIZES = {"n": 4, "d": 3}

FORMS = [
    ("sum(x, 0, where=x > 0, initial=2.0)", "x[n,d]"),
    ("mean(x, axis=1, where=x > -9, keepdims=True)", "x[n,d]"),
    ("sum(x, dtype=float32)", "x[n,d]"),
    ("var(x, axis=0, ddof=1, where=x > -9)", "x[n,d]"),
    ("std(x, axis=-1, keepdims=True)", "x[n,d]"),
    ("var(x, mean=mean(x, axis=0, keepdims=True), axis=0)", "x[n,d]"),
    ("var(x, correction=1)", "x[n,d]"),
    ("any(x > 0, axis=0, where=x > 1)", "x[n,d]"),
    ("all(x > 0, axis=0, where=x > 1)", "x[n,d]"),
    ("nansum(x, axis=0, initial=1.0, where=x > 0)", "x[n,d]"),
    ("average(x, axis=1, weights=w)", "x[n,d] w[d]"),
    ("average(x, weights=v)", "x[n,d] v[n,d]"),
    ("average(x, axis=1, weights=w, returned=True)[1]", "x[n,d] w[d]"),
    ("average(x, axis=(1, 0), weights=v.T)", "x[n,n] v[n,n]"),
    ("max(x, axis=0, initial=0.5, where=x < 1)", "x[n,d]"),
    ("prod(x, axis=(0, 1), keepdims=True)", "x[n,d]"),
    ("ptp(x, axis=1, keepdims=True)", "x[n,d]"),
    ("sort(x, axis=None, kind='stable')", "x[n,d]"),
    ("argsort(x, stable=True)", "x[n,d]"),
    ("x.argsort(axis=0)", "x[n,d]"),
    ("median(x, axis=(0, 2), keepdims=True)", "x[2,n,d]"),
    ("median(x, axis=(1, 2))", "x[2,n,d]"),
    ("median(x)", "x[n,d]"),
    ("array(x, ndmin=3)", "x[n,d]"),
    ("atleast_2d(x, w)[1]", "x[n,d] w[d]"),
    ("choose(k, [x, 2*x, w])", "x[n] w[n] k[n]:int"),
    ("choose(k + 5, [x, 2*x, w], mode='clip')", "x[n] w[n] k[n]:int"),
    ("choose(k + 5, [x, 2*x, w], mode='wrap')", "x[n] w[n] k[n]:int"),
    ("clip(x, min=0.0)", "x[n]"),
    ("x.clip(-0.5, 0.5)", "x[n]"),
    ("concatenate([x, w], dtype=float32)", "x[n] w[d]"),
    ("concatenate([x, v], axis=None)", "x[n,d] v[n,d]"),
    ("hstack([x, w])", "x[n] w[d]"),
    ("cov(x, aweights=a)", "x[n,d] a[d]:int"),
    ("cov(x, fweights=f)", "x[n,d] f[d]:int"),
    ("cov(x, fweights=f, aweights=abs(v[0]))", "x[n,d] f[d]:int v[n,d]"),
    ("cov(x, bias=True)", "x[n,d]"),
    ("cov(x, rowvar=False, ddof=0)", "x[n,d]"),
    ("cov(w, u)", "w[n] u[n]"),
    ("corrcoef(x, rowvar=False)", "x[n,d]"),
    ("cross(x, y, axis=0)", "x[3,n] y[3,n]"),
    ("cross(x, y, axisa=0, axisb=1, axisc=0)", "x[3,n] y[n,3]"),
    ("einsum('ij,jk', x, y, optimize=True)", "x[n,d] y[d,n]"),
    ("einsum('...i,...i->...', x, y)", "x[n,d] y[n,d]"),
    ("empty_like(x, shape=(2, 3)) * 0", "x[n,d]"),
    ("ones_like(x, shape=3)", "x[n,d]"),
    ("full_like(x, 2.5)", "x[n,d]"),
    ("linspace(x, y, 5, axis=-1)", "x[n] y[n]"),
    ("linspace(x, y, 5)", "x[n] y[n]"),
    ("linspace(0, 1, 5, retstep=True)[1] * x", "x[n]"),
    ("linspace(a, b, num=4, endpoint=False)", "a b[n]"),
    ("geomspace(x**2 + 1, 9, 4, axis=1)", "x[n]"),
    ("logspace(0, x, 3)", "x[n]"),
    ("linalg.trace(x)", "x[2,n,n]"),
    ("linalg.trace(x, offset=1)", "x[2,4,4]"),
    ("trace(x, 1, 0, 2)", "x[4,2,4]"),
    ("vecdot(x, y, axis=0)", "x[n,d] y[n,d]"),
    ("linalg.vecdot(x, y, axis=0)", "x[n,d] y[n,d]"),
    ("meshgrid(x, y, sparse=True)[0] * 1", "x[n] y[d]"),
    ("meshgrid(x, y, indexing='ij')[1]", "x[n] y[d]"),
    ("nan_to_num(x, nan=2.0, posinf=3.0, neginf=-3.0)", "x[n]"),
    ("pad(x, 2, constant_values=(1.0, 2.0))", "x[n]"),
    ("pad(x, ((1, 0), (0, 2)), mode='constant', constant_values=((1, 2), (3, 4)))", "x[n,d]"),
    ("pad(x, ((1,), (2,)), mode='edge')", "x[n,d]"),
    ("pad(x, 2, 'reflect')", "x[n,d]"),
    ("pad(x, 1, mode='wrap')", "x[n,d]"),
    ("ravel(x, order='F')", "x[n,d]"),
    ("reshape(x, (-1, 2), order='F')", "x[4,3]"),
    ("reshape(x, shape=(2, -1))", "x[4,3]"),
    ("x.reshape(6, 2)", "x[4,3]"),
    ("x.flatten('F')", "x[4,3]"),
    ("rot90(x, k=3, axes=(1, 2))", "x[2,n,d]"),
    ("rot90(x, axes=(1, 0))", "x[n,d]"),
    ("take(x, k, axis=1, mode='clip')", "x[n,4] k[2]:int"),
    ("take(x, k - 7, mode='wrap')", "x[n,4] k[2]:int"),
    ("x.take([0, 2], axis=1)", "x[n,4]"),
    ("transpose(x, axes=(1, 2, 0))", "x[2,n,d]"),
    ("transpose(x)", "x[2,n,d]"),
    ("tile(x, (2, 1, 3))", "x[n,d]"),
    ("tile(A=x, reps=2)", "x[n,d]"),
    ("diagonal(x, 1)", "x[n,d]"),
    ("diagonal(x, -1)", "x[n,d]"),
    ("diagonal(x)", "x[n,d]"),
    ("trace(x)", "x[n,d]"),
    ("split(x, 3, axis=1)[1]", "x[n,6]"),
    ("array_split(x, 3)[2]", "x[n]"),
    ("split(x, [2, 3])[1]", "x[5]"),
    ("repeat(x, 2, axis=1)", "x[n,d]"),
    ("repeat(x, k)", "x[n] k[n]:int"),
    ("repeat(x, [1, 0, 2, 1])", "x[4]"),
    ("x[[0, 2]]", "x[n,d]"),
    ("x[[0, 1], [1, 2]]", "x[n,d]"),
    ("x[0, :, k]", "x[2,3,4] k[5]:int"),
    ("x[k, :, 1]", "x[4,3,4] k[5]:int"),
    ("x[:, k, None, 0]", "x[2,4,4] k[5]:int"),
    ("x[..., k]", "x[2,3,4] k[5]:int"),
    ("x[k][:, m]", "x[4,4] k[2]:int m[4]:bool"),
    ("x[m]", "x[n,d] m[n]:bool"),
    ("x[:, m]", "x[n,d] m[d]:bool"),
    ("x[0, m]", "x[n,d] m[d]:bool"),
    ("x[0, :, m]", "x[n,d,2] m[2]:bool"),
    ("x[m, None]", "x[n,d] m[n]:bool"),
    ("x[x > 0.2]", "x[n,d]"),
    ("x[[True, False, True, True]]", "x[4,d]"),
    ("compress(m, x, axis=0)", "x[n,d] m[n]:bool"),
    ("compress([True, False], x)", "x[n,d]"),
    ("x.compress(m)", "x[n] m[n]:bool"),
    ("x[-w.shape[0]:]", "x[n] w[d]"),
    ("x[:-w.shape[0]:-1]", "x[n] w[d]"),
    ("cumsum(x, dtype=float32)", "x[n,d]"),
    ("cumprod(x, axis=1)", "x[n,d]"),
    ("trapezoid(x, dx=0.5, axis=0)", "x[n,d]"),
    ("diff(x, n=2, axis=0)", "x[n,d]"),
    ("diff(x, prepend=0.0, append=w)", "x[n] w[d]"),
    ("count_nonzero(x > 0, axis=0, keepdims=True)", "x[n,d]"),
    ("argmax(x, axis=1, keepdims=True)", "x[n,d]"),
    ("rollaxis(x, 2)", "x[2,n,d]"),
    ("roll(x, (1, -1), axis=(0, 1))", "x[n,d]"),
    ("squeeze(x, axis=(0, 2))", "x[1,n,1]"),
    ("unstack(x, axis=1)[1]", "x[n,3]"),
    ("round(x, 1)", "x[n]"),
    ("kron(x, y)", "x[2,3] y[3,2]"),
    ("partition(x, 1, axis=0)[1]", "x[n,d]"),
    ("x[(x > 0) * m]", "x[n] m[n]:bool"),
    ("x[maximum(x > 0.5, m)]", "x[n] m[n]:bool"),
    ("x[fmin(x > -9, m)]", "x[n] m[n]:bool"),
    ("tril(x > 0)", "x[n,n]"),
    ("diag(x > 0)", "x[n]"),
    ("diff(x > 0)", "x[n]"),
    ("diff(k, prepend=0.5)", "x[n] k[n]:int"),
    ("pad(x, 2, 'reflect', reflect_type='odd')", "x[n]"),
    ("pad(x, ((0, 0), (1, 2)), 'symmetric')", "x[n,d]"),
    ("pad(x, (7, 9), 'reflect')", "x[4]"),
    ("pad(x, (9, 2), 'wrap')", "x[4]"),
    ("pad(x, (1, 9), 'symmetric')", "x[4]"),
    ("pad(x, 3, 'reflect')", "x[1]"),
    ("einsum(x, [0, 1], y, [1, 2])", "x[n,d] y[d,n]"),
    ("einsum(x, [0, 1], y, [1, 2], [2, 0])", "x[n,d] y[d,n]"),
    ("einsum(x, [..., 30], [30, ...])", "x[n,d]"),
    ("trace(x, dtype=float)", "x[n,n]"),
    ("linalg.cross(x, y)", "x[n,3] y[3]"),
    ("reshape(x, (6, 2), 'F')", "x[4,3]"),
    ("roll(x, (1, 2))", "x[n,d]"),
    ("take_along_axis(x, k, axis=None)", "x[n,d] k[5]:int"),
    ("take_along_axis(x, k, axis=1)", "x[n,d] k[1,2]:int"),
    ("take_along_axis(x, k, axis=1)", "x[1,d] k[n,2]:int"),
    ("compress(m, x)", "x[n,d] m[5]:bool"),
    ("partition(x, (1, 2))[1]", "x[n]"),
    ("sort(x, axis=0)[-1]", "x[n,d]"),
    ("sort(x[0])[::-1]", "x[2,n]"),
    ("cov(x)", "x[1,n]"),
    ("cov(x, rowvar=False)", "x[n,1]"),
    ("cov(x, y, rowvar=False)", "x[n,2] y[n,3]"),
    ("corrcoef(x)", "x[1,n]"),
    ("average(x, axis=(2, 0), weights=w)", "x[d,2,d] w[d,d]"),
    ("average(x, axis=(2, 0), weights=w)", "x[2,n,d] w[d,2]"),
    ("average(x, axis=1, returned=True)[1]", "x[n,d]"),
    ("max(k, initial=0, where=k > 0)", "x[n] k[n]:int"),
    ("min(x, axis=1, initial=3, where=x > 0, keepdims=True)", "x[n,d]"),
    ("max(x, axis=0, initial=x[0, 0])", "x[n,d]"),
    ("max(w[:0], initial=0.5)", "x[n] w[d]"),
    ("piecewise(x, [x > 1, x > 0], [1, 2, 3])", "x[n]"),
    ("(x > 0).astype(int)", "x[n]"),
    ("(x > 0).astype(float) * x", "x[n]"),
    ("sum(x > 0, dtype=float)", "x[n]"),
    ("zeros(3, int)", "x[n]"),
    ("array([0, 2], dtype=bool)", "x[n]"),
    ("k.astype(np.bool)", "x[n] k[n]:int"),
    ("full(3, 2.7, dtype=int64)", "x[n]"),
    ("full_like(k, -2.7)", "x[n] k[n]:int"),
    ("zeros(3, order='F')", "x[n]"),
    ("array(x, order='C')", "x[n]"),
    ("x.copy('C')", "x[n]"),
    ("arange(0, 2*pi, 0.5)", "x[n]"),
    ("arange(0, 1, 1/3)", "x[n]"),
    ("arange(len(x), 0, -2)", "x[n]"),
    ("arange(stop=5)", "x[n]"),
    ("arange(2.5, 4.1, 0.4)", "x[n]"),
    ("linspace(-1.5, 1.5, 4, dtype=int64)", "x[n]"),
    ("linspace(x, y, 4, endpoint=False, axis=1)", "x[n] y[n]"),
    ("linspace(x[0], 3, len(x))", "x[n]"),
    ("linspace(0, 1, 0)", "x[n]"),
    ("linspace(k, 5, 3)", "x[n] k[n]:int"),
]


def drawn(inputs: str) -> dict[str, Any]:
    """Return values for declared inputs: positions up to 2, masks with at least one entry that holds."""
    rng = np.random.default_rng(1)
    values: dict[str, Any] = {}
    for declaration in inputs.split():
        name, sizes, dtype = re.fullmatch(r"(\w+)(?:\[(.*?)\])?(?::(\w+))?", declaration).groups()  # type: ignore[union-attr]
        shape = tuple(SIZES.get(size) or int(size) for size in sizes.split(",")) if sizes else ()
        if dtype == "int":
            values[name] = rng.integers(0, 3, shape)
        elif dtype == "bool":
            values[name] = rng.random(shape) < 0.5
            values[name].flat[0] = True
        else:
            values[name] = rng.normal(size=shape)
    for weights in {"a", "f"} & set(values):  # weights of cov
        values[weights] = values[weights] + 1
    return values


@pytest.mark.parametrize(("formula", "inputs"), FORMS)
def test_values_are_those_of_numpy(formula: str, inputs: str) -> None:
    values = drawn(inputs)
    expected = eval(formula, {"np": np, **{name: getattr(np, name) for name in dir(np)}}, dict(values))
    found = sb.compile_value(formula, inputs=inputs)(*values.values())
    assert np.shape(found) == np.shape(expected)
    assert np.asarray(found).dtype == np.asarray(expected).dtype
    np.testing.assert_allclose(found, expected, rtol=1e-6 if "float32" in formula else 1e-12, atol=1e-14)


@pytest.mark.parametrize(("formula", "inputs"), FORMS)
def test_gradients_are_verified(formula: str, inputs: str) -> None:
    first = re.split(r"[\[ :]", inputs)[0]
    plus = f" + sum({first})" if f"{first}[" in inputs else ""
    report = sb.compile_value_and_grad(f"sum(({formula})**2){plus}", inputs=inputs).verify(points=1, seconds=0.05)
    assert report, report


@pytest.mark.parametrize(
    "formula",
    [
        "logsumexp(x, axis=-1, b=w)",
        "logsumexp(x, axis=0, b=w)",
        "logsumexp(x, b=2, keepdims=True)",
        "softmax(v)",
        "softmax(v, axis=(0, 1))",
        "softmax(v, axis=None)",
        "log_softmax(u, axis=(0, -1))",
    ],
)
def test_exponential_averages_are_those_of_scipy(formula: str) -> None:
    inputs = "x[d] w[n,d] v[n,d] u[2,n,d]"
    rng = np.random.default_rng(3)
    values = {
        name: rng.uniform(0.2, 2, shape) for name, shape in zip("xwvu", [3, (4, 3), (4, 3), (2, 4, 3)], strict=True)
    }
    expected = eval(formula, {name: getattr(special, name) for name in dir(special)}, dict(values))
    found = sb.compile_value(formula, inputs=inputs)(**values)
    np.testing.assert_allclose(found, expected, rtol=1e-13)
    assert sb.compile_grad(f"sum(sin({formula}))", inputs=inputs).verify(points=1, seconds=0.05)


def test_weights_of_zero_do_not_count_but_have_derivatives() -> None:
    compiled = sb.compile_value_and_grad("logsumexp(x, b=w)", inputs="x[n] w[n]")
    value, (dx, dw) = compiled([1000.0, 0.0], [0.0, 1.0])
    assert (value, dx.tolist()) == (0.0, [0.0, 1.0])
    _, (_, dw) = compiled([0.5, 0.0], [0.0, 1.0])
    np.testing.assert_allclose(dw, [np.exp(0.5), 1.0], rtol=1e-15)


@pytest.mark.parametrize(
    "formula", ["max(x)", "x.min(axis=0)", "argmax(x)", "softmax(x)", "logsumexp(x)", "norm(x, inf)"]
)
def test_what_does_not_exist_of_no_entries_is_refused_on_call(formula: str) -> None:
    with pytest.raises(sb.SymbackpropError, match="no entries"):
        sb.compile_value(formula, inputs="x[n]")(np.ones(0))


def test_an_extremum_of_no_entries_is_the_initial_one() -> None:
    value, (dx, ds) = sb.compile_value_and_grad("max(x, initial=s)", inputs="x[n] s")(np.ones(0), 2.0)
    assert (value, dx.shape, ds) == (2.0, (0,), 1.0)


def test_a_variance_of_fewer_entries_than_lost_is_refused_on_call() -> None:
    with pytest.raises(sb.SymbackpropError, match="ddof=2"):
        sb.compile_value("x[n] -> var(x, ddof=2)")(np.ones(1))


def test_a_derivative_that_is_a_size_is_real() -> None:
    gradient = sb.compile_grad("sum(x)*len(y)", inputs="x[n] y[m]", wrt="x")(np.ones(2), np.ones(3))
    assert gradient.dtype == np.float64
    assert gradient.tolist() == [3, 3]


def test_a_size_that_would_be_negative_is_refused_on_call() -> None:
    compiled = sb.compile_value("sum(zeros(len(x) - 3))", inputs="x[n]")
    assert compiled(np.ones(3)) == 0
    with pytest.raises(sb.SymbackpropError, match="needs 0 <= n - 3"):
        compiled(np.ones(2))


def test_python_dtypes_are_no_inputs_where_a_dtype_stands() -> None:
    assert [spec.name for spec in sb.compile_value("(x > 0).astype(float)*x").signature] == ["x"]
    assert [spec.name for spec in sb.compile_value("float**2*x").signature] == ["float", "x"]


def test_linspace_with_one_number_is_its_start() -> None:
    compiled = sb.compile_value_and_grad("sum(linspace(a, b, len(x))*x)", inputs="a b x[n]")
    value, (da, db, dx) = compiled(2.0, 5.0, np.array([3.0]))
    assert (value, da, db, dx.tolist()) == (6.0, 3.0, 0.0, [2.0])
    assert "np.linspace(a, b, n)" in compiled.source


def test_lengths_of_ranges_are_numpys() -> None:
    for start, stop, step in [
        (0, 0.3, 0.1),
        (1, 1.3, 0.1),
        (0, 1.1, 0.1),
        (0, 0.7, 0.1),
        (2, 1, -0.1),
        (0.1, 0.7, 0.2),
    ]:
        found = sb.compile_value(f"arange({start}, {stop}, {step})")()
        np.testing.assert_allclose(found, np.arange(start, stop, step), rtol=1e-14)


@pytest.mark.parametrize(
    "formula",
    [
        "array([1.5, 2.0]) * x[0]",
        "full(3, 2.5)",
        "full(3, pi)",
        "where(x > 0, 1.5, 0.5)",
        "piecewise(x, [x > 0], [1.5])",
        "concatenate([[1.0, 2.0], x])",
        "diff(x, append=1.5)",
        "xlogy(x, 2)",
        "linspace(-pi, pi, 5)",
        "zeros_like(3.0)",
    ],
)
def test_numbers_take_the_precision_of_the_formula(formula: str) -> None:
    value, gradient = sb.compile_value_and_grad(f"sum(sin({formula}))", inputs="x[n]", wrt="x", dtype="float32")(
        np.float32([0.5, 0.25, 2.0])
    )
    assert value.dtype == gradient.dtype == np.float32
    assert sb.compile_value(formula, inputs="x[n]", dtype="float32")(np.float32([0.5, 0.25])).dtype == np.float32


def test_a_derivative_of_zero_has_the_precision_of_the_formula() -> None:
    gradient = sb.compile_grad("sum(floor(x*s))", inputs="x[n] s", wrt="s", dtype="float32")(np.float32([1.5]), 2.0)
    assert gradient == 0
    assert gradient.dtype == np.float32


@pytest.mark.parametrize("positions", [([0], [3]), ([0], [-4]), ([2], [0]), ([-3], [0])])
def test_positions_out_of_range_are_an_error_in_each_axis(positions: tuple[list[int], list[int]]) -> None:
    for formula in ("x[i, j]", "x.T[j, i]"):
        compiled = sb.compile_value(formula, inputs="x[2,3] i[k]:int j[k]:int")
        with pytest.raises(IndexError):
            compiled(np.ones((2, 3)), *positions)


def test_several_index_arrays_are_written_as_numpy_takes_them() -> None:
    compiled = sb.compile_grad("sum(x[i[:, None], j]**2)", inputs="x[n,d] i[a]:int j[b]:int", wrt="x")
    assert "x[i[:, None], j]" in compiled.source
    assert "np.add.at(x_bar, (i[:, None], j)," in compiled.source
    gradient = compiled(np.ones((2, 3)), [0, 0, 1], [2, -1])
    assert gradient.tolist() == [[0, 0, 8], [0, 0, 4]]


@pytest.mark.parametrize(
    ("formula", "inputs", "message"),
    [
        ("x[x > 0] + y", "x[n] y[n]", "do not broadcast"),
        ("roll(x[x > 0], 1)[k]", "x[n] k[2]:bool", "a mask of shape"),
        ("x[m, k]", "x[n,n] m[n]:bool k[n]:int", "index twice"),
        ("x[m]", "x[n,d] m[d]:bool", "a mask of shape"),
        ("x[x[0] > 0]", "x[n]", "one truth value"),
        ("pad(x[x > 0], 2, mode='wrap')", "x[n]", "not known before the call"),
        ("repeat(x, [1, 2])", "x[3]", "one count an entry"),
        ("repeat(x, -1)", "x[3]", "at least 0"),
        ("repeat(x, w)", "x[n] w[n]", "vector of integers"),
        ("split(x, 2)", "x[5]", "not a multiple"),
        ("take(x, k, mode='nearest')", "x[n] k[2]:int", "'raise', 'wrap' or 'clip'"),
        ("choose(k, [])", "k[2]:int", "choose takes a list"),
        ("norm(x, 3)", "x[n,d]", "not a norm of matrices"),
        ("norm(x, 'fro')", "x[n]", "name their axes"),
        ("norm(x, w)", "x[n] w", "a fixed number"),
        ("norm(x, pi)", "x[n]", "a fixed number"),
        ("ravel(x, order='K')", "x[n,d]", "order is 'C'"),
        ("sum(x, out=x)", "x[n]", "out= is not supported"),
        ("sum(x, axes=0)", "x[n]", "axes"),
        ("average(x, weights=w, axis=0)", "x[n,d] w[d]", "weights of shape"),
        ("cov(x, aweights=w)", "x[n,d] w[n]", "weights have shape"),
        ("inv(x)", "x[n,d]", "square"),
        ("fill_diagonal(x, w, wrap=True)", "x[n,n] w[n]", "one number"),
        ("reshape(x, 2, shape=3)", "x[n]", "multiple values for argument 'shape'"),
        ("linspace(0, 1, 2.5)", "x[n]", "fixed integer"),
        ("cov(x)", "x[2,3,4]", "vectors and matrices"),
        ("tile(x, -1)", "x[n]", "at least 0, not -1"),
        ("zeros((2, -3))", "x[n]", "at least 0, not -3"),
        ("eye(-1)", "x[n]", "at least 0, not -1"),
        ("linspace(0, 1, -2)", "x[n]", "num is at least 0"),
        ("pad(x, -1)", "x[n]", "at least 0, not -1"),
        ("reshape(x, (n, 1))", "x[n]", r"name of a size; write x.shape\[0\]"),
        ("x[0]", "x y[n]", "a number has no entries"),
        ("tensordot(x, y, axes=([0, 1], [0]))", "x[n,d] y[n]", "no pairs of axes"),
        ("tensordot(x, y, axes=([0, 0], [0, 1]))", "x[n,d] y[n,n]", "no pairs of axes"),
        ("cross(x, y)", "x[2] y[2]", "in the plane write"),
        ("reshape(x, (-2, -6))", "x[4,3]", "is no shape"),
        ("moveaxis(x, (0, 1), (1, 1))", "x[2,n,d]", "each axis once"),
        ("rollaxis(x, 0, 9)", "x[2,n,d]", "start 9 is out of range"),
        ("expand_dims(x, (0, 0))", "x[n]", "an axis twice"),
        ("rot90(x, axes=(0, 0))", "x[n,n]", "different ones"),
        ("partition(x, 9)", "x[4]", "out of range"),
        ("sum(x, where=m)", "x[d] m[n,d]:bool", "cannot be broadcast"),
        ("sum(x, where=k)", "x[n] k[n]:int", "takes conditions"),
        ("max(x)", "x[0]", "maximum without initial= of no entries"),
        ("max(x, y)", "x[n] y[n]", r"write maximum\(a, b\)"),
        ("(x > 0) + (x < 1)", "x[n]", "of two conditions counts in Python"),
        ("subtract(x > 0, x < 1)", "x[n]", "of two conditions is not defined"),
        ("-(x > 0)", "x[n]", "of a condition is not defined"),
        ("(x > 0) @ (x < 1)", "x[n]", "products of conditions"),
        ("einsum('i->', x > 0)", "x[n]", "products of conditions"),
        ("diff(x, n=-1)", "x[n]", "at least 0"),
    ],
)
def test_what_does_not_fit_is_refused(formula: str, inputs: str, message: str) -> None:
    with pytest.raises(SymbackpropError, match=message):
        sb.compile_value(formula, inputs=inputs)


@pytest.mark.parametrize("mode", ["edge", "reflect", "symmetric", "wrap"])
def test_padded_sizes_are_sums(mode: str) -> None:
    compiled = sb.compile_value(f"pad(x, 2, '{mode}')[4:] - x", inputs="x[n]")
    x = np.arange(5.0) ** 2
    assert compiled(x).tolist() == (np.pad(x, 2, mode)[4:] - x).tolist()  # type: ignore[call-overload]


@pytest.mark.parametrize("entries", [[1.0, 2.0, 3.0], [1.0, 2.0], [[5.0, 6.0], [7.0, 8.0]]])
def test_entries_go_along_the_diagonal(entries: Any) -> None:
    x = np.arange(12.0).reshape(4, 3)
    compiled = sb.compile_value("fill_diagonal(x, v)", inputs={"x": "4 3", "v": np.shape(entries)})
    expected = x.copy()
    np.fill_diagonal(expected, entries)
    assert compiled(x, entries).tolist() == expected.tolist()
    assert sb.compile_grad("sum(fill_diagonal(x, v)**2)", inputs="x[n,d] v[k]").verify(points=1, seconds=0.3)


def test_methods_of_ufuncs_need_no_prefix() -> None:
    x = np.array([3.0, 1.0, 4.0])
    for text in ("maximum.accumulate(x)", "minimum.accumulate(x)", "add.accumulate(x)", "multiply.accumulate(x)",
                 "add.reduce(x)", "maximum.reduce(x)", "subtract.outer(x, x)", "add.outer(x, x)"):  # fmt: skip
        ufunc, method = text.split("(")[0].split(".")
        arguments = (x, x) if method == "outer" else (x,)
        expected = getattr(getattr(np, ufunc), method)(*arguments)
        np.testing.assert_array_equal(sb.compile_value(f"x[3] -> {text}")(x), expected)
    assert sb.compile_value("power[2] -> power.sum()")([1.0, 2.0]) == 3.0  # which is an input here
