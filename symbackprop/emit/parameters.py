"""The parameters of a printed function, and the arguments with which one of the same parameters calls another."""

from __future__ import annotations

from collections.abc import Sequence

from symbackprop.ir.packing import Packing

__all__ = ["argument_list", "parameter_list"]


def parameter_list(parameters: Sequence[str], packing: Packing | None, tables: int, memory: str | None = None) -> str:
    """Return the parameters of the function with defaults, and a star before those that are given by name only."""
    given = len(parameters) - tables
    behind = [f"{memory}=None"] if memory else []
    if packing is None:
        named_only = [*parameters[given:], *behind]
        return ", ".join([*parameters[:given], *["*"] * bool(named_only), *named_only])
    defaults = dict(packing.defaults)
    names = [name for name, _ in packing.arguments] + [name for name, _ in packing.constants]
    by_name_only = len(names) - len(packing.constants) - len(packing.named_only)
    shown = [
        f"{printed}={_default_text(defaults[name])}" if name in defaults else printed
        for name, printed in zip(names, parameters[:given], strict=True)
    ]
    shown += [*parameters[given:], *behind]
    if by_name_only < len(shown):
        shown.insert(by_name_only, "*")
    return ", ".join(shown)


def _default_text(value: float) -> str:
    finite = isinstance(value, int) or (value == value and abs(value) != float("inf"))
    return repr(value) if finite else f'float("{value}")'


def argument_list(parameters: Sequence[str], packing: Packing | None, tables: int) -> str:
    """Return the arguments with which a function of the same parameters is called."""
    shown = parameter_list(parameters, packing, tables).split(", ")
    names = [text.partition("=")[0] for text in shown]
    named_only = names.index("*") if "*" in names else len(names)
    return ", ".join([*names[:named_only], *(f"{name}={name}" for name in names[named_only + 1 :])])
