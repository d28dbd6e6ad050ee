"""Chains of dense layers, as the tests of checkpoints have them."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["arguments_of", "body_of", "chain", "weights_of"]


def chain(layers: int, loss: str = "sum((a{n} - y)**2)") -> tuple[str, dict[str, str]]:
    """Return a formula of so many layers of tanh, and its inputs."""
    lines = []
    for k in range(1, layers + 1):
        lines += [f"z{k} = {f'a{k - 1}' if k > 1 else 'x'} @ W{k} + b{k}", f"a{k} = tanh(z{k})"]
    inputs = {"x": "n d", "y": "n d"}
    for k in range(1, layers + 1):
        inputs |= {f"W{k}": "d d", f"b{k}": "d"}
    return "\n".join([*lines, loss.format(n=layers)]), inputs


def weights_of(inputs: dict[str, str]) -> list[str]:
    return [name for name in inputs if name[0] in "Wb"]


def arguments_of(inputs: dict[str, str], n: int, d: int) -> list[Any]:
    rng = np.random.default_rng(0)
    sizes = {"n": n, "d": d}
    return [rng.normal(size=[sizes[size] for size in shape.split()]) / np.sqrt(d) for shape in inputs.values()]


def body_of(source: str) -> str:
    """Return the statements of a printed function."""
    return source.split('"""\n')[-1]
