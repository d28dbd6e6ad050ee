"""Stable forms: what loses accuracy or overflows as written, seen whole before differentiation and again after it.

Every row is equal over the reals on the domain of what it replaces and accurate where that is not.
"""

from __future__ import annotations

from symbackprop.ir.node import Apply, Const, Node, constant
from symbackprop.ops import primitives
from symbackprop.ops.arithmetic import add, div, integer_power, mul, neg
from symbackprop.ops.broadcasting import broadcast, reduce_sum
from symbackprop.ops.declare import Primitive, results
from symbackprop.ops.determinants import det, slogdet
from symbackprop.ops.exponential import exp, log, log1p
from symbackprop.ops.indexing import Bounds, slice_
from symbackprop.ops.order import order_statistic, sort
from symbackprop.ops.rounding import absolute
from symbackprop.ops.trigonometric import cos, sin
from symbackprop.simplify.applied import args_of, is_applied
from symbackprop.simplify.numbers import exact, is_number, is_value
from symbackprop.simplify.pattern import Context, Row

__all__ = ["ROWS"]


def _op(name: str) -> Primitive:
    return primitives()[name]


def _other_term(node: Node, value: int) -> Node | None:
    """Return x where `node` is ``value + x``."""
    if is_applied(node, add) and len(args_of(node)) == 2:
        a, b = args_of(node)
        if is_value(a, value):
            return b
        if is_value(b, value):
            return a
    return None


# --- logarithms -------------------------------------------------------------------------------------------------------


def _log_one_plus(node: Apply, context: Context) -> Node | None:
    """log(1 + x) is log1p(x)."""
    x = _other_term(node.args[0], 1)
    return None if x is None or isinstance(x, Const) else _op("log1p")(x)


def _log_determinant(node: Apply, context: Context) -> Node | None:
    """log(det(A)) is log(sign) + logdet, and log(abs(det(A))) is logdet: a determinant overflows where these do not."""
    (x,) = node.args
    signed = is_applied(x, det)
    inner = x if signed else args_of(x)[0] if is_applied(x, absolute) and is_applied(args_of(x)[0], det) else None
    if inner is None or not context.is_free(x) or not context.is_free(inner):
        return None
    sign, logarithm = results(slogdet(*args_of(inner)))  # type: ignore[arg-type]
    return add(log(sign), logarithm) if signed else logarithm


def _softplus(node: Apply, context: Context) -> Node | None:
    """log1p(exp(x)) is softplus(x)."""
    (x,) = node.args
    return _op("softplus")(args_of(x)[0]) if is_applied(x, exp) else None


def _log_add_exp_zero(node: Apply, context: Context) -> Node | None:
    """logaddexp(0, x) is softplus(x)."""
    for zero, x in (node.args, node.args[::-1]):
        if is_value(zero, 0):
            return _op("softplus")(x)
    return None


def _log_add_exp(node: Apply, context: Context) -> Node | None:
    """log(exp(a) + exp(b)) is logaddexp(a, b)."""
    (x,) = node.args
    if is_applied(x, add) and len(args_of(x)) == 2 and all(is_applied(term, exp) for term in args_of(x)):
        a, b = args_of(x)
        return _op("logaddexp")(args_of(a)[0], args_of(b)[0])
    return None


def _log_sum_exp(node: Apply, context: Context) -> Node | None:
    """log(sum(exp(x))) is logsumexp(x)."""
    (x,) = node.args
    if is_applied(x, reduce_sum) and is_applied(args_of(x)[0], exp):
        return _op("logsumexp")(args_of(args_of(x)[0])[0], axes=x.param("axes"))  # type: ignore[attr-defined]
    return None


def _log_of_composite(node: Apply, context: Context) -> Node | None:
    """log(softmax(x)) is log_softmax(x), log(expit(x)) is log_expit(x), and log(cosh(x)) is logcosh(x)."""
    (x,) = node.args
    if is_applied(x, _op("cosh")) and context.is_free(x):
        return _op("logcosh")(*args_of(x))
    if is_applied(x, _op("softmax")):
        return _op("log_softmax")(*args_of(x), **dict(x.params))  # type: ignore[attr-defined]
    return _op("log_expit")(*args_of(x)) if is_applied(x, _op("expit")) else None


def _binary_cross_entropy(node: Apply, context: Context) -> Node | None:
    """xlogy(y, expit(z)) + xlog1py(1 - y, -expit(z)) is y*z - softplus(z), and so with both signs changed."""
    signed = [(args_of(term)[0], True) if is_applied(term, neg) else (term, False) for term in node.args]
    for happens, negative in signed:
        if not is_applied(happens, _op("xlogy")) or not is_applied(args_of(happens)[1], _op("expit")):
            continue
        y, p = args_of(happens)
        for fails, sign in signed:
            if sign is not negative or not is_applied(fails, _op("xlog1py")) or args_of(fails)[1] is not neg(p):
                continue
            if _other_term(args_of(fails)[0], 1) is not neg(y):
                continue
            rest = [arg for arg, (term, _) in zip(node.args, signed, strict=True) if term not in (happens, fails)]
            (z,) = args_of(p)
            logarithm, product = _op("softplus")(z), mul(y, z)
            return add(*rest, *((logarithm, neg(product)) if negative else (product, neg(logarithm))))
    return None


def _x_log_x(node: Apply, context: Context) -> Node | None:
    """X * log(x) is xlogy(x, x), which is 0 at 0; a number is not."""
    a, b = node.args
    if is_number(a) or is_number(b):
        return None
    if (is_applied(b, log) and args_of(b)[0] is a) or (is_applied(a, log) and args_of(a)[0] is b):
        x = a if is_applied(b, log) else b
        return _op("xlogy")(x, x)
    return None


def _x_log_number(node: Apply, context: Context) -> Node | None:
    """xlogy(x, 2) is x * log(2): the logarithm is finite."""
    x, y = node.args
    return mul(x, log(y)) if is_number(y) and exact(y.value) > 0 else None  # type: ignore[attr-defined, operator]


def _x_log1p_number(node: Apply, context: Context) -> Node | None:
    """xlog1py(x, 2) is x * log1p(2): the logarithm is finite."""
    x, y = node.args
    return mul(x, log1p(y)) if is_number(y) and exact(y.value) > -1 else None  # type: ignore[attr-defined, operator]


# --- exponentials -----------------------------------------------------------------------------------------------------


def _exp_minus_one(node: Apply, context: Context) -> Node | None:
    """exp(x) - 1 is expm1(x), and 1 - exp(x) is -expm1(x)."""
    rest = _other_term(node, -1)
    if rest is not None and is_applied(rest, exp):
        return _op("expm1")(*args_of(rest))
    rest = _other_term(node, 1)
    if rest is not None and is_applied(rest, neg) and is_applied(args_of(rest)[0], exp):
        return neg(_op("expm1")(*args_of(args_of(rest)[0])))
    return None


def _shifted(y: Node, axes: tuple[int, ...]) -> tuple[list[Node], list[Node]] | None:
    """Return the terms of a sum, and those of them that are the same along `axes`; None if none is, or all are."""
    if not is_applied(y, add):
        return None
    terms = list(args_of(y))
    shifts = [term for term in terms if _is_alike(args_of(term)[0] if is_applied(term, neg) else term, axes)]
    rest = [term for term in terms if term not in shifts]
    return (rest, shifts) if shifts and rest else None


def _is_alike(term: Node, axes: tuple[int, ...]) -> bool:
    """Tell whether an array is a broadcast one that repeats along all of `axes`."""
    return is_applied(term, broadcast) and not set(term.param("axes")) & set(axes)  # type: ignore[attr-defined]


def _softmax_of_shifted(node: Apply, context: Context) -> Node | None:
    """softmax(x - c) is softmax(x) for what is the same along the axis, as the maximum that code by hand takes off."""
    found = _shifted(node.args[0], (node.param("axis"),))  # type: ignore[arg-type]
    if found is None:
        return None
    rest, _ = found
    return node.op(rest[0] if len(rest) == 1 else add(*rest), **dict(node.params))  # type: ignore[operator, no-any-return]


def _log_sum_exp_of_shifted(node: Apply, context: Context) -> Node | None:
    """logsumexp(x - max(x)) is logsumexp(x) - max(x), of which lowering leaves the logarithm."""
    axes: tuple[int, ...] = node.param("axes")  # type: ignore[assignment]
    found = _shifted(node.args[0], axes)
    if found is None or len(found[1]) != 1 or not is_applied(found[1][0], neg):
        return None
    rest, (shift,) = found
    x = rest[0] if len(rest) == 1 else add(*rest)
    (largest,) = args_of(args_of(shift)[0])
    if not is_applied(largest, _op("max")) or args_of(largest)[0] is not x or largest.param("axes") != axes:  # type: ignore[attr-defined]
        return None
    return add(node.op(x, axes=axes), neg(largest))  # type: ignore[operator]


def _sigmoid(node: Apply, context: Context) -> Node | None:
    """1 / (1 + exp(-x)) and exp(x) / (1 + exp(x)) are expit(x)."""
    top, bottom = node.args
    power = _other_term(bottom, 1)
    if power is None or not is_applied(power, exp):
        return None
    (x,) = args_of(power)
    if is_value(top, 1):
        return _op("expit")(args_of(x)[0] if is_applied(x, neg) else neg(x))
    return _op("expit")(x) if top is power else None


def _softmax(node: Apply, context: Context) -> Node | None:
    """exp(x) / sum(exp(x)) along one axis is softmax(x)."""
    top, bottom = node.args
    if not is_applied(top, exp) or not is_applied(bottom, broadcast):
        return None
    (total,) = args_of(bottom)
    while isinstance(total, Apply) and total.op in (broadcast, _op("reshape")):
        total = total.args[0]
    if not is_applied(total, reduce_sum) or args_of(total)[0] is not top:
        return None
    axes: tuple[int, ...] = total.param("axes")  # type: ignore[attr-defined]
    kept = tuple(axis for axis in range(top.rank) if axis not in axes)
    if len(axes) == 1 and bottom.param("axes") == kept:  # type: ignore[attr-defined]
        return _op("softmax")(*args_of(top), axis=axes[0])
    return None


# --- circular functions -------------------------------------------------------------------------------------------


def _is_square(node: Node) -> bool:
    return isinstance(node, Apply) and node.op is integer_power and node.param("n") == 2


def _one_minus_cosine(node: Apply, context: Context) -> Node | None:
    """1 - cos(x) is 2*sin(x/2)**2."""
    rest = _other_term(node, 1)
    if rest is not None and is_applied(rest, neg) and is_applied(args_of(rest)[0], cos):
        (x,) = args_of(args_of(rest)[0])
        return 2 * integer_power(sin(x / 2), n=2)
    return None


def _circle(node: Apply, context: Context) -> Node | None:
    """cos(x)**2 + sin(x)**2 is 1."""
    if len(node.args) != 2 or not all(_is_square(term) for term in node.args):
        return None
    (a,), (b,) = (args_of(term) for term in node.args)
    if isinstance(a, Apply) and isinstance(b, Apply) and {a.op, b.op} == {cos, sin} and a.args == b.args:
        return constant(1, node.shape, node.dtype)
    return None


# --- order ------------------------------------------------------------------------------------------------------------


def _entry_of_sorted(node: Apply, context: Context) -> Node | None:
    """sort(x)[k] is an order statistic, whose derivative needs no order."""
    (x,) = node.args
    if not is_applied(x, sort):
        return None
    axis: int = x.param("axis")  # type: ignore[attr-defined]
    bounds: Bounds = node.param("bounds")  # type: ignore[assignment]
    position = bounds[axis]
    if position is None or isinstance(position, tuple) or any(b is not None for b in bounds if b is not position):
        return None
    return order_statistic(args_of(x)[0], axis=axis, position=position)


ROWS = (
    Row("log1p", (log,), _log_one_plus),
    Row("log of a determinant", (log,), _log_determinant),
    Row("softplus", (primitives()["log1p"],), _softplus),
    Row("logaddexp", (log,), _log_add_exp),
    Row("softplus", (primitives()["logaddexp"],), _log_add_exp_zero),
    Row("logsumexp", (log,), _log_sum_exp),
    Row("log of softmax, expit or cosh", (log,), _log_of_composite),
    Row("binary cross-entropy", (add,), _binary_cross_entropy, about=(_op("xlogy"),)),
    Row("x log x", (mul,), _x_log_x, of=(log,)),
    Row("x log of a number", (primitives()["xlogy"],), _x_log_number),
    Row("x log1p of a number", (primitives()["xlog1py"],), _x_log1p_number),
    Row("expm1", (add,), _exp_minus_one, about=(exp,)),
    Row("expit", (div,), _sigmoid),
    Row("softmax", (div,), _softmax),
    Row("softmax of shifted", (_op("softmax"), _op("log_softmax")), _softmax_of_shifted),
    Row("logsumexp of shifted", (_op("logsumexp"),), _log_sum_exp_of_shifted),
    Row("1 - cos", (add,), _one_minus_cosine, about=(cos,)),
    Row("cos**2 + sin**2", (add,), _circle, about=(cos,)),
    Row("entry of sorted", (slice_,), _entry_of_sorted),
)
