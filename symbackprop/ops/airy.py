"""Airy's functions and their derivatives, all four of which SciPy computes at once.

`airyai` and the others lower to results of `airy`, so that value and gradient come from one call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from symbackprop.ir.node import Apply, Node, make_input
from symbackprop.ops.arithmetic import add
from symbackprop.ops.declare import Primitive, custom, results
from symbackprop.ops.elementwise import elementwise

__all__ = ["airy", "airyai", "airyaiprime", "airybi", "airybiprime"]

_POINTS = [(0.7,), (-1.3,), (0.0,), (3.0,), (-6.0,)]


def _slopes(node: Apply) -> tuple[Node, ...]:
    """Return the derivatives of the four results: f' of f, and x*f of f'."""
    (x,) = node.args
    ai, ai_prime, bi, bi_prime = results(node)
    return ai_prime, x * ai, bi_prime, x * bi


def _vjp(cotangents: Sequence[Node | None], out: Apply) -> list[Node | None]:
    terms = [g * slope for g, slope in zip(cotangents, _slopes(out), strict=True) if g is not None]
    return [add(*terms) if terms else None]


def _jvp(tangents: Sequence[Node | None], out: Apply) -> list[Node | None]:
    (tangent,) = tangents
    return [None if tangent is None else tangent * slope for slope in _slopes(out)]


airy: Primitive = custom(
    "airy",
    numpy="special.airy({0})",
    outputs=("ai", "ai_prime", "bi", "bi_prime"),
    alone={position: f"special.airy({{0}})[{position}]" for position in range(4)},
    infer=lambda args, params: (args[0].shape, args[0].dtype),
    infer_outputs=lambda args, params: [(args[0].shape, args[0].dtype)] * 4,
    vjp=_vjp,  # type: ignore[arg-type]
    jvp=_jvp,  # type: ignore[arg-type]
    samples=lambda: list(results(airy(make_input(0, (3,), "float64")))),  # type: ignore[arg-type]
    public=False,
    flops=200,
    derivative="ai_prime, x*ai, bi_prime, x*bi",
    source="DLMF 9.2.1",
)


def _airy(name: str, position: int, sympy: str, slope: Callable[[Node, Node], Node], derivative: str) -> Primitive:
    return elementwise(
        name,
        numpy=f"special.airy({{0}})[{position}]",
        partials=(slope,),
        derivative=derivative,
        lower=lambda node: results(airy(node.args[0]))[position],  # type: ignore[arg-type]
        points=_POINTS,
        safe=(0.0,),  # Bi overflows
        analytic=False,
        flops=200,
        sympy=sympy,
        source="DLMF 9.2.1",
    )


airyai: Primitive = _airy("airyai", 0, "airyai", lambda x, out: airyaiprime(x), "airyaiprime(x)")
airyaiprime: Primitive = _airy("airyaiprime", 1, "airyaiprime", lambda x, out: x * airyai(x), "x*airyai(x)")
airybi: Primitive = _airy("airybi", 2, "airybi", lambda x, out: airybiprime(x), "airybiprime(x)")
airybiprime: Primitive = _airy("airybiprime", 3, "airybiprime", lambda x, out: x * airybi(x), "x*airybi(x)")
