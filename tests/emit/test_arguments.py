"""Arguments of calls: their order, conversion, shapes; what is refused says which argument and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from timings import in_units

from symbackprop.emit.arguments import Binder
from symbackprop.errors import ArgumentError
from symbackprop.ir.graph import Guard
from symbackprop.ir.signature import ArgumentSpec
from symbackprop.ir.size import Size, maximum, named

n, d, m = named("n"), named("d"), named("m")


def spec(name: str, *shape: Size, dtype: str = "float64") -> ArgumentSpec:
    return ArgumentSpec(name, shape, dtype)


def bound(specs: Sequence[ArgumentSpec], *args: object, target: str = "numpy", **kwargs: object) -> list[Any]:
    return list(Binder(specs, (), target).bind(args, kwargs))


def refused(specs: Sequence[ArgumentSpec], *args: object, target: str = "numpy", **kwargs: object) -> str:
    with pytest.raises(ArgumentError) as caught:
        bound(specs, *args, target=target, **kwargs)
    assert isinstance(caught.value, (TypeError, ValueError))
    return str(caught.value)


LINEAR = (spec("X", n, d), spec("w", d), spec("b"), spec("y", n))
SCALARS = (spec("w"), spec("x"), spec("bias"))


# --- order ------------------------------------------------------------------------------------------------------------


def test_positional_and_keyword() -> None:
    for args, kwargs in (((1, 2, 3), {}), ((1,), {"bias": 3, "x": 2}), ((), {"bias": 3, "x": 2, "w": 1})):
        assert bound(SCALARS, *args, target="math", **kwargs) == [1.0, 2.0, 3.0]


def test_wrong_names_and_counts() -> None:
    assert refused(SCALARS, 1) == "missing arguments 'x', 'bias'; the arguments are (w, x, bias)"
    assert refused(LINEAR, 1, 2, 3) == "missing argument 'y'; the arguments are (X[n, d], w[d], b, y[n])"
    assert refused(SCALARS, 1, 2, 3, 4).startswith("4 arguments were given; the function takes 3: (w, x, bias)")
    assert "there is no argument 'bais'" in refused(SCALARS, 1, 2, bais=3)
    assert "Did you mean bias?" in refused(SCALARS, 1, 2, bais=3)
    assert refused(SCALARS, 1, 2, 3, w=4) == "argument 'w' is given twice, by position and by name"
    assert refused((), 1).startswith("1 arguments were given; the function takes 0: ()")
    assert bound(()) == []


# --- conversion -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", [2, 2.0, np.float64(2), np.float32(2), np.int8(2), np.array(2), np.array(2.0), Fraction(2), Decimal(2)]
)
def test_numbers(value: object) -> None:
    for target, kind in (("math", float), ("numpy", np.float64)):
        (result,) = bound([spec("x")], value, target=target)
        assert type(result) is kind
        assert result == 2.0
    (single,) = bound([spec("x", dtype="float32")], value)
    assert type(single) is np.float32
    (count,) = bound([spec("x", dtype="int64")], value, target="math")
    assert type(count) is int


def test_large_numbers() -> None:
    assert bound([spec("x")], 10**30, target="math") == [1e30]
    assert "too large" in refused([spec("x")], 10**400, target="math")
    for value in (10**30, 1e300, np.inf, np.uint64(2**64 - 1), [2.0**63]):
        assert "'k'" in refused([spec("k", *np.shape(value), dtype="int64")], value)


@pytest.mark.parametrize("value", [[1, 2], (1.0, 2.0), np.array([1, 2]), np.float32([1, 2]), np.array([1, 2], ">f8")])
def test_arrays_are_converted_to_the_declared_dtype(value: Any) -> None:
    for dtype in ("float64", "float32", "int64"):
        (array,) = bound([spec("x", n, dtype=dtype)], value)
        assert array.dtype == np.dtype(dtype)
        assert array.tolist() == [1, 2]


def test_right_arrays_are_passed_on() -> None:
    for dtype in ("float64", "float32", "int64", "bool"):
        value = np.ones(3, dtype)[::2]
        assert bound([spec("x", n, dtype=dtype)], value)[0] is value


def test_integers_and_booleans() -> None:
    index, mask = spec("idx", n, dtype="int64"), spec("mask", n, dtype="bool")
    assert bound([index], [True, False])[0].tolist() == [1, 0]
    assert refused([index], [1.0, 2.5]) == "argument 'idx' has fractional values, expected integers"
    assert "'idx'" in refused([index], [np.nan])
    assert bound([mask], [0, 1])[0].tolist() == [False, True]
    for wrong in ([0, 2], [0.0, 1.0], [-1]):
        assert "expected booleans" in refused([mask], wrong)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("text", "argument 'x' is a str of dtype <U4, expected real numbers"),
        (None, "argument 'x' is a NoneType, expected real numbers"),
        ([1, None], "argument 'x' is a list of dtype object"),
        ([1j], "argument 'x' is a list of dtype complex128"),
        ([[1], [1, 2]], "argument 'x' is not an array of numbers"),
        (np.ma.masked_array([1.0], [True]), "argument 'x' is a masked array; fill it"),
        (scipy.sparse.csr_array([[1.0]]), "argument 'x' is a sparse array; make it dense"),
        (scipy.sparse.coo_matrix([[1.0]]), "argument 'x' is a sparse array; make it dense"),
        (np.array(["2020-01-01"], "M8[D]"), "argument 'x' is a ndarray of dtype datetime64"),
        ({"a": 1}, "argument 'x' is a dict"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_array_of_numbers(value: object, message: str) -> None:
    assert refused([spec("x", n)], value).startswith(message)
    binder = Binder([spec("x")])
    with pytest.raises(ArgumentError, match="'x'"):
        binder.bind_arrays((value,), {}) if binder.wants_arrays((value,), {}) else binder.bind((value,), {})


def test_an_object_whose_conversion_fails() -> None:
    class Broken:
        def __array__(self, *args: object, **kwargs: object) -> None:
            raise RuntimeError("needs detach()")

    for shape in ((), (n,)):
        assert "'x' is not an array of numbers: needs detach()" in refused([spec("x", *shape)], Broken())
    assert not Binder([spec("x")]).wants_arrays((Broken(),), {})


# --- sizes ------------------------------------------------------------------------------------------------------------


def test_sizes_are_bound_across_arguments() -> None:
    binder = Binder(LINEAR, (), "numpy")
    args = (np.ones((5, 4)), np.ones(4), 1, np.ones(5))
    assert binder.sizes(args, {}) == {"n": 5, "d": 4}
    X, w, b, y = binder.bind(args, {})
    assert (X.shape, w.shape, y.shape) == ((5, 4), (4,), (5,))
    assert type(b) is np.float64


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((5, 4), (3,), (), (5,)), "argument 'w' has shape (3,), expected (d,), where d = 4 from X"),
        (((5,), (4,), (), (5,)), "argument 'X' has shape (5,), expected (n, d)"),
        (((5, 4), (4,), (1,), (5,)), "argument 'b' has shape (1,), expected a single number"),
        (((5, 4), (4,), (), (5, 1)), "argument 'y' has shape (5, 1), expected (n,), where n = 5 from X"),
        (((5, 4), (), (), (5,)), "argument 'w' has shape (), expected (d,), where d = 4 from X"),
    ],
)
def test_shapes_that_do_not_fit(shapes: tuple[tuple[int, ...], ...], message: str) -> None:
    assert refused(LINEAR, *map(np.ones, shapes)) == message


def test_fixed_and_repeated_sizes() -> None:
    assert refused([spec("R", 3, n)], np.ones((2, 5))) == "argument 'R' has shape (2, 5), expected (3, n)"
    assert refused([spec("A", n, n)], np.ones((2, 5))) == "argument 'A' has shape (2, 5), expected (n, n)"
    assert bound([spec("A", 0)], [])[0].shape == (0,)


def test_expressions_are_checked_and_solved_in_any_order() -> None:
    binder = Binder([spec("a", n + m), spec("b", 2 * n + 1), spec("c", m - 1)])
    args = tuple(map(np.ones, (8, 11, 2)))
    assert binder.sizes(args, {}) == {"n": 5, "m": 3}
    assert "'b' has shape (10,), expected (2*n + 1,)" in refused([spec("b", 2 * n + 1)], np.ones(10))
    assert "'c' has shape (0,)" in refused([spec("c", n + 2)], np.ones(0))
    message = refused([spec("x", n), spec("y", maximum(n - 1, 0))], np.ones(4), np.ones(4))
    assert message == "argument 'y' has shape (4,), expected (max(n - 1, 0),), where n = 4 from x"
    for shape in ((n // 2,), (n * n,), (n + m,), (6 // n,)):
        assert "cannot be told from argument 'x'" in refused([spec("x", *shape)], np.ones(4))


def test_guards() -> None:
    guards = (Guard(2, "<=", n, "x[2:]"), Guard(n, "==", m, "x + y"), Guard(d, "<", n, "unknown sizes wait"))
    binder = Binder([spec("x", n), spec("y", m)], guards)
    assert len(binder.bind((np.ones(3), np.ones(3)), {})) == 2
    with pytest.raises(ArgumentError, match=r"x\[2:\]: needs 2 <= n, got 2 and 1"):
        binder.bind((np.ones(1), np.ones(1)), {})
    with pytest.raises(ArgumentError, match=r"x \+ y: needs n == m, got 3 and 4"):
        binder.bind((np.ones(3), np.ones(4)), {})


# --- scalars over arrays ----------------------------------------------------------------------------------------------


def test_arrays_for_scalars_are_noticed() -> None:
    binder = Binder(SCALARS)
    for args in ((1.0, 2, np.float32(3)), (np.array(1.0), 2, 3), (1, 2, "x"), (1.0, 2.0)):
        assert not binder.wants_arrays(args, {})
    for args in (([1], 2, 3), (1.0, 2.0, np.ones(2)), (1, (1, 2), 3)):
        assert binder.wants_arrays(args, {})
    assert binder.wants_arrays((1.0, 2.0), {"bias": [1.0]})
    assert not Binder(LINEAR).wants_arrays((np.ones((2, 2)),), {})
    assert not Binder(()).wants_arrays((), {})


def test_arrays_for_scalars_broadcast() -> None:
    arrays, shape = Binder([*SCALARS[:2], spec("k", dtype="int64")]).bind_arrays((1, [1, 2, 3]), {"k": [[1], [2]]})
    assert shape == (2, 3)
    assert [array.dtype.name for array in arrays] == ["float64", "float64", "int64"]
    with pytest.raises(ArgumentError, match=r"broadcast.*w of shape \(2,\), x of shape \(3,\)"):
        Binder(SCALARS).bind_arrays(([1, 2], [1, 2, 3], 1), {})
    with pytest.raises(ArgumentError, match="missing argument 'bias'"):
        Binder(SCALARS).bind_arrays(([1, 2], 1), {})


def test_any_one_shape() -> None:
    binder = Binder([ArgumentSpec("x", None, "float64"), ArgumentSpec("y", None, "float64"), spec("s")])
    arrays, shape = binder.bind_arrays((np.ones((2, 3)), np.ones((2, 3)), 2), {})
    assert shape == (2, 3)
    assert arrays[2].shape == ()
    with pytest.raises(ArgumentError, match=r"one common shape.*x of shape \(2,\), y of shape \(1,\)"):
        binder.bind_arrays((np.ones(2), np.ones(1), 2), {})
    assert "declare its shape" in refused(
        [spec("A", n), ArgumentSpec("z", None, "float64")], np.ones(2), np.ones(3)
    )  # fmt: skip


# --- speed ------------------------------------------------------------------------------------------------------------


def test_floats_pass_quickly() -> None:
    binder = Binder([spec(name) for name in "abcde"])
    args = (1.0, 2.0, 3.0, 4.0, 5.0)

    def calls() -> None:
        for _ in range(2000):
            binder.wants_arrays(args, {})
            binder.bind(args, {})

    assert in_units(calls, 7) < 0.8  # usually 0.15; the benchmark `black-scholes` prints the microseconds
    assert binder.bind(args, {}) is args
