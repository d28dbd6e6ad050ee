"""`custom_rule`: a function of the formula with a derivative of its own, other functions of the formula."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from symbackprop.errors import ArgumentError, ShapeError
from symbackprop.ir.dtype import default_float, is_float
from symbackprop.ir.node import Const, Input, Node, constant, make_input
from symbackprop.ir.size import shape_text
from symbackprop.ops.bodies import substitute
from symbackprop.ops.broadcasting import agreed, converted, with_shape
from symbackprop.ops.custom_rules import Rule, ruled
from symbackprop.ops.opaque import called, registered_opaque
from symbackprop.read.vocabulary.arguments import Value, collected_here, dtype_of, node_of, shape_of, static_flag
from symbackprop.read.vocabulary.closing import closed, refusing_counts
from symbackprop.read.vocabulary.loops import Step
from symbackprop.read.vocabulary.trees import filled, leaves, same_form

__all__ = ["custom_rule"]


def custom_rule(f: Any, vjp: Any, jvp: Any, *args: Value, surrogate: Value = False) -> Value:
    """``custom_rule(f, f_vjp, f_jvp, x, y)``: `f(x, y)`, with the derivative that the other functions give.

    ``f_vjp(g, out, x, y)`` returns the cotangents of x and y, ``f_jvp(x_dot, y_dot, out, x, y)`` the tangent of the
    result; one of them may be None, and so may a cotangent that is zero. With ``surrogate=True`` the derivative is
    meant to be another one than that of `f`.
    """
    _check_function(f, "the first argument", len(args), "x, y")
    call = _Call(f, args)
    if not call.bound:
        value: Value = f(*args)  # of numbers, in which there is no derivative
        return value
    out = call.evaluated()
    rules = []
    for kind, rule, make in (("vjp", vjp, call.vjp), ("jvp", jvp, call.jvp)):
        if rule is not None:
            count = 2 + len(args) if kind == "vjp" else 1 + 2 * len(args)
            _check_function(rule, f"the {kind} of {f.title}", count, "g, out, x" if kind == "vjp" else "x_dot, out, x")
        rules.append(None if rule is None else make(rule))
    results = ruled(f.title, call.primals, call.bound, call.read, *rules, surrogate=static_flag(surrogate, "surrogate"))
    return filled(out, results)


def _check_function(function: Any, what: str, count: int, example: str) -> None:
    if not callable(function) or not hasattr(function, "parameters"):
        raise ArgumentError(f"{what} is a function, defined above: def name({example}): ...")
    if len(function.parameters) != count:
        given = ", ".join(function.parameters)
        raise ArgumentError(f"{what} takes {count} arguments here, def name({example}): ..., not ({given})")


class _Call:
    """A call of a function that has rules; numbers among its arguments stay what they are."""

    def __init__(self, f: Step, args: Sequence[Value]) -> None:
        self.f, self.args = f, args
        self._leaves = [
            leaves(arg, f"argument {name} of {f.title}") for name, arg in zip(f.parameters, args, strict=True)
        ]
        self.bound = [node for own in self._leaves for node in own if not isinstance(node, Const)]
        self.primals: list[Node] = []
        self.read: tuple[Node, ...] = ()
        self._out: Value = None

    def evaluated(self) -> Value:
        """Compute the results beside the rule, and return how they are nested."""
        inputs = _inputs(self.bound)
        with refusing_counts(self.f.title):
            self._out = self.f(*self._with(inputs))
        outputs = [_typed(node) for node in leaves(self._out, f"the result of {self.f.title}")]
        if not outputs:
            raise ArgumentError(f"{self.f.title} returns nothing; return what it computes")
        body, self.read = closed(outputs, inputs, self.f.given)
        now = substitute(body.outputs, dict(zip(body.inputs, (*self.bound, *self.read), strict=True)))
        collected_here().became({node: new for node, new in now.items() if node not in body.inputs})
        self.primals = [now[output] for output in body.outputs]
        return self._out

    def vjp(self, rule: Step) -> Rule:
        """Return the body of a vjp."""
        count = len(self.primals)
        inputs = _inputs((*self.primals, *self.primals, *self.bound))
        g, out = filled(self._out, inputs[:count]), filled(self._out, inputs[count : 2 * count])
        with refusing_counts(rule.title):
            result = rule(g, out, *self._with(inputs[2 * count :]))
        return _closed(rule, self._cotangents(rule.title, result), inputs)

    def jvp(self, rule: Step) -> Rule:
        """Return the body of a jvp."""
        count, width = len(self.primals), len(self.bound)
        inputs = _inputs((*self.bound, *self.primals, *self.bound))
        dots, out = self._with(inputs[:width], is_moved=True), filled(self._out, inputs[width : width + count])
        with refusing_counts(rule.title):
            result = rule(*dots, out, *self._with(inputs[width + count :]))
        if not same_form(self._out, result):
            raise ArgumentError(f"{rule.title} returns a tangent that is nested otherwise than {self.f.title}")
        what = f"a tangent for the result of {self.f.title}"
        pairs = zip(leaves(result, what), self.primals, strict=True)
        return _closed(rule, {i: _fitted(rule.title, what, dot, out) for i, (dot, out) in enumerate(pairs)}, inputs)

    def _with(self, nodes: Sequence[Node], *, is_moved: bool = False) -> list[Value]:
        """Return the arguments with `nodes` in the place of all that are no numbers; the tangents of numbers are 0."""
        rest = iter(nodes)
        found = []
        for arg, own in zip(self.args, self._leaves, strict=True):
            chosen = [next(rest) if not isinstance(n, Const) else _zero(n) if is_moved else n for n in own]
            found.append(filled(arg, chosen))
        return found

    def _cotangents(self, title: str, result: Value) -> dict[int, Node]:
        """Return by position of what is bound the cotangents that are not zero."""
        parts: Sequence[Value] = result if isinstance(result, tuple) else (result,)
        if len(self.args) == 1 and (len(parts) != 1 or same_form(self.args[0], result)):
            parts = (result,)
        names = self.f.parameters
        if len(parts) != len(self.args):
            raise ArgumentError(
                f"{title} returns {len(parts)} cotangents for the {len(self.args)} arguments of "
                f"{self.f.title}({', '.join(names)}); one each, None where it is zero"
            )
        found: dict[int, Node] = {}
        position = 0
        for name, arg, own, part in zip(names, self.args, self._leaves, parts, strict=True):
            what = f"a cotangent for argument {name} of {self.f.title}"
            if part is not None and not same_form(arg, part):
                raise ArgumentError(f"{title} returns {what} that is nested otherwise than {name} is")
            bars: list[Node | None] = [None] * len(own) if part is None else [*leaves(part, what)]
            for node, bar in zip(own, bars, strict=True):
                if isinstance(node, Const):
                    continue
                if bar is not None and is_float(node.dtype) and not (isinstance(bar, Const) and bar.value == 0):
                    found[position] = _fitted(title, what, bar, node)
                position += 1
        return found


def _inputs(like: Sequence[Node]) -> list[Input]:
    level = collected_here().new_level()
    return [make_input(at, node.shape, node.dtype, level) for at, node in enumerate(like)]


def _zero(node: Node) -> Node:
    return constant(0, node.shape, node.dtype)


def _typed(node: Node) -> Node:
    """Return a number with the dtype that it has beside arrays of the formula."""
    return converted(node, default_float()) if isinstance(node, Const) and is_float(node.dtype) else node


def _closed(step: Step, outputs: dict[int, Node], inputs: Sequence[Input]) -> Rule:
    body, read = closed([*outputs.values()], inputs, step.given)
    return Rule(body, tuple(outputs), read)


def _fitted(title: str, what: str, given: Node, node: Node) -> Node:
    """Return a cotangent or tangent in the shape and dtype of what it belongs to."""
    if isinstance(given, Const) and not given.shape and given.value == 0:
        return _zero(node)
    if len(given.shape) != len(node.shape) or not all(map(agreed, given.shape, node.shape)):
        raise ShapeError(
            f"{title} returns {what} of shape {shape_text(given.shape)} where that has {shape_text(node.shape)}; "
            "a derivative has the shape of what it belongs to: sum over the axes along which that is repeated"
        )
    return with_shape(converted(given, node.dtype), node.shape)


def opaque(f: Value, vjp: Value, jvp: Value, *args: Value, shape: Value = None, dtype: Value = None) -> Value:
    """``opaque('module.f', 'module.f_vjp', None, x)``: what a Python function gives that is not looked into.

    Its shape is that of the first argument, unless `shape` is another. It must be registered in this process.
    """
    if not isinstance(f, str) or not all(path is None or isinstance(path, str) for path in (vjp, jvp)):
        raise ArgumentError("opaque takes the import paths of a function, its vjp and its jvp, 'module.f', or None")
    registered_opaque(f, vjp, jvp)  # type: ignore[arg-type]
    nodes = [_typed(node_of(arg)) for arg in args]
    if not nodes:
        raise ArgumentError(f"{f} is called without arguments; it needs one at least")
    given = nodes[0].shape if shape is None else shape_of(shape)
    return called(f, vjp, jvp, nodes, given, dtype_of(dtype, default_float()))  # type: ignore[arg-type]


FUNCTIONS: dict[str, Callable[..., Value]] = {"custom_rule": custom_rule, "opaque": opaque}
