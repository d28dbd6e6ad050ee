"""What normalising layers write out, seen whole: entries divided by their root mean square."""

from __future__ import annotations

from fractions import Fraction

from symbackprop.ir.node import Apply, Const, ConstantValue, Node
from symbackprop.ops.arithmetic import add, div, integer_power
from symbackprop.ops.broadcasting import broadcast
from symbackprop.ops.powers import sqrt
from symbackprop.ops.reduction import kept_axes, mean
from symbackprop.ops.root_mean_square import divided_by_rms
from symbackprop.simplify.numbers import exact
from symbackprop.simplify.pattern import Context, Row

__all__ = ["ROWS"]


def _arguments(node: Node, op: object) -> tuple[Node, ...]:
    """Return the arguments of `node` where it is an `op`, else none."""
    return node.args if isinstance(node, Apply) and node.op is op else ()


def _divided_by_rms(node: Apply, context: Context) -> Node | None:
    """x / sqrt(mean(x**2) + eps), for eps above 0, has a rule of its own, which uses the quotient again."""
    x, bottom = node.args
    found = _mean_and_number(bottom)
    if found is None:
        return None
    average, eps = found
    axes: tuple[int, ...] = average.param("axes")  # type: ignore[assignment]
    (square,) = average.args
    is_square = _arguments(square, integer_power) == (x,) and square.param("n") == 2  # type: ignore[attr-defined]
    if not is_square or bottom.param("axes") != kept_axes(x.rank, axes):  # type: ignore[attr-defined]
        return None
    return divided_by_rms(x, axes=axes, eps=eps)


def _mean_and_number(bottom: Node) -> tuple[Apply, ConstantValue] | None:
    """Return the mean and the number above 0 of ``sqrt(mean + number)``, put back to the shape it was taken of."""
    for root in _arguments(bottom, broadcast):
        for total in _arguments(root, sqrt):
            terms = _arguments(total, add)
            numbers = [term.value for term in terms if isinstance(term, Const) and _is_positive(term)]
            means = [term for term in terms if isinstance(term, Apply) and term.op is mean]
            if len(terms) == 2 and len(means) == len(numbers) == 1:
                return means[0], numbers[0]
    return None


def _is_positive(number: Const) -> bool:
    value = exact(number.value)
    return isinstance(value, (int, Fraction)) and value > 0


ROWS = (Row("divided by a root mean square", (div,), _divided_by_rms),)
