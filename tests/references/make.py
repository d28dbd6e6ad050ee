"""Write what autograd makes of the coverage table: an independent peer, stored so that tests need none.

Run with the extra ``bench``: ``python tests/references/make.py``. Of each form whose gradient autograd has, the value of
the sum of squares and its slope along a direction of ones are kept; what autograd lacks, or refuses, is left out.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import autograd
import autograd.numpy as anp
import autograd.scipy.special as aspecial
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from coverage_table import TABLE
from stored_values import drawn_for, is_real


def scope() -> dict[str, Any]:
    names = {name: value for name, value in vars(aspecial).items() if not name.startswith("_")}
    names.update((name, value) for name, value in vars(anp).items() if not name.startswith("_"))
    names.update(np=anp, special=aspecial, pi=np.pi, e=np.e, inf=np.inf, newaxis=None)
    return names


def reference(form: str, inputs: str) -> list[float] | None:
    """Return value and slope, None where autograd has no gradient."""
    values = drawn_for(form, inputs)
    real = [name for name, value in values.items() if is_real(value)]
    code = compile(form, "form", "eval")  # a form of the tests, in Python's syntax

    def total(*given: Any) -> Any:
        found = eval(code, scope(), {**values, **dict(zip(real, given, strict=True))})
        return anp.sum(found * found)

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            value = float(total(*(values[name] for name in real)))
            slopes = autograd.grad(total, tuple(range(len(real))))(*(np.asarray(values[n], float) for n in real))
            slope = float(sum(np.sum(slope) for slope in slopes))
    except Exception:  # whatever autograd raises on what it does not know
        return None
    step = 1e-6
    ends = [total(*(values[name] + sign * step for name in real)) for sign in (1, -1)]
    quotient = float(ends[0] - ends[1]) / (2 * step)
    if not np.isfinite([value, slope]).all() or abs(quotient - slope) > 1e-5 * max(1.0, abs(slope)):
        return None  # autograd ignores where= and initial=, and is wrong on full((2, 3), x)
    return [value, slope]


if __name__ == "__main__":
    found = {}
    for forms in TABLE.values():
        for form, inputs, *_ in forms:
            if ";" not in form and (kept := reference(form, inputs)) is not None:
                found[f"{inputs} -> {form}"] = kept
    path = Path(__file__).with_name("coverage.json")
    path.write_text(json.dumps(found, indent=0) + "\n")
    print(f"{len(found)} forms of {sum(map(len, TABLE.values()))}")
