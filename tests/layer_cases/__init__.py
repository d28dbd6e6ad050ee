"""Networks that are compared with PyTorch: a module a family of layers, each with its `CASES`.

What PyTorch makes of them is in `tests/references/torch_layers`. Nothing is to be added here for a new family.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from layer_cases.case import Case

__all__ = ["cases_of", "families"]


@cache
def families() -> dict[str, tuple[Case, ...]]:
    """Return the cases by family."""
    names = sorted(module.name for module in iter_modules(__path__) if module.name != "case")
    return {name: tuple(import_module(f"layer_cases.{name}").CASES) for name in names}


def cases_of(family: str) -> dict[str, Case]:
    """Return the cases of a family by name."""
    found = {case.name: case for case in families()[family]}
    assert len(found) == len(families()[family]), f"two cases of {family} have the same name"
    return found
