"""The gradients by hand that the benchmark takes as its limit, and the benchmark's own machinery."""

from __future__ import annotations

import platform
import subprocess
import sys

import numpy as np
import pytest

from benchmarks.peers import FAST, OURS, REFERENCE, with_numpy, with_symbackprop
from benchmarks.peers.comparison import Case, Result, Workers, compare
from benchmarks.peers.limits import limits
from benchmarks.peers.peer import UnavailableError
from benchmarks.peers.worker import compare_results
from benchmarks.workloads import GRADIENT, WORKLOADS

BY_HAND = {workload.by_hand: name for name, workload in reversed(WORKLOADS.items())}  # some share theirs


@pytest.mark.parametrize("name", list(BY_HAND.values()))
def test_by_hand_is_as_compiled(name):
    workload = WORKLOADS[name]
    arguments = workload.arguments(next(iter(workload.sizes)))
    by_hand, ours = (peer.prepare(workload, arguments) for peer in (with_numpy, with_symbackprop))
    compare_results(ours(), by_hand())
    if workload.derivative == GRADIENT:
        _compare_with_quotient(workload, arguments)


def _compare_with_quotient(workload, arguments):
    """Demand that the slope along a direction is a difference quotient of the value."""
    rng, step = np.random.default_rng(1), 1e-6
    directions = {name: rng.normal(size=np.shape(arguments[name])) * np.abs(arguments[name]) for name in workload.wrt}

    def value(sign):
        moved = {name: arguments[name] + sign * step * direction for name, direction in directions.items()}
        return workload.by_hand(*(arguments | moved).values())[0]

    _, gradient = workload.by_hand(*arguments.values())
    slope = sum(np.sum(g * d) for g, d in zip(gradient, directions.values(), strict=True))
    size = sum(np.sum(np.abs(g * d)) for g, d in zip(gradient, directions.values(), strict=True))
    assert (
        abs(slope - (value(1) - value(-1)) / (2 * step)) <= 1e-7 * size + 1e-14 * abs(value(0)) / step
    )  # truncation and rounding


def test_data_are_the_same_every_time():
    for workload in WORKLOADS.values():
        one, other = (workload.arguments(next(iter(workload.sizes))) for _ in range(2))
        assert all(np.array_equal(one[name], other[name]) for name in one)


def test_a_gradient_that_is_off_is_found():
    with pytest.raises(ValueError, match="result 1"):
        compare_results((1.0, (np.array([1.0, 2.0 + 1e-8]),)), (1.0, (np.array([1.0, 2.0]),)))


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="what is settled is glibc's allocator")
def test_arrays_of_medium_size_take_no_new_pages_when_the_allocator_is_settled():
    code = """
import resource
import numpy as np
from benchmarks.peers.worker import settle_allocator

def work():
    arrays = [np.zeros(20_000) for _ in range(5)]
    for array in arrays:
        array += 1.0

settle_allocator()
work()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(30):
    work()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(run.stdout) < 100  # and 188 a round before


def test_processes_take_turns():
    with Workers([REFERENCE, OURS], threads=1) as workers:
        case = compare(workers, "logistic-regression", "small", rounds=3, turn=1e-4)
        with pytest.raises(UnavailableError, match="its process ended"):
            workers.ask(OURS, "no such command")
        later = compare(workers, "logistic-regression", "small", rounds=2, turn=1e-4)
    assert list(case.results) == [REFERENCE, OURS]
    assert all(len(result.times) == 3 and result.median > 0 for result in case.results.values())
    assert list(later.results) == [REFERENCE] and later.missing == {OURS: "its process ended"}


def test_limits_are_of_medians():
    times = {REFERENCE: [1.0, 1.0, 9.0], OURS: [1.2, 1.2, 1.2], "jax": [2.0, 2.0, 2.0]}
    results = {name: Result(values, first_call=1.0, lines=1) for name, values in times.items()}
    rows = limits([Case("logistic-regression", "small", results, {"torch": "not installed"})])
    assert [(row.figure, row.holds) for row in rows] == [("1.2", False), ("0.6", True)]


def test_the_better_form_of_ours_counts():
    times = {REFERENCE: [1.0, 1.0], OURS: [1.2, 1.2], FAST: [0.9, 0.9]}
    results = {name: Result(values, first_call=1.0, lines=1) for name, values in times.items()}
    rows = limits([Case("logistic-regression", "small", results, {})])
    assert [(row.figure, row.holds) for row in rows] == [("0.9", True)]
