"""Derivatives inside of a formula: `grad`, `value_and_grad`, `jacobian`, `hessian`, `jvp`, `vjp` of its functions.

Each differentiates a function of the formula at a point. What the function takes from around it is held, whatever else
that depends on. `read.differentiation` makes of ``grad(u, x)``, of a value, such a function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from symbackprop.errors import ArgumentError, ShapeError, UnsupportedError
from symbackprop.ir.body import Body
from symbackprop.ir.dtype import default_float, is_float
from symbackprop.ir.node import Const, Input, Node, constant, make_input
from symbackprop.ir.size import shape_text
from symbackprop.ops.bodies import substitute
from symbackprop.ops.broadcasting import agreed, converted, with_shape
from symbackprop.ops.declare import results
from symbackprop.ops.derivatives import jacobian as jacobian_of
from symbackprop.ops.derivatives import pullback, pushforward
from symbackprop.read.vocabulary.arguments import Value, collected_here, node_of, static_flag, static_int
from symbackprop.read.vocabulary.closing import closed, refusing_counts
from symbackprop.read.vocabulary.trees import filled, leaves, same_form

__all__ = ["FUNCTIONS", "SYMBOLS", "grad", "hessian", "jacobian", "jvp", "value_and_grad", "vjp"]

_ZERO = constant(0)
_MODES = ("auto", "forward", "reverse")
_CALLED = {"jvp": "jvp(f, (x,), (x_dot,))", "vjp": "vjp(f, (x,), bar)"}
_OR_A_VALUE = (
    "; or, as {}(u, x), a value and the name of an input or of a value above, inside of a function one of its own"
)


def grad(f: Any, *args: Value, argnums: Value = _ZERO, has_aux: Value = False) -> Value:
    """``grad(f, x)``: the gradient of the number ``f(x)`` at x; with `has_aux`, of the first of two results, and the other."""
    point = _Point("grad", f, args, argnums)
    _, aux, slopes = point.slopes(static_flag(has_aux, "has_aux"))
    return (slopes, aux) if static_flag(has_aux, "has_aux") else slopes


def value_and_grad(f: Any, *args: Value, argnums: Value = _ZERO, has_aux: Value = False) -> Value:
    """``value_and_grad(f, x)``: the number ``f(x)`` and its gradient; with `has_aux`, ``(value, other), gradient``."""
    point = _Point("value_and_grad", f, args, argnums)
    value, aux, slopes = point.slopes(static_flag(has_aux, "has_aux"))
    return ((value, aux) if static_flag(has_aux, "has_aux") else value), slopes


def jacobian(f: Any, *args: Value, argnums: Value = _ZERO, mode: Value = "auto") -> Value:
    """``jacobian(f, x)``: the derivative of all entries of ``f(x)``, of shape ``f(x).shape + x.shape``."""
    if mode not in _MODES:
        raise ArgumentError(f"mode is {mode!r}; jacobian has {', '.join(map(repr, _MODES))}")
    point = _Point("jacobian", f, args, argnums)
    with point.moving() as found:
        values = _real_values(found, f"the result of {point.title}")
    body, captured = closed(values, point.bound)
    at = (*point.at, *captured)
    rows = [
        tuple(_block(body, at, number, place, str(mode)) for place in range(len(point.at)))
        for number in range(len(values))
    ]
    return _filled(found, [filled(point.form, own) for own in rows])


def hessian(f: Any, *args: Value, argnums: Value = _ZERO) -> Value:
    """``hessian(f, x)``: the second derivative of the number ``f(x)``, of shape ``x.shape + x.shape``."""
    outer = _Point("hessian", f, args, argnums)
    with refusing_counts(outer.title, once=True):
        inner = _Point("hessian", f, outer.moved(), argnums)
        _, _, slopes = inner.slopes(False)
    body, captured = closed(leaves(slopes, "the gradient"), outer.bound)
    at, count = (*outer.at, *captured), len(outer.at)
    rows = [tuple(_block(body, at, j, i, "leading") for j in range(count)) for i in range(count)]  # it is symmetric
    return _filled(outer.form, [filled(outer.form, own) for own in rows])


def jvp(f: Any, primals: Value, tangents: Value) -> Value:
    """``jvp(f, (x,), (x_dot,))``: ``f(x)``, and how fast it changes as x moves by x_dot."""
    point = _Point("jvp", f, _several(primals, "primals"), None)
    dots = point.like(_several(tangents, "tangents"), "tangents", point.form, point.at)
    with point.moving() as found:
        values = _real_values(found, f"the result of {point.title}")
    body, captured = closed(values, point.bound)
    pushed = results(pushforward(*dots, *point.at, *captured, body=body, count=len(dots)))  # type: ignore[arg-type]
    return filled(found, point.here(body, captured)), filled(found, pushed)


def vjp(f: Any, primals: Value, cotangent: Value) -> Value:
    """``vjp(f, (x,), bar)``: ``f(x)``, and the cotangent of each of `primals`, given that of the result."""
    point = _Point("vjp", f, _several(primals, "primals"), None)
    with point.moving() as found:
        values = _real_values(found, f"the result of {point.title}")
    body, captured = closed(values, point.bound)
    bars = point.like(cotangent, "the cotangent", found, values)
    return filled(found, point.here(body, captured)), point.pulled(body, captured, bars)


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "grad": grad,
    "hessian": hessian,
    "jacobian": jacobian,
    "jvp": jvp,
    "value_and_grad": value_and_grad,
    "vjp": vjp,
}
SYMBOLS = frozenset(FUNCTIONS)  # names of variables too: a gradient that comes from elsewhere


# --- a function at a point --------------------------------------------------------------------------------------------


class _Slopes(NamedTuple):
    """A number, what is beside it, and its gradient."""

    value: Value
    aux: Value
    gradient: Value


class _Found:
    """What a function gives for moved arguments."""

    value: Value


class _Point:
    """A function of the formula, and the arguments at which it is differentiated.

    Parameters
    ----------
    word : str
        What is asked for, for errors.
    f : callable
    args : sequence of values
    argnums : value
        The positions of the arguments that move: an integer, a tuple of integers, or None for all of them.
    """

    def __init__(self, word: str, f: Any, args: Sequence[Value], argnums: Value) -> None:
        if not callable(f) or not hasattr(f, "parameters"):
            raise ArgumentError(
                f"{word} takes a function that is defined above, def f(x): ..., and where it is differentiated, "
                + _CALLED.get(word, f"{word}(f, x)")
                + (_OR_A_VALUE.format(word) if word in ("grad", "hessian", "jacobian") else "")
            )
        if not args:
            raise ArgumentError(f"{word} takes the arguments of {f.title} too: {_CALLED.get(word, f'{word}(f, x)')}")
        self.title: str = f.title
        self._word, self._f, self._args = word, f, args
        self._chosen = [*range(len(args))] if argnums is None else _positions(argnums, len(args), f.title)
        moved = tuple(args[position] for position in self._chosen)
        self.form: Value = moved if argnums is None or isinstance(argnums, tuple) else moved[0]
        self.at = [
            self._real(leaf, position) for position in self._chosen for leaf in leaves(args[position], "an argument")
        ]
        if not self.at:
            raise ArgumentError(f"{word} of {f.title} moves nothing: what it is to be differentiated by is empty")
        level = collected_here().new_level()
        self.bound = [make_input(at, node.shape, node.dtype, level) for at, node in enumerate(self.at)]

    def _real(self, node: Node, position: int) -> Node:
        if isinstance(node, Const) or (node.weak and is_float(node.dtype)):
            return converted(node, default_float())
        if not is_float(node.dtype):
            raise UnsupportedError(
                f"argument {position} of {self.title} is {node.dtype}, not real, so that there is no derivative with "
                "respect to it; take it from around the function, or convert it with astype(float64)"
            )
        return node

    def moved(self) -> list[Value]:
        """Return the arguments with what is bound in the place of those that move."""
        rest = iter(self.bound)
        found = [*self._args]
        for position in self._chosen:
            own = leaves(found[position], "an argument")
            found[position] = filled(found[position], [next(rest) for _ in own])
        return found

    @contextmanager
    def moving(self) -> Iterator[Value]:
        """Return what the function gives for moved arguments."""
        with refusing_counts(self.title, once=True):
            yield self._f(*self.moved())

    def slopes(self, has_aux: bool) -> _Slopes:
        """Return the number that the function gives, what it gives beside it if it `has_aux`, and the gradient."""
        with self.moving() as found:
            aux: Value = None
            if has_aux:
                if not isinstance(found, tuple) or len(found) != 2:
                    raise ArgumentError(
                        f"with has_aux, {self.title} returns a number and what is beside it, (value, aux)"
                    )
                found, aux = found
            beside = leaves(aux, "what is beside the value")
            value = self._number(found)
        body, captured = closed([value, *beside], self.bound)
        here = self.here(body, captured)
        one: list[Node] = [constant(1, (), value.dtype)]
        return _Slopes(here[0], filled(aux, here[1:]), self.pulled(body.part([0]), captured, one))

    def _number(self, result: Value) -> Node:
        (value,) = _real_values(node_of(result), f"the result of {self.title}")
        if value.shape:
            raise ShapeError(
                f"{self._word} is that of a number, and {self.title} has shape {shape_text(value.shape)}; take a sum, or "
                f"ask for jacobian({self.title}, ...), the derivatives of all its entries"
            )
        return value

    def here(self, body: Body, captured: Sequence[Node]) -> list[Node]:
        """Return what a body computes at the point itself."""
        now = substitute(body.outputs, dict(zip(body.inputs, (*self.at, *captured), strict=True)))
        collected_here().became({node: new for node, new in now.items() if not isinstance(node, Input)})
        return [now[output] for output in body.outputs]

    def pulled(self, body: Body, captured: Sequence[Node], bars: Sequence[Node]) -> Value:
        """Return the cotangents of what moves, given those of what a body computes."""
        node = pullback(*bars, *self.at, *captured, body=body, count=len(self.at))
        return filled(self.form, results(node))  # type: ignore[arg-type]

    def like(self, value: Value, what: str, form: Value, nodes: Sequence[Node]) -> list[Node]:
        """Return tangents or cotangents of `nodes`, which are nested as `form`."""
        if not same_form(value, form):
            raise ArgumentError(f"{self._word}: {what} are nested otherwise than what they belong to")
        found = []
        for given, node in zip(leaves(value, what), nodes, strict=True):
            given = converted(given, node.dtype)
            if isinstance(given, Const) and not given.shape:
                given = constant(given.value, node.shape, node.dtype)
            if len(given.shape) != len(node.shape) or not all(map(agreed, given.shape, node.shape)):
                raise ShapeError(
                    f"{self._word}: {what} have shape {shape_text(given.shape)} where what they belong to has "
                    f"{shape_text(node.shape)}"
                )
            found.append(with_shape(given, node.shape))
        return found


def _positions(argnums: Value, count: int, title: str) -> list[int]:
    """Return the positions that `argnums` names, counted from the front."""
    found = []
    for item in argnums if isinstance(argnums, tuple) else (argnums,):
        position = static_int(item, "argnums")
        if not -count <= position < count:
            raise ArgumentError(f"argnums names argument {position} of {title}, which is called with {count}")
        found.append(position % count)
    if len(set(found)) < len(found) or not found:
        raise ArgumentError(f"argnums names arguments of {title}, each once")
    return found


def _real_values(value: Value, what: str) -> list[Node]:
    """Return the leaves of a result, all of them real; numbers as they are beside arrays."""
    found = []
    for node in leaves(value, what):
        if not isinstance(node, Const) and not is_float(node.dtype):
            raise UnsupportedError(f"{what} is {node.dtype}, not real, so that it has no derivative")
        found.append(converted(node, default_float()) if isinstance(node, Const) or node.weak else node)
    if not found:
        raise ArgumentError(f"{what} is nothing that could be differentiated")
    return found


def _several(value: Value, what: str) -> tuple[Value, ...]:
    if not isinstance(value, tuple):
        raise ArgumentError(f"{what} are a tuple, one for each argument: (x,) for a single one")
    return value


def _block(body: Body, args: Sequence[Node], number: int, place: int, mode: str) -> Node:
    """Return the derivative of one output of a body with respect to one of its inputs."""
    order = [place, *(other for other in range(len(args)) if other != place)]
    part = Body(tuple(body.inputs[i] for i in order), (body.outputs[number],))
    value, x = body.outputs[number], body.inputs[place]
    if mode == "auto":
        mode = "forward" if _is_wide(value, x) else "reverse"
    return jacobian_of(*(args[i] for i in order), body=part, mode=mode)


def _is_wide(value: Node, x: Node) -> bool:
    """Tell whether a value is known to have more entries than what it is differentiated by."""
    if not x.shape or not value.shape:
        return bool(value.shape)
    sizes = [*value.shape, *x.shape]
    if not all(isinstance(size, int) for size in sizes):
        return False
    return _entries(x) < _entries(value)


def _entries(node: Node) -> int:
    count = 1
    for size in node.shape:
        assert isinstance(size, int)
        count *= size
    return count


def _filled(form: Value, items: Sequence[Value]) -> Value:
    """Return `items`, which are nests themselves, nested as `form` nests its leaves."""
    return filled(form, items)  # type: ignore[arg-type]
