"""The command line, as a user calls it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np


def call(*args: str, text: str | None = None, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "symbackprop", *args], capture_output=True, text=True, input=text, cwd=cwd, check=False
    )


def test_grad_at_a_point() -> None:
    done = call("grad", "(w*x + b - y)**2", "--at", "w=2", "x=3", "b=1", "y=4", "--verify")
    assert done.returncode == 0
    assert "def grad(w, x, b, y):" in done.stdout
    assert "value = 9.0" in done.stdout
    assert "d/dw = 18.0" in done.stdout
    assert "verified: 2 points" in done.stdout
    assert "\x1b" not in done.stdout


def test_value_from_standard_input_and_file(tmp_path: Path) -> None:
    assert "value = 6.0" in call("value", "-", "--at", "x=2", text="x*3").stdout
    (tmp_path / "f.txt").write_text("u = x*3\nu + 1")
    assert "value = 7.0" in call("value", f"@{tmp_path / 'f.txt'}", "--at", "x=2").stdout


def test_points_from_files(tmp_path: Path) -> None:
    np.savez(tmp_path / "p.npz", X=np.ones((2, 3)), w=np.ones(3))
    done = call("grad", "sum(X @ w)", "--inputs", "X[n,d] w[d]", "--wrt", "w", "--at", str(tmp_path / "p.npz"))
    assert "d/dw = [2. 2. 2.]" in done.stdout
    (tmp_path / "p.json").write_text(json.dumps({"x": [1, 2]}))
    assert "value = 3.0" in call("value", "x[n] -> sum(x)", "--at", str(tmp_path / "p.json")).stdout
    assert "value = 3.0" in call("value", "x[n] -> sum(x)", "--at", "x=[1, 2]").stdout


def test_out_and_check(tmp_path: Path) -> None:
    path = tmp_path / "grad.py"
    assert call("grad", "x**2", "--out", str(path)).returncode == 0
    assert call("check", str(path)).stdout.strip().endswith("ok")
    path.write_text(path.read_text().replace("2.0", "3.0"))
    done = call("check", str(path))
    assert done.returncode == 1
    assert "was edited" in done.stderr
    (tmp_path / "other.py").write_text("x = 1\n")
    assert call("check", str(tmp_path / "other.py")).returncode == 1


def test_errors_are_messages() -> None:
    done = call("grad", "(w*x")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "not closed" in done.stderr
    assert "Traceback" not in done.stderr
    assert call("grad", "x", "--at", "x=a").returncode == 2
    assert call("grad", "x", "--at", "z=1").returncode == 2
    assert call("grad").returncode == 2
    assert call("grad", "@/nowhere").returncode == 2


def test_ops_lists_the_primitives() -> None:
    done = call("ops")
    assert done.returncode == 0
    assert "tanh\telementwise\t1 - tanh(x)**2" in done.stdout
