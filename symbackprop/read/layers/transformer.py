"""The blocks of a transformer: attention and a map of each step, each with what goes past it, and layer norms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

from symbackprop.errors import ArgumentError
from symbackprop.read.layers.activations import checked_activation
from symbackprop.read.layers.attention import MultiHeadAttention
from symbackprop.read.layers.builder import Builder
from symbackprop.read.layers.dense import Dense
from symbackprop.read.layers.dropout import Dropout
from symbackprop.read.layers.initialisers import checked_initialiser
from symbackprop.read.layers.layer import Layer, Value, features, with_rank
from symbackprop.read.layers.norms import LayerNorm

__all__ = ["Transformer", "TransformerDecoder", "TransformerEncoder"]


@dataclass(frozen=True)
class Transformer(Layer):
    """The base of both blocks.

    Parameters
    ----------
    heads : int
        Of the attention, see `MultiHeadAttention`.
    units : int
        How many numbers the feed-forward map has between its two dense layers.
    activation : str
        Between these, see `Activation`.
    norm_first : bool
        Whether layers are normalised before they are entered, ``x + F(norm(x))``, in place of ``norm(x + F(x))``; what
        comes out last is then not normalised.
    dropout : float
        How likely it is in training that an entry is left out: of weights of the attention, between the dense layers, and
        of what is added; with masks as inputs (see `Dropout`).
    causal : bool
        Whether a step attends to itself and those before it alone.
    mask, lengths : bool or str
        Inputs that say where the sequence is padded, see `MultiHeadAttention`.
    bias : bool
        Whether attention and dense layers have biases.
    eps : float
        Of the layer norms.
    weights : str, float or array, optional
        How the weights begin.
    """

    heads: int
    units: int
    activation: str = "relu"
    _: KW_ONLY
    norm_first: bool = False
    dropout: float = 0.0
    causal: bool = False
    mask: bool | str = False
    lengths: bool | str = False
    bias: bool = True
    eps: float = 1e-5
    weights: Any = "glorot_uniform"

    def check(self) -> None:
        if self.units < 1:
            raise ArgumentError(f"layer {self.kind}: units is {self.units}; at least one is needed")
        checked_activation(self.activation)
        checked_initialiser(self.weights)
        self._attention(self.causal, self.mask, self.lengths)

    def _attention(self, causal: bool, mask: bool | str, lengths: bool | str) -> MultiHeadAttention:
        return MultiHeadAttention(
            self.heads, causal=causal, mask=mask, lengths=lengths, bias=self.bias, dropout=self.dropout,
            weights=self.weights,
        )  # fmt: skip

    def _attending(self) -> MultiHeadAttention:
        """Return the attention of the sequence to itself."""
        return self._attention(self.causal, self.mask, self.lengths)

    def _feeding(self, n_out: int) -> tuple[Layer, ...]:
        """Return the map of each step: two dense layers."""
        return (
            Dense(self.units, self.activation, bias=self.bias, weights=self.weights),
            *self._dropped(),
            Dense(n_out, bias=self.bias, weights=self.weights),
        )

    def _dropped(self) -> tuple[Layer, ...]:
        return (Dropout(self.dropout),) if self.dropout else ()

    def _past(self, builder: Builder, x: Value, layers: Sequence[Layer], *others: Value) -> Value:
        """Write what layers make of x, and of other values that the first of them takes, added to x; and the norm."""
        norm = LayerNorm(eps=self.eps)
        y = builder.sequence((norm,), x) if self.norm_first else x
        first, *rest = layers
        y = builder.sequence((*rest, *self._dropped()), builder.applied(first, y, *others))
        h = Value(builder.let("h", f"{x.name} + {y.name}"), x.shape)
        return h if self.norm_first else builder.sequence((norm,), h)


@dataclass(frozen=True)
class TransformerEncoder(Transformer):
    """Attention of a sequence to itself and a map of each step, each added to what it was given.

    ``h = norm(x + attention(x))``, ``a = norm(h + W2 @ f(W1 @ h + b1) + b2)``; with ``norm_first=true`` it is
    ``h = x + attention(norm(x))``, ``a = h + W2 @ f(W1 @ norm(h) + b1) + b2``.

    Options are those of `Transformer`.

    Shapes
    ------
    (t, features), an example each.

    Source
    ------
    Vaswani and others (2017), Attention is all you need, section 3.1; Xiong and others (2020), On layer normalization in
    the transformer architecture, table 1, for norms that come first.
    """

    kind: ClassVar[str] = "transformer_encoder"

    def build(self, builder: Builder, *values: Value) -> Value:
        (x,) = values
        builder.needs_rows(self.kind)
        with_rank(x, 2, self.kind, "time and features")
        h = self._past(builder, x, (self._attending(),))
        return self._past(builder, h, self._feeding(features(x, self.kind)))


@dataclass(frozen=True)
class TransformerDecoder(Transformer):
    """Attention of a sequence to itself and to the memory that an encoder made, and a map of each step.

    It takes the sequence and the memory, ``from=x,memory``. Each of the three is added to what it was given, with norms as
    in `TransformerEncoder`.

    Options are those of `Transformer`, and besides

    Parameters
    ----------
    causal : bool
        True by default.
    memory_mask, memory_lengths : bool or str
        Inputs that say where the memory is padded: ``memory_mask``, ``memory_lengths``, or of other names, such as those
        that the encoder has.

    Shapes
    ------
    (t, features) and (s, features of the memory) to (t, features), an example each.

    Source
    ------
    Vaswani and others (2017), Attention is all you need, section 3.1.
    """

    kind: ClassVar[str] = "transformer_decoder"
    arity: ClassVar[int | None] = 2

    causal: bool = True
    memory_mask: bool | str = False
    memory_lengths: bool | str = False

    def check(self) -> None:
        super().check()
        self._attending_to_memory()

    def _attending_to_memory(self) -> MultiHeadAttention:
        mask = "memory_mask" if self.memory_mask is True else self.memory_mask
        return self._attention(False, mask, "memory_lengths" if self.memory_lengths is True else self.memory_lengths)

    def build(self, builder: Builder, *values: Value) -> Value:
        x, memory = values
        builder.needs_rows(self.kind)
        with_rank(x, 2, self.kind, "time and features")
        h = self._past(builder, x, (self._attending(),))
        h = self._past(builder, h, (self._attending_to_memory(),), memory)
        return self._past(builder, h, self._feeding(features(x, self.kind)))
