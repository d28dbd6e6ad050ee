"""Classes of the user's own of every kind: abstract, generic, with slots, with attributes on functions."""

from __future__ import annotations

import abc
import math
import typing
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import symbackprop as sb

X = np.array([0.7, -1.3, 2.1, 0.4])
Item = typing.TypeVar("Item")


class Kernel(abc.ABC):
    @abc.abstractmethod
    def of(self, x): ...

    @property
    @abc.abstractmethod
    def width(self): ...

    def summed(self, x):
        return np.zeros(len(x)) + self.of(x) * self.width


class Exponential(Kernel):
    width = 2.0

    def of(self, x):
        return x * math.exp(x[0])


class Generic(Kernel, typing.Generic[Item]):
    width = 3.0

    def of(self, x):
        return np.full(len(x), 2.0) * x * math.sin(x[1])


class Scaling(typing.Protocol):
    def scaled(self, x): ...


class Slotted(Scaling):
    __slots__ = ("unset", "weights")

    def __init__(self, weights):
        self.weights = weights

    def scaled(self, x):
        return np.zeros(len(x)) + self.weights * x * math.exp(x[0])


class WithDict(Slotted):
    def __init__(self, weights):
        super().__init__(weights)
        self.factor = 3.0

    def scaled(self, x):
        return super().scaled(x) * self.factor


@dataclass(frozen=True, slots=True)
class Frozen:
    weights: object
    power: int = 2

    def of(self, x):
        return np.zeros(len(x)) + self.weights * x**self.power * math.exp(x[0])


KERNEL = Exponential()
SLOTTED = WithDict(np.ones(4))
FROZEN = Frozen(np.ones(4))


def with_attributes(x):
    with_attributes.calls += 1
    return x * with_attributes.weights * with_attributes.calls


with_attributes.calls = 0
with_attributes.weights = np.arange(4.0)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: KERNEL.summed(x) + Exponential().summed(x) * isinstance(KERNEL, Kernel),
        lambda x: Generic().summed(x) + Generic[int]().summed(x),
        lambda x: SLOTTED.scaled(x) + Slotted(x).scaled(x) + WithDict(x).scaled(x),
        lambda x: FROZEN.of(x) + replace(FROZEN, weights=x).of(x) * isinstance(FROZEN, Frozen),
    ],
    ids=["abstract", "generic", "slots", "frozen"],
)
def test_methods_are_followed(function):
    weights = np.arange(1.0, 5.0)
    compiled = sb.compile_value_and_grad(lambda x: function(x) @ weights, inputs={"x": "4"}, wrt="x")
    value, gradient = compiled(X)
    assert_allclose(value, function(X) @ weights)
    slopes = [(function(X + step) - function(X - step)) @ weights / 2e-6 for step in 1e-6 * np.eye(4)]
    assert_allclose(gradient, slopes, rtol=1e-6)


def test_slots_and_attributes_of_functions_stay_as_they_were():
    def changes(x):
        SLOTTED.weights = x
        return SLOTTED.scaled(x).sum() + with_attributes(x).sum()

    compiled = sb.compile_value(changes, inputs={"x": "4"})
    assert_array_equal(SLOTTED.weights, 1.0)
    assert with_attributes.calls == 0
    assert_allclose(compiled(X), np.sum(X * X * math.exp(X[0]) * 3.0 + X * np.arange(4.0)))
