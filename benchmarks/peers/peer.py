"""What the files of the peers share."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

from benchmarks.workloads import Workload

__all__ = ["Call", "NotInstalledError", "UnavailableError", "form", "positions", "source_lines"]

Call = Callable[[], Any]


class UnavailableError(Exception):
    """A peer that cannot do a workload."""


class NotInstalledError(UnavailableError):
    """A peer that cannot do any."""


def form(workload: Workload, peer: str) -> Callable[..., Any]:
    """Return the workload in the language of a peer."""
    found = workload.forms.get(peer)
    if found is None:
        raise UnavailableError("not written for it")
    return found


def positions(workload: Workload, arguments: dict[str, Any]) -> tuple[int, ...]:
    """Return where the arguments are in which to differentiate."""
    names = list(arguments)
    return tuple(names.index(name) for name in workload.wrt)


def source_lines(written: Any) -> int:
    """Return the number of lines of a formula or function that do something."""
    if isinstance(written, str):
        return sum(1 for line in written.splitlines() if line.strip())
    text = textwrap.dedent(inspect.getsource(written))
    lines = set(range(1, len(text.splitlines()) + 1))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node):
            lines -= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    kept = [line for i, line in enumerate(text.splitlines(), 1) if i in lines]
    return sum(1 for line in kept if line.strip() and not line.strip().startswith("#"))
