"""Write what a peer makes of the coverage table, with what NumPy says of it as a check.

A form is made one number by weights of its entries, so that each entry counts for itself. Its value and its whole
gradient are kept if NumPy has the same value and the same difference quotient. The rest is reported: what the peer
refused, and what it made otherwise.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from coverage_table import TABLE
from numpy_forms import OURS, SIZES, along, by_numpy, direction_of, drawn, reals_of, slopes, weighted, weights_of

__all__ = ["Case", "record"]

DIGITS = 14  # of the numbers that are kept


class Case(NamedTuple):
    """A form at a point: the scalar is the sum of `weights` times the value of `form`."""

    form: str
    values: dict[str, Any]
    reals: list[str]  # names of the inputs that the gradient is of, in order
    weights: np.ndarray[Any, np.dtype[np.float64]]


Gradients = list[Any]
Evaluate = Callable[[Case], tuple[float, Gradients]]


def record(peer: str, version: str, evaluate: Evaluate, only: tuple[str, ...] | None = None) -> None:
    """Write the values and gradients of `evaluate` to the peer's file; `only` names what is asked of it."""
    rows, left_out = {}, []
    for name, forms in TABLE.items():
        for form, inputs in forms if only is None or name in only else ():
            case = case_of(form, inputs)
            try:
                value, gradients = evaluate(case)
            except Exception as error:  # whatever a peer raises on what it does not know
                left_out.append(f"{name}: {form} of {inputs}: {type(error).__name__}: {str(error)[:80]}")
                continue
            if fault := fault_of(name, case, value, gradients):
                left_out.append(f"{name}: {form} of {inputs}: {fault}")
            else:
                rows[f"{inputs} -> {form}"] = [rounded(value), *map(rounded, gradients)]
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(row, separators=(',', ':'))}" for key, row in rows.items())
    text = f'{{"peer": {json.dumps(f"{peer} {version}")}, "forms": {{\n{lines}\n}}}}\n'
    Path(__file__).with_name(f"{peer.lower()}.json").write_text(text)
    print(*left_out, f"{len(rows)} forms kept, {len(left_out)} left out", sep="\n")


def case_of(form: str, inputs: str) -> Case:
    values = drawn(form, inputs, SIZES)
    return Case(form, values, reals_of(inputs), weights_of(np.shape(by_numpy(form, values))))


def fault_of(name: str, case: Case, value: float, gradients: Gradients) -> str | None:
    """Return what NumPy says against what a peer found, None if nothing."""
    if [np.shape(gradient) for gradient in gradients] != [np.shape(case.values[real]) for real in case.reals]:
        return "another shape of a gradient"
    scalar = weighted(case.form)
    if not np.isclose(value, expected := by_numpy(scalar, case.values), rtol=1e-9, atol=1e-11):
        return f"the value is {value}, NumPy's is {expected}"
    direction = direction_of(case.values, case.reals)
    found, quotient = along(tuple(gradients), direction), slopes(scalar, case.values, direction)
    if name in OURS or np.isclose(found, quotient, rtol=1e-5, atol=1e-6):
        return None
    return f"the slope is {found}, NumPy's difference quotient is {quotient}"


def rounded(value: Any) -> Any:
    """Return a number or a flat list of numbers with as many digits as are kept."""
    if np.ndim(value):
        return [rounded(entry) for entry in np.ravel(value)]
    number = float(f"{float(value):.{DIGITS}g}")
    return int(number) if number == int(number) else number
