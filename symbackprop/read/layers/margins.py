"""Losses of classes by margins: how far the output of the right class is ahead of the others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from symbackprop.errors import ArgumentError
from symbackprop.read.layers.builder import Builder
from symbackprop.read.layers.classification import chosen_entries, with_classes_axis
from symbackprop.read.layers.layer import Value, features
from symbackprop.read.layers.losses import ElementwiseLoss, TargetLoss, Terms

__all__ = ["Hinge", "MulticlassHinge"]


@dataclass(frozen=True)
class Hinge(ElementwiseLoss):
    """The hinge of labels -1 and 1: ``l = sum(max(0, margin - y*a)**p)`` (Cortes and Vapnik, 1995).

    Parameters
    ----------
    margin : float
    p : {1, 2}

    At kinks
    --------
    The derivative at y*a = margin is 0.
    """

    kind: ClassVar[str] = "hinge"

    margin: float = 1.0
    p: int = 1

    def check(self) -> None:
        super().check()
        _check_power(self.kind, self.p)

    def entry(self, builder: Builder, y: str, a: str, *others: str) -> str:
        return f"relu({self.margin!r} - {y}*{a}){_power(self.p)}"


@dataclass(frozen=True)
class MulticlassHinge(TargetLoss):
    """Margins between the output of an example's class and those of the others.

    Weston and Watkins (1999): ``l = sum over j != y of max(0, margin + a_j - a_y)**p``, divided by the number of classes;
    Crammer and Singer (2001): the largest of these terms, not divided.

    Parameters
    ----------
    form : {"weston_watkins", "crammer_singer"}
    margin : float
    p : {1, 2}

    Shapes
    ------
    (..., classes), and y without the last axis: numbers of classes.

    At kinks
    --------
    The derivative of a term at 0 is 0; of several that are largest each has an equal share.
    """

    kind: ClassVar[str] = "multiclass_hinge"

    form: Literal["weston_watkins", "crammer_singer"] = "weston_watkins"
    margin: float = 1.0
    p: int = 1
    entries: Literal["sum", "mean"] = field(default="mean", kw_only=True)

    def check(self) -> None:
        super().check()
        _check_power(self.kind, self.p)

    def terms(self, builder: Builder, *values: Value) -> Terms:
        (a,) = values
        classes = features(a, self.kind)
        y = builder.shared_input(self.target, a.shape[:-1], "int").name
        builder.bound(y, classes, "classes")
        axis = builder.axis(a, -1)
        other = _other_classes(builder, a, y)
        own = with_classes_axis(builder, a, chosen_entries(builder, a, y))
        gap = f"relu({self.margin!r} + {a.name} - {own}){_power(self.p)}"
        margins = builder.let("margins", f"where({other}, {gap}, 0)")
        if self.form == "crammer_singer":
            return Terms(f"max({margins}, axis={axis})", a.shape[:-1])
        return Terms(f"sum({margins}, axis={axis})/{classes}", a.shape[:-1])


# --- parts ------------------------------------------------------------------------------------------------------------


def _other_classes(builder: Builder, a: Value, y: str) -> str:
    """Return a condition: the class along the axis of classes is not that of the label."""
    classes = f"arange({a.shape[-1]})"
    if builder.batch == "columns":
        return f"{classes}[:, None] != {y}"
    return f"{classes} != {with_classes_axis(builder, a, y)}"


def _power(p: int) -> str:
    return "" if p == 1 else f"**{p}"


def _check_power(kind: str, p: int) -> None:
    if p not in (1, 2):
        raise ArgumentError(f"layer {kind}: p is {p}; it is 1 or 2")
