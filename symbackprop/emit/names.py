"""Names in printed code: the user's where they can be had, never a keyword, a builtin, a module, or taken."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from collections.abc import Iterable

__all__ = ["Names", "is_number"]

_MODULES = ("np", "math", "special", "linalg", "sparse", "dataclasses", "BLOCK", "SMALL", "LEAST")
_RESERVED = frozenset((*keyword.kwlist, *keyword.softkwlist, *dir(builtins), *_MODULES))


class Names:
    """Hands out names, each once."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)
        self._counts: dict[str, int] = {}
        self.mapped: dict[str, str] = {}

    def is_free(self, name: str) -> bool:
        """Tell whether `name` is used by nobody, Python included."""
        return name not in self._taken and name not in _RESERVED

    def claim(self, wanted: str) -> str:
        """Return `wanted`, or the nearest free identifier, and note where the two differ."""
        name = self.fresh(_identifier(wanted))
        if name != wanted:
            self.mapped[name] = wanted
        return name

    def share(self, stem: str) -> str:
        """Return `stem`, which from now on is taken, though somebody may have it: a function's argument may."""
        name = f"{stem}_" if stem in _RESERVED else stem
        self._taken.add(name)
        return name

    def fresh(self, stem: str) -> str:
        """Return `stem`, or `stem` with an underscore or a number, that nobody has."""
        if stem in _RESERVED:
            stem += "_"
        if stem not in self._taken:
            self._taken.add(stem)
            return stem
        separator = "_" if stem[-1:].isdigit() else ""
        return self._numbered(stem + separator, 2)

    def numbered(self, stem: str) -> str:
        """Return the next of ``t1``, ``t2``, ..."""
        return self._numbered(stem, 1)

    def _numbered(self, stem: str, first: int) -> str:
        number = self._counts.get(stem, first)
        while f"{stem}{number}" in self._taken:
            number += 1
        self._counts[stem] = number + 1
        name = f"{stem}{number}"
        self._taken.add(name)
        return name


def is_number(name: str) -> bool:
    """Tell whether a name is a mere number: ``t3``."""
    return re.fullmatch(r"t\d+", name) is not None


def _identifier(text: str) -> str:
    """Return `text` as an identifier: what it cannot hold becomes an underscore, a prime the word."""
    text = unicodedata.normalize("NFKC", text).replace("'", "_prime")
    text = re.sub(r"\W+", "_", text).strip("_") if not text.isidentifier() else text
    if not text:
        return "v"
    return text if text.isidentifier() else f"v_{text}"
