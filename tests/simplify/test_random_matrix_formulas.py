"""Random formulas of matrices, vectors and contractions, against NumPy's value and its derivative by complex step."""

from __future__ import annotations

import random

import numpy as np
import pytest

import symbackprop as sb

SIZES = {"n": 3, "m": 2, "k": 4}
NAMES = {
    "A": "nm", "B": "mk", "C": "nk", "D": "mk", "S": "nn", "R": "kk", "x": "n", "y": "m", "z": "k", "w": "k", "a": "",
}  # fmt: skip
SCOPE = {
    "sum": np.sum, "mean": np.mean, "sin": np.sin, "exp": np.exp, "outer": np.outer, "einsum": np.einsum, "diag": np.diag,
}  # fmt: skip
STEP = 1e-30


def formula(rng: random.Random, axes: str, depth: int) -> str:
    """Return the text of a random expression whose axes have the sizes `axes`."""
    known = [name for name, own in NAMES.items() if own == axes]
    turned = [f"{name}.T" for name, own in NAMES.items() if len(own) == 2 and own[::-1] == axes]
    if not depth or (len(axes) < 2 and rng.random() < 0.2):
        options = known + turned
        if options:
            return rng.choice(options)
        return f"outer({formula(rng, axes[0], 0)}, {formula(rng, axes[1], 0)})" if axes else "a"

    def inner(own: str) -> str:
        return formula(rng, own, depth - 1)

    between = rng.choice("nmk")
    last = rng.choice("nmk")
    kind = rng.choice(["product", "product", "sum", "scaled", "entries", "einsum", "other"])
    if kind == "sum":
        return f"({inner(axes)} {rng.choice('+-')} {inner(axes)})"
    if kind == "scaled":
        return f"({rng.choice(['a', '2', '-1', '0.3'])} * {inner(axes)})"
    if kind == "entries" and axes:
        return f"({inner(axes)} * {inner(axes)})" if rng.random() < 0.5 else f"sin({inner(axes)})"
    if len(axes) == 2:
        i, j = axes
        if kind == "einsum":
            return f"einsum('ij,jk,k,kl->il', {inner(i + between)}, {inner(between + last)}, {inner(last)}, {inner(last + j)})"
        if kind == "other":
            return f"({inner(i + between)} @ diag({inner(between)}) @ {inner(between + j)})"
        return f"({inner(i + between)} @ {inner(between + j)})"
    if len(axes) == 1:
        if kind == "einsum":
            return f"einsum('ij,kj,k->i', {inner(axes + between)}, {inner(last + between)}, {inner(last)})"
        if kind == "other":
            return f"{rng.choice(['sum', 'mean'])}({inner(axes + between)}, axis=1)"
        return f"({inner(axes + between)} @ {inner(between)})"
    if kind == "einsum":
        return f"einsum('ij,i,jk,ik->', {inner(between + last)}, {inner(between)}, {inner(last + 'n')}, {inner(between + 'n')})"
    return f"{rng.choice(['sum', 'mean'])}({inner(rng.choice(['nm', 'mk', 'n']))})"


def check(seed: int) -> None:
    """Compare the value and the gradient of a random formula with what NumPy computes of its text."""
    rng = random.Random(seed)
    text = f"sum({formula(rng, rng.choice(['nm', 'mk', 'n', 'k', 'kk']), rng.choice([2, 3, 4]))})"
    read = compile(text, "formula", "eval").co_names
    used = [name for name in NAMES if name in read]
    data = np.random.default_rng(seed)
    values = {name: data.uniform(-0.7, 0.7, size=tuple(SIZES[i] for i in NAMES[name])) for name in used}
    declared = " ".join(f"{name}[{','.join(NAMES[name])}]" if NAMES[name] else name for name in used)
    compiled = sb.compile_value_and_grad(f"{declared} -> {text}", wrt=tuple(used))
    value, slopes = compiled(*values.values())
    expected = eval(text, SCOPE | values)
    np.testing.assert_allclose(value, expected, rtol=1e-9, atol=1e-11, err_msg=text)
    for name, slope in zip(used, slopes, strict=True):
        direction = data.normal(size=np.shape(values[name]))
        moved = values | {name: values[name] + 1j * STEP * direction}
        wanted = np.imag(eval(text, SCOPE | moved)) / STEP
        np.testing.assert_allclose(np.vdot(slope, direction), wanted, rtol=1e-8, atol=1e-10, err_msg=f"{name}: {text}")


@pytest.mark.parametrize("seed", range(40))
def test_random_formulas(seed: int) -> None:
    check(seed)
