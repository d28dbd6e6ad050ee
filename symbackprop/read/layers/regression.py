"""Losses of numbers: squared and absolute errors, what lies between them, quantiles, and likelihoods."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar, Literal

from symbackprop.errors import ArgumentError, ShapeError
from symbackprop.ir.size import shape_text
from symbackprop.read.layers.builder import Builder
from symbackprop.read.layers.layer import Value, check_positive
from symbackprop.read.layers.losses import ElementwiseLoss, Terms

__all__ = [
    "AbsoluteError",
    "GaussianNLL",
    "Huber",
    "LogCosh",
    "MeanSquaredError",
    "PoissonNLL",
    "Quantile",
    "SquaredError",
]


@dataclass(frozen=True)
class SquaredError(ElementwiseLoss):
    """Half the squared distance: ``l = sum((a - y)**2)/2``, whose adjoint is ``a - y``.

    Parameters
    ----------
    half : bool
        Whether it is halved.

    Source
    ------
    Legendre (1805), Nouvelles méthodes pour la détermination des orbites des comètes, appendix.
    """

    kind: ClassVar[str] = "squared_error"

    half: bool = True

    def entry(self, builder: Builder, y: str, a: str, *others: str) -> str:
        return f"{'0.5*' if self.half else ''}({a} - {y})**2"


@dataclass(frozen=True)
class MeanSquaredError(ElementwiseLoss):
    """The mean of the squares over all entries of all examples: ``l = mean((a - y)**2)``.

    Source
    ------
    Legendre (1805), Nouvelles méthodes pour la détermination des orbites des comètes, appendix.
    """

    kind: ClassVar[str] = "mean_squared_error"

    entries: Literal["sum", "mean"] = field(default="mean", kw_only=True)

    def entry(self, builder: Builder, y: str, a: str, *others: str) -> str:
        return f"({a} - {y})**2"


@dataclass(frozen=True)
class AbsoluteError(ElementwiseLoss):
    """The sum of the absolute values: ``l = sum(|a - y|)``, whose adjoint is ``sign(a - y)``.

    At kinks
    --------
    The derivative at a = y is 0.

    Source
    ------
    Boscovich (1757), De litteraria expeditione per pontificiam ditionem.
    """

    kind: ClassVar[str] = "absolute_error"

    def entry(self, builder: Builder, y: str, a: str, *others: str) -> str:
        return f"abs({a} - {y})"


@dataclass(frozen=True)
class Huber(ElementwiseLoss):
    """Squares of small errors and absolute values of large ones (Huber, 1964).

    With r = a - y: ``r**2/2`` where ``|r| <= delta``, else ``delta*(|r| - delta/2)``; its derivative is r, no more than
    delta and no less than -delta. For delta = 1 it is what is called smooth L1.

    Parameters
    ----------
    delta : float
    """

    kind: ClassVar[str] = "huber"

    delta: float = 1.0

    def check(self) -> None:
        super().check()
        check_positive(self, "delta")

    def entry(self, builder: Builder, y: str, a: str, *others: str) -> str:
        return f"huber({self.delta!r}, {a} - {y})"


@dataclass(frozen=True)
class LogCosh(ElementwiseLoss):
    """``l = sum(log(cosh(a - y)))``, whose adjoint is ``tanh(a - y)``; it does not overflow.

    Source
    ------
    Green (1990), Bayesian reconstructions from emission tomography data using a modified EM algorithm.
    """

    kind: ClassVar[str] = "log_cosh"

    def entry(self, builder: Builder, y: str, a: str, *others: str) -> str:
        return f"logcosh({a} - {y})"


@dataclass(frozen=True)
class Quantile(ElementwiseLoss):
    """The loss that the tau-quantile minimises (Koenker and Bassett, 1978, eq. 2.1).

    With r = y - a: ``tau*r`` where ``r >= 0``, else ``(tau - 1)*r``; the derivative by a is ``-tau`` or ``1 - tau``.

    Parameters
    ----------
    tau : float
        Between 0 and 1; 1/2 gives half the absolute error.

    At kinks
    --------
    The derivative at a = y is that of a < y, ``-tau``.
    """

    kind: ClassVar[str] = "quantile"

    tau: float = 0.5

    def check(self) -> None:
        super().check()
        if not 0 < self.tau < 1:
            raise ArgumentError(f"layer quantile: tau is {self.tau}; it lies between 0 and 1")

    def entry(self, builder: Builder, y: str, a: str, *others: str) -> str:
        r = builder.let("r", f"{y} - {a}")
        below = float(Decimal(repr(self.tau)) - 1)  # -0.1 for 0.9, as is meant
        return f"where({r} < 0, {below!r}, {self.tau!r})*{r}"


@dataclass(frozen=True)
class PoissonNLL(ElementwiseLoss):
    """The negative log-likelihood of counts: ``l = sum(exp(a) - y*a)``, whose adjoint is ``exp(a) - y``.

    Parameters
    ----------
    log_input : bool
        Whether outputs are logarithms of rates; of rates themselves it is ``a - y*log(a + eps)``.
    full : bool
        Whether ``log(y!)`` is added, by Stirling: ``y*log(y) - y + log(2*pi*y)/2`` where y > 1, else 0.
    eps : float
        What keeps the logarithm of a rate finite.

    Source
    ------
    Nelder and Wedderburn (1972), Generalized linear models.
    """

    kind: ClassVar[str] = "poisson_nll"

    log_input: bool = field(default=True, kw_only=True)
    full: bool = field(default=False, kw_only=True)
    eps: float = field(default=1e-8, kw_only=True)

    def check(self) -> None:
        super().check()
        check_positive(self, "eps")

    def entry(self, builder: Builder, y: str, a: str, *others: str) -> str:
        text = f"exp({a}) - {y}*{a}" if self.log_input else f"{a} - {y}*log({a} + {self.eps!r})"
        if self.full:
            text += f" + where({y} > 1, {y}*log({y}) - {y} + 0.5*log(2*pi*{y}), 0)"
        return text


@dataclass(frozen=True)
class GaussianNLL(ElementwiseLoss):
    """The negative log-likelihood of normal distributions with a mean and a variance each: two outputs.

    With v = max(variance, eps): ``l = sum(log(v) + (mean - y)**2/v)/2``.

    Parameters
    ----------
    full : bool
        Whether ``log(2*pi)/2`` is added for each entry.
    eps : float
        The least variance.

    Shapes
    ------
    The variance has the shape of the mean, or a last axis of 1.

    At kinks
    --------
    Below eps the derivative by the variance is 0, and half of that from above at eps.

    Source
    ------
    Nix and Weigend (1994), Estimating the mean and variance of the target probability distribution.
    """

    kind: ClassVar[str] = "gaussian_nll"
    arity: ClassVar[int | None] = 2

    full: bool = field(default=False, kw_only=True)
    eps: float = field(default=1e-6, kw_only=True)

    def check(self) -> None:
        super().check()
        check_positive(self, "eps")

    def terms(self, builder: Builder, *values: Value) -> Terms:
        mean, variance = values
        if variance.shape not in (mean.shape, (*mean.shape[:-1], 1)):
            raise ShapeError(
                f"the variance has shape {shape_text(variance.shape)}; it needs that of the mean, "
                f"{shape_text(mean.shape)}, or a last axis of 1"
            )
        return super().terms(builder, *values)

    def entry(self, builder: Builder, y: str, a: str, *others: str) -> str:
        (variance,) = others
        v = builder.let("v", f"maximum({variance}, {self.eps!r})")
        text = f"0.5*(log({v}) + ({a} - {y})**2/{v})"
        return f"{text} + 0.5*log(2*pi)" if self.full else text
