"""Carries that change places: what a loop leaves of one may be what it began with for another."""

from __future__ import annotations

import numpy as np
import pytest

import symbackprop as sb

FORMULAS = {
    "two": """def body(s, i):
    a, r = s
    return (r, a), a
last, S = scan(body, (a0, y*2), arange(2))
A, R = last
(A, R, S)""",
    "three": """def body(s, i):
    a, b, r = s
    return (b, r, a), a
last, S = scan(body, (a0, b0, y*2), arange(3))
A, B, R = last
(A, B, R, S)""",
    "while": """def runs(s):
    i, a, b = s
    return i < 2
def body(s):
    i, a, b = s
    return (i + 1, b, a)
last = while_loop(runs, body, (0, a0, y*2))
i, A, B = last
(A, B)""",
}


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("optimize", ["readable", "fast"])
def test_no_result_is_an_argument(name: str, optimize: str) -> None:
    function = sb.compile_value(f"y[k] a0[k] b0[k] -> {FORMULAS[name]}", optimize=optimize)
    arguments = [np.ones(3), np.arange(3.0), np.full(3, 7.0)]
    results = function(*arguments)
    assert not any(np.shares_memory(result, argument) for result in results for argument in arguments)
    np.testing.assert_array_equal(results[0], arguments[1])
