"""Attention: every step of a sequence takes a weighted mean of the steps of a sequence, with weights from their products."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, NamedTuple

from symbackprop.errors import ArgumentError, ShapeError
from symbackprop.ir.size import Size, known_equal, shape_text
from symbackprop.read.layers.arrays import extents, there_alone, within_lengths
from symbackprop.read.layers.builder import Builder
from symbackprop.read.layers.dropout import Dropout
from symbackprop.read.layers.initialisers import checked_initialiser
from symbackprop.read.layers.layer import Layer, Value, features, with_rank

__all__ = ["MultiHeadAttention"]


class _Allowed(NamedTuple):
    """Text of booleans that go with the scores; an empty one is of what is always true."""

    steps: str  # which keys a query may attend to; all, where it may attend to none
    any: str  # whether it may attend to any; empty where it always may


@dataclass(frozen=True)
class MultiHeadAttention(Layer):
    r"""Scaled dot products, several times beside each other, with weights of their own for each of the heads.

    .. code-block:: text

        q, k, v = x_q @ Wq.T + bq,  x_k @ Wk.T + bk,  x_v @ Wv.T + bv          split into heads
        p = softmax(q @ k.T / sqrt(key_size))
        a = p @ v, the heads side by side, @ Wo.T + bo

    It takes one value (self-attention), two, for queries and for keys and values (``from=x,memory``), or three.

    Parameters
    ----------
    heads : int
    key_size, value_size : int, optional
        The length of the queries and keys, and of the values of each head; the features of the queries divided by `heads`
        by default.
    causal : bool
        Whether a step attends to itself and those before it alone.
    mask : bool or str
        Whether there is an input ``mask``, or of this name, that is true where there is a key: steps that are padding are
        not attended to. Layers with the same name share it.
    lengths : bool or str
        Whether there is an input ``lengths``, or of this name, with the counts of keys, instead.
    bias : bool
    dropout : float
        How likely it is in training that a weight of p is left out, with a mask as an input (see `Dropout`).
    weights, biases : str, float or array, optional
        How Wq, Wk, Wv, Wo and how bq, bk, bv, bo begin.

    Keys and values that are padding are taken to be 0, so that nothing depends on what they are, be it nan. As a query a
    step is what it is, padding or not. A step that has no key to attend to takes nothing: its a is bo alone, with the gradient 0 through all else, and no
    other step or example is affected.

    Shapes
    ------
    (t, features) of queries, (s, ...) of keys and values, s at least 1, to (t, features), an example each.
    Wq (heads*key_size, features), Wk (heads*key_size, features of keys), Wv (heads*value_size, features of values),
    Wo (features, heads*value_size); mask (s,).

    Source
    ------
    Vaswani and others (2017), Attention is all you need, section 3.2.
    """

    kind: ClassVar[str] = "multi_head_attention"
    arity: ClassVar[int | None] = None

    heads: int
    key_size: int | None = None
    value_size: int | None = None
    _: KW_ONLY
    causal: bool = False
    mask: bool | str = False
    lengths: bool | str = False
    bias: bool = True
    dropout: float = 0.0
    weights: Any = "glorot_uniform"
    biases: Any = 0.0

    def check(self) -> None:
        for name, number in (("heads", self.heads), ("key_size", self.key_size), ("value_size", self.value_size)):
            if number is not None and number < 1:
                raise ArgumentError(f"layer {self.kind}: {name} is {number}; at least one is needed")
        if self.mask is not False and self.lengths is not False:
            raise ArgumentError(f"layer {self.kind}: lengths say what a mask says; give one of them")
        Dropout(self.dropout)
        for given in (self.weights, self.biases):
            checked_initialiser(given)

    def build(self, builder: Builder, *values: Value) -> Value:
        builder.needs_rows(self.kind)
        x_q, x_k, x_v = self._taken(values)
        units = features(x_q, self.kind)
        d_k = self.key_size or self._share_of(units, "key_size")
        d_v = self.value_size or self._share_of(units, "value_size")
        q = self._heads(builder, "q", x_q, d_k)
        there = self._there(builder, x_k)
        same = x_k is x_v
        x_k = there_alone(builder, x_k, there)
        x_v = x_k if same else there_alone(builder, x_v, there)
        k, v = self._heads(builder, "k", x_k, d_k), self._heads(builder, "v", x_v, d_v)
        allowed = self._allowed(builder, x_q, x_k, there)
        p = self._weights(builder, f"{q} @ swapaxes({k}, -2, -1)/sqrt({d_k})", allowed, x_q.shape[0], x_k.shape[0])
        o = f"{p} @ {v}"
        if allowed.any:
            o = f"where({allowed.any}, {o}, 0)"
        o = builder.let("o", f"swapaxes({o}, {builder.leading}, {builder.leading + 1})")
        joined = ", ".join([*extents(builder, x_q)[:-1], str(self.heads * d_v)])
        together = builder.let("o_all", f"reshape({o}, ({joined}))")
        return Value(self._affine(builder, "a", "o", together, units, self.heads * d_v), x_q.shape)

    def _taken(self, values: tuple[Value, ...]) -> tuple[Value, Value, Value]:
        """Return the sequences of queries, keys and values."""
        if not 1 <= len(values) <= 3:
            raise ArgumentError(f"it takes one sequence to three: queries, keys, values; {len(values)} are given")
        for value in values:
            with_rank(value, 2, self.kind, "time and features")
        x_q, x_k, x_v = values[0], values[min(1, len(values) - 1)], values[-1]
        if known_equal(x_k.shape[0], x_v.shape[0]) is not True:
            raise ShapeError(
                f"keys of shape {shape_text(x_k.shape)} and values of shape {shape_text(x_v.shape)} have as many steps"
            )
        return x_q, x_k, x_v

    def _share_of(self, units: int, option: str) -> int:
        if units % self.heads:
            raise ShapeError(f"{units} features cannot be divided among {self.heads} heads; give {option}")
        return units // self.heads

    # --- products -----------------------------------------------------------------------------------------------------

    def _affine(self, builder: Builder, stem: str, letter: str, x: str, n_out: int, n_in: int) -> str:
        """Write ``x @ W.T + b``."""
        W = builder.parameter(f"W{letter}", (n_out, n_in), self.weights)
        b = builder.parameter(f"b{letter}", (n_out,), self.biases, is_weight=False) if self.bias else ""
        return builder.let(stem, f"{x} @ {W}.T" + (f" + {b}" if b else ""))

    def _heads(self, builder: Builder, letter: str, x: Value, size: int) -> str:
        """Write the queries, keys or values of all heads; return their text, the axis of the heads before that of time."""
        together = self._affine(builder, f"{letter}_all", letter, x.name, self.heads * size, features(x, self.kind))
        split = ", ".join([*extents(builder, x)[:-1], str(self.heads), str(size)])
        name = builder.let(letter, f"reshape({together}, ({split}))")
        return f"swapaxes({name}, {builder.leading}, {builder.leading + 1})"

    def _weights(self, builder: Builder, scores: str, allowed: _Allowed, t: Size, s: Size) -> str:
        """Write how much each step takes of each, and return the name."""
        if allowed.steps:
            scores = f"where({allowed.steps}, {scores}, -inf)"
        p = builder.let("p", f"softmax({builder.let('s', scores)}, axis=-1)")
        if not self.dropout:
            return p
        return builder.sequence((Dropout(self.dropout),), Value(p, (self.heads, t, s))).name

    # --- masks --------------------------------------------------------------------------------------------------------

    def _allowed(self, builder: Builder, x_q: Value, x_k: Value, keys: str) -> _Allowed:
        """Write which steps may attend to which, given which keys are there, and return the names."""
        causal = ""
        if self.causal:
            steps = [f"arange({x.name}.shape[{builder.leading}])" for x in (x_q, x_k)]
            causal = builder.let("causal", f"{steps[0]}[:, None] >= {steps[1]}")
        if not keys:
            return _Allowed(causal, "")
        rows = builder.batch == "rows"
        allowed = f"{keys}[:, None, :]" if rows and causal else keys
        if causal:
            allowed = builder.let("allowed", f"{allowed} & {causal}")
        found = builder.let("found", f"any({allowed}, axis=-1)")
        kept = builder.let("kept", f"{allowed} | ~{found}[..., None]")
        if not rows:
            return _Allowed(kept, f"{found}[:, None]" if causal else found)
        if not causal:
            return _Allowed(f"{kept}[:, None, None, :]", f"{found}[:, None, None, None]")
        return _Allowed(f"{kept}[:, None]", f"{found}[:, None, :, None]")

    def _there(self, builder: Builder, x: Value) -> str:
        """Return the name of what says which keys are no padding, or nothing."""
        if self.mask is not False:
            name = "mask" if self.mask is True else self.mask
            return builder.shared_input(name, x.shape[:1], "bool").name
        return within_lengths(builder, x, self.lengths)
