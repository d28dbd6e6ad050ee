"""The commands of CONTRIBUTING.md work: here what is quick and changes nothing, the rest by being steps of .ci/run."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SETTING_UP = {"python -m pip install -e '.[test,dev]'", "pre-commit install"}


def commands() -> list[str]:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    block = "\n".join(re.findall(r"```console\n(.*?)```", text, re.DOTALL))
    lines = re.findall(r"^\$ ([^#\n]*)", block, re.MULTILINE)
    return [command.strip() for line in lines for command in line.split("&&")]


def in_ci() -> set[str]:
    """Return the commands of .ci/run, without the folder of its environment."""
    text = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    return {line.strip().replace('"$bin/', "").replace('"', "") for line in text.splitlines()}


@pytest.mark.parametrize("command", commands())
def test_command(command: str, tmp_path: Path) -> None:
    if command in SETTING_UP:
        return
    if command in in_ci():
        if command.startswith("./"):
            assert (ROOT / command).stat().st_mode & 0o100
        return
    shutil.copytree(ROOT / "tests", tmp_path / "tests")  # golden files are written there
    for name in ("symbackprop", "examples", "benchmarks", "pyproject.toml", "README.md"):
        (tmp_path / name).symlink_to(ROOT / name)
    words = shlex.split(command)
    assert words[:2] == ["python", "-m"], f"{command} is neither run here nor by .ci/run"
    quicker = ["--only", "operations"] if "benchmarks" in words else ["-p", "no:cacheprovider", "-k", "golden"]
    done = subprocess.run(
        [sys.executable, *words[1:], *quicker], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_pull_request_is_gated_by_what_contributors_run() -> None:
    assert {"ruff check .", "ruff format --check .", "mypy", "lint-imports", "./scripts/test"} <= in_ci()
