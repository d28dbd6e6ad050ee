"""What symbackprop prints for speed: the bare function, which allocates its buffers on every call."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks.peers.peer import Call
from benchmarks.peers.with_symbackprop import compiled, lines
from benchmarks.workloads import Workload

__all__ = ["lines", "prepare"]


def prepare(workload: Workload, arguments: dict[str, Any]) -> Call:
    found = compiled(workload, optimize="fast")
    return partial(found.function, *(arguments[spec.name] for spec in found.signature))
