"""What must hold of the ratios of medians, as lines of the table of limits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import geometric_mean
from typing import NamedTuple

from benchmarks.peers import FAST, OURS, REFERENCE
from benchmarks.peers.comparison import Case
from benchmarks.row import Row

__all__ = ["limits"]


class Limit(NamedTuple):
    """The ratio of ours to the best of some peers: at most this, in each case that it is about or in their mean.

    `forms` are those of ours of which the better one counts, as far as they are there.
    """

    about: str
    applies: Callable[[Case], bool]
    peers: tuple[str, ...]
    most: float
    in_mean: bool = False
    figure: Callable[[Case, str, str], float] = Case.ratio
    forms: tuple[str, ...] = (OURS, FAST)


def _always(_: Case) -> bool:
    return True


def _of_kind(*kinds: str, sizes: tuple[str, ...] = ("small", "medium", "large")) -> Callable[[Case], bool]:
    return lambda case: case.kind in kinds and case.size in sizes


SMALL = _of_kind("arrays", "elementwise", "blas", sizes=("small",))
BLAS = _of_kind("blas", "recurrent", sizes=("medium", "large"))
LIMITS = (
    Limit("every workload", _always, (REFERENCE,), 1.1),
    Limit("every workload", _always, ("autograd",), 1.0),
    Limit("every workload", _always, ("autograd",), 0.25, in_mean=True),
    Limit("scalar formula", _of_kind("scalar"), ("jax",), 0.1),
    Limit("scalar formula", _of_kind("scalar"), ("torch",), 0.1),
    Limit("scalar formula", _of_kind("scalar"), ("sympy",), 1.0),
    Limit("small arrays", SMALL, ("jax",), 1.5),
    Limit("small arrays", SMALL, ("torch",), 1.0),
    Limit("scan over small arrays", _of_kind("loop", sizes=("small",)), ("jax",), 4.0),
    Limit("scan over small arrays", _of_kind("loop", sizes=("small",)), ("torch",), 0.2),
    Limit("scan over small arrays", _of_kind("loop", sizes=("small",)), ("autograd",), 0.2),
    Limit("bound by BLAS", BLAS, ("jax", "torch"), 1.8),
    Limit("bound by BLAS", BLAS, ("jax", "torch"), 1.0, in_mean=True),
    Limit("first call", _of_kind("unrolled"), ("jax",), 0.05, figure=Case.ratio_of_first_calls, forms=(OURS,)),
    Limit("large elementwise chain", _of_kind("elementwise", sizes=("large",)), ("jax",), 2.5),
)


def limits(cases: Sequence[Case]) -> list[Row]:
    """Return a row for each limit and case, as far as the peers are there."""
    rows = [
        Row(f"{case.workload}, {case.size}: {OURS}", case.missing[OURS], "runs", False)
        for case in cases
        if OURS in case.missing
    ]
    for limit in LIMITS:
        found = {case: ratio for case in cases if limit.applies(case) and (ratio := _ratio(case, limit))}
        against = f"{OURS} / {' or '.join(limit.peers)}"  # the better form of ours
        if limit.in_mean and found:
            mean = geometric_mean(found.values())
            rows.append(Row(f"{limit.about}: {against}, mean of {len(found)}", *_judged(mean, limit.most)))
        elif not limit.in_mean:
            for case, ratio in found.items():
                title = f"{limit.about}: {case.workload}, {case.size}: {against}"
                rows.append(Row(title, *_judged(ratio, limit.most)))
    return rows


def _ratio(case: Case, limit: Limit) -> float | None:
    """Return the ratio of the better of our forms to the best of those peers that are there."""
    present = [peer for peer in limit.peers if peer in case.results]
    forms = [form for form in limit.forms if form in case.results]
    if not forms or not present:
        return None
    return min(max(limit.figure(case, form, peer) for peer in present) for form in forms)


def _judged(ratio: float, most: float) -> tuple[str, str, bool]:
    return f"{ratio:.3g}", f"{most:.3g}", ratio <= most
