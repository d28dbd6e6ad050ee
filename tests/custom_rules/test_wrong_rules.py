"""Wrong rules are caught and named, by `verify` and by `check_rule`; those that are chosen are listed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import symbackprop as sb

X = np.array([0.3, -0.4, 0.7])

RULES: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "off by 0.1 %": (lambda g, out, x, w: (1.001 * g * w, g * x), lambda d, out, x, w: 1.001 * d[0] * w + x * d[1]),
    "a sign": (lambda g, out, x, w: (-g * w, g * x), lambda d, out, x, w: -d[0] * w + x * d[1]),
    "nothing": (lambda g, out, x, w: (None, g * x), lambda d, out, x, w: x * d[1]),
    "another order": (lambda g, out, x, w: (g * x, g * w), lambda d, out, x, w: d[0] * x + w * d[1]),
}


def product(x: Any, w: Any) -> Any:
    return x * w


def other(x: Any) -> Any:
    return np.sin(x)


@pytest.mark.parametrize("kind", ["vjp", "jvp"])
@pytest.mark.parametrize("name", RULES)
def test_a_wrong_rule_is_named(name: str, kind: str) -> None:
    wrong = sb.custom_rule(product, **{kind: RULES[name][kind == "jvp"]})
    right = sb.custom_rule(other, vjp=lambda g, out, x: g * np.cos(x))
    compiled = sb.compile_grad(lambda x, w: np.sum(right(wrong(x, w))), inputs="x[3] w[3]")
    report = compiled.verify(seconds=2)
    assert not report
    text = str(report)
    assert f"custom rule product: the {kind} is wrong in argument x" in text
    assert "custom rule other: its rules agree" in text
    with pytest.raises(sb.RuleError, match=f"the {kind} of custom rule product is wrong in argument x"):
        sb.check_rule(wrong, X, X + 1)


def test_a_right_rule_passes() -> None:
    rule = sb.custom_rule(
        product, vjp=lambda g, out, x, w: (g * w, g * x), jvp=lambda d, out, x, w: d[0] * w + x * d[1]
    )
    report = sb.check_rule(rule, X, X + 1)
    assert report
    lines = str(report).split("\n")
    assert lines[0] == "custom rule product"
    assert [line.split()[-1] for line in lines[2:]] == ["passed"] * 6
    assert max(row.error for row in report.rows) < 1e-9


def test_vjp_and_jvp_that_are_no_transposes() -> None:
    rule = sb.custom_rule(
        product, vjp=lambda g, out, x, w: (g * w, g * x), jvp=lambda d, out, x, w: d[0] * w, surrogate=True
    )
    with pytest.raises(sb.RuleError, match="no transposes of each other in argument w"):
        sb.check_rule(rule, X, X + 1)


def test_a_rule_that_is_right_at_one_size_only() -> None:
    """A sum over the wrong axis shows where sizes differ."""
    rule = sb.custom_rule(lambda x: np.sum(x, axis=0), vjp=lambda g, out, x: g[:, None] + 0 * x)
    assert sb.compile_value(lambda x: rule(x), inputs="x[3, 3]").verify()
    with pytest.raises(sb.RuleError, match="custom rule f is wrong in argument x"):
        sb.check_rule(rule, np.arange(9.0).reshape(3, 3))


def test_what_is_not_differentiated_needs_no_cotangent() -> None:
    rule = sb.custom_rule(product, vjp=lambda g, out, x, w: (g * w, None))
    assert sb.compile_grad(lambda x, w: np.sum(rule(np.sin(x), w)), inputs="x[3] w[3]", wrt="x").verify()
    assert not sb.compile_grad(lambda x, w: np.sum(rule(np.sin(x), w)), inputs="x[3] w[3]", wrt="w").verify()
    assert sb.check_rule(rule, X, X + 1, wrt=["x"])
    with pytest.raises(sb.RuleError, match="wrong in argument w"):
        sb.check_rule(rule, X, X + 1, wrt=["w"])
    with pytest.raises(sb.ArgumentError, match="wrt names 'y', which is no real argument of product; these are x, w"):
        sb.check_rule(rule, X, X + 1, wrt=["y"])


def test_inside_of_a_loop_it_is_named() -> None:
    wrong = sb.custom_rule(product, vjp=RULES["a sign"][0])

    def loss(xs: Any, w: Any) -> Any:
        last, _ = sb.scan(lambda c, x: (wrong(c, w) + x, None), 0.1, xs)
        return last

    report = sb.compile_grad(loss, inputs={"xs": "n", "w": ""}).verify(seconds=2)
    assert not report
    assert "custom rule product: the vjp is wrong in argument x" in str(report)


def rounded(x: Any) -> Any:
    return np.round(x)


@pytest.mark.parametrize("kind", ["vjp", "jvp"])
def test_a_derivative_that_is_chosen(kind: str) -> None:
    """A straight-through estimator is no derivative, and says so."""
    rules = {"vjp": lambda g, out, x: g, "jvp": lambda dots, out, x: dots[0]}
    honest = sb.custom_rule(rounded, surrogate=True, **{kind: rules[kind]})
    compiled = sb.compile_value_and_grad(lambda x: np.sum(honest(3 * x) ** 2), inputs="x[n]")
    value, slope = compiled(X)
    assert value == np.sum(np.round(3 * X) ** 2)
    np.testing.assert_allclose(slope[0], 6 * np.round(3 * X), rtol=1e-15)
    report = compiled.verify()
    assert report, report
    assert "custom rule rounded: its derivative is chosen, and not that of its value" in str(report)
    assert sb.check_rule(honest, X)
    silent = sb.custom_rule(rounded, **{kind: rules[kind]})
    report = sb.compile_grad(lambda x: np.sum(silent(3 * x) ** 2), inputs="x[n]").verify()
    assert not report
    assert f"custom rule rounded: the {kind} is wrong in argument x" in str(report)


def test_what_is_made_of_a_chosen_derivative_is_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    """The chain through a surrogate is checked: a wrong product with it fails."""
    from symbackprop.check.reference import evaluate_program
    from symbackprop.check.verify import Subject, verify
    from symbackprop.ir.signature import Label
    from symbackprop.read.parser import parse

    text = "def f(x): return round(x)\ndef f_vjp(g, out, x): return 2*g\ncustom_rule(f, f_vjp, None, x*w, surrogate=True)**2"
    compiled = sb.compile_grad(text, inputs="x w")
    program = parse(text)
    right = Subject(
        source=compiled.source,
        name="grad",
        arguments=compiled.signature,
        labels=(Label(0, "x"), Label(0, "w")),
        reference=lambda values, words: evaluate_program(program, values, words),
        has_rules=True,
    )
    assert verify(right)
    wrong = Subject(**{**vars(right), "source": compiled.source.replace("4.0", "4.004")})
    assert wrong.source != right.source
    assert not verify(wrong)


def test_an_error_names_what_a_rule_raises() -> None:
    rule = sb.custom_rule(product, vjp=lambda g, out, x, w: (g * w, g * x))
    with pytest.raises(sb.ArgumentError, match="no real numbers"):
        sb.check_rule(rule, 1, 2)
    with pytest.raises(sb.ArgumentError, match="neither a vjp nor a jvp"):
        sb.check_rule(sb.custom_rule(product), X, X)
    with pytest.raises(sb.ArgumentError, match=r"what sb\.custom_rule gives"):
        sb.check_rule(product, X, X)  # type: ignore[arg-type]
