"""The forms of the coverage table by NumPy: inputs drawn for them, values, difference quotients.

Of no module of the package, so that the scripts of `tests/references` run where it is not installed.
"""

from __future__ import annotations

import math
import re
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from scipy import special

__all__ = [
    "OURS",
    "SIZES",
    "along",
    "by_numpy",
    "direction_of",
    "drawn",
    "fixed",
    "quiet",
    "reals_of",
    "slopes",
    "weighted",
    "weights_of",
]

SIZES = {"n": 4, "d": 3}
DECLARATION = re.compile(r"(\w+)(?:\[(.*?)\])?(?::(\w+))?")
OURS = {"stop_gradient", "straight_through"}  # whose derivative is not that of the value: tests/ops/test_surrogate.py


@contextmanager
def quiet() -> Iterator[None]:
    """Ignore what NumPy says of empty and undefined means."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def drawn(formula: str, inputs: str, sizes: dict[str, int], dtype: str = "float64") -> dict[str, Any]:
    """Return values of inputs; integers are positions up to 2, but less than `k` is counts or weights."""
    rng = np.random.default_rng(zlib.crc32(f"{formula}{inputs}".encode()))
    values: dict[str, Any] = {}
    for declaration in inputs.split():
        name, shape_text, kind = DECLARATION.fullmatch(declaration).groups()  # type: ignore[union-attr]
        shape = (
            tuple(sizes.get(size) if size in sizes else int(size) for size in shape_text.split(","))
            if shape_text
            else ()
        )
        if kind == "int":
            values[name] = rng.integers(0, 3, shape)
        elif kind == "bool":
            values[name] = rng.random(shape) < 0.6
        else:
            values[name] = rng.normal(size=shape).astype(dtype)[()]
    return values


def _filled(x: Any, value: Any, wrap: bool = False) -> Any:
    copy = np.array(x)
    np.fill_diagonal(copy, value, wrap)
    return copy


class _Add:
    """NumPy's add, whose `at` gives a copy, as in formulas."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np.add, name)

    def at(self, x: Any, index: Any, value: Any) -> Any:
        copy = np.array(x)
        np.add.at(copy, index, value)
        return copy


class _Numpy:
    """NumPy, and our words beside it."""

    add = _Add()

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


class _Special:
    """SciPy's special functions, real ones only."""

    def lambertw(self, z: Any, k: int = 0) -> Any:
        return special.lambertw(z, k).real

    def __getattr__(self, name: str) -> Any:
        return getattr(special, name)


SCOPE: dict[str, Any] = {
    **{name: getattr(special, name) for name in special.__all__ if hasattr(special, name)},
    **{name: getattr(np, name) for name in dir(np)},
    "np": _Numpy(),
    "special": _Special(),
    "lambertw": lambda z, k=0: special.lambertw(z, k).real,
    "softplus": lambda x: np.logaddexp(0, x),
    "cummax": lambda x, axis=None: np.maximum.accumulate(np.ravel(x) if axis is None else x, axis=axis or 0),
    "fill_diagonal": _filled,
    "empty": np.zeros,  # what NumPy's holds is not defined
    "stop_gradient": lambda x: x,
    "straight_through": lambda hard, soft: np.broadcast_arrays(hard * 1.0, soft)[0],
    "max": np.max, "min": np.min, "sum": np.sum, "any": np.any, "all": np.all, "abs": np.abs, "round": np.round, "pow": np.pow,
}  # fmt: skip


def by_numpy(formula: str, values: dict[str, Any]) -> Any:
    """Return what NumPy and SciPy make of a form."""
    *writes, last = formula.split("; ")
    scope = SCOPE | {name: np.array(value) if np.ndim(value) else value for name, value in values.items()}
    with quiet():
        for write in writes:
            exec(write, scope)
        return eval(last, scope)


def reals_of(inputs: str) -> list[str]:
    return [declaration.split("[")[0] for declaration in inputs.split() if ":" not in declaration]


def fixed(inputs: str) -> str:
    """Return the declarations with numbers for the named sizes."""
    return re.sub(r"\b[nd]\b(?=[^\[]*\])", lambda size: str(SIZES[size[0]]), inputs)


def slopes(formula: str, values: dict[str, Any], direction: dict[str, Any]) -> float:
    """Return the difference quotient of a scalar form by NumPy along a direction."""
    step = 1e-6
    ends = [
        float(by_numpy(formula, values | {k: values[k] + s * step * v for k, v in direction.items()})) for s in (1, -1)
    ]
    return (ends[0] - ends[1]) / (2 * step)


def along(gradients: tuple[Any, ...], direction: dict[str, Any]) -> float:
    return float(sum(np.sum(g * v) for g, v in zip(gradients, direction.values(), strict=True)))


def direction_of(values: dict[str, Any], names: list[str]) -> dict[str, Any]:
    rng = np.random.default_rng(5)
    return {name: rng.uniform(0.5, 1.5, np.shape(values[name])) * rng.choice([-1, 1]) for name in names}


def weights_of(shape: tuple[int, ...]) -> Any:
    """Return weights of entries, none of them alike: 2 + cos(place), as `weighted` writes them."""
    return np.reshape(2 + np.cos(np.arange(math.prod(shape))), shape)


def weighted(formula: str) -> str:
    """Return the formula of the sum of the weighted entries of a form."""
    *writes, last = formula.split("; ")
    return "; ".join([*writes, f"entries = ravel({last})", "sum(entries * (2 + cos(arange(len(entries)))))"])
