"""The page that lists layers, losses and activations with their options."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from symbackprop.read.layers.activations import ACTIVATIONS, Activation
from symbackprop.read.layers.initialisers import INITIALISERS
from symbackprop.read.layers.kinds import KINDS, is_loss
from symbackprop.read.layers.layer import Layer, option_fields
from symbackprop.read.layers.making import SPELLINGS

__all__ = ["layers_page"]

_HEAD = """# Layers, losses and activations

This page is made by `python -m symbackprop layers --markdown`. In text a layer is a line: its word, then its options in
this order or by name. In TOML, JSON and dicts it is a table with `layer` and the options, in Python an object
(`sb.Dense(256, "tanh")`). Every layer takes `name`, `from` (the names of the layers that it takes from) and `share` (the
layer whose parameters it uses) besides. [How specs are written](layers.md).
"""


def layers_page() -> str:
    """Return the page, in Markdown."""
    parts = [_HEAD]
    for title, wanted in (("Layers", False), ("Losses", True)):
        kinds = [kind for kind in KINDS.values() if is_loss(kind) is wanted and kind is not Activation]
        parts.append(f"## {title}\n\n| word | object | options | what it is |\n| --- | --- | --- | --- |")
        parts.append("\n".join(_rows(kinds)) + "\n")
    parts.append("## Activations\n\n| word | formula | weights before it begin as |\n| --- | --- | --- |")
    rows = [
        f"| `{name}{_numbers(function.defaults)}` | `{function.formula.replace('|', chr(92) + '|')}` | {function.initialiser} |"
        for name, function in ACTIVATIONS.items()
    ]
    parts.append("\n".join(rows) + "\n")
    parts.append(f"## Initialisers\n\n{', '.join(f'`{name}`' for name in INITIALISERS)}, a number, or an array.\n")
    return "\n".join(parts)


def _numbers(defaults: tuple[float, ...]) -> str:
    return f"({', '.join(map(repr, defaults))})" if defaults else ""


def _rows(kinds: list[type[Layer]]) -> Iterator[str]:
    common = {field.name for field in dataclasses.fields(Layer)}
    for kind in kinds:
        options = ", ".join(f"`{_option(field)}`" for field in option_fields(kind) if field.name not in common)
        summary = (kind.__doc__ or "").split("\n")[0].replace("``", "`").replace("|", "\\|")
        yield f"| `{kind.kind}` | `{kind.__name__}` | {options} | {summary} |"


def _option(field: dataclasses.Field[object]) -> str:
    name = SPELLINGS.get(field.name, field.name)
    if field.default is dataclasses.MISSING:
        return name
    shown = {True: "true", False: "false", None: "none", (): "none"}
    default = field.default
    text = shown[default] if isinstance(default, (bool, tuple, type(None))) and default in shown else str(default)
    return f"{name}={text}"
