"""Layers with a state that goes from step to step: rnn, lstm and gru, as loops over the time of a sequence.

Weights of several gates stand one above another: W is (gates*units, n_in), U is (gates*units, units). What the input
contributes is one product for all steps, ``z = x @ W.T + b``; the loop adds what the state does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from symbackprop.errors import ArgumentError, ShapeError
from symbackprop.ir.size import shape_text
from symbackprop.read.layers.arrays import there_alone, within_lengths
from symbackprop.read.layers.builder import Builder
from symbackprop.read.layers.initialisers import checked_initialiser
from symbackprop.read.layers.layer import Layer, Value, features, with_rank

__all__ = ["GRU", "LSTM", "RNN", "Recurrent"]


class _Weights(NamedTuple):
    """The names of the parameters of one direction; an empty one is of a bias that there is not."""

    W: str
    U: str
    b: str
    inner: tuple[str, ...]


@dataclass(frozen=True)
class Recurrent(Layer):
    """The base of recurrent layers: all that does not depend on what a step computes.

    Parameters
    ----------
    units : int
        How many numbers the state h has.
    output : {"sequence", "last"}
        The states of all steps, or the last one alone.
    direction : {"forward", "reverse", "bidirectional"}
        The order of the steps. Both directions have parameters of their own, those of the reverse one with an r behind
        (Wr, Ur, br); their states stand side by side, those of the forward direction first.
    bias : bool
    stateful : bool
        Whether calls take the state that the call before left, and return the one that they leave. The gradient does not
        go through it: this is truncated backpropagation through time.
    lengths : bool or str
        Whether there is an input ``lengths``, or of this name, with the count of steps of each example: behind its end an
        example keeps its state, and x is taken to be 0, be it nan. Layers with the same name share it.
    weights, recurrent_weights, biases : str, float or array, optional
        How W, U and b begin: with Glorot's uniform numbers, orthogonal columns, and zeros.

    The first state is 0, or the second value that the layer takes: ``from=x,h0``.

    Shapes
    ------
    (t, n_in) to (t, units) or (units,), an example each; (t, 2*units) or (2*units,) in both directions, which is also the
    shape of h0 then.
    """

    gates: ClassVar[int] = 1
    carried: ClassVar[tuple[str, ...]] = ("h",)  # what goes from step to step, the output first
    rows: ClassVar[tuple[str, ...]] = ("z",)  # what a step takes of the input
    arity: ClassVar[int | None] = None

    units: int
    output: Literal["sequence", "last"] = "sequence"
    direction: Literal["forward", "reverse", "bidirectional"] = "forward"
    _: KW_ONLY
    bias: bool = True
    stateful: bool = False
    lengths: bool | str = False
    weights: Any = "glorot_uniform"
    recurrent_weights: Any = "orthogonal"
    biases: Any = 0.0

    def check(self) -> None:
        if self.units < 1:
            raise ArgumentError(f"layer {self.kind}: units is {self.units}; at least one is needed")
        if self.stateful and self.direction != "forward":
            raise ArgumentError(
                f"layer {self.kind}: a state is carried on from call to call in forward direction only, not {self.direction}"
            )
        for given in (self.weights, self.recurrent_weights, self.biases):
            checked_initialiser(given)

    def step(self, weights: _Weights) -> list[str]:
        """Return the lines that make the new state of `carried` of the old one and of `rows`, what the input contributes."""
        raise NotImplementedError

    def parts(self, builder: Builder, z: str, mark: str) -> list[str]:
        """Return z, what the input contributes to all steps, in the parts that `rows` names."""
        return [z]

    def first_biases(self) -> Any:
        """Return how b begins."""
        return self.biases

    def build(self, builder: Builder, *values: Value) -> Value:
        builder.needs_rows(self.kind)
        x, *initial = values
        steps, _ = with_rank(x, 2, self.kind, "time and features")
        self._check_initial(initial)
        there = within_lengths(builder, x, self.lengths)
        x = there_alone(builder, x, there)
        if there and builder.batch == "rows":
            there = f"swapaxes({there}, 0, 1)"
        marks = {"forward": ("",), "reverse": ("",), "bidirectional": ("", "r")}[self.direction]
        parts = []
        for number, mark in enumerate(marks):
            weights = self._parameters(builder, x, mark)
            first = self._first(builder, x, initial, number, len(marks))
            parts.append(self._run(builder, x, first, weights, there, mark))
        shape = (self.units * len(parts),)
        name = parts[0] if len(parts) == 1 else builder.let("both", f"concatenate(({', '.join(parts)}), axis=-1)")
        if self.output == "last":
            return Value(name, shape)
        if builder.batch == "rows":
            name = builder.let("a", f"swapaxes({name}, 0, 1)")
        return Value(name, (steps, *shape))

    def _parameters(self, builder: Builder, x: Value, mark: str) -> _Weights:
        rows, n_in = self.gates * self.units, features(x, self.kind)
        W = builder.parameter(f"W{mark}", (rows, n_in), self.weights, fan=(n_in, self.units))
        U = builder.parameter(f"U{mark}", (rows, self.units), self.recurrent_weights, fan=(self.units, self.units))
        b = builder.parameter(f"b{mark}", (rows,), self.first_biases(), is_weight=False) if self.bias else ""
        return _Weights(W, U, b, self.inner(builder, U, mark))

    def inner(self, builder: Builder, U: str, mark: str) -> tuple[str, ...]:
        """Return the names of what else a step computes with: parts of U, another bias."""
        return ()

    # --- states -------------------------------------------------------------------------------------------------------

    def _check_initial(self, initial: Sequence[Value]) -> None:
        counts = (0, len(self.carried))
        if len(initial) not in counts:
            names = ", ".join(f"{name}0" for name in self.carried)
            raise ArgumentError(f"it takes a sequence, or a sequence and {names}; {1 + len(initial)} values are given")
        if initial and self.stateful:
            raise ArgumentError("its state is carried on from the call before (stateful), and a first state is given")
        size = self.units * (2 if self.direction == "bidirectional" else 1)
        for value in initial:
            if value.shape != (size,):
                raise ShapeError(f"its first state {value.name!r} has shape {shape_text(value.shape)}, not ({size},)")

    def _first(self, builder: Builder, x: Value, initial: Sequence[Value], number: int, count: int) -> list[str]:
        """Return the texts of the state before the first step."""
        if self.stateful:
            return [builder.state(name, (self.units,), 0.0, batched=True) for name in self.carried]
        if not initial:
            shape = f"({x.name}.shape[0], {self.units})" if builder.batch == "rows" else str(self.units)
            return [f"zeros({shape})"] * len(self.carried)
        if count == 1:
            return [value.name for value in initial]
        part = f"..., {number * self.units}:{(number + 1) * self.units}"
        return [f"{value.name}[{part}]" for value in initial]

    # --- the loop -----------------------------------------------------------------------------------------------------

    def _run(
        self, builder: Builder, x: Value, first: Sequence[str], weights: _Weights, there: str, mark: str
    ) -> str:  # fmt: skip
        """Write the loop, and return the name of the states of all steps, or of the last one."""
        over_time = f"swapaxes({x.name}, 0, 1)" if builder.batch == "rows" else x.name
        z = builder.let(f"z{mark}", f"{over_time} @ {weights.W}.T" + (f" + {weights.b}" if weights.b else ""))
        rows = [*self.parts(builder, z, mark), *([there] if there else [])]
        xs = f"({', '.join(rows)})" if len(rows) > 1 else z
        initial = f"({', '.join(first)})" if len(first) > 1 else first[0]
        reverse = ", reverse=True" if mark or self.direction == "reverse" else ""
        scan = f"scan({self._step(builder, weights, bool(there), mark)}, {initial}, {xs}{reverse})"
        lasts = [f"{name}{mark}_last" for name in self.carried]
        if len(lasts) == 1:
            last, states = builder.unpack((*lasts, f"hs{mark}"), scan)
            after = [last]
        else:
            last, states = builder.unpack((f"last{mark}", f"hs{mark}"), scan)
            after = builder.unpack(lasts, last)
        if self.stateful:
            for state, value in zip(first, after, strict=True):
                builder.carry(state, value)
        return after[0] if self.output == "last" else states

    def _step(self, builder: Builder, weights: _Weights, masked: bool, mark: str) -> str:
        """Write a step as a function, and return its name; beyond the end of an example its state stays what it was."""
        state, row = ", ".join(self.carried), ", ".join(self.rows)
        carry = "state" if len(self.carried) > 1 else state
        lines = [f"{state} = state"] if len(self.carried) > 1 else []
        if masked:
            lines += [f"{name}_before = {name}" for name in self.carried]
        lines += self.step(weights)
        if masked:
            here = "here[:, None]" if builder.batch == "rows" else "here"
            lines += [f"{name} = where({here}, {name}, {name}_before)" for name in self.carried]
        given = row
        if masked or len(self.rows) > 1:
            given = "row"
            lines.insert(0, f"{row}{', here' if masked else ''} = row")
        result = f"({state}), h" if len(self.carried) > 1 else "h, h"
        return builder.define(f"step{mark}", (carry, given), [*lines, result])


@dataclass(frozen=True)
class RNN(Recurrent):
    """The simple recurrent layer: ``h_t = f(W @ x_t + b + U @ h_(t-1))`` (Elman, 1990).

    Options and shapes are those of `Recurrent`, and besides

    Parameters
    ----------
    activation : {"tanh", "relu"}
        f.

    At kinks
    --------
    The derivative of relu at 0 is 0.

    Source
    ------
    Elman (1990), Finding structure in time.
    """

    kind: ClassVar[str] = "rnn"

    _: KW_ONLY
    activation: Literal["tanh", "relu"] = "tanh"

    def step(self, weights: _Weights) -> list[str]:
        return [f"h = {self.activation}(z + h @ {weights.U}.T)"]


@dataclass(frozen=True)
class LSTM(Recurrent):
    """Long short-term memory (Hochreiter and Schmidhuber, 1997) with a forget gate (Gers and others, 2000).

    .. code-block:: text

        i, f, g, o = W @ x_t + b + U @ h_(t-1)                  the order of the gates in W, U and b
        c_t = sigmoid(f) * c_(t-1) + sigmoid(i) * tanh(g)
        h_t = sigmoid(o) * tanh(c_t)

    b is the sum of what PyTorch calls ``bias_ih`` and ``bias_hh``; the other parameters are the same. Options and shapes
    are those of `Recurrent`, and besides

    Parameters
    ----------
    forget_bias : float
        What is added to the part of b that belongs to f, to begin with, if `biases` is a number (Gers and others, 2000,
        who take 1).

    Source
    ------
    Hochreiter and Schmidhuber (1997), Long short-term memory; Gers, Schmidhuber and Cummins (2000), Learning to forget.
    """

    kind: ClassVar[str] = "lstm"
    gates: ClassVar[int] = 4
    carried: ClassVar[tuple[str, ...]] = ("h", "c")

    _: KW_ONLY
    forget_bias: float = 1.0

    def first_biases(self) -> Any:
        if not isinstance(self.biases, (int, float)):
            return self.biases
        return np.repeat(self.biases + np.array([0.0, self.forget_bias, 0.0, 0.0]), self.units)

    def step(self, weights: _Weights) -> list[str]:
        return [
            f"i, f, g, o = split(z + h @ {weights.U}.T, 4, axis=-1)",
            "input_gate, forget_gate, output_gate = sigmoid(i), sigmoid(f), sigmoid(o)",
            "candidate = tanh(g)",
            "c = forget_gate*c + input_gate*candidate",
            "h = output_gate*tanh(c)",
        ]


@dataclass(frozen=True)
class GRU(Recurrent):
    """The gated recurrent unit (Cho and others, 2014), with the reset gate behind the product as in PyTorch.

    .. code-block:: text

        r = sigmoid(W_r @ x_t + b_r + U_r @ h_(t-1))            W, U and b have the parts r, z, n in this order
        z = sigmoid(W_z @ x_t + b_z + U_z @ h_(t-1))
        n = tanh(W_n @ x_t + b_n + r * (U_n @ h_(t-1) + bU))
        h_t = (1 - z) * n + z * h_(t-1)

    b is PyTorch's ``bias_ih``, with the r and z parts of ``bias_hh`` added, whose n part is bU. Options and shapes are
    those of `Recurrent`.

    Source
    ------
    Cho and others (2014), Learning phrase representations using RNN encoder-decoder, eqs. 5 to 8.
    """

    kind: ClassVar[str] = "gru"
    gates: ClassVar[int] = 3
    rows: ClassVar[tuple[str, ...]] = ("z", "candidate_z")

    def inner(self, builder: Builder, U: str, mark: str) -> tuple[str, ...]:
        bias = builder.parameter(f"bU{mark}", (self.units,), 0.0, is_weight=False) if self.bias else ""
        return (*self._halves(builder, f"U{mark}", U, ""), bias)

    def parts(self, builder: Builder, z: str, mark: str) -> list[str]:
        return self._halves(builder, f"z{mark}", z, "..., ")

    def _halves(self, builder: Builder, stem: str, name: str, before: str) -> list[str]:
        """Return the part of the two gates and that of the candidate."""
        place = 2 * self.units
        gates, candidate = f"{name}[{before}:{place}]", f"{name}[{before}{place}:]"
        return [builder.let(f"{stem}_gates", gates), builder.let(f"{stem}_candidate", candidate)]

    def step(self, weights: _Weights) -> list[str]:
        U_gates, U_candidate, bU = weights.inner
        return [
            f"gates = sigmoid(z + h @ {U_gates}.T)",
            "reset_gate, update_gate = split(gates, 2, axis=-1)",
            f"inner = h @ {U_candidate}.T" + (f" + {bU}" if bU else ""),
            "candidate = tanh(candidate_z + reset_gate*inner)",
            "h = (1 - update_gate)*candidate + update_gate*h",
        ]
