"""Functions behind a layer, by name, as formula text; and the layers that are nothing else.

Text and the option `activation` of layers call them by name, with numbers in parentheses: ``leaky_relu(0.2)``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from symbackprop.errors import ArgumentError, nearest_names
from symbackprop.read.layers.builder import Builder
from symbackprop.read.layers.layer import Layer, Value

__all__ = ["ACTIVATIONS", "Activation", "activated", "checked_activation", "default_initialiser", "elementwise_text"]

_CALL = re.compile(r"(\w+)(?:\(([^()]*)\))?")
_SELU = ("1.0507009873554805", "1.6732632423543772")  # scale and alpha (Klambauer and others, 2017, eq. 14)


@dataclass(frozen=True)
class Function:
    """An activation.

    Parameters
    ----------
    text : str
        Formula text with ``{z}``, and ``{0}``, ``{1}`` for its numbers; ``{axis}`` for the axis of the features.
    defaults : tuple of float
        Its numbers if none are given.
    initialiser : str
        What weights before it begin as.
    formula : str
        For documentation.
    """

    text: str
    formula: str
    defaults: tuple[float, ...] = ()
    initialiser: str = "glorot_uniform"


ACTIVATIONS: dict[str, Function] = {
    "identity": Function("{z}", "z"),
    "relu": Function("relu({z})", "max(z, 0)", initialiser="he_normal"),
    "leaky_relu": Function(
        "where({z} > 0, {z}, {0}*{z})", "z for z > 0, else slope*z", (0.01,), initialiser="he_normal"
    ),
    "elu": Function("where({z} > 0, {z}, {0}*expm1({z}))", "z for z > 0, else alpha*(exp(z) - 1)", (1.0,), "he_normal"),
    "celu": Function(
        "where({z} > 0, {z}, {0}*expm1({z}/{0}))", "z for z > 0, else alpha*(exp(z/alpha) - 1)", (1.0,), "he_normal"
    ),
    "selu": Function(
        f"{_SELU[0]}*where({{z}} > 0, {{z}}, {_SELU[1]}*expm1({{z}}))",
        "scale*(z for z > 0, else alpha*(exp(z) - 1))",
        initialiser="lecun_normal",
    ),
    "gelu": Function("{z}*ndtr({z})", "z*Phi(z)", initialiser="he_normal"),
    "gelu_tanh": Function(
        "0.5*{z}*(1 + tanh(sqrt(2/pi)*({z} + 0.044715*{z}**3)))",
        "z*(1 + tanh(sqrt(2/pi)*(z + 0.044715*z**3)))/2",
        initialiser="he_normal",
    ),
    "silu": Function("{z}*sigmoid({z})", "z/(1 + exp(-z))", initialiser="he_normal"),
    "mish": Function("{z}*tanh(softplus({z}))", "z*tanh(log(1 + exp(z)))", initialiser="he_normal"),
    "softplus": Function("softplus({z})", "log(1 + exp(z))", initialiser="he_normal"),
    "softsign": Function("{z}/(1 + abs({z}))", "z/(1 + |z|)"),
    "sigmoid": Function("sigmoid({z})", "1/(1 + exp(-z))"),
    "hard_sigmoid": Function("clip({z}/6 + 0.5, 0, 1)", "z/6 + 1/2, between 0 and 1"),
    "tanh": Function("tanh({z})", "tanh(z)"),
    "hard_tanh": Function("clip({z}, {0}, {1})", "z, between low and high", (-1.0, 1.0)),
    "softmax": Function("softmax({z}, axis={axis})", "exp(z)/sum(exp(z))"),
    "log_softmax": Function("log_softmax({z}, axis={axis})", "z - log(sum(exp(z)))"),
}


def activated(builder: Builder, name: str, value: Value, stem: str = "a", axis: int = -1) -> Value:
    """Write the activation `name` of a value, and return it; the identity is nothing to write.

    Parameters
    ----------
    axis : int
        That of the features of an example, along which softmax is taken.

    Raises
    ------
    ArgumentError
        On names and numbers that no activation has.
    """
    word, numbers = _parsed(name)
    if word == "identity":
        return value
    function = ACTIVATIONS[word]
    text = function.text.format(*map(repr, numbers), z=value.name, axis=builder.axis(value, axis))
    return Value(builder.let(stem, text), value.shape, "float")


def default_initialiser(activation: str) -> str:
    """Return what the weights before an activation begin as."""
    return ACTIVATIONS[_parsed(activation)[0]].initialiser


def elementwise_text(name: str) -> str | None:
    """Return an activation as a formula of the number ``z``; None for the identity and what is no function of a number."""
    word, numbers = _parsed(name)
    text = ACTIVATIONS[word].text
    return None if word == "identity" or "{axis}" in text else text.format(*map(repr, numbers), z="z")


def checked_activation(name: str) -> None:
    """Raise an error if there is no activation of this name."""
    _parsed(name)


def _parsed(text: str) -> tuple[str, tuple[float, ...]]:
    found = _CALL.fullmatch(text.replace(" ", ""))
    word = found[1] if found else text
    if found is None or word not in ACTIVATIONS:
        raise ArgumentError(
            f"there is no activation {text!r}; there are {', '.join(ACTIVATIONS)}.{nearest_names(word, ACTIVATIONS)}"
        )
    defaults = ACTIVATIONS[word].defaults
    if not found[2]:
        return word, defaults
    try:
        numbers = tuple(float(part) for part in found[2].split(","))
    except ValueError:
        numbers = ()
    if len(numbers) != len(defaults) or not all(abs(number) < float("inf") for number in numbers):
        raise ArgumentError(f"activation {text!r}: {word} takes {len(defaults)} numbers in parentheses")
    return word, numbers


@dataclass(frozen=True)
class Activation(Layer):
    """A function of each entry, or along the features: ``a = f(z)``.

    Parameters
    ----------
    function : str
        One of `ACTIVATIONS`, with its numbers in parentheses: ``"relu"``, ``"leaky_relu(0.2)"``.

    softmax and log_softmax are over the last axis of an example, whatever it is: behind a convolution that is the width of
    the image. As the activation of a convolution (``conv2d 8 3 softmax``) they are over the channels.

    At kinks
    --------
    relu, elu and their like have the derivative 0 at 0 from max, or that of the left side where they are chosen by
    ``z > 0``; hard functions have 0 at both ends outside, and share at the ends as max does.
    """

    kind: ClassVar[str] = "activation"

    function: str

    def check(self) -> None:
        checked_activation(self.function)

    def build(self, builder: Builder, *values: Value) -> Value:
        return activated(builder, self.function, values[0])
