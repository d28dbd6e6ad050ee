"""Products of powers, powers of sums of negated terms, common factors, and coefficients that shared factors bring.

SymPy spreads powers over products, ``(a*b)**2`` to ``a**2*b**2``, so that most models from it arrive in that form; put
together again they take fewer operations, and their derivative too.
"""

from __future__ import annotations

from symbackprop.ir.node import Apply, Const, Node
from symbackprop.ops import primitives
from symbackprop.ops.arithmetic import add, div, integer_exponent, integer_power, mul, neg
from symbackprop.ops.broadcasting import reduce_sum
from symbackprop.ops.contraction import einsum
from symbackprop.ops.powers import root
from symbackprop.ops.rounding import absolute
from symbackprop.simplify.numbers import exact, is_modest, is_number, times
from symbackprop.simplify.pattern import Context, Row

__all__ = ["ROWS"]

_TERMS = 8  # of sums, and
_FACTORS = 8  # of products, in which a common factor is looked for
_hypot = primitives()["hypot"]
_KINKED = frozenset((absolute, _hypot, root))  # whose squares are smooth


def _is(node: Node, op: object) -> bool:
    return isinstance(node, Apply) and node.op is op


def _args(node: Node) -> tuple[Node, ...]:
    assert isinstance(node, Apply)
    return node.args


def _product_of_powers(node: Apply, context: Context) -> Node | None:
    """a**n * b**n is (a * b)**n, as accurate, and no sooner infinite or zero than the one with the powers is."""
    a, b = node.args
    if not (_is(a, integer_power) and _is(b, integer_power) and context.is_free(a) and context.is_free(b)):
        return None
    n = a.param("n")  # type: ignore[attr-defined]
    if a is b or n != b.param("n"):  # type: ignore[attr-defined]
        return None
    return integer_power(mul(_args(a)[0], _args(b)[0]), n=n)


def _power_of_root(node: Apply, context: Context) -> Node | None:
    """root(x)**2 is x: a root is that of a sum of squares, whose derivative at 0 is 0 as well, but the second is not."""
    (x,) = node.args
    n: int = node.param("n")  # type: ignore[assignment]
    if n % 2 or not _is(x, root):
        return None
    return _args(x)[0] if n == 2 else integer_power(_args(x)[0], n=n // 2)


def _power_of_absolute(node: Apply, context: Context) -> Node | None:
    """abs(x)**2 is x**2, bit by bit, and has a second derivative at 0; so have (a * abs(x))**2 and every even power."""
    (base,) = node.args
    n: int = node.param("n")  # type: ignore[assignment]
    if n % 2:
        return None
    if _is(base, absolute):
        return integer_power(_args(base)[0], n=n)
    if not (_is(base, mul) or _is(base, div)) or not context.is_primal(node):
        return None
    a, b = (_args(side)[0] if _is(side, absolute) else side for side in _args(base))
    signed = mul(a, b) if _is(base, mul) else div(a, b)
    return None if signed is base else integer_power(signed, n=n)


def _power_of_hypotenuse(node: Apply, context: Context) -> Node | None:
    """hypot(x, y)**2 is x**2 + y**2, which has a second derivative at 0; an adjoint has the hypotenuse already."""
    (length,) = node.args
    n: int = node.param("n")  # type: ignore[assignment]
    if n % 2 or not _is(length, _hypot) or not (context.is_primal(node) or context.is_free(length)):
        return None
    return integer_exponent(_square_of(length), n // 2)


def _square_of(length: Node) -> Node:
    """Return the square of an absolute value, a hypotenuse or a root, without the kink."""
    if _is(length, root):
        return _args(length)[0]
    squares = [integer_power(side, n=2) for side in _args(length)]
    return squares[0] if len(squares) == 1 else add(*squares)


def _power_of_multiple(node: Apply, context: Context) -> Node | None:
    """(2 * hypot(x, y))**2 is hypot(2 * x, 2 * y)**2, and (2 * root(x))**2 is 4 * root(x)**2: no sooner infinite."""
    (base,) = node.args
    n: int = node.param("n")  # type: ignore[assignment]
    if n % 2 or not context.is_primal(node):
        return None
    if _is(base, mul):
        number, length = _args(base)
    elif _is(base, div):
        length, number = _args(base)
    else:
        return None
    if not is_number(number):
        return None
    if _is(length, _hypot):
        sides = _args(length)
        return integer_power(_hypot(*(_multiple(base, number, side) for side in sides)), n=n)
    if _is(length, root) and is_modest(number):
        return _multiple(base, integer_power(number, n=n), integer_power(length, n=n))
    return None


def _multiple(like: Node, number: Node, node: Node) -> Node:
    return mul(number, node) if _is(like, mul) else div(node, number)


def _contracted_with_itself(node: Apply, context: Context) -> Node | None:
    """abs(x) @ abs(x) is sum(x**2), and so for lengths: their squares have no kink."""
    operands: tuple[tuple[int, ...], ...] = node.param("operands")  # type: ignore[assignment]
    kept: tuple[int, ...] = node.param("output")  # type: ignore[assignment]
    length = node.args[0]
    if len(node.args) != 2 or length is not node.args[1] or operands[0] != operands[1]:
        return None
    if not isinstance(length, Apply) or length.op not in _KINKED:
        return None
    if kept != tuple(index for index in operands[0] if index in kept):
        return None
    axes = tuple(axis for axis, index in enumerate(operands[0]) if index not in kept)
    return reduce_sum(_square_of(length), axes=axes)


def _power_of_negated_sum(node: Apply, context: Context) -> Node | None:
    """(-a - b)**2 is (a + b)**2, bit by bit; likewise for every even power."""
    (x,) = node.args
    if node.param("n") % 2 or not _is(x, add) or not context.is_free(x):  # type: ignore[operator]
        return None
    if not all(_is(term, neg) for term in _args(x)):
        return None
    return integer_power(add(*(_args(term)[0] for term in _args(x))), n=node.param("n"))


def _coefficient_of_factor(node: Apply, context: Context) -> Node | None:
    """2 * ((a / 2) * b), where others need a / 2 too, is a * b.

    Coefficients that do not cancel stay where they are: gathered along a chain, as the 2 of each square in it, they would
    grow beyond all bounds while what they multiply underflows.
    """
    number, product = node.args
    if not is_number(number) or not _is(product, mul) or not context.is_free(product):
        return None
    for shared, other in (_args(product), _args(product)[::-1]):
        if _is(shared, mul) and is_number(_args(shared)[0]):
            inner, rest = _args(shared)
            assert isinstance(number, Const) and isinstance(inner, Const)
            if times(exact(number.value), exact(inner.value)) == 1:
                return mul(rest, other) if shared is _args(product)[0] else mul(other, rest)
    return None


# --- common factors of adjoints ---------------------------------------------------------------------------------------


def _common_factor(node: Apply, context: Context) -> Node | None:
    """g*a + g*b*c is g*(a + b*c): one product saved for each term; a number is taken out where nothing else is."""
    if context.is_primal(node) or len(node.args) > _TERMS:
        return None
    terms = [_factors(term, context) for term in node.args]
    if any(len(factors) < 2 for _, factors in terms):
        return None
    for factor in sorted(terms[0][1], key=lambda factor: isinstance(factor, Const)):
        if all(any(factor is f for f in factors) for _, factors in terms):
            return mul(factor, add(*(_without(factors, factor, negative) for negative, factors in terms)))
    return None


def _factors(term: Node, context: Context) -> tuple[bool, list[Node]]:
    """Return the sign and the factors of a product that nothing else needs; no factors where there is none."""
    negative = _is(term, neg)
    inner = _args(term)[0] if negative else term
    if not _is(inner, mul) or not context.is_free(term):
        return negative, []
    factors: list[Node] = []
    stack = [*reversed(_args(inner))]
    while stack:
        part = stack.pop()
        if _is(part, mul) and not part.weak and context.is_free(part) and len(factors) + len(stack) < _FACTORS:
            stack += reversed(_args(part))
        elif _is(part, integer_power) and part.param("n") == 2 and context.is_free(part):  # type: ignore[attr-defined]
            factors += [_args(part)[0]] * 2
        else:
            factors.append(part)
    return negative, factors


def _without(factors: list[Node], factor: Node, negative: bool) -> Node:
    place = next(i for i, other in enumerate(factors) if other is factor)
    rest = factors[:place] + factors[place + 1 :]
    product = rest[0]
    for other in rest[1:]:
        product = mul(product, other)
    return neg(product) if negative else product


ROWS = (
    Row("product of powers", (mul,), _product_of_powers),
    Row("power of root", (integer_power,), _power_of_root),
    Row("power of absolute value", (integer_power,), _power_of_absolute),
    Row("power of hypot", (integer_power,), _power_of_hypotenuse),
    Row("power of multiple", (integer_power,), _power_of_multiple),
    Row("contracted with itself", (einsum,), _contracted_with_itself),
    Row("power of negated sum", (integer_power,), _power_of_negated_sum),
    Row("coefficient of factor", (mul,), _coefficient_of_factor),
    Row("common factor", (add,), _common_factor),
)
