"""`root`: the solution u of f(u, c) = 0, differentiated by the implicit function theorem.

    f(u*, c) = 0    =>    du*/dc = -(df/du)^-1 df/dc

The reverse rule is one linear solve with the transposed Jacobian at the solution, whatever found it. That of slopes is
`symmetric`, and is solved with as it is. `require` stops a solver that did not find a solution.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbackprop.errors import ShapeError
from symbackprop.ir.body import Body, fresh_inputs
from symbackprop.ir.dtype import is_float
from symbackprop.ir.node import Apply, Node, Shape, make_input
from symbackprop.ops.arithmetic import neg
from symbackprop.ops.bodies import inlined
from symbackprop.ops.conditional import on_condition
from symbackprop.ops.declare import ALIASED, Engine, Primitive, Style, custom
from symbackprop.ops.derivatives import PushForward, columns_of, jacobian_of
from symbackprop.ops.hyperbolic import arcsinh, sinh
from symbackprop.ops.layout import transpose
from symbackprop.ops.solves import solve

__all__ = ["require", "root", "solved"]


def _infer(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    guess = args[0]
    for name in ("residual", "solver"):
        body: Body = params[name]  # type: ignore[assignment]
        (value,) = body.outputs
        if value.shape != guess.shape or guess.rank > 1:
            raise ShapeError(f"the {name} of a root gives as many numbers as are unknown")
    return guess.shape, guess.dtype


def _vjp(g: Node, out: Apply, engine: Engine) -> list[Node | None]:
    """Solve with the transposed Jacobian, and pull the solution back through what the residual depends on."""
    residual: Body = out.param("residual")  # type: ignore[assignment]
    at = [out, *out.args[1:]]
    pairs = zip(residual.inputs[1:], out.args[1:], strict=True)
    wrt = [node for node, arg in pairs if arg in engine.active and is_float(node.dtype)]
    matrix = jacobian_of(residual, at, engine.pull_back)
    transposed = matrix if out.param("symmetric") or not out.shape else transpose(matrix, axes=(1, 0))
    adjoint = neg(solve(transposed, g) if out.shape else g / matrix)
    (row,) = fresh_inputs(residual.outputs, residual.inputs)
    adjoints = engine.pull_back(residual.outputs, [row], wrt)
    read = [node for node in wrt if node in adjoints]
    body = Body((row, *residual.inputs), tuple(adjoints[node] for node in read))
    found = dict(zip(read, inlined(body, [adjoint, *at]), strict=True))
    return [None, *(found.get(node) for node in residual.inputs[1:])]


def _jvp(
    tangents: Sequence[Node | None],
    out: Apply,
    push_forward: PushForward,
) -> Node | None:
    """Push the tangents through the residual at the solution, and solve with the Jacobian."""
    residual: Body = out.param("residual")  # type: ignore[assignment]
    at = [out, *out.args[1:]]
    given = {node: t for node, t in zip(residual.inputs[1:], tangents[1:], strict=True) if t is not None}
    dots = fresh_inputs(given, residual.inputs)
    (pushed,) = push_forward(residual.outputs, dict(zip(given, dots, strict=True)))
    if pushed is None:
        return None
    (moved,) = inlined(Body((*residual.inputs, *dots), (pushed,)), [*at, *given.values()])
    rows = columns_of(residual, at, push_forward)
    matrix = rows if out.param("symmetric") or not out.shape else transpose(rows, axes=(1, 0))
    return neg(solve(matrix, moved) if out.shape else moved / matrix)


def solved(node: Apply, args: Sequence[Node]) -> Node:
    """Return what the solver of a root makes of its arguments."""
    solver: Body = node.param("solver")  # type: ignore[assignment]
    return inlined(solver, args)[0]


def _samples() -> list[Node]:
    found: list[Node] = []
    for shape in ((2,), ()):  # the Jacobian is diagonal
        u, c = make_input(0, shape, "float64", 1), make_input(1, shape, "float64", 1)
        bodies = {"residual": Body((u, c), (sinh(u) - c,)), "solver": Body((u, c), (arcsinh(c),))}
        found.append(root(make_input(0, shape, "float64"), make_input(1, shape, "float64"), symmetric=True, **bodies))
    return found


root: Primitive = custom(
    "implicit_root",
    arity=None,
    numpy="implicit_root",
    infer=_infer,
    vjp=_vjp,
    jvp=_jvp,
    has_bodies=True,
    samples=_samples,
    public=False,
    flops=0,
    kinks="where the Jacobian of the residual is singular there is no derivative, and the linear solve fails",
    derivative="-(df/dc).T @ solve((df/du).T, g)",
    source="the implicit function theorem; Blondel et al. (2022), Efficient and modular implicit differentiation",
)


# --- a solver that fails says so --------------------------------------------------------------------------------------


def _require_lines(node: Apply, style: Style) -> list[str]:
    message = str(node.param("message"))
    return [ALIASED, "if not {1}:", f"    raise ArithmeticError({message!r})"]


require: Primitive = on_condition("require", _require_lines)
