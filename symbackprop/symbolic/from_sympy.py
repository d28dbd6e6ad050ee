"""SymPy expressions to formula text: one statement a shared subexpression, never expanded, never simplified.

What a node is written as is in the tables `RULES` of `arithmetic`, `conditions`, `ranges`, `entries`, `substitution`
and `matrices`, and for functions in `table`; the result is read like any other formula.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sympy
from sympy.core.function import AppliedUndef

from symbackprop.errors import UnsupportedError, nearest_names
from symbackprop.symbolic import arithmetic, conditions, entries, matrices, ranges, special, substitution
from symbackprop.symbolic import code as codes
from symbackprop.symbolic.arithmetic import number_code
from symbackprop.symbolic.code import ATOM, UNARY, Code
from symbackprop.symbolic.nodes import Table, is_input
from symbackprop.symbolic.sizes import SizeTexts
from symbackprop.symbolic.table import CONSTANTS, counts_of, template_of, templates
from symbackprop.symbolic.writer import Place, Rule, Writer

__all__ = ["check_supported", "write_formula"]

_HINTS = {
    "Integral": "integrate it first (doit), or give its value as a symbol",
    "Derivative": "carry it out first (doit)",
    "Limit": "carry it out first (doit)",
    "Lambda": "apply it to arguments",
    "ImaginaryUnit": "only real numbers are supported",
    "ComplexInfinity": "only real numbers are supported",
    "exp_polar": "only real numbers are supported; try unpolarify",
    "polar_lift": "only real numbers are supported; try unpolarify",
    "AccumulationBounds": "a range of numbers; give one number",
    "ComplexRootOf": "only real numbers are supported",
    "LeviCivita": "write it as a product of differences of its arguments",
    "meijerg": "neither SciPy nor NumPy computes it; try hyperexpand",
    "appellf1": "neither SciPy nor NumPy computes it; give its value as a symbol",
    "lerchphi": "neither SciPy nor NumPy computes it; try expand_func, or zeta(s, a) for z = 1",
    "marcumq": "SciPy has only its complement, special.chndtr; give its value as a symbol",
    "mathieuc": "SciPy has no Mathieu functions of this form; give its value as a symbol",
    "mathieus": "SciPy has no Mathieu functions of this form; give its value as a symbol",
    "mathieucprime": "SciPy has no Mathieu functions of this form; give its value as a symbol",
    "mathieusprime": "SciPy has no Mathieu functions of this form; give its value as a symbol",
    "hankel1": "complex; its real part is besselj, its imaginary part bessely",
    "hankel2": "complex; its real part is besselj, its imaginary part -bessely",
    "hn1": "complex; its real part is jn, its imaginary part yn",
    "hn2": "complex; its real part is jn, its imaginary part -yn",
    "periodic_argument": "only real numbers are supported; try unpolarify",
    "principal_branch": "only real numbers are supported; try unpolarify",
    "Znm": "expand it first (expand(func=True))",
    "factorial2": "it has no derivative; write it with gamma (rewrite(gamma)) or for a number carry it out",
    "subfactorial": "it has no derivative; write it with uppergamma (rewrite(uppergamma))",
    "Order": "remove it first (removeO)",
    "MatrixDerivative": "carry it out first (doit)",
}
_RULES: Mapping[str, Rule] = {
    **arithmetic.RULES,
    **conditions.RULES,
    **ranges.RULES,
    **entries.RULES,
    **substitution.RULES,
    **matrices.RULES,
    **special.RULES,
}
_LONGEST = 1100  # characters of a list of what is not supported
_REAL_PARTS = ("re", "im", "conjugate", "arg")


def write_formula(
    table: Table, names: Mapping[Any, str], sizes: SizeTexts, symbols: Mapping[Any, Code]
) -> tuple[list[str], list[Code]]:
    """Return the statements and the texts of the roots.

    Parameters
    ----------
    table : Table
        The distinct nodes.
    names : mapping
        The name of each input.
    sizes : SizeTexts
        How sizes are written.
    symbols : mapping
        The text of symbols that are no inputs, but sizes.
    """
    writer = Writer(table, names, _rule_of, symbols)
    writer.memory["sizes"] = sizes
    results = [writer.write(root) for root in table.roots]
    return writer.statements, results


# --- rules ------------------------------------------------------------------------------------------------------------


def _name(node: Any) -> str:
    return type(node).__name__


def _rule_of(node: Any) -> Rule:
    name = _name(node)
    if isinstance(node, sympy.Number):
        return Rule(lambda place: _constant_code(place.node))
    if isinstance(node, (sympy.NumberSymbol, sympy.CRootOf)) and name not in CONSTANTS:
        return Rule(lambda place: number_code(place.node.evalf(25)))
    if name in CONSTANTS:
        text = CONSTANTS[name]
        return Rule(lambda place: Code(text, UNARY if text.startswith("-") else ATOM))
    if is_input(node):
        return Rule(lambda place: Code(""))  # the writer knows its name
    rule = _RULES.get(name)
    if rule is not None:
        return rule
    return Rule(_call)


def _call(place: Place) -> Code:
    """Write a function by its template; of numbers that the template does not take, the value."""
    node, name = place.node, _name(place.node)
    template = template_of(name, len(place.arguments))
    if template is None or special.limit_of(node, name) is not None:
        value = special.value_of(node)
        assert value is not None  # check_supported has looked
        return Code(repr(value), ATOM if value >= 0 else UNARY)
    return codes.call(template, [place.code(number) for number in place.arguments])


def _constant_code(node: Any) -> Code:
    name = _name(node)
    if name in CONSTANTS:
        return Code(CONSTANTS[name], UNARY if CONSTANTS[name].startswith("-") else ATOM)
    return number_code(node)


# --- what is not supported --------------------------------------------------------------------------------------------


def check_supported(table: Table) -> None:
    """Raise an error that lists all that has no meaning here, with the nearest that has.

    Raises
    ------
    UnsupportedError
    """
    found: dict[str, str] = {}
    limited = special.limited_names()
    for node in table.nodes:
        name = _name(node)
        if name in found or name in ("Tuple", "TupleArg"):
            continue  # the arguments of something else that is named
        if not _is_known(node, name):
            found[name] = f"{name}{_advice(node, name)}"
        elif name in limited:
            limit = special.limit_of(node, name)
            if limit is not None and special.value_of(node) is None:
                found[name] = f"{name} ({limit})"
    if found:
        raise UnsupportedError(f"not supported in a SymPy expression: {'; '.join(_all_of(found))}")


def _all_of(found: Mapping[str, str]) -> Sequence[str]:
    """Return what was found with its advice; of very much, some by name alone, so that nothing is cut off."""
    room = _LONGEST - sum(len(name) + 2 for name in found)
    texts = []
    for name, text in found.items():
        room -= len(text) - len(name)
        texts.append(text if room >= 0 else name)
    return texts


def _advice(node: Any, name: str) -> str:
    """Return what to do instead of a node that is not supported."""
    hint = _HINTS.get(name)
    if hint is None and name in templates():
        hint = f"with {len(node.args)} arguments; with {' or '.join(map(str, counts_of(name)))} it is supported"
    near = "" if hint else nearest_names(name, _known_names())
    return near or f" ({hint or 'give its value as a number or a symbol'})"


@cache
def _known_names() -> Sequence[str]:
    return [*_RULES, *templates(), *CONSTANTS]


def _is_known(node: Any, name: str) -> bool:
    if is_input(node):
        return not isinstance(node, AppliedUndef) or node.is_commutative is not False
    if isinstance(node, sympy.Number):
        return node is not sympy.zoo
    if isinstance(node, sympy.CRootOf):
        return bool(node.is_real)
    if name in _REAL_PARTS:
        return node.args[0].is_extended_real is not False
    if name in _RULES or name in CONSTANTS or isinstance(node, sympy.NumberSymbol):
        return True
    return template_of(name, len(node.args)) is not None or special.value_of(node) is not None
