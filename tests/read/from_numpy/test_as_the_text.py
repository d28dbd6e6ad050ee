"""Every formula of the tests as a function of Python: the same text in NumPy's names gives the same graph.

Formulas name NumPy's functions without a module; the function of the same text finds them in its globals.
"""

from __future__ import annotations

import math
import re
import types

import numpy as np
import pytest
import scipy.linalg
from scipy import special

import symbackprop as sb
from symbackprop.read.shapes import read_declarations, split_declarations
from tests.coverage_table import TABLE
from tests.formulas import ALL

FORMS = [f"{inputs} -> {form}" for forms in TABLE.values() for form, inputs, *_ in forms]

_WRITES = re.compile(r"-> \w+\[.*?\] (?:\*\*|//|[-+*/%])?= ")


def _scope() -> dict[str, object]:
    names: dict[str, object] = {name: getattr(math, name) for name in ("pi", "e", "inf", "nan")}
    for module in (scipy.linalg, special, np):
        names.update((name, value) for name, value in vars(module).items() if not name.startswith("_"))
    names.update(np=np, math=math, scipy=scipy, special=special, linalg=np.linalg, newaxis=None)
    names.update(stop_gradient=sb.stop_gradient, straight_through=sb.straight_through)
    return names


def _function(formula: str) -> tuple[types.FunctionType, str]:
    """Return the function that a formula's text is in Python, and its declarations."""
    declared, start = split_declarations(formula)
    statements = [part.strip() for part in re.split(r"[;\n]", formula[start:]) if part.strip()]
    names = [spec.name for spec in read_declarations(declared, "float64")]
    body = "\n".join(f"    {statement}" for statement in [*statements[:-1], f"return {statements[-1]}"])
    scope = _scope()
    exec(f"def traced({', '.join(names)}):\n{body}", scope)  # a formula of the tests, in Python's syntax
    return scope["traced"], declared  # type: ignore[return-value]


def _body(compiled: sb.CompiledFunction) -> str:
    return compiled.source.split('"""')[-1]


@pytest.mark.parametrize("formula", [*ALL, *FORMS])
def test_the_same_code(formula):
    if " if " in formula or " and " in formula or " or " in formula or "not " in formula:
        pytest.skip("control flow of Python, which cannot be traced")
    if "fill_diagonal" in formula or ".at(" in formula or "log(1 + x**2, 2)" in formula or _WRITES.search(formula):
        pytest.skip("NumPy's own writes into its argument, here an input")
    function, declared = _function(formula)
    unknown = [name for name in function.__code__.co_names if name not in function.__globals__]
    if any(not hasattr(np.ndarray, name) and name not in ("mT",) for name in unknown):
        pytest.skip(f"a word of ours: {', '.join(unknown)}")
    traced = sb.compile_value(function, inputs=declared)
    assert _body(traced) == _body(sb.compile_value(formula))
