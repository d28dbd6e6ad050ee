"""Stand-ins for `np`, `math` and `scipy.special` over arrays of elements.

NumPy itself runs nearly all array functions on arrays of objects; what it cannot (functions without a loop for
objects, arrays made of zeros, dtypes) has an entry here. Each entry is tested against NumPy on plain numbers.
"""

from __future__ import annotations

import functools
import math
import types
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import sympy

from symbackprop.check.conversion import DTYPES, LOGIC, RealDtype, as_dtype
from symbackprop.check.elements import Digits, Element, Symbolic, lifted
from symbackprop.check.factorisations import ScipyLinearAlgebra
from symbackprop.check.functions import BY_PATH, SMOOTH, apply_smooth
from symbackprop.check.linear_algebra import LinearAlgebra
from symbackprop.check.nested import NESTED
from symbackprop.check.signals import SIGNALS
from symbackprop.check.special_functions import TUPLES
from symbackprop.check.statistics import Statistics, objects
from symbackprop.check.windows import WINDOWS

__all__ = ["Vocabulary", "vocabulary"]

_ALIASES = {
    "absolute": "abs", "fabs": "abs", "float_power": "power", "pow": "power", "fix": "trunc",
    "degrees": "rad2deg", "radians": "deg2rad", "psi": "digamma", "loggamma": "gammaln", "lgamma": "gammaln",
    "sigmoid": "expit", "jn": "jv", "asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh", "acosh": "arccosh",
    "atanh": "arctanh", "atan2": "arctan2",
}  # fmt: skip


def vocabulary(kind: type[Element]) -> Vocabulary:
    """Return the words over elements of one kind, at the precision that long numbers have now."""
    return _at_precision(kind is Symbolic, mpmath.mp.prec)


@functools.cache
def _at_precision(symbolic: bool, precision: int) -> Vocabulary:
    return Vocabulary(Symbolic if symbolic else Digits)


def scalar_or_array(x: Any) -> Any:
    """Return the entry of an array without axes, and anything else as it is."""
    return x[()] if isinstance(x, np.ndarray) else x


def _is_function(word: Any) -> bool:
    return callable(word) and not isinstance(word, (type, RealDtype))


def into_given(word: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that, as NumPy's do, writes into the array that is given as ``out``."""

    def writing(*args: Any, out: Any = None, **options: Any) -> Any:
        result = word(*args, **options)
        if out is None:
            return result
        out[...] = result
        return out

    return writing


class Vocabulary(Statistics):
    """The words of NumPy, `math` and `scipy.special` over elements of one kind.

    Parameters
    ----------
    kind : type
        `Symbolic` or `Digits`.
    """

    def __init__(self, kind: type[Element]) -> None:
        self._kind = kind
        self._words: dict[str, Any] = {}
        words: dict[str, Any] = {name: self._mapped(functools.partial(apply_smooth, name)) for name in SMOOTH}
        words |= {name: self._mapped(function) for name, function in BY_PATH.items()}
        words |= {alias: words[name] for alias, name in _ALIASES.items()}
        words |= {name: self._tuple([words[part] for part in parts]) for name, parts in TUPLES.items()}
        words |= self._constants() | self._makers() | self._functions()
        words["around"] = words["round"]
        words |= {name: self._of_masks_too(name, words[name]) for name in ("fmax", "fmin")}
        words["copyto"] = self._copyto
        self._words = {name: into_given(word) if _is_function(word) else word for name, word in words.items()}

    def _score_function(self, log_prob: Any, reward: Any, baseline: Any = 0) -> Any:
        """Return the reward, with what else the derivative comes from held to no value."""
        held = self._words["stop_gradient"]
        soft = held(reward - baseline) * log_prob + reward
        return soft + held(reward - soft)

    def _copyto(self, dst: Any, src: Any, where: Any = True) -> None:
        np.copyto(dst, as_dtype(src, dst.dtype if dst.dtype == bool else np.float64, self._kind), where=where)

    def _constants(self) -> dict[str, Any]:
        return {
            "pi": self.constant(sympy.pi, mpmath.pi),
            "e": self.constant(sympy.E, mpmath.e),
            "inf": float("inf"),
            "nan": float("nan"),
            **DTYPES,
            **LOGIC,
        }

    def _makers(self) -> dict[str, Any]:
        """Return the words that make arrays, or choose and contract whole ones."""
        kind = self._kind
        return {
            "zeros": lambda shape, dtype=None, order="C": self.filled(shape, 0, dtype),
            "ones": lambda shape, dtype=None, order="C": self.filled(shape, 1, dtype),
            "empty": lambda shape, dtype=None, order="C": self.filled(shape, 0, dtype if dtype is np.bool_ else None),
            "full": lambda shape, fill_value, dtype=None, order="C": self.filled(shape, fill_value, dtype),
            "zeros_like": lambda x, dtype=None, shape=None: self.filled(np.shape(x) if shape is None else shape, 0),
            "ones_like": lambda x, dtype=None, shape=None: self.filled(np.shape(x) if shape is None else shape, 1),
            "empty_like": lambda x, dtype=None, shape=None: self.filled(np.shape(x) if shape is None else shape, 0),
            "full_like": lambda x, fill_value, dtype=None, shape=None: as_dtype(
                self.filled(np.shape(x) if shape is None else shape, fill_value),
                np.int64 if dtype is None and np.asarray(x).dtype == np.int64 else dtype,
                kind,
            ),
            "arange": self._arange,
            "array": self._array,
            "asarray": self._array,
            "astype": lambda x, dtype, copy=True: as_dtype(x, dtype, kind),
            "where": self._where,
            "einsum": lambda text, *arrays, optimize=False: scalar_or_array(np.einsum(text, *map(objects, arrays))),
        }

    def _functions(self) -> dict[str, Any]:
        """Return the words that NumPy computes otherwise, or not at all, on arrays of objects."""
        kind = self._kind
        return {
            "average": self._average,
            "bincount": self._bincount,
            "clip": self._clip,
            "cov": self._cov,
            "cross": self._cross,
            "mean": self._mean,
            "var": self._var,
            "std": lambda a, axis=None, dtype=None, **options: self._words["sqrt"](self._var(a, axis, **options)),
            "geomspace": self._geomspace,
            "sum": self._reduced(np.sum, 0),
            "prod": self._reduced(np.prod, 1),
            "max": self._reduced(np.max, float("-inf")),
            "min": self._reduced(np.min, float("inf")),
            "corrcoef": self._corrcoef,
            "trace": lambda a, offset=0, axis1=0, axis2=1, dtype=None: np.trace(
                as_dtype(a, dtype, kind), offset, axis1, axis2
            ),
            "msort": lambda a: np.sort(a, axis=0),
            "piecewise": self._piecewise,
            "cummax": lambda x, axis=0: np.maximum.accumulate(x, axis=axis),
            "logsumexp": self._logsumexp,
            "softmax": self._softmax,
            "log_softmax": lambda x, axis=None: x - self._logsumexp(x, axis=axis, keepdims=True),
            "linspace": self._linspace,
            "fill_diagonal": self._fill_diagonal,
            "round": self._round,
            "matvec": lambda a, x: np.matmul(a, np.expand_dims(x, -1))[..., 0],
            "nan_to_num": self._nan_to_num,
            "vecdot": lambda a, b, axis=-1: np.sum(a * b, axis=axis),
            "heaviside": self._heaviside,
            "log": self._log,
            "score_function": self._score_function,
            **SIGNALS,
            **WINDOWS,
            **{name: functools.partial(function, kind) for name, function in NESTED.items()},
        }

    def __getattr__(self, name: str) -> Any:
        words = self.__dict__["_words"]
        if name in words:
            return words[name]
        if name == "linalg":
            return LinearAlgebra(self._words, self._kind)
        if name == "scipy":
            return types.SimpleNamespace(linalg=ScipyLinearAlgebra(LinearAlgebra(self._words, self._kind)))
        if hasattr(np, name):
            return getattr(np, name)
        raise AttributeError(f"verification has no word {name!r}")

    def constant(self, symbolic: Any, digits: Any) -> Element:
        """Return a named number."""
        return Symbolic(symbolic, +digits) if self._kind is Symbolic else Digits(+digits)

    def lifted(self, number: Any) -> Element:
        """Return a plain number as an element."""
        return lifted(number, self._kind)

    def filled(self, shape: Any, value: Any, dtype: Any = None) -> Any:
        """Return an array of elements; positions and masks stay what they are."""
        if dtype in (np.int64, np.bool_) or (dtype is None and isinstance(value, bool)):
            return np.full(shape, as_dtype(value, dtype, self._kind), dtype)
        result = np.empty(shape, dtype=object)
        result[...] = lifted(value, self._kind) if np.ndim(value) == 0 else value
        return result

    def _mapped(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return `function` of elements as a function of arrays."""
        kind = self._kind

        def on_elements(*args: Any) -> Any:
            return function(*(lifted(arg, kind) for arg in args))

        def word(*args: Any, **ignored: Any) -> Any:
            result = np.frompyfunc(on_elements, len(args), 1)(*args)
            if isinstance(result, np.ndarray) and result.size and all(type(x) is bool for x in result.flat):
                return result.astype(bool)
            return result

        return word

    def _tuple(self, functions: Sequence[Callable[..., Any]]) -> Callable[..., Any]:
        """Return the function whose results are those of `functions`."""
        return lambda *args: tuple(function(*args) for function in functions)

    def _of_masks_too(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a word that is NumPy's own for conditions."""

        def word(a: Any, b: Any) -> Any:
            masks = all(np.asarray(x).dtype == bool for x in (a, b))
            return getattr(np, name)(a, b) if masks else function(a, b)

        return word

    def _reduced(self, reduction: Callable[..., Any], neutral: float) -> Callable[..., Any]:
        """Return a reduction of arrays of objects, with ``where=``, which NumPy does not give them."""

        def word(a: Any, axis: Any = None, dtype: Any = None, *, where: Any = None, **options: Any) -> Any:
            a = as_dtype(a, dtype, self._kind)
            return reduction(a if where is None else np.where(where, a, neutral), axis=axis, **options)

        return word

    def _array(self, x: Any, dtype: Any = None, *, ndmin: int = 0, copy: bool = True, order: str = "K") -> Any:
        made = np.array(x, ndmin=ndmin)
        if dtype is not None:
            return as_dtype(made, dtype, self._kind)
        return made if made.dtype.kind in "bi" else made.astype(object)

    def _arange(self, start: Any = None, stop: Any = None, step: Any = 1, dtype: Any = None) -> Any:
        first, last = (0, start if stop is None else stop) if stop is None or start is None else (start, stop)
        if all(isinstance(x, int) for x in (first, last, step)):
            return as_dtype(np.arange(first, last, step), dtype, self._kind)
        ends: list[Any] = [self.lifted(x) for x in (first, last, step)]
        floats = [float(x.value) for x in ends]
        count = max(math.ceil((floats[1] - floats[0]) / floats[2]), 0)
        values = np.array([ends[0] + ends[2] * i for i in range(count)], dtype=object).reshape(count)
        return as_dtype(values, dtype, self._kind)

    def _clip(self, a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
        low, high = (a_min if min is None else min), (a_max if max is None else max)
        raised = a if low is None else np.maximum(a, low)
        return raised if high is None else np.minimum(raised, high)

    def _cross(self, a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
        if axis is not None:
            axisa = axisb = axisc = axis
        a, b = np.moveaxis(a, axisa, -1), np.moveaxis(b, axisb, -1)
        parts = [
            (a[..., (i + 1) % 3] * b[..., (i + 2) % 3] - a[..., (i + 2) % 3] * b[..., (i + 1) % 3]) for i in range(3)
        ]
        return np.stack([objects(part) for part in parts], axis=axisc)

    def _piecewise(self, x: Any, condlist: Any, funclist: Any) -> Any:
        conditions = condlist if isinstance(condlist, (list, tuple)) else [condlist]
        choices = funclist if isinstance(funclist, (list, tuple)) else [funclist]
        result = choices[-1] if len(choices) > len(conditions) else 0
        for condition, choice in zip(conditions, choices, strict=False):
            result = self._where(condition, choice, result)
        return np.broadcast_to(result, np.shape(x))[()]

    def _bincount(self, x: Any, weights: Any, minlength: int = 0) -> Any:
        totals = self.filled(max(minlength, np.max(x, initial=-1) + 1), 0)
        np.add.at(totals, x, objects(weights))
        return totals

    def _heaviside(self, x: Any, y: Any = 0.5) -> Any:
        return self._mapped(BY_PATH["heaviside"])(x, y)

    def _log(self, x: Any, base: Any = None) -> Any:
        log = self._mapped(functools.partial(apply_smooth, "log"))
        return log(x) if base is None else log(x) / log(base)

    def _where(self, condition: Any, a: Any, b: Any) -> Any:
        mask = np.asarray(condition, dtype=bool)
        if {np.asarray(x).dtype.kind for x in (a, b)} in ({"i"}, {"b"}):
            return np.where(mask, a, b)[()]  # positions stay integers, and conditions what they are
        chosen = np.where(mask, objects(a), objects(b))[()]
        return chosen if isinstance(chosen, np.ndarray) else self.lifted(chosen)

    def _logsumexp(self, a: Any, axis: Any = None, b: Any = 1, keepdims: bool = False) -> Any:
        words = self._words
        return words["log"](np.sum(b * words["exp"](a), axis=axis, keepdims=keepdims))

    def _softmax(self, x: Any, axis: Any = None) -> Any:
        powers = self._words["exp"](x)
        return powers / np.sum(powers, axis=axis, keepdims=True)

    def _linspace(
        self,
        start: Any,
        stop: Any,
        num: int = 50,
        endpoint: bool = True,
        retstep: bool = False,
        dtype: Any = None,
        axis: int = 0,
    ) -> Any:
        steps = num - 1 if endpoint else num
        first, span = np.asarray(start, dtype=object), np.asarray(stop - start, dtype=object)
        shares = [lifted(Fraction(i, max(steps, 1)), self._kind) for i in range(num)]
        values = np.stack([objects(first + span * share) for share in shares], axis=axis) if num else self.filled(0, 0)
        if dtype in (np.int64, "int64"):
            values = as_dtype(self._words["floor"](values), dtype, self._kind)
        return (values, span / steps) if retstep else values

    def _geomspace(
        self, start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
    ) -> Any:
        shares = self._linspace(0 * start, 0 * start + 1, num, endpoint, axis=axis)
        first, ratio = objects(start), objects(stop / start)
        first, ratio = (np.expand_dims(x, axis) if x.ndim else x for x in (first, ratio))
        return first * ratio**shares

    def _fill_diagonal(self, a: Any, value: Any, wrap: bool = False) -> Any:
        result = np.array(a, dtype=object)
        np.fill_diagonal(result, value, wrap)
        return result

    def _nan_to_num(self, x: Any, copy: bool = True, nan: Any = 0, posinf: Any = None, neginf: Any = None) -> Any:
        return self._mapped(BY_PATH["nan_to_num"])(x)

    def _round(self, x: Any, decimals: int = 0) -> Any:
        return self._mapped(lambda element: round(element, decimals))(x)
