"""Recurrent layers: each kind in all orders of steps, with first states, lengths, and states that calls carry on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from layer_cases.case import Case

KINDS = ("rnn", "lstm", "gru")
SIZES = {"m": 3, "t": 4}


def lengths(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Return lengths of sequences of up to 4 steps; PyTorch knows none of 0."""
    return rng.integers(1, 5, size=shape)


def variants(kind: str) -> Iterator[Case]:
    """Return the cases that each kind has."""
    states = "h,c" if kind == "lstm" else "h"
    declared = "".join(f"{name} = input {{size}}\n" for name in states.split(","))
    for name, size, options in (
        ("sequence", 3, ""),
        ("last", 3, "last"),
        ("reverse", 3, "direction=reverse"),
        ("reverse last", 3, "last direction=reverse bias=false"),
        ("bidirectional", 6, "direction=bidirectional"),
        ("bidirectional last", 6, "last direction=bidirectional"),
    ):
        yield Case(f"{kind} {name}", f"input t 2\n{kind} 3 {options}\nloss squared_error", sizes=SIZES)
        yield Case(f"{kind} {name} of lengths", f"input 4 2\n{kind} 3 {options} lengths=true\nloss squared_error", {"lengths": lengths},
                   sizes=SIZES, seed=1)  # fmt: skip
        spec = f"x = input t 2\n{declared.format(size=size)}{kind} 3 {options} from=x,{states}\nloss squared_error"
        yield Case(f"{kind} {name} of states", spec, sizes=SIZES, seed=2)
    yield Case(f"{kind} alone", f"network batch=none\ninput 4 2\n{kind} 3\nloss squared_error")
    yield Case(f"{kind} twice", f"input 4 2\nrepeat 2\n    {kind} 2\n{kind} 2 last\nloss squared_error")
    yield Case(f"{kind} stateful", f"input 4 2\nrepeat 2\n    {kind} 2 stateful=true\nloss squared_error")
    yield Case(f"{kind} stateful of lengths", f"input 4 2\n{kind} 2 last stateful=true lengths=true\nloss squared_error",
               {"lengths": lengths})  # fmt: skip


CASES = (
    *(case for kind in KINDS for case in variants(kind)),
    Case("rnn of relu", "input t 2\nrnn 3 activation=relu\nloss squared_error", sizes=SIZES),
    Case("rnn of relu last", "input t 2\nrnn 3 last activation=relu\nloss squared_error", sizes=SIZES, seed=3),
)
