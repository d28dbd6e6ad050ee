"""Templates put parentheses where Python's precedence asks for them, and nowhere else."""

from __future__ import annotations

import pytest

from symbackprop.emit.names import Names
from symbackprop.emit.template import PRODUCT, SUM, Code, fill, repeated

total, product = Code("a + b", SUM), Code("a * b", PRODUCT)


@pytest.mark.parametrize(
    ("template", "operands", "text"),
    [
        ("{0} * {1}", [total, product], "(a + b) * (a * b)"),
        ("{0} + {1}", [total, product], "a + b + a * b"),
        ("{0} - {1}", [product, total], "a * b - (a + b)"),
        ("-{0}", [total], "-(a + b)"),
        ("-{0}", [product], "-a * b"),
        ("{0}**2", [product], "(a * b)**2"),
        ("np.exp({0})", [total], "np.exp(a + b)"),
        ("{0}.T", [product], "(a * b).T"),
        ("{0}[1:]", [total], "(a + b)[1:]"),
        ("{0} @ {1}", [product, Code("x")], "(a * b) @ x"),
        ("{1} if {0} else {2}", [total, product, Code("x if y else z", 0)], "a * b if a + b else x if y else z"),
        ("{0} < {1}", [Code("a < b", 4), total], "(a < b) < a + b"),
        ("np.log1p({0} - {1})", [product, total], "np.log1p(a * b - (a + b))"),
    ],
)
def test_parentheses(template: str, operands: list[Code], text: str) -> None:
    assert fill(template, operands).text == text


def test_a_product_of_matrices_is_parenthesised_beside_others() -> None:
    matrix = fill("{0} @ {1}", [Code("A"), Code("x")])
    assert fill("{0} * {1}", [matrix, Code("y")]).text == "(A @ x) * y"
    assert fill("-{0}", [matrix]).text == "-(A @ x)"
    assert fill("{0} + {1}", [matrix, Code("y")]).text == "A @ x + y"


@pytest.mark.parametrize("operator", ["//", "%"])
def test_remainders_are_parenthesised_beside_products_and_signs(operator: str) -> None:
    remainder = fill(f"{{0}} {operator} {{1}}", [product, Code("c")])
    assert remainder.text == f"(a * b) {operator} c"
    assert fill("-{0}", [remainder]).text == f"-((a * b) {operator} c)"
    assert fill("{0} * {1}", [Code("x"), remainder]).text == f"x * ((a * b) {operator} c)"
    assert fill(f"{{0}} {operator} {{1}}", [Code("x"), remainder]).text == f"x {operator} ((a * b) {operator} c)"
    assert fill("{0} + {1}", [remainder, Code("y")]).text == f"(a * b) {operator} c + y"


def test_repeated_operands_are_found() -> None:
    assert repeated("{0} / (1 + abs({0})) + {1}") == {0}


def test_names() -> None:
    names = Names()
    assert names.claim("lambda") == "lambda_"
    assert names.claim("np") == "np_"
    assert names.claim("x'") == "x_prime"
    assert names.mapped == {"lambda_": "lambda", "np_": "np", "x_prime": "x'"}
    assert [names.fresh("u"), names.fresh("u")] == ["u", "u2"]
    assert [names.numbered("t"), names.numbered("t")] == ["t1", "t2"]
