"""The symbolic array that a traced function computes with: NumPy's protocols, operators, methods and attributes.

Operations go to the trace, which notes them. What would need the entries of an array, which are not known before the
compiled function is called, is refused with what to write instead. Writing into an array replaces what it stands for,
and reaches what it is a view of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from symbackprop.errors import MissingAttributeError, UnsupportedError, nearest_names
from symbackprop.ir.node import Node
from symbackprop.read.from_numpy.conversions import Conversions
from symbackprop.read.from_numpy.expressions import Expression
from symbackprop.read.from_numpy.methods import OWN
from symbackprop.read.from_numpy.operators import binary, comparison, unary
from symbackprop.read.vocabulary import METHODS
from symbackprop.read.vocabulary.refused import REFUSED

if TYPE_CHECKING:
    from symbackprop.read.from_numpy.calls import Trace

__all__ = ["State", "TracedArray"]

State = tuple[Node, Expression, Any]
_VIEWS = frozenset(("diagonal", "ravel", "reshape", "squeeze", "swapaxes", "transpose"))


class TracedArray(Conversions):
    """An array, or a number, that is not known before the compiled function is called.

    Parameters
    ----------
    trace : Trace
        The run that it belongs to.
    state : (Node, Expression, object)
        What it stands for now, how it came about, and its entries where these are known all the same.
    is_input : bool
        Whether it is an argument, which must not be written to.
    """

    __slots__ = (
        "_root",
        "_root_seen",
        "_seen",
        "concrete",
        "derive",
        "expression",
        "index",
        "is_certain",
        "is_foreign",
        "is_found",
        "is_input",
        "is_lost",
        "is_read_only",
        "is_zero_d",
        "node",
        "run",
        "version",
        "viewed",
    )
    __hash__ = Conversions.__hash__  # which a class that defines `==` does not inherit
    __array_priority__ = 1000.0

    def __init__(self, trace: Trace, state: State, *, is_input: bool = False) -> None:
        self.run = trace
        self.node, self.expression, self.concrete = state
        self.is_input = is_input
        self.version = 0
        self.viewed: TracedArray | None = None
        self.derive: Callable[[], State] | None = None
        self.index: object = None
        self.is_certain = True  # whether NumPy's view is one, and no copy
        self.is_found = False  # whether it was computed of arrays of the function's module or closure alone
        self.is_foreign = False  # whether it is one of these
        self.is_lost = False  # whether a view of it was written to in a way that is not followed back
        self.is_read_only = False  # whether it is a view that NumPy does not let one write to
        self.is_zero_d = False  # whether it is an array without axes, and no number
        self._seen = 0
        self._root: TracedArray = self
        self._root_seen = 0

    # --- views and writing --------------------------------------------------------------------------------------------

    def as_view_of(
        self, base: TracedArray, derive: Callable[[], State], index: object = None, *,
        is_certain: bool = True, is_read_only: bool = False,
    ) -> TracedArray:  # fmt: skip
        """Make this a view, which `derive` gives anew of a changed `base`; with an `index` writes reach the base."""
        self.viewed, self.derive, self.index = base, derive, index
        self.is_certain, self.is_read_only = is_certain, is_read_only
        self._seen = base.version
        self._root = base._root
        self._root_seen = self._root.version
        return self

    def refreshed(self) -> TracedArray:
        """Return this array, which stands for what its base has become."""
        if self._root.is_lost:
            self._find_root()
        if self._root_seen == self._root.version or self.viewed is None:
            return self
        chain: list[TracedArray] = []
        array: TracedArray = self
        while array.viewed is not None:
            chain.append(array)
            array = array.viewed
        for view in reversed(chain):
            base, derive = view.viewed, view.derive
            if base is not None and derive is not None and base.version != view._seen:
                if not view.is_certain:
                    raise self.run.located(
                        UnsupportedError(
                            "the array was written to after a part or another form of it was taken, of which it depends "
                            "on the layout in memory whether NumPy makes a view or a copy; take a copy() explicitly"
                        )
                    )
                with self.run.places.unnamed():
                    view.node, view.expression, view.concrete = derive()
                view._seen = base.version
                view.version += 1
            view._root_seen = view._root.version
        return self

    def _find_root(self) -> None:
        """Look what this array is a view of now, as one in between has gone on by itself."""
        root: TracedArray = self
        while root.viewed is not None:
            root = root.viewed
        if root.is_lost:
            raise self.run.located(
                UnsupportedError(
                    "the array was written to through another form of it, which reshape, transpose and the like made, and "
                    "is used afterwards; use that form from there on, take a copy() of it, or write to the array itself"
                )
            )
        self._root, self._root_seen = root, -1

    def writable(self) -> TracedArray:
        """Return this array, which may be written to.

        Raises
        ------
        UnsupportedError
            On an input, or a view of one, and on a view that is read-only.
        """
        array = self.refreshed()
        while array.viewed is not None:
            if array.is_read_only:
                raise self.run.located(
                    UnsupportedError("the function writes into a view that is read-only in NumPy; take a copy() first")
                )
            array = array.viewed
        with self.run.locating():
            self.run.scopes.check_write(array.expression.number)
        if array.is_foreign:
            title = array.expression.name or "an array"
            raise self.run.located(
                UnsupportedError(
                    f"the function writes into {title} of its module or closure, which would change only once, when it "
                    "is compiled; take a copy first: a = a.copy()"
                )
            )
        if array.is_input:
            raise self.run.located(
                UnsupportedError(
                    f"the function writes into its input {array.expression.name!r}, and inputs are never written to; "
                    "take a copy first: x = x.copy()"
                )
            )
        return self

    def write(self, state: State) -> None:
        """Let the array, and all that it is a view of, stand for something else from now on."""
        view: TracedArray = self.writable()
        while True:
            view.node, view.expression, view.concrete = state
            view.is_found = view.is_found and view.concrete is not None
            view.version += 1
            base = view.viewed
            if base is None:
                return
            if view.index is None:
                view.part()
                return
            state = self.run.updated("=", base.refreshed(), view.index, view)
            view._seen = base.version + 1  # which is what it becomes in the next round
            view._root_seen = view._root.version + 1
            view = base

    def part(self) -> None:
        """Go on as an array of its own; what it was a view of has changed in a way that is not followed."""
        root: TracedArray = self
        while root.viewed is not None:
            root = root.viewed
        root.is_lost = True
        self.viewed = self.derive = None
        self._root, self._root_seen = self, self.version

    def __setitem__(self, index: object, value: object) -> None:
        if isinstance(value, TracedArray) and value.viewed is self and value.index is index:
            value.refreshed()
            return  # as in ``x[index] += v``: the view has been written through already
        self.write(self.run.updated("=", self.writable(), index, value))

    def __delitem__(self, index: object) -> NoReturn:
        raise self.run.located(
            UnsupportedError("entries of an array are not deleted; write a slice, or np.concatenate")
        )

    # --- what it looks like -------------------------------------------------------------------------------------------

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """The type that the real array or number would have, for `isinstance` and ``case np.ndarray():``."""
        if self.node.shape or self.is_zero_d:
            return np.ndarray
        if self.is_input:
            return {"int64": int, "bool": bool}.get(self.node.dtype, np.float64)
        return np.dtype(self.node.dtype).type

    @property
    def shape(self) -> tuple[Any, ...]:
        """The sizes: integers, or sizes that are not known yet."""
        return self.run.shape_of(self.refreshed())

    @shape.setter
    def shape(self, shape: object) -> NoReturn:
        raise self.run.located(UnsupportedError("the shape of an array is not set; write x = x.reshape(...)"))

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.node.rank

    @property
    def size(self) -> Any:
        """The number of entries."""
        total: Any = 1
        for size in self.shape:
            total = total * size
        return total

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype, as NumPy's."""
        return np.dtype(self.node.dtype)

    @property
    def real(self) -> TracedArray:
        """The array itself: all numbers are real."""
        return self

    @property
    def T(self) -> TracedArray:  # noqa: N802 (NumPy's name)
        """The array with its axes in reverse order."""
        return self.view_by(lambda x: self.run.attribute(x, "T"))

    @property
    def mT(self) -> TracedArray:  # noqa: N802 (NumPy's name)
        """The array with its last two axes exchanged."""
        return self.view_by(lambda x: self.run.attribute(x, "mT"))

    def view_by(
        self, make: Callable[[TracedArray], TracedArray], *, is_certain: bool = True, is_read_only: bool = False
    ) -> TracedArray:
        """Return what `make` makes of the array, as a view of it."""

        def derive() -> State:
            made = make(self)
            return made.node, made.expression, made.concrete

        return make(self.refreshed()).as_view_of(self, derive, is_certain=is_certain, is_read_only=is_read_only)

    def __len__(self) -> int:
        return int(self.run.length(self))

    def __iter__(self) -> Iterator[Any]:
        count = self.run.known_length(self)
        return (self.run.as_part(self[i], i) for i in range(count))

    def __getitem__(self, index: Any) -> Any:
        return self.run.subscript(self.refreshed(), index)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        own = OWN.get(name)
        if own is not None:
            return lambda *args, **kwargs: own(self.refreshed(), *args, **kwargs)
        method = METHODS.get(name)
        if method is None:
            instead = f"; {REFUSED[name]}" if name in REFUSED else f".{nearest_names(name, METHODS)}"
            raise self.run.located(MissingAttributeError(f"arrays have no {name!r} here{instead}"))

        def bound(*args: object, **kwargs: object) -> Any:
            if name in _VIEWS:
                certain = name not in ("reshape", "ravel") or (self.node.rank < 2 and self.viewed is None)
                return self.view_by(
                    lambda x: self.run.method(name, x, args, kwargs),
                    is_certain=certain,
                    is_read_only=name == "diagonal",
                )
            return self.run.method(name, self.refreshed(), args, kwargs)

        return bound

    def __repr__(self) -> str:
        title = self.expression.name or "array"
        return f"<traced {title}: {self.node.dtype}[{', '.join(map(str, self.node.shape))}]>"

    def __copy__(self) -> TracedArray:
        return self.run.method("copy", self.refreshed(), (), {})  # type: ignore[no-any-return]

    def __deepcopy__(self, memo: object) -> TracedArray:
        return self.__copy__()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a traced array is not pickled; pickle the compiled function")

    # --- operators ----------------------------------------------------------------------------------------------------

    __add__, __radd__, __iadd__ = binary("+")
    __sub__, __rsub__, __isub__ = binary("-")
    __mul__, __rmul__, __imul__ = binary("*")
    __truediv__, __rtruediv__, __itruediv__ = binary("/")
    __floordiv__, __rfloordiv__, __ifloordiv__ = binary("//")
    __mod__, __rmod__, __imod__ = binary("%")
    __pow__, __rpow__, __ipow__ = binary("**")
    __matmul__, __rmatmul__, __imatmul__ = binary("@")
    __lshift__, __rlshift__, __ilshift__ = binary("<<")
    __rshift__, __rrshift__, __irshift__ = binary(">>")
    __and__, __rand__, __iand__ = binary("&")
    __or__, __ror__, __ior__ = binary("|")
    __xor__, __rxor__, __ixor__ = binary("^")
    __lt__, __le__, __gt__, __ge__ = map(comparison, ("<", "<=", ">", ">="))
    __eq__, __ne__ = map(comparison, ("==", "!="))
    __neg__, __pos__, __invert__, __abs__ = map(unary, ("-", "+", "~", "abs"))

    # --- NumPy's protocols --------------------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return self.run.protocols.ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return self.run.protocols.function(function, args, kwargs)
