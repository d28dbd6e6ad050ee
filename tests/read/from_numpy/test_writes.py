"""Writing into arrays inside a function: updates, views that see them, arrays that share memory and those that do not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from timings import least_seconds

import symbackprop as sb
from symbackprop.compilation import uncollected
from symbackprop.read.from_numpy.trace import trace_function

X = np.array([0.7, -1.3, 2.1, 0.4])


def entry(x):
    y = x.copy()
    y[0] = 2 * x[1]
    return y


def parts(x):
    y = np.zeros(4)
    y[1:3] = x[:2]
    y[1:3] += x[2]
    y[-1] = y[1] * x[3]
    return y


def operators(x):
    y = x * 1.0
    y += x[0]
    y *= x
    y -= 1.0
    y /= 2.0 + x[0]
    y **= 2
    return y


def rows(x):
    A = np.zeros((3, 4))
    row = A[1]
    row[0] = x[0]
    row += x
    A[2] = row * 2
    A[2, 1:3] -= x[1:3]
    return A


def views_see_writes(x):
    y = x.copy()
    tail = y[1:]
    turned = y[::-1]
    y[2] = 5 * x[0]
    return tail * turned[1:]


def numbers_do_not(x):
    y = x.copy()
    first = y[0]
    y[0] = 3 * x[1]
    return first * y


def copies_do_not(x):
    y = x.copy()
    chosen = y[[0, 1]]
    kept = y.copy()
    y[0] = 7 * x[2]
    chosen[1] = 0.0
    return y[:2] * chosen + kept[:2]


def view_of_a_view(x):
    A = np.outer(x, x)
    block = A[1:3, 1:]
    corner = block[0, 1:]
    corner *= x[0]
    block[1] = 4.0
    return A


def columns(x):
    A = np.empty((4, 2))
    A[:, 0] = x
    A[:, 1] = x**2
    for i in range(4):
        A[i, 1] += A[i - 1, 0] if i else 0.0
    return A


def masks(x):
    y = x.copy()
    y[y > 0.5] = 0.5
    y[np.array([True, False, False, True])] *= 3.0
    return y


def masks_of_whole_rows(x):
    y = x * 0.0
    y[y > 0.5] = x[0]
    y[y > 0.5] += x[1]
    A = np.outer(x, x)
    mask = np.broadcast_to(x > 0.5, (4, 4))
    A[mask] = A[mask] ** 2
    return A + y


def other_forms(x):
    A = np.zeros(8).reshape(2, 4)
    A[0] = x
    B = np.outer(x, x)
    turned = B.T
    last = turned[3]
    turned[0] += x
    turned[1] = 2 * turned[0]
    last *= x
    left = np.hsplit(np.outer(x, x), 2)[0]
    left += 1.0
    return turned @ A.T @ left[:2]


def positions(x):
    y = np.zeros(3)
    y[[0, 2]] = x[:2]
    np.add.at(y, np.array([0, 0, 1]), x[1:])
    np.subtract.at(y, [2], x[0])
    np.add.at(y, slice(1, None), x[2:])
    np.subtract.at(y, 0, x[3])
    return y


def recurrence(x):
    y = np.zeros(4)
    y[0] = x[0]
    for i in range(1, 4):
        y[i] = 0.5 * y[i - 1] + x[i]
    return y


def sorted_in_place(x):
    y = x.copy()
    y.sort()
    y[0] = x[0]
    return y


def filled(x):
    y = x.copy()
    y.fill(x[0])
    y[1:] = x[1:]
    return y


def lists_stay_lists(x):
    found = [x[0], x[1]]
    found[0] = found[0] * 2
    found.append(x[2])
    return np.array(found)


def helper_writes(y, value):
    y[1] = value


def by_reference(x):
    y = x.copy()
    helper_writes(y, x[3] * 2)
    return y


def diagonal(x):
    A = np.outer(x, x)
    np.fill_diagonal(A, 1.0)
    return A


def parts_of_a_split(x):
    y = x.copy()
    first, second = np.split(y, 2)
    y[0] = 3 * x[1]
    y[3] = x[0] ** 2
    return np.outer(first, second)


def views_by_functions(x):
    A = np.outer(x, x)
    turned = np.transpose(A)
    diagonal = np.einsum("ii->i", A)
    upside_down = np.flip(A, axis=0)
    same = np.asarray(A, dtype=float)
    copied = np.array(A)
    same[0, 1] = 7.0
    A[2] *= x
    return turned + diagonal + upside_down + copied


def keyword_arguments(x):
    y = x.copy()
    shaped = np.reshape(y, shape=(2, 2))
    kept = y.astype(float, copy=False)
    kept[1] = 4 * x[0]
    return shaped


def copies_that_look_like_views(x):
    A = np.outer(x, x)
    sums = np.einsum("ij->i", A)
    squared = np.diag(x.copy())
    y = x.copy()
    spread = np.diag(y)
    squared[0, 1] = 5.0
    A[0] = 0.0
    y[0] = 100.0
    return sums + squared + spread


def along_the_diagonal(x):
    A = np.outer(x, x)
    A[np.diag_indices(len(x))] = 0.0
    A[np.diag_indices_from(A)] += x
    A[np.tril_indices(4, -1)] *= 2.0
    return A


def without_axes(x):
    a = np.zeros(())
    b = a
    a += x[0]
    a[()] = a * 2
    return b * x


def whole(x):
    y = np.ones(4)
    y[...] = x
    y[:] += 1.0
    np.copyto(y, y * x)
    return y


FUNCTIONS = [
    entry, parts, operators, rows, views_see_writes, numbers_do_not, copies_do_not, view_of_a_view, columns, masks, masks_of_whole_rows, other_forms,
    positions, recurrence, sorted_in_place, filled, lists_stay_lists, by_reference, diagonal, whole,
    along_the_diagonal, copies_that_look_like_views, without_axes, parts_of_a_split, views_by_functions, keyword_arguments,
]  # fmt: skip


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_as_numpy_does(function):
    weights = np.random.default_rng(0).normal(size=function(X).shape)

    def weighted(x):
        return np.sum(function(x) * weights)

    compiled = sb.compile_value_and_grad(weighted, inputs={"x": "4"}, wrt="x")
    value, gradient = compiled(X)
    assert_allclose(value, weighted(X), rtol=1e-13)
    steps = 1e-6 * np.eye(4)
    assert_allclose(gradient, [(weighted(X + s) - weighted(X - s)) / 2e-6 for s in steps], rtol=1e-6, atol=1e-8)
    assert compiled.verify()
    assert_allclose(X, [0.7, -1.3, 2.1, 0.4])


def test_a_row_of_writes_reads_as_it_was_written():
    assert trace_function(parts, {"x": "4"}).text.split("\n") == [
        "y = np.zeros(4)",
        "y[1:3] = x[:2]",
        "y[1:3] += x[2]",
        "y[-1] = y[1] * x[3]",
        "y",
    ]


def test_symbolic_sizes():
    def shifted(x):
        y = np.zeros_like(x)
        y[1:] = x[:-1]
        y[0] = x[-1]
        return np.sum(y * np.arange(len(x)))

    compiled = sb.compile_grad(shifted, inputs={"x": "n"}, wrt="x")
    assert_allclose(compiled(np.ones(5)), [1.0, 2.0, 3.0, 4.0, 0.0])


def late_use_of(form):
    def function(x):
        A = np.outer(x, x)
        other = form(A)
        A[0] = 0.0
        return other.sum()

    return function


def written_through(form):
    def function(x):
        A = np.outer(x, x)
        row = A[0]
        form(A)[0] = 1.0
        return row.sum()

    return function


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: x.__setitem__(0, 1.0), "writes into its input"),
        (lambda x: x[1:].__setitem__(0, 1.0), "writes into its input"),
        (lambda x: x.T.__setitem__(0, 1.0), "writes into its input"),
        (lambda x: np.asarray(x).__setitem__(0, 1.0), "writes into its input"),
        (lambda x: np.add.at(x, [0], 1.0), "writes into its input"),
        (lambda x: x.sort(), "writes into its input"),
        (lambda x: np.fill_diagonal(x, 0.0), "writes into its input"),
        (written_through(lambda A: A.T), "use that form from there on"),
        (written_through(lambda A: A.reshape(-1)), "use that form from there on"),
        (written_through(lambda A: np.split(A, 2)[0]), "use that form from there on"),
        (written_through(lambda A: np.einsum("ii->i", A)), "use that form from there on"),
        (lambda x: np.diagonal(np.outer(x, x)).__setitem__(0, 1.0), "read-only in NumPy"),
        (lambda x: np.broadcast_to(x.copy(), (4, 4)).__setitem__(0, 1.0), "read-only in NumPy"),
        (lambda x: np.nan_to_num(x.copy(), copy=False), "writes into its argument"),
        (late_use_of(lambda A: np.ravel(A)), r"take a copy\(\) explicitly"),
        (late_use_of(lambda A: A[:, :2].reshape(-1)), r"take a copy\(\) explicitly"),
        (late_use_of(lambda A: np.asarray(A, order="F")), r"take a copy\(\) explicitly"),
        (lambda x: np.argsort(x)[1:].__imul__(1.5), "cannot change the dtype"),
        (lambda x: np.copyto(x.copy(), x, where=x > 0), r"x\[mask\] = value"),
        (lambda x: np.arange(3).__iadd__(x[0]), "cannot change the dtype"),
        (lambda x: x[:1].copy().__iadd__(x), "cannot change the shape"),
    ],
)
def test_what_is_refused(function, message):
    with pytest.raises(sb.SymbackpropError, match=message):
        sb.compile_value(lambda x: function(x) or x.sum(), inputs={"x": "4"})


@pytest.mark.parametrize("kind", ["rows", "views"])
def test_rows_written_one_after_the_other_take_linear_time(kind):
    def filled(x, count):
        y = np.zeros((count, 4))
        for i in range(1, count):
            if kind == "rows":
                y[i] = np.tanh(y[i - 1]) + x
            else:
                row = y[i]
                row[:] = y[i - 1]
                row += x
        return y.sum()

    def trace(count):
        with uncollected():  # as when compiling
            trace_function(filled, {"x": "4", "count": count}, None, ("count",))

    trace(50)  # what is made once
    short, long = (least_seconds(lambda count=count: trace(count)) for count in (200, 800))
    assert long < 4 * short * 2.5  # four times the work; sixteen times, were it quadratic


def test_a_long_row_of_writes_is_linear():
    def filled(x):
        y = np.zeros(3000)
        for i in range(3000):
            y[i] = x[i % 4] * (i + 1)
        return y.sum()

    compiled = sb.compile_grad(filled, inputs={"x": "4"}, wrt="x")
    assert_allclose(compiled(X), [sum(range(k + 1, 3001, 4)) for k in range(4)])
