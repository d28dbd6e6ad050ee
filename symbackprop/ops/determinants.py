"""Determinants of matrices, and their logarithms.

Source of the rules: Giles, M. (2008), An extended collection of matrix derivative results, section 2.2.4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbackprop.ir.node import Apply, Node, Shape
from symbackprop.ops.broadcasting import reduce_sum
from symbackprop.ops.declare import Primitive, custom, results
from symbackprop.ops.layout import diagonal
from symbackprop.ops.matrices import cubes, flipped, matrices, over_matrices, require_square, times
from symbackprop.ops.solves import inv, solve

__all__ = ["det", "slogdet"]


def _infer_det(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    (x,) = args
    require_square(x, "the determinant")
    return x.shape[:-2], x.dtype


def _trace(x: Node) -> Node:
    return reduce_sum(diagonal(x), axes=(x.rank - 2,))


det: Primitive = custom(
    "det",
    numpy="np.linalg.det({0})",
    infer=_infer_det,
    vjp=lambda g, out: [over_matrices(g * out, out.args[0]) * flipped(inv(out.args[0]))],
    jvp=lambda tangents, out: out * _trace(times(inv(out.args[0]), tangents[0])),
    samples=lambda: [det(matrices(0, 2, 2)), det(matrices(0, 2, 3, 3))],
    public=False,
    count=lambda node: cubes(node.args[0], 2, 3),
    derivative="g * out * inv(x).T",
    kinks="at a singular matrix the derivative is an error (LinAlgError), the value is 0",
    source="Jacobi's formula; Giles (2008), section 2.2.4",
)


def _slogdet_vjp(g: object, out: Apply) -> Sequence[Node | None]:
    _, g_log = g  # type: ignore[misc]
    (x,) = out.args
    return [None if g_log is None else over_matrices(g_log, x) * flipped(inv(x))]  # type: ignore[has-type]


def _slogdet_jvp(tangents: Sequence[Node | None], out: Apply) -> tuple[Node | None, Node | None]:
    (t,) = tangents
    return None, None if t is None else _trace(solve(out.args[0], t))


slogdet: Primitive = custom(
    "slogdet",
    numpy="np.linalg.slogdet({0})",
    alone={0: "np.linalg.slogdet({0})[0]", 1: "np.linalg.slogdet({0})[1]"},
    outputs=("sign", "logdet"),
    infer=_infer_det,
    infer_outputs=lambda args, params: [_infer_det(args, params)] * 2,
    vjp=_slogdet_vjp,
    jvp=_slogdet_jvp,  # type: ignore[arg-type]
    samples=lambda: [
        results(slogdet(matrices(0, *shape)))[1]  # type: ignore[arg-type]
        for shape in ((2, 2), (2, 3, 3))
    ],
    public=False,
    count=lambda node: cubes(node.args[0], 2, 3),
    derivative="inv(x).T for the logarithm, 0 for the sign",
    kinks="at a singular matrix the logarithm is -inf and the derivative an error (LinAlgError)",
    source="Giles (2008), section 2.2.4",
)
