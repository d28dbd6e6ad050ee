"""Losses of numbers, classes, distributions and embeddings, their reductions, weights and sums."""

from __future__ import annotations

from typing import Any

import numpy as np

from layer_cases.case import Case, Draw, below, distribution, mask, normal, one_hot, positive, signs, unit

CLASSES = 4
WEIGHTS = "class_weights=0.5,2,1,0.25"


def scaled(factor: float, draw: Draw = normal) -> Draw:
    return lambda rng, shape: factor * draw(rng, shape)


def counts(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.poisson(2.0, shape)


def logarithms(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return np.log(distribution()(rng, shape))


def with_ignored(ignored: int) -> Draw:
    """Return what draws classes of which the first of the last axis is the number that stands for none."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        found = below(CLASSES)(rng, shape)
        found[..., 0] = ignored
        return found

    return draw


def case(loss: str, y: Draw = normal, last: str = "", *, held: bool = True, **others: Any) -> Case:
    """Return a dense layer and a loss."""
    spec = f"input 3\ndense {CLASSES} {last}\nloss {loss}"
    return Case(loss, spec, {"y": y, **others}, held=("y", *others) if held else (), seed=len(loss))


REGRESSION = (
    *(case(loss, held=False) for loss in (
        "mean_squared_error", "mean_squared_error sum entries=sum", "mean_squared_error sample_weight=true",
        "absolute_error", "absolute_error entries=mean", "huber entries=mean", "huber delta=0.3 entries=mean",
        "log_cosh", "log_cosh sum", "quantile tau=0.9", "quantile sum tau=0.2",
    )),
    Case("huber of large errors", "input 3\ndense 4\nloss huber", {"W1": scaled(1e6)}),
    Case("log_cosh of large errors", "input 3\ndense 4\nloss log_cosh", {"W1": scaled(1e6)}),
    Case("absolute_error at its kink", "network batch=none\ninput 3\nloss absolute_error",
         {"x": lambda rng, shape: np.ones(shape), "y": lambda rng, shape: np.array([1.0, 0.0, 2.0])}),
    case("poisson_nll", counts), case("poisson_nll full=true entries=mean", counts),
    case("poisson_nll log_input=false", counts, "softplus"),
    case("poisson_nll log_input=false full=true sum", counts, "softplus"),
    *(Case(f"gaussian_nll{more}", "input 3\nh = dense 4 tanh\na = dense 2 from=h\nv = dense "
           f"{units} softplus from=h\nloss gaussian_nll from=a,v{more}")
      for units, more in ((2, ""), (2, " entries=mean full=true"), (1, " sum"))),
)  # fmt: skip

CLASSIFICATION = (
    case("binary_cross_entropy", unit, "sigmoid"), case("binary_cross_entropy entries=mean sum", mask, "sigmoid"),
    case("binary_cross_entropy_logits", unit), case("binary_cross_entropy_logits entries=mean", mask),
    case("binary_cross_entropy_logits pos_weight=2.5", unit),
    case("binary_cross_entropy_logits pos_weight=0.5,2,1,0.25 entries=mean", mask),
    case("binary_cross_entropy_logits pos_weight=q", unit, q=positive),
    Case("binary_cross_entropy_logits of large logits", "input 3\ndense 4\nloss binary_cross_entropy_logits",
         {"W1": scaled(1e3), "y": mask}, held=("y",)),
    *(case(f"softmax_cross_entropy{more}", distribution()) for more in (
        " label_smoothing=0.1", f" {WEIGHTS}", f" {WEIGHTS} label_smoothing=0.1", " sum", " sample_weight=true",
    )),
    case("softmax_cross_entropy class_weights=w", distribution(), w=positive),
    case("softmax_cross_entropy labels=counts", unit), case("softmax_cross_entropy labels=counts sum", counts),
    *(case(f"softmax_cross_entropy labels=index{more}", below(CLASSES)) for more in (
        "", " sum", " label_smoothing=0.1", f" {WEIGHTS}", f" {WEIGHTS} label_smoothing=0.2", f" sum {WEIGHTS}",
        " sample_weight=true", f" sample_weight=true {WEIGHTS}", " none", f" none {WEIGHTS}",
    )),
    *(case(f"softmax_cross_entropy labels=index ignore_index=-100{more}", with_ignored(-100)) for more in (
        "", " sum", f" {WEIGHTS} label_smoothing=0.1", f" none {WEIGHTS}",
    )),
    Case("softmax_cross_entropy of large logits", "input 3\ndense 4\nloss softmax_cross_entropy",
         {"W1": scaled(300.0), "y": one_hot()}, held=("y",)),
    Case("softmax_cross_entropy of large logits and indices", "input 3\ndense 4\nloss softmax_cross_entropy labels=index",
         {"W1": scaled(300.0), "y": below(CLASSES)}),
    Case("softmax_cross_entropy of indices, columns",
         f"network batch=columns\ninput 3\ndense 4\nloss softmax_cross_entropy labels=index {WEIGHTS}", {"y": below(CLASSES)}),
    Case("softmax_cross_entropy of weights, columns",
         f"network batch=columns\ninput 3\ndense 4\nloss softmax_cross_entropy {WEIGHTS} label_smoothing=0.1",
         {"y": distribution(axis=0)}, held=("y",)),
    Case("softmax_cross_entropy of one example", "network batch=none\ninput 3\ndense 4\nloss softmax_cross_entropy labels=index",
         {"y": below(CLASSES)}),
    *(Case(f"softmax_cross_entropy over time{more}", f"input t 3\ndense 4\nloss softmax_cross_entropy labels=index{more}",
           {"y": with_ignored(-100) if "ignore" in more else below(CLASSES)}, sizes={"m": 3, "t": 5})
      for more in ("", " sum entries=sum", f" ignore_index=-100 {WEIGHTS}")),
    Case("softmax_cross_entropy of distributions over time", "input t 3\ndense 4\nloss softmax_cross_entropy",
         {"y": distribution()}, sizes={"m": 3, "t": 5}, held=("y",)),
    case("nll", below(CLASSES), "log_softmax"), case(f"nll {WEIGHTS}", below(CLASSES), "log_softmax"),
    case(f"nll {WEIGHTS} ignore_index=2", below(CLASSES), "log_softmax"),
    case("hinge", signs), case("hinge sum margin=0.5 p=2", signs),
    case("multiclass_hinge", below(CLASSES)), case("multiclass_hinge sum margin=0.3 p=2", below(CLASSES)),
    case("multiclass_hinge form=crammer_singer", below(CLASSES)),
    Case("multiclass_hinge columns", "network batch=columns\ninput 3\ndense 4\nloss multiclass_hinge", {"y": below(CLASSES)}),
    case("kl_divergence", distribution(), "log_softmax"),
    case("kl_divergence entries=mean log_target=true", logarithms, "log_softmax"),
)  # fmt: skip

ALIKE: dict[str, Draw] = {"y": signs}
EMBEDDINGS = (
    *(Case(f"cosine_embedding{more}", f"a = input 5\nb = input 5\nloss cosine_embedding from=a,b{more}", ALIKE, {"m": 8},
           held=("y",))
      for more in ("", " margin=0.3", " sum margin=-0.5")),
    *(Case(f"triplet{more}", f"a = input 3\nb = input 3\nc = input 3\nloss triplet from=a,b,c{more}", sizes={"m": 8})
      for more in ("", " margin=0.2", " p=3 swap=true", " sum p=1.5", " none")),
    Case("triplet of equal vectors", "a = input 3\nb = input 3\nc = input 3\nloss triplet from=a,b,c",
         {name: lambda rng, shape: np.ones(shape) for name in "ab"}),
)  # fmt: skip

HEADS = (
    "input 3\nh = dense 4 tanh\ndense 4\nside = loss softmax_cross_entropy labels=index target=label\ndense 2 from=h\n"
)
SUMS = (
    Case("total", f"{HEADS}main = loss squared_error\nloss total from=main,side weights=1,0.3", {"label": below(CLASSES)}),
    Case("total of penalties and weights",
         f"{HEADS}main = loss mean_squared_error\nloss total from=main,side weights=w,2".replace("tanh", "tanh l2=0.1"),
         {"label": below(CLASSES)}),
    Case("of its own input", "input 3\ndense 2 tanh\ndense 3\nloss squared_error target=x"),
)  # fmt: skip


def up_to(most: int, least: int = 1) -> Draw:
    """Return what draws lengths."""
    return lambda rng, shape: rng.integers(least, most + 1, size=shape)


def labels(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Return labels of which two that are neighbours are the same."""
    found = rng.integers(1, CLASSES, size=shape)
    found[..., 1] = found[..., 0]
    return found


LENGTHS = {"y": labels, "input_lengths": up_to(7, 5), "target_lengths": up_to(3, 0)}
SIZES = {"m": 4, "t": 7, "s": 3}
FRAMES = "input t 3\ndense 4\nloss ctc"
SEQUENCES = (
    Case("ctc", FRAMES, {"y": labels}, SIZES),
    Case("ctc by length", f"{FRAMES} entries=mean", {"y": labels}, SIZES, seed=1),
    Case("ctc sum, another blank", f"{FRAMES} sum blank=3", {"y": below(3)}, SIZES, seed=2),
    Case("ctc of each", f"{FRAMES} none", {"y": labels}, SIZES, seed=3),
    Case("ctc of lengths", f"{FRAMES} input_lengths=true target_lengths=true", LENGTHS, SIZES, seed=4),
    Case("ctc of lengths, by length", f"{FRAMES} entries=mean input_lengths=true target_lengths=true", LENGTHS, SIZES, seed=5),
    Case("ctc of too few frames", f"{FRAMES} zero_infinity=true input_lengths=true target_lengths=true",
         {**LENGTHS, "input_lengths": up_to(3), "target_lengths": up_to(3, 2)}, SIZES, seed=6),
    Case("ctc of large logits", FRAMES, {"y": labels, "W1": scaled(300.0)}, SIZES, seed=7),
    Case("ctc of one example", f"network batch=none\n{FRAMES} labels=3", {"y": labels}, SIZES, seed=8),
)  # fmt: skip

CASES = (*REGRESSION, *CLASSIFICATION, *EMBEDDINGS, *SEQUENCES, *SUMS)
