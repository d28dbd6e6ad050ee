"""`custom_rule`: values whose derivative is given beside them, by a vjp, a jvp or both.

    out = f(x),   x_bar = vjp(out_bar, out, x),   out_dot = jvp(x_dot, out, x)

The results of `f` are its first arguments, computed beside it and handed on as they are; what `f` was called with are
the next ones. No cotangent flows into the former: what the latter receive is what the rule says. A rule is a body,
closed over what it reads from outside, and is put into the graph where it is needed; its derivative is that of its
nodes. Where just one of vjp and jvp is given, the other one is its transpose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from symbackprop.errors import ShapeError, UnsupportedError
from symbackprop.ir.body import Body, fresh_inputs
from symbackprop.ir.dtype import is_float
from symbackprop.ir.graph import topological
from symbackprop.ir.node import Apply, Node, Shape, constant, make_input
from symbackprop.ops.bodies import inlined
from symbackprop.ops.declare import Engine, Primitive, PullBack, PushForward, Refused, custom, results

__all__ = ["Call", "Rule", "custom_rule", "ruled"]


class Rule(NamedTuple):
    """A vjp or a jvp.

    Parameters
    ----------
    body : Body
        It binds cotangents of all results (tangents of all arguments), the results, the arguments, and what it reads.
    of : tuple of int
        Of which arguments (results) its outputs are the cotangents (tangents); those of the others are zero.
    read : tuple of Node
        What it takes from outside.
    """

    body: Body
    of: tuple[int, ...]
    read: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Call:
    """A node of `custom_rule`, its parts by name."""

    node: Apply

    @cached_property
    def _params(self) -> dict[str, object]:
        return dict(self.node.params)

    @property
    def name(self) -> str:
        return self._params["name"]  # type: ignore[return-value]

    @property
    def surrogate(self) -> bool:
        """Whether the rule is meant to be another derivative than that of the value."""
        return self._params["surrogate"]  # type: ignore[return-value]

    @cached_property
    def _parts(self) -> list[tuple[Node, ...]]:
        counts: tuple[int, ...] = self._params["counts"]  # type: ignore[assignment]
        rest = iter(self.node.args)
        return [tuple(next(rest) for _ in range(count)) for count in counts]

    @property
    def primals(self) -> tuple[Node, ...]:
        """The results, as they were computed."""
        return self._parts[0]

    @property
    def arguments(self) -> tuple[Node, ...]:
        return self._parts[1]

    @property
    def read(self) -> tuple[Node, ...]:
        """What the function takes from outside, beside its arguments."""
        return self._parts[2]

    @property
    def vjp(self) -> Rule | None:
        return self._rule("vjp", 3)

    @property
    def jvp(self) -> Rule | None:
        return self._rule("jvp", 4)

    def _rule(self, kind: str, part: int) -> Rule | None:
        body = self._params[kind]
        if body is None:
            return None
        return Rule(body, self._params[f"{kind}_of"], self._parts[part])  # type: ignore[arg-type]


def ruled(
    name: str,
    primals: Sequence[Node],
    arguments: Sequence[Node],
    read: Sequence[Node],
    vjp: Rule | None,
    jvp: Rule | None,
    *,
    surrogate: bool = False,
) -> tuple[Node, ...]:
    """Return `primals` with the derivative that the rules give."""
    rules = [rule.read if rule is not None else () for rule in (vjp, jvp)]
    parts = (primals, arguments, read, *rules)
    node = custom_rule(
        *(node for part in parts for node in part),
        name=name,
        counts=tuple(map(len, parts)),
        vjp=None if vjp is None else vjp.body,
        vjp_of=() if vjp is None else vjp.of,
        jvp=None if jvp is None else jvp.body,
        jvp_of=() if jvp is None else jvp.of,
        surrogate=surrogate,
    )
    assert isinstance(node, Apply)
    return results(node)


# --- shapes -----------------------------------------------------------------------------------------------------------


def _infer_all(args: tuple[Node, ...], params: Mapping[str, object]) -> list[tuple[Shape, str]]:
    counts: tuple[int, ...] = params["counts"]  # type: ignore[assignment]
    outs, inputs, read, *by_rule = counts
    primals, rest = args[:outs], args[outs : outs + inputs]
    position = outs + inputs + read
    if len(args) != position + sum(by_rule):
        raise ShapeError(f"custom rule {params['name']} has {len(args)} arguments, not {position + sum(by_rule)}")
    for kind, count, leading in (("vjp", by_rule[0], primals), ("jvp", by_rule[1], rest)):
        body: Body | None = params[kind]  # type: ignore[assignment]
        like = (*leading, *primals, *rest, *args[position : position + count])
        position += count
        if body is not None and [(n.shape, n.dtype) for n in body.inputs] != [(n.shape, n.dtype) for n in like]:
            raise ShapeError(f"the {kind} of custom rule {params['name']} binds other shapes than it is given")
    return [(node.shape, node.dtype) for node in primals]


def _infer(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    return _infer_all(args, params)[0]


# --- derivatives ------------------------------------------------------------------------------------------------------


def _zero(node: Node) -> Node:
    return constant(0, node.shape, node.dtype)


def _filled(given: Sequence[Node | None], like: Sequence[Node]) -> list[Node]:
    return [_zero(node) if g is None else g for g, node in zip(given, like, strict=True)]


def _vjp(cotangents: Sequence[Node | None], out: Apply, engine: Engine) -> list[Node | Refused | None]:
    call = Call(out)
    given = _filled(cotangents, call.primals)
    beside = (*results(out), *call.arguments)
    found: Mapping[int, Node | Refused]
    if call.vjp is not None:
        found = _applied(call.vjp, given, beside)
    elif call.jvp is not None:
        found = _transposed(call, "jvp", call.jvp, given, beside, engine.pull_back)
    else:
        missing = Refused("", f"custom rule {call.name} has neither a vjp nor a jvp, and its gradient is asked for")
        found = dict.fromkeys(range(len(call.arguments)), missing)
    return [
        *[None] * len(call.primals),
        *(found.get(position) for position in range(len(call.arguments))),
        *[Refused("", _captured(call.name))] * len(call.read),
        *[None] * (len(out.args) - len(call.primals) - len(call.arguments) - len(call.read)),
    ]


def _jvp(tangents: Sequence[Node | None], out: Apply, engine: PushForward) -> list[Node | None]:
    call = Call(out)
    first = len(call.primals)
    behind = first + len(call.arguments)
    if any(tangent is not None for tangent in tangents[behind : behind + len(call.read)]):
        raise UnsupportedError(_captured(call.name))
    given = _filled(tangents[first:behind], call.arguments)
    beside = (*results(out), *call.arguments)
    if call.jvp is not None:
        found = _applied(call.jvp, given, beside)
    elif call.vjp is not None:
        found = _transposed(call, "vjp", call.vjp, given, beside, engine.pull_back)
    else:
        raise UnsupportedError(f"custom rule {call.name} has neither a vjp nor a jvp, and its derivative is asked for")
    return [found.get(position) for position in range(first)]


def _captured(name: str) -> str:
    return (
        f"custom rule {name} reads what is differentiated from outside, for which its rule gives no derivative; "
        f"make it an argument of {name}"
    )


def _applied(rule: Rule, given: Sequence[Node], beside: Sequence[Node]) -> dict[int, Node]:
    """Return what a rule makes of cotangents or tangents."""
    return dict(zip(rule.of, inlined(rule.body, (*given, *beside, *rule.read)), strict=True))


def _transposed(
    call: Call, kind: str, rule: Rule, given: Sequence[Node], beside: Sequence[Node], pull_back: PullBack
) -> dict[int, Node]:
    """Return what the transpose of a rule makes of cotangents or tangents: the rule is linear in what comes first."""
    body = rule.body
    count = len(body.inputs) - len(beside) - len(rule.read)
    moved, rest = body.inputs[:count], body.inputs[count:]
    fresh = fresh_inputs(body.outputs, body.inputs)
    adjoints = pull_back(body.outputs, fresh, [node for node in moved if is_float(node.dtype)])
    found = {position: adjoints[node] for position, node in enumerate(moved) if node in adjoints}
    if not set(moved).isdisjoint(topological(found.values())):
        first, other = ("cotangents", "jvp") if kind == "vjp" else ("tangents", "vjp")
        raise UnsupportedError(
            f"the {kind} of custom rule {call.name} is not linear in the {first}, so that no {other} follows from it; "
            f"give a {other} too"
        )
    transpose = Body((*fresh, *rest), tuple(found.values()))
    values = inlined(transpose, (*(given[position] for position in rule.of), *beside, *rule.read))
    return dict(zip(found, values, strict=True))


# --- the primitive ----------------------------------------------------------------------------------------------------


def _samples() -> list[Node]:
    """Return x * sum(y) and sin(x), with rules by hand: a vjp alone, a jvp alone, both."""
    from symbackprop.ops.arithmetic import add, mul
    from symbackprop.ops.broadcasting import broadcast, reduce_sum
    from symbackprop.ops.trigonometric import cos, sin

    like = [((3,), "float64"), ((2,), "float64")]
    x, y = (make_input(i, shape, dtype) for i, (shape, dtype) in enumerate(like))

    def spread(node: Node, count: int) -> Node:
        return broadcast(node, shape=(count,), axes=())

    def bound(shapes: Sequence[Shape]) -> list[Node]:
        return [make_input(i, shape, "float64", 1) for i, shape in enumerate(shapes)]

    primals = (mul(x, spread(reduce_sum(y, axes=(0,)), 3)), sin(x))
    g, h, *_, a, b = vjp_inputs = bound([(3,), (3,), (3,), (3,), (3,), (2,)])
    a_bar = add(mul(g, spread(reduce_sum(b, axes=(0,)), 3)), mul(h, cos(a)))
    vjp = Rule(Body(tuple(vjp_inputs), (a_bar, spread(reduce_sum(mul(g, a), axes=(0,)), 2))), (0, 1))  # type: ignore[arg-type]
    da, db, *_, c, d = jvp_inputs = bound([(3,), (2,), (3,), (3,), (3,), (2,)])
    pushed = add(mul(da, spread(reduce_sum(d, axes=(0,)), 3)), mul(c, spread(reduce_sum(db, axes=(0,)), 3)))
    jvp = Rule(Body(tuple(jvp_inputs), (pushed, mul(da, cos(c)))), (0, 1))  # type: ignore[arg-type]
    rules = ((vjp, None), (None, jvp), (vjp, jvp))
    return [result for pair in rules for result in ruled("sample", primals, (x, y), (), *pair)]


def _names(node: Apply) -> list[str]:
    return ["out"] * len(Call(node).primals)


custom_rule: Primitive = custom(
    "custom_rule",
    arity=None,
    numpy="custom_rule",
    infer=_infer,
    infer_outputs=_infer_all,
    outputs=("out",),
    named_outputs=_names,
    has_bodies=True,
    vjp=_vjp,
    jvp=_jvp,  # type: ignore[arg-type]
    samples=_samples,
    public=False,
    flops=0,
    derivative="what its rule says",
    source="a definition: the rule stands for the derivative",
)
