"""Functions that are not traced: printed code imports and calls them, with rules that are called too."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from symbackprop.errors import ArgumentError, ShapeError, UnsupportedError
from symbackprop.read.from_numpy.arrays import TracedArray
from symbackprop.read.from_numpy.calls import Trace
from symbackprop.read.from_numpy.expressions import POSTFIX
from symbackprop.read.from_numpy.operands import Parts, argument_parts
from symbackprop.read.vocabulary import FUNCTIONS

__all__ = ["noted_call", "path_of", "result_shape"]

Shaped = str | Callable[..., Any] | None


def noted_call(trace: Trace, rule: Any, args: Sequence[Any]) -> TracedArray:
    """Return what an opaque function gives, and note the call; `rule` is the `CustomRule` around it."""
    paths = rule.paths
    with trace.places.unnamed():
        shapes = [trace.shape_of(arg) if isinstance(arg, TracedArray) else np.shape(arg) for arg in args]
    options: dict[str, Any] = {}
    if rule.shape is not None:
        options["shape"] = tuple(result_shape(rule.shape, rule.title, shapes))
    if rule.dtype is not None:
        options["dtype"] = np.dtype(rule.dtype)
    operands = [trace.operands.of(arg) for arg in (*paths, *args, *options.values())]
    values = [value for value, _ in operands]
    count = len(paths) + len(args)
    node = FUNCTIONS["opaque"](*values[:count], **dict(zip(options, values[count:], strict=True)))
    parts: Parts = ["opaque(", *argument_parts(operands, count, [*options]), ")"]
    place = trace.places.here()
    name = place.names[0] if len(place.names) == 1 else None
    return TracedArray(trace, (node, trace.expression_of(parts, POSTFIX, name, place.line), None))


def path_of(function: Callable[..., Any], rule: Any) -> str:
    """Return the path under which a function, or the rule that took its name, is imported.

    Raises
    ------
    UnsupportedError
        If there is none, as for what is defined inside of a function or in the script that runs.
    """
    module = getattr(function, "__module__", None)
    name = getattr(function, "__qualname__", "")
    where = "put it at the top level of a module of its own, under its own name"
    if not isinstance(module, str) or not name.isidentifier():
        raise UnsupportedError(
            f"printed code calls {name or function!r:.80} by its import path, and there is none; {where}"
        )
    if module == "__main__":
        raise UnsupportedError(f"{name} is defined in the script that runs, which printed code cannot import; {where}")
    found = getattr(sys.modules.get(module), name, None)
    if found is not function and found is not rule and getattr(found, "function", None) is not function:
        raise UnsupportedError(f"{module}.{name} is another object than the function of that name; {where}")
    return f"{module}.{name}"


def result_shape(shape: Shaped, title: str, shapes: Sequence[Sequence[Any]]) -> Sequence[Any]:
    """Return the shape of a result: as a function of the shapes of arguments says, or a signature ``(n,d),(d)->(n)``."""
    if callable(shape):
        found = shape(*shapes)
        return found if isinstance(found, (tuple, list)) else (found,)
    pattern = r"\s*(\([\w\s,]*\)(?:\s*,\s*\([\w\s,]*\))*)\s*->\s*\(([\w\s,]*)\)\s*"
    match = re.fullmatch(pattern, str(shape))
    if match is None:
        raise ArgumentError(
            f"the shape of {title} is {shape!r}; give a function, or a signature such as '(n,d),(d)->(n)'"
        )
    declared = [_names(group) for group in re.findall(r"\(([\w\s,]*)\)", match[1])]
    if [len(names) for names in declared] != [len(own) for own in shapes]:
        given = ", ".join(str(len(own)) for own in shapes)
        raise ShapeError(f"{title} has the signature {shape!r}, and is given arrays of {given} axes")
    sizes = {
        name: size for names, own in zip(declared, shapes, strict=True) for name, size in zip(names, own, strict=True)
    }
    found = []
    for name in _names(match[2]):
        if not name.isdigit() and name not in sizes:
            raise ArgumentError(f"the signature {shape!r} of {title} gives the size {name}, which no argument has")
        found.append(int(name) if name.isdigit() else sizes[name])
    return found


def _names(group: str) -> list[str]:
    return [name.strip() for name in group.split(",") if name.strip()]
