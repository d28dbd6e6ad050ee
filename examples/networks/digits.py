"""Handwritten digits: a multilayer perceptron.

The 1,797 digits of 8 by 8 pixels that ship with scikit-learn; a fifth of them are kept for the test.
"""

from collections.abc import Callable

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import symbackprop as sb
from examples.networks.training import Adam, fit

PERCEPTRON = """
    input 64
    dense 256 relu l2=0.001
    dense 64 relu l2=0.001
    dense 10 l2=0.001
    loss softmax_cross_entropy
"""


def load() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return images and classes for training, and images and classes for the test."""
    digits = load_digits()
    split = train_test_split(digits.data / 16.0, digits.target, test_size=0.2, random_state=0, stratify=digits.target)
    train, test, train_classes, test_classes = split
    return train, train_classes, test, test_classes


def accuracy(outputs: np.ndarray, classes: np.ndarray) -> float:
    """Return the share of examples whose class has the largest output."""
    return float(np.mean(np.argmax(outputs, axis=1) == classes))


def learn(
    net: sb.Network, shaped: Callable[[np.ndarray], np.ndarray], *, rate: float, epochs: int, seed: int
) -> dict[str, float]:  # fmt: skip
    """Train a network in float32 on digits in the shape that it takes; return its loss and how much of the test is right."""
    gradient = sb.compile_value_and_grad(net, dtype="float32")
    print(gradient.source)
    train, train_classes, test, test_classes = load()
    optimiser, data = Adam(net.init(seed, "float32"), rate), {"x": shaped(train), "y": train_classes}
    losses = fit(gradient, optimiser, data, epochs=epochs, seed=seed, decay=0.05 ** (1 / epochs))
    outputs = sb.compile_value(net.inference(), dtype="float32")(optimiser.params, x=shaped(test))
    found = accuracy(outputs, test_classes)
    print(f"loss {losses[-1]:.4f}; {found:.1%} of the test's digits are recognised")
    return {"loss": losses[-1], "accuracy": found}


def main(epochs: int = 30) -> dict[str, float]:
    net = sb.read_layers(PERCEPTRON)
    gradient = sb.compile_value_and_grad(net)
    print(gradient.source)
    train, train_classes, test, test_classes = load()
    optimiser = Adam(net.init(seed=0), rate=2e-3)
    losses = fit(gradient, optimiser, {"x": train, "y": np.eye(10)[train_classes]}, epochs=epochs, decay=0.95)
    outputs = sb.compile_value(net.inference())(optimiser.params, x=test)
    found = accuracy(outputs, test_classes)
    print(f"loss {losses[-1]:.4f}; {found:.1%} of the test's digits are recognised")
    print(gradient.diagnose(optimiser.params, x=train, y=np.eye(10)[train_classes]))
    return {"loss": losses[-1], "accuracy": found}


if __name__ == "__main__":
    main()
