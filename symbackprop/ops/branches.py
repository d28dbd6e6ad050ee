"""`cond`: of several branches only the one that is chosen runs.

Arguments are what chooses, a truth value or an integer, and what the branches share; each branch is a body of these. The
integer counts the branches from 0; below and above it means the first and the last. A truth value chooses the first
branch where it is true.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from symbackprop.errors import ShapeError
from symbackprop.ir.body import Body, fresh_inputs
from symbackprop.ir.dtype import is_float
from symbackprop.ir.node import Apply, Const, Input, Node, Shape, constant, make_input, make_output
from symbackprop.ir.size import shape_text
from symbackprop.ops.bodies import substitute
from symbackprop.ops.broadcasting import broadcast, broadcast_to
from symbackprop.ops.declare import Engine, Primitive, custom

__all__ = ["Branches", "branched", "cond"]


@dataclass(frozen=True)
class Branches:
    """A node of `cond`, its parts by name."""

    node: Apply

    @property
    def bodies(self) -> tuple[Body, ...]:
        return tuple(value for _, value in self.node.params if isinstance(value, Body))

    @property
    def chooser(self) -> Node:
        """The truth value or the integer that chooses."""
        return self.node.args[0]

    @property
    def shared(self) -> tuple[Node, ...]:
        """What the branches compute with."""
        return self.node.args[1:]

    @property
    def inputs(self) -> tuple[Input, ...]:
        """What the bodies bind to it."""
        return self.bodies[0].inputs

    def result(self, position: int) -> Node:
        """Return what the branch that runs computes."""
        like = self.bodies[0].outputs[position]
        return make_output(self.node, position, like.shape, like.dtype)


def branched(chooser: Node, bodies: Sequence[Body], shared: Sequence[Node]) -> Branches:
    """Return the choice among `bodies`, which bind the same inputs to what is `shared`."""
    named = {f"branch{position:03d}": body for position, body in enumerate(bodies)}
    node = cond(chooser, *shared, **named)
    assert isinstance(node, Apply)
    return Branches(node)


def _infer_all(args: tuple[Node, ...], params: Mapping[str, object]) -> list[tuple[Shape, str]]:
    bodies: list[Body] = [body for _, body in sorted(params.items())]  # type: ignore[misc]
    chooser, *shared = args
    if chooser.shape or is_float(chooser.dtype):
        raise ShapeError(f"a branch is chosen by one truth value or integer, not by {chooser!r}")
    for body in bodies:
        if [(node.shape, node.dtype) for node in body.inputs] != [(node.shape, node.dtype) for node in shared]:
            raise ShapeError("a branch binds other inputs than it is given")
    first = [(node.shape, node.dtype) for node in bodies[0].outputs]
    for body in bodies[1:]:
        found = [(node.shape, node.dtype) for node in body.outputs]
        if found != first:
            shapes = " and ".join(", ".join(shape_text(shape) for shape, _ in one) for one in (first, found))
            raise ShapeError(f"branches give results of unlike shapes or dtypes: {shapes}")
    return first


def _infer(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    return (*_infer_all(args, params), ((), "float64"))[0]


# --- derivatives ------------------------------------------------------------------------------------------------------


def _vjp(cotangents: Sequence[Node | None], out: Apply, engine: Engine) -> list[Node | None]:
    """Choose once more, among the vjps of the branches."""
    choice = Branches(out)
    pairs = zip(choice.inputs, choice.shared, strict=True)
    wrt = [node for node, arg in pairs if arg in engine.active and is_float(node.dtype)]
    given = {at: g for at, g in enumerate(cotangents) if g is not None and is_float(g.dtype)}
    outer = dict.fromkeys(map(_unrepeated, given.values()))
    taken = [node for node in outer if not isinstance(node, Const)]
    entering = fresh_inputs(taken, [node for body in choice.bodies for node in body.inputs])
    inside = substitute(given.values(), dict(zip(taken, entering, strict=True)))
    bars = [inside[g] for g in given.values()]
    bodies = []
    reached: set[Node] = set()
    every = []
    for body in choice.bodies:
        adjoints = engine.pull_back([body.outputs[at] for at in given], bars, wrt)
        reached.update(node for node in wrt if node in adjoints)
        every.append(adjoints)
    read = [node for node in wrt if node in reached]
    for body, adjoints in zip(choice.bodies, every, strict=True):
        outputs = tuple(adjoints[node] if node in adjoints else _zeros(node) for node in read)
        bodies.append(Body((*body.inputs, *entering), outputs))
    if not read:
        return [None] * len(out.args)
    back = branched(choice.chooser, bodies, [*choice.shared, *taken])
    found = {node: back.result(at) for at, node in enumerate(read)}
    return [None, *(found.get(node) for node in choice.inputs)]


def _unrepeated(node: Node) -> Node:
    """Return what a broadcast repeats: the branches repeat it, where they have to."""
    return node.args[0] if isinstance(node, Apply) and node.op is broadcast else node


def _jvp(
    tangents: Sequence[Node | None],
    out: Apply,
    push_forward: Callable[[Sequence[Node], Mapping[Node, Node]], Sequence[Node | None]],
) -> list[Node | None]:
    """Choose once more, among the jvps of the branches."""
    choice = Branches(out)
    given = {node: t for node, t in zip(choice.inputs, tangents[1:], strict=True) if t is not None}
    dots = fresh_inputs(given, choice.inputs)
    moved: dict[Node, Node] = dict(zip(given, dots, strict=True))
    pushed = [push_forward(body.outputs, moved) for body in choice.bodies]
    count = len(choice.bodies[0].outputs)
    moving = [at for at in range(count) if any(found[at] is not None for found in pushed)]
    bodies = []
    for body, found in zip(choice.bodies, pushed, strict=True):
        outputs = [found[at] for at in moving]
        filled = [_zeros(body.outputs[at]) if dot is None else dot for at, dot in zip(moving, outputs, strict=True)]
        bodies.append(Body((*body.inputs, *dots), tuple(filled)))
    if not moving:
        return [None] * count
    forward = branched(choice.chooser, bodies, [*choice.shared, *given.values()])
    return [forward.result(moving.index(at)) if at in moving else None for at in range(count)]


def _zeros(node: Node) -> Node:
    return constant(0, node.shape, node.dtype)


def _samples() -> list[Node]:
    x, w = make_input(0, (3,), "float64", 1), make_input(1, (), "float64", 1)
    bodies = [Body((x, w), (x * x * broadcast_to(w, (3,)), w * w)), Body((x, w), (x * 3, w * w * 2))]
    arguments = [make_input(0, (3,), "float64"), make_input(1, (), "float64")]
    found: list[Node] = []
    for chooser in (constant(True), constant(False), constant(1)):
        choice = branched(chooser, bodies, arguments)
        found += [choice.result(0), choice.result(1)]
    return found


cond: Primitive = custom(
    "cond",
    arity=None,
    numpy="cond",
    infer=_infer,
    infer_outputs=_infer_all,
    outputs=("chosen",),
    named_outputs=lambda node: ["chosen"] * len(Branches(node).bodies[0].outputs),
    has_bodies=True,
    vjp=_vjp,
    jvp=_jvp,  # type: ignore[arg-type]
    samples=_samples,
    public=False,
    flops=0,
    kinks="where the choice changes, the derivative is that of the branch that runs",
    derivative="the vjp of the branch that runs",
    source="the chain rule in the branch that runs",
)
