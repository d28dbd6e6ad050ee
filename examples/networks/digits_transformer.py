"""Handwritten digits: a transformer block over patches of the image (Dosovitskiy and others, 2021).

Each patch of 4 by 4 pixels is a step of a sequence; its place is added as a vector. What attention and the map of each step
make of the patches is averaged.
"""

import numpy as np

import symbackprop as sb
from examples.networks.digits import learn


def mean_over_steps(x):
    return np.mean(x, axis=-2)


PATCHES = """
    input 4 16
    dense 48
    positions
    transformer_encoder heads=4 units=96
    function mean_over_steps
    dense 10
    loss softmax_cross_entropy labels=index
"""


def network(text: str = PATCHES) -> sb.Network:
    return sb.read_layers(text, functions={"mean_over_steps": sb.FunctionLayer(mean_over_steps)})


def patches(x: np.ndarray) -> np.ndarray:
    """Return rows of 64 pixels as sequences: four steps, a patch of 4 by 4 pixels each."""
    return x.reshape(-1, 2, 4, 2, 4).swapaxes(2, 3).reshape(-1, 4, 16).astype("float32")


def main(epochs: int = 25, seed: int = 0) -> dict[str, float]:
    return learn(network(), patches, rate=0.004, epochs=epochs, seed=seed)


if __name__ == "__main__":
    main()
