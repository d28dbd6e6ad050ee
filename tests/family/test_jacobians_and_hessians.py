"""`compile_jacobian` and `compile_hessian`: printed lines, both modes, SymPy's Hessians, shapes, refusals."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import numpy as np
import pytest
import sympy

import symbackprop as sb
from symbackprop.api import check_saved

RNG = np.random.default_rng(0)
SIZES = {"m": 2, "n": 3, "k": 4}


def lines(compiled: sb.CompiledFunction) -> list[str]:
    """Return the statements of the printed function."""
    body = compiled.source.split('"""')[2].strip()
    return [re.sub(r"(?<=\S)  +#.*", "", line.strip()) for line in body.split("\n")]


def point(compiled: sb.CompiledFunction) -> list[np.ndarray]:
    """Return arguments between 0.5 and 1.5."""
    shapes = [tuple(SIZES.get(str(size), size) for size in spec.shape or ()) for spec in compiled.signature]
    return [0.5 + RNG.random(shape) for shape in shapes]


@pytest.mark.parametrize(
    ("text", "wrt", "printed"),
    [
        ("A[m,n] x[n] -> sin(A @ x)", "x", ["t1 = A @ x", "return np.cos(t1)[:, None] * A"]),
        ("A[m,n] x[n] -> A @ x", "x", ["return A.copy()"]),
        ("x[n] -> exp(x)", "x", ["exp_x = np.exp(x)", "return np.diag(exp_x)"]),
    ],
)
def test_jacobians_are_array_code(text: str, wrt: str, printed: list[str]) -> None:
    assert lines(sb.compile_jacobian(text, wrt=wrt)) == printed


def test_the_hessian_of_least_squares() -> None:
    f = sb.compile_hessian("X[m,n] w[n] y[m] -> sum((X @ w - y)**2)", wrt="w")
    assert lines(f) == ["return 2.0 * (X.T @ X)"]


def test_the_hessian_of_logistic_regression() -> None:
    f = sb.compile_hessian("X[m,n] w[n] y[m] -> sum(logaddexp(0, X @ w) - y * (X @ w))", wrt="w")
    assert lines(f)[-3:] == ["t3 = 1.0 / np.cosh(0.5 * t1)", "t4 = X * t3[:, None]", "return 0.25 * (t4.T @ t4)"]
    X, w, y = point(f)
    s = 1 / (1 + np.exp(-X @ w))
    np.testing.assert_allclose(f(X, w, y), X.T @ ((s * (1 - s))[:, None] * X))


CLOSED_FORMS = [
    ("x[n] -> roll(x, 2)", "x", "return np.roll(np.eye(n), -2, axis=1)"),
    ("x[n] -> flip(x)", "x", "return np.eye(n)[::-1]"),
    ("x[n] -> cumsum(x)", "x", "return np.tril(np.ones((n, n)))"),
    ("x[n] idx[k]:int -> x[idx]", "x", "return np.eye(n)[idx]"),
    ("x[n] v[k] -> convolve(x, v)", "x", "return sliding_window_view(t1, n)[:, ::-1].copy()"),  # v among zeros
    ("A[m,n] X[n,k] -> A @ X", "X", "return A[:, None, :, None] * np.eye(k)[:, None, :]"),
    ("A[m,n] X[n,k] -> A @ X", "A", "t1 = X.T[:, None, :] * np.eye(m)[:, None, :, None]"),
    ("A[n,n] -> linalg.inv(A)", "A", "return -t1[:, None, :, None] * t1.T[:, None, :]"),
    ("A[n,n] -> trace(A)", "A", "return np.eye(n)"),
    ("A[n,n] b[n] -> linalg.solve(A, b)", "b", "return np.linalg.inv(A)"),
    ("x[n] -> softmax(x)", "x", "return t2 * (np.eye(n) - t2[:, None])"),
]


@pytest.mark.parametrize(("text", "wrt", "line"), CLOSED_FORMS)
def test_the_line_that_a_person_writes(text: str, wrt: str, line: str) -> None:
    assert line in lines(sb.compile_jacobian(text, wrt=wrt))


@pytest.mark.parametrize(
    "text",
    [
        "x[n] -> cumsum(x**2)",
        "x[n] idx[k]:int -> x[idx]**2",
        "x[n] idx[k]:int -> sum(x[idx] * x[idx])",
        "A[n,n] b[n] -> linalg.solve(A, b)",
        "x[n] -> x - mean(x)",
        "A[n,n] -> tril(A)**2",
        "x[n] -> softmax(x)",
        "X[n,k] -> max(X, axis=1)",
        "x[n] -> sort(x)",
        "x[n] v[k] -> convolve(x, v, mode='same')",
        "x[n] m[n]:bool -> x[m]**2",
        "X[n,k] -> cumsum(exp(X), axis=0)[:, 1:]",
    ],
)
def test_no_loop_stays_where_all_steps_have_a_closed_form(text: str) -> None:
    f = sb.compile_jacobian(text)
    assert "for " not in f.source.split('"""')[2]
    report = f.verify(points=1, seconds=0.5)
    assert report, report


JACOBIANS = [
    "A[m,n] x[n] -> sin(A @ x)",
    "A[m,n] X[n,k] -> A @ X",
    "X[n,k] -> exp(X)",
    "X[n,k] -> tanh(X) @ X.T",
    "x[n] -> softmax(x)",
    "x[n] -> x[1:] * x[:-1]",
    "x[n] -> x[0] * x",
    "x[n] -> sort(x)",
    "x[n] y -> x**y",
    "x y -> x * sin(y), x**2",
    "x[n] -> sum(x**2)",
    "x[1] -> x**2",
    "x[n] -> where(x > 1, x**2, log(x))",
    "x[n] -> stack([x, x**2])",
]


@pytest.mark.parametrize("text", JACOBIANS)
def test_both_modes_agree_and_have_the_shape_of_value_and_input(text: str, tmp_path: Path) -> None:
    both = [sb.compile_jacobian(text, mode=mode) for mode in ("forward", "reverse")]
    given = point(both[0])
    f = sb.compile_jacobian(text, with_value=True)
    value, jacobian = f(*given)
    one = not isinstance(value, tuple)
    for mode in both:
        for number, row in enumerate([mode(*given)] if one else mode(*given)):
            known = [jacobian] if one else jacobian
            shape = np.shape(value if one else value[number])
            for entry, wanted, x in zip(row, known[number], given, strict=True):
                assert np.shape(entry) == (*shape, *x.shape)
                np.testing.assert_allclose(entry, wanted, rtol=1e-10, atol=1e-12)
    f.save(tmp_path / "f.py")
    check_saved(tmp_path / "f.py")
    assert pickle.loads(pickle.dumps(f)).source == f.source


@pytest.mark.parametrize("text", JACOBIANS)
def test_jacobians_are_verified(text: str) -> None:
    report = sb.compile_jacobian(text).verify(points=1, seconds=0.5)
    assert report, report


a, b, c = sympy.symbols("a b c")
EXPRESSIONS = [
    a**2 * b,
    sympy.sin(a * b) + c**3,
    sympy.exp(a) / (1 + b**2),
    sympy.log(a + b * c),
    sympy.sqrt(a**2 + b**2 + 1),
    a**b,
    sympy.tanh(a * b * c),
    sympy.atan2(a, b),
    sympy.cos(a) ** 2 * b,
    (a - b) ** 4 + 100 * (c - a**2) ** 2,
    sympy.erf(a * c),
    sympy.log(1 + sympy.exp(a * b)),
    sympy.besselj(0, a * b),
]


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=str)
def test_hessians_are_sympys(expression: sympy.Expr) -> None:
    symbols = sorted(expression.free_symbols, key=str)
    f = sb.compile_hessian(expression, wrt=symbols)
    at = dict(zip(symbols, (0.75, 1.25, 0.5), strict=False))
    wanted = np.array(sympy.hessian(expression, symbols).subs(at).evalf(), dtype=float)
    found = np.array(f(*at.values()))
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
    np.testing.assert_allclose(found, found.T, rtol=1e-12)


SCALARS = [
    "X[m,n] w[n] y[m] -> sum(logaddexp(0, -y * (X @ w)))",
    "x[n] -> sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)",
    "x[n] -> log(sum(exp(x)))",
    "x[n] -> prod(x)",
    "A[3,3] -> linalg.slogdet(A @ A.T + eye(3))[1]",
    "X[n,k] -> sum(tanh(X) @ X.T)",
    "x[n] y -> y * norm(x)**2",
    "x[n] -> sum(sort(x)**3)",
]


@pytest.mark.parametrize("text", SCALARS)
def test_hessians_are_symmetric_and_times_a_vector_what_the_product_is(text: str) -> None:
    f, product = sb.compile_hessian(text), sb.compile_hvp(text)
    given = point(f)
    blocks = f(*given)
    vectors = [RNG.normal(size=x.shape) for x in given]
    products = product(*given, *vectors)
    for i, (row, x) in enumerate(zip(blocks, given, strict=True)):
        total = np.zeros(x.shape)
        for j, (block, vector) in enumerate(zip(row, vectors, strict=True)):
            assert np.shape(block) == (*x.shape, *vector.shape)
            axes = (*range(vector.ndim, vector.ndim + x.ndim), *range(vector.ndim))
            np.testing.assert_allclose(block, np.transpose(blocks[j][i], axes), rtol=1e-8, atol=1e-10)
            total = total + np.tensordot(block, vector, axes=vector.ndim)
        np.testing.assert_allclose(total, products[i], rtol=1e-8, atol=1e-10)
    report = f.verify(points=1, seconds=0.5)
    assert report, report


@pytest.mark.parametrize(
    ("text", "at"),
    [("sinc(x)", 0.0), ("log(cosh(x))", 0.0), ("1 - cos(x)", 0.0), ("sqrt(1 + x**2)", 0.0), ("sigmoid(x)", 0.0),
     ("x[n] -> norm(x)**2", [0.0, 0.0]), ("x[n] -> prod(x)", [0.0, 0.0, 3.0]), ("x[n] -> logsumexp(x)", [1.0, 1.0])],
)  # fmt: skip
def test_hessians_where_rules_take_limits(text: str, at: object) -> None:
    f, g = sb.compile_hessian(text, wrt="x"), sb.compile_grad(text, wrt="x")
    x = np.array(at)
    found = f(at)
    for index in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[index] = 1e-5
        slope = (g((x + step).tolist()) - g((x - step).tolist())) / 2e-5
        np.testing.assert_allclose(np.asarray(found)[index], slope, atol=1e-6)


def test_sizes_of_zero_and_one() -> None:
    f = sb.compile_jacobian("A[m,n] x[n] -> sin(A @ x)", wrt="x")
    assert f(np.ones((0, 3)), np.ones(3)).shape == (0, 3)
    assert f(np.ones((2, 0)), np.ones(0)).shape == (2, 0)
    assert f(np.full((1, 1), 2.0), np.zeros(1)).tolist() == [[2.0]]
    h = sb.compile_hessian("x[n] -> sum(x**3)", wrt="x")
    assert h(np.ones(0)).shape == (0, 0)
    assert h(np.ones(1)).tolist() == [[6.0]]


def test_single_precision_stays_single() -> None:
    f = sb.compile_jacobian("A[m,n] x[n] -> sin(A @ x)", wrt="x", dtype="float32")
    assert f(np.ones((2, 3)), np.ones(3)).dtype == np.float32
    h = sb.compile_hessian("x[n] -> sum(exp(x))", wrt="x", dtype="float32")
    assert h(np.zeros(2)).dtype == np.float32
    assert h.verify(points=1, seconds=0.5)


def steps(w, x):  # type: ignore[no-untyped-def]
    def step(h, row):  # type: ignore[no-untyped-def]
        h = np.tanh(w * h + row)
        return h, h

    return sb.scan(step, 0.0, x)[1]


def test_loops_carry_the_tangents_of_all_unit_vectors() -> None:
    f = sb.compile_jacobian(steps, inputs={"w": "", "x": "n"})
    assert not any(line.count("    ") > 2 for line in f.source.split('"""')[2].split("\n"))  # no loop within a loop
    assert f.verify(points=1, seconds=0.5)
    h = sb.compile_hessian(lambda w, x: np.sum(steps(w, x) ** 2), inputs={"w": "", "x": "n"})
    assert h.verify(points=1, seconds=0.5)


def test_structures_nest_as_the_gradient_does() -> None:
    def model(params, x):  # type: ignore[no-untyped-def]
        return np.tanh(params["W"] @ x + params["b"])

    params, x = {"W": RNG.normal(size=(2, 3)), "b": RNG.normal(size=2)}, RNG.normal(size=3)
    J = sb.compile_jacobian(model, wrt="params", inputs={"params": params, "x": x})
    assert J(params, x)["W"].shape == (2, 2, 3)
    H = sb.compile_hessian(lambda params, x: np.sum(model(params, x)), wrt="params", inputs={"params": params, "x": x})
    assert H(params, x)["W"]["b"].shape == (2, 3, 2)
    assert J.verify(points=1, seconds=0.5)
    assert H.verify(points=1, seconds=0.5)


def test_networks() -> None:
    net = sb.read_layers("input 2\ndense 2 tanh\ndense 1\nloss squared_error")
    params, x, y = net.init(seed=0), RNG.normal(size=(4, 2)), RNG.normal(size=(4, 1))
    blocks = sb.compile_hessian(net)(params, x, y)
    vector = net.init(seed=1)
    product = sb.compile_hvp(net)(params, x, y, vector)
    for key in params:
        total = sum(np.tensordot(blocks[key][other], vector[other], axes=vector[other].ndim) for other in params)
        np.testing.assert_allclose(total, product[key], rtol=1e-8, atol=1e-12)
    plain = sb.read_layers("input 2\ndense 3 tanh")
    jacobian = sb.compile_jacobian(plain, wrt="x")
    assert jacobian(plain.init(seed=0), x).shape == (4, 3, 4, 2)


def test_expressions_of_sympy() -> None:
    f = sb.compile_jacobian([a**2 * b, sympy.sin(a)], wrt=[a, b])
    assert f(2.0, 3.0) == [(12.0, 4.0), (np.cos(2.0), 0.0)]
    assert f.verify(points=1)


def test_value_gradient_and_hessian() -> None:
    f = sb.compile_hessian("x**2 * y", wrt="x", with_value_and_grad=True)
    assert f(3.0, 2.0) == (18.0, 12.0, 4.0)
    assert sb.compile_hessian("x**2, y**3")(3.0, 2.0) == (((2.0, 0.0), (0.0, 0.0)), ((0.0, 0.0), (0.0, 12.0)))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: sb.compile_jacobian("x[n] -> x", mode="fwd"), sb.ArgumentError, "'forward'"),
        (lambda: sb.compile_jacobian("x[n] -> argsort(x)"), sb.UnsupportedError, "not real"),
        (lambda: sb.compile_hessian("x[n] -> x**2"), sb.ShapeError, "scalar"),
        (lambda: sb.compile_hessian("weight**2", wrt="wieght"), sb.UnknownNameError, "Did you mean weight"),
    ],
)
def test_errors_say_what_is_wrong(call, error: type[Exception], words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error, match=words):
        call()


# --- of several values, weighted ----------------------------------------------------------------------------------------


def test_a_weighted_hessian_is_that_of_the_sum_of_values() -> None:
    f = sb.compile_hessian("x[n] A[m,n] -> sin(A @ x)", wrt="x", weighted=True)
    assert lines(f)[1:] == [
        "t1 = np.sin(A @ x)",
        "# derivatives",
        "t2 = t1 * value_bar",
        "return -(A.T @ (A * t2[:, None]))",
    ]
    assert f.verify(points=1, seconds=0.5)
    assert pickle.loads(pickle.dumps(f)).source == f.source


def test_weights_of_values_in_structures() -> None:
    f = sb.compile_hessian(pair, wrt="p", inputs={"p": {"u": "n", "v": "n"}}, weighted=True)
    given = {"u": np.array([1.0, 2.0]), "v": np.array([3.0, 4.0])}
    blocks = f(given, [1.0, 10.0], value2_bar=0.5)
    assert blocks["u"]["v"].tolist() == blocks["v"]["u"].tolist() == [[1.0, 0.0], [0.0, 10.0]]
    assert blocks["u"]["u"].tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert f.verify(points=1, seconds=0.5)


def pair(p):  # type: ignore[no-untyped-def]
    return {"products": p["u"] * p["v"], "squares": np.sum(p["u"] ** 2)}


def test_weighted_hessians_come_alone() -> None:
    with pytest.raises(sb.ArgumentError, match="gives the Hessian alone"):
        sb.compile_hessian("x**2", weighted=True, with_value_and_grad=True)


BLOCKS = "A[m,m] x[m] y[m] t -> A @ tanh(A @ tanh(A @ (t * y))), sum(tanh(A @ tanh(A @ tanh(A @ x))))"


def test_each_block_has_the_cheaper_mode() -> None:
    f = sb.compile_jacobian(BLOCKS, wrt=("x", "t"))
    both = [sb.compile_jacobian(BLOCKS, wrt=("x", "t"), mode=mode) for mode in ("forward", "reverse")]
    sizes = {"m": 100}
    own, (forward, reverse) = f.cost().at(sizes)[1], (g.cost().at(sizes)[1] for g in both)
    assert own < reverse and 9 * own < forward
    given = point(f)
    for row, others in zip(f(*given), zip(*(g(*given) for g in both), strict=True), strict=True):
        for other in others:
            for block, expected in zip(row, other, strict=True):
                np.testing.assert_allclose(block, expected, rtol=1e-10)
