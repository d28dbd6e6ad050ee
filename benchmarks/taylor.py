"""Taylor mode beside SymPy's diff and cse: how long compiling takes, and how many statements come of it; and a Laplacian."""

from __future__ import annotations

from functools import partial

import numpy as np
import sympy

import symbackprop as sb
from benchmarks.row import Row
from benchmarks.timing import interleaved, once

__all__ = ["TAYLOR"]

_STEPS = ("sin(y) * x", "exp(-y**2)", "y / (1 + x**2)", "sqrt(1 + y**2)", "tanh(y) - x")  # of two operations each


def taylor(quick: bool) -> list[Row]:
    rows = []
    for order in (4, 8):
        text = _chain(30)
        seconds = min(once(partial(sb.compile_taylor, text, order=order)) for _ in range(3))
        count = _statements(sb.compile_taylor(text, order=order).source)
        limit, holds = ("1 s", seconds <= 1.0) if order == 4 else ("", True)
        rows.append(Row(f"30 operations, order {order}: compile", f"{1000 * seconds:.0f} ms", limit, holds))
        most = 30 * order**2
        rows.append(Row("  statements", f"{count}", f"{most}", count <= most))
    for operations, order in ((6, 4), (6, 8)) if not quick else ((6, 4),):
        rows += _beside_sympy(operations, order)
    return [*rows, *_laplacian(quick)]


def _laplacian(quick: bool) -> list[Row]:
    """Time the Laplacian of a network of two layers, at many points, beside its value and the trace of its Hessian."""
    formula = "W[h,d] V[h,h] v[h] x[d] -> v @ tanh(V @ tanh(W @ x))"
    hidden, dimensions, points = 64, 10, 100 if quick else 1000
    rng = np.random.default_rng(0)
    shapes = (hidden, dimensions), (hidden, hidden), (hidden,), (points, dimensions)
    arguments = [rng.normal(size=shape) / np.sqrt(hidden) for shape in shapes]
    hessian = sb.compile_hessian(formula, wrt="x", batch={"x": 0})
    works = {
        "value": partial(sb.compile_value(formula, batch={"x": 0}).function, *arguments),
        "laplacian": partial(sb.compile_laplacian(formula, wrt="x", batch={"x": 0}).function, *arguments),
        "trace": lambda: np.trace(hessian.function(*arguments), axis1=1, axis2=2),
    }
    np.testing.assert_allclose(works["laplacian"](), works["trace"]())
    times = interleaved(works, rounds=5 if quick else 20)
    by_value, by_trace = times["laplacian"] / times["value"], times["laplacian"] / times["trace"]
    return [
        Row(f"Laplacian in {dimensions} dimensions: over the value", f"{by_value:.1f}", f"{2 * dimensions}",
            by_value <= 2 * dimensions),
        Row("  over the trace of the Hessian", f"{by_trace:.2f}", "1", by_trace <= 1),
    ]  # fmt: skip


def _beside_sympy(operations: int, order: int) -> list[Row]:
    x = sympy.Symbol("x")
    y: sympy.Expr = x
    for step in _steps(operations):
        y = sympy.sympify(step, locals={"x": x, "y": y})
    ours = min(once(partial(sb.compile_taylor, y, order=order)) for _ in range(3))
    count = _statements(sb.compile_taylor(y, order=order).source)
    found: list[int] = []

    def with_sympy() -> None:
        derivatives = [y]
        for _ in range(order):
            derivatives.append(sympy.diff(derivatives[-1], x))
        shared, rest = sympy.cse(derivatives)
        found.append(len(shared) + len(rest))

    peer = once(with_sympy)
    return [
        Row(f"{operations} operations, order {order}: compile", f"{1000 * ours:.0f} ms", "", True),
        Row("  SymPy diff + cse", f"{peer / ours:.0f}x our time", "", True),
        Row("  statements, ours / SymPy's", f"{count} / {found[-1]}", "", True),
    ]


def _steps(operations: int) -> list[str]:
    return [_STEPS[i % len(_STEPS)] for i in range(operations // 2)]


def _chain(operations: int) -> str:
    return "\n".join(["y = x", *(f"y = {step}" for step in _steps(operations)), "y"])


def _statements(source: str) -> int:
    body = source.split('"""')[2].strip().split("\n")
    return sum(not line.strip().startswith("#") for line in body)


TAYLOR = {"taylor": taylor}
