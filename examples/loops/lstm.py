"""A long short-term memory over 50 steps, against backpropagation through time written by hand.

Model: S. Hochreiter and J. Schmidhuber, Long short-term memory, Neural Computation 9 (1997) 1735-1780, with the forget
gate of F. A. Gers, J. Schmidhuber and F. Cummins, Learning to forget, Neural Computation 12 (2000) 2451-2471.
"""

import numpy as np
from scipy.special import expit

import symbackprop as sb
from examples.functions.fitting import slope_error

__all__ = ["INPUTS", "arguments", "by_hand", "loss", "main"]


def loss(params, X, y):
    """Return half the mean squared distance of the last state, read out, from what it should be."""

    def step(state, z):
        h, c = state
        i, f, o, g = np.split(z + h @ params["U"], 4, axis=1)
        c = expit(f) * c + expit(i) * np.tanh(g)
        h = expit(o) * np.tanh(c)
        return (h, c), None

    start = np.zeros((X.shape[1], params["U"].shape[0]))
    (h, _), _ = sb.scan(step, (start, start), X @ params["W"] + params["b"])
    return 0.5 * np.mean((h @ params["V"] - y) ** 2)


INPUTS = {"params": {"W": "d 4*k", "U": "k 4*k", "b": "4*k", "V": "k"}, "X": "n m d", "y": "m"}


def forward(params, X):
    """Return the states and gates of all steps, as who writes the derivatives by hand keeps them."""
    steps, batch, _ = X.shape
    k = len(params["U"])
    inputs = X @ params["W"] + params["b"]
    h, c = np.zeros((steps + 1, batch, k)), np.zeros((steps + 1, batch, k))
    gates, squashed = np.empty((steps, batch, 4 * k)), np.empty((steps, batch, k))
    for t in range(steps):
        z = inputs[t] + h[t] @ params["U"]
        gates[t, :, : 3 * k] = expit(z[:, : 3 * k])
        gates[t, :, 3 * k :] = np.tanh(z[:, 3 * k :])
        i, f, o, g = (gates[t, :, j * k : (j + 1) * k] for j in range(4))
        c[t + 1] = f * c[t] + i * g
        squashed[t] = np.tanh(c[t + 1])
        h[t + 1] = o * squashed[t]
    return h, c, gates, squashed


def by_hand(params, X, y):
    """Return value and gradient by backpropagation through time."""
    h, c, gates, squashed = forward(params, X)
    steps, batch, k = squashed.shape
    residual = h[-1] @ params["V"] - y
    out = residual / batch
    h_bar, c_bar = np.outer(out, params["V"]), np.zeros((batch, k))
    z_bars = np.empty_like(gates)
    for t in reversed(range(steps)):
        i, f, o, g = (gates[t, :, j * k : (j + 1) * k] for j in range(4))
        c_bar += h_bar * o * (1 - squashed[t] ** 2)
        z_bars[t, :, :k] = c_bar * g * i * (1 - i)
        z_bars[t, :, k : 2 * k] = c_bar * c[t] * f * (1 - f)
        z_bars[t, :, 2 * k : 3 * k] = h_bar * squashed[t] * o * (1 - o)
        z_bars[t, :, 3 * k :] = c_bar * i * (1 - g**2)
        h_bar = z_bars[t] @ params["U"].T
        c_bar = c_bar * f
    flat = z_bars.reshape(-1, 4 * k)
    return 0.5 * np.mean(residual**2), {
        "W": X.reshape(len(flat), -1).T @ flat,
        "U": h[:-1].reshape(-1, k).T @ flat,
        "b": flat.sum(axis=0),
        "V": h[-1].T @ out,
    }


def arguments(steps=50, batch=32, inputs=16, hidden=64):
    """Return parameters and data: noisy waves, whose phases at the end are to be found."""
    rng = np.random.default_rng(0)
    params = {
        "W": rng.normal(size=(inputs, 4 * hidden)) / np.sqrt(inputs),
        "U": rng.normal(size=(hidden, 4 * hidden)) / np.sqrt(hidden),
        "b": np.repeat([0.0, 1.0, 0.0, 0.0], hidden),
        "V": rng.normal(size=hidden) / np.sqrt(hidden),
    }
    phase = rng.uniform(0, 2 * np.pi, size=batch)
    waves = np.sin(phase[:, None] + 0.2 * np.arange(steps)[:, None, None] * np.arange(1, inputs + 1))
    return params, (waves + 0.1 * rng.normal(size=waves.shape), np.cos(phase))


def main(**sizes):
    compiled = sb.compile_value_and_grad(loss, inputs=INPUTS, wrt="params")
    print(compiled.source)

    params, data = arguments(**sizes)
    value, gradient = compiled(params, *data)
    expected, by_rule = by_hand(params, *data)
    figures = {
        "difference": max(
            abs(value - expected), *(np.max(np.abs(gradient[name] - by_rule[name])) for name in gradient)
        ),
        "slope_error": slope_error(compiled, params, *data),
        "lines": len(compiled.source.splitlines()),
    }
    print("\n".join(f"{name}: {figure:.3g}" for name, figure in figures.items()))
    return figures


if __name__ == "__main__":
    main()
