"""A variational autoencoder of handwritten digits, by reparameterised samples (Kingma and Welling, 2014).

The noise is an input: ``z = mu + exp(s/2) * noise`` is smooth in mu and s. The loss is minus the evidence lower bound, the
cross-entropy of the pixels and the divergence of q(z|x) from a standard normal distribution.
"""

import numpy as np

import symbackprop as sb
from examples.networks.digits import load
from examples.networks.training import Adam, fit

LATENT = 8


def loss(params, x, noise):
    hidden = np.tanh(x @ params["We"] + params["be"])
    mu = hidden @ params["Wm"] + params["bm"]
    s = hidden @ params["Ws"] + params["bs"]  # the logarithm of the variance
    z = mu + np.exp(s / 2) * noise
    decoded = np.tanh(z @ params["Wd"] + params["bd"]) @ params["Wx"] + params["bx"]
    pixels = np.sum(np.logaddexp(0, decoded) - x * decoded, axis=1)
    divergence = 0.5 * np.sum(np.exp(s) + mu**2 - 1 - s, axis=1)
    return np.mean(pixels + divergence)


SHAPES = {
    "We": "64 48", "be": "48", "Wm": "48 8", "bm": "8", "Ws": "48 8", "bs": "8", "Wd": "8 48", "bd": "48",
    "Wx": "48 64", "bx": "64",
}  # fmt: skip
GRADIENT = sb.compile_value_and_grad(loss, inputs={"params": SHAPES, "x": "m 64", "noise": "m 8"}, wrt="params")


def initial(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    shapes = {name: tuple(map(int, text.split())) for name, text in SHAPES.items()}
    return {
        name: np.zeros(shape) if len(shape) == 1 else rng.normal(0.0, np.sqrt(1 / shape[0]), shape)
        for name, shape in shapes.items()
    }


def main(epochs: int = 30) -> dict[str, float]:
    train, _, test, _ = load()
    rng = np.random.default_rng(1)
    print(GRADIENT.source)
    optimiser = Adam(initial(0), rate=3e-3)

    def with_noise(params, x):
        return GRADIENT(params, x, rng.normal(size=(len(x), LATENT)))

    losses = fit(with_noise, optimiser, {"x": train}, epochs=epochs)
    held = GRADIENT.value(optimiser.params, test, rng.normal(size=(len(test), LATENT)))
    plain = float(np.mean(np.sum(_entropy(train.mean(axis=0), test), axis=1)))  # of the mean image, without any latent
    print(
        f"minus the bound: {losses[0]:.2f} at first, {losses[-1]:.2f} at last, {held:.2f} for the test; mean image {plain:.2f}"
    )
    return {"first": losses[0], "last": losses[-1], "test": float(held), "mean image": plain}


def _entropy(p: np.ndarray, x: np.ndarray) -> np.ndarray:
    p = np.clip(p, 1e-6, 1 - 1e-6)
    return -(x * np.log(p) + (1 - x) * np.log(1 - p))


if __name__ == "__main__":
    main()
