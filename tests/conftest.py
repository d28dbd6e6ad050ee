"""Fixtures for all tests: every pass is followed by a check of the whole graph."""

from __future__ import annotations

import pytest

from symbackprop import compilation
from symbackprop.ops.verify import verify_graph

collect_ignore_glob = [
    "references/*.py",
    "*/references/*.py",
]  # scripts that make the stored arrays, with peers that tests do without


@pytest.fixture(autouse=True)
def checked_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Re-check the graph after every pass of a compilation."""
    for name in ("read_formula", "prepare", "with_gradient", "with_batch", "finish"):
        stage = getattr(compilation, name)
        monkeypatch.setattr(
            compilation, name, lambda *args, _stage=stage, **kwargs: verify_graph(_stage(*args, **kwargs))
        )


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files of printed code anew")
