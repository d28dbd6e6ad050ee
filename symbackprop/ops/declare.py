"""What a declaration of a primitive holds, and the registry of all that were declared.

A declaration is one call of `elementwise` (see `ops.elementwise`), `linear` or `custom`. It holds all that the system
knows of a primitive: shape and dtype rule, the text that prints it (which is also what evaluates it), the derivative,
points at which to test it, a source. There is no other place to add to.

Texts are templates such as ``"np.tanh({0})"`` or ``"{0} * {1}"``; where the text depends on static parameters or on
shapes, a function ``(node, style) -> template``. The printer parenthesises what stands in the braces.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn, Protocol

from symbackprop.errors import UnsupportedError
from symbackprop.ir.node import (
    Apply,
    Node,
    Operand,
    Operation,
    Params,
    Shape,
    constant,
    make_apply,
    make_output,
)
from symbackprop.ir.size import Size
from symbackprop.ops.text_style import Style

__all__ = [
    "ALIASED",
    "COPIED",
    "Engine",
    "Primitive",
    "PullBack",
    "PushForward",
    "Refused",
    "Style",
    "Text",
    "as_node",
    "custom",
    "is_by_others",
    "linear",
    "on_declaration",
    "primitives",
    "refuse",
    "register",
    "result_names",
    "results",
]


class Engine(Protocol):
    """What the vjp of a primitive with body graphs may ask of the engine that calls it."""

    @property
    def active(self) -> Container[Node]:
        """The nodes that depend on what is differentiated."""

    @property
    def pull_back(self) -> PullBack:
        """Returns the adjoints of all nodes between `wrt` and `outputs`."""

    def note(self, node: Node, adjoint: Node) -> None:
        """Say which node is the adjoint of another one of a body, for the names of both."""


class PullBack(Protocol):
    """The reverse pass, as rules may ask for it."""

    def __call__(self, outputs: Sequence[Node], cotangents: Sequence[Node], wrt: Sequence[Node]) -> Mapping[Node, Node]:
        """Return the adjoints of all nodes between `wrt` and `outputs`."""


class PushForward(Protocol):
    """What the jvp of a primitive with body graphs may ask of the engine that calls it."""

    def __call__(self, outputs: Sequence[Node], tangents: Mapping[Node, Node]) -> Sequence[Node | None]:
        """Return the tangents of `outputs`, given those of inputs; None where a tangent is zero."""

    @property
    def pull_back(self) -> PullBack:
        """Returns the adjoints of all nodes between `wrt` and `outputs`."""


@dataclass(frozen=True)
class Refused:
    """Stands for a derivative that no rule gives; it is an error only where it is asked for.

    Parameters
    ----------
    argument : str
        What the derivative would be with respect to, ``"its order"``.
    message : str
        What to say instead, where that is not the reason.
    """

    argument: str
    message: str = ""


COPIED = "{out} = {0}.copy()"  # the first statement of a primitive that writes into a copy of its first argument
ALIASED = "{out} = {0}"  # that of one that gives its first argument as it is

Text = str | Callable[[Apply, Style], str]
Infer = Callable[[tuple[Node, ...], Mapping[str, object]], tuple[Shape, str]]
Vjp = Callable[..., Sequence[Node | Refused | None]]
Jvp = Callable[..., Node | None]
Partial = Callable[..., Node] | Refused | None
Points = Sequence[tuple[float, ...]]

_registry: dict[str, Primitive] = {}
_own: set[str] = set()  # the names of those that this package declares
_listeners: list[Callable[[Primitive], None]] = []


@dataclass(frozen=True, eq=False, kw_only=True)
class Primitive(Operation):
    """An operation of the graph and everything known of it.

    Parameters
    ----------
    name : str
        The field's (mostly NumPy's) name.
    kind : str
        ``"elementwise"``, ``"linear"`` or ``"custom"``.
    arity : int or None
        Number of arguments; None for any number.
    infer : callable
        ``(args, params) -> (shape, dtype)``; raises `ShapeError` on what does not fit.
    texts : mapping of target to text
        How it is printed, for ``"numpy"`` and, where scalars can, ``"math"``.
    vjp : callable
        ``(g, out) -> contributions``: for each argument the cotangent that flows to it, None where it is zero.
    jvp : callable
        ``(tangents, out) -> tangent``; a tangent is None where it is zero.
    prepare : callable
        Turns operands as written (numbers, unequal shapes) into arguments.
    partials : tuple of callables
        For an elementwise primitive, one function ``(*args, out) -> node`` an argument; None where it is zero, a
        `Refused` where there is no rule.
    points : sequence of tuples
        Where to test it: one argument tuple a point (elementwise primitives).
    samples : callable or None
        For the others: ``() -> list of nodes`` over inputs, each a use of the primitive to test.
    safe : tuple of floats
        For a partial function, or one that overflows: an argument at which value and partials are finite; None in
        a place where any finite argument is.
    lower : callable or None
        For a composite: ``(node) -> node`` in simple primitives.
    outputs : tuple of str
        What the results are called, for a primitive with several; its `infer` is that of the first.
    infer_outputs : callable or None
        ``(args, params) -> [(shape, dtype), ...]`` for these. Its vjp receives a list of cotangents (None where zero),
        its jvp returns one tangent a result.
    alone : mapping of int to text
        How one of several results is printed where no other is needed.
    module : str
        The module whose functions print it, where that is not NumPy or `math`: ``"scipy.linalg"``.
    count : callable or None
        ``(node) -> operations``, a polynomial in the sizes, where `flops` for each entry do not say it.
    checked : callable or None
        ``(node, style) -> statements`` about ``{out}``, the first of several results that is needed, behind the line
        that computes them; a statement about ``{out1}`` stands there only if the second one is needed.
    lines : callable or None
        ``(node, style) -> templates`` of the statements that fill ``{out}``, where one expression cannot say it; none
        where its text does.
    assigns : bool
        Whether its statements assign arguments to parts of the buffer, which broadcasts them.
    fixed : tuple of str
        For an elementwise primitive, static parameters that are integers and stand before its arguments in a call, as
        the order in ``eval_legendre(3, x)``.
    memory : str
        ``"fresh"`` or ``"view"``: whether the printed text may share memory with an argument.
    named_outputs : callable or None
        ``(node) -> names`` of the results, where their number depends on the parameters; `outputs` is then not empty.
    has_bodies : bool
        Whether it has body graphs; its vjp then takes an `Engine` as a third argument, its jvp a `PushForward`.
    roundings : int or None
        By how many units of roundoff of itself its text may be wrong, for `error_bound`; None where that is not known, or
        known by the kind of operation, as it is of those of this package.
    batch : callable or None
        ``(call) -> node`` for many examples at once, whose axis comes first, where the rules of
        `transform.batching` have none: `call` has the `node` for one example, what its `args` have become, which of
        these are batches (`moved`), all of them as batches (`wholes`), and the `size` of the batch.
    """

    name: str
    kind: str
    arity: int | None
    infer: Infer
    texts: Mapping[str, Text]
    vjp: Vjp
    jvp: Jvp
    prepare: Callable[[Sequence[Operand]], tuple[Node, ...]]
    source: str
    summary: str = ""
    partials: tuple[Partial, ...] = ()
    derivative: str = ""
    sympy: str | None = None
    kinks: str = ""
    domain: str = ""
    points: Points = ()
    samples: Callable[[], list[Node]] | None = None
    safe: tuple[float | None, ...] = ()
    analytic: bool = True
    flops: int = 1
    count: Callable[[Apply], Size] | None = None
    module: str = "numpy"
    checked: Callable[[Apply, Style], list[str]] | None = None
    lower: Callable[[Apply], Node] | None = None
    assigns: bool = False
    memory: str = "fresh"
    lines: Callable[[Apply, Style], list[str]] | None = None
    outputs: tuple[str, ...] = ()
    infer_outputs: Callable[..., Sequence[tuple[Shape, str]]] | None = None
    alone: Mapping[int, Text] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    public: bool = True
    defaults: Mapping[str, object] = field(default_factory=dict)
    fixed: tuple[str, ...] = ()
    named_outputs: Callable[[Apply], Sequence[str]] | None = None
    has_bodies: bool = False
    roundings: int | None = None
    batch: Callable[..., Node] | None = None

    def __call__(self, *operands: Operand, **params: object) -> Node:
        """Build a node; numbers become constants and elementwise arguments are broadcast against each other."""
        args = self.prepare(operands)
        shape, dtype = self.infer(args, params)
        static: Params = tuple(sorted(params.items())) if params else ()
        return make_apply(self, args, static, shape, dtype)

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"


def result_names(node: Apply) -> Sequence[str]:
    """Return what the results of a node that has several are called."""
    op = node.op
    assert isinstance(op, Primitive)
    return op.outputs if op.named_outputs is None else op.named_outputs(node)


def results(node: Apply) -> tuple[Node, ...]:
    """Return the results of a node that has several."""
    op = node.op
    assert isinstance(op, Primitive) and op.infer_outputs is not None
    found = op.infer_outputs(node.args, dict(node.params))
    return tuple(make_output(node, i, shape, dtype) for i, (shape, dtype) in enumerate(found))


def primitives() -> Mapping[str, Primitive]:
    """Return all declared primitives by name."""
    return _registry


def register(primitive: Primitive) -> Primitive:
    """Put a declaration into the registry; a name stands for one primitive only."""
    if primitive.name in _registry:
        raise UnsupportedError(f"a primitive named {primitive.name!r} is declared already; choose another name")
    for listener in _listeners:
        listener(primitive)
    _registry[primitive.name] = primitive
    return primitive


def end_own_declarations() -> None:
    """Note that what is declared from now on is declared by others."""
    _own.update(_registry)


def declared_by_others() -> list[Primitive]:
    """Return the primitives that users of this package have declared."""
    return [primitive for name, primitive in _registry.items() if name not in _own]


def is_by_others(primitive: Primitive) -> bool:
    """Tell whether a user of this package has declared a primitive."""
    return primitive.name not in _own


def on_declaration(listener: Callable[[Primitive], None]) -> None:
    """Call `listener` with every primitive that is declared from now on; it may refuse one."""
    _listeners.append(listener)


def refuse(op: Operation, refused: Refused) -> NoReturn:
    """Raise the error that says which derivative there is no rule for."""
    raise UnsupportedError(
        refused.message
        or f"the derivative of {op.name} with respect to {refused.argument} is not supported, as it is not elementary; "
        f"give a number for {refused.argument}, or leave what it depends on out of wrt"
    )


def as_node(operand: Operand) -> Node:
    """Return `operand` as a node; a number becomes a scalar constant."""
    return operand if isinstance(operand, Node) else constant(operand)


def linear(
    name: str,
    *,
    numpy: Text,
    infer: Infer,
    transpose: Callable[[Node, Apply], Node | Sequence[Node | None]],
    source: str,
    arity: int | None = 1,
    math: Text | None = None,
    jvp: Jvp | None = None,
    **rest: object,
) -> Primitive:
    """Declare an operation that is linear in all its arguments together.

    `transpose` takes the cotangent and the node, and returns the cotangent of the argument (of each argument, for
    several). The forward rule follows: the operation itself, applied to the tangents; `jvp` replaces it where some
    arguments are indices.
    """

    def vjp(g: Node, out: Apply) -> Sequence[Node | None]:
        back = transpose(g, out)
        return (back,) if isinstance(back, Node) else back

    def applied(tangents: Sequence[Node | None], out: Apply) -> Node | None:
        if all(tangent is None for tangent in tangents):
            return None
        filled = [
            constant(0, arg.shape, arg.dtype) if tangent is None else tangent
            for tangent, arg in zip(tangents, out.args, strict=True)
        ]
        return make_apply(out.op, tuple(filled), out.params, out.shape, out.dtype)

    return custom(
        name,
        kind="linear",
        arity=arity,
        numpy=numpy,
        math=math,
        infer=infer,
        vjp=vjp,
        jvp=jvp or applied,
        source=source,
        **rest,
    )


def custom(
    name: str,
    *,
    numpy: Text,
    infer: Infer,
    vjp: Vjp,
    jvp: Jvp,
    source: str,
    arity: int | None = 1,
    kind: str = "custom",
    math: Text | None = None,
    **rest: object,
) -> Primitive:
    """Declare an operation by its vjp and jvp."""
    texts: dict[str, Text] = {"numpy": numpy}
    if math is not None:
        texts["math"] = math
    return register(
        Primitive(
            name=name,
            kind=kind,
            arity=arity,
            infer=infer,
            texts=texts,
            vjp=vjp,
            jvp=jvp,
            prepare=_nodes,
            source=source,
            **rest,  # type: ignore[arg-type]
        )
    )


def _nodes(operands: Sequence[Operand]) -> tuple[Node, ...]:
    return tuple(as_node(operand) for operand in operands)
