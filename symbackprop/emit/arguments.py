"""What a call does before the generated function runs: order, check and convert the arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import Parameter, Signature
from keyword import iskeyword
from typing import Any

import numpy as np

from symbackprop.emit.conversion import array_of, scalar_maker
from symbackprop.emit.module import Printed
from symbackprop.emit.sizes import SizeBinder
from symbackprop.errors import ArgumentError, nearest_names
from symbackprop.ir.graph import Guard
from symbackprop.ir.signature import ArgumentSpec

__all__ = ["Binder", "call_signature"]

_NUMBERS = (float, int, np.floating, np.integer)


class Binder:
    """Binds the arguments of calls to declared inputs.

    Parameters
    ----------
    specs : sequence of ArgumentSpec
        The declared inputs.
    guards : sequence of Guard
        Relations of sizes to check.
    target : {"math", "numpy"}
        Whether scalars become Python numbers or NumPy scalars.
    """

    def __init__(self, specs: Sequence[ArgumentSpec], guards: Sequence[Guard] = (), target: str = "math") -> None:
        self._specs = tuple(specs)
        self._names = tuple(spec.name for spec in specs)
        self._count = len(self._specs)
        self._sizes = SizeBinder(specs, guards)
        self._has_sizes = bool(guards) or any(spec.shape for spec in specs)
        # An input of any shape ("...") is one number here: arrays for it come through `bind_arrays`.
        self._makers = [None if spec.shape else scalar_maker(spec, target) for spec in specs]
        self._dtypes = [np.dtype(spec.dtype) for spec in specs]
        self._is_mapped = not any(spec.shape for spec in specs) and self._count > 0
        only_floats = self._is_mapped and all(spec.dtype == "float64" for spec in specs)
        self._floats = [float] * self._count if only_floats else [object]
        self._takes_floats = target == "math"

    # --- calls --------------------------------------------------------------------------------------------------------

    def bind(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Sequence[Any]:
        """Return the arguments in order, converted.

        Raises
        ------
        ArgumentError
            On arguments that are missing or superfluous, no numbers, or of other shapes than declared.
        """
        ordered: Sequence[object] = args
        if kwargs or len(args) != self._count:
            ordered = self._ordered(args, kwargs)
        if self._takes_floats and [*map(type, ordered)] == self._floats:
            return ordered
        return self._converted(ordered)[0]

    def sizes(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> dict[str, int]:
        """Return the numbers that named sizes have in a call; checks what `bind` checks."""
        return self._converted(self._ordered(args, kwargs))[1]

    def refuse_empty(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> None:
        """Raise an error for a division by 0 in a call in which sizes are 0; return if none is.

        Raises
        ------
        ArgumentError
            Which names these sizes.
        """
        empty = [f"{name} = 0" for name, size in self.sizes(args, kwargs).items() if size == 0]
        if empty:
            raise ArgumentError(
                f"what is divided by the number of entries, as a mean is, has no derivative for arrays without any: "
                f"here {', '.join(empty)}"
            )

    def wants_arrays(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> bool:
        """Tell whether inputs declared as scalars are called with arrays, over which the function is mapped."""
        if not self._is_mapped or (not kwargs and [*map(type, args)] == self._floats):
            return False
        return any(map(_is_array, args)) or any(map(_is_array, kwargs.values()))

    def bind_arrays(
        self, args: tuple[object, ...], kwargs: Mapping[str, object]
    ) -> tuple[list[np.ndarray[Any, Any]], tuple[int, ...]]:
        """Return the arguments as arrays, and the shape that they broadcast to.

        Raises
        ------
        ArgumentError
            As `bind` does; and where the arrays do not broadcast, or those declared by ``...`` differ in shape.
        """
        ordered = self._ordered(args, kwargs)
        arrays = [array_of(spec, value) for spec, value in zip(self._specs, ordered, strict=True)]
        given = {spec.name: array.shape for spec, array in zip(self._specs, arrays, strict=True)}
        alike = {spec.name: given[spec.name] for spec in self._specs if spec.shape is None}
        if len(set(alike.values())) > 1:
            raise ArgumentError(f"inputs declared by '...' have one common shape, but were given {_listed(alike)}")
        try:
            return arrays, np.broadcast_shapes(*given.values())
        except ValueError:
            raise ArgumentError(f"the arguments do not broadcast against each other: {_listed(given)}") from None

    # --- order --------------------------------------------------------------------------------------------------------

    def _ordered(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> list[object]:
        if len(args) > self._count:
            raise ArgumentError(
                f"{len(args)} arguments were given; the function takes {self._count}: {self._signature()}"
            )
        given = dict(zip(self._names, args, strict=False))
        for name, value in kwargs.items():
            if name not in self._names:
                hint = nearest_names(name, self._names)
                raise ArgumentError(f"there is no argument {name!r}; the arguments are {self._signature()}.{hint}")
            if name in given:
                raise ArgumentError(f"argument {name!r} is given twice, by position and by name")
            given[name] = value
        missing = [name for name in self._names if name not in given]
        if missing:
            listed = ", ".join(map(repr, missing))
            raise ArgumentError(
                f"missing argument{'s' * (len(missing) > 1)} {listed}; the arguments are {self._signature()}"
            )
        return [given[name] for name in self._names]

    def _signature(self) -> str:
        return f"({', '.join(map(_declared, self._specs))})"

    # --- conversion ---------------------------------------------------------------------------------------------------

    def _converted(self, ordered: Sequence[object]) -> tuple[list[Any], dict[str, int]]:
        """Return the arguments converted, and the named sizes."""
        converted: list[Any] = []
        for value, make, dtype, spec in zip(ordered, self._makers, self._dtypes, self._specs, strict=True):
            if make is not None:
                converted.append(make(value))
            elif type(value) is np.ndarray and value.dtype == dtype:
                converted.append(value)
            else:
                converted.append(array_of(spec, value))
        if not self._has_sizes:
            return converted, {}
        shapes = [() if make else value.shape for value, make in zip(converted, self._makers, strict=True)]
        return converted, self._sizes.bind(shapes)


def _is_array(value: object) -> bool:
    if isinstance(value, _NUMBERS):
        return False
    try:
        return np.ndim(value) > 0  # type: ignore[arg-type]
    except Exception:  # whatever an object's own conversion raises; binding says what is wrong with it
        return False


def _declared(spec: ArgumentSpec) -> str:
    """Return a declaration as it was written."""
    if spec.shape is None:
        return f"{spec.name}[...]"
    return f"{spec.name}[{', '.join(map(str, spec.shape))}]" if spec.shape else spec.name


def _listed(shapes: Mapping[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} of shape {shape}" for name, shape in shapes.items())


def call_signature(printed: Printed, specs: Sequence[ArgumentSpec]) -> Signature:
    """Return the arguments of a printed function by the names that a call takes."""
    packing = printed.packing
    called = [spec.name for spec in specs] if packing is None else [name for name, _ in packing.arguments]
    defaults = {} if packing is None else dict(packing.defaults)
    return Signature(
        [
            Parameter(_called(name, own), Parameter.POSITIONAL_OR_KEYWORD, default=defaults.get(name, Parameter.empty))
            for name, own in zip(called, printed.parameters, strict=False)
        ]
    )


def _called(name: str, printed: str) -> str:
    """Return the name of an argument, or the printed one where Python has no such name."""
    return name if name.isidentifier() and not iskeyword(name) else printed
