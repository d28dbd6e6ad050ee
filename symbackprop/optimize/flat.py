"""One flat vector for the free entries of parameters: where each is, its bounds, and the way there and back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symbackprop.errors import ArgumentError, ShapeError
from symbackprop.lazily import scipy_sparse
from symbackprop.optimize.structure import real_array

__all__ = ["FlatVector", "Leaf", "fixed_entries", "limits"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Leaf:
    """A parameter, or an array in one that is a structure.

    Parameters
    ----------
    name : str
        What the compiled function calls it.
    path : str
        How the user reaches it, ``params["w"]``.
    start : array
        Where the search starts.
    fixed : array of bool
        The entries that stay there.
    lower, upper : array
        The bounds of its entries.
    """

    name: str
    path: str
    start: Array
    fixed: Array
    lower: Array
    upper: Array

    def check(self) -> None:
        """Raise an error unless the start is finite and within bounds that leave room for it."""
        if not np.all(np.isfinite(self.start)):
            raise ArgumentError(f"start: {self._entry(~np.isfinite(self.start))}; start where all entries are finite")
        crossed = ~(self.lower <= self.upper)  # nan compares as False
        if np.any(crossed):
            raise ArgumentError(f"bounds: {self._between(crossed)}, of which none is between")
        outside = (self.start < self.lower) | (self.start > self.upper)
        if np.any(outside):
            raise ArgumentError(f"start: {self._entry(outside)}, but {self._between(outside)}; start within the bounds")

    def labels(self) -> list[str]:
        """Return what the entries are called, ``w[0]``, ``w[1]``."""
        indices = np.ndindex(self.start.shape)
        return [self.path + (f"[{', '.join(map(str, index))}]" if index else "") for index in indices]

    def _entry(self, where: Array) -> str:
        position = int(np.flatnonzero(where)[0])
        return f"{self.labels()[position]} is {self.start.flat[position]:g}"

    def _between(self, where: Array) -> str:
        position = int(np.flatnonzero(where)[0])
        lower, upper = self.lower.flat[position], self.upper.flat[position]
        return f"{self.labels()[position]} is bounded by {lower:g} and {upper:g}"


class FlatVector:
    """The free entries of some leaves, leaf after leaf, each in C order.

    Parameters
    ----------
    leaves : sequence of Leaf
        All parameters, those without a free entry too.
    """

    def __init__(self, leaves: Sequence[Leaf]) -> None:
        self.leaves = tuple(leaves)
        self._start = _joined([leaf.start for leaf in leaves])
        fixed = _joined([leaf.fixed for leaf in leaves]).astype(bool)
        self._free = np.flatnonzero(~fixed)
        self._all_free = not fixed.any()
        self._slices = _slices(leaves)
        self._active = [not leaf.fixed.all() for leaf in leaves]
        self.active = tuple(leaf for leaf, active in zip(leaves, self._active, strict=True) if active)
        derived = np.concatenate([np.full(leaf.start.size, not leaf.fixed.all()) for leaf in leaves])
        self._free_of_active = np.flatnonzero(~fixed[derived])
        self.size = len(self._free)

    @property
    def start(self) -> Array:
        """The free entries at the start, as a new array."""
        return self._start[self._free]

    @property
    def limits(self) -> tuple[Array, Array]:
        """The bounds of the free entries, as new arrays."""
        lower, upper = (_joined([getattr(leaf, side) for leaf in self.leaves]) for side in ("lower", "upper"))
        return lower[self._free], upper[self._free]

    @property
    def is_bounded(self) -> bool:
        """Whether any free entry has a bound."""
        return bool(np.isfinite(self.limits).any())

    @property
    def labels(self) -> list[str]:
        """What the free entries are called."""
        labels = [label for leaf in self.leaves for label in leaf.labels()]
        return [labels[position] for position in self._free]

    def checked(self, x: object) -> Array:
        """Return a flat vector as an array of float64, which may be the given one."""
        if type(x) is not np.ndarray or x.dtype != np.float64:
            x = real_array(x, "x")
        if x.shape != (self.size,):
            raise ShapeError(f"x has shape {x.shape}, expected ({self.size},): the free entries of the parameters")
        return x

    def values(self, x: Array) -> list[Any]:
        """Return the values of all leaves, in memory of their own: arrays, and NumPy's scalars."""
        if self._all_free:
            return self._split(x.copy())
        whole = self._start.copy()
        whole[self._free] = x
        return self._split(whole)

    def flat(self, values: Mapping[str, Array]) -> Array:
        """Return the free entries of leaves by name, those that are not given as at the start.

        Raises
        ------
        ArgumentError, ShapeError
            On values of another shape, and on new ones for fixed entries.
        """
        whole = self._start.copy()
        for leaf, part in zip(self.leaves, self._slices, strict=True):
            value = values.get(leaf.name)
            if value is None:
                continue
            if value.shape != leaf.start.shape:
                raise ShapeError(f"{leaf.path} has shape {value.shape}, and at the start {leaf.start.shape}")
            moved = leaf.fixed & (value != leaf.start)
            if moved.any():
                label = leaf.labels()[int(np.flatnonzero(moved)[0])]
                raise ArgumentError(f"{label} is fixed, and differs from the start; replace(start=...) moves it")
            whole[part] = value.ravel()
        return whole[self._free]

    # --- derivatives, which are taken of the leaves with a free entry -------------------------------------------------

    def gradient(self, parts: Sequence[Any]) -> Array:
        """Return the entries of a gradient that belong to free ones."""
        return np.concatenate([np.ravel(part) for part in parts])[self._free_of_active]

    def hessian(self, blocks: Sequence[Sequence[Any]], *, sparse: bool = False) -> Any:
        """Return the rows and columns of a Hessian that belong to free entries, given its blocks by two leaves."""
        columns = self.jacobian([block for row in blocks for block in row], sparse=sparse)
        return columns[self._free_of_active] if columns.shape[0] != columns.shape[1] else columns

    def jacobian(self, blocks: Sequence[Any], *, sparse: bool = False) -> Any:
        """Return the columns of a Jacobian that belong to free entries, given its blocks: by values, then by leaves."""
        wide = len(self.active)
        rows = [blocks[i : i + wide] for i in range(0, len(blocks), wide)]
        return self._of_free(_stacked_sparse(rows) if sparse else self._stacked(rows))

    @property
    def is_mostly_fixed(self) -> bool:
        """Whether less than half of the entries of leaves that derivatives are taken of are free."""
        return 2 * self.size < sum(leaf.start.size for leaf in self.active)

    def direction(self, x: Array) -> list[Any]:
        """Return the tangents of the active leaves as the free entries move by `x`."""
        whole = np.zeros(sum(leaf.start.size for leaf in self.active))
        whole[self._free_of_active] = x
        return _split(whole, _slices(self.active), self.active)

    def directions(self) -> list[list[Any]]:
        """Return for each free entry the tangents of the active leaves in whose direction it alone moves."""
        return [self.direction(unit) for unit in np.eye(self.size)]

    def _stacked(self, rows: Sequence[Sequence[Any]]) -> Array:
        """Return a matrix of blocks, whose columns are the entries of the active leaves."""
        sizes = [leaf.start.size for leaf in self.active]
        flat = [[np.reshape(x, (np.size(x) // size, size)) for x, size in zip(row, sizes, strict=True)] for row in rows]
        whole = [row[0] if len(row) == 1 else np.concatenate(row, axis=1) for row in flat]
        return whole[0] if len(whole) == 1 else np.concatenate(whole)

    def _of_free(self, matrix: Any) -> Any:
        return matrix if len(self._free_of_active) == matrix.shape[1] else matrix[:, self._free_of_active]

    def _split(self, whole: Array) -> list[Any]:
        return _split(whole, self._slices, self.leaves)


def _stacked_sparse(rows: Sequence[Sequence[Any]]) -> Any:
    """Return a sparse matrix of blocks."""
    if len(rows) == len(rows[0]) == 1:
        return rows[0][0]
    return scipy_sparse().block_array(rows, format="csr")


def _joined(arrays: Sequence[Array]) -> Array:
    return np.concatenate([np.ravel(array) for array in arrays])


def _slices(leaves: Sequence[Leaf]) -> list[slice]:
    ends = np.cumsum([leaf.start.size for leaf in leaves], dtype=int).tolist()
    return [slice(end - leaf.start.size, end) for leaf, end in zip(leaves, ends, strict=True)]


def _split(whole: Array, slices: Sequence[slice], leaves: Sequence[Leaf]) -> list[Any]:
    return [
        whole[part].reshape(leaf.start.shape + whole.shape[1:]) if leaf.start.shape else whole[part.start]
        for leaf, part in zip(leaves, slices, strict=True)
    ]


# --- settings ---------------------------------------------------------------------------------------------------------


def limits(given: Any, path: str, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Return lower and upper bounds of the entries of a parameter.

    Parameters
    ----------
    given : (low, high), sequence of such tuples, or scipy.optimize.Bounds
        Numbers, or lists and arrays that broadcast to the parameter's shape; None where there is no bound. Or a tuple
        for each entry of a vector, as SciPy has it.
    path : str
        What errors call the parameter.
    shape : tuple of int
        The parameter's shape.

    Raises
    ------
    ArgumentError
        On anything else.
    """
    if hasattr(given, "lb") and hasattr(given, "ub"):
        given = (given.lb, given.ub)
    if isinstance(given, (tuple, list)) and given and all(isinstance(item, tuple) for item in given):
        if shape != (len(given),) or any(len(pair) != 2 for pair in given):
            raise ArgumentError(
                f"bounds of {path} are {given!r:.60}, a tuple for each of {len(given)} entries, and its shape is {shape}"
            )
        given = ([_or(low, -math.inf) for low, _ in given], [_or(high, math.inf) for _, high in given])
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        raise ArgumentError(f"bounds of {path} are {given!r:.60}; give (low, high), None where there is no bound")
    low, high = given
    return (
        _filled(_or(low, -math.inf), f"the lower bound of {path}", shape),
        _filled(_or(high, math.inf), f"the upper bound of {path}", shape),
    )


def _or(bound: Any, infinite: float) -> Any:
    return infinite if bound is None else bound


def fixed_entries(given: Any, path: str, shape: tuple[int, ...]) -> Array:
    """Return which entries of a parameter stay where they start.

    Raises
    ------
    ArgumentError
        On anything but True, False, and arrays of these that broadcast to the parameter's shape.
    """
    array = np.asarray(given)
    if array.dtype != bool:
        raise ArgumentError(
            f"fixed says {given!r:.60} of {path}; give True or False, for single entries an array of these, and the "
            "value in start"
        )
    return _broadcast(array, f"fixed of {path}", shape)


def _filled(value: Any, what: str, shape: tuple[int, ...]) -> Array:
    return _broadcast(real_array(value, what), what, shape)


def _broadcast(array: Array, what: str, shape: tuple[int, ...]) -> Array:
    try:
        return np.array(np.broadcast_to(array, shape))
    except ValueError:
        raise ArgumentError(
            f"{what} has shape {array.shape}, which does not broadcast to the parameter's {shape}"
        ) from None
