"""What printed code imports, and what of SciPy it needs."""

from __future__ import annotations

import re
from collections.abc import Mapping

from symbackprop.emit.lines import BEFORE_COMMENT
from symbackprop.emit.names import Names

__all__ = ["imported", "needs", "with_paths_imported"]


def imported(text: str, target: str, taken: Names) -> tuple[str, list[str]]:
    """Return code and the import lines that it needs, with a blank line behind them.

    The functions of `math` are called by their own names, unless the formula or Python uses one of these.
    """
    if target != "math":
        parts = [part for part in ("linalg", "sparse", "special") if _reads(text, part)]
        lines = ["import dataclasses\n"] if _reads(text, "dataclasses") else []
        lines += ["import math"] if _reads(text, "math") else []
        lines += ["import ml_dtypes"] if _reads(text, "ml_dtypes") else []
        lines += ["import numpy as np"] if _reads(text, "np") else []
        lines += [f"from scipy import {', '.join(parts)}"] if parts else []
        return text, [*lines, ""] if lines else []
    used = sorted(set(re.findall(r"\bmath\.(\w+)", text)))
    bare = [name for name in used if taken.is_free(name)]
    arrays = ["", "import numpy as np"] if _reads(text, "np") else []  # results that are written out
    if not used:
        return text, [*arrays[1:], ""] if arrays else []
    lines = ["import math"] if len(bare) < len(used) else []
    if len(bare) == len(used):
        text = text.replace("math.", "")
    elif bare:
        text = re.sub(r"\bmath\.(" + "|".join(bare) + r")\b", r"\1", text)
    return text, [*lines, *([f"from math import {', '.join(bare)}"] if bare else []), *arrays, ""]


def _reads(text: str, module: str) -> bool:
    """Tell whether code reads something of a module; most do not have its name at all, which takes no time to find out."""
    return f"{module}." in text and re.search(rf"(?<![\w.]){module}\.", text) is not None


def with_paths_imported(imports: list[str], paths: Mapping[str, str]) -> list[str]:
    """Return import lines with those of functions that are called by their path."""
    by_module: dict[str, list[str]] = {}
    for path, name in sorted(paths.items()):
        module, _, own = path.rpartition(".")
        by_module.setdefault(module, []).append(own + (f" as {name}" if name != own else ""))
    lines = [f"from {module} import {', '.join(found)}" for module, found in by_module.items()]
    if not lines:
        return imports
    gap = [""] if imports and not all(_is_of_numpy(path) for path in paths) else []
    return [*imports[:-1], *gap, *lines, ""]


def _is_of_numpy(path: str) -> bool:
    """Tell whether a path is one of NumPy's, which every file may import."""
    return path.startswith("numpy.")


def needs(text: str, paths: Mapping[str, str]) -> list[str]:
    """Return the lines that say for what code needs SciPy beside NumPy, and functions of the user's, if it does."""
    code = re.sub(rf"{BEFORE_COMMENT}[^\n]*", "", text)
    parts = [part for part in ("special", "linalg", "sparse") if _reads(code, part)]
    names = sorted({name for part in parts for name in re.findall(rf"(?<![\w.]){part}(?:\.\w+)+", code)})
    foreign = sorted(path for path in paths if not _is_of_numpy(path))
    own = [f"needs: {', '.join(foreign)}"] if foreign else []
    halves = ["needs: ml_dtypes, for bfloat16"] if _reads(code, "ml_dtypes") else []
    return [*halves, *([f"needs: SciPy, for {', '.join(names)}"] if names else []), *own]
