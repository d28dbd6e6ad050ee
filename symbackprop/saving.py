"""Keeping a compiled function: as a file, as a pickle, as a copy; a part of `CompiledFunction`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from symbackprop.emit.bound import save_with_arrays
from symbackprop.emit.header import Recipe
from symbackprop.emit.save import write_text
from symbackprop.errors import UnsupportedError
from symbackprop.ir.records import Records, importable

__all__ = ["Saving"]


class Saving:
    """The part of a compiled function that keeps it."""

    def save(self: Any, path: str | os.PathLike[str]) -> None:
        """Write the source to `path`: first under a temporary name, then renamed, so that no half file is left.

        The arrays in `constants` go to a file beside it, ``grad.npz`` for ``grad.py``, which it loads when imported.

        Raises
        ------
        FileError
            If it cannot be written there; an `OSError`.
        """
        if self._bound:
            save_with_arrays(path, self.source, self.__name__, self._bound)
        else:
            write_text(path, self.source)

    def __reduce__(self: Any) -> tuple[object, ...]:
        return _again, (self._compile, self._recipe, self.source, self._found, importable(self._value_records))

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Any:
        return self


def _again(
    compile_recipe: Callable[..., Any],
    recipe: Recipe,
    source: str,
    constants: Mapping[str, np.ndarray[Any, Any]],
    records: Records | None = None,
) -> Any:
    """Compile a pickled function's recipe again; a version that prints it differently says so."""
    compiled = compile_recipe(recipe, None, constants)
    if compiled.source != source:
        raise UnsupportedError("this pickle was made by another version of symbackprop; compile the formula again")
    return compiled.with_records(records)
