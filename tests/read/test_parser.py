"""The parser against Python's own grammar."""

from __future__ import annotations

import ast
import contextlib
import operator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symbackprop.errors import FormulaSyntaxError
from symbackprop.read import program as kinds
from symbackprop.read.parser import parse

BINARY = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "**": operator.pow, "&": operator.and_, "|": operator.or_,
}  # fmt: skip
COMPARE = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def evaluated(text: str, names: dict[str, Any]) -> Any:
    (statement,) = parse(text).statements
    stack: list[Any] = []
    for kind, value, count, _, _ in statement.instructions:
        if kind == kinds.NUMBER:
            stack.append(value)
        elif kind == kinds.NAME:
            stack.append(names[str(value)])
        elif kind == kinds.UNARY:
            x = stack.pop()
            stack.append(-x if value == "-" else +x if value == "+" else ~x if value == "~" else not x)
        elif kind == kinds.BINARY:
            right, left = stack.pop(), stack.pop()
            stack.append(BINARY[str(value)](left, right))
        else:
            operands = stack[-max(count, 3 if kind == kinds.IFELSE else 0) :]
            del stack[-len(operands) :]
            if kind == kinds.COMPARE:
                pairs = zip(value, operands, operands[1:], strict=False)
                stack.append(all(COMPARE[symbol](a, b) for symbol, a, b in pairs))
            elif kind == kinds.AND:
                stack.append(next((x for x in operands if not x), operands[-1]))
            elif kind == kinds.OR:
                stack.append(next((x for x in operands if x), operands[-1]))
            else:
                stack.append(operands[0] if operands[1] else operands[2])
    (result,) = stack
    return result


def expressions() -> st.SearchStrategy[str]:
    atoms = st.sampled_from(["a", "b", "c", "1", "2", "7"])

    def extended(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.one_of(
            st.tuples(inner, st.sampled_from(["+", "-", "*", "//", "%", "&", "|"]), inner).map(" ".join),
            st.tuples(inner, st.sampled_from(["<", "<=", "==", "!=", ">"]), inner).map(" ".join),
            st.tuples(inner, inner, inner).map(lambda t: f"{t[0]} < {t[1]} <= {t[2]}"),
            st.tuples(inner, inner, inner).map(lambda t: f"{t[0]} if {t[1]} else {t[2]}"),
            st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join),
            inner.map(lambda t: f"({t})"),
            inner.map(lambda t: f"-{t}"),
            inner.map(lambda t: f"not {t}"),
            inner.map(lambda t: f"({t})**2"),
        )

    return st.recursive(atoms, extended, max_leaves=12)


@settings(max_examples=400, deadline=None)
@given(expressions())
def test_means_what_python_means(text: str) -> None:
    names = {"a": 3, "b": -2, "c": 5}
    try:
        expected = eval(compile(ast.parse(text, mode="eval"), "<test>", "eval"), {}, names)
    except SyntaxError:
        with pytest.raises(FormulaSyntaxError):
            parse(text)
        return
    except (ZeroDivisionError, TypeError, OverflowError):
        return
    with contextlib.suppress(ZeroDivisionError, TypeError, OverflowError):  # in operands that Python does not reach
        assert evaluated(text, names) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-2**2", -4),
        ("2**-1", 0.5),
        ("2**3**2", 512),
        ("-2**-2", -0.25),
        ("1 - 2 - 3", -4),
        ("8 / 4 / 2", 1.0),
        ("2 * -3", -6),
    ],
)
def test_precedence(text: str, value: float) -> None:
    assert evaluated(text, {}) == value


def test_spans_tell_parentheses_apart() -> None:
    plain = parse("a + b + c").statements[0].instructions
    grouped = parse("(a + b) + c").statements[0].instructions
    assert plain[2].start == plain[4].start == 0
    assert (grouped[2].start, grouped[4].start) == (1, 0)


@pytest.mark.parametrize(
    ("text", "span"), [("a +", (3, 4)), ("f(a", (1, 2)), ("a b", (2, 3)), ("a ^ b", (2, 3)), ("x = 1\ny z", (8, 9))]
)
def test_errors_point_at_the_place(text: str, span: tuple[int, int]) -> None:
    with pytest.raises(FormulaSyntaxError) as caught:
        parse(text)
    assert caught.value.span is not None
    assert caught.value.span[0] == span[0]
