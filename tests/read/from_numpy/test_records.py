"""Arguments that are records: their methods are followed, and their fields are what derivatives are with respect to."""

from __future__ import annotations

import dataclasses
import math
import pickle
import typing
from dataclasses import InitVar, dataclass, field

import numpy as np
import pytest
from numpy.testing import assert_allclose

import symbackprop as sb

X = np.array([0.7, -1.3, 2.1, 0.4])


@dataclass
class Linear:
    weight: object
    bias: object

    def of(self):
        return np.zeros(len(self.weight)) + self.weight * math.exp(self.bias) + np.array([self.bias] * 4)


class Pair(typing.NamedTuple):
    weight: object
    bias: object

    def of(self):
        return np.zeros(len(self.weight)) + self.weight * math.exp(self.bias) + np.array([self.bias] * 4)


@dataclass
class Converted:
    weight: object
    bias: object

    def __post_init__(self):
        self.weight = np.asarray(self.weight, dtype=float)

    of = Linear.of


@dataclass(frozen=True, slots=True)
class Frozen:
    weight: object
    bias: object

    def of(self):
        return self.weight * np.exp(self.bias) + self.bias


@pytest.mark.parametrize("kind", [Linear, Pair, Converted, Frozen])
def test_methods_of_records_are_followed(kind):
    def function(record):
        return np.sum(record.of() ** 2) if isinstance(record, kind) else 0.0

    compiled = sb.compile_value_and_grad(function, inputs={"record": kind(X, 0.5)}, wrt="record")
    value, gradient = compiled(kind(X, 0.3))
    assert_allclose(value, function(kind(X, 0.3)))
    assert type(gradient) is kind
    inner = 2 * (X * np.exp(0.3) + 0.3)
    assert_allclose(gradient.weight, inner * np.exp(0.3))
    assert_allclose(gradient.bias, inner @ (X * np.exp(0.3) + 1))
    assert compiled.verify()
    assert_allclose(pickle.loads(pickle.dumps(compiled))(kind(X, 0.3))[0], value)


@dataclass
class Computed:
    weight: object
    total: object = field(init=False)

    def __post_init__(self):
        self.total = np.sum(self.weight**2)


def test_fields_that_are_computed_follow_those_that_are_given():
    compiled = sb.compile_value_and_grad(lambda p: p.total * np.sum(p.weight), inputs={"p": Computed(X)}, wrt="p")
    value, gradient = compiled(Computed(X))
    assert_allclose(value, np.sum(X**2) * X.sum())
    assert_allclose(gradient.weight, 2 * X * X.sum() + np.sum(X**2))


@dataclass
class Doubled:
    weight: object

    def __post_init__(self):
        self.weight = 2 * self.weight


@dataclass
class Initialised:
    weight: object
    factor: InitVar[float] = 3.0

    def __post_init__(self, factor):
        self.factor_used = factor


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (Doubled(X), "p is a Doubled, which changes its field 'weight' when it is made"),
        (Initialised(X, factor=5.0), "made with 'factor', which is none of its fields"),
        (dataclasses.make_dataclass("Titled", ["weight", "title"])(X, None), r"p\.title is None, which is no array"),
    ],
)
def test_records_that_cannot_be_made_again_are_refused(record, message):
    with pytest.raises(sb.SymbackpropError, match=message):
        sb.compile_grad(lambda p: np.sum(p.weight), inputs={"p": record})


class Found(typing.NamedTuple):
    loss: object
    parts: object

    def doubled(self):
        return self._replace(loss=2 * self.loss)


def found_by(x):
    return {"all": Found(np.sum(x**2), Pair(x[0], 3 * x)).doubled(), "sum": np.sum(x)}


def test_named_tuples_come_back_as_such():
    compiled = sb.compile_value(found_by, inputs={"x": "n"})
    for function in (compiled, pickle.loads(pickle.dumps(compiled)), compiled.value):
        found = function(X)
        assert type(found["all"]) is Found
        assert type(found["all"].parts) is Pair
        assert_allclose([found["all"].loss, found["all"].parts.weight], [2 * np.sum(X**2), X[0]])
        assert_allclose(found["all"].parts.bias, 3 * X)
    assert compiled.verify()
    assert type(compiled.function(X)["all"]) is tuple


def test_gradients_of_named_tuples_are_named():
    compiled = sb.compile_value_and_grad(lambda x, y: Pair(x * y, x + y))
    value, gradient = compiled(2.0, 3.0)
    assert value == Pair(6.0, 5.0)
    assert gradient == Pair((3.0, 2.0), (1.0, 1.0))
    assert type(value) is type(gradient) is type(compiled.value(2.0, 3.0)) is Pair
    mapped = compiled(np.array([2.0, 1.0]), 3.0)[0]
    assert type(mapped) is Pair
    assert_allclose(mapped.weight, [6.0, 3.0])


def test_named_tuples_of_functions_that_are_compiled_again():
    inner = sb.compile_value_and_grad(lambda x: Pair(np.sum(x**2), np.sum(x)), inputs={"x": "n"}, wrt="x")
    outer = sb.compile_value(lambda x: inner(x)[0].weight * inner(x)[1].weight[0] + inner(x)[0].bias, inputs={"x": "n"})
    assert_allclose(outer(X), np.sum(X**2) * 2 * X[0] + np.sum(X))


def test_named_tuples_of_classes_inside_functions_are_pickled_as_tuples():
    class Inner(typing.NamedTuple):
        value: object

    compiled = sb.compile_value(lambda x: Inner(2 * x))
    assert compiled(3.0) == Inner(6.0)
    assert type(compiled(3.0)) is Inner
    assert type(pickle.loads(pickle.dumps(compiled))(3.0)) is tuple
