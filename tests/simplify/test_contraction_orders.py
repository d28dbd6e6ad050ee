"""Orders of multiplication: the exact ones against all there are, the greedy ones against these."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

import pytest

from symbackprop.simplify.contraction_orders import Network, Steps


def every_order(live: list[int], new: int) -> Iterator[Steps]:
    """Return all ways to multiply some numbered operands, two at a time."""
    if len(live) == 1:
        yield []
    for at, first in enumerate(live):
        for second in live[at + 1 :]:
            rest = [other for other in live if other not in (first, second)]
            for steps in every_order([*rest, new], new + 1):
                yield [(first, second), *steps]


def random_network(rng: random.Random, count: int) -> Network:
    """Return a random contraction in which every index is shared, or in the output."""
    letters = range(rng.randint(2, 6))
    operands = [tuple(rng.sample(letters, rng.randint(1, min(3, len(letters))))) for _ in range(count)]
    times = {i: sum(i in own for own in operands) for i in letters}
    output = tuple(i for i in letters if times[i] == 1 or (times[i] and rng.random() < 0.3))
    return Network(operands, output, {i: rng.choice([1, 2, 3, 10, 100, 1000]) for i in letters})


@pytest.mark.parametrize("seed", range(30))
def test_no_order_costs_less_than_the_one_found(seed: int) -> None:
    rng = random.Random(seed)
    count = rng.choice([2, 3, 4, 5])
    network = random_network(rng, count)
    least = min(network.cost(steps) for steps in every_order(list(range(count)), count))
    assert network.cost(network.best()) == pytest.approx(least, rel=1e-12)


def chain(sizes: list[int]) -> Network:
    operands = [(i, i + 1) for i in range(len(sizes) - 1)]
    return Network(operands, (0, len(sizes) - 1), dict(enumerate(sizes)))


def left_to_right(count: int) -> Steps:
    return [(0 if i == 1 else count + i - 2, i) for i in range(1, count)]


def test_textbook_chain_of_matrices() -> None:
    """The six matrices of Cormen et al. (2009), section 15.2, whose best parentheses are ((1 (2 3)) ((4 5) 6))."""
    network = chain([30, 35, 15, 5, 10, 20, 25])
    pairs = {frozenset(pair) for pair in network.best()}
    assert {frozenset((1, 2)), frozenset((3, 4))} < pairs
    multiplications = sum(network._volume(a | b) for a, b, _ in network.kept(network.best()))
    assert multiplications == 15125


def test_many_operands_take_time_that_is_linear_in_them_and_a_vector_goes_first() -> None:
    count = 3000
    sizes = [100] * count + [1]
    network = chain(sizes)
    before = time.process_time()
    steps = network.best()
    assert time.process_time() - before < 2
    assert len(steps) == count - 1
    assert network.cost(steps) < 0.1 * network.cost(left_to_right(count))


def test_greedy_orders_are_not_far_from_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(1)
    ratios = []
    for _ in range(40):
        network = random_network(rng, 6)
        ratios.append(network.cost(network._greedily()) / network.cost(network.best()))
    assert min(ratios) >= 1 - 1e-12
    assert sorted(ratios)[len(ratios) // 2] < 1.2


def test_operands_that_share_nothing_are_multiplied_too() -> None:
    operands = [(i,) for i in range(12)]
    network = Network(operands, tuple(range(12)), dict.fromkeys(range(12), 2))
    assert len(network.best()) == 11
