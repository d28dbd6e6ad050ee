"""The page that lists what formulas may use: every word by section, its forms, and what holds at kinks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from symbackprop.ops import primitives
from symbackprop.read.calls import signature_text
from symbackprop.read.vocabulary import ATTRIBUTES, METHODS, SECTIONS
from symbackprop.read.vocabulary.refused import REFUSED, REFUSED_METHODS

__all__ = ["supported_page"]

_OF_ANOTHER_NAME = {  # words whose primitive has another name than they have
    "amax": "max", "amin": "min", "median": "order_statistic", "partition": "sort", "msort": "sort", "fabs": "abs",
    "absolute": "abs", "mod": "remainder", "pow": "power", "float_power": "power", "maximum.accumulate": "cummax",
    "root": "implicit_root", "fixed_point": "implicit_root", "minimizer": "implicit_root",
    "grad": "pullback", "value_and_grad": "pullback", "vjp": "pullback", "jvp": "pushforward", "hessian": "jacobian",
    "linalg.norm": "power_norm", "norm": "power_norm", "round": "rint", "around": "rint",
}  # fmt: skip

_HEAD = """# What formulas may use

This page is made by `python -m symbackprop ops --markdown`. The words are NumPy's and SciPy's, with or without `np.` and
`scipy.special.`, with the argument forms that they document; `out=` is refused. Beside them, `x.name(...)` calls the
methods below, and `+ - * / // % ** @ & | ~`, comparisons, `and or not`, `a if c else b`, indexing, slicing and the
statements `name = ...`, `name[index] = ...` and `name[index] += ...` are those of Python.
"""


def supported_page() -> str:
    """Return the page, in Markdown."""
    parts = [_HEAD]
    for title, section in SECTIONS.items():
        parts.append(f"## {title}\n\n| word | domain | derivative | at kinks |\n| --- | --- | --- | --- |")
        parts.append("\n".join(_rows(section.FUNCTIONS)) + "\n")
    parts.append("## Methods and attributes of arrays\n")
    parts.append(", ".join(f"`x.{name}{_after_first(METHODS[name])}`" for name in sorted(METHODS)) + "\n")
    parts.append(", ".join(f"`x.{name}`" for name in sorted(ATTRIBUTES)) + "\n")
    parts.append("## Refused by name\n\n| word | instead |\n| --- | --- |")
    refused = {**{f"x.{name}()": hint for name, hint in REFUSED_METHODS.items() if name not in REFUSED}, **REFUSED}
    parts.append("\n".join(f"| `{name}` | {hint} |" for name, hint in sorted(refused.items())) + "\n")
    return "\n".join(parts)


def _rows(functions: Mapping[str, Callable[..., Any]]) -> Iterator[str]:
    for name, function in sorted(functions.items(), key=lambda item: item[0].lower()):
        primitive = primitives().get(_OF_ANOTHER_NAME.get(name, name)) or _aliased(name)
        cells = (primitive.domain, primitive.derivative, primitive.kinks) if primitive is not None else ("", "", "")
        yield f"| {' | '.join(_cell(cell) for cell in (f'`{name}{signature_text(function)}`', *cells))} |"


def _aliased(name: str) -> Any:
    return next((primitive for primitive in primitives().values() if name in primitive.aliases), None)


def _cell(text: str) -> str:
    """Return text that neither ends a cell nor starts emphasis."""
    escaped = text.replace("|", "\\|")
    return escaped if text.startswith("`") else escaped.replace("*", "\\*").replace("_", "\\_")


def _after_first(function: Callable[..., Any]) -> str:
    """Return the parameters of a method, without the array."""
    return signature_text(function, skip=1)
