"""What the tests of loops share: nests of results, flat and compared."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from random_steps import Program, random_program

__all__ = ["RANDOM", "agree", "flat", "programs"]

_UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)  # what fails is small enough, and shrinking takes minutes

RANDOM = settings(
    deadline=None,
    phases=_UNSHRUNK,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@st.composite
def programs(draw: st.DrawFn, carries: tuple[str, ...] | None = None) -> Program:
    """Draw a step, with given carries or any: of choices that hypothesis makes small, or of a seed, which are larger."""
    if draw(st.booleans()):
        return random_program(Random(draw(st.integers(0, 2**32 - 1))).randrange, carries)
    return random_program(lambda count: draw(st.integers(0, count - 1)), carries)


def flat(tree: Any) -> list[np.ndarray]:
    """Return the arrays of a nest of results."""
    if isinstance(tree, dict):
        return [leaf for part in tree.values() for leaf in flat(part)]
    if isinstance(tree, tuple):
        return [leaf for part in tree for leaf in flat(part)]
    return [np.asarray(tree)]


def agree(ours: Any, theirs: Any, tolerance: float = 1e-12) -> None:
    """Compare two nests of results, relative to the largest entry of each array."""
    for one, other in zip(flat(ours), flat(theirs), strict=True):
        assert one.shape == other.shape
        assert one.dtype == other.dtype
        scale = np.max(np.abs(other), initial=1.0)
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance * scale)
