"""Training by minibatches: plain stochastic gradient descent and Adam, over dicts of arrays."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import numpy as np
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

Arrays = dict[str, Any]


class SGD:
    """Gradient descent with momentum: ``v = beta*v + g``, ``w = w - rate*v`` (Polyak, 1964)."""

    def __init__(self, params: Arrays, rate: float = 0.1, momentum: float = 0.9) -> None:
        self.params, self.rate, self.momentum = params, rate, momentum
        self.velocity = {name: np.zeros_like(array) for name, array in params.items()}

    def step(self, grads: Arrays) -> None:
        for name, gradient in grads.items():
            self.velocity[name] = self.momentum * self.velocity[name] + gradient
            self.params[name] = self.params[name] - self.rate * self.velocity[name]


class Adam:
    """Adam, with the bias of its averages corrected (Kingma and Ba, 2015, algorithm 1)."""

    def __init__(self, params: Arrays, rate: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999)) -> None:
        self.params, self.rate, self.betas, self.steps = params, rate, betas, 0
        self.mean = {name: np.zeros_like(array) for name, array in params.items()}
        self.square = {name: np.zeros_like(array) for name, array in params.items()}

    def step(self, grads: Arrays) -> None:
        self.steps += 1
        b1, b2 = self.betas
        for name, g in grads.items():
            self.mean[name] = b1 * self.mean[name] + (1 - b1) * g
            self.square[name] = b2 * self.square[name] + (1 - b2) * g * g
            mean = self.mean[name] / (1 - b1**self.steps)
            square = self.square[name] / (1 - b2**self.steps)
            self.params[name] = self.params[name] - self.rate * mean / (np.sqrt(square) + 1e-8)


def batches(rng: np.random.Generator, count: int, size: int) -> Iterator[np.ndarray]:
    """Yield the positions of the examples in each minibatch of an epoch."""
    order = rng.permutation(count)
    for start in range(0, count, size):
        yield order[start : start + size]


@contextmanager
def progress(epochs: int) -> Iterator[Callable[[float], None]]:
    """Show a bar that goes on by an epoch at each call of what it gives, which takes the epoch's loss."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns) as bar:
        task, done = bar.add_task("training", total=epochs), count(1)

        def advance(loss: float) -> None:
            bar.update(task, advance=1, description=f"epoch {next(done)}: loss {loss:.4f}")

        yield advance


def fit(
    gradient: Callable[..., Any], optimiser: SGD | Adam, data: Arrays, *, epochs: int, size: int = 64, seed: int = 0,
    decay: float = 1.0,
) -> list[float]:  # fmt: skip
    """Train, with a progress bar, and return the mean loss of each epoch.

    `gradient` is a compiled `value_and_grad` of a network; `data` holds its inputs by name, with examples as rows. The
    rate of learning is multiplied by `decay` after each epoch.
    """
    rng = np.random.default_rng(seed)
    examples = len(next(iter(data.values())))
    losses = []
    with progress(epochs) as advance:
        for _ in range(epochs):
            total = 0.0
            for rows in batches(rng, examples, size):
                loss, grads = gradient(optimiser.params, **{name: array[rows] for name, array in data.items()})
                optimiser.step(grads)
                total += float(loss) * len(rows)
            losses.append(total / examples)
            optimiser.rate *= decay
            advance(losses[-1])
    return losses
