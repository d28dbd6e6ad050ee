"""How operations round: by how much each may be wrong, in units of roundoff, before and after its adjoint.

What is not in the tables is refused by name: an error bound that leaves out an operation is none.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache

from symbackprop.errors import UnsupportedError
from symbackprop.ir.dtype import is_float, item_size
from symbackprop.ir.node import Apply, Const, Node, constant
from symbackprop.ir.size import SizeExpression
from symbackprop.ops.arithmetic import add
from symbackprop.ops.declare import Primitive, is_by_others, result_names, results
from symbackprop.ops.extrema import maximum
from symbackprop.ops.gamma import gammaln
from symbackprop.ops.rounding import absolute
from symbackprop.transform.rounding.classes import CORRECTLY_ROUNDED, EXACT, NEAR_ARGUMENTS, OF_THEIR_VALUES, UNKNOWN
from symbackprop.transform.rounding.matrices import MATRIX_RULES
from symbackprop.transform.rounding.measures import COMPOSED, FUNCTION, Cotangents, Rule, modulus, own, sum_of, total
from symbackprop.transform.rounding.sums import SUM_RULES

__all__ = ["rounding_error", "rounds"]

_SPECIAL = 64  # those of most of scipy.special, of values and of arguments
_INFINITY = float("inf")
_ONE_CALL = re.compile(r"(np|math)\.\w+\(\{0\}(, \{1\})?\)|\{0\}\*\*\{1\}")


def rounding_error(node: Node, cotangents: Cotangents) -> Node | None:
    """Return what the rounding of an operation does to a value at most, to first order; None if it is exact.

    Parameters
    ----------
    node : Node
    cotangents : sequence of Node or None
        The adjoints of its results.

    Raises
    ------
    UnsupportedError
        If it is not known how it rounds.
    """
    if isinstance(node, Const):
        return own(1)(node, cotangents) if _is_rounded(node) else None  # type: ignore[arg-type]
    if not isinstance(node, Apply):
        return None
    op = node.op
    if not isinstance(op, Primitive):
        return None
    rule = _rule(op)
    if rule is None:
        hint = "; declare it with roundings=" if is_by_others(op) else ""
        raise UnsupportedError(
            f"there is no error bound for a formula with {op.name}: how it rounds is not known{hint}"
        )
    return rule(node, cotangents)


def rounds(node: Node) -> bool:
    """Tell whether a node may be wrong by more than what it is computed of is, beside what the bodies do that it runs."""
    if isinstance(node, Const):
        return _is_rounded(node)
    if not isinstance(node, Apply) or not isinstance(node.op, Primitive):
        return False
    return _rule(node.op) is not _nothing


def _rule(op: Primitive) -> Rule | None:
    return _RULES.get(op.name) or _by_kind(op)


def _by_kind(op: Primitive) -> Rule | None:
    """Return how an operation rounds that has no rule of its own."""
    if op.name in EXACT:
        return _nothing
    if is_by_others(op):
        return None if op.roundings is None or op.outputs else own(op.roundings)
    return _of_library(op)


@cache
def _of_library(op: Primitive) -> Rule | None:
    """Return how a function, entry by entry, rounds as the library has it."""
    if op.name in OF_THEIR_VALUES:
        return own(_SPECIAL // 4)
    if op.name in NEAR_ARGUMENTS:
        return _near_arguments(NEAR_ARGUMENTS[op.name])
    if op.kind != "elementwise" or op.has_bodies or op.name in UNKNOWN:
        return None
    if op.name in CORRECTLY_ROUNDED:
        return own(1)
    texts = [text if isinstance(text, str) else "special." for text in op.texts.values()]
    if op.lower is not None or any("special." in text for text in texts):
        return _near_arguments(_SPECIAL)
    return own(FUNCTION if all(map(_ONE_CALL.fullmatch, texts)) else COMPOSED)


def _is_rounded(node: Const) -> bool:
    """Tell whether a constant is not the number that it stands for, in its dtype."""
    value = node.value
    if isinstance(value, (bool, SizeExpression)) or not is_float(node.dtype):
        return False
    if isinstance(value, (int, float, Fraction)):
        number = float(value)
        if number != number or abs(number) == _INFINITY:
            return False
        kept = struct.unpack("f", struct.pack("f", number))[0] if node.dtype != "float64" else number
        return Fraction(kept) != Fraction(value)
    return True


def _nothing(node: Apply, cotangents: Cotangents) -> None:
    """Return nothing: the operation is exact."""


def _near_arguments(units: int) -> Rule:
    """Return the rule of functions that are as exact as if each argument were wrong by so many units of roundoff."""

    def rule(node: Apply, cotangents: Cotangents) -> Node | None:
        found = results(node) if result_names(node) else [node]
        terms = []
        for at, (g, value) in enumerate(zip(cotangents, found, strict=True)):
            if g is not None:
                terms.append(total(modulus(g * value)))
                terms += _moved(node, [g if i == at else None for i in range(len(found))])
        return units * sum_of(terms) if terms else None

    return rule


def _moved(node: Apply, cotangents: Cotangents) -> list[Node]:
    """Return for each argument that has a derivative what a unit of roundoff in it does to the value."""
    op = node.op
    assert isinstance(op, Primitive)
    contributions = op.vjp(list(cotangents) if result_names(node) else cotangents[0], node)
    pairs = zip(contributions, node.args, strict=True)
    return [total(modulus(x_bar * x)) for x_bar, x in pairs if isinstance(x_bar, Node) and is_float(x.dtype)]


def _of_larger(units: int) -> Rule:
    """Return the rule of what is the larger argument and something beside it, which may cancel."""

    def rule(node: Apply, cotangents: Cotangents) -> Node | None:
        (g,) = cotangents
        if g is None:
            return None
        x, y = node.args
        return units * total(modulus(g) * (absolute(node) + maximum(absolute(x), absolute(y))))

    return rule


def _by_logarithms(parts: Callable[[Node, Node], Sequence[Node]], *, of_logarithm: bool = False) -> Rule:
    """Return the rule of products and quotients of gamma functions, by the logarithms of these, or of their logarithm."""

    def rule(node: Apply, cotangents: Cotangents) -> Node | None:
        (g,) = cotangents
        if g is None:
            return None
        sizes = add(constant(1, node.shape, node.dtype), *(absolute(gammaln(x)) for x in parts(*node.args)))
        return _SPECIAL * total(modulus(g if of_logarithm else g * node) * sizes)

    return rule


def _length(node: Apply, cotangents: Cotangents) -> Node | None:
    """Return the error of hypotenuses, one after the other."""
    return own(FUNCTION * (len(node.args) - 1))(node, cotangents)


def _round(node: Apply, cotangents: Cotangents) -> Node | None:
    """Return nothing for whole numbers, and the error of a product and a quotient where decimals are kept."""
    return own(2)(node, cotangents) if dict(node.params).get("decimals") else None


def _multiplied(node: Apply, cotangents: Cotangents) -> Node | None:
    """Return nothing where a factor is a power of two."""
    return None if any(map(_is_power_of_two, node.args)) else own(1)(node, cotangents)


def _is_power_of_two(node: Node) -> bool:
    while isinstance(node, Apply) and isinstance(node.op, Primitive) and node.op.name == "broadcast":
        node = node.args[0]
    if not isinstance(node, Const) or isinstance(node.value, bool):
        return False
    value = node.value
    if (
        not isinstance(value, (int, float, Fraction))
        or value == 0
        or value != value
        or value in (_INFINITY, -_INFINITY)
    ):
        return False
    top, bottom = abs(Fraction(value)).as_integer_ratio()
    return top & (top - 1) == 0 and bottom & (bottom - 1) == 0


def _power(node: Apply, cotangents: Cotangents) -> Node | None:
    """Return the error of repeated products, and of a quotient where the exponent is negative."""
    n = int(node.param("n"))  # type: ignore[call-overload]
    roundings = max(abs(n) - 1, 0) + (n < 0)
    return own(roundings)(node, cotangents) if roundings else None


def _cast(node: Apply, cotangents: Cotangents) -> Node | None:
    """Return nothing where the new dtype has all the digits of the old one."""
    old, new = node.args[0].dtype, node.dtype
    is_wide = not is_float(old) or (is_float(new) and item_size(new) >= item_size(old))
    return None if is_wide else own(1)(node, cotangents)


_RULES: Mapping[str, Rule] = {
    **MATRIX_RULES,
    **SUM_RULES,
    "scan": _nothing,  # loops and branches round where their bodies do, and a root where its residual does
    "while_loop": _nothing,
    "cond": _nothing,
    "implicit_root": own(1),
    "multiply": _multiplied,
    "integer_power": _power,
    "square_difference": own(3),
    "cast": _cast,
    "betaln": _by_logarithms(lambda x, y: (x, y, x + y), of_logarithm=True),
    "beta": _by_logarithms(lambda x, y: (x, y, x + y)),
    "poch": _by_logarithms(lambda x, m: (x, x + m)),
    "binom": _by_logarithms(lambda n, k: (n + 1, k + 1, n - k + 1)),
    "length": _length,
    "round": _round,
    "logaddexp": _of_larger(FUNCTION),
    "logaddexp2": _of_larger(FUNCTION),
    "rel_entr": _of_larger(COMPOSED),
    "kl_div": _of_larger(COMPOSED),
}
