"""The arithmetic of sizes: the normal form against plain Python, text against evaluation, decisions, limits."""

from __future__ import annotations

import copy
import gc
import pickle
import threading
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symbackprop.errors import BudgetError, ShapeError
from symbackprop.ir.size import (
    Size,
    SizeExpression,
    ceil_div,
    evaluate,
    exact_division,
    is_nonnegative,
    known_equal,
    maximum,
    minimum,
    named,
    names,
    opaque,
    product,
    shape_text,
    substitute,
    to_text,
)

n, m, d, n_1 = named("n"), named("m"), named("d"), named("n_1")
Pair = tuple[Size, Callable[[dict[str, int]], int]]  # a size, and how plain Python computes it

leaves: st.SearchStrategy[Pair] = st.one_of(
    st.integers(-4, 6).map(lambda value: (value, lambda env: value)),
    st.sampled_from(["n", "m", "k_1"]).map(lambda name: (named(name), lambda env: env[name])),
)


def _combined(parts: st.SearchStrategy[Pair]) -> st.SearchStrategy[Pair]:
    binary = st.sampled_from(
        [
            (lambda a, b: a + b, lambda a, b: a + b),
            (lambda a, b: a - b, lambda a, b: a - b),
            (lambda a, b: a * b, lambda a, b: a * b),
            (minimum, min),
            (maximum, max),
        ]
    )
    divisors = st.integers(-5, 5).filter(bool)
    division = st.sampled_from([lambda a, b: a // b, lambda a, b: a % b])
    return st.one_of(
        st.builds(lambda op, a, b: (op[0](a[0], b[0]), lambda env: op[1](a[1](env), b[1](env))), binary, parts, parts),
        st.builds(lambda op, a, b: (op(a[0], b), lambda env: op(a[1](env), b)), division, parts, divisors),
        st.builds(  # by a symbolic divisor of at least 1
            lambda op, a, b: (op(a[0], maximum(b[0], 1)), lambda env: op(a[1](env), max(b[1](env), 1))),
            division, parts, parts,
        ),
    )  # fmt: skip


expressions = st.recursive(leaves, _combined, max_leaves=7)
environments = st.fixed_dictionaries({name: st.integers(0, 9) for name in ("n", "m", "k_1")})


@settings(max_examples=400, deadline=None)
@given(expressions, environments)
def test_normal_form_keeps_the_value(pair: Pair, env: dict[str, int]) -> None:
    size, plain = pair
    assert evaluate(size, env) == plain(env)


@settings(max_examples=300, deadline=None)
@given(expressions, environments)
def test_text_is_python_of_the_same_value(pair: Pair, env: dict[str, int]) -> None:
    assert eval(to_text(pair[0]), dict(env)) == evaluate(pair[0], env)


@settings(max_examples=300, deadline=None)
@given(expressions, expressions, environments)
def test_decisions_hold_for_all_values(a: Pair, b: Pair, env: dict[str, int]) -> None:
    left, right = evaluate(a[0], env), evaluate(b[0], env)
    known = known_equal(a[0], b[0])
    assert known is None or known == (left == right)
    assert not is_nonnegative(a[0]) or left >= 0
    quotient = exact_division(a[0], b[0])
    assert quotient is None or evaluate(quotient, env) * right == left


@settings(max_examples=200, deadline=None)
@given(expressions, expressions, expressions)
def test_sums_and_products_have_one_form(a: Pair, b: Pair, c: Pair) -> None:
    x, y, z = a[0], b[0], c[0]
    for left, right in ((x + (y + z), (z + x) + y), (x * (y + z), z * x + y * x), (minimum(x, y), minimum(y, x))):
        assert left is right or (isinstance(left, int) and left == right)


@settings(max_examples=200, deadline=None)
@given(expressions)
def test_copies_are_the_same_object(pair: Pair) -> None:
    size = pair[0]
    if isinstance(size, SizeExpression):
        assert copy.copy(size) is size
        assert copy.deepcopy(size) is size
        assert pickle.loads(pickle.dumps(size)) is size


@pytest.mark.parametrize(
    ("size", "text"),
    [
        ((2 * n) // 2, "n"),
        ((n + 1) - 1, "n"),
        (n - n, "0"),
        ((2 * n + 4) // 2, "n + 2"),
        ((2 * n) // 4, "n//2"),
        ((2 * n + 1) // 4, "n//2"),
        ((n // 2) // 3, "n//6"),
        ((n * d) // d, "(d*n)//d"),  # d may be 0
        ((n * d + n) // (d + 1), "(d*n + n)//(d + 1)"),
        (n + 1, "n + 1"),
        (2 * n, "2*n"),
        (5 - n, "5 - n"),
        (5 - n // 2, "5 - n//2"),
        (-(n // 2), "-(n//2)"),
        (m - n // 2, "m - n//2"),
        (2 * (n // 2), "2*(n//2)"),
        (n_1 // 2, "n_1//2"),
        ((n + 1) // 2, "(n + 1)//2"),
        (n % 2, "n % 2"),
        ((n + 2) % 2 + 1, "n % 2 + 1"),
        (n % -3, "-((2*n) % 3)"),
        (n // -3, "(-n)//3"),
        (d // n, "d//n"),
        (maximum(n - 1, 0), "max(n - 1, 0)"),
        (maximum(n, 0), "n"),
        (minimum(n, n + 1), "n"),
        (minimum(n, minimum(m, 3), n), "min(m, n, 3)"),
        (maximum(maximum(n - 1, 0) - 1, 0), "max(n - 2, 0)"),
        (maximum(n - minimum(n, 3), 0), "max(n - 3, 0)"),
        (ceil_div(n, 2), "(n + 1)//2"),
        (ceil_div(maximum(n - 1, 0), 2), "n//2"),
        (product([n, d, 2]), "2*d*n"),
        (0 // n, "0"),
    ],
)  # fmt: skip
def test_text(size: Size, text: str) -> None:
    assert to_text(size) == text
    assert str(size) == text
    assert repr(size) == text


def test_constants_are_plain_integers() -> None:
    for size in (n - n, (n + 1) - n, (2 * n) % 2, minimum(3, 4), maximum(n, n) - n, product([])):
        assert type(size) is int


def test_interning_is_weak_and_safe_across_threads() -> None:
    built: list[Size] = []
    barrier = threading.Barrier(4)

    def build() -> None:
        barrier.wait()
        built.extend([maximum(named(f"t{i}") - 1, 0) for i in range(200)])

    threads = [threading.Thread(target=build) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(size) for size in built}) == 200
    from symbackprop.ir import polynomial

    built.clear()
    for remembering in (
        polynomial._sum,
        polynomial._product,
        polynomial.divide,
        polynomial.remainder,
        polynomial._extreme,
    ):
        assert remembering.cache_info().maxsize == polynomial._KEPT  # what is kept of results is bounded
        remembering.cache_clear()
    gc.collect()
    assert not [text for text in map(str, polynomial._table.values()) if text.startswith("max(t1")]


def test_order_is_by_structure_and_names_differ_from_counts() -> None:
    assert sorted([m, n, d]) == [d, m, n]
    assert opaque("n") is not n
    assert known_equal(opaque("n"), n) is None
    assert sorted([opaque("n"), n]) == sorted([n, opaque("n")])
    assert hash(n + 1) == hash(1 + n)
    with pytest.raises(TypeError):
        n < 3  # noqa: B015
    with pytest.raises(AttributeError):
        n.sort_key = "m"


def test_only_integers_take_part() -> None:
    for wrong in (2.5, "2", None):
        with pytest.raises(TypeError):
            n * wrong  # type: ignore[operator]
    np = pytest.importorskip("numpy")
    assert np.int64(2) * n is 2 * n
    assert (4 * n) // np.int64(2) is 2 * n


def test_known_equal() -> None:
    assert known_equal(2 * n, n + n) is True
    assert known_equal(n, n + 1) is False
    assert known_equal(3, 4) is False
    assert known_equal(n, m) is None


def test_exact_division() -> None:
    assert exact_division(n * d, d) is n
    assert exact_division(n * d + d, n + 1) is d
    assert exact_division((n + m) * (n - m) * 6, 2 * (n + m)) is 3 * n - 3 * m
    assert exact_division(12, 4) == 3
    assert exact_division(0, n) == 0
    for a, b in ((n, 0), (n, 2), (12, 5), (n, d), (n * d, n + 1), (n + 1, 2 * n)):
        assert exact_division(a, b) is None


def test_nonnegative() -> None:
    for size in (n, n - minimum(n, 3), n - n // 2, 2 * n - maximum(n, m) + m, n % 3, 2 - n % 3, maximum(n - 1, 0)):
        assert is_nonnegative(size)
    for size in (n - 1, n - m, -n, n % -3, (n - 1) // 2, minimum(n, m - 1)):
        assert not is_nonnegative(size)


def test_names_substitute_evaluate() -> None:
    size = maximum(n - 1, 0) * d + opaque("k1") // 2
    assert names(size) == ("d", "k1", "n")
    assert names(3) == ()
    assert substitute(size, {"n": m + 1, "k1": 4}) is m * d + 2
    assert evaluate(size, {"n": 3, "d": 5, "k1": 3}) == 11
    with pytest.raises(ShapeError, match=r"'k1' of .* has no value"):
        evaluate(size, {"n": 3, "d": 5})
    with pytest.raises(ShapeError, match="divided by 0"):
        evaluate(d // n, {"n": 0, "d": 5})
    with pytest.raises(ShapeError, match="divided by 0"):
        n % 0
    with pytest.raises(ShapeError):
        minimum()


def test_sums_with_extrema_that_a_number_bounds_have_one_form() -> None:
    assert maximum(n - 1, 0) + 1 is maximum(n, 1)
    assert 1 + minimum(n, 3) is minimum(n + 1, 4)
    assert n * (minimum(n, 1) + 1) is n * minimum(n, 1) + n
    assert maximum(n, 1) + maximum(m, 1) - maximum(m, 1) is maximum(n, 1)
    assert minimum(n, 3) + maximum(n - 3, 0) is n and minimum(3, n) + maximum(3 - n, 0) == 3
    assert is_nonnegative(n * minimum(n, 3)) and not is_nonnegative(n * minimum(n - 1, 3))


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (maximum(n, 1), "max(n, 1)"),
        (maximum(n - 1, 0), "max(n - 1, 0)"),
        (n - minimum(n, 3), "n - min(n, 3)"),
        (2 * minimum(n, 3) + 1, "2*min(n, 3) + 1"),
        (m * minimum(n, 3), "min(n, 3)*m"),
        (minimum(n, 3) - 5, "min(n - 3, 0) - 2"),
        (maximum(n, 1) + maximum(m, 1), "max(m - 1, 0) + max(n - 1, 0) + 2"),
    ],
)
def test_a_number_that_bounds_is_written_inside(size: Size, text: str) -> None:
    assert str(size) == text
    for values in ({"n": 0, "m": 0}, {"n": 1, "m": 0}, {"n": 5, "m": 2}):
        assert evaluate(size, values) == eval(text, {}, values | {"max": max, "min": min})


def test_shape_text() -> None:
    assert [shape_text(shape) for shape in ((), (n,), (n + 1, 3))] == ["()", "(n,)", "(n + 1, 3)"]


def test_expressions_are_limited() -> None:
    def nested(levels: int) -> Size:
        size: Size = n
        for _ in range(levels):
            size = n // (maximum(size, 1) + 1)
        return size

    assert evaluate(nested(10), {"n": 100}) > 0
    for grow in (
        lambda: product(named(f"a{i}") + named(f"b{i}") for i in range(60)),
        lambda: product([n * 10**500] * 3),
        lambda: maximum(*(named(f"a{i}") for i in range(500))),
        lambda: nested(1000),
    ):
        with pytest.raises(BudgetError):
            grow()
