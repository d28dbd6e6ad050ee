"""What SymPy's functions are in formula text: one row a function, by SymPy's name.

A text is a template over the texts of the arguments. Elementwise primitives that name their SymPy counterpart (the
field `sympy` of a declaration) need no row here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from symbackprop.ops import primitives

__all__ = ["CONSTANTS", "templates"]

CONSTANTS: Mapping[str, str] = {
    "Pi": "pi",
    "Exp1": "e",
    "Infinity": "inf",
    "NegativeInfinity": "-inf",
    "NaN": "nan",
    "BooleanTrue": "True",
    "BooleanFalse": "False",
}

_ROWS: Mapping[str, str] = {
    "Abs": "abs({0})",
    "frac": "({0} - floor({0}))",
    "Mod": "{0} % {1}",
    "DiracDelta": "zeros_like({0})",
    "re": "{0}",
    "conjugate": "{0}",
    "im": "zeros_like({0})",
    "arg": "where({0} < 0, pi, 0)",
    "factorial": "gamma({0} + 1)",
    "loggamma": "gammaln({0})",
    "trigamma": "polygamma(1, {0})",
    "FallingFactorial": "falling_factorial({0}, {1})",
    "StrictLessThan": "{0} < {1}",
    "LessThan": "{0} <= {1}",
    "StrictGreaterThan": "{0} > {1}",
    "GreaterThan": "{0} >= {1}",
    "Equality": "{0} == {1}",
    "Unequality": "{0} != {1}",
    "Not": "~{0}",
    "ITE": "where({0}, {1}, {2})",
}


@cache
def templates() -> Mapping[str, str]:
    """Return the template of every function that has one."""
    found = dict(_ROWS)
    for primitive in primitives().values():
        if primitive.kind == "elementwise" and primitive.public and primitive.sympy and primitive.sympy not in found:
            places = ", ".join(f"{{{i}}}" for i in range(len(primitive.fixed) + (primitive.arity or 1)))
            found[primitive.sympy] = f"{primitive.name}({places})"
    return found
