"""Write what mpmath makes of special functions that JAX lacks: `python tests/references/by_mpmath.py`.

Values have 50 digits; a partial derivative is a central difference with a step of 1e-15, right to some 30 digits.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import mpmath
import numpy as np
from record import Case, Gradients, record

mpmath.mp.dps = 50
STEP = mpmath.mpf(10) ** -15


def elementwise(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args: np.frompyfunc(function, len(args), 1)(*args)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "erfcinv": elementwise(lambda x: mpmath.erfinv(1 - x)),
    "hyp2f1": elementwise(mpmath.hyp2f1),
    "j0": elementwise(mpmath.j0),
    "j1": elementwise(mpmath.j1),
    "jn": elementwise(mpmath.besselj),
    "lambertw": lambda z, k=0: elementwise(lambda z: mpmath.lambertw(z, k).real)(z),
    "y0": elementwise(lambda x: mpmath.bessely(0, x)),
    "y1": elementwise(lambda x: mpmath.bessely(1, x)),
}
SCOPE: dict[str, Any] = {
    **FUNCTIONS,
    "special": SimpleNamespace(**FUNCTIONS),
    "expit": elementwise(lambda x: 1 / (1 + mpmath.exp(-x))),
    "tanh": elementwise(mpmath.tanh),
}


def evaluate(case: Case) -> tuple[float, Gradients]:
    code = compile(case.form, "form", "eval")  # a form of the tests, in Python's syntax
    exact = elementwise(mpmath.mpf)
    weights, point = exact(case.weights), {name: exact(value) for name, value in case.values.items()}

    def total(values: dict[str, Any]) -> Any:
        return np.sum(weights * eval(code, SCOPE, values))

    def partial(name: str, place: tuple[int, ...]) -> float:
        ends = []
        for step in (STEP, -STEP):
            moved = np.array(point[name], dtype=object)
            moved[place] += step
            ends.append(total(point | {name: moved}))
        return float((ends[0] - ends[1]) / (2 * STEP))

    shapes = [np.shape(case.values[name]) for name in case.reals]
    return float(total(point)), [
        np.reshape([partial(name, place) for place in np.ndindex(shape)], shape)
        for name, shape in zip(case.reals, shapes, strict=True)
    ]


if __name__ == "__main__":
    record("mpmath", mpmath.__version__, evaluate, tuple(FUNCTIONS))
