"""Density functionals with all first derivatives: compile and call, beside SymPy's diff, cse and lambdify."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import sympy

import symbackprop as sb
from benchmarks.row import Row
from benchmarks.timing import interleaved, once
from examples import exchange_correlation as xc

__all__ = ["density_functionals"]


def density_functionals(quick: bool) -> list[Row]:
    points = 10_000 if quick else 100_000
    rows = _rows("PBE", xc.pbe, xc.PBE_INPUTS, points, quick)
    if not quick:  # SymPy's part alone takes minutes
        rows += _rows("r2SCAN", xc.r2scan, xc.R2SCAN_INPUTS, points, quick)
    return rows


def _rows(name: str, functional: Callable[[], Any], inputs: tuple[Any, ...], points: int, quick: bool) -> list[Row]:
    expression = functional()
    grid = xc.grid(points)
    arguments = [grid[str(symbol)] for symbol in inputs]
    ours = min(once(partial(sb.compile_value_and_grad, expression, wrt=inputs)) for _ in range(3))
    made: list[Callable[..., Any]] = []
    peer = once(lambda: made.append(_with_sympy(expression, inputs)))
    works = {
        "ours": partial(sb.compile_value_and_grad(expression, wrt=inputs), *arguments),
        "sympy": partial(_quietly, made[0], arguments),
    }
    times = interleaved(works, rounds=4 if quick else 8)
    against = times["ours"] / times["sympy"]
    return [
        Row(f"{name}: compile value and {len(inputs)} derivatives", f"{1000 * ours:.0f} ms", "", True),
        Row("  SymPy diff + cse + lambdify", f"{peer / ours:.0f}x our time", "", True),
        Row(f"  call at {points:,} points", f"{1000 * times['ours']:.0f} ms", "", True),
        Row("  ours / SymPy's lambdify(cse=True)", f"{against:.2f}", "", True),
    ]


def _with_sympy(expression: Any, inputs: tuple[Any, ...]) -> Callable[..., Any]:
    derivatives = [sympy.diff(expression, symbol) for symbol in inputs]
    function: Callable[..., Any] = sympy.lambdify(inputs, [expression, *derivatives], "numpy", cse=True)
    return function


def _quietly(function: Callable[..., Any], arguments: list[Any]) -> Any:
    """Call what warns of the branches that it computes and does not take."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments)
