"""Compiled functions in batches against a stack of single calls: values, gradients of every example, loops, branches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

import symbackprop as sb


def agrees(formula: Any, arguments: Mapping[str, Any], batch: Mapping[str, int], **options: Any) -> sb.CompiledFunction:
    """Compare values and gradients in batches with single calls; return the batched function."""
    options = {"compile": sb.compile_value_and_grad, **options}
    compiler: Callable[..., sb.CompiledFunction] = options.pop("compile")
    many = compiler(formula, batch=batch, **options)
    one = compiler(formula, **options)
    size = next(np.shape(arguments[name])[axis] for name, axis in batch.items())
    rows = [
        {name: np.take(x, number, batch[name]) if name in batch else x for name, x in arguments.items()}
        for number in range(size)
    ]
    expected = [_flat(one(**row)) for row in rows]
    found = _flat(many(**arguments))
    for position, value in enumerate(found):
        np.testing.assert_allclose(value, np.stack([row[position] for row in expected]), rtol=1e-9, atol=1e-10)
        assert value.dtype == np.asarray(expected[0][position]).dtype
    return many


def _flat(results: Any) -> list[Any]:
    if isinstance(results, dict):
        results = tuple(results.values())
    if not isinstance(results, (tuple, list)):
        return [np.asarray(results)]
    return [leaf for result in results for leaf in _flat(result)]


RNG = np.random.default_rng(0)
X, Y, W, V = RNG.normal(size=(4, 3)), RNG.normal(size=4), RNG.normal(size=3), RNG.uniform(0.3, 0.9, (4, 3))
MATRICES = RNG.normal(size=(4, 3, 3)) + 4 * np.eye(3)
FORMULAS: list[tuple[str, dict[str, Any], dict[str, int]]] = [
    ("x[d] w[d] y -> (x @ w - y)**2", {"x": X, "w": W, "y": Y}, {"x": 0, "y": 0}),
    ("x[d] w[d] y -> (x @ w - y)**2", {"x": X.T, "w": W, "y": Y}, {"x": -1, "y": 0}),
    ("x[d] w[d] y -> (x @ w - y)**2", {"x": X[0], "w": X, "y": Y[0]}, {"w": 0}),
    ("sin(a*b) + c", {"a": Y, "b": 2.0, "c": 0.5}, {"a": 0}),
    ("x[d] i[2]:int -> sum(x[i]**2)", {"x": X, "i": np.array([0, 2])}, {"x": 0}),
    ("x[d] i[2]:int -> sum(x[i]**2)", {"x": X, "i": RNG.integers(0, 3, (4, 2))}, {"x": 0, "i": 0}),
    ("x[d] i[2]:int -> sum(x[i]**2)", {"x": W, "i": RNG.integers(0, 3, (4, 2))}, {"i": 0}),
    ("A[m,n] i:int j[2]:int -> sum(A[j]**2) + A[i, 1]", {"A": MATRICES, "i": 1, "j": RNG.integers(0, 3, (4, 2))},
     {"A": 0, "j": 0}),
    ("x[d] -> sum(where(x > 0, log(x), x**2))", {"x": X}, {"x": 0}),
    ("x[d] -> logsumexp(x) + prod(x) + max(x) + sum(cumsum(x)**2) + std(x) + median(x)", {"x": V}, {"x": 0}),
    ("A[d,d] b[d] -> sum(linalg.solve(A, b)**2) + linalg.slogdet(A)[1]", {"A": MATRICES, "b": W}, {"A": 0}),
    ("A[d,d] b[d] -> sum(linalg.solve(A, b)**2) + linalg.slogdet(A)[1]", {"A": MATRICES[0], "b": X}, {"b": 0}),
    ("A[d,d] B[d,k] -> sum(linalg.solve(A, B)**2)", {"A": MATRICES[0], "B": RNG.normal(size=(4, 3, 2))}, {"B": 0}),
    ("A[m,n] b[m] -> sum(linalg.lstsq(A, b)[0]**2)", {"A": RNG.normal(size=(4, 5, 2)), "b": RNG.normal(size=5)}, {"A": 0}),
    ("A[m,n] b[m] -> sum(linalg.lstsq(A, b)[0]**2)", {"A": RNG.normal(size=(5, 2)), "b": RNG.normal(size=(4, 5))}, {"b": 0}),
    ("A[d,d] -> trace(scipy.linalg.expm(A/4)) + sum(diag(A)**3) + sum(tril(A)**2)", {"A": MATRICES}, {"A": 0}),
    ("x[5] k[3] -> sum(convolve(x, k, 'same')**3)", {"x": RNG.normal(size=(4, 5)), "k": W}, {"x": 0}),
    ("x[5] k[3] -> sum(convolve(x, k)**3)", {"x": RNG.normal(size=5), "k": X}, {"k": 0}),
    ("t p[3] q[3] -> interp(t, cumsum(p), q)**2", {"t": Y, "p": V, "q": X}, {"t": 0, "p": 0, "q": 0}),
    ("t p[3] q[3] -> interp(t, cumsum(p), q)**2", {"t": 0.9, "p": V, "q": W}, {"p": 0}),
    ("t[2] p[3] q[3] -> sum(interp(t, p, q, left=0.5)**2)", {"t": V[:, :2], "p": np.sort(V[0]), "q": W}, {"t": 0}),
    ("p[3] t[2] -> sum(polyval(p, t)**2)", {"p": X, "t": W[:2]}, {"p": 0}),
    ("p[3] t[2] -> sum(polyval(p, t)**2)", {"p": W, "t": X[:, :2]}, {"t": 0}),
    ("a b c -> sum(array([[a, b], [c, a*b]])**2)", {"a": Y, "b": 0.5, "c": Y + 1}, {"a": 0, "c": 0}),
    ("x[3] -> sum(softmax(x)*x) + max(sort(x)*[1, 2, 3])", {"x": X}, {"x": 0}),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "arguments", "batch"), FORMULAS, ids=[f"{f} {b}" for f, _, b in FORMULAS])
def test_formulas(formula: str, arguments: Mapping[str, Any], batch: Mapping[str, int]) -> None:
    many = agrees(formula, arguments, batch)
    loops = [line for line in many.source.split('"""')[-1].split("\n") if line.strip().startswith("for ")]
    assert len(loops) == ("polyval" in formula)  # over the powers


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("right", [False, True])
def test_positions_in_bins_that_differ(right: bool, down: bool) -> None:
    bins = np.sort(V, axis=1)[:, :: -1 if down else 1]
    x = np.concatenate([bins[:, :2], RNG.uniform(size=(4, 3))], axis=1)
    many = sb.compile_value(f"x[k] b[3] -> digitize(x, b, right={right})", batch={"x": 0, "b": 0})
    np.testing.assert_array_equal(
        many(x, bins), [np.digitize(*pair, right=right) for pair in zip(x, bins, strict=True)]
    )


def test_searching_for_nan() -> None:
    many = sb.compile_value("b[3] x[2] -> searchsorted(b, x)", batch={"b": 0})
    x = np.array([np.nan, 0.5])
    np.testing.assert_array_equal(many(np.sort(V), x), [np.searchsorted(b, x) for b in np.sort(V)])


# --- loops and branches -----------------------------------------------------------------------------------------------


def recurrent(h: Any, W: Any, xs: Any) -> Any:
    def step(h: Any, x: Any) -> Any:
        h = np.tanh(W @ h + x)
        return h, h[0] * x[0]

    h, ys = sb.scan(step, h, xs)
    return np.sum(ys**2) + np.sum(h)


H, U, XS = RNG.normal(size=(4, 2)), RNG.normal(size=(4, 2, 2)), RNG.normal(size=(4, 5, 2))


@pytest.mark.parametrize("names", [("h",), ("W",), ("xs",), ("h", "W"), ("W", "xs"), ("h", "W", "xs")])
@pytest.mark.parametrize("axis", [0, -1])
def test_scan(names: tuple[str, ...], axis: int) -> None:
    values = {"h": H, "W": U, "xs": XS}
    arguments = {name: np.moveaxis(x, 0, axis) if name in names else x[0] for name, x in values.items()}
    shapes = {"h": "d", "W": "d d", "xs": "t d"}
    many = agrees(recurrent, arguments, dict.fromkeys(names, axis), inputs=shapes)
    assert many.source.count("for i in") == 2, "a loop there and a loop back, of arrays for all examples"


def test_scan_is_verified() -> None:
    shapes = {"h": "2", "W": "2 2", "xs": "t 2"}
    many = sb.compile_grad(recurrent, inputs=shapes, wrt=("W", "xs"), batch={"xs": 1})
    assert many.verify(points=1, seconds=1)


def test_nested_scan() -> None:
    def nested(a: Any, xs: Any) -> Any:
        def outer(h: Any, row: Any) -> Any:
            def inner(c: Any, x: Any) -> Any:
                c = np.sin(c * x + a)
                return c, c * h

            c, values = sb.scan(inner, h, row)
            return c + h, np.sum(values)

        h, sums = sb.scan(outer, a, xs)
        return h * np.sum(sums)

    arguments = {"a": Y, "xs": RNG.normal(size=(3, 2))}
    agrees(nested, arguments, {"a": 0}, inputs={"a": "", "xs": "s t"})
    agrees(nested, {"a": 0.3, "xs": RNG.normal(size=(4, 3, 2))}, {"xs": 0}, inputs={"a": "", "xs": "s t"})


def chosen(x: Any, w: Any) -> Any:
    return sb.cond(x > 0, lambda: w * np.log(x), lambda: w * x**2)


def test_branches_that_examples_choose_are_guarded() -> None:
    many = agrees(chosen, {"x": np.array([0.5, -1.0, 2.0]), "w": 3.0}, {"x": 0}, inputs={"x": "", "w": ""})
    assert "np.where" in many.source
    with np.errstate(all="raise"):
        many(np.array([0.5, -1.0, 2.0]), 3.0)


def test_branches_that_all_examples_share() -> None:
    arguments = {"x": 0.5, "w": np.array([1.0, 2.0])}
    many = agrees(chosen, arguments, {"w": 0}, inputs={"x": "", "w": ""})
    assert "if " in many.source.split('"""')[-1]


def test_choices_in_steps() -> None:
    def walked(x: Any, steps: Any) -> Any:
        def step(h: Any, s: Any) -> Any:
            return sb.cond(h > s, lambda: np.sqrt(h - s), lambda: h * s), h

        h, hs = sb.scan(step, x, steps)
        return h + np.sum(hs**2)

    arguments = {"x": np.array([0.5, 1.7, 3.0, 9.0]), "steps": np.array([1.0, 0.3, 2.0])}
    many = agrees(walked, arguments, {"x": 0}, inputs={"x": "", "steps": "t"})
    with np.errstate(all="raise"):
        many(**arguments)


def halved(x: Any, w: Any) -> Any:
    return sb.while_loop(lambda h: h > 1.0, lambda h: h * w, x)


def test_examples_that_are_done_stand_still() -> None:
    arguments = {"x": np.array([0.5, 3.0, 80.0, 7.0]), "w": 0.5}
    agrees(halved, arguments, {"x": 0}, inputs={"x": "", "w": ""}, compile=sb.compile_value)


def test_the_way_back_over_numbers_of_steps_that_differ_is_refused() -> None:
    with pytest.raises(sb.UnsupportedError, match="while_loop is not supported: the number of its steps differs"):
        sb.compile_grad(halved, inputs={"x": "", "w": ""}, batch={"x": 0})


def test_a_number_of_steps_that_all_examples_share() -> None:
    def counted(x: Any, n: Any) -> Any:
        return sb.while_loop(lambda s: s[0] < n, lambda s: (s[0] + 1, np.sin(s[1]) * 2), (0, x))[1]

    agrees(counted, {"x": Y, "n": 4.0}, {"x": 0}, inputs={"x": "", "n": ""}, wrt="x")


def test_solved_equations() -> None:
    def solution(a: Any) -> Any:
        return sb.root(lambda u: u**3 + a * u - 2.0, 1.0)

    agrees(solution, {"a": np.array([0.5, 1.0, 4.0])}, {"a": 0}, inputs={"a": ""})


def test_branches_that_a_number_chooses() -> None:
    text = "x i:int -> def a(x): return x**2\ndef b(x): return sin(x)\ndef c(x): return x*3\nswitch(i, [a, b, c], x)"
    arguments = {"x": np.arange(5.0) + 0.3, "i": np.array([0, 1, 2, 5, -1])}
    agrees(text, arguments, {"x": 0, "i": 0})
    agrees(text, {"x": 0.7, "i": arguments["i"]}, {"i": 0})


def test_differential_equations() -> None:
    text = "y0 t[m] k -> def f(y, t): return -k*y\nodeint(f, y0, t, steps=3)[-1]"
    agrees(text, {"y0": 1.0, "t": np.linspace(0, 1, 4), "k": np.array([0.5, 1.0, 2.0])}, {"k": 0})
