"""Airy's functions and their derivatives, all four of which SciPy computes at once.

`airyai` and the others lower to results of `airy`, so that value and gradient come from one call.
"""

from __future__ import annotations

from collections.abc import Callable

from symbackprop.ir.node import Node
from symbackprop.ops.declare import Primitive
from symbackprop.ops.elementwise import elementwise
from symbackprop.ops.several import result_of, several

__all__ = ["airy", "airyai", "airyaiprime", "airybi", "airybiprime"]

_POINTS = [(0.7,), (-1.3,), (0.0,), (3.0,), (-6.0,)]

airy: Primitive = several(
    "airy",
    ("ai", "ai_prime", "bi", "bi_prime"),
    lambda x, values: (values[1], x * values[0], values[3], x * values[2]),
    source="DLMF 9.2.1",
)


def _airy(name: str, position: int, sympy: str, slope: Callable[[Node, Node], Node], derivative: str) -> Primitive:
    return elementwise(
        name,
        numpy=f"special.airy({{0}})[{position}]",
        partials=(slope,),
        derivative=derivative,
        lower=result_of(airy, position),
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
