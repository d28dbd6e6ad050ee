"""A recurrent network that reads poems character by character, says which comes next, and then writes by itself.

It reads at several places of the text at once, a chunk at a time. The state that a chunk leaves is what the next one
begins with, the gradient ends at the chunk: truncated backpropagation through time (Williams and Peng, 1990). The text is
short, and so the network learns much of it by heart.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import symbackprop as sb
from examples.networks.training import Adam, progress

TEXT = Path(__file__).with_name("verses.txt").read_text(encoding="utf-8")
ALPHABET = sorted(set(TEXT))
NETWORK = f"""
    input steps dtype=int
    embedding {len(ALPHABET)} 16
    lstm 96 stateful=true
    dense {len(ALPHABET)}
    loss softmax_cross_entropy labels=index
"""


def codes(text: str) -> np.ndarray:
    """Return the places of characters in the alphabet."""
    return np.array([ALPHABET.index(character) for character in text])


def entropy(text: str) -> float:
    """Return the bits per character of who knows how often each of them comes, and nothing else."""
    _, counts = np.unique(codes(text), return_counts=True)
    p = counts / len(text)
    return float(-np.sum(p * np.log2(p)))


def chunks(text: str, places: int, steps: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield characters and those that follow them, `steps` at a time, at so many places of the text beside each other."""
    length = (len(text) - 1) // places
    coded = codes(text[: places * length + 1])
    x, following = coded[:-1].reshape(places, length), coded[1:].reshape(places, length)
    for start in range(0, length, steps):
        yield x[:, start : start + steps], following[:, start : start + steps]


def learn(net: sb.Network, text: str, *, epochs: int, places: int = 8, steps: int = 25) -> tuple[Adam, list[float]]:
    """Train, and return the optimiser with its parameters, and the bits per character of each epoch."""
    gradient = sb.compile_value_and_grad(net, dtype="float32", clip={"norm": 5.0})
    print(gradient.source)
    optimiser, bits = Adam(net.init(0, "float32"), rate=0.01), []
    with progress(epochs) as advance:
        for _ in range(epochs):
            state, total, count = net.init_state("float32", m=places), 0.0, 0
            for x, following in chunks(text, places, steps):
                (loss, state), grads = gradient(optimiser.params, x=x, y=following, state=state)
                optimiser.step(grads)
                total, count = total + float(loss) * x.size, count + x.size
            optimiser.rate *= 0.05 ** (1 / epochs)
            bits.append(total / count / math.log(2))
            advance(bits[-1])
    return optimiser, bits


def sampled(
    net: sb.Network, params: dict[str, np.ndarray], begin: str, length: int, temperature: float, seed: int = 0
) -> str:  # fmt: skip
    """Return what the network writes after `begin`: the colder, the more often what it finds most likely."""
    rng, output = np.random.default_rng(seed), sb.compile_value(net.inference(), dtype="float32")
    text, given, state = begin, begin, net.init_state("float32", m=1)
    while len(text) < length:
        z, state = output(params, x=codes(given)[None], state=state)
        p = np.exp((z[0, -1] - np.max(z[0, -1])) / temperature, dtype="float64")
        given = ALPHABET[rng.choice(len(p), p=p / np.sum(p))]
        text += given
    return text


def main(epochs: int = 60) -> dict[str, float]:
    net = sb.read_layers(NETWORK)
    optimiser, bits = learn(net, TEXT, epochs=epochs)
    found = {"entropy": entropy(TEXT), "first": bits[0], "last": bits[-1]}
    print("bits per character:", ", ".join(f"{name} {figure:.2f}" for name, figure in found.items()))
    for temperature in (0.5, 1.0):
        print(f"\nat temperature {temperature}:\n{sampled(net, optimiser.params, 'Tyger', 300, temperature)}")
    return found


if __name__ == "__main__":
    main()
