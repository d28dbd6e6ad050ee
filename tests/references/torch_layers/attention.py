"""Attention, positions and the blocks of a transformer, by PyTorch's own modules where it has them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional as F

from torch_layers.dense import half_squares

Tensor = torch.Tensor
call = torch.func.functional_call


def biases(p: Any, letters: str, number: int) -> list[Tensor] | None:
    found = [getattr(p, f"b{letter}{number}", None) for letter in letters]
    return None if found[0] is None else found


def attention_parameters(p: Any, number: int, prefix: str = "") -> dict[str, Tensor]:
    """Return the parameters of an attention as PyTorch's modules call them."""
    Wq, Wk, Wv, Wo = (getattr(p, f"W{letter}{number}") for letter in "qkvo")
    if Wq.shape == Wk.shape == Wv.shape:
        found = {"in_proj_weight": torch.cat([Wq, Wk, Wv])}
    else:
        found = {"q_proj_weight": Wq, "k_proj_weight": Wk, "v_proj_weight": Wv}
    found["out_proj.weight"] = Wo
    inner, outer = biases(p, "qkv", number), biases(p, "o", number)
    if inner is not None and outer is not None:
        found |= {"in_proj_bias": torch.cat(inner), "out_proj.bias": outer[0]}
    return {prefix + name: value for name, value in found.items()}


def later(t: int, s: int) -> Tensor:
    """Return which keys come behind a query."""
    return torch.arange(t)[:, None] < torch.arange(s)


def padded(x: Tensor, mask: Tensor | None, lengths: Tensor | None) -> Tensor | None:
    """Return which steps are padding."""
    if lengths is not None:
        return torch.arange(x.shape[-2]) >= lengths[..., None]
    return None if mask is None else ~mask


def attention(
    p: Any, *xs: Tensor, number: int = 1, heads: int = 2, causal: bool = False, mask: Any = None, lengths: Any = None
) -> Tensor:
    q, k, v = xs[0], xs[min(1, len(xs) - 1)], xs[-1]
    parameters = attention_parameters(p, number)
    module = torch.nn.MultiheadAttention(
        q.shape[-1], heads, bias="in_proj_bias" in parameters, kdim=k.shape[-1], vdim=v.shape[-1], batch_first=True,
        dtype=q.dtype,
    )  # fmt: skip
    told = {"key_padding_mask": padded(k, mask, lengths), "need_weights": False}
    told["attn_mask"] = later(q.shape[-2], k.shape[-2]) if causal else None
    return call(module, parameters, (q, k, v), told)[0]


def parts(x: Tensor, heads: int) -> Tensor:
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def other_sizes(p: Any, d: Any) -> Tensor:
    q, k, v = F.linear(d.x, p.Wq1, p.bq1), F.linear(d.kv, p.Wk1, p.bk1), F.linear(d.kv, p.Wv1, p.bv1)
    a = F.scaled_dot_product_attention(parts(q, 3), parts(k, 3), parts(v, 3), d.mask[:, None, None, :])
    return F.linear(a.transpose(1, 2).flatten(2), p.Wo1, p.bo1)


def dropped(p: Any, x: Tensor, mask: Tensor, rate: float, causal: bool) -> Tensor:
    """Return an attention some of whose weights are left out."""
    q, k, v = (parts(F.linear(x, W, b), 2) for W, b in ((p.Wq1, p.bq1), (p.Wk1, p.bk1), (p.Wv1, p.bv1)))
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    if causal:
        scores = scores.masked_fill(later(x.shape[1], x.shape[1]), -math.inf)
    a = (torch.softmax(scores, -1) * mask / (1 - rate)) @ v
    return F.linear(a.transpose(1, 2).flatten(2), p.Wo1, p.bo1)


def encoder_dropped(p: Any, d: Any) -> Tensor:
    h = d.x + dropped(p, d.x, d.mask1, 0.25, False) * d.mask1_2 / 0.75
    h = F.layer_norm(h, (4,), p.gamma2, p.beta2)
    z = torch.tanh(F.linear(h, p.W3, p.b3)) * d.mask3 / 0.75
    return F.layer_norm(h + F.linear(z, p.W4, p.b4) * d.mask4 / 0.75, (4,), p.gamma5, p.beta5)


# --- positions --------------------------------------------------------------------------------------------------------


def sinusoids(x: Tensor, base: float) -> Tensor:
    P = torch.zeros_like(x[0])
    for t in range(P.shape[0]):
        for i in range(P.shape[1]):
            angle = t / base ** (2 * (i // 2) / P.shape[1])
            P[t, i] = math.cos(angle) if i % 2 else math.sin(angle)
    return P


def positioned(p: Any, d: Any, P: Tensor, number: int, batch: int | None = 0) -> Tensor:
    x = F.linear(d.x + P, getattr(p, f"W{number}"), getattr(p, f"b{number}"))
    return half_squares(x, d.y, batch)


# --- blocks -----------------------------------------------------------------------------------------------------------


def block(p: Any, x: Tensor, memory: Tensor | None = None, first: int = 1, heads: int = 2, norm_first: bool = False,
          activation: Any = F.relu, eps: float = 1e-5, told: Any = None) -> Tensor:  # fmt: skip
    """Return a block, whose layers are numbered from `first` on in the order in which they are met."""
    sublayers = ["self_attn", *(["multihead_attn"] if memory is not None else []), "linear1"]
    number, parameters = first, {}
    for place, sublayer in enumerate(sublayers, 1):
        feeds = sublayer == "linear1"
        norm, own = (number, number + 1) if norm_first else (number + 1 + feeds, number)
        norms = {"weight": f"gamma{norm}", "bias": f"beta{norm}"}
        parameters |= {f"norm{place}.{name}": getattr(p, ours) for name, ours in norms.items()}
        if feeds:
            for i in (1, 2):
                parameters[f"linear{i}.weight"] = getattr(p, f"W{own + i - 1}")
                if hasattr(p, f"b{own + i - 1}"):
                    parameters[f"linear{i}.bias"] = getattr(p, f"b{own + i - 1}")
        else:
            parameters |= attention_parameters(p, own, f"{sublayer}.")
        number += 2 + feeds
    kind = torch.nn.TransformerEncoderLayer if memory is None else torch.nn.TransformerDecoderLayer
    module = kind(
        x.shape[-1], heads, parameters["linear1.weight"].shape[0], 0.0, activation, eps, True, norm_first,
        dtype=x.dtype,
    )  # fmt: skip
    if "linear1.bias" not in parameters:  # PyTorch would leave out those of the norms too
        zeros = {name: torch.zeros_like(q) for name, q in module.named_parameters() if name.endswith("bias")}
        parameters = {**zeros, **parameters}
    return call(module, parameters, (x,) if memory is None else (x, memory), told or {})


def decoder(p: Any, d: Any, causal: bool = True, **options: Any) -> Tensor:
    told = {"tgt_mask": later(d.x.shape[1], d.x.shape[1])} if causal else {}
    if hasattr(d, "mask"):
        told["tgt_key_padding_mask"] = ~d.mask
        told["memory_key_padding_mask"] = padded(d.memory, None, d.memory_lengths)
    return half_squares(block(p, d.x, d.memory, told=told, **options), d.y)


def encoders(p: Any, d: Any) -> Tensor:
    x = d.x + sinusoids(d.x, 1e4)
    x = block(p, block(p, x, norm_first=True), first=6, norm_first=True)
    return half_squares(F.layer_norm(x, (4,), p.gamma11, p.beta11), d.y)


def encoder_decoder(p: Any, d: Any) -> Tensor:
    memory = block(p, d.x, told={"src_key_padding_mask": ~d.here})
    told = {"tgt_mask": later(d.z.shape[1], d.z.shape[1]), "memory_key_padding_mask": ~d.here}
    return half_squares(block(p, d.z, memory, first=6, heads=1, told=told), d.y)


def self_attention(batch: int | None = 0, **options: Any) -> Callable[[Any, Any], Tensor]:
    def computed(p: Any, d: Any) -> Tensor:
        masks = {"mask": getattr(d, "mask", getattr(d, "here", None)), "lengths": getattr(d, "lengths", None)}
        return half_squares(attention(p, d.x, **masks, **options), d.y, batch)

    return computed


def encoder(**options: Any) -> Callable[[Any, Any], Tensor]:
    def computed(p: Any, d: Any) -> Tensor:
        told: dict[str, Any] = {
            "src_key_padding_mask": padded(d.x, getattr(d, "mask", None), getattr(d, "lengths", None))
        }
        if "causal" in options:
            told["src_mask"] = later(d.x.shape[1], d.x.shape[1])
        own = {name: option for name, option in options.items() if name != "causal"}
        return half_squares(block(p, d.x, told=told, **own), d.y)

    return computed


def twice(p: Any, d: Any) -> Tensor:
    x = d.x + attention(p, d.x)
    return half_squares(x + attention(p, x), d.y)


def alone(p: Any, d: Any) -> Tensor:
    x = d.x[None]
    return half_squares(attention(p, x, causal=True, lengths=d.n[None])[0], d.y, None)


REFERENCES: dict[str, Callable[[Any, Any], Tensor]] = {
    "self-attention": self_attention(),
    "self-attention of one head": self_attention(heads=1),
    "self-attention without biases": self_attention(),
    "self-attention causal": self_attention(causal=True),
    "self-attention mask": self_attention(),
    "self-attention causal mask": self_attention(causal=True),
    "self-attention lengths": self_attention(),
    "self-attention of one example": alone,
    "self-attention twice": twice,
    "cross-attention": lambda p, d: half_squares(attention(p, d.x, d.kv), d.y),
    "cross-attention lengths": lambda p, d: half_squares(attention(p, d.x, d.kv, lengths=d.lengths), d.y),
    "cross-attention causal": lambda p, d: half_squares(attention(p, d.x, d.kv, causal=True), d.y),
    "cross-attention of other features": lambda p, d: half_squares(attention(p, d.x, d.kv), d.y),
    "cross-attention of three": lambda p, d: half_squares(attention(p, d.q, d.k, d.v), d.y),
    "attention of other sizes": lambda p, d: half_squares(other_sizes(p, d), d.y),
    "attention dropout": lambda p, d: half_squares(dropped(p, d.x, d.mask1, 0.25, True), d.y),
    "sinusoidal positions": lambda p, d: positioned(p, d, sinusoids(d.x, 1e4), 1),
    "sinusoidal positions of odd features": lambda p, d: positioned(p, d, sinusoids(d.x, 100.0), 1),
    "learned positions": lambda p, d: positioned(p, d, p.P1[:4], 2),
    "learned positions of one example": lambda p, d: positioned(p, d, p.P1, 2, None),
    "encoder": encoder(),
    "encoder norm first": encoder(norm_first=True),
    "encoder gelu mask": encoder(activation=F.gelu),
    "encoder causal lengths": encoder(activation=F.silu, norm_first=True, causal=True),
    "encoder without biases": encoder(eps=0.001),
    "encoder of one example": lambda p, d: half_squares(block(p, d.x[None])[0], d.y, None),
    "encoder dropout": lambda p, d: half_squares(encoder_dropped(p, d), d.y),
    "encoders": encoders,
    "decoder": decoder,
    "decoder norm first": lambda p, d: decoder(p, d, norm_first=True),
    "decoder not causal": lambda p, d: decoder(p, d, causal=False, activation=F.gelu),
    "decoder masks": decoder,
    "encoder and decoder": encoder_decoder,
}
