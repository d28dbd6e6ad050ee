"""What a diagnosis found: a row a layer, verdicts, and what to try."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from symbackprop.columns import aligned
from symbackprop.errors import UnsupportedError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["ADVICE", "Diagnosis", "LayerDiagnosis", "verdicts"]

_SMALL, _LARGE = 1e-3, 1e3  # of an adjoint beside the largest behind it, or the smallest
_MANY = 0.5  # of units

ADVICE = {
    "healthy": "nothing",
    "vanishing": "weights of variance 1/fan_in (Glorot, He or orthogonal), relu or its like in place of saturating "
    "functions, residual connections, normalisation",
    "exploding": "smaller weights (Glorot, He or orthogonal), gradient clipping, normalisation, a smaller learning rate",
    "saturated": "smaller weights, inputs of mean 0 and variance 1, normalisation before the activation",
    "dead": "a smaller learning rate, He weights, leaky_relu or elu, biases that begin above 0",
}


@dataclass(frozen=True)
class LayerDiagnosis:
    """What goes through a layer; norms are root mean squares, so that layers of different sizes compare.

    What cannot be measured is nan, and what is no finite number inf.

    Parameters
    ----------
    layer : str
    activation : float
        Of its output.
    delta : float
        Of the adjoint of what it sums up, or of its output where it sums up nothing.
    gradient : float
        Of the gradients of its weights; nan without any.
    ratio : float
        The norm of the gradients beside that of the weights.
    saturated : float
        The share of entries at which its activation has less than a twentieth of its steepest slope.
    dead : float
        The share of units at which the slope is 0 for all examples.
    stretch : float
        The spectral norm of its Jacobian, the largest over some examples.
    verdict : str
        ``"healthy"``, ``"vanishing"``, ``"exploding"``, ``"saturated"`` or ``"dead"``.
    """

    layer: str
    activation: float
    delta: float
    gradient: float
    ratio: float
    saturated: float
    dead: float
    stretch: float
    verdict: str = "healthy"

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing to measure."""
        return all(math.isnan(number) for number in (self.activation, self.delta, self.gradient))


def verdicts(rows: Sequence[LayerDiagnosis]) -> list[str]:
    """Return a verdict for each layer.

    An adjoint vanishes that is less than a thousandth of the largest one behind it, and explodes if it is more than a
    thousand times the smallest, or no finite number. More than half of the units may be saturated or dead.
    """
    found = []
    for position, row in enumerate(rows):
        behind = [other.delta for other in rows[position:] if not math.isnan(other.delta)] or [math.nan]
        if math.inf in (row.activation, row.delta, row.gradient):
            found.append("exploding")
        elif row.dead > _MANY:
            found.append("dead")
        elif row.delta < _SMALL * max(behind):
            found.append("vanishing")
        elif row.delta > _LARGE * min(behind):
            found.append("exploding")
        else:
            found.append("saturated" if row.saturated > _MANY else "healthy")
    return found


@dataclass(frozen=True)
class Diagnosis:
    """A report: true exactly when every layer is healthy; printed, a table.

    Parameters
    ----------
    loss : float
    rows : tuple of LayerDiagnosis
        From the input to the output.
    """

    loss: float
    rows: tuple[LayerDiagnosis, ...]

    def __bool__(self) -> bool:
        return all(row.verdict == "healthy" for row in self.rows)

    @property
    def verdict(self) -> str:
        """The verdict of the whole: that which most of the layers that are not healthy have."""
        ill = [row.verdict for row in self.rows if row.verdict != "healthy"]
        return max(ill, key=ill.count) if ill else "healthy"

    @property
    def advice(self) -> str:
        """What to try."""
        return ADVICE[self.verdict]

    def __str__(self) -> str:
        titles = ("layer", "|a|", "|delta|", "|W_bar|", "|W_bar|/|W|", "saturated", "dead", "|J|", "verdict")
        lines = aligned([titles, *(_cells(row) for row in self.rows)])
        ending = "" if self else f"; try {self.advice}"
        return "\n".join([*lines, "", f"loss {self.loss:.6g}: {self.verdict}{ending}"])

    def plot(self) -> Figure:
        """Return a figure of the norms by layer. It needs matplotlib: ``pip install symbackprop[plot]``."""
        try:
            from matplotlib.figure import Figure
        except ImportError:
            raise UnsupportedError("plots need matplotlib: pip install 'symbackprop[plot]'") from None
        figure = Figure(figsize=(max(6.0, 0.2 * len(self.rows)), 6.0), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True)
        places = range(1, len(self.rows) + 1)
        for name, title in (("activation", "|a|"), ("delta", "|delta|"), ("gradient", "|W_bar|")):
            above.plot(places, [getattr(row, name) or math.nan for row in self.rows], marker=".", label=title)
        above.set_yscale("log")
        above.set_ylabel("root mean square")
        above.legend()
        for name in ("saturated", "dead"):
            below.plot(places, [getattr(row, name) for row in self.rows], marker=".", label=name)
        below.set_ylabel("share of units")
        below.set_ylim(-0.05, 1.05)
        below.set_xlabel("layer")
        below.legend()
        return figure


def _cells(row: LayerDiagnosis) -> tuple[str, ...]:
    norms = [_shown(number) for number in (row.activation, row.delta, row.gradient, row.ratio)]
    shares = ["" if math.isnan(share) else f"{share:.0%}" for share in (row.saturated, row.dead)]
    return row.layer, *norms, *shares, _shown(row.stretch), row.verdict


def _shown(number: float) -> str:
    return "" if math.isnan(number) else f"{number:.2e}"
