"""Results of loops: fresh and writable, sharing no memory with arguments or each other, also where no step runs."""

from __future__ import annotations

import numpy as np
import pytest

import symbackprop as sb

STEPS = {
    "hands on": "return h + x, h",
    "keeps": "return h, x",
    "takes the row": "return x, h",
    "transposes": "return h[::-1], x + h",
}


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize("steps", [0, 1, 3])
@pytest.mark.parametrize("declared", ["n", None])
def test_values(step: str, steps: int, declared: str | None) -> None:
    text = f"def step(h, x):\n    {step}\nlast, ys = scan(step, h0, x)\nlast, ys, last, h0, x"
    f = sb.compile_value(text, inputs={"h0": "k", "x": f"{declared or steps} k"})
    apart(f, np.ones(2), np.ones((steps, 2)))


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize("steps", [0, 1, 3])
@pytest.mark.parametrize("loss", ["sum(last)", "sum(last)**2 + sum(h0)", "sum(ys**2)", "sum(last) + sum(x)"])
def test_gradients(step: str, steps: int, loss: str) -> None:
    text = f"h0[k] x[n,k] -> def step(h, x):\n    {step}\nlast, ys = scan(step, h0, x)\n{loss}"
    apart(sb.compile_grad(text), np.ones(2), np.ones((steps, 2)))


def test_two_carries_that_are_one_array() -> None:
    text = (
        "h0[k] x[n,k] -> def step(state, x):\n    h, c = state\n    d = h + x\n    return (d, d), None\n"
        "state, _ = scan(step, (h0, h0), x)\nstate[0], state[1]"
    )
    for steps in (0, 2):
        apart(sb.compile_value(text), np.ones(2), np.ones((steps, 2)))


def apart(f: sb.CompiledFunction, *arguments: np.ndarray) -> None:
    """Check that writing to one result changes nothing else."""
    results = f(*arguments)
    arrays = [*arguments, *results]
    before = [array.copy() for array in arrays]
    for at, result in enumerate(results, len(arguments)):
        result += 1.0
        for other, (array, old) in enumerate(zip(arrays, before, strict=True)):
            assert other == at or np.array_equal(array, old), (at, other)
        before[at] = result.copy()


def test_no_steps_in_single_precision() -> None:
    text = (
        "x[n] w ->\nlow = where(w > 0.1, sqrt(w), 0)\n"
        "def step(c, row): return sin(c)*maximum(row, low), 0.0\nscan(step, 1.0, x)[0]"
    )
    g = sb.compile_grad(text, dtype="float32")
    for steps in (0, 2):
        x_bar, w_bar = g(np.ones(steps, dtype=np.float32), np.float32(0.5))
        assert (x_bar.dtype, w_bar.dtype) == (np.float32, np.float32)  # the running sum of none is no double
