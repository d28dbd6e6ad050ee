"""`root`, `fixed_point` and `minimizer` in formula text: gradients by differences, second order, verified."""

from __future__ import annotations

import numpy as np
import pytest
from differences import agrees_with_differences, body_of, second_order_agrees

import symbackprop as sb

A, B = np.array([[3.0, 1.0], [0.5, 2.0]]), np.array([1.0, 2.0])

# formula, and where it is evaluated
CASES = {
    "a number": ("a b ->\ndef f(u):\n    return u**3 + b*u - a\nroot(f, 1.0)**2", (2.0, 1.0)),
    "a vector": ("A[n,n] b[n] ->\ndef f(u):\n    return A @ u + u**3 - b\nsum(root(f, 0*b)**2)", (A, B)),
    "a number and a vector": (
        "a b[n] ->\ndef f(s):\n    u, v = s\n    return u**3 + u - a - sum(v), v + 0.3*tanh(v)*u - b\n"
        "u, v = root(f, (1.0, 0*b))\nu*sum(v**2)",
        (2.0, B),
    ),
    "a matrix": ("A[2,2] ->\ndef f(X):\n    return X @ X - A\nsum(root(f, 2*eye(2))**3)", (A @ A.T + np.eye(2),)),
    "a contraction": ("W[n,n] b[n] ->\ndef f(u):\n    return tanh(W @ u + b)\nsum(fixed_point(f, 0*b)**2)", (A / 5, B)),
    "a contraction by Newton": (
        "W[n,n] b[n] ->\ndef f(u):\n    return tanh(W @ u + b)\nsum(fixed_point(f, 0*b, method='newton')**2)", (A / 5, B),
    ),
    "a contraction of a number": ("a b ->\ndef f(u):\n    return 0.2*sin(u)*a + b\nfixed_point(f, b)**2", (2.0, 0.3)),
    "by Anderson of a number": (
        "a b ->\ndef f(u):\n    return 0.2*sin(u)*a + b\nfixed_point(f, b, method='anderson')**2", (2.0, 0.3),
    ),
    "contractions of a number and a vector": (
        "a b[n] ->\ndef f(s):\n    u, v = s\n    return 0.3*cos(u)*a + 0.1*sum(v), 0.2*sin(v)*u + b\n"
        "u, v = fixed_point(f, (1.0, 0*b))\nu*sum(v**2)",
        (2.0, B),
    ),
    "the minimum of a number": ("a b ->\ndef f(u):\n    return (a - u)**2 + exp(b*u)\nminimizer(f, 0.0)**2", (1.0, 0.5)),
    "the minimum of a number by Newton": (
        "a b ->\ndef f(u):\n    return (a - u)**2 + exp(b*u)\nminimizer(f, 0.0, method='newton')**2", (1.0, 0.5),
    ),
    "Rosenbrock": (
        "a b ->\ndef f(u):\n    return (a - u[0])**2 + b*(u[1] - u[0]**2)**2\nu = minimizer(f, zeros(2))\nu[0]*u[1]",
        (1.5, 10.0),
    ),
    "on a sphere": (
        "a b[n] ->\ndef f(u):\n    return -b @ u\ndef h(u):\n    return u @ u - a\nsum(minimizer(f, b, equality=h)**3)",
        (2.0, B),
    ),
    "a constraint on a nest": (
        "a b[n] ->\ndef f(s):\n    u, v = s\n    return sum((u - b)**2) + (v - a)**4\n"
        "def h(s):\n    u, v = s\n    return sum(u) + v - 1\nu, v = minimizer(f, (0*b, 0.0), equality=h)\nsum(u**3)*v",
        (2.0, B),
    ),
    "a while loop as solver": (
        "a ->\ndef f(u):\n    return u**2 - a\ndef heron(u):\n    def far(u):\n        return abs(u*u - a) > 1e-13\n"
        "    def step(u):\n        return (u + a/u)/2\n    return while_loop(far, step, u, 100)\n"
        "root(f, 1.0, solver=heron)**3",
        (2.0,),
    ),
    "a scan as solver": (
        "a ->\ndef f(u):\n    return u**2 - a\ndef heron(u):\n    def step(u):\n        return (u + a/u)/2, None\n"
        "    return scan(step, u, length=10)[0]\nroot(f, 1.0, solver=heron)**3",
        (2.0,),
    ),
    "in every step": (
        "A[k,k] x[n,k] ->\ndef step(h, x):\n    def f(u):\n        return A @ u + u**3 - h - x\n    u = root(f, h)\n"
        "    return u, sum(u**2)\nlast, ys = scan(step, 0*x[0], x)\nsum(last) + sum(ys)",
        (A, np.array([[0.3, 0.4], [1.0, -1.0]])),
    ),
    "in a branch": (
        "a b ->\ndef p(x):\n    def f(u):\n        return u**3 + u - x\n    return root(f, 1.0)\ndef q(x):\n    return x*b\n"
        "cond(b > 0, p, q, a*b)",
        (0.7, 0.5),
    ),
    "a root in an objective": (
        "a[n] b ->\ndef objective(u):\n    def f(v):\n        return v**3 + v - b*sum(u)\n    v = root(f, 0.5)\n"
        "    return sum((u - a)**2) + v**2\nsum(minimizer(objective, 0*a)**2)",
        (np.array([0.3, 1.2]), 0.7),
    ),
    "a loop in an equation": (
        "a w ->\ndef f(u):\n    def step(h):\n        return tanh(w*h + u), None\n    return u + scan(step, u, length=3)[0] - a\n"
        "root(f, 0.1)**2",
        (0.7, 0.5),
    ),
    "branches in an equation": (
        "a w ->\ndef f(u):\n    def p(u):\n        return u**3 + u\n    def q(u):\n        return u*w\n"
        "    return cond(u > 0, p, q, u) - a\nroot(f, 0.1)**2",
        (0.7, 0.5),
    ),
}  # fmt: skip
NESTED = {"in every step", "a root in an objective", "on a sphere", "a constraint on a nest"}  # slow with many digits


@pytest.mark.parametrize(("formula", "arguments"), CASES.values(), ids=CASES)
def test_gradients(formula: str, arguments: tuple) -> None:
    agrees_with_differences(formula, *arguments)


@pytest.mark.parametrize(("formula", "arguments"), CASES.values(), ids=CASES)
def test_second_order(formula: str, arguments: tuple) -> None:
    second_order_agrees(formula, *arguments)


@pytest.mark.parametrize("case", [case for case in CASES if case not in NESTED])
def test_verify(case: str) -> None:
    formula, arguments = CASES[case]
    compiled = sb.compile_value_and_grad(formula)
    scalars = [spec.name for spec in compiled.graph.arguments if not spec.shape]
    near = {
        name: (0.8 * x, 1.2 * x) for name, x in zip(scalars, arguments, strict=False) if len(scalars) == len(arguments)
    }
    assert compiled.verify(points=1, seconds=0.0, ranges=near)


@pytest.mark.parametrize(("formula", "arguments"), CASES.values(), ids=CASES)
def test_single_precision(formula: str, arguments: tuple) -> None:
    if "abs(u*u - a)" in formula:
        formula = formula.replace("1e-13", "1e-6")
    single = sb.compile_value_and_grad(formula, dtype="float32")
    value, gradients = single(*(np.float32(x) for x in arguments))
    exact, slopes = sb.compile_value_and_grad(formula)(*arguments)
    assert np.asarray(value).dtype == np.float32
    assert value == pytest.approx(exact, rel=1e-3)
    for one, other in zip(gradients, slopes, strict=True):
        assert np.asarray(one).dtype == np.float32
        np.testing.assert_allclose(one, other, rtol=0, atol=2e-3 * np.max(np.abs(other), initial=1.0))


@pytest.mark.parametrize("case", ["a vector", "a contraction", "Rosenbrock", "on a sphere", "a matrix"])
def test_the_way_back_is_one_linear_solve(case: str) -> None:
    source = body_of(sb.compile_grad(CASES[case][0]))
    backward = source[source.index("# backward") :]
    assert backward.count("np.linalg.solve(") == 1
    assert "np.linalg.inv" not in source
    assert "while" not in [
        line.split("#")[0].split()[0] for line in backward.splitlines() if line.split("#")[0].split()
    ]


def test_the_matrix_of_slopes_is_solved_with_as_it_is() -> None:
    """It is symmetric."""
    source = body_of(
        sb.compile_grad("Q[n,n] b[n] ->\ndef f(u):\n    return u @ Q @ u - b @ u\nsum(minimizer(f, 0*b)**2)")
    )
    (line,) = [line for line in source[source.index("# backward") :].splitlines() if "linalg.solve" in line]
    assert ").T," not in line
