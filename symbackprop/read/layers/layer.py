"""What every layer is: a dataclass whose fields are its options, and which writes itself as formula text."""

from __future__ import annotations

import dataclasses
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from symbackprop.errors import ArgumentError, ShapeError
from symbackprop.ir.size import Size, shape_text
from symbackprop.read.layers.options import checked_options

if TYPE_CHECKING:
    from symbackprop.read.layers.builder import Builder

__all__ = ["Layer", "Value", "check_not_negative", "check_positive", "described", "option_fields"]


class Value(NamedTuple):
    """What flows between layers.

    Parameters
    ----------
    name : str
        What it is called in the formula.
    shape : tuple of sizes
        The shape of one example: without the axis of the batch.
    dtype : str
        ``"float"``, ``"int"`` or ``"bool"``.
    """

    name: str
    shape: tuple[Size, ...]
    dtype: str = "float"


_VALUES = ("true", "false", "nan", "inf", "infinity")  # which text would not read as names
_OF_PARAMETERS = ("weights", "biases", "l1", "l2")


@dataclass(frozen=True)
class Layer:
    """One layer of a network.

    Parameters
    ----------
    name : str, optional
        What other layers and results call it; its parameters and values are named after it. Without it they are numbered.
    inputs : sequence of str, optional
        The layers that it takes from; the layer before it by default.
    share : str, optional
        The layer whose parameters it uses in place of its own.

    Raises
    ------
    ArgumentError, ShapeError
        On options that are none, or of the wrong kind, and on shapes that do not fit.
    """

    kind: ClassVar[str] = ""  # what it is called in text and documents
    arity: ClassVar[int | None] = 1  # how many values it takes; None for any number of them
    is_loss: ClassVar[bool] = False
    takes_losses: ClassVar[bool] = False
    rearranges: ClassVar[bool] = False  # its entries are those of what it takes

    name: str | None = field(default=None, kw_only=True)
    inputs: tuple[str, ...] = field(default=(), kw_only=True)
    share: str | None = field(default=None, kw_only=True)
    place: tuple[int, int] | None = field(default=None, kw_only=True, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, value in checked_options(self).items():
            object.__setattr__(self, name, value)
        for name in ("name", "share"):  # as Python itself reads names
            given = getattr(self, name)
            object.__setattr__(self, name, given and unicodedata.normalize("NFKC", given))
        object.__setattr__(self, "inputs", tuple(unicodedata.normalize("NFKC", name) for name in self.inputs))
        if self.name is not None and (not self.name.isidentifier() or self.name.lower() in _VALUES):
            raise ArgumentError(f"layer {self.kind}: name is {self.name!r}; a name has letters, digits and underscores")
        self._check_share()
        self.check()

    def _check_share(self) -> None:
        """Raise an error if options are about parameters that are those of another layer."""
        if self.share is None:
            return
        for f in dataclasses.fields(self):
            if f.name in _OF_PARAMETERS and getattr(self, f.name) != f.default:
                raise ArgumentError(
                    f"layer {self.kind}: it shares the parameters of {self.share!r}, so {f.name}= is to be said there"
                )

    def check(self) -> None:
        """Raise an error if options do not go together."""

    def build(self, builder: Builder, *values: Value) -> Value:
        """Write the layer's statements and return its output."""
        raise NotImplementedError


def option_fields(kind: type[Layer]) -> list[dataclasses.Field[Any]]:
    """Return the fields that a spec may give, those without a keyword first."""
    own = [f for f in dataclasses.fields(kind) if f.name != "place"]
    return sorted(own, key=lambda f: bool(f.kw_only))


def described(layer: Layer) -> str:
    """Return what errors call a layer."""
    return f"layer {layer.name!r} ({layer.kind})" if layer.name else f"layer {layer.kind}"


def check_not_negative(layer: Layer, *options: str) -> None:
    """Raise an error unless options that are numbers, or sequences of them, are not below 0."""
    for name in options:
        given = getattr(layer, name)
        if any(number < 0 for number in (given if isinstance(given, tuple) else (given,))):
            raise ArgumentError(f"layer {layer.kind}: {name} is {given}; a number not below 0 is needed")


def check_positive(layer: Layer, *options: str) -> None:
    """Raise an error unless options that are numbers are above 0."""
    for name in options:
        if not getattr(layer, name) > 0:
            raise ArgumentError(f"layer {layer.kind}: {name} is {getattr(layer, name)}; a positive number is needed")


def features(value: Value, what: str) -> int:
    """Return the size of the last axis, which has to be a number."""
    if not value.shape or not isinstance(value.shape[-1], int):
        raise ShapeError(
            f"{what} needs a last axis of known size, and {value.name!r} arrives with shape {shape_text(value.shape)} "
            "(an example each)"
        )
    return value.shape[-1]


def with_rank(value: Value, rank: int, what: str, axes: str) -> tuple[Size, ...]:
    """Return the shape of `value`, which has to have `rank` axes."""
    if len(value.shape) != rank:
        raise ShapeError(f"{what} needs {axes}, {rank} axes an example; shape {shape_text(value.shape)} arrived")
    return value.shape
