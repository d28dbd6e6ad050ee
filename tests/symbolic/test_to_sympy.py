"""Back to SymPy: what a function is in expressions, round trips, pairs for what is large, second derivatives."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import sympy as sp

import symbackprop as sb
from symbackprop.ops import primitives
from symbackprop.ops.declare import Primitive
from symbackprop.symbolic.meanings import meaning_of

x, y = sp.symbols("x y", real=True)
RAN: Counter[str] = Counter()
SCALAR = [p for p in primitives().values() if p.kind == "elementwise" and p.public and meaning_of(p) is not None]
NAMED = [p.name for p in SCALAR if p.sympy is not None]
ALSO = [
    "negative",
    "multiply",
    "divide",
    "less",
    "less_equal",
    "greater",
    "greater_equal",
    "equal",
    "not_equal",
    "logical_and",
    "logical_or",
    "logical_xor",
    "logical_not",
    "sqrt",
    "hypot",
    "expm1",
    "log1p",
    "logaddexp",
    "expit",
    "softplus",
    "sinc",
]


def compiled(primitive: Primitive) -> sb.CompiledFunction:
    names = ["x", "y", "z", "t"][: primitive.arity]
    arguments = [*["2"] * len(primitive.fixed), *names]
    kind = ": bool" if primitive.name.startswith("logical") else ""
    return sb.compile_value(f"{primitive.name}({', '.join(arguments)})", inputs=dict.fromkeys(names, kind))


@pytest.mark.parametrize("primitive", [p for p in SCALAR if p.name in (*NAMED, *ALSO)], ids=lambda p: p.name)
def test_a_round_trip_is_the_identity_on_the_graph(primitive: Primitive) -> None:
    there = compiled(primitive)
    found = there.to_sympy()
    back = sb.compile_value(found, inputs=list(found.symbols.values()))
    assert back.formula_graph.primals[0] is there.formula_graph.primals[0]
    RAN[primitive.name] += 1


def test_every_primitive_with_a_counterpart_made_the_trip() -> None:
    assert set(RAN) == {*NAMED, *ALSO}


# logic takes no numbers, and of erfcinv SymPy computes no digits
POINTED = [p for p in SCALAR if p.points and not p.name.startswith("logical") and p.name != "erfcinv"]


@pytest.mark.parametrize("primitive", POINTED, ids=lambda p: p.name)
def test_the_meaning_has_the_value_of_the_primitive(primitive: Primitive) -> None:
    function = compiled(primitive)
    found = function.to_sympy()
    for point in primitive.points[:3]:
        expected = function(*point)
        value = found.value.subs(dict(zip(found.symbols.values(), map(sp.Float, point), strict=True)))
        number = bool(value) if value in (sp.true, sp.false) else float(value.evalf(20))
        assert number == pytest.approx(float(expected), rel=1e-12, abs=1e-14)


@pytest.mark.parametrize(
    "formula",
    ["w*x + b - y", "x/y - x*exp(-x**2)", "where(x > y, x*y, sqrt(y))", "maximum(x, y)**3 + abs(x - 1)", "x**y + 2**x"],
)
def test_after_one_trip_the_graph_stays(formula: str) -> None:
    found = sb.compile_value(formula).to_sympy()
    once = sb.compile_value(found, inputs=list(found.symbols.values()))
    again = once.to_sympy()
    twice = sb.compile_value(again, inputs=list(again.symbols.values()))
    assert twice.formula_graph.primals == once.formula_graph.primals


def test_value_and_gradient() -> None:
    found = sb.compile_grad("x**2*sin(y)").to_sympy()
    assert found.value == x**2 * sp.sin(y)
    assert found.gradient == (2 * x * sp.sin(y), x**2 * sp.cos(y))
    assert found.symbols == {"x": x, "y": y}
    assert sb.compile_grad("x*y", wrt="x").to_sympy().gradient == y
    assert sb.compile_value("x*y").to_sympy().gradient is None
    assert sb.compile_grad("x*y, [x + y]").to_sympy().gradient == ((y, x), [(1, 1)])


def test_the_users_own_symbols_come_back() -> None:
    a = sp.Symbol(r"\alpha", positive=True)
    expression = sp.log(a) * sp.sqrt(a)
    found = sb.compile_grad(expression, wrt=a).to_sympy()
    assert found.value == expression
    assert sp.simplify(found.gradient - sp.diff(expression, a)) == 0


def test_arrays_entry_by_entry() -> None:
    compiled = sb.compile_value_and_grad("X[n,d] w[d] y[n] -> mean((X @ w - y)**2) + logsumexp(w) + max(w)", wrt="w")
    found = compiled.to_sympy(sizes={"n": 2, "d": 3})
    rng = np.random.default_rng(0)
    values = {name: rng.normal(size=symbols.shape) for name, symbols in found.symbols.items()}
    numbers = {
        symbol: number
        for name, symbols in found.symbols.items()
        for symbol, number in zip(sp.flatten(symbols), values[name].ravel(), strict=True)
    }
    value, gradient = compiled(**values)
    assert float(found.value.subs(numbers)) == pytest.approx(value)
    np.testing.assert_allclose([float(entry.subs(numbers)) for entry in found.gradient], gradient)


def test_sizes_are_asked_for() -> None:
    with pytest.raises(sb.UnsupportedError, match=r"sizes=\{'n': 3\}"):
        sb.compile_value("x[n] -> sum(x)").to_sympy()


def test_what_has_no_counterpart_is_refused_by_name() -> None:
    with pytest.raises(sb.UnsupportedError, match="rint"):
        sb.compile_value("rint(x)").to_sympy()


def nested(depth: int) -> sp.Expr:
    value: sp.Expr = x
    for _ in range(depth):
        value = sp.Mul(sp.sin(value, evaluate=False), value, evaluate=False)
    return value


def test_large_expressions_come_in_pairs_of_bounded_size() -> None:
    found = sb.compile_grad(nested(300), wrt=x).to_sympy()
    assert len(found.pairs) < 1_000
    assert max(expression.count_ops() for _, expression in found.pairs) < 60
    names = {symbol for symbol, _ in found.pairs}
    assert x not in names
    seen = {x}
    for symbol, expression in found.pairs:  # each in terms of earlier ones
        assert expression.free_symbols <= seen
        seen.add(symbol)


def test_second_derivatives_of_what_is_shared() -> None:
    first = sb.compile_grad(nested(14), wrt=x)
    second = sb.compile_grad(first.to_sympy().of_gradient(), wrt=x)
    assert second.source.count("\n") < 300
    point = 1.1
    difference = (first(point + 1e-6) - first(point - 1e-6)) / 2e-6
    assert second(point) == pytest.approx(difference, rel=1e-5)


def test_a_hessian() -> None:
    expression = sp.exp(x * y) + x**3 / y
    gradient = sb.compile_grad(expression, wrt=[x, y]).to_sympy().of_gradient()
    hessian = sb.compile_grad(gradient, wrt=[x, y])
    assert hessian.verify()
    expected = sp.hessian(expression, (x, y)).subs({x: 0.7, y: 1.3})
    np.testing.assert_allclose(np.array(hessian(0.7, 1.3)), np.array(expected, dtype=float), rtol=1e-13)


def test_pairs_are_verified_too() -> None:
    found = sb.compile_grad(nested(20), wrt=x).to_sympy()
    assert found.pairs
    assert sb.compile_value(found).verify(points=1)
