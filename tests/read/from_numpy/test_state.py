"""What a function does to its surroundings stays inside the trace: defaults, fixed values, containers, arrays."""

from __future__ import annotations

import functools
import math
import types
import typing
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import symbackprop as sb

X = np.array([0.7, -1.3, 2.1, 0.4])
ONES = np.ones(4)


def needs_a_clone(x):
    return np.zeros(len(x)) + x * math.exp(x[0]) + np.array([x[0], 1.0, 2.0, x[1]])


def slope(function):
    return np.array([(function(X + step) - function(X - step)) / 2e-6 for step in 1e-6 * np.eye(4)])


def agree(function, *, static=(), **fixed):
    compiled = sb.compile_value_and_grad(function, inputs={"x": "4", **fixed}, static=static, wrt="x")
    value, gradient = compiled(X)
    assert_allclose(value, function(X, **fixed))
    assert_allclose(gradient, slope(lambda x: function(x, **fixed)), rtol=1e-6, atol=1e-8)


# --- defaults and fixed values ----------------------------------------------------------------------------------------


def with_default_function(x, f=needs_a_clone):
    return f(x).sum()


def with_named_default(x, *, f=needs_a_clone):
    return f(x).sum()


def with_default_array(x, w=ONES):
    w = w.copy()
    w[0] = x[1]
    return w @ x


def with_function(x, f):
    return f(x).sum()


def positional(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)

    return wrapper


@positional
def with_defaults_between(x, factor=2.0, shift=1.0, power=2):
    return factor * np.sum(x**power) + shift


def test_defaults_before_what_is_declared():
    compiled = sb.compile_value(with_defaults_between, inputs={"x": "4", "shift": ""})
    assert_allclose(compiled(X, 3.0), with_defaults_between(X, 2.0, 3.0))


class Scaled:
    def __init__(self, factor):
        self.factor = factor
        self.calls = 0

    def __call__(self, x):
        self.calls += 1
        return needs_a_clone(x) * self.factor


@pytest.mark.parametrize("function", [with_default_function, with_named_default, with_default_array])
def test_defaults_are_what_the_function_sees(function):
    agree(function)


def test_fixed_values_are_what_the_function_sees():
    scaled = Scaled(2.0)
    agree(with_function, static=("f",), f=needs_a_clone)
    compiled = sb.compile_value(with_function, inputs={"x": "4", "f": scaled}, static=("f",))
    bound = sb.compile_value(functools.partial(with_function, f=scaled), inputs={"x": "4"})
    assert scaled.calls == 0
    assert_allclose([compiled(X), bound(X)], 2 * needs_a_clone(X).sum())


def test_defaults_and_fixed_values_stay_as_they_were():
    def appends(x, seen=[]):  # noqa: B006
        seen.append(x)
        return x.sum() * len(seen)

    def counts(x, options):
        options["calls"] = options.get("calls", 0) + 1
        return x.sum() * options["calls"]

    def writes(x, w=ONES):
        w += 1
        return w @ x

    options = {"calls": 3}
    for _ in range(2):
        assert_allclose(sb.compile_value(appends, inputs={"x": "4"})(X), X.sum())
        compiled = sb.compile_value(counts, inputs={"x": "4", "options": options}, static=("options",))
        assert_allclose(compiled(X), 4 * X.sum())
    assert appends.__defaults__ == ([],)
    assert options == {"calls": 3}
    with pytest.raises(sb.UnsupportedError, match="of its module or closure"):
        sb.compile_value(writes, inputs={"x": "4"})
    assert_array_equal(ONES, 1.0)


# --- containers -------------------------------------------------------------------------------------------------------


class Attributes(dict):  # type: ignore[type-arg]
    def __getattr__(self, name):
        if name not in self:
            raise AttributeError(name)
        return self[name]


Pair = namedtuple("Pair", "f w")


class Model(typing.NamedTuple):
    w: object
    b: object

    def of(self, x):
        return np.zeros(len(x)) + self.w * x * math.exp(self.b)


ORDERED = OrderedDict(f=needs_a_clone, w=ONES)
ATTRIBUTES = Attributes(f=needs_a_clone, w=ONES)
NAMESPACE = types.SimpleNamespace(f=needs_a_clone, w=ONES)
READ_ONLY = types.MappingProxyType({"f": needs_a_clone, "w": ONES})
PAIR = Pair(needs_a_clone, ONES)
MODEL = Model(ONES, 0.5)
KNOWN = {needs_a_clone}


@pytest.mark.parametrize(
    "function",
    [
        lambda x: ORDERED["f"](x) @ ORDERED["w"],
        lambda x: ATTRIBUTES.f(x) @ ATTRIBUTES["w"],
        lambda x: NAMESPACE.f(x) @ NAMESPACE.w,
        lambda x: READ_ONLY["f"](x) @ READ_ONLY["w"],
        lambda x: PAIR.f(x) @ PAIR.w,
        lambda x: next(iter(KNOWN))(x).sum(),
        lambda x: MODEL.of(x).sum(),
        lambda x: Model(x, x[0]).of(x).sum() * isinstance(MODEL, Model),
    ],
    ids=[
        "OrderedDict",
        "dict",
        "SimpleNamespace",
        "MappingProxyType",
        "namedtuple",
        "set",
        "NamedTuple",
        "made inside",
    ],
)
def test_functions_in_containers_are_followed(function):
    agree(function)


LISTS: defaultdict[str, list[object]] = defaultdict(list)
COUNTS: Counter[str] = Counter()
QUEUE = deque([1.0], maxlen=3)
ZERO_D = np.array(2.0)
WORDS = np.array(["a", "b"], dtype=object)
BYTES = bytearray(b"ab")


def changes_all(x):
    LISTS["x"].append(x)
    COUNTS["calls"] += 1
    QUEUE.append(x[0])
    NAMESPACE.w = x
    NAMESPACE.extra = x
    ORDERED["w"] = x
    np.add(ZERO_D, 1.0, out=ZERO_D)
    WORDS[0] = "c"
    BYTES[0] = 0
    return x.sum() * len(LISTS["x"]) * COUNTS["calls"] * len(QUEUE) * ZERO_D


def test_containers_and_arrays_stay_as_they_were():
    assert_allclose(sb.compile_value(changes_all, inputs={"x": "4"})(X), X.sum() * 2 * 3.0)
    assert not LISTS
    assert not COUNTS
    assert list(QUEUE) == [1.0]
    assert NAMESPACE.w is ONES
    assert not hasattr(NAMESPACE, "extra")
    assert ORDERED["w"] is ONES
    assert ZERO_D == 2.0
    assert WORDS.tolist() == ["a", "b"]
    assert bytes(BYTES) == b"ab"


def test_mapped_files_are_not_written_to(tmp_path):
    mapped = np.memmap(tmp_path / "numbers", dtype=float, mode="w+", shape=(4,))
    mapped[:] = 1.0

    def writes(x):
        mapped[0] += 1.0
        return mapped @ x

    with pytest.raises(sb.UnsupportedError, match="of its module or closure"):
        sb.compile_value(writes, inputs={"x": "4"})
    assert mapped[0] == 1.0
    assert_allclose(sb.compile_value(lambda x: mapped @ x, inputs={"x": "4"})(X), X.sum())
