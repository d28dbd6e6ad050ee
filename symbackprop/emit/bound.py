"""Arrays that belong to a saved function: in a file of their own beside it, which its last lines read."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from symbackprop.emit.save import write_bytes, write_text
from symbackprop.errors import ArgumentError, FileError, SymbackpropError

__all__ = ["check_arrays", "digest_of", "save_with_arrays", "tail_of"]


def digest_of(array: np.ndarray[Any, Any]) -> str:
    """Return a hash of an array's contents."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def arrays_path(path: str) -> str:
    """Return the path of the file beside `path` that holds its arrays."""
    return f"{os.path.splitext(path)[0]}.npz"


def tail_of(path: str, name: str, parameters: Sequence[str]) -> str:
    """Return the lines that a file ends with whose function `name` has arrays bound to its last `parameters`."""
    beside = os.path.basename(arrays_path(path))
    bound = "".join(f"        {parameter}=_arrays[{parameter!r}],\n".replace("'", '"') for parameter in parameters)
    return (
        f"\n# the arrays that the function works with are in {beside}, beside this file\n"
        "from functools import partial\n"
        "from pathlib import Path\n\n"
        "import numpy as np\n\n"
        f'with np.load(Path(__file__).with_name("{beside}")) as _arrays:\n'
        f"    {name} = partial(\n        {name},\n{bound}    )\n"
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
    content = io.BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]
    write_bytes(arrays_path(target), content.getvalue())
    write_text(target, source + tail_of(target, name, [*arrays]))


def check_arrays(path: str, digests: Mapping[str, str]) -> None:
    """Compare the arrays beside a saved file with the hashes that its header has.

    Raises
    ------
    FileError
        If they cannot be read.
    SymbackpropError
        If they are others.
    """
    beside = arrays_path(path)
    try:
        with np.load(beside, allow_pickle=False) as arrays:
            found = {name: digest_of(arrays[name]) for name in arrays.files}
    except (OSError, ValueError) as error:
        raise FileError(f"cannot read {beside}, the arrays of {path}: {error}") from error
    if found != dict(digests):
        raise SymbackpropError(f"{beside} does not hold the arrays that {path} was saved with; save it again")
