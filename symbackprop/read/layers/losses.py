"""What losses have in common: numbers of entries, how those become one an example, and these one of all examples."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal, NamedTuple

from symbackprop.errors import ArgumentError
from symbackprop.ir.size import Size
from symbackprop.read.layers.builder import Builder
from symbackprop.read.layers.layer import Layer, Value

__all__ = ["ElementwiseLoss", "Loss", "ReducedLoss", "TargetLoss", "Terms", "TotalLoss"]


class Terms(NamedTuple):
    """The losses of all entries.

    Parameters
    ----------
    text : str
        As formula text.
    shape : tuple of sizes
        How many of them there are in one example.
    divisor : str
        The name of the weights that are in them, whose sum a mean is divided by; empty where all count the same.
    """

    text: str
    shape: tuple[Size, ...] = ()
    divisor: str = ""


@dataclass(frozen=True)
class Loss(Layer):
    """The base of losses: the last layer of a network, or layers with names that `TotalLoss` adds up."""

    is_loss: ClassVar[bool] = True


@dataclass(frozen=True)
class TotalLoss(Loss):
    """A sum of losses that have names: ``L = w_1*L_1 + w_2*L_2 + ...``.

    Parameters
    ----------
    weights : sequence of float or str, optional
        A number each, or the name of an input that is one; 1 by default.

    Examples
    --------
    >>> import symbackprop as sb
    >>> net = sb.read_layers('''
    ...     input 4
    ...     h = dense 3 tanh
    ...     side = loss softmax_cross_entropy target=label
    ...     dense 1 from=h
    ...     main = loss squared_error
    ...     loss total from=main,side weights=1,0.3
    ... ''')
    >>> net.formula.split(chr(10))[-2]
    'loss = loss_main + 0.3*loss_side'
    """

    kind: ClassVar[str] = "total"
    arity: ClassVar[int | None] = None
    takes_losses: ClassVar[bool] = True

    weights: tuple[float | str, ...] = ()

    def build(self, builder: Builder, *values: Value) -> Value:
        weights = self.weights or (1.0,) * len(values)
        if len(weights) != len(values):
            raise ArgumentError(f"there are {len(values)} losses and {len(weights)} weights")
        each = {builder.losses[value.name] for value in values}
        if len(each) != 1:
            raise ArgumentError("some of its losses are one number and others are one an example; reduce all alike")
        builder.begin_loss()
        terms = []
        for weight, value in zip(weights, values, strict=True):
            factor = builder.shared_input(weight, (), batched=False).name if isinstance(weight, str) else repr(weight)
            terms.append(value.name if weight == 1 else f"{factor}*{value.name}")
        return builder.let_loss(" + ".join(terms), an_example=each.pop())


@dataclass(frozen=True)
class ReducedLoss(Loss):
    """Losses that are one number an example, and how these become one number.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
        Over the examples; "none" leaves a loss each.
    entries : {"sum", "mean"}
        Over what one example consists of: its features, its positions in time.
    sample_weight : bool
        Whether examples have weights, the input ``sample_weight``; the mean is then ``sum(w*l)/sum(w)``. The loss of
        one example without a batch is ``w*l``.

    A mean of weights that are all 0 is 0/0: the loss and its gradient are nan. That of labels that are all ignored is nan
    too, and the gradient of what is ignored is 0 as ever. A mean of no examples, or of no entries, is refused.
    """

    reduction: Literal["mean", "sum", "none"] = "mean"
    entries: Literal["sum", "mean"] = field(default="sum", kw_only=True)
    sample_weight: bool = field(default=False, kw_only=True)

    def build(self, builder: Builder, *values: Value) -> Value:
        builder.begin_loss()
        terms = self.terms(builder, *values)
        if self.reduction == "mean":
            for size in builder.full(()):
                builder.require(1, size, "the mean loss of no examples does not exist")
        if self.entries == "mean":
            for size in terms.shape:
                builder.require(1, size, "the mean loss of no entries does not exist")
        reduced = self._weighted if terms.divisor else self._reduced
        weight = builder.shared_input("sample_weight", ()).name if self.sample_weight else ""
        return builder.let_loss(
            reduced(builder, terms, weight), an_example=self.reduction == "none" and builder.batch != "none"
        )

    def terms(self, builder: Builder, *values: Value) -> Terms:
        """Write what leads to the losses of all entries, and return these."""
        raise NotImplementedError

    def _reduced(self, builder: Builder, terms: Terms, weight: str) -> str:
        """Return the loss where all entries count the same."""
        joint = not terms.shape or self.entries == self.reduction
        if joint and not weight and builder.batch != "none" and self.reduction != "none":
            return f"{self.reduction}({terms.text})"
        return self._over_examples(builder, _over_entries(builder, self.entries, terms.text, terms.shape), weight)

    def _weighted(self, builder: Builder, terms: Terms, weight: str) -> str:
        """Return the loss where entries have weights, the sum of which a mean is divided by."""
        total = _over_entries(builder, "sum", terms.text, terms.shape)
        divisor = _over_entries(builder, "sum", terms.divisor, terms.shape)
        if builder.batch != "none" and self.reduction == "mean":
            if terms.shape and self.entries == "sum":
                raise ArgumentError(
                    "positions have weights here, so that a mean is one of all positions; "
                    "say entries=mean, or reduction=sum"
                )
            if weight:
                return f"sum({weight}*{_factor(total)})/sum({weight}*{divisor})"
            return f"sum({terms.text})/sum({terms.divisor})"
        if terms.shape and self.entries == "mean":
            total = f"{total}/{divisor}"
        return self._over_examples(builder, total, weight)

    def _over_examples(self, builder: Builder, losses: str, weight: str) -> str:
        """Return the loss of all examples, given theirs."""
        if weight:
            losses = f"{weight}*{_factor(losses)}"
        if builder.batch == "none" or self.reduction == "none":
            return losses
        if weight and self.reduction == "mean":
            return f"sum({losses})/sum({weight})"
        return f"{self.reduction}({losses})"


def _over_entries(builder: Builder, word: str, text: str, shape: tuple[Size, ...]) -> str:
    """Return what `word` makes of the entries of each example."""
    if not shape:
        return text
    if builder.batch == "none":
        return f"{word}({text})"
    axes = tuple(range(builder.leading, builder.leading + len(shape)))
    return f"{word}({text}, axis={axes[0] if len(axes) == 1 else axes})"


def _factor(text: str) -> str:
    """Return text that may stand behind a product sign."""
    return text if text.isidentifier() else f"({text})"


@dataclass(frozen=True)
class TargetLoss(ReducedLoss):
    """Losses that compare outputs with what they should be.

    Parameters
    ----------
    target : str
        The name of the input that outputs are compared with; it may be an input that the network takes already.
    """

    target: str = field(default="y", kw_only=True)

    def check(self) -> None:
        if not self.target.isidentifier():
            raise ArgumentError(f"layer {self.kind}: target is {self.target!r}, which is not a name")


@dataclass(frozen=True)
class ElementwiseLoss(TargetLoss):
    """Losses that each entry of an output has by itself, compared with the same entry of the target."""

    def terms(self, builder: Builder, *values: Value) -> Terms:
        a, *others = values
        y = builder.shared_input(self.target, a.shape)
        return Terms(self.entry(builder, y.name, a.name, *(other.name for other in others)), a.shape)

    def entry(self, builder: Builder, y: str, a: str, *others: str) -> str:
        """Return the losses of all entries as formula text, given the names of target and outputs."""
        raise NotImplementedError
