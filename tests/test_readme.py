"""Every code block of the README and of the pages in docs is executed, and prints what they say."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import call
from documents import ROOT, blocks, outcomes, python_blocks, run

PAGES = (
    "README.md",
    "docs/scipy.md",
    "docs/performance.md",
    "docs/cost.md",
    "docs/custom_rules.md",
    "docs/loops.md",
    "docs/checkpointing.md",
    "docs/stochastic.md",
    "docs/batching.md",
    "docs/structured.md",
    "docs/derivatives.md",
    "docs/nested_derivatives.md",
    "docs/higher_derivatives.md",
    "docs/accuracy.md",
    "docs/sparse.md",
    "docs/layers.md",
    "docs/sequences.md",
    "docs/precision.md",
)


@pytest.mark.parametrize(("page", "number"), [(page, i) for page in PAGES for i in range(len(python_blocks(page)))])
def test_python_blocks(page: str, number: int) -> None:
    code, expected = python_blocks(page)[number]
    outcome = outcomes(page)[number]
    assert not outcome.error, f"{code}\n{outcome.error}"
    if expected is not None:
        assert outcome.printed.strip() == expected.strip()


def test_a_block_that_fails_is_named_and_hands_nothing_on() -> None:
    first, failing, stopping, last = run(["x = 1; print(x)", "print(2)\n1/0", "import sys; sys.exit()", "x"], "a page")
    assert first == ("1\n", "")
    assert failing.printed == "2\n"
    assert 'File "a page, block 2", line 2' in failing.error
    assert "SystemExit" in stopping.error
    assert "name 'x' is not defined" in last.error


def test_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [
        line[2:]
        for kind, text in blocks("README.md")
        if kind == "console"
        for line in text.splitlines()
        if line.startswith("$ ")
    ]
    ran = 0
    for line in lines:
        words = shlex.split(line)
        if words[0] != "symbackprop":
            assert (ROOT / words[0]).exists()
            assert (ROOT / words[0]).stat().st_mode & 0o100
            continue
        done = call(*words[1:])
        assert done.returncode == 0, done.stderr
        ran += 1
    assert ran >= 4


def test_contributing_commands_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for path in re.findall(r"`((?:symbackprop|tests|scripts|benchmarks|examples)/[\w/.]+)`", text):
        assert (ROOT / path).exists(), path


def test_contributing_example_declares_a_primitive() -> None:
    ((_, expected),) = python_blocks("CONTRIBUTING.md")
    (outcome,) = outcomes("CONTRIBUTING.md")
    assert not outcome.error, outcome.error
    assert outcome.printed == expected


def test_a_declared_primitive_takes_no_word_away() -> None:
    declaration = "from symbackprop.ops.elementwise import elementwise\nelementwise('hstack', numpy='{0}', "
    code = declaration + "partials=(None,), source='', points=[(1.0,)])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert "'hstack' is a word of formulas already; choose another name" in done.stderr
