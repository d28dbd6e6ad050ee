"""Arrays that belong to a saved function: in a file of their own beside it, which its last lines read."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from symbackprop.emit.save import read_text, write_bytes, write_text
from symbackprop.errors import ArgumentError, FileError, SymbackpropError
from symbackprop.ir.digest import digest_of
from symbackprop.ir.packing import quoted

__all__ = ["check_arrays", "read_arrays", "save_with_arrays", "tail_of"]


def arrays_path(path: str) -> str:
    """Return the path of the file beside `path` that holds its arrays."""
    return f"{os.path.splitext(path)[0]}.npz"


def tail_of(path: str, name: str, parameters: Sequence[str]) -> str:
    """Return the lines that a file ends with whose function `name` has arrays bound to its last `parameters`."""
    beside = os.path.basename(arrays_path(path))
    held = f"_arrays_of_{name}"
    bound = "".join(f"        {parameter}={held}[{quoted(parameter)}],\n" for parameter in parameters)
    return (
        f"\n# the arrays that the function works with are in {beside}, beside this file\n"
        "from functools import partial as _partial\n"
        "from pathlib import Path as _Path\n\n"
        "import numpy as _np\n\n"
        f"with _np.load(_Path(__file__).with_name({quoted(beside)})) as {held}:\n"
        f"    {name} = _partial(\n        {name},\n{bound}    )\n"
    )


def save_with_arrays(
    path: str | os.PathLike[str], source: str, name: str, arrays: Mapping[str, np.ndarray[Any, Any]]
) -> None:
    """Write `source`, and the arrays bound to parameters of its function `name` in a file beside it, arrays first.

    Raises
    ------
    FileError
        If one of the two cannot be written.
    """
    target = os.fspath(path)
    if not isinstance(target, str) or not os.path.splitext(target)[1] or target.endswith(".npz"):
        raise ArgumentError(f"the path is {target!r}; name a file of Python's, 'grad.py': its arrays go to 'grad.npz'")
    beside = arrays_path(target)
    if os.path.exists(beside) and not _is_ours(target):
        raise ArgumentError(
            f"{beside} is there already, and is not of a function saved to {target}; choose another name"
        )
    content = io.BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]
    write_bytes(beside, content.getvalue())
    write_text(target, source + tail_of(target, name, [*arrays]))


def read_arrays(path: str) -> dict[str, np.ndarray[Any, Any]]:
    """Return the arrays beside a saved file, in the order in which they were saved.

    Raises
    ------
    FileError
        If they cannot be read.
    """
    beside = arrays_path(path)
    try:
        with np.load(beside, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError) as error:
        raise FileError(f"cannot read {beside}, the arrays of {path}: {error}") from error


def check_arrays(path: str, digests: Mapping[str, str]) -> None:
    """Compare the arrays beside a saved file with the hashes that the file is made of.

    Raises
    ------
    FileError
        If they cannot be read.
    SymbackpropError
        If they are others.
    """
    if {name: digest_of(array) for name, array in read_arrays(path).items()} != dict(digests):
        beside = arrays_path(path)
        raise SymbackpropError(f"{beside} does not hold the arrays that {path} was saved with; save it again")


def _is_ours(path: str) -> bool:
    """Tell whether a file is one that was saved with arrays beside it."""
    try:
        return " as _arrays_of_" in read_text(path)
    except SymbackpropError:
        return False
