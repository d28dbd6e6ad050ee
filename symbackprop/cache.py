"""A folder of what was compiled, by what was asked for: calls of `compile_grad` and its family that find it are done.

An entry holds the printed source and what a call needs beside it. Its name is a hash of the recipe, of the arrays that are
bound, and of this package and Python; its first line is a hash of the rest, so that an entry that is damaged or was cut
off is none. Where all entries take more than a limit, those that were not used for longest are removed. A formula with primitives of the user's own, or with opaque functions, has no entry: a hash does not tell
what these are. Entries are written under a temporary name and renamed, so that processes may share a folder. What is found
there is executed: a folder is to be trusted as code is.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import sys
import tempfile
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from symbackprop.emit.header import Recipe
from symbackprop.emit.module import Printed
from symbackprop.ir.digest import digest_of
from symbackprop.ir.graph import Guard
from symbackprop.ir.signature import ArgumentSpec
from symbackprop.ops.declare import declared_by_others
from symbackprop.ops.opaque import opaque
from symbackprop.stages import cache_bytes, cache_folder
from symbackprop.version import __version__

__all__ = ["Kept", "entry_for"]

_MARK = b"symbackprop cache 1\n"
_CLASSES = ("symbackprop.ir.", "symbackprop.emit.")  # whose records entries are made of
_ARRAYS = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy._core.numeric", "_frombuffer"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy.core.numeric", "_frombuffer"),
    ("numpy.core.multiarray", "_reconstruct"),
}


@dataclass(frozen=True)
class Kept:
    """What a compiled function needs to be called.

    Parameters
    ----------
    printed : Printed
    arguments : tuple of ArgumentSpec
    guards : tuple of Guard
    tables : mapping of str to array
        Arrays of integers that are known when compiling.
    nodes : int
        The nodes of the graph that was printed.
    """

    printed: Printed
    arguments: tuple[ArgumentSpec, ...]
    guards: tuple[Guard, ...]
    tables: Mapping[str, Any]
    nodes: int


class Entry:
    """The place of one compiled function in a folder."""

    def __init__(self, folder: Path, key: str) -> None:
        self._path = folder / f"{key}.symbackprop"

    def found(self) -> Kept | None:
        """Return what was kept; None if there is nothing, or nothing whole."""
        try:
            content = self._path.read_bytes()
        except OSError:
            return None
        digest, _, payload = content.removeprefix(_MARK).partition(b"\n")
        if not content.startswith(_MARK) or _digest(payload) != digest:
            return None
        try:
            kept = _Reader(io.BytesIO(payload)).load()
        except (pickle.UnpicklingError, AttributeError, ImportError, TypeError, ValueError, EOFError):
            return None
        with suppress(OSError):
            os.utime(self._path)  # those that were not used for longest are removed first
        return kept if isinstance(kept, Kept) else None

    def keep(self, kept: Kept) -> None:
        """Write an entry, whole or not at all; warn if it cannot be written."""
        payload = pickle.dumps(kept, protocol=5)
        name = ""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._path.parent, suffix=".tmp", delete=False) as file:
                name = file.name
                file.write(_MARK + _digest(payload) + b"\n" + payload)
            os.replace(name, self._path)
            _limit(self._path.parent, cache_bytes(), self._path)
        except OSError as error:
            warnings.warn(f"what was compiled could not be kept in {self._path.parent}: {error}", stacklevel=2)
        finally:
            with suppress(OSError):
                os.unlink(name)


def _limit(folder: Path, most: int, newest: Path) -> None:
    """Remove the entries of a folder that were not used for longest until the rest takes `most` bytes.

    `newest` stays. Others may write, read and remove at the same time: what is gone is gone, what cannot be removed, as a
    file that is open cannot be on Windows, stays until the next time.
    """
    found = []
    for path in folder.glob("*.symbackprop"):
        with suppress(OSError):
            stat = path.stat()
            found.append((stat.st_mtime_ns, stat.st_size, path))
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= most:
            return
        if path != newest:
            with suppress(OSError):
                path.unlink()
                total -= size


def entry_for(recipe: Recipe, constants: Mapping[str, Any]) -> Entry | None:
    """Return the place of what a recipe says, with arrays bound to it; None if nothing is to be kept."""
    folder = cache_folder()
    if not folder or _rests_on_others(recipe.formula):
        return None
    parts = [recipe.digest(), _of_package(), sys.implementation.cache_tag or sys.version]
    parts += [f"{name} {digest_of(array)}" for name, array in constants.items()]
    return Entry(Path(folder).expanduser(), hashlib.sha256("\n".join(parts).encode()).hexdigest())


def _rests_on_others(formula: str) -> bool:
    """Tell whether a formula names what is defined outside of it and of this package; too often rather than not."""
    names = {opaque.name}
    for primitive in declared_by_others():
        names.update((primitive.name, *primitive.aliases))
    return any(name in formula for name in names)


@cache
def _of_package() -> str:
    """Return what tells versions of this package apart: also those of its files, while these are being worked on."""
    root = Path(__file__).parent
    files = sorted(path for path in root.rglob("*.py"))
    stats = [(path.relative_to(root).as_posix(), path.stat()) for path in files]
    about = [__version__, *(f"{name} {stat.st_size} {stat.st_mtime_ns}" for name, stat in stats)]
    return hashlib.sha256("\n".join(about).encode()).hexdigest()


def _digest(payload: bytes) -> bytes:
    return hashlib.sha256(payload).hexdigest().encode()


class _Reader(pickle.Unpickler):
    """Reads the records that entries are made of, and nothing that calls other functions."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _ARRAYS or (module, name) == (__name__, "Kept"):
            return super().find_class(module, name)
        if module.startswith(_CLASSES):
            found = super().find_class(module, name)
            if isinstance(found, type) or (module, name) == ("symbackprop.ir.polynomial", "_interned"):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no part of an entry")
