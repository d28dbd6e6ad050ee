"""Binary hidden units, trained by the straight-through estimator (Bengio, Léonard and Courville, 2013).

A unit is 1 where its input is above 0, which has no slope; derivatives take the sigmoid in its place. The network learns
the parity of three bits.
"""

from itertools import product

import numpy as np

import symbackprop as sb
from examples.networks.training import Adam


def binary(z):
    """Return 1 where z > 0 and 0 elsewhere, with the derivative of the sigmoid."""
    return sb.straight_through(np.where(z > 0, 1.0, 0.0), 1 / (1 + np.exp(-z)))


NET = sb.Sequential([
    sb.Input(3), sb.Dense(16), sb.FunctionLayer(binary), sb.Dense(1), sb.SquaredError()
])  # fmt: skip


def main() -> dict[str, float]:
    x = np.array([*product([0.0, 1.0], repeat=3)])
    y = x.sum(axis=1, keepdims=True) % 2
    gradient = sb.compile_value_and_grad(NET)
    print(gradient.source)
    optimiser = Adam(NET.init(seed=3), rate=0.02)
    for _ in range(2000):
        loss, grads = gradient(optimiser.params, x=x, y=y)
        optimiser.step(grads)
    outputs = sb.compile_value(NET.inference())(optimiser.params, x=x)
    right = float(np.mean((outputs > 0.5) == (y > 0.5)))
    print(f"loss {loss:.4f}; {right:.0%} of the parities are right")
    return {"loss": float(loss), "right": right}


if __name__ == "__main__":
    main()
