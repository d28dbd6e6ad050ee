"""Parameters and data by name: checked against what the formula takes, in structures or not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from symbackprop.compiled import CompiledFunction
from symbackprop.emit.arguments import Binder
from symbackprop.emit.packing import Packer
from symbackprop.errors import ArgumentError, UnknownNameError, UnsupportedError, nearest_names
from symbackprop.ir.dtype import is_float
from symbackprop.ir.packing import Pack, Packed, Packing, accessor, leaf_names
from symbackprop.networks.function import NetworkFunction
from symbackprop.optimize.arguments import Arguments
from symbackprop.optimize.flat import FlatVector, Leaf, fixed_entries, limits
from symbackprop.optimize.structure import data_of, real_array, reals_of, settings_of

__all__ = ["Parameters"]

Array = np.ndarray[Any, Any]


class Parameters:
    """The start, data, bounds and fixed entries of a problem.

    Parameters
    ----------
    function : CompiledFunction
        What takes parameters and data as its arguments.
    start, data : mapping
        Values by name, or by SymPy's symbol, in the structures that the function takes.
    bounds : mapping
        Of some of the parameters.
    fixed : mapping, name, or names
        Which parameters stay where they start.
    others : mapping, optional
        Data that `function` does not take, but another one may.
    time : str, optional
        The input that is the time, which each evaluation gives.

    Raises
    ------
    UnknownNameError
        On names that are no inputs.
    ArgumentError, ShapeError
        On values that do not fit.
    UnsupportedError
        On parameters that are not real, and where nothing is free.
    """

    def __init__(
        self,
        function: CompiledFunction,
        start: Mapping[Any, Any],
        data: Mapping[Any, Any],
        bounds: Mapping[Any, Any],
        fixed: Mapping[Any, Any] | Iterable[Any],
        others: Mapping[Any, Any] | None = None,
        time: str | None = None,
    ) -> None:
        self._function = function
        start = {key: reals_of(value, str(key)) for key, value in start.items()}  # later changes are no concern of ours
        data = {key: data_of(value, str(key)) for key, value in data.items()}
        fixed = _as_mapping(fixed)
        others = {key: data_of(value, str(key)) for key, value in (others or {}).items()}
        self._given = (start, data, bounds, fixed, others)
        self._time = time
        self._names = _Names(function)
        clock = None if time is None else self._names.of(time, "time")
        self._keys = {self._names.of(key, "start"): key for key in start}
        self._packed = {name: self._names.packed[name] for name in self._keys}
        self._packer = Packer(self._names.packing)
        values = {name: start[key] for name, key in self._keys.items()}
        known = {self._names.of(key, "data"): value for key, value in data.items()}
        known.update({} if clock is None else {clock: np.float64(0.0)})
        if not values:
            raise UnsupportedError("nothing is free: start is empty; give it the parameters that are to be found")
        if len(values) < len(start) or len(known) < len(data):
            raise ArgumentError("start or data names an input twice, by a symbol and by its name")
        both = [name for name in values if name in known]
        if both:
            raise ArgumentError(f"{both[0]!r} is in start and in data; what is in start is to be found, data are given")
        self._ordered, leaves = self._packer.leaves((), {**known, **values})
        arguments = self._bound(leaves)
        slots = self._slots()
        self.vector = FlatVector(self._leaves([arguments[slot] for slot in slots], bounds, fixed))
        if not self.vector.size:
            raise UnsupportedError("nothing is free: all parameters are fixed, or have no entries")
        position = None if clock is None else [spec.name for spec in function.signature].index(clock)
        self.arguments = Arguments(arguments, slots, self.vector, position)

    def _bound(self, leaves: Sequence[Any]) -> Sequence[Any]:
        """Return the arguments of the function of leaves, converted and checked; arrays found in its module last."""
        graph = self._function.graph
        bound = Binder(graph.arguments, graph.guards, "numpy").bind((*leaves, *self._function.constants.values()), {})
        if isinstance(self._function, NetworkFunction):
            self._function.check_limits(bound)
        return bound

    def _slots(self) -> list[int]:
        """Return the positions of the parameters among the arguments."""
        specs = self._function.signature
        positions = {spec.name: position for position, spec in enumerate(specs)}
        slots = [positions[leaf] for packed in self._packed.values() for leaf in leaf_names(packed)]
        for slot in slots:
            if not is_float(specs[slot].dtype):
                raise UnsupportedError(
                    f"start names {specs[slot].name!r}, which is declared as {specs[slot].dtype}; only real numbers can "
                    "be found, so give it in data"
                )
        return slots

    def _leaves(self, starts: Sequence[Any], bounds: Any, fixed: Any) -> list[Leaf]:
        paths = [(leaf, path) for name, packed in self._packed.items() for leaf, path in _paths(packed, name)]
        given = dict(zip([leaf for leaf, _ in paths], map(np.asarray, starts), strict=True))
        within = {
            leaf: limits(setting, path, given[leaf].shape) for leaf, path, setting in self._settings(bounds, "bounds")
        }
        held = {
            leaf: fixed_entries(setting, path, given[leaf].shape)
            for leaf, path, setting in self._settings(fixed, "fixed", whole=True)
        }
        leaves = []
        for leaf, path in paths:
            start = given[leaf]
            lower, upper = within.get(leaf) or limits((None, None), path, start.shape)
            stays = held[leaf] if leaf in held else np.zeros(start.shape, bool)
            leaves.append(Leaf(leaf, path, start, stays, lower, upper))
            leaves[-1].check()
        return leaves

    def _settings(self, given: Any, what: str, *, whole: bool = False) -> Iterable[tuple[str, str, Any]]:
        """Yield what is said of leaves by name."""
        if not isinstance(given, Mapping):
            raise ArgumentError(f"{what} is a {type(given).__name__}; give a mapping by the names of parameters")
        for key, setting in given.items():
            name = self._names.of(key, what)
            if name not in self._packed:
                raise ArgumentError(f"{what} names {key!r}, which is no parameter: it is not in start")
            if setting is not None:
                yield from settings_of(self._packed[name], setting, name, what, whole=whole)

    # --- there and back -----------------------------------------------------------------------------------------------

    @property
    def state(self) -> Pack:
        """The parameters by name, as a structure of the names of leaves."""
        return Pack("dict", tuple(map(str, self._keys.values())), tuple(self._packed.values()))

    def pack(self, params: Mapping[Any, Any]) -> Array:
        """Return parameters by name as a flat vector."""
        given = {leaf: real_array(value, path) for leaf, path, value in self._settings(params, "params")}
        return self.vector.flat(given)

    def unpack(self, x: Array) -> dict[Any, Any]:
        """Return the parameters at a flat vector by name."""
        by_leaf = dict(zip([leaf.name for leaf in self.vector.leaves], self.vector.values(x), strict=True))
        order = [leaf for _, packed in self._names.packing.arguments for leaf in leaf_names(packed)]
        values = [by_leaf.get(leaf) for leaf in order]
        numbers = [float(value) if isinstance(value, np.floating) else value for value in values]
        found = self._packer.packed(self._ordered, numbers)
        by_name = dict(zip(self._names.packed, found, strict=True))
        return {key: by_name[name] for name, key in self._keys.items()}

    def entries(self) -> dict[str, Array]:
        """Return where in the flat vector the free entries of each parameter are, by what the user calls it."""
        free = {leaf.name: int(np.count_nonzero(~leaf.fixed)) for leaf in self.vector.leaves}
        found, end = {}, 0
        for name, key in self._keys.items():
            begin, end = end, end + sum(free[leaf] for leaf in leaf_names(self._packed[name]))
            found[str(key)] = np.arange(begin, end)
        return found

    def restricted(self, function: CompiledFunction) -> Parameters:
        """Return those parameters and data that another function takes too."""
        taken = _Names(function)
        start, data, _, fixed, others = self._given
        start, data, fixed = (
            {key: x for key, x in part.items() if key in taken} for part in (start, {**data, **others}, fixed)
        )
        return Parameters(function, start, data, {}, fixed)

    def replaced(self, start: Any, data: Any, bounds: Any, fixed: Any) -> Parameters:
        """Return parameters with other values by name, and other settings where these are not None."""
        old_start, old_data, old_bounds, old_fixed, others = self._given
        if isinstance(data, Mapping):
            others = {key: data.get(key, value) for key, value in others.items()}
            data = {key: value for key, value in data.items() if key not in others}
        start, data = self._merged(old_start, start, "start"), self._merged(old_data, data, "data")
        bounds, fixed = old_bounds if bounds is None else bounds, old_fixed if fixed is None else fixed
        try:
            return Parameters(self._function, start, data, bounds, fixed, others, self._time)
        except ArgumentError as error:
            error.add_note("shapes other than before need names for their sizes: inputs={'X': 'n d', ...}")
            raise

    def _merged(self, old: Mapping[Any, Any], new: Any, what: str) -> dict[Any, Any]:
        if new is not None and not isinstance(new, Mapping):
            raise ArgumentError(f"{what} is a {type(new).__name__}; give a mapping by name")
        keys = {self._names.of(key, what): key for key in old}
        merged = dict(old)
        for key, value in (new or {}).items():
            merged[keys.get(self._names.of(key, what), key)] = value
        return merged

    def __reduce__(self) -> tuple[object, ...]:
        return Parameters, (self._function, *self._given, self._time)

    # --- what they are ------------------------------------------------------------------------------------------------

    def lines(self) -> list[str]:
        """Return a line for each parameter, and one for the data."""
        rows = [("parameter", "shape", "free", "bounds")]
        for leaf in self.vector.leaves:
            free = int(leaf.fixed.size - np.count_nonzero(leaf.fixed))
            rows.append((leaf.path, str(leaf.start.shape), f"{free} of {leaf.fixed.size}", _bounds_text(leaf)))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
        given = [name for name in self._names.packed if name not in self._packed]
        return [*lines, f"data: {', '.join(given)}"] if given else lines


def _bounds_text(leaf: Leaf) -> str:
    if np.all(np.isneginf(leaf.lower)) and np.all(np.isposinf(leaf.upper)):
        return "none"
    return f"{_range_text(leaf.lower)} to {_range_text(leaf.upper)}"


def _range_text(bounds: Array) -> str:
    low, high = bounds.min(), bounds.max()
    return f"{low:g}" if low == high else f"({low:g} ... {high:g})"


class _Names:
    """What a compiled function calls its arguments, and what the user calls them."""

    def __init__(self, function: CompiledFunction) -> None:
        recipe = function.recipe
        trivial = Packing(tuple((spec.name, spec.name) for spec in function.signature))
        self.packing = trivial if recipe.packing is None else recipe.packing
        self.packed: dict[str, Packed] = dict(self.packing.arguments)
        self._titles = {title: name for name, title in recipe.titles}

    def __contains__(self, key: Any) -> bool:
        return self._titles.get(str(key), str(key)) in self.packed

    def of(self, key: Any, what: str) -> str:
        """Return the name of the input that the user calls `key`."""
        name = self._titles.get(str(key), str(key))
        if name not in self.packed:
            known = [*self.packed, *self._titles]
            raise UnknownNameError(
                f"{what} names {str(key)!r}, which is not an input; the inputs are {', '.join(self.packed) or 'none'}."
                f"{nearest_names(str(key), known)}"
            )
        return name


def _as_mapping(fixed: Any) -> Mapping[Any, Any]:
    """Return ``fixed`` as a mapping, where it is a name or several."""
    if isinstance(fixed, Mapping):
        return fixed
    if isinstance(fixed, str) or not isinstance(fixed, Iterable):
        return {fixed: True}
    return dict.fromkeys(fixed, True)


def _paths(packed: Packed, path: str) -> Iterable[tuple[str, str]]:
    """Yield the names of leaves with how the user reaches them; structures are as deep as a person writes them."""
    if isinstance(packed, Pack):
        for key, item in zip(packed.keys, packed.items, strict=True):
            yield from _paths(item, path + accessor(packed, key))
    elif packed is not None:
        yield packed, path
