"""The stages of a compilation: what each takes, what it may take, and how far it is.

The stages that a compilation goes through are timed always (a few clock readings in all). Limits and a progress bar are
asked for with `compiling`, and hold for every compilation inside of it. Long loops go over their nodes through `watched`,
which costs nothing while nothing is asked for.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from symbackprop.columns import aligned
from symbackprop.errors import ArgumentError, BudgetError

__all__ = [
    "CompileReport", "Limits", "StageReport", "Stages", "begun", "cache_bytes", "cache_folder", "check_nodes", "compiling", "in_stage",
    "look", "running", "watched",
]  # fmt: skip

T = TypeVar("T")

_FOLDER = "SYMBACKPROP_CACHE"  # the environment variables
_BYTES = "SYMBACKPROP_CACHE_BYTES"
_MOST_BYTES = 256 * 2**20  # of a cache for which nothing else is said
_BLOCK = 256  # nodes between two looks at the clock
_PATIENCE = 1.0  # seconds before a bar is shown
_PERIOD = 0.1  # seconds between two states of it
_WIDTH = 24  # characters of it
# What has been done when a stage begins, as a share of the whole; measured on long formulas of scalars and of arrays.
_DONE = {
    "trace the function": 0.0,
    "read the formula": 0.15,
    "rewrite the formula": 0.3,
    "differentiate": 0.4,
    "rewrite the derivative": 0.5,
    "write the code": 0.8,
    "load the code": 0.95,
}


@dataclass(frozen=True)
class StageReport:
    """What one stage took.

    Parameters
    ----------
    name : str
    seconds : float
        Without what other stages took inside of it.
    nodes : int
        The nodes of the graph that it left; 0 where it leaves none.
    """

    name: str
    seconds: float
    nodes: int = 0


@dataclass(frozen=True)
class CompileReport:
    """What a compilation took, stage by stage; printed, a table.

    Parameters
    ----------
    stages : tuple of StageReport
        In the order in which they began.
    nodes : int
        The nodes of the graph that was printed, of value and derivatives together.
    from_cache : bool
        Whether the code was found in a cache, so that only what is missing was done.
    """

    stages: tuple[StageReport, ...]
    nodes: int
    from_cache: bool = False

    @property
    def seconds(self) -> float:
        """The seconds of all stages together."""
        return sum(stage.seconds for stage in self.stages)

    @property
    def seconds_per_node(self) -> float:
        """The seconds a node of the printed graph, without those that Python's own compiler took to load the code."""
        own = sum(stage.seconds for stage in self.stages if stage.name != "load the code")
        return own / max(self.nodes, 1)

    def __str__(self) -> str:
        total = max(self.seconds, 1e-9)
        rows = [
            (stage.name, f"{1e3 * stage.seconds:10.2f}", f"{stage.seconds / total:6.1%}", f"{stage.nodes or '':>8}")
            for stage in self.stages
        ]
        rows.append(("all", f"{1e3 * self.seconds:10.2f}", f"{1:6.0%}", f"{self.nodes or '':>8}"))
        found = "found in the cache" if self.from_cache else f"{1e6 * self.seconds_per_node:.0f} us a node"
        lines = aligned([("stage", "        ms", " share", "   nodes"), *rows])
        return "\n".join([*lines, f"{found}, without Python's own compiler"])


@dataclass(frozen=True)
class Limits:
    """What compilations may take, and whether they show how far they are."""

    max_nodes: int | None = None
    max_seconds: float | None = None
    progress: bool = False
    cache: str | None = None  # a folder; "" for none; None for that of the environment
    cache_bytes: int | None = None  # None for that of the environment


@dataclass
class Stages:
    """The clock of one compilation."""

    limits: Limits
    began: float = field(default_factory=time.perf_counter)
    nodes: int = 0
    from_cache: bool = False

    def __post_init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._nodes: dict[str, int] = {}
        self._open: list[str] = []
        self._since = self.began
        self._shown = self.began + _PATIENCE - _PERIOD
        self._bar = False
        self._done = 0.01  # a share of the whole that never goes back, though a stage may go over its nodes twice

    @property
    def is_watched(self) -> bool:
        """Whether loops have to look at the clock."""
        return self.limits.max_seconds is not None or self.limits.progress

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage; what runs inside of another one is taken off that."""
        self._charge()
        self._open.append(name)
        self._seconds.setdefault(name, 0.0)
        try:
            yield
            self.look(1.0)
        finally:
            self._charge()
            self._open.pop()

    def _charge(self) -> None:
        """Give the time since the last change to the stage that is running."""
        now = time.perf_counter()
        if self._open:
            self._seconds[self._open[-1]] += now - self._since
        self._since = now

    def leaves(self, nodes: int) -> None:
        """Note how many nodes the graph has that the running stage leaves."""
        if self._open:
            self._nodes[self._open[-1]] = nodes
            self.nodes = nodes

    def found(self, nodes: int) -> None:
        """Note that the code of a graph of so many nodes was found in a cache."""
        self.nodes, self.from_cache = nodes, True

    def check_nodes(self, count: int) -> None:
        """Raise an error if a graph has more nodes than there may be."""
        most = self.limits.max_nodes
        if most is not None and count > most:
            raise BudgetError(
                f"compiling takes a graph of {count:,} nodes or more {self._where()}, and max_nodes is {most:,}; "
                "raise it, or write long repetitions as a loop, sb.scan"
            )

    def look(self, share: float) -> None:
        """Look at the clock, when a `share` of the running stage is done."""
        now = time.perf_counter()
        most = self.limits.max_seconds
        if most is not None and now - self.began > most:
            raise BudgetError(
                f"compiling takes longer than max_seconds = {most:g} {self._where()}; raise it, or write long "
                "repetitions as a loop, sb.scan"
            )
        if self.limits.progress and now - self._shown >= _PERIOD:
            self._shown = now
            self._show(now, share)

    def _where(self) -> str:
        return f'(in the stage "{self._open[-1]}")' if self._open else "in all"

    def _show(self, now: float, share: float) -> None:
        name = self._open[-1] if self._open else ""
        at = _DONE.get(name, 0.0)
        after = min([done for done in _DONE.values() if done > at], default=1.0)
        self._done = done = max(at + (after - at) * share, self._done)
        left = (now - self.began) * (1 - done) / done
        bar = "#" * round(_WIDTH * done)
        sys.stderr.write(f"\r[{bar:<{_WIDTH}}] {done:4.0%}, about {left:.0f} s left: {name:<24}")
        sys.stderr.flush()
        self._bar = True

    def end(self) -> None:
        """Take the bar away."""
        if self._bar:
            sys.stderr.write(f"\r{'':<{_WIDTH + 60}}\r")
            sys.stderr.flush()

    def report(self) -> CompileReport:
        """Return what was taken so far."""
        stages = tuple(StageReport(name, took, self._nodes.get(name, 0)) for name, took in self._seconds.items())
        return CompileReport(stages, self.nodes, self.from_cache)


_NO_LIMITS = Limits()
_limits: ContextVar[Limits] = ContextVar("limits of compiling", default=_NO_LIMITS)
_running: ContextVar[Stages | None] = ContextVar("the running compilation", default=None)


@contextmanager
def compiling(
    *,
    max_nodes: int | None = None,
    max_seconds: float | None = None,
    progress: bool | None = None,
    cache: str | os.PathLike[str] | Literal[False] | None = None,
    cache_bytes: int | None = None,
) -> Iterator[None]:
    """Limit, show and keep what compilations take: all those inside of a ``with`` statement, or of a function it decorates.

    Parameters
    ----------
    max_nodes : int, optional
        The nodes that the graph of a formula, of its derivatives, or of any stage between may have.
    max_seconds : float, optional
        The seconds that one compilation may take.
    progress : bool, optional
        Whether a compilation that takes more than a second shows on standard error how far it is, and about how long
        the rest will take.
    cache : path or False, optional
        A folder where what is compiled is kept, and looked for first; False for none. Without it, that which the
        environment variable ``SYMBACKPROP_CACHE`` names, if it does. What is found there is executed, so the folder is to
        be trusted as code is. Processes may share it; entries of other versions are not read, and it may be deleted at
        any time. Formulas with primitives of the user's own, or with opaque functions, are not kept.
    cache_bytes : int, optional
        The bytes that entries of the cache may take; beyond it those that were not used for longest are removed, but for
        the one that was just written. Without it, the number in the environment variable ``SYMBACKPROP_CACHE_BYTES``,
        or 256 MiB.

    What is not given is as it is outside.

    Raises
    ------
    BudgetError
        From the compilation that exceeds a limit, with the stage that it was in.
    ArgumentError
        On limits that are not positive, and on a cache that is no path.

    Examples
    --------
    >>> import symbackprop as sb
    >>> with sb.compiling(max_seconds=5.0):
    ...     f = sb.compile_grad("x*y")
    >>> with sb.compiling(max_nodes=10):
    ...     g = sb.compile_grad("*".join(f"sin(x{i})" for i in range(100)))
    Traceback (most recent call last):
        ...
    symbackprop.errors.BudgetError: compiling takes a graph of 299 nodes or more (in the stage "read the formula"), and max_nodes is 10; raise it, or write long repetitions as a loop, sb.scan
    """
    for name, value in (("max_nodes", max_nodes), ("max_seconds", max_seconds), ("cache_bytes", cache_bytes)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0):
            raise ArgumentError(f"{name} is {value!r}; give a positive number")
    if cache is not False and cache is not None and not isinstance(cache, (str, os.PathLike)):
        raise ArgumentError(f"cache is {cache!r}; give the path of a folder, or False")
    outer = _limits.get()
    inner = Limits(
        outer.max_nodes if max_nodes is None else int(max_nodes),
        outer.max_seconds if max_seconds is None else max_seconds,
        outer.progress if progress is None else bool(progress),
        outer.cache if cache is None else os.fsdecode(cache) if cache else "",
        outer.cache_bytes if cache_bytes is None else int(cache_bytes),
    )
    token = _limits.set(inner)
    try:
        yield
    finally:
        _limits.reset(token)


@contextmanager
def running() -> Iterator[Stages]:
    """Go on with the running compilation, or begin one."""
    stages = _running.get()
    if stages is None:
        with begun() as stages:
            yield stages
    else:
        yield stages


@contextmanager
def begun() -> Iterator[Stages]:
    """Begin a compilation, which may be one inside of another: of a function that the traced one compiles."""
    stages = Stages(_limits.get())
    token = _running.set(stages)
    try:
        yield stages
    finally:
        _running.reset(token)
        stages.end()


@contextmanager
def in_stage(name: str) -> Iterator[None]:
    """Time a stage of the running compilation."""
    with running() as stages, stages.stage(name):
        yield


def cache_folder() -> str:
    """Return the folder where what is compiled is kept, or nothing."""
    folder = _limits.get().cache
    return os.environ.get(_FOLDER, "") if folder is None else folder


def cache_bytes() -> int:
    """Return how many bytes what is kept in the folder may take.

    Raises
    ------
    ArgumentError
        If the environment says something that is no positive number.
    """
    most = _limits.get().cache_bytes
    if most is not None:
        return most
    text = os.environ.get(_BYTES, "")
    if text and not (text.isdecimal() and int(text)):
        raise ArgumentError(f"the environment variable {_BYTES} is {text!r}; give a positive number of bytes")
    return int(text) if text else _MOST_BYTES


def check_nodes(count: int) -> None:
    """Raise an error if the running compilation may not have a graph of so many nodes."""
    stages = _running.get()
    if stages is not None and stages.limits.max_nodes is not None:
        stages.check_nodes(count)


def look() -> None:
    """Look at the clock of the running compilation, in what is no loop over nodes."""
    stages = _running.get()
    if stages is not None and stages.is_watched:
        stages.look(0.5)


def watched(nodes: Sequence[T]) -> Sequence[T] | Iterator[T]:
    """Return `nodes` for a loop that may take long: looked at from time to time, if a limit or a bar is asked for."""
    stages = _running.get()
    return nodes if stages is None or not stages.is_watched else _looking(nodes, stages)


def _looking(nodes: Sequence[T], stages: Stages) -> Iterator[T]:
    count = len(nodes)
    for position, node in enumerate(nodes):
        if position % _BLOCK == 0:
            stages.look(position / count)
        yield node
