"""Sizes on call: the numbers that the shapes of arguments give to named sizes, and what contradicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbackprop.errors import ArgumentError, ShapeError
from symbackprop.ir.graph import Guard
from symbackprop.ir.signature import ArgumentSpec
from symbackprop.ir.size import Size, evaluate, names, shape_text

__all__ = ["SizeBinder"]

_Axis = tuple[Size, int, ArgumentSpec, tuple[int, ...]]  # declared, given, of which argument, of which whole shape


class SizeBinder:
    """Compares shapes with declared ones, and binds named sizes.

    Parameters
    ----------
    specs : sequence of ArgumentSpec
        The declared inputs.
    guards : sequence of Guard
        Relations to check once the sizes are known.
    """

    def __init__(self, specs: Sequence[ArgumentSpec], guards: Sequence[Guard]) -> None:
        self._guards = tuple(guards)
        self._arrays = tuple(
            (position, spec, len(spec.shape), tuple(map(_read_off, spec.shape)))
            for position, spec in enumerate(specs)
            if spec.shape
        )

    def bind(self, shapes: Sequence[tuple[int, ...]]) -> dict[str, int]:
        """Return the sizes that the arguments' shapes give.

        Raises
        ------
        ArgumentError
            Where a shape is not the declared one, or a guard fails.
        """
        sizes: dict[str, int] = {}
        origins: dict[str, ArgumentSpec] = {}
        later: list[_Axis] = []
        for position, spec, rank, axes in self._arrays:
            shape = shapes[position]
            if len(shape) != rank:
                raise _mismatch(spec, shape, sizes, origins)
            for axis, number in zip(axes, shape, strict=True):
                if isinstance(axis, str):
                    known = sizes.get(axis)
                    if known is None:
                        sizes[axis], origins[axis] = number, spec
                    elif known != number:
                        raise _mismatch(spec, shape, sizes, origins)
                elif isinstance(axis, int):
                    if axis != number:
                        raise _mismatch(spec, shape, sizes, origins)
                else:
                    later.append((axis, number, spec, shape))
        if later:
            _bind_expressions(later, sizes, origins)
        for guard in self._guards:
            _check_guard(guard, sizes)
        return sizes


def _read_off(size: Size) -> Size | str:
    """Return the name of a size that is a name alone, which a shape gives at once."""
    return size if isinstance(size, int) or not size.is_name else names(size)[0]


def _bind_expressions(later: list[_Axis], sizes: dict[str, int], origins: dict[str, ArgumentSpec]) -> None:
    """Check expressions whose names are known and solve those with one unknown name, as long as that helps."""
    while later:
        unsolved: list[_Axis] = []
        for entry in later:
            size, number, spec, shape = entry
            unknown = [name for name in names(size) if name not in sizes]
            if not unknown:
                if evaluate(size, sizes) != number:
                    raise _mismatch(spec, shape, sizes, origins)
                continue
            slope_and_offset = _linear_in(size, unknown[0], sizes) if len(unknown) == 1 else None
            if slope_and_offset is None:
                unsolved.append(entry)
                continue
            slope, offset = slope_and_offset
            solution, rest = divmod(number - offset, slope)
            if rest or solution < 0:
                raise _mismatch(spec, shape, sizes, origins)
            sizes[unknown[0]], origins[unknown[0]] = solution, spec
        if len(unsolved) == len(later):
            size, _, spec, _ = unsolved[0]
            missing = ", ".join(name for name in names(size) if name not in sizes)
            raise ArgumentError(
                f"size {missing} cannot be told from argument {spec.name!r} of shape {shape_text(spec.shape or ())}; "
                "declare an input that has it as an axis"
            )
        later = unsolved


def _linear_in(size: Size, name: str, known: Mapping[str, int]) -> tuple[int, int] | None:
    """Return (slope, offset) of a size that is linear in one name, None for any other."""
    points = (0, 1, 2, 7, 1000, 1_000_003)
    try:
        values = [evaluate(size, {**known, name: point}) for point in points]
    except ShapeError:  # a division by 0
        return None
    offset, slope = values[0], values[1] - values[0]
    linear = slope != 0 and all(value == offset + slope * point for value, point in zip(values, points, strict=True))
    return (slope, offset) if linear else None


def _mismatch(
    spec: ArgumentSpec, shape: tuple[int, ...], sizes: Mapping[str, int], origins: Mapping[str, ArgumentSpec]
) -> ArgumentError:
    declared = spec.shape or ()
    used = dict.fromkeys(name for size in declared for name in names(size))
    known = [
        f"{name} = {sizes[name]} from {origins[name].name}"
        for name in used
        if name in origins and origins[name] is not spec
    ]
    where = f", where {', '.join(known)}" if known else ""
    return ArgumentError(f"argument {spec.name!r} has shape {shape}, expected {shape_text(declared)}{where}")


def _check_guard(guard: Guard, sizes: Mapping[str, int]) -> None:
    if not guard.holds(sizes):
        left, right = evaluate(guard.left, sizes), evaluate(guard.right, sizes)
        raise ArgumentError(
            f"{guard.message}: needs {guard.left} {guard.relation} {guard.right}, got {left} and {right}"
        )
