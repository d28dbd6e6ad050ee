"""What a verification found: true exactly when every output passed, and a table when printed."""

from __future__ import annotations

from dataclasses import dataclass, field

from symbackprop.check.rules import RuleReport
from symbackprop.columns import aligned

__all__ = ["OutputReport", "Report", "Stage"]


@dataclass(frozen=True)
class Stage:
    """One way of checking one output.

    Parameters
    ----------
    name : str
        ``"exact"``, ``"50 digits"`` or ``"float"``, these two also for arrays of points.
    status : str
        ``"passed"``, ``"failed"`` or ``"skipped"``.
    detail : str
        The largest error, or why it was skipped.
    """

    name: str
    status: str
    detail: str = ""


@dataclass(frozen=True)
class OutputReport:
    """All stages of one output."""

    label: str
    stages: tuple[Stage, ...]

    def __bool__(self) -> bool:
        statuses = [stage.status for stage in self.stages]
        return "failed" not in statuses and "passed" in statuses

    @property
    def strongest(self) -> str:
        """The strongest stage that passed."""
        return next((stage.name for stage in self.stages if stage.status == "passed"), "none")


@dataclass(frozen=True)
class Report:
    """What `verify` found.

    Parameters
    ----------
    outputs : tuple of OutputReport
        One an output.
    sizes : mapping
        The sizes of arrays that were used.
    points : int
        At how many points of the domain.
    kinks : tuple of str
        What the primitives in use do at kinks, which were not visited.
    guards : tuple of str
        What is checked on every call.
    problem : str
        Why nothing could be verified, if so.
    untaken : tuple of str
        The lines of code where a comparison went one way only, so that one of its branches was not run.
    rules : tuple of RuleReport
        What was found of the custom rules in use.
    """

    outputs: tuple[OutputReport, ...]
    sizes: dict[str, int] = field(default_factory=dict)
    points: int = 0
    kinks: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    problem: str = ""
    untaken: tuple[str, ...] = ()
    rules: tuple[RuleReport, ...] = ()

    def __bool__(self) -> bool:
        return not self.problem and bool(self.outputs) and all(self.outputs) and all(self.rules)

    def __str__(self) -> str:
        verdict = "verified" if self else "NOT verified"
        lines = [
            f"{verdict}: {self.points} points" + _sizes_text(self.sizes) + (f"; {self.problem}" if self.problem else "")
        ]
        rows = [(out.label, stage.name, stage.status, stage.detail) for out in self.outputs for stage in out.stages]
        lines += aligned([("output", "stage", "result", "detail"), *rows])
        lines += [f"custom rule {rule}" for rule in self.rules]
        lines += [f"not both ways: {line}" for line in self.untaken]
        lines += [f"at kinks: {kink}" for kink in self.kinks]
        lines += [f"checked on call: {guard}" for guard in self.guards]
        return "\n".join(lines)


def _sizes_text(sizes: dict[str, int]) -> str:
    return ", sizes " + ", ".join(f"{name} = {size}" for name, size in sizes.items()) if sizes else ""
