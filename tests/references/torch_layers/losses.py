"""The losses of PyTorch, and those that it has no function for from their formulas."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional as F

Tensor = torch.Tensor
Loss = Callable[[Tensor, Tensor], Tensor]

WEIGHTS = "class_weights=0.5,2,1,0.25"
W = torch.tensor([0.5, 2.0, 1.0, 0.25], dtype=torch.float64)


def dense(loss: Loss, f: Callable[[Tensor], Tensor] = lambda z: z) -> Callable[[Any, Any], Tensor]:
    """Return a dense layer and a loss."""
    return lambda p, d: loss(f(F.linear(d.x, p.W1, p.b1)), d.y)


def by_example(loss: Loss) -> Loss:
    """Return the mean over examples of sums over what these consist of."""
    return lambda a, y: loss(a, y).flatten(1).sum(1).mean()


def weighted(loss: Loss) -> Callable[[Any, Any], Tensor]:
    """Return a mean of losses with a weight each."""

    def mean(p: Any, d: Any) -> Tensor:
        return (d.sample_weight * loss(F.linear(d.x, p.W1, p.b1), d.y)).sum() / d.sample_weight.sum()

    return mean


def log_cosh(a: Tensor, y: Tensor) -> Tensor:
    return torch.logaddexp(a - y, y - a) - math.log(2)


def pinball(tau: float) -> Loss:
    return lambda a, y: torch.maximum(tau * (y - a), (tau - 1) * (y - a))


def huber(a: Tensor, y: Tensor, **how: Any) -> Tensor:
    return F.huber_loss(a, y, reduction="none", **how)


def logits(a: Tensor, y: Tensor, **how: Any) -> Tensor:
    return F.binary_cross_entropy_with_logits(a, y, reduction="none", **how)


def weighted_logits(p: Any, d: Any) -> Tensor:
    return by_example(lambda a, y: logits(a, y, pos_weight=d.q.detach()))(F.linear(d.x, p.W1, p.b1), d.y)


def softmax(**how: Any) -> Loss:
    return lambda a, y: F.cross_entropy(a, y, **how)


def both_weights(p: Any, d: Any) -> Tensor:
    losses = F.cross_entropy(F.linear(d.x, p.W1, p.b1), d.y, weight=W, reduction="none")
    return (d.sample_weight * losses).sum() / (d.sample_weight * W[d.y]).sum()


def crammer_singer(a: Tensor, y: Tensor) -> Tensor:
    own = a.gather(1, y[:, None])
    others = a.scatter(1, y[:, None], -math.inf).max(1).values
    return F.relu(1 + others - own[:, 0]).mean()


def over_time(**how: Any) -> Callable[[Any, Any], Tensor]:
    return dense(
        lambda a, y: F.cross_entropy(a.movedim(-1, 1), y.movedim(-1, 1) if y.is_floating_point() else y, **how)
    )


def columns(loss: Loss) -> Callable[[Any, Any], Tensor]:
    return lambda p, d: loss(F.linear(d.x.mT, p.W1, p.b1), d.y.mT if d.y.ndim == 2 else d.y)


def gaussian(**how: Any) -> Callable[[Any, Any], Tensor]:
    def loss(p: Any, d: Any) -> Tensor:
        h = torch.tanh(F.linear(d.x, p.W_h, p.b_h))
        v = F.softplus(F.linear(h, p.W_v, p.b_v), threshold=1e9)
        return F.gaussian_nll_loss(F.linear(h, p.W_a, p.b_a), d.y, v, **how)

    return loss


def cosine(**how: Any) -> Callable[[Any, Any], Tensor]:
    return lambda p, d: F.cosine_embedding_loss(d.a, d.b, d.y, **how)


def triplet(**how: Any) -> Callable[[Any, Any], Tensor]:
    return lambda p, d: F.triplet_margin_loss(d.a, d.b, d.c, **how)


def ctc(**how: Any) -> Callable[[Any, Any], Tensor]:
    def loss(p: Any, d: Any) -> Tensor:
        frames = log_softmax(F.linear(d.x, p.W1, p.b1))
        many = frames.ndim == 3
        y, count = (d.y, len(d.y)) if many else (d.y[None], 1)
        lengths = getattr(d, "input_lengths", torch.full((count,), frames.shape[-2]))
        letters = getattr(d, "target_lengths", torch.full((count,), y.shape[-1]))
        by_time = frames.transpose(0, 1) if many else frames[:, None]
        losses = F.ctc_loss(by_time, y, lengths, letters, **{"reduction": "none", **how})
        return losses if "reduction" in how else losses.mean()

    return loss


def heads(p: Any, d: Any) -> tuple[Tensor, Tensor]:
    h = torch.tanh(F.linear(d.x, p.W_h, p.b_h))
    side = F.cross_entropy(F.linear(h, p.W2, p.b2), d.label)
    return side, F.linear(h, p.W3, p.b3)


def total(p: Any, d: Any) -> Tensor:
    side, a = heads(p, d)
    return ((a - d.y) ** 2).sum(1).mean() / 2 + 0.3 * side


def penalised_total(p: Any, d: Any) -> Tensor:
    side, a = heads(p, d)
    return d.w * F.mse_loss(a, d.y) + 2 * side + 0.1 * (p.W_h**2).sum()


def log_softmax(z: Tensor) -> Tensor:
    return F.log_softmax(z, -1)


REGRESSION: dict[str, Callable[[Any, Any], Any]] = {
    "mean_squared_error": dense(F.mse_loss),
    "mean_squared_error sum entries=sum": dense(lambda a, y: F.mse_loss(a, y, reduction="sum")),
    "mean_squared_error sample_weight=true": weighted(lambda a, y: F.mse_loss(a, y, reduction="none").mean(1)),
    "absolute_error": dense(by_example(lambda a, y: F.l1_loss(a, y, reduction="none"))),
    "absolute_error entries=mean": dense(F.l1_loss),
    "absolute_error at its kink": lambda p, d: F.l1_loss(d.x, d.y, reduction="sum"),
    "huber entries=mean": dense(F.smooth_l1_loss),
    "huber delta=0.3 entries=mean": dense(lambda a, y: huber(a, y, delta=0.3).mean()),
    "huber of large errors": dense(by_example(huber)),
    "log_cosh": dense(by_example(log_cosh)),
    "log_cosh sum": dense(lambda a, y: log_cosh(a, y).sum()),
    "log_cosh of large errors": dense(by_example(log_cosh)),
    "quantile tau=0.9": dense(by_example(pinball(0.9))),
    "quantile sum tau=0.2": dense(lambda a, y: pinball(0.2)(a, y).sum()),
    "poisson_nll": dense(by_example(lambda a, y: F.poisson_nll_loss(a, y, reduction="none"))),
    "poisson_nll full=true entries=mean": dense(lambda a, y: F.poisson_nll_loss(a, y, full=True)),
    "poisson_nll log_input=false": dense(
        by_example(lambda a, y: F.poisson_nll_loss(a, y, log_input=False, reduction="none")), F.softplus
    ),
    "poisson_nll log_input=false full=true sum": dense(
        lambda a, y: F.poisson_nll_loss(a, y, log_input=False, full=True, reduction="sum"), F.softplus
    ),
    "gaussian_nll": lambda p, d: gaussian(reduction="none")(p, d).sum(1).mean(),
    "gaussian_nll entries=mean full=true": gaussian(full=True),
    "gaussian_nll sum": gaussian(reduction="sum"),
    "of its own input": lambda p, d: (
        ((F.linear(torch.tanh(F.linear(d.x, p.W1, p.b1)), p.W2, p.b2) - d.x) ** 2).sum(1).mean() / 2
    ),
}

CLASSIFICATION: dict[str, Callable[[Any, Any], Any]] = {
    "binary_cross_entropy": dense(
        by_example(lambda a, y: F.binary_cross_entropy(a, y, reduction="none")), torch.sigmoid
    ),
    "binary_cross_entropy entries=mean sum": dense(
        lambda a, y: F.binary_cross_entropy(a, y, reduction="none").mean(1).sum(), torch.sigmoid
    ),
    "binary_cross_entropy_logits": dense(by_example(logits)),
    "binary_cross_entropy_logits entries=mean": dense(lambda a, y: logits(a, y).mean()),
    "binary_cross_entropy_logits pos_weight=2.5": dense(by_example(lambda a, y: logits(a, y, pos_weight=5 * W[0]))),
    "binary_cross_entropy_logits pos_weight=0.5,2,1,0.25 entries=mean": dense(
        lambda a, y: logits(a, y, pos_weight=W).mean()
    ),
    "binary_cross_entropy_logits pos_weight=q": weighted_logits,
    "binary_cross_entropy_logits of large logits": dense(by_example(logits)),
    "softmax_cross_entropy label_smoothing=0.1": dense(softmax(label_smoothing=0.1)),
    f"softmax_cross_entropy {WEIGHTS}": dense(softmax(weight=W)),
    f"softmax_cross_entropy {WEIGHTS} label_smoothing=0.1": dense(softmax(weight=W, label_smoothing=0.1)),
    "softmax_cross_entropy sum": dense(softmax(reduction="sum")),
    "softmax_cross_entropy sample_weight=true": weighted(softmax(reduction="none")),
    "softmax_cross_entropy class_weights=w": lambda p, d: F.cross_entropy(F.linear(d.x, p.W1, p.b1), d.y, d.w.detach()),
    "softmax_cross_entropy labels=counts": dense(softmax()),
    "softmax_cross_entropy labels=counts sum": dense(softmax(reduction="sum")),
    "softmax_cross_entropy labels=index": dense(softmax()),
    "softmax_cross_entropy labels=index sum": dense(softmax(reduction="sum")),
    "softmax_cross_entropy labels=index label_smoothing=0.1": dense(softmax(label_smoothing=0.1)),
    f"softmax_cross_entropy labels=index {WEIGHTS}": dense(softmax(weight=W)),
    f"softmax_cross_entropy labels=index {WEIGHTS} label_smoothing=0.2": dense(softmax(weight=W, label_smoothing=0.2)),
    f"softmax_cross_entropy labels=index sum {WEIGHTS}": dense(softmax(weight=W, reduction="sum")),
    "softmax_cross_entropy labels=index sample_weight=true": weighted(softmax(reduction="none")),
    f"softmax_cross_entropy labels=index sample_weight=true {WEIGHTS}": both_weights,
    "softmax_cross_entropy labels=index none": dense(softmax(reduction="none")),
    f"softmax_cross_entropy labels=index none {WEIGHTS}": dense(softmax(weight=W, reduction="none")),
    "softmax_cross_entropy labels=index ignore_index=-100": dense(softmax()),
    "softmax_cross_entropy labels=index ignore_index=-100 sum": dense(softmax(reduction="sum")),
    f"softmax_cross_entropy labels=index ignore_index=-100 {WEIGHTS} label_smoothing=0.1": dense(
        softmax(weight=W, label_smoothing=0.1)
    ),
    f"softmax_cross_entropy labels=index ignore_index=-100 none {WEIGHTS}": dense(softmax(weight=W, reduction="none")),
    "softmax_cross_entropy of large logits": dense(softmax()),
    "softmax_cross_entropy of large logits and indices": dense(softmax()),
    "softmax_cross_entropy of indices, columns": columns(softmax(weight=W)),
    "softmax_cross_entropy of weights, columns": columns(softmax(weight=W, label_smoothing=0.1)),
    "softmax_cross_entropy of one example": dense(softmax()),
    "softmax_cross_entropy over time": over_time(),
    "softmax_cross_entropy over time sum entries=sum": over_time(reduction="sum"),
    f"softmax_cross_entropy over time ignore_index=-100 {WEIGHTS}": over_time(weight=W),
    "softmax_cross_entropy of distributions over time": dense(lambda a, y: F.cross_entropy(a.flatten(0, 1), y.flatten(0, 1))),
    "nll": dense(F.nll_loss, log_softmax),
    f"nll {WEIGHTS}": dense(lambda a, y: F.nll_loss(a, y, weight=W), log_softmax),
    f"nll {WEIGHTS} ignore_index=2": dense(lambda a, y: F.nll_loss(a, y, weight=W, ignore_index=2), log_softmax),
    "hinge": dense(by_example(lambda a, y: F.relu(1 - y * a))),
    "hinge sum margin=0.5 p=2": dense(lambda a, y: (F.relu(0.5 - y * a) ** 2).sum()),
    "multiclass_hinge": dense(F.multi_margin_loss),
    "multiclass_hinge sum margin=0.3 p=2": dense(
        lambda a, y: F.multi_margin_loss(a, y, p=2, margin=0.3, reduction="sum")
    ),
    "multiclass_hinge form=crammer_singer": dense(crammer_singer),
    "multiclass_hinge columns": columns(F.multi_margin_loss),
    "kl_divergence": dense(lambda a, y: F.kl_div(a, y, reduction="batchmean"), log_softmax),
    "kl_divergence entries=mean log_target=true": dense(
        lambda a, y: F.kl_div(a, y, reduction="none", log_target=True).mean(), log_softmax
    ),
}  # fmt: skip

REFERENCES: dict[str, Callable[[Any, Any], Any]] = {
    **REGRESSION,
    **CLASSIFICATION,
    "cosine_embedding": cosine(),
    "cosine_embedding margin=0.3": cosine(margin=0.3),
    "cosine_embedding sum margin=-0.5": cosine(margin=-0.5, reduction="sum"),
    "triplet": triplet(),
    "triplet margin=0.2": triplet(margin=0.2),
    "triplet p=3 swap=true": triplet(p=3, swap=True),
    "triplet sum p=1.5": triplet(p=1.5, reduction="sum"),
    "triplet none": triplet(reduction="none"),
    "triplet of equal vectors": triplet(),
    "ctc": ctc(),
    "ctc by length": ctc(reduction="mean"),
    "ctc sum, another blank": ctc(reduction="sum", blank=3),
    "ctc of each": ctc(reduction="none"),
    "ctc of lengths": ctc(),
    "ctc of lengths, by length": ctc(reduction="mean"),
    "ctc of too few frames": ctc(zero_infinity=True),
    "ctc of large logits": ctc(),
    "ctc of one example": ctc(),
    "total": total,
    "total of penalties and weights": penalised_total,
}
