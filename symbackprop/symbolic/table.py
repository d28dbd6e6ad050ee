"""What SymPy's functions are in formula text: one row a function, by SymPy's name.

A text is a template over the texts of the arguments. Elementwise primitives that name their SymPy counterpart (the
field `sympy` of a declaration) need no row here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from symbackprop.ops import primitives

__all__ = ["CONSTANTS", "counts_of", "template_of", "templates"]

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
    "re": "{0}",
    "conjugate": "{0}",
    "im": "zeros_like({0})",
    "arg": "where({0} < 0, pi, 0)",
    "factorial": "gamma({0} + 1)",
    "loggamma": "gammaln({0})",
    "trigamma": "polygamma(1, {0})",
    "FallingFactorial": "falling_factorial({0}, {1})",
    "li": "expi(log({0}))",
    "Li": "(expi(log({0})) - expi(log(2)))",
    "StrictLessThan": "{0} < {1}",
    "LessThan": "{0} <= {1}",
    "StrictGreaterThan": "{0} > {1}",
    "GreaterThan": "{0} >= {1}",
    "Equality": "{0} == {1}",
    "Unequality": "{0} != {1}",
    "Not": "~{0}",
    "ITE": "where({0}, {1}, {2})",
    "UnevaluatedExpr": "{0}",
    "KroneckerDelta": "where({0} == {1}, 1, 0)",
    "catalan": "binom(2*{0}, {0})/({0} + 1)",
    "erf2inv": "erf2inv({0}, {1})",
    "polylog": "polylog({0}, {1})",
    "log1p": "log1p({0})",  # and other names of sympy.codegen
    "expm1": "expm1({0})",
    "log2": "log2({0})",
    "log10": "log10({0})",
    "exp2": "exp2({0})",
    "Sqrt": "sqrt({0})",
    "Cbrt": "cbrt({0})",
    "hypot": "hypot({0}, {1})",
    "fma": "({0}*{1} + {2})",
    "cosm1": "(cos({0}) - 1)",
    "logaddexp": "logaddexp({0}, {1})",
    "logaddexp2": "logaddexp2({0}, {1})",
}


_BY_COUNT: Mapping[str, Mapping[int, str]] = {  # functions of one argument or two
    "DiracDelta": {1: "zeros_like({0})", 2: "zeros_like({0})"},
    "LambertW": {1: "lambertw({0})", 2: "lambertw({0}, {1})"},
    "dirichlet_eta": {1: "dirichlet_eta({0})"},
    "elliptic_e": {1: "ellipe({0})", 2: "ellipeinc({0}, {1})"},
    "elliptic_pi": {2: "elliptic_pi({0}, {1})", 3: "elliptic_pi({0}, {1}, {2})"},
    "harmonic": {1: "harmonic({0})", 2: "(zeta({1}) - zeta({1}, {0} + 1))"},
    "zeta": {1: "zeta({0})", 2: "zeta({0}, {1})"},
}


@cache
def template_of(name: str, count: int) -> str | None:
    """Return the template of a function of `count` arguments, or None if it takes another number or is not known."""
    if name in _BY_COUNT:
        return _BY_COUNT[name].get(count)
    template = templates().get(name)
    return template if template is not None and count in counts_of(name) else None


@cache
def counts_of(name: str) -> tuple[int, ...]:
    """Return the numbers of arguments that a function with a template may have."""
    if name in _BY_COUNT:
        return tuple(sorted(_BY_COUNT[name]))
    return (1 + max(map(int, re.findall(r"{(\d)}", templates()[name]))),)


@cache
def templates() -> Mapping[str, str]:
    """Return the template of every function that has one; `template_of` knows those of several forms better."""
    found = {name: forms[min(forms)] for name, forms in _BY_COUNT.items()} | dict(_ROWS)
    for primitive in primitives().values():
        if primitive.kind == "elementwise" and primitive.public and primitive.sympy and primitive.sympy not in found:
            places = ", ".join(f"{{{i}}}" for i in range(len(primitive.fixed) + (primitive.arity or 1)))
            found[primitive.sympy] = f"{primitive.name}({places})"
    return found
