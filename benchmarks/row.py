"""A line of the table that the benchmarks print."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Row"]


class Row(NamedTuple):
    """What was timed, its figure, the figure's limit, and whether it holds."""

    workload: str
    figure: str
    limit: str
    holds: bool
