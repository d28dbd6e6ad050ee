"""A network with everything that a call of it takes, drawn from a seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import symbackprop as sb
from symbackprop.ir.size import evaluate
from symbackprop.read.layers.layer import Layer

__all__ = ["Arrays", "Case", "Drawn", "below", "distribution", "mask", "normal", "one_hot", "positive", "signs", "unit"]

Arrays = dict[str, np.ndarray[Any, Any]]
Draw = Callable[[np.random.Generator, tuple[int, ...]], Any]


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.normal(size=shape)


def positive(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.uniform(0.5, 1.5, shape)


def unit(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.uniform(0.1, 0.9, shape)


def signs(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.choice([-1.0, 1.0], shape)


def mask(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Return booleans; a declared float makes them 0 and 1."""
    return rng.random(shape) < 0.6


def below(count: int) -> Draw:
    """Return what draws whole numbers from 0 to below `count`: classes, rows of a table."""
    return lambda rng, shape: rng.integers(count, size=shape)


def distribution(axis: int = -1) -> Draw:
    """Return what draws positive numbers that sum to 1 along an axis."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        given = rng.uniform(0.5, 1.5, shape)
        return given / np.sum(given, axis=axis, keepdims=True)

    return draw


def one_hot(axis: int = -1) -> Draw:
    """Return what draws a 1 among 0 along an axis."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        rest = np.delete(np.array(shape), axis)
        return np.moveaxis(np.eye(shape[axis])[rng.integers(shape[axis], size=rest)], -1, axis)

    return draw


@dataclass(frozen=True)
class Drawn:
    """What a call takes: parameters, inputs by name, states."""

    params: Arrays
    inputs: Arrays
    states: Arrays

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments by name, as compiled functions take them."""
        return {"params": self.params, **self.inputs, **({"state": self.states} if self.states else {})}


@dataclass(frozen=True)
class Case:
    """A network and how its arguments are drawn.

    Parameters
    ----------
    name : str
        Unique in its family.
    spec : str or sequence of Layer
        Text, or layers.
    data : mapping of str to draw, optional
        How inputs are drawn; `normal` by default. Parameters are normal, states positive, unless they are named here.
    sizes : mapping of str to int
        Numbers for the named sizes; m is the count of examples.
    seed : int
    inference : bool
        Whether the form for inference is compared, with its loss if it has one.
    held : tuple of str
        Real inputs whose gradients are not compared: distributions, which cannot move off a sum of 1.
    """

    name: str
    spec: str | Sequence[Layer]
    data: Mapping[str, Draw] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=lambda: {"m": 3})
    seed: int = 0
    inference: bool = False
    held: tuple[str, ...] = ()

    @property
    def network(self) -> sb.Network:
        network = sb.read_layers(self.spec)
        return network.inference(loss=True) if self.inference else network

    def draw(self) -> Drawn:
        """Return parameters, inputs and states, the same ones on every machine."""
        written = self.network.written
        rng = np.random.default_rng(self.seed)
        unknown = set(self.data) - {*written.parameters, *written.inputs, *written.states}
        assert not unknown, f"case {self.name} draws {unknown}, which its network does not have"

        def drawn(name: str, shape: Sequence[Any], dtype: str, default: Draw) -> np.ndarray[Any, Any]:
            sizes = tuple(evaluate(size, self.sizes) for size in shape)
            return np.asarray(self.data.get(name, default)(rng, sizes)).astype(dtype)

        return Drawn(
            {p.name: drawn(p.name, p.shape, "float64", normal) for p in written.parameters.values()},
            {i.name: drawn(i.name, i.shape, i.dtype, normal) for i in written.inputs.values()},
            {s.name: drawn(s.name, s.shape, "float64", positive) for s in written.states.values()},
        )

    def kinds(self) -> set[str]:
        """Return the kinds of the layers in it, those in blocks too."""
        return {layer.kind for layer in _all_layers(self.network.layers)}

    def activations(self) -> set[str]:
        """Return the activations in it, without their numbers."""
        found = {
            getattr(layer, "activation", None) or getattr(layer, "function", None)
            for layer in _all_layers(self.network.layers)
        }
        return {name.split("(")[0] for name in found if isinstance(name, str)}


def _all_layers(layers: Sequence[Layer]) -> Iterator[Layer]:
    for layer in layers:
        yield layer
        yield from _all_layers(getattr(layer, "body", ()))
