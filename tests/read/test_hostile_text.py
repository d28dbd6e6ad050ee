"""Text never executes: every hostile string is an error of ours, or a correct result, before long."""

from __future__ import annotations

import builtins
import keyword
import time

import pytest
from timings import unit_seconds

import symbackprop as sb

HOSTILE = [
    "__import__('os').system('true')",
    "x.__class__.__mro__",
    "().__class__",
    "np.__builtins__",
    "np.load('x')",
    "np.linalg.__dict__",
    "open('/etc/passwd')",
    "eval('1')",
    "exec('1')",
    "getattr(x, 'T')",
    "lambda x: x",
    "(lambda: 1)()",
    "[x for x in y]",
    "{x: 1}",
    "{1, 2}",
    "x := 3",
    "f'{x}'",
    "x if y",
    "x.T.__init__",
    "import os",
    "x; import os",
    "9**9**9**9*x",
    "x**9**9**9",
    "(" * 100_000 + "x",
    ")" * 100_000,
    "[" * 100_000,
    "f(" * 50_000,
    "a" * 1_000_000 + "(x)",
    "x" + " x" * 500_000,
    "1" * 500_000 + "*x",
    "1e999999*x",
    "x\0y",
    "\0",
    "x\u2212y",
    "\u0445 + x",
    "x\u00b2",
    "x ^ 2",
    "x = ",
    "= x",
    "x += 1",
    "x, y = 1, 2",
    "x == ",
    "print(x)",
    "x.tofile('a')",
    "x.imag",
    "'text'",
    "x['a']",
    "",
    " \n ",
    "#",
    "\\",
    "x \\ y",
    "x @ y",
    "sum",
    "x(2)",
    "sin(x",
    "sin()",
    "sin(x, x, x)",
    "sum(x, axis=5)",
    "sum(x, out=y)",
    "sum(x, foo=1)",
    "reshape(x, y)",
    "np.foo(x)",
    "scipy.optimize.minimize(x)",
    "x.T = 3",
    "return x",
    "yield x",
    "await x",
    "x is y",
    "x in y",
    "x << 2",
    "x if y else",
    "not",
    "* x",
    "x ** ",
    "sin cos x",
    "2x",
    "arange(10**9) @ x",
    "zeros((10**9, 10**9)) + x",
    "sum(*x)",
    "sum(**x)",
    "x.sum",
    "x[y]",
    "x and y",
    "\ud800",
    "x*\u0663",
    "x**\uff12",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:30]))
def test_hostile_text_is_refused_quickly(text: str) -> None:
    start = time.process_time()
    with pytest.raises(sb.SymbackpropError) as caught:
        sb.compile_grad(text)
    assert time.process_time() - start < 100 * unit_seconds()
    assert len(str(caught.value)) < 2000
    assert caught.value.message


LONG = [
    "(" * 100_000 + "x" + ")" * 100_000,
    "-" * 100_000 + "x",
    "x" + "+x" * 10_000,
    "x" + "*x" * 10_000,
    "sin(" * 2_000 + "x" + ")" * 2_000,
    "x" + "-(x" * 5_000 + ")" * 5_000,
    "# comment\n" * 50_000 + "x",
    " " * 500_000 + "x",
]


@pytest.mark.parametrize("text", LONG, ids=lambda text: repr(text[:20]))
def test_long_text_compiles(text: str) -> None:
    (gradient,) = sb.compile_grad(text)(0.999999)
    assert isinstance(gradient, float)


@pytest.mark.parametrize("word", keyword.kwlist + keyword.softkwlist)
def test_keywords_as_names(word: str) -> None:
    try:
        compiled = sb.compile_grad(f"{word}*x")
    except sb.SymbackpropError as error:
        assert word in str(error)  # noqa: PT017
    else:
        assert word in ("None", "True", "False", *keyword.softkwlist)
        assert compiled(*[2.0] * len(compiled.signature))


NAMES = sorted({name for name in dir(builtins) if not name.startswith("_")} - set(keyword.kwlist))


@pytest.mark.parametrize("word", [*NAMES, "np", "math", "special", "grad", "t1", "x_bar", "exp_x", "numpy", "n"])
def test_builtins_as_names(word: str) -> None:
    try:
        compiled = sb.compile_grad(f"{word}**2 * x")
    except sb.errors.UnknownNameError as error:
        assert "is a function" in str(error)  # noqa: PT017
        return
    assert compiled(3.0, 2.0) == (12.0, 9.0)
    assert compiled(**{word: 3.0, "x": 2.0}) == (12.0, 9.0)
    declared = sb.compile_value(f"exp({word})", inputs={word: "k"})
    assert declared([0.0, 0.0]).tolist() == [1.0, 1.0]
