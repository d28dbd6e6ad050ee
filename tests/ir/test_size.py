"""Sizes: the normal form means what the arithmetic means."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symbackprop.errors import ShapeError
from symbackprop.ir.size import (
    Size,
    ceil_div,
    evaluate,
    exact_division,
    is_nonnegative,
    known_equal,
    maximum,
    minimum,
    named,
    names,
    product,
    shape_text,
    substitute,
    to_text,
)
from symbackprop.ir.slices import slice_length

n, d = named("n"), named("d")


def test_equal_sizes_are_one_object() -> None:
    assert n + 1 - 1 is n
    assert (n + d) * 2 is 2 * d + 2 * n
    assert n - n == 0
    assert (2 * n) // 2 is n
    assert (2 * n + 5) // 2 == n + 2
    assert maximum(n, 0) is n
    assert minimum(n, n + 1) is n
    assert pickle.loads(pickle.dumps(n * d + 1)) is n * d + 1
    assert copy.deepcopy(n) is n


def test_text_is_python() -> None:
    assert to_text(n * d + 1) == "d*n + 1"
    assert to_text(maximum(n - 1, 0)) == "max(n - 1, 0)"
    assert shape_text((n,)) == "(n,)"
    assert shape_text((n, 3)) == "(n, 3)"
    assert shape_text(()) == "()"


def test_names_never_unify() -> None:
    assert known_equal(n, d) is None
    assert known_equal(n, n + 1) is False
    assert known_equal(n, n) is True
    assert names(n * d // 2) == ("d", "n")


def test_exact_division() -> None:
    assert exact_division(n * d, n) is d
    assert exact_division(n * d + n, n) == d + 1
    assert exact_division(6 * n, 3) == 2 * n
    assert exact_division(n + 1, 2) is None


def test_missing_values_are_named() -> None:
    with pytest.raises(ShapeError, match="'d'"):
        evaluate(n * d, {"n": 3})
    with pytest.raises(ShapeError, match="divided by 0"):
        n // 0


def sizes() -> st.SearchStrategy[tuple[Size, str]]:
    """Return sizes with the Python text that they were made by."""
    atoms = st.one_of(
        st.sampled_from([(n, "n"), (d, "d")]), st.integers(-4, 6).map(lambda number: (number, f"({number})"))
    )

    def extended(inner: st.SearchStrategy[tuple[Size, str]]) -> st.SearchStrategy[tuple[Size, str]]:
        pairs = st.tuples(inner, inner)
        return st.one_of(
            pairs.map(lambda p: (p[0][0] + p[1][0], f"({p[0][1]} + {p[1][1]})")),
            pairs.map(lambda p: (p[0][0] - p[1][0], f"({p[0][1]} - {p[1][1]})")),
            pairs.map(lambda p: (p[0][0] * p[1][0], f"({p[0][1]} * {p[1][1]})")),
            pairs.map(lambda p: (minimum(p[0][0], p[1][0]), f"min({p[0][1]}, {p[1][1]})")),
            pairs.map(lambda p: (maximum(p[0][0], p[1][0]), f"max({p[0][1]}, {p[1][1]})")),
            st.tuples(inner, st.integers(1, 5)).map(lambda p: (p[0][0] // p[1], f"({p[0][1]} // {p[1]})")),
            st.tuples(inner, st.integers(1, 5)).map(lambda p: (p[0][0] % p[1], f"({p[0][1]} % {p[1]})")),
            st.tuples(inner, st.integers(1, 5)).map(lambda p: (ceil_div(p[0][0], p[1]), f"(-(-{p[0][1]} // {p[1]}))")),
        )

    return st.recursive(atoms, extended, max_leaves=6)


@settings(max_examples=300, deadline=None)
@given(sizes(), st.integers(0, 7), st.integers(0, 7))
def test_normal_form_means_the_same(made: tuple[Size, str], at_n: int, at_d: int) -> None:
    size, text = made
    expected = eval(text, {"n": at_n, "d": at_d, "min": min, "max": max})
    assert evaluate(size, {"n": at_n, "d": at_d}) == expected
    assert eval(to_text(size), {"n": at_n, "d": at_d, "min": min, "max": max}) == expected
    assert substitute(size, {"n": at_n, "d": at_d}) == expected
    if is_nonnegative(size):
        assert expected >= 0


@settings(max_examples=400, deadline=None)
@given(
    st.none() | st.integers(-8, 8),
    st.none() | st.integers(-8, 8),
    st.none() | st.integers(-3, 3).filter(bool),
    st.integers(0, 9),
)
def test_slice_lengths(start: int | None, stop: int | None, step: int | None, size: int) -> None:
    expected = len(range(size)[start:stop:step])
    assert evaluate(slice_length(n, start, stop, step), {"n": size}) == expected
    assert slice_length(size, start, stop, step) == expected


def test_products() -> None:
    assert product(()) == 1
    assert product((n, 2, d)) == 2 * n * d
