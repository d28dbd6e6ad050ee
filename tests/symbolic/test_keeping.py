"""Functions made from SymPy are kept as those from text are: same bytes everywhere, saved, checked, pickled."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy as sp

import symbackprop as sb
from symbackprop.api import check_saved

PROGRAM = """
import sympy as sp
import symbackprop as sb

x, y, z = sp.symbols("x y z")
n, i, j = sp.symbols("n i j", integer=True)
v = sp.IndexedBase("v", shape=(n,))
P = sp.MatrixSymbol("P", n, n)
shared = sp.sin(x * y + z) + sp.exp(z)
for expression in (
    shared**2 + sp.Max(x, y, z, shared) + sp.Piecewise((x, (x > 0) & (y > 0) & (z > 1)), (shared, True)),
    sp.Sum(v[i] * v[j] * x ** i, (j, 0, i), (i, 0, n - 1)),
    sp.Trace(P * P.T + 2 * P) + x,
    [shared, (x + y + z, sp.Add(*[sp.sin(k * x) * sp.cos(y + k) for k in range(60)]))],
):
    print(sb.compile_value_and_grad(expression).source)
"""


def test_same_bytes_whatever_the_hash_seed() -> None:
    outputs = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "12345")
    }
    assert len(outputs) == 1
    assert len(outputs.pop()) > 1000


x, y = sp.symbols("x y", positive=True)
n, i = sp.symbols("n i", integer=True)
v = sp.IndexedBase("v", shape=(n,))
P = sp.MatrixSymbol("P", n, n)
KEPT = [
    (sp.log(x) * sp.sqrt(y) + sp.Symbol(r"\theta'") ** 2, {"x": 0.5, "y": 1.5, "theta_prime": 2.0}),
    (sp.Sum(v[i] ** 2 * x, (i, 0, n - 1)), {"v": np.arange(3.0), "x": 2.0}),
    (sp.Trace(P * P) * x, {"P": np.arange(4.0).reshape(2, 2), "x": 2.0}),
    (sp.Add(*[sp.sin(k * x) * sp.cos(y + k) for k in range(60)]), {"x": 0.5, "y": 1.5}),
]


@pytest.mark.parametrize(("expression", "point"), KEPT, ids=lambda value: str(value)[:40])
def test_saved_checked_and_pickled(expression: Any, point: dict[str, Any], tmp_path: Path) -> None:
    compiled = sb.compile_value_and_grad(expression, wrt=x)
    path = tmp_path / "kept.py"
    compiled.save(path)
    check_saved(path)
    again = pickle.loads(pickle.dumps(compiled))
    assert again.source == compiled.source
    assert again(**point) == compiled(**point)
    assert again.verify(points=1)  # against the text of the header
