"""How operations round: by how much each may be wrong, in units of roundoff, before and after its adjoint.

What is not in the tables is refused by name: an error bound that leaves out an operation is none.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping
from fractions import Fraction

from symbackprop.errors import UnsupportedError
from symbackprop.ir.dtype import is_float, item_size
from symbackprop.ir.node import Apply, Const, Node, make_output
from symbackprop.ir.size import SizeExpression, product
from symbackprop.ops.broadcasting import broadcast, rebuilt
from symbackprop.ops.contraction import index_sizes
from symbackprop.ops.declare import Primitive, declared_by_others, result_names
from symbackprop.ops.exponential import log2
from symbackprop.ops.extrema import maximum, minimum
from symbackprop.ops.gamma import gammaln
from symbackprop.ops.reduction import largest
from symbackprop.ops.rounding import absolute
from symbackprop.transform.rounding.classes import CORRECTLY_ROUNDED, EXACT, WITH_ROOTS
from symbackprop.transform.rounding.matrices import MATRIX_RULES
from symbackprop.transform.rounding.measures import Cotangents, Rule, modulus, number, own, sum_of, times_count, total

__all__ = ["rounding_error", "rounds"]

_FUNCTION = 4  # units of roundoff that functions of libraries are taken to be within: two units in the last place
_COMPOSED = 8  # those of short expressions of such functions that do not cancel
_SPECIAL = 64  # those of scipy.special, which promises less
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
        hint = "; declare it with roundings=" if op in declared_by_others() else ""
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
    """Return how an operation rounds that has no rule: a function, entry by entry, as the library has it."""
    if op.name in EXACT:
        return _nothing
    if op.name in WITH_ROOTS:
        return _absolute(_SPECIAL)
    if op in declared_by_others():
        return None if op.roundings is None or op.outputs else own(op.roundings)
    if op.kind != "elementwise" or op.has_bodies:
        return None
    if op.name in CORRECTLY_ROUNDED:
        return own(1)
    texts = [text if isinstance(text, str) else "special." for text in op.texts.values()]
    if op.lower is not None or any("special." in text for text in texts):
        return own(_SPECIAL)
    return own(_FUNCTION if all(map(_ONE_CALL.fullmatch, texts)) else _COMPOSED)


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


def _absolute(units: int) -> Rule:
    """Return the rule of functions that may be wrong by as much as if their values were no smaller than 1."""

    def rule(node: Apply, cotangents: Cotangents) -> Node | None:
        names = result_names(node)
        values = [make_output(node, i, node.shape, node.dtype) for i in range(len(names))] if names else [node]
        known = [(g, v) for g, v in zip(cotangents, values, strict=True) if g is not None]
        terms = [total(modulus(g) * (1 + absolute(v))) for g, v in known]
        return units * (sum_of(terms)) if terms else None

    return rule


def _of_larger(units: int) -> Rule:
    """Return the rule of what is the larger argument and something beside it, which may cancel."""

    def rule(node: Apply, cotangents: Cotangents) -> Node | None:
        (g,) = cotangents
        if g is None:
            return None
        x, y = node.args
        return units * total(modulus(g) * (absolute(node) + maximum(absolute(x), absolute(y))))

    return rule


def _log_of_beta(node: Apply, cotangents: Cotangents) -> Node | None:
    """Return the error of a sum of three logarithms of gamma functions, which cancel."""
    (g,) = cotangents
    if g is None:
        return None
    x, y = node.args
    return _SPECIAL * total(modulus(g) * (1 + absolute(gammaln(x)) + absolute(gammaln(y)) + absolute(gammaln(x + y))))


def _round(node: Apply, cotangents: Cotangents) -> Node | None:
    """Return nothing for whole numbers, and the error of a product and a quotient where decimals are kept."""
    return own(2)(node, cotangents) if dict(node.params).get("decimals") else None


def _interpolated(node: Apply, cotangents: Cotangents) -> Node | None:
    """Return the error of a mean of two entries of a table: that of the largest of these."""
    (g,) = cotangents
    table = node.args[-1]
    highest = largest(absolute(table), axes=tuple(range(table.rank))) if table.rank else absolute(table)
    return None if g is None else _COMPOSED * total(modulus(g)) * highest


def _between_ends(node: Apply, cotangents: Cotangents) -> Node | None:
    """Return the error of a start, and so many steps: a difference, a quotient and a product of it."""
    (g,) = cotangents
    if g is None:
        return None
    axis: int = node.param("axis")  # type: ignore[assignment]
    start, stop = node.args
    ends = modulus(start) + modulus(stop)
    axes = tuple(i for i in range(node.rank) if i != axis)
    return 4 * total(modulus(g) * broadcast(ends, shape=node.shape, axes=axes))


def _powers(node: Apply, cotangents: Cotangents) -> Node | None:
    """Return the error of powers, each a product of the one before it."""
    (g,) = cotangents
    return None if g is None else number(node.shape[-1], node.dtype) * total(modulus(g * node))


def _recurrence(node: Apply, cotangents: Cotangents) -> Node | None:
    """Return the error of ``r[t] = b[t] + a[t] r[t - 1]``: a product and a sum, carried on as b[t] is."""
    (g,) = cotangents
    if g is None:
        return None
    carried = node.op.vjp(g, node)[1]  # type: ignore[attr-defined]
    return total(modulus(carried) * (2 * absolute(node) + absolute(node.args[1])))


def _differences(node: Apply, cotangents: Cotangents) -> Node | None:
    """Return the error of differences; at the ends, where the order is 2, of sums of three terms."""
    (g,) = cotangents
    if g is None or node.param("edge_order") == 1:
        return own(1)(node, cotangents)
    x = node.args[0]
    return total(modulus(g) * absolute(node)) + 12 * total(modulus(g)) * largest(absolute(x), axes=tuple(range(x.rank)))


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


def _added(node: Apply, cotangents: Cotangents) -> Node | None:
    """Return the error of a sum from left to right: what has been added is rounded with each term."""
    if len(node.args) == 2:
        return own(1)(node, cotangents)
    return _linear(len(node.args) - 1)(node, cotangents)


def _linear(roundings: Callable[[Apply], Node | int] | int) -> Rule:
    """Return the rule of sums of entries: that of the moduli of what is summed."""

    def rule(node: Apply, cotangents: Cotangents) -> Node | None:
        (g,) = cotangents
        if g is None:
            return None
        count = roundings if isinstance(roundings, int) else roundings(node)
        sums = rebuilt(node, tuple(modulus(arg) if is_float(arg.dtype) else arg for arg in node.args))
        return times_count(count, total(modulus(g) * sums))

    return rule


def _of_sum(node: Apply) -> Node | int:
    """Return the longest chain of additions in ``np.sum``: pairwise over all entries, in turn where axes are left.

    Blocks of 128 are added in eight parts (NumPy, `numpy/_core/src/umath/loops_utils.h.src`). Along some axes NumPy adds as
    the entries lie in memory.
    """
    x = node.args[0]
    axes: tuple[int, ...] = node.param("axes")  # type: ignore[assignment]
    count = number(product(x.shape[axis] for axis in axes), x.dtype)
    if x.rank != len(axes):
        return count
    return minimum(count, 11 + log2(maximum(count, 1)))


def _of_all(node: Apply) -> Node:
    """Return how many entries the largest argument has."""
    sizes = [number(product(arg.shape), node.dtype) for arg in node.args if is_float(arg.dtype)]
    total = sizes[0]
    for size in sizes[1:]:
        total = maximum(total, size)
    return total


def _of_axis(node: Apply) -> Node:
    axis: int = node.param("axis")  # type: ignore[assignment]
    return number(node.args[0].shape[axis], node.dtype)


def _of_contraction(node: Apply) -> Node:
    """Return the products, and the additions in turn, of an entry of a contraction."""
    operands: tuple[tuple[int, ...], ...] = node.param("operands")  # type: ignore[assignment]
    output: tuple[int, ...] = node.param("output")  # type: ignore[assignment]
    sizes = index_sizes(node.args, operands)
    summed = product(size for index, size in sizes.items() if index not in output)
    return number(summed + len(operands) - 2, node.dtype)


def _of_product(node: Apply, cotangents: Cotangents) -> Node | None:
    (g,) = cotangents
    return None if g is None else _of_all(node) * total(modulus(g * node))


_RULES: Mapping[str, Rule] = {
    **MATRIX_RULES,
    "scan": _nothing,  # loops and branches round where their bodies do, and a root where its residual does
    "while_loop": _nothing,
    "cond": _nothing,
    "implicit_root": own(1),
    "multiply": _multiplied,
    "integer_power": _power,
    "square_difference": own(3),
    "cast": _cast,
    "add": _added,
    "sum": _linear(_of_sum),
    "mean": _linear(_of_sum),
    "trace": _linear(_of_all),
    "cumsum": _linear(_of_axis),
    "scatter_add": _linear(_of_all),
    "add_parts": _linear(_of_all),
    "add_at": _linear(_of_all),
    "overlap_add": _linear(_of_all),
    "einsum": _linear(_of_contraction),
    "convolve": _linear(_of_all),
    "correlate": _linear(_of_all),
    "polyval": _linear(_of_all),
    "prod": _of_product,
    "cumprod": _of_product,
    "prod_others": _of_product,
    "power_norm": _of_product,
    "betaln": _log_of_beta,
    "interp": _interpolated,
    "round": _round,
    "linspace": _between_ends,
    "vander": _powers,
    "linear_recurrence": _recurrence,
    "gradient": _differences,
    "logaddexp": _of_larger(_FUNCTION),
    "logaddexp2": _of_larger(_FUNCTION),
    "rel_entr": _of_larger(_COMPOSED),
    "kl_div": _of_larger(_COMPOSED),
    "sinc": _absolute(_COMPOSED),
    "logit": _absolute(_COMPOSED),
}
