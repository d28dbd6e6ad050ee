"""Names with a dot in them: words of modules, as `linalg.solve`, and methods of ufuncs, as `maximum.accumulate`."""

from __future__ import annotations

from symbackprop.read.vocabulary.ufuncs import FUNCTIONS

__all__ = ["is_dotted"]

_MODULES = frozenset(("np", "numpy", "math", "scipy", "special", "linalg"))


def is_dotted(name: str, following: str) -> bool:
    """Tell whether a name and what follows its dot are one word, and not an attribute of what the name stands for."""
    return name in _MODULES or f"{name}.{following}" in FUNCTIONS
