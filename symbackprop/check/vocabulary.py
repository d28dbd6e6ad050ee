"""Stand-ins for `np`, `math` and `scipy.special` over arrays of elements.

NumPy itself runs nearly all array functions on arrays of objects; what it cannot (functions without a loop for
objects, arrays made of zeros, dtypes) has an entry here. Each entry is tested against NumPy on plain numbers.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import sympy

from symbackprop.check.elements import Digits, Element, Symbolic, lifted
from symbackprop.check.functions import BY_PATH, SMOOTH, apply_smooth

__all__ = ["Vocabulary"]

_ALIASES = {
    "absolute": "abs", "fabs": "abs", "true_divide": "divide", "float_power": "power", "pow": "power", "fix": "trunc",
    "degrees": "rad2deg", "radians": "deg2rad", "psi": "digamma", "loggamma": "gammaln", "lgamma": "gammaln",
    "sigmoid": "expit", "asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh", "acosh": "arccosh",
    "atanh": "arctanh", "atan2": "arctan2",
}  # fmt: skip


class _Dtype:
    """``np.float32`` and its like: an array keeps its elements, a call gives back its argument."""

    dtype = np.dtype(object)

    def __call__(self, value: Any) -> Any:
        return value


class Vocabulary:
    """The words of NumPy, `math` and `scipy.special` over elements of one kind.

    Parameters
    ----------
    kind : type
        `Symbolic` or `Digits`.
    """

    def __init__(self, kind: type[Element]) -> None:
        self._kind = kind
        words: dict[str, Any] = {name: self._mapped(functools.partial(apply_smooth, name)) for name in SMOOTH}
        words |= {name: self._mapped(function) for name, function in BY_PATH.items()}
        words |= {alias: words[name] for alias, name in _ALIASES.items()}
        words |= {
            "pi": self.constant(sympy.pi, mpmath.pi),
            "e": self.constant(sympy.E, mpmath.e),
            "inf": float("inf"),
            "nan": float("nan"),
            "float64": _Dtype(),
            "float32": _Dtype(),
            "zeros": lambda shape, dtype=None: self.filled(shape, 0),
            "ones": lambda shape, dtype=None: self.filled(shape, 1),
            "empty": lambda shape, dtype=None: self.filled(shape, 0),
            "full": lambda shape, value, dtype=None: self.filled(shape, value),
            "zeros_like": lambda x, dtype=None: self.filled(np.shape(x), 0),
            "ones_like": lambda x, dtype=None: self.filled(np.shape(x), 1),
            "empty_like": lambda x, dtype=None: self.filled(np.shape(x), 0),
            "full_like": lambda x, value, dtype=None: self.filled(np.shape(x), value),
            "array": lambda x, dtype=None: np.array(x, dtype=object),
            "asarray": lambda x, dtype=None: np.asarray(x, dtype=object),
            "astype": lambda x, dtype: x,
            "where": self._where,
            "einsum": lambda text, *arrays, optimize=False: np.einsum(text, *map(self._objects, arrays)),
            "cummax": lambda x, axis=0: np.maximum.accumulate(x, axis=axis),
            "logsumexp": self._logsumexp,
            "softmax": self._softmax,
            "log_softmax": lambda x, axis=None: x - self._logsumexp(x, axis=axis, keepdims=True),
            "linspace": self._linspace,
            "fill_diagonal": self._fill_diagonal,
            "round": self._round,
            "matvec": lambda a, x: np.matmul(a, np.expand_dims(x, -1))[..., 0],
            "vecdot": lambda a, b: np.sum(a * b, axis=-1),
            "heaviside": lambda x, y=0.5: words_heaviside(x, y),
            "log": lambda x, base=None: words_log(x) if base is None else words_log(x) / words_log(base),
        }
        words_heaviside, words_log = self._mapped(BY_PATH["heaviside"]), self._mapped(functools.partial(apply_smooth, "log"))
        words["around"] = words["round"]
        self._words = words

    def __getattr__(self, name: str) -> Any:
        words = self.__dict__["_words"]
        if name in words:
            return words[name]
        if name == "linalg":
            return self._linalg()
        if hasattr(np, name):
            return getattr(np, name)
        raise AttributeError(f"verification has no word {name!r}")

    def constant(self, symbolic: Any, digits: Any) -> Element:
        """Return a named number."""
        return Symbolic(symbolic, +digits) if self._kind is Symbolic else Digits(+digits)

    def filled(self, shape: Any, value: Any) -> Any:
        """Return an array of elements."""
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

    def _objects(self, x: Any) -> Any:
        return np.asarray(x, dtype=object)

    def _where(self, condition: Any, a: Any, b: Any) -> Any:
        return np.where(np.asarray(condition, dtype=bool), self._objects(a), self._objects(b))[()]

    def _logsumexp(self, a: Any, axis: Any = None, b: Any = 1, keepdims: bool = False) -> Any:
        words = self._words
        return words["log"](np.sum(b * words["exp"](a), axis=axis, keepdims=keepdims))

    def _softmax(self, x: Any, axis: Any = None) -> Any:
        powers = self._words["exp"](x)
        return powers / np.sum(powers, axis=axis, keepdims=True)

    def _linspace(self, start: Any, stop: Any, num: int = 50, endpoint: bool = True) -> Any:
        steps = num - 1 if endpoint else num
        return start + np.array([lifted(i, self._kind) / max(steps, 1) for i in range(num)], dtype=object) * (stop - start)  # type: ignore[operator]

    def _fill_diagonal(self, a: Any, value: Any) -> Any:
        result = np.array(a, dtype=object)
        np.fill_diagonal(result, value)
        return result

    def _round(self, x: Any, decimals: int = 0) -> Any:
        return self._mapped(lambda element: round(element, decimals))(x)

    def _linalg(self) -> Any:
        outer = self

        class LinearAlgebra:
            """``np.linalg`` over elements."""

            norm = staticmethod(np.linalg.norm)
            matrix_power = staticmethod(np.linalg.matrix_power)
            trace = staticmethod(np.trace)

            @staticmethod
            def multi_dot(arrays: Any) -> Any:
                return functools.reduce(np.dot, [outer._objects(array) for array in arrays])

            vecdot = staticmethod(outer._words["vecdot"])

        return LinearAlgebra
