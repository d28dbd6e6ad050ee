"""`while_loop`: a step that runs for as long as a condition holds.

    carry_{k+1} = step(carry_k)    while condition(carry_k), and k < limit

Arguments are the initial carries and what all steps share. Results are the final carries, the number of steps that were
taken, and for the carries that are `kept` their trajectory. The way back takes as many steps as the way there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from symbackprop.errors import ShapeError, UnsupportedError
from symbackprop.ir.body import Body, fresh_inputs
from symbackprop.ir.node import Apply, Input, Node, Shape, constant, make_input, make_output
from symbackprop.ir.size import Size
from symbackprop.ops.comparison import less
from symbackprop.ops.declare import Engine, Primitive, custom
from symbackprop.ops.loops import Loop, looped, moving_inputs, rows_between, scan

__all__ = ["WhileLoop", "repeated", "while_loop"]


@dataclass(frozen=True)
class WhileLoop:
    """A node of `while_loop`, its parts by name."""

    node: Apply

    @property
    def body(self) -> Body:
        return self.node.param("body")  # type: ignore[return-value]

    @property
    def condition(self) -> Body:
        return self.node.param("condition")  # type: ignore[return-value]

    @property
    def carries(self) -> int:
        """The number of carries."""
        return self.node.param("carries")  # type: ignore[return-value]

    @property
    def limit(self) -> Size | None:
        """The largest number of steps."""
        return self.node.param("limit")  # type: ignore[return-value]

    @property
    def size(self) -> Size | None:
        """The number of steps as a size; None inside of bodies, which have no sizes of their own."""
        return self.node.param("size")  # type: ignore[return-value]

    @property
    def kept(self) -> tuple[int, ...]:
        """The carries whose trajectories are results."""
        return self.node.param("kept")  # type: ignore[return-value]

    @property
    def initial(self) -> tuple[Node, ...]:
        return self.node.args[: self.carries]

    @property
    def constants(self) -> tuple[Node, ...]:
        return self.node.args[self.carries :]

    @property
    def carry_inputs(self) -> tuple[Input, ...]:
        return self.body.inputs[: self.carries]

    @property
    def constant_inputs(self) -> tuple[Input, ...]:
        return self.body.inputs[self.carries :]

    @property
    def new_carries(self) -> tuple[Node, ...]:
        return self.body.outputs

    def final(self, carry: int) -> Node:
        """Return what the last step makes of a carry."""
        node = self.carry_inputs[carry]
        return make_output(self.node, carry, node.shape, node.dtype)

    @property
    def count(self) -> Node:
        """How many steps were taken."""
        return make_output(self.node, self.carries, (), "int64")

    def trajectory(self, carry: int) -> Node:
        """Return all values of a kept carry."""
        node = self.carry_inputs[carry]
        assert self.size is not None
        position = self.carries + 1 + self.kept.index(carry)
        return make_output(self.node, position, (self.size + 1, *node.shape), node.dtype)

    # --- as a loop of a known number of steps, which reads no rows

    reverse = False
    row_inputs: tuple[Input, ...] = ()
    sequences: tuple[Node, ...] = ()

    def entering(self, trajectory: Node) -> Node:
        """Return of a trajectory the rows with which the steps begin."""
        return rows_between(trajectory, None, -1)

    def leaving(self, trajectory: Node) -> Node:
        """Return of a trajectory the rows with which the steps end."""
        return rows_between(trajectory, 1, None)

    def with_steps_kept(self, args: Sequence[Node], kept: Sequence[int]) -> WhileLoop:
        """Return the loop with other arguments that keeps the trajectories of some carries."""
        return repeated(
            self.condition, self.body, args[: self.carries], args[self.carries :], limit=self.limit, size=self.size,
            kept=kept,
        )  # fmt: skip

    def as_scan(self, kept: Sequence[int]) -> Loop:
        """Return the loop that takes as many steps, once it is known how many these are."""
        if self.size is None:
            raise UnsupportedError(
                "the reverse derivative of a while_loop inside the step of another loop or a branch is not supported, as "
                "the number of its steps differs from one run to the next; use scan with a fixed number of steps, or jvp"
            )
        return looped(self.body, self.initial, (), self.constants, self.size, kept=kept)


def repeated(
    condition: Body,
    body: Body,
    initial: Sequence[Node],
    constants: Sequence[Node],
    *,
    limit: Size | None = None,
    size: Size | None = None,
    kept: Sequence[int] = (),
) -> WhileLoop:
    """Return the loop that runs `body` for as long as `condition` holds; both bind the same."""
    node = while_loop(
        *initial, *constants, body=body, condition=condition, carries=len(initial), limit=limit, size=size,
        kept=tuple(kept),
    )  # fmt: skip
    assert isinstance(node, Apply)
    return WhileLoop(node)


def _infer_all(args: tuple[Node, ...], params: Mapping[str, object]) -> list[tuple[Shape, str]]:
    body: Body = params["body"]  # type: ignore[assignment]
    condition: Body = params["condition"]  # type: ignore[assignment]
    carries: int = params["carries"]  # type: ignore[assignment]
    size: Size | None = params["size"]  # type: ignore[assignment]
    kept: tuple[int, ...] = params["kept"]  # type: ignore[assignment]
    given = [(node.shape, node.dtype) for node in args]
    for part in (body, condition):
        if [(node.shape, node.dtype) for node in part.inputs] != given:
            raise ShapeError("the step or the condition of a while_loop binds other values than it is given")
    if [(node.shape, node.dtype) for node in body.outputs] != given[:carries]:
        raise ShapeError("a step of a while_loop turns its carry into one of another shape or dtype")
    if [(node.shape, node.dtype) for node in condition.outputs] != [((), "bool")]:
        raise ShapeError("the condition of a while_loop is one truth value")
    trajectories = [((size + 1, *args[i].shape), args[i].dtype) for i in kept] if size is not None else []
    return [*given[:carries], ((), "int64"), *trajectories]


def _infer(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    return _infer_all(args, params)[0]


def _names(node: Apply) -> list[str]:
    loop = WhileLoop(node)
    return ["carry"] * loop.carries + ["steps"] + ["carries"] * len(loop.kept)


# --- derivatives ------------------------------------------------------------------------------------------------------


def _vjp(cotangents: Sequence[Node | None], out: Apply, engine: Engine) -> Sequence[Node | None]:
    """Go back over as many steps as were taken."""
    loop = WhileLoop(out)
    twin = loop.as_scan(loop.kept)
    given = [*cotangents[: loop.carries], *cotangents[loop.carries + 1 :]]
    return scan.vjp(given, twin.node, engine)  # type: ignore[return-value]


def _jvp(
    tangents: Sequence[Node | None],
    out: Apply,
    push_forward: Callable[[Sequence[Node], Mapping[Node, Node]], Sequence[Node | None]],
) -> list[Node | None]:
    """Run once more, with the tangents of the carries as further carries, which the condition does not look at."""
    loop = WhileLoop(out)
    carries = loop.carries
    given = dict(zip(loop.body.inputs, tangents, strict=True))
    first = [node for node, tangent in given.items() if tangent is not None]
    active = moving_inputs(loop.body, loop.carry_inputs, loop.new_carries, first)
    moved = [node for node in loop.body.inputs if node in active]
    dots: dict[Node, Input] = dict(zip(moved, fresh_inputs(moved, loop.body.inputs), strict=True))
    pushed = push_forward(loop.new_carries, dots)
    carried = [i for i in range(carries) if loop.carry_inputs[i] in active]
    shared = [node for node in loop.constant_inputs if node in active]
    inputs = (
        *loop.carry_inputs, *(dots[loop.carry_inputs[i]] for i in carried),
        *loop.constant_inputs, *(dots[node] for node in shared),
    )  # fmt: skip
    new = (*loop.new_carries, *(_or_zeros(pushed[i], loop.carry_inputs[i]) for i in carried))
    twin = repeated(
        Body(inputs, loop.condition.outputs),
        Body(inputs, new),
        [*loop.initial, *(_or_zeros(given[loop.carry_inputs[i]], loop.carry_inputs[i]) for i in carried)],
        [*loop.constants, *(_or_zeros(given[node], node) for node in shared)],
        limit=loop.limit,
        size=loop.size,
        kept=[carries + at for at, i in enumerate(carried) if i in loop.kept],
    )
    place = {i: carries + at for at, i in enumerate(carried)}
    finals = [twin.final(place[i]) if i in place else None for i in range(carries)]
    return [*finals, None, *(twin.trajectory(place[i]) if i in place else None for i in loop.kept)]


def _or_zeros(tangent: Node | None, like: Node) -> Node:
    return constant(0, like.shape, like.dtype) if tangent is None else tangent


def _samples() -> list[Node]:
    h, k, w = make_input(0, (2,), "float64", 1), make_input(1, (), "int64", 1), make_input(2, (2,), "float64", 1)
    condition, body = Body((h, k, w), (less(k, 3),)), Body((h, k, w), (h * w + h, k + 1))
    arguments = [make_input(0, (2,), "float64"), constant(0), make_input(1, (2,), "float64")]
    return [repeated(condition, body, arguments[:2], arguments[2:], size=3).final(0)]


while_loop: Primitive = custom(
    "while_loop",
    arity=None,
    numpy="while_loop",
    infer=_infer,
    infer_outputs=_infer_all,
    outputs=("carry",),
    named_outputs=_names,
    has_bodies=True,
    vjp=_vjp,
    jvp=_jvp,  # type: ignore[arg-type]
    samples=_samples,
    public=False,
    flops=0,
    kinks="where the number of steps changes, the derivative is that of the steps that are taken",
    derivative="the vjps of the steps that were taken, from the last to the first",
    source="the chain rule along the steps that are taken",
)
