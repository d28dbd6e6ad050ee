"""The Python blocks of a document, run in one fresh process: importing is most of what each would cost alone."""

from __future__ import annotations

import contextlib
import io
import json
import re
import subprocess
import sys
import traceback
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

__all__ = ["ROOT", "Outcome", "blocks", "outcomes", "python_blocks", "run"]

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


class Outcome(NamedTuple):
    """What a block printed, and the traceback where it failed."""

    printed: str
    error: str


def blocks(page: str) -> list[tuple[str, str]]:
    """Return the kind and the text of each block of a page."""
    return BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))


def python_blocks(page: str) -> list[tuple[str, str | None]]:
    """Return each Python block with the text block that follows it, if one does."""
    found = [*blocks(page), ("", "")]
    return [
        (text, following if next_kind == "text" else None)
        for (kind, text), (next_kind, following) in pairwise(found)
        if kind == "python"
    ]


@cache
def outcomes(page: str) -> list[Outcome]:
    """Run the Python blocks of a page, in one process that has imported nothing."""
    return run([code for code, _ in python_blocks(page)], page)


def run(codes: Sequence[str], name: str) -> list[Outcome]:
    """Run pieces of code one after the other in a fresh process, each in a namespace of its own."""
    done = subprocess.run(
        [sys.executable, __file__, name], input=json.dumps(codes), capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return [Outcome(*outcome) for outcome in json.loads(done.stdout)]


def _outcome(code: str, name: str) -> Outcome:
    printed, error = io.StringIO(), ""
    with contextlib.redirect_stdout(printed):
        try:
            exec(compile(code, name, "exec"), {"__name__": "__main__"})
        except BaseException:
            error = traceback.format_exc()
    return Outcome(printed.getvalue(), error)


if __name__ == "__main__":
    sys.path[0] = ""  # as for code that `python -c` is given
    print(json.dumps([_outcome(code, f"{sys.argv[1]}, block {i + 1}") for i, code in enumerate(json.load(sys.stdin))]))
