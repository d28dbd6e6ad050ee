"""Sparse Jacobians and Hessians against dense ones: random programs, both modes, several values and inputs, files."""

from __future__ import annotations

import importlib.util
import pickle
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

import symbackprop as sb
from symbackprop.api import check_saved
from symbackprop.errors import UnsupportedError

STEPS = [
    "sin({0}) * {1}", "{0} + {1}[::-1]", "concatenate(({0}[1:], {1}[:1]))", "{0}[array([5, 3, 3, 0, 1, 2])]",
    "cumsum({0}) * 0.1", "where({0} > 0.5, {1}, {0}**2)", "roll({0}, 2) * {1}", "(eye(6) - eye(6, k=2)) @ {0}",
    "np.diff({0}, prepend=0.5) - {1}", "outer({0}, {1})[:, 1]", "{0} * {1}[i]", "maximum({0}, {1})",
    "{0}.reshape(2, 3).T.reshape(6)", "convolve({0}, array([1.0, 2.0, 3.0]), 'same')", "{0} * sum({1}[:2])",
    "np.repeat({0}[::2], 2) - {1}", "sort({0}.reshape(3, 2), axis=1).reshape(6)", "{0} * stop_gradient({1})",
]  # fmt: skip


def program(rng: random.Random) -> str:
    """Return a random chain of steps over two vectors."""
    names = ["x", "(y[:, 0] * y[:, 1])"]
    lines = []
    for number in range(rng.randint(2, 4)):
        lines.append(f"t{number} = " + rng.choice(STEPS).format(*(rng.choice(names) for _ in range(2))))
        names.append(f"t{number}")
    return "x[6] y[6,2] i[6]:int -> " + "\n".join([*lines, f"t{len(lines) - 1}"])


def at_a_point(seed: int = 0) -> tuple[Any, ...]:
    rng = np.random.default_rng(seed)
    return rng.uniform(0.1, 0.9, 6), rng.uniform(0.1, 0.9, (6, 2)), rng.integers(0, 6, 6)


@pytest.mark.parametrize("seed", range(16))
def test_random_programs_have_the_entries_of_the_dense_jacobian(seed: int) -> None:
    text = program(random.Random(seed))
    dense = sb.compile_jacobian(text)(*at_a_point(seed))
    for found, wanted in zip(sb.compile_jacobian(text, sparse=True)(*at_a_point(seed)), dense, strict=True):
        assert isinstance(found, sparse.csr_array)
        assert found.has_canonical_format
        np.testing.assert_allclose(found.toarray(), wanted.reshape(found.shape), atol=1e-14)


@pytest.mark.parametrize("seed", range(6))
def test_random_programs_have_the_entries_of_the_dense_hessian(seed: int) -> None:
    head, _, last = program(random.Random(seed)).rpartition("\n")
    text = f"{head}\nsum({last}**2 * {last}[::-1])"
    dense = sb.compile_hessian(text)(*at_a_point(seed))
    found = sb.compile_hessian(text, sparse=True)(*at_a_point(seed))
    for i in range(2):
        for j in range(2):
            np.testing.assert_allclose(found[i][j].toarray(), dense[i][j].reshape(found[i][j].shape), atol=1e-13)


@pytest.mark.parametrize("mode", ["auto", "forward", "reverse"])
def test_an_arrowhead_takes_a_row_and_two_columns(mode: str) -> None:
    text = "x[30] -> concatenate((x*x[0], array([sum(x**2)])))"
    J = sb.compile_jacobian(text, sparse=True, mode=mode, wrt="x")
    x = np.linspace(0.1, 2.0, 30)
    np.testing.assert_allclose(J(x).toarray(), sb.compile_jacobian(text, wrt="x")(x))
    wide = "np.eye(30)" in J.source or "np.eye(31)" in J.source
    assert wide is (mode != "auto")


def test_a_tridiagonal_hessian_takes_three_products() -> None:
    H = sb.compile_hessian("x[50] -> sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)", sparse=True, wrt="x")
    assert "np.eye(3)[:, colours]" in H.source
    assert H(np.ones(50)).nnz == 148


def test_a_weighted_hessian_takes_the_weights_behind_the_inputs() -> None:
    text = "x[5] -> x[1:]*x[:-1]**2, sin(x)"
    bars = [np.arange(1.0, 5.0), np.arange(2.0, 7.0)]
    found = sb.compile_hessian(text, sparse=True, weighted=True, wrt="x")(np.linspace(0, 1, 5), *bars)
    wanted = sb.compile_hessian(text, weighted=True, wrt="x")(np.linspace(0, 1, 5), *bars)
    assert found.nnz == 13
    np.testing.assert_allclose(found.toarray(), wanted)


@pytest.fixture(scope="module")
def chain() -> sb.CompiledFunction:
    return sb.compile_jacobian("x[9] -> x[1:]*x[:-1], x[::2]**2", sparse=True, with_value=True, wrt="x")


def test_it_is_verified(chain: sb.CompiledFunction) -> None:
    assert chain.verify(points=1, seconds=2)


def test_a_wrong_table_is_found(chain: sb.CompiledFunction) -> None:
    other = pickle.loads(pickle.dumps(chain))
    name, table = next((name, table) for name, table in other._constants.items() if name.startswith("places"))
    other._constants[name] = table[::-1].copy()
    assert not other.verify(points=1, seconds=0.5)


def test_it_is_saved_with_its_tables_and_made_again(chain: sb.CompiledFunction, tmp_path: Path) -> None:
    path = tmp_path / "chain.py"
    chain.save(path)
    check_saved(path)
    spec = importlib.util.spec_from_file_location("chain", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    x = np.arange(1.0, 10.0)
    for f in (chain, chain.function, pickle.loads(pickle.dumps(chain)), module.jacobian):
        value, (J, K) = f(x)
        np.testing.assert_array_equal(value[0], x[1:] * x[:-1])
        assert (J.nnz, K.nnz) == (16, 5)
        np.testing.assert_array_equal(K.toarray(), np.diag(2 * x)[::2])


def test_results_share_nothing_with_the_tables(chain: sb.CompiledFunction) -> None:
    x = np.arange(1.0, 10.0)
    (first, _), (again, _) = chain(x)[1], chain(x)[1]
    first.indices[:] = 0
    first.indptr[:] = 0
    assert (again.toarray() == chain(x)[1][0].toarray()).all()


@pytest.mark.parametrize("size", [0, 1, 2])
def test_small_sizes(size: int) -> None:
    J = sb.compile_jacobian(f"x[{size}] -> sin(x)", sparse=True, wrt="x")(np.zeros(size))
    assert J.shape == (size, size)
    np.testing.assert_array_equal(J.toarray(), np.eye(size))


def test_an_input_that_is_named_twice_is_refused() -> None:
    for make in (sb.compile_jacobian, sb.compile_hessian):
        with pytest.raises(UnsupportedError, match="wrt names 'x' twice"):
            make("x[4] -> x @ x", sparse=True, wrt=("x", "x"))


def test_float32_stays_float32() -> None:
    J = sb.compile_jacobian("x[4] s -> s*x[1:]*x[:-1]", sparse=True, dtype="float32")
    assert [block.dtype for block in J(np.ones(4), 2.0)] == ["float32", "float32"]


def test_sizes_of_examples_are_numbers_where_that_is_needed() -> None:
    def summed(x: Any) -> Any:
        return np.cumsum(x) ** 2

    J = sb.compile_jacobian(summed, inputs={"x": np.ones(3)}, sparse=True, wrt="x")
    assert [spec.shape for spec in J.signature] == [(3,)]
    assert J(np.ones(3)).nnz == 6
    assert J(np.ones(3)).toarray().tolist() == [[2, 0, 0], [4, 4, 0], [6, 6, 6]]


def test_a_function_with_a_structure_and_large_constants() -> None:
    D = sparse.diags_array([np.ones(20), -np.ones(19)], offsets=[0, 1]).toarray()
    order = np.random.default_rng(0).permutation(20)

    def residual(p: dict[str, Any]) -> Any:
        return D @ np.sin(p["a"][order]) * p["b"]

    J = sb.compile_jacobian(residual, inputs={"p": {"a": "20", "b": ""}}, wrt="p", sparse=True)
    a = np.linspace(0.2, 1.4, 20)
    found = J({"a": a, "b": 2.0})
    assert set(found) == {"a", "b"}
    np.testing.assert_allclose(found["a"].toarray(), 2 * (D * np.cos(a[order]))[:, np.argsort(order)])
    assert found["a"].nnz == 39
    assert found["b"].shape == (20, 1)
    assert J.verify(points=1, seconds=0.5)


def test_blocks_of_rows_that_are_read_again_have_each_place_once() -> None:
    text = "X[n,3] M[3,3] i[m]:int -> sum((X@M)[i]**2)"
    blocks = sb.compile_hessian(text, wrt=["X", "M"], sparse=True)(np.ones((4, 3)), np.eye(3), [2, 0, 0])
    assert all(block.has_canonical_format for row in blocks for block in row)
    assert blocks[0][1].nnz == blocks[1][0].nnz == 54  # two rows that are read, each with all of M
    np.testing.assert_allclose(blocks[1][0].toarray(), blocks[0][1].toarray().T, rtol=1e-13)
