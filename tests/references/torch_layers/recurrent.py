"""Recurrent layers, by PyTorch's own modules; PyTorch packs sequences that have lengths."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from torch_layers.dense import half_squares

Tensor = torch.Tensor
MODULES = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}


class Run(NamedTuple):
    """What a layer returns: the states h of all steps, and the last ones, of h and of c where there is one."""

    sequence: Tensor
    last: list[Tensor]


def named(p: Any, kind: str, number: int, mark: str, suffix: str) -> dict[str, Tensor]:
    """Return the parameters of one direction as PyTorch calls them."""
    W, U, b, bU = (getattr(p, f"{stem}{mark}{number}", None) for stem in ("W", "U", "b", "bU"))
    found = {f"weight_ih_l0{suffix}": W, f"weight_hh_l0{suffix}": U}
    if b is not None:
        zeros = torch.zeros_like(b)
        inner = torch.cat([zeros[: 2 * len(bU)], bU]) if kind == "gru" else zeros
        found |= {f"bias_ih_l0{suffix}": b, f"bias_hh_l0{suffix}": inner}
    return found


def one_way(
    p: Any, x: Tensor, kind: str, number: int, mark: str, first: list[Tensor], lengths: Any, **options: Any
) -> Run:
    """Return what one direction makes of a sequence, forward; behind its end an example keeps its state."""
    parameters = named(p, kind, number, mark, "")
    module = MODULES[kind](
        x.shape[-1], first[0].shape[-1], batch_first=True, bias="bias_ih_l0" in parameters, dtype=x.dtype, **options
    )
    given = x if lengths is None else pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    start = tuple(h[None].contiguous() for h in first)
    out, last = torch.func.functional_call(module, parameters, (given, start if kind == "lstm" else start[0]))
    last = [h[0] for h in (last if kind == "lstm" else (last,))]
    if lengths is not None:
        out = pad_packed_sequence(out, batch_first=True, total_length=x.shape[1])[0]
        beyond = torch.arange(x.shape[1]) >= lengths[:, None]
        out = torch.where(beyond[:, :, None], last[0][:, None], out)
    return Run(out, last)


def turned(x: Tensor, lengths: Any) -> Tensor:
    """Return sequences in reverse, each within its length."""
    steps = torch.arange(x.shape[1]).expand(x.shape[:2])
    end = torch.full_like(steps, x.shape[1]) if lengths is None else lengths[:, None]
    places = torch.where(steps < end, end - 1 - steps, steps)
    return torch.take_along_dim(x, places[:, :, None], 1)


def run(
    p: Any, x: Tensor, kind: str, number: int = 1, direction: str = "forward", first: Any = None, lengths: Any = None,
    **options: Any,
) -> Run:  # fmt: skip
    units = getattr(p, f"U{number}").shape[1]
    count = 2 if direction == "bidirectional" else 1
    if first is None:
        first = [torch.zeros(len(x), units * count, dtype=x.dtype)] * (2 if kind == "lstm" else 1)
    found = []
    for position in range(count):
        own = [h[:, position * units : (position + 1) * units] for h in first]
        if position or direction == "reverse":
            back = one_way(p, turned(x, lengths), kind, number, "r" * position, own, lengths, **options)
            sequence = turned(back.sequence, lengths)
            if lengths is not None:  # the first state is kept until the example begins, from its end
                beyond = torch.arange(x.shape[1]) >= lengths[:, None]
                sequence = torch.where(beyond[:, :, None], own[0][:, None], sequence)
            found.append(Run(sequence, back.last))
        else:
            found.append(one_way(p, x, kind, number, "", own, lengths, **options))
    last = [torch.cat(parts, -1) for parts in zip(*(f.last for f in found), strict=True)]
    return Run(torch.cat([f.sequence for f in found], -1), last)


def loss(result: Run, y: Tensor, last: bool) -> Tensor:
    return half_squares(result.last[0] if last else result.sequence, y)


def plain(kind: str, last: bool, direction: str) -> Callable[[Any, Any], Tensor]:
    def computed(p: Any, d: Any) -> Tensor:
        first = [getattr(d, name) for name in ("h", "c") if hasattr(d, name)] or None
        return loss(run(p, d.x, kind, 1, direction, first, getattr(d, "lengths", None)), d.y, last)

    return computed


def alone(kind: str) -> Callable[[Any, Any], Tensor]:
    return lambda p, d: half_squares(run(p, d.x[None], kind).sequence[0], d.y, None)


def twice(kind: str) -> Callable[[Any, Any], Tensor]:
    def computed(p: Any, d: Any) -> Tensor:
        x = run(p, run(p, d.x, kind, 1).sequence, kind, 2).sequence
        return loss(run(p, x, kind, 3), d.y, True)

    return computed


def stateful(kind: str, layers: int, last: bool) -> Callable[[Any, Any], Any]:
    def computed(p: Any, d: Any) -> Any:
        new: dict[str, Tensor] = {}
        result = SimpleNamespace(sequence=d.x)
        names = ("h", "c") if kind == "lstm" else ("h",)
        for number in range(1, layers + 1):
            first = [getattr(d, f"{name}{number}").detach() for name in names]
            result = run(p, result.sequence, kind, number, "forward", first, getattr(d, "lengths", None))
            new |= {f"{name}{number}": state for name, state in zip(names, result.last, strict=True)}
        return loss(result, d.y, last), new

    return computed


REFERENCES: dict[str, Callable[[Any, Any], Any]] = {
    **{
        f"{kind} {name}{given}": plain(kind, name.endswith("last"), name.split()[0])
        for kind in MODULES
        for name in ("sequence", "last", "reverse", "reverse last", "bidirectional", "bidirectional last")
        for given in ("", " of lengths", " of states")
    },
    **{f"{kind} alone": alone(kind) for kind in MODULES},
    **{f"{kind} twice": twice(kind) for kind in MODULES},
    **{f"{kind} stateful": stateful(kind, 2, False) for kind in MODULES},
    **{f"{kind} stateful of lengths": stateful(kind, 1, True) for kind in MODULES},
    "rnn of relu": lambda p, d: loss(run(p, d.x, "rnn", nonlinearity="relu"), d.y, False),
    "rnn of relu last": lambda p, d: loss(run(p, d.x, "rnn", nonlinearity="relu"), d.y, True),
}
