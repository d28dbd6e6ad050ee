"""Numbers that arrays are multiples by, taken out of them, so that what is computed once is seen to be one thing.

A solution for ``0.5*y`` is half of that for ``y``, which the forward pass may have.
"""

from __future__ import annotations

from collections.abc import Callable

from symbackprop.ir.node import Apply, Const, Node, constant
from symbackprop.ops.arithmetic import add, div, mul, neg
from symbackprop.ops.broadcasting import broadcast

__all__ = ["multiple", "product_of", "scaled", "single", "total_of", "uniform", "with_scale_outside"]


def uniform(x: Node) -> Node | None:
    """Return the number that all entries of `x` are, if it is one number."""
    if isinstance(x, Const):
        return constant(x.value, (), x.dtype)
    if isinstance(x, Apply) and x.op is broadcast and not x.param("axes"):
        return x.args[0]
    return None


def product_of(a: Node | None, b: Node | None) -> Node | None:
    """Return the product of numbers, of which None is 1."""
    if a is None or b is None:
        return b if a is None else a
    if isinstance(a, Const) and isinstance(b, Const) and isinstance(a.value, int) and isinstance(b.value, int):
        return constant(a.value * b.value, (), a.dtype)
    return mul(a, b)


def _is_one(x: Node | None) -> bool:
    return x is None or (isinstance(x, Const) and x.value == 1)


def single(x: Node) -> tuple[Node | None, Node]:
    """Return a number and what it multiplies, signs and numbers taken out of products and quotients."""
    scale: Node | None = None
    while isinstance(x, Apply):
        if x.op is neg:
            scale, x = product_of(scale, constant(-1, (), x.dtype)), x.args[0]
            continue
        if x.op is mul or x.op is div:
            first, second = map(uniform, x.args)
            if second is not None:
                factor = second if x.op is mul else div(constant(1, (), x.dtype), second)
                scale, x = product_of(scale, factor), x.args[0]
                continue
            if first is not None and x.op is mul:
                scale, x = product_of(scale, first), x.args[1]
                continue
        break
    return (None if _is_one(scale) else scale), x


def scaled(x: Node) -> tuple[Node | None, Node]:
    """Return a number, None for 1, and an array whose multiple `x` is; a sum of multiples of one array is one."""
    if not x.shape:
        return None, x
    scale, rest = single(x)
    if not isinstance(rest, Apply) or rest.op is not add:
        return scale, rest
    found = [single(term) for term in rest.args]
    if any(other is not found[0][1] for _, other in found):
        return scale, rest
    one = constant(1, (), x.dtype)
    total = add(*(one if factor is None else factor for factor, _ in found))
    return product_of(scale, total), found[0][1]


def multiple(scale: Node | None, x: Node) -> Node:
    """Return ``scale * x``."""
    return x if scale is None else mul(broadcast(scale, shape=x.shape, axes=()), x)


def with_scale_outside(function: Callable[[Node], Node], x: Node) -> Node:
    """Return a linear function of `x`, with the number that `x` is a multiple by outside of it."""
    scale, rest = scaled(x)
    return multiple(scale, function(rest))


def total_of(numbers: list[Node | None], dtype: str) -> Node | None:
    """Return the sum of numbers, of which None is 1."""
    if len(numbers) == 1:
        return numbers[0]
    one = constant(1, (), dtype)
    return add(*(one if number is None else number for number in numbers))
