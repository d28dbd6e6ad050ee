"""What is refused of custom rules, and what the messages say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support import tangents_of

import symbackprop as sb


def product(x: Any, y: Any) -> Any:
    return x * y


def branching(g: Any, out: Any, x: Any, y: Any) -> Any:
    return (g * y, g * x) if x > 0 else (g, g)


VJPS: dict[str, tuple[Callable[..., Any], type[Exception], str]] = {
    "one cotangent": (
        lambda g, out, x, y: g * y,
        sb.ArgumentError,
        r"the vjp of product returns 1 cotangents for the 2 arguments of product\(x, y\); one each, None where",
    ),
    "three cotangents": (lambda g, out, x, y: (g, g, g), sb.ArgumentError, "returns 3 cotangents for the 2 arguments"),
    "a nest": (
        lambda g, out, x, y: ((g, g), g),
        sb.ArgumentError,
        "returns a cotangent for argument x of product that is nested otherwise than x is",
    ),
    "a missing argument": (
        lambda g, out, x: g,
        sb.ArgumentError,
        r"the vjp of product takes \(g, out, and the 2 arguments of product\)",
    ),
    "what was broadcast": (
        lambda g, out, x, y: (g * y, g * x),
        sb.ShapeError,
        r"a cotangent for argument y of product of shape \(n,\) where that has \(\); a derivative has the shape of what",
    ),
    "a branch": (branching, sb.UnsupportedError, r"cannot be decided. Choose entry by entry with np\.where"),
}


@pytest.mark.parametrize("name", VJPS)
def test_vjps(name: str) -> None:
    vjp, kind, message = VJPS[name]
    rule = sb.custom_rule(product, vjp=vjp)
    with pytest.raises(kind, match=message):
        sb.compile_grad(lambda x, y: np.sum(rule(x, y)), inputs="x[n] y")


def test_the_rule_is_named_beside_the_line() -> None:
    rule = sb.custom_rule(product, vjp=branching)
    with pytest.raises(sb.UnsupportedError) as raised:
        sb.compile_grad(lambda x, y: rule(x, y))
    assert "in the vjp of custom rule product" in raised.value.__notes__
    assert "if x > 0 else" in str(raised.value)


def test_no_rule_at_all() -> None:
    rule = sb.custom_rule(product)
    assert sb.compile_value(lambda x, y: rule(x, y))(2.0, 3.0) == 6.0
    message = "custom rule product has neither a vjp nor a jvp"
    with pytest.raises(sb.UnsupportedError, match=message):
        sb.compile_grad(lambda x, y: rule(x, y))
    with pytest.raises(sb.UnsupportedError, match=message):
        tangents_of(sb.compile_value(lambda x, y: rule(x, y)).recipe, ["x"])


@pytest.mark.parametrize("reads", ["w", "np.tanh(w)", "w * 1.0"])
def test_what_is_differentiated_is_no_constant_of_the_function(reads: str) -> None:
    def loss(x: Any, w: Any) -> Any:
        inner = {"w": w, "np.tanh(w)": np.tanh(w), "w * 1.0": w * 1.0}[reads]
        rule = sb.custom_rule(lambda y: y * inner, vjp=lambda g, out, y: g * inner)
        return rule(x)

    message = "reads what is differentiated from outside.*; make it an argument of f"
    with pytest.raises(sb.UnsupportedError, match=message):
        sb.compile_grad(loss, inputs="x w")
    with pytest.raises(sb.UnsupportedError, match=message):
        tangents_of(sb.compile_value(loss, inputs="x w").recipe, ["w"])
    assert sb.compile_grad(loss, inputs="x w", wrt="x")(2.0, 0.5) == pytest.approx(
        np.tanh(0.5) if "tanh" in reads else 0.5
    )


def test_a_transpose_of_what_is_not_linear() -> None:
    pulled = sb.custom_rule(lambda x: x * x, vjp=lambda g, out, x: g * abs(g) * x)
    recipe = sb.compile_value(lambda x: pulled(x)).recipe
    with pytest.raises(sb.UnsupportedError, match="the vjp of custom rule f is not linear in the cotangents"):
        tangents_of(recipe, ["x"])
    pushed = sb.custom_rule(lambda x: x * x, jvp=lambda dots, out, x: dots[0] ** 2 * x)
    with pytest.raises(
        sb.UnsupportedError, match=r"the jvp of custom rule f is not linear in the tangents.*give a vjp"
    ):
        sb.compile_grad(lambda x: pushed(x))


def test_tangents_of_another_shape_or_nest() -> None:
    rule = sb.custom_rule(product, jvp=lambda dots, out, x, y: (dots[0], dots[1]))
    with pytest.raises(sb.ArgumentError, match="the jvp of product returns a tangent that is nested otherwise"):
        sb.compile_grad(lambda x, y: rule(x, y))
    rule = sb.custom_rule(product, jvp=lambda dots, out, x, y: np.sum(dots[0] * y))
    with pytest.raises(sb.ShapeError, match=r"a tangent for the result of product of shape \(\) where that has \(n,\)"):
        sb.compile_grad(lambda x, y: np.sum(rule(x, y)), inputs="x[n] y")
    with pytest.raises(sb.ShapeError, match=r"the jvp of custom rule product returns shape \(\) for the result"):
        sb.check_rule(rule, np.ones(3), 2.0)


def test_calls() -> None:
    rule = sb.custom_rule(product, vjp=lambda g, out, x, y: (g * y, g * x))
    with pytest.raises(sb.ArgumentError, match="product: missing a required argument: 'y'"):
        sb.compile_grad(lambda x: rule(x))
    with pytest.raises(sb.ArgumentError, match="a custom rule is 3; give a function"):
        sb.custom_rule(3)  # type: ignore[arg-type]
    with pytest.raises(sb.ArgumentError, match="the vjp of product is 3; give a function of g, out, x"):
        rule.defvjp(3)

    @sb.custom_rule
    def named(x: Any, *, scale: Any) -> Any:
        return x * scale

    with pytest.raises(sb.ArgumentError, match="named takes scale by name only"):
        sb.compile_grad(lambda x: named(x, scale=x))


def test_a_size_that_is_computed() -> None:
    rule = sb.custom_rule(lambda x: np.sum(x[x > 0]), vjp=lambda g, out, x: g * (x > 0))
    with pytest.raises(sb.UnsupportedError, match="makes an array whose size is computed"):
        sb.compile_grad(lambda x: rule(x), inputs="x[n]")


TEXTS = {
    "custom_rule(sin, None, None, x)": (sb.UnknownNameError, "'sin' is a function"),
    "custom_rule(x, None, None, x)": (sb.ArgumentError, "the first argument is a function, defined above"),
    "def f(x): return x\ncustom_rule(f, x, None, x)": (sb.ArgumentError, r"the vjp of f is a function.*g, out, x"),
    "def f(x): return x\ncustom_rule(f, f, None, x)": (sb.ArgumentError, "the vjp of f takes 3 arguments here"),
    "def f(x): return x\ncustom_rule(f, None, f, x)": (sb.ArgumentError, "the jvp of f takes 3 arguments here"),
    "def f(x): return x\ncustom_rule(f, None, None, x, y)": (sb.ArgumentError, "the first argument takes 2 arguments"),
    "def f(x): return None\ncustom_rule(f, None, None, x)": (sb.ArgumentError, "f returns nothing"),
}


@pytest.mark.parametrize("text", TEXTS)
def test_texts(text: str) -> None:
    kind, message = TEXTS[text]
    with pytest.raises(kind, match=message):
        sb.compile_grad(text)
