"""The gradient that is written by hand."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks.peers.peer import Call, source_lines
from benchmarks.workloads import Workload

__all__ = ["lines", "prepare"]


def prepare(workload: Workload, arguments: dict[str, Any]) -> Call:
    return partial(workload.by_hand, *arguments.values())


def lines(workload: Workload) -> int:
    return source_lines(workload.by_hand)
