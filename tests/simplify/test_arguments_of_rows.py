"""Rows say which arguments they look for; none of them would fit a node that has no such argument."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import symbackprop as sb
from symbackprop.simplify import pattern, pipeline
from symbackprop.simplify.pattern import Row
from tests.formulas import ALL

FORMULAS = [
    *ALL[::6],
    "X[n,d] w[d] y[n] -> mean((X @ w - y)**2)", "A[n,n] x[n] -> x @ A @ x + trace(A @ A)",
    "X[n,d] W[d,k] b[k] -> sum(tanh(X @ W + b)) + sum(softmax(X @ W)[:, 0])", "(a/b)/(c/(d*b)) + 2*(3*a*b) - a*b",
    "x[n] y[n] -> logsumexp(x - y) + sum(expit(x) * (1 - expit(y)))", "(x*y)**2 / (x**2*z) + sqrt(x*x + y*y)/z",
]  # fmt: skip


@pytest.fixture
def shown_to_all(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Show all nodes of an operation to all of its rows."""
    pattern._table.cache_clear()
    monkeypatch.setattr(Row, "may_fit", lambda row, node: bool(node.shape) or not row.arrays)
    yield
    pattern._table.cache_clear()


@pytest.fixture(scope="module")
def found() -> list[tuple[str, object]]:
    return compiled()


def compiled() -> list[tuple[str, object]]:
    functions = [sb.compile_value_and_grad(formula) for formula in FORMULAS]
    return [(function.source, function.rewrites) for function in functions]


def test_rows_find_the_same_where_they_look_at_all_nodes(found: list[tuple[str, object]], shown_to_all: None) -> None:
    assert compiled() == found


def test_most_rows_say_what_they_look_for() -> None:
    assert sum(bool(row.of) for row in pipeline._CANONICAL) > len(pipeline._CANONICAL) / 2
