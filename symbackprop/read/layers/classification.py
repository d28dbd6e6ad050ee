"""Losses of classes and distributions: cross-entropies, likelihoods, divergences."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from symbackprop.errors import ArgumentError, ShapeError
from symbackprop.ir.size import shape_text
from symbackprop.read.layers.builder import Builder
from symbackprop.read.layers.layer import Value, check_not_negative, features
from symbackprop.read.layers.losses import ElementwiseLoss, TargetLoss, Terms

__all__ = [
    "NLL", "BinaryCrossEntropy", "BinaryCrossEntropyLogits", "KLDivergence", "SoftmaxCrossEntropy", "chosen_entries", "with_classes_axis",
]  # fmt: skip

Weights = tuple[float, ...] | str | None  # numbers, or the name of an input that holds them


# --- two classes ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BinaryCrossEntropy(ElementwiseLoss):
    """Cross-entropy of probabilities: ``l = -sum(y*log(p) + (1 - y)*log(1 - p))``.

    Its adjoint is ``(1 - y)/(1 - p) - y/p``. Outputs that are ``p = sigmoid(z)`` are seen as such: the loss is computed
    from z, as `BinaryCrossEntropyLogits` does, without loss of digits near 0 and 1, and the adjoint of z is ``p - y``.

    At kinks
    --------
    Terms with y = 0 or 1 - y = 0 are 0, whatever p is; a probability of 0 for what happens has an infinite loss.

    Source
    ------
    Good (1952), Rational decisions.
    """

    kind: ClassVar[str] = "binary_cross_entropy"

    def entry(self, builder: Builder, y: str, a: str, *others: str) -> str:
        return f"-xlogy({y}, {a}) - xlog1py(1 - {y}, -{a})"


@dataclass(frozen=True)
class BinaryCrossEntropyLogits(ElementwiseLoss):
    """Cross-entropy of the sigmoid: ``l = sum(softplus(z) - y*z)``, whose adjoint is ``sigmoid(z) - y``.

    Parameters
    ----------
    pos_weight : float, sequence of float or str, optional
        What y counts more than 1 - y: ``(1 - y)*z + (1 + (q - 1)*y)*softplus(-z)``; a number for all features, one
        each, or the name of an input with one each.

    Source
    ------
    Cox (1958), The regression analysis of binary sequences.
    """

    kind: ClassVar[str] = "binary_cross_entropy_logits"

    pos_weight: Weights = None

    def check(self) -> None:
        super().check()
        if isinstance(self.pos_weight, tuple):
            check_not_negative(self, "pos_weight")

    def terms(self, builder: Builder, *values: Value) -> Terms:
        (z,) = values
        if self.pos_weight is None:
            return super().terms(builder, z)
        y = builder.shared_input(self.target, z.shape).name
        q = _along(builder, _weights(builder, "pos_weight", self.pos_weight, z, may_be_one=True))
        share = builder.let("share", f"1 + ({q} - 1)*{y}")
        return Terms(f"(1 - {y})*{z.name} + {share}*softplus(-{z.name})", z.shape)

    def entry(self, builder: Builder, y: str, a: str, *others: str) -> str:
        return f"softplus({a}) - {y}*{a}"


# --- several classes --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _ClassLoss(TargetLoss):
    """Losses of the number of a class, with weights of classes and a number that stands for no class.

    Parameters
    ----------
    class_weights : sequence of float or str, optional
        A weight for each class, or the name of an input that holds them. With numbers of classes as labels, a mean is
        divided by the sum of the weights.
    ignore_index : int, optional
        The label of what does not count.
    """

    entries: Literal["sum", "mean"] = field(default="mean", kw_only=True)
    class_weights: Weights = field(default=None, kw_only=True)
    ignore_index: int | None = field(default=None, kw_only=True)

    def check(self) -> None:
        super().check()
        if isinstance(self.class_weights, tuple):
            check_not_negative(self, "class_weights")

    def _indexed(self, builder: Builder, z: Value) -> tuple[Value, str, str, str]:
        """Write labels that are numbers of classes; return outputs, labels, those that count, and weights of classes.

        Outputs that do not count are 0, so that what they are, which may be nan, reaches neither loss nor gradient.
        """
        y = builder.shared_input(self.target, z.shape[:-1], "int").name
        builder.bound(y, features(z, self.kind), "classes", self.ignore_index)
        weights = _weights(builder, "class_weights", self.class_weights, z) if self.class_weights is not None else ""
        if self.ignore_index is None:
            return z, y, "", weights
        counted = builder.let("counted", f"{y} != {self.ignore_index}")
        kept = builder.let("kept", f"where({with_classes_axis(builder, z, counted)}, {z.name}, 0)")
        return z._replace(name=kept), builder.let("label", f"where({counted}, {y}, 0)"), counted, weights

    def _counting(
        self, builder: Builder, losses: str, y: str, counted: str, weights: str, z: Value, *, besides: str = ""
    ) -> Terms:
        """Return losses times the weights of their classes, and text `besides`, without those that do not count."""
        divisor = counted
        if weights:
            w = f"{weights}[{y}]"
            divisor = builder.let("w", f"where({counted}, {w}, 0)" if counted else w)
            losses = f"{divisor}*({losses})"
        text = losses + besides
        return Terms(f"where({counted}, {text}, 0)" if counted else text, z.shape[:-1], divisor)


@dataclass(frozen=True)
class SoftmaxCrossEntropy(_ClassLoss):
    """Cross-entropy of softmax: ``p = softmax(z)``, ``l = -sum(y*log(p))``, whose adjoint is ``p - y``.

    Parameters
    ----------
    labels : {"distribution", "index", "counts"}
        What `y` is: a distribution an example, which sums to 1, such as a row of 0 with one 1; the number of a class;
        or any numbers, for which the adjoint is ``sum(y)*p - y``. What is called a distribution and sums to something
        else has the loss ``logsumexp(z) - sum(y*z)``, and that loss's adjoint. A call refuses numbers that stand for
        no class; the bare function does not look, and counts those below 0 from the last class, as NumPy does.
    label_smoothing : float
        The share of the uniform distribution in the labels: ``(1 - s)*y + s/classes``.
    class_weights : sequence of float or str, optional
        A weight for each class, or the name of an input that holds them: ``l = -sum(w*y*log(p))``. With numbers of
        classes as labels, a mean is divided by the sum of the labels' weights.
    ignore_index : int, optional
        The number that stands for no class: what has it does not count, and its outputs, be they nan, have the gradient 0.

    Shapes
    ------
    (..., classes) and y of the same shape, or without the last axis for numbers of classes. The mean is one of all
    positions (``entries="mean"``), if an example has several.

    Source
    ------
    Bridle (1990), Training stochastic model recognition algorithms as networks; label smoothing is that of Szegedy,
    Vanhoucke, Ioffe, Shlens and Wojna (2016), Rethinking the Inception architecture for computer vision, section 7.
    """

    kind: ClassVar[str] = "softmax_cross_entropy"

    labels: Literal["distribution", "index", "counts"] = "distribution"
    label_smoothing: float = field(default=0.0, kw_only=True)

    def check(self) -> None:
        super().check()
        if not 0 <= self.label_smoothing <= 1:
            raise ArgumentError(f"layer {self.kind}: label_smoothing is {self.label_smoothing}; it is between 0 and 1")
        if self.ignore_index is not None and self.labels != "index":
            raise ArgumentError(f'layer {self.kind}: ignore_index is a number of a class; say labels="index"')

    def terms(self, builder: Builder, *values: Value) -> Terms:
        (z,) = values
        classes = features(z, self.kind)
        if self.labels == "index":
            return self._of_indices(builder, z, classes)
        axis, s = builder.axis(z, -1), self.label_smoothing
        y = builder.shared_input(self.target, z.shape).name
        if s and self.labels == "distribution":
            y = builder.let("smooth", f"{1 - s!r}*{y} + {s / classes!r}")
        elif s:
            y = builder.let("smooth", f"{1 - s!r}*{y} + {s / classes!r}*sum({y}, axis={axis}, keepdims=True)")
        if self.class_weights is not None:
            weights = _weights(builder, "class_weights", self.class_weights, z)
            y = builder.let("wy", f"{_along(builder, weights)}*{y}")
        elif self.labels == "distribution":
            return Terms(f"logsumexp({z.name}, axis={axis}) - sum({y}*{z.name}, axis={axis})", z.shape[:-1])
        return Terms(f"-sum({y}*log_softmax({z.name}, axis={axis}), axis={axis})", z.shape[:-1])

    def _of_indices(self, builder: Builder, z: Value, classes: int) -> Terms:
        """Return the losses for the numbers of classes."""
        z, y, counted, weights = self._indexed(builder, z)
        axis, s = builder.axis(z, -1), self.label_smoothing
        logarithm = f"logsumexp({z.name}, axis={axis})"
        chosen = chosen_entries(builder, z, y)
        if not s:
            return self._counting(builder, f"{logarithm} - {chosen}", y, counted, weights, z)
        if not weights:
            text = f"{logarithm} - {1 - s!r}*{chosen} - {s!r}*mean({z.name}, axis={axis})"
            return self._counting(builder, text, y, counted, weights, z)
        every = f"sum({_along(builder, weights)}*log_softmax({z.name}, axis={axis}), axis={axis})"
        text, besides = f"{1 - s!r}*({logarithm} - {chosen})", f" - {s / classes!r}*{every}"
        return self._counting(builder, text, y, counted, weights, z, besides=besides)


@dataclass(frozen=True)
class NLL(_ClassLoss):
    """The negative log-likelihood of classes, for outputs that are logarithms of probabilities: ``l = -a[y]``.

    Parameters
    ----------
    class_weights : sequence of float or str, optional
        A weight for each class, or the name of an input that holds them; a mean is divided by the labels' weights.
    ignore_index : int, optional
        The number that stands for no class: what has it does not count, and its outputs, be they nan, have the gradient 0.

    Shapes
    ------
    (..., classes), and y without the last axis: numbers of classes.

    Source
    ------
    Fisher (1922), On the mathematical foundations of theoretical statistics.
    """

    kind: ClassVar[str] = "nll"

    def terms(self, builder: Builder, *values: Value) -> Terms:
        (a,) = values
        features(a, self.kind)
        a, y, counted, weights = self._indexed(builder, a)
        return self._counting(builder, f"-{chosen_entries(builder, a, y)}", y, counted, weights, a)


# --- distributions ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class KLDivergence(ElementwiseLoss):
    """The divergence of a distribution y from outputs a = log(q): ``l = sum(y*(log(y) - a))`` (Kullback and Leibler, 1951).

    Its adjoint is ``-y``.

    Parameters
    ----------
    log_target : bool
        Whether the target is the logarithm of the distribution too.
    """

    kind: ClassVar[str] = "kl_divergence"

    log_target: bool = field(default=False, kw_only=True)

    def entry(self, builder: Builder, y: str, a: str, *others: str) -> str:
        return f"exp({y})*({y} - {a})" if self.log_target else f"xlogy({y}, {y}) - {y}*{a}"


# --- parts ------------------------------------------------------------------------------------------------------------


def chosen_entries(builder: Builder, a: Value, y: str) -> str:
    """Return the entries of `a` that the classes `y` number, one for each position."""
    if builder.batch == "columns":
        if len(a.shape) > 1:
            builder.needs_rows("a loss of several positions an example")
        each = builder.let("each", f"arange({a.name}.shape[1])")
        return f"{a.name}[{y}, {each}]"
    axes = builder.leading + len(a.shape) - 1  # before that of the classes
    places = []
    for axis in range(axes):
        each = builder.let("each", f"arange({a.name}.shape[{axis}])")
        places.append(each if axis == axes - 1 else f"{each}[:, {', '.join(['None'] * (axes - 1 - axis))}]")
    return f"{a.name}[{', '.join([*places, y])}]"


def with_classes_axis(builder: Builder, a: Value, text: str) -> str:
    """Return text of what has no axis of classes with one of size 1 in its place."""
    if builder.batch == "columns" or (builder.batch == "none" and len(a.shape) == 1):
        return text
    return f"{text}[..., None]"


def _weights(builder: Builder, stem: str, given: Weights, z: Value, *, may_be_one: bool = False) -> str:
    """Write weights of classes or features, one of each; return their name, or the number that they are."""
    size = features(z, stem)
    if isinstance(given, str):
        name = builder.shared_input(given, (size,), batched=False).name
    elif may_be_one and given is not None and len(given) == 1:
        return repr(given[0])
    else:
        assert given is not None
        if len(given) != size:
            raise ShapeError(f"{stem} has {len(given)} numbers; shape {shape_text(z.shape)} needs {size}")
        name = builder.let(stem, f"array([{', '.join(map(repr, given))}])")
    return name


def _along(builder: Builder, weights: str) -> str:
    """Return what multiplies the entries of classes or features of all examples."""
    return f"{weights}[:, None]" if builder.batch == "columns" and weights.isidentifier() else weights
