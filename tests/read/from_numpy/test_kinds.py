"""What kind of thing a traced array or size is taken for: types, patterns, texts, integers of few bits, shapes."""

from __future__ import annotations

import functools
import math
from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose

import symbackprop as sb

X = np.array([0.7, -1.3, 2.1, 0.4])
SMALL = np.array([250, 10, 3, 4], np.uint8)
SIGNED = np.array([100, 100, 1, 2], np.int8)
SINGLE = np.array([0.1, 0.2, 0.3, 0.4], np.float32)
WHOLE = np.array([12, 5, 9, 1])


def patterns(x):
    total = 0.0
    for thing in (x, x[0], len(x), np.argmax(x), x > 0, (x, 2)):
        match thing:
            case np.ndarray(ndim=1) if thing.dtype == bool:
                total += 1.0
            case np.ndarray():
                total += 2.0 * thing.sum()
            case np.integer():
                total += 3.0
            case int():
                total += 5.0 * thing
            case float():
                total += 7.0 * thing
            case (np.ndarray() as first, int(second)):
                total += 11.0 * first[1] * second
            case _:
                total += 1e6
    return total


@functools.singledispatch
def dispatched(x):
    return 0.0


@dispatched.register
def _(x: np.ndarray):
    return np.zeros(len(x)) + x**2


def classes(x):
    return x.sum() * (2.0 if x.__class__ is np.ndarray else 3.0) * (5.0 if len(x).__class__ is int else 7.0)


def appearances(x):
    n = np.shape(x)[0] * np.ndim(x) * np.size(x) * np.ndim([x, x]) * np.size(np.outer(x, x), axis=1)
    kinds = np.isscalar(x[0]) * (not np.isscalar(x)) * np.isrealobj(x) * (not np.iscomplexobj(x))
    return n * kinds * x.astype(np.result_type(x, np.float32, 1)).sum()


@pytest.mark.parametrize(
    "function",
    [
        patterns,
        classes,
        appearances,
        lambda x: dispatched(x).sum(),
        lambda x: (SMALL + SMALL) @ x,
        lambda x: (SMALL[1:] - SMALL[:-1]) @ x[1:],
        lambda x: -SMALL @ x + ~SMALL @ x,
        lambda x: (SIGNED * SIGNED) @ x + (SIGNED @ SIGNED) * x[0],
        lambda x: (SMALL + np.uint8(10)).copy() @ x,
        lambda x: (SINGLE * SINGLE + SINGLE) @ x,
        lambda x: (WHOLE >> 1) @ x + (WHOLE << 2) @ x + (WHOLE ^ 3) @ x + (1 << WHOLE[3]) * x[0],
        lambda x: (np.arange(4) >> 1) @ x + (np.arange(4) ^ 1) @ x,
        lambda x: np.sum(((x > 0) ^ (x > 1)) * x) + np.sum(((x > 0) ^ np.array([True, False, True, False])) * x),
        lambda x: x.sum() * (2.0 if 9 in WHOLE and 8 not in WHOLE else 3.0),
        lambda x: np.r_[x, 1.0, 0:3, x[::-1]] @ np.r_[np.arange(9.0), x[1:]],
        lambda x: np.sum(np.c_[x, np.ones(4), np.outer(x, x)] ** 2) + np.sum(np.c_[x[0], 2.0] * np.c_[[1.0], [x[1]]]),
        lambda x: np.r_[0 : len(x)] @ x + x[np.r_[0, 2:4]].sum() + np.r_[-1:1:4j] @ x,
        lambda x: np.sum(Fraction(1, 3) * x + x * Fraction(2, 7)) * math.pi,
    ],
)
@pytest.mark.parametrize("inputs", [{"x": "4"}, {"x": X}], ids=["declared", "example"])
def test_as_numpy_does(function, inputs):
    with np.errstate(over="ignore"):
        value, gradient = sb.compile_value_and_grad(function, inputs=inputs, wrt="x")(X)
        assert_allclose(value, function(X), rtol=1e-13)
        slopes = [(function(X + step) - function(X - step)) / 2e-6 for step in 1e-6 * np.eye(4)]
    assert_allclose(gradient, slopes, rtol=1e-6, atol=1e-6)


def test_texts_of_shapes_are_those_of_the_example():
    def function(x):
        return x.sum() if str(x.shape) == "(4,)" and f"{x.shape}" == "(4,)" else -x.sum()

    assert_allclose(sb.compile_value(function, inputs={"x": X})(X), X.sum())
    with pytest.raises(sb.UnsupportedError, match=r"size n is not known when compiling.*\(as text\)"):
        sb.compile_value(function, inputs={"x": "n"})


@pytest.mark.parametrize(
    ("function", "kind", "message"),
    [
        (lambda x: len(str(x)) * x.sum(), sb.UnsupportedError, "a text of it"),
        (lambda x: np.argsort(x) << 1, sb.UnsupportedError, "`<<` of integers works on their bits"),
        (lambda x: setattr(x, "shape", (2, 2)), sb.UnsupportedError, r"write x = x\.reshape"),
        (lambda x: x.copy().__delitem__(0), sb.UnsupportedError, r"not deleted; write a slice"),
        (lambda x: {x[0]: 1.0}, sb.UnsupportedError, "a key of it, in a dict or a set"),
        (lambda x: list(x[0]), sb.UnsupportedError, "a Python loop over a number"),
        (lambda x: np.nonzero(x), sb.UnknownNameError, "choose by a mask"),
        (lambda x: np.put(x.copy(), [0], 1.0), sb.UnknownNameError, r"write x\[index\] = value"),
        (lambda x: np.r_["0,2", x, x], sb.UnsupportedError, r"np\.r_ with text"),
        (lambda x: x.flat[0], sb.MissingAttributeError, r"write x\.ravel\(\)"),
    ],
)
def test_what_is_refused(function, kind, message):
    with pytest.raises(kind, match=message):
        sb.compile_value(function, inputs={"x": "4"})
