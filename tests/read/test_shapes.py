"""Declarations of inputs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symbackprop.errors import ArgumentError, SymbackpropError
from symbackprop.ir.signature import ArgumentSpec
from symbackprop.ir.size import maximum, minimum, named
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


@pytest.mark.parametrize(
    ("text", "declarations"),
    [
        ("X[(n+1)*2, d] -> sum(X)", "X[(n+1)*2, d] "),
        ("X[n,d]\nw[d]\n-> sum(X @ w)", "X[n,d]\nw[d]\n"),
        ("-> 2", ""),
        ("u = x\nu -> 1", None),
        ("f(x) -> 1", None),
        ('einsum("ij->ji", x[0])', None),
        ("# x -> y\nx", None),
        ("x[ -> 1", "x[ "),
    ],
)
def test_prefix_is_what_can_be_a_declaration(text: str, declarations: str | None) -> None:
    found, start = split_declarations(text)
    assert found == declarations
    assert start == (0 if declarations is None else len(declarations) + 2)


def test_separators_and_blanks() -> None:
    wanted = read_declarations("X[n,d] w[d] b idx[k]:int")
    for text in ("X[n, d], w[d], b, idx[k]:int", " X [ n d ]\nw[d]\tb[] idx[k] : int64 "):
        assert read_declarations(text) == wanted
    assert read_declarations({"X": "n, d", "w": ["d"], "b": (), "idx": "k : int"}) == wanted
    assert read_declarations({"k": ":int"}) == (ArgumentSpec("k", (), "int64"),)
    assert read_declarations("x[n]", "float32")[0].dtype == "float32"
    for anything in ("...", " ... ", ..., (...,), ["..."]):
        assert read_declarations({"z": anything})[0].shape is None
    assert read_declarations("ﬁ[n]")[0].name == "fi"  # as Python reads it
    assert read_declarations(None) == read_declarations("") == read_declarations({}) == ()


def test_sizes_of_tuples() -> None:
    assert read_declarations({"x": (np.int64(3), n + 1, "2 * d")})[0].shape == (3, n + 1, 2 * d)
    for wrong in ((2.0,), (True,), ("n m",), (None,), ((1, 2),), ([1],), ("",), (n, -1)):
        with pytest.raises(SymbackpropError, match="input 'x'"):
            read_declarations({"x": wrong})


def test_examples_that_might_be_shapes_are_refused() -> None:
    with pytest.raises(ArgumentError, match=r"Write the tuple \(3, 4\) for a shape"):
        read_declarations({"x": [3, 4]})
    assert read_declarations({"x": [[1.0, 2.0]]})[0].shape == (1, 2)
    for wrong in (None, object(), {"a": 1}, [[1.0], [1.0, 2.0]], "x[n]", "n:int:bool", "n ]", ":"):
        with pytest.raises(SymbackpropError, match="input 'x'"):
            read_declarations({"x": wrong})


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("X[n", "[", "not closed"),
        ("x y x", "x y x"[4:], "declared twice"),
        ("a[n] lambda[n]", "lambda", "reserved word"),
        ("x[n+]", "]", "a size is missing"),
        ("x[2, (n]", "]", "parenthesis is not closed"),
        ("x[n-n-1]", "n-n-1", "negative"),
        ("x[n//0]", "n//0", "divided by 0"),
        ("x[n]:str", "str", "choose int or bool"),
        ("x[n]:float32", "float32", "dtype='float32'"),
        ("x[n, ...]", "...", "stands alone"),
        ("x + y", "+", "a name is expected"),
        ("x[n] ; y", ";", "has no place"),
        ("x[3.5]", ".", "has no place"),
        ("x[9999999999999999999999]", "9999999999999999999999", "too large"),
    ],
)
def test_errors_show_the_place(text: str, place: str, message: str) -> None:
    with pytest.raises(SymbackpropError, match=message) as caught:
        read_declarations(text)
    assert caught.value.formula == text
    assert caught.value.span is not None
    assert text[slice(*caught.value.span)] == place


@pytest.mark.parametrize(
    "text",
    [
        "x" + " " * 200_000 + "+",
        "x[" + "(" * 100_000,
        "x[" + "-" * 100_000 + "n]",
        "x[" + "9" * 100_000 + "]",
        "x[" + "+".join(f"a{i}" for i in range(20_000)) + "]",
        "x[" + "*".join(f"(a{i}+b{i})" for i in range(60)) + "]",
        "x[" + "n//(1+" * 90 + "n" + ")" * 90 + "]",
        "x\0y",
    ],
    ids=lambda text: text[:12],
)
def test_hostile_declarations_fail_soon(text: str) -> None:
    with pytest.raises(SymbackpropError):
        read_declarations(text)


sizes = st.recursive(
    st.integers(0, 9) | st.sampled_from([n, d]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda p: p[0] + p[1]),
        st.tuples(inner, inner).map(lambda p: p[0] * p[1]),
        st.tuples(inner, inner).map(lambda p: maximum(p[0] - p[1], 0)),
        st.tuples(inner, inner).map(lambda p: minimum(*p)),
        st.tuples(inner, st.integers(1, 5)).map(lambda p: p[0] // p[1]),
        st.tuples(inner, st.integers(1, 5)).map(lambda p: p[0] % p[1]),
    ),
    max_leaves=5,
)
specs_of_any_kind = st.lists(
    st.builds(
        ArgumentSpec,
        st.sampled_from(["X", "w", "b", "idx", "müü", "min", "n", "k_1"]),
        st.none() | st.lists(sizes, max_size=3).map(tuple),
        st.sampled_from(["float64", "int64", "bool"]),
    ),
    unique_by=lambda spec: spec.name,
)


@settings(max_examples=150, deadline=None)
@given(specs_of_any_kind)
def test_text_reads_back_as_the_same(specs: list[ArgumentSpec]) -> None:
    assert read_declarations(declarations_text(specs)) == tuple(specs)
