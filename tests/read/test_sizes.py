"""Texts of sizes against Python's own reading of them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symbackprop.errors import FormulaSyntaxError, ShapeError, SymbackpropError
from symbackprop.ir.size import evaluate
from symbackprop.read.sizes import pieces_of, read_size

texts = st.recursive(
    st.sampled_from(["n", "m", "k_1", "0", "1", "2", "7"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", " + ", " - ", "*  "]), inner).map("".join),
        st.tuples(inner, st.sampled_from(["//", " % "]), st.sampled_from(["2", "3", "-2"])).map("".join),
        inner.map("({})".format),
        inner.map("-{}".format),
        st.tuples(st.sampled_from(["min", "max"]), st.lists(inner, min_size=1, max_size=3)).map(
            lambda call: f"{call[0]}({', '.join([*call[1], '3'])})"
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=400, deadline=None)
@given(texts, st.fixed_dictionaries({name: st.integers(0, 9) for name in ("n", "m", "k_1")}))
def test_precedence_is_that_of_python(text: str, values: dict[str, int]) -> None:
    expected = eval(text, dict(values))
    pieces = pieces_of(text)
    try:
        size, position = read_size(pieces, 0, text)
    except ShapeError:
        assert expected < 0
        return
    assert pieces[position].kind == "end"
    assert evaluate(size, values) == expected


def test_a_size_ends_where_no_operator_follows() -> None:
    text = "n + 1 d, 3"
    pieces = pieces_of(text)
    size, position = read_size(pieces, 0, text)
    assert str(size) == "n + 1"
    assert pieces[position].text == "d"


@pytest.mark.parametrize("text", ["", "+", "n +", "(n", "()", "min()", "min(n", "(n, 2)", "n * * 2", "*", "max(n,)"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(FormulaSyntaxError, match=r"size|parenthes"):
        read_size(pieces_of(text), 0, text)


@pytest.mark.parametrize("text", ["n @ 2", "n.m", "n^2", "'n'", "n\0"])
def test_characters_without_a_place(text: str) -> None:
    with pytest.raises(SymbackpropError):
        pieces_of(text)
