"""Sums of products of powers and exponentials, in a form that two of them share if they are equal.

A monomial is a product of powers of absolute values, of signs, and of the exponential of a polynomial: with
``u = S/K``, the product ``S*exp(-log(u)/2)`` is ``abs(S)**(1/2) * abs(K)**(1/2) * sign(S)``. Powers of positive numbers
are added whatever they are, ``exp(c*log(u))`` is ``u**c``, and a product of signs is that of another where a logarithm
or a root tells that both are the same. What is no sum, product, power, exponential, logarithm or root stands for itself,
and so does what would take more than a few terms.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple

from symbackprop.ir.dtype import is_float
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply, Const, Node, Shape
from symbackprop.ops.arithmetic import add, div, integer_power, mul, neg
from symbackprop.ops.broadcasting import broadcast, reshape
from symbackprop.ops.exponential import exp, log
from symbackprop.ops.powers import sqrt
from symbackprop.simplify.applied import args_of, is_applied
from symbackprop.simplify.numbers import exact

__all__ = ["Monomial", "Polynomial", "polynomials", "positive_products"]

Key = object  # a node, a number, or a node and where its axes are
Powers = frozenset[tuple[Key, Fraction]]
_Move = tuple[object, Shape]  # the axes that an array has in a shape, or None where its entries keep their order


class Monomial(NamedTuple):
    """A product: of powers of absolute values, of signs, and of an exponential."""

    powers: Powers = frozenset()
    signs: frozenset[Key] = frozenset()
    exponent: frozenset[tuple[Monomial, Fraction]] = frozenset()


Polynomial = Mapping[Monomial, Fraction]

_ONE = Monomial()
_TERMS = 16  # of a polynomial
_FACTORS = 16  # of a monomial
_BITS = 256  # of a coefficient
_POWER = 8  # the highest that is taken apart
_FOLLOWED = 256  # nodes that are asked for what is positive
_ENTERED = frozenset((add, broadcast, div, exp, integer_power, log, mul, neg, reshape, sqrt))


def polynomials(graph: Graph, wanted: Iterable[Node]) -> dict[Node, Polynomial]:
    """Return the polynomials that nodes of a graph are, and those that they are made of."""
    needed: set[Node] = set()
    waiting = [*wanted]
    while waiting:
        node = waiting.pop()
        if node not in needed:
            needed.add(node)
            waiting += _parts(node)
    found: dict[Node, Polynomial] = {}
    for node in graph.nodes():
        if node in needed:
            found[node] = _limited(_polynomial(node, found), node)
    return found


def positive_products(nodes: Iterable[Node], found: Mapping[Node, Polynomial]) -> list[frozenset[Key]]:
    """Return products of signs which are 1 wherever `nodes` have a value: those of arguments of logarithms and roots."""
    products: list[frozenset[Key]] = []
    waiting: list[tuple[Node, tuple[_Move, ...]]] = [(node, ()) for node in nodes]
    seen: set[tuple[Node, tuple[_Move, ...]]] = set()
    while waiting and len(seen) < _FOLLOWED:
        node, moves = waiting.pop()
        if (node, moves) in seen:
            continue
        seen.add((node, moves))
        inside = moves
        if isinstance(node, Apply) and node.op in (broadcast, reshape):
            inside = (_move_of(node), *moves)
        waiting += [(part, inside) for part in _parts(node)]
        if is_applied(node, log) or is_applied(node, sqrt):
            single = _single(found[args_of(node)[0]])
            if single is not None and single[1] > 0:
                products.append(frozenset(_after(moves, key) for key in single[0].signs))
    return products


def _parts(node: Node) -> tuple[Node, ...]:
    """Return the nodes that are looked into."""
    return node.args if isinstance(node, Apply) and node.op in _ENTERED and is_float(node.dtype) else ()


def _limited(polynomial: Polynomial | None, node: Node) -> Polynomial:
    """Return a polynomial, or what stands for `node` alone where that would be long."""
    if polynomial is None or len(polynomial) > _TERMS or any(_is_long(*term) for term in polynomial.items()):
        return _alone(node)
    return polynomial


def _is_long(monomial: Monomial, number: Fraction) -> bool:
    if len(monomial.powers) > _FACTORS or len(monomial.exponent) > _TERMS:
        return True
    return max(number.numerator.bit_length(), number.denominator.bit_length()) > _BITS


def _alone(node: Node) -> Polynomial:
    positive = is_applied(node, exp) or is_applied(node, sqrt)
    return {Monomial(frozenset([(node, Fraction(1))]), frozenset() if positive else frozenset([node])): Fraction(1)}


def _polynomial(node: Node, found: Mapping[Node, Polynomial]) -> Polynomial | None:
    """Return what `node` is, given what its arguments are; None where it stands for itself."""
    if isinstance(node, Const):
        return _of_number(node)
    if not isinstance(node, Apply) or not _parts(node):
        return None
    args = [found[arg] for arg in node.args]
    if node.op is add:
        return _sum(args)
    if node.op is neg:
        return {monomial: -number for monomial, number in args[0].items()}
    if node.op is mul:
        return _product(args[0], args[1])
    if node.op is div:
        inverse = _power_of_single(args[1], Fraction(-1))
        return None if inverse is None else _product(args[0], inverse)
    if node.op is integer_power:
        return _integer_power(args[0], node.param("n"))  # type: ignore[arg-type]
    if node.op is broadcast or node.op is reshape:
        return _moved(args[0], node)
    if node.op is exp:
        return _exponential(args[0], found)
    return _root(args[0]) if node.op is sqrt else None


def _of_number(node: Const) -> Polynomial | None:
    """Return a rational number as a coefficient, and pi and the like as symbols, the same in every shape."""
    value = exact(node.value)
    if isinstance(value, (int, Fraction)):
        return {_ONE: Fraction(value)} if value else {}
    if isinstance(node.value, (bool, int)) or not _is_positive_real(node.value):
        return None
    return {Monomial(frozenset([(("number", node.value), Fraction(1))])): Fraction(1)}


def _is_positive_real(value: object) -> bool:
    try:
        return 0 < float(value) < math.inf  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False


def _sum(terms: Iterable[Polynomial]) -> Polynomial:
    total: dict[Monomial, Fraction] = {}
    for term in terms:
        for monomial, number in term.items():
            total[monomial] = total.get(monomial, Fraction(0)) + number
    return {monomial: number for monomial, number in total.items() if number}


def _product(a: Polynomial, b: Polynomial) -> Polynomial | None:
    if len(a) * len(b) > 4 * _TERMS:
        return None
    return _sum(_times(x, y, m * n) for x, m in a.items() for y, n in b.items())


def _times(a: Monomial, b: Monomial, number: Fraction) -> Polynomial:
    exponent = _sum([dict(a.exponent), dict(b.exponent)])
    return _with_powers([*a.powers, *b.powers], a.signs ^ b.signs, exponent, number)


def _with_powers(
    factors: Iterable[tuple[Key, Fraction]], signs: frozenset[Key], exponent: Polynomial, number: Fraction
) -> Polynomial:
    """Return a product of powers, some of which may be of one number."""
    powers: dict[Key, Fraction] = {}
    for key, power in factors:
        powers[key] = powers.get(key, Fraction(0)) + power
    for key, power in powers.items():
        if isinstance(key, Fraction):  # roots of rationals: their whole powers are rational
            whole = math.floor(power)
            number *= key**whole
            powers[key] = power - whole
    kept = frozenset((key, power) for key, power in powers.items() if power)
    return {Monomial(kept, signs, frozenset(exponent.items())): number}


def _single(polynomial: Polynomial) -> tuple[Monomial, Fraction] | None:
    return next(iter(polynomial.items())) if len(polynomial) == 1 else None


def _power_of_single(polynomial: Polynomial, power: Fraction) -> Polynomial | None:
    """Return a whole power of a product."""
    single = _single(polynomial)
    if single is None:
        return None
    monomial, number = single
    factors = [(key, old * power) for key, old in monomial.powers]
    exponent = {part: old * power for part, old in monomial.exponent}
    return _with_powers(factors, monomial.signs if power % 2 else frozenset(), exponent, number ** int(power))


def _integer_power(polynomial: Polynomial, n: int) -> Polynomial | None:
    if abs(n) > _POWER:
        return None
    if len(polynomial) == 1:
        return _power_of_single(polynomial, Fraction(n))
    if n < 1:
        return None
    power: Polynomial | None = polynomial
    for _ in range(n - 1):
        power = None if power is None or len(power) > _TERMS else _product(power, polynomial)
    return power


def _root(polynomial: Polynomial) -> Polynomial | None:
    """Return the root of a rational, or of one symbol, which has to be positive then: that of ``x**2`` is not x."""
    single = _single(polynomial)
    if single is None:
        return None
    (powers, _, exponent), number = single
    if exponent or number < 0 or len(powers) > 1 or (powers and number != 1):
        return None
    factors = [(key, Fraction(1, 2)) for key, power in powers if power == 1]
    if len(factors) != len(powers):
        return None
    return _with_powers(factors or [(number, Fraction(1, 2))], frozenset(), {}, Fraction(1))


def _exponential(polynomial: Polynomial, found: Mapping[Node, Polynomial]) -> Polynomial | None:
    """Return the exponential of a polynomial, in which multiples of logarithms are powers."""
    if any(monomial.exponent for monomial in polynomial):
        return None
    factors: list[tuple[Key, Fraction]] = []
    exponent: dict[Monomial, Fraction] = {}
    for monomial, number in polynomial.items():
        inside = _logarithm(monomial, found)
        if inside is None:
            exponent[monomial] = number
        else:
            factors += [(key, power * number) for key, power in inside]
    return _with_powers(factors, frozenset(), exponent, Fraction(1))


def _logarithm(monomial: Monomial, found: Mapping[Node, Polynomial]) -> Powers | None:
    """Return the powers of which `monomial` is the logarithm."""
    if len(monomial.powers) != 1:
        return None
    ((key, power),) = monomial.powers
    if power != 1 or monomial.signs != {key}:
        return None
    moves: tuple[_Move, ...] = ()
    while isinstance(key, Moved):
        moves = ((key.how, key.shape), *moves)
        key = key.key
    if not isinstance(key, Node) or not is_applied(key, log):
        return None
    single = _single(found[args_of(key)[0]])
    if single is None or single[1] != 1 or single[0].exponent:
        return None
    return frozenset((_after(moves, key), power) for key, power in single[0].powers)


# --- arrays of more axes ----------------------------------------------------------------------------------------------


class Moved(NamedTuple):
    """What stands for the entries of an array in another shape."""

    key: Key
    how: object
    shape: Shape


def _moved(polynomial: Polynomial, node: Apply) -> Polynomial:
    """Return the polynomial of an array that is repeated along axes, or has another shape."""
    move = _move_of(node)
    return dict(_with_keys(polynomial.items(), lambda key: _moved_key(key, *move)))


def _move_of(node: Apply) -> _Move:
    return (node.param("axes") if node.op is broadcast else None), node.shape


def _after(moves: Iterable[_Move], key: Key) -> Key:
    for move in moves:
        key = _moved_key(key, *move)
    return key


def _moved_key(key: Key, how: object, shape: Shape) -> Key:
    """Return what stands for entries in a shape; numbers are the same in all."""
    if isinstance(key, Node):
        return Moved(key, how, shape) if key.shape else key
    if not isinstance(key, Moved):
        return key
    if how is not None or key.how is not None:
        return Moved(key, how, shape)
    return key.key if _shape_of(key.key) == shape else Moved(key.key, None, shape)


def _shape_of(key: Key) -> Shape:
    return key.shape if isinstance(key, (Node, Moved)) else ()


def _with_keys(
    terms: Iterable[tuple[Monomial, Fraction]], to: Callable[[Key], Key]
) -> Iterator[tuple[Monomial, Fraction]]:
    for monomial, number in terms:
        powers = frozenset((to(key), power) for key, power in monomial.powers)
        signs = frozenset(map(to, monomial.signs))
        yield Monomial(powers, signs, frozenset(_with_keys(monomial.exponent, to))), number
