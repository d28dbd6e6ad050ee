"""The function that a drop-in for `lambdify` hands out: arguments unpacked and looked at, and the printed statements.

It is a method of the object that knows what to do with all arguments but floats: `_self.others` takes these, and
`_self.finished` puts the values together where that is more than lists and tuples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from symbackprop.emit.module import Printed
from symbackprop.emit.names import Names

__all__ = ["NAME", "calling_source"]

NAME = "_lambdified"
_TYPES = {"float64": "float", "float32": "float", "int64": "int", "bool": "bool"}
_LONGEST = 200  # statements that are compiled twice, to save a call
Layout = tuple["int | Layout", ...]


def calling_source(
    printed: Printed, layout: Layout, dtypes: Sequence[str], *, checked: bool, direct: bool, finished: bool, doc: str
) -> str:
    """Return the source of a module with the function `NAME`.

    Parameters
    ----------
    printed : Printed
        The function of flat arguments.
    layout : nested tuples of int
        The numbers of these, as the arguments are nested.
    dtypes : sequence of str
        What kind of number each is.
    checked : bool
        Whether all arguments but Python's own numbers go to `_self.others`, and points where `math` raises.
    direct : bool
        Whether the statements stand here; else everything goes to `_self.others`.
    finished : bool
        Whether results go through `_self.finished`.
    doc : str
        The docstring.
    """
    flat = printed.parameters
    names = Names(["_self", *flat])
    head: list[str] = []
    outer: list[str] = ["_self"]
    for position, entry in enumerate(layout):
        if isinstance(entry, int):
            outer.append(flat[entry])
            continue
        packed = names.fresh(f"arg_{position}")
        outer.append(packed)
        head += _unpacked(entry, packed, position, flat, as_list=checked and direct)
    others = f"return _self.others({', '.join(flat)})"
    if not direct:
        body = [others]
    else:
        body = _guarded(_statements(printed, finished), others, _condition(flat, dtypes) if checked else None)
    quoted = doc.replace("\\", "\\\\").replace('"""', "'''").split("\n")
    quoted = [f'"""{quoted[0]}', *quoted[1:], '"""']
    lines = [f"def {NAME}({', '.join(outer)}):", *_indented([*quoted, *head, *body])]
    return "\n".join([printed.prelude if direct else "", *lines, ""])


def _unpacked(layout: Layout, packed: str, position: int, flat: Sequence[str], *, as_list: bool) -> list[str]:
    """Return the lines that unpack an argument; the entries of a vector become Python's numbers."""
    text = _targets(layout, flat)
    if as_list:
        packed_text = f"{packed} if type({packed}) is tuple or type({packed}) is list else _self.listed({packed})"
    else:
        packed_text = packed
    refused = f"    _self.refuse({position}, {packed})"
    return ["try:", f"    {text} = {packed_text}", "except (TypeError, ValueError):", refused]


def _targets(layout: Layout, flat: Sequence[str]) -> str:
    inside = [flat[entry] if isinstance(entry, int) else _targets(entry, flat) for entry in layout]
    return f"[{', '.join(inside)}]"


def _condition(flat: Sequence[str], dtypes: Sequence[str]) -> str | None:
    """Return the text that tells whether an argument is no number of Python's own."""
    kinds: dict[str, list[str]] = {}
    for name, dtype in zip(flat, dtypes, strict=True):
        kinds.setdefault(_TYPES[dtype], []).append(f"type({name})")
    chains = [" is ".join([*names, kind]) for kind, names in kinds.items()]
    return f"not ({' and '.join(chains)})" if chains else None


def _statements(printed: Printed, finished: bool) -> list[str]:
    """Return the printed statements; where they are many, a call of the function that holds them already."""
    lines = [line[4:] for line in printed.body.split("\n")]
    if len(lines) > _LONGEST:
        lines = [f"return _self.function({', '.join(printed.parameters)})"]
    if finished:
        lines[-1] = f"return _self.finished({lines[-1].removeprefix('return ')})"
    return lines


def _guarded(statements: Sequence[str], others: str, condition: str | None) -> list[str]:
    check = [f"if {condition}:", f"    {others}"] if condition else []
    caught = "(TypeError, ValueError, ArithmeticError)"
    return [*check, "try:", *_indented(statements), f"except {caught}:", f"    {others}"]


def _indented(lines: Sequence[str]) -> Iterator[str]:
    return (f"    {line}" if line else "" for line in lines)
