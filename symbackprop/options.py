"""What is asked of a compilation, checked: options by keyword, as fields of a recipe."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symbackprop.emit.header import Recipe
from symbackprop.errors import ArgumentError
from symbackprop.transform.batching import checked_batch
from symbackprop.transform.checkpointing import checked_checkpoint
from symbackprop.transform.clipping import checked_clip
from symbackprop.transform.curvature import DISTRIBUTIONS

__all__ = [
    "Request",
    "asked_of_gradient",
    "checked_distribution",
    "checked_mode",
    "checked_order",
    "checked_outputs",
    "checked_wrt",
]

_TARGETS = ("auto", "math", "numpy")
_DTYPES = ("float64", "float32")
_OPTIMIZE = ("readable", "fast")
_MODES = ("auto", "forward", "reverse")


@dataclass(frozen=True)
class Request:
    """What is asked for, whatever form the formula has.

    Parameters
    ----------
    kind : {"value", "grad", "jvp", "vjp", "hvp", "jacobian", "hessian", "taylor", "derivative",
        "laplacian", "divergence"}
    wrt : str, SymPy symbol, or sequence of these, or None
    with_value : bool
    target, dtype, name, optimize : str
    of_gradient : mapping
        Further fields of a recipe that are about its gradient, or other derivatives.
    batch : mapping of name to axis, or None
        Which inputs are batches.
    """

    kind: str
    wrt: Any
    with_value: bool
    target: str
    dtype: str
    name: str
    optimize: str
    of_gradient: Mapping[str, Any] = field(default_factory=dict)
    batch: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "dtype", _dtype_name(self.dtype))
        _check_options(self.target, self.dtype, self.name, self.optimize)

    def recipe(
        self, formula: str, inputs: str | None, wrt: str | tuple[str, ...] | None, *, dtype: str = "", **fields: Any
    ) -> Recipe:
        """Return the recipe for a formula in text; `fields` come before what is asked of the gradient."""
        return Recipe(
            formula, self.kind, inputs, wrt, bool(self.with_value), self.target, dtype or self.dtype,
            unicodedata.normalize("NFKC", self.name), self.optimize,  # as Python itself reads names
            **{**self.of_gradient, "batch": checked_batch(self.batch), **fields},
        )  # fmt: skip


def asked_of_gradient(has_aux: bool, clip: object, finite: bool, checkpoint: object) -> dict[str, Any]:
    """Return the fields of a recipe that say what is asked of a gradient."""
    return {
        "has_aux": bool(has_aux), "clip": checked_clip(clip), "finite": bool(finite),
        "checkpoint": checked_checkpoint(checkpoint),
    }  # fmt: skip


def checked_mode(mode: Any) -> str:
    """Return how a Jacobian is to be accumulated."""
    if not isinstance(mode, str) or mode not in _MODES:
        raise ArgumentError(f"mode is {mode!r}; choose one of {', '.join(map(repr, _MODES))}")
    return mode


def checked_outputs(outputs: Any) -> tuple[str, ...]:
    """Return the names of values that a loss is taken to be a function of."""
    names = (outputs,) if isinstance(outputs, str) else outputs
    if names is None:
        return ()
    if not isinstance(names, (list, tuple)) or not names or not all(isinstance(name, str) for name in names):
        raise ArgumentError(f"outputs is {outputs!r}; give the name of a value of the formula, or several in a tuple")
    if len(set(names)) < len(names):
        raise ArgumentError(f"outputs is {outputs!r}, which names a value twice")
    return tuple(names)


def checked_distribution(distribution: Any) -> str:
    """Return the distribution whose Fisher information is asked for."""
    if not isinstance(distribution, str) or distribution not in DISTRIBUTIONS:
        raise ArgumentError(f"distribution is {distribution!r}; choose one of {', '.join(map(repr, DISTRIBUTIONS))}")
    return distribution


def checked_order(order: Any) -> int:
    """Return of which order a derivative is to be."""
    if isinstance(order, bool) or not isinstance(order, (int, np.integer)) or order < 1:
        raise ArgumentError(f"order is {order!r}; give an integer, 1 for the first derivative or higher")
    return int(order)


def checked_wrt(wrt: Any) -> str | tuple[str, ...] | None:
    """Return `wrt` as a name or a tuple of names."""
    if wrt is None or isinstance(wrt, str):
        return wrt if wrt is None else str(wrt)
    ordered = not isinstance(wrt, (Set, bytes)) and isinstance(wrt, Iterable)
    names = tuple(wrt) if ordered else ()
    if not ordered or not all(isinstance(name, str) for name in names):
        why = "; a set has no order" if isinstance(wrt, Set) else ""
        raise ArgumentError(f"wrt is {wrt!r}{why}; give a name, or a list or tuple of names of inputs")
    return tuple(map(str, names))


def _dtype_name(dtype: Any) -> Any:
    """Return the name of a dtype that is given as NumPy gives it."""
    if isinstance(dtype, (type, np.dtype)):
        try:
            return np.dtype(dtype).name
        except TypeError:
            pass
    return dtype


def _check_options(target: str, dtype: str, name: str, optimize: str) -> None:
    """Raise an error on an option that there is not."""
    for what, value, known in (
        ("target", target, _TARGETS),
        ("dtype", dtype, _DTYPES),
        ("optimize", optimize, _OPTIMIZE),
    ):
        if not isinstance(value, str) or value not in known:
            raise ArgumentError(f"{what} is {value!r}; choose one of {', '.join(map(repr, known))}")
    if not isinstance(name, str) or not name.isidentifier():
        raise ArgumentError(f"name is {name!r}, which is not a name in Python; take one like 'grad'")
