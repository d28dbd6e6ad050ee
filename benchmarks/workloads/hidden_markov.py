"""The log-likelihood of a sequence of symbols under a hidden Markov model, by the forward algorithm.

The gradient by hand is by expected counts: L. E. Baum, T. Petrie, G. Soules, N. Weiss, A maximization technique occurring
in the statistical analysis of probabilistic functions of Markov chains, Annals of Mathematical Statistics 41 (1970).
"""

from __future__ import annotations

import numpy as np
from scipy.special import log_softmax, logsumexp

import symbackprop as sb
from benchmarks.workloads.workload import Arguments, Workload

NAMES = ("start", "moves", "emits")


def data(states: int, steps: int, symbols: int) -> Arguments:
    rng = np.random.default_rng(0)
    return {
        "start": rng.normal(size=states),
        "moves": rng.normal(size=(states, states)),
        "emits": rng.normal(size=(states, symbols)),
        "seen": rng.integers(0, symbols, size=steps),
    }


def by_hand(start, moves, emits, seen):
    p, P, E = softmax(start), softmax(moves), softmax(emits)
    likely = E.T[seen]
    steps = len(seen)
    forward, backward, scales = np.empty_like(likely), np.empty_like(likely), np.empty(steps)
    a = p * likely[0]
    for t in range(steps):
        if t:
            a = (a @ P) * likely[t]
        scales[t] = s = a.sum()
        a = np.divide(a, s, out=forward[t])
    # backward[t] is the emission at t times the future behind it, over the scale of t
    likely /= scales[:, None]
    b = np.ones(len(p))
    for t in range(steps - 1, -1, -1):
        b = np.multiply(likely[t], b, out=backward[t])
        b = P @ b
    moved = P * (forward[:-1].T @ backward[1:])
    occupied = np.empty_like(forward)  # the probability of each state at each time
    np.multiply(p, backward[0], out=occupied[0])
    np.matmul(forward[:-1], P, out=occupied[1:])
    occupied[1:] *= backward[1:]
    emitted = np.zeros_like(E.T)
    np.add.at(emitted, seen, occupied)
    emitted = emitted.T
    return np.log(scales).sum(), (
        occupied[0] - p,
        moved - moved.sum(axis=1, keepdims=True) * P,
        emitted - emitted.sum(axis=1, keepdims=True) * E,
    )


def softmax(scores):
    """Return probabilities along the last axis."""
    E = np.exp(scores - scores.max(axis=-1, keepdims=True))
    E /= E.sum(axis=-1, keepdims=True)
    return E


def formula(start, moves, emits, seen):
    log_P, log_E = log_softmax(moves, axis=1), log_softmax(emits, axis=1)

    def step(alpha, symbol):
        return logsumexp(alpha[:, None] + log_P, axis=0) + log_E[:, symbol], None

    first = log_softmax(start) + log_E[:, seen[0]]
    last, _ = sb.scan(step, first, seen[1:])
    return logsumexp(last)


def value(xp, start, moves, emits, seen):
    log_P = moves - xp.special.logsumexp(moves, axis=1, keepdims=True)
    log_E = emits - xp.special.logsumexp(emits, axis=1, keepdims=True)

    def step(alpha, symbol):
        return xp.special.logsumexp(alpha[:, None] + log_P, axis=0) + log_E[:, symbol], None

    first = start - xp.special.logsumexp(start) + log_E[:, seen[0]]
    last, _ = xp.scan(step, first, seen[1:])
    return xp.special.logsumexp(last)


def in_torch(torch, start, moves, emits, seen):
    log_P, log_E = torch.log_softmax(moves, 1), torch.log_softmax(emits, 1)
    alpha = torch.log_softmax(start, 0) + log_E[:, seen[0]]
    for symbol in seen[1:]:
        alpha = torch.logsumexp(alpha[:, None] + log_P, 0) + log_E[:, symbol]
    return torch.logsumexp(alpha, 0)


HIDDEN_MARKOV = Workload(
    kind="loop",
    sizes={
        "small": {"states": 8, "steps": 100, "symbols": 6},
        "medium": {"states": 32, "steps": 300, "symbols": 20},
        "large": {"states": 128, "steps": 1000, "symbols": 50},
    },
    data=data,
    wrt=NAMES,
    formula=formula,
    options={"inputs": {"start": "S", "moves": "S S", "emits": "S M", "seen": "t:int"}},
    by_hand=by_hand,
    forms={"autograd": value, "jax": value, "torch": in_torch},
)
