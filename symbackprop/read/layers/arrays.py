"""Text for whole arrays, all examples together: their sizes, other shapes, axes that are put back."""

from __future__ import annotations

from collections.abc import Sequence

from symbackprop.errors import ShapeError
from symbackprop.ir.size import Size, known_equal, product, shape_text
from symbackprop.read.layers.builder import Builder
from symbackprop.read.layers.layer import Value

__all__ = ["example_axes", "extents", "reshaped", "spread", "there_alone", "within_lengths"]


def example_axes(builder: Builder, value: Value) -> tuple[int, ...]:
    """Return which axes of the whole array are those of an example."""
    return tuple(range(builder.leading, builder.leading + len(value.shape)))


def extents(builder: Builder, value: Value) -> list[str]:
    """Return the sizes of the whole array as text: numbers, or ``x.shape[0]``."""
    return [
        str(size) if isinstance(size, int) else f"{value.name}.shape[{axis}]"
        for axis, size in enumerate(builder.full(value.shape))
    ]


def spread(name: str, held: Sequence[int], rank: int) -> str:
    """Return text for an array whose axes are the axes `held` of an array of `rank` axes, to go with the latter."""
    first = min(held, default=rank)
    if list(held) == list(range(first, rank)):
        return name  # what stands last goes with it as it is
    return f"{name}[{', '.join(':' if axis in held else 'None' for axis in range(first, rank))}]"


def reshaped(builder: Builder, value: Value, shape: Sequence[Size]) -> str:
    """Return text for `value` with examples of another shape, in the order that their entries are in.

    Raises
    ------
    ShapeError
        If the numbers of entries differ, or the sizes of the shape cannot be told from those of the value.
    """
    shape = tuple(shape)
    if known_equal(product(value.shape), product(shape)) is not True:
        raise ShapeError(
            f"shape {shape_text(shape)} does not hold what shape {shape_text(value.shape)} does, "
            f"{product(value.shape)} entries an example"
        )
    found = dict(zip(builder.full(value.shape), extents(builder, value), strict=True))
    texts = [str(size) if isinstance(size, int) else found.get(size, "-1") for size in builder.full(shape)]
    if texts.count("-1") > 1:
        raise ShapeError(
            f"several sizes of {shape_text(shape)} are none of {shape_text(value.shape)}; one of them may be so"
        )
    return f"reshape({value.name}, ({', '.join(texts)}{',' * (len(texts) == 1)}))"


def there_alone(builder: Builder, x: Value, there: str) -> Value:
    """Write a sequence with 0 in place of steps that are not there, so that nothing depends on what they are.

    A derivative of 0 alone would not do: times a nan or an infinity, it is nan.
    """
    if not there:
        return x
    return x._replace(name=builder.let("padded", f"where({there}[..., None], {x.name}, 0)"))


def within_lengths(builder: Builder, x: Value, lengths: bool | str) -> str:
    """Write which steps of a sequence are not beyond the end of its example; return the name, or nothing.

    Parameters
    ----------
    lengths : bool or str
        The name of the input that has the counts of steps; ``lengths`` for true, and none for false.
    """
    if lengths is False:
        return ""
    counts = builder.shared_input("lengths" if lengths is True else lengths, (), "int").name
    builder.bound_lengths(counts, x.shape[0])
    steps = f"arange({x.name}.shape[{builder.leading}])"
    return builder.let("there", f"{steps} < {counts}[:, None]" if builder.batch == "rows" else f"{steps} < {counts}")
