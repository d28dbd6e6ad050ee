"""Declarations of inputs."""

from __future__ import annotations

import numpy as np
import pytest

from symbackprop.errors import SymbackpropError
from symbackprop.ir.signature import ArgumentSpec
from symbackprop.ir.size import named
from symbackprop.read.shapes import declarations_text, read_declarations, split_declarations

n, d = named("n"), named("d")


def test_compact_text_and_back() -> None:
    text = "X[n,d] w[d] b idx[k]:int m[n]:bool z[...] q[2*n+1] r[n-1,3]"
    specs = read_declarations(text)
    assert specs[0] == ArgumentSpec("X", (n, d), "float64")
    assert specs[3].dtype == "int64"
    assert specs[5].shape is None
    assert read_declarations(declarations_text(specs)) == specs


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("n d", (n, d)),
        ("", ()),
        ("3 n", (3, n)),
        (("n", 3), (n, 3)),
        ((), ()),
        ("n, d", (n, d)),
        ("(n+1)*2", (2 * n + 2,)),
    ],
)
def test_shapes_in_mappings(shape: object, expected: tuple[object, ...]) -> None:
    assert read_declarations({"x": shape})[0].shape == expected


def test_examples() -> None:
    specs = read_declarations({"X": np.ones((2, 3)), "i": np.arange(4), "s": 2.5, "m": np.array([True])})
    assert [spec.shape for spec in specs] == [(2, 3), (4,), (), (1,)]
    assert [spec.dtype for spec in specs] == ["float64", "int64", "float64", "bool"]


@pytest.mark.parametrize(
    "bad",
    [
        "X[n", "X]n[", "1x[n]", "x x", "x[n+]", "x[n**2]", "x[-1]", "x[1.5]", "x[n]:str", "lambda[n]", {"x": (-1,)}, {"2": "n"},
        {3: "n"}, {"x": "n @"}, {"x": np.ones(2) * 1j}, {"x": "n : complex"}, {"x": np.array(["a"])}, 7, ["x"],
    ],
    ids=str,
)  # fmt: skip
def test_bad_declarations(bad: object) -> None:
    with pytest.raises(SymbackpropError):
        read_declarations(bad)  # type: ignore[arg-type]


def test_prefixes() -> None:
    assert split_declarations("x[n] -> sum(x)") == ("x[n] ", 7)
    assert split_declarations("sum(x)") == (None, 0)
    assert split_declarations("einsum('ij->ji', x)") == (None, 0)
