"""What convolutions and pooling share: numbers for each axis of an image, and the sizes that come out."""

from __future__ import annotations

from collections.abc import Sequence

from symbackprop.errors import ArgumentError, ShapeError
from symbackprop.ir.size import Size, shape_text
from symbackprop.ops.windows import extent, window_count
from symbackprop.read.layers.layer import Value

__all__ = ["Numbers", "image_of", "options_text", "per_axis", "windows_over"]

Numbers = int | tuple[int, ...]  # one for all axes, or one each


def per_axis(given: Numbers, dims: int, what: str, least: int) -> tuple[int, ...]:
    """Return a number for each axis.

    Raises
    ------
    ArgumentError
        If there are fewer or more, or one is too small.
    """
    found = given if isinstance(given, tuple) else (given,) * dims
    if len(found) != dims or min(found) < least:
        each = "a number" if dims == 1 else f"a number or {dims}"
        raise ArgumentError(f"{what} is {', '.join(map(str, found))}; it is {each} of at least {least}")
    return found


def image_of(value: Value, dims: int, what: str) -> tuple[int, tuple[Size, ...]]:
    """Return the number of channels of an image and its sizes.

    Raises
    ------
    ShapeError
        If it has another number of axes, or its channels are not a number.
    """
    channels = value.shape[0] if value.shape else None
    if len(value.shape) != dims + 1 or not isinstance(channels, int):
        axes = ("length", "height, width")[dims - 1]
        raise ShapeError(
            f"{what} needs (channels, {axes}) an example, with a number of channels; shape {shape_text(value.shape)} "
            "arrived"
        )
    return channels, value.shape[1:]


def windows_over(
    lengths: Sequence[Size],
    sizes: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
    widths: Sequence[int],
    what: str,
) -> tuple[Size, ...]:
    """Return how many windows there are along each axis, with `widths` zeros besides it in all.

    Raises
    ------
    ShapeError
        If a window is longer than an axis whose length is a number; others are checked when the function is called.
    """
    counts: list[Size] = []
    for length, size, stride, dilation, width in zip(lengths, sizes, strides, dilations, widths, strict=True):
        reach = extent(size, dilation)
        whole = length + width
        if isinstance(whole, int) and isinstance(reach, int) and whole < reach:
            padded = f" with {width} of padding" if width else ""
            raise ShapeError(
                f"{what}: windows reach over {reach} entries, and shape {shape_text(lengths)}{padded} has an axis of "
                f"{length}"
            )
        counts.append(window_count(whole, size, stride, dilation))
    return tuple(counts)


def options_text(options: Sequence[tuple[str, Numbers | str | None, object]]) -> str:
    """Return ``, stride=2`` for options that are not as they are by default; each is its name, value, and default."""
    return "".join(f", {name}={value!r}" for name, value, default in options if value != default)
