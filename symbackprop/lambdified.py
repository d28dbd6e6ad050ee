"""What stands behind a function that `lambdify` returned: every call but the quick one of floats, and keeping it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from types import MethodType
from typing import Any, NoReturn

import numpy as np

from symbackprop.compiled import CompiledFunction
from symbackprop.emit.calling import NAME, Layout, calling_source
from symbackprop.emit.load import load_function
from symbackprop.emit.mapping import FLOAT64, common_shape, filled, mapped_arguments
from symbackprop.errors import ArgumentError
from symbackprop.ir.results import Grid, Keyed, Results, is_plain

__all__ = ["Lambdified"]

_NUMBERS = (float, int, np.integer)  # float64 is a float
_ARITHMETIC = (ValueError, ArithmeticError)


class Lambdified:
    """The object whose method `lambdify` returns.

    Parameters
    ----------
    compiled : CompiledFunction
        The function of flat arguments, with its values in plain lists and tuples.
    layout : nested tuples of int
        How the arguments are nested.
    results : Results
        How the values are put together.
    numpy : bool
        Whether arguments may be arrays.
    checked : bool
        Whether arguments are looked at before the statements run.
    documented : bool
        Whether the docstring shows the source.
    """

    def __init__(
        self, compiled: CompiledFunction, layout: Layout, results: Results, numpy: bool, checked: bool, documented: bool
    ) -> None:
        self._state = (compiled, layout, results, numpy, checked, documented)
        self.compiled = compiled
        self.function: Callable[..., Any] = compiled.function
        self._layout, self._results, self._numpy = layout, results, numpy
        self._specs = compiled.signature
        self._plain = is_plain(results)
        self._direct = not compiled.computes_arrays and not any(spec.shape for spec in self._specs)
        self.method = self._made(checked, documented)
        setattr(self, NAME, self.method)  # a method is pickled as its object and its name

    def _made(self, checked: bool, documented: bool) -> Callable[..., Any]:
        """Return the method that is called."""
        compiled = self.compiled
        source = calling_source(
            compiled.printed,
            self._layout,
            [spec.dtype for spec in self._specs],
            checked=checked,
            direct=self._direct,
            finished=not self._plain,
            doc=(compiled.__doc__ or "").replace("\n    ", "\n").rstrip(),
        )
        function = load_function(source, NAME)
        function.__doc__ = f"{(function.__doc__ or '').rstrip()}\n\n{_shown(compiled, documented)}\n"
        for name, value in (("compiled", compiled), ("source", compiled.source), ("function", compiled.function)):
            setattr(function, name, value)
        return MethodType(function, self)

    # --- calls --------------------------------------------------------------------------------------------------------

    def others(self, *args: Any) -> Any:
        """Compute from arguments that are not all floats, and where `math` raised."""
        if not self._direct:
            return self._by_compiled(args)
        if self._numpy:
            shape = common_shape(args)
            if shape is not None:
                return self.finished(filled(self.compiled.array_function(*args), args, shape, FLOAT64))
        if all([isinstance(value, _NUMBERS) for value in args]):
            values = [float(v) if spec.dtype == "float64" else v for spec, v in zip(self._specs, args, strict=True)]
            if not self._numpy:
                return self.finished(self.function(*values))
            try:
                found = self.function(*values)
            except _ARITHMETIC:
                pass  # NumPy gives inf or nan, with a warning
            else:
                return self.finished(_as_numpy(found) if any([isinstance(v, np.generic) for v in args]) else found)
        if not self._numpy:
            return self.finished(self.function(*self._numbers(args)))
        arguments, shape, kind = mapped_arguments(self._specs, args)
        return self.finished(filled(self.compiled.array_function(*arguments), arguments, shape, kind))

    def _numbers(self, args: Sequence[Any]) -> list[Any]:
        """Return arguments as Python's numbers; arrays are refused."""
        for spec, value in zip(self._specs, args, strict=True):
            if np.ndim(value):
                raise ArgumentError(
                    f"argument {spec.name!r} has shape {np.shape(value)}; modules='math' computes with numbers, "
                    "modules='numpy' with arrays"
                )
        arguments, _, _ = mapped_arguments(self._specs, args)
        return [value.item() for value in arguments]

    def _by_compiled(self, args: tuple[Any, ...]) -> Any:
        """Call a function that computes arrays of its own; points at which it is mapped lie along the last axes."""
        result = self.compiled(*args)
        ranks = [len(node.shape or ()) for node in self.compiled.graph.outputs]
        mapped = not any(spec.shape for spec in self._specs) and any(np.ndim(value) for value in args)
        if mapped and any(ranks):
            waiting = iter(ranks)
            result = _with_points_last(result, waiting)
        return self.finished(result)

    def listed(self, value: Any) -> Any:
        """Return a vector's entries as Python's numbers, which are quicker to compute with than NumPy's."""
        return value.tolist() if type(value) is np.ndarray and value.ndim == 1 else value

    def refuse(self, position: int, value: object) -> NoReturn:
        """Raise an error on an argument that does not unpack into its parts."""
        raise ArgumentError(
            f"argument {position + 1} is {_shortened(value)}; expected a sequence of {_wanted(self._layout[position])}"
        ) from None

    # --- results ------------------------------------------------------------------------------------------------------

    def finished(self, values: Any) -> Any:
        """Return values put together, if that is more than lists and tuples."""
        if self._plain:
            return values
        if isinstance(self._results, Grid):
            return _gridded(values[: self._results.count], self._results.shape)
        return _assembled(self._results, iter(values))

    # --- keeping ------------------------------------------------------------------------------------------------------

    def __reduce__(self) -> tuple[object, ...]:
        return Lambdified, self._state

    def __copy__(self) -> Lambdified:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Lambdified:
        return self


def _shown(compiled: CompiledFunction, documented: bool) -> str:
    """Return the docstring's section on the source."""
    if not documented:
        return "The source is too long to be shown here (docstring_limit): see .source"
    parts = compiled.printed
    lines = f"{parts.prelude}\ndef {parts.name}({', '.join(parts.parameters)}):\n{parts.body}".strip().split("\n")
    return "\n".join(["Source::", "", *[f"    {line}" if line else "" for line in lines]])


def _assembled(results: Results, values: Any) -> Any:
    """Return values put together; nests are as deep as a person writes them."""
    if results is None:
        return next(values)
    if isinstance(results, Grid):
        return _gridded([*islice(values, results.count)], results.shape)
    items = [_assembled(item, values) for item in results.items]
    return dict(zip(results.keys, items, strict=True)) if isinstance(results, Keyed) else results.kind(items)


def _gridded(entries: Sequence[Any], shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """Return entries as an array; where they are arrays themselves, their axes are the last ones."""
    array = np.array(entries)
    if array.dtype.kind not in "fb":
        array = array.astype(np.float64)
    return array.reshape(shape + array.shape[1:])


def _as_numpy(value: Any) -> Any:
    """Return results as NumPy's scalars."""
    if isinstance(value, (list, tuple)):
        return type(value)([_as_numpy(item) for item in value])
    return np.bool_(value) if isinstance(value, bool) else np.float64(value)


def _with_points_last(value: Any, ranks: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)([_with_points_last(item, ranks) for item in value])
    rank = next(ranks)
    points = value.ndim - rank
    return np.ascontiguousarray(np.moveaxis(value, range(points), range(-points, 0))) if rank and points else value


def _wanted(layout: Any) -> str:
    """Return how an argument is nested, in words."""
    nested = any(not isinstance(entry, int) for entry in layout)
    return f"{len(layout)}" + (", some of them sequences" if nested else "")


def _shortened(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, (list, tuple)):
        return f"a {type(value).__name__} of {len(value)}"
    return f"a {type(value).__name__}"
