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


_LONG = (  # files that take long: they are handed out first, so that both processors end at about the same time
    "test_special_at_50_digits", "test_scale", "test_readme", "test_large_expressions", "test_convolutions",
    "test_contributing", "test_solutions", "test_sabotage", "test_random_formulas", "test_example_digits",
    "test_stored_references", "test_every_primitive", "test_verify", "test_against_torch", "test_losses", "test_powers",
    "test_random_steps", "test_exchange_correlation", "test_linear_algebra_words", "test_jacobians_and_hessians",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of files that take long before all others, each file's own in their order."""
    items.sort(key=lambda item: _LONG.index(item.path.stem) if item.path.stem in _LONG else len(_LONG))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files of printed code anew")
