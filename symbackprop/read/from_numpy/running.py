"""Which trace runs now, for functions of ours whose arguments may hold no traced array."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from symbackprop.read.from_numpy.calls import Trace

__all__ = ["running", "running_trace"]

_running: ContextVar[Trace | None] = ContextVar("running", default=None)


@contextmanager
def running(trace: Trace) -> Iterator[None]:
    """Let `trace` be the one that runs."""
    token = _running.set(trace)
    try:
        yield
    finally:
        _running.reset(token)


def running_trace() -> Trace | None:
    """Return the trace that runs, None outside of one."""
    return _running.get()
