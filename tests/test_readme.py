"""Every code block of the README and of the pages in docs is executed, and prints what they say."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


def blocks(page: str = "README.md") -> list[tuple[str, str]]:
    return [(kind, text) for kind, text in BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))]


def python_blocks() -> list[tuple[str, str | None]]:
    """Return each Python block with the text block that follows it, if one does."""
    pages = [
        blocks(page)
        for page in ("README.md", "docs/scipy.md", "docs/custom_rules.md", "docs/loops.md", "docs/stochastic.md")
    ]
    return [
        (text, found[i + 1][1] if i + 1 < len(found) and found[i + 1][0] == "text" else None)
        for found in pages
        for i, (kind, text) in enumerate(found)
        if kind == "python"
    ]


@pytest.mark.parametrize(("code", "output"), python_blocks(), ids=lambda value: str(value)[:30])
def test_python_blocks(code: str, output: str | None) -> None:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    if output is not None:
        assert done.stdout.strip() == output.strip()


def test_commands(tmp_path: Path) -> None:
    lines = [
        line[2:] for kind, text in blocks() if kind == "console" for line in text.splitlines() if line.startswith("$ ")
    ]
    ran = 0
    for line in lines:
        words = shlex.split(line)
        if words[0] != "symbackprop":
            assert (ROOT / words[0]).exists()
            assert (ROOT / words[0]).stat().st_mode & 0o100
            continue
        done = subprocess.run(
            [sys.executable, "-m", *words], capture_output=True, text=True, check=False, cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT), "PATH": ""},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        ran += 1
    assert ran >= 4


def test_contributing_commands_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for path in re.findall(r"`((?:symbackprop|tests|scripts|benchmarks|examples)/[\w/.]+)`", text):
        assert (ROOT / path).exists(), path


def test_contributing_example_declares_a_primitive() -> None:
    found = blocks("CONTRIBUTING.md")
    ((code, output),) = [(text, found[i + 1][1]) for i, (kind, text) in enumerate(found) if kind == "python"]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout == output


def test_a_declared_primitive_takes_no_word_away() -> None:
    declaration = "from symbackprop.ops.elementwise import elementwise\nelementwise('hstack', numpy='{0}', "
    code = declaration + "partials=(None,), source='', points=[(1.0,)])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert "'hstack' is a word of formulas already; choose another name" in done.stderr
