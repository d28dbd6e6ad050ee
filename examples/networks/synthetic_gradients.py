"""Synthetic gradients: modules that do not wait for each other (Jaderberg and others, 2017).

A network is cut in two. The first half learns from a predicted adjoint of its output, which a linear model of its output
and of the labels gives at once; the second half computes the true adjoint, from which the model learns.
"""

import numpy as np

import symbackprop as sb
from examples.networks.digits import load
from examples.networks.training import Adam, batches

FIRST = sb.read_layers("input 64\ndense 64 tanh")
SECOND = sb.read_layers("input 64\ndense 64 tanh\ndense 10\nloss softmax_cross_entropy")


def surrogate(params, x, adjoint):
    """Return what has the given adjoint of the first half's output as its derivative."""
    return np.sum(adjoint * np.tanh(x @ params["W1"].T + params["b1"]))


def misfit(model, h, y, adjoint):
    """Return how far the predicted adjoint of h is from the true one."""
    predicted = h @ model["A"] + y @ model["B"] + model["c"]
    return np.mean(np.sum((predicted - adjoint) ** 2, axis=1))


LEARN_FIRST = sb.compile_grad(
    surrogate, inputs={"params": {"W1": "64 64", "b1": "64"}, "x": "m 64", "adjoint": "m 64"}, wrt="params"
)
LEARN_SECOND = sb.compile_value_and_grad(SECOND, wrt=("params", "x"))
LEARN_MODEL = sb.compile_value_and_grad(
    misfit,
    inputs={"model": {"A": "64 64", "B": "10 64", "c": "64"}, "h": "m 64", "y": "m 10", "adjoint": "m 64"},
    wrt="model",
)


def main(epochs: int = 40) -> dict[str, float]:
    train, classes, test, test_classes = load()
    labels, rng = np.eye(10)[classes], np.random.default_rng(0)
    first, second = Adam(FIRST.init(seed=0), 2e-3), Adam(SECOND.init(seed=1), 2e-3)
    model = Adam({"A": np.zeros((64, 64)), "B": np.zeros((10, 64)), "c": np.zeros(64)}, 1e-3)
    forward = sb.compile_value(FIRST)
    for _ in range(epochs):
        for rows in batches(rng, len(train), 64):
            x, y = train[rows], labels[rows]
            h = forward(first.params, x=x)
            predicted = h @ model.params["A"] + y @ model.params["B"] + model.params["c"]
            first.step(LEARN_FIRST(first.params, x, predicted))  # without waiting for the second half
            _, (grads, adjoint) = LEARN_SECOND(second.params, x=h, y=y)
            second.step(grads)
            model.step(LEARN_MODEL(model.params, h, y, adjoint)[1])
    outputs = sb.compile_value(SECOND.inference())(second.params, x=forward(first.params, x=test))
    found = float(np.mean(np.argmax(outputs, axis=1) == test_classes))
    frozen = _without_first(train, labels, test, test_classes, epochs)
    print(f"{found:.1%} of the test's digits are recognised; {frozen:.1%} with a first half that does not learn")
    return {"accuracy": found, "frozen": frozen}


def _without_first(
    train: np.ndarray, labels: np.ndarray, test: np.ndarray, test_classes: np.ndarray, epochs: int
) -> float:  # fmt: skip
    params, second, rng = FIRST.init(seed=0), Adam(SECOND.init(seed=1), 2e-3), np.random.default_rng(0)
    forward, learn = sb.compile_value(FIRST), sb.compile_value_and_grad(SECOND)
    for _ in range(epochs):
        for rows in batches(rng, len(train), 64):
            second.step(learn(second.params, x=forward(params, x=train[rows]), y=labels[rows])[1])
    outputs = sb.compile_value(SECOND.inference())(second.params, x=forward(params, x=test))
    return float(np.mean(np.argmax(outputs, axis=1) == test_classes))


if __name__ == "__main__":
    main()
