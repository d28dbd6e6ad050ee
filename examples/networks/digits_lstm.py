"""Handwritten digits: a long short-term memory that reads an image row by row."""

import numpy as np

import symbackprop as sb
from examples.networks.digits import learn

ROW_BY_ROW = """
    input 8 8
    lstm 64 last
    dense 10
    loss softmax_cross_entropy labels=index
"""


def rows(x: np.ndarray) -> np.ndarray:
    """Return rows of 64 pixels as sequences: eight steps of eight pixels each."""
    return x.reshape(-1, 8, 8).astype("float32")


def main(epochs: int = 25, seed: int = 0) -> dict[str, float]:
    return learn(sb.read_layers(ROW_BY_ROW), rows, rate=0.01, epochs=epochs, seed=seed)


if __name__ == "__main__":
    main()
