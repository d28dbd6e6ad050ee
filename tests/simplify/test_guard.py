"""Branches that are not taken leave no trace: no nan, no warning, no error, whatever is computed in them."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import symbackprop as sb
from symbackprop.errors import SymbackpropError

X = np.array([-1e3, -1.0, 0.0, 0.3, 1.0, 2.0, 1e3])


@pytest.mark.parametrize(
    ("formula", "value", "slope"),
    [
        ("where(x > 0, log(x), 0)", lambda x: np.log(x), lambda x: 1 / x),
        ("where(x > 0, sqrt(x)/x, 0)", lambda x: x**-0.5, lambda x: -0.5 * x**-1.5),
        ("where(x > 0, where(1/x > 2, log(x), x), 0)", None, None),
        ("where(x > 0, where(log(x) > 0, sqrt(log(x)), -1), 0)", None, None),
        ("where(x > 0, where(x/x**2 > 2, where(log(x) < 0, 1/log(x), 1), x), 0)", None, None),
    ],
)
def test_partial_functions(formula: str, value: object, slope: object) -> None:
    g = sb.compile_value_and_grad(formula)
    found, (gradient,) = g(X)  # any warning is an error
    assert np.all(np.isfinite(found))
    assert np.all(np.isfinite(gradient))
    np.testing.assert_array_equal(gradient[X <= 0], 0.0)
    if value is not None:
        np.testing.assert_allclose(found[X > 0], value(X[X > 0]), rtol=1e-15)  # type: ignore[operator]
        np.testing.assert_allclose(gradient[X > 0], slope(X[X > 0]), rtol=1e-15)  # type: ignore[operator]
    for number, x in enumerate(X):  # the target math raises where a branch is computed that is not taken
        np.testing.assert_allclose(np.ravel(g(float(x))[1]), gradient[number], rtol=1e-15)


@pytest.mark.parametrize("function", ["exp", "exp2", "expm1", "sinh", "cosh"])
def test_functions_that_overflow(function: str) -> None:
    g = sb.compile_value_and_grad(f"where(x < 1, {function}(x)*sin(x), 7)")
    for x in (1e3, 1e5):
        assert g(x) == (7.0, (0.0,))
        value, (slope,) = g(np.array([0.5, x]))
        assert value[1] == 7.0
        assert slope[1] == 0.0
        assert slope[0] == pytest.approx(g(0.5)[1][0], rel=1e-15)


def test_a_condition_is_guarded_before_it_guards() -> None:
    g = sb.compile_value_and_grad("where(y > 0, where(x/y > 1, log(x/y - 1), 0), 0)", wrt=("x", "y"))
    x, y = np.array([1.0, 0.0, 3.0, 1.0]), np.array([0.0, 0.0, 1.0, 2.0])
    value, (x_bar, y_bar) = g(x=x, y=y)
    np.testing.assert_allclose(value, [0, 0, np.log(2), 0], rtol=1e-15)
    np.testing.assert_allclose(x_bar, [0, 0, 0.5, 0], rtol=1e-15)
    np.testing.assert_allclose(y_bar, [0, 0, -1.5, 0], rtol=1e-15)


def test_what_both_branches_use_is_not_guarded() -> None:
    source = sb.compile_value("where(x > 0, log(y), 2*log(y) + x)", target="numpy").source
    assert source.count("np.where(") == 1


def test_nested_masks_are_no_longer_than_needed() -> None:
    source = sb.compile_value("where(a > 0, where(b > 0, log(x), log(x) + 1), 0)", target="numpy").source
    assert "&" not in source
    assert "|" not in source


@pytest.mark.parametrize(
    ("formula", "count"),
    [
        ("where(x > 0, log(sqrt(x))/x**1.5 + exp(-x), 0)", 3),  # x, exp(-x) of an x that is guarded, and the choice
        ("where(x > 0, log(1 + sqrt(x)), 0)", 2),
        ("where(x > 0, 1/(sqrt(x) + 2*x**0.3), 0)", 2),
        ("where(x > 0, 1/log(x), 0)", 3),  # log(1) is 0
        ("where(x > 0, 1/(sqrt(x) - 1), 0)", 3),
        ("where(x > 0, 1/(sqrt(x) + y), 0)", 3),
        ("where(x > 0, where(y > 0, 1/sqrt(x), 1), 0)", 3),  # by its own mask, which is narrower
    ],
)
def test_what_is_made_of_a_guarded_argument_needs_a_guard_where_it_may_fail(formula: str, count: int) -> None:
    f = sb.compile_value_and_grad(formula)
    assert sb.compile_value(formula, target="numpy").source.count("np.where(") == count
    points = np.array([-2.0, 0.0, 0.7, 3.0])
    found = f(*[points] * len(f.signature))
    assert np.all(np.isfinite(np.concatenate([found[0], *found[1]])))


def test_a_numerator_needs_no_guard() -> None:
    assert sb.compile_value("where(x > 0, (y + 1)/x, 0)", target="numpy").source.count("np.where(") == 2


def test_masks_of_reductions_and_broadcasts() -> None:
    g = sb.compile_value_and_grad("x[n] -> sum(where(x > 0, log(x)/sum(where(x > 0, log(x), 0)), 0))")
    value, (slope,) = g(np.array([-1.0, 0.0, 2.0, 3.0]))
    assert value == pytest.approx(1.0)
    np.testing.assert_allclose(slope, 0.0, atol=1e-15)


def test_a_condition_computed_from_what_it_guards() -> None:
    g = sb.compile_value_and_grad(
        "b = log(x)\nwhere(x > 1, where(b > 0, sqrt(b), 0), 0) + where(y > 0, where(b > y, b/y, 0), 0)"
    )
    for x, y in ((2.0, 0.5), (2.0, -1.0), (0.5, -1.0), (1.0, 3.0)):
        value, slopes = g(np.array([x]), np.array([y]))
        assert np.isfinite(value[0])
        np.testing.assert_allclose(np.ravel(slopes), np.ravel(g(x, y)[1]), rtol=1e-15)


def test_a_thousand_nested_branches() -> None:
    lines = ["f = 0", *(f"f = where(x > {i}, log(x - {i}) + f, f/2)" for i in range(1100)), "f"]
    f = sb.compile_value("\n".join(lines))
    assert np.all(np.isfinite(f(np.array([-1.0, 3.5, 1050.5]))))
    assert len(f.source) < 200 * 1100  # linear: masks do not grow with depth


# --- random formulas against branches that are computed only where taken ------------------------------------------------

LEAVES = ["log(x)", "sqrt(x - y)", "1/x", "exp(300*x)", "arccos(x)", "x*y", "y**1.5", "sinh(200*y)", "log(1 - y)/y"]
CONDITIONS = ["x > 0", "x < 1", "y > 0", "x > y", "1/x > 2", "log(y) < 0", "exp(300*x) < 10", "abs(x) < 1"]


def real(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a function that refuses what is not a finite real number in doubles."""

    def checked(x: Any) -> Any:
        result = function(x)
        if isinstance(result, mpmath.mpc) or not abs(result) < 1e300:
            raise ValueError(x)
        return result

    return checked


WORDS = {
    **{name: real(getattr(mpmath, name)) for name in ("log", "sqrt", "exp", "sinh")},
    "arccos": real(mpmath.acos),
    "abs": abs,
}

Tree = str | tuple[str, "Tree", "Tree"]


def drawn(rng: random.Random, depth: int) -> Tree:
    if depth == 0 or rng.random() < 0.2:
        return rng.choice(LEAVES)
    return rng.choice(CONDITIONS), drawn(rng, depth - 1), drawn(rng, depth - 1)


def text(tree: Tree) -> str:
    return tree if isinstance(tree, str) else f"where({tree[0]}, {text(tree[1])}, {text(tree[2])})"


def lazily(tree: Tree, x: object, y: object) -> object:
    """Compute only what is taken; a result that is not a finite real number is none."""
    while not isinstance(tree, str):
        condition, yes, no = tree
        tree = yes if eval(condition, {"__builtins__": {}}, {**WORDS, "x": x, "y": y}) else no
    result = eval(tree, {"__builtins__": {}}, {**WORDS, "x": x, "y": y})
    if isinstance(result, mpmath.mpc) or abs(result) > 1e300:
        raise ValueError(tree)
    return result


@pytest.mark.parametrize("seed", range(60))
def test_random_branches(seed: int) -> None:
    rng = random.Random(seed)
    trees = [drawn(rng, 3) for _ in range(2)]
    formula = " + ".join(text(tree) for tree in trees)
    points, wanted = [], []
    with mpmath.workdps(40):
        for x, y in [
            (rng.choice([0.0, rng.uniform(-2, 2), rng.uniform(-9, 9)]), rng.uniform(-5, 5)) for _ in range(60)
        ]:
            try:
                at = [mpmath.mpf(x), mpmath.mpf(y)]
                value = sum(lazily(tree, *at) for tree in trees)  # type: ignore[misc]
                h = mpmath.mpf(10) ** -15
                ends = [
                    sum(lazily(tree, at[0] + dx * h, at[1] + dy * h) for tree in trees)  # type: ignore[misc]
                    for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1))
                ]
            except (ValueError, ZeroDivisionError, TypeError):
                continue
            slopes = (ends[0] - ends[1]) / (2 * h), (ends[2] - ends[3]) / (2 * h)
            if max(map(abs, slopes)) < 1e12:
                points.append((x, y))
                wanted.append([float(value), *map(float, slopes)])
    try:
        g = sb.compile_value_and_grad(formula, wrt=["x", "y"], inputs={"x": "", "y": ""})
    except SymbackpropError:
        pytest.fail(formula)
    if not points:
        return
    found = g(*np.transpose(points))
    np.testing.assert_allclose(np.transpose([found[0], *found[1]]), wanted, rtol=1e-9, atol=1e-9, err_msg=formula)
    for point, row in zip(points, wanted, strict=True):
        value, slopes = g(*point)
        np.testing.assert_allclose([value, *slopes], row, rtol=1e-9, atol=1e-9, err_msg=formula)


NAN = np.array([np.nan, 2.0, -1.0])


@pytest.mark.parametrize(
    "formula",
    [
        "sum(where(isnan(x), 0, x*y))",
        "sum(where(isfinite(x), x*y, 0))",
        "sum(where(x == x, (x*y)**2, 0))",
        "nansum(x*y)",
        "sum(x*y, where=~isnan(x))",
        "mean((x - y)**2, where=isfinite(x))",
    ],
)
def test_what_is_left_out_for_being_nan_leaves_no_trace(formula: str) -> None:
    compiled = sb.compile_value_and_grad(formula, inputs="x[n] y")
    value, (x_bar, y_bar) = compiled(NAN, 3.0)
    rest, (rest_bar, rest_y) = compiled(NAN[1:], 3.0)
    assert (value, y_bar) == (rest, rest_y)
    assert x_bar.tolist() == [0.0, *rest_bar]


@pytest.mark.parametrize(
    ("formula", "x"),
    [
        ("where(s > 0, mean(log(x)), 0)", [0.0, 2.0, 1.0]),
        ("where(s > 0, max(1/x), 0)", [0.0, 2.0, 1.0]),
        ("where(s > 0, prod(1/x), 0)", [0.0, 2.0, 1.0]),
        ("where(s > 0, log(x) @ x, 0)", [0.0, 2.0, 1.0]),
        ("where(s > 0, cumsum(sqrt(x))[1], 0)", [0.0, -2.0, 1.0]),
        ("sum(where(x[1:] > 0, log(x)[1:], 0))", [-1.0, 0.0, 2.0]),
        ("sum(where(x > 0, concatenate([log(x[:1]), sqrt(x[1:])]), 0))", [-1.0, 0.0, 2.0]),
        ("sum(where(x[:, None] > 0, (log(x)[None]).T, 0))", [-1.0, 0.0, 2.0]),
        ("sum(where(x < 10, x**400*s, 0))", [1.0, 1e3, 2.0]),
    ],
)
def test_masks_are_followed_through_arrays(formula: str, x: list[float]) -> None:
    value, gradients = sb.compile_value_and_grad(formula, inputs="x[n] s")(np.array(x), -1.0)  # a warning is an error
    assert np.isfinite(value)
    assert all(np.all(np.isfinite(gradient)) for gradient in gradients)


def test_choices_are_made_once() -> None:
    source = sb.compile_value_and_grad("nansum(x)", inputs="x[n]").source
    assert source.count("np.where(") == 2
    assert "logical_not" not in source


@pytest.mark.parametrize(
    "branches",
    [
        "cumsum(u), u",
        "u[::-1], 2*u",
        "sum(u), u",
        "softmax(u), u",
        "sort(u), 3*u",
        "u @ outer(u, a), u",
        "u, cumsum(u)",
    ],
)
@pytest.mark.parametrize("u", ["log(1 + x**2)", "sqrt(2 + sin(x))", "tanh(x)/(1 + x**2)"])
def test_one_branch_does_not_read_what_is_safe_for_the_other(branches, u):
    """A mask that cannot be followed into an operation ends there: the operation reads every entry as it is."""
    f = sb.compile_value(f"x[n] a[n] -> u = {u}\nsum(where(x > 0, {branches})*a)")
    x, a = np.array([0.5, -1.0, 2.0, -0.3]), np.array([1.0, 2.0, -0.5, 0.7])
    chosen, other = branches.rsplit(", ", 1)
    words = {
        "cumsum": np.cumsum, "sum": np.sum, "sort": np.sort, "outer": np.outer, "log": np.log, "sqrt": np.sqrt,
        "sin": np.sin, "tanh": np.tanh, "softmax": lambda v: np.exp(v) / np.sum(np.exp(v)), "x": x, "a": a,
    }  # fmt: skip
    words["u"] = eval(u, words)
    expected = np.sum(np.where(x > 0, eval(chosen, words), eval(other, words)) * a)
    np.testing.assert_allclose(f(x, a), expected, rtol=1e-13)
