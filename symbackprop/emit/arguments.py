"""What a call does before the generated function runs: order, check and convert the arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from symbackprop.errors import ArgumentError, nearest_names
from symbackprop.ir.graph import Guard
from symbackprop.ir.signature import ArgumentSpec
from symbackprop.ir.size import Size, evaluate, names, shape_text

__all__ = ["Binder"]

_KINDS = {"float64": "real", "float32": "real", "int64": "integer", "bool": "boolean"}
_SCALARS = (float, int, np.floating, np.integer)
_RELATIONS: Mapping[str, Callable[[int, int], bool]] = {
    "==": lambda a, b: a == b,
    "<=": lambda a, b: a <= b,
    "<": lambda a, b: a < b,
}


class Binder:
    """Binds the arguments of calls to declared inputs.

    Parameters
    ----------
    specs : sequence of ArgumentSpec
        The declared inputs.
    guards : sequence of Guard
        Relations of sizes to check.
    target : {"math", "numpy"}
        Whether scalars become Python floats or NumPy scalars.
    """

    def __init__(self, specs: Sequence[ArgumentSpec], guards: Sequence[Guard], target: str) -> None:
        self._specs = tuple(specs)
        self._names = tuple(spec.name for spec in specs)
        self._guards = tuple(guards)
        self._target = target
        self._count = len(self._specs)
        self._scalars = target == "math" and all(spec.dtype == "float64" for spec in specs)
        self._mapped = all(spec.shape == () or spec.shape is None for spec in specs) and self._count > 0
        self._plain = [
            spec.shape is not None and all(isinstance(size, int) or size.is_name for size in spec.shape)
            for spec in specs
        ]

    # --- calls --------------------------------------------------------------------------------------------------------

    def bind(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Sequence[Any]:
        """Return the arguments in order, converted; raise `ArgumentError` on what does not fit."""
        if not kwargs and len(args) == self._count:
            if self._scalars and all(type(arg) is float for arg in args):
                return args
            ordered: Sequence[object] = args
        else:
            ordered = self._ordered(args, kwargs)
        sizes: dict[str, tuple[int, str]] = {}
        pending: list[tuple[ArgumentSpec, tuple[int, ...]]] = []
        converted = []
        for spec, value, plain in zip(self._specs, ordered, self._plain, strict=True):
            array = self._converted(spec, value)
            converted.append(array)
            if spec.shape:
                self._match(spec, array.shape, plain, sizes, pending)
        for spec, shape in pending:
            self._match_expressions(spec, shape, sizes)
        if self._guards:
            self._check_guards(sizes)
        return converted

    def wants_arrays(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> bool:
        """Tell whether inputs declared as scalars are called with arrays, over which the function is mapped."""
        if not self._mapped:
            return False
        for value in args:
            if type(value) is not float and not isinstance(value, _SCALARS) and np.ndim(value) > 0:  # type: ignore[arg-type]
                return True
        return any(not isinstance(value, _SCALARS) and np.ndim(value) > 0 for value in kwargs.values())  # type: ignore[arg-type]

    def bind_arrays(
        self, args: tuple[object, ...], kwargs: Mapping[str, object]
    ) -> tuple[list[np.ndarray[Any, Any]], tuple[int, ...]]:
        """Return the arguments as arrays, and the shape that they broadcast to."""
        arrays = [
            self._array(spec, value) for spec, value in zip(self._specs, self._ordered(args, kwargs), strict=True)
        ]
        same = {array.shape for array, spec in zip(arrays, self._specs, strict=True) if spec.shape is None}
        if len(same) > 1:
            raise ArgumentError(
                f"inputs declared with '...' have one common shape, but were given {' and '.join(map(str, sorted(same)))}"
            )
        try:
            return arrays, np.broadcast_shapes(*(array.shape for array in arrays))
        except ValueError:
            shapes = ", ".join(f"{spec.name} {array.shape}" for spec, array in zip(self._specs, arrays, strict=True))
            raise ArgumentError(f"the arguments do not broadcast against each other: {shapes}") from None

    # --- order --------------------------------------------------------------------------------------------------------

    def _ordered(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> list[object]:
        if len(args) > self._count:
            raise ArgumentError(
                f"{len(args)} arguments were given; the function takes {self._count}: {self._signature()}"
            )
        given = dict(zip(self._names, args, strict=False))
        for name, value in kwargs.items():
            if name not in self._names:
                raise ArgumentError(
                    f"there is no argument {name!r}; the arguments are {self._signature()}.{nearest_names(name, self._names)}"
                )
            if name in given:
                raise ArgumentError(f"argument {name!r} is given twice, by position and by name")
            given[name] = value
        missing = [name for name in self._names if name not in given]
        if missing:
            raise ArgumentError(
                f"missing argument {', '.join(map(repr, missing))}; the arguments are {self._signature()}"
            )
        return [given[name] for name in self._names]

    def _signature(self) -> str:
        return f"({', '.join(self._names)})"

    # --- conversion ---------------------------------------------------------------------------------------------------

    def _converted(self, spec: ArgumentSpec, value: object) -> Any:
        if type(value) is np.ndarray and value.dtype.name == spec.dtype and (spec.shape or spec.shape is None):
            return value
        if self._target == "math":
            return self._python_scalar(spec, value)
        array = self._array(spec, value)
        return array[()] if spec.shape == () and array.shape == () else array

    def _python_scalar(self, spec: ArgumentSpec, value: object) -> object:
        array = self._array(spec, value)
        if array.shape != ():
            raise ArgumentError(f"argument {spec.name!r} has shape {array.shape}, expected a single number")
        return array.item()

    def _array(self, spec: ArgumentSpec, value: object) -> np.ndarray[Any, Any]:
        """Return `value` as an array of the declared dtype."""
        if isinstance(value, np.ma.MaskedArray):
            raise ArgumentError(f"argument {spec.name!r} is a masked array; fill it first, with x.filled(...)")
        if hasattr(value, "tocsr"):
            raise ArgumentError(f"argument {spec.name!r} is a sparse array; make it dense first, with x.toarray()")
        try:
            array = np.asarray(value)
        except ValueError as error:
            raise ArgumentError(f"argument {spec.name!r} is not an array of numbers: {error}") from None
        kind, wanted = array.dtype.kind, spec.dtype
        if kind not in "fiub":
            raise ArgumentError(
                f"argument {spec.name!r} has dtype {array.dtype} ({type(value).__name__}), expected {_KINDS[wanted]} numbers"
            )
        if wanted == "int64" and kind == "f" and not np.all(array == np.floor(array)):
            raise ArgumentError(f"argument {spec.name!r} has fractional values, expected integers")
        if wanted == "bool" and kind != "b" and not np.all((array == 0) | (array == 1)):
            raise ArgumentError(f"argument {spec.name!r} has values other than 0 and 1, expected booleans")
        if array.dtype.name == wanted:
            return array
        return array.astype(wanted)

    # --- sizes --------------------------------------------------------------------------------------------------------

    def _match(
        self,
        spec: ArgumentSpec,
        shape: tuple[int, ...],
        plain: bool,
        sizes: dict[str, tuple[int, str]],
        pending: list[tuple[ArgumentSpec, tuple[int, ...]]],
    ) -> None:
        """Compare the shape of an argument with the declared one, and note the sizes that it gives to names."""
        declared = spec.shape or ()
        if len(shape) != len(declared):
            raise self._mismatch(spec, shape, sizes)
        for size, number in zip(declared, shape, strict=True):
            if isinstance(size, int):
                if size != number:
                    raise self._mismatch(spec, shape, sizes)
            elif size.is_name:
                name = names(size)[0]
                known = sizes.setdefault(name, (number, spec.name))
                if known[0] != number:
                    raise self._mismatch(spec, shape, sizes)
        if not plain:
            pending.append((spec, shape))

    def _match_expressions(self, spec: ArgumentSpec, shape: tuple[int, ...], sizes: dict[str, tuple[int, str]]) -> None:
        for size, number in zip(spec.shape or (), shape, strict=True):
            if isinstance(size, int) or size.is_name:
                continue
            unknown = [name for name in names(size) if name not in sizes]
            if len(unknown) == 1:
                solved = _solved(size, unknown[0], number, {name: known[0] for name, known in sizes.items()})
                if solved is None:
                    raise self._mismatch(spec, shape, sizes)
                sizes[unknown[0]] = (solved, spec.name)
            elif unknown:
                raise ArgumentError(
                    f"sizes {', '.join(unknown)} of argument {spec.name!r} cannot be told from its shape"
                )
            elif evaluate(size, {name: known[0] for name, known in sizes.items()}) != number:
                raise self._mismatch(spec, shape, sizes)

    def _mismatch(
        self, spec: ArgumentSpec, shape: tuple[int, ...], sizes: Mapping[str, tuple[int, str]]
    ) -> ArgumentError:
        declared = spec.shape or ()
        used = dict.fromkeys(name for size in declared for name in names(size))
        known = [
            f"{name} = {sizes[name][0]} from {sizes[name][1]}"
            for name in used
            if name in sizes and sizes[name][1] != spec.name
        ]
        where = f", where {', '.join(known)}" if known else ""
        return ArgumentError(f"argument {spec.name!r} has shape {shape}, expected {shape_text(declared)}{where}")

    def _check_guards(self, sizes: Mapping[str, tuple[int, str]]) -> None:
        values = {name: known[0] for name, known in sizes.items()}
        for guard in self._guards:
            if any(name not in values for size in (guard.left, guard.right) for name in names(size)):
                continue  # of a size that a node defines when it runs
            left, right = evaluate(guard.left, values), evaluate(guard.right, values)
            if not _RELATIONS[guard.relation](left, right):
                raise ArgumentError(
                    f"{guard.message}: needs {guard.left} {guard.relation} {guard.right}, got {left} and {right}"
                )


def _solved(size: Size, name: str, number: int, known: Mapping[str, int]) -> int | None:
    """Return the value of `name` for which the linear expression `size` is `number`, or None."""
    offset = evaluate(size, {**known, name: 0})
    slope = evaluate(size, {**known, name: 1}) - offset
    if slope == 0 or (number - offset) % slope:
        return None
    value = (number - offset) // slope
    return value if value >= 0 and evaluate(size, {**known, name: value}) == number else None
