"""Files: written whole or not at all, and read with errors that name them.

A text goes under a temporary name first and is then renamed, so that no half of it is ever seen. Links stay links, the
permissions of a file that is written again stay its own, and what is no file (a pipe, a terminal) is written to.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat

from symbackprop.errors import ArgumentError, FileError

__all__ = ["read_text", "write_bytes", "write_text"]

_DEVICES = ("/dev/", "/proc/")  # what is below may lead to an open file, of which a renamed one would not be part
_HINTS = {
    FileNotFoundError: "its folder does not exist; make that first",
    NotADirectoryError: "a part of the path is a file; choose a folder",
    IsADirectoryError: "it is a folder; name a file in it",
    PermissionError: "permission denied; choose a place that you may write to",
}


def write_text(path: str | bytes | os.PathLike[str], text: str) -> None:
    """Write `text` in UTF-8 to `path`, replacing what is there.

    Raises
    ------
    FileError
        If `path` cannot be written to; then what was there is unchanged.
    ArgumentError
        If `path` is no path.
    """
    write_bytes(path, text.encode())


def write_bytes(path: str | bytes | os.PathLike[str], content: bytes) -> None:
    """Write `content` to `path`, replacing what is there.

    Raises
    ------
    FileError
        If `path` cannot be written to; then what was there is unchanged.
    ArgumentError
        If `path` is no path.
    """
    name = _path_text(path)
    try:
        if name.startswith(_DEVICES) or _is_special(name):
            with open(name, "wb") as file:
                file.write(content)
        else:
            _replace(os.path.realpath(name), content)
    except OSError as error:
        why = next((hint for kind, hint in _HINTS.items() if isinstance(error, kind)), error.strerror)
        raise _failed(f"cannot write {name}: {why}", error) from error


def read_text(path: str | bytes | os.PathLike[str]) -> str:
    """Return the text of a file.

    Raises
    ------
    FileError
        If it cannot be read, or is not text in UTF-8.
    """
    name = _path_text(path)
    try:
        with open(name, encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        raise _failed(f"cannot read {name}: {error.strerror}", error) from error
    except UnicodeDecodeError as error:
        raise FileError(f"cannot read {name}: it is not text in UTF-8 ({error.reason} at byte {error.start})") from None


def _failed(message: str, cause: OSError) -> FileError:
    error = FileError(message)
    error.errno = cause.errno
    return error


def _path_text(path: str | bytes | os.PathLike[str]) -> str:
    try:
        name = os.fsdecode(path)
    except TypeError:
        raise ArgumentError(f"the path is {path!r}; give the name of a file") from None
    if not name or "\0" in name:
        raise ArgumentError(f"the path is {name!r}; give the name of a file")
    return name


def _is_special(name: str) -> bool:
    """Tell whether there is something at `name` that is neither a file nor a folder."""
    try:
        mode = os.stat(name).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _replace(target: str, content: bytes) -> None:
    if os.path.isdir(target):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    known = os.path.exists(target)
    if known and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    temporary = os.path.join(os.path.dirname(target), f".symbackprop-{secrets.token_hex(8)}.tmp")
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if known:
            os.chmod(temporary, stat.S_IMODE(os.stat(target).st_mode))
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
