"""Attention, positions and the blocks of a transformer."""

from __future__ import annotations

from typing import Any

import numpy as np

from layer_cases.case import Case

SIZES = {"m": 3, "t": 4, "s": 5}
LOSS = "\nloss squared_error"


def some(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Return a mask of keys, of which each example has the first one: PyTorch has no number for queries without any."""
    found = rng.random(shape) < 0.5
    found[..., 0] = True
    return found


def lengths(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.integers(1, 5, size=shape)


def of(name: str, spec: str, data: Any = None, seed: int = 0) -> Case:
    return Case(name, spec + LOSS, data or {}, sizes=SIZES, seed=seed)


ATTENTION = "x = input t 4\nkv = input s 4\n"
SELF, CROSS = "input t 4\nmulti_head_attention 2", ATTENTION + "multi_head_attention 2 from=x,kv"
ENCODER = "input t 4\ntransformer_encoder 2 6"
DECODER = "x = input t 4\nmemory = input s 4\ntransformer_decoder 2 6"

CASES = (
    of("self-attention", SELF),
    of("self-attention of one head", "input t 3\nmulti_head_attention 1", seed=1),
    of("self-attention without biases", f"{SELF} bias=false", seed=2),
    of("self-attention causal", f"{SELF} causal=true"),
    of("self-attention mask", f"{SELF} mask=true", {"mask": some}),
    of("self-attention causal mask", f"{SELF} mask=here causal=true", {"here": some}, seed=3),
    of("self-attention lengths", f"{SELF} lengths=true", {"lengths": lengths}, seed=4),
    of("self-attention of one example", f"network batch=none\n{SELF} causal=true lengths=n", {"n": lengths}, seed=5),
    of("self-attention twice", "input t 4\nrepeat 2 shared=true\n    residual\n        multi_head_attention 2"),
    of("cross-attention", CROSS),
    of("cross-attention lengths", f"{CROSS} lengths=true", {"lengths": lengths}, seed=6),
    of("cross-attention causal", f"{CROSS} causal=true", seed=7),
    of("cross-attention of other features", "x = input t 4\nkv = input s 3\nmulti_head_attention 2 from=x,kv"),
    of("cross-attention of three", "q = input t 4\nk = input s 3\nv = input s 2\nmulti_head_attention 2 from=q,k,v"),
    of("attention of other sizes", "x = input t 4\nkv = input s 3\nmulti_head_attention 3 2 5 from=x,kv mask=true",
       {"mask": some}, seed=8),
    of("attention dropout", f"{SELF} dropout=0.25 causal=true", seed=9),
    of("sinusoidal positions", "input t 4\npositions\ndense 2"),
    of("sinusoidal positions of odd features", "input t 5\npositions base=100.0\ndense 2"),
    of("learned positions", "input t 4\npositions learned 6\ndense 2"),
    of("learned positions of one example", "network batch=none\ninput 3 4\npositions learned 3\ndense 2"),
    of("encoder", ENCODER),
    of("encoder norm first", f"{ENCODER} norm_first=true", seed=1),
    of("encoder gelu mask", f"{ENCODER} gelu mask=true", {"mask": some}, seed=2),
    of("encoder causal lengths", f"{ENCODER} silu norm_first=true lengths=true causal=true", {"lengths": lengths}, seed=3),
    of("encoder without biases", f"{ENCODER} bias=false eps=0.001", seed=4),
    of("encoder of one example", f"network batch=none\n{ENCODER}", seed=5),
    of("encoder dropout", f"{ENCODER} tanh dropout=0.25", seed=6),
    of("encoders", "input t 4\npositions\nrepeat 2\n    transformer_encoder 2 3 norm_first=true\nlayer_norm", seed=7),
    of("decoder", f"{DECODER} from=x,memory"),
    of("decoder norm first", f"{DECODER} from=x,memory norm_first=true", seed=1),
    of("decoder not causal", f"{DECODER} gelu causal=false from=x,memory", seed=2),
    of("decoder masks", f"{DECODER} from=x,memory mask=true memory_lengths=true", {"mask": some, "memory_lengths": lengths},
       seed=3),
    of("encoder and decoder",
       "x = input s 4\nz = input t 4\nmemory = transformer_encoder 2 3 from=x mask=here\n"
       "transformer_decoder 1 3 from=z,memory memory_mask=here", {"here": some}, seed=4),
)  # fmt: skip
