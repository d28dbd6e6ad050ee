"""What Python asks of an array that needs its entries: refused by name where these are not known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from symbackprop.errors import UnsupportedError

if TYPE_CHECKING:
    from symbackprop.read.from_numpy.calls import Trace

__all__ = ["Conversions"]


class Conversions:
    """Conversions of a traced array to what is no array."""

    __slots__ = ()
    run: Trace
    concrete: Any
    refreshed: Any  # the method of the array that brings it up to what its base has become

    def _known(self, use: str) -> Any:
        """Return the entries where they are known, as in an array that does not depend on any input."""
        self.refreshed()
        if self.concrete is None:
            raise self.run.located(
                UnsupportedError(
                    f"the value of a traced array is not known before the compiled function is called: {use}"
                )
            )
        return self.concrete

    def __bool__(self) -> bool:
        return bool(
            self._known(
                "`if`, `while`, `and`, `or`, `not` and bool() of it cannot be decided. "
                "Choose entry by entry with np.where(condition, a, b), and combine conditions with & | ~"
            )
        )

    def __float__(self) -> float:
        return float(self._known("float() of it; leave float() out, numbers of NumPy need no conversion"))

    def __int__(self) -> int:
        return int(self._known("int() of it; use .astype(int) for an array of indices"))

    def __index__(self) -> int:
        return int(
            np.asarray(
                self._known("a Python index or a range() of it; index arrays, or make it static with static=(...)")
            ).__index__()
        )

    def __hash__(self) -> int:
        return hash(self._known("a key of it, in a dict or a set"))

    def __complex__(self) -> NoReturn:
        raise self.run.located(UnsupportedError("complex numbers are not supported; all inputs are real"))

    def __str__(self) -> str:
        return self.__format__("")

    def __format__(self, spec: str) -> str:
        return format(
            self._known("a text of it, in print() or an f-string; print what the compiled function returns"), spec
        )

    def __contains__(self, item: object) -> bool:
        return bool(np.any(self._known("`in`; write np.any(x == value)") == item))

    def __round__(self, digits: int = 0) -> Any:
        return self.run.method("round", self.refreshed(), (digits,), {})

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array(
            self._known("NumPy asks for its entries, in a function that knows nothing of traced arrays"), dtype=dtype
        )
