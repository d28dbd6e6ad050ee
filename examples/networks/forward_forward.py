"""The forward-forward algorithm: every layer learns by a loss of its own (Hinton, 2022).

Nothing goes back through the layers. The label stands in the first ten entries of the input; a layer learns to have a
large goodness (the sum of its squared activities) for the right label, and a small one for a wrong one. What goes on to
the next layer is normalised, so that it cannot tell by the length. A digit is recognised by trying all labels.
"""

from itertools import pairwise

import numpy as np

import symbackprop as sb
from examples.networks.digits import load
from examples.networks.training import Adam, batches

SIZES = (74, 128, 128)


def loss(params, positive, negative):
    """Return the loss of one layer: right labels above the threshold, wrong ones below it."""
    good = np.mean(np.maximum(positive @ params["W"].T + params["b"], 0) ** 2, axis=1)
    bad = np.mean(np.maximum(negative @ params["W"].T + params["b"], 0) ** 2, axis=1)
    return np.mean(np.logaddexp(0, 2.0 - good) + np.logaddexp(0, bad - 2.0))


GRADIENT = sb.compile_value_and_grad(
    loss, inputs={"params": {"W": "k d", "b": "k"}, "positive": "m d", "negative": "m d"}, wrt="params"
)


def with_label(x: np.ndarray, classes: np.ndarray) -> np.ndarray:
    return np.concatenate([np.eye(10)[classes], x], axis=1)


def normalised(h: np.ndarray) -> np.ndarray:
    return h / (np.sqrt(np.mean(h**2, axis=1, keepdims=True)) + 1e-8)


def passed(params: dict[str, np.ndarray], h: np.ndarray) -> np.ndarray:
    return np.maximum(h @ params["W"].T + params["b"], 0)


def recognised(layers: list[Adam], x: np.ndarray) -> np.ndarray:
    """Return the label with the largest goodness, summed over the layers."""
    goodness = []
    for label in range(10):
        h, total = with_label(x, np.full(len(x), label)), 0.0
        for layer in layers:
            h = passed(layer.params, normalised(h))
            total = total + np.mean(h**2, axis=1)
        goodness.append(total)
    return np.argmax(goodness, axis=0)


def main(epochs: int = 60) -> dict[str, float]:
    train, classes, test, test_classes = load()
    rng = np.random.default_rng(0)
    print(GRADIENT.source)
    layers = [Adam({"W": rng.normal(0.0, np.sqrt(2 / a), (b, a)), "b": np.zeros(b)}, 3e-3) for a, b in pairwise(SIZES)]
    for _ in range(epochs):
        for rows in batches(rng, len(train), 64):
            wrong = (classes[rows] + rng.integers(1, 10, size=len(rows))) % 10
            positive, negative = with_label(train[rows], classes[rows]), with_label(train[rows], wrong)
            for layer in layers:
                positive, negative = normalised(positive), normalised(negative)
                layer.step(GRADIENT(layer.params, positive, negative)[1])
                positive, negative = passed(layer.params, positive), passed(layer.params, negative)
    found = float(np.mean(recognised(layers, test) == test_classes))
    print(f"{found:.1%} of the test's digits are recognised")
    return {"accuracy": found}


if __name__ == "__main__":
    main()
