"""Outputs are fresh and writable, and share no memory with inputs or each other."""

from __future__ import annotations

import pickle
import runpy
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import symbackprop as sb
from symbackprop.ir.signature import leaves_of


@pytest.mark.parametrize(
    ("formula", "inputs"),
    [
        ("x[k]", "x[n,d] k:int"),
        ("x[:, k]", "x[n,d] k:int"),
        ("x[k, :, k]", "x[n,d,n] k:int"),
        ("take(x, k, axis=1)", "x[n,d] k:int"),
        ("x[0]", "x[n,d]"),
        ("x[k].T[::-1]", "x[n,d,d] k:int"),
    ],
)
def test_a_part_is_a_copy(formula: str, inputs: str) -> None:
    x = np.arange(27.0).reshape(3, 3, 3)
    x = x if "x[n,d," in inputs else x[0]
    x.flags.writeable = False
    arguments = (x, 1) if ":int" in inputs else (x,)
    part = sb.compile_value(formula, inputs=inputs)(*arguments)
    assert not np.shares_memory(part, x)
    assert part.flags.writeable


@pytest.mark.parametrize(
    "text",
    ["A[n,n] -> diagonal(exp(A))", "A[n,n] -> sliding_window_view(exp(A), 2, axis=0)", "A[4,4] -> broadcast_to(exp(A[0]), (3, 4))"],
)  # fmt: skip
def test_results_can_be_written_to(text: str) -> None:
    found = sb.compile_value(text)(np.eye(4))
    assert found.flags.writeable
    assert 0 not in found.strides


def test_a_jacobian_of_windows_can_be_written_to() -> None:
    found = sb.compile_jacobian("x[n] k[3] -> convolve(x, k)", wrt="x")(np.ones(4), np.arange(3.0))
    found[0, 0] = 7.0
    assert found[1].tolist() == [1.0, 0.0, 0.0, 0.0]


def parts_of(matrix: Any) -> list[np.ndarray]:
    return [matrix.data, matrix.indices, matrix.indptr]


@pytest.mark.parametrize(
    ("derive", "text", "wrt", "arguments"),
    [
        (sb.compile_jacobian, "x[n] a[n] -> a*x", "x", "va"),  # the entries are an argument
        (sb.compile_jacobian, "x[n] a[n] -> x*a[::-1]", "x", "va"),
        (sb.compile_jacobian, "A[3,3] x[3] -> A@x", "x", "mv"),
        (sb.compile_hessian, "x[n] a[n] -> sum(a*x**2)/2", "x", "va"),
        (sb.compile_jacobian, "x[n] -> x, x, 2*x", "x", "v"),  # several blocks of the same parts
        (sb.compile_hessian, "x[n] a[n] -> a@x**2", ("x", "a"), "va"),
        (sb.compile_jacobian, "x[n] s -> s*x", "x", "vs"),  # entries that are repeated, not stored
    ],
)
def test_sparse_results_own_what_they_are_made_of(derive: Any, text: str, wrt: Any, arguments: str) -> None:
    known = {"v": np.arange(1.0, 4.0), "a": np.arange(4.0, 7.0), "m": np.ones((3, 3)), "s": 2.0}
    given = [known[name] for name in arguments]
    results = [*leaves_of(derive(text, wrt=wrt, sparse=True)(*given))]
    owned = [part for matrix in results for part in parts_of(matrix)]
    assert all(part.flags.writeable for part in owned)
    assert not any(np.shares_memory(part, x) for part in owned for x in given)
    assert not any(np.shares_memory(part, other) for part, other in combinations(owned, 2))


def test_what_is_done_to_a_sparse_result_leaves_later_ones_alone(tmp_path: Path) -> None:
    function = sb.compile_jacobian("x[200] -> concatenate((x*x[0], array([sum(x**2)])))", wrt="x", sparse=True)
    function.save(tmp_path / "saved.py")
    saved = runpy.run_path(str(tmp_path / "saved.py"))
    x = np.ones(200)
    x[7] = 0.0
    for again in (function, pickle.loads(pickle.dumps(function)), saved["jacobian"]):
        first = again(x)
        wanted = first.toarray()
        first.eliminate_zeros()
        first.data *= 2.0
        np.testing.assert_array_equal(again(x).toarray(), wanted)


def test_sparse_results_of_fresh_parts_are_not_copied() -> None:
    assert ".copy()" not in sb.compile_jacobian("x[n] -> diff(x)**2", wrt="x", sparse=True).source
