"""Write what autograd makes of the coverage table: `python tests/references/by_autograd.py`."""

from __future__ import annotations

import warnings
from importlib.metadata import version
from typing import Any

import autograd
import autograd.numpy as anp
import autograd.scipy.special as aspecial
import numpy as np
from record import Case, Gradients, record

SCOPE: dict[str, Any] = {
    **{name: value for name, value in vars(aspecial).items() if not name.startswith("_")},
    **{name: value for name, value in vars(anp).items() if not name.startswith("_")},
    "np": anp,
    "special": aspecial,
    "empty": anp.zeros,
    "pi": np.pi,
    "e": np.e,
    "inf": np.inf,
    "newaxis": None,
}


def evaluate(case: Case) -> tuple[float, Gradients]:
    code = compile(case.form, "form", "eval")  # a form of the tests, in Python's syntax

    def total(*given: Any) -> Any:
        return anp.sum(case.weights * eval(code, SCOPE, {**case.values, **dict(zip(case.reals, given, strict=True))}))

    reals = [np.asarray(case.values[name]) for name in case.reals]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return float(total(*reals)), list(autograd.grad(total, tuple(range(len(reals))))(*reals))


if __name__ == "__main__":
    record("autograd", version("autograd"), evaluate)
