"""What a function finds around it: arrays that change, containers, shared variables, classes, modules, errors it catches."""

from __future__ import annotations

import abc
import contextlib
import functools
import math
import sys
import types
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.testing import assert_allclose

import symbackprop as sb

X = np.array([0.7, -1.3, 2.1, 0.4])
K = np.array([1.0, 2.0, 3.0, 4.0])
BIG = np.arange(50.0)
HELD: list[float] = []
TABLE = {"scale": lambda x: np.zeros(4) + x * math.exp(0.0), "values": [K, 2.0]}


def changed_after_use(x):
    D = K * 2
    a = x @ D
    D[0] = 50.0
    return a + x @ D


def copied_and_written(x):
    b = K.copy()
    b[0] = x[0]
    b[1:] = x[1:] * b[1:]
    c = K * 2
    c += x
    return np.sum(b * c)


def positions_that_change(x):
    order = np.argsort(K)[::-1].copy()
    a = x[order] @ K
    order[0] = 0
    return a + x[order] @ K


def buffer(x):
    work = np.empty(4)
    total = 0.0
    for i in range(3):
        work[:] = K * i
        total = total + x @ work
    return total


def computed_once(x):
    return x @ (BIG[:4] ** 2) + np.sum(np.unique(K)) * x[0] + float(K[1]) * x[1] + (x[2] if K[0] > 0 else x[3])


def repeated_lists(x):
    return np.array([1.0] * len(x)) @ x + len((2,) * len(x)) * x[0] + {4: 2.0}.get(len(x), 7.0) * x[1]


def sizes_as_numbers(x):
    n = len(x)
    return x.sum() * (1.0 if n == 4.0 else 2.0) * (3.0 if n > 3.5 else 4.0) * (n & 4) * divmod(n, 3)[1] * len(f"{n}")


def kinds(x):
    a = 2.0 if isinstance(x[0], np.ndarray) else 3.0
    b = 2.0 if isinstance(x, np.ndarray | float) else 3.0
    c = 2.0 if isinstance(x.sum(), (float, (int,))) else 3.0
    d = 2.0 if isinstance((x > 0).sum(), np.integer) else 3.0
    e = 2.0 if type(x) is np.ndarray else 3.0
    f = 2.0 if isinstance(len(x), int) else 3.0
    return x.sum() * a * b * c * d * e * f


def from_a_dict(x):
    return TABLE["scale"](x) @ TABLE["values"][0] * TABLE["values"][1]


def appended(x):
    HELD.append(1.0)
    for entry in range(3):
        HELD.append(entry)
    return x.sum() * len(HELD)


def shared_variable():
    scale = 1.0

    def change(value):
        nonlocal scale
        scale = value

    def function(x):
        change(2.0)
        return scale * x.sum()

    return function


def with_memo(x, memo={}):  # noqa: B006
    if "norm" not in memo:
        memo["norm"] = np.sqrt(np.sum(x**2))
    return memo["norm"] * x.sum()


@functools.lru_cache
def cached(k):
    return np.full(4, float(k)) @ K


def calls_cached(x):
    return cached(3) * x.sum()


class Base:
    rate = property(lambda self: 1.0)

    def act(self, x):
        return np.exp(x)

    @classmethod
    def make(cls, width):
        return cls(width)

    def __init__(self, width=1.0):
        self.width = width


class Derived(Base):
    rate = 2.0
    act = staticmethod(np.tanh)

    @classmethod
    def make(cls, width):
        return super().make(width * 2)


def overrides(x):
    thing = Derived.make(1.5)
    return np.sum(thing.act(x)) * thing.rate * thing.width


class Abstract(abc.ABC):
    @abc.abstractmethod
    def of(self, x): ...


class Slotted:
    __slots__ = ("width",)

    def __init__(self, width):
        self.width = width


@dataclass
class Point:
    x: object
    y: object

    def length(self):
        return np.sqrt(self.x**2 + self.y**2)


SLOTTED = Slotted(2.0)


def dataclasses_and_slots(x):
    return Point(x[0], x[1]).length() * SLOTTED.width + Point(x[2], 1.0).length()


FUNCTIONS = [
    changed_after_use, copied_and_written, positions_that_change, buffer, computed_once, repeated_lists,
    sizes_as_numbers, kinds, from_a_dict, shared_variable(), with_memo, calls_cached, overrides, dataclasses_and_slots,
]  # fmt: skip


@pytest.mark.parametrize("inputs", [{"x": "4"}, {"x": X}], ids=["declared", "example"])
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_as_numpy_does(function, inputs):
    compiled = sb.compile_value_and_grad(function, inputs=inputs, wrt="x")
    value, gradient = compiled(X)
    with_memo.__defaults__[0].clear()
    assert_allclose(value, function(X), rtol=1e-13)
    found = []
    for step in 1e-6 * np.eye(4):
        with_memo.__defaults__[0].clear()
        above = function(X + step)
        with_memo.__defaults__[0].clear()
        found.append((above - function(X - step)) / 2e-6)
    with_memo.__defaults__[0].clear()
    assert_allclose(gradient, found, rtol=1e-6, atol=1e-8)


def test_containers_stay_as_they_were():
    HELD.clear()
    compiled = sb.compile_value(appended, inputs={"x": X})
    assert HELD == []
    assert_allclose(compiled(X), X.sum() * 4)
    assert K.tolist() == [1.0, 2.0, 3.0, 4.0]


def test_what_is_known_is_computed_once():
    compiled = sb.compile_grad(lambda x: np.sum(x @ (np.outer(BIG, BIG) @ BIG)), inputs={"x": "50"}, wrt="x")
    assert "outer" not in compiled.source
    assert_allclose(compiled(np.ones(50)), np.outer(BIG, BIG) @ BIG)


def test_modules_of_the_user_s(monkeypatch):
    module = types.ModuleType("their_module")
    exec(
        "import numpy as np, math\n"
        "def scaled(x):\n    return np.array([x[0], 1.0]).sum() * math.sin(x[1]) * (2.0 if isinstance(x, np.ndarray) else 3.0)\n",
        module.__dict__,
    )
    monkeypatch.setitem(sys.modules, "their_module", module)

    def function(x):
        from their_module import scaled

        return scaled(x) + module.scaled(x)

    compiled = sb.compile_value(function, inputs={"x": "4"})
    assert_allclose(compiled(X), function(X))


def swallowed_float(x):
    try:
        k = float(x[0])
    except (TypeError, ValueError):
        k = 1.0
    return k * x.sum()


def swallowed_branch(x):
    with contextlib.suppress(Exception):
        if x[0] > 0:
            return x.sum()
    return -x.sum()


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (swallowed_float, "float"),
        (swallowed_branch, "`if`"),
        (lambda x: max(x, key=lambda v: -v), r"max\(\) with key="),
        (lambda x: x[np.argsort(x) ^ 1].sum(), "works on their bits"),
        (lambda x: x.sum() * (np.argsort(x) ** -1).sum(), "negative power"),
        (lambda x: np.reciprocal(np.argsort(x)).sum() * x[0], "rounds to 0"),
        (lambda x: np.sum(np.ma.masked_less(K, 2.0) * x), "MaskedArray"),
        (lambda x: np.sum(np.add(x, 1, x.copy())), "write the result into"),
        (lambda x: K.__setitem__(0, 5.0), "of its module or closure"),
        (lambda x: np.add.at(K, [0], 1.0), "of its module or closure"),
    ],
)
def test_what_is_refused(function, message):
    with pytest.raises(sb.UnsupportedError, match=message):
        sb.compile_value(function, inputs={"x": "4"})


def test_signed_zeros_are_kept():
    signs = np.array([0.0, -0.0, 0.0, -0.0])
    compiled = sb.compile_value(lambda x: np.arctan2(signs, -np.abs(x)), inputs={"x": "4"})
    assert_allclose(compiled(X), np.arctan2(signs, -np.abs(X)))


def test_examples_that_have_to_be_numbers():
    compiled = sb.compile_grad(lambda a, b: np.sum(np.cross(a, b)), inputs={"a": np.ones(3), "b": np.ones(3)})
    assert compiled.signature[0].shape == (3,)
