"""Writes into parts of an array: what NumPy's statements do, with gradients, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from read.test_argument_forms import drawn

import symbackprop as sb
from symbackprop.errors import SymbackpropError
from symbackprop.ir.node import constant, make_input
from symbackprop.read.vocabulary.arguments import collecting
from symbackprop.read.vocabulary.indexing import added_at, assigned

WRITES = [
    ("x[1:3] = y; x", "x[n] y[2]"),
    ("x[0] = a; x[-1] = 2*a; x", "x[n] a"),
    ("x[::2] = y[::2]; x*y", "x[n] y[n]"),
    ("x[1:, 0] = a; x", "x[n,d] a"),
    ("x[:, ::-1] = y; x", "x[n,d] y[n,d]"),
    ("x[...] = a; x", "x[n] a"),
    ("x[:] = y; x", "x[n,d] y[d]"),
    ("x[k] = y; x", "x[n] y[5] k[5]:int"),
    ("x[k] = 3.0; x", "x[n] k[5]:int"),
    ("x[:, k] = y; x", "x[n,4] y[n,5] k[5]:int"),
    ("x[k, m] = y; x", "x[n,d] y[5] k[5]:int m[5]:int"),
    ("x[k[:, None], m] = y; x", "x[4,3] y[2,3] k[2]:int m[3]:int"),
    ("x[k, 1:] = y; x", "x[4,3] y[5,2] k[5]:int"),
    ("x[0, :, k] = y; x", "x[2,3,4] y[5,3] k[5]:int"),
    ("x[k, :, 1] = y; x", "x[4,3,4] y[5,3] k[5]:int"),
    ("x[k, :, 1] -= y; x", "x[4,3,4] y[5,3] k[5]:int"),
    ("x[[0, 0, 0]] = y; x", "x[n] y[3]"),
    ("x[zeros(3, int)] = y; x", "x[n] y[3]"),
    ("x[x > 0] = 0.5; x", "x[n,d]"),
    ("x[m] = y; x", "x[n,d] y[d] m[n]:bool"),
    ("x[m] = y; x", "x[n,d] y[1,d] m[n]:bool"),
    ("x[m] = y[m]; x", "x[n,d] y[n,d] m[n]:bool"),
    ("x[:, m] = y; x", "x[d,n] y[d,1] m[n]:bool"),
    ("x[:, m] = a; x", "x[n,d] a m[d]:bool"),
    ("x[m] = y[m]; x", "x[n,d] y[n,d] m[n,d]:bool"),
    ("x[m] *= a; x", "x[n] a m[n]:bool"),
    ("x[m] += a; x", "x[n] a m[n]:bool"),
    ("x[1:] -= y[:-1]; x", "x[n] y[n]"),
    ("x[k] += y; x", "x[n] y[5] k[5]:int"),
    ("x[0] *= a; x", "x[n] a"),
    ("x[1:] /= 1 + a**2; x", "x[n] a"),
    ("x[0] **= 2; x", "x[n]"),
    ("x[None, 1:] = y; x", "x[4] y[3]"),
    ("x[[0, 2]] = y; x", "x[n] y[2]"),
    ("x[-2:] = y; x[-1] = a; x", "x[n] y[2] a"),
    ("x[0] = a; x[0] = x[0]*a; x[1] = x[0] + x[1]; x", "x[n] a"),
    ("x[0:2] = y; x[1:3] = 2*y; x[0] = a; x*x[1]", "x[n] y[2] a"),
    ("x[1] = a; x[-3] = 2*a; x*x[1]", "x[4] a"),
    ("t = zeros(4); t[0] = a; t[1] = a*t[0]; t[2] = a*t[1]; t", "a"),
    ("t = zeros((3, 2)); t[0] = y; t[:, 1] = a; t", "y[2] a"),
    ("t = full(len(x), 2.5); t[1:] = x[:-1]; t", "x[n]"),
    ("x[len(x) - 1] = a; x", "x[n] a"),
    ("x[i] = a; x", "x[n] a i:int"),
    ("x[argsort(y)] = y; x", "x[n] y[n]"),
    ("x[arange(3)] = y; x", "x[n] y[3]"),
    ("k[0] = 7; x[k[0] - 7]", "x[n] k[2]:int"),
    ("k[:] = 2.7; x[k]", "x[n] k[2]:int"),
    ("x[1] = nan; x[0]", "x[n]"),
]


def carried_out(statements: str, values: dict[str, Any]) -> Any:
    """Return what NumPy makes of the statements."""
    *writes, last = statements.split("; ")
    scope = {"np": np, **{name: getattr(np, name) for name in dir(np)}}
    scope |= {name: np.copy(value) if np.ndim(value) else value for name, value in values.items()}
    for write in writes:
        exec(write, scope)
    return eval(last, scope)


@pytest.mark.parametrize(("statements", "inputs"), WRITES)
def test_writes_are_those_of_numpy(statements: str, inputs: str) -> None:
    values = drawn(inputs)
    before = {name: np.copy(value) for name, value in values.items()}
    expected = carried_out(statements, values)
    found = sb.compile_value(statements, inputs=inputs)(*values.values())
    assert np.asarray(found).dtype == np.asarray(expected).dtype
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    assert all(np.array_equal(values[name], before[name]) for name in values)
    *writes, last = statements.split("; ")
    report = sb.compile_value_and_grad("; ".join([*writes, f"sum(sin({last}))"]), inputs=inputs).verify(
        points=1, seconds=0.3
    )
    assert report, report


@pytest.mark.parametrize(
    ("call", "inputs"),
    [
        ("np.add.at(x, k, y)", "x[n] y[5] k[5]:int"),
        ("np.add.at(x, (k, m), y)", "x[n,d] y[5] k[5]:int m[5]:int"),
        ("np.add.at(x, k, y)", "x[n,d] y[5,d] k[5]:int"),
        ("np.subtract.at(x, k, 1.0)", "x[n] k[5]:int"),
        ("np.add.at(x, 0, y)", "x[n,d] y[d]"),
    ],
)
def test_repeated_positions_add_up(call: str, inputs: str) -> None:
    values = drawn(inputs)
    expected = {name: np.copy(value) for name, value in values.items()}
    eval(call, {"np": np}, expected)
    np.testing.assert_allclose(sb.compile_value(call, inputs=inputs)(*values.values()), expected["x"], rtol=1e-15)
    assert sb.compile_value_and_grad(f"sum(sin({call}))", inputs=inputs).verify(points=1, seconds=0.3)


def test_of_several_values_for_one_position_the_last_one_counts() -> None:
    compiled = sb.compile_grad("x[n] k[m]:int y[m] -> x[k] = y; sum(x*x)", wrt=("x", "y"))
    x_bar, y_bar = compiled(np.array([1.0, 2.0, 3.0]), [2, 0, 2, -1], np.array([4.0, 5.0, 6.0, 7.0]))
    assert x_bar.tolist() == [0, 4, 0]
    assert y_bar.tolist() == [0, 10, 0, 14]


def test_the_functions_take_nodes() -> None:
    x, y = make_input(0, (4,), "float64"), make_input(1, (), "float64")
    with collecting():
        written = assigned(x, constant(-1), y)
        assert written.op.name == "replace_parts"  # type: ignore[attr-defined]
        assert added_at(x, constant(-1), y).op.name == "add_parts"  # type: ignore[attr-defined]


def test_what_was_written_is_read_without_the_array() -> None:
    source = sb.compile_grad("a -> t = zeros(3); t[0] = a; t[1] = sin(t[0]); t[2] = t[1]**2; t[2]").source
    assert "np.zeros" not in source
    source = sb.compile_value("x[n] a -> t = 1.0*x; t[0] = a; t[1:] = 2.0; t").source
    assert source.count(".copy()") == 1


def test_a_loop_written_out_takes_linear_time() -> None:
    count = 1500
    steps = "; ".join(f"t[{i + 1}] = sin(t[{i}])*a" for i in range(count))
    compiled = sb.compile_value_and_grad(f"a -> t = zeros({count + 1}); t[0] = a; {steps}; t[-1]*t[{count // 2}]")
    assert len(compiled.source) < 300 * count


def test_values_of_a_mask_have_to_be_as_many_as_it_chooses() -> None:
    compiled = sb.compile_value("x[n] m[n]:bool y[k] -> x[m] = y; x")
    assert compiled(np.zeros(3), [True, False, True], [5.0, 6.0]).tolist() == [5, 0, 6]
    for wrong in ([5.0], [5.0, 6.0, 7.0]):
        with pytest.raises(ValueError, match="reshape"):
            compiled(np.zeros(3), [True, False, True], wrong)


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("x[n] y[n] -> x[0] = y; x", "does not fit a part"),
        ("x[n] y[2,2] -> x[1:3] = y; x", "does not fit a part"),
        ("x[3] -> x[5] = 1; x", "out of range"),
        ("x -> x[0] = 1; x", "a number has no entries"),
        ("x[n] k[m]:int -> x[None, k] = 1; x", "new axes beside arrays"),
        ("x[n,n] m[n]:bool k[n]:int -> x[m, k] = 1; x", "write twice"),
        ("x[n,d] m[d]:bool -> x[m] = 1; x", "a mask of shape"),
        ("x[n] k[m]:int y[m] -> np.multiply.at(x, k, y)", "multiply.at is not supported; use add.at"),
        ("x[n,d] -> x[0][1] = 2; x", "single name"),
        ("x[n,d] -> x.T[0] = 2; x", "single name"),
        ("x[n] -> x[0] =", "operand is missing"),
        ("x[n] -> x[0] = x[1] = 2; x", "single name"),
    ],
)
def test_what_does_not_fit_is_refused(formula: str, message: str) -> None:
    with pytest.raises(SymbackpropError, match=message):
        sb.compile_value(formula)


def body(formula: str) -> str:
    return sb.compile_value(formula).source.split('"""')[-1]


def test_an_array_that_nothing_else_needs_is_written_into_itself() -> None:
    assert ".copy()" not in body("x[n] y -> t = x*y; t[0] = 1.0; t[-1] = y; t")
    assert ".copy()" not in body("x[n] k[m]:int -> t = exp(x); t[k] = 2.0; t")
    assert ".copy()" not in body("x[n] k[m]:int v[m] -> np.add.at(exp(x), k, v)")


@pytest.mark.parametrize(
    "formula",
    [
        "x[n] -> x[0] = 5.0; x",
        "x[n,d] -> t = x.T; t[0] = 5.0; t",
        "x[n] -> t = sin(x); s = t[1:]; t[0] = 5.0; t[1] = 2.0; t[0]*s + t[1:]",
        "x[n] -> t = sin(x); u = 1.0*t; t[0] = 5.0; t*u",
        "x[n] -> t = sin(x); t[0] = 5.0; u = 2*t; u[1] = 4.0; u",
        "x[n,d] -> t = broadcast_to(x[0], x.shape) + x[1]; t[0] = 5.0; t",
    ],
)
def test_what_is_needed_as_it_was_is_copied(formula: str) -> None:
    x = np.random.default_rng(0).normal(size=(4, 4))
    x = x if "n,d" in formula else x[0]
    before = x.copy()
    *writes, last = formula.split(" -> ")[1].split("; ")
    statements = [
        write.replace("t = x.T", "t = x.T.copy()").replace("x[0] = 5", "x = x.copy(); x[0] = 5") for write in writes
    ]
    scope = {**{name: getattr(np, name) for name in dir(np)}, "x": x.copy()}
    for statement in statements:
        exec(statement.replace("s = t[1:]", "s = t[1:].copy()"), scope)
    np.testing.assert_allclose(sb.compile_value(formula)(x), eval(last, scope), rtol=1e-15)
    assert np.array_equal(x, before)
    scalar = "; ".join([*writes, f"sum(sin({last}))"])
    assert sb.compile_value_and_grad(f"{formula.split(' -> ')[0]} -> {scalar}").verify(points=1, seconds=0.3)
