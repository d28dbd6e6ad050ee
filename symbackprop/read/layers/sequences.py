"""Losses of sequences that are not aligned with what they should read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from symbackprop.errors import ArgumentError
from symbackprop.ir.size import Size, named
from symbackprop.read.layers.arrays import there_alone, within_lengths
from symbackprop.read.layers.builder import Builder
from symbackprop.read.layers.layer import Value, features, with_rank
from symbackprop.read.layers.losses import TargetLoss, Terms

__all__ = ["CTC"]

_NEVER = "-1e30"  # the logarithm of a probability of 0; finite, so that differences of two are


@dataclass(frozen=True)
class CTC(TargetLoss):
    """Connectionist temporal classification: ``l = -log(p(y))``, over all ways to align the labels y with the frames.

    A way reads as y once repetitions are one and blanks are gone (Graves, Fernandez, Gomez and Schmidhuber, 2006,
    equations 6 to 8, in logarithms). Outputs are logits, whose softmax is the distribution of a frame; logarithms of
    probabilities are logits too.

    Parameters
    ----------
    blank : int
        The class that is no label.
    labels : int or str
        How many labels a target has at most; a name is a size that calls are free to choose.
    input_lengths, target_lengths : bool
        Whether there are inputs of these names: how many frames, and how many labels of y, an example really has.
        Without them it has all. What is behind is not looked at, and may be nan.
    zero_infinity : bool
        Whether the loss of labels for which there are too few frames is 0. Otherwise it is infinite; its derivative
        is 0 either way.
    entries : {"sum", "mean"}
        "mean" divides by the number of labels of an example, as losses of sequences are averaged.

    Shapes
    ------
    (frames, classes) an example, and y of (labels,): numbers of classes.

    Source
    ------
    Graves, Fernandez, Gomez and Schmidhuber (2006), Connectionist temporal classification, eqs. 3 and 6 to 8.
    """

    kind: ClassVar[str] = "ctc"

    blank: int = 0
    labels: int | str = field(default="s", kw_only=True)
    input_lengths: bool = field(default=False, kw_only=True)
    target_lengths: bool = field(default=False, kw_only=True)
    zero_infinity: bool = field(default=False, kw_only=True)

    def check(self) -> None:
        super().check()
        if self.blank < 0:
            raise ArgumentError(f"layer ctc: blank is {self.blank}; it is the number of a class")
        if isinstance(self.labels, int) and self.labels < 1:
            raise ArgumentError(f"layer ctc: labels is {self.labels}; at least one is needed")

    def terms(self, builder: Builder, *values: Value) -> Terms:
        (z,) = values
        builder.needs_rows("ctc")
        with_rank(z, 2, "ctc", "frames and classes")
        if features(z, "ctc") <= self.blank:
            raise ArgumentError(f"blank is {self.blank}, and there are {features(z, 'ctc')} classes")
        count: Size = named(self.labels) if isinstance(self.labels, str) else self.labels
        y = builder.shared_input(self.target, (count,), "int").name
        length = builder.shared_input("target_lengths", (), "int").name if self.target_lengths else ""
        if length:
            builder.bound_lengths(length, count)
        builder.bound(y, features(z, "ctc"), "classes", barred=self.blank, lengths=length)
        letters = self._labels(builder, y, length)
        at_blank, at_letter = self._forward(builder, z, letters)
        loss = builder.let("nll", f"-logaddexp({self._last(builder, at_blank, at_letter, length)})")
        text = f"where({loss} < 1e29, {loss}, {'0' if self.zero_infinity else 'inf'})"
        if self.entries == "mean":
            text += f"/maximum({length or f'{y}.shape[-1]'}, 1)"
        return Terms(text)

    def _labels(self, builder: Builder, y: str, length: str) -> str:
        """Write the labels, with blanks behind those that there are."""
        if not length:
            return y
        there = f"arange({y}.shape[-1]) < {_column(builder, length)}"
        return builder.let("label", f"where({there}, {y}, {self.blank})")

    def _forward(self, builder: Builder, z: Value, label: str) -> tuple[str, str]:
        """Write the recurrence over frames; return the logarithms of having read so many labels, a blank or a label last.

        With b_j for j labels and a blank, l_j for j labels: ``b_j' = (b_j + l_j)*p(blank)`` and
        ``l_(j+1)' = (l_(j+1) + b_j + l_j)*p(y_(j+1))``, where l_j counts only if y_j is not y_(j+1).
        """
        time = builder.leading
        there = within_lengths(builder, z, "input_lengths") if self.input_lengths else ""
        z = there_alone(builder, z, there)
        log_p = builder.let("log_p", f"maximum(log_softmax({z.name}, axis={time + 1}), {_NEVER})")
        before = f"concatenate([{label}[..., :1], {label}[..., :-1]], axis=-1)"
        fresh = builder.let("fresh", f"{label} != {before}")
        of_label = builder.let("label_p", f"take_along_axis({log_p}, {_row(builder, label)}, axis={time + 1})")
        lead = f"{z.name}.shape[0], " if builder.leading else ""
        never = builder.let("never", f"full(({lead}1,), {_NEVER})")
        begun = builder.let("begun", f"full(({lead}{label}.shape[-1],), {_NEVER})")
        blanks = f"concatenate([zeros(({lead}1,)), {begun}], axis=-1)"  # no label is read, for certain
        frames = [f"{log_p}[..., {self.blank}]", of_label, *([there] if there else [])]
        if builder.leading:
            frames = [f"swapaxes({frame}, 0, 1)" for frame in frames]
        step, xs = self._step(builder, fresh, never), ", ".join(frames)
        lasts, _ = builder.unpack(("last", "steps"), f"scan({step}, ({blanks}, {begun}), ({xs}))")
        last_blank, last_label = builder.unpack(("last_blank", "last_label"), lasts)
        return last_blank, last_label

    def _step(self, builder: Builder, fresh: str, never: str) -> str:
        """Write what one frame does."""
        lines = ["at_blank, at_label = state", f"came = concatenate([{never}, at_label], axis=-1)"]
        blank = _column(builder, "blank_p")
        stays = "logaddexp(at_label, at_blank[..., :-1])"
        after = [
            f"logaddexp(at_blank, came) + {blank}",
            f"logaddexp({stays}, where({fresh}, came[..., :-1], {_NEVER})) + label_p",
        ]
        if self.input_lengths:
            lines.append("blank_p, label_p, there = frame")
            there = _column(builder, "there")
            after = [f"where({there}, {new}, {old})" for new, old in zip(after, ("at_blank", "at_label"), strict=True)]
        else:
            lines.append("blank_p, label_p = frame")
        return builder.define("step", ("state", "frame"), [*lines, f"({after[0]}, {after[1]}), 0"])

    def _last(self, builder: Builder, at_blank: str, at_label: str, length: str) -> str:
        """Return the two ways to end, in logarithms: with a blank, and with the last label."""
        if not length:
            return f"{at_blank}[..., -1], {at_label}[..., -1]"
        place = f"maximum({length} - 1, 0)"
        if builder.leading:
            each = builder.let("each", f"arange({length}.shape[0])")
            length, place, at = f"{each}, {length}", f"{each}, {place}", length
        else:
            at = length
        return f"{at_blank}[{length}], where({at} > 0, {at_label}[{place}], {_NEVER})"


def _column(builder: Builder, name: str) -> str:
    """Return what is one number an example with an axis behind it."""
    return f"{name}[:, None]" if builder.leading else name


def _row(builder: Builder, name: str) -> str:
    """Return the labels of an example for all of its frames."""
    return f"{name}[:, None, :]" if builder.leading else f"{name}[None, :]"
