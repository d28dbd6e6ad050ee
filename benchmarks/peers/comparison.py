"""Times of all peers on a workload: a process a peer, all alive, which take turns."""

from __future__ import annotations

import multiprocessing
import os
import random
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from benchmarks.peers.peer import NotInstalledError, UnavailableError
from benchmarks.peers.worker import Prepared, serve
from benchmarks.workloads import WORKLOADS

__all__ = ["Case", "Result", "Workers", "compare"]

PAUSE = 0.02  # seconds until threads that wait for more work of the peer before have gone to sleep
LONGEST, LEAST_ROUNDS = 20.0, 3  # seconds for all rounds of a case, with more only for so many rounds
PATIENCE = 180.0  # seconds for a peer to answer


class Result(NamedTuple):
    """What was measured of a peer: seconds a call in each round, seconds to the first result, lines of code."""

    times: Sequence[float]
    first_call: float
    lines: int

    @property
    def median(self) -> float:
        return statistics.median(self.times)

    @property
    def spread(self) -> float:
        """Half the distance of the quartiles, as a share of the median."""
        low, _, high = statistics.quantiles(self.times, n=4)
        return (high - low) / (2 * self.median)


@dataclass(frozen=True, eq=False)
class Case:
    """A workload at one size: the results of the peers, and why others have none."""

    workload: str
    size: str
    results: dict[str, Result]
    missing: dict[str, str]

    @property
    def kind(self) -> str:
        return WORKLOADS[self.workload].kind

    def ratio(self, one: str, other: str) -> float:
        """Return the ratio of the medians of two peers."""
        return self.results[one].median / self.results[other].median

    def ratio_of_first_calls(self, one: str, other: str) -> float:
        """Return the ratio of the seconds until two peers had their first results."""
        return self.results[one].first_call / self.results[other].first_call


class Workers:
    """The processes of the peers; a context manager that ends them."""

    def __init__(self, names: Sequence[str], threads: int) -> None:
        self.missing: dict[str, str] = {}
        self._pipes: dict[str, Connection] = {}
        self._processes: dict[str, Any] = {}
        with _environment(threads):
            for name in names:
                self._start(name)
        for name in names:
            with suppress(UnavailableError):
                self.answer(name)

    def _start(self, name: str) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=serve, args=(theirs, name), daemon=True)
        process.start()
        theirs.close()
        self._pipes[name], self._processes[name] = ours, process

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self._pipes):
            self._end(name)

    def _end(self, name: str) -> None:
        self._pipes.pop(name).close()
        process = self._processes.pop(name)
        process.join(timeout=2)
        process.kill()

    @property
    def names(self) -> list[str]:
        """The peers that are there."""
        return list(self._pipes)

    def ask(self, name: str, *command: Any) -> Any:
        """Return the answer to a command."""
        self._pipes[name].send(command)
        return self.answer(name)

    def answer(self, name: str) -> Any:
        """Wait for a peer; one that is not there or does not answer is left out from then on, and `missing` says why."""
        pipe, reason = self._pipes[name], f"no answer within {PATIENCE:.0f} s"
        try:
            if pipe.poll(PATIENCE):
                found = pipe.recv()
                if not isinstance(found, NotInstalledError):
                    return found
                reason = str(found)
        except EOFError:
            reason = "its process ended"
        self.missing[name] = reason
        self._end(name)
        raise UnavailableError(reason)


@contextmanager
def _environment(threads: int) -> Iterator[None]:
    """Let processes that start here use so many threads."""
    wanted = {name: str(threads) for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    if threads == 1:
        wanted["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    known = dict(os.environ)
    os.environ.update(wanted)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(known)


def compare(workers: Workers, workload: str, size: str, rounds: int, turn: float) -> Case:
    """Time all peers in turn, `rounds` times about `turn` seconds each."""
    missing = dict(workers.missing)
    prepared: dict[str, Prepared] = {}
    for name in workers.names:
        try:
            prepared[name] = workers.ask(name, "prepare", workload, size)
            if isinstance(prepared[name], UnavailableError):
                missing[name] = str(prepared.pop(name))
        except UnavailableError as error:
            missing[name] = str(error)
    times = _in_turn(workers, list(prepared), rounds, turn)
    results = {name: Result(times[name], known.first_call, known.lines) for name, known in prepared.items()}
    return Case(workload, size, results, missing)


def _in_turn(workers: Workers, names: list[str], rounds: int, turn: float) -> dict[str, list[float]]:
    """Return the seconds a call of each peer in each round; the order changes, so that none always follows another."""
    once = {name: workers.ask(name, "run", 1) for name in names}
    calls = {name: max(1, int(turn / max(seconds, 1e-8))) for name, seconds in once.items()}
    a_round = sum((calls[name] + 1) * seconds for name, seconds in once.items())
    times: dict[str, list[float]] = {name: [] for name in names}
    order, shuffled = list(names), random.Random(0)
    for _ in range(max(LEAST_ROUNDS, min(rounds, int(LONGEST / a_round))) if names else 0):
        shuffled.shuffle(order)
        for name in order:
            time.sleep(PAUSE)
            times[name].append(workers.ask(name, "run", calls[name]))
    return times
