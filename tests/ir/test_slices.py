"""Lengths of slices against Python's own."""

from __future__ import annotations

import pytest

from symbackprop.errors import ShapeError
from symbackprop.ir.size import Size, ceil_div, evaluate, named, to_text
from symbackprop.ir.slices import slice_length

n, m = named("n"), named("m")

BOUNDS = (None, *range(-5, 6))


@pytest.mark.parametrize("step", [None, 1, 2, 3, -1, -2, -3])
def test_slice_length_is_that_of_python(step: int | None) -> None:
    for start in BOUNDS:
        for stop in BOUNDS:
            length = slice_length(n, start, stop, step)
            for value in range(9):
                expected = len(range(value)[start:stop:step])
                assert evaluate(length, {"n": value}) == expected, (start, stop, step, value, str(length))
                assert slice_length(value, start, stop, step) == expected


@pytest.mark.parametrize("step", [None, 2, -1, -2])
@pytest.mark.parametrize("bound", [m, m + 1, -m - 1, n - m])
def test_slice_length_with_symbolic_bounds(bound: Size, step: int | None) -> None:
    for other in (None, 0, 2, -1, m + 2):
        for start, stop in ((bound, other), (other, bound)):
            length = slice_length(n, start, stop, step)
            for env in ({"n": i, "m": j} for i in range(7) for j in range(i + 1)):
                first, last = (None if b is None else evaluate(b, env) for b in (start, stop))
                assert evaluate(length, env) == len(range(env["n"])[first:last:step]), (start, stop, step, env)


@pytest.mark.parametrize(
    ("bounds", "text"),
    [
        ((1, None, None), "max(n - 1, 0)"),
        ((None, 3, None), "min(n, 3)"),
        ((None, None, 2), "(n + 1)//2"),
        ((1, None, 2), "n//2"),
        ((1, -1, 1), "max(n - 2, 0)"),
        ((2, 5, 1), "max(min(n - 2, 3), 0)"),
        ((-5, -2, 1), "max(min(n - 2, 3), 0)"),
        ((None, None, -1), "n"),
        ((None, -3, -1), "min(n, 2)"),
        ((None, n - 1, None), "max(n - 1, 0)"),
        ((m, None, None), "max(n - m, 0)"),
        ((None, m, None), "min(m, n)"),
    ],
)
def test_slice_length_text(bounds: tuple[Size | None, Size | None, int | None], text: str) -> None:
    assert to_text(slice_length(n, *bounds)) == text


def test_slices_of_slices_stay_short() -> None:
    assert slice_length(slice_length(n, 1, None, None), None, -1, None) is slice_length(n, 1, -1, None)
    assert slice_length(slice_length(n, None, 3, None), 1, None, None) is slice_length(n, 1, 3, None)
    size: Size = n
    for _ in range(300):
        size = slice_length(size, 1, None, None)
    assert to_text(size) == "max(n - 300, 0)"
    size = n
    for _ in range(40):
        size = slice_length(size, None, None, 2)
    assert size is ceil_div(n, 2**40)


def test_step_zero_is_refused() -> None:
    with pytest.raises(ShapeError, match="step is 0"):
        slice_length(n, None, None, 0)
