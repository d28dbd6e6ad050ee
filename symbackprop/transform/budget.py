"""A budget of memory, as it is asked for: bytes or a fraction, and the sizes at which it is meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from numbers import Integral

from symbackprop.errors import ArgumentError

__all__ = ["TYPICAL", "Budget", "bytes_text", "read_budget"]

TYPICAL = 1000  # what a size is taken for that has a name and no number
_UNITS = {
    "": 1, "b": 1, "byte": 1, "bytes": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30,
}  # fmt: skip
_TEXT = re.compile(r"(\d+(?:\.\d*)?(?:e-\d+)?|\.\d+)\s*([a-zA-Z]*)(?:\s+at\s+(.+))?")
_SIZE = re.compile(r"(\w+)\s*=\s*(\d+)")


@dataclass(frozen=True)
class Budget:
    """What the arrays that live at once may take.

    Parameters
    ----------
    bytes : int or None
    fraction : float or None
        Of what storing everything takes, where it is not bytes.
    sizes : mapping of str to int
        The sizes at which that is so.
    """

    bytes: int | None
    fraction: float | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the text from which `read_budget` makes the same."""
        what = f"{self.bytes} bytes" if self.fraction is None else repr(self.fraction)
        sizes = ", ".join(f"{name}={size}" for name, size in sorted(self.sizes.items()))
        return f"{what} at {sizes}" if sizes else what

    def at(self, names: Iterable[str], given: Iterable[str]) -> dict[str, int]:
        """Return a number for each of the `names` of sizes; those that are `given` with the arguments need one in bytes.

        Raises
        ------
        ArgumentError
            If one of these is missing, or a number is for none of them.
        """
        known = sorted({*given})
        unknown = sorted(set(self.sizes) - set(known))
        missing = [name for name in known if name not in self.sizes]
        if unknown:
            listed = ", ".join(known) or "none"
            raise ArgumentError(
                f"checkpoint has a number for size {unknown[0]!r}, and the sizes of the inputs are {listed}"
            )
        if missing and (self.fraction is None or self.sizes):
            numbers = ", ".join(f"{name!r}: {self.sizes.get(name, 512)}" for name in known)
            raise ArgumentError(
                f"checkpoint is a budget, and how much is stored depends on {', '.join(missing)}; say for which sizes it is "
                f"meant: checkpoint=('64 MB', {{{numbers}}})"
            )
        return {name: self.sizes.get(name, TYPICAL) for name in names}


def read_budget(given: object) -> Budget | None:
    """Return the budget that is given as a number, as text or as a pair of these and sizes; None for anything else.

    Examples
    --------
    >>> str(read_budget("1.5 MB at n=10")), str(read_budget((0.3, {"n": 10}))), str(read_budget(4096))
    ('1500000 bytes at n=10', '0.3 at n=10', '4096 bytes')
    """
    if isinstance(given, tuple) and len(given) == 2 and isinstance(given[1], Mapping):
        found = read_budget(given[0])
        return None if found is None or found.sizes else Budget(found.bytes, found.fraction, _sizes(given[1]))
    if isinstance(given, str):
        return _of_text(given)
    if isinstance(given, Integral) and not isinstance(given, bool):
        return Budget(_positive(int(given)))
    return Budget(None, _part(float(given))) if isinstance(given, float) else None


def _of_text(text: str) -> Budget | None:
    found = _TEXT.fullmatch(text.strip())
    if found is None or found[2].lower() not in _UNITS:
        return None
    sizes = {} if found[3] is None else _sizes_in(found[3])
    if sizes is None:
        return None
    if not found[2] and not found[1].isdigit():
        return Budget(None, _part(float(found[1])), sizes)
    return Budget(_positive(int(Fraction(found[1]) * _UNITS[found[2].lower()])), None, sizes)


def _sizes_in(text: str) -> dict[str, int] | None:
    parts = [_SIZE.fullmatch(part.strip()) for part in text.split(",")]
    return None if None in parts else {part[1]: int(part[2]) for part in parts}  # type: ignore[index]


def _sizes(given: Mapping[object, object]) -> dict[str, int]:
    for name, size in given.items():
        if not isinstance(name, str) or not isinstance(size, Integral) or isinstance(size, bool) or size < 0:
            raise ArgumentError(
                f"checkpoint has {name!r}: {size!r} among its sizes; give whole numbers by name, {{'n': 512}}"
            )
    return {str(name): int(size) for name, size in given.items()}  # type: ignore[call-overload]


def _positive(count: int) -> int:
    if count < 1:
        raise ArgumentError(f"checkpoint is a budget of {count} bytes; give at least 1")
    return count


def _part(fraction: float) -> float:
    if not 0 < fraction < 1:
        raise ArgumentError(
            f"checkpoint is {fraction!r}; a fraction of what storing everything takes lies between 0 and 1, and a budget in "
            "bytes is a whole number, or text as in '64 MB'"
        )
    return fraction


def bytes_text(count: int) -> str:
    """Return a number of bytes as people read it.

    Examples
    --------
    >>> bytes_text(512), bytes_text(27624960)
    ('512 bytes', '27.6 MB')
    """
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"
