"""The command line, called in this process: what `python -m symbackprop` does but for starting Python."""

from __future__ import annotations

import contextlib
import io
from typing import NamedTuple
from unittest.mock import patch

from symbackprop import cli

__all__ = ["Finished", "call"]


class Finished(NamedTuple):
    """The exit code of a call, and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


def call(*args: str, text: str = "") -> Finished:
    """Call `main` with arguments and with `text` as standard input; what it raises other than an exit is raised."""
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    with (
        patch("sys.argv", ["symbackprop", *args]),
        patch("sys.stdin", io.StringIO(text)),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            cli.main()
        except SystemExit as stop:
            code = stop.code
    assert isinstance(code, int), code
    return Finished(code, out.getvalue(), err.getvalue())
