"""`opaque`: calls of Python functions that are not looked into, by the path under which they are imported.

A formula names a function and its rules by their paths. They are honoured only if just these were registered in this
process: a text imports nothing. Printed code imports them, calls them, and checks the shapes of what comes back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from symbackprop.errors import UnsupportedError
from symbackprop.ir.dtype import is_float
from symbackprop.ir.node import Apply, Node, Shape, constant
from symbackprop.ir.size import shape_text
from symbackprop.ops.declare import Primitive, Refused, Style, custom, results

__all__ = ["Registered", "called", "opaque", "register_opaque", "registered_functions", "registered_opaque"]

_SEVERAL = 16  # results of which one alone is taken by its index


class Registered(Protocol):
    """A function that formulas may name, and its rules: `read.from_numpy.rules.CustomRule`."""

    function: Any
    vjp: Any
    jvp: Any

    @property
    def paths(self) -> tuple[str, str | None, str | None]:
        """The import paths of these three."""


_registered: dict[str, Registered] = {}


def register_opaque(path: str, rule: Registered) -> None:
    """Let formulas name the function at `path`."""
    _registered[path] = rule


def registered_opaque(path: str, vjp: str | None, jvp: str | None) -> Registered:
    """Return what is known of a function that a formula names.

    Raises
    ------
    UnsupportedError
        If this very function was not registered with these rules.
    """
    known = _registered.get(path)
    if known is None:
        raise UnsupportedError(
            f"no function {path!r} is known here, and a formula imports nothing: import the module that defines it with "
            "sb.custom_rule(..., opaque=True) before the formula is read"
        )
    if known.paths != (path, vjp, jvp):
        raise UnsupportedError(
            f"{path!r} has the vjp {known.paths[1]!r} and the jvp {known.paths[2]!r} here, not {vjp!r} and {jvp!r}"
        )
    return known


def registered_functions(module: str) -> dict[str, Any]:
    """Return by name the registered functions of a module, and their rules."""
    functions = [f for rule in _registered.values() for f in (rule.function, rule.vjp, rule.jvp) if f is not None]
    return {getattr(f, "__qualname__", ""): f for f in functions if getattr(f, "__module__", "") == module}


def called(path: str, vjp: str | None, jvp: str | None, args: Sequence[Node], shape: Shape, dtype: str) -> Node:
    """Return what a registered function gives, an array of a known shape."""
    return _call("function", (path, vjp, jvp), args, ((shape, dtype),), 0)[0]


def _call(
    kind: str,
    paths: tuple[str | None, str | None, str | None],
    args: Sequence[Node],
    gives: tuple[tuple[Shape, str], ...],
    tangents: int,
) -> tuple[Node, ...]:
    node = opaque(*args, kind=kind, paths=paths, gives=gives, tangents=tangents)
    assert isinstance(node, Apply)
    return results(node)


# --- shapes and text --------------------------------------------------------------------------------------------------


def _infer_all(args: tuple[Node, ...], params: Mapping[str, object]) -> Sequence[tuple[Shape, str]]:
    return params["gives"]  # type: ignore[return-value]


def _infer(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    return _infer_all(args, params)[0]


def _names(node: Apply) -> list[str]:
    gives: tuple[tuple[Shape, str], ...] = node.param("gives")  # type: ignore[assignment]
    stem = {"function": "out", "vjp": "bar", "jvp": "dot"}[str(node.param("kind"))]
    return [stem] * len(gives)


def _path(node: Apply) -> str:
    paths: tuple[str, str | None, str | None] = node.param("paths")  # type: ignore[assignment]
    path = paths[("function", "vjp", "jvp").index(str(node.param("kind")))]
    assert path is not None
    return path


def _text(node: Apply, style: Style) -> str:
    places = [f"{{{position}}}" for position in range(len(node.args))]
    tangents: int = node.param("tangents")  # type: ignore[assignment]
    if tangents:
        first = ", ".join(places[:tangents])
        places = [f"({first},)" if tangents == 1 else f"({first})", *places[tangents:]]
    return f"{style.imported(_path(node))}({', '.join(places)})"


def _alone(position: int, node: Apply, style: Style) -> str:
    whole = _text(node, style)
    return whole if len(_names(node)) == 1 else f"{whole}[{position}]"


def _checked(node: Apply, style: Style) -> list[str]:
    """Return the statements that check the shape of each result."""
    lines = []
    for position, (shape, _) in enumerate(_infer_all((), dict(node.params))):
        sizes = [style.size(size) for size in shape]
        wanted = f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"
        missing = "" if shape else f" or {{out{position}}} is None"
        message = f"{_path(node)} gives another shape than {shape_text(shape)}"
        lines += [
            f"if np.shape({{out{position}}}) != {wanted}{missing}:",
            f'    raise ValueError("{message}")',
        ]
    return lines


# --- derivatives ------------------------------------------------------------------------------------------------------


def _refusal(node: Apply, kind: str) -> str:
    if node.param("kind") == "function":
        return f"opaque function {_path(node)} has no {kind}; give one to sb.custom_rule"
    return f"{_path(node)} is opaque, and there is no derivative of it; second derivatives need a rule that is traced"


def _vjp(cotangents: Sequence[Node | None], out: Apply) -> list[Node | Refused | None]:
    paths: tuple[str, str | None, str | None] = out.param("paths")  # type: ignore[assignment]
    (g,) = cotangents if out.param("kind") == "function" else (None,)
    if out.param("kind") != "function" or paths[1] is None:
        return [Refused("", _refusal(out, "vjp"))] * len(out.args)
    assert g is not None
    gives = tuple((arg.shape, arg.dtype) for arg in out.args)
    bars = _call("vjp", paths, (g, *results(out), *out.args), gives, 0)
    return [bar if is_float(arg.dtype) else None for bar, arg in zip(bars, out.args, strict=True)]


def _jvp(tangents: Sequence[Node | None], out: Apply) -> list[Node | None]:
    paths: tuple[str, str | None, str | None] = out.param("paths")  # type: ignore[assignment]
    if out.param("kind") != "function" or paths[2] is None:
        raise UnsupportedError(_refusal(out, "jvp"))
    dots = [constant(0, arg.shape, arg.dtype) if t is None else t for t, arg in zip(tangents, out.args, strict=True)]
    gives = tuple((result.shape, result.dtype) for result in results(out))
    return [*_call("jvp", paths, (*dots, *results(out), *out.args), gives, len(dots))]


opaque: Primitive = custom(
    "opaque",
    arity=None,
    numpy=_text,
    infer=_infer,
    infer_outputs=_infer_all,
    outputs=("out",),
    named_outputs=_names,
    alone={position: partial(_alone, position) for position in range(_SEVERAL)},
    checked=_checked,
    vjp=_vjp,
    jvp=_jvp,  # type: ignore[arg-type]
    samples=list,
    memory="view",
    public=False,
    analytic=False,
    derivative="what its vjp returns",
    source="a definition: the function and its vjp are called",
)
