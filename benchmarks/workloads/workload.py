"""What a workload is: data, the same function in the language of every peer, and its gradient by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["GRADIENT", "HESSIAN", "ROWS", "SIZES", "Workload"]

SIZES = ("small", "medium", "large")
GRADIENT = "gradient"  # the value, and the gradient in each of `wrt`
HESSIAN = "hessian"  # the Hessian in the one of `wrt`
ROWS = (
    "rows"  # residuals r[n, k] and the blocks J[n, k, p] of row n in row n of each of `wrt`, on which alone it depends
)

Arguments = dict[str, Any]
Form = Callable[..., Any]  # (namespace, *arguments) -> the value, in the language of that namespace


@dataclass(frozen=True)
class Workload:
    """A function to be differentiated.

    Attributes
    ----------
    kind : str
        "scalar", "arrays", "elementwise", "blas", "recurrent", "unrolled" or "loop": which limits are its limits.
    sizes : mapping
        From some of `SIZES` to keyword arguments of `data`.
    data : callable
        Returns the arguments by name, in order, the same ones on every call.
    wrt : tuple of str
        Names of the arguments in which to differentiate.
    formula : str or callable
        What symbackprop compiles, with the keywords `options`.
    by_hand : callable
        Takes the arguments in order; returns what `derivative` says, as an expert writes it in NumPy and SciPy.
    forms : mapping
        From the names of peers to the function in their language; a peer without one is left out.
    derivative : str
        `GRADIENT`, `HESSIAN` or `ROWS`.
    """

    kind: str
    sizes: Mapping[str, Mapping[str, Any]]
    data: Callable[..., Arguments]
    wrt: tuple[str, ...]
    formula: Any
    by_hand: Callable[..., Any]
    forms: Mapping[str, Form] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    derivative: str = GRADIENT

    def arguments(self, size: str) -> Arguments:
        """Return the arguments of a size."""
        return self.data(**self.sizes[size])
